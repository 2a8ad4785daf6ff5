"""From a formula and data to a design, and the same columns again on new data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ..formula.parts import Parted
from ..formula.terms import Terms
from ..formula.tree import Node
from ..frame.model_frame import ModelFrame, check_finite, model_frame
from ..frame.newdata import NewFrame, new_frame
from ..frame.schema import Schema
from .dense import dense
from .materializer import RMaterializer, new_spec
from .pieces import Design, joined


@dataclass(frozen=True)
class DesignFrame(ModelFrame):
    """A model frame and its design (see `ModelFrame`); `schema` has the contrasts."""

    design: Design = field(kw_only=True)


@dataclass(frozen=True)
class NewData:
    """A fit's columns on new rows.

    Attributes
    ----------
    design : Design
    index : Index
        Row labels.
    offset : ndarray of float64 (n,) or None
    missing : ndarray of bool (n,)
        Rows with a missing variable or offset (their columns are NaN there).
    """

    design: Design
    index: pd.Index
    offset: np.ndarray | None
    missing: np.ndarray


def design_frame(
    formula: str | Node | Terms | Parted, data: Any, *, finite: bool = True, **options: Any
) -> DesignFrame:
    """A formula's variables and columns in `data`.

    Parameters
    ----------
    formula, data, **options
        As `model_frame`'s.
    finite : bool
        Refuse infinite values, as a fit must.

    Raises
    ------
    FormulaError, DataError
    """
    frame = model_frame(formula, data, **options)
    if finite:
        check_finite(frame)
    return with_design(frame)


def with_design(frame: ModelFrame) -> DesignFrame:
    """A frame with its design, and the schema completed."""
    made = [
        RMaterializer(frame, terms=terms).get_model_matrix(new_spec(terms, frame.schema.state))
        for terms in frame.terms.parts or (frame.terms,)
    ]
    specs = tuple(matrix.model_spec for matrix in made)
    coded = {name: variable for spec in specs for name, (_, variable) in spec.encoder_state.items()}
    spec = specs if frame.terms.parts else specs[0]
    schema = replace(frame.schema, variables={**frame.schema.variables, **coded}, spec=spec)
    design = joined([matrix.__wrapped__ for matrix in made])
    return DesignFrame(**{**vars(frame), "schema": schema}, design=design)


def design_of(terms: Terms, spec: Any, rows: ModelFrame | NewFrame) -> Design:
    """The columns on rows whose variables are evaluated; `spec` is frozen, one for each part of the terms."""
    if terms.parts:
        return joined([design_of(part, one, rows) for part, one in zip(terms.parts, spec, strict=True)])
    design: Design = RMaterializer(rows, terms=terms).get_model_matrix(spec).__wrapped__
    return design


def design_for(
    schema: Schema, newdata: Any, na_action: str = "na.pass", new_levels: str = "error"
) -> NewData:
    """A fit's columns on new data: the frozen levels, contrasts and state.

    See `new_frame` for the arguments and errors.
    """
    frame = new_frame(schema, newdata, na_action, new_levels)
    design = design_of(schema.terms, schema.spec, frame)
    return NewData(design, frame.index, frame.offset, frame.missing)


def model_matrix(
    formula: str, data: Any, *, newdata: Any = None, contrasts: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """The design matrix of a formula, R's ``model.matrix``, with R's column names.

    Parameters
    ----------
    formula : str
    data : DataFrame
        Rows with a missing variable are left out.
    newdata : DataFrame, optional
        Give the columns as frozen on `data`, evaluated on `newdata`; rows with missing values stay, as NaN.
    contrasts : mapping of variable name to contrasts, optional

    Returns
    -------
    DataFrame (n, p) with the data's row labels; ``.attrs["assign"]`` has the term of each column (0:
    intercept).

    Raises
    ------
    FormulaError, DataError
    """
    frame = design_frame(formula, data, finite=False, contrasts=contrasts)
    if newdata is None:
        return as_dataframe(frame.design, frame.index)
    new = design_for(frame.schema, newdata)
    return as_dataframe(new.design, new.index)


def as_dataframe(design: Design, index: pd.Index) -> pd.DataFrame:
    """A design as a DataFrame, `assign` in its attributes."""
    out = pd.DataFrame(dense(design), index=index, columns=list(design.names), copy=False)
    out.attrs["assign"] = design.assign.tolist()
    return out
