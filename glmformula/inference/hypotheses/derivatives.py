"""Expressions of coefficients with their exact derivatives, by forward differentiation of the syntax tree."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import special

from ...errors import FormulaError, nearest
from ...formula.tree import Call, Literal, Name, Node

ROOT_2_PI = math.sqrt(2 * math.pi)


@dataclass(frozen=True, slots=True)
class Dual:
    """A value and its gradient (k,)."""

    value: float
    gradient: np.ndarray


Pair = tuple[Callable[[float], float], Callable[[float], float]]


def density(x: float) -> float:
    return math.exp(-x * x / 2) / ROOT_2_PI


def logistic(x: float) -> float:
    return float(special.expit(x))


# function and derivative, both of the argument
FUNCTIONS: dict[str, Pair] = {
    "(": (lambda x: x, lambda x: 1.0),
    "exp": (np.exp, np.exp),
    "expm1": (np.expm1, np.exp),
    "log": (np.log, lambda x: 1 / x),
    "log1p": (np.log1p, lambda x: 1 / (1 + x)),
    "log2": (np.log2, lambda x: 1 / (x * math.log(2))),
    "log10": (np.log10, lambda x: 1 / (x * math.log(10))),
    "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "abs": (abs, np.sign),
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
    "tan": (np.tan, lambda x: 1 / np.cos(x) ** 2),
    "asin": (np.arcsin, lambda x: 1 / np.sqrt(1 - x * x)),
    "acos": (np.arccos, lambda x: -1 / np.sqrt(1 - x * x)),
    "atan": (np.arctan, lambda x: 1 / (1 + x * x)),
    "sinh": (np.sinh, np.cosh),
    "cosh": (np.cosh, np.sinh),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "sinpi": (lambda x: np.sin(np.pi * x), lambda x: np.pi * np.cos(np.pi * x)),
    "cospi": (lambda x: np.cos(np.pi * x), lambda x: -np.pi * np.sin(np.pi * x)),
    "tanpi": (lambda x: np.tan(np.pi * x), lambda x: np.pi / np.cos(np.pi * x) ** 2),
    "pnorm": (special.ndtr, density),
    "dnorm": (density, lambda x: -x * density(x)),
    "qnorm": (special.ndtri, lambda x: 1 / density(float(special.ndtri(x)))),
    "plogis": (logistic, lambda x: logistic(x) * logistic(-x)),
    "qlogis": (special.logit, lambda x: 1 / (x * (1 - x))),
    "gamma": (special.gamma, lambda x: special.gamma(x) * special.psi(x)),
    "lgamma": (special.gammaln, special.psi),
    "digamma": (special.psi, lambda x: special.polygamma(1, x)),
    "trigamma": (lambda x: special.polygamma(1, x), lambda x: special.polygamma(2, x)),
    "factorial": (lambda x: special.gamma(x + 1), lambda x: special.gamma(x + 1) * special.psi(x + 1)),
    "lfactorial": (lambda x: special.gammaln(x + 1), lambda x: special.psi(x + 1)),
}


def add(a: Dual, b: Dual) -> Dual:
    return Dual(a.value + b.value, a.gradient + b.gradient)


def subtract(a: Dual, b: Dual) -> Dual:
    return Dual(a.value - b.value, a.gradient - b.gradient)


def multiply(a: Dual, b: Dual) -> Dual:
    return Dual(a.value * b.value, a.gradient * b.value + a.value * b.gradient)


def divide(a: Dual, b: Dual) -> Dual:
    value = np.float64(a.value) / b.value
    return Dual(float(value), (a.gradient - value * b.gradient) / b.value)


def power(a: Dual, b: Dual) -> Dual:
    value = np.float64(a.value) ** b.value
    gradient = b.value * np.float64(a.value) ** (b.value - 1) * a.gradient if b.value != 0 else 0 * a.gradient
    if b.gradient.any():
        gradient = gradient + value * np.log(a.value) * b.gradient
    return Dual(float(value), gradient)


def log_to_base(a: Dual, b: Dual) -> Dual:
    return divide(apply(FUNCTIONS["log"], a), apply(FUNCTIONS["log"], b))


OPERATORS: dict[str, Callable[[Dual, Dual], Dual]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "^": power,
    "**": power,
    "log": log_to_base,
}


def apply(pair: Pair, x: Dual) -> Dual:
    function, derivative = pair
    return Dual(float(function(np.float64(x.value))), float(derivative(np.float64(x.value))) * x.gradient)


def evaluate(node: Node, values: Mapping[str, Dual], text: str) -> Dual:
    """The expression's value and gradient; `values` by name, all of one gradient length.

    Raises
    ------
    FormulaError
        An unknown name or function, or something that is not a number: points at it.
    """
    with np.errstate(all="ignore"):
        return _evaluate(node, values, text)


def _evaluate(node: Node, values: Mapping[str, Dual], text: str) -> Dual:
    size = len(next(iter(values.values())).gradient) if values else 0
    if isinstance(node, Literal):
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise FormulaError(f"{node.text} is not a number", text, node.start, node.stop)
        return Dual(float(node.value), np.zeros(size))
    if isinstance(node, Name):
        if node.name in values:
            return values[node.name]
        if node.name == "pi":
            return Dual(math.pi, np.zeros(size))
        raise FormulaError(
            f"'{node.name}' is not a coefficient of the model{nearest(node.name, values)}",
            text,
            node.start,
            node.stop,
        )
    return _call(node, values, text, size)


def _call(node: Call, values: Mapping[str, Dual], text: str, size: int) -> Dual:
    arguments = [_evaluate(argument, values, text) for argument in node.args]
    named = [name for name in node.names if name]
    if node.namespace is None and not (named and named != ["base"]):
        if len(arguments) == 2 and node.function in OPERATORS:
            return OPERATORS[node.function](*arguments)
        if len(arguments) == 1 and node.function in ("+", "-"):
            sign = 1.0 if node.function == "+" else -1.0
            return Dual(sign * arguments[0].value, sign * arguments[0].gradient)
        if len(arguments) == 1 and node.function in FUNCTIONS:
            return apply(FUNCTIONS[node.function], arguments[0])
    known = sorted(name for name in {*FUNCTIONS, *OPERATORS} if name != "(")
    raise FormulaError(
        f"`{node.function}` with {len(arguments)} argument(s) has no derivative here: expected + - * / ^ or "
        f"one of {', '.join(name for name in known if name.isidentifier())}{nearest(node.function, known)}",
        text,
        node.start,
        node.stop,
    )
