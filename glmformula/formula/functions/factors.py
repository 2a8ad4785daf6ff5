"""Factors: making them, renaming, reordering and crossing their levels. Levels are frozen for new data."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import DataError, FormulaError, nearest
from ..values import Factor, Text, Value
from .convert import as_factor, recode
from .registry import RFunction, function
from .strings import objects
from .vectors import NA, common_rows, flag_argument, is_text, kind, size, text_argument, texts, whole_argument

State = dict[str, Any]
MOST_LEVELS = 1_000_000


def _levels_state(factor: Factor) -> State:
    return {"levels": list(factor.levels), "ordered": factor.ordered}


def _apply_levels(state: State, x: Value, *_: Value, **__: Value) -> Factor:
    return recode(x, state["levels"], ordered=state["ordered"])


# ---- factor(), ordered() ----


def learn_factor(
    x: Value,
    levels: Value | None = None,
    labels: Value | None = None,
    exclude: Value | None = NA,
    ordered: Value | None = None,
    *,
    always_ordered: bool = False,
) -> State:
    """Which text becomes which level: ``keys[i]`` is called ``levels[codes[i]]``; `na` -1: NA stays NA."""
    base = as_factor(x)
    if levels is None:
        used = np.zeros(len(base.levels), dtype=bool)
        used[base.codes[base.codes >= 0]] = True
        keys = [level for level, keep in zip(base.levels, used, strict=True) if keep]
    else:
        if size(levels) > MOST_LEVELS:
            raise FormulaError(f"{size(levels):,} levels are too many: at most {MOST_LEVELS:,}")
        keys = [key for key in texts(levels) if key is not None]
        if len(set(keys)) < len(keys):
            i = next(i for i, key in enumerate(keys) if key in keys[:i])
            raise FormulaError(f"factor level [{i + 1}] is duplicated: '{keys[i]}'")
    dropped = set(texts(exclude))
    keys = [key for key in keys if key not in dropped]
    names = _labels(labels, keys)
    final = list(dict.fromkeys(names))
    places = {name: i for i, name in enumerate(final)}
    na = -1
    if None not in dropped and (levels is None and (base.codes < 0).any() or _has_na(levels)):
        final.append("NA")
        na = len(final) - 1
    is_ordered = always_ordered or (
        isinstance(x, Factor) and x.ordered if ordered is None else flag_argument(ordered, "ordered")
    )
    return {
        "keys": keys,
        "codes": [places[name] for name in names],
        "levels": final,
        "na": na,
        "ordered": bool(is_ordered),
        "open": levels is None,
        "dropped": sorted(key for key in dropped if key is not None),
    }


def _has_na(levels: Value | None) -> bool:
    return levels is not None and any(key is None for key in texts(levels))


def _labels(labels: Value | None, keys: list[str]) -> list[str]:
    if labels is None:
        return keys
    names = [str(name) for name in texts(labels)]
    if len(names) == len(keys):
        return names
    if len(names) == 1:
        return [f"{names[0]}{i + 1}" for i in range(len(keys))]
    raise FormulaError(f"invalid 'labels'; length {len(names)} should be 1 or {len(keys)}")


def apply_factor(state: State, x: Value, *_: Value, **__: Value) -> Factor:
    base = as_factor(x)
    levels = list(state["levels"])
    place = dict(zip(state["keys"], state["codes"], strict=True))
    present = np.bincount(base.codes[base.codes >= 0], minlength=len(base.levels))
    table = np.full(len(base.levels) + 1, -1, dtype=np.intp)
    table[-1] = state["na"]
    for i, level in enumerate(base.levels):
        if level in place:
            table[i] = place[level]
        elif state["open"] and present[i] and level not in state["dropped"]:
            levels.append(level)  # unseen when fitted: whoever checks new data can name it
            table[i] = len(levels) - 1
    known = len(state["levels"])
    return Factor(
        table[base.codes], tuple(levels), state["ordered"], known=known if len(levels) > known else None
    )


def learn_ordered(x: Value, levels: Value | None = None, labels: Value | None = None) -> State:
    return learn_factor(x, levels, labels, always_ordered=True)


# ---- the others ----


def learn_as_factor(x: Value) -> State:
    return _levels_state(as_factor(x))


def learn_as_ordered(x: Value) -> State:
    return _levels_state(as_factor(x)) | {"ordered": True}


def learn_droplevels(x: Value, exclude: Value | None = NA) -> State:
    base = as_factor(x)
    used = set(np.unique(base.codes).tolist())
    out = set(texts(exclude))
    kept = [level for i, level in enumerate(base.levels) if i in used and level not in out]
    return {"levels": kept, "ordered": base.ordered}


def learn_drop(x: Value, i: Value | None = None, drop: Value = False) -> State:
    """``f[, drop = TRUE]``: the levels that occur."""
    base = _known_factor("[", x)
    return learn_droplevels(base) if flag_argument(drop, "drop") else _levels_state(base)


def learn_add_na(x: Value, ifany: Value = False) -> State:
    """A last level for what is missing; with `ifany` only where something is."""
    base = as_factor(x) if isinstance(x, Factor) else apply_factor(learn_factor(x), x)
    keys = list(base.levels)
    adds = not flag_argument(ifany, "ifany") or bool((base.codes < 0).any())
    if adds and "NA" in keys:
        raise DataError(
            "addNA(): the factor has a level that is written 'NA' already: rename it, so that the two stay apart"
        )
    return {
        "keys": keys,
        "codes": list(range(len(keys))),
        "levels": [*keys, "NA"] if adds else keys,
        "na": len(keys) if adds else -1,
        "ordered": base.ordered,
        "open": True,
        "dropped": [],
    }


def learn_relevel(x: Value, ref: Value) -> State:
    base = _known_factor("relevel", x)
    if base.ordered:
        raise DataError("'relevel' only for unordered factors: an ordered factor was given")
    if size(ref) != 1:
        raise FormulaError(f"'ref' must be of length one: it has length {size(ref)}")
    if is_text(ref):
        name = text_argument(ref, "ref")
        if name not in base.levels:
            raise FormulaError(
                f"'ref' must be an existing level: '{name}' is none{nearest(name, base.levels)}"
            )
        first = base.levels.index(name)
    else:
        first = whole_argument(ref, "ref") - 1
        if not 0 <= first < len(base.levels):
            raise FormulaError(
                f"'ref' must be an existing level: {first + 1} is not in 1 ... {len(base.levels)}"
            )
    levels = [base.levels[first], *base.levels[:first], *base.levels[first + 1 :]]
    return {"levels": levels, "ordered": False}


def _known_factor(name: str, x: Value) -> Factor:
    if not (isinstance(x, Factor) or is_text(x)):
        raise DataError(f"{name}() needs a factor, a {kind(x)} was given: write factor() around it")
    return as_factor(x)


def _crossed(factors: tuple[Value, ...], sep: str, lex_order: bool) -> tuple[np.ndarray, list[str]]:
    """Joint codes of all combinations and their labels; the first varies fastest unless `lex_order`."""
    n = common_rows(factors)
    bases = [as_factor(f) for f in factors]
    codes, labels = np.zeros(n, dtype=np.intp), [""]
    for position, base in enumerate(bases):
        own = np.broadcast_to(base.codes, (n,)).astype(np.intp)
        glue = sep if position else ""
        if lex_order:
            joint = codes * len(base.levels) + own
            labels = [f"{a}{glue}{b}" for a in labels for b in base.levels]
        else:
            joint = codes + len(labels) * own
            labels = [f"{a}{glue}{b}" for b in base.levels for a in labels]
        codes = np.where((codes < 0) | (own < 0), -1, joint)
        if len(labels) > 1_000_000:
            raise DataError(
                f"interaction() of these factors has {len(labels)} levels: use drop and fewer factors"
            )
    return codes, labels


def learn_interaction(
    *factors: Value, drop: Value = False, sep: Value = ".", lex_order: Value = False
) -> State:
    if not factors:
        raise FormulaError("No factors specified")
    codes, labels = _crossed(factors, text_argument(sep, "sep"), flag_argument(lex_order, "lex.order"))
    if flag_argument(drop, "drop"):
        present = np.unique(codes[codes >= 0])
        labels = [labels[i] for i in present]
    return {"levels": list(dict.fromkeys(labels)), "ordered": False}


def apply_interaction(
    state: State, *factors: Value, drop: Value = False, sep: Value = ".", lex_order: Value = False
) -> Factor:
    codes, labels = _crossed(factors, text_argument(sep, "sep"), flag_argument(lex_order, "lex.order"))
    return recode(Factor(codes, tuple(labels)), state["levels"])


def levels(x: Value) -> Value:
    if not isinstance(x, Factor):
        raise DataError(f"levels() needs a factor, a {kind(x)} was given: write factor() around it")
    return Text(objects(x.levels))


def nlevels(x: Value) -> Value:
    return len(x.levels) if isinstance(x, Factor) else 0


FUNCTIONS: tuple[RFunction, ...] = (
    function("factor", apply_factor, "x, levels, labels, exclude, ordered", learn=learn_factor),
    function("ordered", apply_factor, "x, levels, labels", learn=learn_ordered),
    function("as.factor", _apply_levels, learn=learn_as_factor),
    function("as.ordered", _apply_levels, learn=learn_as_ordered),
    function("droplevels", _apply_levels, "x, exclude", learn=learn_droplevels),
    function("[drop", _apply_levels, "x, i, drop", learn=learn_drop),
    function("addNA", apply_factor, "x, ifany", learn=learn_add_na),
    function("relevel", _apply_levels, "x, ref", learn=learn_relevel, namespaces=("stats",)),
    function("interaction", apply_interaction, "..., drop, sep, lex.order", learn=learn_interaction),
    function("levels", levels, reduction=True),
    function("nlevels", nlevels, reduction=True),
)
