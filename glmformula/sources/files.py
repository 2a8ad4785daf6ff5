"""Files by name: one, a directory, a pattern; which kind they are their endings say."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..frame.interchange import needed
from ..frame.pieces import Table
from .batches import csv_table, dataset_table, ipc_table
from .parquet import ParquetTable
from .reading import Files, reading, short

KINDS = {
    ".parquet": "parquet", ".pq": "parquet", ".parq": "parquet",
    ".arrow": "ipc", ".feather": "ipc", ".ipc": "ipc",
    ".csv": "csv", ".tsv": "csv",
}  # fmt: skip
PACKED = (".gz", ".bz2", ".zst")


def open_path(data: str | Path | Sequence[str | Path]) -> Table:
    """The table in a file, a directory, the files that a pattern names or a list of all these.

    Raises
    ------
    DataError
        Nothing is there, or the files are not of one known kind.
    """
    if not isinstance(data, str | Path):
        return _open_list([os.path.expanduser(path) for path in data])
    text = os.path.expanduser(data)
    if "://" in text:
        return _open(text, _kind([text], text))
    if os.path.isdir(text):
        names = [f for f in _inside(text) if ending(f) in KINDS]
        return _open(text if names else [], _kind(names, text), names)
    paths = _found(text)
    return _open(paths, _kind(paths, text), paths)


def _open_list(given: list[str]) -> Table:
    for text in given:
        if "://" in text:
            raise DataError(
                f"data: a list has the paths of local files, {text!r} is none: give its directory alone, or a "
                "pyarrow.dataset"
            )
    names = [
        path
        for text in given
        for path in (
            [f for f in _inside(text) if ending(f) in KINDS] if os.path.isdir(text) else _found(text)
        )
    ]
    twice = next((path for path in names if names.count(path) > 1), None)
    if twice is not None:
        raise DataError(f"data: {twice!r} is in the list twice, and its rows would count twice")
    return _open(names, _kind(names, ", ".join(given)), names)


def _found(text: str) -> list[str]:
    """The file of that name, or those that a pattern names."""
    pattern = glob.has_magic(text) and not os.path.exists(text)
    paths = [p for p in (sorted(glob.glob(text, recursive=True)) if pattern else [text]) if os.path.exists(p)]
    if not paths:
        raise DataError(
            f"data={text!r}: no such file, directory or pattern of files was found; expected a DataFrame, or "
            "the path of Parquet, Arrow IPC or CSV files"
        )
    return paths


def open_dataset(data: Any) -> Table:
    """A ``pyarrow.dataset``; Parquet files row group by row group, any other kind batch by batch."""
    dataset = needed("pyarrow.dataset", "arrow")
    plain = isinstance(data, dataset.FileSystemDataset) and not getattr(data, "_scan_options", None)
    if plain and isinstance(data.format, dataset.ParquetFileFormat):
        return ParquetTable.of(data)
    return dataset_table(data)


def _open(where: Any, kind: str, names: list[str] | None = None) -> Table:
    fs = needed("pyarrow.fs", "arrow")
    with reading(str(where) if isinstance(where, str) else short(where[0])):
        if kind == "parquet":
            return ParquetTable.of(_parquet(where))
        if names is None:
            filesystem, path = fs.FileSystem.from_uri(where)
            files = Files.seen(filesystem, [path])
        else:
            files = Files.seen(fs.LocalFileSystem(), names)
    return ipc_table(files) if kind == "ipc" else csv_table(files)


def _parquet(where: Any) -> Any:
    """A dataset of Parquet files; where a name occurs twice in them, without those columns."""
    pa, dataset = needed("pyarrow", "arrow"), needed("pyarrow.dataset", "arrow")
    make = partial(dataset.dataset, where, format="parquet", partitioning="hive")
    try:
        return make()
    except pa.ArrowInvalid as error:
        if "duplicate field names" not in str(error):
            raise
        return make(schema=pa.schema([]))


def _inside(folder: str) -> list[str]:
    """The files below a folder, in order; hidden ones and those that begin with _ are not data."""
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f[0] not in "._")
        found += [os.path.join(root, name) for name in sorted(names) if name[0] not in "._"]
    return found


def ending(path: str) -> str:
    """What says which kind a file is, in front of that of a compressed one."""
    name, ending = os.path.splitext(path.lower())
    return os.path.splitext(name)[1] if ending in PACKED else ending


def _kind(paths: list[str], given: str) -> str:
    kinds = {KINDS.get(ending(path), "") for path in paths}
    if len(kinds) != 1 or "" in kinds:
        known = ", ".join(sorted(KINDS))
        raise DataError(
            f"data={given!r}: expected files of one kind, whose names end in one of {known}; found "
            + (", ".join(sorted({ending(p) or os.path.basename(p) for p in paths})) or "none")
        )
    return kinds.pop()
