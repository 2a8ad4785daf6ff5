"""Risk ratios, risk differences, odds ratios and numbers needed to treat by standardisation (g-computation)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import DataError, FitError
from ..wald import Vcov
from .contrasts import needs_facts
from .table import Asking, Effects
from .tables import (
    Question,
    averaged,
    comparison_table,
    facts_of,
    known_of,
    prediction_table,
    wanted_variables,
)

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex


def risk_ratio(
    fit: SingleIndex,
    treatment: Any = None,
    by: Any = None,
    newdata: Any = None,
    *,
    type: str | None = None,
    vcov: Vcov = None,
    conf_level: float = 0.95,
    wts: Any = None,
) -> Effects:
    """Ratio of mean predictions, had all rows one treatment and had all the other: a standardised risk ratio.

    Parameters
    ----------
    treatment : str or mapping of variable to contrast
        As of `comparisons`; a factor's levels are compared with its first, a number that runs from 0 to 1 at these.
    by : str or list of str, optional
        A ratio in each group of rows.
    newdata : optional
        The rows to standardise over, as of `predictions`; default: those of the fit.
    type : str, optional
        What is predicted; default: the mean of the response.
    vcov : optional
        As of `predictions`: "HC0" or ``{"cluster": "id"}`` for robust errors.
    conf_level : float
    wts : optional
        Weights of the rows, as of `predictions`.

    Returns
    -------
    Effects
        ``term contrast`` (`by` columns) ``estimate p_value s_value conf_low conf_high``.

    Raises
    ------
    DataError, FitError, ValueError
        As `comparisons`.

    Notes
    -----
    exp(log ratio -+ z se), the error of the log ratio by the delta method, and the test of ratio 1. It adjusts for what
    is in the model, whatever its link, so a logistic model gives risk ratios where a log-binomial one does not converge
    (Greenland 2004). Averages over rows as they are: the covariates count as fixed. Of a mixed model the means are
    those at random effects of zero, as of `predictions`; so are `risk_difference`, `odds_ratio` and `nnt`.

    Examples
    --------
    >>> from glmformula import datasets, glm, risk_ratio
    >>> data = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> fit = glm("left ~ senior + overtime_hours", data, family="binomial")
    >>> print(risk_ratio(fit, "senior"))
      Term   Contrast     Estimate Pr(>|z|)   S 2.5 % 97.5 %
    1 senior TRUE / FALSE    0.533    0.172 2.5 0.216   1.31
    """
    return _ratio(fit, treatment, by, newdata, type, vcov, conf_level, wts, "lnratio")


def odds_ratio(
    fit: SingleIndex,
    treatment: Any = None,
    by: Any = None,
    newdata: Any = None,
    *,
    type: str | None = None,
    vcov: Vcov = None,
    conf_level: float = 0.95,
    wts: Any = None,
) -> Effects:
    """Ratio of the odds of mean predictions: a standardised (marginal) odds ratio.

    Parameters
    ----------
    treatment, by, newdata, type, vcov, conf_level, wts
        As of `risk_ratio`.

    Returns
    -------
    Effects

    Raises
    ------
    DataError, FitError, ValueError
        As `risk_ratio`; mean predictions that are no probabilities.

    Notes
    -----
    Not exp(coefficient), which is the ratio of odds at given values of the other variables: the two differ although
    nothing is confounded (odds ratios do not collapse).

    Examples
    --------
    >>> from glmformula import datasets, glm, odds_ratio
    >>> data = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> fit = glm("left ~ senior + overtime_hours", data, family="binomial")
    >>> print(odds_ratio(fit, "senior"))
      Term   Contrast                 Estimate Pr(>|z|)   S 2.5 % 97.5 %
    1 senior odds(TRUE) / odds(FALSE)    0.518    0.169 2.6 0.203   1.32
    """
    return _ratio(fit, treatment, by, newdata, type, vcov, conf_level, wts, "lnor")


def risk_difference(
    fit: SingleIndex,
    treatment: Any = None,
    by: Any = None,
    newdata: Any = None,
    *,
    type: str | None = None,
    vcov: Vcov = None,
    conf_level: float = 0.95,
    wts: Any = None,
) -> Effects:
    """Difference of mean predictions, had all rows one treatment and had all the other.

    Parameters
    ----------
    treatment, by, newdata, type, vcov, conf_level, wts
        As of `risk_ratio`.

    Returns
    -------
    Effects

    Raises
    ------
    DataError, FitError, ValueError
        As `risk_ratio`.

    Examples
    --------
    >>> from glmformula import datasets, glm, risk_difference
    >>> data = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> fit = glm("left ~ senior + overtime_hours", data, family="binomial")
    >>> print(risk_difference(fit, "senior"))
      Term   Contrast     Estimate Std. Error     z Pr(>|z|)   S   2.5 %  97.5 %
    1 senior TRUE - FALSE  -0.0273     0.0182 -1.50    0.134 2.9 -0.0630 0.00842
    """
    question = _question(fit, treatment, by, newdata, type, vcov, conf_level, wts)
    return comparison_table(question, "difference", False)


def nnt(
    fit: SingleIndex,
    treatment: Any = None,
    by: Any = None,
    newdata: Any = None,
    *,
    type: str | None = None,
    vcov: Vcov = None,
    conf_level: float = 0.95,
    wts: Any = None,
) -> Effects:
    """Number needed to treat: 1 / risk difference, how many rows for one event more (negative: one less).

    Parameters
    ----------
    treatment, by, newdata, type, vcov, conf_level, wts
        As of `risk_ratio`.

    Returns
    -------
    Effects
        The statistic and p-value are those of the risk difference. Where its interval holds 0, that of the number goes
        from ``conf_low`` (negative) to minus infinity, and from infinity to ``conf_high``: a line under the table says
        so (Altman 1998).

    Raises
    ------
    DataError, FitError, ValueError
        As `risk_ratio`; mean predictions that are no probabilities.

    Examples
    --------
    >>> from glmformula import datasets, glm, nnt
    >>> data = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> fit = glm("left ~ senior + overtime_hours", data, family="binomial")
    >>> print(nnt(fit, "senior"))
      Term   Contrast     Estimate Std. Error     z Pr(>|z|)   S 2.5 % 97.5 %
    1 senior TRUE - FALSE    -36.6       24.4 -1.50    0.134 2.9 -15.9    119
    Row 1: the difference may be 0: the interval is conf_low down to -Inf, and Inf down to conf_high
    """
    question = _question(fit, treatment, by, newdata, type, vcov, conf_level, wts)
    _refuse_other_than_probabilities(question, "nnt()")
    table = comparison_table(question, "difference", False)
    low, high = table["conf_low"].to_numpy().copy(), table["conf_high"].to_numpy().copy()
    difference, error = table["estimate"].to_numpy().copy(), table["std_error"].to_numpy().copy()
    through = (low < 0) & (high > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        table["estimate"], table["std_error"] = 1 / difference, error / difference**2
        table["conf_low"] = np.where(through, 1 / low, 1 / high)
        table["conf_high"] = np.where(through, 1 / high, 1 / low)
    if through.any():
        rows = ", ".join(str(k + 1) for k in np.flatnonzero(through))
        plural = "s" if through.sum() > 1 else ""
        note = (
            f"Row{plural} {rows}: the difference may be 0: the interval is conf_low down to -Inf, and Inf down to "
            "conf_high"
        )
        table.footer = (*table.footer, note)
    return table


def _ratio(
    fit: SingleIndex,
    treatment: Any,
    by: Any,
    newdata: Any,
    type: str | None,
    vcov: Vcov,
    conf_level: float,
    wts: Any,
    comparison: str,
) -> Effects:
    question = _question(fit, treatment, by, newdata, type, vcov, conf_level, wts, "exp")
    if comparison == "lnor":
        _refuse_other_than_probabilities(question, "odds_ratio()")
    table = comparison_table(question, comparison, False)
    table["contrast"] = [text[3:-1] if text.startswith("ln(") else text for text in table["contrast"]]
    return table


def _question(
    fit: SingleIndex,
    treatment: Any,
    by: Any,
    newdata: Any,
    type: str | None,
    vcov: Vcov,
    conf_level: float,
    wts: Any,
    transform: str | None = None,
) -> Question:
    if treatment is None:
        raise DataError("treatment: name the variable whose effect is asked for")
    wanted = wanted_variables(fit, treatment)
    asking = Asking(conf_level, transform=transform)
    question = Question(fit, wanted, averaged(by), newdata, type, vcov, wts, asking)
    rows = question.rows()
    kinds = known_of(question, rows, list(wanted))
    numbers = [name for name, value in wanted.items() if value is None and kinds[name].kind == "numeric"]
    said = facts_of(question, rows, [*numbers, *needs_facts(wanted, kinds)])
    made: Mapping[str, Any] = {
        name: (0, 1) if name in numbers and said[name].quantiles[::4] == (0.0, 1.0) else value
        for name, value in wanted.items()
    }
    return Question(fit, made, averaged(by), newdata, type, vcov, wts, asking)


def _refuse_other_than_probabilities(question: Question, verb: str) -> None:
    """An error where mean predictions are not between 0 and 1."""
    plain = Question(
        question.fit, None, question.by, question.newdata, question.type, None, question.wts, Asking()
    )
    means = prediction_table(plain)["estimate"].to_numpy()
    if not ((means >= 0) & (means <= 1)).all():
        raise FitError(
            f"{verb} is asked of probabilities, and the mean predictions of this model are "
            f"{', '.join(f'{mean:.4g}' for mean in means[:3])}: comparisons() compares means of any kind"
        )
