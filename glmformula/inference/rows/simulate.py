"""Responses drawn from a fitted model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...formula.values import Matrix
from .output import by_rows

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed, SingleIndex


@by_rows("sim")
def simulate(fit: SingleIndex, nsim: int = 1, seed: int | None = None) -> pd.DataFrame:
    """Draw `nsim` responses for every row of the fit, R's ``simulate`` (the random stream is NumPy's).

    Parameters
    ----------
    nsim : int
    seed : int, optional
        The same seed gives the same draws.
    out : path, optional
        Write it to this file (``.parquet``, ``.arrow`` or ``.csv``), with the number of each row. Needed where
        the rows of the fit are files or a database.

    Returns
    -------
    DataFrame (n, nsim) with columns ``sim_1`` ...; a binomial gives the proportion, as `y`. Of a response
    ``cbind(successes, failures)`` two columns a simulation, as R's matrices: ``("sim_1", "successes")`` and
    ``("sim_1", "failures")``, under the names in ``cbind()`` where these have two; ``draws["sim_1"]`` is one matrix.

    Raises
    ------
    FamilyError
        The family has no distribution to draw from (quasi families).

    Notes
    -----
    Rows that arrive in pieces are drawn piece by piece, so other pieces give other draws.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson")
    >>> draws = fit.simulate(2, seed=1)
    >>> draws.shape, list(draws)
    ((500, 2), ['sim_1', 'sim_2'])
    >>> draws.equals(fit.simulate(2, seed=1))
    True
    """
    rng = fit.rows.generator(seed)
    state = fit.row_state
    names = count_names(fit)
    draws: dict[Any, pd.Series] = {}
    for k in range(nsim):
        drawn = fit.family.simulate(rng, state.mu, state.prior_weights, fit.dispersion)
        if names is None:
            draws[f"sim_{k + 1}"] = fit.rows.labelled(drawn)
            continue
        successes = np.round(drawn * state.prior_weights)
        for name, counts in zip(names, (successes, state.prior_weights - successes), strict=True):
            draws[f"sim_{k + 1}", name] = fit.rows.labelled(counts)
    return pd.DataFrame(draws)


def count_names(fit: SingleIndex | Mixed) -> tuple[str, str] | None:
    """What to call the two columns of a response of counts; None for any other response."""
    frame = fit.rows.frame
    if frame.response is None or frame.response.kind != "counts":
        return None
    value = frame.response_value
    first, second = value.names if isinstance(value, Matrix) else ("", "")
    return (first, second) if first and second and first != second else ("successes", "failures")
