"""Queries of polars and Arrow streams that can be opened again: gone through in batches, pass after pass."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from sources.tables import LEVELS, policies
from tolerances import SAME_ROWS

from glmformula import DataError, glm
from glmformula.sources import arrow_streams
from glmformula.sources.streamed import StreamSource

FORMULA = "claims ~ poly(size, 2) + age + area + band + urban:w"


@pytest.fixture(scope="module")
def data():
    return policies()


class Stream:
    """What a query engine gives: Arrow streams of itself, each made anew."""

    def __init__(self, table: pa.Table, rows: int = 150) -> None:
        self.table, self.rows, self.opened = table, rows, 0

    def __arrow_c_stream__(self, requested_schema=None):
        self.opened += 1
        batches = self.table.to_batches(max_chunksize=self.rows)
        return pa.RecordBatchReader.from_batches(self.table.schema, batches).__arrow_c_stream__(
            requested_schema
        )


class Once(Stream):
    def __arrow_c_stream__(self, requested_schema=None):
        if self.opened:
            raise RuntimeError("it was consumed")
        return super().__arrow_c_stream__(requested_schema)


def assert_same(a, b):
    assert isinstance(b.training.source, StreamSource)
    np.testing.assert_allclose(b.coefficients, a.coefficients, **SAME_ROWS)
    assert list(a.coefficients.index) == list(b.coefficients.index)
    assert str(a.summary()) == str(b.summary())


def test_a_stream_is_opened_for_each_pass(data):
    stream = Stream(pa.Table.from_pandas(data, preserve_index=False))
    fit = glm(FORMULA, stream, "poisson")
    assert_same(glm(FORMULA, data, "poisson"), fit)
    before = stream.opened
    assert before > 2  # its type, what poly() learns, the survey
    fit.update(". ~ . + years")
    assert stream.opened > before
    assert glm("claims ~ 1", stream, "poisson").nobs == len(data)


@pytest.mark.parametrize("way", ["batches", "slices"])
def test_a_polars_query_is_not_collected(data, way, monkeypatch):
    frame = pl.from_pandas(data).with_columns(pl.col("band").cast(pl.Enum(LEVELS)))
    query = frame.lazy().with_columns(twice=2 * pl.col("age")).filter(pl.col("w") > 0)
    monkeypatch.setattr(arrow_streams, "piece_rows", lambda columns: 100)
    if way == "slices":
        monkeypatch.setattr(arrow_streams.LazyBatches, "frames", staticmethod(arrow_streams.slices))
    assert_same(glm(FORMULA, data, "poisson"), glm(FORMULA, query, "poisson"))
    assert glm("claims ~ 1", query, "poisson").nobs == len(data)


def test_what_can_be_opened_once(data):
    with pytest.raises(
        DataError, match=r"the Once could not be read: RuntimeError: it was consumed; a model reads its"
    ):
        glm("claims ~ w", Once(pa.Table.from_pandas(data, preserve_index=False)), "poisson")


def test_a_query_that_fails(data):
    query = pl.from_pandas(data).lazy().with_columns(z=pl.col("nothing"))
    with pytest.raises(DataError, match="the polars query could not be read: ColumnNotFoundError"):
        glm("claims ~ w", query, "poisson")
