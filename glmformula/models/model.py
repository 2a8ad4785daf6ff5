"""The fitted model: records of what was said and found, and one-line delegates to the questions one asks."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..engine.result import Control, GlmFit
from ..errors import DataError
from ..families import Family
from ..formula.terms import Terms
from .training import RowState, TrainingData

if TYPE_CHECKING:
    from ..frame.schema import Schema
    from ..inference.certificate import Certificate
    from ..inference.extract_aic import ExtractedAIC
    from ..inference.goodness import HosmerLemeshow
    from ..inference.loglik import LogLik
    from ..inference.profile import Profile
    from ..inference.separation import DetectedSeparation
    from ..inference.step import SelectedGLM
    from ..inference.summary import GLMSummary
    from ..render.htest import HTest
    from ..render.table import StatTable


@dataclass(frozen=True, eq=False)
class GLM:
    """A fitted generalized linear model, R's object of class ``glm``.

    Made by :func:`glmformula.glm`; see there for the arguments. Coefficients, their covariance and everything
    about the fit as a whole are numbers held here; row-level quantities are computed from the training rows
    when asked for, so a model of a million rows costs nothing extra to keep.

    Attributes
    ----------
    formula, call : str
    terms : Terms
    family : Family
    column_names : tuple of str
        R's coefficient names, one for each column of the model matrix.
    assign : ndarray of int
        Column to term, 0 for the intercept.
    result : GlmFit
        What the engine found.
    schema : Schema
        Levels, contrasts, knots ... frozen for new data.
    control : Control
    n_omitted : int
        Rows left out for missing values.
    training : TrainingData or None
        The rows; None after ``strip_data()``.
    """

    formula: str
    call: str
    terms: Terms
    family: Family
    column_names: tuple[str, ...]
    assign: np.ndarray
    result: GlmFit
    schema: Schema
    control: Control
    n_omitted: int
    training: TrainingData | None
    kept_means: np.ndarray | None = None  # column means, for a model without its rows

    # -- numbers of the whole fit ------------------------------------------------------------------------

    @cached_property
    def coefficients(self) -> pd.Series:
        """Estimates on the link scale, NaN where aliased."""
        return pd.Series(self.result.coefficients, index=list(self.column_names))

    @property
    def rank(self) -> int:
        return self.result.rank

    @property
    def deviance(self) -> float:
        return self.result.deviance

    @property
    def null_deviance(self) -> float:
        return self.result.null_deviance

    @property
    def df_residual(self) -> int:
        """Rows of non-zero weight minus rank."""
        return self.result.n_ok - self.result.rank

    @property
    def df_null(self) -> int:
        return self.result.n_ok - int(self.terms.intercept)

    @property
    def nobs(self) -> int:
        """Rows of non-zero prior weight (R's ``nobs``)."""
        return self.result.n_ok

    @property
    def nobs_rows(self) -> int:
        """All rows of the fit, those of zero weight too."""
        return self.result.nobs

    @property
    def aic(self) -> float:
        """-2 log-likelihood + 2 (rank + 1 if the likelihood has a dispersion); NaN for quasi families."""
        return self.result.minus2_loglik + 2 * (self.rank + self.family.extra_df)

    @property
    def loglik(self) -> LogLik:
        """The log-likelihood as a number that knows its ``df`` and ``nobs`` (R's ``logLik``)."""
        from ..inference.loglik import LogLik

        return LogLik(-self.result.minus2_loglik / 2, df=self.rank + self._dispersion_df, nobs=self.nobs_rows)

    @property
    def _dispersion_df(self) -> int:
        """Parameters besides the coefficients; R counts a quasi family's dispersion, likelihood or none."""
        return (
            self.family.extra_df if self.family.has_likelihood else int(self.family.fixed_dispersion is None)
        )

    @property
    def bic(self) -> float:
        """As R: log of all rows of the fit, zero weights counted."""
        df = self.rank + self.family.extra_df
        return self.result.minus2_loglik + math.log(self.nobs_rows) * df if self.nobs_rows else math.nan

    @cached_property
    def dispersion(self) -> float:
        """phi as `summary` takes it: 1 where fixed, else Pearson's."""
        from ..inference.dispersion import dispersion

        return dispersion(self)

    @property
    def iter(self) -> int:
        return self.result.iter

    @property
    def converged(self) -> bool:
        return self.result.converged

    @property
    def boundary(self) -> bool:
        return self.result.boundary

    @property
    def method(self) -> str:
        return self.result.method

    @property
    def xlevels(self) -> Mapping[str, tuple[str, ...]]:
        return self.schema.xlevels

    @property
    def contrasts(self) -> Mapping[str, Any]:
        return self.schema.contrasts

    @property
    def response_name(self) -> str:
        """The response as R deparses it."""
        return self.terms.names[0] if self.terms.response is not None else ""

    @property
    def aliased(self) -> np.ndarray:
        """bool (p,): the coefficient is not defined because of singularities."""
        return np.isnan(self.result.coefficients)

    # -- rows --------------------------------------------------------------------------------------------

    @property
    def rows(self) -> TrainingData:
        """The training rows; DataError when the model has been stripped of them, or they are not what they were."""
        if self.training is None:
            raise DataError(
                "this model holds no training rows (strip_data() or load()): expected a fitted model with its "
                "data; ask it for summary, vcov, Wald confint, predict(newdata), or fit it again"
            )
        self.training.check()
        return self.training

    @cached_property
    def row_state(self) -> RowState:
        """y, weights, offset, eta, mu ... of every row of the fit (arrays, in row order)."""
        return self.rows.state(self.result, self.family)

    @cached_property
    def column_means(self) -> np.ndarray:
        """Means of the design's columns over the training rows: the centre of ``type="terms"``."""
        if self.kept_means is not None:
            return self.kept_means
        from ..inference.predict import column_means

        return column_means(self.rows.source, len(self.column_names))

    def _by_row(self, name: str) -> Any:
        from ..inference.written import row_values

        return row_values(self, name)

    @property
    def fitted_values(self) -> Any:
        """mu, response scale."""
        return self._by_row("mu")

    @property
    def linear_predictors(self) -> Any:
        """eta with the offset, link scale."""
        return self._by_row("eta")

    @property
    def weights(self) -> Any:
        """Working weights of the last solved iteration."""
        return self._by_row("working_weights")

    @property
    def prior_weights(self) -> Any:
        return self._by_row("prior_weights")

    @property
    def y(self) -> Any:
        """The response as fitted: a proportion for a binomial."""
        return self._by_row("y")

    @property
    def offset(self) -> Any:
        return self._by_row("offset")

    @property
    def na_action(self) -> pd.Series:
        """Positions in the data, under their row labels, of the rows left out for missing values."""
        frame = self.rows.frame
        return pd.Series(frame.omitted, index=frame.data_index[frame.omitted], name=frame.na_action)

    def model_frame(self, *, out: Any = None) -> Any:
        """The variables of the model, R's ``model.frame``; `out` as for `residuals`."""
        from ..inference.written import model_frame

        return model_frame(self, out=out)

    def model_matrix(self, newdata: Any = None, *, out: Any = None) -> Any:
        """The design, R's ``model.matrix``; with `newdata` the columns as frozen at the fit. `out` as for `predict`."""
        from ..inference.predict import design_frame

        return design_frame(self, newdata, out)

    def separation(self) -> DetectedSeparation:
        """Coefficients without a finite estimate; see :func:`glmformula.inference.separation.separation_of`."""
        from ..inference.separation import separation_of

        return separation_of(self)

    def strip_data(self) -> GLM:
        """The same model without a single training row."""
        return replace(self, training=None, kept_means=self.column_means)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model, without its rows, to a file; see :func:`glmformula.models.saved.save`."""
        from .saved import save

        save(self, path)

    # -- questions ---------------------------------------------------------------------------------------

    def certificate(self) -> Certificate:
        """How far the fit can be trusted; see :func:`glmformula.inference.certificate.certificate`."""
        from ..inference.certificate import certificate

        return certificate(self)

    def summary(
        self,
        dispersion: float | None = None,
        correlation: bool = False,
        vcov: Any = None,
        *,
        digits: int = 4,
        signif_stars: bool = True,
    ) -> GLMSummary:
        """Coefficient table and the rest of R's ``summary.glm``."""
        from ..inference.summary import summary

        return summary(
            self,
            dispersion=dispersion,
            correlation=correlation,
            vcov=vcov,
            digits=digits,
            signif_stars=signif_stars,
        )

    def predict(
        self,
        newdata: Any = None,
        type: str = "link",
        se_fit: bool = False,
        *,
        dispersion: float | None = None,
        terms: Any = None,
        interval: str | None = None,
        level: float = 0.95,
        na_action: str = "na.pass",
        new_levels: str = "error",
        vcov: Any = None,
        out: Any = None,
    ) -> Any:
        """Predictions, R's ``predict.glm``; see :func:`glmformula.inference.predict.predict`."""
        from ..inference.predict import predict

        return predict(
            self,
            newdata,
            type,
            se_fit,
            dispersion=dispersion,
            terms=terms,
            interval=interval,
            level=level,
            na_action=na_action,
            new_levels=new_levels,
            vcov=vcov,
            out=out,
        )

    def residuals(self, type: str = "deviance", seed: int | None = None, *, out: Any = None) -> Any:
        """R's ``residuals.glm``; see :func:`glmformula.inference.residuals.residuals`."""
        from ..inference.residuals import residuals

        return residuals(self, type, seed, out)

    def vcov(
        self, type: str | None = None, cluster: Any = None, complete: bool = True, **options: bool
    ) -> pd.DataFrame:
        """Covariance of the coefficients, robust ones too; see :func:`glmformula.inference.covariance.vcov`."""
        from ..inference.covariance import vcov

        return vcov(self, type, cluster, complete, **options)

    def bread(self) -> pd.DataFrame:
        """n phi (X'WX)^-1; see :func:`glmformula.inference.sandwich.bread`."""
        from ..inference.sandwich import bread

        return bread(self)

    def meat(self, adjust: bool = False) -> pd.DataFrame:
        """Mean product of the estimating functions; see :func:`glmformula.inference.sandwich.meat`."""
        from ..inference.sandwich import meat

        return meat(self, adjust)

    def estfun(self, *, out: Any = None) -> Any:
        """Estimating functions of the rows; see :func:`glmformula.inference.sandwich.estfun`."""
        from ..inference.sandwich import estfun

        return estfun(self, out=out)

    def confint(
        self,
        parm: Any = None,
        level: float = 0.95,
        method: str = "profile",
        *,
        vcov: Any = None,
        test: str = "LRT",
    ) -> StatTable:
        """Confidence intervals of the coefficients; see :func:`glmformula.inference.confint.confint`."""
        from ..inference.confint import confint

        return confint(self, parm, level, method, vcov=vcov, test=test)

    def profile(self, which: Any = None, **options: Any) -> Profile:
        """Likelihood profiles; see :func:`glmformula.inference.profile.profile`."""
        from ..inference.profile import profile

        return profile(self, which, **options)

    def anova(
        self, *others: GLM, test: str | bool | None = None, dispersion: float | None = None
    ) -> StatTable:
        """Analysis of deviance; see :func:`glmformula.inference.anova.anova`."""
        from ..inference.anova import anova

        return anova(self, *others, test=test, dispersion=dispersion)

    def Anova(self, type: str | int = "II", test: str = "LR", **options: Any) -> StatTable:
        """Type II and III tests; see :func:`glmformula.inference.marginal_anova.Anova`."""
        from ..inference.marginal_anova import Anova

        return Anova(self, type, test, **options)

    def lrtest(self, *others: Any) -> StatTable:
        """Likelihood ratio tests; see :func:`glmformula.inference.lrtest.lrtest`."""
        from ..inference.lrtest import lrtest

        return lrtest(self, *others)

    def waldtest(self, *others: Any, test: str = "F", vcov: Any = None) -> StatTable:
        """Wald tests of nested models; see :func:`glmformula.inference.waldtest.waldtest`."""
        from ..inference.waldtest import waldtest

        return waldtest(self, *others, test=test, vcov=vcov)

    def linear_hypothesis(
        self, hypothesis: Any, rhs: Any = None, test: str = "Chisq", **options: Any
    ) -> StatTable:
        """Wald test of restrictions; see :func:`glmformula.inference.linear_hypothesis.linear_hypothesis`."""
        from ..inference.linear_hypothesis import linear_hypothesis

        return linear_hypothesis(self, hypothesis, rhs, test, **options)

    def coeftest(self, vcov: Any = None, df: float | None = None) -> StatTable:
        """Tests of the coefficients; see :func:`glmformula.inference.coeftest.coeftest`."""
        from ..inference.coeftest import coeftest

        return coeftest(self, vcov, df)

    def vif(self) -> StatTable:
        """Variance inflation factors; see :func:`glmformula.inference.vif.vif`."""
        from ..inference.vif import vif

        return vif(self)

    def delta_method(
        self, expression: Any, level: float = 0.95, names: Any = None, **options: Any
    ) -> StatTable:
        """Functions of the coefficients; see :func:`glmformula.inference.delta_method.delta_method`."""
        from ..inference.delta_method import delta_method

        return delta_method(self, expression, level, names, **options)

    def drop1(
        self, scope: Any = None, test: str | bool | None = "none", k: float = 2.0, *, scale: float = 0.0
    ) -> StatTable:
        """Single term deletions; see :func:`glmformula.inference.drop1.drop1`."""
        from ..inference.drop1 import drop1

        return drop1(self, scope, test, k, scale=scale)

    def add1(
        self, scope: Any, test: str | bool | None = "none", k: float = 2.0, *, scale: float = 0.0
    ) -> StatTable:
        """Single term additions; see :func:`glmformula.inference.add1.add1`."""
        from ..inference.add1 import add1

        return add1(self, scope, test, k, scale=scale)

    def step(
        self,
        scope: Any = None,
        direction: str | None = None,
        k: float = 2.0,
        trace: int | bool = 1,
        **options: Any,
    ) -> SelectedGLM:
        """The model that AIC chooses step by step; see :func:`glmformula.inference.step.step`."""
        from ..inference.step import step

        return step(self, scope, direction, k, trace, **options)

    def update(self, formula: str | None = None, **changes: Any) -> GLM:
        """The same call with changes; see :func:`glmformula.models.update.update`."""
        from .update import update

        return update(self, formula, **changes)

    def extract_aic(self, scale: float = 0.0, k: float = 2.0) -> ExtractedAIC:
        """(edf, AIC with penalty `k`); see :func:`glmformula.inference.extract_aic.extract_aic`."""
        from ..inference.extract_aic import extract_aic

        return extract_aic(self, scale, k)

    def tidy(
        self, conf_int: bool = False, conf_level: float = 0.95, exponentiate: bool = False, **options: Any
    ) -> pd.DataFrame:
        """One row for each coefficient, broom's ``tidy``; see :func:`glmformula.inference.tidy.tidy`."""
        from ..inference.tidy import tidy

        return tidy(self, conf_int, conf_level, exponentiate, **options)

    def glance(self) -> pd.DataFrame:
        """One row for the whole fit, broom's ``glance``; see :func:`glmformula.inference.tidy.glance`."""
        from ..inference.tidy import glance

        return glance(self)

    def augment(self, newdata: Any = None, **options: Any) -> Any:
        """One row for each observation, broom's ``augment``; see :func:`glmformula.inference.tidy.augment`."""
        from ..inference.tidy import augment

        return augment(self, newdata, **options)

    def plot(self, which: Any = (1, 2, 3, 5), axes: Any = None, label: int = 3) -> Any:
        """Diagnostic panels (extra ``plot``); see :func:`glmformula.plot.diagnostics.plot`."""
        from ..plot.diagnostics import plot

        return plot(self, which, axes, label)

    def simulate(self, nsim: int = 1, seed: int | None = None, *, out: Any = None) -> Any:
        """Responses drawn from the fitted model; see :func:`glmformula.inference.simulate.simulate`."""
        from ..inference.simulate import simulate

        return simulate(self, nsim, seed, out=out)

    def hatvalues(self, *, out: Any = None) -> Any:
        """Leverages; see :func:`glmformula.inference.influence.hatvalues`."""
        from ..inference.influence import hatvalues

        return hatvalues(self, out=out)

    def cooks_distance(self, *, out: Any = None) -> Any:
        """Cook's distances; see :func:`glmformula.inference.influence.cooks_distance`."""
        from ..inference.influence import cooks_distance

        return cooks_distance(self, out=out)

    def rstandard(self, type: str = "deviance", *, out: Any = None) -> Any:
        """Standardised residuals; see :func:`glmformula.inference.influence.rstandard`."""
        from ..inference.influence import rstandard

        return rstandard(self, type, out=out)

    def rstudent(self, type: str = "deviance", *, out: Any = None) -> Any:
        """Studentised residuals; see :func:`glmformula.inference.influence.rstudent`."""
        from ..inference.influence import rstudent

        return rstudent(self, type, out=out)

    def dffits(self, type: str = "deviance", *, out: Any = None) -> Any:
        """Change of each fitted value; see :func:`glmformula.inference.influence.dffits`."""
        from ..inference.influence import dffits

        return dffits(self, type, out=out)

    def dfbeta(self, type: str = "deviance", *, out: Any = None) -> Any:
        """Change of the coefficients; see :func:`glmformula.inference.influence.dfbeta`."""
        from ..inference.influence import dfbeta

        return dfbeta(self, type, out=out)

    def dfbetas(self, type: str = "deviance", *, out: Any = None) -> Any:
        """The same in standard errors; see :func:`glmformula.inference.influence.dfbetas`."""
        from ..inference.influence import dfbetas

        return dfbetas(self, type, out=out)

    def covratio(self, type: str = "deviance", *, out: Any = None) -> Any:
        """Ratio of covariance determinants; see :func:`glmformula.inference.influence.covratio`."""
        from ..inference.influence import covratio

        return covratio(self, type, out=out)

    def influence_measures(self, type: str = "deviance", *, out: Any = None) -> Any:
        """All of them in a table; see :func:`glmformula.inference.influence.influence_measures`."""
        from ..inference.influence import influence_measures

        return influence_measures(self, type, out=out)

    def overdispersion(self, alternative: str = "greater") -> HTest:
        """Pearson's ratio and its test; see :func:`glmformula.inference.goodness.overdispersion`."""
        from ..inference.goodness import overdispersion

        return overdispersion(self, alternative)

    def dispersiontest(self, trafo: Any = None, alternative: str = "greater") -> HTest:
        """Cameron and Trivedi's test; see :func:`glmformula.inference.goodness.dispersiontest`."""
        from ..inference.goodness import dispersiontest

        return dispersiontest(self, trafo, alternative)

    def hosmer_lemeshow(self, g: int = 10) -> HosmerLemeshow:
        """Goodness of fit by groups; see :func:`glmformula.inference.goodness.hosmer_lemeshow`."""
        from ..inference.goodness import hosmer_lemeshow

        return hosmer_lemeshow(self, g)

    def pseudo_r2(self) -> StatTable:
        """Measures of explained variation; see :func:`glmformula.inference.goodness.pseudo_r2`."""
        from ..inference.goodness import pseudo_r2

        return pseudo_r2(self)

    # -- printing ----------------------------------------------------------------------------------------

    def __str__(self) -> str:
        from ..inference.summary import print_text

        return print_text(self)

    __repr__ = __str__
