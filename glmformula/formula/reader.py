"""Reading R: formula text to syntax tree, by precedence; every error points at the character."""

from __future__ import annotations

from itertools import count
from typing import NoReturn

from ..errors import FormulaError
from .tokens import (
    BINARY,
    COMPARISON,
    CONSTANTS,
    POWER,
    RESERVED,
    SPECIAL,
    UNARY,
    Token,
    number_text,
    number_value,
    string_text,
    string_value,
    tokenize,
)
from .tree import EMPTY, Call, Literal, Name, Node

MAX_CHARACTERS = 100_000
MAX_DEPTH = 150
"""Nested expressions: one (or two) Python frames each, so far from Python's own limit of 1000."""

_ASSIGNMENT = "assignment `{}` has no place in a formula; compare with `==`, or write a space: `a < -b`"
_REFUSED = {
    **dict.fromkeys(["<-", "<<-", "->", "->>", ":="], _ASSIGNMENT),
    "=": "`=` has no place here; compare with `==`, separate the two sides of a formula with `~`",
    "|>": "pipes have no place in a formula; write `f(x)` instead of `x |> f()`",
    "?": "`?` has no place in a formula",
    "@": "`@` (slots) has no place in a formula",
    ":::": "`:::` has no place in a formula; write `package::function(...)`",
    "::": "`::` belongs between a package and a function, as in `splines::ns(x)`",
}
_STRAY = {
    "{": "blocks `{...}` have no place in a formula",
    "}": "blocks `{...}` have no place in a formula",
    ";": "`;` has no place in a formula: one formula at a time",
    "\\": "functions `\\(x)` have no place in a formula",
    "_": "a name does not start with `_` in R; write it in backticks, as in `` `_x` ``",
    '"': "this string is never closed",
    "'": "this string is never closed",
    "`": "this backtick is never closed",
    "%": "this `%` is never closed: operators are written `%%`, `%/%`, `%in%`",
    **dict.fromkeys("\u2212\u2013\u2014", "this is a typographic dash; the minus of a formula is `-`"),
    **dict.fromkeys("\u2018\u2019\u201c\u201d", "this is a typographic quote; write ' or \""),
}
_NOTHING = "there is nothing between"


def read(text: str) -> Node:
    """Read one R expression, usually a formula.

    R's grammar and precedence (``?Syntax``) as far as formulas go: numbers, strings, names (also in
    backticks), constants, operators, calls with named or empty arguments, ``package::f(x)``, ``x[i]``, ``x[[i]]``,
    ``x$a``, and comments. Line ends are white space. Assignments, functions, control flow, blocks and pipes
    are refused by name.

    Parameters
    ----------
    text : str
        At most 100,000 characters, nested at most 150 deep; flat sums may be of any length.

    Returns
    -------
    Node
        Operators are calls; ``**`` is read as ``^``; ``T``, ``F`` and ``pi`` are names, as in R.

    Raises
    ------
    FormulaError
        With the place in the text.
    """
    if not isinstance(text, str):
        raise FormulaError(f"a formula is a str such as 'y ~ x', not {type(text).__name__}")
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(
            f"the formula has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read "
            "(for many columns write `y ~ .`)"
        )
    reader = _Reader(text)
    node = reader.expression(0)
    if reader.tokens[reader.at][0] != "end":
        reader.refuse()
    return node


class _Reader:
    """A cursor over the tokens; `expression` is precedence climbing."""

    __slots__ = ("at", "depth", "source", "tokens")

    def __init__(self, source: str) -> None:
        self.source, self.tokens, self.at, self.depth = source, tokenize(source), 0, 0

    def fail(self, message: str, start: int, stop: int | None = None) -> NoReturn:
        raise FormulaError(message, self.source, start, stop)

    def expression(self, floor: int) -> Node:
        """The longest expression from here whose operators bind at least as tightly as `floor`."""
        token = self.tokens[self.at]
        kind, text, start, stop = token
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"the formula is nested too deeply: over {MAX_DEPTH} levels", start, stop)
        self.at += 1

        left: Node
        if kind == "name":
            left = self.named(token)
        elif kind == "number":
            if text[-1] == "i":
                self.fail("complex numbers have no place in a formula", start, stop)
            value = number_value(text)
            left = Literal(value, f"{value}L" if isinstance(value, int) else number_text(value), start, stop)
        elif text == "(":
            inner = self.expression(0)
            left = Call("(", (inner,), start=start, stop=self.close(token, ")"))
        elif kind == "operator" and text in UNARY:
            # unary ~ is left associative with binary ~: its operand stops before the next ~
            operand = self.expression(UNARY[text] + (text == "~"))
            left = Call(text, (operand,), start=start, stop=operand.stop)
        elif kind == "quoted":
            left = self.named(token)
        elif kind == "string":
            string = string_value(text, self.source, start)
            left = Literal(string, string_text(string), start, stop)
        else:
            self.at -= 1
            self.refuse()

        tokens = self.tokens
        for level in count(1):
            if tokens[self.at][1] not in _POSTFIX:
                break
            if level > MAX_DEPTH:
                self.fail(f"the formula is nested too deeply: over {MAX_DEPTH} levels", *tokens[self.at][2:])
            left = self.postfix(left)

        while True:
            kind, text, start, stop = tokens[self.at]
            if kind != "operator":
                break
            if text == "**":
                text = "^"
            power = BINARY.get(text) or (SPECIAL if text[0] == "%" else -1)
            if power < floor:
                break
            if power == COMPARISON and isinstance(left, Call) and BINARY.get(left.function) == COMPARISON:
                self.fail("comparisons do not chain; write `a < b & b < c`", start, stop)
            self.at += 1
            right = self.expression(power + (power != POWER))
            left = Call(text, (left, right), start=left.start, stop=right.stop)
        self.depth -= 1
        return left

    def named(self, token: Token) -> Node:
        """A constant, a variable, or a call of a named function."""
        kind, text, start, stop = token
        name = text
        if kind == "quoted":
            name = string_value(text, self.source, start)
            if not name:
                self.fail("attempt to use zero-length variable name", start, stop)
        elif text in CONSTANTS:
            return Literal(CONSTANTS[text], text, start, stop)
        elif text in RESERVED:
            hint = "write a column of that name in backticks"
            self.fail(f"`{text}` has no place in a formula; {hint}", start, stop)
        following = self.tokens[self.at]
        namespace = None
        if following[1] == "::":
            namespace = name
            kind, text, _, stop = self.tokens[self.at + 1]
            opening = self.tokens[min(self.at + 2, len(self.tokens) - 1)]
            if kind not in ("name", "quoted") or opening[1] != "(":
                self.fail(_REFUSED["::"], start, following[3])
            name = text if kind == "name" else string_value(text, self.source, stop - len(text))
            self.at += 2
            following = opening
        if following[1] == "(":
            self.at += 1
            args, names = self.arguments(following, ")")
            return Call(name, args, names, namespace, start, self.tokens[self.at - 1][3])
        return Name(name, start, stop)

    def arguments(self, opening: Token, closing: str) -> tuple[tuple[Node, ...], tuple[str | None, ...]]:
        """Arguments up to and with the closing bracket; names are empty when no argument is named."""
        tokens, args, names = self.tokens, [], []
        if tokens[self.at][1] == closing:
            self.at += 1
            return (), ()
        while True:
            kind, text, start, _ = tokens[self.at]
            name = None
            if kind in ("name", "string", "quoted") and tokens[self.at + 1][1] == "=":
                name = text if kind == "name" else string_value(text, self.source, start)
                self.at += 2
                text = tokens[self.at][1]
            args.append(EMPTY if text in (",", closing) else self.expression(0))
            names.append(name)
            if tokens[self.at][1] == ",":
                self.at += 1
                continue
            self.close(opening, closing)
            return tuple(args), tuple(names) if any(names) else ()

    def postfix(self, left: Node) -> Node:
        """``x[i]``, ``x[[i]]``, ``x$a``; a second call ``f(x)(y)`` is refused."""
        token = self.tokens[self.at]
        _, text, start, stop = token
        self.at += 1
        if text == "$":
            kind, member, start, stop = self.tokens[self.at]
            if kind not in ("name", "string", "quoted"):
                self.fail("`$` wants a name on its right", token[2], stop)
            self.at += 1
            name = member if kind == "name" else string_value(member, self.source, start)
            return Call("$", (left, Name(name, start, stop)), start=left.start, stop=stop)
        if text == "(":
            self.fail("only a named function can be called, as in `f(x)`", left.start, stop)
        args, names = self.arguments(token, "]")
        if text == "[[":
            self.close(token, "]")
        if not args:
            self.fail(f"an index is missing in `{text}`", start, stop)
        names = (None, *names) if names else ()
        return Call(text, (left, *args), names, start=left.start, stop=self.tokens[self.at - 1][3])

    def close(self, opening: Token, closing: str) -> int:
        """Step over the closing bracket; returns where it ends."""
        kind, text, _, stop = self.tokens[self.at]
        if text != closing:
            if kind == "end":
                self.fail(f"`{opening[1]}` is never closed", opening[2], opening[3])
            self.refuse()
        self.at += 1
        return stop

    def refuse(self) -> NoReturn:
        """Say why the token here cannot stand here."""
        kind, text, start, stop = self.tokens[self.at]
        if kind == "other":
            if text == "_" and self.at and self.tokens[self.at - 1][3] == start:
                self.fail("`_` stands after letters only", start, stop)
            shown = f"`{text}`" if text.isprintable() else ascii(text)
            self.fail(_STRAY.get(text, f"unexpected character {shown}"), start, stop)
        if kind == "operator" and text in _REFUSED:
            self.fail(_REFUSED[text].format(text), start, stop)
        last: Token | None = self.tokens[self.at - 1] if self.at else None
        if last is not None and (last[0] in ("name", "number", "string", "quoted") or last[1] in (")", "]")):
            if kind == "bracket" and text in ")],[[(":
                what = "separates nothing here" if text == "," else "closes nothing here"
                self.fail(f"`{text}` {what}", start, stop)
            self.fail(f"Missing operator between `{last[1]}` and `{text}`", last[2], stop)
        if kind == "end":
            if last is None:
                self.fail("the formula is empty; write for instance `y ~ x`", 0)
            self.fail(f"the formula ends where `{last[1]}` wants something on its right", last[2], last[3])
        if last is None:
            self.fail(f"the formula cannot begin with `{text}`", start, stop)
        self.fail(f"{_NOTHING} `{last[1]}` and `{text}`", last[2], stop)


_POSTFIX = frozenset(["[", "[[", "$", "("])
