"""Mean bias reduction (Firth 1993): estimates whose bias is of second order, finite where data are separated.

The score is adjusted by what its bias would be: the estimate solves

    X'W u / phi + X' (h/2) (d'/d) = 0,    d = dmu/deta,  d' = d2mu/deta2,  h the leverages,  u = (y - mu) / d,

by scoring (Kosmidis & Firth 2009, equation 13), with phi the known dispersion, or an estimate of it that is
itself adjusted so (Kosmidis, Kenne Pagui & Sartori 2020, section 2; gaussian, Gamma, inverse gaussian), or
Pearson's for families without a likelihood in phi. For a canonical link the estimate is the mode of the
likelihood times Jeffreys' prior |X'WX|^(1/2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from operator import add

import numpy as np
from scipy.linalg import solve_triangular

from ..design.dense import dense
from ..design.pieces import Design
from ..errors import ConvergenceWarning, FitError, give_warning
from ..families import Family
from ..families.curvature import relative_curvature
from ..families.distributions import GAMMA, INVERSE_GAUSSIAN, NORMAL
from ..runtime.tasks import one_team
from ..sources.base import Block, Source
from ..sources.mapped import Mapped
from .best import best_path
from .columns import in_chunks, linear_predictor
from .irls import finished
from .passes import INTERCEPT, Sums
from .path import Lost, Path
from .problem import Problem, is_small
from .result import Control, GlmFit
from .scoring import scoring_step
from .solve import IllConditioned, Solution

# A step that does not bring the estimate nearer is halved so many times at most.
MOST_HALVINGS = 12
# Scoring converges linearly here, so it may take so many times control.maxit steps.
PATIENCE = 4


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The adjusted score equation at some coefficients.

    Attributes
    ----------
    beta : ndarray (p,)
    at : Sums
    solution : Solution
        Of the plain step; its factor is X'WX.
    step : ndarray (p,)
        The adjusted step, 0 where aliased.
    dispersion : float
    length : float
        Of the step in standard errors: sqrt(step' X'WX step / dispersion).
    """

    beta: np.ndarray
    at: Sums
    solution: Solution
    step: np.ndarray
    dispersion: float
    length: float

    @property
    def log_determinant(self) -> float:
        """log |X'WX| over the columns that are not aliased."""
        return 2.0 * float(np.log(np.abs(self.solution.factor.diagonal()) * self.solution.scale).sum())

    def penalised(self) -> float:
        """-2 log-likelihood - log |X'WX|, up to a constant: what the estimate minimises if the link is canonical."""
        return self.at.deviance - self.log_determinant


@dataclass(frozen=True, slots=True)
class Firth:
    """The problem; `family.fixed_dispersion` or `phi` below decide the dispersion."""

    problem: Problem

    @property
    def family(self) -> Family:
        return self.problem.family

    def adjusted(
        self, beta: np.ndarray, dispersion: float | None, free: np.ndarray | None = None
    ) -> Adjusted | None:
        """The equation at `beta`, None where that is not valid; steps in the columns `free` only (bool, (p,)).

        `dispersion`: where to begin looking for it.
        """
        problem = self.problem
        at = problem.at(beta, solve=True)
        if not at.usable or at.fault:
            return None
        solution = scoring_step(problem, at, beta, beta, None)
        half = root_of_inverse(solution, len(beta))
        phi = self.phi(beta, at, solution.rank, dispersion)
        pull = problem.source.map_reduce(partial(adjustment, self.family, beta, half), add)
        # the plain step is G^-1 score: together with the adjustment it is solved for the free columns
        kept = solution.pivot[: solution.rank]
        root = solution.factor * solution.scale
        score = root.T @ (root @ (solution.beta - beta)[kept]) + phi * pull[kept]
        step = np.zeros(len(beta))
        moving = np.ones(len(kept), bool) if free is None else free[kept]
        if moving.all():
            along = half[kept].T @ score
            step[kept] = half[kept] @ along
            length = float(along @ along)
        else:
            part = root[:, moving]
            step[kept[moving]] = np.linalg.lstsq(part.T @ part, score[moving], rcond=None)[0]
            length = float(score[moving] @ step[kept[moving]])
        return Adjusted(beta, at, solution, step, phi, float(np.sqrt(max(0.0, length) / phi)))

    def phi(self, beta: np.ndarray, at: Sums, rank: int, start: float | None) -> float:
        """The dispersion that goes with these coefficients."""
        family = self.family
        if family.fixed_dispersion is not None:
            return family.fixed_dispersion
        df = at.n_ok - rank
        if df <= 0:
            return 1.0
        if family.distribution in (NORMAL, INVERSE_GAUSSIAN):
            return at.deviance / df
        if family.distribution == GAMMA:
            return self.gamma_phi(at.deviance, rank, start or at.deviance / df)
        pearson = self.problem.source.map_reduce(partial(pearson_of, family, beta), add)
        return pearson / df

    def gamma_phi(self, deviance: float, rank: int, phi: float) -> float:
        """The root of the adjusted score of phi, by Newton's method in log phi."""
        source = self.problem.source
        for _ in range(100):
            expected, second, third = source.map_reduce(partial(gamma_sums, phi), add)
            score = (
                (deviance - expected) / (2 * phi**2) + (rank - 2) / (2 * phi) + third / (2 * phi**2 * second)
            )
            information = second / (2 * phi**4)
            change = float(np.clip(score / (information * phi), -1.0, 1.0))
            phi *= float(np.exp(change))
            if abs(change) < 1e-12:
                break
        return phi

    def solve(
        self, here: Adjusted, free: np.ndarray | None = None, tolerance: float = 1e-8
    ) -> tuple[Adjusted, int, bool]:
        """Scoring from a valid point: the end, the steps taken, whether the step became negligible."""
        most = PATIENCE * self.problem.control.maxit
        for steps in range(most):
            if here.length < tolerance:
                return here, steps, True
            there: Adjusted | None = None
            for halving in range(MOST_HALVINGS + 1):
                trial = self.adjusted(here.beta + here.step / 2**halving, here.dispersion, free)
                if trial is not None:
                    there = trial
                    if trial.length <= here.length:
                        break
            if there is None:
                return here, steps, False
            here = there
        return here, most, here.length < tolerance


@one_team()
def fit_firth(
    source: Source,
    family: Family,
    *,
    names: tuple[str, ...],
    intercept: bool,
    control: Control | None = None,
    start: np.ndarray | None = None,
) -> GlmFit:
    """Fit by mean bias reduction, R's ``brglm2::brglmFit(type = "AS_mean")``; logistf for the logistic model.

    The arguments and the result are those of `engine.irls.fit_glm`; `dispersion` is the one that solves its own
    adjusted equation.

    Raises
    ------
    FitError
        No valid start.

    Notes
    -----
    Converged where the step is below epsilon / 100 standard errors. R's brglm2 stops earlier (1e-6 of the adjusted
    score), takes the same estimate of phi, and knows no quasi families; here these use Pearson's.
    """
    control = control or Control()
    p = len(names)
    way = "qr" if p == 0 or is_small(source, p) else "gram"
    problem = Problem(source, family, p, intercept, control, way, strict=way == "gram")
    try:
        try:
            path, dispersion = solved(problem, start)
        except IllConditioned:
            path, dispersion = solved(replace(problem, way="qr", strict=False), start)
    except Lost as lost:
        raise FitError(str(lost)) from None
    fit, messages = finished(problem, path)
    for message in messages:
        give_warning(message, ConvergenceWarning)
    fit = replace(fit, method="firth", near_end=False, dispersion=dispersion)
    return replace(fit, null_deviance=null_deviance(problem)) if intercept and p else fit


def null_deviance(problem: Problem) -> float:
    """Deviance of the bias-reduced intercept (with the offset): brglm2's."""
    source = Mapped(problem.source, intercept_alone)
    try:
        path, _ = solved(replace(problem, source=source, p=1, way="qr", strict=False), None)
    except FitError:
        return np.nan
    return path.at.deviance


def intercept_alone(block: Block) -> Block:
    design = Design(block.design.nrows, (INTERCEPT,), ("(Intercept)",), np.zeros(1, int), ())
    return replace(block, design=design, etastart=None, mustart=None)


def solved(problem: Problem, start: np.ndarray | None) -> tuple[Path, float]:
    """From two plain steps to the bias-reduced estimate."""
    brief = replace(problem, control=replace(problem.control, maxit=2, trace=False))
    first = best_path(brief, start)
    if not problem.p:
        return first, np.nan
    firth = Firth(problem)
    here = firth.adjusted(first.beta, None)
    if here is None:
        raise Lost("no valid set of coefficients has been found: please supply starting values")
    end, steps, converged = firth.solve(here, tolerance=0.01 * problem.control.epsilon)
    fixed = problem.family.fixed_dispersion is not None
    path = Path(
        end.beta, end.at, end.solution, end.beta, steps, converged, False, end.at.deviance, rose=False
    )
    return path, np.nan if fixed else end.dispersion


def root_of_inverse(solution: Solution, p: int) -> np.ndarray:
    """(p, r): A with A A' = (X'WX)^-1 over the kept columns, 0 for the others."""
    half = np.zeros((p, solution.rank))
    if solution.rank:
        inverse = solve_triangular(solution.factor, np.eye(solution.rank))
        half[solution.pivot[: solution.rank]] = inverse / solution.scale[:, None]
    return half


def adjustment(family: Family, beta: np.ndarray, half: np.ndarray, block: Block) -> np.ndarray:
    """X' (h/2) (d'/d), (p,)."""
    total = np.zeros(len(beta))
    with np.errstate(all="ignore"):
        for chunk in in_chunks(block):
            X = dense(chunk.design)
            eta = X @ beta
            if chunk.offset is not None:
                eta += chunk.offset
            _, slope, variance = family.working(eta)
            working = slope * slope / variance
            if chunk.prior_weights is not None:
                working = np.where(chunk.prior_weights > 0, working * chunk.prior_weights, 0.0)
            leverage = working * np.square(X @ half).sum(axis=1)
            total += X.T @ np.where(leverage > 0, 0.5 * leverage * relative_curvature(family.link, eta), 0.0)
    return total


def pearson_of(family: Family, beta: np.ndarray, block: Block) -> float:
    with np.errstate(all="ignore"):
        mu, _, variance = family.working(linear_predictor(block.design, beta, block.offset))
        squares = np.square(block.y - mu) / variance
    return float(squares.sum() if block.prior_weights is None else block.prior_weights @ squares)


def gamma_sums(phi: float, block: Block) -> np.ndarray:
    """Expected deviance, and sums of w^2 a'' and w^3 a''' at zeta = -w / phi; a' = 2 log(-zeta) - 2 digamma(-zeta)."""
    from scipy.special import digamma, polygamma  # at first use: it is a third of the import

    weights = np.ones(len(block.y)) if block.prior_weights is None else block.prior_weights
    w, count = np.unique(weights[weights > 0], return_counts=True)
    shape = w / phi
    first = 2 * (np.log(shape) - digamma(shape))
    second = 2 * (polygamma(1, shape) - 1 / shape)
    third = -2 * (polygamma(2, shape) + 1 / shape**2)
    return np.array([count @ (w * first), count @ (w**2 * second), count @ (w**3 * third)])
