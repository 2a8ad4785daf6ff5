"""The closed table of functions that a formula may call.

Nothing else can be called: there is no way from a formula to Python's names. `register_function` adds to the
table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import FormulaError
from . import (
    arithmetic,
    coercion,
    contrasts,
    distributions,
    factors,
    intervals,
    logic,
    matrices,
    polynomials,
    sequences,
    splines,
    summaries,
    text,
    times,
)
from .collation import sort_texts
from .contrasts import contrast_matrix, set_contrasts
from .convert import as_factor, column_value
from .registry import RFunction

TABLE: dict[str, RFunction] = {
    entry.name: entry
    for module in (
        arithmetic,
        coercion,
        contrasts,
        distributions,
        factors,
        intervals,
        logic,
        matrices,
        polynomials,
        sequences,
        splines,
        summaries,
        text,
        times,
    )
    for entry in module.FUNCTIONS
}
_BUILT_IN = frozenset(TABLE)


def register_function(name: str, f: Callable[..., Any], stateful: bool = False) -> None:
    """Let formulas call ``name(...)``.

    Parameters
    ----------
    name : str
        The name to use in formulas. R's own functions cannot be replaced.
    f : callable
        ``f(x, ...)`` on plain arrays (numbers, bool, an object array of labels for a factor or strings, 2-d
        for a matrix), returning an array with a value per row or with a row per row. R's argument names
        arrive with ``_`` for ``.``. What it computes from all rows (a mean) is computed anew on new data
        unless it is `stateful`. To pickle a fit that uses it, define `f` at the top of a module.
    stateful : bool
        `f` also takes ``state=``, a dict that is empty on the fitted data, where `f` puts what new data need
        (plain data: numbers, strings, arrays), and that comes back filled on new data.

    Raises
    ------
    FormulaError
        If the name is one of R's in the table, or `f` cannot be called.

    Examples
    --------
    >>> import numpy as np
    >>> from glmformula import glm, register_function
    >>> register_function("softplus", lambda x: np.logaddexp(0, x))
    >>> fit = glm("y ~ softplus(x)", {"x": [-1.0, 0.0, 1.0, 3.0], "y": [1.0, 2.0, 2.0, 4.0]})
    >>> fit.coefficients.round(3).to_dict()
    {'(Intercept)': 0.893, 'softplus(x)': 1.011}
    >>> def centred(x, state):
    ...     mean = state.setdefault("mean", float(x.mean()))
    ...     return x - mean
    >>> register_function("centred", centred, stateful=True)
    >>> fit = glm("y ~ centred(x)", {"x": [0.0, 1.0, 2.0], "y": [1.0, 2.0, 4.0]})
    >>> fit.model_matrix({"x": [3.0]})
       (Intercept)  centred(x)
    0          1.0         2.0
    """
    if name in _BUILT_IN:
        raise FormulaError(
            f"'{name}' is R's own function in formulas and cannot be replaced: choose another name"
        )
    if not callable(f):
        raise FormulaError(
            f"register_function('{name}', f): f must be callable, a {type(f).__name__} was given"
        )
    TABLE[name] = RFunction(name, f, ("...",), stateful=stateful, namespaces=(), user=True)


__all__ = [
    "TABLE",
    "RFunction",
    "as_factor",
    "column_value",
    "contrast_matrix",
    "register_function",
    "set_contrasts",
    "sort_texts",
]
