"""Tests of what has been estimated: equations, contrasts of all estimates, matrices, equivalence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from ...errors import DataError, FormulaError, nearest
from ...formula.algebra import variables_used
from ...formula.reader import read
from ...formula.tree import Call, Node
from ..hypotheses.derivatives import Dual, evaluate
from .averages import Estimates

NAMED = ("pairwise", "revpairwise", "reference", "revreference", "sequential", "revsequential", "did")
PLACE = re.compile(r"b[1-9][0-9]*")
SINGLE = re.compile(r"(?<![=<>!])=(?!=)")  # R's grammar has == for a question
SHOWN = 12


def is_null(hypothesis: Any) -> bool:
    """Whether it is but a number, with which every estimate is compared."""
    return isinstance(hypothesis, int | float | np.number) and not isinstance(hypothesis, bool)


def tested(estimates: Estimates, hypothesis: Any) -> Estimates:
    """What the hypothesis makes of the estimates, with gradients.

    Parameters
    ----------
    hypothesis : str, list of str, or matrix (E,) or (E, H)
        Equations in ``b1``, ``b2`` ... (rows, from 1) or in the names of rows; "pairwise" and its kin; "did",
        the difference between differences of four estimates; columns of factors.

    Raises
    ------
    DataError, FormulaError
    """
    assert estimates.gradient is not None
    if isinstance(hypothesis, str) and hypothesis in NAMED:
        labels, matrix = _named(hypothesis, row_names(estimates.labels))
        return _linear(estimates, labels, matrix)
    if isinstance(hypothesis, str) or _texts(hypothesis):
        texts = [hypothesis] if isinstance(hypothesis, str) else list(hypothesis)
        found = [_equation(estimates, text) for text in texts]
        return Estimates(
            pd.DataFrame({"hypothesis": [text.strip() for text in texts]}),
            np.array([dual.value for dual in found], dtype=float),
            np.array([dual.gradient for dual in found]).reshape(len(texts), -1),
        )
    matrix = _matrix(hypothesis, len(estimates.value))
    names = list(map(str, hypothesis.columns)) if isinstance(hypothesis, pd.DataFrame) else None
    return _linear(estimates, names or [f"H{k + 1}" for k in range(matrix.shape[1])], matrix)


def _texts(value: Any) -> bool:
    return isinstance(value, Sequence) and bool(value) and all(isinstance(one, str) for one in value)


def _matrix(hypothesis: Any, count: int) -> np.ndarray:
    try:
        matrix = np.asarray(hypothesis, dtype=float)
    except (TypeError, ValueError):
        raise DataError(
            f"hypothesis: expected an equation such as 'b1 = b2', a number, a matrix, or one of "
            f"{', '.join(map(repr, NAMED))}; got {hypothesis!r}"
        ) from None
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or len(matrix) != count:
        raise DataError(
            f"hypothesis: the matrix should have a row for each of {count} estimates; got shape {np.shape(hypothesis)}"
        )
    return matrix


def _linear(estimates: Estimates, names: list[str], matrix: np.ndarray) -> Estimates:
    assert estimates.gradient is not None
    used = (matrix != 0).any(axis=1)
    part = matrix[used]
    return Estimates(
        pd.DataFrame({"hypothesis": names}), part.T @ estimates.value[used], part.T @ estimates.gradient[used]
    )


def _named(name: str, rows: list[str]) -> tuple[list[str], np.ndarray]:
    count = len(rows)
    if name == "did":
        if count != 4:
            raise DataError(
                f"hypothesis='did' is the difference between two differences, of four estimates; there are {count}"
            )
        label = f"({rows[3]} - {rows[2]}) - ({rows[1]} - {rows[0]})"
        return [label], np.array([[1.0], [-1.0], [-1.0], [1.0]])
    if count < 2:
        raise DataError(f"hypothesis={name!r} compares estimates with each other, and there is only one")
    pairs = {
        "pairwise": list(combinations(range(count), 2)),
        "reference": [(0, k) for k in range(1, count)],
        "sequential": [(k, k + 1) for k in range(count - 1)],
    }[name.removeprefix("rev")]
    if name.startswith("rev"):
        pairs = [(hi, lo) for lo, hi in pairs]
    matrix = np.zeros((count, len(pairs)))
    for k, (lo, hi) in enumerate(pairs):
        matrix[hi, k], matrix[lo, k] = 1.0, -1.0
    return [f"({rows[hi]}) - ({rows[lo]})" for lo, hi in pairs], matrix


def row_names(labels: pd.DataFrame) -> list[str]:
    """What tells the rows apart: their values in the columns that differ; ``b1``, ``b2`` ... if nothing does."""
    columns = [name for name in labels.columns if name != "rowid" and labels[name].nunique(dropna=False) > 1]
    if not columns:
        return [f"b{k + 1}" for k in range(len(labels))]
    return [", ".join(map(str, row)) for row in labels[columns].itertuples(index=False)]


def _equation(estimates: Estimates, text: str) -> Dual:
    if not text.strip():
        raise FormulaError("hypothesis: expected an equation such as 'b1 - b2 = 0'; it is empty")
    text = SINGLE.sub("==", text)
    node = read(text)
    values = _values(estimates, node, text)
    if not values:
        raise FormulaError(f"hypothesis {text!r} names no estimate: they are b1 to b{len(estimates.value)}")
    sides = node.args if isinstance(node, Call) and node.function == "==" else (node,)
    duals = [evaluate(side, values, text) for side in sides]
    if len(duals) == 1:
        return duals[0]
    return Dual(duals[0].value - duals[1].value, duals[0].gradient - duals[1].gradient)


def _values(estimates: Estimates, node: Node, text: str) -> dict[str, Dual]:
    """The estimates that an equation names: by their places from 1, or by what tells rows apart."""
    assert estimates.gradient is not None
    count = len(estimates.value)
    known: dict[str, list[int]] = {}
    for k, name in enumerate(row_names(estimates.labels)):
        known.setdefault(name, []).append(k)
    for column in ("term", "hypothesis", "contrast"):
        if column in estimates.labels:
            texts = estimates.labels[column].astype(str)
            for name in texts.unique():
                if name not in known:
                    known[name] = np.flatnonzero((texts == name).to_numpy()).tolist()
    out = {}
    for name in variables_used(node):
        if name == "pi":
            continue
        rows = known.get(name)
        if rows is None and PLACE.fullmatch(name):
            place = int(name[1:])
            if place > count:
                raise DataError(
                    f"hypothesis {text!r}: '{name}' is the estimate in row {place}, and there are {count}: "
                    "look at the table without hypothesis= first"
                )
            rows = [place - 1]
        if rows is None:
            options = list(known)[:SHOWN]
            raise DataError(
                f"hypothesis {text!r}: '{name}' is no estimate{nearest(name, list(known))}; they are "
                f"{', '.join(map(repr, options))}, or b1 to b{count} by their rows"
            )
        if len(rows) > 1:
            raise DataError(
                f"hypothesis {text!r}: '{name}' stands for {len(rows)} estimates (rows "
                f"{', '.join(str(k + 1) for k in rows[:SHOWN])}): name them by row, b{rows[0] + 1}, b{rows[1] + 1} ..."
            )
        out[name] = Dual(float(estimates.value[rows[0]]), estimates.gradient[rows[0]])
    return out
