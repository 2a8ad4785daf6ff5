"""Which verb to name instead of one that means nothing for a model."""

from __future__ import annotations

from ..fitted.protocols import is_mixed

ANY = (
    "any fit has AIC, BIC, lrtest, waldtest, coeftest, confint(method='wald'), linear_hypothesis, delta_method "
    "and tidy"
)
INSTEAD = {
    **dict.fromkeys(("brant", "nominal_test"), "it tests models of ordered categories, such as polr() gives"),
    "Anova": "linear_hypothesis() and waldtest() test its terms",
    "anova": "lrtest() and waldtest() compare models",
    "glance": "AIC(), BIC(), logLik() and nobs() describe it",
    "profile": "confint(method='wald') gives intervals",
    **dict.fromkeys(("step", "stepAIC"), "compare models with AIC(), lrtest() or waldtest()"),
    "summary": "coeftest() and tidy() give its coefficients",
    "vcov": "ask its own vcov()",
    **dict.fromkeys(
        ("add1", "addterm", "drop1", "dropterm", "extractAIC"),
        "waldtest(), lrtest() and AIC() compare it with other models",
    ),
}

ANY_MIXED = "summary, anova, drop1, confint, ranef, predict and simulate are those of mixed models"
OF_MIXED = {
    **dict.fromkeys(
        (
            *("cooks_distance", "covratio", "dfbeta", "dfbetas", "dffits", "hatvalues"),
            *("influence_measures", "rstandard", "rstudent"),
        ),
        "simulate_residuals() and check_model() look at its rows",
    ),
    **dict.fromkeys(
        ("dispersiontest", "hosmer_lemeshow"), "overdispersion() and simulate_residuals() look at its fit"
    ),
    **dict.fromkeys(
        ("bread", "estfun", "meat"), "rows of one group are not independent; vcov() is its covariance"
    ),
    **dict.fromkeys(
        ("add1", "addterm", "step", "stepAIC"),
        "drop1() leaves out each term, anova(fit, other) compares it with another model",
    ),
    "profile": "confint() gives limits of the profile, of the standard deviations too",
    "pseudo_r2": "r2() is that of mixed models",
}
"""What to name instead of a verb that means nothing for a mixed model."""


def instead_of(name: str, fit: object) -> str:
    """What to ask of this model in the place of that verb."""
    return OF_MIXED.get(name, ANY_MIXED) if is_mixed(fit) else INSTEAD.get(name, ANY)
