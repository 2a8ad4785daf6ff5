"""Responses drawn from a fitted model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from ..models.model import GLM


def simulate(fit: GLM, nsim: int = 1, seed: int | None = None) -> pd.DataFrame:
    """Draw `nsim` responses for every row of the fit, R's ``simulate`` (the random stream is NumPy's).

    Returns
    -------
    DataFrame (n, nsim) with columns ``sim_1`` ...; a binomial gives the proportion, as `y`.
    """
    rng = np.random.default_rng(seed)
    state = fit.row_state
    draws = {
        f"sim_{k + 1}": fit.rows.labelled(
            fit.family.simulate(rng, state.mu, state.prior_weights, fit.dispersion)
        )
        for k in range(nsim)
    }
    return pd.DataFrame(draws)
