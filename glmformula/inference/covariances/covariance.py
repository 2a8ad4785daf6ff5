"""Covariance matrices of the coefficients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...errors import DataError
from ...fitted.coefficients import over_all

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex

TYPES = ("const", "HC", "HC0", "HC1", "HC2", "HC3", "HC4", "HC4m", "HC5", "CL")
CLUSTERED = ("CL", "HC", "HC0", "HC1", "HC2", "HC3")
NAME = "standard_errors"  # under which a covariance's attrs have it


def vcov(
    fit: SingleIndex,
    type: str | None = None,
    cluster: Any = None,
    complete: bool = True,
    *,
    cadjust: bool = True,
    multi0: bool = False,
    fix: bool = False,
    dispersion: float | None = None,
) -> pd.DataFrame:
    """Covariance of the coefficients, link scale.

    Parameters
    ----------
    type : str, optional
        None: phi (X'WX)^-1, R's ``vcov.glm``. "const", "HC0" to "HC4", "HC4m", "HC5": sandwich's
        ``vcovHC`` (whose own default is "HC3"). "CL", or any of "HC0" to "HC3" with `cluster`: sandwich's
        ``vcovCL``, "CL" being its default for a glm, HC0.
    cluster : str, array, Series, DataFrame or list, optional
        A column's name, an R expression or a formula such as ``"~ firm + year"``, evaluated in the data;
        values for the rows of the fit or of the data; several of them for multi-way clustering. With
        ``type="CL"`` and no clusters every row is its own.
    complete : bool
        With aliased coefficients as rows and columns of NaN (R's default), or without them.
    cadjust, multi0, fix : bool
        As in ``vcovCL``: the factor G / (G - 1); rows instead of the last intersection; no negative
        eigenvalues.
    dispersion : float, optional
        Without a type: phi, taken as known; default that of the fit.

    Returns
    -------
    DataFrame (p, p)
        It knows its name, which tables made with it print.

    Raises
    ------
    ValueError
        An unknown type, or one that has no clustered form.
    DataError, FitError
        Clusters that do not fit the rows; leverages that leave no answer.

    Notes
    -----
    Rows of zero prior weight are left out of every count; sandwich counts them in n, which makes its
    matrices too small by (1 - share of such rows)^2. G counts the clusters that occur, where sandwich counts
    the levels of a factor.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.vcov().round(4)
                    (Intercept)  overtime_hours
    (Intercept)          0.5760         -0.0593
    overtime_hours      -0.0593          0.0066
    >>> fit.vcov("HC1").round(4)
                    (Intercept)  overtime_hours
    (Intercept)          0.4316         -0.0435
    overtime_hours      -0.0435          0.0049
    >>> fit.vcov(cluster="experience_years").round(4)
                    (Intercept)  overtime_hours
    (Intercept)          0.1716         -0.0193
    overtime_hours      -0.0193          0.0025
    """
    if dispersion is not None and (type is not None or cluster is not None):
        raise ValueError("dispersion= is of the model's own covariance: a robust one has none, leave it out")
    if type is not None and type not in TYPES:
        raise ValueError(f"type should be one of {', '.join(map(repr, TYPES))} or None; got {type!r}")
    if cluster is not None and type not in (None, *CLUSTERED):
        raise ValueError(
            f"type should be one of {', '.join(map(repr, CLUSTERED))} with clusters; got {type!r}: leverages "
            "of clusters are defined for HC2 and HC3 only"
        )
    if cluster is not None or type == "CL":
        from .cluster_covariance import cl_covariance, described, groupings

        kind = "HC0" if type in (None, "CL", "HC") else type
        parts = groupings(fit, cluster)
        if not parts:
            raise DataError(
                f"cluster={cluster!r} names nothing to cluster by: expected a column's name or values"
            )
        cov, errors = cl_covariance(fit, parts, kind, cadjust, multi0, fix), described(kind, parts)
    elif type is not None:
        from .sandwich import hc_covariance

        cov, errors = hc_covariance(fit, type), type
    elif dispersion is not None:
        cov, errors = float(dispersion) * fit.result.cov_unscaled, f"of the model, dispersion {dispersion:g}"
    else:
        cov, errors = fit.covariance, "of the model"
    return labelled(_named(fit, cov, complete), errors)


def _named(fit: SingleIndex, cov: np.ndarray, complete: bool) -> pd.DataFrame:
    kept = ~fit.aliased
    names = pd.Index([n for n, k in zip(fit.column_names, kept, strict=True) if k or complete])
    if complete and not kept.all():
        cov = over_all(cov, kept, np.nan)
    return pd.DataFrame(np.asarray(cov), index=names, columns=names, copy=False)


def labelled(cov: pd.DataFrame, errors: str) -> pd.DataFrame:
    """The covariance with the name of its standard errors, which holds for these numbers only."""
    cov.attrs[NAME] = {"name": errors, "trace": _trace(cov)}
    return cov


def label_of(cov: Any) -> str:
    """That name; '' where there is none, or what came of it is another matrix."""
    kept = getattr(cov, "attrs", {}).get(NAME, {})
    return str(kept["name"]) if kept and kept["trace"] == _trace(cov) else ""


def _trace(cov: pd.DataFrame) -> float:
    return float(np.nan_to_num(np.diag(cov.to_numpy())).sum())
