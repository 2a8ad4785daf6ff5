"""R's generic functions: each is one line that asks the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from ..errors import DataWarning, give_warning
from .model import GLM

if TYPE_CHECKING:
    from ..formula.terms import Terms
    from ..inference.extract_aic import ExtractedAIC
    from ..inference.goodness import HosmerLemeshow
    from ..inference.loglik import LogLik
    from ..inference.profile import Profile
    from ..inference.separation import DetectedSeparation
    from ..inference.step import SelectedGLM
    from ..inference.summary import GLMSummary
    from ..render.htest import HTest
    from ..render.table import StatTable


def coef(fit: GLM) -> pd.Series:
    """Coefficients, link scale; NaN where aliased."""
    return fit.coefficients


def vcov(fit: GLM, **options: Any) -> pd.DataFrame:
    """Covariance of the coefficients; see :meth:`GLM.vcov`."""
    return fit.vcov(**options)


def confint(fit: GLM | Profile, parm: Any = None, level: float = 0.95, **options: Any) -> StatTable:
    """Confidence intervals, of a fit or a profile; see :meth:`GLM.confint`."""
    return fit.confint(parm, level, **options)


def summary(fit: GLM, **options: Any) -> GLMSummary:
    """Summary; see :meth:`GLM.summary`."""
    return fit.summary(**options)


def anova(fit: GLM, *others: GLM, **options: Any) -> StatTable:
    """Analysis of deviance; see :meth:`GLM.anova`."""
    return fit.anova(*others, **options)


def predict(fit: GLM, newdata: Any = None, **options: Any) -> Any:
    """Predictions; see :meth:`GLM.predict`."""
    return fit.predict(newdata, **options)


def residuals(fit: GLM, type: str = "deviance", seed: int | None = None, **options: Any) -> Any:
    """Residuals; see :meth:`GLM.residuals`."""
    return fit.residuals(type, seed, **options)


def fitted(fit: GLM) -> Any:
    """Fitted means, response scale."""
    return fit.fitted_values


def deviance(fit: GLM) -> float:
    """Residual deviance."""
    return fit.deviance


def logLik(fit: GLM) -> LogLik:
    """Log-likelihood with its ``df`` and ``nobs``."""
    return fit.loglik


def AIC(fit: GLM, *others: GLM, k: float = 2.0) -> float | pd.DataFrame:
    """-2 log-likelihood + k df; for several models a DataFrame with ``df`` and ``AIC``.

    Warns
    -----
    DataWarning
        R's "models are not all fitted to the same number of observations".
    """
    return _criterion("AIC", [fit, *others], [k] * (1 + len(others)))


def BIC(fit: GLM, *others: GLM) -> float | pd.DataFrame:
    """-2 log-likelihood + log(n) df; for several models a DataFrame with ``df`` and ``BIC``; warns as `AIC`."""
    import math

    fits = [fit, *others]
    return _criterion("BIC", fits, [math.log(f.nobs_rows) for f in fits])


def drop1(fit: GLM, scope: Any = None, **options: Any) -> StatTable:
    """Single term deletions; see :meth:`GLM.drop1`."""
    return fit.drop1(scope, **options)


def add1(fit: GLM, scope: Any, **options: Any) -> StatTable:
    """Single term additions; see :meth:`GLM.add1`."""
    return fit.add1(scope, **options)


def detect_separation(
    formula: str, data: Any, family: Any = "binomial", **options: Any
) -> DetectedSeparation:
    """Infinite estimates; see :func:`glmformula.inference.separation.detect_separation`."""
    from ..inference.separation import detect_separation as detect

    return detect(formula, data, family, **options)


def step(fit: GLM, scope: Any = None, **options: Any) -> SelectedGLM:
    """The model that AIC chooses step by step; see :meth:`GLM.step`."""
    return fit.step(scope, **options)


def update(fit: GLM, formula: str | None = None, **changes: Any) -> GLM:
    """The same call with changes; see :meth:`GLM.update`."""
    return fit.update(formula, **changes)


def extractAIC(fit: GLM, scale: float = 0.0, k: float = 2.0) -> ExtractedAIC:
    """(edf, AIC with penalty `k`); see :meth:`GLM.extract_aic`."""
    return fit.extract_aic(scale, k)


def nobs(fit: GLM) -> int:
    """Rows of non-zero prior weight."""
    return fit.nobs


def model_frame(fit: GLM | str, data: Any = None, **options: Any) -> Any:
    """The variables of a fitted model, or those of a formula in `data`."""
    if isinstance(fit, GLM):
        return fit.model_frame(**options)
    from ..frame.model_frame import model_frame as of_formula

    return of_formula(fit, data, **options).to_dataframe()


def model_matrix(
    formula: GLM | str, data: Any = None, *, newdata: Any = None, contrasts: Any = None, out: Any = None
) -> Any:
    """The design of a formula in `data` (with `newdata`: as frozen on `data`), or that of a fitted model."""
    if isinstance(formula, GLM):
        return formula.model_matrix(data if newdata is None else newdata, out=out)
    from ..design.build import model_matrix as of_formula

    return of_formula(formula, data, newdata=newdata, contrasts=contrasts)


def terms(formula: GLM | str, data: Any = None) -> Terms:
    """R's terms of a fitted model, or of a formula (``.`` stands for the columns of `data`)."""
    if isinstance(formula, GLM):
        return formula.terms
    from ..formula.algebra import terms as of_formula

    return of_formula(formula, None if data is None else list(data))


def simulate(fit: GLM, nsim: int = 1, seed: int | None = None, **options: Any) -> Any:
    """Responses drawn from the fitted model; see :meth:`GLM.simulate`."""
    return fit.simulate(nsim, seed, **options)


def hatvalues(fit: GLM, **options: Any) -> Any:
    """Leverages; see :meth:`GLM.hatvalues`."""
    return fit.hatvalues(**options)


def cooks_distance(fit: GLM, **options: Any) -> Any:
    """Cook's distances; see :meth:`GLM.cooks_distance`."""
    return fit.cooks_distance(**options)


def rstandard(fit: GLM, type: str = "deviance", **options: Any) -> Any:
    """Standardised residuals; see :meth:`GLM.rstandard`."""
    return fit.rstandard(type, **options)


def rstudent(fit: GLM, type: str = "deviance", **options: Any) -> Any:
    """Studentised residuals; see :meth:`GLM.rstudent`."""
    return fit.rstudent(type, **options)


def dffits(fit: GLM, type: str = "deviance", **options: Any) -> Any:
    """Change of each fitted value without its row; see :meth:`GLM.dffits`."""
    return fit.dffits(type, **options)


def dfbeta(fit: GLM, type: str = "deviance", **options: Any) -> Any:
    """Change of the coefficients without each row; see :meth:`GLM.dfbeta`."""
    return fit.dfbeta(type, **options)


def dfbetas(fit: GLM, type: str = "deviance", **options: Any) -> Any:
    """The same in standard errors; see :meth:`GLM.dfbetas`."""
    return fit.dfbetas(type, **options)


def covratio(fit: GLM, type: str = "deviance", **options: Any) -> Any:
    """Ratio of covariance determinants without each row; see :meth:`GLM.covratio`."""
    return fit.covratio(type, **options)


def influence_measures(fit: GLM, type: str = "deviance", **options: Any) -> Any:
    """All deletion diagnostics in a table; see :meth:`GLM.influence_measures`."""
    return fit.influence_measures(type, **options)


def tidy(fit: GLM, **options: Any) -> pd.DataFrame:
    """One row for each coefficient; see :meth:`GLM.tidy`."""
    return fit.tidy(**options)


def glance(fit: GLM) -> pd.DataFrame:
    """One row for the whole fit; see :meth:`GLM.glance`."""
    return fit.glance()


def augment(fit: GLM, newdata: Any = None, **options: Any) -> Any:
    """One row for each observation; see :meth:`GLM.augment`."""
    return fit.augment(newdata, **options)


def bread(fit: GLM) -> pd.DataFrame:
    """The bread of a sandwich covariance; see :meth:`GLM.bread`."""
    return fit.bread()


def meat(fit: GLM, adjust: bool = False) -> pd.DataFrame:
    """Its meat; see :meth:`GLM.meat`."""
    return fit.meat(adjust)


def estfun(fit: GLM, **options: Any) -> Any:
    """Estimating functions of the rows; see :meth:`GLM.estfun`."""
    return fit.estfun(**options)


def profile(fit: GLM, which: Any = None, **options: Any) -> Profile:
    """Likelihood profiles; see :meth:`GLM.profile`."""
    return fit.profile(which, **options)


def Anova(fit: GLM, type: str | int = "II", test: str = "LR", **options: Any) -> StatTable:
    """Type II and III tests; see :meth:`GLM.Anova`."""
    return fit.Anova(type, test, **options)


def lrtest(fit: GLM, *others: Any) -> StatTable:
    """Likelihood ratio tests; see :meth:`GLM.lrtest`."""
    return fit.lrtest(*others)


def waldtest(fit: GLM, *others: Any, **options: Any) -> StatTable:
    """Wald tests of nested models; see :meth:`GLM.waldtest`."""
    return fit.waldtest(*others, **options)


def linear_hypothesis(fit: GLM, hypothesis: Any, rhs: Any = None, **options: Any) -> StatTable:
    """Wald test of restrictions; see :meth:`GLM.linear_hypothesis`."""
    return fit.linear_hypothesis(hypothesis, rhs, **options)


def coeftest(fit: GLM, vcov: Any = None, df: float | None = None) -> StatTable:
    """Tests of the coefficients; see :meth:`GLM.coeftest`."""
    return fit.coeftest(vcov, df)


def vif(fit: GLM) -> StatTable:
    """Variance inflation factors; see :meth:`GLM.vif`."""
    return fit.vif()


def delta_method(fit: GLM, expression: Any, **options: Any) -> StatTable:
    """Functions of the coefficients; see :meth:`GLM.delta_method`."""
    return fit.delta_method(expression, **options)


def effect_plot(fit: GLM, variable: str, **options: Any) -> Any:
    """A variable's fitted effect with band and data; see :func:`glmformula.plot.effects.effect_plot`."""
    from ..plot import effect_plot as draw

    return draw(fit, variable, **options)


def coefficient_plot(fit: GLM, **options: Any) -> Any:
    """Estimates with their intervals; see :func:`glmformula.plot.effects.coefficient_plot`."""
    from ..plot import coefficient_plot as draw

    return draw(fit, **options)


def profile_plot(profile: Profile, **options: Any) -> Any:
    """Likelihood profiles; see :func:`glmformula.plot.effects.profile_plot`."""
    from ..plot import profile_plot as draw

    return draw(profile, **options)


def overdispersion(fit: GLM, alternative: str = "greater") -> HTest:
    """Pearson's dispersion ratio and its test; see :meth:`GLM.overdispersion`."""
    return fit.overdispersion(alternative)


def dispersiontest(fit: GLM, trafo: Any = None, alternative: str = "greater") -> HTest:
    """Cameron and Trivedi's test of a Poisson model; see :meth:`GLM.dispersiontest`."""
    return fit.dispersiontest(trafo, alternative)


def hosmer_lemeshow(fit: GLM, g: int = 10) -> HosmerLemeshow:
    """Goodness of fit of a binomial model; see :meth:`GLM.hosmer_lemeshow`."""
    return fit.hosmer_lemeshow(g)


def pseudo_r2(fit: GLM) -> StatTable:
    """Measures of explained variation; see :meth:`GLM.pseudo_r2`."""
    return fit.pseudo_r2()


def _criterion(name: str, fits: list[GLM], penalties: list[float]) -> float | pd.DataFrame:
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
