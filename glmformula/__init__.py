"""R's ``glm()`` for Python: formulas, families, inference and R's printed tables."""

from __future__ import annotations

from .errors import (
    ConvergenceWarning,
    DataError,
    DataWarning,
    FamilyError,
    FitError,
    FormulaError,
    GLMFormulaError,
    GLMFormulaWarning,
    RankWarning,
    SeparationWarning,
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
from .formula.algebra import terms
from .formula.functions import register_function
from .models.generics import (
    AIC,
    BIC,
    anova,
    coef,
    confint,
    deviance,
    fitted,
    logLik,
    model_frame,
    model_matrix,
    nobs,
    predict,
    residuals,
    simulate,
    summary,
    vcov,
)
from .models.glm import glm, glm_control
from .models.model import GLM
from .render.table import StatTable

__version__ = "0.1.0"

__all__ = [name for name in dir() if not name.startswith("_") and name not in ("annotations", "errors")]
