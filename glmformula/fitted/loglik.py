"""A log-likelihood that knows its degrees of freedom and number of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..render.anova import loglik_text
from .coefficients import kept_of

if TYPE_CHECKING:
    from .protocols import Fit


class LogLik(float):
    """R's ``logLik`` object: a float with `df` (parameters) and `nobs` (rows).

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> value = glm("left ~ overtime_hours", datasets.attrition(), family="binomial").loglik
    >>> round(float(value), 3), value.df, value.nobs
    (-93.536, 2, 500)
    """

    df: int
    nobs: int

    def __new__(cls, value: float, df: int, nobs: int) -> LogLik:
        self = super().__new__(cls, value)
        self.df, self.nobs = df, nobs
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return float(self), self.df, self.nobs

    def __repr__(self) -> str:
        return loglik_text(float(self), self.df)

    __str__ = __repr__


def loglik_of(fit: Fit) -> LogLik:
    """The log-likelihood of a fit; of one that gives a mere number with its coefficients as parameters."""
    value = fit.loglik
    if isinstance(value, LogLik):
        return value
    return LogLik(float(value), df=int(kept_of(fit).sum()), nobs=fit.nobs)
