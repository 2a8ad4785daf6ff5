"""What a model of ordered categories leaves of each row."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ...families.cumulative import beside
from ...sources.mapped import collect
from .output import by_rows
from .quantities import each_chunk

if TYPE_CHECKING:
    import pandas as pd

    from ...engine.likelihood.layout import Layout
    from ...families.likelihood import Etas
    from ...families.link import Array
    from ...fitted.protocols import Ordinal
    from ...sources.base import Block


@by_rows("residual")
def residuals(fit: Ordinal, type: str = "probability") -> pd.Series:
    """Probability-scale residuals, P(Y < y) - P(Y > y): between -1 and 1, of mean 0 if the model holds.

    MASS has none; these are of Li & Shepherd (2012), the same for any monotone scoring of the categories.

    Parameters
    ----------
    type : {"probability"}
    out : path, optional
        Write them to this file, with the number of each row. Needed where the rows of the fit are files.

    Returns
    -------
    Series (n,)

    Raises
    ------
    ValueError
        Another type.
    DataError
        The model holds no training rows.
    """
    if type != "probability":
        raise ValueError(
            f"type should be 'probability', P(Y < y) - P(Y > y): categories have no mean to differ from; got {type!r}"
        )
    question = partial(
        _block_residuals, fit.method, len(fit.lev), fit.result.layout, fit.result.solved.parameters
    )
    return fit.rows.labelled(np.concatenate([np.empty(0), *collect(fit.rows.source, question)]))


def _block_residuals(method: str, K: int, layout: Layout, parameters: Array, block: Block) -> Array:
    def of(rows: slice, etas: Etas) -> Array:
        return beside(method, K, block.y[rows], etas)

    return each_chunk(layout, parameters, block, of)
