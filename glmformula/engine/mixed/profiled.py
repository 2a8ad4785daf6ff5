"""The deviance of a linear mixed model as a function of theta alone, and its exact gradient.

With V = I + Z Lambda Lambda' Z' (in units of sigma^2) and beta, sigma at their optimum,

    ML:    d = log|V| + n (1 + log(2 pi r^2 / n)) - sum(log w)
    REML:  d = log|V| + log|X'V^-1 X| + (n - p)(1 + log(2 pi r^2 / (n - p))) - sum(log w)

(lme4's ``deviance`` and ``REMLcrit``; Bates et al. 2015, equations 34 and 41). An evaluation sees sums, no rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from .structure import Structure
from .sums import Basis, Sums, gram_of, shape_of, stacked_columns
from .system import Gram, System, factorised


@dataclass(frozen=True)
class AtTheta:
    """The profiled deviance at a theta.

    Attributes
    ----------
    deviance : float
    gamma : ndarray (r,)
        Coefficients of the basis' columns.
    rss : float
        Penalised weighted residual sum of squares.
    root : ndarray (r, r)
        Upper Cholesky factor of X'V^-1 X.
    system : System
    modes : tuple of ndarray
        b of [X y]: (J, K, r + 1) and (Q, r + 1).
    """

    theta: np.ndarray
    deviance: float
    gamma: np.ndarray
    rss: float
    root: np.ndarray
    system: System
    modes: tuple[np.ndarray, np.ndarray]


class Profiled:
    """The deviance as a function of theta.

    Parameters
    ----------
    structure : Structure
    sums : Sums
    basis : Basis
    reml : bool
    """

    def __init__(self, structure: Structure, sums: Sums, basis: Basis, reml: bool) -> None:
        self.structure, self.sums, self.basis, self.reml = structure, sums, basis, reml
        self.shape = shape_of(structure)
        self.gram: Gram = gram_of(self.shape, sums.own, sums.pairs, lasting=True)
        self.columns = stacked_columns(self.shape, sums.columns)
        self.evaluations = 0

    @cached_property
    def degrees(self) -> int:
        """n, or n - p."""
        return self.sums.rows - (len(self.basis.kept) if self.reml else 0)

    @cached_property
    def constant(self) -> float:
        """What theta does not change: the weights, and the change of basis in log|X'V^-1 X|."""
        constant = -self.sums.log_weights
        if self.reml and len(self.basis.kept):
            constant -= 2.0 * float(np.log(np.abs(np.diag(self.basis.root))).sum())
        return constant

    def at(self, theta: np.ndarray) -> AtTheta:
        """The deviance at theta, with all that was found on the way.

        Raises
        ------
        LinAlgError
        """
        self.evaluations += 1
        lams = self.structure.factors(theta)
        system = factorised(self.gram, lams)
        zy1, zy2 = self.columns
        shape = self.shape
        if shape.others:
            C = self.gram.cross
            r2 = zy2 - C.T @ (system.scaled @ zy1).reshape(shape.rows, -1)
            x2 = _solved(system.root, shape.scaled(lams, r2, transpose=True))
            b2 = shape.scaled(lams, x2, transpose=False)
            b1 = system.scaled @ (zy1 - (C @ b2).reshape(zy1.shape))
        else:
            b1, b2 = system.scaled @ zy1, zy2
        M = self.sums.squares - np.einsum("jkr,jks->rs", zy1, b1, optimize=True)
        if shape.others:
            M = M - zy2.T @ b2
        M = (M + M.T) / 2
        p = len(M) - 1
        root = cho_factor(M[:p, :p])[0] if p else np.empty((0, 0))
        gamma = cho_solve((root, False), M[:p, p]) if p else np.empty(0)
        rss = float(M[p, p] - M[p, :p] @ gamma)
        df = self.degrees
        deviance = system.logdet + df * (1.0 + np.log(2.0 * np.pi * rss / df)) + self.constant
        if self.reml:
            deviance += 2.0 * float(np.log(np.diag(root)).sum())
        return AtTheta(theta, float(deviance), gamma, rss, np.triu(root), system, (b1, b2))

    def crossed(self, at: AtTheta) -> tuple[np.ndarray, np.ndarray]:
        """Z'V^-1[X y], (J, K, r + 1) and (Q, r + 1)."""
        g1, g2 = self.gram.times(*at.modes)
        zy1, zy2 = self.columns
        return zy1 - g1, (zy2 - g2 if self.shape.others else zy2)

    def gradient(
        self, at: AtTheta, precision: float | None = None, gamma: np.ndarray | None = None
    ) -> np.ndarray:
        """Derivatives of the deviance by theta.

        With `precision`, 1 / sigma^2, and `gamma` they are those of a deviance in which sigma, or the coefficients,
        are not at their optimum.
        """
        lams = at.system.lams
        contrast = np.append(-at.gamma if gamma is None else -gamma, 1.0)
        weight = self.degrees / at.rss if precision is None else precision
        inverse = cho_solve((at.root, False), np.eye(len(at.gamma))) if self.reml and len(at.gamma) else None
        out = []
        parts = self.shape.split(*self.crossed(at))
        for v, lam, trace in zip(parts, lams, at.system.traces(), strict=True):
            s = v @ contrast
            pull = weight * (s.T @ s)
            if inverse is not None:
                m = v[:, :, :-1]
                pull = pull + np.einsum("jap,jbp->ab", m @ inverse, m, optimize=True)
            out.append(2.0 * (trace - pull @ lam))
        return self.structure.thetas(out)

    def value(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Deviance and gradient; infinity where it cannot be computed."""
        try:
            at = self.at(theta)
        except np.linalg.LinAlgError:
            return np.inf, np.zeros_like(theta)
        if not at.rss > 0:
            return np.inf, np.zeros_like(theta)
        return at.deviance, self.gradient(at)


def _solved(root: np.ndarray | None, h: np.ndarray) -> np.ndarray:
    assert root is not None
    return np.asarray(cho_solve((root, False), h))
