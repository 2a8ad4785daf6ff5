"""Degrees of freedom of the tests of effects: a number that was given, or Satterthwaite's of each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...errors import DataError, FitError
from ...fitted.protocols import is_mixed
from ..mixed.satterthwaite import satterthwaite_of

if TYPE_CHECKING:
    from ..wald import Vcov
    from .table import Asking


def with_degrees(fit: Any, asking: Asking, vcov: Vcov) -> Asking:
    """The same, where "satterthwaite" is asked for with the function that gives it of gradients, as of contrasts.

    Raises
    ------
    FitError
        The model is no linear mixed one, or holds no rows.
    DataError
        Another covariance was given.
    """
    if not asking.satterthwaite:
        return asking.checked()
    if not is_mixed(fit):
        raise FitError(
            "df='satterthwaite' is of linear mixed models, such as lmer() gives: give a number of degrees of "
            "freedom, or leave df= out"
        )
    if vcov is not None:
        raise DataError("df='satterthwaite' goes with the model's own covariance: leave vcov= out")
    return replace(asking, known=satterthwaite_of(fit).degrees)
