"""Wald tests of linear restrictions on the coefficients."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...design.selection import listed, mask, order_of, positions, rows_in_order
from ...errors import DataError, FitError, choice
from ...fitted.coefficients import kept_names, kept_of, names_of
from ...formula.lines import formula_lines
from ...render.table import StatTable
from ..distributions import chisq_upper, f_upper
from ..wald import Vcov, Wald, refuse_aliased
from .restrictions import read_restriction, write_restriction

if TYPE_CHECKING:
    from ...fitted.protocols import Fit

TESTS = ("Chisq", "F")


def linear_hypothesis(
    fit: Fit,
    hypothesis: str | Sequence[Any] | np.ndarray | pd.Series | pd.DataFrame | Mapping[str, float],
    rhs: float | Sequence[float] | pd.Series | None = None,
    test: str = "Chisq",
    *,
    vcov: Vcov = None,
    singular_ok: bool = False,
) -> StatTable:
    """Test L beta = rhs, car's ``linearHypothesis``.

    (L b - rhs)' (L V L')^-1 (L b - rhs), chi-squared with as many degrees of freedom as restrictions; divided
    by their number it is compared with F.

    Parameters
    ----------
    hypothesis : str, list of str, matrix (q, rank) or mask
        Restrictions such as ``"x1 = x2"``, ``"2*x + z = 1"``, ``"x"`` (equal to 0), with the coefficients'
        names; or L, whose columns are the coefficients (those that are not aliased, or all), by their labels
        where L is a DataFrame (one row: a Series or mapping); or a boolean for each coefficient: those that
        are marked equal `rhs`.
    rhs : float, sequence or Series, optional
        Right sides where the text has none, one for all or one for each, a Series by its labels where they are
        the restrictions' (the texts, or the row labels of L); default 0.
    test : {"Chisq", "F"}
    vcov : str, matrix or function, optional
        Another covariance of the coefficients (see ``fit.summary``).
    singular_ok : bool
        Leave aliased coefficients out; by default they are an error.

    Returns
    -------
    StatTable
        Res.Df, Df, Chisq or F, and its probability; ``.frame.attrs`` has ``value`` (L b - rhs) and
        ``vcov`` (its covariance).

    Raises
    ------
    FormulaError
        A restriction that cannot be read: points at the character.
    FitError
        Aliased coefficients; no residual degrees of freedom; restrictions that depend on each other.
    DataError
        A matrix of another width or with labels that are not the coefficients; right sides of another number.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours + experience_years", datasets.attrition(), family="binomial")
    >>> fit.linear_hypothesis("overtime_hours = 2 * experience_years")
    Linear hypothesis test
    <BLANKLINE>
    Hypothesis:
    overtime_hours - 2 experience_years = 0
    <BLANKLINE>
    Model 1: restricted model
    Model 2: left ~ overtime_hours + experience_years
    <BLANKLINE>
      Res.Df Df  Chisq Pr(>Chisq)
    1    498
    2    497  1 5.2413    0.02206 *
    ---
    Signif. codes:  0 ‘***’ 0.001 ‘**’ 0.01 ‘*’ 0.05 ‘.’ 0.1 ‘ ’ 1
    """
    choice("test", test, TESTS)
    if not singular_ok:
        refuse_aliased(fit)
    if fit.df_residual == 0:
        raise FitError(
            "residual df = 0: the model has as many coefficients as rows, nothing is left to test with"
        )
    names = list(kept_names(fit))
    L, right = restrictions(fit, names, hypothesis, rhs)
    q = len(L)
    if np.linalg.matrix_rank(L) < q:
        raise FitError(
            f"the {q} restrictions depend on each other (rank {np.linalg.matrix_rank(L)}): leave some out"
        )
    tested = Wald.of(fit, vcov).linear(L, right)
    statistic = tested.chisq()
    df = float(fit.df_residual)
    if test == "F":
        statistic /= q
        p_value = float(f_upper(np.array(statistic), np.array(q), df))
    else:
        p_value = float(chisq_upper(np.array(statistic), np.array(q)))
    table = pd.DataFrame(
        {
            "Res.Df": [df + q, df],
            "Df": [math.nan, float(q)],
            test: [math.nan, statistic],
            f"Pr(>{test})": [math.nan, p_value],
        },
        index=["1", "2"],
    )
    table.attrs |= {"value": tested.estimate, "vcov": tested.cov}
    heading = (
        "Linear hypothesis test\n\nHypothesis:",
        *(write_restriction(row, r, names) for row, r in zip(L, right.tolist())),
        "",
        "Model 1: restricted model",
        "Model 2: " + "\n".join(formula_lines(fit.formula)),
        "" if vcov is None else "\nNote: Coefficient covariance matrix supplied.\n",
    )
    return StatTable(table, kind="anova", heading=heading, footer=tested.note)


def restrictions(fit: Fit, names: list[str], hypothesis: Any, rhs: Any) -> tuple[np.ndarray, np.ndarray]:
    """L (q, rank) and its right sides (q,)."""
    tabular = isinstance(hypothesis, pd.DataFrame | Mapping)
    if isinstance(hypothesis, str) or not tabular and np.ndim(hypothesis) == 1:
        texts = [hypothesis] if isinstance(hypothesis, str) else listed(hypothesis)
        if len(texts) and all(isinstance(text, str) for text in texts):
            given = [None] * len(texts) if rhs is None else right_sides(rhs, len(texts), texts).tolist()
            rows, right = zip(*(read_restriction(text, names, r) for text, r in zip(texts, given)))
            return np.array(rows), np.array(right)
        if mask(texts, len(texts), "coefficients") is not None:
            hypothesis = np.eye(len(names_of(fit)))[positions(hypothesis, names_of(fit))]
    if isinstance(hypothesis, Mapping):
        hypothesis = pd.Series(dict(hypothesis))
    whole = np.shape(hypothesis)[-1:] == (len(names_of(fit)),)
    L = rows_in_order(hypothesis, names_of(fit) if whole else names, "the hypothesis")
    kept = kept_of(fit)
    if whole and not L[:, ~kept].any():
        L = L[:, kept]
    if L.shape[1] != len(names) or not len(L):
        raise DataError(
            f"the hypothesis matrix should have {len(names)} columns, one for each coefficient "
            f"({', '.join(names)}); got shape {L.shape}"
        )
    labels = list(hypothesis.index) if isinstance(hypothesis, pd.DataFrame) else None
    return L, right_sides(0.0 if rhs is None else rhs, len(L), labels)


def right_sides(rhs: Any, q: int, labels: Sequence[Any] | None) -> np.ndarray:
    """One number for each of q restrictions, by label where both have labels."""
    values = np.atleast_1d(np.asarray(rhs, dtype=float))
    if values.shape not in ((1,), (q,)):
        raise DataError(
            f"rhs should be one number, or one for each of the {q} restrictions; got {len(values)}"
        )
    if isinstance(rhs, pd.Series) and labels is not None and len(values) == q:
        order = order_of(rhs.index, labels, "rhs", "restriction")
        values = values if order is None else values[order]
    return np.broadcast_to(values, (q,)).copy()
