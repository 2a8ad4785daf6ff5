"""The printed text of models of categories, as nnet prints them: matrices of coefficients and standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .cells import Cells, matrix, named_numbers
from .numbers import format_numbers, round_half
from .report import Block

DIGITS = 7


@dataclass(frozen=True)
class MatrixTexts:
    """What a printed model of categories is made of.

    Attributes
    ----------
    call : str
    rows : tuple of str
        Categories; empty where there is one log odds, whose coefficients are a vector.
    columns : tuple of str
    values : ndarray (rows, columns)
    errors : ndarray (rows, columns) or None
        Standard errors: of a summary.
    ratios : bool
        Whether a summary has Wald statistics.
    correlation : ndarray (p, p) or None
    names : tuple of str
        Of its rows.
    deviance, aic : float
    closing : tuple of str
        Lines of our own, which nnet has not.
    """

    call: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: np.ndarray
    deviance: float
    aic: float
    errors: np.ndarray | None = None
    ratios: bool = False
    correlation: np.ndarray | None = None
    names: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()


def _table(values: np.ndarray, texts: MatrixTexts, digits: int) -> Block:
    return matrix(values.T.tolist(), texts.columns, texts.rows, digits)


def blocks_of(texts: MatrixTexts, digits: int | None = None) -> list[Block]:
    """The printed fit, or the printed summary where there are standard errors, before rendering."""
    digits = digits or DIGITS
    blocks: list[Block] = [f"Call:\n{texts.call}\n\nCoefficients:\n"]
    if texts.errors is None:
        if texts.rows:
            blocks.append(_table(texts.values, texts, digits))
        else:
            blocks.append(named_numbers(texts.values[0].tolist(), texts.columns, digits))
    else:
        blocks += _with_errors(texts, texts.errors, digits)
    (deviance,), (aic,) = format_numbers([texts.deviance], DIGITS), format_numbers([texts.aic], DIGITS)
    blocks.append(f"\nResidual Deviance: {deviance} \nAIC: {aic} \n")
    if texts.correlation is not None and len(texts.correlation) > 1:
        blocks += ["\nCorrelation of Coefficients:\n", _correlation(texts.correlation, texts.names, digits)]
    if texts.closing:
        blocks.append("".join(f"{line}\n" for line in texts.closing))
    return blocks


def _with_errors(texts: MatrixTexts, errors: np.ndarray, digits: int) -> list[Block]:
    with np.errstate(all="ignore"):
        ratios = texts.values / errors
    if not texts.rows:
        columns, names = [texts.values[0], errors[0]], ["Values", "Std. Err."]
        if texts.ratios:
            columns, names = [*columns, ratios[0]], [*names, "Value/SE"]
        return [matrix([c.tolist() for c in columns], names, texts.columns, digits)]
    blocks: list[Block] = [
        _table(texts.values, texts, digits),
        "\nStd. Errors:\n",
        _table(errors, texts, digits),
    ]
    if texts.ratios:
        blocks += ["\nValue/SE (Wald statistics):\n", _table(ratios, texts, digits)]
    return blocks


def _correlation(values: np.ndarray, names: Sequence[str], digits: int) -> Block:
    """The lower triangle, rounded to `digits` decimals, as a matrix of texts."""
    p = len(names)
    places = [(i, j) for j in range(p) for i in range(p) if i > j]
    texts = dict(zip(places, format_numbers(round_half([values[i, j] for i, j in places], digits), DIGITS)))
    body = tuple(tuple(texts.get((i, j), "") for i in range(1, p)) for j in range(p - 1))
    return Cells(tuple(names[1:]), tuple(names[:-1]), body, left=frozenset(range(p - 1)))
