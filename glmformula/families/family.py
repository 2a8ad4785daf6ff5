"""The record that describes a family: pure functions over arrays, no state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Protocol

import numpy as np

from ..errors import FamilyError
from .distributions import NORMAL, Distribution
from .kernels import fused_kernel
from .link import Array, ArrayFunction, Link, Mask, make_link
from .numerics import patched
from .tails import Contrary, Tail, tail_of

INFINITY = float("inf")


class InitialMu(Protocol):
    def __call__(
        self, y: Array, prior_weights: Array | None = None, trials: Array | None = None
    ) -> Array: ...


class CheckResponse(Protocol):
    def __call__(
        self,
        y: Array,
        prior_weights: Array | None = None,
        trials: Array | None = None,
        labels: Sequence[object] | None = None,
    ) -> None: ...


class Minus2LogLik(Protocol):
    def __call__(
        self,
        y: Array,
        mu: Array,
        prior_weights: Array | None = None,
        dispersion: float = 1.0,
        trials: Array | None = None,
    ) -> float: ...


class Simulate(Protocol):
    def __call__(
        self, rng: np.random.Generator, mu: Array, prior_weights: Array | None = None, dispersion: float = 1.0
    ) -> Array: ...


def initial_mu_is_y(y: Array, prior_weights: Array | None = None, trials: Array | None = None) -> Array:
    """Start at the data."""
    return np.array(y, dtype=np.float64)


def any_response(
    y: Array,
    prior_weights: Array | None = None,
    trials: Array | None = None,
    labels: Sequence[object] | None = None,
) -> None:
    """Every response is allowed."""


def no_likelihood(
    y: Array,
    mu: Array,
    prior_weights: Array | None = None,
    dispersion: float = 1.0,
    trials: Array | None = None,
) -> float:
    """NaN: a quasi family has no likelihood."""
    return float("nan")


def mean_deviance(deviance: float, weight_sum: float, n: int) -> float:
    """Deviance over the sum of the prior weights: in the likelihood of Gamma and inverse gaussian."""
    return deviance / weight_sum if weight_sum else float("nan")


def unit_dispersion(deviance: float, weight_sum: float, n: int) -> float:
    """1, whatever the deviance."""
    return 1.0


def no_simulation(
    rng: np.random.Generator,
    mu: Array,
    prior_weights: Array | None = None,
    dispersion: float = 1.0,
    name: str = "quasi",
) -> Array:
    """Refuse: the family names no distribution."""
    raise FamilyError(
        f"family '{name}' not implemented: simulate() needs a distribution to draw from, and this family"
        " only says how the variance depends on the mean; use binomial, poisson, Gamma ... instead"
    )


@dataclass(frozen=True)
class Free:
    """A parameter of a family that is to be estimated with the coefficients, by maximum likelihood.

    Attributes
    ----------
    name : str
        As in `Family.parameters`.
    low, high : float
        The ends of the values tried.
    at : callable, value -> Family
        The family with that value; picklable.
    slopes : callable, (value, y, dispersion) -> three arrays (m,)
        Log density of positive responses at their own mean, and its derivatives by the log of the dispersion.
    """

    name: str
    low: float
    high: float
    at: Callable[[float], Family]
    slopes: Callable[[float, Array, float], tuple[Array, Array, Array]]


@dataclass(frozen=True, repr=False)
class Family:
    """A family of distributions with a link.

    All functions work elementwise on float64 arrays of one shape, give no warnings of their own, and may hand
    an argument back: treat results as read-only. Where `prior_weights` is None every weight is 1.

    Attributes
    ----------
    name : str
        R's: "binomial", "Gamma", "inverse.gaussian", "Negative Binomial(2)", "quasi" ...
    link : Link
    variance : callable, mu -> V(mu)
    unit_deviance : callable, (y, mu) -> d
        Per unit prior weight, never negative; the deviance is ``sum(prior_weights * d)``. R's dev.resids.
    mu_interval : (float, float)
        The open interval where mu may lie; validation and boundary tests both come from it.
    initial_mu : callable, (y, prior_weights, trials) -> mu
        R's mustart. `y` is the proportion for a binomial; `trials` are its row totals where they differ from
        `prior_weights` (two-column response with prior weights).
    check_response : callable, (y, prior_weights, trials, labels) -> None
        Raises FamilyError or gives one DataWarning, in R's words; `labels` name the rows in the message.
    minus2_loglik : callable, (y, mu, prior_weights, dispersion, trials) -> float
        A sum over the rows, so that the sums of blocks add up. AIC is it plus ``2 * (rank + extra_df)``.
        `trials` as in `initial_mu`, and only if any of them, in *all* rows, is above 1 (R's ``any(n > 1)``).
    fixed_dispersion : float or None
        The dispersion if it is known (binomial, poisson: 1); None where it is estimated.
    loglik_dispersion : callable, (deviance, weight_sum, n) -> float
        The dispersion at which the likelihood is taken (not Pearson's).
    extra_df : int
        Parameters counted besides the coefficients (R's "+ 2" inside aic).
    is_binomial : bool
        The response may be a factor, two columns, or a proportion with weights.
    simulate : callable, (rng, mu, prior_weights, dispersion) -> y
    variance_name : str or None
        R's name of the variance function, where the family's own name does not tell it.
    averages : bool
        Whether rows of one mean may be made one, of their total weight and weighted mean response: the
        deviance is then less by what does not depend on the mean. So in exponential dispersion families, where
        ``d = 2 [y t(y) - b(t(y)) - y t(mu) + b(t(mu))]``.
    distribution : Distribution or None
        The response's, where there is one: quantile residuals and prediction intervals need it.
    parameters : mapping of str to float
        What the family was made with beside its link, in full precision: ``theta`` of a negative binomial,
        ``var_power`` of a Tweedie. `name` has them rounded, for print.
    free : Free or None
        A parameter that a fit estimates; the functions here are then those at a value to begin with.
    mean_name : str
        What tables call a mean on the scale of the response: "prob" of a binomial, "rate" of a Poisson, else
        "response", as R's emmeans.

    Examples
    --------
    >>> import numpy as np
    >>> from glmformula import Family, datasets, glm
    >>> family = Family(
    ...     "Poisson by hand",
    ...     "log",
    ...     variance=lambda mu: mu,
    ...     unit_deviance=lambda y, mu: 2 * (y * np.log(np.where(y > 0, y, 1) / mu) - (y - mu)),
    ...     mu_interval=(0, np.inf),
    ...     initial_mu=lambda y, prior_weights=None, trials=None: y + 0.1,
    ...     fixed_dispersion=1.0,
    ... )
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family=family)
    >>> fit.coefficients.round(3).to_dict()
    {'(Intercept)': 1.716, 'overtime_hours': 0.026}
    """

    name: str
    link: Link
    variance: ArrayFunction
    unit_deviance: Callable[[Array, Array], Array]
    mu_interval: tuple[float, float] = (-INFINITY, INFINITY)
    initial_mu: InitialMu = initial_mu_is_y
    check_response: CheckResponse = any_response
    minus2_loglik: Minus2LogLik = no_likelihood
    fixed_dispersion: float | None = None
    loglik_dispersion: Callable[[float, float, int], float] = mean_deviance
    extra_df: int = 0
    is_binomial: bool = False
    simulate: Simulate = no_simulation
    variance_name: str | None = None
    averages: bool = False
    distribution: Distribution | None = None
    parameters: Mapping[str, float] = field(default_factory=dict, hash=False)
    free: Free | None = None
    mean_name: str = "response"

    @property
    def reading(self) -> str:
        """How the response is read: "numbers", or "binomial"."""
        return "binomial" if self.is_binomial else "numbers"

    def __post_init__(self) -> None:
        object.__setattr__(self, "link", make_link(self.link))
        if self.simulate is no_simulation:
            object.__setattr__(self, "simulate", partial(no_simulation, name=self.name))

    @property
    def has_likelihood(self) -> bool:
        """False for quasi families: their AIC and log-likelihood are NaN."""
        return self.minus2_loglik is not no_likelihood

    @property
    def likelihood_has_dispersion(self) -> bool:
        """Whether the likelihood has a dispersion beside the mean; so not the negative binomial's."""
        return not self.has_likelihood or (self.extra_df > 0 and self.fixed_dispersion is None)

    @property
    def is_normal_linear(self) -> bool:
        """The normal distribution with the identity link: least squares, where more is exact than elsewhere."""
        return self.distribution == NORMAL and self.link.name == "identity"

    def response_distribution(self, mu: Array, prior_weights: Array, dispersion: float) -> Any:
        """A frozen ``scipy.stats`` distribution of the response (counts, not proportions, for a binomial).

        Raises
        ------
        FamilyError
            The family is defined by its variance only (quasi families, Tweedie), or says of no distribution.

        Examples
        --------
        >>> import numpy as np
        >>> from glmformula import poisson
        >>> law = poisson().response_distribution(np.array([2.0]), np.array([1.0]), dispersion=1.0)
        >>> law.pmf(0).round(4)
        array([0.1353])
        """
        if self.distribution is None:
            raise FamilyError(
                f"family '{self.name}' has no distribution of the response: expected one of gaussian, binomial, "
                "poisson, Gamma, inverse.gaussian, Negative Binomial, or a Family with distribution="
            )
        return self.distribution.at(mu, prior_weights, dispersion)

    def valid_mu(self, mu: Array) -> Mask:
        """True where `mu` is finite and inside `mu_interval`.

        Examples
        --------
        >>> import numpy as np
        >>> from glmformula import binomial
        >>> binomial().valid_mu(np.array([0.5, 1.0, np.nan]))
        array([ True, False, False])
        """
        low, high = self.mu_interval
        return (mu > low) & (mu < high)

    def working(self, eta: Array) -> tuple[Array, Array, Array]:
        """(mu, dmu/deta, V(mu)) at `eta`, together, so that what they share is computed once.

        The three arrays may be one and the same; they are not to be written to.

        Examples
        --------
        >>> import numpy as np
        >>> from glmformula import binomial
        >>> mu, slope, variance = binomial().working(np.array([0.0]))
        >>> mu, slope, variance
        (array([0.5]), array([0.25]), array([0.25]))
        """
        kernel = fused_kernel(self.variance, self.link)
        if kernel is not None:
            return kernel(eta)
        mu = self.link.linkinv(eta)
        return mu, self.link.mu_eta(eta), self.variance(mu)

    @cached_property
    def tail(self) -> Tail | None:
        """Where eta says more than mu, if it does anywhere."""
        return tail_of(self.unit_deviance, self.link)

    def deviance_at(self, y: Array, eta: Array, mu: Array) -> Array:
        """``unit_deviance(y, mu)``, from `eta` where `mu` is at an end of its range.

        R's links hold a mean at machine epsilon from its ends, and with it the deviance of a row far out; this
        one goes on growing with eta.

        Parameters
        ----------
        y, eta, mu : ndarray (n,)
            Responses, linear predictors, and their means ``link.linkinv(eta)``.

        Returns
        -------
        ndarray (n,)
            Per unit of prior weight.

        Examples
        --------
        >>> import numpy as np
        >>> from glmformula import binomial
        >>> y, eta = np.array([0.0]), np.array([50.0])
        >>> binomial().deviance_at(y, eta, binomial().link.linkinv(eta)).round(6)
        array([100.])
        """
        unit, tail = self.unit_deviance(y, mu), self.tail
        rows = () if tail is None else tail.rows(y, eta, mu)
        return patched(unit, rows, tail.deviance, y, eta) if tail is not None and len(rows) else unit

    def contrary(self, y: Array, eta: Array, mu: Array) -> Contrary | None:
        """The rows far out whose response is not there, None where there are none or `working` serves them.

        Beyond eta of 30 (logit), 8.1 (probit) or 3.6 (cloglog) the means of `working` stand still, and score and
        Pearson residual of a row must come from eta itself.

        Parameters
        ----------
        y, eta, mu : ndarray (n,)
            As in `deviance_at`.

        Returns
        -------
        Contrary or None
            ``rows`` (their positions), and for each of them, per unit of prior weight, ``score``
            (-1/2 d deviance / d eta), ``information`` and ``pearson`` (the Pearson residual).

        Examples
        --------
        >>> import numpy as np
        >>> from glmformula import binomial
        >>> y, eta = np.array([0.0, 1.0]), np.array([50.0, 0.0])
        >>> binomial().contrary(y, eta, binomial().link.linkinv(eta)) is None
        False
        """
        return None if self.tail is None else self.tail.contrary(y, eta, mu)

    def minus2_at(
        self,
        y: Array,
        eta: Array,
        mu: Array,
        prior_weights: Array | None,
        dispersion: float,
        trials: Array | None,
    ) -> float:
        """``minus2_loglik``, from `eta` where `mu` is at an end of its range.

        Parameters
        ----------
        y, eta, mu : ndarray (n,)
            As in `deviance_at`.
        prior_weights : ndarray (n,) or None
        dispersion : float
        trials : ndarray (n,) or None
            As in ``minus2_loglik``.

        Returns
        -------
        float
            Minus twice the log-likelihood, a sum over the rows.

        Examples
        --------
        >>> import numpy as np
        >>> from glmformula import binomial
        >>> y, eta = np.array([0.0]), np.array([50.0])
        >>> round(float(binomial().minus2_at(y, eta, binomial().link.linkinv(eta), None, 1.0, None)), 6)
        100.0
        """
        if not self.has_likelihood or self.tail is None or not len(self.tail.rows(y, eta, mu)):
            return self.minus2_loglik(y, mu, prior_weights, dispersion, trials)

        def from_eta(y: Array, mu: Array) -> Array:
            return self.deviance_at(y, eta, mu)

        likelihood: Callable[..., float] = self.minus2_loglik
        return likelihood(y, mu, prior_weights, dispersion, trials, unit_deviance=from_eta)

    def __repr__(self) -> str:
        variance = "" if self.variance_name is None else f"Variance function: {self.variance_name} \n"
        return f"\nFamily: {self.name} \nLink function: {self.link.name} \n{variance}"
