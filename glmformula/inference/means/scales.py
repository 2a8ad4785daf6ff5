"""The scales on which linear functions are told: that of the link or of a transformed response, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ...families import make_link
from ...formula.tree import Call, Literal, Node

if TYPE_CHECKING:
    from ...families import Link

Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Scale:
    """A transformation of the mean.

    Attributes
    ----------
    name : str
        As the lines under a table call it.
    kind : str
        Its name without multipliers: "log", "logit" ...
    inverse, slope : callable
        Back to the mean, and the derivative of that.
    """

    name: str
    kind: str
    inverse: Function
    slope: Function


def scale_of(link: Link) -> Scale | None:
    """A link's scale; None for the identity."""
    if link.name == "identity":
        return None
    if link.name in _POSITIVE:
        inverse, slope = _POSITIVE[link.name]
        return Scale(link.name, link.name, inverse, slope)
    return Scale(link.name, link.name, link.linkinv, link.mu_eta)


SINE = "asin(sqrt(mu))"
LOG_ODDS_RATIO = Scale("log odds ratio", "log.o.r.", np.exp, np.exp)


def _sqrt(eta: np.ndarray) -> np.ndarray:
    return np.square(np.maximum(eta, 0.0))


def _sqrt_slope(eta: np.ndarray) -> np.ndarray:
    return 2 * np.maximum(eta, 0.0)


def _reciprocal(eta: np.ndarray) -> np.ndarray:
    return 1 / np.maximum(eta, 0.0)


def _reciprocal_slope(eta: np.ndarray) -> np.ndarray:
    return -1 / np.square(np.maximum(eta, 0.0))


def _root(eta: np.ndarray) -> np.ndarray:
    return 1 / np.sqrt(np.maximum(eta, 0.0))


def _root_slope(eta: np.ndarray) -> np.ndarray:
    return -0.5 * np.maximum(eta, 0.0) ** -1.5


def _power_of(base: float, eta: np.ndarray) -> np.ndarray:
    return np.asarray(base**eta)


def _power_slope(base: float, eta: np.ndarray) -> np.ndarray:
    return np.asarray(base**eta * np.log(base))


def _sine(eta: np.ndarray) -> np.ndarray:
    return np.square(np.sin(eta))


def _sine_slope(eta: np.ndarray) -> np.ndarray:
    return np.sin(2 * eta)


def _over(eta: np.ndarray) -> np.ndarray:
    return 1 / eta


_POSITIVE: dict[str, tuple[Function, Function]] = {
    "sqrt": (_sqrt, _sqrt_slope),
    "inverse": (_reciprocal, _reciprocal_slope),
    "1/mu^2": (_root, _root_slope),
}
_OF_RESPONSE: dict[str, tuple[Function, Function]] = {
    "log": (np.exp, np.exp),
    "log2": (partial(_power_of, 2.0), partial(_power_slope, 2.0)),
    "log10": (partial(_power_of, 10.0), partial(_power_slope, 10.0)),
    "log1p": (np.expm1, np.exp),
    "sqrt": (_sqrt, _sqrt_slope),
    "exp": (np.log, _over),
    "asin.sqrt": (_sine, _sine_slope),
}


def scale_of_response(response: Node | None) -> Scale | None:
    """Of a response such as ``log(y)``, ``sqrt(y + 1)`` or ``2 * sqrt(y)``; None where there is nothing to undo."""
    times, node = 1.0, response
    if isinstance(node, Call) and node.function == "*" and len(node.args) == 2:
        number = _number(node.args[0])
        if number is not None:
            times, node = number, node.args[1]
    if not isinstance(node, Call) or len(node.args) != 1:
        return None
    kind, inside = node.function, node.args[0]
    if kind == "asin" and isinstance(inside, Call) and inside.function == "sqrt":
        kind, inside = "asin.sqrt", inside.args[0]
    if kind not in _OF_RESPONSE:
        return None
    more = 0.0
    if isinstance(inside, Call) and inside.function == "+" and len(inside.args) == 2:
        number = _number(inside.args[1])
        if number is None:
            return None
        more = number
    inverse, slope = _OF_RESPONSE[kind]
    title = SINE if kind == "asin.sqrt" else kind
    name = title if times == 1 else f"{round(times, 3):.7g}*{title}"
    name = name if more == 0 else f"{name}(mu + {round(more, 3):.7g})"
    return Scale(name, kind, partial(_moved, inverse, times, more), partial(_moved_slope, slope, times))


def _moved(inverse: Function, times: float, more: float, eta: np.ndarray) -> np.ndarray:
    return inverse(eta / times) - more


def _moved_slope(slope: Function, times: float, eta: np.ndarray) -> np.ndarray:
    return slope(eta / times) / times


def _number(node: Node) -> float | None:
    return float(node.value) if isinstance(node, Literal) and isinstance(node.value, int | float) else None


STEP = 5e-4  # of numerical derivatives, as R's package takes it


def bias_adjusted(scale: Scale, sigma: float) -> Scale:
    """With half the variance times the second derivative added to the inverse."""
    half = sigma**2 / 2
    return replace(
        scale, inverse=partial(_adjusted, scale, half), slope=partial(_adjusted_slope, scale, half)
    )


def _second(scale: Scale, eta: np.ndarray) -> np.ndarray:
    return (scale.slope(eta + STEP) - scale.slope(eta - STEP)) / (2 * STEP)


def _adjusted(scale: Scale, half: float, eta: np.ndarray) -> np.ndarray:
    return scale.inverse(eta) + half * _second(scale, eta)


def _adjusted_slope(scale: Scale, half: float, eta: np.ndarray) -> np.ndarray:
    third = (_second(scale, eta + STEP) - _second(scale, eta - STEP)) / (2 * STEP)
    return scale.slope(eta) + half * third


_OTHER_LINKS: dict[str, Function] = {"log10": np.log10, "log2": np.log2}
FORWARD = ("logit", "probit", "cauchit", "cloglog", "log", "log10", "log2", "sqrt", "1/mu^2", "inverse")
_OF_PROBABILITIES = frozenset({"logit", "probit", "cauchit", "cloglog"})


def forward(name: str) -> tuple[Scale, Function, Callable[[np.ndarray], np.ndarray]]:
    """One of `FORWARD`: the scale, the function to it, and which means it has."""
    inside = _between if name in _OF_PROBABILITIES else _positive
    if name in _OTHER_LINKS:
        inverse, slope = _OF_RESPONSE[name]
        return Scale(name, name, inverse, slope), _OTHER_LINKS[name], inside
    link = make_link(name)
    scale = scale_of(link)
    assert scale is not None
    return scale, link.linkfun, inside


def _between(mean: np.ndarray) -> np.ndarray:
    out: np.ndarray = (mean > 0) & (mean < 1)
    return out


def _positive(mean: np.ndarray) -> np.ndarray:
    out: np.ndarray = mean > 0
    return out
