"""Likelihood ratio tests of the terms of a model of several linear predictors: drop1, add1, anova and Anova."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...errors import FitError, hearing
from ...formula.lines import formula_lines
from ...formula.parts import with_right_sides
from ...formula.scope import add_labels, drop_labels, drop_scope, positions, with_terms
from ...formula.terms import Terms
from ...render.anova import scope_heading
from ...render.table import StatTable
from ..distributions import chisq_upper
from .compared_models import check_same_rows, of_one_response

if TYPE_CHECKING:
    from ...fitted.protocols import Parametric
    from ...formula.scope import Scope

TESTS = ("none", "Chisq", "LRT")
SAME = 1e-7  # deviances that differ by less than this share are equal but for rounding


@dataclass(frozen=True)
class Term:
    """A term of one part of a formula.

    Attributes
    ----------
    label : str
        In a table: with the part's name before it where there are several.
    number : int
        As the design's `assign` has it.
    part : Terms
    place : int
        Among the part's terms.
    """

    label: str
    number: int
    part: Terms
    place: int

    @property
    def first(self) -> int:
        """The number of the part's intercept."""
        return self.number - self.place - 1


def terms_in(fit: Parametric) -> list[Term]:
    """All terms, part after part."""
    if not fit.terms.parts:
        return [Term(label, k + 1, fit.terms, k) for k, label in enumerate(fit.terms.labels)]
    out, first = [], 0
    for part, terms in enumerate(fit.terms.parts):
        name = fit.likelihood.predictors[fit.likelihood.parts.index(part)]
        out += [Term(f"{name}_{label}", first + k + 1, terms, k) for k, label in enumerate(terms.labels)]
        first += len(terms.labels) + 1
    return out


def containing(term: Term) -> list[int]:
    """Numbers of the other terms of its part that have all of its variables."""
    present = np.asarray(term.part.factors) > 0
    own = present[:, term.place]
    return [term.first + 1 + j for j in range(present.shape[1]) if j != term.place and present[own, j].all()]


def sub_model(fit: Parametric, keep: Iterable[int], described: str) -> Parametric:
    """The model with some of its terms; an error says which one it is."""
    with hearing():
        try:
            return fit.on_terms(keep)
        except FitError as error:
            raise FitError(f"the model {described} could not be fitted: {error}") from error


def test_name(test: str | bool | None) -> str:
    if test is None or test is False:
        return "none"
    matches = [name for name in TESTS if isinstance(test, str) and test and name.startswith(test)]
    if len(matches) != 1:
        raise ValueError(
            f"test should be one of {', '.join(map(repr, TESTS))}; got {test!r}: these models are compared by their "
            "likelihoods"
        )
    return matches[0]


def everything(fit: Parametric) -> frozenset[int]:
    return frozenset(range(sum(len(part.labels) + 1 for part in fit.terms.parts or (fit.terms,))))


def drop1(fit: Parametric, scope: Scope | None, test: str | bool | None, k: float) -> StatTable:
    """Each model without a term: Df, AIC, and with a test LRT and its probability, as R's ``drop1.default``."""
    name = test_name(test)
    every = terms_in(fit)
    chosen = droppable(fit, scope)
    whole = everything(fit)
    models = {
        term.label: sub_model(fit, whole - {term.number}, f"without ‘{term.label}’")
        for term in every
        if term.label in chosen
    }
    return single_term_table(fit, fit, models, "deletions", name, k)


def free(fit: Parametric, lower: Terms | None) -> list[str]:
    """Labels of the terms that no other one contains and `lower` does not keep."""
    return droppable(fit, None) if fit.terms.parts else drop_scope(fit.terms, lower)


def droppable(fit: Parametric, scope: Scope | None) -> list[str]:
    """Labels, in a table, of the terms that `scope` names; by default those that no other one contains."""
    if not fit.terms.parts:
        return drop_labels(fit.terms, scope)
    every = terms_in(fit)
    if scope is None:
        free = {id(part): drop_scope(part) for part in fit.terms.parts}
        return [term.label for term in every if term.part.labels[term.place] in free[id(term.part)]]
    labels = [scope] if isinstance(scope, str) else list(scope)
    known = [term.label for term in every]
    for label in labels:
        if label not in known:
            raise FitError(
                f"scope is not a subset of term labels: {label!r} is no term of the model, whose terms are "
                f"{', '.join(map(repr, known))}"
            )
    return labels


def add1(fit: Parametric, scope: Scope, test: str | bool | None, k: float) -> StatTable:
    """Each model with a further term, fitted to the rows of all of them together."""
    name = test_name(test)
    if fit.terms.parts:
        raise FitError(
            "add1() means nothing for a formula in parts: say with update() what to add, and to which part"
        )
    labels = add_labels(fit.terms, scope)
    with hearing():
        large = fit.refit(formula=with_terms(fit.terms, labels))
    own = frozenset([0, *(place + 1 for place in positions(large.terms, fit.terms.labels))])
    base = fit if large.nobs == fit.nobs else sub_model(large, own, "itself on the rows of the combined fit")
    models = {
        label: sub_model(large, own | {place + 1}, f"with ‘{label}’")
        for label, place in zip(labels, positions(large.terms, labels))
    }
    return single_term_table(fit, base, models, "additions", name, k)


def single_term_table(
    fit: Parametric, base: Parametric, models: dict[str, Parametric], what: str, test: str, k: float
) -> StatTable:
    count = np.array([base.n_parameters, *(model.n_parameters for model in models.values())], dtype=float)
    deviance = np.array([base.deviance, *(model.deviance for model in models.values())])
    sign = -1.0 if what == "deletions" else 1.0
    df = sign * (count - count[0])
    df[0] = math.nan
    table = pd.DataFrame({"Df": df, "AIC": deviance + k * count}, index=["<none>", *models])
    if test != "none":
        change = np.maximum(sign * (deviance[0] - deviance), 0.0)
        change[0] = math.nan
        table["LRT"] = change
        table["Pr(>Chi)"] = chisq_upper(change, df)
    heading = scope_heading(what, "\n".join(formula_lines(fit.formula)), 0.0)
    return StatTable(table, kind="anova", heading=heading)


def changed_formula(fit: Parametric, label: str, sign: str) -> str:
    """The formula without a term, or with a further one; `label` as a table has it."""
    if not fit.terms.parts:
        return with_terms(fit.terms, [label], sign)
    (term,) = (term for term in terms_in(fit) if term.label == label)
    sides = [
        with_terms(part, [part.labels[term.place]], sign) if part is term.part else part.text
        for part in fit.terms.parts
    ]
    return with_right_sides(sides)


def anova(fits: Sequence[Parametric]) -> StatTable:
    """Models one after another, by their number of parameters, as MASS and nnet print them."""
    fits = of_one_response(list(fits))
    check_same_rows(fits)
    order = sorted(range(len(fits)), key=lambda k: fits[k].n_parameters)
    fits = [fits[k] for k in order]
    residual = np.array([float(fit.n_numbers - fit.n_parameters) for fit in fits])
    deviance = np.array([fit.deviance for fit in fits])
    df = np.concatenate([[math.nan], -np.diff(residual)])
    statistic = np.concatenate([[math.nan], -np.diff(deviance)])
    statistic = np.where(np.abs(statistic) < SAME * np.abs(deviance) * 1e-3, 0.0, statistic)
    with np.errstate(invalid="ignore"):
        p_value = np.where(df > 0, chisq_upper(np.maximum(statistic, 0.0), np.maximum(df, 1.0)), math.nan)
    frame = pd.DataFrame(
        {
            "Model": [fit.formula.partition("~")[2].strip() for fit in fits],
            "Resid. df": residual,
            "Resid. Dev": deviance,
            "Test": ["", *(f"{k} vs {k + 1}" for k in range(1, len(fits)))],
            "   Df": df,
            "LR stat.": statistic,
            "Pr(Chi)": p_value,
        },
        index=[str(k + 1) for k in range(len(fits))],
    )
    heading = (f"Likelihood ratio tests of {fits[0].models_name}\n", f"Response: {fits[0].response_name}")
    return StatTable(frame, kind="blank", heading=heading)


def sequential(fit: Parametric) -> StatTable:
    """The terms of one model added one after another."""
    every = terms_in(fit)
    first = everything(fit) - {term.number for term in every}
    kept, models = set(first), [sub_model(fit, first, "without terms")]
    for term in every:
        kept.add(term.number)
        models.append(
            fit if len(kept) == len(everything(fit)) else sub_model(fit, kept, f"up to ‘{term.label}’")
        )
    deviance = np.array([model.deviance for model in models])
    count = np.array([model.n_parameters for model in models], dtype=float)
    df = np.concatenate([[math.nan], np.diff(count)])
    change = np.concatenate([[math.nan], np.maximum(-np.diff(deviance), 0.0)])
    table = pd.DataFrame(
        {
            "Df": df,
            "LR Chisq": change,
            "Resid. Df": fit.nobs - count,
            "-2 logLik": deviance,
            "Pr(>Chi)": chisq_upper(change, df),
        },
        index=["NULL", *(term.label for term in every)],
    )
    heading = (
        "Analysis of Deviance Table (likelihood ratio tests)\n",
        f"Response: {fit.response_name}\n",
        "Terms added sequentially (first to last)\n",
    )
    return StatTable(table, kind="anova", heading=heading)


def ratio_table(fit: Parametric, type: str) -> pd.DataFrame:
    """Type II or type III likelihood ratio tests of all terms."""
    every = terms_in(fit)
    if not every:
        raise FitError(f"the model has no term to leave out: {fit.formula!r}")
    whole = everything(fit)
    known: dict[frozenset[int], tuple[float, int]] = {whole: (fit.deviance, fit.n_parameters)}

    def at(terms: frozenset[int], label: str) -> tuple[float, int]:
        if terms not in known:
            smaller = sub_model(fit, terms, f"for the test of ‘{label}’")
            known[terms] = smaller.deviance, smaller.n_parameters
        return known[terms]

    change, df = [], []
    for term in every:
        above = frozenset(containing(term)) if type == "II" else frozenset[int]()
        large, more = at(whole - above, term.label)
        small, fewer = at(whole - above - {term.number}, term.label)
        df.append(float(more - fewer))
        change.append(max(small - large, 0.0) if more > fewer else math.nan)
    return pd.DataFrame(
        {"LR Chisq": change, "Df": df, "Pr(>Chisq)": chisq_upper(np.array(change), np.array(df))},
        index=[term.label for term in every],
    )
