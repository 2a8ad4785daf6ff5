"""The memory source: blocks cover the rows once and in order, whatever their size and the threads."""

from __future__ import annotations

from operator import add

import numpy as np
import pandas as pd
import pytest

from glmformula.design.build import design_frame
from glmformula.design.dense import dense
from glmformula.sources.base import Block
from glmformula.sources.memory import MemorySource

N = 101
RNG = np.random.default_rng(3)
DATA = pd.DataFrame({"y": RNG.normal(size=N), "x": RNG.normal(size=N), "f": RNG.choice(list("abc"), N)})
DESIGN = design_frame("y ~ x * f", DATA).design


def source(**options: int) -> MemorySource:
    y = DATA["y"].to_numpy()
    return MemorySource(DESIGN, y, prior_weights=np.arange(1.0, N + 1), offset=-y, **options)


def rows(block: Block) -> list[tuple[np.ndarray, ...]]:
    assert block.prior_weights is not None
    assert block.offset is not None
    return [(dense(block.design), block.y, block.prior_weights, block.offset)]


def total(block: Block) -> float:
    return float(block.y.sum())


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("block_rows", [1, 7, 50, 100, 1000])
def test_blocks_cover_the_rows_in_order(block_rows: int, threads: int) -> None:
    found = source(block_rows=block_rows, threads=threads).map_reduce(rows, add)
    X, y, weights, offset = (np.concatenate(part) for part in zip(*found, strict=True))
    np.testing.assert_array_equal(X, dense(DESIGN))
    np.testing.assert_array_equal(y, DATA["y"])
    np.testing.assert_array_equal(weights, np.arange(1, N + 1))
    np.testing.assert_array_equal(offset, -DATA["y"])


def test_threads_change_no_bit() -> None:
    assert len({source(block_rows=9, threads=k).map_reduce(total, add) for k in (1, 2, 5)}) == 1


def test_no_tiny_block_is_left_over() -> None:
    assert [b.stop - b.start for b in source(block_rows=20).blocks] == [20, 20, 20, 20, 21]
    assert [b.stop - b.start for b in source(block_rows=90).blocks] == [101]


def test_blocks_are_views() -> None:
    given = source(block_rows=10)
    block = given.block(slice(10, 20))
    assert np.shares_memory(block.y, given.y)
    assert np.shares_memory(block.design.pieces[1].numeric[0], DATA["x"].to_numpy())
    assert given.block(slice(0, N)).design is DESIGN


def test_no_rows_give_one_empty_block() -> None:
    empty = MemorySource(DESIGN.rows(slice(0, 0)), np.empty(0))
    assert empty.map_reduce(total, add) == 0


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_a_block_arrives(threads: int) -> None:
    def fail(block: Block) -> float:
        raise ArithmeticError("in a block")

    with pytest.raises(ArithmeticError, match="in a block"):
        source(block_rows=10, threads=threads).map_reduce(fail, add)
