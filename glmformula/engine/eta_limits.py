"""Where a family and a link end: the interval of eta, and which responses pull a row to one of its ends."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..families import Family
from ..families.link import FAR, FURTHEST

# By separation every step takes the separated rows down by a factor of 2 (cauchit) to e: where a row has more left
# than twice the decrease of the last step, it is not one of them. Below SETTLED R calls a mean 0 or 1.
SUSPICION, SETTLED = 2.0, 1e-15


def eta_interval(family: Family) -> tuple[float, float]:
    """The open interval of linear predictors that give a valid mean; the whole line where they are two."""
    link = family.link
    with np.errstate(all="ignore"):
        cuts = [float(e) for e in link.linkfun(np.array(family.mu_interval)) if np.isfinite(e)]
        if not link.valid_eta(np.zeros(1))[0]:
            cuts.append(0.0)
        if not cuts:
            return -np.inf, np.inf
        ends = [-np.inf, *sorted({abs(cut) if cut == 0 else cut for cut in cuts}), np.inf]
        valid = [
            (low, high) for low, high in pairwise(ends) if _valid(family, np.array([between(low, high)]))[0]
        ]
    return valid[0] if len(valid) == 1 else (-np.inf, np.inf)


def between(low: float, high: float) -> float:
    """A point inside the interval, not far from 0."""
    if np.isfinite(low) and np.isfinite(high):
        return (low + high) / 2
    return low + 1.0 if np.isfinite(low) else high - 1.0 if np.isfinite(high) else 0.0


def _valid(family: Family, eta: np.ndarray) -> np.ndarray:
    mu = family.link.linkinv(eta)
    low, high = family.mu_interval
    return np.asarray(family.link.valid_eta(eta) & (mu >= low) & (mu <= high))


def far_ends(family: Family) -> tuple[tuple[int, float, bool], ...]:
    """(sign, mean, whether that is the largest mean) for each infinite end of eta that is valid.

    None where eta may be positive or negative but not zero (the inverse link of a gaussian mean).
    """
    low, high = family.mu_interval
    means = family.link.far_means
    valid = {eta: known and low <= mu <= high for eta, (mu, known) in means.items()}
    if valid[-1.0] and valid[1.0] and not means[0.0][1]:
        return ()
    out = []
    for sign in (-1, 1):
        end = means[sign * FURTHEST][0]
        if valid[sign * FAR] and abs(end) < FAR:
            out.append((sign, end, end > means[sign * 2.0][0]))
    return tuple(out)


def drift(family: Family, y: np.ndarray, prior_weights: np.ndarray | None) -> np.ndarray:
    """(m,): +1 or -1 where the deviance of a row falls all the way as eta goes to +Inf or -Inf."""
    out = np.zeros(len(y), dtype=np.int8)
    for sign, end, largest in far_ends(family):
        out[y >= end if largest else y <= end] = sign
    if prior_weights is not None:
        out[prior_weights == 0] = 0
    return out


def near_an_end(family: Family, mu_range: tuple[float, float], decrease: float, least_weight: float) -> bool:
    """`close_to` for the lowest and the highest mean of a fit, in plain numbers."""
    with np.errstate(all="ignore"):
        variances = family.variance(np.array(mu_range)).tolist()
    most = SUSPICION * decrease + SETTLED
    return not all(
        variance > 0 and least_weight * (mu - end) * (mu - end) > most * variance
        for _, end, _ in far_ends(family)
        for mu, variance in zip(mu_range, variances)
    )


def close_to(
    family: Family, mu: np.ndarray, variance: np.ndarray, decrease: float, weights: np.ndarray | None
) -> np.ndarray:
    """Where the means are so near an end of theirs that the row may be on the way there, bool (m,).

    A row that runs away gave its share, weight (y - mu)^2 / V, to the `decrease` that the last step promised,
    and has less left: so a fit that has settled far from the ends needs no further look.
    """
    ends = np.array([end for _, end, _ in far_ends(family)])[:, None]
    share = np.square(mu - ends) / variance
    if weights is not None:
        share *= weights
    return np.asarray((~(share > SUSPICION * decrease + SETTLED)).any(axis=0))
