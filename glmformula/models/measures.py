"""What cross-validation and assessment measure, by family: glmnet's measures and their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..engine.penalised import folds as cv
from ..fitted.protocols import shown

if TYPE_CHECKING:
    from ..families import Family

# Measures and their names, the first the default, by family and link; of all others below.
MSE, MAE = "Mean-Squared Error", "Mean Absolute Error"
Measures = Mapping[str, tuple[str, "cv.Loss | None"]]
NORMAL: Measures = {
    "mse": (MSE, cv.squared),
    "deviance": ("Mean-squared Error", cv.squared),
    "mae": (MAE, cv.absolute),
}
KNOWN: Mapping[tuple[str, str], Measures] = {
    ("gaussian", "identity"): NORMAL,
    ("binomial", "logit"): {
        "deviance": ("Binomial Deviance", cv.bounded_deviance),
        "class": ("Misclassification Error", cv.misclassified),
        "auc": ("AUC", None),
        "mse": (MSE, cv.twice_squared),
        "mae": (MAE, cv.twice_absolute),
    },
    ("poisson", "log"): {
        "deviance": ("Poisson Deviance", cv.deviance),
        "mse": (MSE, cv.squared),
        "mae": (MAE, cv.absolute),
    },
}
OTHERS: Measures = {
    "deviance": ("GLM Deviance", cv.deviance),
    "mse": (MSE, cv.squared),
    "mae": (MAE, cv.absolute),
}


def measures_of(family: Family) -> Measures:
    """The measures of a family, by name: their name in print, and the loss of rows (None: area under the ROC curve)."""
    return KNOWN.get((family.name, family.link.name), OTHERS)


def measure_of(asked: Any, family: Family) -> tuple[str, tuple[str, cv.Loss | None]]:
    """The measure, its name and the loss of rows (None: the area under the ROC curve).

    Raises
    ------
    ValueError
        The family has no such measure.
    """
    known = measures_of(family)
    name = next(iter(known)) if asked is None else asked
    if not isinstance(name, str) or name not in known:
        raise ValueError(
            f"Only {', '.join(known)} available as type_measure for this family ({family.name}, link "
            f"{family.link.name}); got {shown(asked)}"
        )
    return name, known[name]
