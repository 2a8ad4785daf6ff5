"""``isSingular``: whether the estimates of a mixed model lie at the edge of what covariances can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...errors import FitError
from ...fitted.protocols import is_mixed, shown

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed


def isSingular(fit: Mixed, tol: float = 1e-4) -> bool:
    """Whether a standard deviation is nothing or a correlation is 1 or -1, lme4's ``isSingular``.

    Some theta on the diagonal of a relative Cholesky factor (a standard deviation over sigma, given those before it) is
    below `tol`. The attribute ``fit.is_singular`` is the answer at 1e-4.

    Parameters
    ----------
    fit : LMM or GLMM
    tol : float

    Returns
    -------
    bool

    Raises
    ------
    FitError
        It is no mixed model.
    ValueError
        A tolerance that is not above 0.

    Notes
    -----
    Such a model says more of the groups than the rows can tell. Means and fixed effects are what they are; leave the
    term out that the warning names, or keep it where the design asks for it (Barr et al. 2013; Matuschek et al. 2017).

    Examples
    --------
    >>> from glmformula import datasets, isSingular, lmer
    >>> isSingular(lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition()))
    False
    """
    if not is_mixed(fit):
        raise FitError(
            f"isSingular() is of mixed models, such as lmer() gives; got {shown(fit)}: it has no random effects"
        )
    if not tol > 0:
        raise ValueError(f"tol should be above 0; got {tol!r}")
    return bool((np.abs(fit.result.theta[fit.structure.diagonal]) < tol).any())
