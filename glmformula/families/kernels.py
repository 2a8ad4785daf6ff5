"""mu, dmu/deta and V(mu) in one pass for the pairs people fit most: no exp is taken twice.

Each kernel equals the composition of link and variance to a unit in the last place.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from . import link as links, variances
from .link import Array, Link

Working = tuple[Array, Array, Array]
Kernel = Callable[[Array], Working]


def read_only(values: Array) -> Array:
    """A view that cannot be written to, since several names share it."""
    view = np.asarray(values).view()
    view.flags.writeable = False
    return view


def poisson_log(eta: Array) -> Working:
    mu = read_only(links.log_inv(eta))
    return mu, mu, mu


def gamma_log(eta: Array) -> Working:
    mu = read_only(links.log_inv(eta))
    return mu, mu, np.square(mu)


def gaussian_identity(eta: Array) -> Working:
    ones = read_only(np.ones(np.shape(eta)))
    return read_only(links.identity_inv(eta)), ones, ones


def gamma_inverse(eta: Array) -> Working:
    mu = links.inverse_fun(eta)
    square = read_only(np.square(mu))
    return mu, -square, square


def mixed_log(theta: float, eta: Array) -> Working:
    mu = read_only(links.log_inv(eta))
    return mu, mu, variances.mixed(theta, mu)


# variance, linkinv, mu_eta and the kernel that stands for the three
_KERNELS: tuple[tuple[object, object, object, Kernel], ...] = (
    (variances.bernoulli, links.logit_inv, links.logit_mu_eta, links.logit_working),
    (variances.linear, links.log_inv, links.log_inv, poisson_log),
    (variances.constant, links.identity_inv, links.identity_mu_eta, gaussian_identity),
    (variances.quadratic, links.log_inv, links.log_inv, gamma_log),
    (variances.quadratic, links.inverse_fun, links.inverse_mu_eta, gamma_inverse),
)


def fused_kernel(variance: object, link: Link) -> Kernel | None:
    """The kernel for exactly these functions (a user's own link of the same name gets none)."""
    for its_variance, its_linkinv, its_mu_eta, kernel in _KERNELS:
        if variance is its_variance and link.linkinv is its_linkinv and link.mu_eta is its_mu_eta:
            return kernel
    mixed = isinstance(variance, partial) and variance.func is variances.mixed
    if mixed and link.linkinv is links.log_inv and link.mu_eta is links.log_inv:
        return partial(mixed_log, *variance.args)  # type: ignore[attr-defined]
    return None
