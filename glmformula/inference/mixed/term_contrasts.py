"""Which linear functions of the fixed effects a test of a term is about: types I, II and III, as lmerTest has them.

Type I: the term given those before it. Type II: given all that do not contain it. Type III: SAS's estimable functions,
which no choice of contrasts changes (SAS/STAT, "The four types of estimable functions"). A term contains another if
it has all of its variables and others that are no numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import block_diag

from ...design.pieces import Design, Piece, as_matrix

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed
    from ...sources.base import Block

NOTHING = 1e-8  # of a row of a hypothesis, and of a coefficient in it
PIVOT = 1e-6


@dataclass(frozen=True)
class FixedColumns:
    """Sums over the rows of the fixed effects' design (r columns that are not aliased, s of full dummies).

    Attributes
    ----------
    squares : ndarray (s, s)
        D'D, without weights, D with a column for each level, or joint level, of a term's factors.
    coding : ndarray (s, r)
        X = D coding.
    treatment : ndarray (s, r)
        The same with treatment contrasts.
    term : ndarray of int (r,)
        Column to term, 0 the intercept.
    """

    squares: np.ndarray
    coding: np.ndarray
    treatment: np.ndarray
    term: np.ndarray

    @property
    def gram(self) -> np.ndarray:
        """X'X, (r, r)."""
        return np.asarray(self.coding.T @ self.squares @ self.coding)


def fixed_columns(fit: Mixed) -> FixedColumns:
    """The sums of a fit's rows.

    Raises
    ------
    DataError
        It holds no rows.
    """
    kept = np.flatnonzero(~fit.aliased)
    squares, contrasts = fit.rows.source.map_reduce(_sums, _added)
    coding = _joined(contrasts)[:, kept]
    treatment = coding if fit.aliased.any() else _joined(_treatments(fit, contrasts))
    return FixedColumns(squares, coding, treatment, fit.assign[kept])


Contrasts = tuple[np.ndarray, ...]


def _sums(block: Block) -> tuple[np.ndarray, Contrasts]:
    D = dummies(block.design)
    own = (np.ones((1, 1)) if p.contrast is None else as_matrix(p.contrast) for p in block.design.pieces)
    return D.T @ D, tuple(own)


def _added(a: tuple[np.ndarray, Contrasts], b: tuple[np.ndarray, Contrasts]) -> tuple[np.ndarray, Contrasts]:
    return a[0] + b[0], a[1]


def _joined(contrasts: Contrasts) -> np.ndarray:
    return np.asarray(block_diag(*contrasts))


def _treatments(fit: Mixed, contrasts: Contrasts) -> Contrasts:
    """Treatment contrasts of the same sizes."""
    out, at = [], 0
    for contrast in contrasts:
        out.append(_treatment(fit, int(fit.assign[at]), contrast))
        at += contrast.shape[1]
    return tuple(out)


def _treatment(fit: Mixed, term: int, contrast: np.ndarray) -> np.ndarray:
    """Those of the factors of a term: of each all levels or all but the first, as many columns as there are."""
    if term == 0 or len(contrast) == 1:
        return contrast
    names = [name for name, use in zip(fit.terms.names, np.asarray(fit.terms.factors)[:, term - 1]) if use]
    sizes = [len(fit.schema.variables[name].levels) for name in names if is_factor(fit, name)]
    for fewer in product((1, 0), repeat=len(sizes)):
        widths = [size - less for size, less in zip(sizes, fewer)]
        if (math.prod(sizes), math.prod(widths)) == contrast.shape:
            out: np.ndarray = np.ones((1, 1))
            for size, less in zip(sizes, fewer):
                out = np.kron(np.eye(size)[:, less:], out)
            return out
    return contrast


def dummies(design: Design) -> np.ndarray:
    """(m, s): each piece with a column for every level."""
    return np.hstack([_full(piece, design.nrows) for piece in design.pieces])


def _full(piece: Piece, rows: int) -> np.ndarray:
    out = np.ones((rows, 1))
    for column in piece.numeric:
        out = out * np.asarray(column, dtype=float)[:, None]
    if piece.codes is None or piece.contrast is None:
        return out
    return out * (piece.codes[:, None] == np.arange(piece.contrast.shape[0]))


def containing(fit: Mixed) -> dict[int, list[int]]:
    """Of each term, by number from 1, those that contain it."""
    present = np.asarray(fit.terms.factors) > 0
    variables = [frozenset(np.flatnonzero(column).tolist()) for column in present.T]
    factors = {k for k, name in enumerate(fit.terms.names) if is_factor(fit, name)}
    return {
        a + 1: [
            b + 1 for b, large in enumerate(variables) if small < large and small - factors == large - factors
        ]
        for a, small in enumerate(variables)
    }


def is_factor(fit: Mixed, name: str) -> bool:
    """Whether a variable of the formula has levels."""
    known = fit.schema.variables.get(name)
    return bool(getattr(known, "levels", None))


def type_one(columns: FixedColumns) -> np.ndarray:
    """A row for each coefficient (r, r): what it and those after it add to the columns before."""
    return doolittle(columns.gram)


def doolittle(gram: np.ndarray) -> np.ndarray:
    """The transposed unit lower factor L of  gram = L U."""
    size = np.sqrt(np.diag(gram))
    factor = np.linalg.cholesky(gram / np.outer(size, size)).T * size
    out = factor / np.diag(factor)[:, None]
    out[np.abs(out) < PIVOT] = 0.0
    return np.asarray(out)


def hypotheses(fit: Mixed, type: str) -> Mapping[str, np.ndarray]:
    """Rows L of L beta = 0 for each term.

    Parameters
    ----------
    fit : LMM
    type : {"I", "II", "III"}
    """
    columns, labels = fixed_columns(fit), fit.terms.labels
    r = len(columns.term)
    where = {k + 1: np.flatnonzero(columns.term == k + 1) for k in range(len(labels))}
    if r == 0 or not labels:
        return {}
    if type == "I" or len(labels) == 1:
        rows = type_one(columns)
        return {labels[k - 1]: rows[own] for k, own in where.items()}
    above = containing(fit)
    if type == "II":
        return {labels[k - 1]: _second(columns, where, k, above[k]) for k in where}
    return _third(columns, where, above, labels, fit.terms.order)


def _second(
    columns: FixedColumns, where: Mapping[int, np.ndarray], term: int, above: list[int]
) -> np.ndarray:
    r = len(columns.term)
    if not above:
        return np.eye(r)[where[term]]
    last = np.concatenate([where[t] for t in (term, *above)])
    order = np.concatenate([np.setdiff1d(np.arange(r), last), last])
    rows = np.empty((r, r))
    rows[:, order] = doolittle(columns.gram[np.ix_(order, order)])
    return rows[np.isin(order, where[term])]


def _solved(gram: np.ndarray, right: np.ndarray) -> np.ndarray:
    size = np.sqrt(np.diag(gram))
    return np.linalg.solve(gram / np.outer(size, size), right / size[:, None]) / size[:, None]


def _third(
    columns: FixedColumns,
    where: Mapping[int, np.ndarray],
    above: Mapping[int, list[int]],
    labels: tuple[str, ...],
    order: tuple[int, ...],
) -> dict[str, np.ndarray]:
    coding = columns.treatment  # the basis in which lmerTest writes the hypotheses: an F's df depends on it
    gram, cross = coding.T @ columns.squares @ coding, coding.T @ columns.squares
    L = _solved(gram, cross).T  # (s, r): what each column of D is in X
    own_columns = _solved(gram, cross @ columns.coding)
    for term in sorted(where, key=lambda k: -order[k - 1]):
        larger = [j for t in above[term] for j in where[t].tolist()]
        if larger:
            own = L[:, where[term]]
            L[:, where[term]] = own - L[:, larger] @ np.linalg.lstsq(L[:, larger], own, rcond=1e-10)[0]
    out = {}
    for term, own in where.items():
        rows = L[:, own].T @ coding @ own_columns
        rows[np.abs(rows) < NOTHING] = 0.0
        out[labels[term - 1]] = rows[np.abs(rows).sum(axis=1) > NOTHING]
    return out
