"""``zeroinfl``, and what ``hurdle`` shares with it: counts with a part of their own for zeros (pscl).

Zeileis, Kleiber & Jackman (2008), Journal of Statistical Software 27(8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np

from ..engine.likelihood.newton import NewtonControl
from ..errors import DataError, choice
from ..families.likelihood import Likelihood, Quantity
from ..families.zero_inflation import (
    DISTS,
    LINKS,
    probabilities,
    probability_jacobian,
    zero_inflated,
)
from ..formula.tokens import string_text
from ..inference.checks.rootogram import whole_counts
from ..render.numbers import formatC, round_half
from ..render.several import Heading, Printed
from ..sources.base import Block, Source
from .likelihood_model import LikelihoodModel, estimated

PARTS = ("count", "zero")
TYPES = ("response", "prob", "count", "zero")


@dataclass(frozen=True, eq=False)
class ZeroCounts(LikelihoodModel):
    """What zero-inflated and hurdle models share: a count part and a zero part."""

    @property
    def dist(self) -> str:
        """The count distribution: "poisson", "negbin" or "geometric"."""
        return str(self.likelihood.parameters["dist"])

    @property
    def link(self) -> str:
        """The link of the zero part's probability."""
        return str(self.likelihood.parameters["link"])

    def quantity(self, type: str | None, at: Any = None) -> Quantity:
        """What `predict` calls by that name."""
        if type not in (None, "prob", *self.likelihood.quantities):
            raise ValueError(f"type should be one of {', '.join(map(repr, TYPES))}; got {type!r}")
        if type != "prob":
            return super().quantity(type, at)
        if at is None and self.training is None:
            raise DataError(
                "this model holds no training rows, so the largest count is not known: give at=, the counts whose "
                "probabilities are wanted, such as at=range(10)"
            )
        counts = tuple(range(self.largest_count + 1)) if at is None else whole_counts(at)
        evaluate = self.likelihood.evaluate
        return Quantity(
            partial(probabilities, evaluate, counts),
            partial(probability_jacobian, evaluate, counts),
            tuple(map(str, counts)),
            "logit",
        )

    @property
    def _thetas(self) -> np.ndarray:
        """theta of each negative binomial part; inf or 0 where it runs there."""
        limits = self.result.solved.limits[self.result.constants]
        return np.exp(np.where(np.isinf(limits), limits, self.constants.to_numpy()))

    @property
    def largest_count(self) -> int:
        """Of the rows of the fit."""
        return int(self.rows.source.map_reduce(_largest, max))

    def headings(self, titles: tuple[str, str], below: tuple[str, str]) -> tuple[Heading, ...]:
        """A table for each part, its own constants beneath; a printed fit has the lines `below` under each."""
        kept = np.cumsum(~self.aliased) - 1
        places = np.where(self.aliased, -1, kept)
        out = []
        for k, part in enumerate(PARTS):
            prefix = f"{part}_"
            own = [j for j, name in enumerate(self.column_names) if self.part_of[j] == k]
            names = [self.column_names[j].removeprefix(prefix) for j in own]
            which = [int(places[j]) for j in own]
            constants = [c for c in range(len(self.constants)) if self.constant_parts[c] == k]
            names += ["Log(theta)" for _ in constants]
            which += [self.rank + c for c in constants]
            out.append(Heading(part, titles[k], tuple(names), tuple(which), len(constants), below[k]))
        return tuple(out)

    @property
    def part_of(self) -> tuple[int, ...]:
        """Of each coefficient: 0 the count part, 1 the zero part."""
        first = sum(1 for term in self.assign if term <= len(self.terms.parts[0].labels))
        return tuple(int(j >= first) for j in range(len(self.column_names)))

    @property
    def constant_parts(self) -> tuple[int, ...]:
        """Of each constant: whose theta it is."""
        return tuple(range(len(self.constants)))


@dataclass(frozen=True, eq=False)
class ZeroInflated(ZeroCounts):
    """A fitted zero-inflated count model, pscl's class ``zeroinfl``; made by :func:`glmformula.zeroinfl`.

    Examples
    --------
    >>> from glmformula import datasets, zeroinfl
    >>> fit = zeroinfl("sick_days ~ overtime_hours | experience_years", datasets.attrition(), dist="negbin")
    >>> round(fit.theta, 2), round(fit.se_logtheta, 2)
    (32.98, 0.38)
    >>> fit.predict(type="prob", at=[0, 1]).head(2).round(4)
            0       1
    0  0.0038  0.0145
    1  0.0038  0.0184
    """

    @property
    def theta(self) -> float | None:
        """theta of the negative binomial, Var = mu + mu^2/theta; None for the other distributions."""
        return float(self._thetas[0]) if len(self.constants) else None

    @property
    def se_logtheta(self) -> float | None:
        """Standard error of log(theta)."""
        return float(np.sqrt(self.joint_covariance[-1, -1])) if len(self.constants) else None

    def printed(self) -> Printed:
        """How the model prints."""
        titles = (
            f"Count model coefficients ({self.dist} with log link):\n",
            f"\nZero-inflation model coefficients (binomial with {self.link} link):\n",
        )
        theta = "" if self.theta is None else f"Theta = {rounded(self.theta)} \n"
        return Printed(self.headings(titles, (theta, "")), f"\n{theta}{ending(self)}", omitted=False)

    @classmethod
    def _likelihood(cls, parameters: Mapping[str, Any]) -> Likelihood:
        return zero_inflated(**parameters)

    @classmethod
    def _fitted(cls, arguments: Mapping[str, Any]) -> Self:
        dist, link = arguments["dist"], arguments["link"]
        made = estimated(
            zero_inflated(dist, link),
            arguments,
            parts=PARTS,
            prefix="{}_{}".format,
            function="zeroinfl",
            extra={"dist": said(dist, "poisson"), "link": said(link, "logit")},
            check=zeros_and_counts,
        )
        return cls(**made)


def ending(fit: LikelihoodModel) -> str:
    """The last lines of a summary."""
    return (
        f"Number of iterations in Newton optimization: {fit.iter} \n"
        f"Log-likelihood: {formatC((float(fit.loglik),), digits=4, width=5)[0]} on {fit.n_parameters} Df\n"
    )


def said(value: str, default: str) -> str | None:
    """An argument in the printed call, where it is not the default."""
    return None if value == default else string_text(value)


def _largest(block: Block) -> float:
    return float(block.y.max(initial=0.0))


def zeros_and_counts(source: Source) -> None:
    """An error where there are no zeros, or nothing else."""
    least, most = source.map_reduce(_range, _wider)
    if least > 0 and most > 0:
        raise DataError(
            "invalid dependent variable, minimum count is not zero: the zero part has nothing to explain; take "
            f"glm(family='poisson') for counts without zeros (they begin at {least:.0f})"
        )
    if most == 0:
        raise DataError(
            "invalid dependent variable, all counts are 0: expected some above 0, without which the count part "
            "has no estimate; look at the response, the subset and the weights"
        )


def _range(block: Block) -> tuple[float, float]:
    y = block.y if block.prior_weights is None else block.y[block.prior_weights > 0]
    return float(y.min(initial=np.inf)), float(y.max(initial=-np.inf))


def _wider(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return min(a[0], b[0]), max(a[1], b[1])


def rounded(theta: float) -> str:
    """As R pastes round(theta, 4)."""
    return f"{round_half((theta,), 4)[0]:.15g}" if np.isfinite(theta) else "Inf"


def zeroinfl(
    formula: str,
    data: Any,
    *,
    dist: str = "poisson",
    link: str = "logit",
    weights: Any = None,
    subset: Any = None,
    na_action: str = "na.omit",
    offset: Any = None,
    contrasts: Any = None,
    control: NewtonControl | None = None,
    progress: bool | None = None,
) -> ZeroInflated:
    """Fit a zero-inflated count model by maximum likelihood, pscl's ``zeroinfl``.

    A count is 0 with probability phi, else from a Poisson, negative binomial or geometric distribution with mean
    mu (Lambert 1992):  log(mu) = X beta + offset,  g(phi) = Z gamma.

    Parameters
    ----------
    formula : str
        ``"y ~ x | z"``: the count part, and the zero part behind the bar; ``"y ~ x"`` has `x` in both. An
        ``offset()`` belongs to the part where it is written (without a bar to both).
    data : DataFrame, other table, path or query
        As of :func:`glmformula.glm`.
    dist : {"poisson", "negbin", "geometric"}
    link : {"logit", "probit", "cloglog", "cauchit", "log"}
        Of phi.
    weights, subset, na_action, contrasts, progress
        As of `glm`.
    offset : str, array or Series, optional
        Of the count part (log scale).
    control : NewtonControl, optional

    Returns
    -------
    ZeroInflated

    Raises
    ------
    FormulaError, DataError, FamilyError, FitError
        With what was expected, what arrived and where; a response without zeros.

    Warns
    -----
    SeparationWarning
        Coefficients without a finite estimate are named: a zero part that runs to minus infinity says that there
        is no zero inflation.

    Notes
    -----
    Newton's method with the exact observed information, to full digits; pscl stops its BFGS search early at times,
    and takes standard errors from a numerical Hessian. The likelihood may have several maxima where data are few and
    the zero part is large; the one that is found lies near generalized linear models of the counts and of the zeros.

    Examples
    --------
    >>> from glmformula import datasets, zeroinfl
    >>> fit = zeroinfl("sick_days ~ overtime_hours | experience_years", datasets.attrition())
    >>> fit.coefficients.round(3)
    count_(Intercept)        1.711
    count_overtime_hours     0.026
    zero_(Intercept)        -8.620
    zero_experience_years    0.363
    dtype: float64
    """
    choice("dist", dist, DISTS)
    choice("link", link, LINKS)
    return ZeroInflated._fitted(dict(locals()))
