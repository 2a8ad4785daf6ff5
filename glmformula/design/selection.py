"""What a user picks among coefficients or terms: by name, position or mask; values matched by their labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, nearest
from ..frame.columns import as_frame
from ..frame.interchange import is_foreign

SHOWN = 8


def place(name: str, names: Sequence[str], what: str = "coefficient") -> int:
    """Position of the one that has this name.

    Raises
    ------
    DataError
        None has it, or several.
    """
    found = [k for k, known in enumerate(names) if known == name]
    if not found:
        raise DataError(f"'{name}' is not a {what} of the model{nearest(name, names)}")
    if len(found) > 1:
        raise DataError(f"{several(name, found, what)}: give positions, or rename a column or a level")
    return found[0]


def several(name: str, places: Sequence[int], what: str = "coefficient") -> str:
    """``'gy2' is the name of 2 coefficients (positions 1 and 3, counted from 0)``."""
    return (
        f"'{name}' is the name of {len(places)} {what}s "
        f"(positions {' and '.join(map(str, places))}, counted from 0)"
    )


def shared(names: Iterable[str]) -> dict[str, list[int]]:
    """The names that more than one has, with their positions."""
    where: dict[str, list[int]] = {}
    for k, name in enumerate(names):
        where.setdefault(name, []).append(k)
    return {name: places for name, places in where.items() if len(places) > 1}


def positions(given: Any, names: Sequence[str], what: str = "coefficient") -> list[int]:
    """Positions of those that `given` picks among `names`.

    Parameters
    ----------
    given : str, int, slice, sequence of these, mask or None
        A name, a position from 0 (negative ones from the end), or a boolean for each name; a mask that is a
        Series goes by its labels where they are the names. None picks all.
    what : str
        What the names are of, for messages.

    Raises
    ------
    DataError
        An unknown name, a name of several, no such position, a mask of another length.
    """
    if given is None:
        return list(range(len(names)))
    if isinstance(given, slice):
        return list(range(len(names)))[given]
    if isinstance(given, str | bool | int | float | np.generic):
        return [_position(given, names, what)]
    values = listed(given)
    chosen = mask(values, len(names), f"{what}s")
    if chosen is None:
        return [_position(value, names, what) for value in values]
    if isinstance(given, pd.Series) and (order := order_of(given.index, names, "a mask", what)) is not None:
        return [k for k, at in enumerate(order) if values[at]]
    return chosen


def _position(item: Any, names: Sequence[str], what: str) -> int:
    if isinstance(item, str):
        return place(item, names, what)
    number = isinstance(item, int | float | np.number) and not isinstance(item, bool)
    if not number or item != np.floor(item):
        raise DataError(
            f"a {what} is picked by its name, its position from 0, or a mask with a boolean for each; "
            f"got {item!r}"
        )
    if not -len(names) <= item < len(names):
        raise DataError(f"{what} {item} does not exist: the model has {len(names)}, counted from 0")
    return int(item) % len(names)


def listed(given: Any) -> list[Any]:
    """Any column or sequence as a list of plain values."""
    for method in ("to_pylist", "to_list", "tolist"):  # Arrow, polars and pandas, NumPy
        if hasattr(given, method):
            values = getattr(given, method)()
            return values if isinstance(values, list) else [values]
    if not isinstance(given, Iterable):
        raise DataError(
            f"expected a list, an array or a column; got an object of type {type(given).__name__}"
        )
    return list(given)


def mask(values: Sequence[Any], n: int, what: str) -> list[int] | None:
    """Positions that a boolean mask marks; None where the values are no mask.

    Raises
    ------
    DataError
        A mask of another length than `n`, or with missing values.
    """
    flags = [isinstance(value, bool | np.bool_) for value in values]
    if not any(flags):
        return None
    if not all(flags):
        raise DataError(
            f"a mask of {what} should hold True or False only; got {values[flags.index(False)]!r}"
        )
    if len(values) != n:
        raise DataError(f"a mask of {what} should have {n} values, one for each; got {len(values)}")
    return np.flatnonzero(values).tolist()


def order_of(
    labels: Iterable[Hashable], names: Sequence[str], argument: str, what: str = "coefficient"
) -> list[int] | None:
    """Where the value of each name stands among labelled values; None where the labels are but 0, 1, 2 ...

    Raises
    ------
    DataError
        Labels that are not the names, or that name several in another order.
    """
    own: list[Any] = list(labels)
    if own == list(range(len(own))):
        return None
    if own == list(names):
        return list(range(len(own)))
    here, wanted = Counter(own), Counter(names)
    if here != wanted:
        problems = [
            f"{text} {', '.join(repr(label) for label in list(absent)[:SHOWN])}"
            for text, absent in (("no value for", wanted - here), ("labels that are none:", here - wanted))
            if absent
        ]
        raise DataError(
            f"the labels of {argument} should be the {what}s ({', '.join(names)}), in any order; it has "
            f"{' and '.join(problems)}; without labels (.to_numpy()) values are taken in the model's order"
        )
    for name, places in shared(names).items():
        raise DataError(
            f"{several(name, places, what)}, so {argument} cannot be matched by its labels: give it in the "
            "model's order, or rename a column or a level"
        )
    at = {label: k for k, label in enumerate(own)}
    return [at[name] for name in names]


def in_order(given: Any, names: Sequence[str], argument: str) -> np.ndarray:
    """Numbers in the order of `names`: by label where there are labels, else as they are.

    Parameters
    ----------
    given : array-like, Series, mapping, or DataFrame of one row or column
    """
    if isinstance(given, Mapping):
        given = pd.Series(dict(given))
    given = labelled(given)
    if isinstance(given, pd.DataFrame):
        if 1 not in given.shape:
            raise DataError(f"{argument} should be one number for each coefficient; got shape {given.shape}")
        given = given.iloc[:, 0] if given.shape[1] == 1 else given.iloc[0]
    values = np.asarray(given, dtype=float).reshape(-1)
    if isinstance(given, pd.Series) and (order := order_of(given.index, names, argument)) is not None:
        values = values[order]
    return values


def rows_in_order(given: Any, names: Sequence[str], argument: str) -> np.ndarray:
    """A matrix with a column for each of `names`: by label where the columns have labels."""
    given = labelled(given)
    if isinstance(given, pd.Series):
        given = given.to_frame().T
    matrix = np.atleast_2d(np.asarray(given, dtype=float))
    order = None
    if isinstance(given, pd.DataFrame):
        order = order_of(given.columns, names, argument)
    return matrix if order is None else matrix[:, order]


def square_in_order(given: Any, names: Sequence[str], argument: str) -> np.ndarray:
    """A matrix with a row and a column for each of `names`; what has labels on one side only has the same on both."""
    given = labelled(given)
    matrix = np.asarray(given, dtype=float)
    if not isinstance(given, pd.DataFrame):
        return matrix
    rows, columns = (order_of(labels, names, argument) for labels in (given.index, given.columns))
    rows, columns = rows or columns, columns or rows
    return matrix if rows is None or columns is None else matrix[np.ix_(rows, columns)]


def labelled(given: Any) -> Any:
    """A table of another library as a DataFrame; anything else as it is."""
    if isinstance(given, pd.DataFrame | pd.Series | np.ndarray) or not is_foreign(given):
        return given
    return as_frame(given) if hasattr(given, "columns") else np.asarray(given)
