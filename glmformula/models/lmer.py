"""``lmer``: linear mixed models by REML or maximum likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from ..engine.irls import fit_glm
from ..engine.mixed.checks import check_groups, check_identified, check_weights
from ..engine.result import Control
from ..families import gaussian
from ..runtime.blas import one_blas_thread
from ..runtime.progress import showing
from .calls import call_of, spoken
from .mixed import MixedModel, fields_of, prepared, start_of
from .mixed_messages import tell

if TYPE_CHECKING:
    import numpy as np

    from ..engine.mixed.result import MixedFit
    from ..engine.mixed.structure import Structure
    from ..inference.mixed.satterthwaite import Satterthwaite
    from ..sources.base import Source

TOLERANCE = 1e-7  # of a column that is a combination of others, as lme4's


@dataclass(frozen=True, eq=False, repr=False)
class LMM(MixedModel):
    """A fitted linear mixed model, lme4's class ``lmerMod``; made by :func:`glmformula.lmer`.

    Attributes
    ----------
    REML : bool
        Whether the restricted likelihood was made as large as can be.

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.is_singular, fit.nobs
    (False, 500)
    """

    REML: bool = True

    @property
    def criterion(self) -> str:
        """What the estimates make as large as can be: "REML" or "ML"."""
        return "REML" if self.REML else "ML"

    @property
    def title(self) -> str:
        """What was fitted and how, as lme4 says it."""
        return f"Linear mixed model fit by {'REML' if self.REML else 'maximum likelihood '}"

    @property
    def models_name(self) -> str:
        """What several of them are called in a table."""
        return "linear mixed models"

    @property
    def deviance(self) -> float:
        """-2 log-likelihood at the estimates: of a REML fit too, as lme4's ``deviance(fit, REML = FALSE)``."""
        return self.result.deviance if not self.REML else self.ml_deviance

    @cached_property
    def satterthwaite(self) -> Satterthwaite:
        """What Satterthwaite's degrees of freedom are computed of; the rows are gathered when it is first asked for."""
        from ..inference.mixed.satterthwaite import computed

        return computed(self)

    @property
    def REMLcrit(self) -> float | None:
        """The REML criterion; None of a fit by maximum likelihood."""
        return self.result.deviance if self.REML else None

    @property
    def ml_deviance(self) -> float:
        """-2 log-likelihood (not restricted) at this theta."""
        from ..inference.mixed.profiles import profiled

        return profiled(self, reml=False).at(self.result.theta).deviance

    @classmethod
    def _fitted(cls, arguments: Mapping[str, Any]) -> Self:
        reml = arguments["REML"]
        if not isinstance(reml, bool):
            raise TypeError(f"REML should be True or False; got {reml!r}")
        family = gaussian()
        with showing(arguments["progress"]), one_blas_thread():
            made = prepared(arguments, family)
            structure = made.random.structure
            check_groups(structure, made.training.frame.nrows, scale=True)
            check_weights(made.training.source)
            result = cls._estimates(
                made.training.source,
                made.fixed,
                structure,
                made.training.frame.terms.parts[0].intercept,
                reml,
                start_of(arguments["start"], structure),
            )
        call = call_of(
            "lmer",
            arguments["formula"],
            REML=None if reml else "FALSE",
            **spoken(arguments),
        )
        fit = cls(**fields_of(made, family, result, call), REML=reml)
        check_identified(structure, made.training.source)
        tell(fit)
        return fit

    @staticmethod
    def _estimates(
        source: Source,
        fixed: Source,
        structure: Structure,
        intercept: bool,
        reml: bool,
        start: np.ndarray | None,
    ) -> MixedFit:
        from ..engine.mixed.linear import fit_linear  # few need it

        alone = fit_glm(
            fixed,
            gaussian(),
            names=structure.layout.fixed.names,
            intercept=intercept,
            control=Control(tolerance=TOLERANCE),
        )
        return fit_linear(source, structure, alone, reml, start)

    def estimated(self, source: Source) -> MixedFit:
        """The same model in other rows with the same columns, from the theta of this one."""
        fixed = self.fixed_source(source)
        return self._estimates(
            source, fixed, self.structure, self.terms.intercept, self.REML, self.result.theta
        )


def lmer(
    formula: str,
    data: Any,
    *,
    REML: bool = True,
    weights: Any = None,
    subset: Any = None,
    na_action: str = "na.omit",
    offset: Any = None,
    contrasts: Any = None,
    start: Any = None,
    progress: bool | None = None,
) -> LMM:
    """Fit a linear mixed model, lme4's ``lmer``.

    The model is  y = X beta + Z b + offset + e,  b normal with covariance sigma^2 Lambda Lambda', e normal with
    variance sigma^2 / weight.

    Parameters
    ----------
    formula : str
        R's, with random effects: ``(1 | g)`` a random intercept, ``(x | g)`` intercept and slope with their
        correlation, ``(x || g)`` without it, ``(0 + x | g)`` a slope alone, ``(1 | a/b)`` groups `a` and groups of
        `b` within `a`, ``(1 | a:b)`` the combinations.
    data : DataFrame, other table, path or query
        As of :func:`glmformula.glm`.
    REML : bool
        Restricted maximum likelihood, or maximum likelihood.
    weights, subset, na_action, offset, contrasts, progress
        As of `glm`. A weight of 0 is refused: leave the row out.
    start : array, optional
        theta to begin with.

    Returns
    -------
    LMM

    Raises
    ------
    FormulaError, DataError, FitError
        With what was expected, what arrived and where: a grouping factor of one level, or with as many levels as
        rows.

    Warns
    -----
    SingularWarning
        "boundary (singular) fit": a variance is estimated as zero, or a correlation as 1.

    Notes
    -----
    The deviance is profiled on theta, the relative Cholesky factors of the covariances, and made as small as can be
    with its exact gradient, to 1e-8 or better; lme4 stops some 1e-4 before. Rows enter by sums over groups and pairs
    of groups, so data of any source are gone through a few times only. Bates, Mächler, Bolker & Walker (2015), Journal
    of Statistical Software 67(1).

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.fixef.round(1)
    (Intercept)         55141.2
    experience_years      249.3
    dtype: float64
    """
    return LMM._fitted(dict(locals()))
