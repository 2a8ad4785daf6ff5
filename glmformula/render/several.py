"""The text of models of several linear predictors: a table of coefficients for each, as pscl prints them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .cells import coefmat, five_numbers, named_numbers
from .numbers import STAR_LEGEND
from .report import Block
from .summary import DIGITS, omitted_line

LEGEND = STAR_LEGEND.replace("‘", "'").replace("’", "'")  # pscl's has plain quotes


@dataclass(frozen=True)
class Heading:
    """One table of a printed fit.

    Attributes
    ----------
    key : str
        What the summary calls it.
    title : str
        The line above, blank lines before it and all.
    names : tuple of str
    parameters : tuple of int
        The place of each among the parameters; -1 for an aliased coefficient.
    constants : int
        So many at the end are no coefficients: only the summary has them.
    below : str
        A line under the printed coefficients.
    """

    key: str
    title: str
    names: tuple[str, ...]
    parameters: tuple[int, ...]
    constants: int = 0
    below: str = ""


@dataclass(frozen=True)
class Printed:
    """How a model prints: its tables, the lines after those of a summary, and whether rows left out are counted."""

    tables: tuple[Heading, ...]
    closing: str = ""
    omitted: bool = True


@dataclass(frozen=True)
class SummaryTexts:
    """What a printed summary is made of; `values` (rows, 4) of each table, NaN for aliased coefficients."""

    call: str
    quantiles: tuple[float, ...] | None
    printed: Printed
    values: tuple[np.ndarray, ...]
    columns: tuple[str, ...]
    errors: tuple[str, ...] = ()
    n_omitted: int = 0
    notes: tuple[str, ...] = ()
    digits: int = DIGITS
    signif_stars: bool = True


def summary_blocks(parts: SummaryTexts, digits: int | None = None) -> list[Block]:
    """The printed summary as blocks, before rendering."""
    digits = digits or parts.digits
    blocks: list[Block] = [f"\nCall:\n{parts.call}\n\n"]
    if parts.quantiles is not None:
        blocks += ["Pearson residuals:\n", five_numbers(parts.quantiles, digits), "\n"]
    starred = False
    for heading, values in zip(parts.printed.tables, parts.values, strict=True):
        cells = coefmat(
            values.T.tolist(), parts.columns, heading.names, digits, signif_stars=parts.signif_stars
        )
        starred = starred or bool(cells.note)
        blocks += [heading.title, replace(cells, note="")]
    if starred:
        blocks.append(f"---\nSignif. codes:  {LEGEND} \n")
    blocks += [f"\n{line}\n" for line in parts.errors]
    blocks += [parts.printed.closing, omitted_line(parts.n_omitted * parts.printed.omitted)]
    return [*blocks, *_notes(parts.notes)]


def print_blocks(
    call: str, printed: Printed, values: Sequence[np.ndarray], notes: tuple[str, ...] = ()
) -> list[Block]:
    """The printed fit as blocks; `values` (rows,) of each table."""
    blocks: list[Block] = [f"\nCall:\n{call}\n\n"]
    for heading, numbers in zip(printed.tables, values, strict=True):
        stop = len(heading.names) - heading.constants
        vector = named_numbers(numbers[:stop].tolist(), heading.names[:stop], DIGITS, gap=2)
        blocks += [heading.title, vector, heading.below]
    return [*blocks, "\n", *_notes(notes)]


def _notes(notes: Sequence[str]) -> list[Block]:
    return ["".join(f"{note}\n" for note in notes)] if notes else []
