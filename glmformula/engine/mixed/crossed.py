"""The Laplace deviance of a mixed model with several grouping factors, crossed or nested, and its gradient.

As in ``grouped.py``, the modes of all groups together: Newton's method on blocks, the first grouping factor block
diagonal and the others a dense Schur complement (``system.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from ...families import Family
from .approximation import LEAST_STEP, MOST, Approximation, Penalised
from .coupling import Pattern, block_times, row_chunks
from .kernels import Moments, pearson
from .packed import Packed
from .structure import Structure
from .sums import Basis, places, shape_of
from .system import Gram, System, factorised


@dataclass
class State:
    """The modes at some parameters, with all that belongs to them."""

    u: tuple[np.ndarray, np.ndarray]
    moments: Moments
    scores: list[np.ndarray]
    gram: Gram
    expected: System
    observed: System
    step: tuple[np.ndarray, np.ndarray]
    promise: float
    eta: np.ndarray


class Crossed(Approximation):
    """The deviance as a function of (gamma, theta)."""

    TIGHT = 1e-19  # of a row

    def __init__(self, structure: Structure, rows: Packed, basis: Basis, family: Family) -> None:
        super().__init__(structure, rows, basis, family)
        self.shape = shape_of(structure)
        self.sizes = (self.shape.first, *self.shape.others)
        self.modes = (
            np.zeros((*self.shape.first, 1)),
            np.zeros((self.shape.columns, 1)),
        )
        self.last: State | None = None

    def restarted(self) -> None:
        self.modes = (np.zeros_like(self.modes[0]), np.zeros_like(self.modes[1]))

    # -- which levels meet -------------------------------------------------------------------------------

    @cached_property
    def pairs(self) -> dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]:
        """Of two factors: keys of the pairs of levels that meet, and each row's pair."""
        codes = self.rows.codes
        out = {}
        for f, g in combinations(range(len(codes)), 2):
            keys = codes[f].astype(np.int64) * self.sizes[g][0] + codes[g]
            found, inverse = np.unique(keys, return_inverse=True)
            out[f, g] = found, inverse.astype(np.int32)
        return out

    @cached_property
    def entries(self) -> dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]:
        """Rows and columns, in the blocks, of the pairs' entries."""
        offsets = [0, *self.shape.offsets]
        out = {}
        for (f, g), (keys, _) in self.pairs.items():
            r, c = places(keys, (self.sizes[f], self.sizes[g]))
            out[f, g] = (r if f == 0 else r + offsets[f], c + offsets[g])
        return out

    @cached_property
    def pattern(self) -> Pattern:
        """Where the first factor meets the others."""
        first = [self.entries[key] for key in self.entries if key[0] == 0]
        return Pattern.of(
            self.shape, np.concatenate([r for r, _ in first]), np.concatenate([c for _, c in first])
        )

    # -- sums --------------------------------------------------------------------------------------------

    def _times(self, f: int, k: int, v: np.ndarray) -> np.ndarray:
        z = self.rows.columns[f][k]
        return v if z is None else v * z

    def _by_level(self, f: int, v: np.ndarray) -> np.ndarray:
        if f == 0:
            return np.add.reduceat(v, self.rows.starts)
        return np.bincount(self.rows.codes[f], v, self.sizes[f][0])

    def crossed(self, v: np.ndarray) -> list[np.ndarray]:
        """Z'v of each factor, (J, K)."""
        return [
            np.stack([self._by_level(f, self._times(f, k, v)) for k in range(width)], axis=1)
            for f, (_, width) in enumerate(self.sizes)
        ]

    def stacked(self, parts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """As the system takes them: (J, K, 1) and (Q, 1)."""
        return parts[0][:, :, None], np.concatenate([p.ravel() for p in parts[1:]])[:, None]

    def apart(self, v: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, ...]:
        """Of each factor (J, K)."""
        return self.shape.split(v[0][:, :, 0], v[1][:, 0])

    def spread(self, parts: tuple[np.ndarray, ...]) -> np.ndarray:
        """Z b of each row."""
        out: Any = 0.0
        for f, b in enumerate(parts):
            for k in range(b.shape[1]):
                own = np.repeat(b[:, k], self.rows.counts) if f == 0 else b[self.rows.codes[f], k]
                out = out + self._times(f, k, own)
        return np.asarray(out)

    def gram(self, w: np.ndarray) -> Gram:
        """Z'WZ."""
        own = []
        for f, (count, width) in enumerate(self.sizes):
            G = np.empty((count, width, width))
            for a in range(width):
                left = self._times(f, a, w)
                for b in range(a, width):
                    G[:, a, b] = G[:, b, a] = self._by_level(f, self._times(f, b, left))
            own.append(G)
        rest = np.zeros((self.shape.columns,) * 2)
        for which, blocks in enumerate(own[1:]):
            rest[self.shape.diagonal(which)] = blocks
        first = []
        for (f, g), (keys, inverse) in self.pairs.items():
            kf, kg = self.sizes[f][1], self.sizes[g][1]
            values = np.empty((len(keys), kf, kg))
            for a in range(kf):
                left = self._times(f, a, w)
                for b in range(kg):
                    values[:, a, b] = np.bincount(inverse, self._times(g, b, left), len(keys))
            if f == 0:
                first.append(values.ravel())
            else:
                r, c = self.entries[f, g]
                rest[r, c] = rest[c, r] = values.ravel()
        return Gram(self.shape, own[0], self.pattern.matrix(np.concatenate(first)), rest)

    def scaled(self, lams: list[np.ndarray], v: tuple[np.ndarray, np.ndarray], transpose: bool) -> Any:
        """Lambda v or Lambda'v."""
        lam = lams[0].T if transpose else lams[0]
        return lam @ v[0], self.shape.scaled(lams, v[1], transpose)

    # -- modes -------------------------------------------------------------------------------------------

    def solved(self, x: np.ndarray) -> State:
        """The modes, by Newton's method with halved steps.

        Raises
        ------
        LinAlgError
        """
        r = self.n_fixed
        lams = self.structure.factors(x[r:])
        base = self.rows.eta + x[:r] @ self.rows.X
        start, t, best = self.modes, 1.0, np.inf
        step = (np.zeros_like(start[0]), np.zeros_like(start[1]))
        for inner in range(1, MOST + 1):
            u = (start[0] + t * step[0], start[1] + t * step[1])
            eta = base + self.spread(self.apart(self.scaled(lams, u, transpose=False)))
            m = self.kernel(eta, self.rows.y, self.rows.weights)
            own = float(m.deviance.sum()) + _squares(u)
            if np.isnan(own):
                own = np.inf
            if own > best + 1e-10 * (abs(best) + 1.0) and t > LEAST_STEP:
                t /= 2.0
                continue
            if not np.isfinite(own):
                if inner == 1 and _squares(u) > 0:
                    start = (np.zeros_like(u[0]), np.zeros_like(u[1]))
                    continue
                raise np.linalg.LinAlgError("no valid mean")
            scores = self.crossed(m.score)
            g = self.scaled(lams, self.stacked(scores), transpose=True)
            g = (g[0] - u[0], g[1] - u[1])
            gram = self.gram(m.expected)
            expected = factorised(gram, lams)
            observed = expected
            if not self.canonical:
                try:
                    observed = factorised(self.gram(m.observed), lams)
                except np.linalg.LinAlgError:
                    observed = expected
            step = observed.solve(*g)
            promise = float((g[0] * step[0]).sum() + (g[1] * step[1]).sum())
            start, best, t = u, own, 1.0
            if promise < self.promise * max(1.0, self.rows.rows / 100.0):
                break
        self.modes = u
        return State(u, m, scores, gram, expected, observed, step, promise, eta)

    # -- deviance ----------------------------------------------------------------------------------------

    def evaluated(self, x: np.ndarray, want: str) -> tuple[float, np.ndarray, np.ndarray]:
        self.evaluations += 1
        before = self.modes
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                at = self.solved(x)
                return self._answer(x, at, want)
        except np.linalg.LinAlgError:
            self.modes = before
            return np.inf, np.zeros_like(x), np.zeros((self.n_fixed,) * 2)

    def _answer(self, x: np.ndarray, at: State, want: str) -> tuple[float, np.ndarray, np.ndarray]:
        self.last = at
        m, lams, X = at.moments, at.expected.lams, self.rows.X
        level, kappa = self.criterion.at(float(m.deviance.sum()) + self.base)
        k = m.change * self.leverage(at.expected)
        kz = self.crossed(k)
        pull1, pull2 = self.scaled(lams, self.stacked(kz), transpose=True)
        scores1, scores2 = self.scaled(lams, self.stacked(at.scores), transpose=True)
        pull = (pull1 + 2.0 * (1.0 - kappa) * at.u[0], pull2 + 2.0 * (1.0 - kappa) * at.u[1])
        turn = (2.0 * at.u[0] - 2.0 * kappa * scores1 + pull1, 2.0 * at.u[1] - 2.0 * kappa * scores2 + pull2)
        deviance = level + _squares(at.u) + at.expected.logdet + at.promise
        deviance += float((turn[0] * at.step[0]).sum() + (turn[1] * at.step[1]).sum())
        a = at.observed.solve(*pull)
        back = self.scaled(lams, a, transpose=False)
        rest = k - m.observed * self.spread(self.apart(back))
        beta = X @ (rest - 2.0 * kappa * m.score)
        moved = self.apart(at.observed.gram.times(*back))
        us, duals = self.apart(at.u), self.apart(a)
        out = []
        for f, trace in enumerate(at.expected.traces()):
            pushed = kz[f] - moved[f] - 2.0 * kappa * at.scores[f]
            out.append(pushed.T @ us[f] + at.scores[f].T @ duals[f] + 2.0 * trace)
        gradient = np.concatenate([beta, self.structure.thetas(out)])
        information = np.zeros((self.n_fixed,) * 2)
        if want == "information":
            information = self._information(m.expected, at.expected)
        elif want == "observed":
            information = self._information(m.observed, at.observed)
        return float(deviance), gradient, information

    def _information(self, w: np.ndarray, system: System) -> np.ndarray:
        """X'WX - X'WZ Lambda H^-1 Lambda'Z'WX."""
        X = self.rows.X
        XW = X * w
        columns = [self.crossed(row) for row in XW]
        if not columns:
            return np.zeros((0, 0))
        stacked = [self.stacked(c) for c in columns]
        one = np.concatenate([s[0] for s in stacked], axis=2)
        two = np.concatenate([s[1] for s in stacked], axis=1)
        r1, r2 = self.scaled(system.lams, (one, two), transpose=True)
        s1, s2 = system.solve(r1, r2)
        out = XW @ X.T - np.einsum("jkr,jks->rs", r1, s1, optimize=True) - r2.T @ s2
        return np.asarray((out + out.T) / 2)

    def leverage(self, system: System) -> np.ndarray:
        """z'Lambda H^-1 Lambda'z of each row."""
        out: Any = 0.0
        rest = system.rest_covariance
        for f, blocks in enumerate(system.level_covariances()):
            for a in range(blocks.shape[1]):
                for b in range(a + 1):
                    own = blocks[:, a, b]
                    row = np.repeat(own, self.rows.counts) if f == 0 else own[self.rows.codes[f]]
                    row = self._times(f, a, self._times(f, b, row))
                    out = out + (row if a == b else 2.0 * row)
        first = self._first_entries(system, rest)
        for (f, g), (keys, inverse) in self.pairs.items():
            values = first[f, g] if f == 0 else rest[self.entries[f, g]]
            table = values.reshape(len(keys), self.sizes[f][1], self.sizes[g][1])
            for a in range(table.shape[1]):
                for b in range(table.shape[2]):
                    out = out + 2.0 * self._times(f, a, self._times(g, b, table[inverse, a, b]))
        return np.asarray(out)

    def _first_entries(self, system: System, rest: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
        """-D C G22 where the first factor meets the others, in the order of each pair's entries."""
        pattern, width = self.pattern, self.shape.first[1]
        DC = block_times(system.scaled, system.gram.cross)
        found = np.empty(len(pattern.rows))
        for a, b in row_chunks(DC, width):
            low, high = a * width, b * width
            product = DC[low:high] @ rest
            here = slice(pattern.starts[low], pattern.starts[high])
            found[here] = -product[pattern.rows[here] - low, pattern.columns[here]]
        given = np.empty_like(found)
        given[pattern.order] = found
        out, at = {}, 0
        for key, (rows, _) in self.entries.items():
            if key[0] == 0:
                out[key] = given[at : at + len(rows)]
                at += len(rows)
        return out

    def moved(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        at = self.solved(x)
        w, lams = at.moments.observed, at.observed.lams
        r = v @ self.rows.X
        c = at.observed.solve(*self.scaled(lams, self.stacked(self.crossed(w * r)), transpose=True))
        rho = self.crossed(w * (r - self.spread(self.apart(self.scaled(lams, c, transpose=False)))))
        us, duals = self.apart(at.u), self.apart(c)
        return self.structure.thetas(
            [-(rho[f].T @ us[f] + at.scores[f].T @ duals[f]) for f in range(len(rho))]
        )

    def penalised(self, x: np.ndarray) -> Penalised:
        deviance, gradient, information = self.evaluated(x, "observed")
        if not np.isfinite(deviance) or self.last is None:
            return np.inf, np.zeros(self.n_fixed), information, np.inf, gradient
        m = self.last.moments
        return (
            float(m.deviance.sum()) + _squares(self.last.u),
            self.rows.X @ m.score,
            information,
            deviance,
            gradient,
        )

    def final(self, x: np.ndarray) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...], float, float]:
        with np.errstate(all="ignore"):
            at = self.solved(x)
            residual = pearson(self.family, at.eta, self.rows.y, self.rows.weights)
        b = self.apart(self.scaled(at.expected.lams, at.u, transpose=False))
        return b, at.expected.level_covariances(), residual, _squares(at.u)


def _squares(u: tuple[np.ndarray, np.ndarray]) -> float:
    return float((u[0] * u[0]).sum() + (u[1] * u[1]).sum())
