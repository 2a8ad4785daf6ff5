"""R's ``glm()`` for Python: formulas, families, inference and R's printed tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import datasets
from .errors import (
    ConvergenceWarning,
    DataError,
    DataWarning,
    DeprecatedWarning,
    FamilyError,
    FitError,
    FormulaError,
    GLMFormulaError,
    GLMFormulaWarning,
    RankWarning,
    SeparationWarning,
    SingularWarning,
)
from .families import (
    Family,
    Gamma,
    Link,
    binomial,
    gaussian,
    inverse_gaussian,
    make_link,
    negative_binomial,
    poisson,
    power,
    quasi,
    quasibinomial,
    quasipoisson,
    register_family,
    register_link,
    tweedie,
)
from .formula.functions import register_function, set_contrasts
from .models import generics
from .models.control import glm_control
from .models.cv_glmnet import CvGlmnet, cv_glmnet
from .models.generics import (
    AIC,
    BIC,
    case_names,
    coef,
    deviance,
    fitted,
    fixef,
    logLik,
    model_frame,
    model_matrix,
    nobs,
    sigma,
    terms,
    variable_names,
)
from .models.glm import glm
from .models.glm_nb import GLMNB, glm_nb
from .models.glmer import GLMM, glmer
from .models.glmer_nb import GLMMNB, glmer_nb
from .models.glmnet import glmnet
from .models.hurdle import Hurdle, hurdle
from .models.lm import LM, lm
from .models.lmer import LMM, lmer
from .models.loading import load
from .models.model import GLM
from .models.multinom import Multinom, multinom
from .models.penalised import Glmnet
from .models.polr import Polr, polr
from .models.zero_counts import ZeroInflated, zeroinfl
from .render.table import StatTable

__version__ = "0.2.0"

if TYPE_CHECKING:  # found when asked for, by `__getattr__`
    from .inference.checks.goodness import dispersiontest, hosmer_lemeshow, overdispersion, pseudo_r2
    from .inference.checks.parallel_lines import brant, nominal_test
    from .inference.checks.rootogram import rootogram
    from .inference.checks.separation import detect_separation
    from .inference.checks.simulated_residuals import simulate_residuals
    from .inference.checks.vif import vif
    from .inference.checks.vuong import vuong
    from .inference.checks.zero_test import zero_test
    from .inference.covariances.covariance import vcov
    from .inference.covariances.sandwich import bread, estfun, meat
    from .inference.deletions.influence import (
        cooks_distance,
        covratio,
        dfbeta,
        dfbetas,
        dffits,
        hatvalues,
        rstandard,
        rstudent,
    )
    from .inference.deletions.influence_measures import influence_measures
    from .inference.effects.adapter import to_marginaleffects
    from .inference.effects.grids import datagrid
    from .inference.effects.hypothesis_tests import hypotheses
    from .inference.effects.public import (
        avg_comparisons,
        avg_predictions,
        avg_slopes,
        comparisons,
        predictions,
        slopes,
    )
    from .inference.effects.risks import nnt, odds_ratio, risk_difference, risk_ratio
    from .inference.hypotheses.delta_method import delta_method
    from .inference.hypotheses.dose import dose_p
    from .inference.hypotheses.linear_hypothesis import linear_hypothesis
    from .inference.intervals.confint import confint
    from .inference.intervals.profile import profile
    from .inference.means.contrasts import contrast, pairs
    from .inference.means.joint import joint_tests
    from .inference.means.letters import cld
    from .inference.means.means import emmeans
    from .inference.means.regrid import regrid
    from .inference.means.trends import emtrends
    from .inference.mixed.explained import icc, r2
    from .inference.mixed.ranef import ranef
    from .inference.mixed.singular import isSingular
    from .inference.mixed.varcorr import VarCorr
    from .inference.performance.calibration import calibration
    from .inference.performance.discrimination import confusion, gini, lift, roc
    from .inference.performance.relativities import relativities
    from .inference.performance.resampling import cross_validate, validate
    from .inference.rows.predict import predict
    from .inference.rows.residuals import residuals
    from .inference.rows.simulate import simulate
    from .inference.side_by_side.model_table import etable
    from .inference.sql import to_sql
    from .inference.summaries.coeftest import coefci, coeftest
    from .inference.summaries.summary import summary
    from .inference.summaries.tidy import augment, glance, tidy
    from .inference.terms.add1 import add1, add1 as addterm
    from .inference.terms.anova import anova
    from .inference.terms.drop1 import drop1, drop1 as dropterm
    from .inference.terms.extract_aic import extract_aic as extractAIC
    from .inference.terms.lrtest import lrtest
    from .inference.terms.marginal_anova import Anova
    from .inference.terms.step import step, step as stepAIC
    from .inference.terms.update import update
    from .inference.terms.waldtest import waldtest
    from .inference.theta import theta_md, theta_ml, theta_mm
    from .models.compare_counts import compare_counts
    from .models.many import GLMs
    from .plot.changes import plot_comparisons, plot_predictions, plot_slopes
    from .plot.checks import check_model
    from .plot.coefficients import coefficient_plot, profile_plot
    from .plot.discrimination import calibration_plot, roc_plot
    from .plot.effects import effect_plot
    from .plot.means import emmeans_plot, emmip
    from .plot.mixed import ranef_plot
    from .plot.relativities import relativities_plot
    from .plot.rootogram import rootogram_plot
    from .report.what_if import what_if

__all__ = [
    "AIC",
    "BIC",
    "GLM",
    "GLMM",
    "GLMMNB",
    "GLMNB",
    "LM",
    "LMM",
    "Anova",
    "ConvergenceWarning",
    "CvGlmnet",
    "DataError",
    "DataWarning",
    "DeprecatedWarning",
    "Family",
    "FamilyError",
    "FitError",
    "FormulaError",
    "GLMFormulaError",
    "GLMFormulaWarning",
    "GLMs",
    "Gamma",
    "Glmnet",
    "Hurdle",
    "Link",
    "Multinom",
    "Polr",
    "RankWarning",
    "SeparationWarning",
    "SingularWarning",
    "StatTable",
    "VarCorr",
    "ZeroInflated",
    "add1",
    "addterm",
    "anova",
    "augment",
    "avg_comparisons",
    "avg_predictions",
    "avg_slopes",
    "binomial",
    "brant",
    "bread",
    "calibration",
    "calibration_plot",
    "case_names",
    "check_model",
    "cld",
    "coef",
    "coefci",
    "coefficient_plot",
    "coeftest",
    "compare_counts",
    "comparisons",
    "confint",
    "confusion",
    "contrast",
    "cooks_distance",
    "covratio",
    "cross_validate",
    "cv_glmnet",
    "datagrid",
    "datasets",
    "delta_method",
    "detect_separation",
    "deviance",
    "dfbeta",
    "dfbetas",
    "dffits",
    "dispersiontest",
    "dose_p",
    "drop1",
    "dropterm",
    "effect_plot",
    "emmeans",
    "emmeans_plot",
    "emmip",
    "emtrends",
    "estfun",
    "etable",
    "extractAIC",
    "fitted",
    "fixef",
    "gaussian",
    "gini",
    "glance",
    "glm",
    "glm_control",
    "glm_nb",
    "glmer",
    "glmer_nb",
    "glmnet",
    "hatvalues",
    "hosmer_lemeshow",
    "hurdle",
    "hypotheses",
    "icc",
    "influence_measures",
    "inverse_gaussian",
    "isSingular",
    "joint_tests",
    "lift",
    "linear_hypothesis",
    "lm",
    "lmer",
    "load",
    "logLik",
    "lrtest",
    "make_link",
    "meat",
    "model_frame",
    "model_matrix",
    "multinom",
    "negative_binomial",
    "nnt",
    "nobs",
    "nominal_test",
    "odds_ratio",
    "overdispersion",
    "pairs",
    "plot_comparisons",
    "plot_predictions",
    "plot_slopes",
    "poisson",
    "polr",
    "power",
    "predict",
    "predictions",
    "profile",
    "profile_plot",
    "pseudo_r2",
    "quasi",
    "quasibinomial",
    "quasipoisson",
    "r2",
    "ranef",
    "ranef_plot",
    "register_family",
    "register_function",
    "register_link",
    "regrid",
    "relativities",
    "relativities_plot",
    "residuals",
    "risk_difference",
    "risk_ratio",
    "roc",
    "roc_plot",
    "rootogram",
    "rootogram_plot",
    "rstandard",
    "rstudent",
    "set_contrasts",
    "sigma",
    "simulate",
    "simulate_residuals",
    "slopes",
    "step",
    "stepAIC",
    "summary",
    "terms",
    "theta_md",
    "theta_ml",
    "theta_mm",
    "tidy",
    "to_marginaleffects",
    "to_sql",
    "tweedie",
    "update",
    "validate",
    "variable_names",
    "vcov",
    "vif",
    "vuong",
    "waldtest",
    "what_if",
    "zero_test",
    "zeroinfl",
]


def __getattr__(name: str) -> Callable[..., Any]:
    found: Callable[..., Any]
    if name == "GLMs":  # few need it
        from .models.many import GLMs as found
    else:
        found = generics.function(name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
