"""Means of a model with fewer terms, from the fit of the whole one: what the smaller says of its fitted values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...errors import FormulaError
from ...fitted.protocols import is_parametric
from ...formula.algebra import terms, variables_used
from .estimates import MarginalMeans
from .nests import term_table

NAMED = ("minimal", "type2")


def of_submodel(means: MarginalMeans, submodel: Any) -> MarginalMeans:
    """The same functions of the coefficients that a model of fewer terms has for the fitted values.

    With X_s the columns that stay, b_s = (X_s'W X_s)^-1 X_s'W X b, whose standard errors are those of the whole model's
    residuals. "type2": all columns are orthogonal first to the terms that do not hold the last one.

    Raises
    ------
    FormulaError
        It is neither a formula nor one of `NAMED`, or no term of the model is in it.
    ValueError
        Models of several linear predictors; means on another scale.
    """
    fit = means.fit
    if is_parametric(fit) or not np.array_equal(
        means.basis.estimates, fit.coefficients.to_numpy(dtype=float), equal_nan=True
    ):
        raise ValueError(
            "submodel= is of one linear predictor and its coefficients: means of several, or taken to another scale, "
            "have none"
        )
    names, table = term_table(fit.terms)
    own = [frozenset(n for n, use in zip(names, column) if use) for column in np.asarray(table).T.tolist()]
    kept = _kept(own, submodel, means)
    orthogonal = []
    if submodel == "type2":
        last = max(kept, default=-1)
        kept = kept if last < 0 else [last]
        orthogonal = [k for k, one in enumerate(own) if last >= 0 and not own[last] <= one]
    A = _projection(fit, kept, orthogonal, submodel == "type2")
    known = np.isnan(means.linear)
    linear = np.where(known.any(axis=1)[:, None], np.nan, np.where(known, 0.0, means.linear) @ A)
    shown = " + ".join(fit.terms.labels[k] for k in kept) or "1"
    text = f"submodel: ~ {shown}"
    return replace(means, linear=linear, shown=replace(means.shown, messages=(*means.shown.messages, text)))


def _kept(own: list[frozenset[str]], submodel: Any, means: MarginalMeans) -> list[int]:
    """Places of the model's terms that the submodel has."""
    if not isinstance(submodel, str) or (submodel not in NAMED and "~" not in submodel):
        raise FormulaError(
            f"submodel should be a formula such as '~ a + b', 'minimal' or 'type2'; got {submodel!r}"
        )
    if submodel in NAMED:
        factors = set(means.levels)
        return [k for k, one in enumerate(own) if one <= factors]
    asked = terms("~" + submodel.partition("~")[2])
    variables = [frozenset(variables_used(node)) for node in asked.variables]
    wanted = []
    for column in np.asarray(asked.factors).T.tolist():
        parts = [own_ for own_, use in zip(variables, column) if use]
        wanted.append(frozenset().union(*parts))
    kept = [k for k, one in enumerate(own) if one in wanted]
    if not kept and wanted:
        raise FormulaError(
            f"submodel: no term of the model is in {submodel!r}; it has {', '.join(map(repr, means.fit.terms.labels))}"
        )
    return kept


def _projection(fit: Any, kept: list[int], orthogonal: list[int], only: bool) -> np.ndarray:
    """(p, p): from the functions of a smaller model's coefficients to those of the whole one's."""
    here = ~fit.aliased
    assign = fit.assign[here]
    G = np.linalg.inv(np.asarray(fit.result.cov_unscaled))
    columns = np.isin(assign, [0, *(k + 1 for k in kept)])
    if only:
        out = np.isin(assign, [0, *(k + 1 for k in orthogonal)])
        columns &= ~out
        G = G - G[:, out] @ np.linalg.solve(G[np.ix_(out, out)], G[out])
        G[:, out] = 0.0
    inner = np.zeros_like(G)
    inner[columns] = np.linalg.solve(G[np.ix_(columns, columns)], G[columns])
    places = np.flatnonzero(here)
    A = np.zeros((len(here), len(here)))
    A[np.ix_(places, places)] = inner
    return A
