"""Families and links: records of pure array functions (R's family objects)."""

from __future__ import annotations

from .family import Family
from .link import Link, make_link, power, register_link
from .registry import get_family, register_family
from .standard import (
    Gamma,
    binomial,
    gaussian,
    inverse_gaussian,
    negative_binomial,
    poisson,
    quasi,
    quasibinomial,
    quasipoisson,
)
from .tweedie import tweedie

__all__ = [
    "Family",
    "Gamma",
    "Link",
    "binomial",
    "gaussian",
    "get_family",
    "inverse_gaussian",
    "make_link",
    "negative_binomial",
    "poisson",
    "power",
    "quasi",
    "quasibinomial",
    "quasipoisson",
    "register_family",
    "register_link",
    "tweedie",
]
