"""``lm``: a linear model, with the answers that R's lm has in place of a glm's."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from ..engine.result import Control
from ..errors import choice
from ..families import gaussian
from ..fitted.linear import RowSummary, kept, read, row_summary
from ..fitted.loglik import LogLik
from ..fitted.rows import same_table
from .calls import call_of
from .chosen import AnovaOrPath
from .estimate import Estimate, checked, estimate, fields_of
from .face import Verb, face
from .model import GLM

if TYPE_CHECKING:
    from ..inference.rows.linear_rows import augment as _augment, predict as _predict, residuals as _residuals
    from ..inference.summaries.linear_summary import summary as _summary
    from ..inference.summaries.linear_tidy import confint as _confint, glance as _glance, vcov as _vcov
    from ..inference.terms.linear_anova import (
        Anova as _Anova,
        anova as _anova,
        linear_hypothesis as _linear_hypothesis,
    )
    from ..inference.terms.linear_terms import add1 as _add1, drop1 as _drop1, extract_aic as _extract_aic
    from ..plot.linear import plot as _plot

# The verbs to which a linear model has its own answer.
LINEAR = {
    "Anova": "inference.terms.linear_anova",
    "add1": "inference.terms.linear_terms",
    "augment": "inference.rows.linear_rows",
    "confint": "inference.summaries.linear_tidy",
    "drop1": "inference.terms.linear_terms",
    "extract_aic": "inference.terms.linear_terms",
    "glance": "inference.summaries.linear_tidy",
    "linear_hypothesis": "inference.terms.linear_anova",
    "plot": "plot.linear",
    "predict": "inference.rows.linear_rows",
    "residuals": "inference.rows.linear_rows",
    "summary": "inference.summaries.linear_summary",
    "vcov": "inference.summaries.linear_tidy",
}
METHODS = ("auto", "qr", "cholesky")
ARGUMENTS = frozenset("formula data weights subset na_action offset contrasts method progress".split())
TOLERANCE = 1e-7  # lm's; glm's goes with epsilon and is finer
CONTROL = Control(tolerance=TOLERANCE)


@face(LINEAR)
@dataclass(frozen=True, eq=False)
class LM(GLM):
    """A fitted linear model, R's object of class ``lm``.

    Made by :func:`glmformula.lm`. It has whatever a :class:`GLM` has, and R's lm's answers where they differ.

    Attributes
    ----------
    kept : dict or None
        What `summary` tells of the rows, of a model that holds none.

    Examples
    --------
    >>> from glmformula import datasets, lm
    >>> fit = lm("salary ~ experience_years + overtime_hours", datasets.attrition())
    >>> fit.df_residual, round(fit.r_squared, 4)
    (497, 0.0042)
    """

    kept: Mapping[str, Any] | None = None

    anova = AnovaOrPath(Verb("inference.terms.linear_anova", "anova"))

    if TYPE_CHECKING:
        add1 = _add1
        Anova = _Anova  # type: ignore[assignment]
        anova = _anova  # type: ignore[assignment]
        augment = _augment  # type: ignore[assignment]
        confint = _confint  # type: ignore[assignment]
        drop1 = _drop1
        extract_aic = _extract_aic
        glance = _glance
        linear_hypothesis = _linear_hypothesis
        plot = _plot
        predict = _predict
        residuals = _residuals
        summary = _summary  # type: ignore[assignment]
        vcov = _vcov

    # -- numbers of the whole fit ------------------------------------------------------------------------

    @property
    def sigma(self) -> float:
        """Residual standard error: sqrt(RSS / df_residual)."""
        return math.sqrt(self.dispersion)

    @property
    def r_squared(self) -> float:
        """Multiple R squared; about zero for a model without an intercept, as in R."""
        from ..inference.summaries.linear_summary import r_squared

        return r_squared(self)

    @property
    def adj_r_squared(self) -> float:
        """R squared adjusted for the number of coefficients."""
        from ..inference.summaries.linear_summary import adj_r_squared

        return adj_r_squared(self)

    @property
    def fstatistic(self) -> tuple[float, float, float] | None:
        """F of all coefficients but the intercept, and its two degrees of freedom; None without any."""
        from ..inference.summaries.linear_summary import f_statistic

        return f_statistic(self)

    @property
    def loglik(self) -> LogLik:
        """The log-likelihood at sigma^2 = RSS / n, rows of zero weight left out (R's ``logLik.lm``)."""
        n, df = self.nobs, self.rank + 1
        if n == self.nobs_rows:
            return LogLik(-self.result.minus2_loglik / 2, df=df, nobs=n)
        log_mean = math.log(self.deviance / n) if self.deviance > 0 else -math.inf
        value = (self.row_summary.log_weights - n * (math.log(2 * math.pi) + 1 + log_mean)) / 2
        return LogLik(value, df=df, nobs=n)

    @property
    def aic(self) -> float:
        """-2 log-likelihood + 2 (rank + 1)."""
        return -2 * float(self.loglik) + 2 * (self.rank + 1)

    @property
    def bic(self) -> float:
        """-2 log-likelihood + log(n) (rank + 1), n the rows of non-zero weight."""
        return -2 * float(self.loglik) + math.log(self.nobs) * (self.rank + 1)

    # -- what the verbs ask: see fitted/protocols.py and fitted/linear.py ----------------------------------

    @property
    def default_interval(self) -> str:
        """The intervals of `tidy` and plots: t intervals, which a profile gives too."""
        return "wald"

    @property
    def robust_df(self) -> float:
        """Degrees of freedom of t tests with another covariance: the residual ones, as lmtest's."""
        return float(self.df_residual)

    @cached_property
    def row_summary(self) -> RowSummary:
        """What the summary tells of the rows."""
        return row_summary(self) if self.kept is None else read(self.kept)

    @property
    def weighted(self) -> bool:
        """Whether the rows' weights differ."""
        given = self.training is None or self.training.arguments["weights"] is not None
        return given and self.row_summary.weighted

    # -- other fits of the same kind ---------------------------------------------------------------------

    def refit(self, **changes: Any) -> Self:
        """The same call again with other arguments; `update` reads formulas, this takes them as they are."""
        unknown = sorted(set(changes) - ARGUMENTS)
        if unknown:
            raise TypeError(
                f"lm() has no argument {', '.join(map(repr, unknown))}: expected {', '.join(sorted(ARGUMENTS))}; "
                "a model with a family or starting values is glm()'s"
            )
        given = {name: self.rows.arguments[name] for name in ARGUMENTS}
        return replace(self, **fields_of(_estimate(given | same_table(self.rows) | changes)))

    def strip_data(self) -> Self:
        """The same model without a single training row: smaller, and safe to hand on.

        What the summary tells of the rows (quantiles of the residuals, R squared) is kept.

        Examples
        --------
        >>> from glmformula import datasets, lm
        >>> fit = lm("salary ~ experience_years", datasets.attrition())
        >>> str(fit.strip_data().summary()) == str(fit.summary())
        True
        """
        return replace(self.on_rows(None, self.column_means), kept=kept(self.row_summary))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model, without its rows, to a file that `load` reads; no code is in it.

        Parameters
        ----------
        path : str or path

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from glmformula import datasets, lm, load
        >>> fit = lm("salary ~ experience_years", datasets.attrition())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     fit.save(Path(folder) / "salary.lm")
        ...     loaded = load(Path(folder) / "salary.lm")
        >>> str(loaded.summary()) == str(fit.summary())
        True
        """
        GLM.save(replace(self, kept=kept(self.row_summary)), path)

    def __str__(self) -> str:
        from ..inference.summaries.linear_summary import print_text

        return print_text(self)

    __repr__ = __str__


def _estimate(given: Mapping[str, Any]) -> Estimate:
    """The estimate for the arguments of `lm`."""
    choice("method", given["method"], METHODS)
    others = {"family": gaussian(), "start": None, "etastart": None, "mustart": None, "control": CONTROL}
    arguments = checked({**given, **others})
    found = estimate(arguments)
    call = call_of(
        "lm",
        arguments["formula"],
        **{name: arguments[name] for name in ("subset", "weights")},
        contrasts=arguments["contrasts"] or None,
        offset=arguments["offset"],
    )
    return replace(found, call=call)


def lm(
    formula: str,
    data: Any,
    *,
    weights: Any = None,
    subset: Any = None,
    na_action: str = "na.omit",
    offset: Any = None,
    contrasts: Any = None,
    method: str = "auto",
    progress: bool | None = None,
) -> LM:
    """Fit a linear model, R's ``lm``.

    The model is  y = X beta + offset + e,  e normal with variance sigma^2 / weight: weighted least squares.

    Parameters
    ----------
    formula : str
        R syntax: ``"salary ~ experience + department"``. One response: for several (R's ``mlm``) fit a model each.
    data : DataFrame, other table, path or query
        As for `glm`: pandas, polars, Arrow, a dict of columns; gone through in pieces, however many rows: Parquet,
        Arrow IPC or CSV files, a ``pyarrow.dataset``, DuckDB, Dask.
    weights, offset : str, array or Series, optional
        Weights (>= 0); a known part of the mean. A str is a column name or an R expression.
    subset : str, mask or row labels, optional
        The rows to use.
    na_action : {"na.omit", "na.exclude", "na.fail", "na.pass"}
    contrasts : mapping, optional
        ``{"wool": "contr.sum"}`` or a matrix with a row for each level.
    method : {"auto", "qr", "cholesky"}
        How the least squares are solved: "auto" is fast and falls back where the numbers ask for it.
    progress : bool, optional
        Show which pass over the rows is under way. Default: in a terminal or notebook, when it takes long.

    Returns
    -------
    LM

    Raises
    ------
    FormulaError, DataError, FitError
        With what was expected, what arrived and where.

    Notes
    -----
    A column is aliased (NaN) where less than 1e-7 of its length is not a combination of those before it, R's
    tolerance for ``lm``; ``glm`` takes 1e-11. Chambers & Hastie (1992), chapter 4.

    Examples
    --------
    >>> from glmformula import datasets, lm
    >>> lm("salary ~ experience_years + overtime_hours", datasets.attrition())
    <BLANKLINE>
    Call:
    lm(formula = salary ~ experience_years + overtime_hours, data = data)
    <BLANKLINE>
    Coefficients:
         (Intercept)  experience_years    overtime_hours
            52737.52            321.22             94.35
    <BLANKLINE>
    """
    return LM(
        **fields_of(
            _estimate(
                {
                    "formula": formula,
                    "data": data,
                    "weights": weights,
                    "subset": subset,
                    "na_action": na_action,
                    "offset": offset,
                    "contrasts": contrasts,
                    "method": method,
                    "progress": progress,
                }
            )
        )
    )
