"""Reference grids of models of several linear predictors: means, probabilities and scores by the delta method."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...design.build import design_for
from ...errors import FitError
from ...families import make_link
from ...fitted.asked import asked
from ...formula.algebra import variables_used
from ...frame.variables import variables_of
from ...sources.memory import MemorySource
from ..covariances.likelihood_covariance import settled_covariance
from ..wald import Vcov, resolved
from .estimates import Basis, Shown
from .scales import Scale, scale_of

if TYPE_CHECKING:
    from ...fitted.protocols import Parametric
    from .rows import Facts

Delta = tuple[np.ndarray, np.ndarray]
"""Values (n,) or (n, K) and their derivatives (n, r) or (n, K, r) by the parameters."""


@dataclass(frozen=True)
class Mode:
    """What is asked of a model.

    Attributes
    ----------
    type : str
        The quantity of the model that it is made of.
    made : callable
        Of that quantity's values and derivatives.
    estimate : str
        What the estimates are called.
    levels : callable or None
        Of a fit: name and levels of the factor that the quantity's columns are.
    part : int or None
        The part of the formula that it depends on; None: all.
    at : tuple of int, optional
        Of probabilities: the counts.
    scale : callable or None
        Of a fit.
    """

    type: str
    made: Callable[[Any, Delta], Delta]
    estimate: str = "prediction"
    levels: Callable[[Any], tuple[str, tuple[str, ...]]] | None = None
    part: int | None = None
    at: tuple[int, ...] | None = None
    scale: Callable[[Any], Scale | None] | None = None
    back: str = "response"


def _same(fit: Any, given: Delta) -> Delta:
    return given


def _first(fit: Any, given: Delta) -> Delta:
    return given[0][:, 0], given[1][:, 0]


def _category(fit: Any) -> tuple[str, tuple[str, ...]]:
    return fit.response_name, tuple(fit.likelihood.levels)


def _cut(fit: Any) -> tuple[str, tuple[str, ...]]:
    levels = fit.likelihood.levels
    return "cut", tuple(f"{a}|{b}" for a, b in zip(levels, levels[1:]))


def _centred_logs(fit: Any, given: Delta) -> Delta:
    """log p less its mean over the categories."""
    p, slope = given
    logs, slopes = np.log(p), slope / p[..., None]
    return logs - logs.mean(axis=1, keepdims=True), slopes - slopes.mean(axis=1, keepdims=True)


def _cumulative(fit: Any, given: Delta) -> Delta:
    return np.cumsum(given[0], axis=1)[:, :-1], np.cumsum(given[1], axis=1)[:, :-1]


def _exceeding(fit: Any, given: Delta) -> Delta:
    value, slope = _cumulative(fit, given)
    return 1 - value, -slope


def _mean_class(fit: Any, given: Delta) -> Delta:
    place = np.arange(1, given[0].shape[1] + 1)
    return given[0] @ place, np.einsum("k,nkr->nr", place, given[1])


def _cumulative_link(fit: Any, given: Delta) -> Delta:
    """The link of the cumulative probabilities: a threshold less eta."""
    link = make_link(_link_name(fit))
    value, slope = _cumulative(fit, given)
    eta = link.linkfun(value)
    return eta, slope / link.mu_eta(eta)[..., None]


def _latent(fit: Any, given: Delta) -> Delta:
    """eta less the mean of the thresholds, from the links of the cumulative probabilities."""
    value, slope = _cumulative_link(fit, given)
    return -value.mean(axis=1), -slope.mean(axis=1)


def _link_name(fit: Any) -> str:
    method: str = fit.likelihood.parameters["method"]
    if method not in LINKS:
        raise FitError(
            f"there is no link of cumulative probabilities for method={method!r}: ask for mode='prob'"
        )
    return LINKS[method]


def _link_scale(fit: Any) -> Scale | None:
    return scale_of(make_link(_link_name(fit)))


def _log_scale(fit: Any) -> Scale | None:
    return Scale("log", "log", np.exp, np.exp)


LINKS = {"logistic": "logit", "probit": "probit", "cloglog": "cloglog", "cauchit": "cauchit"}
COUNTS = {
    "response": Mode("response", _same),
    "count": Mode("count", _same, part=0),
    "zero": Mode("zero", _same, part=1),
    "prob0": Mode("prob", _first, at=(0,)),
}
UNORDERED = {
    "prob": Mode("probs", _same, "prob", _category),
    "latent": Mode("probs", _centred_logs, levels=_category, scale=_log_scale, back="e^y"),
}
ORDERED = {
    "latent": Mode("probs", _latent),
    "prob": Mode("probs", _same, "prob", _category),
    "mean.class": Mode("probs", _mean_class, "mean.class"),
    "cum.prob": Mode("probs", _cumulative, "cumprob", _cut),
    "exc.prob": Mode("probs", _exceeding, "exc.prob", _cut),
    "linear.predictor": Mode("probs", _cumulative_link, levels=_cut, scale=_link_scale, back="cumprob"),
}


def modes_of(fit: Parametric) -> dict[str, Mode]:
    """What can be asked of a model, what it is asked by default first."""
    if "probs" not in fit.likelihood.quantities:
        return COUNTS
    return ORDERED if fit.likelihood.ordered else UNORDERED


def mode_of(fit: Parametric, name: str | None) -> Mode:
    """
    Raises
    ------
    ValueError
    """
    modes = modes_of(fit)
    if name is not None and name.replace("_", ".") not in modes:
        raise ValueError(f"mode should be one of {', '.join(map(repr, modes))}; got {name!r}")
    return modes[next(iter(modes)) if name is None else name.replace("_", ".")]


def degrees_of(fit: Parametric) -> float:
    """As R's package has it: the parameters of multinom, the residual ones of hurdle, else infinite."""
    if "probs" in fit.likelihood.quantities:
        return math.inf if fit.likelihood.ordered else float(fit.n_parameters)
    return float(fit.df_residual) if fit.likelihood.name == "hurdle" else math.inf


def names_of_part(fit: Parametric, part: int | None) -> set[str] | None:
    """The variables of one part of the formula; None for all."""
    if part is None or not fit.terms.parts:
        return None
    return {name for _, node, _, _ in variables_of(fit.terms.parts[part]) for name in variables_used(node)}


def basis_at(
    fit: Parametric, mode: Mode, columns: dict[str, list[Any]], size: int, facts: Facts, vcov: Vcov
) -> Basis:
    """Values at the rows of a grid (those of a further column after all of one) with their covariance."""
    if fit.schema.offset is not None or fit.schema.offset_lost:
        raise FitError(
            "emmeans() of a model of several linear predictors needs its offset in the formula, as offset(x), not in "
            "offset="
        )
    made: dict[str, Any] = {}
    for name, values in columns.items():
        factor = facts.seen[name].kind == "factor"
        made[name] = pd.Categorical(values, categories=list(facts.seen[name].used())) if factor else values
    newdata = pd.DataFrame(made) if made else pd.DataFrame(index=pd.RangeIndex(size))
    new = design_for(fit.schema, newdata)
    source = MemorySource(new.design, np.zeros(size), offset=new.offset)
    question = asked(fit, mode.type, mode.at)
    block = source.block(slice(0, size))
    value, slope = mode.made(fit, (question.values(block), question.gradients(block)))
    if value.ndim == 2:
        value = value.T.ravel()
        slope = slope.transpose(1, 0, 2).reshape(len(value), -1)
    cov, errors = _covariance(fit, vcov)
    return Basis(value, slope @ cov @ slope.T, None, degrees_of(fit), errors)


def _covariance(fit: Parametric, vcov: Vcov) -> tuple[np.ndarray, str]:
    """Of all parameters; one that was given of the coefficients holds the constants fixed."""
    if vcov is None:
        return settled_covariance(fit), ""
    given, errors = resolved(fit, vcov)
    r = len(fit.joint_covariance)
    if given.shape == (r, r):
        return settled_covariance(fit, given), errors
    own = np.flatnonzero(~fit.result.constants)
    cov = np.zeros((r, r))
    cov[np.ix_(own, own)] = given
    return settled_covariance(fit, cov), errors


def shown_at(fit: Parametric, mode: Mode, size: int) -> Shown:
    scale = None if mode.scale is None else mode.scale(fit)
    return replace(
        Shown(infer=(False, False), size=size), estimate=mode.estimate, scale=scale, back=mode.back
    )
