"""What MASS prints of a negative binomial fit beside a glm's text."""

from __future__ import annotations

import math

from .numbers import format_number


def theta_block(theta: float, se: float, twologlik: float, warning: str) -> str:
    """The lines that ``print(summary(glm.nb(...)))`` has after those of a glm."""
    decimals = max(2 - math.floor(math.log10(se)), 0) if 0 < se < math.inf else 0
    warned = f"Warning while fitting theta: {warning} \n" if warning else ""
    return (
        f"\n              Theta:  {_decimals(theta, decimals)} \n"
        f"          Std. Err.:  {_decimals(se, decimals)} \n{warned}"
        f"\n 2 x log-likelihood:  {_decimals(twologlik, 3, decimals)} \n"
    )


def _decimals(value: float, decimals: int, least: int | None = None) -> str:
    """R's ``format(round(value, decimals), nsmall = least)``, `least` by default those decimals."""
    if not math.isfinite(value):
        return format_number(value)
    value, least = round(value, decimals), decimals if least is None else least
    text = format_number(value)
    return text if "e" in text or len(text.partition(".")[2]) >= least else f"{value:.{least}f}"


def ratio_heading(response: str) -> tuple[str, ...]:
    """Heading of ``anova(fit1, fit2)``."""
    return ("Likelihood ratio tests of Negative Binomial Models\n", f"Response: {response}")
