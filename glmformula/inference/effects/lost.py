"""What is told of effects that have no estimate, and of rows that no average counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import DataWarning, RankWarning, give_warning
from .averages import Estimates
from .population import Population

MOST_NAMED = 3


def tell_lost(fit: Any, estimates: Estimates, rows: Population, by: tuple[str, ...], averaged: bool) -> None:
    """
    Warns
    -----
    RankWarning
        Effects that need a combination of levels, or of columns, that the data never had.
    DataWarning
        Rows of new data that miss a variable, or the column of the groups: no average counts them.
    """
    missing = None if rows.scene is None else rows.scene.missing
    if averaged and missing is not None and missing.any():
        _tell_missing(rows, missing)
    if averaged and by and rows.scene is not None:
        data = rows.scene.data
        alone = data[list(by)].isna().any(axis=1).to_numpy()
        if missing is not None:
            alone = alone & ~missing
        if alone.any():
            give_warning(
                f"{int(alone.sum())} of {len(data)} rows miss a value of {_listed(by)} and are in no group: "
                "fill it, such as with a level for what is not known, to see their average too",
                DataWarning,
            )
    if fit_rank_full(fit):
        return
    lost = np.isnan(estimates.value)
    if not averaged and missing is not None and missing.any():
        lost &= ~np.tile(missing, len(lost) // len(missing))
    if lost.any():
        columns = [name for name, gone in zip(fit.column_names, fit.aliased.tolist()) if gone]
        verb = "is" if lost.sum() == 1 else "are"
        give_warning(
            f"{int(lost.sum())} of {len(lost)} effects {verb} not estimable and {verb} NaN: "
            f"{_first(estimates, lost)}needs a combination that the data never had "
            f"({_listed(tuple(columns))} {'has' if len(columns) == 1 else 'have'} no estimate); ask by= groups, or "
            "newdata= of rows, in which it does not occur",
            RankWarning,
        )


def fit_rank_full(fit: Any) -> bool:
    """Whether every column has an estimate."""
    return not bool(np.asarray(fit.aliased).any())


def _tell_missing(rows: Population, missing: np.ndarray) -> None:
    assert rows.scene is not None
    data = rows.scene.data
    names = [name for name in data.columns if data[name].isna().to_numpy()[missing].any()]
    give_warning(
        f"{int(missing.sum())} of {len(missing)} rows of newdata miss a variable of the model "
        f"({_listed(tuple(map(str, names)))}) and are left out of the averages",
        DataWarning,
    )


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:MOST_NAMED])
    return shown + (", ..." if len(names) > MOST_NAMED else "")


def _first(estimates: Estimates, lost: np.ndarray) -> str:
    """The first of them by its labels."""
    row = estimates.labels.iloc[int(np.argmax(lost))]
    shown = ", ".join(f"{name} {value}" for name, value in row.items() if name != "rowid")
    place = f"row {row['rowid']} (counted from 0)" if "rowid" in row.index else ""
    text = ", ".join(filter(None, (shown, place)))
    return f"{text}, " if text and lost.sum() > 1 else f"{text} " if text else "it "
