"""Paths of penalised coefficients, and cross-validated losses against the penalty: glmnet's plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .canvas import axes_for, plain_legend, pyplot, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What the coefficients are drawn against: name to label.
AGAINST = {
    "norm": "L1 norm of the coefficients",
    "lambda": "log(lambda)",
    "dev": "share of deviance explained",
}


def _counts(axis: Axes, x: np.ndarray, df: np.ndarray) -> None:
    """How many coefficients are not zero, above."""
    above = axis.secondary_xaxis("top")
    order = np.argsort(x)
    places = np.linspace(x.min(), x.max(), 6)
    nearest = order[np.clip(np.searchsorted(x[order], places), 0, len(x) - 1)]
    above.set_xticks(places, [str(int(df[k])) for k in nearest])
    above.set_xlabel("coefficients not zero")


def path_plot(fit: Any, xvar: str = "norm", label: bool = False, ax: Any = None) -> Axes:
    """A line for each coefficient; see ``Glmnet.plot``.

    Raises
    ------
    ValueError
        An unknown `xvar`.
    """
    if xvar not in AGAINST:
        raise ValueError(f"xvar should be one of {', '.join(map(repr, AGAINST))}; got {xvar!r}")
    beta = fit.beta.to_numpy().T
    lambdas = fit.lambda_
    known = lambdas > 0
    x = {
        "norm": np.abs(beta).sum(axis=1),
        "lambda": np.log(np.where(known, lambdas, 1.0)),
        "dev": fit.dev_ratio,
    }[xvar]
    if xvar == "lambda":
        x, beta = x[known], beta[known]
    _, (axis,) = axes_for(ax, 1, size=(6.0, 4.2))
    drawn = np.flatnonzero((beta != 0).any(axis=0))
    for j in drawn:
        (line,) = axis.plot(x, beta[:, j], lw=1.2)
        if label:
            axis.annotate(
                shortened(fit.beta.index[j], 24), (x[-1], beta[-1, j]), color=line.get_color(), fontsize=8
            )
    axis.axhline(0, color="0.7", lw=0.8, zorder=0)
    axis.set_xlabel(AGAINST[xvar])
    axis.set_ylabel("coefficient")
    if len(x) > 1 and np.ptp(x) > 0:
        _counts(axis, x, fit.df[known] if xvar == "lambda" else fit.df)
    return axis


def _blends(axis: Axes, x: np.ndarray, gamma: np.ndarray, means: np.ndarray, errors: np.ndarray) -> None:
    """A curve for each gamma, with a band of one standard error to both sides."""
    colours = pyplot().get_cmap("viridis")(np.linspace(0, 0.9, len(gamma)))
    lines = []
    for colour, mean, error in zip(colours, means, errors):
        axis.fill_between(x, mean - error, mean + error, color=colour, alpha=0.08, lw=0)
        lines += axis.plot(x, mean, color=colour, lw=1.5)
    plain_legend(axis, lines, [f"{share:g}" for share in gamma], title="gamma")


def cv_plot(fit: Any, sign: int = 1, ax: Any = None) -> Axes:
    """The cross-validated measure with one standard error to both sides; see ``CvGlmnet.plot``."""
    known = fit.lambda_ > 0
    x = sign * np.log(fit.lambda_[known])
    _, (axis,) = axes_for(ax, 1, size=(6.0, 4.2))
    if fit.gamma is None:
        chosen = (fit.lambda_min, fit.lambda_1se)
        axis.errorbar(x, fit.cvm[known], fit.cvsd[known], fmt="o", ms=3, color="#b2182b", ecolor="0.7", lw=1)
    else:
        chosen = (fit.relaxed_min[0], fit.relaxed_1se[0])
        _blends(axis, x, fit.gamma, fit.gamma_cvm[:, known], fit.gamma_cvsd[:, known])
    for at, style in zip(chosen, ("--", ":")):
        if at > 0:
            axis.axvline(sign * np.log(at), color="0.3", ls=style, lw=1)
    axis.set_xlabel("log(lambda)" if sign > 0 else "-log(lambda)")
    axis.set_ylabel(fit.name)
    if len(x) > 1:
        _counts(axis, x, fit.nzero[known])
    return axis
