"""Tables of other libraries in memory: what becomes of their columns."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from glmformula import DataError, glm
from glmformula.frame.interchange import foreign_frame


@pytest.fixture
def table():
    rng = np.random.default_rng(4)
    levels = pa.DictionaryArray.from_arrays(rng.integers(0, 3, 60).astype(np.uint8), ["mid", "low", "high"])
    return pa.table(
        {"y": rng.normal(size=60), "x": rng.normal(size=60), "size": levels, "more": ["a", "b"] * 30}
    )


def test_numbers_are_not_copied(table):
    x = foreign_frame(table)["x"].to_numpy()
    assert np.shares_memory(x, table["x"].chunk(0).to_numpy())


def test_a_dictionary_without_an_order_is_a_factor_sorted_as_strings_are(table):
    for rows in table, table.slice(30), table.take(np.arange(60)[::-1]):
        assert glm("y ~ size", rows).xlevels == {"size": ("high", "low", "mid")}


def test_an_ordered_dictionary_is_an_ordered_factor(table):
    sizes = table["size"].chunk(0)
    ordered = pa.DictionaryArray.from_arrays(sizes.indices, sizes.dictionary, ordered=True)
    fit = glm("y ~ size", table.set_column(2, "size", ordered))
    assert fit.xlevels == {"size": ("mid", "low", "high")}
    assert list(fit.coefficients.index) == ["(Intercept)", "size.L", "size.Q"]


def test_a_polars_enum_is_a_factor_in_its_own_order(table):
    data = pl.from_arrow(table).with_columns(pl.col("more").cast(pl.Enum(["b", "a"])))
    assert list(glm("y ~ more", data).coefficients.index) == ["(Intercept)", "morea"]


def test_every_table_gives_the_same_fit(table):
    frame = pl.from_arrow(table)
    kinds = [
        table,
        table.to_batches()[0],
        frame,
        frame.lazy(),
        {name: table[name] for name in ("y", "x", "more")},
    ]
    first, *others = [glm("y ~ x + more", kind).coefficients for kind in kinds]
    for other in others:
        np.testing.assert_array_equal(other, first)


def test_what_can_be_read_only_once_is_refused(table):
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    with pytest.raises(DataError, match=r"a RecordBatchReader can be read only once.*data\.read_all\(\)"):
        glm("y ~ x", reader)
