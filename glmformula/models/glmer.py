"""``glmer``: generalized linear mixed models by maximum likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..engine.irls import fit_glm
from ..engine.mixed.checks import check_alike, check_groups, check_identified
from ..engine.mixed.result import MixedFit
from ..engine.result import Control, GlmFit
from ..errors import FamilyError, hearing
from ..families import Family, get_family
from ..fitted.protocols import shown
from ..fitted.separation import looked_at
from ..inference.mixed.rows import conditional_deviance
from ..runtime.progress import showing
from ..runtime.tasks import one_team
from .calls import call_text, spoken
from .mixed import MixedModel, Prepared, fields_of, prepared, start_of
from .mixed_messages import tell

if TYPE_CHECKING:
    from ..engine.mixed.structure import Structure
    from ..formula.terms import Terms
    from ..sources.base import Source

MOST_NODES = 100
LEAST_START = 0.1
CONTROL = Control(tolerance=1e-7)


@dataclass(frozen=True, eq=False, repr=False)
class GLMM(MixedModel):
    """A fitted generalized linear mixed model, lme4's class ``glmerMod``; made by :func:`glmformula.glmer`.

    Attributes
    ----------
    nAGQ : int
        Nodes of the adaptive Gauss-Hermite quadrature: 1 is Laplace's approximation.

    Examples
    --------
    >>> from glmformula import datasets, glmer
    >>> fit = glmer("sick_days ~ salary + (1 | overtime_hours)", datasets.attrition(), family="poisson")
    >>> fit.nAGQ, fit.nobs
    (1, 500)
    """

    nAGQ: int = 1

    @property
    def criterion(self) -> str:
        """What the estimates make as large as can be."""
        return "ML"

    @property
    def models_name(self) -> str:
        """What several of them are called in a table."""
        return "generalized linear mixed models"

    @property
    def title(self) -> str:
        """What was fitted and how, as lme4 says it."""
        how = (
            "Laplace Approximation"
            if self.nAGQ == 1
            else f"Adaptive Gauss-Hermite Quadrature, nAGQ = {self.nAGQ}"
        )
        return f"Generalized linear mixed model fit by maximum likelihood ({how})"

    @property
    def shown_formula(self) -> str:
        """As it was written: lme4's glmer, other than its lmer, leaves ``(x || g)`` as it is."""
        return self.formula if "." in self.random.formula.written else self.random.formula.written

    @property
    def deviance(self) -> float:
        """The sum of the squared deviance residuals given the random effects, lme4's ``deviance``."""
        return conditional_deviance(self)

    @classmethod
    def _fitted(cls, arguments: Mapping[str, Any]) -> Self:
        from ..engine.mixed.generalized import fit_generalized  # few need it

        family = known_family(arguments["family"])
        nodes = known_nodes(arguments["nAGQ"])
        with showing(arguments["progress"]), one_team():
            made, fixed = began(arguments, family, nodes)
            structure = made.random.structure
            start = start_of(arguments["start"], structure)
            result = fit_generalized(made.training.source, structure, fixed, family, nodes, start)
        return cls.told(made, family, result, arguments, nodes)

    @classmethod
    def told(
        cls, made: Prepared, family: Family, result: MixedFit, arguments: Mapping[str, Any], nodes: int
    ) -> Self:
        """The model, and its warnings."""
        given = {"nAGQ": None if nodes == 1 else str(nodes)} | spoken(arguments)
        call = call_text(arguments["formula"], family, given, "glmer")
        fit = cls(**fields_of(made, family, result, call), nAGQ=nodes)
        check_identified(made.random.structure, made.training.source)
        tell(fit)
        return fit

    def estimated(self, source: Source) -> MixedFit:
        """The same model in other rows with the same columns, from the theta of this one."""
        from ..engine.mixed.generalized import fit_generalized  # few need it

        fixed = alone(self.fixed_source(source), self.family, self.structure, self.terms)
        start = np.where(
            self.structure.diagonal, np.maximum(self.result.theta, LEAST_START), self.result.theta
        )
        return fit_generalized(source, self.structure, fixed, self.family, self.nAGQ, start)


def began(arguments: Mapping[str, Any], family: Family, nodes: int) -> tuple[Prepared, GlmFit]:
    """The rows, and the fit of the fixed effects alone.

    Raises
    ------
    FormulaError, DataError, FamilyError, FitError, ValueError
    """
    made = prepared(arguments, family)
    structure = made.random.structure
    check_groups(structure, made.training.frame.nrows, scale=False)
    if nodes > 1 and (len(structure.terms) > 1 or structure.terms[0].width > 1):
        raise ValueError(
            f"nAGQ > 1 is only available for models with a single, scalar random-effects term; got nAGQ={nodes} with "
            f"{', '.join(f'({term.text})' for term in structure.terms)}: take nAGQ=1"
        )
    fixed = alone(made.fixed, family, structure, made.training.frame.terms.parts[0])
    if family.is_binomial:
        check_alike(structure, made.training.source)
    return made, looked_at(made.fixed, family, fixed, structure.layout.fixed.names)


def alone(source: Source, family: Family, structure: Structure, terms: Terms) -> GlmFit:
    """The fit of the fixed effects without the random ones; what is said of it is said of the mixed model."""
    with hearing():
        return fit_glm(
            source, family, names=structure.layout.fixed.names, intercept=terms.intercept, control=CONTROL
        )


def known_family(given: Any) -> Family:
    """The family; those without a likelihood have no mixed model."""
    family = get_family(given)
    if family.free is not None or not family.has_likelihood:
        raise FamilyError(
            f"family '{family.name}' cannot be used in glmer: expected one with a likelihood and a known parameter, "
            "such as binomial, poisson, Gamma, inverse_gaussian or negative_binomial(theta)"
        )
    if family.is_normal_linear:
        raise FamilyError(
            "glmer() with the gaussian family and the identity link is a linear mixed model: call lmer() (REML=False "
            "for maximum likelihood)"
        )
    return family


def known_nodes(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int | np.integer) or not 0 <= given <= MOST_NODES:
        raise ValueError(f"nAGQ should be a whole number from 0 to {MOST_NODES}; got {shown(given)}")
    return int(given)


def glmer(
    formula: str,
    data: Any,
    family: Any,
    *,
    nAGQ: int = 1,
    weights: Any = None,
    subset: Any = None,
    na_action: str = "na.omit",
    offset: Any = None,
    contrasts: Any = None,
    start: Any = None,
    progress: bool | None = None,
) -> GLMM:
    """Fit a generalized linear mixed model, lme4's ``glmer``.

    Given the random effects b, normal with covariance Lambda Lambda', the response has the family's distribution
    with  g(mu) = X beta + Z b + offset. The integral over b is approximated by Laplace's method at the conditional
    modes, with Fisher's weights as in lme4, or by adaptive Gauss-Hermite quadrature.

    Parameters
    ----------
    formula : str
        As of :func:`glmformula.lmer`.
    data : DataFrame, other table, path or query
    family : Family, function or str
        As of :func:`glmformula.glm`: binomial (also of two columns), poisson, Gamma, inverse_gaussian, gaussian with
        another link, negative_binomial(theta), with any link.
    nAGQ : int
        Nodes of the quadrature, for a single scalar term: 1 is Laplace's approximation; 0 takes the fixed effects at
        the mode of the penalised deviance, which is fast and rough.
    weights, subset, na_action, offset, contrasts, progress
        As of `glm`.
    start : array, optional
        theta to begin with.

    Returns
    -------
    GLMM

    Raises
    ------
    FormulaError, DataError, FamilyError, FitError, ValueError
        With what was expected, what arrived and where.

    Warns
    -----
    SingularWarning
        "boundary (singular) fit": a variance is estimated as zero, or a correlation as 1.
    SeparationWarning
        Fixed effects without a finite estimate are named.

    Notes
    -----
    The deviance is made as small as can be over fixed effects and theta together, with its exact gradient; standard
    errors are from its Hessian. With more than one node the log-likelihood is relative to the saturated model, as
    lme4's. Of families with a dispersion that is estimated the deviance is what lme4 takes: the modes minimise the
    family's deviance plus u'u, and -2 log-likelihood is R's ``family$aic`` there.

    Examples
    --------
    >>> from glmformula import datasets, glmer
    >>> fit = glmer("sick_days ~ salary + (1 | overtime_hours)", datasets.attrition(), family="poisson")
    >>> fit.VarCorr().stddev("overtime_hours").round(3)
    (Intercept)    0.051
    dtype: float64
    """
    return GLMM._fitted(dict(locals()))
