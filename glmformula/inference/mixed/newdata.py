"""The columns of fixed and random effects on new rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...design.build import design_for
from ...design.pieces import Design, Piece, joined
from ...engine.mixed.structure import level_codes
from ...errors import DataError, FormulaError
from ...fitted.mixed import part_schema
from ...formula.algebra import variables_used
from ...formula.bars import mixed_formula
from ...formula.reader import read
from ...frame.columns import as_frame

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed

SHOWN = 6
NOTHING = ("~0", "~ 0", "NA", "~1", "~ 1")


@dataclass(frozen=True)
class NewRows:
    """New rows: their design in parts, offset, labels, and which have missing values."""

    design: Design
    offset: np.ndarray | None
    index: pd.Index
    missing: np.ndarray


def chosen(fit: Mixed, re_form: Any) -> list[int]:
    """Numbers of the random-effects terms that `re_form` takes.

    Raises
    ------
    FormulaError, TypeError
    """
    terms = fit.structure.terms
    if re_form is None:
        return list(range(len(terms)))
    if not isinstance(re_form, str):
        raise TypeError(
            "re_form should be None (all random effects), '~0' (none) or a formula of some, such as '~ (1 | g)'; got "
            f"{re_form!r}"
        )
    if re_form.strip() in NOTHING:
        return []
    right = re_form.strip()
    found = mixed_formula(f"y {right}" if right.startswith("~") else right)
    known = [term.text for term in terms]
    wrong = [bar.text for bar in found.bars if bar.text not in known]
    if wrong:
        raise FormulaError(
            f"re_form has ({wrong[0]}), which is no term of the model: expected some of "
            f"{', '.join(f'({text})' for text in known)}",
            re_form,
        )
    texts = [bar.text for bar in found.bars]
    return [t for t, text in enumerate(known) if text in texts]


def new_rows(
    fit: Mixed, newdata: Any, terms: Sequence[int], allow_new_levels: bool, new_levels: str = "error"
) -> NewRows:
    """The design of all parts on new rows; of grouping factors that are not asked for nothing is needed.

    Raises
    ------
    DataError
        As `predict` of a ``glm``; "new levels detected in newdata".
    """
    schema, structure = fit.joint_schema, fit.structure
    fixed = design_for(part_schema(schema, 0), newdata, "na.pass", new_levels)
    n = fixed.design.nrows
    missing = fixed.missing.copy()
    data = as_frame(newdata)
    layout = structure.layout
    wanted = {structure.terms[t].text for t in terms}
    members = {m for t in terms for m in structure.terms[t].members}
    parts = [fixed.design]
    for k, term in enumerate(layout.terms):
        if term.text in wanted:
            made = design_for(part_schema(schema, 1 + k), newdata, "na.pass", "error")
            missing |= made.missing
            parts.append(made.design)
        else:
            parts.append(_blank(term.part.pieces, n, term.width))
    bars = len(layout.terms)
    for m, (text, pieces) in enumerate(zip(fit.random.formula.members, layout.members, strict=True)):
        if m not in members:
            parts.append(_blank(pieces, n))
            continue
        made = design_for(part_schema(schema, 1 + bars + m), newdata, "na.pass", "na")
        columns = [c for c in variables_used(read(text)) if c in data.columns]
        absent = data[columns].isna().to_numpy().any(axis=1) if columns else np.zeros(n, dtype=bool)
        missing |= absent
        parts.append(made.design)
    design = joined(parts)
    if not allow_new_levels:
        _refuse_new(fit, design, terms, missing, data)
    return NewRows(design, fixed.offset, fixed.index, missing)


def _blank(pieces: slice, n: int, width: int | None = None) -> Design:
    """Columns that nobody looks at, zeros, in as many pieces."""
    zero = Piece((np.zeros(n),))
    count = pieces.stop - pieces.start
    if width is None:
        return Design(n, (zero,) * count, ("",) * count, np.zeros(count, dtype=int), ())
    first = Piece((), np.zeros(n, dtype=np.intp), np.zeros((1, width - count + 1)))
    return Design(n, (first, *(zero,) * (count - 1)), ("",) * width, np.zeros(width, dtype=int), ())


def _refuse_new(fit: Mixed, design: Design, terms: Sequence[int], missing: np.ndarray, data: Any) -> None:
    structure = fit.structure
    for grouping in structure.groupings:
        if not any(t in grouping.terms for t in terms):
            continue
        codes = level_codes(structure.layout, grouping.members, grouping.used, design)
        new = (codes < 0) & ~missing
        if not new.any():
            continue
        names = list(fit.random.formula.members)
        own = [variables_used(read(names[m])) for m in grouping.members]
        columns = [c for used in own for c in used if c in data.columns]
        seen = data.loc[np.asarray(new), columns].drop_duplicates().head(SHOWN)
        shown = ", ".join(":".join(map(str, row)) for row in seen.itertuples(index=False))
        raise DataError(
            f"new levels detected in newdata: {grouping.name} has {shown} ({int(new.sum())} rows), which the fit "
            "has not; allow_new_levels=True takes their random effects as zero, re_form='~0' leaves all of them out"
        )
