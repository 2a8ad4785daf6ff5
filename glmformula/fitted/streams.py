"""Fits to data that are gone through in pieces: what their training rows are, and what they cannot hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from ..design.streamed import Streamed, streamed
from ..engine.result import GlmFit
from ..errors import DataError, FormulaError, Heard, give_warning, hearing
from ..families import Family
from ..families.responses import Findings, findings
from ..frame.pieces import Piece, Table
from ..frame.response import Response
from ..sources.compressed import CompressedSource, counted, counter_of, source_of_copies
from ..sources.registry import NOT_COUNTED
from ..sources.store import store_for
from ..sources.streamed import StreamSource, source_of_values
from .training import RowState, TrainingData

ARGUMENTS = ("weights", "offset", "subset", "na_action", "contrasts", "etastart", "mustart")


@dataclass(frozen=True)
class StreamedTraining(TrainingData):
    """Training rows that stay where they are: `frame` holds none of them."""

    frame: Streamed  # type: ignore[assignment]  # what other rooms ask of a frame, or an error that says how
    table: Table

    @property
    def streamed(self) -> bool:
        return True

    def labelled(self, values: np.ndarray) -> pd.Series:
        _refuse()

    def same_rows(self, other: TrainingData) -> bool:
        """Whether the two fits used the same rows of the same table."""
        if not isinstance(other, StreamedTraining):
            return True
        a, b = self.frame.survey, other.frame.survey
        return self.table.identity == other.table.identity and (a.rows, a.kept, a.dropped) == (
            b.rows,
            b.kept,
            b.dropped,
        )

    def state(self, result: GlmFit, family: Family) -> RowState:
        _refuse()


def streamed_rows(arguments: Mapping[str, Any], table: Table) -> StreamedTraining:
    """The rows of a table that a call of `glm` with these arguments fits, checked for its family.

    Raises
    ------
    FormulaError, DataError, FamilyError
        As `glm`; the response's errors and warnings are those of all rows together.
    """
    if arguments.get("compress"):
        compressed = _compressed_rows(arguments, table)
        if compressed is not None:
            return compressed
    store = store_for(table)
    with hearing() as heard:
        frame = _surveyed(arguments, table, keeper=store)
    warn_once(heard)
    if frame.terms.response is None:
        raise FormulaError(f"the formula has no response: expected 'y ~ ...', got {frame.terms.text!r}")
    frame.findings.report()
    if store is not None:
        store.settle(frame, partial(source_of_values, frame))
    return StreamedTraining(
        StreamSource(table, frame, store, arguments.get("progress")), frame, arguments, table
    )


def _surveyed(arguments: Mapping[str, Any], table: Table, **how: Any) -> Streamed:
    """What is frozen of the fit; `how` the rows are surveyed, as `streamed` has it."""
    family: Family = arguments["family"]
    given = {name: arguments[name] for name in ARGUMENTS}
    check = partial(_check, family)
    return streamed(arguments["formula"], table, **given, reading=family.reading, check=check, **how)


def _compressed_rows(arguments: Mapping[str, Any], table: Table) -> StreamedTraining | None:
    """The rows that differ, counted by the table's database; None where that is no gain, or something is to be said.

    What an error or a warning has to say of rows is found by a pass over the rows themselves.

    Raises
    ------
    DataError
        ``compress=True``, and nothing can count these rows, or too many differ.
    """
    always = arguments["compress"] is True
    counter = counter_of(table)
    if counter is None:
        if always:
            raise DataError(NOT_COUNTED)
        return None
    found: list[Piece] = []

    def differing(columns: tuple[str, ...]) -> Piece | None:
        piece = counted(counter, always, columns)
        if piece is None:
            raise _NoGain
        found.append(piece)
        return piece

    with hearing() as heard:
        try:
            frame = _surveyed(arguments, table, counted=differing)
        except _NoGain:
            return None
        except (DataError, FormulaError):
            if not found:
                raise
            return None
    if heard or frame.findings.problems or frame.terms.response is None:
        return None
    (piece,) = found
    source = CompressedSource(
        table, frame, None, arguments.get("progress"), alike=source_of_copies(frame, piece)
    )
    return StreamedTraining(source, frame, arguments, table)


class _NoGain(Exception):
    """So few rows are alike that counting them saves nothing."""


def _check(family: Family, response: Response | None, labels: pd.Index) -> Findings:
    if response is None:
        return Findings(len(labels))
    return findings(family.check_response, response.y, response.prior_weights, response.trials, labels)  # type: ignore[arg-type]


def warn_once(heard: Heard) -> None:
    """Blocks say the same of their own rows, pass after pass: the first of each kind speaks for all."""
    first: dict[tuple[type, str], list[str]] = {}
    for category, text in heard:
        first.setdefault((category, text.partition(":")[0]), []).append(text)
    for (category, _), texts in first.items():
        more = len(set(texts)) - 1
        suffix = f" (and in {more} more blocks of rows)" if more else ""
        give_warning(texts[0] + suffix, category)


def _refuse() -> NoReturn:
    raise DataError(
        "this fit's rows arrive in blocks and are not held, so nothing with a value for each row is: "
        "write it out with predict(..., out=) or residuals(..., out=), or fit a part of the rows in memory"
    )
