"""The Laplace and adaptive Gauss-Hermite deviance of a mixed model with one grouping factor, and its gradient.

Groups are independent given the parameters: modes are found group by group in runs of rows that fit a processor's
cache, by Newton's method from where they were.

    d = A(dev(u)) + u'u + log|Lambda'Z'W Z Lambda + I|   at u minimising dev + u'u,

W Fisher's weights as in lme4. The gradient goes through the modes by implicit differentiation:
with lev_i = z_i'Lambda H^-1 Lambda'z_i, t = W'lev and a = J^-1 F_u, J the observed counterpart of H,

    dd/dbeta = X'(-2 A' s + t - W_o Z Lambda a)
    dd/dLambda = sum_j (-2 A' s_j + t_j - (Z'W_o Z Lambda a)_j) u_j' + s_j a_j' + 2 Z_j'WZ_j Lambda H_j^-1
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ...families import Family
from ...runtime.tasks import shared_out
from .approximation import LEAST_STEP, MOST, Approximation, Penalised
from .kernels import Moments, pearson
from .packed import Job, Packed
from .small import congruent, inverses, plus_one, summed
from .structure import Structure
from .sums import Basis


@dataclass
class Parts:
    """Sums over runs of groups."""

    deviance: float  # of the rows, or of the integrals
    squares: float
    logdet: float
    correction: np.ndarray  # of A' and of the rest: what the last step not taken would change
    beta: np.ndarray  # (2, r): -2 X's, and the rest
    lam: np.ndarray  # (2, K, K)
    information: np.ndarray
    inner: int

    def plus(self, other: Parts) -> Parts:
        return Parts(
            *(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__),
        )


class Grouped(Approximation):
    """The deviance as a function of (gamma, theta).

    Parameters
    ----------
    structure, rows, basis, family
    nodes : int
        Of the quadrature; 1 is Laplace's approximation.
    """

    TIGHT = 1e-20  # of a group

    def __init__(
        self, structure: Structure, rows: Packed, basis: Basis, family: Family, nodes: int = 1
    ) -> None:
        super().__init__(structure, rows, basis, family)
        self.K = structure.widths[0]
        self.modes = np.zeros((len(rows.starts), self.K))
        self.nodes = nodes
        if nodes > 1:
            x, w = np.polynomial.hermite_e.hermegauss(nodes)
            self.points, self.weights = x, np.log(w / np.sqrt(2 * np.pi))
        self.last: Parts | None = None

    def restarted(self) -> None:
        self.modes[:] = 0.0

    def parts(self, x: np.ndarray, want: str, kappa: float = 1.0) -> Parts:
        """Sums of all runs; `want` is "value", "gradient", or with it "information" or "observed" (information)."""
        r = self.n_fixed
        gamma, (lam,) = x[:r], self.structure.factors(x[r:])
        tasks = [partial(self._run, job, gamma, lam, want, kappa) for job in self.rows.jobs]
        total: Parts | None = None
        for part in shared_out(tasks):
            total = part if total is None else total.plus(part)
        assert total is not None
        return total

    def evaluated(self, x: np.ndarray, want: str) -> tuple[float, np.ndarray, np.ndarray]:
        self.evaluations += 1
        before = self.modes.copy()
        failed = np.inf, np.zeros_like(x), np.zeros((self.n_fixed,) * 2)
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                kappa = 1.0
                if self.criterion.estimated and self.nodes == 1:
                    first = self.parts(x, "value")
                    kappa = self.criterion.at(first.deviance + self.base)[1]
                total = self.parts(x, want, kappa)
        except np.linalg.LinAlgError:
            self.modes = before
            return failed
        if not np.isfinite(total.deviance):
            self.modes = before
            return failed
        if self.nodes == 1:
            level = self.criterion.at(total.deviance + self.base)[0]
            deviance = level + total.squares + total.logdet
        else:
            deviance = total.deviance + self.base
        deviance += float(total.correction @ [kappa, 1.0])
        self.last = total
        scale = np.array([kappa, 1.0])
        lam = np.tensordot(scale, total.lam, 1)
        gradient = np.concatenate([scale @ total.beta, self.structure.thetas([lam])])
        return float(deviance), gradient, total.information

    def moved(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        r = self.n_fixed
        gamma, (lam,) = x[:r], self.structure.factors(x[r:])
        total = np.zeros((self.K, self.K))
        for job in self.rows.jobs:
            run = _Run(self, job, gamma, lam)
            at = run.solved(self.modes[job.first : job.last])
            total -= run.following(at, v)
        return self.structure.thetas([total])

    def penalised(self, x: np.ndarray) -> Penalised:
        deviance, gradient, information = self.evaluated(x, "observed")
        if not np.isfinite(deviance):
            return np.inf, np.zeros(self.n_fixed), information, np.inf, gradient
        total = self.last
        assert total is not None
        return total.deviance + total.squares, -0.5 * total.beta[0], information, deviance, gradient

    def final(self, x: np.ndarray) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...], float, float]:
        r = self.n_fixed
        gamma, (lam,) = x[:r], self.structure.factors(x[r:])
        spreads = np.empty((len(self.modes), self.K, self.K))
        residual = 0.0
        with np.errstate(all="ignore"):
            for job in self.rows.jobs:
                run = _Run(self, job, gamma, lam)
                at = run.solved(self.modes[job.first : job.last])
                self.modes[job.first : job.last] = at.u
                inverse = inverses(run.system(at.expected))[0]
                spreads[job.first : job.last] = congruent(lam.T, inverse)
                residual += pearson(self.family, run.base + run.spread(at.u @ lam.T), run.y, run.w)
        return (self.modes @ lam.T,), (spreads,), residual, float((self.modes**2).sum())

    # -- one run of groups -------------------------------------------------------------------------------

    def _run(self, job: Job, gamma: np.ndarray, lam: np.ndarray, want: str, kappa: float) -> Parts:
        run = _Run(self, job, gamma, lam)
        at = run.solved(self.modes[job.first : job.last])
        self.modes[job.first : job.last] = at.u
        return run.parts(at, want, kappa)


@dataclass
class _At:
    """A run at its modes."""

    u: np.ndarray
    moments: Moments
    scores: np.ndarray  # Z's (J, K)
    expected: np.ndarray  # Z'WZ (J, K, K)
    observed: np.ndarray
    step: np.ndarray  # the Newton step that was not taken
    promise: float
    inner: int


class _Run:
    """Rows of whole groups, with sums by group."""

    def __init__(self, model: Grouped, job: Job, gamma: np.ndarray, lam: np.ndarray) -> None:
        rows, here = model.rows, slice(job.start, job.stop)
        self.model, self.lam, self.K = model, lam, model.K
        self.X = rows.X[:, here]
        self.y = rows.y[here]
        self.w = None if rows.weights is None else rows.weights[here]
        self.Z = [None if z is None else z[here] for z in rows.columns[0]]
        self.starts = rows.starts[job.first : job.last] - job.start
        self.counts = rows.counts[job.first : job.last]
        self.base = rows.eta[here] + gamma @ self.X
        self.J = job.last - job.first

    def by_group(self, v: np.ndarray) -> np.ndarray:
        return np.add.reduceat(v, self.starts)

    def times(self, k: int, v: np.ndarray) -> np.ndarray:
        z = self.Z[k]
        return v if z is None else v * z

    def spread(self, b: np.ndarray) -> np.ndarray:
        """Z b."""
        out = self.times(0, np.repeat(b[:, 0], self.counts))
        for k in range(1, self.K):
            out = out + self.times(k, np.repeat(b[:, k], self.counts))
        return out

    def crossed(self, v: np.ndarray) -> np.ndarray:
        """Z'v (J, K)."""
        return np.stack([self.by_group(self.times(k, v)) for k in range(self.K)], axis=1)

    def gram(self, w: np.ndarray) -> np.ndarray:
        """Z'WZ (J, K, K)."""
        out = np.empty((self.J, self.K, self.K))
        for a in range(self.K):
            own = self.times(a, w)
            for b in range(a, self.K):
                out[:, a, b] = out[:, b, a] = self.by_group(self.times(b, own))
        return out

    def system(self, G: np.ndarray) -> np.ndarray:
        """Lambda'G Lambda + I."""
        return plus_one(congruent(self.lam, G))

    def solved(self, u: np.ndarray) -> _At:
        """The modes, by Newton's method with halved steps where the penalised deviance of a group rises."""
        model, lam = self.model, self.lam
        start, step = u, np.zeros_like(u)
        t = np.ones(self.J)
        best = np.full(self.J, np.inf)
        for inner in range(1, MOST + 1):
            u = start + t[:, None] * step
            moments = model.kernel(self.base + self.spread(u @ lam.T), self.y, self.w)
            own = self.by_group(moments.deviance) + (u * u).sum(axis=1)
            own = np.where(np.isnan(own), np.inf, own)
            worse = own > best + 1e-9 * (np.abs(best) + 1.0)
            if worse.any() and t[worse].min() > LEAST_STEP:
                t = np.where(worse, t / 2.0, t)
                start = np.where(worse[:, None], start, u)  # the others wait where they are
                step = np.where(worse[:, None], step, 0.0)
                best = np.where(worse, best, own)
                continue
            if not np.isfinite(own).all():
                if inner == 1 and u.any():
                    start, step = np.zeros_like(u), np.zeros_like(u)
                    continue
                raise np.linalg.LinAlgError("no valid mean")
            scores, expected = self.crossed(moments.score), self.gram(moments.expected)
            observed = expected if model.canonical else self.gram(moments.observed)
            g = scores @ lam - u
            inverse = self._inverse(observed, expected)
            step = np.einsum("jab,jb->ja", inverse, g)
            promise = (g * step).sum(axis=1)
            start, best, t = u, own, np.ones(self.J)
            if promise.max(initial=0.0) < model.promise:
                break
        return _At(u, moments, scores, expected, observed, step, float(promise.sum()), inner)

    def _inverse(self, observed: np.ndarray, expected: np.ndarray) -> np.ndarray:
        """Inverse of the observed system; Fisher's where that is not positive definite."""
        try:
            return inverses(self.system(observed))[0]
        except np.linalg.LinAlgError:
            return inverses(self.system(expected))[0]

    def parts(self, at: _At, want: str, kappa: float) -> Parts:
        """The sums of the run."""
        model, lam, r, K = self.model, self.lam, len(self.X), self.K
        inverse, logdets = inverses(self.system(at.expected))
        empty = Parts(
            float(at.moments.deviance.sum()),
            float((at.u * at.u).sum()),
            float(logdets.sum()),
            np.zeros(2),
            np.zeros((2, r)),
            np.zeros((2, K, K)),
            np.zeros((r, r)),
            at.inner,
        )
        quadrature = self._quadrature(at, inverse) if model.nodes > 1 else None
        if quadrature is not None:
            empty.deviance, empty.logdet = quadrature.deviance, 0.0
        if want == "value":
            return empty
        out, m = empty, at.moments
        D = congruent(lam.T, inverse)
        share = D if quadrature is None else D * quadrature.spread[:, None, None]
        k = m.change * self._leverage(share)
        kz = self.crossed(k)
        if quadrature is None:
            pull = 2.0 * (1.0 - kappa) * at.u + kz @ lam
            out.correction = np.array([-2.0, 0.0]) * float(((at.scores @ lam) * at.step).sum()) + np.array(
                [0.0, float(((2.0 * at.u + kz @ lam) * at.step).sum()) + at.promise]
            )
        else:
            pull = quadrature.pull + kz @ lam
            out.correction = np.array([0.0, float((pull * at.step).sum())])
        J = inverse if model.canonical else self._inverse(at.observed, at.expected)
        a = np.einsum("jab,jb->ja", J, pull)
        back = a @ lam.T
        score = m.score if quadrature is None else quadrature.score
        rest = k - m.observed * self.spread(back)
        out.beta = np.stack([-2.0 * (self.X @ score), self.X @ rest])
        moved = kz - np.einsum("jab,jb->ja", at.observed, back)
        first = -2.0 * (at.scores.T @ at.u) if quadrature is None else -2.0 * quadrature.outer
        spread = inverse if quadrature is None else inverse * quadrature.spread[:, None, None]
        second = moved.T @ at.u + at.scores.T @ a + 2.0 * summed(at.expected, lam, spread)
        out.lam = np.stack([first, second])
        if want == "information":
            out.information = self._information(m.expected, D)
        elif want == "observed":
            out.information = self._information(m.observed, congruent(lam.T, J))
        return out

    def following(self, at: _At, v: np.ndarray) -> np.ndarray:
        """Minus the derivatives of v'X's by Lambda, the modes following (K, K)."""
        lam, w = self.lam, at.moments.observed
        r = v @ self.X
        c = np.einsum("jab,jb->ja", self._inverse(at.observed, at.expected), self.crossed(w * r) @ lam)
        rho = w * (r - self.spread(c @ lam.T))
        return np.asarray(self.crossed(rho).T @ at.u + at.scores.T @ c)

    def _leverage(self, D: np.ndarray) -> np.ndarray:
        """z'D z of each row."""
        out: Any = 0.0
        for a in range(self.K):
            for b in range(a + 1):
                own = self.times(a, self.times(b, np.repeat(D[:, a, b], self.counts)))
                out = out + (own if a == b else 2.0 * own)
        return np.asarray(out)

    def _information(self, w: np.ndarray, D: np.ndarray) -> np.ndarray:
        """X'WX - X'WZ D Z'WX."""
        XW = self.X * w
        ZX = np.stack([np.add.reduceat(self.times_rows(k, XW), self.starts, axis=1) for k in range(self.K)])
        out = XW @ self.X.T
        for a in range(self.K):
            for b in range(self.K):
                out = out - (ZX[a] * D[:, a, b]) @ ZX[b].T
        return out

    def times_rows(self, k: int, M: np.ndarray) -> np.ndarray:
        z = self.Z[k]
        return M if z is None else M * z

    def _quadrature(self, at: _At, inverse: np.ndarray) -> _Quadrature:
        """Adaptive Gauss-Hermite integrals of the groups; of one random effect."""
        model, theta = self.model, self.lam[0, 0]
        sd = np.sqrt(inverse[:, 0, 0])
        u = at.u[:, 0]
        logs, scores, points, zs = [], [], [], []
        for x, log_weight in zip(model.points, model.weights, strict=True):
            here = u + sd * x
            m = model.kernel(self.base + self.spread(theta * here[:, None]), self.y, self.w)
            logs.append(log_weight + x * x / 2.0 - 0.5 * (self.by_group(m.deviance) + here * here))
            scores.append(m.score)
            points.append(here)
            zs.append(self.by_group(self.times(0, m.score)))
        table = np.stack(logs)
        top = table.max(axis=0)
        p = np.exp(table - top)
        total = p.sum(axis=0)
        p /= total
        deviance = -2.0 * float((top + np.log(total) + np.log(sd)).sum())
        z, here = np.stack(zs), np.stack(points)
        slope = theta * z - here  # d(-1/2 d)/du at the nodes
        mean = (p * slope).sum(axis=0)
        spread = 1.0 + sd * (p * slope * model.points[:, None]).sum(axis=0)
        score = np.zeros_like(self.y)
        for own, share in zip(scores, p, strict=True):
            score += own * np.repeat(share, self.counts)
        return _Quadrature(
            deviance, spread, -2.0 * mean[:, None], score, np.array([[float((p * z * here).sum())]])
        )


@dataclass
class _Quadrature:
    """Integrals of the groups: deviance, derivative by log H (J,), by the modes (J, 1), mean scores of rows."""

    deviance: float
    spread: np.ndarray
    pull: np.ndarray
    score: np.ndarray
    outer: np.ndarray
