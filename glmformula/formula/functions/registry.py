"""One function of the closed table, and R's way of matching arguments to it."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ...errors import FormulaError


@dataclass(frozen=True, slots=True)
class RFunction:
    """A function that formulas may call.

    Attributes
    ----------
    name : str
        R's name.
    call : callable
        ``call(*args, **named)`` on values. With `learn` it is the second half of a pair: ``call(state,
        *args)``.
    formals : tuple of str
        R's argument names in R's order, ``'...'`` among them where R has it. In Python ``na.rm`` is
        ``na_rm``.
    learn : callable, optional
        ``learn(*args, **named) -> state``: what new data need to know of the fitted data, as plain data
        (str, float, int, bool, list, ndarray, dict).
    reduction : bool
        The value is one summary of the rows, and is itself the state.
    stateful : bool
        A user's function that fills and reads a ``state=`` dict of its own.
    order_dependent : bool
        A row's value depends on the rows before it or on their number, so row blocks cannot give it.
    needs_labels : bool
        ``labels=`` receives what R's ``deparse.level = 1`` would call each argument of ``...``.
    namespaces : tuple of str
        R packages that export it.
    user : bool
        Made by `register_function`: sees plain arrays, not values.
    words : mapping
        Bare names that mean something else after the first argument: ``C(f, sum)`` is ``C(f, "contr.sum")``.
    """

    name: str
    call: Callable[..., Any]
    formals: tuple[str, ...] = ("x",)
    learn: Callable[..., dict[str, Any]] | None = None
    reduction: bool = False
    stateful: bool = False
    order_dependent: bool = False
    needs_labels: bool = False
    namespaces: tuple[str, ...] = ("base",)
    user: bool = False
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def keeps_state(self) -> bool:
        return self.learn is not None or self.reduction or self.stateful


class Empty:
    """The value of an argument left out between commas."""


EMPTY = Empty()


def function(name: str, call: Callable[..., Any], formals: str = "x", **options: Any) -> RFunction:
    """An RFunction with its formals written as in R's usage line: ``"x, ..., na.rm"``."""
    return RFunction(name, call, tuple(formals.replace(" ", "").split(",")) if formals else (), **options)


def python_name(formal: str) -> str:
    """``na.rm`` -> ``na_rm``, ``from`` -> ``from_``, ``Boundary.knots`` -> ``boundary_knots``."""
    name = formal.replace(".", "_").lower()
    return name + "_" if keyword.iskeyword(name) else name


@cache
def _signature(call: Callable[..., Any]) -> tuple[frozenset[str], bool]:
    """Arguments without a default, and whether further ones may be named."""
    parameters = inspect.signature(call).parameters.values()
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    required = frozenset(p.name for p in parameters if p.default is p.empty and p.kind not in variable)
    return required, any(p.kind is p.VAR_KEYWORD for p in parameters)


def match_arguments(
    function: RFunction, args: Sequence[Any], names: Sequence[str | None], texts: Sequence[str]
) -> tuple[list[Any], dict[str, Any], list[int]]:
    """R's three passes: exact names, partial names (before ``...``), then position.

    Parameters
    ----------
    args, names, texts
        Values, the names they were given (None: none) and their source texts, for messages.

    Returns
    -------
    tuple
        Positional arguments, keyword arguments, and the positions in `args` that went to ``...``.

    Raises
    ------
    FormulaError
        In R's words: unused argument, formal argument matched by multiple actual arguments, missing argument.
    """
    formals = function.formals
    open_ended = "..." in formals
    before = formals[: formals.index("...")] if open_ended else formals
    taken: dict[str, int] = {}
    rest: list[int] = []
    for exact in (True, False):
        todo = [i for i, name in enumerate(names) if name] if exact else rest
        rest = []
        for i in todo:
            name = str(names[i])
            if exact:
                found = [f for f in formals if f == name and f != "..."]
            else:
                found = [f for f in before if f.startswith(name) and f not in taken]
            if len(found) == 1 and found[0] not in taken:
                taken[found[0]] = i
            elif found:
                problem = f"argument {i + 1} matches multiple formal arguments"
                if exact:
                    problem = f'formal argument "{name}" matched by multiple actual arguments'
                raise FormulaError(f"{function.name}(): {problem}")
            else:
                rest.append(i)
    unnamed = [i for i, name in enumerate(names) if not name]
    for formal in before:
        if unnamed and formal not in taken:
            taken[formal] = unnamed.pop(0)
    dots = sorted([*rest, *unnamed]) if open_ended else []
    unused = [] if open_ended else sorted([*rest, *unnamed])
    if unused:
        shown = ", ".join(f"{names[i]} = {texts[i]}" if names[i] else texts[i] for i in unused)
        raise FormulaError(
            f"unused argument{'s' if len(unused) > 1 else ''} ({shown}): "
            f"{function.name}() takes {', '.join(formals) or 'no arguments'}"
        )
    taken = {formal: i for formal, i in taken.items() if args[i] is not EMPTY}
    for i in dots:
        if args[i] is EMPTY:
            raise FormulaError(f"{function.name}(): argument {i + 1} is empty")
    required, takes_named = _signature(function.learn or function.call)
    for formal in formals:
        if formal != "..." and formal not in taken and python_name(formal) in required:
            raise FormulaError(f'{function.name}(): argument "{formal}" is missing, with no default')
    leading = before if open_ended else ()
    positional = [args[taken[f]] if f in taken else None for f in leading]
    named = {python_name(f): args[i] for f, i in taken.items() if f not in leading}
    if takes_named:
        named |= {python_name(label): args[i] for i in dots if (label := names[i])}
        dots = [i for i in dots if not names[i]]
    return [*positional, *(args[i] for i in dots)], named, dots
