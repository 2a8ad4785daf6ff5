"""Probabilities and intervals of several estimates at once, as R's emmeans adjusts them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtri, fdtri

from ...errors import DataWarning, give_warning, nearest
from ..distributions import f_upper, quantile, two_sided
from .rectangle import rectangle
from .studentized import ptukey, qtukey

STEPWISE = ("holm", "hochberg", "hommel", "bonferroni", "BH", "BY", "fdr", "none")
TESTS = ("sidak", "tukey", "scheffe", "dunnettx", "mvt", *STEPWISE)
INTERVALS = ("sidak", "tukey", "scheffe", "dunnettx", "mvt", "bonferroni", "none")
TWO_SIDED_ONLY = ("tukey", "scheffe", "dunnettx")
CLOSE = 5e-4  # two bounds of Dunnett's quantile this near are one
VARIES = "(varies)"


@dataclass(frozen=True)
class Family:
    """What is compared together.

    Attributes
    ----------
    size : int or str
        Estimates that are compared; a text where groups differ.
    tests : int or str
        Estimates of a group.
    kind : {"prediction", "contrast", "pairs"}
    groups : tuple of ndarray of int
        Rows of each group.
    ranks : tuple of int
        Of each group's linear functions (Scheffe's method).
    correlation : ndarray (n, n) or None
        Of all estimates (method mvt).
    """

    size: int | str
    tests: int | str
    kind: str
    groups: tuple[np.ndarray, ...]
    ranks: tuple[int, ...] = ()
    correlation: np.ndarray | None = None

    @property
    def ragged(self) -> bool:
        return isinstance(self.size, str)


def method_named(adjust: Any, methods: Sequence[str] = TESTS) -> str | None:
    """The method that a name, or the beginning of one, stands for; None where there is none."""
    if not isinstance(adjust, str):
        return None
    text = adjust.upper() if adjust.lower() in ("bh", "by") else adjust.lower()
    if text == "dunnett":
        return "dunnettx"
    found = [text] if text in methods else [name for name in methods if name.startswith(text)]
    return found[0] if len(found) == 1 and text else None


def known_method(adjust: Any) -> str:
    """The same, or an error that names the methods.

    Raises
    ------
    ValueError
    """
    found = method_named(adjust)
    if found is None:
        raise ValueError(
            f"adjust should be one of {', '.join(map(repr, TESTS))}; got {adjust!r}"
            + (nearest(adjust, TESTS) if isinstance(adjust, str) else "")
        )
    return found


def _changed(adjust: str, reason: str) -> str:
    give_warning(f'adjust = "{adjust}" was changed to "sidak" because "{adjust}" is {reason}', DataWarning)
    return "sidak"


def _checked(adjust: str, family: Family, tail: int) -> str:
    if tail and adjust in TWO_SIDED_ONLY:
        adjust = _changed(adjust, "not appropriate for one-sided inferences")
    if adjust == "tukey" and family.kind != "pairs":
        adjust = _changed(adjust, "only appropriate for one set of pairwise comparisons")
    return adjust


def _of_pairs(tests: int) -> float:
    """How many estimates have so many pairs."""
    return (1 + math.sqrt(1 + 8 * tests)) / 2


def _shown(number: float | str) -> str:
    return number if isinstance(number, str) else f"{number:.7g}"


def _message(
    what: str, adjust: str, family: Family, ragged: bool, tests: float | str, size: float | str, unit: str
) -> str | None:
    """The line under the table; `tests` and `size` are those of the last group where groups differ."""
    if adjust == "none":
        return None
    few = _of_pairs(max(map(len, family.groups))) if ragged else size
    if adjust in ("tukey", "scheffe") and not isinstance(few, str) and few < 3:
        return None
    if adjust == "tukey":
        more = f"for comparing a family of {_shown(size)} estimates"
    elif adjust == "scheffe":
        more = f"with rank {VARIES if ragged else family.ranks[0]}"
    else:
        more = f"for {_shown(tests)} {unit}"
    return f"{what}: {adjust} method {more}"


def each_p(
    t: np.ndarray, df: float | np.ndarray, adjust: str, family: Family, tail: int
) -> tuple[np.ndarray, str | None]:
    """`adjusted_p` where each statistic may have degrees of freedom of its own."""
    different = np.unique(df)
    if len(different) == 1:
        return adjusted_p(t, float(different[0]), adjust, family, tail)
    if known_method(adjust) in STEPWISE:
        return adjusted_p(t, math.inf, adjust, family, tail, two_sided(np.abs(t), df))
    p, line = np.empty(len(t)), None
    for one in different.tolist():
        own, line = adjusted_p(t, one, adjust, family, tail)
        p[df == one] = own[df == one]
    return p, line


def each_critical(
    level: float, n: int, df: float | np.ndarray, adjust: str, family: Family, tail: int
) -> tuple[np.ndarray, str | None]:
    """`critical_values` where each estimate may have degrees of freedom of its own."""
    values, line = np.empty(n), None
    for one in np.unique(df).tolist():
        own, line = critical_values(level, n, one, adjust, family, tail)
        here = np.broadcast_to(df == one, n)
        values[here] = own[here]
    return values, line


def adjusted_p(
    t: np.ndarray, df: float, adjust: str, family: Family, tail: int, both: np.ndarray | None = None
) -> tuple[np.ndarray, str | None]:
    """Probabilities of t statistics, and the line under the table.

    Parameters
    ----------
    t : ndarray (n,)
    df : float
        Infinite for z.
    tail : {-1, 0, 1}
        Left, both, right.
    both : ndarray (n,), optional
        Two-sided probabilities, where they are not those of t with `df`: for the methods in steps.
    """
    method = known_method(adjust)
    if family.tests == 1 and method != "scheffe":
        method = "none"
    method = _checked(method, family, tail)
    ragged = family.ragged or method == "mvt" or method in STEPWISE
    groups = family.groups if ragged else (np.arange(len(t)),)
    both = two_sided(np.abs(t), df) if both is None else both
    plain = both if tail == 0 else np.where(t * tail > 0, both / 2, 1 - both / 2)
    p = np.empty(len(t))
    tests: float | str = family.tests
    size: float | str = family.size
    for j, rows in enumerate(groups):
        if ragged:
            tests = len(rows)
            size = _of_pairs(tests)
        own = plain[rows]
        if method in STEPWISE:
            p[rows] = p_adjust(own, method)
        elif method == "sidak":
            with np.errstate(divide="ignore"):
                p[rows] = -np.expm1(float(tests) * np.log1p(-own))
        elif method == "tukey":
            p[rows] = [1 - ptukey(math.sqrt(2) * abs(v), float(size), df) for v in t[rows].tolist()]
        elif method == "scheffe":
            rank = family.ranks[j]
            p[rows] = f_upper(t[rows] ** 2 / rank, np.array(rank), df)
        elif method == "dunnettx":
            p[rows] = [1 - _pdunnett(abs(v), float(tests), df) for v in t[rows].tolist()]
        else:
            assert family.correlation is not None
            p[rows] = _mvt_p(t[rows], df, family.correlation[np.ix_(rows, rows)], tail)
    return p, _message("P value adjustment", method, family, ragged, tests, size, "tests")


def critical_values(
    level: float, n: int, df: float, adjust: str, family: Family, tail: int
) -> tuple[np.ndarray, str | None]:
    """How many standard errors (n,) an interval reaches, and the line under the table."""
    known_method(adjust)
    method = method_named(adjust, INTERVALS) or "bonferroni"
    if not family.ragged and family.tests == 1 and method != "scheffe":
        method = "none"
    groups = family.groups if family.ragged or method == "mvt" else (np.arange(n),)
    method = _checked(method, family, tail)
    sides = 2 if tail == 0 else 1
    values = np.empty(n)
    tests: float | str = family.tests
    size: float | str = family.size
    for j, rows in enumerate(groups):
        if family.ragged:
            tests = len(rows)
            size = _of_pairs(tests)
        if method == "none":
            value = float(quantile(1 - (1 - level) / sides, df))
        elif method == "sidak":
            value = float(quantile(1 - (1 - level ** (1 / float(tests))) / sides, df))
        elif method == "bonferroni":
            value = float(quantile(1 - (1 - level) / float(tests) / sides, df))
        elif method == "tukey":
            value = qtukey(level, float(size), df) / math.sqrt(2)
        elif method == "scheffe":
            rank = family.ranks[j]
            value = math.sqrt(rank * f_quantile(level, rank, df))
        elif method == "dunnettx":
            value = _qdunnett(level, float(tests), df)
        else:
            assert family.correlation is not None
            value = _mvt_quantile(level, df, family.correlation[np.ix_(rows, rows)], tail)
        values[rows] = value
    message = _message("Conf-level adjustment", method, family, family.ragged, tests, size, "estimates")
    return values, message


def f_quantile(p: float, df1: float, df2: float) -> float:
    return float(chdtri(df1, 1 - p) / df1 if math.isinf(df2) else fdtri(df1, df2, p))


def _pdunnett(x: float, k: float, df: float) -> float:
    """Nearly Dunnett's distribution of k comparisons with a control: (k - 1)/k of Tukey's, 1/k of Sidak's."""
    sidak = (1 - float(two_sided(np.array([x]), df)[0])) ** k
    return (k - 1) / k * ptukey(math.sqrt(2) * x, _of_pairs(k), df) + sidak / k  # type: ignore[arg-type]


def _qdunnett(p: float, k: float, df: float) -> float:
    if k < 1.005:
        return float(quantile(1 - (1 - p) / 2, df))
    tukey = qtukey(p, _of_pairs(k), df) / math.sqrt(2)  # type: ignore[arg-type]
    sidak = float(quantile((1 + p ** (1 / k)) / 2, df))
    if abs(tukey - sidak) < CLOSE:
        return tukey
    return _root(lambda x: _pdunnett(x, k, df) - p, min(tukey, sidak), max(tukey, sidak))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(brentq(function, low, high, xtol=1e-10))


def _mvt_p(t: np.ndarray, df: float, correlation: np.ndarray, tail: int) -> np.ndarray:
    p = np.full(len(t), math.nan)
    known = np.isfinite(np.diag(correlation))
    inside = correlation[np.ix_(known, known)]
    for i in np.flatnonzero(known & np.isfinite(t)):
        size = abs(t[i]) if tail == 0 else t[i] * tail
        p[i] = 1 - rectangle(size, inside, df, tail == 0)
    return p


def _mvt_quantile(level: float, df: float, correlation: np.ndarray, tail: int) -> float:
    known = np.isfinite(np.diag(correlation))
    inside = correlation[np.ix_(known, known)]
    if not known.any():
        return math.nan
    sides = 2 if tail == 0 else 1
    low = float(quantile(1 - (1 - level) / sides, df))
    high = float(quantile(1 - (1 - level) / len(inside) / sides, df)) + 1e-6
    if len(inside) == 1:
        return low
    return _root(lambda x: rectangle(x, inside, df, tail == 0) - level, low - 1e-6, high)


def p_adjust(p: np.ndarray, method: str) -> np.ndarray:
    """R's ``p.adjust``; missing ones stay, and count."""
    n = len(p)
    out = np.array(p, dtype=float)
    known = ~np.isnan(out)
    if n <= 1 or method == "none" or not known.any():
        return out
    out[known] = np.minimum(1.0, _ADJUST[method](out[known], n))
    return out


def _bonferroni(p: np.ndarray, n: int) -> np.ndarray:
    return p * n


def _holm(p: np.ndarray, n: int) -> np.ndarray:
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate((n - np.arange(len(p))) * p[order])
    return _back(steps, order)


def _hochberg(p: np.ndarray, n: int) -> np.ndarray:
    return _from_the_largest(p, n + 1 - np.arange(len(p), 0, -1))


def _fdr(p: np.ndarray, n: int) -> np.ndarray:
    return _from_the_largest(p, n / np.arange(len(p), 0, -1))


def _by(p: np.ndarray, n: int) -> np.ndarray:
    return _from_the_largest(p, (1 / np.arange(1, n + 1)).sum() * n / np.arange(len(p), 0, -1))


def _hommel(p: np.ndarray, n: int) -> np.ndarray:
    given = len(p)
    p = np.concatenate([p, np.ones(n - given)])
    order = np.argsort(p, kind="stable")
    p = p[order]
    ranks = np.arange(1, n + 1)
    q = pa = np.full(n, (n * p / ranks).min())
    for m in range(n - 1, 1, -1):
        first, rest = np.arange(n - m + 1), np.arange(n - m + 1, n)
        least = (m * p[rest] / np.arange(2, m + 1)).min()
        q = q.copy()
        q[first] = np.minimum(m * p[first], least)
        q[rest] = q[n - m]
        pa = np.maximum(pa, q)
    return _back(np.maximum(pa, p), order)[:given]


def _from_the_largest(p: np.ndarray, factors: np.ndarray) -> np.ndarray:
    order = np.argsort(-p, kind="stable")
    return _back(np.minimum.accumulate(factors * p[order]), order)


def _back(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    out = np.empty(len(values))
    out[order] = values
    return out


_ADJUST: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "holm": _holm,
    "hochberg": _hochberg,
    "hommel": _hommel,
    "bonferroni": _bonferroni,
    "BH": _fdr,
    "fdr": _fdr,
    "BY": _by,
}
