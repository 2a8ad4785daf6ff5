"""Many small fits of one formula at once: R's iterations for all groups together, by stacked arrays.

An iteration costs a few calls of NumPy for hundreds of fits. Start values, steps, rule of convergence and the Gram
matrix behind the standard errors are those of `fit_glm`. Only what goes as it should is done here: a group whose fit
needs a second thought (a rise of the deviance, columns that depend on each other, means near an end of their range,
weights of zero ...) is left undone, for `fit_glm`: what is done here is what that says.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np

from ...families import Family
from ...families.family import unit_dispersion
from ...families.link import quiet
from ...runtime.tasks import shared_out
from ..iteration import LITTLE, NEGLIGIBLE, SMALLEST_RISE
from ..problem import SMALL_COST
from ..result import Control
from .ends import surely_settled, well_ended
from .stack import GroupRows, Means, Stack, in_stacks, part, stacked, sums

MOST_ROWS = 2**15  # of a group: above, a fit of its own costs no more
# Condition number of X'WX, its columns scaled to length 1, up to which standard errors have ten digits and more.
LARGEST_CONDITION = 1e6
# The likelihoods of counts are the deviance and a part of each value's own: that is looked up where the groups are so
# many times as many as the values. It is found at any mean, such as the value held to this interval.
FEW, MIDDLE = 2, (0.25, 0.75)


@dataclass(frozen=True, slots=True)
class ManyFits:
    """What `GlmFit` says, for g groups of p columns; NaN and 0 for those that are not `done`.

    Attributes
    ----------
    done : ndarray of bool (g,)
    coefficients : ndarray (g, p)
    cov_unscaled : ndarray (g, p, p)
    deviance, null_deviance, pearson, minus2_loglik, weight_sum : ndarray (g,)
    iter : ndarray of int (g,)
    """

    done: np.ndarray
    coefficients: np.ndarray
    cov_unscaled: np.ndarray
    deviance: np.ndarray
    null_deviance: np.ndarray
    pearson: np.ndarray
    minus2_loglik: np.ndarray
    weight_sum: np.ndarray
    iter: np.ndarray


def fit_many(rows: GroupRows, family: Family, intercept: bool, control: Control) -> ManyFits:
    """The fits of all groups that go as they should.

    Parameters
    ----------
    rows : GroupRows
        The first column of X is ones where `intercept`.
    family : Family
    intercept : bool
    control : Control

    Returns
    -------
    ManyFits
    """
    groups, p = len(rows.starts) - 1, rows.X.shape[1]
    sizes = np.diff(rows.starts)
    out = _nothing(groups, p)
    possible = np.flatnonzero((sizes > p) & (sizes <= MOST_ROWS)) if p else np.empty(0, np.intp)
    stacks = list(in_stacks(possible, sizes, p))
    tasks = [partial(_fitted, rows, stack, family, intercept, control) for stack in stacks]
    for stack, fits in zip(stacks, shared_out(tasks) if tasks else (), strict=True):
        for field in fields(ManyFits):
            getattr(out, field.name)[stack] = getattr(fits, field.name)
    return out


def _nothing(groups: int, p: int) -> ManyFits:
    deviance, null, pearson, minus2, weights = (np.full(groups, np.nan) for _ in range(5))
    return ManyFits(
        np.zeros(groups, bool),
        np.full((groups, p), np.nan),
        np.full((groups, p, p), np.nan),
        deviance,
        null,
        pearson,
        minus2,
        weights,
        np.zeros(groups, int),
    )


@dataclass(slots=True)
class _Ends:
    """Where the iterations of each group of a stack ended."""

    done: np.ndarray
    beta: np.ndarray
    cov: np.ndarray
    deviance: np.ndarray
    pearson: np.ndarray
    iter: np.ndarray


@quiet
def _fitted(
    rows: GroupRows, which: np.ndarray, family: Family, intercept: bool, control: Control
) -> ManyFits:
    """The fits of a stack."""
    stack = stacked(rows, which, family)
    real = np.diff(rows.starts)[which]
    ends = _iterated(stack, real, control, None)
    null, sound = _null_deviance(stack, real, intercept, control)
    # a fit above its null model begins again there
    done = ends.done & sound & (ends.deviance <= null * (1 + 1e-10) + 1e-14)
    dispersion = family.fixed_dispersion
    minus2 = _minus2_loglik(stack, real, ends, done) if family.has_likelihood else np.full(len(which), np.nan)
    fits = ManyFits(
        done,
        ends.beta,
        ends.cov,
        ends.deviance,
        null,
        ends.pearson if dispersion is None else np.full(len(which), np.nan),
        minus2,
        stack.weights.sum(axis=1),
        ends.iter,
    )
    for field in fields(ManyFits):
        if field.name not in ("done", "iter"):
            getattr(fits, field.name)[~done] = np.nan
    return fits


def _minus2_loglik(stack: Stack, real: np.ndarray, ends: _Ends, done: np.ndarray) -> np.ndarray:
    """Of each group that is done; where few values are counts, of each value once, beside the deviance."""
    family, out = stack.family, np.full(len(real), np.nan)
    eta = stack.eta(ends.beta)
    mu = family.link.linkinv(eta.ravel()).reshape(eta.shape)
    if family.loglik_dispersion is unit_dispersion and not stack.weighted:
        values, places = np.unique(stack.y, return_inverse=True)
        if len(values) * FEW < done.sum():
            at = np.array([float(np.clip(v, *MIDDLE)) for v in values])[:, None]
            known = [
                family.minus2_loglik(y, m, None, 1.0, None) - float(family.unit_deviance(y, m)[0])
                for y, m in zip(values[:, None], at, strict=True)
            ]
            return ends.deviance + sums(stack.weights, np.array(known)[places.reshape(stack.y.shape)])
    for k in np.flatnonzero(done):
        here = slice(0, real[k])
        weights = stack.weights[k, here] if stack.weighted else None
        trials = None if stack.trials is None else stack.trials[k, here]
        phi = family.fixed_dispersion
        if phi is None:
            phi = family.loglik_dispersion(ends.deviance[k], stack.weights[k].sum(), int(real[k]))
        out[k] = family.minus2_at(stack.y[k, here], eta[k, here], mu[k, here], weights, phi, trials)
    return out


def _iterated(stack: Stack, real: np.ndarray, control: Control, start: np.ndarray | None) -> _Ends:
    """Fisher scoring from the start values of the rows, or from coefficients (g, p)."""
    g, _, p = stack.X.shape
    ends = _Ends(
        np.zeros(g, bool), np.full((g, p), np.nan), np.full((g, p, p), np.nan),
        np.full(g, np.nan), np.full(g, np.nan), np.zeros(g, int),
    )  # fmt: skip
    no_weight = (stack.weights == 0.0).sum(axis=1) > stack.y.shape[1] - real
    now = np.flatnonzero(~no_weight)
    apart = _apart(stack)
    usual = apart >= SMALL_COST
    apart = np.minimum(0.1, apart)
    all_of_it, stack = stack, stack.part(now) if len(now) < g else stack
    beta = np.zeros((len(now), p)) if start is None else start[now]
    at = Means.at(stack, stack.start_eta() if start is None else stack.eta(beta))
    promised = np.full(len(now), np.inf)
    for iteration in range(1, control.maxit + 1):
        keep = at.good.copy()
        begins = iteration == 1 and start is None
        working = at.working(stack)
        u = (stack.y - at.mu) / at.slope
        if begins:
            u = u + at.eta if stack.offset is None else u + at.eta - stack.offset
        keep &= ((working > 0) | (stack.weights == 0)).all(axis=1) & np.isfinite(sums(working, u))
        step, inverse, decrease, sound = _solved(stack.X, working, u)
        keep &= sound
        fresh = beta + step
        there = Means.at(stack, stack.eta(fresh))
        keep &= there.good & np.isfinite(fresh).all(axis=1)
        previous = at.deviance
        promise = decrease / (np.abs(previous) + apart[now])
        change = (there.deviance - previous) / (np.abs(there.deviance) + 0.1)
        if not begins:  # a rise: `fit_glm` halves steps
            keep &= ~(change >= max(control.epsilon, SMALLEST_RISE))
        still = np.abs(change) < control.epsilon
        settled = surely_settled(
            stack.family, usual[now], control, None if begins else decrease, previous, there
        )
        slow = (np.abs(change) < LITTLE) & (np.maximum(promise, promised) < NEGLIGIBLE)
        keep &= ~(still & ~settled & ~slow)  # `fit_glm` looks at the scale of the responses
        over = keep & (still | slow)
        if over.any():
            done = np.flatnonzero(over)
            fine = well_ended(stack.part(done), at, there, done, begins, decrease, previous, beta, fresh)
            which, done = now[done[fine]], done[fine]
            ends.done[which] = True
            ends.beta[which], ends.cov[which] = fresh[done], inverse[done]
            ends.deviance[which], ends.iter[which] = there.deviance[done], iteration
            residual = (stack.y[done] - there.mu[done]) / there.slope[done]
            ends.pearson[which] = sums(working[done], residual * residual)
        on = np.flatnonzero(keep & ~over)
        if not len(on):
            break
        if len(on) < len(now):
            now, fresh, promise = now[on], fresh[on], promise[on]
            stack = all_of_it.part(now)
            there = part(there, on)
        beta, at, promised = fresh, there, promise
    return ends


def _apart(stack: Stack) -> np.ndarray:
    """`cost_of_mean` of each group."""
    mean = stack.means
    cost = stack.weights.sum(axis=1) * (mean * (mean / stack.family.variance(mean)))
    return np.where((cost > 0.0) & (cost < np.inf), cost, 0.1)


def _solved(
    X: np.ndarray, working: np.ndarray, u: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Steps (g, p), inverses of X'WX (g, p, p), what the steps promise, and which groups have the digits."""
    turned = X.transpose(0, 2, 1)
    gram = turned @ (X * working[:, :, None])
    score = (turned @ (working * u)[:, :, None])[:, :, 0]
    lengths = np.sqrt(np.einsum("gjj->gj", gram))
    sound = np.isfinite(gram).all(axis=(1, 2)) & (lengths > 0).all(axis=1)
    lengths = np.where(sound[:, None], lengths, 1.0)
    scaled = np.where(
        sound[:, None, None], gram / (lengths[:, :, None] * lengths[:, None]), np.eye(X.shape[2])
    )
    try:
        inverse = np.linalg.inv(scaled)
    except np.linalg.LinAlgError:  # some are singular to the last digit
        singular = np.linalg.matrix_rank(scaled, hermitian=True) < X.shape[2]
        sound &= ~singular
        inverse = np.linalg.inv(np.where(sound[:, None, None], scaled, np.eye(X.shape[2])))
    sizes = np.abs(scaled).sum(axis=2).max(axis=1) * np.abs(inverse).sum(axis=2).max(axis=1)
    sound &= sizes < LARGEST_CONDITION
    inverse = (inverse + inverse.transpose(0, 2, 1)) / (2 * lengths[:, :, None] * lengths[:, None])
    step = (inverse @ score[:, :, None])[:, :, 0]
    return step, inverse, np.einsum("gj,gj->g", step, score), sound


def _null_deviance(
    stack: Stack, real: np.ndarray, intercept: bool, control: Control
) -> tuple[np.ndarray, np.ndarray]:
    """Of each group, and where it could be had."""
    family, shape = stack.family, stack.y.shape
    offset = np.zeros(shape) if stack.offset is None else stack.offset
    if not intercept:
        eta = offset
    elif stack.offset is None:
        eta = np.broadcast_to(family.link.linkfun(stack.means)[:, None], shape)
    else:
        mu = family.link.linkinv(offset.ravel()).reshape(shape)
        there = sums(stack.weights, mu) / stack.weights.sum(axis=1)
        near = family.link.linkfun(stack.means) - family.link.linkfun(there)
        alone = replace(stack, X=np.ones((*shape, 1)))
        ends = _iterated(alone, real, control, np.where(np.isfinite(near), near, 0.0)[:, None])
        return ends.deviance, ends.done & np.isfinite(near)
    eta = np.ascontiguousarray(eta, dtype=np.float64)
    mu = np.repeat(stack.means, shape[1]) if intercept else family.link.linkinv(eta.ravel())
    unit = family.deviance_at(stack.y.ravel(), eta.ravel(), mu).reshape(shape)
    null = sums(stack.weights, unit)
    return null, np.isfinite(null)
