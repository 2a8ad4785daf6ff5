"""Likelihoods of rows with several linear predictors: records of array functions, as a `Family` is for one.

A predictor is X beta + offset of one part of the formula, or a constant such as log(theta). All functions are
module-level ones (or partials of them): they are sent to workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from .family import Family
from .link import Array
from .responses import Labels

Etas = tuple[Array, ...]
"""Linear predictors: (m,) each, or of shape () where it is a constant."""


@dataclass(frozen=True, slots=True)
class RowSums:
    """What rows say at given linear predictors, per unit of prior weight.

    Attributes
    ----------
    loglik : ndarray (m,)
        Minus infinity, or NaN, where the predictors are not valid.
    score : tuple of ndarray (m,)
        Its derivative by each predictor.
    information : mapping of (k, l), k <= l, to ndarray (m,)
        Minus its second derivatives; those that are not there are 0.
    outer : ndarray (predictors, m) or None
        What the information is less than that by: products of these.
    """

    loglik: Array
    score: tuple[Array, ...]
    information: Mapping[tuple[int, int], Array]
    outer: Array | None = None


class Evaluate(Protocol):
    def __call__(self, y: Array, etas: Etas) -> RowSums: ...


@dataclass(frozen=True)
class Quantity:
    """Something that a model says of a row: a mean, a probability, or one for each of several columns.

    Attributes
    ----------
    value : callable, etas -> (m,) or (m, K)
    jacobian : callable, etas -> tuple of arrays like the value
        Derivatives by each predictor; 0.0 for one that does not matter. None of what is no number.
    columns : tuple of str
        Names of the K columns; empty for a single one.
    scale : {"identity", "log", "logit"}
        On which intervals are made.
    levels : tuple of str
        Where it is a category: these, and the value its place among them.
    """

    value: Callable[[Etas], Array]
    jacobian: Callable[[Etas], tuple[Array | float, ...]] | None
    columns: tuple[str, ...] = ()
    scale: str = "identity"
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class StartFit:
    """A generalized linear model whose coefficients are where the search begins, and which finds aliased columns.

    Attributes
    ----------
    part : int
        Whose columns it has.
    family : Family
    response : callable, (y, prior_weights) -> (y, prior_weights)
    epsilon : float
        When it ends: few digits are needed, Newton's method finds the others. Columns are aliased as in a `glm`
        with it: where a thousandth of it (1e-7 at most) is left of a column's length.
    """

    part: int
    family: Family
    response: Callable[[Array, Array | None], tuple[Array, Array | None]]
    epsilon: float = 1e-4


@dataclass(frozen=True)
class Share:
    """What a predictor has of its part of the formula.

    Attributes
    ----------
    terms : frozenset of int
        The terms whose columns it has, numbered as the design's `assign` (0: the first part's intercept).
    offset : bool
        Whether the part's offset is added to it.
    """

    terms: frozenset[int]
    offset: bool = True


@dataclass(frozen=True)
class Beginning:
    """Where a search begins that needs to know the response of all rows first.

    Attributes
    ----------
    tally : callable, (y, prior_weights) -> ndarray
        Of some rows; those of all rows add up.
    starts : callable, tally -> tuple of StartFit
        One for each part. A part without an intercept is given one, since constants stand for it.
    constants : callable, (tally, intercepts) -> ndarray
        `intercepts` are those of the fits at the start, one for each part.
    """

    tally: Callable[[Array, Array | None], Array]
    starts: Callable[[Array], tuple[StartFit, ...]]
    constants: Callable[[Array, tuple[float, ...]], Array]


@dataclass(frozen=True)
class Likelihood:
    """The row-wise likelihood of a model of several linear predictors.

    Attributes
    ----------
    name : str
    predictors : tuple of str
        What they are: "count", "zero", "Log(theta)" ...
    parts : tuple of int or None
        The part of the formula that each has the columns of; None for a constant.
    evaluate : callable, (y, etas) -> RowSums
    starts : tuple of StartFit
        One for each part; none where there is a `beginning`.
    reading : str
        How the response is read: "numbers" or "categories".
    check_response : callable, (y, prior_weights, trials, labels) -> None
    quantities : mapping of str to Quantity
        What `predict` can be asked for; the first is its default.
    constants : tuple of float
        Where the constants begin.
    longest : float
        What a constant moves at most in a step.
    mean, variance : callable, etas -> (m,), or None
        Of the response.
    draw : callable, (generator, etas) -> (m,), or None
        A response drawn at random.
    parameters : mapping
        What it was made with: numbers, texts, tuples of them.
    shares : mapping of int to Share
        The predictors that have not all of their part.
    beginning : Beginning or None
        In place of `starts` and `constants`.
    intercepts : tuple of float
        Where the predictors begin, their other coefficients 0, in place of the coefficients of `starts`.
    simplex : int or None
        Of a baseline-category logit the place of the reference among the categories: the information of every row is
        diag(P) - PP', and `RowSums.outer` has P.
    ordered : bool
        Of a cumulative link model: the constants are thresholds of its categories.
    levels : tuple of str
        The categories of the response, whose places what is drawn has.
    """

    name: str
    predictors: tuple[str, ...]
    parts: tuple[int | None, ...]
    evaluate: Evaluate
    starts: tuple[StartFit, ...]
    reading: str
    check_response: Callable[[Array, Array | None, Array | None, Labels], None]
    quantities: Mapping[str, Quantity] = field(hash=False)
    constants: tuple[float, ...] = ()
    mean: Callable[[Etas], Array] | None = None
    variance: Callable[[Etas], Array] | None = None
    draw: Callable[[np.random.Generator, Etas], Array] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    shares: Mapping[int, Share] = field(default_factory=dict, hash=False)
    beginning: Beginning | None = None
    intercepts: tuple[float, ...] = ()
    simplex: int | None = None
    ordered: bool = False
    levels: tuple[str, ...] = ()
    longest: float = np.inf

    @property
    def constant_names(self) -> tuple[str, ...]:
        """The predictors that are constants."""
        return tuple(name for name, part in zip(self.predictors, self.parts) if part is None)

    @property
    def is_binomial(self) -> bool:
        """Whether the response is two categories."""
        return False


class Levels(tuple[str, ...]):
    """The categories of a response: texts, which know how many rows have each.

    Attributes
    ----------
    kind : str
        What the response was: "factor", "numeric", "counts" ...
    totals : tuple of float
        The sum of the weights, or of the counts, of each.
    """

    kind: str
    totals: tuple[float, ...]

    def __new__(cls, levels: Iterable[str], kind: str, totals: Iterable[float]) -> Levels:
        self = super().__new__(cls, levels)
        self.kind, self.totals = kind, tuple(totals)
        return self


def anything(
    y: Array, prior_weights: Array | None = None, trials: Array | None = None, labels: Labels = None
) -> None:
    """A check of the response for which no single row is wrong."""
