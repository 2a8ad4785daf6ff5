"""Contrast matrices: the five of R, ``C()``, and whatever a user gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np
import pandas as pd

from ...errors import DataError, FormulaError, nearest
from ..values import Factor, Matrix, Text, Value
from .convert import as_factor, recode
from .registry import RFunction, function
from .strings import objects
from .vectors import flag_argument, is_text, kind, size, text_argument, texts, vector, whole_argument

Contrast = tuple[np.ndarray, tuple[str, ...]]
Defaults = tuple[str, str]
"""Names of the contrast functions of unordered and of ordered factors: R's ``options("contrasts")``."""

_defaults: ContextVar[Defaults] = ContextVar("contrasts", default=("contr.treatment", "contr.poly"))


def default_contrasts() -> Defaults:
    """What is in force here, in this thread or task."""
    return _defaults.get()


class set_contrasts:  # called as a function
    """The contrasts of factors for which nothing else is said, R's ``options(contrasts = c(...))``.

    A plain call holds from then on, as a context manager for the block; in both cases for this thread or task
    alone. A fit keeps those it was made with in ``update``, ``step``, ``add1`` and ``drop1`` (R reads its
    options anew).

    Parameters
    ----------
    unordered, ordered : str
        ``"contr.treatment"``, ``"contr.sum"``, ``"contr.helmert"``, ``"contr.poly"`` or ``"contr.SAS"``.

    Raises
    ------
    FormulaError
        For another name.

    Examples
    --------
    >>> import pandas as pd
    >>> from glmformula import glm, set_contrasts
    >>> data = pd.DataFrame({"y": [1.0, 2.0, 4.0, 6.0], "f": ["a", "a", "b", "b"]})
    >>> with set_contrasts("contr.sum"):
    ...     fit = glm("y ~ f", data)
    >>> fit.contrasts
    {'f': 'contr.sum'}
    """

    def __init__(self, unordered: str = "contr.treatment", ordered: str = "contr.poly") -> None:
        for what, name in (("unordered", unordered), ("ordered", ordered)):
            if name not in _CONTRASTS:
                raise FormulaError(
                    f"set_contrasts({what}=): {name!r} is no contrast function; they are {', '.join(_CONTRASTS)}"
                )
        self._before = _defaults.set((unordered, ordered))

    def __enter__(self) -> set_contrasts:
        return self

    def __exit__(self, *_: object) -> None:
        _defaults.reset(self._before)


def _treatment(levels: Sequence[str], base: int = 1) -> Contrast:
    if not 1 <= base <= len(levels):
        raise FormulaError(f"baseline group number out of range: {base} of {len(levels)} levels")
    others = [k for k in range(len(levels)) if k != base - 1]
    return np.eye(len(levels))[:, others], (*levels[: base - 1], *levels[base:])


def _sas(levels: Sequence[str]) -> Contrast:
    return _treatment(levels, len(levels))


def _sum(levels: Sequence[str]) -> Contrast:
    n = len(levels)
    return np.vstack([np.eye(n - 1), -np.ones(n - 1)]), ("",) * (n - 1)


def _helmert(levels: Sequence[str]) -> Contrast:
    n = len(levels)
    out = np.triu(np.full((n, n - 1), -1.0))
    out[np.arange(1, n), np.arange(n - 1)] = np.arange(1, n)
    return out, ("",) * (n - 1)


def _poly(levels: Sequence[str], scores: np.ndarray | None = None) -> Contrast:
    """Orthonormal polynomials over the scores 1, 2, ... (or given ones)."""
    n = len(levels)
    x = np.arange(1.0, n + 1) if scores is None else scores
    if n > 95:
        raise FormulaError(
            f"orthogonal polynomials cannot be represented accurately enough for {n - 1} degrees of freedom"
        )
    if x.size != n:
        raise FormulaError(f"'scores' argument is of the wrong length: {x.size} for {n} levels")
    if np.isnan(x).any() or len(np.unique(x)) < n:
        raise FormulaError("'scores' must all be different numbers")
    centred = x - x.mean()
    unit = np.abs(centred).max()
    q, r = np.linalg.qr(np.power.outer(centred / unit, np.arange(n)))
    out = (q * np.sign(np.diag(r)))[:, 1:]
    names = [".L", ".Q", ".C", *(f"^{k}" for k in range(4, n))]
    return out, tuple(names[: n - 1])


def steps(levels: Sequence[str]) -> pd.DataFrame:
    """A column for each level but the first, 1 from that level on: its coefficient is the step up to it."""
    n = len(levels)
    return pd.DataFrame(np.tril(np.ones((n, n)))[:, 1:], list(levels), [f">={level}" for level in levels[1:]])


_CONTRASTS: dict[str, Callable[..., Contrast]] = {
    "contr.treatment": _treatment,
    "contr.sum": _sum,
    "contr.helmert": _helmert,
    "contr.poly": _poly,
    "contr.SAS": _sas,
}
# What C(f, sum) means: R reads these bare names as contrast functions.
CONTRAST_WORDS = {name.removeprefix("contr."): name for name in _CONTRASTS}


def contrast_matrix(
    spec: Any, levels: Sequence[str], ordered: bool = False
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The contrast matrix of a factor, and the names R appends to the factor's for its columns.

    Parameters
    ----------
    spec : None, str, array, DataFrame, Matrix, callable
        None is R's default: ``contr.treatment``, ``contr.poly`` for ordered factors. A matrix has a row per
        level
        and is kept as it is, also with few columns. A DataFrame whose index is the levels is put in their
        order. A callable gets the list of levels.
    levels : sequence of str
    ordered : bool

    Returns
    -------
    matrix : ndarray of float64, shape (len(levels), m)
    names : tuple of str, length m

    Raises
    ------
    FormulaError
        For an unknown name, a wrong number of rows, values that are no numbers.
    """
    levels = tuple(levels)
    if len(levels) < 2:
        raise DataError(
            "contrasts can be applied only to factors with 2 or more levels: "
            f"this one has {len(levels)} ({', '.join(levels)})"
        )
    if spec is None:
        spec = "contr.poly" if ordered else "contr.treatment"
    if isinstance(spec, RFunction):
        spec = spec.name
    if isinstance(spec, str):
        if spec not in _CONTRASTS:
            raise FormulaError(f"'{spec}' is no contrast function{nearest(spec, _CONTRASTS)}")
        matrix, names = _CONTRASTS[spec](levels)
    else:
        matrix, names = _given_matrix(spec(list(levels)) if callable(spec) else spec, levels)
    if not any(names):
        names = tuple(str(i + 1) for i in range(matrix.shape[1]))
    return matrix, names


def _given_matrix(given: Any, levels: Sequence[str]) -> Contrast:
    names: tuple[str, ...] = ()
    if isinstance(given, pd.Series):
        given = pd.DataFrame(given.to_numpy(), index=given.index)
    if isinstance(given, pd.DataFrame):
        index = [str(i) for i in given.index]
        if index != list(levels) and sorted(index) == sorted(levels):
            given = given.iloc[[index.index(level) for level in levels]]
        elif not isinstance(given.index, pd.RangeIndex) and set(index) != set(levels):
            raise FormulaError(
                f"the rows of the contrast matrix are called {', '.join(index)}, "
                f"the levels are {', '.join(levels)}"
            )
        if not isinstance(given.columns, pd.RangeIndex):
            names = tuple(map(str, given.columns))
    elif isinstance(given, Matrix):
        given, names = given.values, given.names
    try:
        matrix = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise FormulaError(
            f"a contrast matrix must hold numbers: a {type(given).__name__} was given"
        ) from None
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or matrix.shape[0] != len(levels):
        raise FormulaError(
            f"wrong number of contrast matrix rows: {matrix.shape[0] if matrix.ndim else 0} "
            f"for {len(levels)} levels ({', '.join(levels)})"
        )
    if not np.isfinite(matrix).all():
        raise FormulaError("a contrast matrix must hold finite numbers")
    return matrix, names or ("",) * matrix.shape[1]


# ---- as functions in a formula ----


def _levels_of(n: Value) -> list[str]:
    if size(n) == 1 and not is_text(n):
        count = whole_argument(n, "n")
        labels = [str(i + 1) for i in range(count)] if 0 < count <= 5_000 else []
    else:
        labels = [str(t) for t in texts(n)]
    if len(labels) < 2:
        raise FormulaError(f"not enough degrees of freedom to define contrasts: {len(labels)} level")
    return labels


def _full(levels: Sequence[str], made: Contrast, contrasts: Value) -> Matrix:
    if flag_argument(contrasts, "contrasts"):
        return Matrix(*made)
    return Matrix(np.eye(len(levels)), tuple(levels))


def contr_treatment(n: Value, base: Value = 1, contrasts: Value = True) -> Value:
    levels = _levels_of(n)
    return _full(levels, _treatment(levels, whole_argument(base, "base")), contrasts)


def contr_sum(n: Value, contrasts: Value = True) -> Value:
    levels = _levels_of(n)
    return _full(levels, _sum(levels), contrasts)


def contr_helmert(n: Value, contrasts: Value = True) -> Value:
    levels = _levels_of(n)
    return _full(levels, _helmert(levels), contrasts)


def contr_sas(n: Value, contrasts: Value = True) -> Value:
    levels = _levels_of(n)
    return _full(levels, _sas(levels), contrasts)


def contr_poly(n: Value, scores: Value | None = None, contrasts: Value = True) -> Value:
    levels = _levels_of(n)
    return _full(levels, _poly(levels, None if scores is None else vector(scores)), contrasts)


_MAKERS: dict[str, Callable[..., Value]] = {
    "contr.treatment": contr_treatment,
    "contr.sum": contr_sum,
    "contr.helmert": contr_helmert,
    "contr.poly": contr_poly,
    "contr.SAS": contr_sas,
}


def _completed(matrix: np.ndarray, names: tuple[str, ...], wanted: int) -> Contrast:
    """Columns cut to `wanted`, or orthogonal ones added up to it (R's ``contrasts<-``)."""
    n, given = matrix.shape
    if given >= wanted:
        return matrix[:, :wanted], names[:wanted]
    q, r = np.linalg.qr(np.column_stack([np.ones(n), matrix]), mode="complete")
    if np.abs(np.diag(r)).min() < 1e-7 * np.abs(np.diag(r)).max():
        raise FormulaError("singular contrast matrix: its columns and the constant are linearly dependent")
    return np.column_stack([matrix, q[:, given + 1 : wanted + 1]]), names + ("",) * (wanted - given)


def learn_c(
    object: Value,
    contr: Value | None = None,
    how_many: Value | None = None,
    *dots: Value,
    **named: Value,
) -> dict[str, Any]:
    """Levels and contrasts of ``C(f, contr, how.many, ...)``."""
    base = as_factor(object)
    state: dict[str, Any] = {
        "levels": list(base.levels),
        "ordered": base.ordered,
        "contrasts": None,
        "names": [],
    }
    if contr is None:
        contr = default_contrasts()[base.ordered]
    if is_text(contr) or isinstance(contr, RFunction):
        name = contr.name if isinstance(contr, RFunction) else text_argument(contr, "contr")
        if name not in _MAKERS:
            raise FormulaError(f"'{name}' is no contrast function{nearest(name, _MAKERS)}")
        if is_text(contr) and how_many is None and not dots and not named:
            return state | {"contrasts": name}
        contr = _MAKERS[name](Text(objects(base.levels)), *dots, **named)
    elif dots or named:
        raise FormulaError("C(): further arguments go to a contrast function, a matrix was given")
    if not isinstance(contr, Matrix):
        contr = Matrix(vector(contr, f"invalid contrasts: a {kind(contr)}")[:, None], ("",))
    matrix, names = _given_matrix(contr, base.levels)
    wanted = len(base.levels) - 1 if how_many is None else whole_argument(how_many, "how.many")
    matrix, names = _completed(matrix, names, wanted)
    return state | {"contrasts": matrix, "names": list(names)}


def apply_c(state: dict[str, Any], object: Value, *_: Value, **__: Value) -> Value:
    out = recode(object, state["levels"], ordered=state["ordered"])
    spec = state["contrasts"]
    if not isinstance(spec, str):
        spec = pd.DataFrame(np.asarray(spec, dtype=np.float64), index=state["levels"], columns=state["names"])
    return Factor(out.codes, out.levels, out.ordered, spec)


FUNCTIONS: tuple[RFunction, ...] = (
    function("contr.treatment", contr_treatment, "n, base, contrasts", namespaces=("stats",)),
    function("contr.sum", contr_sum, "n, contrasts", namespaces=("stats",)),
    function("contr.helmert", contr_helmert, "n, contrasts", namespaces=("stats",)),
    function("contr.SAS", contr_sas, "n, contrasts", namespaces=("stats",)),
    function("contr.poly", contr_poly, "n, scores, contrasts", namespaces=("stats",)),
    function(
        "C",
        apply_c,
        "object, contr, how.many, ...",
        learn=learn_c,
        words=CONTRAST_WORDS,
        namespaces=("stats",),
    ),
)
