"""``hurdle``: whether there is a count, and how large one is that is not 0, as pscl's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from ..engine.likelihood.newton import NewtonControl
from ..errors import FormulaError, choice
from ..families.hurdles import ZERO_DISTS, hurdle_likelihood
from ..families.likelihood import Likelihood
from ..families.zero_inflation import DISTS, LINKS
from ..formula.parts import Parted, terms_of
from ..render.several import Printed
from .likelihood_model import estimated
from .zero_counts import PARTS, ZeroCounts, ending, rounded, said, zeros_and_counts


@dataclass(frozen=True, eq=False)
class Hurdle(ZeroCounts):
    """A fitted hurdle model, pscl's class ``hurdle``; made by :func:`glmformula.hurdle`.

    Examples
    --------
    >>> from glmformula import datasets, hurdle
    >>> fit = hurdle("sick_days ~ overtime_hours | 1", datasets.attrition(), dist="negbin")
    >>> fit.theta.round(2)
    count    31.55
    dtype: float64
    >>> fit.predict(type="zero").head(2).round(4)
    0    1.0008
    1    1.0017
    dtype: float64
    """

    @property
    def zero_dist(self) -> str:
        """The zero part's distribution: "binomial", or a censored "poisson", "negbin" or "geometric"."""
        return str(self.likelihood.parameters["zero_dist"])

    @property
    def constant_parts(self) -> tuple[int, ...]:
        """Of each constant: whose theta it is."""
        return tuple(k for k, dist in enumerate((self.dist, self.zero_dist)) if dist == "negbin")

    @property
    def theta(self) -> pd.Series | None:
        """theta of the negative binomial parts, Var = mu + mu^2/theta, by part; None where there is none."""
        if not len(self.constants):
            return None
        return pd.Series(self._thetas, index=[PARTS[k] for k in self.constant_parts])

    @property
    def se_logtheta(self) -> pd.Series | None:
        """Standard errors of log(theta), by part."""
        if not len(self.constants):
            return None
        variances = np.diag(self.joint_covariance)[self.result.constants]
        return pd.Series(np.sqrt(variances), index=[PARTS[k] for k in self.constant_parts])

    def printed(self) -> Printed:
        """How the model prints."""
        zero = (
            f"binomial with {self.link}"
            if self.zero_dist == "binomial"
            else f"censored {self.zero_dist} with log"
        )
        titles = (
            f"Count model coefficients (truncated {self.dist} with log link):\n",
            f"Zero hurdle model coefficients ({zero} link):\n",
        )
        thetas = {} if self.theta is None else {str(k): rounded(v) for k, v in self.theta.items()}
        below = {part: f"Theta = {value} \n" for part, value in thetas.items()}
        listed = ", ".join(f"{part} = {value}" for part, value in thetas.items())
        return Printed(
            self.headings(titles, (below.get("count", "") + "\n", below.get("zero", ""))),
            f"\nTheta: {listed}\n{ending(self)}" if listed else f"\n{ending(self)}",
            omitted=False,
        )

    @classmethod
    def _likelihood(cls, parameters: Mapping[str, Any]) -> Likelihood:
        return hurdle_likelihood(**parameters)

    @classmethod
    def _fitted(cls, arguments: Mapping[str, Any]) -> Self:
        dist, zero_dist, link = (arguments[name] for name in ("dist", "zero_dist", "link"))
        if zero_dist == "negbin":
            _more_than_a_constant(arguments["formula"])
        made = estimated(
            hurdle_likelihood(dist, zero_dist, link),
            arguments,
            parts=PARTS,
            prefix="{}_{}".format,
            function="hurdle",
            extra={
                "dist": said(dist, "poisson"),
                "zero.dist": said(zero_dist, "binomial"),
                "link": said(link, "logit"),
            },
            check=zeros_and_counts,
        )
        return cls(**made)


def _more_than_a_constant(formula: Any) -> None:
    """An error where the zero part is a constant, whose theta nothing tells."""
    if not isinstance(formula, str):
        return  # refused with the formula
    zero = terms_of(Parted(formula, PARTS)).parts[1]
    if not zero.labels and not zero.offsets:
        raise FormulaError(
            "negative binomial zero hurdle model is not identified with only an intercept: give the zero part a "
            "variable, or take zero_dist='binomial', which has the same likelihood",
            formula,
        )


def hurdle(
    formula: str,
    data: Any,
    *,
    dist: str = "poisson",
    zero_dist: str = "binomial",
    link: str = "logit",
    weights: Any = None,
    subset: Any = None,
    na_action: str = "na.omit",
    offset: Any = None,
    contrasts: Any = None,
    control: NewtonControl | None = None,
    progress: bool | None = None,
) -> Hurdle:
    """Fit a hurdle model of counts by maximum likelihood, pscl's ``hurdle``.

    The zero part says whether there is a count at all, with probability p; a count above 0 is from a zero-truncated
    Poisson, negative binomial or geometric distribution f (Mullahy 1986):

        P(0) = 1 - p,   P(y) = p f(y) / (1 - f(0)),   log(mu) = X beta + offset,

    with g(p) = Z gamma, or p = 1 - f0(0) of another count distribution f0 whose log mean is Z gamma.

    Parameters
    ----------
    formula : str
        ``"y ~ x | z"``: the count part, and the zero part behind the bar; ``"y ~ x"`` has `x` in both. An
        ``offset()`` belongs to the part where it is written (without a bar to both).
    data : DataFrame, other table, path or query
        As of :func:`glmformula.glm`.
    dist : {"poisson", "negbin", "geometric"}
        Of the counts above 0.
    zero_dist : {"binomial", "poisson", "negbin", "geometric"}
        Of the zero part: a binomial, or counts censored at 1.
    link : {"logit", "probit", "cloglog", "cauchit", "log"}
        Of p, with ``zero_dist="binomial"``.
    weights, subset, na_action, contrasts, progress
        As of `glm`.
    offset : str, array or Series, optional
        Of the count part (log scale).
    control : NewtonControl, optional

    Returns
    -------
    Hurdle

    Raises
    ------
    FormulaError, DataError, FamilyError, FitError
        With what was expected, what arrived and where; a response without zeros, or of zeros alone; a zero part
        ``zero_dist="negbin"`` of a constant alone, whose theta is not identified.

    Warns
    -----
    SeparationWarning
        Coefficients without a finite estimate are named.

    Notes
    -----
    Newton's method with the exact observed information, to full digits. The parts share no parameter: their
    estimates are independent. ``predict(type="zero")`` is p / (1 - f(0)), the ratio by which the probabilities of
    the counts differ from those of f, as pscl has it.

    Examples
    --------
    >>> from glmformula import datasets, hurdle
    >>> fit = hurdle("sick_days ~ overtime_hours | experience_years", datasets.attrition())
    >>> fit.coefficients.round(3)
    count_(Intercept)        1.707
    count_overtime_hours     0.027
    zero_(Intercept)         8.383
    zero_experience_years   -0.363
    dtype: float64
    """
    choice("dist", dist, DISTS)
    choice("zero_dist", zero_dist, ZERO_DISTS)
    choice("link", link, LINKS)
    return Hurdle._fitted(dict(locals()))
