"""Wald tests of nested models."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import DataWarning, FitError, give_warning
from ..render.table import StatTable
from .compared_models import compared_models, model_lines
from .distributions import chisq_upper, f_upper
from .summary import Vcov, covariance_of

if TYPE_CHECKING:
    from ..models.model import GLM

TESTS = ("F", "Chisq")
LARGEST_CONDITION = 1e14


def waldtest(fit: GLM, *others: object, test: str = "F", vcov: Vcov = None) -> StatTable:
    """Wald tests of nested models, lmtest's ``waldtest``.

    b' V^-1 b for the coefficients b of the larger model that the smaller one has not, V their covariance.

    Parameters
    ----------
    *others : GLM, formula or terms
        As in :func:`lrtest`.
    test : {"F", "Chisq"}
        F divides by the number of coefficients; residual degrees of freedom of the larger model.
    vcov : str, matrix or function, optional
        Another covariance of the coefficients of the larger model (see ``fit.summary``).

    Returns
    -------
    StatTable
        Res.Df, Df, F or Chisq, and its probability.

    Raises
    ------
    FitError
        "there are aliased coefficients in the model"; "nesting of models cannot be determined": the terms and
        columns of one are not among those of the other; models on different rows.
    ValueError
        An unknown test; a matrix for more than one comparison.
    """
    if test not in TESTS:
        raise ValueError(f"test should be one of {', '.join(map(repr, TESTS))}; got {test!r}")
    refuse_aliased(fit)
    fits = same_response(compared_models(fit, others, ". ~ 1" if fit.terms.intercept else ". ~ 0"))
    if len(fits) > 2 and vcov is not None and not (callable(vcov) or isinstance(vcov, str | dict)):
        raise ValueError(
            "to compare more than 2 models `vcov' needs to be a function or a type such as 'HC1'"
        )
    residual = np.array([float(f.df_residual) for f in fits])
    df, statistic, larger = [math.nan], [math.nan], [math.nan]
    for first, second in zip(fits, fits[1:]):
        change, chisq = compare(first, second, vcov)
        df.append(change)
        statistic.append(chisq)
        larger.append(float((first if change < 0 else second).df_residual))
    value, count = np.array(statistic), np.abs(df)
    if test == "F":
        value = value / count
        p_value = np.array([float(f_upper(v, k, n)) for v, k, n in zip(value, count, larger)])
    else:
        p_value = chisq_upper(value, count)
    table = pd.DataFrame(
        {"Res.Df": residual, "Df": df, test: value, f"Pr(>{test})": p_value},
        index=[str(k + 1) for k in range(len(fits))],
    )
    return StatTable(table, kind="anova", heading=("Wald test\n", model_lines(fits)))


def compare(first: GLM, second: GLM, vcov: Vcov) -> tuple[float, float]:
    """Change in the number of coefficients, and the statistic of those that only the larger model has."""
    change = second.rank - first.rank
    larger, smaller = (first, second) if change < 0 else (second, first)
    fewer = set(columns_by_term(smaller))
    own = [k for k, column in enumerate(columns_by_term(larger)) if column not in fewer]
    if not set(smaller.terms.labels) <= set(larger.terms.labels) or len(own) != abs(change) or not own:
        raise FitError(
            f"nesting of models cannot be determined: {smaller.formula!r} should have some of the terms and "
            f"columns of {larger.formula!r}, and no others"
        )
    cov = larger.dispersion * larger.result.cov_unscaled if vcov is None else covariance_of(larger, vcov)
    return float(change), quadratic_form(
        larger.result.coefficients[~larger.aliased][own], cov[np.ix_(own, own)]
    )


def columns_by_term(fit: GLM) -> list[tuple[str, str]]:
    """Term and name of each coefficient that is not aliased; two terms may have a column of one name."""
    labels = ("", *fit.terms.labels)
    columns = zip(fit.assign.tolist(), fit.column_names, fit.aliased)
    return [(labels[term], name) for term, name, aliased in columns if not aliased]


def quadratic_form(values: np.ndarray, cov: np.ndarray) -> float:
    """values' cov^-1 values, scaled first: coefficients may differ in size by many powers of ten.

    NaN where there is no covariance; FitError where it is singular.
    """
    if not np.isfinite(cov).all():
        return math.nan
    size = np.sqrt(np.diag(cov))
    scaled = cov / np.outer(size, size) if (size > 0).all() else np.zeros_like(cov)
    if not np.linalg.cond(scaled) < LARGEST_CONDITION:
        raise FitError(
            "system is computationally singular: the covariance of what is tested has no inverse (fewer "
            "clusters than restrictions, or a fit without residuals?)"
        )
    return float((values / size) @ np.linalg.solve(scaled, values / size))


def refuse_aliased(fit: GLM) -> None:
    names = [name for name, aliased in zip(fit.column_names, fit.aliased) if aliased]
    if names:
        raise FitError(
            f"there are aliased coefficients in the model: {', '.join(map(repr, names))} have no estimate; "
            "leave out the columns that are combinations of others"
        )


def same_response(fits: list[GLM]) -> list[GLM]:
    wanted = fits[0].response_name
    other = [f.response_name for f in fits if f.response_name != wanted]
    if other:
        quoted = ", ".join(f"‘{name}’" for name in other)
        give_warning(
            f"models with response {quoted} removed because response differs from model 1",
            DataWarning,
            stacklevel=4,
        )
    kept = [f for f in fits if f.response_name == wanted]
    if len(kept) < 2:
        raise FitError(f"there is no model left to compare with {fits[0].formula!r}")
    return kept
