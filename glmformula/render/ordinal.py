"""The printed text of models of ordered categories, as MASS prints them: coefficients, then thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .cells import Cells, matrix, named_numbers
from .numbers import format_numbers, round_half
from .report import Block
from .summary import omitted_line

DIGITS = 7
COLUMNS = ("Value", "Std. Error", "t value")


@dataclass(frozen=True)
class OrdinalTexts:
    """What a printed fit is made of.

    Attributes
    ----------
    call : str
    names, thresholds : tuple of str
        Of the coefficients that are not aliased, and of the intercepts.
    values : ndarray (names + thresholds,)
    deviance, aic : float
    n_omitted : int
    table : ndarray (names + thresholds, 3) or None
        Of a summary: `COLUMNS`.
    correlation : ndarray or None
    closing : tuple of str
        Lines of our own, which MASS has not.
    digits : int
    """

    call: str
    names: tuple[str, ...]
    thresholds: tuple[str, ...]
    values: np.ndarray
    deviance: float
    aic: float
    n_omitted: int = 0
    table: np.ndarray | None = None
    correlation: np.ndarray | None = None
    closing: tuple[str, ...] = ()
    digits: int = DIGITS


def blocks_of(texts: OrdinalTexts, digits: int | None = None) -> list[Block]:
    """The printed fit, or the printed summary where there is a table, before rendering."""
    digits = digits or texts.digits
    p = len(texts.names)
    blocks: list[Block] = [f"Call:\n{texts.call}\n", "\nCoefficients:\n" if p else "\nNo coefficients\n"]
    if texts.table is None:
        if p:
            blocks.append(named_numbers(texts.values[:p].tolist(), texts.names, digits))
        blocks += ["\nIntercepts:\n", named_numbers(texts.values[p:].tolist(), texts.thresholds, digits)]
    else:
        if p:
            blocks.append(matrix(texts.table[:p].T.tolist(), COLUMNS, texts.names, digits))
        blocks += ["\nIntercepts:\n", _thresholds(texts.table, texts.thresholds, digits)]
    (deviance,) = format_numbers([texts.deviance], DIGITS, nsmall=2)
    (aic,) = format_numbers([texts.aic], DIGITS, nsmall=2)
    blocks.append(f"\nResidual Deviance: {deviance} \nAIC: {aic} \n{omitted_line(texts.n_omitted).lstrip()}")
    if texts.correlation is not None and len(texts.correlation) > 1:
        names = (*texts.names, *texts.thresholds)
        blocks += ["\nCorrelation of Coefficients:\n", _correlation(texts.correlation, names, digits)]
    if texts.closing:
        blocks.append("".join(f"{line}\n" for line in texts.closing))
    return blocks


def _thresholds(table: np.ndarray, names: Sequence[str], digits: int) -> Cells:
    """The last rows of the table, all of it rounded and in one format."""
    cells = format_numbers(round_half(table.ravel(), digits), DIGITS)
    first = len(table) - len(names)
    body = tuple(tuple(cells[3 * i + j] for i in range(first, len(table))) for j in range(3))
    width = max(map(len, cells))
    padded = tuple(tuple(cell.rjust(width) for cell in column) for column in body)
    return Cells(tuple(names), COLUMNS, padded, left=frozenset(range(3)))


def _correlation(values: np.ndarray, names: Sequence[str], digits: int) -> Cells:
    """The lower triangle, rounded to `digits` decimals."""
    p = len(names)
    places = [(i, j) for j in range(p) for i in range(p) if i > j]
    texts = dict(zip(places, format_numbers(round_half([values[i, j] for i, j in places], digits), DIGITS)))
    body = tuple(tuple(texts.get((i, j), "") for i in range(1, p)) for j in range(p - 1))
    return Cells(tuple(names[1:]), tuple(names[:-1]), body, left=frozenset(range(p - 1)))
