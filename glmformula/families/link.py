"""Link functions: R's make.link and power, as records of module-level functions.

Every function takes and returns float64 arrays, elementwise, without a warning; outside its domain it
gives NaN. R's clamps of probabilities are kept (McCullagh & Nelder 1989, chapter 2, for the links themselves):
they bound mu away from 0 and 1, so they decide the iterates under separation; what is beyond them is in `tails`.
Log and power links are held above underflow only: means may be in any unit. `identity` and the kernels may return
their argument itself: treat what comes back as read-only.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property, partial, wraps
from typing import ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt
import scipy  # scipy.special loads when it is first used, and not with this package

from ..errors import FamilyError, nearest
from .arguments import real_number

Array = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]
ArrayFunction = Callable[[Array], Array]

EPS = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)
SQRT_2PI = float(np.sqrt(2.0 * np.pi))
LOGIT_LIMIT = 30.0
PROBIT_LIMIT = 8.125890664701906  # R's -qnorm(eps)
FAR, FURTHEST = 1e6, 1e300
CAUCHIT_LIMIT = 1433540284805664.8  # R's -qcauchy(eps)

_silence: ContextVar[bool] = ContextVar("silence", default=False)
P = ParamSpec("P")
T = TypeVar("T")


def quiet(function: Callable[P, T]) -> Callable[P, T]:
    """The function without NumPy's warnings; one called by another such finds them off and leaves them so.

    Before NumPy 2 an `errstate` shared by calls does not restore them.
    """

    @wraps(function)
    def silent(*args: P.args, **kwargs: P.kwargs) -> T:
        if _silence.get():
            return function(*args, **kwargs)
        token = _silence.set(True)
        try:
            with np.errstate(all="ignore"):
                return function(*args, **kwargs)
        finally:
            _silence.reset(token)

    return silent


def everywhere(eta: Array) -> Mask:
    """Every eta is valid."""
    return np.ones(np.shape(eta), dtype=bool)


@dataclass(frozen=True)
class Link:
    """A link function eta = g(mu).

    Attributes
    ----------
    name : str
        R's name, as printed after "Link function:".
    linkfun : callable, mu -> eta
    linkinv : callable, eta -> mu
    mu_eta : callable, eta -> dmu/deta
    valid_eta : callable, eta -> bool ndarray
        True where `eta` is in the domain of `linkinv`; R's `valideta` is ``valid_eta(eta).all()``.

    Notes
    -----
    Use module-level functions (or ``functools.partial`` of them), so that the link pickles and can travel to
    workers.

    Examples
    --------
    >>> import numpy as np
    >>> from glmformula import make_link
    >>> logit = make_link("logit")
    >>> logit.linkinv(np.array([-1.0, 0.0, 1.0])).round(3)
    array([0.269, 0.5  , 0.731])
    >>> logit.mu_eta(np.array([0.0]))
    array([0.25])
    """

    name: str
    linkfun: ArrayFunction
    linkinv: ArrayFunction
    mu_eta: ArrayFunction
    valid_eta: Callable[[Array], Mask] = everywhere

    @cached_property
    def far_means(self) -> dict[float, tuple[float, bool]]:
        """Mean and validity at eta = 0, 1, 2, `FAR` and `FURTHEST`, and their negatives: how the link ends."""
        eta = np.outer([0.0, 1.0, 2.0, FAR, FURTHEST], [-1.0, 1.0]).ravel()
        with np.errstate(all="ignore"):
            means, valid = self.linkinv(eta), self.valid_eta(eta)
        return dict(zip(eta.tolist(), zip(means.tolist(), valid.tolist())))

    def __repr__(self) -> str:
        return f"<link: {self.name}>"


# logit: R's C code takes eta outside [-30, 30] as if exp(eta) were eps or 1/eps.


@quiet
def logit_fun(mu: Array) -> Array:
    return np.log(mu / (1.0 - mu))


def _odds(eta: Array) -> tuple[Array, Mask | None]:
    """exp(eta), eta held within the limits, and the mask of the rows beyond them, if there are any."""
    size = np.abs(eta)
    if size.max(initial=0.0) <= LOGIT_LIMIT:
        return np.exp(eta), None
    return np.exp(np.clip(eta, -LOGIT_LIMIT, LOGIT_LIMIT)), size > LOGIT_LIMIT


@quiet
def logit_inv(eta: Array) -> Array:
    odds, beyond = _odds(eta)
    mu = odds / (1.0 + odds)
    return mu if beyond is None else _logit_tails(eta, mu, beyond)


def _logit_tails(eta: Array, mu: Array, beyond: Mask) -> Array:
    return np.where(
        beyond, np.where(np.asarray(eta) < 0.0, EPS / (1.0 + EPS), 1.0 / EPS / (1.0 + 1.0 / EPS)), mu
    )


@quiet
def logit_mu_eta(eta: Array) -> Array:
    odds, beyond = _odds(eta)
    slope = odds / np.square(1.0 + odds)
    return slope if beyond is None else np.where(beyond, EPS, slope)


@quiet
def logit_working(eta: Array) -> tuple[Array, Array, Array]:
    """mu, dmu/deta and mu (1 - mu) with one exp."""
    odds, beyond = _odds(eta)
    total = 1.0 + odds
    mu = odds / total
    slope = mu / total
    if beyond is not None:
        mu, slope = _logit_tails(eta, mu, beyond), np.where(beyond, EPS, slope)
    return mu, slope, mu * (1.0 - mu)


@quiet
def probit_fun(mu: Array) -> Array:
    return np.asarray(scipy.special.ndtri(mu))


@quiet
def probit_inv(eta: Array) -> Array:
    return np.asarray(scipy.special.ndtr(np.clip(eta, -PROBIT_LIMIT, PROBIT_LIMIT)))


@quiet
def probit_mu_eta(eta: Array) -> Array:
    return np.maximum(np.exp(-0.5 * np.square(eta)) / SQRT_2PI, EPS)


@quiet
def cauchit_fun(mu: Array) -> Array:
    # -cot(pi mu) on the nearer side of 0 or 1, so that neither tail cancels
    middle = np.tan(np.pi * (mu - 0.5))
    eta = np.where(mu < 0.25, -1.0 / np.tan(np.pi * mu), middle)
    eta = np.where(mu > 0.75, 1.0 / np.tan(np.pi * (1.0 - mu)), eta)
    return np.asarray(np.where((mu < 0.0) | (mu > 1.0), np.nan, eta))


@quiet
def cauchit_inv(eta: Array) -> Array:
    eta = np.clip(eta, -CAUCHIT_LIMIT, CAUCHIT_LIMIT)
    tail = np.arctan(1.0 / np.abs(eta)) / np.pi
    inner = 0.5 + np.arctan(eta) / np.pi
    return np.where(eta < -1.0, tail, np.where(eta > 1.0, 1.0 - tail, inner))


@quiet
def cauchit_mu_eta(eta: Array) -> Array:
    return np.maximum(1.0 / (np.pi * (1.0 + np.square(eta))), EPS)


@quiet
def cloglog_fun(mu: Array) -> Array:
    return np.log(-np.log1p(-mu))


@quiet
def cloglog_inv(eta: Array) -> Array:
    return np.clip(-np.expm1(-np.exp(eta)), EPS, 1.0 - EPS)


@quiet
def cloglog_mu_eta(eta: Array) -> Array:
    rate = np.exp(np.minimum(eta, 700.0))
    return np.asarray(np.maximum(rate * np.exp(-rate), EPS))


def identity_fun(mu: Array) -> Array:
    return np.asarray(mu, dtype=np.float64)


def identity_inv(eta: Array) -> Array:
    return np.asarray(eta, dtype=np.float64)


def identity_mu_eta(eta: Array) -> Array:
    return np.ones(np.shape(eta))


@quiet
def log_fun(mu: Array) -> Array:
    return np.log(mu)


@quiet
def log_inv(eta: Array) -> Array:
    return np.maximum(np.exp(eta), TINY)


@quiet
def sqrt_fun(mu: Array) -> Array:
    return np.sqrt(mu)


@quiet
def sqrt_inv(eta: Array) -> Array:
    return np.square(eta)


def sqrt_mu_eta(eta: Array) -> Array:
    return 2.0 * np.asarray(eta, dtype=np.float64)


@quiet
def inverse_fun(mu: Array) -> Array:
    return 1.0 / np.asarray(mu, dtype=np.float64)


@quiet
def inverse_mu_eta(eta: Array) -> Array:
    return -1.0 / np.square(eta)


@quiet
def inverse_squared_fun(mu: Array) -> Array:
    return 1.0 / np.square(mu)


@quiet
def inverse_squared_inv(eta: Array) -> Array:
    return 1.0 / np.sqrt(eta)


@quiet
def inverse_squared_mu_eta(eta: Array) -> Array:
    return -0.5 / (eta * np.sqrt(eta))


def finite_positive(eta: Array) -> Mask:
    return np.asarray((eta > 0.0) & (eta < np.inf))


def finite_nonzero(eta: Array) -> Mask:
    return np.asarray(np.isfinite(eta) & (eta != 0.0))


@quiet
def power_fun(exponent: float, mu: Array) -> Array:
    return np.power(mu, exponent)


@quiet
def power_inv(exponent: float, eta: Array) -> Array:
    return np.maximum(np.power(eta, 1.0 / exponent), TINY)


@quiet
def power_mu_eta(exponent: float, eta: Array) -> Array:
    return np.maximum(np.power(eta, 1.0 / exponent - 1.0) / exponent, TINY)


LINKS: dict[str, Link] = {
    link.name: link
    for link in (
        Link("logit", logit_fun, logit_inv, logit_mu_eta),
        Link("probit", probit_fun, probit_inv, probit_mu_eta),
        Link("cauchit", cauchit_fun, cauchit_inv, cauchit_mu_eta),
        Link("cloglog", cloglog_fun, cloglog_inv, cloglog_mu_eta),
        Link("identity", identity_fun, identity_inv, identity_mu_eta),
        Link("log", log_fun, log_inv, log_inv),
        Link("sqrt", sqrt_fun, sqrt_inv, sqrt_mu_eta, finite_positive),
        Link("inverse", inverse_fun, inverse_fun, inverse_mu_eta, finite_nonzero),
        Link("1/mu^2", inverse_squared_fun, inverse_squared_inv, inverse_squared_mu_eta, finite_positive),
    )
}
_BUILT_IN_LINKS = frozenset(LINKS)


def power(lambda_: float = 1.0) -> Link:
    """The link mu^lambda_, R's ``power(lambda)``.

    Parameters
    ----------
    lambda_ : float
        The exponent; 1 gives the identity link and anything not above zero the log link, as in R.

    Raises
    ------
    FamilyError
        If `lambda_` is not a number.

    Examples
    --------
    >>> import numpy as np
    >>> from glmformula import power
    >>> cube_root = power(1 / 3)
    >>> cube_root.name, cube_root.linkfun(np.array([8.0, 27.0])).round(6)
    ('mu^0.333', array([2., 3.]))
    """
    exponent = real_number("lambda", "power()", lambda_)
    if exponent <= 0.0:
        return LINKS["log"]
    if exponent == 1.0:
        return LINKS["identity"]
    return Link(
        f"mu^{round(exponent, 3):.15g}",
        partial(power_fun, exponent),
        partial(power_inv, exponent),
        partial(power_mu_eta, exponent),
        finite_positive,
    )


def make_link(link: str | Link) -> Link:
    """The link of that name, R's ``make.link``; a Link is returned as it is.

    Parameters
    ----------
    link : str or Link
        "logit", "probit", "cauchit", "cloglog", "identity", "log", "sqrt", "inverse", "1/mu^2", or a name
        given to `register_link`.

    Raises
    ------
    FamilyError
        If there is no such link.

    Examples
    --------
    >>> from glmformula import make_link
    >>> make_link("cloglog").name
    'cloglog'
    """
    if isinstance(link, Link):
        return link
    if not isinstance(link, str):
        raise FamilyError(
            "a link is a name, power(lambda) or a Link(name, linkfun, linkinv, mu_eta),"
            f" not {type(link).__name__}"
        )
    if link not in LINKS:
        raise FamilyError(f"'{link}' link not recognised{nearest(link, LINKS)}")
    return LINKS[link]


def register_link(name: str, link: Link) -> None:
    """Make `link` available under `name` wherever a link name is accepted.

    Registering a name again replaces the earlier link; R's own names cannot be taken.

    Raises
    ------
    FamilyError
        If `link` is not a Link, or `name` is one of R's.

    Examples
    --------
    >>> import numpy as np
    >>> from glmformula import Link, binomial, register_link
    >>> loglog = Link(
    ...     "loglog",
    ...     linkfun=lambda mu: -np.log(-np.log(mu)),
    ...     linkinv=lambda eta: np.exp(-np.exp(-eta)),
    ...     mu_eta=lambda eta: np.exp(-eta - np.exp(-eta)),
    ... )
    >>> register_link("loglog", loglog)
    >>> binomial("loglog").link.name
    'loglog'
    """
    if not isinstance(name, str) or not name:
        raise FamilyError(f"register_link: the name must be a non-empty string, not {name!r}")
    if not isinstance(link, Link):
        raise FamilyError(
            f"register_link: '{name}' must be a Link(name, linkfun, linkinv, mu_eta),"
            f" not {type(link).__name__}"
        )
    if name in _BUILT_IN_LINKS:
        raise FamilyError(
            f"register_link: '{name}' is one of R's links and cannot be replaced; choose another name"
        )
    LINKS[name] = link
