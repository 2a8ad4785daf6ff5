"""Row-level answers of fits and data that are gone through in pieces: piece by piece, and written out.

A piece's rows are a fit in memory with the coefficients of the whole: every row-level question is asked of
that as of any other fit. Files give files, a Dask DataFrame gives a Dask DataFrame.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from functools import partial, wraps
from inspect import Parameter, signature
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from ...errors import DataError, hearing
from ...fitted.training import Part, TrainingData, Whole
from ...frame.interchange import needed
from ...frame.newdata import columns_of
from ...frame.pieces import Piece, Table
from ...frame.variables import variables_of
from ...render.influence import make_unique
from ...runtime.progress import showing, watched
from ...sources.registry import opened

if TYPE_CHECKING:
    from ...design.streamed import Streamed
    from ...fitted.protocols import Scored, SingleIndex
    from ...fitted.streams import StreamedTraining

Question = Callable[..., "pd.Series | pd.DataFrame"]
"""``question(fit, newdata)``, a value or more for each row; picklable."""
Answer = Callable[[Piece], pd.DataFrame]
ROW = "row"  # the column with the number of the row in its table, from 0


def elsewhere(fit: Scored, newdata: Any) -> Table | None:
    """The table whose rows a row-level question is about, if they are not in memory."""
    if newdata is not None:
        return opened(newdata)
    training = getattr(fit, "training", None)
    return cast("StreamedTraining", training).table if training is not None and training.streamed else None


def written(
    fit: SingleIndex,
    question: Question,
    newdata: Any = None,
    out: Any = None,
    name: str = "fit",
    terms: bool = False,
    every: bool = False,
    whole: bool = False,
    instead: str = "say where to write it, out='answer.parquet'",
) -> Any:
    """A row-level question asked of the rows of a table, or of rows in memory and written out too.

    Parameters
    ----------
    question : callable
        Of a fit and of new data (None: its own rows).
    newdata : table or None
        None: the rows of the fit.
    out : path or None
        A file to write to: ``.parquet``, ``.arrow`` or ``.csv``. Its first column, ``row``, is the number of
        the row in its table. Not for Dask.
    name : str
        Of the column, where the answer is a Series.
    terms : bool
        Whether the question needs the means of the columns.
    every : bool
        Whether it needs every column of new data, not only those of the formula.
    whole : bool
        Whether it needs what all rows of the fit say together.
    instead : str
        What to do where rows are in files and there is no `out`.

    Returns
    -------
    The path, for files; a Dask DataFrame (Series) for Dask; the answer itself for rows in memory.

    Raises
    ------
    DataError
        Rows in files, and no `out`.
    """
    table = elsewhere(fit, newdata)
    if out is not None:
        from ...sources.outputs import refuse_inputs

        own = None if fit.training is None else fit.training.arguments.get("data")
        refuse_inputs(out, own, newdata)
    if table is None:
        answer = question(fit, newdata)
        if out is not None:
            write(iter([_numbered(_flat(answer, name))]), destination(out))
        return answer
    from ...sources.reading import InOrder, ReadAgain  # few need it, and it is a quarter of the import

    if out is None and isinstance(table, InOrder):
        raise DataError(
            f"the answer has a value for each row of a table that is not held in memory: {instead}"
        )
    progress = None if fit.training is None else fit.training.arguments.get("progress")
    light = fit.on_rows(None, fit.column_means if terms else None)
    if newdata is not None:
        function: Answer = partial(_of_new_rows, light, question, name)
        columns = [c for c in table.meta.columns if every or c in columns_of(fit.schema)]
    else:
        from ..deletions.leverage import whole_of

        frame = cast("StreamedTraining", fit.training).frame
        known = whole_of(fit) if whole else None
        function = partial(_of_own_rows, light, frame, known, question, name)
        columns = list(frame.recipe.columns)
    if not isinstance(table, InOrder):
        if out is not None:
            raise DataError(
                f"out={str(out)!r} is for rows in files or in memory; of a Dask DataFrame the answer is one too (of "
                "Spark's, Spark's): leave out= out, and write what comes with its to_parquet(), or write.parquet()"
            )
        made = getattr(table, "answered", None)
        return _lazily(table, function, columns, name) if made is None else made(function, columns, name)
    from ...fitted.streams import warn_once

    path = destination(out)
    while True:
        with showing(progress), hearing() as heard:
            try:
                with closing(table.results(partial(_listed, function), add, columns)) as results:
                    parts = watched(results, table.parts_in(columns))
                    write(_frames(parts, function, table.meta[columns]), path)
            except ReadAgain:
                continue
        warn_once(heard)
        return path


def by_rows(name: str, whole: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function of a fit, with a value for each row, write its answer where the rows are in a table.

    It gets the keyword ``out``, as `written` has it; `name` is that of the column.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def asked(fit: SingleIndex, *args: Any, out: Any = None, **options: Any) -> Any:
            if out is None and elsewhere(fit, None) is None:
                return function(fit, *args, **options)
            return written(fit, partial(_asked, asked, args, options), None, out, name, whole=whole)

        known = signature(function)
        more = Parameter("out", Parameter.KEYWORD_ONLY, default=None, annotation="Any")
        asked.__signature__ = known.replace(parameters=[*known.parameters.values(), more])  # type: ignore[attr-defined]
        return asked

    return decorate


def _asked(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    options: dict[str, Any],
    fit: SingleIndex,
    newdata: None,
) -> Any:
    return function(fit, *args, **options)


@by_rows("frame")
def model_frame(fit: SingleIndex) -> pd.DataFrame:
    """The variables of the model, R's ``model.frame``.

    Parameters
    ----------
    out : path, optional
        Write it to this file (``.parquet``, ``.arrow`` or ``.csv``), with the number of each row. Needed where
        the rows of the fit are files or a database.

    Returns
    -------
    DataFrame
        The response, then a column for each variable of the right side as R deparses it, weights and offset.

    Raises
    ------
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ log(salary)", datasets.attrition(), family="binomial")
    >>> fit.model_frame().head(2).round(3)
       left  log(salary)
    0     0       11.018
    1     0       10.884
    """
    return fit.rows.frame.to_dataframe()


def row_values(fit: SingleIndex, name: str) -> Any:
    """A quantity of `RowState` for each row; None where the fit has none."""
    if elsewhere(fit, None) is not None:
        if name == "offset" and not _has_offset(fit):
            return None
        return written(fit, partial(_row_values, name=name), None, None, name, instead=INSTEAD[name])
    values = getattr(fit.row_state, name)
    return None if values is None else fit.rows.labelled(values)


def _row_values(fit: SingleIndex, newdata: None, name: str) -> pd.Series:
    return fit.rows.labelled(getattr(fit.row_state, name))


def _has_offset(fit: SingleIndex) -> bool:
    return fit.schema.offset is not None or any(is_offset for *_, is_offset in variables_of(fit.terms))


WRITE = "write it out with fit.{}"
INSTEAD = {
    "mu": WRITE.format("predict(type='response', out='answer.parquet')"),
    "eta": WRITE.format("predict(out='answer.parquet')"),
    **dict.fromkeys(("y", "prior_weights", "offset"), WRITE.format("model_frame(out='answer.parquet')")),
    "working_weights": "fit a part of the rows in memory",
}


def destination(out: Any) -> Path:
    """The file to write to; ``~`` is the home directory.

    Raises
    ------
    DataError
        No path, or none into a directory that is there.
    """
    if not isinstance(out, str | Path):
        raise DataError(f"out= is the path of a file, such as 'answer.parquet', not {type(out).__name__}")
    path = Path(out).expanduser()
    if not path.parent.is_dir():
        raise DataError(f"out={str(out)!r}: there is no directory {str(path.parent)!r}; make it first")
    return path


def write(frames: Iterator[pd.DataFrame], path: Path) -> None:
    """Data frames of one kind into one file, which is there when all are in it, or not at all.

    Raises
    ------
    DataError
        The ending of its name is not known.
    """
    writers = {".parquet": _to_parquet, ".arrow": _to_ipc, ".feather": _to_ipc, ".csv": _to_csv}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise DataError(f"out={str(path)!r}: expected a name that ends in {', '.join(writers)}")
    path = path.resolve()  # a link stays one
    unfinished = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        writer(frames, unfinished)
        os.replace(unfinished, path)
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()


def _to_parquet(frames: Iterator[pd.DataFrame], path: Path) -> None:
    pa, parquet = needed("pyarrow", "arrow"), needed("pyarrow.parquet", "arrow")
    tables = (pa.Table.from_pandas(frame, preserve_index=False) for frame in frames)
    first = next(tables)
    with parquet.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table.cast(first.schema))


def _to_ipc(frames: Iterator[pd.DataFrame], path: Path) -> None:
    pa = needed("pyarrow", "arrow")
    tables = (pa.Table.from_pandas(frame, preserve_index=False) for frame in frames)
    first = next(tables)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table.cast(first.schema))


def _to_csv(frames: Iterator[pd.DataFrame], path: Path) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        for k, frame in enumerate(frames):
            frame.to_csv(file, index=False, header=k == 0)


def _of_own_rows(
    fit: SingleIndex, streamed: Streamed, whole: Whole | None, question: Question, name: str, piece: Piece
) -> pd.DataFrame:
    from ...sources.streamed import source_of

    frame = streamed.frame(piece)
    training = TrainingData(source_of(frame), frame, {}, part=Part((piece.number, _first(piece)), whole))
    return _flat(question(fit.on_rows(training), None), name)


def _first(piece: Piece) -> int:
    """The number of its first row; 0 where rows have none."""
    index = piece.frame.index
    return abs(int(index[0])) if len(index) and index.dtype.kind in "iu" else 0


def _of_new_rows(fit: SingleIndex, question: Question, name: str, piece: Piece) -> pd.DataFrame:
    return _flat(question(fit, plain(piece)), name)


def plain(piece: Piece) -> pd.DataFrame:
    """The piece with strings as strings."""
    frame = piece.frame.copy(deep=False)
    for column in piece.texts:
        values = frame[column].array
        strings = pd.array(values.categories, dtype=pd.StringDtype("pyarrow"))
        frame[column] = pd.Series(strings.take(values.codes, allow_fill=True), index=frame.index)
    return frame


def _flat(answer: pd.Series | pd.DataFrame, name: str) -> pd.DataFrame:
    """A DataFrame with plain names, each once: files hold no two columns of one name."""
    if isinstance(answer, pd.Series):
        return answer.to_frame(name)
    if isinstance(answer.columns, pd.MultiIndex):
        return answer.set_axis([".".join(map(str, key)) for key in answer.columns], axis=1)
    return answer if answer.columns.is_unique else answer.set_axis(make_unique(list(answer.columns)), axis=1)


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.rename_axis(ROW).reset_index()


def _frames(
    results: Iterator[list[pd.DataFrame] | None], function: Answer, meta: pd.DataFrame
) -> Iterator[pd.DataFrame]:
    """The answers one after another; one without rows where there is none."""
    empty = True
    for frames in results:
        for frame in frames or []:
            empty = False
            yield _numbered(frame)
    if empty:
        yield _numbered(function(Piece(meta)))


def _listed(function: Answer, piece: Piece) -> list[pd.DataFrame]:
    return [function(piece)]


def _lazily(table: Any, function: Answer, columns: list[str], name: str) -> Any:
    """The same of a Dask DataFrame: nothing is computed yet."""
    empty = function(Piece(table.meta[columns]))
    seen = dict(table.steady.seen) if table.steady.parts else {}
    out = table.frame[columns].map_partitions(partial(_of_partition, table.texts, seen, function), meta=empty)
    return out[name] if list(empty.columns) == [name] else out


def _of_partition(
    texts: frozenset[str],
    seen: Mapping[Any, int],
    function: Answer,
    frame: pd.DataFrame,
    partition_info: Any = None,
) -> pd.DataFrame:
    from ...sources.steady import marks_of, refuse_other_rows

    number = partition_info["number"] if partition_info else 0
    piece = Piece(frame, texts, f"partition {number}", number)
    if len(frame) and seen:
        refuse_other_rows(seen, marks_of(piece, number))
    return function(piece)
