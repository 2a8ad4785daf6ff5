"""Fitted models in files: a versioned JSON document of plain data, and no row of the training data.

The document holds what a model stripped of its rows holds: the formula's text (read again on load), the
schema, the family by name and parameters, the engine's numbers. Nothing in it is code; names are looked up
only among R's functions, families and links and the registered ones; every field's type and shape is checked.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from formulaic.parser.types import Factor

from ..design.coding import Columns, build
from ..design.materializer import new_spec, structure_of
from ..design.pieces import Design, joined
from ..engine.result import GlmFit
from ..errors import DataError, FamilyError, FormulaError, hearing
from ..families.records import family_of, family_record
from ..fitted.parameter import FamilyParameter
from ..formula.bars import Barred, has_bars
from ..formula.deparse import deparse
from ..formula.exact import exact_text
from ..formula.functions import TABLE
from ..formula.parts import Parted, terms_of
from ..formula.reader import read
from ..formula.terms import Terms
from ..formula.tree import Call, Node
from ..frame.schema import CATEGORICAL, Schema, Variable
from ..frame.variables import variables_of
from ..sources.outputs import refuse_inputs
from .control import glm_control
from .estimate import Estimate
from .large import read as read_array, stored
from .plain import Json, array, member, packed, texts, typed, unpacked

if TYPE_CHECKING:
    from ..fitted.training import TrainingData

FORMAT = "glmformula model"
VERSION = 1
FRAME = ("values", "rows", "columns")
PLAIN_KINDS = CATEGORICAL | {"numeric", "Date", "POSIXct", "difftime"}

# The engine's numbers, and its arrays: a letter for each dimension (p columns, r rank, n = p - r), and the
# kinds of dtype ("f" floats, "iu" integers).
NUMBERS: dict[str, type] = {
    "rank": int,
    "deviance": float,
    "null_deviance": float,
    "pearson": float,
    "minus2_loglik": float,
    "nobs": int,
    "n_ok": int,
    "weight_sum": float,
    "iter": int,
    "converged": bool,
    "boundary": bool,
    "method": str,
    "near_end": bool,
    "runaway": bool,
    "dispersion": float,
}
ARRAYS: dict[str, tuple[str, str]] = {
    "coefficients": ("p", "f"),
    "cov_unscaled": ("rr", "f"),
    "null_space": ("pn", "f"),
    "pivot": ("p", "iu"),
    "solved_at": ("p", "f"),
    "limits": ("p", "f"),
}
MAY_BE_NONE = {"solved_at", "limits"}
OWN = frozenset(field.name for field in fields(Estimate))
HEADING = "heading"


@dataclass(frozen=True)
class Saved:
    """What a file says: the estimate, the class of the model, and the fields that this class has beside.

    Files of before 0.2.0 have neither class nor path: theirs is a GLM.
    """

    estimate: Estimate
    model: str
    more: Mapping[str, Any]


@dataclass(frozen=True)
class SavedFields:
    """What a file says of a model that is not a GLM: the shared fields, its class, and what it said itself."""

    shared: Mapping[str, Any]
    model: str
    own: Mapping[str, Any]


@runtime_checkable
class Described(Protocol):
    """A model that says itself, in plain data, what it has beside the formula and the schema."""

    @property
    def formula(self) -> str: ...
    @property
    def call(self) -> str: ...
    @property
    def terms(self) -> Terms: ...
    @property
    def schema(self) -> Schema: ...
    @property
    def column_names(self) -> tuple[str, ...]: ...
    @property
    def assign(self) -> np.ndarray: ...
    @property
    def n_omitted(self) -> int: ...
    @property
    def path(self) -> pd.DataFrame | None: ...
    @property
    def training(self) -> TrainingData | None: ...
    def saved_fields(self) -> dict[str, Any]: ...


def save(fit: Estimate | Described, path: str | os.PathLike[str]) -> None:
    """Write a fitted model to a JSON file that `load` reads back to the last bit, without its training rows.

    Parameters
    ----------
    fit : GLM
    path : str or path
        A file there is replaced, and only once the new one is complete.

    Raises
    ------
    DataError
        Something of the model is code that is not registered (a family, a link), or not plain data; the file is
        one that the model's data are read from.

    Notes
    -----
    R keeps models as ``saveRDS`` files, rows included. What the file does hold of the data is what new data
    need: levels, knots, breaks, ranges and means that the formula's functions learned.
    """
    if fit.training is not None:
        refuse_inputs(path, fit.training.arguments.get("data"))
    model = described(fit) if isinstance(fit, Described) else document(fit)
    try:
        read_document(model)
    except (DataError, FormulaError, FamilyError) as error:
        raise DataError(f"this model cannot be saved: {error}") from error
    whole = {"format": FORMAT, "version": VERSION, "checksum": _checksum(model), "model": model}
    target = _place(path)
    if not target.parent.is_dir():
        raise DataError(f"'{path}': there is no directory '{target.parent}'; make it first")
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        partial.write_text(json.dumps(whole, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _place(path: str | os.PathLike[str]) -> Path:
    """``~`` is the home directory."""
    if not isinstance(path, str | os.PathLike):
        raise DataError(f"expected the path of a file, such as 'model.json', not {type(path).__name__}")
    return Path(path).expanduser()


def read_file(path: str | os.PathLike[str]) -> Saved | SavedFields:
    """What a file that `save` wrote says, checked; errors as `load`'s."""
    try:
        whole = json.loads(_place(path).read_text(encoding="utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"'{path}' is not a saved model: expected the JSON that fit.save(path) writes ({error})"
        ) from None
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise DataError(f"'{path}' is not a saved model: expected the JSON that fit.save(path) writes")
    version = whole.get("version")
    if type(version) is not int or not 1 <= version <= VERSION:
        raise DataError(
            f"'{path}' is a saved model of version {version!r}, and this glmformula reads versions 1 to "
            f"{VERSION}: install a newer glmformula, or save the model again with this one"
        )
    try:
        model = typed(member(whole, "model", "the file"), "model", dict)
        if member(whole, "checksum", "the file") != _checksum(model):
            raise DataError("its checksum does not agree with its contents, so it was changed or cut since")
        return read_document(model)
    except (DataError, FormulaError, FamilyError, RecursionError, OverflowError) as error:
        raise DataError(f"'{path}' cannot be loaded: {error}") from error


# ---- model to document ----


def document(fit: Estimate) -> dict[str, Json]:
    """Everything of a model but its rows, as JSON.

    Raises
    ------
    DataError
    """
    try:
        family = family_record(fit.family)
    except FamilyError as error:
        raise DataError(f"this model cannot be saved: {error}") from error
    return {
        **_shared(fit),
        "family": {k: packed(v, f"family {k}") if k != "link" else v for k, v in family.items()},
        "result": {name: stored(getattr(fit.result, name), name) for name in (*NUMBERS, *ARRAYS)},
        "control": {name: packed(value, name) for name, value in vars(fit.control).items()},
        "modelled": fit.modelled,
        "parameter": None if fit.parameter is None else packed(dict(vars(fit.parameter)), "parameter"),
        "column_means": packed(fit.kept_means, "column_means"),
        "more": {f.name: packed(getattr(fit, f.name), f.name) for f in fields(fit) if f.name not in OWN},
    }


def _shared(fit: Estimate | Described) -> dict[str, Json]:
    """What every model has: the formula, and what is frozen for new data."""
    schema = fit.schema
    nodes = [*fit.terms.variables, *([schema.offset] if isinstance(schema.offset, Call) else [])]
    return {
        "formula": fit.formula,
        "call": fit.call,
        "terms": fit.terms.text,
        "variables": [exact_text(node) for node in fit.terms.variables],
        "functions": sorted({name for node in nodes for name in _user_functions(node)}),
        "column_names": list(fit.column_names),
        "assign": packed(fit.assign, "assign"),
        "schema": {
            "variables": [_described(v) for v in schema.variables.values()],
            "state": packed(schema.state, "the state of the formula's functions"),
            "offset": _offset(schema.offset),
            "offset_lost": schema.offset_lost,
            "columns": dict(schema.columns),
        },
        "n_omitted": int(fit.n_omitted),
        "path": None if fit.path is None else _path_described(fit.path),
        "class": getattr(fit, "saved_class", type(fit).__name__),
    }


def described(fit: Described) -> dict[str, Json]:
    """The same of a model that says itself what its fields are.

    Raises
    ------
    DataError
    """
    parts = len(fit.terms.parts)
    return {
        **_shared(fit),
        "parts": parts,
        "fields": {name: packed(value, name) for name, value in fit.saved_fields().items()},
    }


def _path_described(path: pd.DataFrame) -> Json:
    columns = {str(name): column.tolist() for name, column in path.items()}
    return packed(columns | {HEADING: tuple(path.attrs[HEADING])}, "path")


def _described(variable: Variable) -> dict[str, Json]:
    label = variable.contrast_label
    if isinstance(label, pd.DataFrame):
        parts = (label.to_numpy(), label.index.tolist(), label.columns.tolist())
        label = dict(zip(FRAME, parts, strict=True))
    where = f"the contrasts of {variable.name}"
    return {
        "name": variable.name,
        "kind": variable.kind,
        "levels": list(variable.levels),
        "columns": list(variable.columns),
        "contrast": packed(variable.contrast, where),
        "contrast_names": list(variable.contrast_names),
        "contrast_label": packed(label, where),
    }


def _offset(offset: Node | float | None) -> Json:
    if offset is None:
        return None
    return packed(offset, "offset") if isinstance(offset, float) else exact_text(offset)


def _user_functions(node: Node) -> set[str]:
    found, stack = set(), [node]
    while stack:
        here = stack.pop()
        if isinstance(here, Call):
            stack.extend(here.args)
            if here.function in TABLE and TABLE[here.function].user:
                found.add(here.function)
    return found


# ---- document to model ----


def read_document(model: Mapping[str, Json]) -> Saved | SavedFields:
    """What a document describes, by its kind."""
    return restored_fields(model) if "fields" in model else restored(model)


def restored_fields(model: Mapping[str, Json]) -> SavedFields:
    """What every model has, and the fields that are its own affair; errors as `restored`'s."""
    _functions_known(texts(member(model, "functions", "model"), "functions"))
    terms = _terms(model)
    described = _schema(member(model, "schema", "model"), terms)
    design = empty_design(described)
    assign = array(member(model, "assign", "model"), "assign", (design.ncols,), "iu")
    if not np.array_equal(design.assign, assign):
        raise DataError("assign is not that of the formula and its variables")
    own = typed(member(model, "fields", "model"), "fields", dict)
    return SavedFields(
        {
            "formula": typed(member(model, "formula", "model"), "formula", str),
            "call": typed(member(model, "call", "model"), "call", str),
            "terms": terms,
            "column_names": texts(member(model, "column_names", "model"), "column_names"),
            "design_names": design.names,
            "assign": assign,
            "schema": _with_spec(described, design),
            "n_omitted": _count(member(model, "n_omitted", "model"), "n_omitted"),
            "path": _path(unpacked(model.get("path"), "path")),
        },
        typed(member(model, "class", "model"), "class", str),
        {name: unpacked(value, name) for name, value in own.items()},
    )


def restored(model: Mapping[str, Json]) -> Saved:
    """The model that a document describes, without rows.

    Raises
    ------
    DataError, FormulaError, FamilyError
        A field is missing, of another type or shape, or does not agree with the others.
    """
    _functions_known(texts(member(model, "functions", "model"), "functions"))
    terms = _terms(model)
    described = _schema(member(model, "schema", "model"), terms)
    names = texts(member(model, "column_names", "model"), "column_names")
    p = len(names)
    assign = array(member(model, "assign", "model"), "assign", (p,), "iu")
    design = empty_design(described)
    if design.names != names or not np.array_equal(design.assign, assign):
        raise DataError("column_names and assign are not those of the formula and its variables")
    control = typed(member(model, "control", "model"), "control", dict)
    try:
        numbers = {k: unpacked(v, f"control {k}") for k, v in control.items()}
        tolerance = numbers.pop("tolerance", None)  # of a linear model
        stopping = replace(glm_control(**numbers), tolerance=None if tolerance is None else float(tolerance))
    except (TypeError, ValueError) as error:
        raise DataError(f"control: {error}") from None
    family = typed(member(model, "family", "model"), "family", dict)
    estimate = Estimate(
        formula=typed(member(model, "formula", "model"), "formula", str),
        call=typed(member(model, "call", "model"), "call", str),
        terms=terms,
        family=family_of({k: unpacked(v, f"family {k}") if k != "link" else v for k, v in family.items()}),
        column_names=names,
        assign=assign,
        result=_result(typed(member(model, "result", "model"), "result", dict), p),
        schema=_with_spec(described, design),
        control=stopping,
        n_omitted=_count(member(model, "n_omitted", "model"), "n_omitted"),
        training=None,
        kept_means=array(member(model, "column_means", "model"), "column_means", (p,)),
        path=_path(unpacked(model.get("path"), "path")),
        parameter=_parameter(unpacked(model.get("parameter"), "parameter")),
        modelled=None if model.get("modelled") is None else typed(model["modelled"], "modelled", str),
    )
    more = typed(model.get("more", {}), "more", dict)
    return Saved(
        estimate,
        typed(model.get("class", "GLM"), "class", str),
        {name: unpacked(value, name) for name, value in more.items()},
    )


def _parameter(described: Any) -> FamilyParameter | None:
    """Files of before have none."""
    if described is None:
        return None
    try:
        values = {name: float(v) for name, v in described.items() if name != "name"}
        return FamilyParameter(str(described["name"]), **values)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"parameter: expected an estimate with its interval ({error!r})") from None


def _path(described: Any) -> pd.DataFrame | None:
    if described is None:
        return None
    try:
        columns = dict(described)
        heading = columns.pop(HEADING)
        frame = pd.DataFrame(columns)
    except (KeyError, TypeError, ValueError):
        raise DataError("path: expected its columns and its heading") from None
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    frame.attrs[HEADING] = heading
    return frame


def _functions_known(names: tuple[str, ...]) -> None:
    for name in names:
        if name not in TABLE:
            raise DataError(
                f"its formula calls {name}(), the user's own function, which is not registered here: call "
                f"register_function({name!r}, f) before load()"
            )


def _terms(model: Mapping[str, Json]) -> Terms:
    text, count = typed(member(model, "terms", "model"), "terms", str), _count(model.get("parts", 0), "parts")
    parted = Barred(text) if count and has_bars(text) else Parted(text, ("",) * count)
    terms = terms_of(parted if count else text)
    variables = tuple(read(text) for text in texts(member(model, "variables", "model"), "variables"))
    if tuple(map(deparse, variables)) != terms.names:
        raise DataError("variables: they are not those of the formula")
    exact = dict(zip(terms.names, variables, strict=True))
    parts = tuple(_with_variables(part, exact) for part in terms.parts)
    return replace(_with_variables(terms, exact), parts=parts)


def _with_variables(terms: Terms, exact: Mapping[str, Node]) -> Terms:
    variables = tuple(exact[name] for name in terms.names)
    return replace(terms, variables=variables, response=None if terms.response is None else variables[0])


def _schema(model: Json, terms: Terms) -> Schema:
    found = [_variable(v) for v in typed(member(model, "variables", "schema"), "schema variables", list)]
    variables = {v.name: v for v in found}
    needed = {name for _, _, name, _ in variables_of(terms)}
    if len(variables) != len(found) or not needed <= set(variables):
        raise DataError("schema variables: they are not those of the formula")
    offset = member(model, "offset", "schema")
    state = unpacked(member(model, "state", "schema"), "state")
    return Schema(
        terms,
        variables,
        state=typed(state, "state", dict),
        offset=_offset_read(offset),
        offset_lost=typed(member(model, "offset_lost", "schema"), "offset_lost", bool),
        columns=_column_kinds(model),
    )


def _column_kinds(model: Json) -> dict[str, str]:
    """Kinds of the data's columns; files of before have none."""
    kinds = typed(model, "schema", dict).get("columns", {})
    return {
        name: typed(kind, f"the kind of column {name}", str)
        for name, kind in typed(kinds, "schema columns", dict).items()
    }


def _offset_read(offset: Json) -> Node | float | None:
    if offset is None:
        return None
    if isinstance(offset, str):
        return read(offset)
    constant: float = typed(offset, "offset", float)
    return constant


def _variable(model: Json) -> Variable:
    name = typed(member(model, "name", "a variable"), "a variable's name", str)
    where = f"variable {name}"
    kind = typed(member(model, "kind", where), where, str)
    levels = texts(member(model, "levels", where), where)
    columns = texts(member(model, "columns", where), where)
    contrast_names = texts(member(model, "contrast_names", where), where)
    contrast = member(model, "contrast", where)
    if kind not in PLAIN_KINDS and kind != f"nmatrix.{len(columns)}":
        raise DataError(f"{where}: there is no kind {kind!r}")
    if len(set(levels)) != len(levels):
        raise DataError(f"{where}: a level stands there twice")
    label = unpacked(member(model, "contrast_label", where), where)
    if isinstance(label, dict):
        label = _frame(label, where)
    if contrast is not None:
        contrast = array(contrast, f"the contrasts of {name}", (len(levels), len(contrast_names)))
    return Variable(
        name,
        kind,
        levels,
        columns,
        contrast,
        contrast_names,
        label,
    )


def _frame(label: Mapping[str, Any], where: str) -> pd.DataFrame:
    try:
        values, rows, columns = (label[part] for part in FRAME)
        return pd.DataFrame(values, index=rows, columns=columns)
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{where}: expected contrasts with the names of their rows and columns") from None


def empty_design(schema: Schema) -> Design:
    """The columns that the schema makes of no row."""
    nothing = np.empty(0)
    columns = {
        name: Columns(v, codes=np.empty(0, dtype=np.intp))
        if v.categorical
        else Columns(v, arrays=(nothing,) * max(1, len(v.columns)))
        for name, v in schema.variables.items()
    }
    try:
        return joined([build(part, columns, 0) for part in schema.terms.parts or (schema.terms,)])
    except (ValueError, KeyError, IndexError) as error:
        raise DataError(f"the variables do not make the formula's columns: {error}") from None


def _with_spec(schema: Schema, design: Design) -> Schema:
    if schema.terms.parts:
        return replace(schema, spec=tuple(_spec(schema, part, None) for part in schema.terms.parts))
    return replace(schema, spec=_spec(schema, schema.terms, design))


def _spec(schema: Schema, terms: Terms, design: Design | None) -> Any:
    """The frozen spec of one part of the formula."""
    with hearing():  # the fit has given the warnings
        spec = new_spec(terms, schema.state)
    used = {factor.expr for term in spec.formula for factor in term.factors}
    kinds = (Factor.Kind.NUMERICAL, Factor.Kind.CATEGORICAL)
    spec.encoder_state.update(
        {name: (kinds[v.categorical], v) for name, v in schema.variables.items() if name in used}
    )
    own = empty_design(replace(schema, terms=terms)) if design is None else design
    return spec.update(structure=structure_of(spec.formula, own))


def _result(model: Mapping[str, Json], p: int) -> GlmFit:
    # fields that came later have defaults, and older files have not got them
    model = {f.name: f.default for f in fields(GlmFit) if f.default is not MISSING} | dict(model)
    numbers: dict[str, Any] = {
        name: typed(member(model, name, "result"), f"result {name}", kind) for name, kind in NUMBERS.items()
    }
    rank = numbers["rank"]
    if not 0 <= rank <= p or not 0 <= numbers["n_ok"] <= numbers["nobs"]:
        raise DataError(f"result: rank {rank} of {p} columns, {numbers['n_ok']} rows of {numbers['nobs']}")
    sizes = {"p": p, "r": rank, "n": p - rank}
    arrays: dict[str, Any] = {
        name: None
        if name in MAY_BE_NONE and member(model, name, "result") is None
        else read_array(member(model, name, "result"), f"result {name}", [sizes[s] for s in shape], kinds)
        for name, (shape, kinds) in ARRAYS.items()
    }
    coefficients, pivot = arrays["coefficients"], arrays["pivot"]
    if sorted(pivot) != list(range(p)) or np.isnan(coefficients[pivot[:rank]]).any():
        raise DataError("result: pivot, rank and coefficients do not agree")
    return GlmFit(**numbers, **arrays)


def _count(value: Json, where: str) -> int:
    count: int = typed(value, where, int)
    if count < 0:
        raise DataError(f"{where}: expected a count, found {count}")
    return count


def _checksum(model: Mapping[str, Json]) -> str:
    text = json.dumps(model, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")
