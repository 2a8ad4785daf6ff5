"""Mixed models in files: what they have beside the formula and the schema, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.mixed.result import MixedFit
from ..engine.mixed.structure import ordered
from ..families.records import family_of, family_record
from ..fitted.mixed import RandomEffects, random_effects
from ..formula.bars import mixed_formula
from ..formula.terms import Terms
from ..frame.schema import Schema
from .saved import empty_design

if TYPE_CHECKING:
    import pandas as pd

    from ..fitted.protocols import Mixed
    from ..fitted.training import TrainingData

KNOWN = frozenset(
    "formula call terms family column_names assign random result joint_schema n_omitted training "
    "kept_quantiles".split()
)


@dataclass(frozen=True)
class SavedView:
    """A mixed model as a file has it: its terms and schema are those of all parts."""

    formula: str
    call: str
    terms: Terms
    schema: Schema
    column_names: tuple[str, ...]
    assign: np.ndarray
    n_omitted: int
    training: TrainingData | None
    saved_class: str
    own: Mapping[str, Any]
    path: pd.DataFrame | None = None

    def saved_fields(self) -> dict[str, Any]:
        """What a file holds beside."""
        return dict(self.own)


def saved_view(fit: Mixed) -> SavedView:
    """What is saved of a mixed model."""
    schema = fit.joint_schema
    own: dict[str, Any] = {
        "family": family_record(fit.family),
        "formula_text": fit.random.formula.text,
        "used": {g.name: g.used for g in fit.structure.groupings if g.used is not None},
        "result": {f.name: getattr(fit.result, f.name) for f in fields(fit.result)},
        "quantiles": fit.residual_quantiles,
        "extra": {f.name: getattr(fit, f.name) for f in fields(fit) if f.name not in KNOWN},  # type: ignore[arg-type]
    }
    return SavedView(
        fit.formula,
        fit.call,
        schema.terms,
        schema,
        fit.column_names,
        empty_design(schema).assign,
        fit.n_omitted,
        fit.training,
        type(fit).__name__,
        own,
    )


@dataclass(frozen=True)
class _Frame:
    """What `random_effects` looks at."""

    terms: Terms
    design: Any
    schema: Schema


def read_fields(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the model that a file holds."""
    formula = mixed_formula(own["formula_text"])
    schema: Schema = shared["schema"]
    layout, levels = random_effects(formula, _Frame(schema.terms, empty_design(schema), schema))
    members = {term.group: term.members for term in layout.terms}
    structure = ordered(layout, {members[name]: codes for name, codes in own["used"].items()})
    names = layout.fixed.names
    return {
        "formula": shared["formula"],
        "call": shared["call"],
        "terms": schema.terms.parts[0],
        "family": family_of(own["family"]),
        "column_names": names,
        "assign": shared["assign"][: len(names)],
        "random": RandomEffects(formula, structure, levels),
        "result": MixedFit(**own["result"]),
        "joint_schema": schema,
        "n_omitted": shared["n_omitted"],
        "training": None,
        "kept_quantiles": own["quantiles"],
        **own["extra"],
    }
