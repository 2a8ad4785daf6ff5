"""What was modelled and on which rows: the model in words, the flow of exclusions, the rows by outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..fitted.protocols import Parametric, has_one_mean, is_mixed, is_single_index, lacking
from ..formula.values import Factor
from .records import Facts, Flow, Item, Prose, Section, Table, TableRow
from .subject import Subject, count, explanatory, listed, number

MOST_GROUPS = 6  # columns of a table by outcome
MOST_LEVELS = 12  # rows of one variable
THIRDS = (1 / 3, 2 / 3)


def modelled(subject: Subject) -> Section:
    """The question, the model, its variables."""
    fit = subject.fit
    entries = [("Outcome", _outcome(subject)), ("Model", model_name(fit)), ("Formula", fit.formula)]
    entries += [("Explanatory variables", listed(explanatory(fit), 20))] if explanatory(fit) else []
    if subject.training is not None:
        for name, text in (("weights", "Weights"), ("offset", "Offset"), ("subset", "Rows asked for")):
            given = subject.training.arguments.get(name)
            if given is not None:
                entries.append((text, given if isinstance(given, str) else "given as an array"))
    entries.append(("Rows analysed", count(fit.nobs)))
    if is_mixed(fit):
        entries += [(f"Groups of {name}", count(levels)) for name, levels in fit.ngrps.items()]
    if (events := events_of(subject)) is not None:
        entries.append((_events_name(subject), count(events)))
    return Section("model", "What was modelled", (Facts(tuple(entries)),))


def _outcome(subject: Subject) -> str:
    if subject.modelled is not None:
        return f"{subject.response}: the probability of “{subject.modelled}”"
    return subject.response


def _events_name(subject: Subject) -> str:
    return "Events" if subject.modelled is None else f"Events ({subject.response} = {subject.modelled})"


def model_name(fit: Any) -> str:
    """The model in words, as a methods section names it."""
    if is_single_index(fit):
        family = fit.family
        known = ", ".join(f"{name} = {number(value, 4)}" for name, value in family.parameters.items())
        if family.name == "gaussian" and family.link.name == "identity":
            return "linear model (gaussian family, identity link)"
        name = family.name.partition("(")[0]
        return f"generalized linear model, {name} family{f' ({known})' if known else ''}, {family.link.name} link"
    name = str(getattr(fit, "models_name", type(fit).__name__)).lower().removesuffix("s")
    if lacking(fit, Parametric) and hasattr(fit, "family"):
        return f"{name}, {fit.family.name.partition('(')[0]} family, {fit.family.link.name} link"
    parts = [str(getattr(fit, part)) for part in ("dist", "zero_dist", "method") if hasattr(fit, part)]
    return f"{name} ({', '.join(dict.fromkeys(parts))})" if parts else name


def events_of(subject: Subject) -> float | None:
    """How many events a response of two categories has; None for another response, or where no row is held."""
    fit = subject.fit
    if not has_one_mean(fit) or fit.family.reading != "binomial" or subject.training is None:
        return None
    answer = subject.ask("roc")
    return None if answer.value is None else float(answer.value.successes)


def flow(subject: Subject) -> Section:
    """How many rows came in and why some left."""
    key, title = "rows", "Which rows"
    if subject.training is None:
        kept = Prose(
            f"{count(subject.fit.nobs)} rows were analysed. {subject.absent_rows}, so how many came in is "
            "not known here."
        )
        return Section(key, title, (kept,))
    total, chosen, used, lost = _counts(subject.training.frame)
    steps: list[tuple[str, int, tuple[str, ...]]] = [("rows in the data", total, ())]
    if chosen < total:
        steps.append(("rows asked for", chosen, (f"{count(total - chosen)} outside of the subset",)))
    if used < chosen:
        by_name = [f"{name}: {count(rows)}" for name, rows in sorted(lost.items(), key=lambda x: -x[1])]
        steps.append(
            ("complete rows", used, (f"{count(chosen - used)} with a missing value, in", *by_name[:20]))
        )
    counted = getattr(subject.fit, "nobs", used)
    if has_one_mean(subject.fit) and counted < used:
        steps.append(("rows that count", counted, (f"{count(used - counted)} of weight zero",)))
    items: list[Item] = [Flow(tuple(steps))]
    if used < chosen:
        share = (chosen - used) / chosen
        items.append(
            Prose(
                f"{number(100 * share, 2)}% of the rows were left out for a missing value (complete "
                "cases). One row can miss several variables, so the counts by variable may add up to "
                "more. The results hold for the rows left out only if, given the variables in the model, "
                "whether a value is missing has nothing to do with the outcome."
            )
        )
    elif total == used:
        items.append(
            Prose("No row was left out: none had a missing value in the outcome or a variable of the model.")
        )
    return Section(key, title, tuple(items))


def _counts(frame: Any) -> tuple[int, int, int, dict[str, int]]:
    """All rows, those of the subset, those in use, and the rows each variable loses."""
    survey = getattr(frame, "survey", None)
    if survey is not None:
        return survey.rows, survey.chosen, survey.kept, survey.lost
    return len(frame.data_index), frame.nrows + frame.n_omitted, frame.nrows, dict(frame.lost)


def table_one(subject: Subject) -> Section | None:
    """The rows of the fit, all together and by outcome."""
    key, title = "table-one", "The rows by outcome"
    rows = subject.rows
    if rows is None:
        if not explanatory(subject.fit):
            return None
        text = f"{subject.absent_rows}: their description by outcome is left out."
        if subject.training is not None:
            text += " Levels with their rows and events are in the table of the model."
        return Section(key, title, (Prose(text),), absent=True)
    if not rows.shape[1]:
        return None
    groups, note = _groups(subject)
    lost = _counts(subject.training.frame)[3]
    lines: list[TableRow] = []
    for name in rows.columns:
        lines += _described(name, rows[name], [mask for _, mask in groups], lost.get(str(name), 0))
    columns = tuple(f"{label} (n = {count(mask.sum())})" for label, mask in groups)
    notes = (
        "Numbers: mean (standard deviation) and median (quartiles); levels: rows (per cent of the column).",
        *note,
    )
    caption = f"Table 1. Characteristics of the rows analysed, by {subject.response}"
    return Section(key, title, (Table(caption, columns, tuple(lines), notes),))


Group = tuple[str, np.ndarray]


def _groups(subject: Subject) -> tuple[list[Group], tuple[str, ...]]:
    """Columns of the table, with the rows in each, all rows first; and how they were cut."""
    frame = subject.training.frame
    everyone = ("All", np.ones(frame.nrows, dtype=bool))
    value = frame.response_value
    if isinstance(value, Factor):
        here = [k for k in range(len(value.levels)) if (value.codes == k).any()]
        if len(here) <= MOST_GROUPS:
            return [
                everyone,
                *((f"{subject.response} = {value.levels[k]}", value.codes == k) for k in here),
            ], ()
        return [everyone], (f"{subject.response} has {len(here)} levels, too many for columns.",)
    y = None if frame.response is None else np.asarray(frame.response.y)
    if y is None or y.ndim > 1:
        return [everyone], ()
    seen = np.unique(y)
    if len(seen) <= 3:
        return [everyone, *((f"{subject.response} = {number(float(v))}", y == v) for v in seen)], ()
    cuts = np.unique(np.quantile(y, THIRDS, method="inverted_cdf"))
    if cuts[-1] >= y.max():
        cuts = cuts[:-1]
    edges = [-np.inf, *cuts, np.inf]
    made = [(_between(a, b), (y > a) & (y <= b)) for a, b in zip(edges, edges[1:])]
    if len(made) < 2:
        return [everyone], ()
    return [everyone, *made], (f"{subject.response} is cut near its thirds.",)


def _between(low: float, high: float) -> str:
    if low == -np.inf:
        return f"up to {number(high)}"
    return f"above {number(low)}" if high == np.inf else f"above {number(low)}, to {number(high)}"


def _described(name: Any, column: pd.Series, masks: Sequence[np.ndarray], lost: int) -> list[TableRow]:
    """The rows of a table that a variable has."""
    missing = [TableRow("left out as missing", (count(lost),), 1)] if lost else []
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if numeric and column.nunique() > 2:
        values = column.to_numpy(dtype=float, na_value=np.nan)
        statistics: list[tuple[str, Callable[[np.ndarray], str]]] = [
            ("mean (SD)", _mean),
            ("median (Q1, Q3)", _median),
        ]
        cells = [TableRow(label, tuple(of(values[mask]) for mask in masks), 1) for label, of in statistics]
        return [TableRow(str(name)), *cells, *missing]
    if pd.api.types.is_datetime64_any_dtype(column):
        first = tuple(f"{column[mask].min():%Y-%m-%d} to {column[mask].max():%Y-%m-%d}" for mask in masks)
        return [TableRow(str(name)), TableRow("first to last", first, 1), *missing]
    texts = column.astype("object").map(str)
    order = (
        column.cat.categories.map(str)
        if isinstance(column.dtype, pd.CategoricalDtype)
        else sorted(set(texts))
    )
    levels = [level for level in order if (texts == level).any()]
    if not isinstance(column.dtype, pd.CategoricalDtype) and numeric:
        levels = [str(v) for v in sorted(column.unique())]
    shown = (
        levels
        if len(levels) <= MOST_LEVELS
        else texts.value_counts(sort=True).index[: MOST_LEVELS - 1].tolist()
    )
    cells = [
        TableRow(level, tuple(_share((texts == level).to_numpy(), m) for m in masks), 1) for level in shown
    ]
    if len(shown) < len(levels):
        others = ~texts.isin(shown).to_numpy()
        text = f"{len(levels) - len(shown)} other levels"
        cells.append(TableRow(text, tuple(_share(others, m) for m in masks), 1))
    return [TableRow(str(name)), *cells, *missing]


def _mean(values: np.ndarray) -> str:
    if not len(values):
        return "–"
    spread = f" ({number(float(np.std(values, ddof=1)))})" if len(values) > 1 else ""
    return f"{number(float(np.mean(values)))}{spread}"


def _median(values: np.ndarray) -> str:
    if not len(values):
        return "–"
    low, middle, high = (number(float(q)) for q in np.quantile(values, [0.25, 0.5, 0.75]))
    return f"{middle} ({low}, {high})"


def _share(chosen: np.ndarray, mask: np.ndarray) -> str:
    rows, total = int((chosen & mask).sum()), int(mask.sum())
    return f"{count(rows)} ({100 * rows / total:.0f}%)" if total else "–"
