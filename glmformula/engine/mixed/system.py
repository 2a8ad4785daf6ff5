"""The system of the random effects, H = Lambda'Z'WZ Lambda + I, factorised by blocks.

The first grouping factor is block diagonal; the others are one dense Schur complement:

    A = Lam1'G1 Lam1 + I,   D = Lam1 A^-1 Lam1',   S = Lam2'(G2 - C'DC)Lam2 + I,   log|H| = log|A| + log|S|

As MixedModels.jl does it; Bates et al. (2015), Journal of Statistical Software 67(1), section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.linalg import lapack

from .coupling import Products, Shape, block_times, inner, level_forms
from .small import congruent, inverses, plus_one, summed, times

DIVISOR = 1e-2  # of theta: below, what is divided by it has lost digits


@dataclass(frozen=True)
class Gram:
    """Z'WZ by blocks.

    Attributes
    ----------
    shape : Shape
    first : ndarray (J, K, K)
        Of the first grouping factor.
    cross : ndarray or csr_array (J K, Q), or None
        Z1'WZ2; None where there is one grouping factor.
    rest : ndarray (Q, Q)
        Z2'WZ2.
    lasting : bool
        Whether it will be factorised many times.
    """

    shape: Shape
    first: np.ndarray
    cross: Any
    rest: np.ndarray
    lasting: bool = False

    @cached_property
    def products(self) -> Products | None:
        """Of a Gram that is factorised again and again."""
        scalar = self.shape.first[1] == 1
        if not self.lasting or not scalar or self.cross is None or isinstance(self.cross, np.ndarray):
            return None
        return Products.of(self.cross)

    def times(self, b1: np.ndarray, b2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Z'WZ b, of b (J, K, r) and (Q, r)."""
        out = times(self.first, b1)
        if self.cross is None:
            return out, b2
        flat = b1.reshape(self.cross.shape[0], -1)
        return out + (self.cross @ b2).reshape(b1.shape), self.cross.T @ flat + self.rest @ b2


@dataclass(frozen=True)
class System:
    """A factorised H."""

    gram: Gram
    lams: list[np.ndarray]
    inverse: np.ndarray  # A^-1
    scaled: np.ndarray  # D
    logdet: float
    reduced: np.ndarray  # G2 - C'DC
    root: np.ndarray | None  # of S, upper

    def solve(self, r1: np.ndarray, r2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """H^-1 r, of r (J, K, c) and (Q, c)."""
        shape, lam = self.gram.shape, self.lams[0]
        if self.root is None:
            return times(self.inverse, r1), r2
        C = self.gram.cross
        one = _left(lam, times(self.inverse, r1)).reshape(shape.rows, -1)
        h = r2 - shape.scaled(self.lams, C.T @ one, transpose=True)
        x2, _ = lapack.dpotrs(self.root, h, lower=0)
        back = (C @ shape.scaled(self.lams, x2, transpose=False)).reshape(r1.shape)
        return times(self.inverse, r1 - _left(lam.T, back)), x2

    @cached_property
    def half_inverse(self) -> np.ndarray:
        """S^-1 (Q, Q), of which the lower triangle is there."""
        out, _ = lapack.dpotri(self.root, lower=0)
        return np.ascontiguousarray(out.T)

    @cached_property
    def rest_inverse(self) -> np.ndarray:
        """S^-1 (Q, Q)."""
        lower = np.tril(self.half_inverse)
        return lower + np.tril(lower, -1).T

    @cached_property
    def rest_covariance(self) -> np.ndarray:
        """Lam2 S^-1 Lam2' (Q, Q)."""
        half = self.gram.shape.scaled(self.lams, self.rest_inverse, transpose=False)
        return self.gram.shape.scaled(self.lams, np.ascontiguousarray(half.T), transpose=False)

    @cached_property
    def forms(self) -> np.ndarray:
        """C_j Lam2 S^-1 Lam2' C_j' of each level of the first factor, (J, K, K)."""
        scale = self.gram.shape.scalars(self.lams)
        if self.gram.products is not None and scale is not None:
            return self.gram.products.forms(self.half_inverse, scale)[:, None, None]
        return level_forms(self.gram.cross, self.rest_covariance, self.gram.shape.first[1])

    @cached_property
    def first_covariance(self) -> np.ndarray:
        """Blocks of Lambda H^-1 Lambda' of the first grouping factor, (J, K, K)."""
        if self.root is None:
            return self.scaled
        return self.scaled + self.scaled @ self.forms @ self.scaled

    def level_covariances(self) -> tuple[np.ndarray, ...]:
        """Blocks of Lambda H^-1 Lambda' of each grouping factor."""
        shape = self.gram.shape
        rest = (self.rest_covariance[shape.diagonal(which)] for which in range(len(shape.others)))
        return (self.first_covariance, *rest)

    def traces(self) -> list[np.ndarray]:
        """Of each grouping factor, the sum over its levels of the diagonal blocks of Z'WZ Lambda H^-1.

        Twice their entries are the derivatives of log|H| by Lambda's.
        """
        G, lam, shape = self.gram.first, self.lams[0], self.gram.shape
        total = summed(G, lam, self.inverse)
        if self.root is None:
            return [total]
        R = -(G @ self.scaled)
        plus_one(R)
        total = total - np.einsum("jab,jbc->ac", R @ self.forms, lam @ self.inverse)
        scale = shape.scalars(self.lams)
        if scale is not None and np.abs(scale).min(initial=1.0) > DIVISOR:
            # Z'WZ Lambda H^-1 = Lambda'^-1 (I - H^-1)
            rest = (1.0 - np.diagonal(self.half_inverse)) / scale
            own = [
                rest[a:b].sum().reshape(1, 1) for a, b in zip(shape.offsets, shape.offsets[1:], strict=False)
            ]
            return [total, *own]
        right = shape.scaled(self.lams, self.rest_inverse, transpose=False)
        return [total, *(shape.blocks(self.reduced, f, right) for f in range(len(shape.others)))]


def _left(lam: np.ndarray, v: np.ndarray) -> np.ndarray:
    """lam times the rows of each level (J, K, r)."""
    if len(lam) == 1:
        return v * lam[0, 0]
    return lam @ v


def factorised(gram: Gram, lams: list[np.ndarray]) -> System:
    """H of Z'WZ and Lambda, factorised.

    Raises
    ------
    LinAlgError
        It is not positive definite (weights that are negative).
    """
    lam = lams[0]
    inverse, logdets = inverses(plus_one(congruent(lam, gram.first)))
    scaled = congruent(lam.T, inverse)
    logdet = float(logdets.sum())
    if gram.cross is None:
        return System(gram, lams, inverse, scaled, logdet, gram.rest, None)
    if gram.products is not None:
        reduced = gram.rest - gram.products.inner(scaled[:, 0, 0])
    else:
        reduced = gram.rest - inner(gram.cross, block_times(scaled, gram.cross))
    scale = gram.shape.scalars(lams)
    if scale is None:
        half = gram.shape.scaled(lams, reduced, transpose=True)
        S = gram.shape.scaled(lams, np.ascontiguousarray(half.T), transpose=True)
    else:
        S = reduced * scale
        S *= scale[:, None]
    S[np.diag_indices(len(S))] += 1.0
    root, failed = lapack.dpotrf(S.T, lower=0, overwrite_a=1, clean=0)
    if failed:
        raise np.linalg.LinAlgError("not positive definite")
    logdet += 2.0 * float(np.log(root.diagonal()).sum())
    return System(gram, lams, inverse, scaled, logdet, reduced, root)
