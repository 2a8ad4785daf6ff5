"""The methods of fitted models: each is a verb of ``inference/`` or ``plot/``, listed once, with its own docstring.

A class of models takes the face of the largest protocol it has. A verb's module is imported when it is first
asked for, since many are and few are needed; for type checkers and editors the class has the functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeVar

from .arguments import guarded

if TYPE_CHECKING:
    import pandas as pd

    from ..inference.checks.certificate import certificate as _certificate
    from ..inference.checks.goodness import (
        dispersiontest as _dispersiontest,
        hosmer_lemeshow as _hosmer_lemeshow,
        overdispersion as _overdispersion,
        pseudo_r2 as _pseudo_r2,
    )
    from ..inference.checks.likelihood_certificate import certificate as _likelihood_certificate
    from ..inference.checks.parallel_lines import brant as _brant, nominal_test as _nominal_test
    from ..inference.checks.separation import separation as _separation
    from ..inference.checks.vif import vif as _vif
    from ..inference.covariances.covariance import vcov as _vcov
    from ..inference.covariances.likelihood_covariance import vcov as _likelihood_vcov
    from ..inference.covariances.sandwich import bread as _bread, estfun as _estfun, meat as _meat
    from ..inference.deletions.influence import (
        cooks_distance as _cooks_distance,
        covratio as _covratio,
        dfbeta as _dfbeta,
        dfbetas as _dfbetas,
        dffits as _dffits,
        hatvalues as _hatvalues,
        rstandard as _rstandard,
        rstudent as _rstudent,
    )
    from ..inference.deletions.influence_measures import influence_measures as _influence_measures
    from ..inference.effects.grids import datagrid as _datagrid
    from ..inference.effects.hypothesis_tests import hypotheses as _hypotheses
    from ..inference.effects.public import (
        avg_comparisons as _avg_comparisons,
        avg_predictions as _avg_predictions,
        avg_slopes as _avg_slopes,
        comparisons as _comparisons,
        predictions as _predictions,
        slopes as _slopes,
    )
    from ..inference.effects.risks import (
        nnt as _nnt,
        odds_ratio as _odds_ratio,
        risk_difference as _risk_difference,
        risk_ratio as _risk_ratio,
    )
    from ..inference.hypotheses.delta_method import delta_method as _delta_method
    from ..inference.hypotheses.dose import dose_p as _dose_p
    from ..inference.hypotheses.linear_hypothesis import linear_hypothesis as _linear_hypothesis
    from ..inference.intervals.confint import confint as _confint
    from ..inference.intervals.profile import profile as _profile
    from ..inference.mixed.anova import anova as _mixed_anova, drop1 as _mixed_drop1
    from ..inference.mixed.certificate import certificate as _mixed_certificate
    from ..inference.mixed.confint import confint as _mixed_confint
    from ..inference.mixed.explained import (
        icc as _icc,
        overdispersion as _mixed_overdispersion,
        r2 as _r2,
    )
    from ..inference.mixed.marginal_anova import Anova as _mixed_Anova
    from ..inference.mixed.predict import predict as _mixed_predict
    from ..inference.mixed.ranef import coef as _mixed_coef, ranef as _ranef
    from ..inference.mixed.rows import residuals as _mixed_residuals
    from ..inference.mixed.simulate import simulate as _mixed_simulate
    from ..inference.mixed.singular import isSingular as _isSingular
    from ..inference.mixed.summary import summary as _mixed_summary
    from ..inference.mixed.tidy import (
        augment as _mixed_augment,
        glance as _mixed_glance,
        model_frame as _mixed_frame,
        model_matrix as _mixed_matrix,
    )
    from ..inference.mixed.varcorr import VarCorr as _VarCorr
    from ..inference.mixed.vcov import vcov as _mixed_vcov
    from ..inference.performance.calibration import calibration as _calibration
    from ..inference.performance.discrimination import (
        confusion as _confusion,
        gini as _gini,
        lift as _lift,
        roc as _roc,
    )
    from ..inference.performance.relativities import relativities as _relativities
    from ..inference.performance.resampling import cross_validate as _cross_validate, validate as _validate
    from ..inference.rows.ordinal_rows import residuals as _ordinal_residuals
    from ..inference.rows.output import model_frame as _model_frame
    from ..inference.rows.predict import model_matrix as _model_matrix, predict as _predict
    from ..inference.rows.quantities import (
        model_matrix as _part_matrix,
        predict as _predict_quantity,
        residuals as _quantity_residuals,
        simulate as _simulate_likelihood,
    )
    from ..inference.rows.residuals import residuals as _residuals
    from ..inference.rows.simulate import simulate as _simulate
    from ..inference.side_by_side.model_table import etable as _etable
    from ..inference.sql import to_sql as _to_sql
    from ..inference.summaries.coeftest import coefci as _coefci, coeftest as _coeftest
    from ..inference.summaries.likelihood_tidy import (
        augment as _likelihood_augment,
        glance as _likelihood_glance,
    )
    from ..inference.summaries.ordinal_summary import summary as _ordinal_summary
    from ..inference.summaries.ordinal_tidy import glance as _ordinal_glance, tidy as _ordinal_tidy
    from ..inference.summaries.several_summary import summary as _several_summary
    from ..inference.summaries.summary import summary as _summary
    from ..inference.summaries.tidy import augment as _augment, glance as _glance, tidy as _tidy
    from ..inference.terms.add1 import add1 as _add1
    from ..inference.terms.anova import anova as _anova
    from ..inference.terms.drop1 import drop1 as _drop1
    from ..inference.terms.extract_aic import extract_aic as _extract_aic
    from ..inference.terms.lrtest import lrtest as _lrtest
    from ..inference.terms.marginal_anova import Anova as _Anova
    from ..inference.terms.step import step as _step
    from ..inference.terms.update import update as _update
    from ..inference.terms.waldtest import waldtest as _waldtest
    from ..plot.diagnostics import plot as _plot
    from ..report.public import report as _report
    from ..report.what_if import what_if as _what_if

C = TypeVar("C", bound=type)

# Verb to the module where its function of the same name is.
EFFECTS = dict.fromkeys(
    ("avg_comparisons", "avg_predictions", "avg_slopes", "comparisons", "predictions", "slopes"),
    "inference.effects.public",
) | dict.fromkeys(("nnt", "odds_ratio", "risk_difference", "risk_ratio"), "inference.effects.risks")
FIT = {
    "coefci": "inference.summaries.coeftest",
    "coeftest": "inference.summaries.coeftest",
    "confint": "inference.intervals.confint",
    "datagrid": "inference.effects.grids",
    "delta_method": "inference.hypotheses.delta_method",
    "etable": "inference.side_by_side.model_table",
    "hypotheses": "inference.effects.hypothesis_tests",
    "linear_hypothesis": "inference.hypotheses.linear_hypothesis",
    "lrtest": "inference.terms.lrtest",
    "report": "report.public",
    "tidy": "inference.summaries.tidy",
    "update": "inference.terms.update",
    "waldtest": "inference.terms.waldtest",
}
PREDICTIVE = {
    "calibration": "inference.performance.calibration",
    "cross_validate": "inference.performance.resampling",
    "validate": "inference.performance.resampling",
} | dict.fromkeys(("confusion", "gini", "lift", "roc"), "inference.performance.discrimination")
SCORED = dict.fromkeys(("bread", "meat"), "inference.covariances.sandwich")
SINGLE_INDEX = {
    "Anova": "inference.terms.marginal_anova",
    "add1": "inference.terms.add1",
    "anova": "inference.terms.anova",
    "augment": "inference.summaries.tidy",
    "certificate": "inference.checks.certificate",
    "dispersiontest": "inference.checks.goodness",
    "dose_p": "inference.hypotheses.dose",
    "drop1": "inference.terms.drop1",
    "estfun": "inference.covariances.sandwich",
    "extract_aic": "inference.terms.extract_aic",
    "glance": "inference.summaries.tidy",
    "hosmer_lemeshow": "inference.checks.goodness",
    "influence_measures": "inference.deletions.influence_measures",
    "model_frame": "inference.rows.output",
    "model_matrix": "inference.rows.predict",
    "overdispersion": "inference.checks.goodness",
    "plot": "plot.diagnostics",
    "predict": "inference.rows.predict",
    "profile": "inference.intervals.profile",
    "pseudo_r2": "inference.checks.goodness",
    "relativities": "inference.performance.relativities",
    "residuals": "inference.rows.residuals",
    "separation": "inference.checks.separation",
    "simulate": "inference.rows.simulate",
    "step": "inference.terms.step",
    "summary": "inference.summaries.summary",
    "to_sql": "inference.sql",
    "vcov": "inference.covariances.covariance",
    "vif": "inference.checks.vif",
    "what_if": "report.what_if",
} | dict.fromkeys(
    (
        *("cooks_distance", "covratio", "dfbeta", "dfbetas", "dffits", "hatvalues"),
        *("rstandard", "rstudent"),
    ),
    "inference.deletions.influence",
)


LIKELIHOOD = {
    "Anova": "inference.terms.marginal_anova",
    "add1": "inference.terms.add1",
    "anova": "inference.terms.anova",
    "augment": "inference.summaries.likelihood_tidy",
    "certificate": "inference.checks.likelihood_certificate",
    "drop1": "inference.terms.drop1",
    "estfun": "inference.covariances.sandwich",
    "extract_aic": "inference.terms.extract_aic",
    "glance": "inference.summaries.likelihood_tidy",
    "model_frame": "inference.rows.output",
    "model_matrix": "inference.rows.quantities",
    "predict": "inference.rows.quantities",
    "residuals": "inference.rows.quantities",
    "simulate": "inference.rows.quantities",
    "step": "inference.terms.step",
    "summary": "inference.summaries.several_summary",
    "to_sql": "inference.sql",
    "vcov": "inference.covariances.likelihood_covariance",
}
MIXED = {
    "Anova": "inference.mixed.marginal_anova",
    "VarCorr": "inference.mixed.varcorr",
    "anova": "inference.mixed.anova",
    "augment": "inference.mixed.tidy",
    "certificate": "inference.mixed.certificate",
    "coef": "inference.mixed.ranef",
    "confint": "inference.mixed.confint",
    "drop1": "inference.mixed.anova",
    "extract_aic": "inference.terms.extract_aic",
    "glance": "inference.mixed.tidy",
    "icc": "inference.mixed.explained",
    "isSingular": "inference.mixed.singular",
    "model_frame": "inference.mixed.tidy",
    "model_matrix": "inference.mixed.tidy",
    "overdispersion": "inference.mixed.explained",
    "predict": "inference.mixed.predict",
    "r2": "inference.mixed.explained",
    "ranef": "inference.mixed.ranef",
    "relativities": "inference.performance.relativities",
    "residuals": "inference.mixed.rows",
    "simulate": "inference.mixed.simulate",
    "summary": "inference.mixed.summary",
    "to_sql": "inference.sql",
    "vcov": "inference.mixed.vcov",
    "vif": "inference.checks.vif",
    "what_if": "report.what_if",
}
ORDINAL = {
    "brant": "inference.checks.parallel_lines",
    "glance": "inference.summaries.ordinal_tidy",
    "nominal_test": "inference.checks.parallel_lines",
    "residuals": "inference.rows.ordinal_rows",
    "summary": "inference.summaries.ordinal_summary",
    "tidy": "inference.summaries.ordinal_tidy",
}


@cache
def verb(module: str, name: str) -> Callable[..., Any]:
    """The function of that name, its arguments checked."""
    return guarded(getattr(import_module(f"..{module}", __package__), name))


class Verb:
    """A function of a fit as its method; found when it is asked for."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    @property
    def function(self) -> Callable[..., Any]:
        return verb(self.module, self.name)

    def __get__(self, fit: object, owner: type | None = None) -> Any:
        return self.function if fit is None else MethodType(self.function, fit)


def face(verbs: Mapping[str, str]) -> Callable[[C], C]:
    """Give a class these verbs as methods."""

    def decorate(cls: C) -> C:
        for name, module in verbs.items():
            setattr(cls, name, Verb(module, name))
        return cls

    return decorate


@face(FIT)
class FitVerbs:
    """The methods of every model with coefficients and their covariance."""

    if TYPE_CHECKING:
        coefci = _coefci
        coeftest = _coeftest
        confint = _confint
        datagrid = _datagrid
        delta_method = _delta_method
        etable = _etable
        hypotheses = _hypotheses
        linear_hypothesis = _linear_hypothesis
        lrtest = _lrtest
        report = _report
        tidy = _tidy
        update = _update
        waldtest = _waldtest

    # what the tables of maketables ask of a model, by its plug-in format

    @property
    def __maketables_coef_table__(self) -> pd.DataFrame:
        return verb("inference.side_by_side.model_columns", "coefficient_table")(self)

    def __maketables_stat__(self, key: str) -> float | None:
        return verb("inference.side_by_side.model_columns", "whole_statistic")(self, key)

    @property
    def __maketables_depvar__(self) -> str:
        return verb("fitted.coefficients", "response_of")(self)

    @property
    def __maketables_default_stat_keys__(self) -> list[str]:
        return ["N", "ll", "aic"]


@face(SCORED)
class ScoredVerbs(FitVerbs):
    """Those of a model that has estimating functions beside."""

    if TYPE_CHECKING:
        bread = _bread
        meat = _meat


@face(EFFECTS)
class EffectVerbs:
    """What a model says of rows and of changes in them."""

    if TYPE_CHECKING:
        avg_comparisons = _avg_comparisons
        avg_predictions = _avg_predictions
        avg_slopes = _avg_slopes
        comparisons = _comparisons
        nnt = _nnt
        odds_ratio = _odds_ratio
        predictions = _predictions
        risk_difference = _risk_difference
        risk_ratio = _risk_ratio
        slopes = _slopes


@face(PREDICTIVE)
class PredictiveVerbs:
    """How well a model tells rows apart, and how true it is."""

    if TYPE_CHECKING:
        calibration = _calibration
        confusion = _confusion
        cross_validate = _cross_validate
        gini = _gini
        lift = _lift
        roc = _roc
        validate = _validate


@face(LIKELIHOOD)
class LikelihoodVerbs(EffectVerbs, PredictiveVerbs, ScoredVerbs):
    """Those of a model of a row-wise likelihood with several linear predictors."""

    if TYPE_CHECKING:
        Anova = _Anova
        add1 = _add1
        anova = _anova
        augment = _likelihood_augment
        certificate = _likelihood_certificate
        drop1 = _drop1
        estfun = _estfun
        extract_aic = _extract_aic
        glance = _likelihood_glance
        model_frame = _model_frame
        model_matrix = _part_matrix
        predict = _predict_quantity
        residuals = _quantity_residuals
        simulate = _simulate_likelihood
        step = _step
        summary = _several_summary
        to_sql = _to_sql
        vcov = _likelihood_vcov


@face(ORDINAL)
class OrdinalVerbs(LikelihoodVerbs):
    """Those of a model of ordered categories, some of them its own."""

    if TYPE_CHECKING:
        brant = _brant
        glance = _ordinal_glance
        nominal_test = _nominal_test
        residuals = _ordinal_residuals
        tidy = _ordinal_tidy
        summary = _ordinal_summary  # type: ignore[assignment]


@face(MIXED)
class MixedVerbs(EffectVerbs, PredictiveVerbs, FitVerbs):
    """Those of a model with random effects."""

    if TYPE_CHECKING:
        augment = _mixed_augment
        certificate = _mixed_certificate
        extract_aic = _extract_aic
        glance = _mixed_glance
        model_frame = _mixed_frame
        model_matrix = _mixed_matrix
        Anova = _mixed_Anova
        VarCorr = _VarCorr
        anova = _mixed_anova
        coef = _mixed_coef
        confint = _mixed_confint  # type: ignore[assignment]
        drop1 = _mixed_drop1
        icc = _icc
        isSingular = _isSingular
        overdispersion = _mixed_overdispersion
        r2 = _r2
        predict = _mixed_predict
        ranef = _ranef
        relativities = _relativities
        residuals = _mixed_residuals
        simulate = _mixed_simulate
        summary = _mixed_summary
        to_sql = _to_sql
        vcov = _mixed_vcov
        vif = _vif
        what_if = _what_if


@face(SINGLE_INDEX)
class SingleIndexVerbs(EffectVerbs, PredictiveVerbs, ScoredVerbs):
    """Those of a model of one linear predictor."""

    if TYPE_CHECKING:
        add1 = _add1
        Anova = _Anova
        anova = _anova
        augment = _augment
        certificate = _certificate
        cooks_distance = _cooks_distance
        covratio = _covratio
        dfbeta = _dfbeta
        dfbetas = _dfbetas
        dffits = _dffits
        dispersiontest = _dispersiontest
        dose_p = _dose_p
        drop1 = _drop1
        estfun = _estfun
        extract_aic = _extract_aic
        glance = _glance
        hatvalues = _hatvalues
        hosmer_lemeshow = _hosmer_lemeshow
        influence_measures = _influence_measures
        model_frame = _model_frame
        model_matrix = _model_matrix
        overdispersion = _overdispersion
        plot = _plot
        predict = _predict
        profile = _profile
        pseudo_r2 = _pseudo_r2
        relativities = _relativities
        residuals = _residuals
        rstandard = _rstandard
        rstudent = _rstudent
        separation = _separation
        simulate = _simulate
        step = _step
        summary = _summary
        to_sql = _to_sql
        vcov = _vcov
        vif = _vif
        what_if = _what_if
