"""What each row says at given coefficients."""

from __future__ import annotations

import numpy as np

from ..families import Family
from ..sources.base import Block
from .columns import linear_predictor
from .passes import weights_at
from .result import GlmFit


def evaluate_rows(block: Block, beta: np.ndarray, family: Family) -> tuple[np.ndarray, np.ndarray]:
    """Linear predictor and mean, each (m,), at coefficients (p,) of which aliased ones may be NaN."""
    eta = linear_predictor(block.design, np.nan_to_num(beta, nan=0.0), block.offset)
    return eta, family.link.linkinv(eta)


def working_weights(block: Block, result: GlmFit, family: Family) -> np.ndarray:
    """Working weights (m,) of the last solved iteration, R's ``fit$weights``.

    They are prior_weights (dmu/deta)^2 / V(mu).
    """
    with np.errstate(all="ignore"):
        return weights_at(result.solved_at, family, block)


def row_arrays(
    block: Block, result: GlmFit, family: Family
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """y, prior_weights, offset, eta, mu, working residuals and working weights on the rows of a block.

    Working residuals are (y - mu) / (dmu/deta) at the final coefficients, working weights those of the last
    solved iteration, as in R's fit.
    """
    eta, mu = evaluate_rows(block, result.coefficients, family)
    with np.errstate(all="ignore"):
        residuals = (block.y - mu) / family.link.mu_eta(eta)
    prior = np.ones(len(block.y)) if block.prior_weights is None else block.prior_weights
    return block.y, prior, block.offset, eta, mu, residuals, working_weights(block, result, family)
