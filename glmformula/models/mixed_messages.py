"""What the fit of a mixed model says aloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ConvergenceWarning, SingularWarning, give_warning

if TYPE_CHECKING:
    from .mixed import MixedModel

SINGULAR = "boundary (singular) fit: see help('isSingular')"


def tell(fit: MixedModel) -> None:
    """Warn of a singular fit, and of one without a minimum."""
    if not fit.converged:
        give_warning(
            "the search for the minimum of the deviance did not converge: look at the data, or at a simpler model "
            "(fit.certificate() says how far it is)",
            ConvergenceWarning,
        )
    elif fit.is_singular:
        give_warning(f"{SINGULAR}: {singular_terms(fit)}", SingularWarning)


def singular_terms(fit: MixedModel) -> str:
    """Which terms have a variance of zero or correlations of 1, in words."""
    out, at = [], 0
    for term in fit.structure.terms:
        k = term.width
        diagonal = [at + k * b - b * (b - 1) // 2 for b in range(k)]
        small = [abs(fit.result.theta[d]) < 1e-4 for d in diagonal]
        if all(small[:1]) and k == 1:
            out.append(f"the variance of ({term.text}) is estimated as zero")
        elif any(small):
            out.append(
                f"the covariance matrix of ({term.text}) has no full rank: a variance is zero or a correlation 1 or -1"
            )
        at += term.n_theta
    return "; ".join(out)
