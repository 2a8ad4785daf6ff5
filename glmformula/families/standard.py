"""R's families, with the quasi ones and MASS's negative.binomial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from ..errors import FamilyError, nearest
from . import distributions, likelihoods, responses, simulation, variances
from .arguments import positive_number, shortest
from .family import INFINITY, Family, InitialMu, initial_mu_is_y, unit_dispersion
from .link import Array, ArrayFunction, Link, make_link

REALS = (-INFINITY, INFINITY)
POSITIVE = (0.0, INFINITY)
UNIT = (0.0, 1.0)


def dispersion_over_rows(deviance: float, weight_sum: float, n: int) -> float:
    """deviance / n: the gaussian maximum-likelihood variance."""
    return deviance / n if n else float("nan")


def gaussian(link: str | Link = "identity") -> Family:
    """The normal distribution, V = 1; R's ``gaussian()``.

    Parameters
    ----------
    link : str or Link
        "identity", "log", "inverse" or any other link.

    Raises
    ------
    FamilyError
        There is no such link.

    Examples
    --------
    >>> from glmformula import gaussian
    >>> gaussian().link.name
    'identity'
    """
    return Family(
        "gaussian",
        make_link(link),
        variances.constant,
        variances.gaussian_deviance,
        minus2_loglik=likelihoods.gaussian,
        loglik_dispersion=dispersion_over_rows,
        extra_df=1,
        simulate=simulation.gaussian,
        distribution=distributions.NORMAL,
        averages=True,
    )


def binomial(link: str | Link = "logit") -> Family:
    """The binomial distribution of a proportion, V = mu (1 - mu), dispersion 1; R's ``binomial()``.

    Parameters
    ----------
    link : str or Link
        "logit", "probit", "cauchit", "log", "cloglog" or any other link.

    Raises
    ------
    FamilyError
        There is no such link.

    Examples
    --------
    >>> from glmformula import binomial, datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family=binomial("probit"))
    >>> fit.family
    <BLANKLINE>
    Family: binomial
    Link function: probit
    """
    return Family(
        "binomial",
        make_link(link),
        variances.bernoulli,
        variances.binomial_deviance,
        mu_interval=UNIT,
        initial_mu=responses.start_binomial,
        check_response=partial(responses.check_binomial, False),
        minus2_loglik=likelihoods.binomial,
        fixed_dispersion=1.0,
        loglik_dispersion=unit_dispersion,
        is_binomial=True,
        simulate=simulation.binomial,
        distribution=distributions.BINOMIAL,
        averages=True,
        mean_name="prob",
    )


def poisson(link: str | Link = "log") -> Family:
    """The Poisson distribution, V = mu, dispersion 1; R's ``poisson()``.

    Parameters
    ----------
    link : str or Link
        "log", "identity", "sqrt" or any other link.

    Raises
    ------
    FamilyError
        There is no such link.

    Examples
    --------
    >>> from glmformula import datasets, glm, poisson
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family=poisson())
    >>> fit.coefficients.round(3).to_dict()
    {'(Intercept)': 1.716, 'overtime_hours': 0.026}
    """
    return Family(
        "poisson",
        make_link(link),
        variances.linear,
        variances.poisson_deviance,
        mu_interval=POSITIVE,
        initial_mu=responses.start_plus_tenth,
        check_response=partial(responses.check_counts, "'Poisson'", True),
        minus2_loglik=likelihoods.poisson,
        fixed_dispersion=1.0,
        loglik_dispersion=unit_dispersion,
        simulate=simulation.poisson,
        distribution=distributions.POISSON,
        averages=True,
        mean_name="rate",
    )


def Gamma(link: str | Link = "inverse") -> Family:
    """The gamma distribution, V = mu^2; R's ``Gamma()``.

    Parameters
    ----------
    link : str or Link
        "inverse", "identity", "log" or any other link.

    Raises
    ------
    FamilyError
        There is no such link.

    Examples
    --------
    >>> from glmformula import Gamma, datasets, glm
    >>> fit = glm("salary ~ experience_years", datasets.attrition(), family=Gamma("log"))
    >>> round(fit.dispersion, 3)
    0.046
    """
    return Family(
        "Gamma",
        make_link(link),
        variances.quadratic,
        variances.gamma_deviance,
        mu_interval=POSITIVE,
        check_response=partial(
            responses.check_positive, "non-positive values not allowed for the 'Gamma' family"
        ),
        minus2_loglik=likelihoods.gamma,
        extra_df=1,
        simulate=simulation.gamma,
        distribution=distributions.GAMMA,
        averages=True,
    )


def inverse_gaussian(link: str | Link = "1/mu^2") -> Family:
    """The inverse Gaussian distribution, V = mu^3; R's ``inverse.gaussian()``.

    R does not ask for mu > 0 here; a step to a negative mean ends in its "NaN" errors. Here mu is positive.

    Parameters
    ----------
    link : str or Link
        "1/mu^2", "inverse", "identity", "log" or any other link.

    Raises
    ------
    FamilyError
        There is no such link.

    Examples
    --------
    >>> from glmformula import datasets, glm, inverse_gaussian
    >>> fit = glm("salary ~ experience_years", datasets.attrition(), family=inverse_gaussian("log"))
    >>> fit.coefficients.round(3).to_dict()
    {'(Intercept)': 10.888, 'experience_years': 0.006}
    """
    return Family(
        "inverse.gaussian",
        make_link(link),
        variances.cubic,
        variances.inverse_gaussian_deviance,
        mu_interval=POSITIVE,
        check_response=partial(
            responses.check_positive, "positive values only are allowed for the 'inverse.gaussian' family"
        ),
        minus2_loglik=likelihoods.inverse_gaussian,
        extra_df=1,
        simulate=simulation.inverse_gaussian,
        distribution=distributions.INVERSE_GAUSSIAN,
        averages=True,
    )


def quasibinomial(link: str | Link = "logit") -> Family:
    """V = mu (1 - mu) times a dispersion that is estimated; no likelihood. R's ``quasibinomial()``.

    Parameters
    ----------
    link : str or Link
        As `binomial`'s, or any other link.

    Raises
    ------
    FamilyError
        There is no such link.

    Examples
    --------
    >>> from glmformula import datasets, glm, quasibinomial
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family=quasibinomial())
    >>> round(fit.dispersion, 3), fit.aic
    (0.97, nan)
    """
    return Family(
        "quasibinomial",
        make_link(link),
        variances.bernoulli,
        variances.binomial_deviance,
        mu_interval=UNIT,
        initial_mu=responses.start_binomial,
        check_response=partial(responses.check_binomial, True),
        is_binomial=True,
        averages=True,
        mean_name="prob",
    )


def quasipoisson(link: str | Link = "log") -> Family:
    """V = mu times a dispersion that is estimated; no likelihood. R's ``quasipoisson()``.

    Parameters
    ----------
    link : str or Link
        As `poisson`'s, or any other link.

    Raises
    ------
    FamilyError
        There is no such link.

    Examples
    --------
    >>> from glmformula import datasets, glm, quasipoisson
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family=quasipoisson())
    >>> round(fit.dispersion, 3)
    1.212
    """
    return Family(
        "quasipoisson",
        make_link(link),
        variances.linear,
        variances.poisson_deviance,
        mu_interval=POSITIVE,
        initial_mu=responses.start_plus_tenth,
        check_response=partial(responses.check_counts, "'quasiPoisson'", False),
        averages=True,
        mean_name="rate",
    )


@dataclass(frozen=True)
class QuasiVariance:
    """One of quasi()'s variance functions."""

    variance: ArrayFunction
    unit_deviance: Callable[[Array, Array], Array]
    mu_interval: tuple[float, float]
    initial_mu: InitialMu
    responses: tuple[float, float] = REALS


_ZEROS_TENTH = partial(responses.start_zeros_moved, 0.1)
QUASI_VARIANCES: dict[str, QuasiVariance] = {
    "constant": QuasiVariance(variances.constant, variances.gaussian_deviance, REALS, initial_mu_is_y),
    "mu(1-mu)": QuasiVariance(
        variances.bernoulli, variances.binomial_deviance, UNIT, responses.start_inside, UNIT
    ),
    "mu": QuasiVariance(variances.linear, variances.poisson_deviance, POSITIVE, _ZEROS_TENTH, POSITIVE),
    "mu^2": QuasiVariance(
        variances.quadratic, variances.quasi_gamma_deviance, POSITIVE, _ZEROS_TENTH, POSITIVE
    ),
    "mu^3": QuasiVariance(
        variances.cubic, variances.inverse_gaussian_deviance, POSITIVE, _ZEROS_TENTH, POSITIVE
    ),
}


def quasi(link: str | Link = "identity", variance: str = "constant") -> Family:
    """A quasi-likelihood with the given link and variance function; R's ``quasi()``.

    Parameters
    ----------
    link : str or Link
    variance : str
        "constant", "mu(1-mu)", "mu", "mu^2" or "mu^3"; spaces do not matter. For a variance function of your
        own, build a ``Family(name, link, variance, unit_deviance, mu_interval=...)``.

    Raises
    ------
    FamilyError
        If the variance function is none of these.

    Examples
    --------
    >>> from glmformula import quasi
    >>> quasi(link="log", variance="mu^2")
    <BLANKLINE>
    Family: quasi
    Link function: log
    Variance function: mu^2
    """
    key = variance.replace(" ", "").replace("**", "^") if isinstance(variance, str) else ""
    if key not in QUASI_VARIANCES:
        raise FamilyError(
            f'\'variance\' "{variance}" is invalid: possible values are "mu(1-mu)", "mu", "mu^2", "mu^3"'
            f' and "constant"{nearest(key, QUASI_VARIANCES)}. For another one build a'
            " Family(name, link, variance, unit_deviance)"
        )
    of = QUASI_VARIANCES[key]
    return Family(
        "quasi",
        make_link(link),
        of.variance,
        of.unit_deviance,
        mu_interval=of.mu_interval,
        initial_mu=of.initial_mu,
        check_response=partial(responses.check_inside, key, of.responses),
        variance_name=key,
    )


def negative_binomial(theta: float, link: str | Link = "log") -> Family:
    """The negative binomial distribution with known theta, V = mu + mu^2/theta; MASS's ``negative.binomial``.

    The dispersion is estimated, as R does for this family inside ``glm()``.

    Parameters
    ----------
    theta : float
        Positive; not its reciprocal.
    link : str or Link

    Raises
    ------
    FamilyError
        If `theta` is not a positive finite number.

    Examples
    --------
    >>> from glmformula import datasets, glm, negative_binomial
    >>> fit = glm("sick_days ~ overtime_hours", datasets.attrition(), family=negative_binomial(theta=2.5))
    >>> fit.family.name, fit.family.parameters
    ('Negative Binomial(2.5)', {'theta': 2.5})
    """
    size = positive_number("theta", "negative_binomial(theta)", theta)
    return Family(
        f"Negative Binomial({shortest(round(size, 4))})",
        make_link(link),
        partial(variances.mixed, size),
        partial(variances.negative_binomial_deviance, size),
        mu_interval=POSITIVE,
        initial_mu=partial(responses.start_zeros_moved, 1.0 / 6.0),
        check_response=partial(responses.check_counts, "negative binomial", False),
        minus2_loglik=partial(likelihoods.negative_binomial, size),
        loglik_dispersion=unit_dispersion,
        simulate=partial(simulation.negative_binomial, size),
        distribution=distributions.negative_binomial(size),
        parameters={"theta": size},
        averages=True,
    )


def estimated_negative_binomial(theta: float, link: str | Link = "log") -> Family:
    """The negative binomial whose theta is estimated with the coefficients: dispersion 1, and AIC counts theta.

    What ``glm_nb`` fits; of a fit with known theta `negative_binomial` is the family.

    Raises
    ------
    FamilyError
        As `negative_binomial`.
    """
    return replace(
        negative_binomial(theta, link),
        check_response=responses.check_whole_counts,
        fixed_dispersion=1.0,
        extra_df=1,
    )
