"""Are the lines parallel? Tests whether each coefficient of an ordinal model is the same for all thresholds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...engine.infinity.separation import separation_of_fit
from ...engine.irls import fit_glm
from ...engine.likelihood.layout import rows_in_columns
from ...engine.likelihood.likelihood_fit import with_intercept
from ...engine.result import Control
from ...errors import FitError, hearing
from ...families.cumulative import binary, counts_below
from ...render.table import StatTable
from ...sources.mapped import Mapped
from ..distributions import chisq_upper
from ..wald import Wald

if TYPE_CHECKING:
    from ...engine.result import GlmFit
    from ...families import Family
    from ...fitted.protocols import Ordinal
    from ...sources.base import Block, Source

EXACT = Control(epsilon=1e-13, maxit=100)
ALL = "<all>"


def nominal_test(fit: Ordinal, *, overall: bool = False) -> StatTable:
    """Likelihood ratio tests of parallel lines, term by term: ordinal's ``nominal_test``.

    Each row is the model in which one term has a coefficient for each threshold (``polr(parallel=)``) against the
    fit, in which it has one for all.

    Parameters
    ----------
    overall : bool
        Also a row ``<all>``: no term is parallel.

    Returns
    -------
    StatTable
        Df, logLik, AIC, LRT, Pr(>Chi).

    Raises
    ------
    FitError
        No term is parallel; a model could not be fitted.
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import datasets, nominal_test, polr
    >>> data = datasets.attrition()
    >>> days = "cut(sick_days, c(-1, 3, 7, 100), labels = c('few', 'some', 'many'))"
    >>> nominal_test(polr(f"{days} ~ overtime_hours + left", data)).round(3)
                     Df   logLik      AIC    LRT  Pr(>Chi)
    <none>          NaN -481.939  971.878    NaN       NaN
    overtime_hours  1.0 -480.807  971.614  2.264     0.132
    left            1.0 -481.902  973.805  0.073     0.786
    """
    parallel = fit.parallel
    if not parallel:
        raise FitError(
            "no term of the model has one coefficient for all thresholds: there is nothing to test"
        )
    models = {}
    for term in parallel:
        models[term] = _freed(fit, [other for other in parallel if other != term], term)
    if overall:
        models[ALL] = _freed(fit, [], "all terms")
    count = np.array([fit.n_parameters, *(model.n_parameters for model in models.values())], dtype=float)
    loglik = np.array([float(fit.loglik), *(float(model.loglik) for model in models.values())])
    df = count - count[0]
    change = np.maximum(2.0 * (loglik - loglik[0]), 0.0)
    df[0] = change[0] = math.nan
    table = {
        "Df": df,
        "logLik": loglik,
        "AIC": -2.0 * loglik + 2.0 * count,
        "LRT": change,
        "Pr(>Chi)": chisq_upper(change, df),
    }
    return StatTable(
        pd.DataFrame(table, index=["<none>", *models]),
        kind="anova",
        heading=("Tests of nominal effects", f"\nformula: {fit.formula}"),
    )


def _freed(fit: Ordinal, parallel: list[str], term: str) -> Ordinal:
    with hearing():
        try:
            return fit.refit(parallel=parallel, start=_start(fit, parallel))
        except FitError as error:
            raise FitError(
                f"the model in which {term} is not parallel could not be fitted: {error}"
            ) from error


def _start(fit: Ordinal, parallel: list[str]) -> np.ndarray | None:
    """The estimates of a model whose terms are all parallel, as the one in which only these are begins with them."""
    labels = fit.terms.labels
    if len(fit.parallel) < len(labels):
        return None
    shared = np.isin(
        fit.assign[fit.result.places], [k + 1 for k, label in enumerate(labels) if label in parallel]
    )
    beta = fit.result.coefficients
    return np.concatenate([beta[shared], *[beta[~shared]] * len(fit.zeta), fit.zeta.to_numpy()])


def brant(fit: Ordinal, *, by: str = "term") -> StatTable:
    """Brant's Wald test of parallel lines (Brant 1990), overall and by term.

    The K - 1 binary models of y > k are fitted apart, and their coefficients compared by what makes them equal, with
    the covariance that they have together as they are of the same rows. For other links than the logistic it is the
    same with that link. With few rows in a category prefer `nominal_test`, which compares likelihoods.

    Parameters
    ----------
    by : {"term", "coefficient"}
        Of what there is a row each, after that of all together.

    Returns
    -------
    StatTable
        ``X2``, ``df``, ``Pr(>Chisq)``; rows ``Omnibus`` and each term. ``.attrs["binary"]`` has the coefficients of
        the binary models, a row for each threshold.

    Raises
    ------
    ValueError
        Another `by`.
    FitError
        A term is not parallel already; a binary model has no finite estimates.
    DataError
        The model holds no training rows.

    Examples
    --------
    >>> from glmformula import brant, datasets, polr
    >>> data = datasets.attrition()
    >>> days = "cut(sick_days, c(-1, 3, 7, 100), labels = c('few', 'some', 'many'))"
    >>> brant(polr(f"{days} ~ overtime_hours + left", data)).round(3)
                       X2   df  Pr(>Chisq)
    Omnibus         2.650  2.0       0.266
    overtime_hours  2.551  1.0       0.110
    left            0.231  1.0       0.631
    """
    if by not in ("term", "coefficient"):
        raise ValueError(f"by should be 'term' or 'coefficient'; got {by!r}")
    if len(fit.parallel) < len(fit.terms.labels):
        free = [label for label in fit.terms.labels if label not in fit.parallel]
        raise FitError(
            f"brant() asks a model whose terms are all parallel: {', '.join(free)} has a coefficient for each "
            "threshold already; fit it without parallel="
        )
    kept = np.flatnonzero(~fit.aliased)
    if not kept.size:
        raise FitError("the model has no coefficients: there is nothing to test")
    cuts = Cuts(fit.method, not fit.terms.intercept, len(fit.lev))
    fits = [cuts.fitted(fit.rows.source, k, fit) for k in range(cuts.K - 1)]
    first = int(cuts.add_intercept)
    columns = np.concatenate([[0], first + fit.result.places[kept]])
    beta = np.array([one.coefficients[columns] for one in fits])
    p = len(columns)
    products = fit.rows.source.map_reduce(partial(cuts.products, beta, columns), add)
    inverse = [np.linalg.inv(products[k, k]) for k in range(cuts.K - 1)]
    slopes = np.arange(1, p)
    V = np.block(
        [
            [
                (inverse[k] @ products[min(k, l), max(k, l)] @ inverse[l])[np.ix_(slopes, slopes)]
                for l in range(cuts.K - 1)
            ]
            for k in range(cuts.K - 1)
        ]
    )
    sign = -1.0 if cuts.below else 1.0  # the models are of y <= k there
    wald = Wald((), sign * beta[:, 1:].ravel(), V)
    names = [fit.column_names[j] for j in kept.tolist()]
    groups: dict[str, list[int]] = {"Omnibus": list(range(p - 1))}
    if by == "coefficient":
        groups |= {name: [j] for j, name in enumerate(names)}
    else:
        term = fit.assign[fit.result.places[kept]]
        for k, label in enumerate(fit.terms.labels):
            if (term == k + 1).any():
                groups[label] = np.flatnonzero(term == k + 1).tolist()
    tests = [_equal(wald, which, p - 1, cuts.K - 1) for which in groups.values()]
    statistic, df = (np.array(column) for column in zip(*tests, strict=True))
    table = pd.DataFrame(
        {"X2": statistic, "df": df, "Pr(>Chisq)": chisq_upper(statistic, df)}, index=list(groups)
    )
    binaries = pd.DataFrame(sign * beta, index=list(fit.zeta.index), columns=["(Intercept)", *names])
    out = StatTable(
        table,
        kind="anova",
        heading=("Brant's test of parallel lines (Wald tests of equal coefficients in the binary models)\n",),
    )
    out.attrs["binary"] = binaries
    return out


def _equal(wald: Wald, which: list[int], p: int, models: int) -> tuple[float, float]:
    """Chi-squared that these coefficients are the same in all models, and its degrees of freedom."""
    q = len(which)
    L = np.zeros((q * (models - 1), p * models))
    for k in range(1, models):
        for j, column in enumerate(which):
            L[(k - 1) * q + j, column] = 1.0
            L[(k - 1) * q + j, k * p + column] = -1.0
    return wald.linear(L).chisq(), float(len(L))


@dataclass(frozen=True)
class Cuts:
    """The binary models y <= k (or y > k: where the link is not symmetric, whichever has one) of an ordinal one.

    Attributes
    ----------
    method : str
    add_intercept : bool
        The design has none.
    K : int
        Categories.
    """

    method: str
    add_intercept: bool
    K: int

    @property
    def below(self) -> bool:
        """Whether they are of y <= k."""
        return counts_below(self.method)

    @property
    def family(self) -> Family:
        return binary(self.method)

    def fitted(self, source: Source, k: int, fit: Ordinal) -> GlmFit:
        mapped = Mapped(source, partial(self.cut, k))
        names = ("(Intercept)",) * self.add_intercept + fit.design_names
        with hearing():
            found = fit_glm(mapped, self.family, names=names, intercept=True, control=EXACT)
            apart = separation_of_fit(mapped, self.family, found)
        if apart is not None or not found.converged:
            raise FitError(
                f"the binary model of {fit.response_name} beyond '{fit.lev[k]}' has no finite estimates: Brant's test "
                "cannot be made; nominal_test() compares likelihoods instead"
            )
        return found

    def cut(self, k: int, block: Block) -> Block:
        y = block.y <= k if self.below else block.y > k
        design = with_intercept(block.design) if self.add_intercept else block.design
        return replace(block, design=design, y=y.astype(np.float64), trials=None, etastart=None, mustart=None)

    def products(self, beta: np.ndarray, columns: np.ndarray, block: Block) -> np.ndarray:
        """X' diag(w) X of each pair of models, w the covariance of their scores, (K - 1, K - 1, p, p)."""
        models, p = beta.shape
        out = np.zeros((models, models, p, p))
        block = self.cut(0, block)
        link = self.family.link
        for rows, every in rows_in_columns(block):
            X = every[columns]
            eta = beta @ X
            if block.offset is not None:
                eta = eta + (-1.0 if self.below else 1.0) * block.offset[rows]
            mu = link.linkinv(eta)
            slope = link.mu_eta(eta) / (mu * (1.0 - mu))
            weights = 1.0 if block.prior_weights is None else block.prior_weights[rows]
            for k in range(models):
                for l in range(k, models):
                    small, large = (mu[k], mu[l]) if self.below else (mu[l], mu[k])
                    w = weights * slope[k] * slope[l] * small * (1.0 - large)
                    out[k, l] += np.dot(X * w, X.T)
        return out
