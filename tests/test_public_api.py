"""What a user can type: the names, the arguments, and what importing them costs."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tomllib
from importlib.metadata import version

import pytest

import glmformula
from glmformula import glm
from glmformula.datasets import attrition

NAMES = """
    glm glm_nb lm glm_control GLM GLMs GLMNB LM zeroinfl hurdle ZeroInflated Hurdle
    vuong zero_test rootogram rootogram_plot StatTable datasets multinom Multinom
    polr Polr glmnet Glmnet cv_glmnet CvGlmnet brant nominal_test
    gaussian binomial poisson Gamma inverse_gaussian quasi quasibinomial quasipoisson
    negative_binomial tweedie
    Family Link make_link power register_family register_link register_function
    set_contrasts
    AIC BIC anova coef confint deviance fitted load logLik nobs predict residuals simulate summary vcov
    drop1 add1 step update extractAIC detect_separation
    model_frame model_matrix terms
    hatvalues cooks_distance rstandard rstudent dffits dfbeta dfbetas covratio influence_measures
    bread meat estfun etable
    simulate_residuals check_model roc confusion calibration gini lift relativities cross_validate validate
    theta_ml theta_md theta_mm
    compare_counts overdispersion dispersiontest hosmer_lemeshow pseudo_r2
    GLMFormulaError FormulaError DataError FamilyError FitError
    GLMFormulaWarning ConvergenceWarning SeparationWarning RankWarning DataWarning DeprecatedWarning
    stepAIC dropterm addterm dose_p sigma case_names variable_names
    Anova coefci coeftest delta_method linear_hypothesis lrtest vif waldtest profile tidy glance augment
    coefficient_plot effect_plot profile_plot roc_plot calibration_plot relativities_plot
    plot_predictions plot_comparisons plot_slopes
    emmeans_plot emmip emmeans emtrends contrast pairs joint_tests cld regrid
    predictions avg_predictions comparisons avg_comparisons slopes avg_slopes hypotheses datagrid to_marginaleffects
    risk_ratio risk_difference odds_ratio nnt to_sql what_if
    lmer LMM glmer GLMM glmer_nb GLMMNB fixef ranef ranef_plot VarCorr icc r2 isSingular SingularWarning
""".split()
ARGUMENTS = {
    "glm": (
        "formula data family='gaussian' *weights=None *subset=None *na_action='na.omit' *start=None "
        "*etastart=None *mustart=None *offset=None *control=None *contrasts=None *method='auto' "
        "*progress=None *by=None *compress=None **control_arguments"
    ),
    "glm_nb": (
        "formula data *weights=None *subset=None *na_action='na.omit' *start=None *etastart=None *mustart=None "
        "*offset=None *control=None *contrasts=None *method='auto' *progress=None *init_theta=None *link='log' "
        "**control_arguments"
    ),
    "lm": (
        "formula data *weights=None *subset=None *na_action='na.omit' *offset=None *contrasts=None *method='auto' "
        "*progress=None"
    ),
    "LM.summary": "self correlation=False vcov=None *digits=4 *signif_stars=True",
    "LM.anova": "self *others *test='F' *scale=0.0",
    "LM.Anova": "self type='II' *error=None *vcov=None",
    "LM.confint": "self parm=None level=0.95 method=None *vcov=None",
    "LM.predict": (
        "self newdata=None type='response' se_fit=False *dispersion=None *terms=None *interval=None *level=0.95 "
        "*weights=None *na_action='na.pass' *new_levels='error' *vcov=None *out=None"
    ),
    "LM.residuals": "self type='working' seed=None *out=None",
    "multinom": (
        "formula data *weights=None *subset=None *na_action='na.omit' *offset=None *contrasts=None "
        "*reference=None *control=None *progress=None"
    ),
    "polr": (
        "formula data *method='logistic' *weights=None *subset=None *na_action='na.omit' *offset=None *contrasts=None "
        "*parallel=None *start=None *control=None *progress=None"
    ),
    "Polr.summary": "fit correlation=False digits=4 *vcov=None",
    "zeroinfl": (
        "formula data *dist='poisson' *link='logit' *weights=None *subset=None *na_action='na.omit' *offset=None "
        "*contrasts=None *control=None *progress=None"
    ),
    "hurdle": (
        "formula data *dist='poisson' *zero_dist='binomial' *link='logit' *weights=None *subset=None "
        "*na_action='na.omit' *offset=None *contrasts=None *control=None *progress=None"
    ),
    "glm_control": "epsilon=1e-08 maxit=25 trace=False",
    "negative_binomial": "theta link='log'",
    "model_matrix": "formula data=None *newdata=None *contrasts=None *out=None",
    "terms": "formula data=None",
    "GLM.summary": "self dispersion=None correlation=False vcov=None *digits=4 *signif_stars=True",
    "GLM.predict": (
        "self newdata=None type='link' se_fit=False *dispersion=None *terms=None *interval=None "
        "*level=0.95 *na_action='na.pass' *new_levels='error' *vcov=None *out=None"
    ),
    "GLM.residuals": "self type='deviance' seed=None *out=None",
    "GLM.vcov": "self type=None cluster=None complete=True *cadjust=True *multi0=False *fix=False *dispersion=None",
    "GLM.anova": "self *others *test=None *dispersion=None",
    "GLM.drop1": "self scope=None test='none' k=2.0 *scale=0.0",
    "GLM.add1": "self scope test='none' k=2.0 *scale=0.0",
    "GLM.step": "self scope=None direction=None k=2.0 trace=1 *scale=0.0 *test='none' *steps=1000",
    "GLM.update": "self formula=None **changes",
    "GLM.simulate": "self nsim=1 seed=None *out=None",
    "GLM.model_matrix": "self newdata=None *out=None",
}
ATTRIBUTES = """
    coefficients fitted_values linear_predictors weights prior_weights y offset rank family deviance
    null_deviance aic bic loglik dispersion df_residual df_null nobs iter converged boundary formula terms
    xlevels contrasts na_action control call method
""".split()


def spelt(parameter: inspect.Parameter) -> str:
    star = {parameter.KEYWORD_ONLY: "*", parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
    default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
    return star.get(parameter.kind, "") + parameter.name + default


def test_the_public_names_are_these():
    assert sorted(glmformula.__all__) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there_and_explained(name):
    assert inspect.getdoc(getattr(glmformula, name))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments(name):
    function = glmformula
    for part in name.split("."):
        function = getattr(function, part)
    parameters = list(inspect.signature(function).parameters.values())
    of_method = name.startswith(("GLM.", "LM."))  # the fit is its first, whatever it is called
    assert " ".join(map(spelt, parameters[of_method:])) == ARGUMENTS[name].removeprefix("self ")


def test_a_fitted_model_has_its_attributes():
    fit = glm("left ~ overtime_hours", data=attrition(), family="binomial")
    assert [name for name in ATTRIBUTES if not hasattr(fit, name)] == []
    assert fit.fitted_values.index.equals(attrition().index)


def test_the_versions_agree(reference):
    project = tomllib.loads((reference.parent.parent / "pyproject.toml").read_text())["project"]
    assert glmformula.__version__ == project["version"] == version("glmformula")


def test_importing_loads_nothing_that_few_need():
    code = "import sys, glmformula; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    assert not loaded & {"matplotlib", "statsmodels", "sklearn", "dask", "polars", "IPython", "tabulate"}
    assert not loaded & {"scipy.special", "scipy.optimize", "scipy.stats", "scipy.interpolate"}


def test_ci_runs_the_readme_s_test_command(reference):
    root = reference.parent.parent
    shell = [block.split("```")[0].strip() for block in (root / "README.md").read_text().split("```bash")[1:]]
    assert len(shell) == 2
    assert shell[0].endswith("python -m glmformula demo")
    assert shell[1].endswith("pytest -q -n 2 --dist worksteal")
    assert shell[1] in (root / ".ci/run").read_text().splitlines()
