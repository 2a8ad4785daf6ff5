"""Families by name: R's, and those a user registers."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import FamilyError, nearest
from .family import Family
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

Constructor = Callable[..., Family]

FAMILIES: dict[str, Constructor] = {
    "gaussian": gaussian,
    "binomial": binomial,
    "poisson": poisson,
    "Gamma": Gamma,
    "inverse.gaussian": inverse_gaussian,
    "quasi": quasi,
    "quasibinomial": quasibinomial,
    "quasipoisson": quasipoisson,
    "negative.binomial": negative_binomial,
    "tweedie": tweedie,
}
_BUILT_IN_FAMILIES = frozenset(FAMILIES)

# What other programs call the negative binomial: glm() holds its theta and does not estimate it.
_NEEDS_THETA = frozenset({"nb", "negbin", "nbinom", "nbinom2", "negbinomial", "negative.binomial"})


def get_family(family: str | Family | Constructor) -> Family:
    """The Family meant by a name, a family function or a Family.

    Parameters
    ----------
    family : str, callable or Family
        ``"inverse.gaussian"`` (or ``"inverse_gaussian"``), ``binomial``, ``binomial("probit")`` ...

    Raises
    ------
    FamilyError
        If nothing of that name is registered, the function needs arguments, or it does not return a Family.
    """
    if isinstance(family, Family):
        return family
    if isinstance(family, str):
        return _construct(family, _by_name(family))
    if callable(family):
        return _construct(getattr(family, "__name__", repr(family)), family)
    raise FamilyError(
        "'family' not recognized: expected a name, a family function or a Family such as binomial('probit'),"
        f" not {type(family).__name__}"
    )


def _by_name(name: str) -> Constructor:
    if name.replace("_", ".") in _NEEDS_THETA:
        raise FamilyError(
            f"the family '{name}' needs its theta (Var = mu + mu^2/theta), which glm() holds fixed: write "
            "family=negative_binomial(theta); glm_nb(formula, data) estimates theta with the coefficients, by maximum "
            "likelihood"
        )
    for key in (name, name.replace("_", ".")):
        if key in FAMILIES:
            return FAMILIES[key]
    raise FamilyError(f"'family' not recognized: there is no family '{name}'{nearest(name, FAMILIES)}")


def _construct(name: str, constructor: Constructor) -> Family:
    try:
        made = constructor()
    except TypeError as error:
        raise FamilyError(
            f"'family' not recognized: {name}() could not be called without arguments ({error});"
            f" call it yourself: family={name.replace('.', '_')}(...)"
        ) from error
    if not isinstance(made, Family):
        raise FamilyError(f"'family' not recognized: {name}() gave a {type(made).__name__}, not a Family")
    return made


def register_family(name: str, constructor: Constructor) -> None:
    """Make ``family=name`` call `constructor`, a function that returns a Family.

    Registering a name again replaces the earlier constructor; the built-in families' names cannot be taken.

    Raises
    ------
    FamilyError
        If `constructor` cannot be called, or `name` is a built-in family's.

    Examples
    --------
    >>> from glmformula import datasets, glm, negative_binomial, register_family
    >>> register_family("geometric", lambda: negative_binomial(theta=1))
    >>> glm("sick_days ~ overtime_hours", datasets.attrition(), family="geometric").family.name
    'Negative Binomial(1)'
    """
    if not isinstance(name, str) or not name:
        raise FamilyError(f"register_family: the name must be a non-empty string, not {name!r}")
    if not callable(constructor):
        raise FamilyError(
            f"register_family: '{name}' must be a function that returns a Family,"
            f" not {type(constructor).__name__}"
        )
    if name in _BUILT_IN_FAMILIES or name.replace("_", ".") in _BUILT_IN_FAMILIES:
        raise FamilyError(
            f"register_family: '{name}' is a built-in family and cannot be replaced; choose another name"
        )
    FAMILIES[name] = constructor
