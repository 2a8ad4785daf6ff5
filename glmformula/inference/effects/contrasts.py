"""Which contrasts are asked for: of numbers, factors and logicals, one variable at a time or several at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations, product
from typing import Any

import numpy as np

from ...errors import DataError, nearest
from ...formula.values import Value
from ...render.numbers import format_number
from .compare import Comparison
from .scenes import Scene, constant

OF_NUMBERS = ("sd", "2sd", "iqr", "minmax")
OF_LEVELS = (
    *("reference", "revreference", "pairwise", "revpairwise", "sequential", "revsequential"),
    *("all", "minmax"),
)


@dataclass(frozen=True)
class Known:
    """A variable of the data as a model has it.

    Attributes
    ----------
    name : str
    kind : {"numeric", "logical", "factor", "time"}
    levels : tuple
        Of a factor, the first the reference: texts, or numbers of which the formula makes one.
    """

    name: str
    kind: str
    levels: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Facts:
    """Of a number over all rows: mean, standard deviation, quantiles 0, 1/4, 1/2, 3/4, 1 (NaN: unknown)."""

    mean: float
    sd: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True)
class Shift:
    """What a variable becomes: itself and so much more, or one value."""

    add: float = 0.0
    value: Any = None

    def of(self, scene: Scene, name: str) -> Value:
        own = scene.columns(name)
        if self.value is None:
            return np.asarray(own, dtype=np.float64) + self.add
        return constant(self.value, own, scene.nrows)


Move = tuple[tuple[str, Shift], ...]
"""Variables and their shifts; hashable. Empty: the rows as they are."""


@dataclass(frozen=True)
class Contrast:
    """Two scenes to compare.

    Attributes
    ----------
    term : str
    labels : tuple of str
        One, or one for each variable that moves at once.
    hi, lo : Move
    """

    term: str
    labels: tuple[str, ...]
    hi: Move
    lo: Move


def contrasts(
    wanted: Mapping[str, Any],
    known: Mapping[str, Known],
    facts: Mapping[str, Facts],
    comparison: Comparison,
    cross: bool = False,
) -> list[Contrast]:
    """Of each variable, or of all of them at once.

    Parameters
    ----------
    wanted : mapping of variable to what is asked (None: its kind's default)

    Raises
    ------
    DataError
        A contrast that means nothing for the kind of a variable.
    """
    each = {
        name: _of_variable(known[name], value, facts.get(name), comparison) for name, value in wanted.items()
    }
    if not cross:
        return [
            Contrast(n, (label,), moving((n, hi)), moving((n, lo))) for n in each for label, hi, lo in each[n]
        ]
    names = list(each)
    return [
        Contrast(
            "cross",
            tuple(label for label, _, _ in choice),
            moving(*((n, hi) for n, (_, hi, _) in zip(names, choice))),
            moving(*((n, lo) for n, (_, _, lo) in zip(names, choice))),
        )
        for choice in product(*each.values())
    ]


def moving(*shifts: tuple[str, Shift]) -> Move:
    """The variables that do not stay what they are: a scene in which none moves is that of the rows themselves."""
    return tuple((name, shift) for name, shift in shifts if shift != Shift())


def needs_facts(wanted: Mapping[str, Any], known: Mapping[str, Known]) -> list[str]:
    """The variables whose contrasts depend on what all rows say."""
    return [n for n, value in wanted.items() if known[n].kind == "numeric" and isinstance(value, str)]


Pair = tuple[str, Shift, Shift]


def _of_variable(known: Known, value: Any, facts: Facts | None, comparison: Comparison) -> list[Pair]:
    if known.kind == "numeric":
        return [_of_number(known.name, 1 if value is None else value, facts, comparison)]
    if known.kind == "logical":
        pair = (False, True) if value is None or value in OF_LEVELS else _pair(known, value)
        lo, hi = (bool(one) for one in pair)
        label = comparison.label.format(hi=str(hi).upper(), lo=str(lo).upper())
        return [(label, Shift(value=hi), Shift(value=lo))]
    if known.kind == "time":
        if value is None or isinstance(value, str):
            raise DataError(
                f"variables: '{known.name}' is a date or time, which has no default contrast: give two of them, "
                f"{{'{known.name}': (pandas.Timestamp('2024-01-01'), pandas.Timestamp('2024-12-31'))}}"
            )
        lo, hi = _pair(known, value)
        return [(comparison.label.format(hi=hi, lo=lo), Shift(value=hi), Shift(value=lo))]
    return [
        (comparison.label.format(hi=hi, lo=lo), Shift(value=hi), Shift(value=lo))
        for lo, hi in _of_levels(known, "reference" if value is None else value)
    ]


def _of_number(name: str, value: Any, facts: Facts | None, comparison: Comparison) -> Pair:
    if isinstance(value, Mapping) and set(value) == {"center"} and _is_number(value["center"]):
        half = float(value["center"]) / 2
        text = format_number(half, 7)
        label = comparison.label.format(hi=f"({name} + {text})", lo=f"({name} - {text})")
        return label, Shift(add=half), Shift(add=-half)
    if _is_number(value):
        return f"+{format_number(float(value), 7)}", Shift(add=float(value)), Shift()
    if isinstance(value, str) and value in OF_NUMBERS:
        assert facts is not None
        if value in ("sd", "2sd"):
            half = facts.sd / 2 if value == "sd" else facts.sd
            text = "sd/2" if value == "sd" else "sd"
            label = comparison.label.format(hi=f"(x + {text})", lo=f"(x - {text})")
            return label, Shift(add=half), Shift(add=-half)
        low, high, names = (1, 3, ("Q1", "Q3")) if value == "iqr" else (0, 4, ("Min", "Max"))
        lo, hi = facts.quantiles[low], facts.quantiles[high]
        if np.isnan(lo):
            raise DataError(
                f"variables: the quartiles of '{name}' need all of its values together, and the rows arrive in "
                f"blocks: give the two numbers, {{'{name}': (a, b)}}"
            )
        return comparison.label.format(hi=names[1], lo=names[0]), Shift(value=hi), Shift(value=lo)
    if _is_pair(value) and all(map(_is_number, value)):
        lo, hi = (float(one) for one in value)
        texts = [format_number(one, 7) for one in (hi, lo)]
        return comparison.label.format(hi=texts[0], lo=texts[1]), Shift(value=hi), Shift(value=lo)
    raise DataError(
        f"variables: {value!r} is no contrast of '{name}', a number: expected a step forward such as 1, a step about "
        f"the value {{'center': 1}}, a pair (a, b), or one of {', '.join(map(repr, OF_NUMBERS))}"
    )


def _of_levels(known: Known, value: Any) -> list[tuple[Any, Any]]:
    """(lo, hi) of each contrast of a factor."""
    levels = known.levels
    if isinstance(value, str) and value in OF_LEVELS:
        first, rest = levels[0], levels[1:]
        found = {
            "reference": lambda: [(first, one) for one in rest],
            "pairwise": lambda: list(combinations(levels, 2)),
            "sequential": lambda: list(zip(levels, rest)),
            "all": lambda: list(permutations(levels, 2)),
            "minmax": lambda: [(first, levels[-1])],
        }
        pairs = found[value.removeprefix("rev")]()
        return [(hi, lo) for lo, hi in pairs] if value.startswith("rev") else pairs
    if _is_pair(value):
        lo, hi = _pair(known, value)
        return [(lo, hi)]
    raise DataError(
        f"variables: {value!r} is no contrast of '{known.name}', a factor: expected a pair of its levels, or one of "
        f"{', '.join(map(repr, OF_LEVELS))}"
    )


def level_of(known: Known, value: Any) -> Any:
    """A level of a factor as the model has it.

    Raises
    ------
    DataError
        It has none of this name.
    """
    texts = [str(level) for level in known.levels]
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if text not in texts:
        shown = ", ".join(map(repr, known.levels[:8]))
        raise DataError(
            f"'{value}' is not a level of '{known.name}' that the fit has seen{nearest(text, texts)}: it has {shown}"
        )
    return known.levels[texts.index(text)]


def _pair(known: Known, value: Any) -> tuple[Any, Any]:
    if not _is_pair(value):
        raise DataError(f"variables: {value!r} is no contrast of '{known.name}': expected a pair (from, to)")
    lo, hi = value
    return (level_of(known, lo), level_of(known, hi)) if known.kind == "factor" else (lo, hi)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_)


def _is_pair(value: Any) -> bool:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) and len(value) == 2
