"""The verbs: predictions, comparisons, slopes, and their averages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..wald import Vcov
from .table import Asking, Effects
from .tables import Question, averaged, comparison_table, prediction_table, slope_table

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex


def predictions(
    fit: SingleIndex,
    variables: Any = None,
    by: Any = None,
    newdata: Any = None,
    *,
    type: str | None = None,
    vcov: Vcov = None,
    conf_level: float = 0.95,
    hypothesis: Any = None,
    equivalence: Any = None,
    transform: Any = None,
    wts: Any = None,
    df: float | str = np.inf,
) -> Effects:
    """Predictions with standard errors, of rows or of what rows would be; marginaleffects' ``predictions``.

    Parameters
    ----------
    variables : str, list or mapping of variable to values, optional
        Predict every row once for each combination of values of these, the rest as it is (a counterfactual). Without
        values: all levels of a factor; least, quartiles and largest of a number.
    by : True, str or list of str, optional
        Average over all rows, or over those that agree in these columns of the data.
    newdata : DataFrame or other table, "mean", "median", "balanced", or ``datagrid(...)``, optional
        The rows; default: those of the fit.
    type : str, optional
        What to predict, as of ``predict``: "response" (default), "link" ...; of a model of categories a row for each,
        in column ``group``.
    vcov : str, mapping, matrix or function, optional
        The covariance of the coefficients: "HC3", ``{"cluster": "firm"}`` ...
    conf_level : float
    hypothesis : optional
        A number (the value tested, default 0); an equation of rows such as ``"b1 - b2 = 0"`` (rows count from 1) or of
        their names; "pairwise", "reference", "sequential" (each with ``rev`` before it), "did"; or a matrix with a
        column for each test.
    equivalence : (float, float), optional
        Bounds: adds p-values of non-inferiority, non-superiority and equivalence.
    transform : callable, "exp", "expit" or "log", optional
        Applied to estimates and limits; the standard error is then left out.
    wts : str, array or True, optional
        Weights of the averages: a column, numbers, or the prior weights of the fit; default: none.
    df : float or "satterthwaite"
        Of Student's t; infinite for normal tests, the default. "satterthwaite", of `lmer`: of each effect its own.

    Returns
    -------
    Effects
        A StatTable: ``group`` or `by` columns, ``estimate std_error statistic p_value s_value conf_low conf_high``, and
        of rows their columns.

    Raises
    ------
    DataError, FormulaError, FitError, ValueError
        What is not in the model, the data or the table; a model without rows and no `newdata`.

    Notes
    -----
    Standard errors are sqrt(g' V g), g the exact derivatives of the estimate by the coefficients. Offsets count as the
    rows have them. Of rows, with `type` left out, the limits are those of the link scale carried back, and statistic
    and p-value test the link against 0; ``type="response"`` makes all on the scale of the mean, as averages do.

    Of a mixed model all is of the population, as marginaleffects with ``re.form = NA``: conditional on random effects
    of zero, not averaged over them. Where the link bends, the mean over all groups is another number: a typical group's
    odds ratio is further from 1 than that of all rows together. Errors are those of the fixed effects.

    Examples
    --------
    >>> import pandas as pd
    >>> from glmformula import datasets, glm, predictions
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> found = predictions(fit, newdata=pd.DataFrame({"overtime_hours": [5, 20]}))
    >>> found[["estimate", "conf_low", "conf_high"]].round(3)
       estimate  conf_low  conf_high
    0     0.026     0.012      0.053
    1     0.316     0.071      0.738
    """
    asking = Asking(conf_level, hypothesis, equivalence, transform, df)
    return prediction_table(Question(fit, variables, by, newdata, type, vcov, wts, asking))


def avg_predictions(
    fit: SingleIndex,
    variables: Any = None,
    by: Any = True,
    newdata: Any = None,
    *,
    type: str | None = None,
    vcov: Vcov = None,
    conf_level: float = 0.95,
    hypothesis: Any = None,
    equivalence: Any = None,
    transform: Any = None,
    wts: Any = None,
    df: float | str = np.inf,
    unconditional: bool = False,
) -> Effects:
    """Average predictions over rows, marginaleffects' ``avg_predictions``.

    One pass over the rows: sums of blocks, of files and databases too.

    Parameters
    ----------
    variables : str, list or mapping, optional
        Average what all rows would be predicted at each value of these; as of `predictions`.
    by : str or list of str, optional
        Average in groups of rows.
    newdata, type, vcov, conf_level, hypothesis, equivalence, transform, wts, df
        As of `predictions`.
    unconditional : bool
        Count the rows of the fit as a sample too, not only the coefficients as uncertain: robust errors of the
        averages, which are for the population that the rows are from.

    Returns
    -------
    Effects

    Raises
    ------
    DataError, FormulaError, FitError, ValueError

    Examples
    --------
    >>> from glmformula import avg_predictions, datasets, glm
    >>> data = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> fit = glm("left ~ senior + overtime_hours", data, family="binomial")
    >>> print(avg_predictions(fit, by="senior"))
      senior Estimate Std. Error    z Pr(>|z|)    S   2.5 % 97.5 %
    1 FALSE    0.0588     0.0134 4.41   <0.001 16.5  0.0327 0.0850
    2 TRUE     0.0309     0.0124 2.50    0.012  6.3 0.00667 0.0552
    """
    asking = Asking(conf_level, hypothesis, equivalence, transform, df)
    return prediction_table(
        Question(fit, variables, averaged(by), newdata, type, vcov, wts, asking, unconditional)
    )


def comparisons(
    fit: SingleIndex,
    variables: Any = None,
    by: Any = None,
    newdata: Any = None,
    *,
    comparison: Any = "difference",
    cross: bool = False,
    type: str | None = None,
    vcov: Vcov = None,
    conf_level: float = 0.95,
    hypothesis: Any = None,
    equivalence: Any = None,
    transform: Any = None,
    wts: Any = None,
    df: float | str = np.inf,
) -> Effects:
    """Predictions compared as a variable changes and the rest of each row stays; marginaleffects' ``comparisons``.

    Parameters
    ----------
    variables : str, list, or mapping of variable to contrast, optional
        Default: all of the right side. Of a number: ``1`` (default), one more than it is, as R's package steps;
        ``{"center": 1}`` half a step either way, as the Python package; ``(a, b)`` from a to b; "sd", "2sd" about what
        it is; "iqr", "minmax". Of a factor: "reference" (default), "pairwise", "sequential", each with ``rev`` before
        it, "all", "minmax", or a pair of levels (from, to).
    comparison : str or callable
        "difference", "ratio", "lnratio", "lnor" (log odds ratio), "lift"; of averages they are those of mean
        predictions, as with ``avg`` behind the name. Or a function of two arrays, the high and the low predictions of
        some rows: it gives a number for each row (averages are those of these numbers), or one number of
        ``np.mean(hi)`` and ``np.mean(lo)``. Its derivatives are extrapolated steps (relative error near 1e-11).
    cross : bool
        Move all variables at once, in all combinations of their contrasts.
    by, newdata, type, vcov, conf_level, hypothesis, equivalence, transform, wts, df
        As of `predictions`.

    Returns
    -------
    Effects
        ``term contrast estimate ...``; with `cross` a column ``contrast_x`` for each variable.

    Raises
    ------
    DataError, FormulaError, FitError, ValueError
        As `predictions`; a contrast that means nothing for the kind of a variable; a function that is none of rows or
        of means.

    Examples
    --------
    >>> from glmformula import comparisons, datasets, glm
    >>> data = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> fit = glm("left ~ senior + overtime_hours", data, family="binomial")
    >>> print(comparisons(fit, {"overtime_hours": (5, 10)}, newdata="mean"))
      Term           Contrast Estimate Std. Error    z Pr(>|z|)   S   2.5 % 97.5 %
    1 overtime_hours 10 - 5     0.0464     0.0189 2.45    0.014 6.1 0.00931 0.0835
    """
    asking = Asking(conf_level, hypothesis, equivalence, transform, df)
    return comparison_table(Question(fit, variables, by, newdata, type, vcov, wts, asking), comparison, cross)


def avg_comparisons(
    fit: SingleIndex,
    variables: Any = None,
    by: Any = True,
    newdata: Any = None,
    *,
    comparison: Any = "difference",
    cross: bool = False,
    type: str | None = None,
    vcov: Vcov = None,
    conf_level: float = 0.95,
    hypothesis: Any = None,
    equivalence: Any = None,
    transform: Any = None,
    wts: Any = None,
    df: float | str = np.inf,
    unconditional: bool = False,
) -> Effects:
    """Comparisons averaged over rows, marginaleffects' ``avg_comparisons``.

    One pass over the rows; ratios and log odds are those of mean predictions.

    Parameters
    ----------
    variables, comparison, cross
        As of `comparisons`.
    by, newdata, type, vcov, conf_level, hypothesis, equivalence, transform, wts, df
        As of `predictions`.
    unconditional : bool
        Count the rows of the fit as a sample too, not only the coefficients as uncertain: robust errors of the
        averages, which are for the population that the rows are from.

    Returns
    -------
    Effects

    Raises
    ------
    DataError, FormulaError, FitError, ValueError

    Examples
    --------
    >>> from glmformula import avg_comparisons, datasets, glm
    >>> data = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> fit = glm("left ~ senior + overtime_hours", data, family="binomial")
    >>> print(avg_comparisons(fit))
      Term           Contrast     Estimate Std. Error     z Pr(>|z|)   S    2.5 %
    1 senior         TRUE - FALSE  -0.0273     0.0182 -1.50    0.134 2.9  -0.0630
    2 overtime_hours +1            0.00933    0.00453  2.06    0.039 4.7 0.000461
       97.5 %
    1 0.00842
    2  0.0182
    """
    asking = Asking(conf_level, hypothesis, equivalence, transform, df)
    question = Question(fit, variables, averaged(by), newdata, type, vcov, wts, asking, unconditional)
    return comparison_table(question, comparison, cross)


def slopes(
    fit: SingleIndex,
    variables: Any = None,
    by: Any = None,
    newdata: Any = None,
    *,
    slope: str = "dydx",
    type: str | None = None,
    vcov: Vcov = None,
    conf_level: float = 0.95,
    hypothesis: Any = None,
    equivalence: Any = None,
    wts: Any = None,
    df: float | str = np.inf,
) -> Effects:
    """Derivatives of predictions by variables, marginaleffects' ``slopes``; of factors differences from the reference.

    Parameters
    ----------
    variables : str or list, optional
        Default: all of the right side.
    slope : {"dydx", "eyex", "eydx", "dyex"}
        The derivative; elasticity (dy/dx) x/y; semi-elasticities (dy/dx)/y and (dy/dx) x.
    by, newdata, type, vcov, conf_level, hypothesis, equivalence, wts, df
        As of `predictions`.

    Returns
    -------
    Effects

    Raises
    ------
    DataError, FormulaError, FitError, ValueError

    Warns
    -----
    DataWarning
        Where a function in the formula has no derivative.

    Notes
    -----
    dmu/dx = mu'(eta) sum_j beta_j dX_j/dx. The derivative of a column is exact where `x` stands in the formula as it
    is, alone or in interactions. Of ``log(x)``, ``poly(x, 2)``, ``ns(x, 3)``, ``I(x^2)`` it is a central difference at
    three widths, extrapolated; its relative error is estimated row by row, near 1e-11, and told above 1e-6.

    Examples
    --------
    >>> from glmformula import datasets, glm, slopes
    >>> data = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> fit = glm("left ~ senior + overtime_hours", data, family="binomial")
    >>> print(slopes(fit, "overtime_hours", newdata="mean"))
      Term           Contrast Estimate Std. Error    z Pr(>|z|)   S   2.5 % 97.5 %
    1 overtime_hours dY/dX     0.00960    0.00394 2.44    0.015 6.1 0.00188 0.0173
    """
    asking = Asking(conf_level, hypothesis, equivalence, None, df)
    return slope_table(Question(fit, variables, by, newdata, type, vcov, wts, asking), slope)


def avg_slopes(
    fit: SingleIndex,
    variables: Any = None,
    by: Any = True,
    newdata: Any = None,
    *,
    slope: str = "dydx",
    type: str | None = None,
    vcov: Vcov = None,
    conf_level: float = 0.95,
    hypothesis: Any = None,
    equivalence: Any = None,
    wts: Any = None,
    df: float | str = np.inf,
    unconditional: bool = False,
) -> Effects:
    """Slopes averaged over rows (average marginal effects), marginaleffects' ``avg_slopes``.

    Parameters
    ----------
    variables, slope
        As of `slopes`.
    by, newdata, type, vcov, conf_level, hypothesis, equivalence, wts, df
        As of `predictions`.
    unconditional : bool
        Count the rows of the fit as a sample too, not only the coefficients as uncertain: robust errors of the
        averages, which are for the population that the rows are from.

    Returns
    -------
    Effects

    Raises
    ------
    DataError, FormulaError, FitError, ValueError

    Examples
    --------
    >>> from glmformula import avg_slopes, datasets, glm
    >>> data = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> fit = glm("left ~ senior + overtime_hours", data, family="binomial")
    >>> print(avg_slopes(fit))
      Term           Contrast     Estimate Std. Error     z Pr(>|z|)   S    2.5 %
    1 senior         TRUE - FALSE  -0.0273     0.0182 -1.50    0.134 2.9  -0.0630
    2 overtime_hours dY/dX         0.00858    0.00390  2.20    0.028 5.2 0.000934
       97.5 %
    1 0.00842
    2  0.0162
    """
    asking = Asking(conf_level, hypothesis, equivalence, None, df)
    return slope_table(
        Question(fit, variables, averaged(by), newdata, type, vcov, wts, asking, unconditional), slope
    )
