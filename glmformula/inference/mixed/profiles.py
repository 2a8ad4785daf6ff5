"""The deviance of a fitted linear mixed model as a function of theta, its rows gathered again."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ...engine.mixed.approximation import Approximation
from ...engine.mixed.generalized import deviance_of
from ...engine.mixed.packed import packed
from ...engine.mixed.profiled import Profiled
from ...engine.mixed.sums import Basis, gathered
from ...errors import hearing
from ...runtime.blas import one_blas_thread

if TYPE_CHECKING:
    from ...fitted.protocols import Fit, Mixed

M = TypeVar("M", bound="Fit")


def by_likelihood(fit: M) -> M:
    """The fit by maximum likelihood, where it is one by REML; what its warnings say, the fit itself has said."""
    if fit.criterion != "REML":
        return fit
    with hearing():
        return fit.refit(REML=False)


def profiled(fit: Mixed, reml: bool) -> Profiled:
    """The profiled deviance, restricted or not, of a fit's rows.

    Raises
    ------
    DataError
        The model holds no rows.
    """
    basis = Basis.around(fit.result.coefficients, fit.result.covariance)
    with one_blas_thread():
        return Profiled(fit.structure, gathered(fit.structure, fit.every_row.source, basis), basis, reml)


def approximated(fit: Mixed) -> Approximation:
    """The deviance of (gamma, theta) of a generalized model, exact, its modes those of the fit.

    Raises
    ------
    DataError
        The model holds no rows.
    """
    basis = Basis.around(fit.result.coefficients, fit.result.covariance)
    rows = packed(fit.structure, fit.every_row.source, basis)
    model = deviance_of(fit.structure, rows, basis, fit.family, getattr(fit, "nAGQ", 1))
    model.tighten()
    return model
