"""R's coding rules: from terms and evaluated variables to column pieces.

A term's columns are the products of its variables' columns, the first variable varying fastest. A categorical
variable has its contrast columns (code 1 in ``Terms.factors``) or one dummy per level (code 2). Chambers &
Hastie, *Statistical Models in S*, section 2.4; matches R's ``model.matrix.default``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product

import numpy as np

from ..errors import DataError
from ..formula.algebra import response_term
from ..formula.terms import Terms, used
from ..formula.values import Factor, Matrix, Value
from ..frame.schema import Variable, plain_name
from .contrast import MANY_LEVELS
from .names import INTERCEPT, column_names, product_names
from .pieces import Contrast, Design, Indicators, Piece, kron, some_columns

MOST_CONTRASTS = 200_000_000  # numbers in one joint contrast matrix: 1.6 GB


@dataclass(frozen=True, slots=True)
class Columns:
    """A variable with its rows: numeric arrays, or codes (never -1).

    `hole` multiplies the columns of a variable with missing codes: NaN there, 1.0 elsewhere.
    """

    variable: Variable
    arrays: tuple[np.ndarray, ...] = ()
    codes: np.ndarray | None = None
    hole: np.ndarray | None = None


def columns_of(value: Value, variable: Variable) -> Columns:
    """Rows of a variable that was made to fit its description; a categorical `value` is a Factor here."""
    if isinstance(value, Factor):
        missing = value.codes < 0 if value.codes.size and value.codes.min() < 0 else None
        if missing is None:
            return Columns(variable, codes=value.codes)
        return Columns(variable, codes=np.where(missing, 0, value.codes), hole=np.where(missing, np.nan, 1.0))
    if isinstance(value, Matrix):
        return Columns(variable, arrays=tuple(value.values[:, j] for j in range(value.values.shape[1])))
    return Columns(variable, arrays=(np.asarray(value),))


def codes_in_force(terms: Terms, variables: Mapping[str, Variable]) -> np.ndarray:
    """``terms.factors`` with R's rule for formulas without intercept.

    The first categorical variable of the first term that has one gets full dummies, wherever the term stands.
    """
    factors = terms.factors
    if terms.intercept:
        return factors
    first = 0 if terms.response is None else 1
    categorical = [i for i in range(first, len(terms.names)) if _is_categorical(terms.names[i], variables)]
    for j in range(factors.shape[1]):
        for i in categorical:
            if factors[i, j] > 0:
                factors = factors.copy()
                factors[i, j] = 2
                return factors
    return factors


def build(terms: Terms, columns: Mapping[str, Columns], nrows: int) -> Design:
    """All column pieces, with names and `assign`.

    Parameters
    ----------
    terms : Terms
    columns : mapping of deparsed text to Columns
        Every variable that some term uses, its contrast set.
    nrows : int
    """
    factors = codes_in_force(terms, {name: c.variable for name, c in columns.items()})
    pieces = [Piece(())] if terms.intercept else []
    names = [INTERCEPT] if terms.intercept else []
    widths = [1] if terms.intercept else []
    joint: dict[tuple[str, ...], np.ndarray] = {}
    dropped = response_term(terms)  # R keeps its label and gives it no column
    for j, places in enumerate(used(terms)):
        if j == dropped:
            widths.append(0)
            continue
        members = [columns[terms.names[i]] for i in places]
        codes = [int(factors[i, j]) for i in places]
        pieces.extend(_term_pieces(members, codes, joint))
        own = product_names([column_names(m.variable, c) for m, c in zip(members, codes)])
        names.extend(own)
        widths.append(len(own))
    first = 0 if terms.intercept else 1
    assign = np.repeat(np.arange(first, first + len(widths)), widths)
    return Design(nrows, tuple(pieces), tuple(names), assign, terms.labels)


def contrast_for(variable: Variable, code: int) -> Contrast:
    """The (levels, m) matrix of a categorical variable: its contrasts, or the identity for full dummies."""
    levels = len(variable.levels)
    if code != 1:
        return Indicators(levels, np.arange(levels))
    treatment = isinstance(variable.contrast_label, str) and variable.contrast_label == "contr.treatment"
    if variable.contrast is None and not (treatment and levels > MANY_LEVELS):
        raise ValueError(f"no contrasts are set for {variable.name}")
    if variable.contrast is None or treatment:
        return Indicators(levels, np.arange(1, levels))
    return variable.contrast


def _term_pieces(
    members: Sequence[Columns], codes: Sequence[int], joint: dict[tuple[str, ...], np.ndarray]
) -> list[Piece]:
    """Pieces of one term, in column order.

    Factors that come before the first matrix variable stay together in one piece; from that matrix on, each
    combination of columns is a piece of its own.
    """
    factors = [(m.variable, m.codes) for m in members if m.codes is not None]
    key = tuple(variable.name for variable, _ in factors)
    if factors and key not in joint:
        joint[key] = joint_codes([c for _, c in factors], [len(variable.levels) for variable, _ in factors])
    _refuse_too_wide(members, codes)
    choices, apart = [], False
    for member, code in zip(members, codes):
        apart = apart or len(member.arrays) > 1
        choices.append(_choices(member, code, apart))
    pieces = []
    for chosen in product(*reversed(choices)):  # the last varies in the outermost loop
        arrays = tuple(a for own, _ in reversed(chosen) for a in own)
        contrasts = [matrix for _, matrix in reversed(chosen) if matrix is not None]
        coded = (joint[key], reduce(kron, contrasts), key) if contrasts else ()
        pieces.append(Piece(arrays, *coded))
    return pieces


def _refuse_too_wide(members: Sequence[Columns], codes: Sequence[int]) -> None:
    """Joint contrasts may be held in full; beyond some GB the model is a mistake (ids as factors)."""
    shapes = [contrast_for(m.variable, c).shape for m, c in zip(members, codes) if m.codes is not None]
    cells, columns = math.prod(s[0] for s in shapes), math.prod(s[1] for s in shapes)
    if len(shapes) > 1 and cells * columns > MOST_CONTRASTS:
        term = ":".join(plain_name(m.variable.name) for m in members)
        levels = " x ".join(str(s[0]) for s in shapes)
        raise DataError(
            f"the interaction {term} of {levels} levels needs {columns} columns: use factors of fewer "
            "levels, or make one factor of the combinations that occur with interaction(..., drop = TRUE)"
        )


def _choices(member: Columns, code: int, apart: bool) -> list[tuple[tuple[np.ndarray, ...], Contrast | None]]:
    """What a variable brings to a piece, (arrays, contrast columns), one way after another.

    With `apart` each of a factor's columns is its own choice.
    """
    if member.codes is None:
        return [((array,), None) for array in member.arrays]
    hole = () if member.hole is None else (member.hole,)
    matrix = contrast_for(member.variable, code)
    return [(hole, some_columns(matrix, [k])) for k in range(matrix.shape[1])] if apart else [(hole, matrix)]


def joint_codes(codes: Sequence[np.ndarray], levels: Sequence[int]) -> np.ndarray:
    """One code per combination of levels, the first factor fastest; a single factor's codes as they are."""
    if len(codes) == 1:
        return codes[0]
    dtype = np.min_scalar_type(-math.prod(levels))
    out, stride = codes[0].astype(dtype), levels[0]
    for code, count in zip(codes[1:], levels[1:]):
        out += code.astype(dtype) * dtype.type(stride)
        stride *= count
    return out


def _is_categorical(name: str, variables: Mapping[str, Variable]) -> bool:
    return name in variables and variables[name].categorical
