"""How fast the slope of the inverse link changes: (d2 mu / d eta2) / (d mu / d eta), which bias reduction needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from . import link as links
from .link import Array, ArrayFunction, Link, quiet
from .tweedie import power_slope

STEP = 1e-4  # of eta, where the slope is a user's function


def _logit(eta: Array) -> Array:
    return 1.0 - 2.0 * links.logit_inv(eta)


def _probit(eta: Array) -> Array:
    return -eta


def _cloglog(eta: Array) -> Array:
    return 1.0 - np.exp(np.minimum(eta, 700.0))


def _cauchit(eta: Array) -> Array:
    return -2.0 * eta / (1.0 + np.square(eta))


def _power(exponent: float, eta: Array) -> Array:
    """For mu = eta^exponent."""
    return (exponent - 1.0) / eta


_CURVATURES: dict[ArrayFunction, ArrayFunction] = {
    links.logit_mu_eta: _logit,
    links.probit_mu_eta: _probit,
    links.cloglog_mu_eta: _cloglog,
    links.cauchit_mu_eta: _cauchit,
    links.identity_mu_eta: np.zeros_like,
    links.log_inv: np.ones_like,
    links.sqrt_mu_eta: partial(_power, 2.0),
    links.inverse_mu_eta: partial(_power, -1.0),
    links.inverse_squared_mu_eta: partial(_power, -0.5),
}


def _known(link: Link) -> Callable[[Array], Array] | None:
    slope = link.mu_eta
    if isinstance(slope, partial) and slope.func in (links.power_mu_eta, power_slope):
        return partial(_power, 1.0 / float(slope.args[0]))
    return _CURVATURES.get(slope)


@quiet
def relative_curvature(link: Link, eta: Array) -> Array:
    """d log|dmu/deta| / deta at `eta`; for a link of the user's own by differences (1e-9 or so).

    The built-in ones without the clamps of their slopes, as if these went on.
    """
    eta = np.asarray(eta, dtype=np.float64)
    known = _known(link)
    if known is not None:
        return np.asarray(known(eta))
    width = STEP * (1.0 + np.abs(eta))
    logs = [np.log(np.abs(link.mu_eta(eta + k * width))) for k in (-2, -1, 1, 2)]
    return np.asarray((logs[0] - 8 * logs[1] + 8 * logs[2] - logs[3]) / (12 * width))
