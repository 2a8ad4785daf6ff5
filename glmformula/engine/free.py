"""A parameter of the family by maximum likelihood: the profile of the likelihood over it, and an interval.

The profile is  l(p) = max over beta, phi of the log-likelihood at p.  Coefficients are independent of p and of phi in
large samples (Jorgensen 1997, section 2.3), so each fit begins at the one before and takes two or three passes, and
phi, by Newton's method on its logarithm, a few passes over the responses. R's ``tweedie.profile`` reads the maximum
and the interval off a spline through such values; here both are solved for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import numpy as np

from ..errors import FitError, hearing
from ..families import Family
from ..families.family import Free, no_likelihood
from ..sources.base import Block, Source
from .irls import fit_glm
from .result import Control, GlmFit

T = TypeVar("T")

# Values tried first, as shares of the range from low to high: the profile may have two maxima near its lower end.
FIRST = (0.1, 0.3, 0.5, 0.7, 0.9)
# The maximum is known to this share of the range, the ends of the interval to that.
MAXIMUM, ENDS = 1e-7, 1e-7
# A maximum so near an end of the range is at the end.
AT_END = 1e-4
# Fits of the profile stop later than others, since the likelihood's digits decide the maximum's.
EPSILON = 1e-13
# log phi moves by at most so much in a step; a step below STILL is the last.
LONGEST, STILL, MOST_STEPS = 1.0, 1e-9, 100
HALF_CHISQ = 1.920729410347062  # half of the 95 % quantile of chi-squared on 1


@dataclass(frozen=True, slots=True)
class FreeFit:
    """A fit at the estimated value.

    Attributes
    ----------
    family : Family
        At the estimate.
    result : GlmFit
        Its log-likelihood is taken at the maximum-likelihood dispersion.
    value, lower, upper : float
        The estimate and its 95 % interval; an end of the range where the profile does not fall far enough.
    dispersion : float
        Of maximum likelihood.
    end : {'', 'low', 'high'}
        The end of the range that the estimate is at, if it is.
    """

    family: Family
    result: GlmFit
    value: float
    lower: float
    upper: float
    dispersion: float
    end: str


@dataclass
class Profile:
    """The profile of the log-likelihood; what was fitted last is where the next fit begins."""

    source: Source
    free: Free
    fit: Callable[..., GlmFit]
    start: np.ndarray | None
    log_dispersion: float | None = None
    known: dict[float, tuple[float, float]] = field(default_factory=dict)
    failure: str = "the likelihood is not finite"

    def __call__(self, value: float) -> float:
        """Minus the log-likelihood at its maximum for `value`; infinite where there is no fit."""
        if value not in self.known:
            self.known[value] = self.at(float(value))
        return self.known[value][0]

    def at(self, value: float) -> tuple[float, float]:
        """That, and the logarithm of the dispersion."""
        with hearing():  # the fit at the estimate says what there is to say
            try:
                family = replace(
                    self.free.at(value), minus2_loglik=no_likelihood
                )  # it comes with the dispersion
                fit = self.fit(self.source, family, start=self.start)
            except FitError as error:
                self.failure = str(error)
                return math.inf, math.nan
        self.start = np.nan_to_num(fit.coefficients)
        if self.log_dispersion is None:
            self.log_dispersion = math.log(fit.deviance / fit.weight_sum)
        minus, self.log_dispersion = self.over_dispersion(value, fit.deviance, self.log_dispersion)
        return minus, self.log_dispersion

    def over_dispersion(self, value: float, deviance: float, u: float) -> tuple[float, float]:
        """The least  deviance / (2 phi) - sum of w log f(y; y, phi)  over u = log phi, by Newton's method."""
        best = math.inf
        step, back = 0.0, u
        for _ in range(MOST_STEPS):
            phi = math.exp(u)
            sums = self.source.map_reduce(partial(_slopes, self.free, value, phi), np.add)
            minus = deviance / (2 * phi) - sums[0]
            if not minus <= best + 1e-12 * abs(best) and abs(step) > STILL:  # too far
                step /= 2
                u = back + step
                continue
            best, back = minus, u
            slope, bend = -deviance / (2 * phi) - sums[1], deviance / (2 * phi) - sums[2]
            step = -slope / bend if bend > 0 else -math.copysign(LONGEST, slope)
            step = max(-LONGEST, min(LONGEST, step))
            if abs(step) < STILL:
                break
            u = back + step
        return best, back


def _slopes(free: Free, value: float, dispersion: float, block: Block) -> np.ndarray:
    """Sums of log density at the mean, and of its derivatives by log phi; at 0 the density is the deviance's alone."""
    w = block.prior_weights
    counted = np.flatnonzero(block.y > 0.0) if w is None else np.flatnonzero((block.y > 0.0) & (w > 0.0))
    parts = free.slopes(value, block.y[counted], dispersion)
    return np.array([part.sum() if w is None else w[counted] @ part for part in parts])


def _positive(block: Block) -> int:
    w = block.prior_weights
    return int(np.count_nonzero(block.y > 0.0 if w is None else (block.y > 0.0) & (w > 0.0)))


def fit_free(
    source: Source,
    free: Free,
    *,
    names: tuple[str, ...],
    intercept: bool,
    control: Control,
    start: np.ndarray | None,
    method: str,
) -> FreeFit:
    """The fit at the value of `free` that makes the likelihood largest.

    Raises
    ------
    FitError
        No response is positive, or no value has a fit.
    """
    if not source.map_reduce(_positive, lambda a, b: a + b):
        raise FitError(f"all responses are 0: the likelihood says nothing of {free.name}, give it a number")
    fit = partial(fit_glm, names=names, intercept=intercept, method=method)
    exact = replace(control, epsilon=min(control.epsilon, EPSILON), maxit=max(control.maxit, 50), trace=False)
    profile = Profile(source, free, partial(fit, control=exact), start)
    value, end = maximum(profile)
    least, log_dispersion = profile.known[value]
    family = free.at(value)
    of_likelihood = replace(family, loglik_dispersion=partial(_constant, math.exp(log_dispersion)))
    result = fit(source, of_likelihood, control=control, start=start)
    lower, upper = (limit(profile, value, least, bound) for bound in (free.low, free.high))
    return FreeFit(family, result, value, lower, upper, math.exp(log_dispersion), end)


def _constant(dispersion: float, deviance: float, weight_sum: float, n: int) -> float:
    return dispersion


def maximum(profile: Profile) -> tuple[float, str]:
    """Where the profile is largest, and the end of the range that it is at, if so."""
    from scipy.optimize import minimize_scalar  # few need it

    low, high = profile.free.low, profile.free.high
    tried = [low + share * (high - low) for share in FIRST]
    heights = [profile(value) for value in tried]
    if not np.isfinite(heights).any():
        raise FitError(
            f"there is no fit at any {profile.free.name} between {low:g} and {high:g}: {profile.failure}"
        )
    k = int(np.argmin(heights))
    left, right = ([low, *tried][k], [*tried, high][k + 1])
    # beside the best of the first values, which the search would not come near again, a maximum may be at an end
    found = minimize_scalar(
        profile, bounds=(left, right), method="bounded", options={"xatol": MAXIMUM * (high - low)}
    )
    value = float(min(profile.known, key=lambda v: profile.known[v][0]))
    for name, bound in (("low", low), ("high", high)):
        if abs(value - bound) < AT_END * (high - low) or (
            bound in (left, right) and profile(bound) <= found.fun
        ):
            return bound if profile(bound) <= profile(value) else value, name
    return value, ""


def limit(profile: Profile, value: float, least: float, bound: float) -> float:
    """Between `value` and `bound`: where the profile is half a 95 % quantile of chi-squared below its maximum."""
    from scipy.optimize import brentq

    def beyond(at: float) -> float:
        # nearly linear in the value, as a profile of z is
        height = profile(at)
        return math.sqrt(max(height - least, 0.0)) - math.sqrt(HALF_CHISQ) if height < math.inf else 1.0

    if value == bound:
        return bound
    for far in nearer(value, bound, profile, least):
        if beyond(far) > 0:
            return float(brentq(beyond, value, far, xtol=ENDS * (profile.free.high - profile.free.low)))
    return bound


def nearer(value: float, bound: float, profile: Profile, least: float) -> Iterator[float]:
    """Places to look for the end of the interval, nearest first: by the curvature, then as far as there is."""
    sizes = [
        (value - at) ** 2 / (2 * (height - least))
        for at, (height, _) in profile.known.items()
        if math.isfinite(height) and height - least > 1e-3
    ]
    se = math.sqrt(min(sizes)) if sizes else 0.01
    for share in (2.2, 4.0, 8.0):
        far = value + math.copysign(share * se, bound - value)
        if abs(far - value) < abs(bound - value):
            yield far
    yield bound
