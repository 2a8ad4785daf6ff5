"""Rating tables: each level of each factor with its exposure, what was observed and fitted, and its relativity."""

from __future__ import annotations

import math
import os
from functools import partial
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from ...engine.rows import evaluate_rows
from ...errors import DataError, choice
from ...fitted.coefficients import over_all
from ...formula.functions.intervals import interval_labels
from ...frame.interchange import needed
from ...frame.schema import plain_name
from ...render.relativities import excel_of, html_of
from ...render.table import StatTable
from ..distributions import quantile
from ..wald import Vcov, covariance_of, resolved
from .beside import Values, beside_variables

if TYPE_CHECKING:
    from ...engine.result import GlmFit
    from ...families import Family
    from ...fitted.protocols import SingleIndex
    from ...frame.schema import Variable
    from ...sources.base import Block


class Relativities(StatTable):
    """A rating table: a DataFrame by (factor, level) that goes to Excel and HTML.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("sick_days ~ factor(overtime_hours > 8)", datasets.attrition(), family="poisson")
    >>> fit.relativities().columns.tolist()
    ['exposure', 'observed', 'fitted', 'actual_expected', 'relativity', 'lower', 'upper']
    """

    _metadata: ClassVar[list[str]] = [*StatTable._metadata, "notes"]
    notes: tuple[str, ...]

    def to_html(self, *, digits: int | None = None) -> str:  # type: ignore[override]  # as of every table here
        """A block of rows for each factor, exposure as bars.

        Examples
        --------
        >>> from glmformula import datasets, glm
        >>> fit = glm("sick_days ~ factor(overtime_hours > 8)", datasets.attrition(), family="poisson")
        >>> fit.relativities().to_html().count("<tr>")
        4
        """
        return html_of(self.frame, self.notes, digits or 4)

    def to_excel(self, path: str | os.PathLike[str]) -> None:  # type: ignore[override, misc]  # final in the stubs only
        """An Excel workbook: full numbers under formats, exposure as bars (needs openpyxl, the extra ``report``).

        Parameters
        ----------
        path : str or path
            Of the file, ``.xlsx``.

        Raises
        ------
        DataError
            openpyxl is not installed.
        ValueError
            Another ending.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import pandas as pd
        >>> from glmformula import datasets, glm
        >>> fit = glm("sick_days ~ factor(overtime_hours > 8)", datasets.attrition(), family="poisson")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fit.relativities().to_excel(Path(folder) / "rates.xlsx")
        ...     pd.read_excel(Path(folder) / "rates.xlsx", nrows=2)["relativity"].round(3).tolist()
        [1.0, 1.142]
        """
        if Path(path).suffix.lower() != ".xlsx":
            raise ValueError(f"an Excel workbook ends in .xlsx; got {os.fspath(path)!r}")
        openpyxl = needed("openpyxl", "report", "an Excel file needs")
        needed("openpyxl.formatting.rule", "report", "an Excel file needs")
        excel_of(self.frame, self.notes, path, openpyxl)


COLUMNS = ("exposure", "observed", "fitted", "actual_expected", "relativity", "lower", "upper")
SUMS = 4  # exposure, observed, fitted, exposure times value
BASES = ("reference", "largest")


def relativities(
    fit: SingleIndex,
    bands: int = 5,
    base: str = "reference",
    level: float = 0.95,
    vcov: Vcov = None,
) -> Relativities:
    """Rating table of a model with a log link: what each level multiplies the mean by.

    Parameters
    ----------
    bands : int
        A numeric variable is shown in so many bands of equal width; those without rows are left out.
    base : {"reference", "largest"}
        Which level has the relativity 1: that of the contrasts (the first), or that of the largest exposure.
    level : float
        Of Wald's intervals, made on the log scale.
    vcov : str, mapping, matrix or function, optional
        Another covariance of the coefficients (see ``fit.summary``).

    Returns
    -------
    Relativities
        Rows (factor, level); columns exposure (weight times exp(offset)), observed and fitted per exposure,
        actual_expected (observed over fitted), relativity with its limits: exp of what the level adds to the linear
        predictor less what the base adds; of a band at its mean. NaN where the variable is in an interaction, whose
        effect is not one number. ``to_excel(path)``, ``to_html()``; `relativities_plot` draws it.

    Raises
    ------
    ValueError
        Another link than log; unknown base; fewer than two bands.
    DataError
        No variable to show; the model holds no training rows.

    Notes
    -----
    One pass over the rows of any source. Of a mixed model `fitted` is the mean of the population: random effects of
    zero.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> data = datasets.attrition()
    >>> fit = glm("sick_days ~ factor(overtime_hours > 8) + experience_years", data, family="poisson")
    >>> fit.relativities(bands=2)[["exposure", "relativity"]].round(3)
                                       exposure  relativity
    factor                     level
    factor(overtime_hours > 8) FALSE      321.0       1.000
                               TRUE       179.0       1.142
    experience_years           [0,6]      374.0       1.000
                               (6,12]     126.0       1.013
    """
    if fit.family.link.name != "log":
        raise ValueError(
            f"relativities are what a log link multiplies means by; this model has the {fit.family.link.name} link"
        )
    choice("base", base, BASES)
    if bands < 2:
        raise ValueError(f"bands should be 2 or more; got {bands}")
    if not 0 < level < 1:
        raise ValueError(f"level should be between 0 and 1; got {level!r}")
    shown = [v for name, v in fit.schema.variables.items() if _has_term(fit, name)]
    shown = [v for v in shown if v.categorical or not v.columns]
    if not shown:
        raise DataError(f"the model has no factor or number to show: {fit.formula!r}")
    edges = _edges(fit, [v.name for v in shown if not v.categorical], bands)
    question = partial(_sums, shown, edges, fit.result, fit.family)
    sums = beside_variables(fit, [v.name for v in shown], question, _added)
    cov = over_all(covariance_of(fit, vcov), ~fit.aliased, 0.0)
    rows, index = [], []
    for variable, table in zip(shown, sums, strict=True):
        names = (
            list(variable.levels)
            if variable.categorical
            else interval_labels(edges[variable.name], 3, True, True)
        )
        for level_name, values in zip(names, _relative(fit, variable, table, cov, base, level), strict=True):
            if values[0] > 0:
                rows.append(values)
                index.append((plain_name(variable.name), level_name))
    frame = pd.DataFrame(
        rows, columns=list(COLUMNS), index=pd.MultiIndex.from_tuples(index, names=["factor", "level"])
    )
    made = Relativities(frame, kind="data.frame", digits=4)
    made.notes = _notes(fit, base, level, vcov)
    return made


def _notes(fit: SingleIndex, base: str, level: float, vcov: Vcov) -> tuple[str, ...]:
    """What the table is of."""
    errors = resolved(fit, vcov)[1]
    of_errors = f", standard errors: {errors}" if errors else ""
    against = "the level with the largest exposure" if base == "largest" else "the reference level"
    return (
        f"{fit.formula}, {fit.family.name} with log link, {fit.nobs:,} rows",
        f"relativity to {against}, {100 * level:g}% Wald limits{of_errors}; none where a variable is in an interaction",
        "observed and fitted per unit of exposure",
    )


def _has_term(fit: SingleIndex, name: str) -> bool:
    return name in fit.terms.names and name in fit.terms.labels


def _added(a: list[np.ndarray], b: list[np.ndarray]) -> list[np.ndarray]:
    return [add(x, y) for x, y in zip(a, b, strict=True)]


def _extremes(names: list[str], values: Values, block: Block) -> list[np.ndarray]:
    """Smallest and largest value of each."""
    own = [values[name].astype(float) for name in names]
    return [np.array([v.min(initial=np.inf), v.max(initial=-np.inf)]) for v in own]


def _widest(a: list[np.ndarray], b: list[np.ndarray]) -> list[np.ndarray]:
    return [np.array([min(x[0], y[0]), max(x[1], y[1])]) for x, y in zip(a, b, strict=True)]


def _edges(fit: SingleIndex, names: list[str], bands: int) -> dict[str, np.ndarray]:
    if not names:
        return {}
    ends = beside_variables(fit, names, partial(_extremes, names), _widest)
    return {
        name: np.linspace(low, high if high > low else low + 1, bands + 1)
        for name, (low, high) in zip(names, ends, strict=True)
    }


def _sums(
    shown: list[Variable],
    edges: dict[str, np.ndarray],
    result: GlmFit,
    family: Family,
    values: Values,
    block: Block,
) -> list[np.ndarray]:
    """Of each variable a table (4, levels): exposure, observed, fitted, exposure times value."""
    _, mu = evaluate_rows(block, result.coefficients, family)
    weights = np.ones(len(mu)) if block.prior_weights is None else block.prior_weights
    exposure = weights if block.offset is None else weights * np.exp(block.offset)
    out = []
    for variable in shown:
        own = values[variable.name]
        if variable.categorical:
            codes, levels, size = own, len(variable.levels), np.zeros(len(mu))
        else:
            bounds = edges[variable.name]
            levels, size = len(bounds) - 1, own.astype(float)
            codes = np.clip(np.searchsorted(bounds, size, side="left") - 1, 0, levels - 1)
        columns = (exposure, weights * block.y, weights * mu, exposure * size)
        out.append(np.stack([np.bincount(codes, column, levels) for column in columns]))
    return out


def _relative(
    fit: SingleIndex, variable: Variable, table: np.ndarray, cov: np.ndarray, base: str, level: float
) -> list[tuple[float, ...]]:
    exposure, seen, expected, sized = table
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = sized / exposure
        columns = [exposure, seen / exposure, expected / exposure, seen / expected]
    own = np.flatnonzero(fit.assign == fit.terms.labels.index(variable.name) + 1)
    alone = sum(variable.name in label.split(":") for label in fit.terms.labels) == 1
    levels = len(exposure)
    if not alone or (variable.categorical and variable.contrast is None):
        parts = np.full((levels, 3), math.nan)
    else:
        L = np.asarray(variable.contrast) if variable.categorical else middle[:, None]
        place = int(np.argmax(exposure)) if base == "largest" else 0
        if L.shape[1] != len(own):  # coded by full dummies, in a formula without intercept
            L = np.eye(levels)
        difference = L - L[place]
        change = difference @ np.nan_to_num(fit.result.coefficients[own])
        error = np.sqrt(np.einsum("ij,jk,ik->i", difference, cov[np.ix_(own, own)], difference))
        half = float(quantile((1 + level) / 2, fit.test_df)) * error
        parts = np.exp(np.stack([change, change - half, change + half], axis=1))
    return [tuple(float(v) for v in row) for row in np.column_stack([*columns, parts])]
