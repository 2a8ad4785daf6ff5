"""Tweedie families: V = mu^p, statmod's ``tweedie()`` (Jorgensen 1997, chapter 4; Dunn & Smyth 2005)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..errors import FamilyError
from .arguments import real_number
from .family import Family, Free
from .likelihoods import weighted_sum
from .link import LINKS, Array, Link, Mask, finite_nonzero, finite_positive, make_link, power_fun, quiet
from .responses import Labels, refuse, start_zeros_moved
from .standard import POSITIVE, REALS, Gamma, gaussian, inverse_gaussian
from .tweedie_series import log_density_at_mean, slopes_at_mean
from .variances import gamma_deviance, gaussian_deviance, poisson_deviance

# |y/mu - 1| below this: a series, since the formula loses 1/NEAR^2 times the rounding error
NEAR = 0.02
SERIES_TERMS = 14


@quiet
def power_variance(p: float, mu: Array) -> Array:
    return np.power(mu, p)


@quiet
def tweedie_deviance(p: float, y: Array, mu: Array) -> Array:
    """2 [y (y^(1-p) - mu^(1-p))/(1-p) - (y^(2-p) - mu^(2-p))/(2-p)], and its limits at p = 1 and 2.

    With p < 0 a negative y counts as 0 in y^(2-p) (the extreme stable families). At y = 0 it is infinite for
    p > 2; for p = 2 statmod's finite stand-in, y = 0.1 in the logarithm, is kept, but never below zero.
    """
    if p in _SPECIAL:
        return _SPECIAL[p](y, mu)
    y, mu = np.asarray(y, dtype=np.float64), np.asarray(mu, dtype=np.float64)
    ratio = y / mu
    log_ratio = np.log(ratio)
    total = ratio * np.expm1((1.0 - p) * log_ratio) / (1.0 - p) - np.expm1((2.0 - p) * log_ratio) / (2.0 - p)
    step = (y - mu) / mu
    total = np.where(np.abs(step) < NEAR, _near(p, step), total)
    outside = 1.0 / (2.0 - p) - ratio / (1.0 - p) if p < 2.0 else np.inf
    return 2.0 * np.power(mu, 2.0 - p) * np.where(y > 0.0, total, outside)


def _near(p: float, step: Array) -> Array:
    """integral of (step - s) (1 + s)^-p over s in (0, step), by the binomial series."""
    coefficients, binomial = [], 1.0
    for k in range(SERIES_TERMS):
        coefficients.append(binomial / ((k + 1) * (k + 2)))
        binomial *= (-p - k) / (k + 1)
    total = np.zeros(np.shape(step))
    for c in reversed(coefficients):
        total = total * step + c
    return total * np.square(step)


@quiet
def _gamma_with_zeros(y: Array, mu: Array) -> Array:
    return np.where(y == 0.0, np.maximum(2.0 * np.log(mu / 0.1), 0.0), gamma_deviance(y, mu))


_SPECIAL: dict[float, Callable[[Array, Array], Array]] = {
    0.0: gaussian_deviance,
    1.0: poisson_deviance,
    2.0: _gamma_with_zeros,
}


@quiet
def check_tweedie(
    p: float,
    y: Array,
    prior_weights: Array | None = None,
    trials: Array | None = None,
    labels: Labels = None,
) -> None:
    """No negative y for p > 0, no zero for p > 2."""
    y = np.asarray(y, dtype=np.float64)
    if p > 0.0 and np.any(y < 0.0):
        refuse(
            f"negative values not allowed for the 'Tweedie' family with var_power = {p:g}",
            y < 0.0,
            y,
            labels,
            "Only var_power = 0 (gaussian) and below allow them",
        )
    if p > 2.0 and np.any(y == 0.0):
        refuse(
            f"non-positive values not allowed for the 'Tweedie' family with var_power = {p:g}",
            y == 0.0,
            y,
            labels,
            "Exact zeros go with a var_power between 1 and 2",
        )


@quiet
def power_inverse(exponent: float, eta: Array) -> Array:
    return np.power(eta, 1.0 / exponent)


@quiet
def power_slope(exponent: float, eta: Array) -> Array:
    return np.power(eta, 1.0 / exponent - 1.0) / exponent


def tweedie_link(link_power: float) -> Link:
    """mu^link_power without power()'s clamps, log at 0, named as statmod names it.

    statmod takes any eta as valid and fails on the NaN of a negative eta's root; here such an eta is invalid.
    """
    name = f"mu^{link_power:.15g}"
    if link_power == 0.0:
        log = LINKS["log"]
        return Link(name, log.linkfun, log.linkinv, log.mu_eta, log.valid_eta)
    if link_power == 1.0:
        identity = LINKS["identity"]
        return Link(name, identity.linkfun, identity.linkinv, identity.mu_eta, identity.valid_eta)
    return Link(
        name,
        partial(power_fun, link_power),
        partial(power_inverse, link_power),
        partial(power_slope, link_power),
        _valid_eta(link_power),
    )


def _valid_eta(link_power: float) -> Callable[[Array], Mask]:
    return finite_nonzero if link_power == -1.0 else finite_positive


@quiet
def minus2_loglik(
    p: float,
    y: Array,
    mu: Array,
    prior_weights: Array | None = None,
    dispersion: float = 1.0,
    trials: Array | None = None,
) -> float:
    """1 < p < 2: weights multiply the log-density, as in R's Gamma and in the R package tweedie."""
    if dispersion == 0.0:
        return -np.inf
    positive = np.flatnonzero(y > 0.0)  # at 0 the density is that of the deviance alone
    terms = np.asarray(tweedie_deviance(p, y, mu) / dispersion)
    terms[positive] -= 2.0 * log_density_at_mean(p, y[positive], dispersion)
    return weighted_sum(terms, prior_weights)


_AT_WHOLE_POWERS: dict[float, Callable[[], Family]] = {0.0: gaussian, 2.0: Gamma, 3.0: inverse_gaussian}


def _likelihood(p: float) -> dict[str, Any]:
    """The fields of a Family that say what its likelihood is; none where there is no density at hand."""
    if 1.0 < p < 2.0:
        return {"minus2_loglik": partial(minus2_loglik, p), "extra_df": 1}
    if p not in _AT_WHOLE_POWERS:
        return {}
    usual = _AT_WHOLE_POWERS[p]()
    return {name: getattr(usual, name) for name in ("minus2_loglik", "extra_df", "loglik_dispersion")}


# Where a power is looked for: beyond, a Poisson's and a Gamma's densities are too near for the series' terms.
LOWEST, HIGHEST, MIDDLE = 1.01, 1.99, 1.5


def tweedie(
    var_power: float | str = 0.0,
    link_power: float | str | Link | None = None,
    *,
    link: str | Link | None = None,
) -> Family:
    """A Tweedie family, statmod's ``tweedie(var.power, link.power)``.

    Parameters
    ----------
    var_power : float or "ml"
        V = mu^var_power: 0 gaussian, 1 Poisson, 2 gamma, 3 inverse Gaussian, between 1 and 2 compound
        Poisson-gamma (exact zeros allowed). "ml": `glm` estimates it, between 1 and 2, by maximum likelihood, with
        its profile interval (``fit.var_power``, ``fit.var_power_interval``); all else is the fit at that power.
    link_power : float, str or Link, optional
        The link mu^link_power, 0 for log; the default ``1 - var_power`` is canonical (for "ml": log). Or a link
        by name.
    link : str or Link, optional
        The link by name, in place of `link_power`: ``tweedie(1.5, link="log")``.

    Raises
    ------
    FamilyError
        If a power is not a finite number (or "ml"), or both `link_power` and `link` are given.

    Notes
    -----
    The dispersion is estimated. The log-likelihood, at the dispersion ``deviance / sum(weights)``, is the series of
    Dunn & Smyth (2005) for a `var_power` between 1 and 2, gaussian, Gamma's and the inverse Gaussian's at 0, 2 and 3,
    and NaN for the others (statmod's AIC is always NA; this one is ``AICtweedie`` of the R package tweedie).

    Examples
    --------
    >>> from glmformula import tweedie
    >>> family = tweedie(1.5, link="log")
    >>> family.link.name, family.variance_name
    ('log', 'mu^1.5')
    """
    if link_power is not None and link is not None:
        raise FamilyError(f"tweedie(): give link_power or link, not both; got {link_power!r} and {link!r}")
    if not isinstance(link_power, int | float):
        link, link_power = (link if link_power is None else link_power), None
    where = "tweedie(var_power, link_power)"
    if isinstance(var_power, str):
        if var_power != "ml":
            raise FamilyError(
                f"invalid argument 'var_power': {where} takes a number, or 'ml' for its maximum-likelihood estimate, "
                f"not {var_power!r}"
            )
        chosen = (0.0 if link_power is None else link_power) if link is None else link
        at = partial(tweedie, link_power=chosen)
        free = Free("var_power", LOWEST, HIGHEST, at, slopes_at_mean)
        return replace(at(MIDDLE), variance_name="mu^ml", free=free)
    p = real_number("var_power", where, var_power)
    q = 1.0 - p if link_power is None else real_number("link_power", where, link_power)
    return Family(
        "Tweedie",
        tweedie_link(q) if link is None else make_link(link),
        partial(power_variance, p),
        partial(tweedie_deviance, p),
        mu_interval=REALS if p == 0.0 else POSITIVE,
        initial_mu=partial(start_zeros_moved, 0.1),
        check_response=partial(check_tweedie, p),
        variance_name=f"mu^{p:.15g}",
        averages=p == 0.0 or 1.0 <= p < 2.0,
        **_likelihood(p),
        parameters={"var_power": p},
    )
