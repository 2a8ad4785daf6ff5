"""``fit.what_if("page.html")``: a page with a slider or list for each variable that computes predictions by itself."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError, nearest
from ..fitted.protocols import has_one_mean, single_index
from ..formula.functions.calendar import DAY
from ..formula.values import Time
from ..frame.newdata import columns_of
from ..frame.schema import plain_name
from ..inference.distributions import quantile
from ..inference.effects.grids import commonest
from ..inference.effects.population import Population, facts, known, population
from ..inference.effects.scenes import Scene
from ..inference.sql import lost_rows
from ..inference.wald import Vcov, covariance_of
from ..translate import expressions as ex
from ..translate.javascript import HELPERS, JAVASCRIPT
from ..translate.links import inverse
from ..translate.predictor import Predictors, roots
from ..translate.writer import write

if TYPE_CHECKING:
    from ..fitted.protocols import SingleIndex

STEPS = 200  # of a slider, or a few more
MOST_CHOICES = 2000
ETA = ex.Column("eta", "plain")


def what_if(
    fit: SingleIndex,
    path: str | os.PathLike[str] | None = None,
    *,
    level: float = 0.95,
    title: str | None = None,
    ranges: Mapping[str, Any] | None = None,
    vcov: Vcov = None,
) -> str:
    """A page that answers "what if": a slider or list for each variable, the prediction with its interval, what each
    term contributes, and how the prediction changes along a variable.

    Everything is computed in the page, from the coefficients and their covariance: one file, no server, no network,
    and no row of the data in it but the least, the largest and a typical value of each variable.

    Parameters
    ----------
    path : str or path, optional
        Where to write the page.
    level : float
        Of the confidence interval of the mean, made on the link scale: eta +- q se, carried over.
    title : str, optional
        Default: the response.
    ranges : mapping, optional
        By variable what its slider goes through, ``(low, high)`` or ``(low, start, high)``, or a list of choices.
        Default: what the rows of the fit say. A model without rows needs it for its numbers.
    vcov : covariance, optional
        As of ``fit.summary``: "HC3", ``{"cluster": "firm"}`` ...

    Returns
    -------
    str
        The page.

    Raises
    ------
    FitError
        A model with other than one linear predictor.
    FormulaError
        A function of the formula that cannot be computed there.
    DataError
        A variable that nobody knows the range of, an offset that was an array, too many levels.
    ValueError
        A level that is not between 0 and 1.

    Notes
    -----
    The formula's functions are translated as `to_sql` does it; the page agrees with `predict` to 1e-9 and better.
    Contributions are those of ``predict(type="terms")``: of each term on the link scale, less its mean over the rows of
    the fit. In the page, ``whatIf({x: 1, ...})`` gives the numbers of any values. Of a mixed model all is of the
    population, with random effects of zero.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ salary + overtime_hours", datasets.attrition(), family="binomial")
    >>> page = fit.what_if()
    >>> page[:15], "whatIf" in page
    ('<!DOCTYPE html>', True)
    """
    if not has_one_mean(fit):
        single_index(fit, "what_if()", "it needs one linear predictor; predict() and to_sql() are there")
    if not 0 < level < 1:
        raise ValueError(f"level should be between 0 and 1; got {level!r}")
    if path is not None and not isinstance(path, str | os.PathLike):
        raise ValueError(f"path should be the name of a file; got {path!r}")
    if ranges is not None and not isinstance(ranges, Mapping):
        raise ValueError(f"ranges should be a mapping such as {{'x': (0, 10)}}; got {ranges!r}")
    controls = controls_of(fit, {} if ranges is None else ranges)
    heading = title if title is not None else plain_name(fit.response_name)
    facts_of_page = {
        "title": heading,
        "formula": fit.formula,
        "call": " ".join(fit.call.split()),
        "what": _what(fit),
        "level": level,
        "controls": controls,
        **numbers_of(fit, level, vcov),
    }
    page = files(__package__).joinpath("what_if.html").read_text(encoding="utf-8")
    for mark, text in (
        ("/*HELPERS*/", HELPERS),
        ("/*MODEL*/", f"const model = {_json(facts_of_page)};\n{functions_of(fit)}"),
        ("<!--TITLE-->", _escaped(heading)),
    ):
        page = page.replace(mark, text)
    if path is not None:
        Path(path).write_text(page, encoding="utf-8", newline="\n")
    return page


def _what(fit: SingleIndex) -> str:
    """What is predicted, in words."""
    if fit.modelled is not None:
        return f"probability of {fit.modelled}"
    name = plain_name(fit.response_name)
    return f"probability of {name}" if fit.family.is_binomial else f"expected {name}"


def _json(value: Any) -> str:
    """JSON that no text can leave the script by."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# ---- the numbers of the model ----


def numbers_of(fit: SingleIndex, level: float, vcov: Vcov) -> dict[str, Any]:
    """Coefficients, the root of their covariance, the quantile, terms and their centres."""
    kept = ~fit.aliased
    cov = np.asarray(fit.covariance if vcov is None else covariance_of(fit, vcov))
    root = np.zeros((0, len(kept)))
    if cov.size:
        root = np.zeros((len(found := roots(cov)), len(kept)))
        root[:, kept] = found
    centre = fit.column_means if fit.terms.intercept else np.zeros(len(kept))
    return {
        "beta": np.nan_to_num(fit.result.coefficients).tolist(),
        "root": root.tolist(),
        "centre": np.asarray(centre, dtype=float).tolist(),
        "quantile": float(quantile((1 + level) / 2, fit.test_df)),
        "terms": [
            {"name": plain_name(name), "columns": np.flatnonzero(fit.assign == k + 1).tolist()}
            for k, name in enumerate(fit.terms.labels)
        ],
    }


def functions_of(fit: SingleIndex) -> str:
    """The functions that differ from model to model: columns of the design, offset, what is missing, mean."""
    predictors, terms = Predictors(fit.schema), fit.terms
    columns = [predictors.linear(terms, one) for one in np.eye(len(fit.assign))]
    written = ",\n  ".join(write(column, JAVASCRIPT) for column in columns)
    return (
        f"const columns = v => [\n  {written}\n];\n"
        f"const offset = v => {write(predictors.offset(terms, True), JAVASCRIPT)};\n"
        f"const lost = v => {write(lost_rows(fit, predictors), JAVASCRIPT)};\n"
        f"const mean = v => {write(inverse(fit.family.link)(ETA), JAVASCRIPT)};\n"
    )


# ---- what can be moved ----


def controls_of(fit: SingleIndex, ranges: Mapping[str, Any]) -> list[dict[str, Any]]:
    """For each column that the model uses what it is moved by, in the order of the formula."""
    used = columns_of(fit.schema) & fit.schema.columns.keys()
    for name in ranges:
        if name not in used:
            raise DataError(f"ranges: '{name}' is not a variable of the model{nearest(name, sorted(used))}")
    order = [name for name in fit.schema.columns if name in used]
    rows = None if fit.training is None else population(fit, None)
    return [_control(fit, name, ranges.get(name), rows) for name in order]


def _control(fit: SingleIndex, name: str, given: Any, rows: Population | None) -> dict[str, Any]:
    kind = fit.schema.columns[name].partition(" ")[0]
    if kind == "logical":
        common = rows is not None and bool(commonest(rows, name))
        return {"name": name, "kind": "truth", "choices": [False, True], "start": common}
    if kind in ("character", "factor", "ordered") or isinstance(given, list):
        return _choices(fit, name, given, rows)
    if kind == "numeric" and given is None and rows is not None:
        levels = known(fit.schema, name, rows.sample)
        if levels.kind == "factor":
            return _choices(fit, name, list(levels.levels), rows)
    low, start, high = _range(name, kind, given, rows)
    unit = {"Date": "date", "POSIXct": "time"}.get(kind, "number")
    return {
        "name": name,
        "kind": unit,
        "low": low,
        "high": high,
        "start": start,
        "step": _step(low, start, high),
    }


def _choices(fit: SingleIndex, name: str, given: Any, rows: Population | None) -> dict[str, Any]:
    choices = given if given is not None else _levels(fit, name, rows)
    choices = [v.item() if isinstance(v, np.generic) else v for v in choices]
    if not choices:
        raise DataError(f"the levels of '{name}' are not known: give them, ranges={{{name!r}: [...]}}")
    if len(choices) > MOST_CHOICES:
        raise DataError(
            f"'{name}' has {len(choices):,} levels, too many for a list: name some, ranges={{{name!r}: [...]}}"
        )
    common = None if rows is None else commonest(rows, name)
    common = common.item() if isinstance(common, np.generic) else common
    number = all(isinstance(v, int | float) and not isinstance(v, bool) for v in choices)
    written: list[Any] = [float(v) if number else str(v) for v in choices]
    start: Any = None if common is None else float(common) if number else str(common)
    return {
        "name": name,
        "kind": "choice",
        "choices": written,
        "start": start if start in written else written[0],
    }


def _levels(fit: SingleIndex, name: str, rows: Population | None) -> Sequence[Any]:
    variable = fit.schema.variables.get(name)
    if variable is not None and variable.levels:
        return variable.levels
    if rows is not None:
        return known(fit.schema, name, rows.sample if rows.scene is None else rows.scene).levels
    return fit.schema.state.get(name, {}).get("levels", ())


def _range(name: str, kind: str, given: Any, rows: Population | None) -> tuple[float, float, float]:
    if given is not None:
        values = [float(v) for v in given] if np.ndim(given) == 1 and len(given) in (2, 3) else []
        if not values or not all(map(math.isfinite, values)) or sorted(values) != values:
            raise DataError(f"ranges: of '{name}' expected (low, high) or (low, start, high); got {given!r}")
        low, high = values[0], values[-1]
        return low, values[1] if len(values) == 3 else 0.5 * (low + high), high
    if rows is None:
        raise DataError(
            f"this model holds no training rows, which would say how far '{name}' goes: give its range, "
            f"ranges={{{name!r}: (low, high)}}"
        )
    if kind == "numeric":
        said = facts(rows, [name])[name]
        low, middle, high = said.quantiles[0], said.quantiles[2], said.quantiles[-1]
        return low, said.mean if math.isnan(middle) else middle, high
    found = rows.run(partial(_ends, name), _wider)
    if found is None:
        raise DataError("there are no rows")
    low, high = found
    middle = 0.5 * (low + high)
    return low, float(math.floor(middle)) if kind == "Date" else middle - middle % DAY, high


def _ends(name: str, scene: Scene) -> tuple[float, float]:
    own = scene.columns(name)
    assert isinstance(own, Time)
    return float(np.nanmin(own.values)), float(np.nanmax(own.values))


def _wider(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return min(a[0], b[0]), max(a[1], b[1])


def _step(low: float, start: float, high: float) -> float:
    """1, 2 or 5 times a power of ten, about a two-hundredth of the way; 1 of whole numbers that are few."""
    if low.is_integer() and high.is_integer() and high - low <= STEPS * 5:
        return 1.0 if start.is_integer() else 0.5
    if high <= low:
        return 1.0
    rough = (high - low) / STEPS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= rough * (1 - 1e-9))
