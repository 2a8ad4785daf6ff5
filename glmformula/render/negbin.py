"""What MASS prints of a negative binomial fit beside a glm's text."""

from __future__ import annotations

import math

import numpy as np

from .numbers import format_number, format_numbers


def theta_block(theta: float, se: float, twologlik: float, warning: str) -> str:
    """The lines that ``print(summary(glm.nb(...)))`` has after those of a glm."""
    decimals = max(2 - math.floor(math.log10(se)), 0) if 0 < se < math.inf else 0
    warned = f"Warning while fitting theta: {warning} \n" if warning else ""
    return (
        f"\n              Theta:  {_decimals(theta, decimals)} \n"
        f"          Std. Err.:  {_decimals(se, decimals)} \n{warned}"
        f"\n 2 x log-likelihood:  {_decimals(round(twologlik, 3), decimals)} \n"
    )


def _decimals(value: float, decimals: int) -> str:
    """R's ``format(round(value, decimals), nsmall = decimals)``."""
    value = round(value, decimals) if math.isfinite(value) else value
    text = format_number(value)
    if not math.isfinite(value) or "e" in text:
        return text
    shown = len(text.partition(".")[2])
    return text if shown >= decimals else f"{value:.{decimals}f}"


def ratio_heading(response: str) -> tuple[str, ...]:
    """Heading of ``anova(fit1, fit2)``."""
    return ("Likelihood ratio tests of Negative Binomial Models\n", f"Response: {response}")


def columns(values: np.ndarray) -> list[str]:
    """As ``format.data.frame`` has a column, blank where it is NA."""
    texts = format_numbers(values.tolist(), 7)
    return ["" if math.isnan(value) else text for value, text in zip(values.tolist(), texts)]
