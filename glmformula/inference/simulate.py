"""Responses drawn from a fitted model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from .written import by_rows

if TYPE_CHECKING:
    from ..models.model import GLM


@by_rows("sim")
def simulate(fit: GLM, nsim: int = 1, seed: int | None = None) -> pd.DataFrame:
    """Draw `nsim` responses for every row of the fit, R's ``simulate`` (the random stream is NumPy's).

    Returns
    -------
    DataFrame (n, nsim) with columns ``sim_1`` ...; a binomial gives the proportion, as `y`.

    Notes
    -----
    With ``out=`` a path they are written to that file; see `residuals`. Rows that arrive in pieces are drawn
    piece by piece, so other pieces give other draws.
    """
    rng = fit.rows.generator(seed)
    state = fit.row_state
    draws = {
        f"sim_{k + 1}": fit.rows.labelled(
            fit.family.simulate(rng, state.mu, state.prior_weights, fit.dispersion)
        )
        for k in range(nsim)
    }
    return pd.DataFrame(draws)
