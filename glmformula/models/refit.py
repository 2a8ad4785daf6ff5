"""Fits of sub-models on the same rows: fewer terms, nothing read or coded again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from itertools import compress
from typing import TYPE_CHECKING

from ..engine.irls import fit_glm
from ..engine.result import GlmFit
from ..sources.mapped import select_terms

if TYPE_CHECKING:
    from .model import GLM


def fitter(method: str) -> Callable[..., GlmFit]:
    """The engine's function for `method`."""
    if method != "firth":
        return partial(fit_glm, method=method)
    from ..engine.firth import fit_firth  # few need it

    return fit_firth


def refit_terms(fit: GLM, keep: Iterable[int]) -> GLM:
    """`fit` with only the columns whose `assign` is in `keep` (0: the intercept).

    As R's ``anova`` and ``drop1`` do, without the start values of the full model. The result keeps the labels
    of the full model's terms; its coefficients, deviances and rows are those of the sub-model.
    """
    wanted = frozenset(keep)
    columns = [term in wanted for term in fit.assign.tolist()]
    names = tuple(compress(fit.column_names, columns))
    training = fit.rows
    source = select_terms(training.source, wanted)
    fitted = fitter("firth" if fit.method == "firth" else "auto")
    result = fitted(
        source,
        fit.family,
        names=names,
        intercept=fit.terms.intercept,
        control=fit.control,
    )
    return replace(
        fit,
        column_names=names,
        assign=fit.assign[columns],
        result=result,
        training=replace(training, source=source),
    )
