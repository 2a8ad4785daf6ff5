"""Marginal means of a slope: how the linear predictor changes with a variable, at each combination of levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ...errors import DataError, FormulaError, nearest
from ...fitted.protocols import has_one_mean, single_index
from ...formula.algebra import variables_used
from ...formula.evaluate import Scope, evaluate
from ...formula.reader import read
from ...formula.tree import Name
from ...frame.columns import Columns
from ..wald import Vcov
from .estimates import label_in, with_options
from .grid import Asking, Reduce, facts_for, reference_grid
from .means import MeansList, means_over, read_specs

DELTA = 1e-3  # of the variable's range, as R's package


def emtrends(
    fit: Any,
    specs: Any,
    var: str,
    *,
    by: Any = None,
    delta_var: float | None = None,
    at: Mapping[str, Any] | None = None,
    weights: Any = "equal",
    cov_reduce: Reduce = "mean",
    vcov: Vcov = None,
    level: float = 0.95,
    adjust: str | None = None,
    infer: Any = None,
    df: float | None = None,
    null: float | None = None,
    delta: float | None = None,
    side: Any = None,
    data: Any = None,
) -> Any:
    """Slopes of the linear predictor, averaged as `emmeans` averages; R's ``emtrends``.

    (x(v + d) - x(v))' b / d over the reference grid, with d a thousandth of the variable's range: exact where the
    predictor is linear in the variable, else within O(d).

    Parameters
    ----------
    fit : GLM, LM or GLMNB
    specs, by, at, weights, cov_reduce, vcov, level, adjust, infer, df, null, delta, side, data
        As for `emmeans`.
    var : str
        The variable, or a function of it: ``"log(x)"`` gives slopes by log(x).
    delta_var : float, optional
        The step d.

    Returns
    -------
    MarginalMeans
        ``.frame`` has the levels, then ``x_trend``, ``SE``, ``df`` and the limits. On the scale of the linear
        predictor always.

    Raises
    ------
    DataError
        The variable is not in the model, or not a number.

    Examples
    --------
    >>> import pandas as pd
    >>> from glmformula import datasets, emtrends, glm
    >>> staff = datasets.attrition()
    >>> staff["career"] = pd.cut(staff["experience_years"], [-1, 3, 6, 12], labels=["early", "middle", "late"])
    >>> fit = glm("sick_days ~ career * overtime_hours", staff, family="poisson")
    >>> emtrends(fit, "~ career", "overtime_hours")
     career overtime_hours.trend      SE  df asymp.LCL asymp.UCL
     early                0.0234 0.01323 Inf  -0.00253    0.0493
     middle               0.0155 0.00995 Inf  -0.00397    0.0350
     late                 0.0442 0.01296 Inf   0.01879    0.0696
    <BLANKLINE>
    Confidence level used: 0.95
    """
    if not has_one_mean(fit):
        single_index(fit, "emtrends()", "compare its means at two values of the variable, emmeans(..., at=)")
    asked = read_specs(specs, by)
    node = read(var) if isinstance(var, str) else None
    names = variables_used(node) if node is not None else ()
    if node is None or len(names) != 1:
        raise FormulaError(f"var should be a variable, or a function of one; got {var!r}")
    name = names[0]
    asking = Asking(at, cov_reduce, vcov, data=data)
    facts = facts_for(fit, asking)
    if name not in facts.seen:
        raise DataError(f"var: '{name}' is none of the variables of the model{nearest(name, facts.seen)}")
    seen = facts.seen[name]
    if seen.kind != "numeric":
        raise DataError(
            f"var: '{name}' is a factor, and only a number has a slope: compare its means with emmeans()"
        )
    step = DELTA * (seen.most - seen.least) if delta_var is None else float(delta_var)
    if step == 0:
        raise ValueError("provide a nonzero value of delta_var: the variable has one value in the data")
    grid = reference_grid(fit, asking, (name, (0.0, step)), facts)
    n = len(grid.labels[0].values)
    linear = grid.linear[n:] - grid.linear[:n]
    if isinstance(node, Name):
        linear = linear / step
    else:
        values = np.array(label_in(grid, name).values, dtype=float)
        moved = _evaluated(node, name, values + step) - _evaluated(node, name, values)
        linear = linear / moved[:, None]
    shown = replace(grid.shown, estimate=f"{var}.trend", scale=None, back="response", type="link")
    grid = replace(grid, linear=linear, offset=None, shown=shown, trend=name)
    means = means_over(grid, asked, weights)
    options = {
        "level": level,
        "adjust": adjust,
        "infer": infer,
        "df": df,
        "null": null,
        "delta": delta,
        "side": side,
    }
    if not asked.method:
        return with_options(means, options)
    plain = with_options(means, {**options, "adjust": None, "infer": None})
    made = means.contrast(asked.method, adjust=adjust)
    return MeansList(plain, with_options(made, {**options, "adjust": None}))


def _evaluated(node: Any, name: str, values: np.ndarray) -> np.ndarray:
    data = pd.DataFrame({name: values})
    found = evaluate(node, Scope(Columns(data), len(data), {}, True))
    return np.asarray(found, dtype=float)
