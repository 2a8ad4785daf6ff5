"""``VarCorr``: standard deviations and correlations of the random effects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...render.mixed import VarianceRows, varcorr_cells
from ...render.report import Block, Rendered

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed


@dataclass(frozen=True, repr=False, eq=False)
class VarianceComponents(Rendered):
    """Variances of the random effects by term; prints as lme4's.

    Attributes
    ----------
    names : tuple of str
        Of the terms: the grouping factor, "g.1" of a further term of the same.
    columns : tuple of tuple of str
        What varies, by term.
    covariances : tuple of ndarray (k, k)
    sc : float or None
        Residual standard deviation, where the model has one.
    """

    names: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    covariances: tuple[np.ndarray, ...]
    sc: float | None

    def __getitem__(self, name: str) -> pd.DataFrame:
        """The covariance matrix of a term."""
        k = self.names.index(name)
        return pd.DataFrame(self.covariances[k], index=list(self.columns[k]), columns=list(self.columns[k]))

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.names)

    def stddev(self, name: str) -> pd.Series:
        """Standard deviations of a term's columns.

        Examples
        --------
        >>> from glmformula import datasets, lmer
        >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
        >>> fit.VarCorr().stddev("sick_days").round(-1)
        (Intercept)    6420.0
        dtype: float64
        """
        own = self[name]
        return pd.Series(np.sqrt(np.diag(own)), index=own.index)

    def correlation(self, name: str) -> pd.DataFrame:
        """Correlations of a term's columns; NaN where a variance is zero.

        Examples
        --------
        >>> from glmformula import datasets, lmer
        >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
        >>> fit.VarCorr().correlation("sick_days").shape
        (1, 1)
        """
        own = self[name]
        return pd.DataFrame(correlations(own.to_numpy()), index=own.index, columns=own.columns)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """``grp var1 var2 vcov sdcor``, lme4's ``as.data.frame(VarCorr(fit))``."""
        rows: list[tuple[object, ...]] = []
        for name, columns, cov in zip(self.names, self.columns, self.covariances, strict=True):
            sd, cor = np.sqrt(np.diag(cov)), correlations(cov)
            rows += [(name, c, None, cov[k, k], sd[k]) for k, c in enumerate(columns)]
            rows += [
                (name, columns[b], columns[a], cov[a, b], cor[a, b])
                for b in range(len(columns))
                for a in range(b + 1, len(columns))
            ]
        if self.sc is not None:
            rows.append(("Residual", None, None, self.sc**2, self.sc))
        return pd.DataFrame(rows, columns=["grp", "var1", "var2", "vcov", "sdcor"])

    @property
    def rows(self) -> VarianceRows:
        """What a print is made of."""
        return VarianceRows(
            self.names,
            self.columns,
            tuple(np.sqrt(np.diag(cov)) for cov in self.covariances),
            tuple(correlations(cov) for cov in self.covariances),
            self.sc,
        )

    def blocks(self, digits: int | None = None) -> list[Block]:
        return [varcorr_cells(self.rows, digits or 5, ("Std.Dev.",))]


def correlations(cov: np.ndarray) -> np.ndarray:
    """NaN where a variance is zero."""
    sd = np.sqrt(np.diag(cov))
    with np.errstate(divide="ignore", invalid="ignore"):
        out = cov / np.outer(sd, sd)
    out[np.diag_indices(len(sd))] = 1.0
    return np.asarray(out)


def VarCorr(fit: Mixed) -> VarianceComponents:
    """Variances and correlations of the random effects, lme4's ``VarCorr``.

    Returns
    -------
    VarianceComponents
        ``["g"]`` is the covariance matrix of a term, ``.frame`` all numbers, ``.sc`` the residual standard deviation.

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.VarCorr().frame.columns.tolist()
    ['grp', 'var1', 'var2', 'vcov', 'sdcor']
    """
    structure = fit.structure
    lams = structure.factors(fit.result.theta)
    covariances: dict[int, np.ndarray] = {}
    for grouping, lam in zip(structure.groupings, lams, strict=True):
        cov = fit.sigma**2 * (lam @ lam.T)
        for t in grouping.terms:
            covariances[t] = cov[structure.columns[t], structure.columns[t]]
    order = range(len(structure.terms))
    return VarianceComponents(
        fit.random.term_names,
        tuple(structure.terms[t].part.names for t in order),
        tuple(covariances[t] for t in order),
        fit.sigma if fit.has_scale else None,
    )
