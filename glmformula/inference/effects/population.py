"""The rows over which effects are asked: a fit's own or new ones, in memory or gone through in pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import pandas as pd

from ...design.build import design_of
from ...errors import DataError, hearing, nearest
from ...formula.algebra import variables_used
from ...formula.evaluate import CONSTANTS
from ...formula.functions.convert import as_factor
from ...formula.values import Factor, Logical, Text, Time
from ...frame.arguments import numeric_value
from ...frame.columns import new_rows
from ...frame.newdata import columns_of, new_frame
from ...frame.pieces import Piece, Table
from ...frame.schema import Schema
from ...frame.variables import variables_of
from ...runtime.blas import one_blas_thread
from ...runtime.progress import showing
from ...runtime.tasks import shared_out
from ...sources.registry import opened
from ..rows.output import plain
from .contrasts import Facts, Known
from .scenes import Scene

if TYPE_CHECKING:
    from ...design.build import DesignFrame
    from ...design.streamed import Streamed
    from ...fitted.protocols import SingleIndex
    from ...fitted.streams import StreamedTraining

T = TypeVar("T")
ROWS = 2**17
QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
NO_ROWS = (
    "this model holds no training rows (strip_data() or load()), over which effects are averaged: give rows, newdata=, "
    "or fit it again"
)


@dataclass(frozen=True)
class Population:
    """Rows to go through.

    Attributes
    ----------
    schema : Schema
    scene : Scene or None
        All of them, in memory.
    table : Table or None
        Where they are gone through in pieces.
    streamed : Streamed or None
        Which rows of the table are the fit's own; None where they are new.
    wanted : tuple of str
        Columns of the table that are read.
    wts : str or bool or None
        A column of weights; True: the fit's own.
    progress : bool or None
    own : bool
        Whether they are the rows of the fit.
    """

    schema: Schema
    scene: Scene | None
    table: Table | None = None
    streamed: Streamed | None = None
    wanted: tuple[str, ...] = ()
    wts: Any = None
    progress: bool | None = None
    own: bool = False

    def run(
        self, question: Callable[[Scene], T], merge: Callable[[T, T], T], every: bool = False
    ) -> T | None:
        """``question`` of some rows after others, merged in their order; picklable. None where there is no row.

        Parameters
        ----------
        every : bool
            Rows with missing values too.
        """
        if self.scene is not None:
            scene = self.scene if every else self.scene.present()
            return _run(question, merge, scene, True)
        assert self.table is not None
        function = partial(_piece, self, question, merge, every)
        with showing(self.progress), hearing():
            return self.table.map_reduce(function, partial(_either, merge), self.wanted)

    def of_piece(self, piece: Piece) -> Scene:
        """The rows in use of a piece of the table."""
        data = plain(piece)
        if self.streamed is None:
            return _of_new(self.schema, data, self.wts)
        frame = self.streamed.frame(piece)
        return _of_own(self.schema, frame, data if frame.kept is None else data.iloc[frame.kept], self.wts)

    @property
    def sample(self) -> Scene:
        """Rows that show what kinds of columns there are; none, where they are in pieces."""
        if self.scene is not None:
            return self.scene.rows(slice(0, 1))
        assert self.table is not None
        meta = self.table.meta[list(self.wanted)]
        index = np.zeros(0, dtype=bool)
        design = cast("Any", None)
        return Scene(self.schema, meta, {}, None, design, None, index)


def _run(question: Callable[[Scene], T], merge: Callable[[T, T], T], scene: Scene, share: bool) -> T | None:
    n = scene.nrows
    if not n:
        return None
    count = max(1, -(-n // ROWS))
    tasks = [
        partial(_asked, question, scene, slice(n * k // count, n * (k + 1) // count)) for k in range(count)
    ]
    if share and count > 1:
        return reduce(merge, shared_out(tasks))
    with one_blas_thread():  # small products lose by more, much on a busy machine
        return reduce(merge, (task() for task in tasks))


def _asked(question: Callable[[Scene], T], scene: Scene, which: slice) -> T:
    return question(scene if which == slice(0, scene.nrows) else scene.rows(which))


def _piece(
    population: Population,
    question: Callable[[Scene], T],
    merge: Callable[[T, T], T],
    every: bool,
    piece: Piece,
) -> T | None:
    scene = population.of_piece(piece)
    return _run(question, merge, scene if every else scene.present(), False)


def _either(merge: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    if a is None or b is None:
        return b if a is None else a
    return merge(a, b)


def population(fit: SingleIndex, newdata: Any, wts: Any = None, beside: Sequence[str] = ()) -> Population:
    """The rows that `newdata` stands for; None: the fit's own.

    Parameters
    ----------
    wts : None, True, str or array
        Weights of the rows: none, the prior weights of the fit's own, a column, or numbers.
    beside : sequence of str
        Columns that are used too, beside the formula's.

    Raises
    ------
    DataError
        No rows, no such column, weights that do not fit.
    """
    schema = fit.schema
    named = [wts] if isinstance(wts, str) else []
    if newdata is None:
        if fit.training is None:
            raise DataError(NO_ROWS)
        return _own(fit, wts, [*beside, *named])
    if wts is True:
        raise DataError("wts=True are the prior weights of the fit's own rows: name a column of newdata")
    table = opened(newdata)
    if table is not None:
        _need(table.meta.columns, [*beside, *named], "newdata")
        wanted = _ordered(table.meta.columns, columns_of(schema), [*beside, *named])
        return Population(schema, None, table, None, wanted, wts)
    data = new_rows(newdata, [*columns_of(schema), *beside, *named])
    _need(data.columns, [*beside, *named], "newdata")
    if not len(data):
        raise DataError("newdata has no rows")
    return Population(schema, _of_new(schema, data, wts), wts=wts)


def _own(fit: SingleIndex, wts: Any, beside: Sequence[str]) -> Population:
    rows = fit.rows
    progress = rows.arguments.get("progress")
    used = columns_of(fit.schema)
    if rows.streamed:
        training = cast("StreamedTraining", rows)
        columns = training.table.meta.columns
        _need(columns, beside, "the data")
        wanted = _ordered(columns, {*training.frame.recipe.columns, *used}, beside)
        if wts is not None and not isinstance(wts, str | bool):
            raise DataError("wts: rows that arrive in blocks have their weights in a column; name it")
        return Population(fit.schema, None, training.table, training.frame, wanted, wts, progress, own=True)
    frame: DesignFrame = rows.frame
    kept = rows.arguments["data"]
    response = () if fit.terms.response is None else variables_used(fit.terms.response)
    wanted_names = {*used, *beside, *response}
    data = kept.frame_with(lambda names: [name for name in names if name in wanted_names])
    _need(data.columns, beside, "the data")
    data = data[[name for name in data.columns if name in wanted_names]]
    data = data if frame.kept is None else data.iloc[frame.kept]
    return Population(fit.schema, _of_own(fit.schema, frame, data, wts), own=True)


def _of_own(schema: Schema, frame: DesignFrame, data: pd.DataFrame, wts: Any) -> Scene:
    design, terms = frame.design, schema.terms
    if (
        frame.schema.terms.parts and not terms.parts
    ):  # the fixed part, of a fit whose rows have random effects beside
        design = design.select_terms(frozenset(range(len(terms.labels) + 1)))
    scene = Scene(schema, data, frame.variables, frame.offset, design)
    if wts is True:
        response = frame.response
        weights = None if response is None else response.prior_weights
        return replace(scene, weights=np.ones(scene.nrows) if weights is None else weights)
    return replace(scene, weights=_weights(scene, wts))


def _of_new(schema: Schema, data: pd.DataFrame, wts: Any) -> Scene:
    if schema.offset_lost:
        raise DataError(
            "the fit's offset= was an array, which new data cannot have: fit with offset(column) in the formula or "
            'offset="column", and give newdata that column'
        )
    frame = new_frame(schema, data)
    design = design_of(schema.terms, schema.spec, frame)
    scene = Scene(schema, data, frame.variables, frame.offset, design, missing=frame.missing)
    return replace(scene, weights=_weights(scene, wts))


def _weights(scene: Scene, wts: Any) -> np.ndarray | None:
    if wts is None or wts is False:
        return None
    given = scene.columns(wts) if isinstance(wts, str) else wts
    values = np.asarray(
        numeric_value(given if isinstance(wts, str) else np.asarray(given), "wts"), dtype=float
    )
    if values.shape != (scene.nrows,):
        raise DataError(
            f"wts should have one number for each of {scene.nrows} rows; got shape {values.shape}"
        )
    if not (np.isfinite(values).all() and (values >= 0).all()):
        raise DataError("wts should be finite numbers, none below 0")
    return values


def _need(columns: Any, names: Sequence[str], where: str) -> None:
    for name in names:
        if name not in columns:
            raise DataError(f"'{name}' is not a column of {where}{nearest(name, list(map(str, columns)))}")


def _ordered(columns: Any, *wanted: Any) -> tuple[str, ...]:
    names = set().union(*wanted)
    return tuple(name for name in columns if name in names)


def variables(schema: Schema) -> list[str]:
    """The columns of the data that the right side uses, in order; those that only offsets use are left out."""
    used = [
        name for _, node, _, off in variables_of(schema.terms) if not off for name in variables_used(node)
    ]
    return [name for name in dict.fromkeys(used) if name not in CONSTANTS]


def known(schema: Schema, name: str, sample: Scene) -> Known:
    """What kind of variable a column is to the model.

    Raises
    ------
    DataError
        The model does not use it; `sample` lacks it.
    """
    if name not in variables(schema) and name not in columns_of(schema):
        raise DataError(f"'{name}' is not a variable of the model{nearest(name, variables(schema))}")
    own = sample.columns(name)
    using = [
        text for _, node, text, off in variables_of(schema.terms) if not off and name in variables_used(node)
    ]
    described = [schema.variables[text] for text in using]
    if isinstance(own, Logical):
        return Known(name, "logical")
    if isinstance(own, Time):
        return Known(name, "time")
    factors = [one for one in described if one.categorical]
    if isinstance(own, Factor | Text):
        levels = next((one.levels for one in factors if one.kind != "logical"), ())
        return Known(name, "factor", levels or as_factor(own).levels)
    if described and len(factors) == len(described) and factors[0].kind in ("factor", "ordered"):
        try:
            return Known(name, "factor", tuple(map(_number, factors[0].levels)))
        except ValueError:
            pass  # cut(x, 3): a number whose levels are intervals
    return Known(name, "numeric")


def _number(text: str) -> float:
    value = float(text)
    return int(value) if value.is_integer() else value


@dataclass(frozen=True)
class Moments:
    """Count, means, sums of squares about them, least and largest of numbers (k,), merged by Chan's formula."""

    n: np.ndarray
    mean: np.ndarray
    squares: np.ndarray
    low: np.ndarray
    high: np.ndarray


def facts(rows: Population, names: Sequence[str]) -> dict[str, Facts]:
    """What all rows say of these numbers, each row once."""
    if not names:
        return {}
    if rows.scene is not None:
        scene, out = rows.scene.present(), {}
        for name in names:
            x = np.asarray(scene.columns(name), dtype=np.float64)
            sd = float(x.std(ddof=1)) if len(x) > 1 else 0.0
            out[name] = Facts(float(x.mean()), sd, tuple(np.quantile(x, QUANTILES).tolist()))
        return out
    found = rows.run(partial(_moments, tuple(names)), _together)
    if found is None:
        raise DataError("there are no rows")
    sd = np.sqrt(found.squares / np.maximum(found.n - 1, 1))
    unknown = (np.nan,) * 3
    return {
        name: Facts(float(found.mean[k]), float(sd[k]), (float(found.low[k]), *unknown, float(found.high[k])))
        for k, name in enumerate(names)
    }


def _moments(names: tuple[str, ...], scene: Scene) -> Moments:
    x = np.array([np.asarray(scene.columns(name), dtype=np.float64) for name in names])
    mean = x.mean(axis=1)
    squares = np.square(x - mean[:, None]).sum(axis=1)
    return Moments(np.full(len(names), float(x.shape[1])), mean, squares, x.min(axis=1), x.max(axis=1))


def _together(a: Moments, b: Moments) -> Moments:
    n, gap = a.n + b.n, b.mean - a.mean
    return Moments(
        n,
        a.mean + gap * b.n / n,
        a.squares + b.squares + gap**2 * a.n * b.n / n,
        np.minimum(a.low, b.low),
        np.maximum(a.high, b.high),
    )
