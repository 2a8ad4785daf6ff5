"""The rows that a call names: read, coded, checked for the family, and ready for the engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..design.build import design_frame
from ..errors import DataError, FormulaError
from ..formula.algebra import refuse_bars
from ..formula.functions.contrasts import default_contrasts, set_contrasts
from ..formula.parts import Parted
from ..formula.terms import Terms
from ..frame.kept import Kept, own_argument
from ..runtime.tasks import shared_out
from ..sources.memory import MemorySource
from ..sources.registry import NOT_COUNTED, opened
from .training import TrainingData

ROW_ARGUMENTS = ("weights", "offset", "subset", "na_action", "contrasts", "etastart", "mustart")
OWNED = ("weights", "offset", "subset", "contrasts", "start", "etastart", "mustart")


def training_rows(arguments: Mapping[str, Any]) -> TrainingData:
    """The rows that a call of `glm` with these arguments (all of them, by name) fits, checked for its family.

    Raises
    ------
    FormulaError, DataError, FamilyError
        As `glm`.
    """
    formula = arguments["formula"]
    if not isinstance(formula, str | Terms | Parted):
        raise FormulaError(f'the formula must be a str such as "y ~ x + z", not {type(formula).__name__}')
    if not isinstance(formula, Parted):
        refuse_bars(formula)
    with set_contrasts(*getattr(arguments["contrasts"], "defaults", default_contrasts())):
        return _training_rows(arguments)


def _training_rows(arguments: Mapping[str, Any]) -> TrainingData:
    arguments = {**arguments, **{name: own_argument(arguments[name]) for name in OWNED}}
    data = arguments["data"]
    table = opened(data)
    if table is not None:
        from .streams import streamed_rows  # few need it: a quarter of the import

        return streamed_rows(arguments, table)
    if arguments.get("compress") is True:
        raise DataError(NOT_COUNTED)
    family = arguments["family"]
    kept = arguments["data"] = data if isinstance(data, Kept) else Kept(data)
    frame = design_frame(
        arguments["formula"],
        kept,
        **{name: arguments[name] for name in ROW_ARGUMENTS},
        reading=family.reading,
    )
    kept.mark(shared_out)
    response = frame.response
    if response is None:
        raise FormulaError(f"the formula has no response: expected 'y ~ ...', got {frame.terms.text!r}")
    trials = None if response.trials is None or not (response.trials > 1).any() else response.trials
    family.check_response(response.y, response.prior_weights, trials, frame.index)
    source = MemorySource(
        frame.design,
        response.y,
        prior_weights=response.prior_weights,
        offset=frame.offset,
        etastart=frame.etastart,
        mustart=frame.mustart,
        trials=trials,
    )
    return TrainingData(source, frame, arguments)


def same_table(rows: TrainingData) -> dict[str, Any]:
    """For a further fit to the rows of a fit: the table itself, which notices rows that have changed."""
    if not rows.streamed or isinstance(rows.arguments["data"], str | Path | list):  # paths stand in the call
        return {}
    return {"data": rows.table}  # type: ignore[attr-defined]
