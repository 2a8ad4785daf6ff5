"""Effects on the scale of the response: average comparisons, and average predictions drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..fitted.protocols import is_mixed
from .pictures import curves, drawn
from .records import Item, Picture, Pictures, Prose, Section, Table, TableRow
from .subject import OF_POPULATION, Subject, listed, number, p_cell

MOST_DRAWN = 8  # variables
POINTS = 25  # values of a number that are predicted
MOST_PREDICTIONS = 2_000_000  # of all rows and values together: fewer values of many rows
MOST_LEVELS = 30  # of a factor whose differences are listed
SMALL, LARGE = 0.2, 20.0  # a spread for which one unit says little


def effects(subject: Subject) -> Section | None:
    """What a change of one variable does to the expected response, averaged over the rows."""
    key, title = "effects", "Effects on the scale of the response"
    rows = subject.rows
    long = [] if rows is None else [str(name) for name in rows.columns if _levels(rows[name]) > MOST_LEVELS]
    changes = None if rows is None else {str(n): _change(rows[n]) for n in rows.columns if str(n) not in long}
    said = [Prose(f"Left out, for more than {MOST_LEVELS} levels: {listed(long, 20)}.")] if long else []
    if changes == {} and long:
        return Section(key, title, tuple(said), absent=True)
    options: dict[str, Any] = {"conf_level": subject.level}
    if subject.vcov is not None:
        options["vcov"] = subject.vcov
    answer = subject.ask("avg_comparisons", changes or None, **options)
    if answer.value is None:
        if not answer.reason:
            return None
        return Section(key, title, (Prose(f"They are left out: {answer.reason}."),), absent=True)
    frame = answer.value.frame
    binomial = getattr(getattr(subject.fit, "family", None), "reading", "") == "binomial"
    unit = "probability" if binomial or "group" in frame else f"expected {subject.response}"
    items: list[Item] = [
        Prose(
            "Each line answers: had all rows one value of the variable rather than another, all else as "
            f"it is, by how much would the mean {unit} differ? These are differences that the model "
            "implies; they are effects of the variable only if the model holds all that matters for both."
        ),
        *([Prose(f"{OF_POPULATION}, not averaged over.")] if is_mixed(subject.fit) else []),
        _table(frame, subject.interval, unit),
        *said,
    ]
    names = [name for name in dict.fromkeys(frame["term"]) if name is not None]
    pictures = [one for name in names[:MOST_DRAWN] for one in _drawn(subject, str(name), options, unit)]
    if pictures:
        items.append(Pictures(tuple(pictures)))
    if len(names) > MOST_DRAWN:
        items.append(Prose(f"Not drawn, for room: {listed([str(n) for n in names[MOST_DRAWN:]], 20)}."))
    return Section(key, title, tuple(items))


def _levels(column: pd.Series) -> int:
    """How many levels a factor has; 0 of a number or time."""
    return 0 if column.dtype.kind in "iufbM" else int(column.nunique())


def _change(column: pd.Series) -> Any:
    """Which change is asked: of a number one unit, or quartile to quartile where that says little; None: as usual."""
    if column.dtype.kind == "M":
        low, high = column.quantile([0.25, 0.75], interpolation="nearest")
        return (low, high) if low < high else (column.min(), column.max())
    if column.dtype.kind not in "iuf" or column.nunique() <= 2:
        return None
    low, high = np.nanquantile(column.to_numpy(dtype=float), [0.25, 0.75], method="nearest")
    return None if SMALL <= high - low <= LARGE or high == low else (float(low), float(high))


def _table(frame: pd.DataFrame, interval: str, unit: str) -> Table:
    grouped = "group" in frame
    columns = (*(("outcome",) if grouped else ()), "difference", interval, "p")
    rows = []
    for entry in frame.to_dict("records"):
        texts = (
            *((str(entry["group"]),) if grouped else ()),
            number(entry["estimate"]),
            f"{number(entry['conf_low'])} to {number(entry['conf_high'])}",
            p_cell(entry["p_value"]),
        )
        rows.append(TableRow(f"{entry['term']}: {entry['contrast']}", texts))
    note = "Standard errors by the delta method; the rows are taken as they are."
    return Table(f"Table 3. Average differences in {unit}", columns, tuple(rows), (note,))


def _drawn(subject: Subject, name: str, options: dict[str, Any], unit: str) -> list[Picture]:
    """The average prediction over the values of one variable."""
    values = _values(subject, name)
    table = subject.ask("avg_predictions", {name: values} if values is not None else [name], **options)
    if table.value is None or name not in table.value.frame:
        return []
    frame = table.value.frame
    return drawn(
        lambda: curves(frame, name, f"mean {unit}"),
        f"Average prediction of {subject.response} over {name}, with its confidence limits",
        f"{name}: average prediction, all rows given its values in turn; {subject.interval}.",
    )


def _values(subject: Subject, name: str) -> list[float] | None:
    """Where a number is predicted: over the middle 98 % of its values; None: where the verb does by itself."""
    rows = subject.rows
    if rows is None or name not in rows or rows[name].dtype.kind not in "iuf":
        return None
    column = rows[name].to_numpy(dtype=float)
    seen = np.unique(column)
    most = max(5, min(POINTS, MOST_PREDICTIONS // max(len(column), 1)))
    if len(seen) <= most:
        return [float(v) for v in seen]
    low, high = np.quantile(column, [0.01, 0.99])
    grid = np.linspace(low, high, most)
    whole = rows[name].dtype.kind in "iu"
    return sorted({float(round(v)) if whole else float(v) for v in grid})
