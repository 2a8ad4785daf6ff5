"""``glm``: from a formula and data to a fitted model, by way of frame, design and engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..design.build import design_frame
from ..design.contrast import kept
from ..design.selection import in_order
from ..engine.result import Control
from ..errors import FitError, FormulaError
from ..families import Family, get_family
from ..formula.algebra import refuse_bars
from ..formula.deparse import deparse
from ..formula.functions.contrasts import default_contrasts, set_contrasts
from ..formula.lines import formula_lines
from ..formula.reader import read
from ..formula.tokens import name_text, string_text
from ..frame.kept import Kept, own_argument
from ..sources.memory import MemorySource
from ..sources.progress import showing
from ..sources.registry import opened
from ..sources.tasks import shared_out
from .model import GLM
from .refit import fitter
from .separation import looked_at
from .training import TrainingData

METHODS = ("auto", "qr", "cholesky", "firth")
ROW_ARGUMENTS = ("weights", "offset", "subset", "na_action", "contrasts", "etastart", "mustart")
OWNED = ("weights", "offset", "subset", "contrasts", "start", "etastart", "mustart")


def glm_control(epsilon: float = 1e-8, maxit: int = 25, trace: bool = False) -> Control:
    """When the iterations stop; R's ``glm.control``.

    Parameters
    ----------
    epsilon : float
        Positive; convergence is ``|dev - dev_old| / (|dev| + 0.1) < epsilon``.
    maxit : int
        Positive; at most so many iterations.
    trace : bool
        Print the deviance of each iteration.

    Raises
    ------
    ValueError
        R's sentences, for values out of range.
    """
    if not (isinstance(epsilon, int | float) and epsilon > 0):
        raise ValueError(f"value of 'epsilon' must be > 0; got {epsilon!r}")
    if not (isinstance(maxit, int | float) and maxit > 0):
        raise ValueError(f"maximum number of iterations must be > 0; got {maxit!r}")
    return Control(float(epsilon), int(maxit), bool(trace))


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
    **control_arguments: Any,
) -> GLM:
    """Fit a generalized linear model, R's ``glm``.

    The model is  g(E y) = X beta + offset,  Var y = phi V(mu) / weight,  fitted by iteratively reweighted
    least squares (McCullagh & Nelder 1989, section 2.5) with R's starting values and stopping rule.

    Parameters
    ----------
    formula : str
        R syntax: ``"left ~ salary + overtime"``.
    data : DataFrame, other table, path or query
        The variables; a name that is not a column is an error (the caller's scope is never searched). In
        memory: pandas, polars (a LazyFrame is collected), Arrow, or a dict of columns. Gone through in pieces,
        however many rows: Parquet, Arrow IPC or CSV files by path (a file, a directory, a pattern such as
        ``"policies/*.parquet"``), a ``pyarrow.dataset``, a DuckDB relation or ``(sql, connection)``, a Dask
        DataFrame.
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

    Returns
    -------
    GLM

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
    """
    if not isinstance(formula, str):
        raise FormulaError(
            f'the formula must be a str such as "y ~ x + z", not {type(formula).__name__}'
        )
    if not isinstance(method, str) or method not in METHODS:
        raise ValueError(f"method should be one of {', '.join(map(repr, METHODS))}; got {method!r}")
    control = _control(control, control_arguments)
    family = get_family(family)
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
        "contrasts": kept(contrasts),
        "method": method,
        "progress": progress,
    }
    with showing(progress):
        training = training_rows(arguments)
        source, frame = training.source, training.frame
        try:
            result = fitter(method)(
                source,
                family,
                names=frame.design.names,
                intercept=frame.terms.intercept,
                control=control,
                start=_start(start, frame.design.names),
            )
        except OverflowError as error:
            raise FitError(
                f"the numbers of '{frame.response_name or 'the response'}' are so large that their squares overflow "
                "(above about 1e154): divide them by a power of ten"
            ) from error
        result = looked_at(source, family, result, frame.design.names)
    return GLM(
        formula=frame.terms.text,
        call=_call(formula, family, data, weights=weights, subset=subset, offset=offset, contrasts=contrasts or None),
        terms=frame.terms,
        family=family,
        column_names=frame.design.names,
        assign=frame.design.assign,
        result=result,
        schema=frame.schema,
        control=control,
        n_omitted=frame.n_omitted,
        training=training,
    )


def training_rows(arguments: Mapping[str, Any]) -> TrainingData:
    """The rows that a call of `glm` with these arguments (all of them, by name) fits, checked for its family.

    Raises
    ------
    FormulaError, DataError, FamilyError
        As `glm`.
    """
    refuse_bars(arguments["formula"])
    with set_contrasts(*getattr(arguments["contrasts"], "defaults", default_contrasts())):
        return _training_rows(arguments)


def _training_rows(arguments: Mapping[str, Any]) -> TrainingData:
    arguments = {**arguments, **{name: own_argument(arguments[name]) for name in OWNED}}
    data = arguments["data"]
    table = opened(data)
    if table is not None:
        from .streams import streamed_rows  # few need it: a quarter of the import

        return streamed_rows(arguments, table)
    family = arguments["family"]
    kept = arguments["data"] = data if isinstance(data, Kept) else Kept(data)
    frame = design_frame(
        arguments["formula"],
        kept,
        **{name: arguments[name] for name in ROW_ARGUMENTS},
        binomial=family.is_binomial,
    )
    kept.mark(shared_out)
    response = frame.response
    if response is None:
        raise FormulaError(f"the formula has no response: expected 'y ~ ...', got {frame.terms.text!r}")
    trials = None if response.trials is None or not (response.trials > 1).any() else response.trials
    family.check_response(response.y, response.prior_weights, trials, frame.index)
    source = MemorySource(
        frame.design,
        response.y,
        prior_weights=response.prior_weights,
        offset=frame.offset,
        etastart=frame.etastart,
        mustart=frame.mustart,
        trials=trials,
    )
    return TrainingData(source, frame, arguments)


def _control(control: Control | None, arguments: dict[str, Any]) -> Control:
    unknown = sorted(set(arguments) - {"epsilon", "maxit", "trace"})
    if unknown:
        raise TypeError(
            f"glm() got unexpected arguments {', '.join(map(repr, unknown))}: expected its own or those of "
            "glm_control (epsilon, maxit, trace)"
        )
    if control is None:
        return glm_control(**arguments)
    if not isinstance(control, Control):
        raise TypeError(f"control should be glm_control(...); got {type(control).__name__}")
    return glm_control(**{**vars(control), **arguments})


def _start(start: Any, names: tuple[str, ...]) -> np.ndarray | None:
    if start is None:
        return None
    values = in_order(start, names, "start")
    if len(values) != len(names):
        raise FitError(
            f"length of 'start' should equal {len(names)} and correspond to initial coefs for "
            f"{', '.join(names)}; got {len(values)}"
        )
    return values


def _call(formula: str, family: Family, data: Any, **arguments: Any) -> str:
    """The call as R would print it, on R's lines; arrays and tables are named, not printed."""
    parts = [
        f"formula = {formula.strip()}",
        f"family = {_family_text(family)}",
        f"data = {string_text(data) if isinstance(data, str) else 'data'}",
        *(f"{name} = {_argument(name, value)}" for name, value in arguments.items() if value is not None),
    ]
    return "\n".join(formula_lines(deparse(read(f"glm({', '.join(parts)})"))))


def _argument(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and all(isinstance(v, str) for v in value.values()):
        return f"list({', '.join(f'{name_text(str(k))} = {string_text(v)}' for k, v in value.items())})"
    return name


def _family_text(family: Family) -> str:
    return f"{name_text(family.name)}({string_text(family.link.name)})"
