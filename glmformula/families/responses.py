"""What each family asks of its response, in R's sentences, and where IRLS starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np

from ..errors import DataWarning, FamilyError, give_warning
from .likelihoods import is_count
from .link import Array, Mask, quiet

Labels = Sequence[object] | None
# R's tolerance for "non-integer #successes"
BINOMIAL_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Found:
    """Rows that a check found fault with; those of two blocks add up.

    Attributes
    ----------
    sentence, remedy : str
    count, total : int
        How many rows, and of how many.
    shown : tuple of str
        The first of them: "5 (-0.5)".
    place : str
        What the numbers in `shown` are: "row" or "position".
    fatal : bool
        An error, else a warning.
    """

    sentence: str
    remedy: str
    count: int
    total: int
    shown: tuple[str, ...]
    place: str
    fatal: bool

    @property
    def text(self) -> str:
        """'negative values ...: 3 of 40 values, at rows 2 (-1), 5 (-0.5), ... What to do.'"""
        if not self.shown:
            return self.sentence
        plural = "" if self.count == 1 else "s"
        more = ", ..." if self.count > len(self.shown) else ""
        where = f"at {self.place}{plural} {', '.join(self.shown)}{more}"
        return f"{self.sentence}: {self.count} of {self.total} values, {where}. {self.remedy}"


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check says of some rows."""

    rows: int
    problems: tuple[Found, ...] = ()

    def plus(self, other: Findings) -> Findings:
        """Of these rows followed by the other's."""
        first = {(p.fatal, p.remedy): p for p in self.problems}
        for p in other.problems:
            before = first.setdefault((p.fatal, p.remedy), p)
            if before is not p:
                shown = (*before.shown, *p.shown)[:ROWS_SHOWN]
                first[p.fatal, p.remedy] = replace(before, count=before.count + p.count, shown=shown)
        return Findings(self.rows + other.rows, tuple(first.values()))

    def report(self) -> None:
        """The error, or the warnings, that all rows together give."""
        for problem in self.problems:
            text = replace(problem, total=self.rows).text
            if problem.fatal:
                raise FamilyError(text)
            give_warning(text, DataWarning)


ROWS_SHOWN = 3
_collecting: ContextVar[list[Found] | None] = ContextVar("collecting", default=None)


def findings(
    check: Callable[..., None], y: Array, prior_weights: Array | None, trials: Array | None, labels: Labels
) -> Findings:
    """What a family's ``check_response`` has against some rows, neither raised nor warned."""
    problems: list[Found] = []
    token = _collecting.set(problems)
    try:
        check(y, prior_weights, trials, labels)
    except FamilyError as error:
        problems.append(getattr(error, "found", None) or Found(str(error), str(error), 0, 0, (), "", True))
    finally:
        _collecting.reset(token)
    return Findings(len(y), tuple(problems))


def _found(sentence: str, bad: Mask, values: Array, labels: Labels, remedy: str, fatal: bool) -> Found:
    rows = np.flatnonzero(bad)
    shown = tuple(f"{row if labels is None else labels[row]} ({values[row]:g})" for row in rows[:ROWS_SHOWN])
    place = "position" if labels is None else "row"
    return Found(sentence, remedy, rows.size, np.size(values), shown, place, fatal)


def refuse(sentence: str, bad: Mask, values: Array, labels: Labels, remedy: str) -> NoReturn:
    found = _found(sentence, bad, values, labels, remedy, True)
    error: Any = FamilyError(found.text)
    error.found = found
    raise error


def warn(sentence: str, bad: Mask, values: Array, labels: Labels, remedy: str) -> None:
    found = _found(sentence, bad, values, labels, remedy, False)
    if (problems := _collecting.get()) is not None:
        problems.append(found)
    else:
        give_warning(found.text, DataWarning)


@quiet
def check_binomial(
    quasi: bool,
    y: Array,
    prior_weights: Array | None = None,
    trials: Array | None = None,
    labels: Labels = None,
) -> None:
    """Proportions in [0, 1]; for the binomial proper, whole numbers of successes."""
    y = np.asarray(y, dtype=np.float64)
    if prior_weights is None and trials is None and np.equal(y, y == 1.0).all():
        return
    outside = (y < 0.0) | (y > 1.0)
    if prior_weights is not None:
        outside &= np.asarray(prior_weights) != 0.0
    if np.any(outside):
        refuse(
            "y values must be 0 <= y <= 1",
            outside,
            y,
            labels,
            "Give counts as cbind(successes, failures), or the proportion with weights= the number of trials",
        )
    if quasi:
        return
    totals = trials if trials is not None else prior_weights
    successes = y if totals is None else y * totals
    broken = np.abs(successes - np.rint(successes)) > BINOMIAL_TOLERANCE
    if trials is not None:
        broken |= np.abs(trials - np.rint(trials)) > BINOMIAL_TOLERANCE
    if np.any(broken):
        what = "non-integer #successes" if trials is None else "non-integer counts"
        warn(
            f"{what} in a binomial glm!",
            broken,
            successes,
            labels,
            "For proportions give weights= the number of trials; quasibinomial() asks for no whole numbers",
        )


@quiet
def check_counts(
    family: str,
    whole: bool,
    y: Array,
    prior_weights: Array | None = None,
    trials: Array | None = None,
    labels: Labels = None,
) -> None:
    """No negative values; where `whole`, a warning for values that are no integers."""
    y = np.asarray(y, dtype=np.float64)
    if np.any(y < 0.0):
        refuse(
            f"negative values not allowed for the {family} family",
            y < 0.0,
            y,
            labels,
            "Counts are 0, 1, 2, ...; remove or correct these rows, or choose another family",
        )
    broken = ~is_count(y) & np.isfinite(y) if whole else None
    if broken is not None and np.any(broken):
        first = float(y[np.flatnonzero(broken)[0]])
        warn(
            f"non-integer x = {first:.6f}",
            broken,
            y,
            labels,
            "A Poisson likelihood needs counts, so the AIC will be infinite; quasipoisson() gives the same"
            " coefficients, and for rates use the counts with offset(log(exposure))",
        )


@quiet
def check_whole_counts(
    y: Array,
    prior_weights: Array | None = None,
    trials: Array | None = None,
    labels: Labels = None,
) -> None:
    """Counts, for a distribution that is estimated from them: a warning for values that are no integers."""
    check_counts("negative binomial", False, y, prior_weights, trials, labels)
    y = np.asarray(y, dtype=np.float64)
    broken = ~is_count(y) & np.isfinite(y)
    if np.any(broken):
        first = float(y[np.flatnonzero(broken)[0]])
        warn(
            f"non-integer x = {first:.6f}",
            broken,
            y,
            labels,
            "A negative binomial is a distribution of counts: theta and the log-likelihood mean little; for rates use"
            " the counts with offset(log(exposure))",
        )


@quiet
def check_positive(
    sentence: str,
    y: Array,
    prior_weights: Array | None = None,
    trials: Array | None = None,
    labels: Labels = None,
) -> None:
    """Every value above zero."""
    y = np.asarray(y, dtype=np.float64)
    if np.any(y <= 0.0):
        refuse(
            sentence,
            y <= 0.0,
            y,
            labels,
            "Remove these rows, or use a family that allows them (gaussian, tweedie)",
        )


@quiet
def check_inside(
    variance: str,
    ends: tuple[float, float],
    y: Array,
    prior_weights: Array | None = None,
    trials: Array | None = None,
    labels: Labels = None,
) -> None:
    """No value that lies beyond the means of a quasi family: its deviance, in R NaN, has no meaning there."""
    y = np.asarray(y, dtype=np.float64)
    outside = (y < ends[0]) | (y > ends[1])
    if np.any(outside):
        what = "y values must be 0 <= y <= 1" if np.isfinite(ends[1]) else "negative values not allowed"
        refuse(
            f"{what} for the quasi family with variance {variance}",
            outside,
            y,
            labels,
            'Remove or correct these rows, or use variance="constant"',
        )


@quiet
def start_binomial(y: Array, prior_weights: Array | None = None, trials: Array | None = None) -> Array:
    """(n y + 1/2) / (n + 1), n the trials or the prior weights."""
    n = 1.0 if prior_weights is None else prior_weights
    if trials is not None:
        n = trials
    elif prior_weights is not None:
        y = np.where(prior_weights == 0.0, 0.0, y)
    return (n * y + 0.5) / (n + 1.0)


def start_plus_tenth(y: Array, prior_weights: Array | None = None, trials: Array | None = None) -> Array:
    return y + 0.1


def start_zeros_moved(
    by: float, y: Array, prior_weights: Array | None = None, trials: Array | None = None
) -> Array:
    """y, with `by` in place of zeros."""
    return np.where(y == 0.0, by, y)


def start_inside(y: Array, prior_weights: Array | None = None, trials: Array | None = None) -> Array:
    """y held between 0.001 and 0.999."""
    return np.clip(y, 0.001, 0.999)
