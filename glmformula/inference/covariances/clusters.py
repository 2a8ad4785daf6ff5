"""What a user names as clusters, as codes aligned with the rows of a fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from ...errors import DataError
from ...formula.algebra import terms as read_terms
from ...formula.deparse import deparse
from ...formula.evaluate import Scope
from ...formula.tree import Name, Node
from ...formula.values import Factor, Logical, Matrix, Text
from ...frame.arguments import aligned, expression
from ...frame.columns import Columns
from ...frame.kept import Kept
from ...frame.model_frame import needed_columns
from ...frame.variables import evaluate_variable
from ...sources.mapped import collect

if TYPE_CHECKING:
    from ...fitted.protocols import Scored
    from ...sources.base import Block, Source

T = TypeVar("T")
W = TypeVar("W")
ROWS_SHOWN = 5


@dataclass(frozen=True)
class Clusters:
    """One grouping of the rows of a fit.

    Attributes
    ----------
    codes : ndarray of int (n,)
        Group of each row, -1 for rows of zero weight, which belong to none.
    size : int
        How many groups.
    name : str
        Of what they are groups by; '' for the rows themselves and for combinations.
    """

    codes: np.ndarray
    size: int
    name: str = ""

    @classmethod
    def of(cls, values: Any, counted: np.ndarray, name: str = "") -> Clusters:
        """Groups of equal values among the `counted` rows."""
        codes = np.full(len(counted), -1, dtype=np.int32)
        found, levels = pd.factorize(values if counted.all() else values[counted])
        codes[counted] = found
        return cls(codes, len(levels), name)

    def reduce(
        self, source: Source, block_fn: Callable[[Clusters, Block], T], merge_fn: Callable[[T, T], T]
    ) -> T:
        """``block_fn(clusters, block)`` of every block, merged."""
        return source.map_reduce(partial(block_fn, self), merge_fn)

    def part(self, low: int, size: int) -> Clusters:
        """Only the groups `low` to ``low + size - 1``."""
        inside = (self.codes >= low) & (self.codes < low + size)
        return Clusters(np.where(inside, self.codes - low, -1).astype(np.int32), size)


def every_row(fit: Scored) -> Clusters:
    """Each row its own cluster: as many as rows count, and no need of codes."""
    return Clusters(np.empty(0, dtype=np.int32), fit.nobs)


def cluster_codes(fit: Scored, cluster: Any) -> list[Clusters]:
    """The groupings that `cluster` names, one for each way of clustering, of rows in memory.

    Parameters
    ----------
    cluster : str, array, Series, DataFrame, list or None
        A column's name, an R expression or a formula ``"~ firm + year"``, evaluated in the data; values for
        the rows of the fit or of the data (rows lost to missing values or `subset` are cut), a Series by its
        row labels; a DataFrame or a list of these for several ways.

    Raises
    ------
    DataError
        Lengths or labels that do not match, missing values.
    """
    counted = np.concatenate(collect(fit.rows.source, _counted))
    return [Clusters.of(_complete(fit, values, name), counted, name) for name, values in _ways(fit, cluster)]


def _counted(block: Block) -> np.ndarray:
    """Which rows have a weight."""
    weights = block.prior_weights
    return np.ones(len(block.y), dtype=bool) if weights is None else weights != 0


def intersections(clusters: Sequence[Clusters]) -> list[tuple[int, Clusters]]:
    """Sign and grouping of every combination."""
    return [(sign, _crossed(chosen)) for sign, chosen in combined(clusters)]


def combined(ways: Sequence[W]) -> list[tuple[int, tuple[W, ...]]]:
    """Every combination of some ways, singles first, with its sign."""
    sizes = range(1, len(ways) + 1)
    return [((-1) ** (k + 1), chosen) for k in sizes for chosen in combinations(ways, k)]


def _crossed(clusters: Sequence[Clusters]) -> Clusters:
    """The groups of rows that share every cluster."""
    first, *others = clusters
    for other in others:
        counted = first.codes >= 0
        joint = first.codes.astype(np.int64) * other.size + other.codes
        first = Clusters.of(joint, counted)
    return first


def _ways(fit: Scored, cluster: Any) -> list[tuple[str, Any]]:
    """Name and values, over the rows of the fit, of each way of clustering."""
    if isinstance(cluster, str):
        if cluster.lstrip().startswith("~"):
            data = _data(fit, partial(needed_columns, cluster, ()))
            terms = read_terms(cluster)
            return [(n, _evaluated(fit, v, data)) for n, v in zip(terms.names, terms.variables, strict=True)]
        data = _data(fit, partial(needed_columns, "~ 1", (cluster,)))
        return [(cluster, _evaluated(fit, expression(cluster, data), data))]
    if isinstance(cluster, pd.DataFrame):
        return [(str(name), _rows_of_fit(fit, column)) for name, column in cluster.items()]
    if isinstance(cluster, list | tuple) and _several(fit, cluster):
        return [way for part in cluster for way in _ways(fit, part)]
    if isinstance(cluster, pd.Series):
        return [(str(cluster.name or "cluster"), _rows_of_fit(fit, cluster))]
    values = np.asarray(cluster)
    if values.ndim == 2:
        return [(f"cluster {k}", _rows_of_fit(fit, column)) for k, column in enumerate(values.T, 1)]
    if values.ndim != 1:
        raise DataError(
            f"cluster should be a column's name, an expression, a formula or one value a row; got {cluster!r}"
        )
    return [("cluster", _rows_of_fit(fit, values))]


def _several(fit: Scored, parts: Sequence[Any]) -> bool:
    """Whether a list holds ways of clustering, arrays or names of columns, and not the labels of the rows."""
    if all(isinstance(part, str) for part in parts):
        return set(parts) <= set(_data(fit, lambda names: [name for name in names if name in parts]).columns)
    return all(isinstance(part, str | pd.Series | np.ndarray | list | tuple) for part in parts)


def _data(fit: Scored, wanted: Callable[[list[str]], Sequence[str]]) -> pd.DataFrame:
    """The data as they were at the fit, with the columns that are wanted."""
    data: Kept = fit.rows.arguments["data"]
    return data.frame_with(wanted)


def _evaluated(fit: Scored, node: Node, data: pd.DataFrame) -> Any:
    """A column, or the value of an R expression, on the rows of the fit."""
    if isinstance(node, Name) and node.name in data.columns:
        return _cut(fit, data[node.name])
    value = evaluate_variable(node, deparse(node), Scope(Columns(data), len(data)))
    if isinstance(value, Factor):
        return _cut(fit, np.where(value.codes < 0, np.nan, value.codes.astype(float)))
    if isinstance(value, Logical):
        missing = np.zeros(len(data), bool) if value.missing is None else value.missing
        return _cut(fit, np.where(missing, np.nan, value.values.astype(float)))
    if isinstance(value, Matrix):
        raise DataError(f"'{deparse(node)}' is a matrix: expected one value a row to cluster by")
    return _cut(fit, value.values if isinstance(value, Text) else np.asarray(value))


def _cut(fit: Scored, values: Any) -> Any:
    """Values over all rows of the data on those of the fit."""
    kept = fit.rows.frame.kept
    if kept is None:
        return values
    return values.iloc[kept] if isinstance(values, pd.Series) else values[kept]


def _rows_of_fit(fit: Scored, values: pd.Series | np.ndarray) -> Any:
    """Values given by the user on the rows of the fit: by label for a Series, by position for an array."""
    frame = fit.rows.frame
    n, whole = frame.nrows, len(frame.data_index)
    if isinstance(values, pd.Series):
        if values.index.equals(frame.index):
            return values
        if values.index.equals(frame.data_index):
            return _cut(fit, values)
        return aligned(values, "cluster", frame.index)
    if len(values) == n:
        return values
    if len(values) == whole:
        return _cut(fit, values)
    if len(values) == n + frame.omitted.size and frame.kept is not None:  # after `subset`, as in R
        return values[np.isin(np.sort(np.concatenate([frame.kept, frame.omitted])), frame.kept)]
    raise DataError(
        f"number of observations in 'cluster' and 'estfun()' do not match: {len(values)} values for the {n} "
        f"rows of the fit (the data have {whole})"
    )


def _complete(fit: Scored, values: Any, name: str) -> Any:
    """The values, if none is missing."""
    missing = np.asarray(pd.isna(values))
    if missing.any():
        labels = fit.rows.frame.index[missing][:ROWS_SHOWN].tolist()
        raise missing_clusters(name, int(missing.sum()), len(missing), labels)
    return values.to_numpy() if isinstance(values, pd.Series) and values.dtype == object else values


def missing_clusters(name: str, count: int, n: int, labels: Sequence[Any]) -> DataError:
    """`count` of `n` rows have no value, the first under these labels."""
    return DataError(
        "cannot handle NAs in 'cluster': either refit the model without the NA observations in 'cluster' "
        f"or impute the NAs ('{name}' is missing in {count} of {n} rows, first rows: "
        f"{', '.join(map(repr, labels))})"
    )
