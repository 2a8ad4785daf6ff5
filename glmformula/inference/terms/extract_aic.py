"""The criterion by which `step` chooses: AIC with any penalty, and the parameters it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...fitted.protocols import is_mixed, is_parametric

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed, Parametric, SingleIndex


class ExtractedAIC(NamedTuple):
    """`edf`, the equivalent degrees of freedom, and the criterion."""

    edf: float
    aic: float


def extract_aic(fit: SingleIndex | Parametric | Mixed, scale: float = 0.0, k: float = 2.0) -> ExtractedAIC:
    """AIC + (k - 2) edf, R's ``extractAIC.glm``.

    Parameters
    ----------
    fit : GLM
    scale : float
        Not used for a glm, as in R.
    k : float
        Penalty for a coefficient: 2 for AIC, log(n) for BIC's.

    Returns
    -------
    ExtractedAIC
        (edf, aic); edf is the number of estimated coefficients, so that of a family with a dispersion `aic`
        counts one parameter more than edf. NaN where there is no likelihood.

    Notes
    -----
    R counts rows of zero weight in edf; here edf is the rank. Of a ``glm_nb`` fit the criterion leaves theta out, as
    R's does, where ``AIC`` counts it.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> edf, aic = fit.extract_aic()
    >>> edf, round(aic, 3)
    (2.0, 191.072)
    """
    edf = fit.n_parameters if is_parametric(fit) or is_mixed(fit) else fit.rank
    return ExtractedAIC(float(edf), fit.step_aic + (k - 2) * edf)
