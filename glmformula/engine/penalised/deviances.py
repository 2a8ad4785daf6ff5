"""Deviances of rows at many coefficient vectors, summed up: by quicker sums where a family has them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...families import Family, link as links, variances

# (family, y (m,), weights (m,), eta and mu (L, m)) -> sums (L,), or None where they would lose digits
Sums = Callable[[Family, np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray | None]

# Probabilities that are multiplied before a logarithm is taken of all: 16 of 2e-16 do not underflow.
TOGETHER = 16
# A probability nearer to 1 has lost half of the digits of its distance from it.
NEAR = 1e-8


def deviance_sums(
    family: Family, y: np.ndarray, weights: np.ndarray | None, eta: np.ndarray, mu: np.ndarray
) -> np.ndarray:
    """Sums of the rows' deviances (L,), at eta and mu (L, m)."""
    if weights is not None:
        used = weights > 0
        y, weights, eta, mu = y[used], weights[used], eta[:, used], mu[:, used]
    w = np.ones(len(y)) if weights is None else weights
    for variance, linkinv, quick in QUICK:
        if family.variance is variance and family.link.linkinv is linkinv:
            found = quick(family, y, w, eta, mu)
            if found is not None:
                return found
    return unit_sums(family, y, w, eta, mu)


def unit_sums(family: Family, y: np.ndarray, w: np.ndarray, eta: np.ndarray, mu: np.ndarray) -> np.ndarray:
    unit = family.deviance_at(np.tile(y, len(eta)), eta.ravel(), mu.ravel())
    return np.asarray(np.dot(unit.reshape(eta.shape), w))


def poisson_sums(
    family: Family, y: np.ndarray, w: np.ndarray, eta: np.ndarray, mu: np.ndarray
) -> np.ndarray | None:
    """Of one vector; y eta - mu is all that differs at the others."""
    fitted = np.dot(eta, w * y) - np.dot(mu, w)
    return np.asarray(unit_sums(family, y, w, eta[:1], mu[:1]) - 2 * (fitted - fitted[0]))


def bernoulli_sums(
    family: Family, y: np.ndarray, w: np.ndarray, eta: np.ndarray, mu: np.ndarray
) -> np.ndarray | None:
    """Logarithms of products of what happened to some rows, of responses 0 and 1 without weights."""
    success = y == 1
    if not (np.equal(y, success).all() and (w == 1).all()):
        return None
    if mu.min(initial=0.5) < NEAR or mu.max(initial=0.5) > 1 - NEAR:
        return None
    chances = 1 - mu
    np.copyto(chances, mu, where=success)
    m = len(y) // TOGETHER * TOGETHER
    products = chances[:, :m].reshape(len(mu), TOGETHER, -1).prod(axis=1)
    return np.asarray(-2 * (np.log(products).sum(axis=1) + np.log(chances[:, m:]).sum(axis=1)))


QUICK: tuple[tuple[object, object, Sums], ...] = (
    (variances.linear, links.log_inv, poisson_sums),
    (variances.bernoulli, links.logit_inv, bernoulli_sums),
)
