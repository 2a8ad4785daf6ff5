"""Covariances of the coefficients of a model of several linear predictors: its own, robust ones, clustered ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...errors import DataError
from ...fitted.coefficients import over_all
from .cluster_covariance import cluster_products, described, few_clusters, groupings, positive
from .clusters import every_row
from .covariance import labelled
from .sandwich import crossproduct

if TYPE_CHECKING:
    from ...fitted.protocols import Parametric
    from ...sources.base import Block

TYPES = ("HC", "HC0", "HC1", "CL")


def vcov(
    fit: Parametric,
    type: str | None = None,
    cluster: Any = None,
    complete: bool = True,
    *,
    complete_theta: bool | None = None,
    cadjust: bool = True,
    multi0: bool = False,
    fix: bool = False,
) -> pd.DataFrame:
    """Covariance of the coefficients: the inverse of the observed information, or a sandwich around it.

    Parameters
    ----------
    type : {"HC0", "HC1", "CL"}, optional
        None: the inverse of the observed information of all parameters. "HC0": bread meat bread / n, sandwich's
        ``sandwich``; "HC1": times n / (n - parameters). "CL", or either of them with `cluster`: ``vcovCL``.
    cluster : str, array, Series, DataFrame or list, optional
        As of a ``glm``.
    complete : bool
        With aliased coefficients as rows and columns of NaN, or without them.
    complete_theta : bool, optional
        With the constants, such as Log(theta), too; default only the thresholds of `polr`. A sandwich of theirs
        then takes their scores along, where R holds them fixed.
    cadjust, multi0, fix : bool
        As in ``vcovCL``: the factor G / (G - 1); rows instead of the last intersection; no negative eigenvalues.

    Returns
    -------
    DataFrame (p, p)
        It knows its name, which tables made with it print.

    Raises
    ------
    ValueError
        A type that needs leverages, which these models have not.
    DataError
        Clusters that do not fit the rows.

    Examples
    --------
    >>> from glmformula import datasets, zeroinfl
    >>> fit = zeroinfl("sick_days ~ overtime_hours | 1", datasets.attrition())
    >>> fit.vcov("HC0").round(4)
                          count_(Intercept)  count_overtime_hours  zero_(Intercept)
    count_(Intercept)                0.0039               -0.0004            0.0003
    count_overtime_hours            -0.0004                0.0001           -0.0000
    zero_(Intercept)                 0.0003               -0.0000            0.0305
    """
    if type is not None and type not in TYPES:
        raise ValueError(
            f"type should be one of {', '.join(map(repr, TYPES))} or None; got {type!r}: a model of several linear "
            "predictors has no leverages"
        )
    if complete_theta is None:
        complete_theta = fit.constants_in_vcov
    own = np.ones(fit.result.layout.size, dtype=bool) if complete_theta else ~fit.result.constants
    bread = settled_covariance(fit)[np.ix_(own, own)]
    errors = "of the model"
    if type is None and cluster is None:
        cov = bread.copy()
    else:
        scores = fit.every_score if complete_theta else partial(some_scores, fit.every_score, own)
        n, k = fit.nobs, int(own.sum())
        source = fit.rows.source
        if cluster is None and type != "CL":
            inner = crossproduct(source, scores)
            adjust = n / (n - k) if type == "HC1" else 1.0
            errors = "HC0" if type == "HC" else str(type)
        else:
            kind = "HC0" if type in (None, "CL", "HC") else str(type)
            parts = groupings(fit, cluster)
            if not parts:
                raise DataError(
                    f"cluster={cluster!r} names nothing to cluster by: expected a column's name or values"
                )
            inner = np.zeros((k, k))
            for place, (sign, groups) in enumerate(parts):
                factor = few_clusters(groups.size) if cadjust else 1.0
                if multi0 and place == len(parts) - 1 > 0:
                    groups, factor = every_row(fit), 1.0 if kind == "HC0" else (n - k) / (n - 1)
                some = (
                    crossproduct(source, scores)
                    if groups.size == n
                    else cluster_products(source, scores, groups, k)
                )
                inner += sign * factor * some
            adjust = (n - 1) / (n - k) if kind == "HC1" else 1.0
            errors = described(kind, parts)
        cov = bread @ inner @ bread * adjust
        cov = positive(cov) if fix else cov
    lost = fit.result.solved.limits[own] != 0
    cov[lost] = cov[:, lost] = np.nan
    return labelled(named(fit, cov, complete, complete_theta), errors)


def some_scores(scores: Callable[[Block], np.ndarray], own: np.ndarray, block: Block) -> np.ndarray:
    """Those of the parameters `own`."""
    return scores(block)[own]


def settled_covariance(fit: Parametric, cov: np.ndarray | None = None) -> np.ndarray:
    """That of all parameters (default the model's), with 0 for those at infinity: nothing moves with them any more."""
    cov = fit.joint_covariance if cov is None else cov
    lost = fit.result.solved.limits != 0
    return np.where(lost[:, None] | lost, 0.0, cov) if lost.any() else cov


def named(fit: Parametric, cov: np.ndarray, complete: bool, constants: bool) -> pd.DataFrame:
    """Under the parameters' names, aliased coefficients as NaN."""
    names = list(fit.parameter_names) if constants else list(fit.parameter_names)[: len(cov)]
    if complete and fit.aliased.any():
        kept = np.concatenate([~fit.aliased, np.ones(len(names) - int((~fit.aliased).sum()), dtype=bool)])
        names = [*fit.column_names, *names[int((~fit.aliased).sum()) :]]
        cov = over_all(cov, kept, np.nan)
    return pd.DataFrame(cov, index=names, columns=names)
