"""``glm``: from a formula and data to a fitted model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from ..engine.result import Control
from .estimate import checked, estimate, fields_of
from .model import GLM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .many import GLMs


@overload
def glm(formula: str, data: Any, family: Any = ..., *, by: None = None, **arguments: Any) -> GLM: ...
@overload
def glm(formula: str, data: Any, family: Any = ..., *, by: str | Sequence[str], **arguments: Any) -> GLMs: ...


def glm(
    formula: str,
    data: Any,
    family: Any = "gaussian",
    *,
    weights: Any = None,
    subset: Any = None,
    na_action: str = "na.omit",
    start: Any = None,
    etastart: Any = None,
    mustart: Any = None,
    offset: Any = None,
    control: Control | None = None,
    contrasts: Any = None,
    method: str = "auto",
    progress: bool | None = None,
    by: Any = None,
    compress: bool | str | None = None,
    **control_arguments: Any,
) -> GLM | GLMs:
    """Fit a generalized linear model, R's ``glm``.

    The model is  g(E y) = X beta + offset,  Var y = phi V(mu) / weight,  fitted by iteratively reweighted
    least squares (McCullagh & Nelder 1989, section 2.5) with R's starting values and stopping rule.

    Parameters
    ----------
    formula : str
        R syntax: ``"left ~ salary + overtime"``.
    data : DataFrame, other table, path or query
        The variables; a name that is not a column is an error (the caller's scope is never searched). In
        memory: pandas, polars, Arrow, or a dict of columns. Gone through in pieces,
        however many rows: Parquet, Arrow IPC or CSV files by path (a file, a directory, a pattern such as
        ``"policies/*.parquet"``), a ``pyarrow.dataset``, a DuckDB relation, ``(sql, connection)`` of DuckDB,
        sqlite3, psycopg or ADBC, a polars LazyFrame, an object that gives Arrow streams (``__arrow_c_stream__``)
        and does not know its length, a Dask or a Spark DataFrame.
    family : Family, function or str
        ``binomial()``, ``binomial`` or ``"binomial"``.
    weights, offset : str, array or Series, optional
        Prior weights (>= 0); a known part of the linear predictor (link scale). A str is a column name or an
        R expression.
    subset : str, mask or row labels, optional
        The rows to use.
    na_action : {"na.omit", "na.exclude", "na.fail", "na.pass"}
    start : array, Series or mapping (p,), optional
        Starting coefficients (link scale), by their names where they have labels.
    etastart, mustart : str, array or Series, optional
        Starting linear predictor and means (response scale) of the rows.
    control : Control, optional
        ``glm_control(...)``; its arguments (`epsilon`, `maxit`, `trace`) may be given directly.
    contrasts : mapping, optional
        ``{"wool": "contr.sum"}`` or a matrix with a row for each level.
    method : {"auto", "qr", "cholesky", "firth"}
        How the weighted least squares are solved: "auto" is fast and falls back where the numbers ask for it.
        "firth": not maximum likelihood but mean bias reduction (Firth 1993), finite under separation; brglm2's
        ``brglmFit`` with ``type = "AS_mean"``.
    progress : bool, optional
        Show which pass over the rows is under way. Default: in a terminal or notebook, when it takes long.
    by : str or list of str, optional
        Columns whose values make groups: a fit for each, with the numbers that `glm` gives for the group's rows alone
        (levels, knots and ``poly()`` are the group's own). ``.`` in the formula leaves these columns out.

    compress : bool or "auto", optional
        Let the database of ``(sql, connection)`` count equal rows (GROUP BY over the columns that are used) and fit to
        those that differ: the same numbers, without reading every row. "auto": where the first rows repeat each other
        often enough. What asks for rows (residuals, robust errors, ``predict()`` of them) reads them.

    Returns
    -------
    GLM
        With `by` a :class:`GLMs`: tables of all fits, and ``fits["north"]`` is one of them.

    Raises
    ------
    FormulaError, DataError, FamilyError, FitError
        With what was expected, what arrived and where.

    Warns
    -----
    ConvergenceWarning
        The iterations stopped before convergence, or fitted values are numerically 0 or 1.
    SeparationWarning
        Some coefficients have no finite estimate; names them, and where they go.

    Notes
    -----
    R differs: see docs/differences.md. `singular.ok` is always true, as R's default.

    The model is about the data as they were when it was fitted, in every verb, `update` too, whatever is
    written into them later: arguments are copied, and of a DataFrame pandas' copy-on-write keeps the columns
    (pandas 2 without it: those used are copied). A write through an array that shares a column's memory
    (``DataFrame(array, copy=False)``) is noticed, and the model refuses to say more of its rows. A column that
    came later can be used by `update`, `add1` and ``cluster=`` while the others are as they were; for edited
    data say ``update(..., data=data)``. Files must stay as they are.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ salary + overtime_hours", datasets.attrition(), family="binomial")
    >>> fit.coefficients.round(5)
    (Intercept)      -3.67629
    salary           -0.00002
    overtime_hours    0.19503
    dtype: float64
    >>> glm("sick_days ~ factor(experience_years > 5)", datasets.attrition(), family="poisson").nobs
    500
    """
    arguments = {
        "formula": formula,
        "data": data,
        "family": family,
        "weights": weights,
        "subset": subset,
        "na_action": na_action,
        "start": start,
        "etastart": etastart,
        "mustart": mustart,
        "offset": offset,
        "control": control,
        "contrasts": contrasts,
        "method": method,
        "progress": progress,
        "compress": compress,
    }
    if by is not None:
        from .many import glm_by  # few need it

        return glm_by(arguments | control_arguments, by)
    return GLM(**fields_of(estimate(checked(arguments | control_arguments))))
