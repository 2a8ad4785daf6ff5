"""What a call asks of each row: a list of tasks, each a prediction, a comparison or a slope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...families.link import Array
from ..rows.predict import ESTIMABLE
from .columns import Columns, Moved, Owners, owners_of
from .compare import Comparison
from .contrasts import Move
from .evaluation import Model, Part, compared, prediction, slope
from .scenes import Scene
from .steps import Derivative, derivative
from .views import Views, views


@dataclass(frozen=True)
class Task:
    """One row of the answer, or one for each category of the response.

    Attributes
    ----------
    labels : tuple of (str, value)
        Its columns ``term``, ``contrast`` ...
    hi : Move
        What is predicted, or the high end of a comparison.
    lo : Move or None
        Its low end.
    comparison : Comparison or None
    of_means : bool
        Whether the comparison is one of mean predictions.
    variable : str or None
        By which a slope is taken.
    kind : str
        Of the slope.
    """

    labels: tuple[tuple[str, Any], ...]
    hi: Move = ()
    lo: Move | None = None
    comparison: Comparison | None = None
    of_means: bool = False
    variable: str | None = None
    kind: str = "dydx"

    def needs(self) -> tuple[Any, ...]:
        """What of a row it needs: predictions of scenes, which tasks share, or itself."""
        if self.lo is None and self.variable is None:
            return (self.hi,)
        return (self.hi, self.lo) if self.of_means else (self,)


@dataclass(frozen=True)
class Plan:
    """What is asked of each row; picklable.

    Attributes
    ----------
    model : Model
    tasks : tuple of Task
    by : tuple of str
        Columns whose values are the groups.
    spreads : tuple of (str, float)
        Standard deviations of the variables by which slopes are taken.
    """

    model: Model
    tasks: tuple[Task, ...]
    by: tuple[str, ...] = ()
    spreads: tuple[tuple[str, float], ...] = ()

    @cached_property
    def keys(self) -> tuple[Any, ...]:
        """The parts of all tasks, each once."""
        return tuple(dict.fromkeys(key for task in self.tasks for key in task.needs()))


def parts_of(plan: Plan, scene: Scene) -> Iterator[tuple[Views, list[Part]]]:
    """The parts that `plan.keys` names, a few rows at a time."""
    scenes: dict[Any, Moved] = {}
    slopes: dict[str, Derivative] = {}
    spreads = dict(plan.spreads)
    for task in plan.tasks:
        for move in (task.hi, task.lo):
            if move and move not in scenes:
                scenes[move] = scene.moved({name: shift.of(scene, name) for name, shift in move})
        if task.variable is not None and task.variable not in slopes:
            slopes[task.variable] = derivative(scene, task.variable, spreads[task.variable])
    numbers = {name: np.asarray(scene.columns(name), dtype=np.float64) for name in slopes}
    owners = {name: owners_of(plan.model.layout, made.which) for name, made in slopes.items()}
    for here in views(plan.model, scene.design, scene.offset, scenes):
        with np.errstate(all="ignore"):
            yield here, [_part(key, here, slopes, owners, numbers) for key in plan.keys]


def _part(
    key: Any,
    here: Views,
    slopes: Mapping[str, Derivative],
    owners: Mapping[str, Owners],
    numbers: Mapping[str, Array],
) -> Part:
    if not isinstance(key, Task):
        return prediction(here[key])
    if key.variable is not None:
        name, made = key.variable, slopes[key.variable]
        offset = None if made.offset is None else made.offset[here.rows]
        turn = Columns(False, estimable(turning(made, here), made.which, here.model), owners[name])
        return slope(here[()], turn, offset, key.kind, numbers[name][here.rows])
    assert key.comparison is not None
    assert key.lo is not None
    return compared(key.comparison, here[key.hi], here[key.lo])


def estimable(turn: Array, which: Array, model: Model) -> Array:
    """NaN for rows whose derivatives need a combination of the columns that the data never had."""
    if model.null_space is None:
        return turn
    reach = np.linalg.norm(model.null_space[which].T @ turn, axis=0)
    lost = ~(reach < ESTIMABLE * np.maximum(np.linalg.norm(turn, axis=0), np.finfo(float).tiny))
    return np.where(lost, np.nan, turn) if lost.any() else turn


def turning(made: Derivative, here: Views) -> Array:
    """(q, c): the derivatives of the columns of the design, those that are not 0."""
    if len(made.parts) == 1:
        return here.columns(made.parts[0][0])
    rest = np.zeros((len(made.which), here.count))
    for design, own in made.parts:
        rest[np.searchsorted(made.which, own)] += here.columns(design)
    return rest
