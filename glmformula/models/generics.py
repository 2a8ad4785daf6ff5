"""R's generic functions: each asks the model's own method where it has one, else the verb, if that means something."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..errors import DataWarning, FitError, give_warning
from ..fitted.coefficients import kept_names, names_of
from ..fitted.loglik import LogLik, loglik_of
from ..fitted.protocols import (
    Fit,
    MeanModel,
    Ordinal,
    Scored,
    SingleIndex,
    is_mixed,
    is_model,
    no_model,
    require,
)
from . import face
from .arguments import guarded
from .instead import ANY, instead_of

if TYPE_CHECKING:
    from ..formula.terms import Terms

MASS = {"addterm": "add1", "dropterm": "drop1", "stepAIC": "step"}
"""The names that MASS has for verbs; the same numbers."""
FUNCTIONS = (
    MASS
    | {"extractAIC": "extract_aic"}
    | {
        name: name
        for name in (
            *(*face.FIT, *face.SCORED, *face.EFFECTS, *face.PREDICTIVE, *face.SINGLE_INDEX),
            *("brant", "nominal_test"),
        )
        if name
        not in (
            *("certificate", "datagrid", "extract_aic", "plot", "report", "separation"),
            *("model_frame", "model_matrix"),
        )
    }
)
"""The verbs that are functions too, by the function's name; model_frame and model_matrix take formulas as well, and
datagrid no model."""
OTHERS = {
    "compare_counts": "models.compare_counts",
    "detect_separation": "inference.checks.separation",
    "calibration_plot": "plot.discrimination",
    "check_model": "plot.checks",
    "coefficient_plot": "plot.coefficients",
    "datagrid": "inference.effects.grids",
    "to_marginaleffects": "inference.effects.adapter",
    "effect_plot": "plot.effects",
    **dict.fromkeys(("plot_comparisons", "plot_predictions", "plot_slopes"), "plot.changes"),
    "profile_plot": "plot.coefficients",
    "relativities_plot": "plot.relativities",
    "rootogram": "inference.checks.rootogram",
    "rootogram_plot": "plot.rootogram",
    "vuong": "inference.checks.vuong",
    "zero_test": "inference.checks.zero_test",
    "VarCorr": "inference.mixed.varcorr",
    "ranef": "inference.mixed.ranef",
    "ranef_plot": "plot.mixed",
    "isSingular": "inference.mixed.singular",
    **dict.fromkeys(("icc", "r2"), "inference.mixed.explained"),
    "roc_plot": "plot.discrimination",
    "simulate_residuals": "inference.checks.simulated_residuals",
    **dict.fromkeys(("theta_md", "theta_ml", "theta_mm"), "inference.theta"),
    "emmeans": "inference.means.means",
    **dict.fromkeys(("emmeans_plot", "emmip"), "plot.means"),
    "emtrends": "inference.means.trends",
    "joint_tests": "inference.means.joint",
    "cld": "inference.means.letters",
    "regrid": "inference.means.regrid",
    **dict.fromkeys(("contrast", "pairs"), "inference.means.contrasts"),
}


def function(name: str) -> Callable[..., Any]:
    """The public function of that name; AttributeError where there is none."""
    if name in OTHERS:
        return face.verb(OTHERS[name], name)
    if name not in FUNCTIONS:
        raise AttributeError(f"module 'glmformula' has no attribute {name!r}")
    return _generic(name, FUNCTIONS[name])


def _generic(name: str, method: str) -> Callable[..., Any]:
    tables = (
        (Fit, face.FIT),
        (Scored, face.SCORED),
        (MeanModel, face.PREDICTIVE),
        (SingleIndex, face.EFFECTS | face.SINGLE_INDEX),
        (Ordinal, face.ORDINAL),
    )
    protocol, module = next((protocol, table[method]) for protocol, table in tables if method in table)
    verb = face.verb(module, method)

    @wraps(verb)
    def asked(fit: Any, *args: Any, **options: Any) -> Any:
        own = getattr(type(fit), method, None)
        ours = getattr(own, "__module__", "").startswith("glmformula")
        # a dict has an update() too; a Profile is of a fit, and a table of effects has tests of its own
        if not is_model(fit) and not hasattr(fit, "fit") and not ours:
            raise no_model(fit, f"{name}()")
        if own is None:
            require(fit, protocol, f"{name}()", instead_of(name, fit))
        return (own or verb)(fit, *args, **options)

    asked.__module__, asked.__name__, asked.__qualname__ = "glmformula", name, name
    return asked


@guarded
def coef(fit: Fit) -> pd.Series:
    """Coefficients, link scale; NaN where aliased. R's ``coef``.

    Parameters
    ----------
    fit : Fit
        Any fitted model.

    Returns
    -------
    Series (p,)
        Under R's names of the columns of the model matrix. Of a mixed model what its method ``coef()`` gives.

    Examples
    --------
    >>> from glmformula import coef, datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> coef(fit).round(3)
    (Intercept)      -4.594
    overtime_hours    0.191
    dtype: float64
    """
    return fit.coef() if is_mixed(fit) else fit.coefficients


@guarded
def fixef(fit: Any) -> pd.Series:
    """Fixed effects of a mixed model, link scale, lme4's ``fixef``.

    Parameters
    ----------
    fit : LMM or GLMM

    Returns
    -------
    Series
        Those that have an estimate.

    Examples
    --------
    >>> from glmformula import datasets, fixef, lmer
    >>> fixef(lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())).index.tolist()
    ['(Intercept)', 'experience_years']
    """
    if not is_mixed(fit):
        raise FitError(
            f"fixef() is of mixed models, such as lmer() gives; got {type(fit).__name__}: take coef()"
        )
    return fit.fixef


@guarded
def fitted(fit: Any) -> Any:
    """Fitted means, response scale: mu = linkinv(X beta + offset). R's ``fitted``.

    Parameters
    ----------
    fit : GLM

    Returns
    -------
    Series (n,)
        A proportion for a binomial; ``na.exclude`` pads with NaN. For rows in files see ``fit.predict(out=)``.

    Raises
    ------
    FitError
        The model has no fitted means.
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import datasets, fitted, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fitted(fit).head(2).round(3)
    0    0.031
    1    0.021
    dtype: float64
    """
    return _attribute(fit, "fitted_values", "fitted()")


@guarded
def deviance(fit: Any) -> float:
    """Residual deviance: the sum of  weight * d(y, mu)  (McCullagh & Nelder 1989, section 2.3). R's ``deviance``.

    Parameters
    ----------
    fit : GLM

    Returns
    -------
    float
        Not divided by the dispersion.

    Raises
    ------
    FitError
        The model has no deviance.

    Examples
    --------
    >>> from glmformula import datasets, deviance, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> round(deviance(fit), 3)
    187.072
    """
    value: float = _attribute(fit, "deviance", "deviance()")
    return value


@guarded
def logLik(fit: Fit) -> LogLik:
    """Log-likelihood with its ``df`` and ``nobs``. R's ``logLik``.

    Parameters
    ----------
    fit : Fit
        Any fitted model.

    Returns
    -------
    LogLik
        A float; `df` counts the coefficients and the dispersion where there is one, `nobs` all rows of the fit.
        NaN for quasi families.

    Examples
    --------
    >>> from glmformula import datasets, glm, logLik
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> logLik(fit)
    'log Lik.' -93.53603 (df=2)
    >>> logLik(fit).df, logLik(fit).nobs
    (2, 500)
    """
    return loglik_of(fit)


@guarded
def nobs(fit: Fit) -> int:
    """Rows of non-zero prior weight. R's ``nobs``.

    Parameters
    ----------
    fit : Fit
        Any fitted model.

    Examples
    --------
    >>> from glmformula import datasets, glm, nobs
    >>> nobs(glm("left ~ overtime_hours", datasets.attrition(), family="binomial"))
    500
    """
    return fit.nobs


@guarded
def sigma(fit: Any) -> float:
    """Square root of the dispersion. R's ``sigma`` (from R 4.6 on; before, that of deviance / df).

    Parameters
    ----------
    fit : GLM

    Examples
    --------
    >>> from glmformula import glm, sigma
    >>> round(sigma(glm("y ~ x", {"y": [1.0, 2.0, 4.0, 4.0], "x": range(4)})), 4)
    0.5916
    """
    if is_mixed(fit):
        return fit.sigma
    return math.sqrt(_attribute(fit, "dispersion", "sigma()"))


@guarded
def variable_names(fit: Fit, full: bool = False) -> list[str]:
    """Names of the coefficients. R's ``variable.names``.

    Parameters
    ----------
    fit : Fit
        Any fitted model.
    full : bool
        Those of aliased ones too.

    Examples
    --------
    >>> from glmformula import glm, variable_names
    >>> variable_names(glm("y ~ x + I(2 * x)", {"y": [1.0, 2.0, 4.0, 4.0], "x": range(4)}))
    ['(Intercept)', 'x']
    """
    return list(names_of(fit) if full else kept_names(fit))


@guarded
def case_names(fit: SingleIndex, full: bool = False) -> list[Any]:
    """Labels of the rows of the fit. R's ``case.names``.

    Parameters
    ----------
    fit : GLM
    full : bool
        Those of zero weight too.

    Raises
    ------
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import case_names, glm
    >>> case_names(glm("y ~ 1", {"y": [1.0, 2.0, 4.0]}, weights=[1, 0, 1]))
    [0, 2]
    """
    require(fit, SingleIndex, "case_names()", ANY)
    weights = fit.rows.labelled(fit.row_state.prior_weights)
    labels: list[Any] = weights.index[weights.notna() & (weights != 0) | bool(full)].tolist()
    return labels


@guarded
def AIC(fit: Fit, *others: Fit, k: float = 2.0) -> float | pd.DataFrame:
    """Akaike's criterion  -2 log-likelihood + k df. R's ``AIC``.

    Parameters
    ----------
    fit, *others : Fit
        One model, or several of the same rows.
    k : float
        Penalty for a parameter.

    Returns
    -------
    float, or for several models a DataFrame with ``df`` and ``AIC``; NaN for quasi families.

    Warns
    -----
    DataWarning
        R's "models are not all fitted to the same number of observations".

    Examples
    --------
    >>> from glmformula import AIC, datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> round(AIC(fit), 3)
    191.072
    >>> AIC(fit, fit.update(". ~ . + salary")).round(3)
                                    df      AIC
    left ~ overtime_hours            2  191.072
    left ~ overtime_hours + salary   3  192.126
    """
    return _criterion("AIC", [fit, *others], lambda _: k)


@guarded
def BIC(fit: Fit, *others: Fit) -> float | pd.DataFrame:
    """Schwarz's criterion  -2 log-likelihood + log(n) df,  n all rows of the fit. R's ``BIC``.

    Parameters
    ----------
    fit, *others : Fit
        One model, or several of the same rows.

    Returns
    -------
    float, or for several models a DataFrame with ``df`` and ``BIC``; NaN for quasi families.

    Warns
    -----
    DataWarning
        As `AIC`.

    Examples
    --------
    >>> from glmformula import BIC, datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> round(BIC(fit), 3)
    199.501
    """
    return _criterion("BIC", [fit, *others], lambda loglik: math.log(loglik.nobs))


def model_frame(fit: Any, data: Any = None, **options: Any) -> Any:
    """The variables of a fitted model, or those of a formula in `data`. R's ``model.frame``.

    Parameters
    ----------
    fit : GLM or str
        A fitted model, or a formula.
    data : DataFrame or other table, optional
        With a formula: where its variables are.
    **options
        With a formula: `weights`, `offset`, `subset`, `na_action`, as in `glm`. With a model: ``out=``, a path.

    Returns
    -------
    DataFrame
        The response, then a column for each variable of the right side, as R deparses it.

    Raises
    ------
    FormulaError, DataError
        A formula that cannot be read; a variable that is not a column, or cannot be used.

    Examples
    --------
    >>> from glmformula import datasets, glm, model_frame
    >>> model_frame("left ~ log(salary)", datasets.attrition()).head(2).round(3)
       left  log(salary)
    0     0       11.018
    1     0       10.884
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> list(model_frame(fit))
    ['left', 'overtime_hours']
    """
    if not isinstance(fit, str):
        if not hasattr(type(fit), "model_frame"):
            require(fit, SingleIndex, "model_frame()", ANY)
        return fit.model_frame(**options)
    from ..frame.model_frame import model_frame as of_formula

    return of_formula(fit, data, **options).to_dataframe()


def model_matrix(
    formula: Any, data: Any = None, *, newdata: Any = None, contrasts: Any = None, out: Any = None
) -> Any:
    """The design of a formula in `data`, or that of a fitted model. R's ``model.matrix``.

    Parameters
    ----------
    formula : str or GLM
        A formula, or a fitted model.
    data : DataFrame or other table, optional
        With a formula: where its variables are. With a model: other rows, as `newdata`.
    newdata : DataFrame or other table, optional
        Other rows, with levels, contrasts, knots ... frozen as they are in `data`.
    contrasts : mapping, optional
        As in `glm`.
    out : path, optional
        With a model: as for `predict`.

    Returns
    -------
    DataFrame (n, p) under R's names of the columns.

    Raises
    ------
    FormulaError, DataError
        A formula that cannot be read; a variable that is missing, of another type, or has an unseen level.

    Examples
    --------
    >>> import pandas as pd
    >>> from glmformula import model_matrix
    >>> data = pd.DataFrame({"y": [1.0, 2.0, 4.0], "f": ["a", "b", "c"]})
    >>> model_matrix("y ~ f", data)
       (Intercept)   fb   fc
    0          1.0  0.0  0.0
    1          1.0  1.0  0.0
    2          1.0  0.0  1.0
    >>> model_matrix("y ~ f", data, newdata={"f": ["c"]})
       (Intercept)   fb   fc
    0          1.0  0.0  1.0
    """
    if not isinstance(formula, str):
        if not hasattr(type(formula), "model_matrix"):
            require(formula, SingleIndex, "model_matrix()", ANY)
        return formula.model_matrix(data if newdata is None else newdata, out=out)
    from ..design.build import model_matrix as of_formula

    return of_formula(formula, data, newdata=newdata, contrasts=contrasts)


def terms(formula: Any, data: Any = None) -> Terms:
    """R's ``terms`` of a fitted model, or of a formula.

    Parameters
    ----------
    formula : str or Fit
        A formula, or a fitted model.
    data : DataFrame or mapping, optional
        What ``.`` in a formula stands for: its columns.

    Returns
    -------
    Terms
        Variables, terms in R's order and their labels, response, offsets, intercept.

    Raises
    ------
    FormulaError
        A formula that cannot be read: points at the character.

    Examples
    --------
    >>> from glmformula import terms
    >>> terms("y ~ a * b").labels
    ('a', 'b', 'a:b')
    """
    if not isinstance(formula, str):
        require(formula, Fit, "terms()", "give a formula or a fitted model")
        found: Terms = formula.terms
        return found
    from ..formula.algebra import terms as of_formula

    return of_formula(formula, None if data is None else list(data))


def _attribute(fit: Any, name: str, verb: str) -> Any:
    if not is_model(fit):
        raise no_model(fit, verb)
    if not hasattr(type(fit), name) and name not in vars(fit):
        raise FitError(f"{verb} means nothing for a {type(fit).__name__}, which has no {name}: {ANY}")
    return getattr(fit, name)


def _criterion(name: str, fits: list[Fit], penalty: Callable[[LogLik], float]) -> float | pd.DataFrame:
    for f in fits:
        _attribute(f, "loglik", f"{name}()")
    logs = [loglik_of(f) for f in fits]
    values = [-2 * float(ll) + penalty(ll) * ll.df for ll in logs]
    if len(fits) == 1:
        return values[0]
    counts = [ll.nobs for ll in logs]
    if len(set(counts)) > 1:
        shown = ", ".join(map(str, counts))
        give_warning(
            f"models are not all fitted to the same number of observations ({shown}): {name} compares models of "
            "the same rows only",
            DataWarning,
        )
    return pd.DataFrame({"df": [ll.df for ll in logs], name: values}, index=[f.formula for f in fits])
