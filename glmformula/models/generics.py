"""R's generic functions: each asks the model's own method where it has one, else the verb, if that means something."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..errors import DataWarning, FitError, give_warning
from ..fitted.loglik import LogLik, loglik_of
from ..fitted.protocols import Fit, Scored, SingleIndex, require
from . import face

if TYPE_CHECKING:
    from ..formula.terms import Terms

FUNCTIONS = {"extractAIC": "extract_aic"} | {
    name: name
    for name in (*face.FIT, *face.SCORED, *face.SINGLE_INDEX)
    if name not in ("certificate", "extract_aic", "plot", "separation", "model_frame", "model_matrix")
}
"""The verbs that are functions too, by the function's name; model_frame and model_matrix take formulas as well."""
OTHERS = {
    "detect_separation": "inference.separation",
    "coefficient_plot": "plot.effects",
    "effect_plot": "plot.effects",
    "profile_plot": "plot.effects",
}
ANY = (
    "any fit has AIC, BIC, lrtest, waldtest, coeftest, confint(method='wald'), linear_hypothesis, delta_method "
    "and tidy"
)
INSTEAD = {
    "Anova": "linear_hypothesis() and waldtest() test its terms",
    "anova": "lrtest() and waldtest() compare models",
    "glance": "AIC(), BIC(), logLik() and nobs() describe it",
    "profile": "confint(method='wald') gives intervals",
    "step": "compare models with AIC(), lrtest() or waldtest()",
    "summary": "coeftest() and tidy() give its coefficients",
    "vcov": "ask its own vcov()",
    **dict.fromkeys(
        ("add1", "drop1", "extractAIC"), "waldtest(), lrtest() and AIC() compare it with other models"
    ),
}


def function(name: str) -> Callable[..., Any]:
    """The public function of that name; AttributeError where there is none."""
    if name in OTHERS:
        found: Callable[..., Any] = face.Verb(OTHERS[name], name).function
        return found
    if name not in FUNCTIONS:
        raise AttributeError(f"module 'glmformula' has no attribute {name!r}")
    return _generic(name, FUNCTIONS[name])


def _generic(name: str, method: str) -> Callable[..., Any]:
    tables = ((Fit, face.FIT), (Scored, face.SCORED), (SingleIndex, face.SINGLE_INDEX))
    protocol, module = next((protocol, table[method]) for protocol, table in tables if method in table)
    verb = face.Verb(module, method).function

    @wraps(verb)
    def asked(fit: Any, *args: Any, **options: Any) -> Any:
        own = getattr(type(fit), method, None)
        if own is None:
            require(fit, protocol, f"{name}()", INSTEAD.get(name, ANY))
        return (own or verb)(fit, *args, **options)

    asked.__module__, asked.__name__, asked.__qualname__ = "glmformula", name, name
    return asked


def coef(fit: Fit) -> pd.Series:
    """Coefficients, link scale; NaN where aliased."""
    return fit.coefficients


def fitted(fit: Any) -> Any:
    """Fitted means, response scale."""
    return _attribute(fit, "fitted_values", "fitted()")


def deviance(fit: Any) -> float:
    """Residual deviance."""
    value: float = _attribute(fit, "deviance", "deviance()")
    return value


def logLik(fit: Fit) -> LogLik:
    """Log-likelihood with its ``df`` and ``nobs``."""
    return loglik_of(fit)


def nobs(fit: Fit) -> int:
    """Rows of non-zero prior weight."""
    return fit.nobs


def AIC(fit: Fit, *others: Fit, k: float = 2.0) -> float | pd.DataFrame:
    """-2 log-likelihood + k df; for several models a DataFrame with ``df`` and ``AIC``.

    Warns
    -----
    DataWarning
        R's "models are not all fitted to the same number of observations".
    """
    return _criterion("AIC", [fit, *others], [k] * (1 + len(others)))


def BIC(fit: Fit, *others: Fit) -> float | pd.DataFrame:
    """-2 log-likelihood + log(n) df; for several models a DataFrame with ``df`` and ``BIC``; warns as `AIC`."""
    import math

    fits = [fit, *others]
    return _criterion("BIC", fits, [math.log(loglik_of(f).nobs) for f in fits])


def model_frame(fit: Any, data: Any = None, **options: Any) -> Any:
    """The variables of a fitted model, or those of a formula in `data`."""
    if not isinstance(fit, str):
        require(fit, SingleIndex, "model_frame()", ANY)
        return fit.model_frame(**options)
    from ..frame.model_frame import model_frame as of_formula

    return of_formula(fit, data, **options).to_dataframe()


def model_matrix(
    formula: Any, data: Any = None, *, newdata: Any = None, contrasts: Any = None, out: Any = None
) -> Any:
    """The design of a formula in `data` (with `newdata`: as frozen on `data`), or that of a fitted model."""
    if not isinstance(formula, str):
        require(formula, SingleIndex, "model_matrix()", ANY)
        return formula.model_matrix(data if newdata is None else newdata, out=out)
    from ..design.build import model_matrix as of_formula

    return of_formula(formula, data, newdata=newdata, contrasts=contrasts)


def terms(formula: Any, data: Any = None) -> Terms:
    """R's terms of a fitted model, or of a formula (``.`` stands for the columns of `data`)."""
    if not isinstance(formula, str):
        require(formula, Fit, "terms()", "give a formula or a fitted model")
        found: Terms = formula.terms
        return found
    from ..formula.algebra import terms as of_formula

    return of_formula(formula, None if data is None else list(data))


def _attribute(fit: Any, name: str, verb: str) -> Any:
    if not hasattr(type(fit), name) and name not in vars(fit):
        raise FitError(f"{verb} means nothing for a {type(fit).__name__}, which has no {name}: {ANY}")
    return getattr(fit, name)


def _criterion(name: str, fits: list[Fit], penalties: list[float]) -> float | pd.DataFrame:
    logs = [logLik(f) for f in fits]
    values = [-2 * float(ll) + k * ll.df for ll, k in zip(logs, penalties, strict=True)]
    if len(fits) == 1:
        return values[0]
    counts = [ll.nobs for ll in logs]
    if len(set(counts)) > 1:
        shown = ", ".join(map(str, counts))
        give_warning(
            f"models are not all fitted to the same number of observations ({shown}): {name} compares models of "
            "the same rows only",
            DataWarning,
            stacklevel=3,
        )
    return pd.DataFrame({"df": [ll.df for ll in logs], name: values}, index=[f.formula for f in fits])
