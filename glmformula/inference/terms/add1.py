"""What each further term would bring: the model with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.nested import Columns
from ...errors import DataWarning, give_warning
from ...fitted.protocols import is_parametric
from ...fitted.rows import same_table, training_rows
from ...formula.scope import Scope, add_labels, positions, with_terms
from ...render.table import StatTable
from . import likelihood_ratio
from .score import nested_score_statistic
from .single_term import Comparison, comparison, fit_one, single_term_table, test_name

if TYPE_CHECKING:
    from ...fitted.protocols import Parametric, SingleIndex


def add1(
    fit: SingleIndex | Parametric,
    scope: Scope,
    test: str | bool | None = "none",
    k: float = 2.0,
    *,
    scale: float = 0.0,
) -> StatTable:
    """Single term additions, R's ``add1.glm``.

    Parameters
    ----------
    fit : GLM
    scope : formula or labels of terms
        What to add, one at a time: of a formula (``"~ . + x"``, ``"~ .^2"``) the terms whose margins the
        model has; labels as they are given.
    test, k, scale
        As `drop1`'s; "F" divides by the larger model's deviance / residual df.

    Returns
    -------
    StatTable
        As `drop1`'s.

    Raises
    ------
    FormulaError
        "no terms in scope for adding to object"; a term of the model that a scope formula lacks.
    FitError
        A larger model has no valid fit: the message names the term.

    Warns
    -----
    DataWarning
        "using the 70/80 rows from a combined fit": all models of the table are fitted to the rows without
        missing values in any of the scope's variables. AIC is shifted to that of `fit` and the F test counts
        the residual df of `fit`, as in R.

    Notes
    -----
    The columns are those of the formula with all the terms, as in R, formed once. Chambers & Hastie (1992),
    section 6.3.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.add1("~ . + salary + experience_years", test="LRT")
    Single term additions
    <BLANKLINE>
    Model:
    left ~ overtime_hours
                     Df Deviance    AIC     LRT Pr(>Chi)
    <none>                187.07 191.07
    salary            1   186.13 192.13 0.94647   0.3306
    experience_years  1   184.61 190.61 2.46384   0.1165
    """
    if is_parametric(fit):
        return likelihood_ratio.add1(fit, scope, test, k)
    name = test_name(test)
    return single_term_table(fit, additions(fit, scope, name == "Rao"), name, k, scale)


def additions(fit: SingleIndex, scope: Scope, rao: bool) -> Comparison:
    """The model on the rows that all larger ones have, and these; with Rao's statistics where asked for."""
    labels = add_labels(fit.terms, scope)
    training = training_rows(
        {**fit.rows.arguments, **same_table(fit.rows), "formula": with_terms(fit.terms, labels)}
    )
    frame = training.frame
    n = frame.nrows
    if n < fit.nobs_rows:
        give_warning(
            f"using the {n}/{fit.nobs_rows} rows from a combined fit{_missing(frame)}; AIC and residual df "
            "stay those of the model on its own rows",
            DataWarning,
        )
    columns = Columns(
        training.source,
        fit.family,
        frame.design.assign,
        frame.terms.intercept,
        fit.control,
        n,
        _carried(fit, frame.design.names),
        fit.rows.arguments.get("method", "auto"),
    )
    own = frozenset([0, *(place + 1 for place in positions(frame.terms, fit.terms.labels))])
    base = fit_one(columns, own, "itself on the rows of the combined fit", cold=rao)
    wanted = {label: own | {place + 1} for label, place in zip(labels, positions(frame.terms, labels))}
    larger = {label: fit_one(columns, terms, f"with ‘{label}’") for label, terms in wanted.items()}
    scores = [nested_score_statistic(columns, base, terms) for terms in wanted.values()] if rao else None
    return comparison("additions", base, larger, scores, base.n_ok)


def _missing(frame: Any) -> str:
    """Which variables lose rows, where the frame knows."""
    lost = getattr(frame, "lost", None) or getattr(getattr(frame, "survey", None), "lost", {})
    counts = ", ".join(f"{variable} {count}" for variable, count in lost.items() if count)
    return f" (rows missing: {counts})" if counts else ""


def _carried(fit: SingleIndex, names: Sequence[str]) -> np.ndarray:
    """Where to start: the fit's coefficients by name, 0 for columns that are new or aliased."""
    known = dict(zip(fit.column_names, np.nan_to_num(fit.result.coefficients).tolist()))
    return np.array([known.get(name, 0.0) for name in names])
