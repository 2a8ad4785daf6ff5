"""The algebra of formulas: R's ``terms.formula`` and ``update.formula``.

A term is an int whose bit i says that variable i is in it; a set of terms is a dict, for its order.
Wilkinson & Rogers (1973), Applied Statistics 22, 392; Chambers & Hastie (1992), Statistical Models in S.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache, reduce
from typing import NoReturn

import numpy as np

from ..errors import FormulaError
from .deparse import deparse
from .reader import read
from .terms import Terms
from .tree import Call, Literal, Name, Node

MAX_PRODUCTS = 200_000
"""Products of terms that are formed before a formula is refused: ``(.)^2`` of 447 columns."""

TermSet = dict[int, None]


def terms(formula: str | Node, data: Iterable[str] | None = None) -> Terms:
    """What a formula says: its variables, terms, intercept and offsets, as R's ``terms.formula``.

    Parameters
    ----------
    formula : str or Node
        ``response ~ terms`` or ``~ terms``.
    data : DataFrame or iterable of str, optional
        The data, or the names of their columns, which ``.`` stands for (but those on the left side).

    Returns
    -------
    Terms
        Equal to R's but for: a constant multiplied into a term (``1:x``, ``1*x``) is an error where R drops
        `x` in silence; ``stats::offset(x)`` is an offset, ``offset(x) > 1`` is not; a column is not taken out
        of ``.`` because a function of its name is called on the left (``log(y) ~ .`` with a column ``log``).
        As in R, a response that appears on the right keeps its term here; see `response_term`.

    Raises
    ------
    FormulaError
        "invalid model formula ...", "invalid power in formula", "'.' in formula and no 'data' argument".
    """
    dotless = isinstance(formula, str) and "." not in formula
    names = None if data is None or dotless else tuple(map(str, data))
    return _terms_of_text(formula, names) if isinstance(formula, str) else _terms(formula, None, names)


@lru_cache(maxsize=16)
def _terms_of_text(text: str, data_names: tuple[str, ...] | None) -> Terms:
    return _terms(read(text), text, data_names)


def _terms(node: Node, source: str | None, data_names: tuple[str, ...] | None) -> Terms:
    while isinstance(node, Call) and node.function == "(":
        node = node.args[0]
    if not isinstance(node, Call) or node.function != "~":
        message = "invalid formula: there is no `~`; write `response ~ terms`, or `~ terms`"
        raise FormulaError(message, source, node.start, node.stop)
    response = node.args[0] if len(node.args) == 2 else None
    encoder = _Encoder(source, data_names, response)
    found = encoder.encode(node.args[-1])
    variables, names = tuple(encoder.nodes), tuple(encoder.bits)

    first = 0 if response is None else 1
    offsets = tuple(i for i, v in enumerate(variables) if i >= first and is_offset(v))
    excluded = sum(1 << i for i in offsets)
    kept = sorted((t for t in found if not t & excluded), key=int.bit_count)
    members = [list(_members(t)) for t in kept]

    if encoder.dotted:
        node = replace(node, args=(*node.args[:-1], _expand_dot(node.args[-1], encoder.columns)))
    return Terms(
        text=deparse(node),
        response=response,
        variables=variables,
        names=names,
        labels=tuple([":".join([names[i] for i in m]) for m in members]),
        factors=_codes(kept, members, len(variables)),
        order=tuple(map(len, members)),
        intercept=encoder.intercept,
        offsets=offsets,
    )


def response_term(terms: Terms) -> int | None:
    """Index into ``terms.labels`` of a term that is the response itself.

    R keeps it among the terms, warns "the response appeared on the right-hand side and was dropped", and
    gives it no column.
    """
    if terms.response is None or terms.names[0] not in terms.labels:
        return None
    return terms.labels.index(terms.names[0])


def is_offset(node: Node) -> bool:
    """Whether the variable is an ``offset()`` call."""
    return isinstance(node, Call) and node.function == "offset" and node.namespace in (None, "stats")


def refuse_bars(formula: str | Terms) -> None:
    """Refuse ``(1 | g)``, ``(x || g)`` and ``y ~ x | fe`` where a model has neither random nor absorbed effects.

    Inside a call, ``I(a | b)`` or ``ifelse(a | b, 1, 0)``, a bar is R's logical or and stays.

    Raises
    ------
    FormulaError
        With the place of the bar's operands.
    """
    if isinstance(formula, Terms):
        source, nodes = None, list(formula.variables[0 if formula.response is None else 1 :])
    elif isinstance(formula, str) and "|" in formula:
        source, node = formula, read(formula)
        while isinstance(node, Call) and node.function == "(":
            node = node.args[0]
        nodes = [node.args[-1]] if isinstance(node, Call) and node.function == "~" else []
    else:
        return
    while nodes:
        node = nodes.pop()
        if not isinstance(node, Call):
            continue
        if node.function in ("|", "||"):
            text = deparse(node)
            raise FormulaError(
                f"`{text}` as a term: glm() has no random effects and absorbs no factor. Random effects such as "
                "(1 | g) belong to mixed models, lmer() and glmer(); for a fixed effect of each level write "
                f"`+ {deparse(node.args[1])}`. R's glm() fits such a term in silence, as the logical or of its "
                f"two sides; for that write I({text})",
                source, node.start, node.stop,
            )  # fmt: skip
        if node.function in _ALGEBRA or node.function == "(":
            nodes.extend(node.args)


def variables_used(node: Node) -> tuple[str, ...]:
    """Names the expression looks up, in order of appearance: not its functions, nor the `a` of ``x$a``.

    ``pi``, ``T`` and ``F`` are names, as in R.
    """
    return tuple(dict.fromkeys(n.name for n in _walk(node, members=False) if isinstance(n, Name)))


def _walk(node: Node, members: bool) -> Iterator[Node]:
    """Every node in order of appearance; with or without what stands right of a ``$``."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, Call):
            args = node.args if members or node.function != "$" else node.args[:1]
            stack.extend(reversed(args))


class _Encoder:
    """One pass over the right side: variables in order of appearance, terms, the intercept's last word."""

    def __init__(self, source: str | None, data_names: tuple[str, ...] | None, response: Node | None) -> None:
        self.source = source
        self.bits: dict[str, int] = {}
        self.nodes: list[Node] = []
        self.intercept, self.adding, self.dotted, self.work = True, True, False, 0
        left: set[str] = set()
        if response is not None:
            if isinstance(response, Literal):
                self.fail("invalid term in model formula: the left side is a constant, no variable", response)
            if isinstance(response, Call) and response.function == "~":
                self.fail("invalid model formula: a formula has one `~`", response)
            left = {n.name for n in _walk(response, members=True) if isinstance(n, Name)}
            self.variable(response)
        self.columns = None if data_names is None else [n for n in data_names if n not in left]

    def fail(self, message: str, node: Node) -> NoReturn:
        raise FormulaError(message, self.source, node.start, node.stop)

    def variable(self, node: Node) -> TermSet:
        """The term of one variable, new or known by its text."""
        name = deparse(node)
        bit = self.bits.get(name)
        if bit is None:
            bit = self.bits[name] = 1 << len(self.nodes)
            self.nodes.append(node)
        return {bit: None}

    def encode(self, node: Node) -> TermSet:
        """The terms of a piece of the right side; left operands are walked, not recursed into."""
        chain: list[Call] = []
        while isinstance(node, Call) and node.function in _ALGEBRA and len(node.args) == 2:
            chain.append(node)
            node = node.args[0]
        found = self.atom(node)
        for call in reversed(chain):
            found = self.combine(call, found)
        return found

    def atom(self, node: Node) -> TermSet:
        """A constant, ``.``, a unary sign, parentheses, or a variable."""
        if isinstance(node, Literal):
            return self.constant(node)
        if isinstance(node, Name):
            return self.dot(node) if node.name == "." else self.variable(node)
        if len(node.args) == 1 and node.function in ("(", "+"):
            return self.encode(node.args[0])
        if len(node.args) == 1 and node.function == "-":
            self.subtracted(node.args[0])
            return {}
        if node.function == "~":
            self.fail("invalid model formula: a formula has one `~`", node)
        return self.variable(node)

    def constant(self, node: Literal) -> TermSet:
        if node.value is None:
            return {}
        if isinstance(node.value, str):
            self.fail(
                f"invalid model formula in ExtractVars: the string {node.text} is not a variable; write the "
                "name without quotes, or in backticks",
                node,
            )
        if node.value not in (0, 1):
            self.fail(
                f"invalid model formula in ExtractVars: the number {node.text} is not a variable; arithmetic "
                f"goes inside I(), as in `I(x + {node.text})`",
                node,
            )
        self.intercept = (node.value == 1) is self.adding
        return {}

    def dot(self, node: Node) -> TermSet:
        if self.columns is None:
            self.fail("'.' in formula and no 'data' argument", node)
        self.dotted = True
        found: TermSet = {}
        for column in self.columns:
            found.update(self.variable(Name(column, node.start, node.stop)))
        return found

    def subtracted(self, node: Node) -> TermSet:
        self.adding = not self.adding
        found = self.encode(node)
        self.adding = not self.adding
        return found

    def combine(self, call: Call, left: TermSet) -> TermSet:
        function, (left_node, right_node) = call.function, call.args
        if function == "^":
            return self.power(call, left)
        if function == "-":
            for term in self.subtracted(right_node):
                left.pop(term, None)
            return left
        right = self.encode(right_node)
        if function == "+":
            left.update(right)
            return left
        if (_is_number(left_node) and right) or (function == ":" and _is_number(right_node) and left):
            self.fail(
                f"`{deparse(call)}` in a formula is not arithmetic: it says which terms to form, and a "
                "constant forms none (R drops the variable in silence); for arithmetic write "
                f"I({deparse(call)})",
                call,
            )
        self.spend(len(left) * (len(right) if function in ("*", ":") else 1), call)
        return _PRODUCTS[function](left, right) if left else left

    def power(self, call: Call, left: TermSet) -> TermSet:
        exponent = call.args[1]
        value = exponent.value if isinstance(exponent, Literal) else None
        if not isinstance(value, int | float) or not 2 <= value < 2**31:
            self.fail(
                f"invalid power in formula: `{deparse(exponent)}` is not a number from 2 on; `(a + b)^2` "
                "crosses terms, for arithmetic write I(x^k)",
                exponent,
            )
        found = left
        for _ in range(int(value) - 1):
            self.spend(len(found) * len(left), call)
            more = _interact(found, left)
            if list(more) == list(found):  # nothing new, and in the same order
                break
            found = more
        return found

    def spend(self, products: int, call: Call) -> None:
        self.work += products
        if self.work > MAX_PRODUCTS:
            self.fail(f"the formula asks for too many terms: over {MAX_PRODUCTS:,} products are formed", call)


def _is_number(node: Node) -> bool:
    while isinstance(node, Call) and node.function == "(":
        node = node.args[0]
    return isinstance(node, Literal) and node.value is not None


def _interact(left: TermSet, right: TermSet) -> TermSet:
    return {a | b: None for a in left for b in right}


def _cross(left: TermSet, right: TermSet) -> TermSet:
    return left | right | _interact(left, right)


def _within(left: TermSet, right: TermSet) -> TermSet:
    whole = reduce(int.__or__, right, 0)
    return {a | whole: None for a in left}


def _nest(left: TermSet, right: TermSet) -> TermSet:
    whole = reduce(int.__or__, left, 0)
    return left | {whole | b: None for b in right}


_Combination = Callable[[TermSet, TermSet], TermSet]
_PRODUCTS: dict[str, _Combination] = {":": _interact, "*": _cross, "%in%": _within, "/": _nest}
_ALGEBRA = frozenset(["+", "-", "^", *_PRODUCTS])


def _members(term: int) -> Iterator[int]:
    while term:
        lowest = term & -term
        yield lowest.bit_length() - 1
        term ^= lowest


def _codes(terms: list[int], members: list[list[int]], count: int) -> np.ndarray:
    """R's `factors`: 1 where the term without the variable is part of an earlier term (or empty), else 2.

    Statistical Models in S, p. 38. `terms` are sorted by order, so an earlier term that contains the
    remainder is the remainder itself or has one variable more.
    """
    factors = np.zeros((count, len(terms)), np.int8)
    covered = {0}
    for column, (term, variables) in enumerate(zip(terms, members, strict=True)):
        remainders = [term ^ (1 << i) for i in variables]
        for i, remainder in zip(variables, remainders, strict=True):
            factors[i, column] = 1 if remainder in covered else 2
        covered.add(term)
        covered.update(remainders)
    factors.flags.writeable = False
    return factors


def _sum(nodes: Iterable[Node]) -> Node:
    return reduce(lambda a, b: Call("+", (a, b)), nodes)


def _expand_dot(node: Node, columns: list[str] | None) -> Node:
    """The right side with ``.`` written out, in parentheses but where it begins a sum."""
    if not columns:
        return node
    whole = _sum(map(Name, columns))
    bracketed = Call("(", (whole,)) if len(columns) > 1 else whole

    def visit(node: Node, bare: bool) -> Node:
        chain: list[Call] = []
        while isinstance(node, Call) and node.function in _ALGEBRA and len(node.args) == 2:
            chain.append(node)
            node = node.args[0]
        if chain:
            bare = chain[-1].function == "+"
        if isinstance(node, Name) and node.name == ".":
            node = whole if bare else bracketed
        elif isinstance(node, Call) and len(node.args) == 1 and node.function in ("(", "+", "-"):
            node = replace(node, args=(visit(node.args[0], node.function == "("),))
        for call in reversed(chain):
            right = call.args[1] if call.function == "^" else visit(call.args[1], False)
            node = replace(call, args=(node, right))
        return node

    return visit(node, True)


def update_formula(old: str, new: str) -> str:
    """The formula `new` with ``.`` standing for the same side of `old`, simplified: R's ``update.formula``.

    Unlike R's, the result keeps its meaning when a variable is an operator expression: ``y ~ a == b`` updated
    by ``. ~ .:c`` is ``y ~ (a == b):c``, where R writes ``a == b:c``.

    Raises
    ------
    FormulaError
        If either is not a formula, or `old` has a ``.`` that was not expanded.
    """
    before, after = _formula(old), _formula(new)
    response = before.args[0] if len(before.args) == 2 else None
    left = response if len(after.args) == 1 else _substitute(after.args[0], response)
    right = _substitute(after.args[-1], before.args[-1])
    # through text: the reader's bounds hold for the result, and errors have a place to point at
    return simplified(terms(deparse(Call("~", (right,) if left is None else (left, right)))))


def simplified(terms: Terms) -> str:
    """The formula as the sum of its terms, its offsets and, where there is no intercept, ``- 1``."""
    pieces: list[Node] = []
    for column in terms.factors.T:
        members = [terms.variables[i] for i in np.flatnonzero(column)]
        piece = reduce(lambda a, b: Call(":", (a, b)), members)
        bar = isinstance(piece, Call) and piece.function in ("|", "||")
        pieces.append(Call("(", (piece,)) if bar else piece)
    pieces += [terms.variables[i] for i in terms.offsets]
    one = Literal(1.0, "1")
    right = _sum(pieces or [one])
    if not terms.intercept:
        right = Call("-", (right, one))
    return deparse(Call("~", (right,) if terms.response is None else (terms.response, right)))


def _formula(text: str) -> Call:
    node = read(text)
    if not isinstance(node, Call) or node.function != "~":
        raise FormulaError("invalid formula: there is no `~`", text, node.start, node.stop)
    return node


def _substitute(node: Node, value: Node | None) -> Node:
    """`node` with every ``.`` replaced (deparse adds the parentheses this needs)."""
    if value is None:
        return node
    if isinstance(node, Name):
        return value if node.name == "." else node
    chain: list[Call] = []
    while isinstance(node, Call) and node.args:
        chain.append(node)
        node = node.args[0]
    if isinstance(node, Name) and node.name == ".":
        node = value
    for call in reversed(chain):
        node = replace(call, args=(node, *[_substitute(a, value) for a in call.args[1:]]))
    return node
