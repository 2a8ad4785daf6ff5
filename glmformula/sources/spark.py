"""Spark: each partition is worked on where it is, by ``mapInArrow``; a small record of each comes back.

Classic sessions and Spark Connect alike: no RDD, no barrier. A partition's task goes through its Arrow batches and
gives one record, which is merged here in the order of the partitions. Most of a pass is the JVM's work, which reads the
source and writes Arrow; so the survey's values of the rows in use are kept in Spark's own cache, as bytes, where it
spills them to disk and makes them again when an executor is lost, and the passes of the fit go over these; where they
are few they are fetched once, and no pass is a job of Spark's. Nothing of the user's is persisted; what is kept goes
with the fit.
"""

from __future__ import annotations

import pickle
import warnings
import weakref
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Any, TypeVar

import pandas as pd

from ..design.streamed import Streamed
from ..errors import DataError, GLMFormulaError, hearing
from ..formula.functions.vectors import rows
from ..frame.interchange import arrow, marked, needed
from ..frame.pieces import Piece
from ..frame.recipe import Evaluated
from ..runtime.blas import one_blas_thread
from ..runtime.progress import watched
from ..runtime.tasks import in_order, processors
from .base import Block
from .batches import Batches
from .memory import MemorySource
from .reading import either, meta_of, piece_of, piece_rows, working
from .remote import ASIDE, Job, heard_here, join, put_aside
from .steady import Marks, Steady

T = TypeVar("T")
RECORD = "part long, size long, found binary, kept binary"
MOST_KEPT = 2**30  # bytes of a partition: Spark gives them to Python at once
# Bytes of all: so few are fetched once, since a job of Spark's takes a second whatever it does.
MOST_HERE = 2**27
PLACE = "the Spark query"


@dataclass(frozen=True)
class SparkTable:
    """A Spark DataFrame; its partitions in order are the rows in order."""

    frame: Any
    meta: pd.DataFrame = field(repr=False)
    steady: Steady = field(default_factory=Steady, repr=False, compare=False)

    @property
    def identity(self) -> Hashable:
        return ("spark", self.frame.semanticHash())

    def map_reduce(
        self, function: Callable[[Piece], T], merge: Callable[[T, T], T], columns: Sequence[str]
    ) -> T | None:
        seen, merged = self.steady.watched(function, merge)
        job = Job(partial(_of_partition, seen, merged, False), merged)
        made = mapped(self.chosen(columns), _task(job, piece_rows(len(columns)), tuple(columns)), RECORD)
        return self.compared(collected(made, job))

    def compared(self, found: tuple[Marks, T] | None) -> T | None:
        """The result of a pass, if it went over the rows of those before."""
        self.steady.compare({} if found is None else found[0])
        return None if found is None else found[1]

    def chosen(self, columns: Sequence[str]) -> Any:
        """The frame with these columns, named by their places: names with dots do not go everywhere in Spark.

        One of ones where none is asked for.
        """
        functions = needed("pyspark.sql.functions", "spark")
        if not columns:
            return self.frame.select(functions.lit(1).alias("one"))
        return self.frame.select(
            *[functions.col(quoted(name)).alias(f"c{k}") for k, name in enumerate(columns)]
        )

    def store(self) -> SparkStore:
        return SparkStore()

    # -- what can be counted there: see compressed.py ------------------------------------------------------

    def sampled(self, columns: tuple[str, ...], sample: int) -> tuple[int, int]:
        """How many rows there are of the first so many, and how many of them differ."""
        with failures():
            some = self.chosen(columns).limit(sample)
            return some.count(), some.distinct().count()

    def counted(self, columns: tuple[str, ...], name: str) -> Batches:
        """The rows that differ, and under `name` how many there are of each."""
        functions, pa = needed("pyspark.sql.functions", "spark"), arrow()
        types = {entry.name: entry.dataType for entry in self.frame.schema.fields}
        keys = [
            functions.col(quoted(c)).cast("string").alias(c)
            if getattr(types[c], "collation", "UTF8_BINARY") != "UTF8_BINARY"
            else functions.col(quoted(c))
            for c in columns
        ]
        with failures():
            groups = self.frame.select(*keys).groupBy(*[functions.col(quoted(c)) for c in columns])
            counts = groups.agg(functions.count(functions.lit(1)).alias(name))
            if hasattr(counts, "toArrow"):
                table = counts.toArrow()
            else:
                table = pa.Table.from_pandas(counts.toPandas(), preserve_index=False)
        yield from ((batch, PLACE) for batch in table.replace_schema_metadata(None).to_batches())

    # -- an answer for each row ----------------------------------------------------------------------------

    def answered(self, function: Callable[[Piece], pd.DataFrame], columns: Sequence[str], name: str) -> Any:
        """The frame with the columns that `function` gives for its rows beside its own: nothing is computed yet.

        Raises
        ------
        DataError
            The frame has a column of that name.
        """
        pa = arrow()
        empty = function(Piece(self.meta[list(columns)]))
        for column in empty.columns:
            if column in self.meta.columns:
                raise DataError(
                    f"the answer is the Spark DataFrame with a column '{column}' more, and it has one of that name: "
                    "rename it, frame.withColumnRenamed(...)"
                )
        more = pa.Table.from_pandas(empty, preserve_index=False).schema
        types = needed("pyspark.sql.pandas.types", "spark")
        schema = self.frame.schema
        names = list(self.meta.columns)
        own = [type(entry)(f"c{k}", entry.dataType, entry.nullable) for k, entry in enumerate(schema.fields)]
        whole = type(schema)([*own, *types.from_arrow_schema(more).fields])
        answer = partial(_answers, function, [names.index(name) for name in columns], tuple(columns), more)
        made = mapped(self.chosen(names), lambda batches: answer(batches), whole)
        return made.toDF(*names, *more.names)


def open_spark(frame: Any) -> SparkTable:
    """A Spark DataFrame.

    Raises
    ------
    DataError
        Spark is too old, or two columns have one name.
    """
    needed("pyspark", "spark")
    with failures():
        schema = needed("pyspark.sql.pandas.types", "spark").to_arrow_schema(frame.schema)
    if twice := [name for name in schema.names if schema.names.count(name) > 1]:
        raise DataError(f"the Spark DataFrame has two columns called '{twice[0]}': rename one")
    return SparkTable(frame, meta_of(marked(schema)))


def quoted(name: str) -> str:
    """A column's name for Spark, dots and all."""
    return "`" + name.replace("`", "``") + "`"


class SparkStore:
    """The values of the rows in use, in Spark's cache, a few records of bytes for each partition."""

    def __init__(self) -> None:
        self.kept: Any = None
        self.here: list[MemorySource] | None = None
        self.size = 0
        self.complete = False
        self.made: Callable[[Evaluated], MemorySource] | None = None

    def __reduce__(self) -> tuple[type[SparkStore], tuple[()]]:
        return SparkStore, ()

    put = staticmethod(put_aside)

    def survey(
        self,
        table: SparkTable,
        function: Callable[[Piece], T],
        merge: Callable[[T, T], T],
        columns: Sequence[str],
    ) -> T | None:
        """A pass in which `function` calls `put`."""
        seen, merged = table.steady.watched(function, merge)
        job = Job(partial(_of_partition, seen, merged, True), merged)
        with failures():
            task = _task(job, piece_rows(len(columns)), tuple(columns))
            made = mapped(table.chosen(columns), task, RECORD).persist()
            weakref.finalize(self, _let_go, made)
        self.kept = made
        sizes: list[int] = []
        found = table.compared(collected(made.where("found is not null"), job, sizes))
        self.complete, self.size = max(sizes, default=0) <= MOST_KEPT, sum(sizes)
        if not self.complete:
            _let_go(made)
        return found

    def settle(self, streamed: Streamed, made: Callable[[Evaluated], MemorySource]) -> None:
        """The survey is done: the passes go over what `made` makes of the values."""
        self.made = made
        if self.complete and self.size <= MOST_HERE:
            with failures():
                records = self.kept.where("kept is not null").select("part", "kept").collect()
            records.sort(key=lambda record: record["part"])
            self.here = [made(pickle.loads(bytes(record["kept"]))) for record in records]
            _let_go(self.kept)

    def map_reduce(self, block_fn: Callable[[Block], T], merge_fn: Callable[[T, T], T]) -> T:
        """``block_fn`` of every block of the sources made of the values."""
        assert self.made is not None
        if self.here is not None:
            workers = processors()
            tasks = (partial(source.map_reduce, block_fn, merge_fn) for source in self.here)
            return reduce(merge_fn, in_order(tasks, workers, workers))
        job = Job(partial(_of_values, self.made, block_fn, merge_fn), merge_fn)
        values = self.kept.where("kept is not null").select("kept")
        found: T = collected(mapped(values, _task(job, None, ()), RECORD), job)
        return found


def _let_go(kept: Any) -> None:
    """Out of Spark's cache, if the session still lives."""
    try:
        kept.unpersist()
    except Exception:  # the session has ended, and the cache with it
        return


# ---- here ----


def mapped(frame: Any, function: Callable[[Iterator[Any]], Iterator[Any]], schema: Any) -> Any:
    """``frame.mapInArrow``, without what Spark says of pandas, which has no part in it."""
    with failures(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return frame.mapInArrow(function, schema)


def collected(made: Any, job: Job, sizes: list[int] | None = None) -> Any:
    """The records of all partitions, merged in their order; an error of ours in one of them is raised.

    `sizes` gets the bytes that each has kept.
    """
    with failures(), one_blas_thread():
        (records,) = watched(made.select("part", "size", "found").collect() for _ in range(1))
    results = [pickle.loads(bytes(record["found"])) for record in sorted(records, key=lambda r: r["part"])]
    for error, _ in results:
        if error is not None:
            raise error
    if sizes is not None:
        sizes += [record["size"] for record in records]
    found = [result for _, result in results]
    return heard_here(reduce(partial(join, job), found)) if found else None


@contextmanager
def failures() -> Iterator[None]:
    """What Spark itself says, in a sentence."""
    try:
        yield
    except GLMFormulaError:
        raise
    except Exception as error:
        package = type(error).__module__.partition(".")[0]
        if package not in ("pyspark", "py4j", "grpc"):
            raise
        text = str(error)
        lines = [line.strip() for line in text.splitlines() if line.strip()] or [type(error).__name__]
        said = next((line for line in reversed(lines) if "Error:" in line), lines[0])
        hint = ""
        if "No module named 'glmformula'" in text:
            hint = ": the workers need the package too, and the driver's Python (PYSPARK_PYTHON)"
        elif "PYTHON_VERSION_MISMATCH" in text:
            hint = ": set PYSPARK_PYTHON to the driver's Python"
        raise DataError(f"Spark could not do the work: {said[:300]}{hint}") from error


# ---- on the workers ----


def _task(job: Job, size: int | None, names: tuple[str, ...]) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """What Spark calls for each partition; it wants a function."""
    return lambda batches: _partition(job, size, names, batches)


def _partition(job: Job, size: int | None, names: tuple[str, ...], batches: Iterator[Any]) -> Iterator[Any]:
    """Records of what is put aside, then the one of the result: an error of ours, or what was found."""
    number, total = _number(), 0
    result: Any = None
    try:
        with one_blas_thread(), hearing() as heard:
            steps = job.function(number, batches if size is None else joined(batches, size, names))
            found = None
            for one, aside in steps:
                found = one
                if aside is not None:
                    total += len(aside)
                    yield _record(number, 0, None, aside)
        result = None, (found, heard)
    except GLMFormulaError as error:
        result = error, None
    if result[0] is not None or result[1][0] is not None or result[1][1]:
        yield _record(number, total, pickle.dumps(result, 5), None)


def _number() -> int:
    """Of the partition that this worker is at; 0 where there is none."""
    from pyspark import TaskContext

    context = TaskContext.get()
    return 0 if context is None else context.partitionId()


def _record(number: int, size: int, found: bytes | None, kept: bytes | None) -> Any:
    pa = arrow()
    columns = ([number], pa.int64()), ([size], pa.int64()), ([found], pa.binary()), ([kept], pa.binary())
    return pa.RecordBatch.from_arrays(
        [pa.array(*column) for column in columns], names=["part", "size", "found", "kept"]
    )


def joined(batches: Iterator[Any], size: int, names: tuple[str, ...]) -> Iterator[Any]:
    """Tables of at least so many rows under these names: Spark's batches are of ten thousand."""
    pa = arrow()
    waiting, count = [], 0
    for batch in batches:
        waiting.append(batch.rename_columns(list(names)) if names else batch)
        count += batch.num_rows
        if count >= size:
            yield pa.Table.from_batches(waiting).combine_chunks()
            waiting, count = [], 0
    if count:
        yield pa.Table.from_batches(waiting).combine_chunks()


def _of_partition(
    function: Callable[[Piece], T],
    merge: Callable[[T, T], T],
    keep: bool,
    number: int,
    tables: Iterator[Any],
) -> Iterator[tuple[T | None, bytes | None]]:
    """What is found so far, piece after piece, and the values that were put aside."""
    found: T | None = None
    first, place = 0, f"partition {number}"
    for table in tables:
        ASIDE.values = None
        piece = piece_of(table, first, place, number)
        found = either(merge, found, working(place, function, piece))
        first += table.num_rows
        values, ASIDE.values = ASIDE.values, None
        kept = keep and values is not None and rows(values.response)
        yield found, pickle.dumps(values, 5) if kept else None


def _of_values(
    made: Callable[[Evaluated], MemorySource],
    block_fn: Callable[[Block], T],
    merge_fn: Callable[[T, T], T],
    number: int,
    batches: Iterator[Any],
) -> Iterator[tuple[T | None, None]]:
    found: T | None = None
    for batch in batches:
        for value in batch.column(0):
            source = made(pickle.loads(value.as_buffer()))
            found = either(merge_fn, found, source.map_reduce(block_fn, merge_fn))
    yield found, None


def _answers(
    function: Callable[[Piece], pd.DataFrame],
    places: list[int],
    columns: tuple[str, ...],
    more: Any,
    batches: Iterator[Any],
) -> Iterator[Any]:
    """The batches with the columns of the answers; a row that was not in use has none."""
    pa, number, first = arrow(), _number(), 0
    for batch in batches:
        chosen = batch.select(places).rename_columns(list(columns))
        piece = piece_of(chosen, first, f"partition {number}", number)
        first += batch.num_rows
        with hearing():
            answer = function(piece).reindex(piece.frame.index)
        own = pa.Table.from_pandas(answer, preserve_index=False).cast(more)
        arrays = [*batch.columns, *(column.combine_chunks() for column in own.columns)]
        yield pa.RecordBatch.from_arrays(arrays, names=[*batch.schema.names, *more.names])
