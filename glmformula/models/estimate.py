"""From a call to the record of what was said and found: frame, design and engine, one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import compress
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from ..design.contrast import kept
from ..design.selection import in_order
from ..engine.irls import fit_glm
from ..engine.result import Control, GlmFit
from ..errors import ConvergenceWarning, FitError, choice, give_warning
from ..families import Family, get_family
from ..families.family import Free
from ..fitted.parameter import FamilyParameter
from ..fitted.rows import training_rows
from ..fitted.separation import looked_at
from ..fitted.training import TrainingData
from ..formula.terms import Terms
from ..frame.schema import Schema
from ..runtime.progress import showing
from ..sources.base import Block, Source
from ..sources.mapped import select_terms
from .calls import call_text, spoken
from .control import merged

if TYPE_CHECKING:
    from ..engine.free import FreeFit

METHODS = ("auto", "qr", "cholesky", "firth")
ARGUMENTS = (
    *(
        "formula",
        "data",
        "family",
        "weights",
        "subset",
        "na_action",
        "start",
        "etastart",
        "mustart",
        "offset",
    ),
    *("control", "contrasts", "method", "progress"),
)
COMPRESS = (False, True, "auto")


@dataclass(frozen=True, eq=False)
class Estimate:
    """What a call said and what the engine found: the fields of a :class:`~glmformula.models.model.GLM`."""

    formula: str
    call: str
    terms: Terms
    family: Family
    column_names: tuple[str, ...]
    assign: np.ndarray
    result: GlmFit
    schema: Schema
    control: Control
    n_omitted: int
    training: TrainingData | None
    kept_means: np.ndarray | None = None  # column means, for a model without its rows
    path: pd.DataFrame | None = None  # the models that `step` saw on the way to this one
    parameter: FamilyParameter | None = None  # of the family, estimated with the coefficients
    modelled: str | None = None  # the level whose probability it is, of a factor or string as response


E = TypeVar("E", bound=Estimate)


def fields_of(estimate: Estimate) -> dict[str, Any]:
    """The record's fields by name."""
    return {field.name: getattr(estimate, field.name) for field in fields(estimate)}


LARGEST_RESPONSE = 1e154  # the squares of larger ones overflow


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `glm`, all of them, with family and control as records; those of the control may be among them.

    Raises
    ------
    FamilyError, ValueError, TypeError
        An unknown family or method, an argument that `glm` has not got.
    """
    arguments = {name: given[name] for name in ARGUMENTS}
    choice("method", arguments["method"], METHODS)
    others = {name: value for name, value in given.items() if name not in arguments}
    compress = others.pop("compress", None)
    control = merged(arguments["control"], others)
    arguments |= {
        "control": control,
        "family": get_family(arguments["family"]),
        "contrasts": kept(arguments["contrasts"]),
    }
    return arguments if compress is None else arguments | {"compress": _compress(compress, arguments)}


def _compress(compress: Any, arguments: Mapping[str, Any]) -> Any:
    """Whether equal rows are counted, for what can be fitted to counts.

    Raises
    ------
    ValueError
    """
    if not isinstance(compress, bool | str) or compress not in COMPRESS:
        raise ValueError(f"compress should be True, False or 'auto'; got {compress!r}")
    if arguments["method"] == "firth" or arguments["family"].free is not None:
        if compress is True:
            raise ValueError(
                "compress=True is for maximum likelihood with a family that is known: leave it out with method='firth' "
                "or a parameter to be estimated, or say compress='auto'"
            )
        return None
    return compress


def _largest(block: Block) -> float:
    return float(np.abs(block.y).max(initial=0.0))


def estimate(arguments: Mapping[str, Any]) -> Estimate:
    """The estimate for `checked` arguments of `glm`.

    Raises
    ------
    FormulaError, DataError, FamilyError, FitError
        As `glm`.
    """
    family, method = arguments["family"], arguments["method"]
    if family.free is not None:
        return _with_parameter(arguments, family.free)

    def solve(source: Source, **options: Any) -> tuple[Family, GlmFit]:
        return family, fitter(method)(source, family, **options)

    return estimated(arguments, solve, lambda _: call_text(arguments["formula"], family, spoken(arguments)))


def _with_parameter(arguments: Mapping[str, Any], free: Free) -> Estimate:
    """The estimate with a parameter of the family, which is told where it is at an end of its range."""
    family, method = arguments["family"], arguments["method"]
    if method == "firth":
        raise ValueError(
            f"method='firth' takes a {free.name} that is known: estimate it with method='auto', then give its value"
        )
    from ..engine.free import fit_free  # few need it

    fits: list[FreeFit] = []

    def solve(source: Source, **options: Any) -> tuple[Family, GlmFit]:
        fit = fit_free(source, free, method=method, **options)
        fits.append(fit)
        return fit.family, fit.result

    found = estimated(arguments, solve, lambda _: call_text(arguments["formula"], family, spoken(arguments)))
    (fit,) = fits
    if fit.end:
        side, beyond = ("falls to", free.low) if fit.end == "low" else ("rises to", free.high)
        give_warning(
            f"the likelihood is largest where {free.name} {side} the end of its range, {beyond:g}: are the responses "
            "of another kind (counts at the lower end, without zeros at the upper one)? Give the power that suits them",
            ConvergenceWarning,
        )
    known = FamilyParameter(free.name, fit.value, fit.lower, fit.upper, fit.dispersion)
    return replace(found, parameter=known)


def estimated(
    arguments: Mapping[str, Any],
    solve: Callable[..., tuple[Family, GlmFit]],
    call: Callable[[Family], str],
) -> Estimate:
    """The estimate that `solve` finds: of a source, ``names=``, ``intercept=``, ``control=``, ``start=``.

    `call` gives the call's text, of the family that was found.
    """
    with showing(arguments["progress"]):
        training = training_rows(arguments)
        source, frame = training.source, training.frame
        try:
            family, result = solve(
                source,
                names=frame.design.names,
                intercept=frame.terms.intercept,
                control=arguments["control"],
                start=_start(arguments["start"], frame.design.names),
            )
        except (OverflowError, FitError) as error:
            if isinstance(error, FitError) and source.map_reduce(_largest, max) < LARGEST_RESPONSE:
                raise
            raise FitError(
                f"the numbers of '{frame.response_name or 'the response'}' are so large that their squares overflow "
                "(above about 1e154): divide them by a power of ten"
            ) from error
        result = looked_at(source, family, result, frame.design.names)
    return Estimate(
        formula=frame.terms.text,
        call=call(family),
        terms=frame.terms,
        family=family,
        column_names=frame.design.names,
        assign=frame.design.assign,
        result=result,
        schema=frame.schema,
        control=arguments["control"],
        n_omitted=frame.n_omitted,
        training=training,
        modelled=frame.modelled,
    )


def on_terms(fit: E, training: TrainingData, keep: Iterable[int]) -> E:
    """`fit` with only the columns whose `assign` is in `keep` (0: the intercept), on its own rows.

    As R's ``anova`` and ``drop1`` do, without the start values of the full model; nothing is read or coded
    again. The result keeps the labels of the full model's terms; its coefficients, deviances and rows are those
    of the sub-model.
    """
    wanted = frozenset(keep)
    columns = [term in wanted for term in fit.assign.tolist()]
    names = tuple(compress(fit.column_names, columns))
    source = select_terms(training.source, wanted)
    result = fitter("firth" if fit.result.method == "firth" else "auto")(
        source,
        fit.family,
        names=names,
        intercept=fit.terms.intercept,
        control=fit.control,
    )
    return replace(
        fit,
        column_names=names,
        assign=fit.assign[columns],
        result=result,
        training=replace(training, source=source),
        path=None,
    )


def fitter(method: str) -> Callable[..., GlmFit]:
    """The engine's function for `method`."""
    if method != "firth":
        return partial(fit_glm, method=method)
    from ..engine.firth import fit_firth  # few need it

    return fit_firth


def _start(start: Any, names: tuple[str, ...]) -> np.ndarray | None:
    if start is None:
        return None
    values = in_order(start, names, "start")
    if len(values) != len(names):
        raise FitError(
            f"length of 'start' should equal {len(names)} and correspond to initial coefs for "
            f"{', '.join(names)}; got {len(values)}"
        )
    return values
