"""Sets of contrasts by name: tables of coefficients with the adjustment that goes with each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...errors import DataError, nearest
from ...formula.functions.polynomials import learn_recurrence, orthogonal

DEGREES = ("linear", "quadratic", "cubic", "quartic", *(f"degree {k}" for k in range(5, 21)))
MOST_DEGREE = 6
ROUNDED = 0.05


@dataclass(frozen=True, eq=False)
class Contrasts:
    """Coefficients (k, m) of m contrasts of k levels.

    Attributes
    ----------
    names : tuple of str (m,)
    table : ndarray (k, m)
    adjust : str
    kind : str
        "pairs" for one set of all pairs; "" to see whether they sum to zero.
    size : int or None
        How many estimates are compared, where it is not all of them.
    """

    names: tuple[str, ...]
    table: np.ndarray
    adjust: str = "none"
    kind: str = ""
    size: int | None = None


@dataclass(frozen=True)
class Levels:
    """What is compared: labels as they stand in names, and as they were (``raw``)."""

    texts: tuple[str, ...]
    raw: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def places(self, keys: Any, what: str) -> list[int]:
        """Of levels given by label or number, from 0."""
        given = [keys] if isinstance(keys, str | int | np.integer) else list(keys)
        out = []
        for key in given:
            if isinstance(key, str):
                if key not in self.raw:
                    raise DataError(f"{what}: '{key}' is none of the levels{nearest(key, self.raw)}")
                out.append(self.raw.index(key))
            elif -len(self) <= int(key) < len(self):
                out.append(int(key) % len(self))
            else:
                raise DataError(f"{what}: there are {len(self)} levels, counted from 0; got {key!r}")
        return out


def _columns(k: int, rows: list[dict[int, float]]) -> np.ndarray:
    table = np.zeros((k, len(rows)))
    for j, row in enumerate(rows):
        for i, value in row.items():
            table[i, j] = value
    return table


def _used(levels: Levels, exclude: Any) -> list[int]:
    out = set(levels.places(exclude, "exclude")) if exclude is not None else set()
    return [i for i in range(len(levels)) if i not in out]


def _size(levels: Levels, exclude: Any, every: bool = False) -> int | None:
    return len(_used(levels, exclude)) if exclude is not None or every else None


def pairwise(levels: Levels, exclude: Any = None) -> Contrasts:
    """Each less each later one."""
    used, t = _used(levels, exclude), levels.texts
    pairs = [(i, j) for a, i in enumerate(used) for j in used[a + 1 :]]
    names = tuple(f"{t[i]} - {t[j]}" for i, j in pairs)
    table = _columns(len(levels), [{i: 1.0, j: -1.0} for i, j in pairs])
    return Contrasts(names, table, "tukey", "pairs", _size(levels, exclude, True))


def revpairwise(levels: Levels, exclude: Any = None) -> Contrasts:
    """Each less each earlier one."""
    used, t = _used(levels, exclude), levels.texts
    pairs = [(i, j) for a, i in enumerate(used) for j in used[:a]]
    names = tuple(f"{t[i]} - {t[j]}" for i, j in pairs)
    table = _columns(len(levels), [{i: 1.0, j: -1.0} for i, j in pairs])
    return Contrasts(names, table, "tukey", "pairs", _size(levels, exclude))


def tukey(levels: Levels, reverse: bool = False, exclude: Any = None) -> Contrasts:
    return revpairwise(levels, exclude) if reverse else pairwise(levels, exclude)


def trt_vs_ctrl(levels: Levels, ref: Any = 0, reverse: bool = False, exclude: Any = None) -> Contrasts:
    """Each less a reference, or the mean of several."""
    controls, t = levels.places(ref, "ref"), levels.texts
    used = _used(levels, exclude)
    if set(controls) - set(used):
        raise DataError("'exclude' set cannot overlap with 'ref'")
    name = t[controls[0]] if len(controls) == 1 else f"avg({','.join(t[i] for i in controls)})"
    sign = -1.0 if reverse else 1.0
    others = [i for i in used if i not in controls]
    rows = [{**dict.fromkeys(controls, -sign / len(controls)), i: sign} for i in others]
    names = tuple(f"{name} - {t[i]}" if reverse else f"{t[i]} - {name}" for i in others)
    return Contrasts(names, _columns(len(levels), rows), "dunnettx", "", _size(levels, exclude))


def trt_vs_ctrlk(levels: Levels, ref: Any = -1, reverse: bool = False, exclude: Any = None) -> Contrasts:
    return trt_vs_ctrl(levels, ref, reverse, exclude)


def _weights(levels: Levels, exclude: Any, wts: Any) -> np.ndarray:
    used = _used(levels, exclude)
    full = np.zeros(len(levels))
    given = np.ones(len(used)) if wts is None else np.asarray(wts, dtype=float)
    if given.shape == (len(levels),):
        given = given[used]
    if given.shape != (len(used),):
        raise DataError(f"wts should be {len(used)} numbers, one for each level; got {given.size}")
    full[used] = given
    out: np.ndarray = full / full.sum()
    return out


def eff(levels: Levels, exclude: Any = None, wts: Any = None) -> Contrasts:
    """Each less the mean of all."""
    weights = _weights(levels, exclude, wts)
    used = _used(levels, exclude)
    table = np.zeros((len(levels), len(used)))
    for j, i in enumerate(used):
        table[:, j] = -weights
        table[i, j] += 1
    names = tuple(f"{levels.texts[i]} effect" for i in used)
    return Contrasts(names, table, "fdr", "", _size(levels, exclude))


def del_eff(levels: Levels, exclude: Any = None, wts: Any = None) -> Contrasts:
    """Each less the mean of the others."""
    made, used = eff(levels, exclude, wts), _used(levels, exclude)
    own = np.array([made.table[i, j] for j, i in enumerate(used)])
    return Contrasts(made.names, made.table / own, "fdr", "", made.size)


def consec(levels: Levels, reverse: bool = False, exclude: Any = None) -> Contrasts:
    """Each less the one before it."""
    used, t = _used(levels, exclude), levels.texts
    sign = -1.0 if reverse else 1.0
    pairs = list(zip(used, used[1:]))
    names = tuple(f"{t[i]} - {t[j]}" if reverse else f"{t[j]} - {t[i]}" for i, j in pairs)
    table = _columns(len(levels), [{i: -sign, j: sign} for i, j in pairs])
    return Contrasts(names, table, "mvt", "", _size(levels, exclude))


def mean_chg(levels: Levels, reverse: bool = False, exclude: Any = None) -> Contrasts:
    """The mean of those after less the mean of those up to each place."""
    used, t = _used(levels, exclude), levels.texts
    sign, k = (-1.0 if reverse else 1.0), len(used)
    rows = [
        {
            **dict.fromkeys(used[:i], -sign / i),
            **dict.fromkeys(used[i:], sign / (k - i)),
        }
        for i in range(1, k)
    ]
    names = tuple(f"{t[used[i]]}|{t[used[i + 1]]}" for i in range(k - 1))
    return Contrasts(names, _columns(len(levels), rows), "mvt", "", _size(levels, exclude))


def poly(levels: Levels, max_degree: int | None = None) -> Contrasts:
    """Orthogonal polynomials of equally spaced levels, in whole numbers."""
    k = len(levels)
    degree = min(MOST_DEGREE, k - 1) if max_degree is None else min(20, max_degree, k - 1)
    x = np.arange(1.0, k + 1)
    scores = orthogonal(x, learn_recurrence(x, degree))
    table = np.empty((k, degree))
    for j in range(degree):
        column = np.asarray(scores[:, j], dtype=float)
        column = column / column[column > 0.01].min()
        apart = np.abs(column - np.round(column)).max()
        while apart > ROUNDED:
            column = column / apart
            apart = np.abs(column - np.round(column)).max()
        table[:, j] = np.round(column)
    return Contrasts(DEGREES[:degree], table, "none")


def identity(levels: Levels, exclude: Any = None) -> Contrasts:
    """Each by itself."""
    used = _used(levels, exclude)
    table = np.eye(len(levels))[:, used]
    return Contrasts(tuple(levels.texts[i] for i in used), table, "none", "", len(used))


METHODS: dict[str, Callable[..., Contrasts]] = {
    "pairwise": pairwise,
    "revpairwise": revpairwise,
    "tukey": tukey,
    "trt.vs.ctrl": trt_vs_ctrl,
    "trt.vs.ctrl1": trt_vs_ctrl,
    "trt.vs.ctrlk": trt_vs_ctrlk,
    "dunnett": trt_vs_ctrl,
    "eff": eff,
    "del.eff": del_eff,
    "consec": consec,
    "mean_chg": mean_chg,
    "poly": poly,
    "identity": identity,
}


def contrasts_of(method: Any, levels: Levels, options: Mapping[str, Any]) -> Contrasts:
    """The coefficients that a method stands for.

    Raises
    ------
    ValueError
        An unknown name; options that the method does not have.
    DataError
        A matrix or mapping of another length.
    """
    if isinstance(method, str):
        name = method.replace("_vs_", ".vs.").replace("del_eff", "del.eff")
        if name not in METHODS:
            raise ValueError(f"method: there are no contrasts called {method!r}{nearest(method, METHODS)}")
        try:
            return METHODS[name](levels, **options)
        except TypeError:
            raise ValueError(f"method {method!r} does not take {', '.join(map(repr, options))}") from None
    if options:
        raise ValueError(f"{', '.join(map(repr, options))} goes with a method by name, not with coefficients")
    names, columns = _given(method, levels)
    for name, column in zip(names, columns):
        if len(column) != len(levels):
            raise DataError(
                f"nonconforming number of contrast coefficients: {name!r} has {len(column)}, and there are "
                f"{len(levels)} estimates: {', '.join(levels.raw)}"
            )
    return Contrasts(tuple(names), np.array(columns, dtype=float).T, "none")


def _given(method: Any, levels: Levels) -> tuple[list[str], list[Sequence[float]]]:
    if isinstance(method, pd.DataFrame):
        return [str(name) for name in method.columns], [method[name].tolist() for name in method.columns]
    if isinstance(method, Mapping):
        return [str(name) for name in method], [list(column) for column in method.values()]
    table = np.asarray(method, dtype=float)
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2:
        raise DataError(
            "method should be a name, a mapping of contrast to coefficients, or a matrix with a row for each "
            f"estimate; got {method!r}"
        )
    names = [_spelt(column) for column in table.T]
    return names, [list(column) for column in table.T]


def _spelt(column: np.ndarray) -> str:
    """As R names a column of a data frame made of a vector."""
    return "c(" + ", ".join(f"{v:.15g}" for v in column) + ")"
