"""Profile limits of everything a mixed model estimates: standard deviations, correlations, sigma, fixed effects."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...engine.mixed.limits import Function, Minimum, least_aligned, least_with, limit
from ...engine.mixed.search import hessian, lifted
from ...engine.mixed.structure import Structure
from ...engine.mixed.sums import Basis
from ...engine.mixed.unprofiled import of_everything
from ...runtime.blas import one_blas_thread
from ..distributions import quantile
from .profiles import approximated, profiled

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed


@dataclass(frozen=True)
class Coordinates:
    """What stands where among the parameters x of a deviance.

    Attributes
    ----------
    structure : Structure
    theta : slice
    scale : int or None
        Of log sigma.
    gamma : slice
        Of the fixed effects, in the basis' columns.
    basis : Basis
    """

    structure: Structure
    theta: slice
    scale: int | None
    gamma: slice
    basis: Basis


@dataclass(frozen=True)
class Element:
    """A standard deviation (row == column) or correlation of a term.

    Attributes
    ----------
    start : int
        Of the term's thetas among all.
    width : int
    row, column : int
    """

    start: int
    width: int
    row: int
    column: int


def elements(structure: Structure) -> list[Element]:
    """In the order of theta, as lme4 has them."""
    out, start = [], 0
    for term in structure.terms:
        k = term.width
        out += [Element(start, k, row, column) for column in range(k) for row in range(column, k)]
        start += term.n_theta
    return out


def places(element: Element, row: int) -> np.ndarray:
    """Where theta has a row of the term's lower triangle."""
    k = element.width
    return np.array([element.start + k * j - j * (j - 1) // 2 + row - j for j in range(row + 1)])


def deviation(coordinates: Coordinates, element: Element) -> Function:
    """The standard deviation of a row, that of a first row with its sign."""
    own = places(element, element.row) + coordinates.theta.start

    def value(x: np.ndarray) -> tuple[float, np.ndarray]:
        part = x[own]
        size = float(part[0]) if len(part) == 1 else float(np.linalg.norm(part))
        scale = 1.0 if coordinates.scale is None else math.exp(x[coordinates.scale])
        gradient = np.zeros(len(x))
        with np.errstate(divide="ignore", invalid="ignore"):
            gradient[own] = scale * (np.ones(1) if len(part) == 1 else part / size)
        if coordinates.scale is not None:
            gradient[coordinates.scale] = scale * size
        return scale * size, gradient

    return value


def correlation(coordinates: Coordinates, element: Element) -> Function:
    """The correlation of two rows."""
    first = places(element, element.column) + coordinates.theta.start
    second = places(element, element.row) + coordinates.theta.start

    def value(x: np.ndarray) -> tuple[float, np.ndarray]:
        a, b = x[first], x[second]
        with np.errstate(divide="ignore", invalid="ignore"):
            size_a, size_b = np.linalg.norm(a), np.linalg.norm(b)
            c = float(a @ b[: len(a)] / (size_a * size_b))
            gradient = np.zeros(len(x))
            gradient[first] = b[: len(a)] / (size_a * size_b) - c * a / size_a**2
            gradient[second] = -c * b / size_b**2
            gradient[second[: len(a)]] += a / (size_a * size_b)
        return c, gradient

    return value


def fixed_effect(coordinates: Coordinates, k: int) -> Function:
    """A coefficient that is not aliased, by number."""
    basis = coordinates.basis

    def value(x: np.ndarray) -> tuple[float, np.ndarray]:
        gradient = np.zeros(len(x))
        gradient[coordinates.gamma] = basis.root[k]
        return float(basis.centre[k] + basis.root[k] @ x[coordinates.gamma]), gradient

    return value


def log_sigma(coordinates: Coordinates) -> Function:
    """The logarithm of the residual standard deviation."""

    def value(x: np.ndarray) -> tuple[float, np.ndarray]:
        assert coordinates.scale is not None
        gradient = np.zeros(len(x))
        gradient[coordinates.scale] = 1.0
        return float(x[coordinates.scale]), gradient

    return value


def deviance_of(fit: Mixed) -> tuple[Minimum, Coordinates]:
    """-2 log-likelihood around a fit by maximum likelihood, as a function of all parameters."""
    theta = fit.result.theta
    k = len(theta)
    if fit.family.is_normal_linear:
        function = profiled(fit, False)
        value = of_everything(function)
        basis = function.basis
        r = len(basis.kept)
        x = np.concatenate([theta, [math.log(fit.sigma)], np.zeros(r)])
        coordinates = Coordinates(fit.structure, slice(0, k), k, slice(k + 1, k + 1 + r), basis)
    else:
        model = approximated(fit)
        value, basis = model.value, model.basis
        r = len(basis.kept)
        x = np.concatenate([np.zeros(r), theta])
        coordinates = Coordinates(fit.structure, slice(r, r + k), None, slice(0, r), basis)
    H = hessian(value, x, step=1e-3)
    return Minimum(value, x, value(x)[0], lifted(H)), coordinates


def profile_limits(fit: Mixed, which: list[int], level: float) -> np.ndarray:
    """(n, 2): limits of some of the parameters, standard deviations and correlations first, then sigma, then fixed."""
    q = quantile((1 + level) / 2, math.inf)
    with one_blas_thread():
        at, coordinates = deviance_of(fit)
        own = elements(coordinates.structure)
        made = [
            _variance_limits(at, coordinates, element, q) if k in which else None
            for k, element in enumerate(own)
        ]
        if coordinates.scale is not None:
            goal = log_sigma(coordinates)
            low, high = _both(at, goal, q) if len(own) in which else (math.nan, math.nan)
            made.append((math.exp(low), math.exp(high)))
        shift = len(made)
        for k in range(len(coordinates.basis.kept)):
            made.append(_both(at, fixed_effect(coordinates, k), q) if shift + k in which else None)
    return np.array([made[k] for k in which], dtype=float).reshape(-1, 2)


def _both(at: Minimum, goal: Function, q: float) -> tuple[float, float]:
    low, high = (limit(at, goal, q, direction) for direction in (-1, 1))
    return math.nan if low is None else low, math.nan if high is None else high


def _variance_limits(
    at: Minimum, coordinates: Coordinates, element: Element, q: float
) -> tuple[float, float]:
    if element.row != element.column:
        return _correlation_limits(at, coordinates, element, q)
    goal = deviation(coordinates, element)
    high = limit(at, goal, q, 1)
    low = limit(at, goal, q, -1) if abs(goal(at.x)[0]) > 0 else 0.0
    if low is None:
        own = places(element, element.row) + coordinates.theta.start
        x = at.x.copy()
        x[own] = 0.0
        low = 0.0 if least_with(at, x, own) < at.deviance + q * q else math.nan
    return max(low, 0.0), math.nan if high is None else high


def _correlation_limits(
    at: Minimum, coordinates: Coordinates, element: Element, q: float
) -> tuple[float, float]:
    goal = correlation(coordinates, element)
    first = places(element, element.column) + coordinates.theta.start
    second = places(element, element.row) + coordinates.theta.start
    out = []
    for direction in (-1, 1):
        found = limit(at, goal, q, direction)
        if found is None:
            edge = least_aligned(at, first, second, direction)
            found = float(direction) if edge < at.deviance + q * q else None
        out.append(math.nan if found is None else found)
    return out[0], out[1]
