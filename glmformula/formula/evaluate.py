"""Evaluates a formula's expressions in the data by the closed function table: R's semantics, no ``eval``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, FormulaError, GLMFormulaError, nearest
from .deparse import deparse
from .functions import TABLE, RFunction
from .functions.convert import ColumnTypeError, as_objects, column_value, recode
from .functions.registry import EMPTY, match_arguments
from .functions.strings import objects
from .functions.vectors import NA, kind, texts
from .tree import Call, Literal, Name, Node, is_empty
from .values import Factor, Logical, Matrix, Text, Time, Value

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
CONSTANTS: dict[str, Value] = {
    "pi": math.pi,
    "T": True,
    "F": False,
    "TRUE": True,
    "FALSE": False,
    "Inf": math.inf,
    "NaN": math.nan,
    "NA": NA,
    "NA_real_": math.nan,
    "NA_integer_": math.nan,
    "NA_character_": Text(objects([None])),
    "letters": Text(objects(_LETTERS)),
    "LETTERS": Text(objects(_LETTERS.upper())),
}
BLOCKS = (
    "a row's value depends on the rows before it or on how many there are, "
    "and these data arrive in blocks of rows: compute the column before the fit, or load the data into memory"
)


@dataclass
class Scope:
    """Where an expression finds its variables, and the state it keeps for new data.

    Attributes
    ----------
    column : callable
        ``column(name) -> Value``; raises DataError for an unknown name.
    nrows : int
        Rows of the data.
    state : dict
        Frozen state by deparsed call: written while `frozen` is False, read when it is True. Plain data
        throughout.
    frozen : bool
        Whether the data are new data, to be seen through the state.
    blocks : bool
        The data arrive in blocks of rows: functions that need the rows' order are refused, and state must be
        there.
    functions : mapping
        The functions that may be called (default: the package's table with the user's registered ones).
    source : str, optional
        The formula's text, to mark the place of an error.
    """

    column: Callable[[str], Value]
    nrows: int
    state: dict[str, dict[str, Any]] = field(default_factory=dict)
    frozen: bool = False
    blocks: bool = False
    functions: Mapping[str, RFunction] = field(default_factory=lambda: TABLE)
    source: str | None = None


def evaluate(node: Node, scope: Scope) -> Value:
    """The value of an R expression in the data.

    Parameters
    ----------
    node : Node
        A tree from the reader.
    scope : Scope
        The data, and the state to fill or to replay.

    Returns
    -------
    Value
        As R computes it, except that (1) everything learned from the fitted rows (means, levels, knots ...)
        is frozen for new data at any depth of nesting, and (2) only length one recycles.

    Raises
    ------
    FormulaError
        For an unknown function or name, wrong arguments, or values of the wrong kind.
    DataError
        For data that a function refuses.
    """
    try:
        with np.errstate(all="ignore"):
            value: Value | RFunction | None = value_of(node, scope)
    except RecursionError:
        raise FormulaError("the expression is nested too deeply") from None
    if value is None or isinstance(value, RFunction):
        text = deparse(node)
        raise FormulaError(f"invalid type ({kind(value)}) for variable '{text}'", *place(node, scope))
    if isinstance(value, Matrix) and value.values.shape[1] == 1:
        return Matrix(value.values, ("",))
    return value


def functions_used(node: Node) -> set[str]:
    """Names of the functions an expression calls."""
    if not isinstance(node, Call):
        return set()
    return {node.function}.union(*(functions_used(arg) for arg in node.args))


def variables_used(node: Node) -> set[str]:
    """Names an expression looks up (data columns, constants and functions passed by name)."""
    if isinstance(node, Name):
        return {node.name}
    return set().union(*(variables_used(arg) for arg in node.args)) if isinstance(node, Call) else set()


def value_of(node: Node, scope: Scope) -> Any:
    match node:
        case Call():
            return _call(node, scope)
        case Name():
            return _name(node, scope)
        case Literal():
            return _literal(node)


def _literal(node: Literal) -> Any:
    if is_empty(node):
        return EMPTY
    if node.text in ("NA", "NA_character_"):
        return CONSTANTS[node.text]
    return node.value


def place(node: Node, scope: Scope) -> tuple[str | None, int | None, int | None]:
    return (
        (scope.source, node.start, node.stop)
        if scope.source is not None and node.stop
        else (None, None, None)
    )


# ---- names ----


def _name(node: Name, scope: Scope) -> Any:
    """A column; a constant or a function where no column has the name."""
    name, key = node.name, deparse(node)
    reserved = name in CONSTANTS or name in scope.functions
    if reserved and not _is_column(name, scope):
        return CONSTANTS[name] if name in CONSTANTS else scope.functions[name]
    value = scope.column(name)
    if reserved and not scope.frozen:
        scope.state[key] = {"column": True}
    return _frozen_levels(key, name, value, scope)


def _is_column(name: str, scope: Scope) -> bool:
    """Whether a name that is also a constant's or a function's is a column (for new data: was one)."""
    if scope.frozen:
        return deparse(Name(name)) in scope.state
    try:
        scope.column(name)
    except DataError as error:
        return isinstance(error, ColumnTypeError)
    return True


def _frozen_levels(key: str, name: str, value: Value, scope: Scope) -> Value:
    """A factor column with the fitted data's levels first: codes and order mean the same in new data."""
    if scope.frozen:
        state = scope.state.get(key, {})
        if "levels" not in state:
            return value
        if isinstance(value, Factor | Text | str):
            return recode(value, state["levels"], ordered=state["ordered"])
        if (
            isinstance(value, np.ndarray) and value.dtype.kind == "f" and np.isnan(value).all()
        ):  # no value at all
            return recode(Text(np.full(len(value), None)), state["levels"], ordered=state["ordered"])
        shown = ", ".join(map(repr, state["levels"][:5])) + (", ..." if len(state["levels"]) > 5 else "")
        raise DataError(
            f'variable \'{name}\' was fitted with type "factor" but type "{kind(value)}" was supplied '
            f"(levels of the fit: {shown})"
        )
    if isinstance(value, Factor) and not scope.blocks:
        scope.state[key] = {"levels": list(value.levels), "ordered": value.ordered}
    return value


# ---- calls ----


def _call(node: Call, scope: Scope) -> Any:
    function = find(node, scope)
    rowwise = any(depends_on_rows(arg, scope) for arg in node.args)
    try:
        if function.order_dependent and scope.blocks and rowwise:
            raise FormulaError(f"{function.name}() cannot be used here: {BLOCKS}")
        if function.keeps_state or is_summary(node, function, scope):
            key = deparse(node)
            if rowwise or (scope.frozen and key in scope.state):
                return _with_state(node, key, function, scope)
        return _plain(function, *_arguments(node, function, scope))
    except GLMFormulaError as error:
        raise placed(error, node, scope) from error.__cause__
    except (RecursionError, MemoryError):
        raise
    except Exception as error:
        who = "the registered function" if function.user else "function"
        problem = FormulaError(f"{who} '{function.name}' failed: {type(error).__name__}: {error}")
        raise placed(problem, node, scope) from error


def placed(error: GLMFormulaError, node: Call, scope: Scope) -> GLMFormulaError:
    """The error with the innermost call it came from."""
    if getattr(error, "placed", False) or isinstance(error, ColumnTypeError):
        return error
    if isinstance(error, FormulaError) and error.start is not None:
        return error
    text = deparse(node)
    suffix = "" if text in str(error) else f" (in {text if len(text) <= 80 else text[:76] + ' ...'})"
    if isinstance(error, FormulaError):
        new: Any = FormulaError(error.message + suffix, *place(node, scope))
    else:
        new = type(error)(f"{error}{suffix}")
    new.placed = True
    out: GLMFormulaError = new
    return out


def find(node: Call, scope: Scope) -> RFunction:
    function = scope.functions.get(_entry(node))
    if node.function == "$":
        raise FormulaError(
            "'$' is not available in a formula: name the column itself, it is looked up in the data",
            *place(node, scope),
        )
    if function is None:
        spelled = f"{node.namespace}::{node.function}" if node.namespace else node.function
        raise FormulaError(
            f'could not find function "{spelled}"{nearest(node.function, _callable_names(scope))}. '
            "Formulas call R's functions of a closed table; "
            f"add your own with register_function('{node.function}', f)",
            *place(node, scope),
        )
    if node.namespace is not None and node.namespace not in function.namespaces:
        home = f": write {function.namespaces[0]}::{function.name}" if function.namespaces else ""
        raise FormulaError(
            f"'{node.function}' is not an exported object from 'namespace:{node.namespace}'{home}",
            *place(node, scope),
        )
    return function


def _entry(node: Call) -> str:
    """The table's name of a call: ``m[, j]`` and ``f[, drop = TRUE]`` are other functions than ``x[i]``."""
    if node.function != "[":
        return node.function
    more = [arg for i, arg in enumerate(node.args) if i and not (node.names and node.names[i] == "drop")]
    if len(more) > 1:
        return "[,"
    return "[" if more and not is_empty(more[0]) else "[drop"


def _callable_names(scope: Scope) -> Iterator[str]:
    return (name for name in scope.functions if name[0].isalpha())


def _arguments(node: Call, function: RFunction, scope: Scope) -> tuple[list[Any], dict[str, Any]]:
    return matched(node, function, [argument(node, function, i, scope) for i in range(len(node.args))])


def argument(node: Call, function: RFunction, i: int, scope: Scope) -> Any:
    """The value of a call's argument."""
    arg = node.args[i]
    if i and isinstance(arg, Name) and arg.name in function.words:
        return function.words[arg.name]
    return value_of(arg, scope)


def matched(node: Call, function: RFunction, values: list[Any]) -> tuple[list[Any], dict[str, Any]]:
    """The values of a call's arguments as positional and keyword arguments of the function."""
    names = node.names or (None,) * len(node.args)
    if function.user:
        return _plain_arguments(values, names)
    args, named, dots = match_arguments(function, values, names, [deparse(arg) for arg in node.args])
    if function.needs_labels:
        named["labels"] = tuple(
            names[i] or (a.name if isinstance(a := node.args[i], Name) else "") for i in dots
        )
    return args, named


def _plain_arguments(values: list[Any], names: tuple[str | None, ...]) -> tuple[list[Any], dict[str, Any]]:
    pairs = [(name, as_objects(v)) for name, v in zip(names, values, strict=True) if v is not EMPTY]
    return [v for name, v in pairs if not name], {name.replace(".", "_"): v for name, v in pairs if name}


def _plain(function: RFunction, args: list[Any], named: dict[str, Any]) -> Any:
    if function.user:
        state: dict[str, Any] = {"state": {}} if function.stateful else {}
        return _from_user(function.call(*args, **named, **state))
    if function.learn is not None:
        return function.call(function.learn(*args, **named), *args, **named)
    return function.call(*args, **named)


def _with_state(node: Call, key: str, function: RFunction, scope: Scope) -> Any:
    known = scope.state.get(key) if scope.frozen or scope.blocks else None
    if known is None and (scope.frozen or scope.blocks):
        raise FormulaError(f"{key} has no state: it must be learned from the fitted data first")
    if is_summary(node, function, scope):
        if known is None:
            args, named = _arguments(node, function, scope)
            known = scope.state[key] = {"value": freeze(function.call(*args, **named))}
        return _thaw(known["value"])
    args, named = _arguments(node, function, scope)
    if function.user:
        if known is None:
            known = scope.state[key] = {}
        return _from_user(function.call(*args, **named, state=known))
    if known is None:
        assert function.learn is not None
        known = scope.state[key] = function.learn(*args, **named)
    return function.call(known, *args, **named)


def freeze(value: Any) -> Any:
    """A summary as plain data."""
    match value:
        case Text() | Factor():
            return [None if t is None else str(t) for t in texts(value)]
        case Logical(values=values, missing=missing):
            hidden = np.zeros(values.shape, bool) if missing is None else missing
            return [None if m else bool(v) for v, m in zip(values, hidden, strict=True)]
        case Time():
            return {"time": value.values, "kind": value.kind, "unit": value.unit}
        case Matrix():
            raise FormulaError("a matrix is not a summary")
        case _:
            return value


def _thaw(value: Any) -> Any:
    if isinstance(value, dict):
        return Time(np.asarray(value["time"], dtype=np.float64), value["kind"], value["unit"])
    if not isinstance(value, list):
        return value
    if any(isinstance(v, str) for v in value):
        return Text(objects(value))
    if any(v is None or isinstance(v, bool) for v in value):
        return Logical(np.array([bool(v) for v in value]), np.array([v is None for v in value]))
    return np.array(value)


def _from_user(result: Any) -> Value:
    """What a user's function returned, as a value."""
    if isinstance(result, float | int | str | Logical | Text | Factor | Matrix):
        return result
    if isinstance(result, pd.DataFrame):
        return Matrix(result.to_numpy(dtype=np.float64), tuple(map(str, result.columns)))
    if isinstance(result, pd.Series):
        return column_value(result)
    if isinstance(result, pd.Categorical):
        return column_value(pd.Series(result))
    array = np.asarray(result)
    if array.ndim == 2:
        return Matrix(array.astype(np.float64), tuple(str(i + 1) for i in range(array.shape[1])))
    if array.ndim == 0:
        return _from_user(array.item())
    if array.ndim > 2:
        raise FormulaError(f"a registered function must return 1 or 2 dimensions, not {array.ndim}")
    return column_value(pd.Series(array))


def is_summary(node: Call, function: RFunction, scope: Scope) -> bool:
    """A reduction, or some elements picked by position: ``x[1]``."""
    if function.reduction:
        return True
    if function.name != "[" or len(node.args) != 2:
        return False
    index = node.args[1]
    leaves_out = isinstance(index, Call) and index.function == "-"
    return not leaves_out and not depends_on_rows(index, scope)


def depends_on_rows(node: Node, scope: Scope) -> bool:
    """Whether an expression has a value per row: it names a column outside every summary."""
    match node:
        case Call():
            function = scope.functions.get(_entry(node))
            if function is not None and is_summary(node, function, scope):
                return False
            return any(depends_on_rows(arg, scope) for arg in node.args)
        case Name():
            return not (node.name in CONSTANTS or node.name in scope.functions) or _is_column(
                node.name, scope
            )
        case _:
            return False
