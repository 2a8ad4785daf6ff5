"""Responses drawn from a mixed model."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...sources.mapped import collect
from ..rows.simulate import count_names
from .newdata import chosen
from .rows import random_part, row_parts

if TYPE_CHECKING:
    from ...engine.mixed.structure import Structure
    from ...fitted.protocols import Mixed
    from ...sources.base import Block


def simulate(
    fit: Mixed, nsim: int = 1, seed: int | None = None, *, re_form: str | None = "~0"
) -> pd.DataFrame:
    """Draw `nsim` responses for every row of the fit, lme4's ``simulate``.

    Parameters
    ----------
    nsim : int
    seed : int, optional
        The same seed gives the same draws (the random stream is NumPy's).
    re_form : str, optional
        The random effects that are held at their modes: by default none, and all are drawn anew; None holds all.

    Returns
    -------
    DataFrame (n, nsim) with columns ``sim_1`` ...; as ``simulate`` of a ``glm``.

    Raises
    ------
    FamilyError, DataError, FormulaError

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.simulate(2, seed=1).shape
    (500, 2)
    """
    terms = chosen(fit, re_form)
    training = fit.every_row
    rng = training.generator(seed)
    eta, _, weights = row_parts(fit, terms)
    names = count_names(fit)
    draws: dict[Any, pd.Series] = {}
    for k in range(nsim):
        new = drawn_modes(fit, terms, rng)
        more = np.concatenate(collect(training.source, partial(_random, fit.structure, new)))
        mu = fit.family.link.linkinv(eta + more)
        drawn = fit.family.simulate(rng, mu, weights, fit.sigma**2)
        if names is None:
            draws[f"sim_{k + 1}"] = training.labelled(drawn)
            continue
        successes = np.round(drawn * weights)
        for name, counts in zip(names, (successes, weights - successes), strict=True):
            draws[f"sim_{k + 1}", name] = training.labelled(counts)
    return pd.DataFrame(draws)


def drawn_modes(fit: Mixed, held: list[int], rng: np.random.Generator) -> list[np.ndarray]:
    """New random effects of the terms that are not held; zero for the others."""
    structure, out = fit.structure, []
    lams, zero = structure.factors(fit.result.theta), structure.of_terms(held)
    for grouping, lam, columns in zip(structure.groupings, lams, zero, strict=True):
        b = fit.sigma * rng.standard_normal((grouping.count, len(lam))) @ lam.T
        b[:, columns] = 0.0
        out.append(b)
    return out


def _random(structure: Structure, modes: list[np.ndarray], block: Block) -> np.ndarray:
    return random_part(structure, modes, block.design)
