"""What a fit says of itself: R's sentences and ours, and a number as R's trace writes it."""

from __future__ import annotations

import numpy as np

from ..families import Family
from ..families.distributions import BINOMIAL, POISSON
from ..families.link import EPS
from .eta_limits import far_ends

TEN_EPS = 10 * EPS  # nearer to an end of its range a mean is there
INACCURATE = (
    "X'WX has not enough digits for these columns (condition number above 1e5): estimates and standard errors may be "
    "off; use method='auto' or 'qr'"
)
INACCURATE_WIDE = (
    "X'WX has not enough digits for these columns (condition number above 1e5), and a QR of so many would take too "
    "long: estimates and standard errors may be off, and a column that nearly depends on others may be NA; leave one "
    "of those out, or centre and scale them"
)
HIDDEN = (
    "the working weights differ so much that columns which the rows tell apart vanish beside others: their "
    "coefficients are NA, as R's; look at the sizes of the response"
)
SEVERAL = (
    "the deviance has several minima: the usual start leads to {}, which is above the null model's {}; the fit is the "
    "minimum reached from the null model, {}, and another start= may lead to a lower one"
)
NOWHERE = (
    ". Nor was a valid fit reached from the mean response, or by Newton's method from a linear programme's start: "
    "look at the sizes of response, offset and weights, or supply starting values"
)


def nothing_to_fit(rows: int) -> str:
    """R's idea where no row has a weight, and what to do."""
    return (
        f"no observations informative at iteration 1: there are {rows} rows, 0 of them with a non-zero prior weight; "
        "give the rows that count a weight above 0 (counts in cbind() that are not both 0), or leave weights= out"
    )


def extreme_fits(family: Family, mu_range: tuple[float, float]) -> list[str]:
    """R's warnings of means at an end of their range; for other families than R's two, ours."""
    low, high = mu_range
    lowest, highest = low < TEN_EPS, high > 1 - TEN_EPS
    nothing = low < TEN_EPS * min(1.0, high)  # whatever the unit of the responses
    if family.distribution == BINOMIAL:
        both = lowest or highest
        return ["glm.fit: fitted probabilities numerically 0 or 1 occurred"] if both else []
    if family.distribution == POISSON and lowest:
        return ["glm.fit: fitted rates numerically 0 occurred"]
    if high <= 1 and (nothing or highest) and ends_at_one(family):
        return ["glm.fit: fitted means numerically 0 or 1 occurred"]
    if np.isfinite(family.mu_interval[0]) and nothing:
        return ["glm.fit: fitted means numerically 0 occurred"]
    return []


def ends_at_one(family: Family) -> bool:
    """Whether variance or link keeps means below 1."""
    return family.mu_interval[1] == 1.0 or any(1 - TEN_EPS < end <= 1 for _, end, _ in far_ends(family))


def seven_digits(x: float) -> str:
    """As R's cat() writes a number: seven significant digits, the shorter of fixed and scientific."""
    if not np.isfinite(x):
        return {"inf": "Inf", "-inf": "-Inf"}.get(str(float(x)), "NaN")
    mantissa, exponent = f"{x:.6e}".split("e")
    scientific = f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent):+03d}"
    decimals = max(0, 6 - int(exponent))
    fixed = f"{x:.{decimals}f}"
    fixed = fixed.rstrip("0").rstrip(".") if "." in fixed else fixed
    return fixed if len(fixed) <= len(scientific) else scientific
