"""Rows to ask about that nobody has observed: typical ones, all combinations of levels, counterfactual copies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...errors import DataError, choice, nearest
from ...frame.newdata import columns_of
from .contrasts import Known, level_of
from .population import NO_ROWS, Population, facts, known, population
from .scenes import Scene

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex

GRIDS = ("mean_or_mode", "median_or_mode", "balanced", "counterfactual")
NAMED = {"mean": "mean_or_mode", "median": "median_or_mode", "balanced": "balanced"}


@dataclass(frozen=True)
class Grid:
    """A grid that waits for a model: what ``datagrid(...)`` gives where no model is named."""

    grid_type: str
    values: Mapping[str, Any] = field(default_factory=dict)


def datagrid(
    fit: Any = None, newdata: Any = None, *, grid_type: str = "mean_or_mode", **values: Any
) -> pd.DataFrame | Grid:
    """A grid of rows: named variables take the values given, the others are held where they are typical.

    Parameters
    ----------
    fit : fitted model, optional
        Without one, what comes back is for ``newdata=`` of `predictions` and its kin, which give it theirs.
    newdata : DataFrame, optional
        The rows whose means and commonest levels count; default: the rows of the fit.
    grid_type : {"mean_or_mode", "median_or_mode", "balanced", "counterfactual"}
        Where a variable is held that is not named: a number at its mean or median, a factor, string or logical at its
        commonest value; "balanced": at each of its levels; "counterfactual": all rows as they are, copied once for each
        combination of the values given.
    **values
        By variable: a value, a list of them, or a function of the column that gives some.

    Returns
    -------
    DataFrame
        A row for each combination; the first variable changes slowest.

    Raises
    ------
    DataError
        A name that the model does not use, a level that the fit has not seen, or a model without rows.
    ValueError
        An unknown grid type.

    Notes
    -----
    marginaleffects' ``datagrid``. Means of whole numbers are not rounded. Columns that only offsets use are held at
    their means too.

    Examples
    --------
    >>> from glmformula import datagrid, datasets, glm
    >>> data = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> fit = glm("left ~ senior + overtime_hours", data, family="binomial")
    >>> datagrid(fit, overtime_hours=[5, 10]).round(2)
       overtime_hours  senior
    0               5   False
    1              10   False
    """
    choice("grid_type", grid_type, GRIDS)
    if fit is None:
        return Grid(grid_type, values)
    return grid_of(fit, newdata, grid_type, values)


def rows_for(fit: SingleIndex, newdata: Any, wts: Any, beside: Sequence[str]) -> Population:
    """The rows that `newdata` stands for: "mean", "balanced" and grids among them.

    Raises
    ------
    DataError
        As `population`.
    """
    if isinstance(newdata, str) and newdata in NAMED:
        newdata = grid_of(fit, None, NAMED[newdata], {})
    elif isinstance(newdata, str) and "." not in newdata and "/" not in newdata:
        raise DataError(
            f"newdata={newdata!r}: expected rows, the path of a file, one of {', '.join(map(repr, NAMED))}, or a "
            "datagrid(...)"
        )
    elif isinstance(newdata, Grid):
        newdata = grid_of(fit, None, newdata.grid_type, newdata.values)
    return population(fit, newdata, wts, beside)


def grid_of(fit: Any, newdata: Any, grid_type: str, values: Mapping[str, Any]) -> pd.DataFrame:
    used = columns_of(fit.schema)
    for name in values:
        if name not in used:
            raise DataError(f"datagrid: '{name}' is not a variable of the model{nearest(name, sorted(used))}")
    if newdata is None and fit.training is None:
        lacking = sorted(used - values.keys())
        functions = sorted(name for name, value in values.items() if callable(value))
        if lacking or functions or grid_type == "counterfactual":
            raise DataError(
                f"{NO_ROWS}; a grid needs a value of {', '.join([*lacking, *functions]) or 'each row'}"
            )
        frame = pd.DataFrame({name: _listed(value)[:1] for name, value in values.items()})
        return _crossed({name: _listed(value) for name, value in values.items()}, frame)
    rows = population(fit, newdata)
    sample = rows.sample
    names = [name for name in sample.data.columns if name in used]
    kinds = {name: known(fit.schema, name, sample) for name in names}
    given = {name: _values(kinds[name], values[name], rows) for name in names if name in values}
    if grid_type == "counterfactual":
        if rows.scene is None:
            raise DataError(
                "a counterfactual grid copies all rows, and these are not held in memory: avg_comparisons() and "
                "avg_predictions(variables=) ask the same without copies"
            )
        return _copies(rows.scene.data[names], given)
    held: dict[str, list[Any]] = {}
    open_ = [name for name in names if name not in given]
    numbers = [name for name in open_ if kinds[name].kind in ("numeric",)]
    said = facts(rows, numbers)
    for name in open_:
        if name in said:
            middle = said[name].quantiles[2] if grid_type == "median_or_mode" else said[name].mean
            if np.isnan(middle):
                raise DataError(
                    f"the median of '{name}' needs all rows together, and they arrive in blocks: name a value"
                )
            held[name] = [middle]
        elif grid_type == "balanced" and kinds[name].kind in ("factor", "logical"):
            held[name] = list(kinds[name].levels) if kinds[name].kind == "factor" else [False, True]
        else:
            held[name] = [commonest(rows, name)]
    order = [name for name in values if name in given] + [name for name in names if name not in given]
    return _crossed({name: {**given, **held}[name] for name in order}, sample.data)


def _values(known: Known, given: Any, rows: Population) -> list[Any]:
    if callable(given):
        if rows.scene is None:
            raise DataError(
                f"datagrid: '{known.name}' by a function of the column needs rows in memory: give values"
            )
        given = given(rows.scene.data[known.name])
    values = _listed(given)
    return [level_of(known, value) for value in values] if known.kind == "factor" else values


def _listed(given: Any) -> list[Any]:
    if isinstance(given, str) or np.ndim(given) == 0:
        return [given]
    return list(given.tolist() if hasattr(given, "tolist") else given)


def commonest(rows: Population, name: str) -> Any:
    counts = rows.run(partial(_counts, name), _plus)
    if not counts:
        raise DataError("there are no rows")
    most = max(counts.values())
    return min((value for value, count in counts.items() if count == most), key=str)


def _counts(name: str, scene: Scene) -> Counter[Any]:
    found = scene.data[name].value_counts(dropna=True)
    return Counter({value: int(count) for value, count in found.items() if count})


def _plus(a: Counter[Any], b: Counter[Any]) -> Counter[Any]:
    return a + b


def _crossed(values: Mapping[str, list[Any]], like: pd.DataFrame) -> pd.DataFrame:
    """All combinations, with the types of the data's columns where they hold them."""
    rows = list(product(*values.values()))
    out = {}
    for j, name in enumerate(values):
        column = pd.Series([row[j] for row in rows])
        dtype = like[name].dtype if name in like else None
        if isinstance(dtype, pd.CategoricalDtype):
            column = column.astype(dtype)
        out[name] = column
    return pd.DataFrame(out)


def _copies(data: pd.DataFrame, given: Mapping[str, list[Any]]) -> pd.DataFrame:
    copies: list[pd.DataFrame] = []
    make: Callable[..., pd.DataFrame] = data.assign
    for combination in product(*given.values()):
        columns = {}
        for name, value in zip(given, combination):
            column = pd.Series([value] * len(data), index=data.index)
            dtype = data[name].dtype
            columns[name] = column.astype(dtype) if isinstance(dtype, pd.CategoricalDtype) else column
        copies.append(make(**columns))
    return pd.concat(copies, ignore_index=True)
