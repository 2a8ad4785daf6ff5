"""Marginal means taken to another scale: from then on they, and not linear predictors, are averaged and compared."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ...errors import DataWarning, FitError, give_warning, nearest
from ...fitted.protocols import shown as as_shown
from ...render.means import Label, as_text
from .estimates import Basis, MarginalMeans, estimates_of, sigma_of, with_options
from .scales import FORWARD, Scale, bias_adjusted, forward

RESPONSE = ("response", "mu", "unlink")
AS_IT_IS = ("pass", "none")


def regrid(
    means: MarginalMeans,
    transform: str = "response",
    *,
    inv_link_lbl: str = "response",
    bias_adjust: bool = False,
    sigma: float | None = None,
) -> MarginalMeans:
    """Means on another scale, R's ``regrid``: averages, contrasts and tests made of the answer are of that scale.

    With m the means on the link's scale, h the inverse link and g the new scale, the answer is g(h(m)) with covariance
    D V D', D the derivatives (the delta method).

    Parameters
    ----------
    means : MarginalMeans
        Of `emmeans`, `contrast` and their kin.
    transform : str
        "response": back to the mean; "log", "logit", "probit", "cauchit", "cloglog", "log10", "log2", "sqrt",
        "inverse", "1/mu^2": then to that scale (differences of logarithms are ratios of means); "none", "pass": as
        they are ("none" forgets the model's coefficients, too).
    inv_link_lbl : str
        What a mean is called where the new scale is taken back, ``type="response"``.
    bias_adjust : bool
        Add half of `sigma` squared times the second derivative of the inverse link.
    sigma : float, optional
        Default: of the residuals.

    Returns
    -------
    MarginalMeans

    Raises
    ------
    ValueError
        An unknown scale; no `sigma` to adjust by.
    FitError
        It is asked of something else.

    Warns
    -----
    DataWarning
        Means that the new scale does not have, such as negative ones of "log": they are not estimable any more.

    Examples
    --------
    >>> from glmformula import datasets, emmeans, glm, regrid
    >>> staff = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> fit = glm("left ~ senior + overtime_hours", staff, family="binomial")
    >>> regrid(emmeans(fit, "~ senior")).pairs()
     contrast     estimate     SE  df z.ratio p.value
     FALSE - TRUE    0.025 0.0168 Inf   1.487  0.1371
    <BLANKLINE>
    >>> regrid(emmeans(fit, "~ senior"), "log").pairs(type="response")
     contrast     ratio    SE  df null z.ratio p.value
     FALSE / TRUE  1.89 0.883 Inf    1   1.369  0.1709
    <BLANKLINE>
    Tests are performed on the log scale
    """
    means = getattr(means, "means", means)
    if not isinstance(means, MarginalMeans):
        raise FitError(f"regrid() is asked of marginal means, such as emmeans() gives; got {as_shown(means)}")
    known = (*RESPONSE, *FORWARD, *AS_IT_IS)
    if transform not in known:
        raise ValueError(
            f"transform should be one of {', '.join(map(repr, known))}; got {transform!r}"
            f"{nearest(transform, known) if isinstance(transform, str) else ''}"
        )
    if transform == "pass":
        return means
    estimate, _ = estimates_of(means)
    made = _of_values(means, estimate, means.vcov())
    if transform == "none":
        return made
    if means.shown.scale is not None:
        scale = means.shown.scale
        if bias_adjust:
            scale = bias_adjusted(scale, sigma_of(with_options(means, {"sigma": sigma}).shown.sigma))
        made = _back(made, scale)
    return made if transform in RESPONSE else _onto(made, transform, inv_link_lbl)


def _of_values(means: MarginalMeans, value: np.ndarray, cov: np.ndarray) -> MarginalMeans:
    """The same rows as functions of themselves; NaN among the values where there is no estimate."""
    n, here = len(value), ~np.isnan(value)
    null = None if here.all() else np.eye(n)[:, ~here]
    before = means.basis
    basis = Basis(value, cov[np.ix_(here, here)], null, before.df, before.errors)
    if before.degrees is not None:
        own = np.broadcast_to(before.df_of(means.linear), n)
        method = f"inherited from {before.method} when re-gridding"
        basis = replace(basis, degrees=partial(least_of, own), method=method)
    return replace(means, basis=basis, linear=np.eye(n), offset=None)


def least_of(df: np.ndarray, L: np.ndarray) -> np.ndarray:
    """Of each row of L the least of the degrees of freedom of what it takes."""
    return np.array([df[row != 0].min() if row.any() else np.inf for row in L])


def _scaled(means: MarginalMeans, value: np.ndarray, slope: np.ndarray) -> MarginalMeans:
    """New values of all rows, and the derivatives of each by the old."""
    was = means.basis.kept
    slope = np.where(np.isnan(value), 0.0, slope)
    cov = np.zeros((len(value), len(value)))
    cov[np.ix_(was, was)] = means.basis.cov
    return _of_values(means, value, slope[:, None] * cov * slope)


def _back(means: MarginalMeans, scale: Scale) -> MarginalMeans:
    """Means of the response."""
    eta = means.basis.estimates
    with np.errstate(all="ignore"):
        value, slope = scale.inverse(eta), scale.slope(eta)
    shown = means.shown
    labels = means.labels
    if shown.ratios:
        labels = tuple(_ratio(label) if label.name in shown.primary else label for label in labels)
    shown = replace(shown, estimate=shown.back, scale=None, back="response", ratios=False, sigma=None)
    levels = {label.name: label.levels or means.levels[label.name] for label in labels}
    out = _scaled(means, value, slope)
    return replace(out, shown=replace(shown, bias_adjust=False), labels=labels, levels=levels)


def _ratio(label: Label) -> Label:
    """As R's package writes ratios that are no logarithms any more: ``a/b``."""
    texts = {v: as_text(v).replace(" - ", "/") for v in (*label.levels, *label.values)}
    return Label(label.name, tuple(texts[v] for v in label.values), tuple(texts[v] for v in label.levels))


def _onto(means: MarginalMeans, name: str, label: str) -> MarginalMeans:
    """Means on the scale of that name; those that it does not have are not estimable."""
    value = means.basis.estimates
    scale, function, inside = forward(name)
    valid = inside(value)
    lost = int((~valid & ~np.isnan(value)).sum())
    if lost:
        give_warning(
            f"{lost} of {len(value)} means have no {name}: they are flagged as non-estimable",
            DataWarning,
        )
    with np.errstate(all="ignore"):
        eta = np.where(valid, function(np.where(valid, value, np.nan)), np.nan)
        slope = 1 / scale.slope(eta)
    out = _scaled(means, eta, slope)
    return replace(out, shown=replace(means.shown, scale=scale, back=label))


def regridded(means: MarginalMeans, transform: Any, bias_adjust: bool, sigma: float | None) -> MarginalMeans:
    """A grid as `emmeans` was asked for; None leaves it."""
    if transform is None:
        return means
    return regrid(means, transform, bias_adjust=bias_adjust, sigma=sigma)
