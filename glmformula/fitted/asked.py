"""What is asked of rows: a quantity of a model, with its derivatives by all of the model's parameters.

A generalized linear model and a model of several linear predictors answer alike, so what is made of such answers
(means over rows, differences, marginal means) needs to know neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.likelihood.layout import Layout, predictors_by_chunk
from ..engine.likelihood.likelihood_fit import as_slice
from ..errors import FitError
from ..families.likelihood import Etas, Quantity
from ..families.link import Array, Link
from .protocols import has_one_mean, is_parametric, single_index

if TYPE_CHECKING:
    from ..sources.base import Block
    from .protocols import Fit

SCALES = {"log": "log", "logit": "logit", "probit": "logit", "cloglog": "logit", "cauchit": "logit"}
"""On which an interval of a mean is made, by the link; of any other link on the mean's own."""


@dataclass(frozen=True)
class Asked:
    """A quantity and the parameters it depends on; picklable.

    Attributes
    ----------
    quantity : Quantity
    layout : Layout
        Of the parameters (r of them), as columns of a block's design.
    parameters : ndarray (r,)
    names : tuple of str
        Of the parameters.
    """

    quantity: Quantity
    layout: Layout
    parameters: np.ndarray
    names: tuple[str, ...]

    def values(self, block: Block) -> np.ndarray:
        """(m,) or (m, K): of each row of a block."""
        parts = [np.empty((0, len(self.quantity.columns)) if self.quantity.columns else 0)]
        with np.errstate(all="ignore"):
            for rows, _, etas in predictors_by_chunk(self.layout, self.parameters, block):
                value = np.asarray(self.quantity.value(etas))
                parts.append(np.broadcast_to(value, (rows.stop - rows.start, *value.shape[1:])))
        return np.concatenate(parts)

    def gradients(self, block: Block) -> np.ndarray:
        """(m, r) or (m, K, r): derivatives by the parameters."""
        assert self.quantity.jacobian is not None
        width, r = len(self.quantity.columns), self.layout.size
        parts = [np.empty((0, width, r) if width else (0, r))]
        with np.errstate(all="ignore"):
            for rows, columns, etas in predictors_by_chunk(self.layout, self.parameters, block):
                m = rows.stop - rows.start
                out = np.zeros((m, width, r) if width else (m, r))
                jacobian = self.quantity.jacobian(etas)
                for which, place, j in zip(self.layout.columns, self.layout.slices(), jacobian, strict=True):
                    X = np.ones((m, 1)) if which is None else columns[which].T
                    each = np.broadcast_to(np.asarray(j, float), (m, width) if width else (m,))
                    out[..., place] = each[..., None] * (X[:, None, :] if width else X)
                parts.append(out)
        return np.concatenate(parts)

    def errors(self, block: Block, cov: np.ndarray) -> np.ndarray:
        """(m,) or (m, K): standard errors by the delta method, sqrt(g' V g)."""
        assert self.quantity.jacobian is not None
        width = len(self.quantity.columns)
        parts = [np.empty((0, width) if width else 0)]
        with np.errstate(all="ignore"):
            for rows, columns, etas in predictors_by_chunk(self.layout, self.parameters, block):
                m = rows.stop - rows.start
                out, gradient = np.empty((m, width or 1)), np.zeros((self.layout.size, m))
                jacobian = self.quantity.jacobian(etas)
                for c in range(out.shape[1]):
                    for which, place, j in zip(
                        self.layout.columns, self.layout.slices(), jacobian, strict=True
                    ):
                        each = j[:, c] if np.ndim(j) == 2 else j  # type: ignore[index]
                        gradient[place] = each if which is None else columns[which] * each
                    spread = np.einsum("rm,rm->m", np.dot(cov, gradient), gradient)
                    out[:, c] = np.sqrt(np.maximum(spread, 0.0))
                parts.append(out if width else out[:, 0])
        return np.concatenate(parts)


def asked(fit: Fit, type: str | None = None, at: Any = None) -> Asked:
    """The quantity that `predict` calls `type`, of a model of any class.

    Parameters
    ----------
    type : str, optional
        Of a generalized linear model "response" or "link"; of others as of their `predict`. Default: "response",
        or the first that the model has.

    Raises
    ------
    ValueError
        An unknown type.
    FitError
        The model predicts nothing.
    """
    if is_parametric(fit):
        result = fit.result
        quantity = fit.quantity(type, at)
        return Asked(quantity, result.layout, result.solved.parameters, fit.parameter_names)
    if not has_one_mean(fit):
        single_index(fit, "a prediction", "it has no linear predictor")
        raise FitError("the model predicts nothing")
    kept = ~fit.aliased
    layout = Layout((as_slice(np.flatnonzero(kept)),), (int(kept.sum()),), (-1,))
    names = tuple(name for name, one in zip(fit.column_names, kept.tolist()) if one)
    quantities = quantities_of(fit.family.link)
    name = "response" if type is None else type
    if name not in quantities:
        raise ValueError(f"type should be one of {', '.join(map(repr, quantities))}; got {type!r}")
    return Asked(quantities[name], layout, fit.coefficients.to_numpy()[kept], names)


def quantities_of(link: Link) -> dict[str, Quantity]:
    """What a generalized linear model says of a row."""
    return {
        "response": Quantity(
            partial(_mean, link), partial(_slope, link), scale=SCALES.get(link.name, "identity")
        ),
        "link": Quantity(_eta, _one),
    }


def _mean(link: Link, etas: Etas) -> Array:
    return link.linkinv(etas[0])


def _slope(link: Link, etas: Etas) -> tuple[Array | float, ...]:
    return (link.mu_eta(etas[0]),)


def _eta(etas: Etas) -> Array:
    return etas[0]


def _one(etas: Etas) -> tuple[Array | float, ...]:
    return (np.ones_like(etas[0]),)
