"""The reference: every name of ``glmformula.__all__``, by what one wants to do; what no group lists comes last."""

from __future__ import annotations

from pathlib import Path

import glmformula

GROUPS: dict[str, tuple[str, str]] = {
    "Models": (
        "Each takes a formula and data of any kind.",
        (
            "glm lm glm_nb zeroinfl hurdle multinom polr glmnet cv_glmnet lmer glmer glmer_nb glm_control "
            "set_contrasts load"
        ),
    ),
    "Families and links": (
        "R's, and your own.",
        (
            "gaussian binomial poisson Gamma inverse_gaussian quasi quasibinomial quasipoisson "
            "negative_binomial tweedie make_link power register_family register_link register_function"
        ),
    ),
    "What was found": (
        "",
        (
            "summary coef vcov confint coefci coeftest logLik AIC BIC nobs deviance sigma fitted "
            "residuals tidy glance augment extractAIC terms model_frame model_matrix case_names "
            "variable_names profile bread estfun meat"
        ),
    ),
    "Which terms matter": (
        "",
        (
            "anova Anova drop1 add1 step stepAIC dropterm addterm update lrtest waldtest "
            "linear_hypothesis vif dose_p nominal_test brant"
        ),
    ),
    "What it predicts": (
        "",
        "predict simulate delta_method predictions avg_predictions effect_plot plot_predictions to_sql what_if",
    ),
    "What it says of groups": (
        "",
        "emmeans contrast pairs emtrends joint_tests cld emmeans_plot emmip regrid",
    ),
    "Random effects": (
        "Of models by `lmer` and `glmer`.",
        "fixef ranef VarCorr ranef_plot icc r2 isSingular",
    ),
    "What it says of changes": (
        "",
        (
            "comparisons avg_comparisons slopes avg_slopes hypotheses datagrid risk_ratio risk_difference "
            "odds_ratio nnt plot_comparisons plot_slopes to_marginaleffects"
        ),
    ),
    "May it be trusted": (
        "",
        (
            "hatvalues cooks_distance rstandard rstudent dffits dfbeta dfbetas covratio "
            "influence_measures overdispersion dispersiontest hosmer_lemeshow pseudo_r2 "
            "simulate_residuals check_model detect_separation compare_counts vuong zero_test rootogram "
            "rootogram_plot theta_ml theta_md theta_mm coefficient_plot profile_plot"
        ),
    ),
    "How well it predicts": (
        "",
        (
            "roc roc_plot confusion calibration calibration_plot gini lift relativities relativities_plot "
            "validate cross_validate"
        ),
    ),
    "Tables for a report": ("", "etable"),
    "Errors and warnings": (
        "See [every message](messages.md).",
        (
            "GLMFormulaError FormulaError DataError FamilyError FitError GLMFormulaWarning "
            "ConvergenceWarning SeparationWarning RankWarning SingularWarning DataWarning "
            "DeprecatedWarning"
        ),
    ),
    "Classes": (
        "What the functions give.",
        "GLM LM GLMNB ZeroInflated Hurdle Multinom Polr Glmnet CvGlmnet LMM GLMM GLMMNB GLMs Family Link StatTable",
    ),
}
METHODS = "certificate separation plot report save strip_data"
"""Of a fitted model, without a function of the same name."""
NO_PAGES = {"datasets"}
OTHER = "Beside these"


def pages(root: Path) -> dict[str, str]:
    """The page of groups; autosummary makes a page for each name."""
    listed = [name for _, names in GROUPS.values() for name in names.split()]
    public = set(glmformula.__all__) - NO_PAGES
    if unknown := set(listed) - public:
        raise ValueError(f"docs/_generate/reference.py lists what is no public name: {sorted(unknown)}")
    groups = dict(GROUPS)
    if rest := sorted(public - set(listed)):
        groups[OTHER] = ("", " ".join(rest))
    out = [
        "# Reference",
        "",
        (
            "Every public name. What takes a fit first is a method too: `anova(fit)` is `fit.anova()`. "
            "Each page ends with an example that the tests run."
        ),
        "",
    ]
    for title, (said, names) in groups.items():
        out += [f"## {title}", "", *([said, ""] if said else []), *_table(names.split())]
    out += ["## Methods without a function", "", *_table([f"GLM.{name}" for name in METHODS.split()])]
    out += ["## Data", "", *_table(["datasets.attrition"])]
    return {"reference.md": "\n".join(out)}


def _table(names: list[str]) -> list[str]:
    listed = "\n".join(f"   {name}" for name in names)
    return [
        "```{eval-rst}",
        ".. currentmodule:: glmformula",
        "",
        ".. autosummary::",
        "   :toctree: api",
        "",
        listed,
        "```",
        "",
    ]
