"""Thresholds by which several modules of the engine judge, each in one place, with its scale and its reason."""

from __future__ import annotations

from dataclasses import dataclass

# A direction of the columns has no effect on the rows where its effect (a singular value of the columns, scaled to
# entries of at most 1) is below this share of the largest: linear programmes, whose tolerances are absolute, cannot
# tell such a direction from rounding.
RANK = 1e-11
# A mean, or an eta, is at the edge of its range where its distance from the end is below this share of the distance
# that the mean response has: iterations that are held at an end stop there, others a million times farther off.
EDGE = 1e-6
# Up to so many rows the deviance is searched for further minima (more starts, curvatures): it costs a fit or two.
FEW_ROWS = 10_000

# What a row that runs away has left to go is its next step, or nearly; of an ordinary row next to nothing.
RUNAWAY = 0.1


@dataclass(frozen=True, slots=True)
class Promises:
    """What the last step promised: its decrement, score' step, as a share of the deviance that was left.

    Attributes
    ----------
    little : float
        A step that promises less and cannot be taken, because rows are at the wall, is an end.
    settled : float
        R's rule compares two deviances, which may be alike by chance: it is believed where the last step promised less.
    unsettled : float
        More than that, and neither R's iterations nor Newton's method ended at an optimum.
    left : float
        More than that is left for another step where quadratic convergence should have left nothing: Newton's method,
        or R's iterations after a rise.
    nothing : float
        A step that promises less need not lower the merit, which has not the digits to show it.
    visible : float
        Below this, the rounding of the deviance itself.
    """

    little: float = 1e-3
    settled: float = 1e-4
    unsettled: float = 1e-5
    left: float = 1e-7
    nothing: float = 1e-8
    visible: float = 1e-14


@dataclass(frozen=True, slots=True)
class Moves:
    """How far a step takes the eta of some row, as a share of 1 + |eta|.

    Attributes
    ----------
    stride : float
        A last step above this (of that, or of the distance from the ends of eta) did not end at an optimum: a quadratic
        that is right so far out is none.
    runaway : float
        A last step above this is on its way to infinity: Newton's steps near an optimum shrink far below it.
    out_of_sight : float
        So is a minimum so far from where the search began.
    """

    stride: float = 0.1
    runaway: float = 1e-2
    out_of_sight: float = 1e12


@dataclass(frozen=True, slots=True)
class BarrierSchedule:
    """The weight tau of the logarithmic barrier, as a share of a row's mean deviance.

    Attributes
    ----------
    first : float
        The barrier is then a tenth of the deviance: rows keep off the wall until the others have found their place.
    last : float
        An optimum on the wall is then found to 2e-10 of the deviance.
    shrink : float
        From `first` to `last` in four stages, each a few Newton steps from the one before.
    """

    first: float = 0.1
    last: float = 1e-10
    shrink: float = 0.003


PROMISES, MOVES, BARRIER = Promises(), Moves(), BarrierSchedule()
