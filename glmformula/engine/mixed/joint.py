"""nAGQ = 0: fixed effects and modes together at the minimum of the penalised deviance, theta alone is searched."""

from __future__ import annotations

import numpy as np

from ...errors import FitError
from .approximation import Approximation
from .search import Found, forward_hessian, lifted, minimum

INNER = 60
PROMISE = 1e-18
DIFFERENCE = 1e-3


class Joint:
    """The deviance as a function of theta, gamma being where the penalised deviance is least."""

    def __init__(self, model: Approximation, gamma: np.ndarray) -> None:
        self.model, self.gamma = model, gamma

    def solved(self, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """gamma by Newton's method; the deviance there, its gradient by (gamma, theta), and the information."""
        gamma, best, step = self.gamma, np.inf, np.zeros_like(self.gamma)
        t = 1.0
        for _ in range(INNER):
            x = np.concatenate([gamma + t * step, theta])
            penalised, score, information, deviance, gradient = self.model.penalised(x)
            if not np.isfinite(penalised):
                if not step.any():
                    return np.inf, gradient, information
                t /= 4.0
                continue
            if penalised > best + 1e-10 * (abs(best) + 1.0) and t > 1e-8:
                t /= 2.0
                continue
            gamma, best, t = x[: len(gamma)], penalised, 1.0
            step = np.linalg.solve(information, score) if len(gamma) else score
            if float(score @ step) < PROMISE:
                break
        self.gamma = gamma
        return deviance, gradient, information

    def value(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Deviance, and its gradient along the path of gamma."""
        before = self.gamma
        d, g, information = self.solved(theta)
        if not np.isfinite(d):
            self.gamma = before
            return np.inf, np.zeros(len(theta))
        r = len(self.gamma)
        if not r:
            return d, g
        v = np.linalg.solve(information, g[:r])
        return d, g[r:] + self.model.moved(np.concatenate([self.gamma, theta]), v)


def joint_mode(model: Approximation, x: np.ndarray) -> Found:
    """The minimum over theta."""
    r = model.n_fixed
    joint = Joint(model, x[:r])
    theta = x[r:]
    model.tighten()
    d, g = joint.value(theta)
    if not np.isfinite(d):
        raise FitError(
            "the deviance is not finite where the search begins: give start= smaller values of theta"
        )
    B = lifted(forward_hessian(joint.value, theta, g, np.arange(len(theta)), DIFFERENCE))
    found = minimum(joint.value, theta, B, longest=5.0, step=DIFFERENCE)
    deviance = joint.solved(found.x)[0]
    whole = np.zeros((r + len(theta),) * 2)
    whole[r:, r:] = found.hessian
    gradient = np.concatenate([np.zeros(r), found.gradient])
    return Found(
        np.concatenate([joint.gamma, found.x]), deviance, gradient, whole, found.converged, found.iterations
    )
