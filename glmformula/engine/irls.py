"""Iteratively reweighted least squares over row blocks: R's iterates, any source."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from operator import add
from typing import Any

import numpy as np

from ..errors import ConvergenceWarning, DataError, FitError, give_warning
from ..families import Family, gaussian
from ..families.link import EPS, quiet
from ..runtime.tasks import one_team
from ..sources.base import Source
from ..sources.mapped import select_terms
from .bordered import WIDE, BorderedSolution, solved, some_relations
from .columns import longest_move
from .edges import eta_interval, near_an_end
from .gram import Tables
from .levels import Carried, by_levels
from .mending import FEW_ROWS, Lost, Path, cost_of_mean, inside, kept_inside, strayed, valid_start
from .notes import HIDDEN, INACCURATE, INACCURATE_WIDE, NOWHERE, extreme_fits, seven_digits
from .passes import Sums, Task, count_rows, merge, run
from .refine import refined
from .result import Control, GlmFit
from .solve import IllConditioned, Solution, solve_qr

# n p^2 below which QR costs nothing worth saving, and rows below which its passes are short.
SMALL_PROBLEM, SMALL_ROWS = 1e7, 2e5
# R's tolerance min(1e-7, epsilon / 1000) with a floor: below it the rounding of the QR itself counts as rank.
SMALLEST_TOLERANCE = 1e-14
# Two steps in a row that promise so little (relative to the deviance: 1e-10 standard errors or so) have
# converged, however small epsilon is: what the deviance changes then, if little, is rounding.
NEGLIGIBLE, LITTLE = 1e-20, 1e-6
# A relative rise in deviance below this is rounding, however small epsilon is.
SMALLEST_RISE = 1e-10
# Of the largest part of an eta: its rounding.
BLUR = 4 * EPS
# What a last step may have promised, of the deviance that is left or of the responses' scale; what of that is nothing.
SETTLED, SETTLED_OF_SCALE, PERFECT = 1e-4, 1e-11, 1e-10
# What responses cost beside which the 0.1 of R's rule hides all changes: they are in tiny (or huge) units.
SMALL_COST = 1e-3
METHODS = ("auto", "qr", "cholesky")


@one_team()
def fit_glm(
    source: Source,
    family: Family,
    *,
    names: tuple[str, ...],
    intercept: bool,
    control: Control | None = None,
    start: np.ndarray | None = None,
    method: str = "auto",
) -> GlmFit:
    """Fit a generalized linear model by Fisher scoring (McCullagh and Nelder 1989, section 2.5).

    Parameters
    ----------
    source : Source
        Row blocks; their designs have `len(names)` columns, the first of them ones where `intercept`.
    family : Family
    names : tuple of str
        Column names, for messages.
    intercept : bool
        Whether the null model has an intercept.
    control : Control, optional
    start : ndarray (p,), optional
        Starting coefficients; the blocks' `etastart` takes precedence, as in R.
    method : {'auto', 'qr', 'cholesky'}
        'qr': a QR factor of each block, merged: R's accuracy and R's rule for aliased columns. 'cholesky':
        Gram matrices. 'auto': QR for small problems; Gram matrices for large ones as long as they carry
        enough digits, else the fit starts again with QR.

    Returns
    -------
    GlmFit

    Raises
    ------
    FitError
        No valid start, no informative row, or no way back into the valid region.
    DataError
        `start` has the wrong length.

    Notes
    -----
    Starting values, convergence rule, iteration count and warnings of R's ``glm.fit``, and standard errors
    from the last *solved* X'WX as there. Differences: where the first step leaves the valid region and R
    gives up, the step is halved towards a line that is valid; iterations that end above a deviance they had
    passed, or fail after the deviance rose, are run again with step-halving (Marschner 2011, R's package
    glm2).
    """
    if method not in METHODS:
        raise ValueError(f"method should be one of {', '.join(map(repr, METHODS))}; got {method!r}")
    p = len(names)
    if start is not None:
        start = np.asarray(start, dtype=np.float64)
        if start.shape != (p,):
            quoted = ", ".join(f'"{name}"' for name in names)
            raise DataError(
                f"length of 'start' should equal {p} and correspond to initial coefs for c({quoted}); "
                f"got {start.size} values"
            )
    small = method == "auto" and p > 0 and is_small(source, p)
    way = "qr" if method == "qr" or small or p == 0 else "gram"
    problem = Problem(source, family, p, intercept, control or Control(), way, strict=method == "auto")
    try:
        try:
            path = problem.best_path(start)
        except IllConditioned:
            problem = replace(problem, way="qr")
            path = problem.best_path(start)
    except Lost as lost:
        raise FitError(str(lost)) from None
    fit, messages = problem.finished(problem.refined(path))
    for message in messages:
        give_warning(message, ConvergenceWarning, stacklevel=4)
    return fit


def is_small(source: Source, p: int) -> bool:
    n = getattr(source, "nrows", None)
    if n is None:
        n = source.map_reduce(count_rows, add)
    return bool(n * p * p < SMALL_PROBLEM and n < SMALL_ROWS)


# What a pass over patterns finds out; the rest of its sums is known from the rows.
BY_MEANS = ("valid", "informative", "fault", "solve", "lengths")


def finite(at: Sums) -> bool:
    return bool(np.isfinite(at.deviance))


def usable(at: Sums) -> bool:
    return at.usable


def not_above(deviance: float, at: Sums) -> bool:
    return at.deviance <= deviance


# R's two reasons to halve a step, in its order and words.
RETREATS = (
    (finite, "step size truncated due to divergence", "inner loop 1; cannot correct step size"),
    (usable, "step size truncated: out of bounds", "inner loop 2; cannot correct step size"),
)


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
        return max(SMALLEST_TOLERANCE, min(1e-7, self.control.epsilon / 1000))

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
        )
        by_rows = beta is None or report or pearson or dispersion is not None
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

    @quiet
    def step(
        self, at: Sums, beta: np.ndarray, solved_at: np.ndarray | None, before: Solution | None
    ) -> Solution:
        """The next iterate; weights may vanish, or have no bound."""
        if not isinstance(at.solve, Tables):
            assert at.solve is not None
            return solve_qr(at.solve, beta, self.tolerance)
        if isinstance(before, Carried):
            return by_levels(self, at.solve, beta, before)
        try:
            solution = solved(at.solve, beta, self.strict, before)
        except IllConditioned:
            return by_levels(self, at.solve, beta, before)
        if solution.rank == self.p:
            return solution
        if before is not None and before.rank == solution.rank and (before.pivot == solution.pivot).all():
            return replace(solution, inaccurate=solution.inaccurate or before.inaccurate)
        return self.checked(solution, solved_at)

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

    def best_path(self, start: np.ndarray | None) -> Path:
        """R's iterations; the constrained optimum where they end at the edge of the means, or nowhere."""
        if self.p == 0:
            return self.empty_path()
        path: Path | None = None
        failure: Lost | None = None
        try:
            path = self.iterated(start)
        except Lost as lost:
            failure = lost
        path = path and self.reported(path)
        searched = self.null_of is None and (path is None or self.p <= WIDE)
        if searched and (path is None or strayed(self, path, eta_interval(self.family))):
            return self.mended(path, failure)
        if path is None:
            raise failure or Lost("no path")
        return path

    def reported(self, path: Path) -> Path:
        """The path with the sums of a finished fit."""
        if path.at.reported or self.null_of is not None:
            return path
        return replace(path, at=self.at(path.beta, **self.last_pass(path.at)))

    def mended(self, path: Path | None, failure: Lost | None) -> Path:
        """The constrained optimum, or the path that was not it."""
        path = inside(self, eta_interval(self.family), path)
        path = path and kept_inside(self, path)
        if path is None:
            failure = failure or Lost("the working weights vanish on the way")
            raise Lost(f"{failure}{'' if 'no valid set' in str(failure) else NOWHERE}")
        return path

    def refined(self, path: Path) -> Path:
        """A small least-squares fit with the digits that QR lost."""
        plain = self.family.name == "gaussian" and self.family.link.name == "identity"
        if not plain or self.way != "qr" or not path.converged:
            return path
        beta = refined(self.source, path.solution, path.beta, path.at.rows)
        at = path.at if beta is None else self.at(beta, **self.last_pass(path.at))
        return path if beta is None or not at.usable else replace(path, beta=beta, at=at)

    def unweighted(self) -> Solution:
        """What the rows tell apart as their prior weights have them: working weights may vanish."""
        return replace(self, family=gaussian(), way="qr", first=None).solution_at(np.zeros(self.p))

    def solution_at(self, beta: np.ndarray) -> Solution:
        return self.step(self.at(beta, solve=True), beta, beta, None)

    def iterated(self, start: np.ndarray | None) -> Path:
        """R's iterations; run again with step-halving where a rising deviance led them astray."""
        first: Path | None = None
        try:
            first = self.iterate(start)
            scale = self.control.epsilon * (abs(first.lowest) + 0.1)
            if (
                not first.rose
                or first.boundary
                or (first.converged and first.at.deviance <= first.lowest + scale)
            ):
                return first
        except Lost as lost:
            if not lost.rose:
                raise
            error = lost
        try:
            second = self.iterate(start, guarded=True)
        except Lost:
            if first is None:
                raise error from None
            return first
        if first is None:
            return second
        path = first if first.at.deviance <= second.at.deviance else second
        low = first if first.lowest < second.lowest else second
        return replace(path, lowest=low.lowest, lowest_at=low.lowest_at)

    def iterate(self, start: np.ndarray | None, guarded: bool = False) -> Path:
        """Fisher scoring with R's rules; `guarded` also halves steps that raise the deviance."""
        at = self.at(start, solve=True, collect=True)
        if start is not None and at.has_etastart:
            start, at = None, self.at(None, solve=True, collect=True)
        return replace(self, first=at).iterate_from(start, at, guarded)

    def iterate_from(self, start: np.ndarray | None, at: Sums, guarded: bool) -> Path:
        epsilon, maxit = self.control.epsilon, self.control.maxit
        last = self.last_pass(at)
        if at.n_ok == 0:
            raise FitError(
                f"no observations informative at iteration 1: there are {at.rows} rows, {at.n_ok} of them "
                "with a non-zero prior weight"
            )
        beta, back = (np.zeros(self.p), None) if start is None else (start, start)
        own_start = False
        if not at.usable:
            if start is not None or at.has_start:  # the user's to mend
                raise FitError("cannot find valid starting values: please specify some")
            beta, at = valid_start(self, at, solve=True)
            back, own_start = beta, True
        previous = lowest = at.deviance
        lowest_at = back
        # R's 0.1, less where that is more than all responses cost
        apart = min(0.1, cost_of_mean(self.family, at))
        promised = np.inf
        messages: list[str] = []
        solution: Solution | None = None
        solved_at: np.ndarray | None = None
        rose = converged = boundary = False
        iteration = rank = 0
        for iteration in range(1, maxit + 1):
            if at.solve is None:
                at = self.at(beta, solve=True)
            if at.fault:
                raise Lost(at.fault, rose)
            if at.informative == 0:
                messages.append(f"no observations informative at iteration {iteration}")
                break
            step = self.step(at, beta, back, solution)
            if not np.isfinite(step.beta).all():
                messages.append(f"non-finite coefficients at iteration {iteration}")
                break
            solution, solved_at = step, back
            rank = max(rank, step.rank)
            promise = step.decrease / (abs(previous) + apart)
            beta = step.beta
            at = (
                self.at(beta, solve=True)
                if promise > epsilon and iteration < maxit
                else self.at(beta, **last)
            )
            self.trace("Deviance = {} Iterations - {}", at, iteration)
            boundary = False
            for good, why, hopeless in RETREATS:
                if not good(at):
                    if back is None:
                        back, _ = valid_start(self, at, solve=False)
                    messages.append(why)
                    beta, at = self.halved(beta, back, good)
                    if not good(at):
                        raise Lost(hopeless, rose)
                    boundary = True
            change = (at.deviance - previous) / (abs(at.deviance) + 0.1)
            if (
                back is not None
                and change >= max(epsilon, SMALLEST_RISE)
                and not self.rounding(change, beta, at)
            ):
                rose = True
                if guarded:
                    messages.append("step size truncated due to increasing deviance")
                    beta, at = self.halved(beta, back, partial(not_above, previous))
                    if not at.deviance <= previous:
                        beta, at = back, self.at(back)
                    change = (at.deviance - previous) / (abs(at.deviance) + 0.1)
            if back is None or at.deviance < lowest:
                lowest, lowest_at = at.deviance, beta
            still = abs(change) < epsilon and self.settled(
                step.decrease if back is not None else None, previous, at
            )
            if still or (abs(change) < LITTLE and max(promise, promised) < NEGLIGIBLE):
                converged = True
                break
            promised = promise
            previous, back = at.deviance, beta
        if solution is None:
            raise Lost(
                f"{messages[0]}: please supply starting values" if messages else "maxit should be at least 1"
            )
        if self.way == "gram" and solution.rank < self.p and iteration > 1:  # rows weighed otherwise at first
            solution = self.checked(solution, solved_at)
        return Path(
            beta,
            at,
            solution,
            solved_at,
            iteration,
            converged,
            boundary,
            lowest,
            rose,
            tuple(messages),
            own_start,
            lost_rank=solution.rank < rank or bool(beta[solution.dropped].any()),
            promised=solution.decrease / (abs(previous) + 0.1),
            lowest_at=lowest_at,
        )

    def rounding(self, change: float, beta: np.ndarray, at: Sums) -> bool:
        """Whether the rounding of eta, whose parts may be large, makes so little a difference to the deviance."""
        if change >= LITTLE or self.null_of is not None:
            return False
        blur = BLUR * self.source.map_reduce(partial(longest_move, beta), max)
        return change * (abs(at.deviance) + 0.1) <= 2 * np.sqrt(max(at.deviance, 0.0)) * blur

    def settled(self, decrease: float | None, previous: float, at: Sums) -> bool:
        """Whether R's rule, relative to the deviance plus 0.1, means anything where all deviances are far below 0.1.

        `decrease` is what the last step promised, None for the first from the start values; `previous` the deviance
        before it.
        """
        usual = cost_of_mean(self.family, at) >= SMALL_COST
        if at.deviance == 0 or (self.family.fixed_dispersion is not None and usual):
            return True
        level = at.deviance - previous <= LITTLE * at.deviance
        share = SETTLED if usual else self.control.epsilon
        if decrease is not None and decrease <= share * at.deviance and level:
            return True
        scale = self.scale(at)
        return not (
            at.deviance > PERFECT * scale if decrease is None else decrease > SETTLED_OF_SCALE * scale
        )

    def scale(self, at: Sums) -> float:
        """The deviance of the mean response, and what means would cost that are wrong by as much as that."""
        mean = at.weighted_y / at.weight_sum
        return self.at(np.zeros(self.p), report="mean", null_mu=mean).null_deviance + cost_of_mean(self.family, at)

    def nothing_beside(self, at: Sums) -> float:
        """R's 0.1, which the rule adds to a deviance; less where that is more than all responses cost."""
        if self.family.fixed_dispersion is not None and cost_of_mean(self.family, at) >= SMALL_COST:
            return 0.1
        scale = self.scale(at)
        return min(0.1, scale) if scale > 0 else 0.1

    def halved(
        self, beta: np.ndarray, back: np.ndarray, good: Callable[[Sums], bool]
    ) -> tuple[np.ndarray, Sums]:
        """Half way back to `back`, again and again, until the pass is good or `maxit` halvings are done."""
        for _ in range(max(1, self.control.maxit)):
            beta = (beta + back) / 2
            at = self.at(beta)
            if good(at):
                break
        self.trace("Step halved: new deviance = {}", at)
        return beta, at

    def trace(self, text: str, at: Sums, *more: object) -> None:
        if self.control.trace and self.null_of is None:
            print(text.format(seven_digits(at.deviance), *more))

    def empty_path(self) -> Path:
        """No columns: R's answer has 0 iterations and is 'at the boundary'."""
        nothing = np.empty(0)
        at = self.at(nothing)
        if not at.usable:
            raise FitError(
                "invalid linear predictor values in empty model: the model has no column, so the offset "
                "alone gives the fitted values; supply a valid offset or add columns"
            )
        solution = Solution(nothing, np.empty(0, int), 0, np.empty((0, 0)), nothing, 0.0, np.empty((0, 0)))
        return Path(nothing, at, solution, nothing, 0, True, True, at.deviance, False)

    def finished(self, path: Path) -> tuple[GlmFit, list[str]]:
        """The record of a fit, and its warnings in R's order."""
        path = self.reported(path)
        family, at, solution = self.family, path.at, path.solution
        messages = list(path.messages)
        if self.p:
            if not path.converged:
                messages.append("glm.fit: algorithm did not converge")
            if path.boundary:
                messages.append("glm.fit: algorithm stopped at boundary value")
            if solution.inaccurate:
                messages.append(INACCURATE if self.p <= WIDE else INACCURATE_WIDE)
            few = at.rows < FEW_ROWS and self.p <= WIDE
            if 0 < solution.rank < self.p and few and self.unweighted().rank > solution.rank:
                messages.append(HIDDEN)
        more = at
        if family.fixed_dispersion is None:
            dispersion = family.loglik_dispersion(at.deviance, at.weight_sum, at.rows)
            more = self.at(path.beta, dispersion=dispersion, pearson=True, solved_at=path.solved_at)
        if self.p:
            messages += extreme_fits(family, at.mu_range)
        null_deviance = at.null_deviance
        if self.intercept and at.has_offset:
            null_deviance, warned = self.null_with_offset(path.beta, at)
            messages += warned
        coefficients = path.beta.copy()
        coefficients[solution.pivot[solution.rank :]] = np.nan
        fit = GlmFit(
            coefficients=coefficients,
            cov_unscaled=solution.cov_unscaled(),
            null_space=solution.relations.T,
            pivot=solution.pivot,
            rank=solution.rank,
            deviance=at.deviance,
            null_deviance=null_deviance,
            pearson=more.pearson if family.fixed_dispersion is None else np.nan,
            minus2_loglik=more.minus2_loglik if family.has_likelihood else np.nan,
            nobs=at.rows,
            n_ok=at.n_ok,
            weight_sum=at.weight_sum,
            iter=path.iter,
            converged=path.converged,
            boundary=path.boundary,
            method="cholesky" if self.way == "gram" else "qr",
            solved_at=path.solved_at,
            near_end=bool(self.p) and self.near_end(path, at),
            runaway=path.runaway,
        )
        return fit, messages

    def near_end(self, path: Path, at: Sums) -> bool:
        """Whether separation is not excluded by what the iterations know."""
        if not path.converged or path.boundary or path.own_start or path.lost_rank:
            return True
        return near_an_end(self.family, at.mu_range, path.solution.decrease, at.least_weight)

    def null_with_offset(self, beta: np.ndarray, at: Sums) -> tuple[float, list[str]]:
        """Deviance of the intercept with the offset: of R's ``glm``, which refits from the fitted values.

        A fit from where the mean offset leaves the mean response (the answer itself for the log and the
        identity link) comes first: it needs fewer passes, and none over the columns.
        """
        null = replace(self, p=1, null_of=beta, way="gram", strict=False)
        alone = replace(null, source=select_terms(self.source, frozenset({0})), null_of=None)
        ends = eta_interval(self.family)
        means = np.array([at.weighted_y, at.weighted_offset_mu]) / at.weight_sum
        with np.errstate(all="ignore"):
            near = np.subtract(*self.family.link.linkfun(means))
        path: Path | None = None
        for start in (np.array([near]), None) if np.isfinite(near) else (None,):
            with suppress(FitError):
                path = null.best_path(start)
                if path.converged and not strayed(alone, path, ends):
                    return path.at.deviance, []
        try:
            if path is None or strayed(alone, path, ends):
                path = alone.mended(path, None)
        except FitError as error:
            return np.nan, [f"fitting to calculate the null deviance failed: {error}"]
        if path.converged:
            return path.at.deviance, []
        return path.at.deviance, [
            "fitting to calculate the null deviance did not converge -- increase 'maxit'?"
        ]
