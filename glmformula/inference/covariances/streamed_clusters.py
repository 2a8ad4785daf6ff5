"""Clusters of rows that arrive in pieces: one pass learns which there are, later ones find their codes anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import pandas as pd

from ...errors import DataError
from ...formula.algebra import terms as read_terms
from ...formula.evaluate import CONSTANTS, variables_used
from ...formula.functions import TABLE
from ...formula.tree import Name, Node
from ...formula.values import Factor, Logical, Matrix, Text, Value
from ...frame.arguments import expression
from ...frame.columns import Columns
from ...frame.learn import learned
from ...frame.pieces import Piece
from ...frame.recipe import Recipe
from ...frame.variables import evaluate_variable
from .clusters import ROWS_SHOWN, Clusters, combined, missing_clusters

if TYPE_CHECKING:
    from ...design.build import DesignFrame
    from ...design.streamed import Streamed
    from ...fitted.protocols import Scored
    from ...fitted.streams import StreamedTraining
    from ...sources.base import Block, Source

T = TypeVar("T")


@dataclass(frozen=True)
class Ways:
    """What is evaluated of each piece: an expression by name for each way of clustering; picklable."""

    recipe: Recipe

    def values(self, piece: Piece, kept: np.ndarray | None) -> pd.DataFrame:
        """(rows in use, ways), by number; NaN where missing."""
        scope, columns = self.recipe.scope(piece), {}
        for k, (name, node) in enumerate(self.recipe.extra.items()):
            if isinstance(node, Name) and node.name in piece.frame.columns:
                values = _plain(piece.frame[node.name])
            else:
                assert not isinstance(node, float)
                values = _values(evaluate_variable(node, name, scope), name)
            columns[k] = values if kept is None else values[kept]
        return pd.DataFrame(columns)


@dataclass(frozen=True)
class StreamedClusters:
    """One grouping; as `Clusters`, but its codes exist only for the rows at hand.

    Attributes
    ----------
    ways : Ways
    chosen : tuple of int
        The ways whose values together make a group.
    levels : tuple of Index
        The values of each of these.
    joint : ndarray of int64
        Sorted: the combinations that occur, numbered as by `_joint`.
    low, size : int
        Groups `low` to ``low + size - 1``, which are numbered from 0; other rows have code -1.
    name : str
        As of `Clusters`.
    """

    ways: Ways
    chosen: tuple[int, ...]
    levels: tuple[pd.Index, ...]
    joint: np.ndarray
    low: int
    size: int
    name: str = ""

    def reduce(
        self, source: Source, block_fn: Callable[[Clusters, Block], T], merge_fn: Callable[[T, T], T]
    ) -> T:
        """``block_fn(clusters, block)`` of every block, merged."""
        from ...sources.streamed import beside

        return beside(source, self.ways.recipe.columns, self._here, block_fn, merge_fn)

    def part(self, low: int, size: int) -> StreamedClusters:
        return replace(self, low=self.low + low, size=size)

    def _here(self, piece: Piece, frame: DesignFrame) -> Clusters:
        values = self.ways.values(piece, frame.kept)
        codes = [
            index.get_indexer(pd.Index(values[k])) for k, index in zip(self.chosen, self.levels, strict=True)
        ]
        joint = _joint(codes, self.levels)
        place = np.searchsorted(self.joint, joint)
        place[(joint < 0) | (place == len(self.joint))] = 0
        found = (joint >= 0) & (self.joint[place] == joint)
        inside = found & (place >= self.low) & (place < self.low + self.size)
        if frame.prior_weights is not None:
            inside &= frame.prior_weights != 0
        return Clusters(np.where(inside, place - self.low, -1).astype(np.int32), self.size)


@dataclass(frozen=True)
class Found:
    """What a pass has met: the distinct rows of values, and of each way how many are missing, the first where."""

    groups: tuple[pd.DataFrame, ...]
    missing: np.ndarray
    labels: tuple[tuple[Any, ...], ...]

    def plus(self, other: Found) -> Found:
        groups = self.groups + other.groups
        if sum(map(len, groups)) > 2 * max(map(len, groups)):
            groups = (_distinct(groups),)
        labels = tuple((*a, *b)[:ROWS_SHOWN] for a, b in zip(self.labels, other.labels, strict=True))
        return Found(groups, self.missing + other.missing, labels)


def streamed_groupings(fit: Scored, cluster: Any) -> list[tuple[int, StreamedClusters]]:
    """Sign and grouping of every combination of ways, as `clusters.intersections`.

    Raises
    ------
    DataError
        Values in place of names; missing values.
    """
    training = cast("StreamedTraining", fit.rows)
    names = _names(cluster, training.table.meta)
    recipe = Recipe(read_terms("~ 1"), names, None, "na.pass", columns=_columns(names, training.table.meta))
    ways = Ways(learned(recipe, training.table))
    columns = tuple(dict.fromkeys([*training.frame.recipe.columns, *recipe.columns]))
    found = training.table.map_reduce(partial(_found, training.frame, ways), Found.plus, columns)
    assert found is not None
    for name, count, labels in zip(names, found.missing, found.labels, strict=True):
        if count:
            raise missing_clusters(name, int(count), training.frame.nrows, labels)
    return [(sign, _grouping(ways, _distinct(found.groups), k)) for sign, k in combined(range(len(names)))]


def _names(cluster: Any, meta: pd.DataFrame) -> dict[str, Node]:
    """Expressions by name, one for each way of clustering."""
    if isinstance(cluster, list | tuple) and all(isinstance(part, str) for part in cluster):
        return {name: node for part in cluster for name, node in _names(part, meta).items()}
    if not isinstance(cluster, str):
        raise DataError(
            f"clusters given as a {type(cluster).__name__} of values cannot be matched with rows that arrive in "
            "blocks: expected a column's name, an expression or a formula, such as cluster='firm'"
        )
    if cluster.lstrip().startswith("~"):
        terms = read_terms(cluster)
        return dict(zip(terms.names, terms.variables, strict=True))
    return {cluster: expression(cluster, meta)}


def _columns(names: dict[str, Node], meta: pd.DataFrame) -> tuple[str, ...]:
    """The columns that the expressions read; an error for a name that is nothing."""
    scope = Columns(meta)
    used = sorted(set().union(*map(variables_used, names.values())))
    for name in used:
        if name not in meta.columns and name not in CONSTANTS and name not in TABLE:
            scope(name)
    return tuple(name for name in used if name in meta.columns)


def _found(streamed: Streamed, ways: Ways, piece: Piece) -> Found:
    frame = streamed.frame(piece)
    values = ways.values(piece, frame.kept)
    missing = values.isna()
    labels = tuple(tuple(frame.index[missing[k]][:ROWS_SHOWN].tolist()) for k in values)
    if frame.prior_weights is not None:
        values = values[frame.prior_weights != 0]
    return Found((values.drop_duplicates(),), missing.sum().to_numpy(), labels)


def _distinct(groups: tuple[pd.DataFrame, ...]) -> pd.DataFrame:
    return pd.concat(groups, ignore_index=True).drop_duplicates(ignore_index=True)


def _grouping(ways: Ways, distinct: pd.DataFrame, chosen: tuple[int, ...]) -> StreamedClusters:
    levels = tuple(pd.Index(distinct[k].unique()) for k in chosen)
    codes = [index.get_indexer(pd.Index(distinct[k])) for k, index in zip(chosen, levels, strict=True)]
    joint = np.unique(_joint(codes, levels))
    name = list(ways.recipe.extra)[chosen[0]] if len(chosen) == 1 else ""
    return StreamedClusters(ways, chosen, levels, joint, 0, len(joint), name)


def _joint(codes: Sequence[np.ndarray], levels: Sequence[pd.Index]) -> np.ndarray:
    """One number for the codes of a row together; below 0 where one is."""
    out = np.zeros(len(codes[0]), dtype=np.int64)
    for code, index in zip(codes, levels, strict=True):
        out = np.where((out < 0) | (code < 0), -1, out * len(index) + code)
    return out


def _plain(column: pd.Series) -> np.ndarray:
    """A column's own values."""
    return np.asarray(column.astype(object) if isinstance(column.dtype, pd.CategoricalDtype) else column)


def _values(value: Value, name: str) -> np.ndarray:
    """An expression's values, NaN where missing."""
    if isinstance(value, Factor):
        return np.array([*value.levels, np.nan], dtype=object)[value.codes]
    if isinstance(value, Logical):
        missing = np.zeros(len(value.values), bool) if value.missing is None else value.missing
        return np.where(missing, np.nan, value.values.astype(float))
    if isinstance(value, Matrix):
        raise DataError(f"'{name}' is a matrix: expected one value a row to cluster by")
    return np.asarray(value.values if isinstance(value, Text) else value)
