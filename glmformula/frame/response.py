"""The left side of a formula: what kind of response it is, and as numbers for a family."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import DataError, DataWarning, give_warning
from ..formula.functions.convert import as_factor
from ..formula.values import Factor, Logical, Matrix, Text, Value

NUMBERS, BINOMIAL, CATEGORIES = "numbers", "binomial", "categories"


@dataclass(frozen=True)
class Response:
    """A response as the engine takes it.

    Attributes
    ----------
    y : ndarray of float64, (n,)
        For counts of successes and failures: the proportion of successes (0 where there was no trial). For
        categories the place of each row's among `levels`, or of counts the share of each, (n, levels).
    prior_weights : ndarray of float64, (n,), or None
        The user's, times the number of trials for ``cbind(success, failure)``; None means all 1.
    trials : ndarray of float64, (n,), or None
        successes + failures for a two-column response.
    kind : str
        "numeric", "logical", "factor", "character" or "counts".
    levels : tuple of str
        Of a factor, string or logical response; the first is failure (0), the second success (1). The categories.
    name : str
        The left side as R deparses it.
    """

    y: np.ndarray
    prior_weights: np.ndarray | None
    trials: np.ndarray | None = None
    kind: str = "numeric"
    levels: tuple[str, ...] = ()
    name: str = "y"

    @property
    def modelled(self) -> str | None:
        """The level whose probability is modelled, of a factor or string."""
        return modelled_level(self.kind, self.levels)


def modelled_level(kind: str, levels: tuple[str, ...]) -> str | None:
    """Of a categorical response the level that is success; None of any other, whose 1 or TRUE says so itself."""
    return levels[1] if kind in ("factor", "ordered", "character") and len(levels) > 1 else None


def response_arrays(
    value: Value, prior_weights: np.ndarray | None, reading: str, name: str = "y", kind: str = "factor"
) -> Response:
    """A response for a family of the binomial kind, for another, or for a model of categories.

    Parameters
    ----------
    value : Value
        The evaluated left side, missing rows cut.
    prior_weights : ndarray (n,) or None
    reading : {"numbers", "binomial", "categories"}
        "binomial": factors, strings and two columns of counts are allowed. "categories": levels, or a column of
        counts for each; numbers are taken as levels.
    name : str
        The left side, for messages.
    kind : str
        What a Factor was before it was coded: "factor", "ordered", "character" or "logical".

    Raises
    ------
    DataError
        A factor or string where numbers are needed; more than two levels; a matrix of other than two columns.

    Notes
    -----
    As R's ``binomial()$initialize``: the first level is failure, two columns are successes and failures, and
    prior weights multiply the trials. Differences: a string is taken as a factor (R: an error), more than two
    levels are an error (R: everything but the first level is success), and levels declared but not seen keep
    their meaning.
    """
    if reading == CATEGORIES:
        return _classes(value, prior_weights, name, kind)
    binomial = reading == BINOMIAL
    if isinstance(value, Matrix) and value.values.shape[1] > 1:
        return _counts(value, prior_weights, binomial, name)
    if isinstance(value, Factor) and kind == "logical":
        return Response((value.codes > 0).astype(np.float64), prior_weights, None, kind, value.levels, name)
    if isinstance(value, Logical):
        return Response(
            value.values.astype(np.float64), prior_weights, None, "logical", ("FALSE", "TRUE"), name
        )
    if isinstance(value, Text):
        value, kind = as_factor(value), "character"
    if isinstance(value, Factor):
        return _categorical(value, prior_weights, binomial, name, kind)
    if isinstance(value, Matrix):
        value = value.values[:, 0]
    return Response(np.ascontiguousarray(value, dtype=np.float64), prior_weights, name=name)


def _categorical(
    value: Factor, prior_weights: np.ndarray | None, binomial: bool, name: str, kind: str
) -> Response:
    codes, levels = value.codes, value.levels
    if not binomial:
        raise DataError(
            f"the response '{name}' is a {kind} with levels {_listed(levels)}, this family needs numbers: "
            f'convert it, e.g. as.numeric({name}) or I({name} == "{levels[-1] if levels else ""}"), '
            "or use binomial()"
        )
    if len(levels) > 2:
        used = np.unique(codes)
        levels, codes = tuple(levels[k] for k in used), np.searchsorted(used, codes)
    if len(levels) > 2:
        raise DataError(
            f"the response '{name}' has {len(levels)} levels ({_listed(levels)}), a binomial response has two"
            " "
            f'(the first is failure, the second success): write {name} == "{levels[1]}" to model one level, '
            "or use multinom() for unordered and polr() for ordered categories"
        )
    return Response((codes > 0).astype(np.float64), prior_weights, None, kind, levels, name)


def _classes(value: Value, prior_weights: np.ndarray | None, name: str, kind: str) -> Response:
    """The levels that some row has, and which one each row has; or the counts of each."""
    if isinstance(value, Matrix) and value.values.shape[1] > 1:
        counts = np.asarray(value.values, dtype=np.float64)
        if (negative := np.flatnonzero((counts < 0).any(axis=1))).size:
            raise DataError(
                f"negative values not allowed: counts in '{name}' are below 0 in {negative.size} rows, first at "
                f"position {negative[0]}; each column is the count of a category"
            )
        levels = tuple(part or str(k + 1) for k, part in enumerate(value.names))
        totals = counts.sum(axis=1)
        shares = np.divide(counts, totals[:, None], out=np.zeros_like(counts), where=totals[:, None] != 0)
        weights = totals if prior_weights is None else prior_weights * totals
        return Response(shares, weights, None, "counts", levels, name)
    if not isinstance(value, Factor):
        kind = "numeric" if isinstance(value, np.ndarray | Matrix) else kind
        value = as_factor(value.values[:, 0] if isinstance(value, Matrix) else value)
    used = np.unique(value.codes)
    codes = value.codes if len(used) == len(value.levels) else np.searchsorted(used, value.codes)
    levels = tuple(value.levels[k] for k in used)
    if empty := [level for level in value.levels if level not in levels]:
        plural, verb = ("", "is") if len(empty) == 1 else ("s", "are")
        give_warning(
            f"group{plural} {_listed(tuple(empty))} {verb} empty: no row in use has '{name}' there, so nothing can "
            "be said of it, and it is left out",
            DataWarning,
        )
    return Response(codes.astype(np.float64), prior_weights, None, kind, levels, name)


def _counts(value: Matrix, prior_weights: np.ndarray | None, binomial: bool, name: str) -> Response:
    columns = value.values.shape[1]
    if not binomial:
        raise DataError(
            f"the response '{name}' has {columns} columns; only binomial families take "
            "cbind(successes, failures). Several responses at once (R's mlm) are not fitted: fit a model for each"
        )
    if columns != 2:
        raise DataError(
            f"the response '{name}' has {columns} columns, a binomial response has two: "
            "cbind(successes, failures)"
        )
    success, failure = value.values[:, 0], value.values[:, 1]
    if (negative := np.flatnonzero((success < 0) | (failure < 0))).size:
        raise DataError(
            f"negative values not allowed for the 'binomial' family: counts in '{name}' are below 0 in "
            f"{negative.size} rows, first at position {negative[0]}; cbind() takes successes and failures, "
            "not trials"
        )
    trials = success + failure
    y = np.divide(success, trials, out=np.zeros_like(trials), where=trials != 0)
    weights = trials if prior_weights is None else prior_weights * trials
    return Response(y, weights, trials, "counts", (), name)


def _listed(levels: tuple[str, ...], most: int = 6) -> str:
    shown = ", ".join(f"'{level}'" for level in levels[:most])
    return f"{shown}, ..." if len(levels) > most else shown
