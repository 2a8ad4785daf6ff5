"""DATA of the command line: a path, which the model reads by Arrow; without pyarrow a CSV file as a whole.

What a column is its values say, by the rules that `sources/batches.py` has of Arrow: whole numbers, numbers, TRUE and
FALSE, else strings.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import os
import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError
from ..sources.files import KINDS, ending
from ..sources.outputs import refuse_inputs

OPENERS = {".gz": gzip.open, ".bz2": bz2.open}
MISSING = frozenset(
    "#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|N/A|NA|NULL|NaN|n/a|nan|null|".split("|")
)
TRUTHS = dict.fromkeys(("1", "True", "TRUE", "true"), True) | dict.fromkeys(
    ("0", "False", "FALSE", "false"), False
)
BLANK = " \t"  # around a number
WHOLE = re.compile(r"-?[0-9]{1,30}|0[xX][0-9a-fA-F]{1,15}")
DECIMAL = re.compile(r"[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|inf|infinity|nan)", re.IGNORECASE)
LARGEST = 2**63


def data_of(path: str, *outs: str | None) -> Any:
    """What a verb is given for DATA.

    Parameters
    ----------
    path : str
    *outs : str or None
        Where answers will be written: not where the data are.

    Raises
    ------
    DataError
        A CSV file that cannot be read.
    """
    name = os.path.expanduser(path)
    if find_spec("pyarrow") is not None or KINDS.get(ending(name)) != "csv" or not os.path.isfile(name):
        return path
    for out in outs:
        refuse_inputs(out, path)
    return read_csv(Path(name))


def read_csv(path: Path) -> pd.DataFrame:
    """A CSV file with a header.

    Raises
    ------
    DataError
    """
    delimiter = "\t" if ".tsv" in path.name.lower() else ","
    opener: Any = OPENERS.get(path.suffix.lower(), open)
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            rows = list(filter(None, csv.reader(file, delimiter=delimiter)))
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} is not UTF-8 text: {error}; write it anew in UTF-8") from error
    except (csv.Error, OSError, EOFError) as error:
        raise DataError(f"{path.name} could not be read: {error}") from error
    if not rows:
        raise DataError(f"{path.name} is empty: expected names of columns in its first line")
    names, *rows = rows
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise DataError(
                f"{path.name} could not be read: expected {len(names)} columns, row {number} has {len(row)}: "
                f"{delimiter.join(row)}"
            )
    columns = zip(*rows) if rows else [()] * len(names)
    return pd.DataFrame(dict(enumerate(map(column_of, columns)))).set_axis(names, axis=1)


def column_of(texts: Sequence[str]) -> Any:
    """The values of a column."""
    codes, found = pd.factorize(np.array(texts, dtype=object))
    missing = sum(text in MISSING for text in found)
    for read, dtype in LADDER:
        values = [None if text in MISSING else read(text) for text in found]
        if values.count(None) == missing < len(found) or dtype == "object":
            break
    kind: Any = "float64" if dtype == "int64" and missing else dtype
    return pd.Series(values, dtype=object).astype(kind).array.take(codes)


def _whole(text: str) -> int | None:
    text = text.strip(BLANK)
    if not WHOLE.fullmatch(text):
        return None
    value = int(text, 16 if text[1:2] in ("x", "X") else 10)
    return value if -LARGEST <= value < LARGEST else None


def _decimal(text: str) -> float | None:
    text = text.strip(BLANK)
    return float(text) if DECIMAL.fullmatch(text) else None


LADDER: tuple[tuple[Callable[[str], Any], str], ...] = (
    (_whole, "int64"), (TRUTHS.get, "boolean"), (_decimal, "float64"), (str, "object"),
)  # fmt: skip
