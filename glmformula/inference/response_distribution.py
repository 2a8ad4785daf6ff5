"""The response's distribution at a mean: cumulative probabilities and quantiles, by family."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FamilyError

if TYPE_CHECKING:
    from ..families import Family

# scipy.stats is imported where it is used: it costs more than all the rest of the package together


def response_distribution(family: Family, mu: np.ndarray, prior_weights: np.ndarray, phi: float) -> Any:
    """A frozen scipy.stats distribution of the response (counts, not proportions, for a binomial).

    Raises
    ------
    FamilyError
        The family is defined by its variance only (quasi families, Tweedie), or is the user's own.
    """
    for prefix, make in _DISTRIBUTIONS.items():
        if family.name == prefix or (prefix.endswith("(") and family.name.startswith(prefix)):
            return make(family, mu, prior_weights, phi)
    raise FamilyError(
        f"family '{family.name}' has no distribution of the response: expected one of "
        f"{', '.join(p.rstrip('(') for p in _DISTRIBUTIONS)}"
    )


def is_discrete(family: Family) -> bool:
    return family.name in ("binomial", "poisson") or family.name.startswith("Negative Binomial(")


def _gaussian(family: Family, mu: np.ndarray, w: np.ndarray, phi: float) -> Any:
    from scipy import stats

    return stats.norm(mu, np.sqrt(phi / w))


def _binomial(family: Family, mu: np.ndarray, w: np.ndarray, phi: float) -> Any:
    from scipy import stats

    return stats.binom(np.round(w), mu)


def _poisson(family: Family, mu: np.ndarray, w: np.ndarray, phi: float) -> Any:
    from scipy import stats

    return stats.poisson(mu)


def _gamma(family: Family, mu: np.ndarray, w: np.ndarray, phi: float) -> Any:
    from scipy import stats

    return stats.gamma(w / phi, scale=mu * phi / w)


def _inverse_gaussian(family: Family, mu: np.ndarray, w: np.ndarray, phi: float) -> Any:
    from scipy import stats

    return stats.invgauss(mu * phi / w, scale=w / phi)


def _negative_binomial(family: Family, mu: np.ndarray, w: np.ndarray, phi: float) -> Any:
    from scipy import stats

    theta = float(family.name.removeprefix("Negative Binomial(").removesuffix(")"))
    return stats.nbinom(theta, theta / (theta + mu))


_DISTRIBUTIONS: dict[str, Callable[..., Any]] = {
    "gaussian": _gaussian,
    "binomial": _binomial,
    "poisson": _poisson,
    "Gamma": _gamma,
    "inverse.gaussian": _inverse_gaussian,
    "Negative Binomial(": _negative_binomial,
}
