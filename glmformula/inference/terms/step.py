"""Stepwise choice of terms by AIC, R's ``step``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

import numpy as np
import pandas as pd

from ...errors import FitError, FormulaError
from ...fitted.own import own
from ...fitted.protocols import is_parametric
from ...formula.lines import formula_lines
from ...formula.scope import add_scope, drop_scope, scope_terms, with_terms
from ...formula.terms import Terms
from ...render.numbers import format_number, round_half
from ...render.table import StatTable
from . import likelihood_ratio
from .add1 import add1
from .anova import anova
from .drop1 import drop1
from .extract_aic import extract_aic
from .update import update

if TYPE_CHECKING:
    from ...fitted.protocols import Fit, Parametric, SingleIndex


F = TypeVar("F", bound="SingleIndex | Parametric")
StepScope = str | Mapping[str, Any] | Sequence[Any]
DIRECTIONS = ("both", "backward", "forward")


class StepPath(StatTable):
    """The models on the way, one a row: R's ``fit$anova``.

    It prints as R prints it. ``frame.attrs["heading"]`` says from which model to which. Called, it is the
    model's own analysis of deviance: ``fit.anova()`` means the same for every model.
    """

    _metadata: ClassVar[list[str]] = [*StatTable._metadata, "fit"]

    def __init__(self, path: pd.DataFrame, fit: SingleIndex | Parametric) -> None:
        super().__init__(path, kind="data.frame")
        self.fit = fit

    def __call__(self, *others: Any, **options: Any) -> StatTable:
        """`anova` of the chosen model."""
        return own(self.fit, anova)(self.fit, *others, **options)


def step(
    fit: F,
    scope: StepScope | None = None,
    direction: str | None = None,
    k: float = 2.0,
    trace: int | bool = 1,
    *,
    scale: float = 0.0,
    test: str | bool | None = "none",
    steps: int = 1000,
) -> F:
    """Drop or add the term that lowers AIC most, again and again, R's ``step``.

    Parameters
    ----------
    fit : GLM
        Where to start.
    scope : formula, mapping with "lower" and "upper", or pair (lower, upper), optional
        The terms that stay in every model, and those that may come in; a formula is the upper one. A dot
        stands for the terms of `fit`.
    direction : {"both", "backward", "forward"}, optional
        Default, as in R: "both" with a scope, "backward" without one. ("both" without a scope may take back
        what it dropped.)
    k : float
        Penalty for a coefficient: 2 for AIC, ``log(n)`` for BIC.
    trace : int
        0 prints nothing, 1 the tables that R prints.
    scale, test
        Handed to `drop1` and `add1`.
    steps : int
        At most so many.

    Returns
    -------
    GLM
        The chosen model; its ``anova`` is the path (columns Step, Df, Deviance, Resid. Df, Resid. Dev, AIC).

    Raises
    ------
    FitError
        AIC is not defined (quasi families) or -infinity; "number of rows in use has changed: remove missing
        values?".
    FormulaError
        A scope that does not fit the model.

    Notes
    -----
    Venables & Ripley (2002), Modern Applied Statistics with S, section 6.8. The tables' sub-models are those
    of `drop1` and `add1`; only the chosen model of each step is fitted in full.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ salary + experience_years + overtime_hours", datasets.attrition(), family="binomial")
    >>> chosen = fit.step(trace=0)
    >>> chosen.formula
    'left ~ experience_years + overtime_hours'
    >>> chosen.anova
          Step Df  Deviance Resid. Df Resid. Dev      AIC
    1          NA        NA       496   183.8011 191.8011
    2 - salary  1 0.8070888       497   184.6082 190.6082
    """
    if fit.terms.parts and (scope is not None or direction not in (None, "backward")):
        raise FormulaError("of a formula in parts step() drops terms only: leave out scope= and direction=")
    lower, upper = _bounds(fit.terms, scope)
    backward, forward = _directions(direction, scope)
    initial, n = fit, fit.nobs
    aic = own(fit, extract_aic)(fit, scale, k).aic
    if math.isnan(aic):
        raise FitError(
            "AIC is not defined for this model, so 'step' cannot proceed: the family of "
            f'{fit.formula!r} has no likelihood; use drop1(test="F") and update()'
        )
    if aic == -math.inf:
        raise FitError("AIC is -infinity for this model, so 'step' cannot proceed: it fits every row exactly")
    path = [_Stage("", fit.deviance, fit.df_residual, aic)]
    _tell(trace, _headline("Start", aic, fit.formula))
    for _ in range(steps):
        drops = _drops(fit, lower) if backward else []
        adds = add_scope(fit.terms, upper) if forward else []
        table = own(fit, drop1)(fit, drops, test, k, scale=scale) if drops else None
        frame = None if table is None else _signed(table.frame, "-")
        change = None if frame is None else _aliased(frame)
        if change is None:
            if adds:
                more = _signed(own(fit, add1)(fit, adds, test, k, scale=scale).frame, "+")
                frame = more if frame is None else pd.concat([frame, more.iloc[1:]])
            if frame is None:
                break
            frame = frame[frame["Df"] != 0]
            criterion = frame["Cp" if "Cp" in frame else "AIC"]
            order = np.argsort(criterion.to_numpy(), kind="stable")
            _tell(trace, f"{StatTable(frame.iloc[order], kind='anova')}\n")
            if order[0] == 0:
                break
            change = str(frame.index[order[0]])
        sign, label = change[0], change[2:]
        fit = update(fit, _changed(fit, label, sign))
        if fit.nobs != n:
            raise FitError(
                f"number of rows in use has changed: remove missing values? (from {n} to {fit.nobs} with the "
                f"step ‘{change}’; give glm() data without the rows that have missing values in any term of "
                "the scope)"
            )
        previous, aic = aic, own(fit, extract_aic)(fit, scale, k).aic
        _tell(trace, "\n" + _headline("Step", aic, fit.formula))
        if aic >= previous + 1e-7:
            break
        path.append(_Stage(change, fit.deviance, fit.df_residual, aic))
    return cast("F", fit.with_path(_path_frame(path, initial, fit)))


def _drops(fit: SingleIndex | Parametric, lower: Terms | None) -> list[str]:
    return likelihood_ratio.free(fit, lower) if is_parametric(fit) else drop_scope(fit.terms, lower)


def _changed(fit: SingleIndex | Parametric, label: str, sign: str) -> str:
    if is_parametric(fit):
        return likelihood_ratio.changed_formula(fit, label, sign)
    return with_terms(fit.terms, [label], sign)


@dataclass(frozen=True, slots=True)
class _Stage:
    change: str
    deviance: float
    df_residual: float
    aic: float


def _bounds(model: Terms, scope: StepScope | None) -> tuple[Terms | None, Terms]:
    """The terms that stay (None: none has to) and those that may be there."""
    if scope is None:
        return None, model
    lower: Any
    upper: Any
    if isinstance(scope, str):
        lower, upper = None, scope
    elif isinstance(scope, Mapping):
        unknown = sorted(set(scope) - {"lower", "upper"})
        if unknown:
            raise FormulaError(f"scope should have 'lower' and 'upper'; got {', '.join(map(repr, unknown))}")
        lower, upper = scope.get("lower"), scope.get("upper")
    elif isinstance(scope, Sequence) and len(scope) == 2:
        lower, upper = list(scope)
    else:
        raise FormulaError(
            "scope should be a formula (the largest model), a mapping with 'lower' and 'upper', or a pair "
            f"(lower, upper); got {type(scope).__name__}"
        )
    return _scope_terms(model, lower), _scope_terms(model, upper) or model


def _scope_terms(model: Terms, scope: Any) -> Terms | None:
    if scope is None:
        return None
    text = getattr(scope, "formula", scope)
    if not isinstance(text, str):
        raise TypeError(f"a scope should be a formula or a fitted model; got {type(scope).__name__}")
    return scope_terms(model, text)


def _directions(direction: str | None, scope: StepScope | None) -> tuple[bool, bool]:
    """Whether to drop, whether to add."""
    if direction is None:
        return True, scope is not None
    matches = [name for name in DIRECTIONS if name.startswith(str(direction))]
    if len(matches) != 1:
        raise ValueError(f"direction should be one of {', '.join(map(repr, DIRECTIONS))}; got {direction!r}")
    return matches[0] != "forward", matches[0] != "backward"


def _signed(frame: pd.DataFrame, sign: str) -> pd.DataFrame:
    return frame.set_axis([frame.index[0], *(f"{sign} {label}" for label in frame.index[1:])])


def _aliased(frame: pd.DataFrame) -> str | None:
    """The last term that costs no degree of freedom: it goes first, without a table."""
    free = frame.index[frame["Df"] == 0]
    return str(free[-1]) if len(free) else None


def _headline(word: str, aic: float, formula: str) -> str:
    lines = "\n".join(formula_lines(formula))
    return f"{word}:  AIC={format_number(round_half([aic], 2)[0])}\n{lines}\n\n"


def _tell(trace: int | bool, text: str) -> None:
    if trace:
        print(text, end="", flush=True)


def _path_frame(path: list[_Stage], initial: Fit, final: Fit) -> pd.DataFrame:
    df = np.array([stage.df_residual for stage in path], dtype=float)
    deviance = np.array([stage.deviance for stage in path])
    frame = pd.DataFrame(
        {
            "Step": [stage.change for stage in path],
            "Df": np.concatenate([[np.nan], np.diff(df)]),
            "Deviance": np.concatenate([[np.nan], np.abs(np.diff(deviance))]),
            "Resid. Df": df,
            "Resid. Dev": deviance,
            "AIC": [stage.aic for stage in path],
        },
        index=range(1, len(path) + 1),
    )
    frame.attrs["heading"] = (
        "Stepwise Model Path \nAnalysis of Deviance Table",
        "\nInitial Model:",
        *formula_lines(initial.formula),
        "\nFinal Model:",
        *formula_lines(final.formula),
        "\n",
    )
    return frame
