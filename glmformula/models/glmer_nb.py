"""``glmer_nb``: negative binomial mixed models with theta estimated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from ..families import Family, negative_binomial, poisson
from ..runtime.progress import showing
from ..runtime.tasks import one_team
from .glmer import GLMM, began, known_nodes
from .mixed import start_of


@dataclass(frozen=True, eq=False, repr=False)
class GLMMNB(GLMM):
    """A negative binomial mixed model with theta estimated; made by :func:`glmformula.glmer_nb`.

    Attributes
    ----------
    se_log_theta : float
        Standard error of the logarithm of the family's theta, all parameters estimated together.

    Examples
    --------
    >>> from glmformula import datasets, glmer_nb
    >>> fit = glmer_nb("sick_days ~ salary + (1 | overtime_hours)", datasets.attrition())
    >>> round(fit.family_theta, 1)
    143.1
    """

    se_log_theta: float = math.nan

    @property
    def family_theta(self) -> float:
        """theta of the negative binomial, Var = mu + mu^2 / theta (``getME(fit, "glmer.nb.theta")``)."""
        return float(self.family.parameters["theta"])

    @classmethod
    def _fitted(cls, arguments: Mapping[str, Any]) -> Self:
        from ..engine.mixed.dispersion import fit_negative_binomial  # few need it

        link, nodes = arguments["link"], known_nodes(arguments["nAGQ"])
        with showing(arguments["progress"]), one_team():
            made, fixed = began(arguments, poisson(link), nodes)
            structure = made.random.structure
            start = start_of(arguments["start"], structure)

            def family_at(theta: float) -> Family:
                return negative_binomial(theta, link=link)

            theta, error, result = fit_negative_binomial(
                made.training.source, structure, fixed, family_at, nodes, start
            )
        return replace(cls.told(made, family_at(theta), result, arguments, nodes), se_log_theta=error)


def glmer_nb(
    formula: str,
    data: Any,
    *,
    nAGQ: int = 1,
    link: str = "log",
    weights: Any = None,
    subset: Any = None,
    na_action: str = "na.omit",
    offset: Any = None,
    contrasts: Any = None,
    start: Any = None,
    progress: bool | None = None,
) -> GLMMNB:
    """Fit a negative binomial mixed model, theta estimated by maximum likelihood; lme4's ``glmer.nb``.

    Parameters
    ----------
    formula, data, nAGQ, weights, subset, na_action, offset, contrasts, start, progress
        As of :func:`glmformula.glmer`.
    link : str

    Returns
    -------
    GLMMNB

    Raises
    ------
    FormulaError, DataError, FamilyError, FitError, ValueError
        With what was expected, what arrived and where.

    Warns
    -----
    SingularWarning, SeparationWarning
        As `glmer`.
    ConvergenceWarning
        theta has no finite estimate: the counts vary no more than Poisson ones.

    Notes
    -----
    The likelihood is made as large as can be over theta, with all other parameters at their best; lme4 searches theta
    on a log scale and stops some digits before. ``vcov`` holds theta, as lme4's.

    Examples
    --------
    >>> from glmformula import datasets, glmer_nb
    >>> fit = glmer_nb("sick_days ~ salary + (1 | overtime_hours)", datasets.attrition())
    >>> fit.loglik.df
    4
    """
    return GLMMNB._fitted(dict(locals()))
