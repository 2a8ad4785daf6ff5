"""The schema of files that are parts of one table, whatever columns and types each of them has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import DataError
from ..frame.interchange import arrow, is_text, marked
from .reading import short


@dataclass(frozen=True)
class Together:
    """What the files have in common.

    Attributes
    ----------
    schema : pyarrow.Schema
        Each column once, with a type that holds it in every file.
    unusable : mapping of str to str
        Columns that no fit can read, with the reason; nobody else need care.
    """

    schema: Any
    unusable: Mapping[str, str] = field(default_factory=dict)

    def check(self, columns: Sequence[str]) -> None:
        """DataError where one of the columns cannot be read."""
        for name in columns:
            if name in self.unusable:
                raise DataError(self.unusable[name])


def together(paths: Sequence[str], schemas: Sequence[Any], lacking: bool) -> Together:
    """The schemas of files, put together; `lacking` says whether a file may do without a column."""
    pa = arrow()
    found: dict[str, list[tuple[Any, str]]] = {}
    unusable: dict[str, str] = {}
    for path, schema in zip(paths, map(marked, schemas), strict=True):
        for f in schema:
            if f.name in found and found[f.name][-1][1] == path:
                unusable[f.name] = (
                    f"the data have {schema.names.count(f.name)} columns called '{f.name}' "
                    f"({short(path)}): rename all but one of them"
                )
            else:
                found.setdefault(f.name, []).append((f, path))
    fields = []
    for name, parts in found.items():
        joint = _joint([f for f, _ in parts])
        fields.append(parts[0][0] if joint is None else joint)
        if joint is None:
            other, where = next((f, path) for f, path in parts if f.type != parts[0][0].type)
            unusable[name] = (
                f"the files are not parts of one table: column '{name}' is {parts[0][0].type} in "
                f"{short(parts[0][1])} and {other.type} in {short(where)}"
            )
        having = {path for _, path in parts}
        without = next((path for path in paths if path not in having), None)
        if without is not None and not lacking:
            unusable[name] = (
                f"the files are not parts of one table: {short(without)} has no column '{name}', which "
                f"{short(parts[0][1])} has"
            )
    return Together(pa.schema(fields, metadata=schemas[0].metadata if schemas else None), unusable)


def _joint(fields: Sequence[Any]) -> Any:
    """One field for a column of all files; None where its types do not go together."""
    pa = arrow()
    kinds = [f.type for f in fields]
    if all(kind == kinds[0] for kind in kinds):
        return fields[0]
    name = fields[0].name
    if all(is_text(kind) or pa.types.is_null(kind) or _texts(kind) for kind in kinds):
        dictionaries = all(pa.types.is_dictionary(kind) or pa.types.is_null(kind) for kind in kinds)
        if not dictionaries:
            return pa.field(name, pa.large_string())
    try:
        unified = [pa.schema([f]) for f in fields]
        return pa.unify_schemas(unified, promote_options="permissive").field(0)
    except pa.ArrowException:
        return None


def _texts(kind: Any) -> bool:
    return arrow().types.is_dictionary(kind) and is_text(kind.value_type)


def conformed(array: Any, kind: Any) -> Any:
    """An array of one file as the type of all; codes into strings stay what they are."""
    pa = arrow()
    if array.type == kind or (pa.types.is_dictionary(array.type) and is_text(kind)):
        return array
    if pa.types.is_dictionary(array.type) and pa.types.is_dictionary(kind):
        values = array.dictionary.cast(kind.value_type)
        return pa.DictionaryArray.from_arrays(
            array.indices.cast(kind.index_type), values, ordered=kind.ordered
        )
    return array.cast(kind)
