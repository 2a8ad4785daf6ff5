"""Expressions written in a dialect."""

from __future__ import annotations

import math
import re
from functools import cache

from .dialects import Dialect
from .expressions import Case, Column, Missing, Node, Number, Op, Word
from .symbols import Untranslatable

# How tightly what is written holds together: an argument that holds looser than its place needs parentheses.
ATOM, PRODUCT, SUM, COMPARED, NEGATED, JOINED, CHOSEN = range(7)
STRENGTH = {
    "*": PRODUCT, "/": PRODUCT, "+": SUM, "-": SUM, "not": NEGATED, "and": JOINED, "or": CHOSEN, "missing": COMPARED,
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">="), COMPARED),
}  # fmt: skip
LEFT = frozenset("+-*/")
"""Read from the left: the first argument may hold as loosely as the operator itself."""
SAME = frozenset({"and", "or"})


def write(node: Node, dialect: Dialect) -> str:
    """The expression as a text.

    Raises
    ------
    Untranslatable
        A function that the dialect cannot do, by its name.
    """
    try:
        return _written(node, dialect)[0]
    except RecursionError:
        raise Untranslatable("cannot be written: the formula is nested too deeply") from None


def quoted(name: str, dialect: Dialect) -> str:
    """An identifier, whatever is in it."""
    if not name or "\0" in name:
        raise Untranslatable(f"cannot be written: no database has a column called {name!r}")
    mark = dialect.quote
    return mark + "".join(dialect.in_names.get(c, c) for c in name) + mark


def literal(text: str, dialect: Dialect) -> str:
    """A text, whatever is in it."""
    if "\0" in text:
        raise Untranslatable(f"cannot be written: a text with the character NUL, {text!r}")
    return "'" + "".join(dialect.escapes.get(c, c) for c in text) + "'"


def number(value: float, dialect: Dialect) -> str:
    """A double, with the shortest digits that read back as it."""
    if math.isinf(value):
        return dialect.infinities[value < 0]
    digits = repr(float(value))
    form = dialect.number
    if "e" in digits and form == "{0}e0":
        form = "{0}"
    return form.format(digits)


def _written(node: Node, dialect: Dialect) -> tuple[str, int]:
    match node:
        case Number(value=value):
            return number(value, dialect), SUM if value < 0 else ATOM
        case Word(text=text):
            return literal(text, dialect), ATOM
        case Missing(of=of):
            return dialect.nothing[of], ATOM
        case Column(name=name, kind=kind):
            return _filled(dialect.columns[kind], (quoted(name, dialect),))
        case Case():
            return _case(node, dialect), ATOM
        case Op():
            return _operator(node, dialect)


def _case(node: Case, dialect: Dialect) -> str:
    before, branch, default, behind = dialect.choice
    pairs, compared = node.branches, _compared(node) if dialect.sql else None
    if compared is not None:
        subject, pairs = compared
        before += f"{_within(subject, dialect, ATOM)} "
    parts = [branch.format(_written(a, dialect)[0], _written(b, dialect)[0]) for a, b in pairs]
    if not (dialect.sql and isinstance(node.default, Missing)):
        parts.append(default.format(_written(node.default, dialect)[0]))
    return before + " ".join(parts) + behind


def _compared(node: Case) -> tuple[Node, tuple[tuple[Node, Node], ...]] | None:
    """What all branches compare with a text, and the text of each: it need be written but once."""
    first = node.branches[0][0]
    if not isinstance(first, Op) or first.name != "=" or len(node.branches) < 2:
        return None
    subject, pairs = first.args[0], []
    for test, value in node.branches:
        if not isinstance(test, Op) or test.name != "=" or not isinstance(test.args[1], Word):
            return None
        if test.args[0] is not subject and test.args[0] != subject:
            return None
        pairs.append((test.args[1], value))
    return subject, tuple(pairs)


def _operator(node: Op, dialect: Dialect) -> tuple[str, int]:
    name = node.name
    if name in dialect.refused or name not in dialect.functions:
        reason = dialect.refused.get(name, "it has no such function")
        raise Untranslatable(f"cannot be written for {dialect.name}: {name}(): {reason}")
    strength = STRENGTH.get(name)
    if strength is None:
        return _filled(dialect.functions[name], tuple(_written(a, dialect)[0] for a in node.args))
    if name == "-" and node.args[0] == Number(0.0):
        return f"-{_within(node.args[1], dialect, ATOM)}", SUM
    loosest = [
        strength if (name in LEFT and not i) or name in SAME else strength - 1 for i in range(len(node.args))
    ]
    parts = [_within(a, dialect, most, i == 0) for i, (a, most) in enumerate(zip(node.args, loosest))]
    return dialect.functions[name].format(*parts), strength


def _within(node: Node, dialect: Dialect, loosest: int, first: bool = False) -> str:
    text, strength = _written(node, dialect)
    return f"({text})" if strength > loosest or (text[0] == "-" and not first) else text


@cache
def _places(template: str) -> tuple[tuple[str, int, bool], ...]:
    """What stands before each argument, the argument, and whether it needs parentheses of its own."""
    out, at = [], 0
    for found in re.finditer(r"\{(\d)\}", template):
        before, after = template[: found.start()].rstrip()[-1:], template[found.end() :].lstrip()[:1]
        free = before in ("(", ",") and (after in (")", ",") or template[found.end() :].startswith(" AS "))
        out.append((template[at : found.start()], int(found[1]), not free))
        at = found.end()
    return (*out, (template[at:], -1, False))


_SIMPLE = re.compile(r'"(?:[^"]|"")*"|`(?:[^`]|``)*`|[\w.:$]+|\w+\([^()]*\)')


def _filled(template: str, args: tuple[str, ...]) -> tuple[str, int]:
    text = "".join(
        before + ("" if k < 0 else f"({args[k]})" if apart and not _SIMPLE.fullmatch(args[k]) else args[k])
        for before, k, apart in _places(template)
    )
    return text, ATOM if _is_whole(template) else CHOSEN


@cache
def _is_whole(template: str) -> bool:
    """Whether it needs no parentheses: one call, one CASE, a word."""
    if re.fullmatch(r"\{0\}|\w+|CASE .* END", template):
        return True
    opened = re.match(r"\w+\(", template)
    depth = 0
    for at, c in enumerate(template if opened else ""):
        depth += (c == "(") - (c == ")")
        if c == ")" and not depth:
            return at == len(template) - 1
    return False
