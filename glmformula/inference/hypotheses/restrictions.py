"""Linear restrictions on coefficients: read from text, and written as text."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ...design.selection import several, shared
from ...errors import FormulaError, nearest
from ...render.numbers import format_number

NUMBER = re.compile(r"\d+\.?\d*|\.\d+")
EXPONENT = re.compile(r"[eE][+-]?\d+")
WORD = re.compile(r"[\w.]+")
MAX_DEPTH, MAX_CHARACTERS = 50, 10_000


def read_restriction(text: str, names: Sequence[str], rhs: float | None = None) -> tuple[np.ndarray, float]:
    """A row of L and its right side, from text such as ``"2*x - z = 1"``.

    Coefficients by their names as they are (``x:z``, ``fC 1``, ``(Intercept)``); numbers, ``+ - * /`` and
    parentheses; without ``=`` the right side is `rhs` or 0.

    Raises
    ------
    FormulaError
        At the character that cannot stand there.
    """
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(
            f"the hypothesis has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read: give a matrix"
        )
    reader = _Reader(text, names)
    left = reader.sum()
    if reader.peek() != "=":
        reader.end()
        return left[:-1], (0.0 if rhs is None else rhs) - left[-1]
    if rhs is not None:
        reader.fail("a `=` sign although rhs was given: put the number in one of the two places")
    reader.at += 1
    right = reader.sum()
    reader.end()
    difference = left - right
    return difference[:-1], 0.0 - difference[-1]


class _Reader:
    """Sums of multiples; a value is an array of coefficients with a constant at its end."""

    def __init__(self, text: str, names: Sequence[str]) -> None:
        self.text, self.at, self.depth = text, 0, 0
        self.names = sorted(enumerate(names), key=lambda item: -len(item[1]))
        self.known = list(names)
        self.shared = shared(names)

    def fail(self, message: str, start: int | None = None, stop: int | None = None) -> None:
        start = self.at if start is None else start
        raise FormulaError(f"the hypothesis is not well formed: {message}", self.text, start, stop)

    def peek(self) -> str:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]

    def end(self) -> None:
        if self.peek():
            self.fail("contains more than one = sign" if self.peek() == "=" else "an operator is missing")

    def sum(self) -> np.ndarray:
        value = self.product()
        while self.peek() in ("+", "-") and self.peek():
            sign = 1.0 if self.peek() == "+" else -1.0
            self.at += 1
            value = value + sign * self.product()
        return value

    def product(self) -> np.ndarray:
        value = self.factor()
        while self.peek() and self.peek() not in "+-=)":
            divide = self.peek() == "/"
            start = self.at
            if self.peek() in ("*", "/"):
                self.at += 1
            other = self.factor()
            if divide and (other[:-1].any() or other[-1] == 0):
                self.fail("only division by a number other than 0 is linear", start, self.at)
            if divide:
                value = value / other[-1]
            elif not other[:-1].any():
                value = value * other[-1]
            elif not value[:-1].any():
                value = value[-1] * other
            else:
                self.fail("a product of coefficients is not linear", start, self.at)
        return value

    def factor(self) -> np.ndarray:
        sign = 1.0
        while self.peek() in ("+", "-") and self.peek():
            sign = -sign if self.peek() == "-" else sign
            self.at += 1
        value = np.zeros(len(self.known) + 1)
        place = self.name_at(self.at)
        if place is not None:
            name = self.known[place]
            if name in self.shared:
                shown = several(name, self.shared[name])
                self.fail(f"{shown}: give a matrix", self.at, self.at + len(name))
            value[place] = sign
            self.at += len(self.known[place])
        elif self.peek() == "(":
            opening = self.at
            self.depth += 1
            if self.depth > MAX_DEPTH:
                self.fail(f"parentheses nested deeper than {MAX_DEPTH}")
            self.at += 1
            value = sign * self.sum()
            if self.peek() != ")":
                self.fail("`(` is never closed", opening)
            self.at += 1
            self.depth -= 1
        else:
            value[-1] = sign * self.number()
        return value

    def name_at(self, at: int) -> int | None:
        """The longest coefficient name that stands here as a whole word."""
        for place, name in self.names:
            stop = at + len(name)
            if self.text.startswith(name, at) and not (
                WORD.match(name[-1]) and WORD.match(self.text, stop) and stop < len(self.text)
            ):
                return place
        return None

    def number(self) -> float:
        match = NUMBER.match(self.text, self.at)
        if match is None:
            word = WORD.match(self.text, self.at)
            if word:
                self.fail(
                    f"'{word[0]}' is not a coefficient of the model{nearest(word[0], self.known)}",
                    *word.span(),
                )
            self.fail(
                "a coefficient or a number is missing"
                if not self.peek()
                else "expected a coefficient or a number"
            )
            raise AssertionError
        self.at = match.end()
        if self.name_at(self.at) is None:
            exponent = EXPONENT.match(self.text, self.at)
            self.at = exponent.end() if exponent else self.at
        return float(self.text[match.start() : self.at])


def write_restriction(row: np.ndarray, rhs: float, names: Sequence[str]) -> str:
    """``"2 x  + z = 1"``: as car writes it, but for names and numbers that hold a sign, which stay whole."""
    out = ""
    for value, name in zip(row.tolist(), names):
        if value == 0:
            continue
        size = "" if abs(value) == 1 else format_number(abs(value), 15) + " "
        sign = ("- " if value < 0 else "") if not out else (" - " if value < 0 else "  + ")
        out += f"{sign}{size}{name}"
    return f"{out or '0'} = {'- ' if rhs < 0 else ''}{format_number(abs(rhs), 15)}"
