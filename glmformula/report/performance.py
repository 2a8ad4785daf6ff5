"""How well a model of probabilities predicts: discrimination, calibration, and what is left of them in new data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..fitted.coefficients import names_of
from ..fitted.protocols import is_mixed
from ..plot.discrimination import calibration_plot, roc_plot
from .pictures import drawn
from .records import Item, Pictures, Prose, Section, Table, TableRow
from .subject import OF_POPULATION, Subject, count, number, probability

if TYPE_CHECKING:
    from ..inference.performance.calibration import Calibration
    from ..inference.performance.discrimination import Roc

SAMPLES = 100  # of the bootstrap if nobody says, for so many rows and coefficients
MOST_ROWS, MOST_COLUMNS = 5_000, 50
NAMES = {
    "deviance": "deviance for each row",
    "brier": "Brier score",
    "auc": "area under the ROC curve",
    "slope": "calibration slope",
}


def performance(subject: Subject) -> Section | None:
    """ROC curve, calibration, internal validation: of models of probabilities; None of others."""
    curve = subject.ask("roc", level=subject.level)
    if curve.value is None:
        return None
    found, several = curve.value, getattr(curve.value, "curves", None)
    items: list[Item] = [_areas(subject, several)] if several else [Prose(_area(subject, found))]
    items += [Prose(f"{OF_POPULATION}.")] if is_mixed(subject.fit) else []
    pictures = drawn(
        lambda: roc_plot(found),
        "ROC curve: sensitivity against 1 - specificity",
        "Discrimination: the ROC curve" + ("s of the categories." if several else "."),
    )
    calibration = subject.ask("calibration")
    if calibration.value is not None:
        items += [] if several else [Prose(_brier(calibration.value))]
        pictures += drawn(
            lambda: calibration_plot(calibration.value),
            "Calibration: observed against predicted share of events in bands of rows",
            "Calibration: observed against predicted, in bands of equally many rows, with Wilson's limits.",
            wide=bool(several),
        )
    items += pictures if several else [Pictures(tuple(pictures))]
    test = subject.ask("hosmer_lemeshow")
    if test.value is not None:
        items.append(
            Prose(
                f"Hosmer and Lemeshow's test: X² = {number(test.value.statistic)}, df = "
                f"{number(test.value.parameter, 2)}, {probability(test.value.p_value)}."
            )
        )
    items += _validated(subject)
    return Section("performance", "How well it predicts", tuple(items))


def _area(subject: Subject, found: Roc) -> str:
    return (
        f"The area under the ROC curve is {number(found.auc)} ({subject.interval} {number(found.low)} to "
        f"{number(found.high)}, DeLong): the chance that a row with the event has a larger prediction than "
        f"one without. It is of the rows that the model was fitted to ({count(found.successes)} events, "
        f"{count(found.failures)} without)."
    )


def _areas(subject: Subject, curves: Mapping[str, Roc]) -> Table:
    rows = tuple(
        TableRow(name, (count(one.successes), number(one.auc), f"{number(one.low)} to {number(one.high)}"))
        for name, one in curves.items()
    )
    caption = "Areas under the ROC curves of each category against the others"
    return Table(
        caption, ("rows", "area", subject.interval), rows, ("Of the rows that the model was fitted to.",)
    )


def _brier(found: Calibration) -> str:
    return (
        f"Brier's score is {number(found.brier)} (0: perfect; scaled, the share of the mean's own that is "
        f"gained, {number(found.scaled_brier)})."
    )


def _validated(subject: Subject) -> list[Item]:
    """What the bootstrap says of new rows."""
    samples = subject.bootstrap
    if samples is None:
        small = (
            subject.in_memory and subject.fit.nobs <= MOST_ROWS and len(names_of(subject.fit)) <= MOST_COLUMNS
        )
        samples = SAMPLES if small else 0
    if not samples:
        return [
            Prose("Internal validation was not asked for (bootstrap=), so these figures flatter the model.")
        ]
    answer = subject.ask("validate", samples, subject.seed)
    if answer.value is None:
        return [Prose(f"Internal validation is left out: {answer.reason}")]
    frame = answer.value.frame
    rows = tuple(
        TableRow(
            NAMES.get(str(name), str(name)),
            tuple(number(float(row[column])) for column in ("apparent", "optimism", "corrected")),
        )
        for name, row in frame.iterrows()
    )
    fitted = int(frame["n"].min())
    note = f"{fitted} of {samples} samples could be fitted; the terms were not chosen again (Harrell 2015)."
    caption = "Table 4. Internal validation by the bootstrap: what to expect in new rows from the same source"
    return [Table(caption, ("on its own rows", "optimism", "corrected"), rows, (note,))]
