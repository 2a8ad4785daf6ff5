"""The problem of a fit, and its passes over the rows: what stays the same from iteration to iteration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from operator import add
from typing import Any

import numpy as np

from ..families import Family
from ..sources.base import Source
from .bordered import WIDE, BorderedSolution, some_relations
from .passes import RowFunction, Sums, Task, count_rows, merge, run
from .result import Control
from .solve import IllConditioned, Solution

# A fit is small where n p^2 and n are below these: QR then costs nothing worth saving, and its passes are short.
SMALL_PROBLEM, SMALL_ROWS = 1e7, 2e5
# R's tolerance min(1e-7, epsilon / 1000) has this floor: below it the rounding of the QR itself counts as rank.
SMALLEST_TOLERANCE = 1e-14
# Where the responses cost less than this, all deviances are so small that the 0.1 of R's rule hides every change:
# the responses are in tiny (or huge) units.
SMALL_COST = 1e-3
# What a pass over patterns finds out; the rest of its sums is known from the rows.
BY_MEANS = ("valid", "informative", "fault", "solve", "lengths")


@dataclass(frozen=True, slots=True)
class Problem:
    """What stays the same from pass to pass.

    `way` is 'qr' or 'gram', `null_of` as in `Task`; `first` is a pass that found few covariate patterns: they
    stand for the rows wherever what is asked for depends on the rows' means alone; `apart` is what a deviance must
    differ by to be another, times epsilon, where it is 0.
    """

    source: Source
    family: Family
    p: int
    intercept: bool
    control: Control
    way: str
    strict: bool = False
    null_of: np.ndarray | None = None
    first: Sums | None = None
    apart: float = 0.1

    @property
    def tolerance(self) -> float:
        """The share of its length below which what is left of a column is nothing."""
        given = self.control.tolerance
        return max(SMALLEST_TOLERANCE, min(1e-7, self.control.epsilon / 1000) if given is None else given)

    def at(
        self,
        beta: np.ndarray | None,
        solve: bool = False,
        report: str = "",
        null_mu: float = 0.0,
        dispersion: float | None = None,
        relations: np.ndarray | None = None,
        pearson: bool = False,
        solved_at: np.ndarray | None = None,
        collect: bool = False,
        rows: RowFunction | None = None,
    ) -> Sums:
        """One pass over the rows, or over their patterns."""
        way = self.way if solve else None
        task = Task(
            self.family,
            beta,
            way,
            relations,
            report,
            null_mu,
            dispersion,
            self.null_of,
            pearson,
            solved_at,
            collect,
            rows,
        )
        by_rows = beta is None or report or pearson or dispersion is not None or rows is not None
        if by_rows or self.first is None or self.first.patterns is None:
            return self.source.map_reduce(partial(run, task), merge)
        patterns = self.first.patterns
        sums = patterns.source.map_reduce(partial(run, replace(task, null_of=None)), merge)
        return replace(
            self.first,
            **{name: getattr(sums, name) for name in BY_MEANS},
            deviance=sums.deviance + patterns.within,
        )

    def last_pass(self, at: Sums) -> dict[str, Any]:
        """What a pass that may be the last computes besides the deviance."""
        if self.null_of is not None:
            return {}
        null = "offset" if not self.intercept else "fit" if at.has_offset else "mean"
        mean = at.weighted_y / at.weight_sum if at.weight_sum else np.nan
        return {"report": null, "null_mu": mean, "dispersion": self.family.fixed_dispersion}

    def checked(self, solution: Solution, solved_at: np.ndarray | None) -> Solution:
        """The solution, if what it drops vanishes as the rows weigh there (R's rule); else marked, or refused."""
        relations, own = some_relations(solution)
        if not len(own):
            return solution
        both = np.concatenate([relations, own])
        lengths = self.at(solved_at, relations=both).lengths
        assert lengths is not None
        left, whole = np.split(lengths, [len(relations)])
        if not (left > self.tolerance**2 * whole).any():
            return solution
        if self.strict and not (self.p > WIDE and isinstance(solution, BorderedSolution)):
            raise IllConditioned
        return replace(solution, inaccurate=True)

    def usual(self, at: Sums) -> bool:
        """Whether the responses are in units in which R's 0.1 is little beside a deviance that matters."""
        return cost_of_mean(self.family, at) >= SMALL_COST

    def scale(self, at: Sums) -> float:
        """The deviance of the mean response, and what means would cost that are wrong by as much as that."""
        mean = at.weighted_y / at.weight_sum
        return self.at(np.zeros(self.p), report="mean", null_mu=mean).null_deviance + cost_of_mean(
            self.family, at
        )

    def nothing_beside(self, at: Sums) -> float:
        """R's 0.1, which the rule adds to a deviance; less where that is more than all responses cost."""
        if self.family.fixed_dispersion is not None and self.usual(at):
            return 0.1
        scale = self.scale(at)
        return min(0.1, scale) if scale > 0 else 0.1


def cost_of_mean(family: Family, at: Sums) -> float:
    """What means would cost that are wrong by as much as the mean response; 0.1 where that is no number."""
    with np.errstate(all="ignore"):
        mean = np.array([at.weighted_y]) / at.weight_sum
        cost = float(at.weight_sum * (mean * (mean / family.variance(mean)))[0])
    return cost if 0.0 < cost < np.inf else 0.1


def is_small(source: Source, p: int) -> bool:
    """Whether a fit of p columns to these rows takes so little time that QR costs nothing worth saving."""
    n = getattr(source, "nrows", None)
    if n is None:
        n = source.map_reduce(count_rows, add)
    return bool(n * p * p < SMALL_PROBLEM and n < SMALL_ROWS)
