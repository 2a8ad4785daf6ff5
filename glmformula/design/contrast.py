"""A categorical variable's contrasts: the ``contrasts=`` argument, else ``C()``, else R's default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError, DataWarning, FormulaError, give_warning, nearest
from ..formula.functions.contrasts import contrast_matrix, default_contrasts, steps
from ..formula.values import Factor, Value
from ..frame.schema import Variable, plain_name
from ..frame.variables import listed

# Levels from which R's treatment contrasts are no matrix; of a factor whose contrasts are one, held in full: 1.6 GB.
MANY_LEVELS, MOST_LEVELS = 1_000, 14_000


class Contrasts(dict[str, Any]):
    """The ``contrasts=`` argument of a call, and the defaults that were in force when it was made.

    `fused` names the factors that are coded by steps, whatever else is in force.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        super().__init__(given)
        self.defaults = default_contrasts()
        self.fused: tuple[str, ...] = ()


def kept(argument: Any, fused: tuple[str, ...] = ()) -> Any:
    """A ``contrasts=`` argument that remembers the defaults; what is no mapping is left for its error."""
    if not (argument is None or isinstance(argument, Mapping)):
        return argument
    made = copy(argument) if isinstance(argument, Contrasts) else Contrasts(argument or {})
    made.fused = fused
    return made


def with_contrasts(
    variables: Mapping[str, Variable],
    values: Mapping[str, Value],
    argument: Mapping[str, Any] | None,
    nrows: int,
) -> dict[str, Variable]:
    """The variables with the contrasts in force.

    Parameters
    ----------
    variables : mapping of deparsed text to Variable
        All of the right side.
    values : mapping of deparsed text to Value
        Those that some term uses.
    argument : mapping of variable name to a contrast function's name or a matrix
    nrows : int
        For the message about a factor of one level.

    Raises
    ------
    DataError
        R's "contrasts can be applied only to factors with 2 or more levels" and "contrasts apply only to
        factors"; what is to be fused is no factor of the formula.

    Warns
    -----
    DataWarning
        R's "variable 'x' is absent, its contrast will be ignored".
    """
    given = _by_name(argument, variables)
    given |= dict.fromkeys(_fused(getattr(argument, "fused", ()), variables, values, given), steps)
    out = dict(variables)
    for name, value in values.items():
        variable = variables[name]
        if not variable.categorical:
            if name in given:
                raise DataError(
                    f"contrasts apply only to factors: variable '{plain_name(name)}' is {variable.kind}"
                )
            continue
        if len(variable.levels) < 2:
            only = f"has only the level {listed(variable.levels)}" if variable.levels else "has no level"
            raise DataError(
                "contrasts can be applied only to factors with 2 or more levels: variable "
                f"'{plain_name(name)}' {only} in the {nrows} rows used; leave it out of the formula "
                "or use more rows"
            )
        spec = given.get(name)
        if spec is None and isinstance(value, Factor):
            spec = value.contrasts
        if spec is None:
            spec = default_contrasts()[variable.kind == "ordered"]
        if isinstance(spec, str) and spec == "contr.treatment" and len(variable.levels) > MANY_LEVELS:
            out[name] = replace(variable, contrast_names=variable.levels[1:], contrast_label=spec)
            continue
        if len(variable.levels) > MOST_LEVELS:
            raise DataError(
                f"variable '{plain_name(name)}' ({variable.kind}) has {len(variable.levels):,} levels in the {nrows:,} "
                f"rows used, at most {MOST_LEVELS:,} are possible with contrasts other than contr.treatment: take "
                f"those, contrasts={{'{plain_name(name)}': 'contr.treatment'}}; if it holds numbers, make it numeric; "
                "if it names the rows, leave it out"
            )
        try:
            matrix, names = contrast_matrix(spec, variable.levels, variable.kind == "ordered")
        except FormulaError as error:
            raise DataError(f"contrasts of variable '{plain_name(name)}': {error}") from error
        label = spec if isinstance(spec, str) else pd.DataFrame(matrix, list(variable.levels), list(names))
        out[name] = replace(
            variable,
            contrast=np.ascontiguousarray(matrix, dtype=np.float64),
            contrast_names=tuple(names),
            contrast_label=label,
        )
    return out


def _by_name(argument: Mapping[str, Any] | None, variables: Mapping[str, Variable]) -> dict[str, Any]:
    """The argument keyed by deparsed text."""
    if not argument:
        return {}
    if not isinstance(argument, Mapping):
        raise DataError(
            "contrasts must be a dict from variable to contrasts, like {'wool': 'contr.sum'}, "
            f"not {type(argument).__name__}"
        )
    known = {plain_name(name): name for name in variables} | {name: name for name in variables}
    out = {}
    for name, spec in argument.items():
        if name in known:
            out[known[name]] = spec
        else:
            give_warning(
                f"variable '{name}' is absent, its contrast will be ignored{nearest(str(name), known)}",
                DataWarning,
            )
    return out


def _fused(
    names: Sequence[str],
    variables: Mapping[str, Variable],
    values: Mapping[str, Value],
    given: Mapping[str, Any],
) -> list[str]:
    """Deparsed texts of the factors that ``fuse=`` names."""
    known = {plain_name(name): name for name in values} | {name: name for name in values}
    out = [known.get(name, "") for name in names]
    for name, text in zip(names, out):
        if not text:
            factors = [plain_name(n) for n in values if variables[n].categorical]
            raise DataError(f"fuse: there is no factor '{name}' in the formula{nearest(name, factors)}")
        if not variables[text].categorical:
            raise DataError(
                f"fuse: '{name}' is {variables[text].kind}, and levels of a factor are what is fused: make bands of "
                f"it, as in cut({name}, ...)"
            )
        if text in given:
            raise DataError(
                f"fuse: '{name}' is coded by steps, and contrasts= says another coding: leave one out"
            )
    return out
