"""The reference grid: each combination of levels, numbers at their means, and what the model says there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...design.build import design_for
from ...design.dense import dense
from ...errors import DataError, DataWarning, give_warning, nearest
from ...families.distributions import GAMMA, NORMAL
from ...fitted.protocols import has_one_mean, is_mixed, is_parametric, no_model
from ...render.means import Label, as_text
from ..hypotheses.null_space import orthonormal_null_space
from ..wald import Vcov, resolved
from .estimates import Basis, MarginalMeans, Shown
from .mixed import mixed_basis
from .nests import find_nests, occurring, shown_nests
from .nuisance import Nuisance, shares_of, standing_apart
from .rows import Facts, Wanted, facts_from, facts_of, wanted_of, weight_of
from .scales import scale_of, scale_of_response
from .several import basis_at, mode_of, names_of_part, shown_at

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex

MOST_ROWS = 10_000
STUDENT = (NORMAL, GAMMA)  # distributions whose tests are of Student's t, as R's package has it
Reduce = str | bool | Callable[[np.ndarray], Any] | Mapping[str, Any]


@dataclass(frozen=True)
class Asking:
    """How a grid is asked for.

    Attributes
    ----------
    at : mapping of str to values
    cov_reduce : "mean", "range", "meanint", True, False, callable or mapping of name to one of these
    vcov : as of `Wald.of`
    mode : str or None
        Of models of several linear predictors.
    data : table or None
        Rows in place of the fit's.
    nuisance : Nuisance or None
        Factors that are averaged over at once.
    lmer_df : {"satterthwaite", "asymptotic"} or None
        Of linear mixed models.
    """

    at: Mapping[str, Any] | None = None
    cov_reduce: Reduce = "mean"
    vcov: Vcov = None
    mode: str | None = None
    data: Any = None
    nuisance: Nuisance | None = None
    lmer_df: str | None = None

    @property
    def plain(self) -> bool:
        """Whether nothing is asked for."""
        others = (self.at, self.vcov, self.mode, self.data, self.nuisance)
        return (
            all(one is None for one in others)
            and isinstance(self.cov_reduce, str)
            and self.cov_reduce == "mean"
        )


def facts_for(fit: SingleIndex, asking: Asking) -> Facts:
    """What the rows say, by one pass.

    Raises
    ------
    DataError
        There are none.
    """
    if asking.data is None and getattr(fit, "training", fit) is None:
        raise DataError(
            "the model holds no training rows, which a reference grid is made from: give them, data=data"
        )
    wanted = wanted_of(fit.schema)
    reduce = asking.cov_reduce
    several = reduce.values() if isinstance(reduce, Mapping) else (reduce,)
    kept = set()
    if reduce is False:
        kept = set(wanted.names)
    elif isinstance(reduce, Mapping):
        kept = {name for name, one in reduce.items() if one is False}
    held = any(callable(one) for one in several)
    asked = Wanted(wanted.names, wanted.factors, frozenset(kept), held)
    return facts_of(fit.rows, asked) if asking.data is None else facts_from(fit.schema, asking.data, asked)


def reference_grid(
    fit: Any, asking: Asking, steps: tuple[str, Sequence[float]] | None = None, facts: Facts | None = None
) -> MarginalMeans:
    """The grid of a model.

    Parameters
    ----------
    steps : (name, steps), optional
        Give, one after another, the grids with this variable moved by each of the steps.

    Raises
    ------
    DataError
        A name or level in `at` that is not there; too many rows.
    """
    single = has_one_mean(fit)
    if not single and not is_parametric(fit):
        raise no_model(fit, "emmeans()")
    if single and asking.mode is not None:
        raise ValueError(f"mode goes with models of several linear predictors; got mode={asking.mode!r}")
    mode = None if single else mode_of(fit, asking.mode)
    facts = facts_for(fit, asking) if facts is None else facts
    every = grid_levels(facts, asking)
    used = None if mode is None else names_of_part(fit, mode.part)
    levels = {name: one for name, one in every.items() if used is None or name in used}
    apart: dict[str, tuple[Any, ...]] = {}
    if asking.nuisance is not None:
        if mode is not None:
            raise DataError(
                "nuisance= averages linear predictors, and here means of several of them are averaged: leave it out, "
                "and the factors are averaged over with all others"
            )
        apart = standing_apart(asking.nuisance, levels, fit.terms)
        levels = {name: one for name, one in levels.items() if name not in apart}
    size = math.prod(map(len, levels.values()))
    if size > MOST_ROWS:
        counts = ", ".join(f"{name} {len(one)}" for name, one in levels.items() if len(one) > 1)
        raise DataError(
            f"the rows of the reference grid would be {size}, which exceeds the limit of {MOST_ROWS} (levels: "
            f"{counts}): give some of the factors fewer levels with at="
        )
    columns = expanded(levels)
    labels = tuple(Label(name, tuple(columns[name]), levels[name]) for name in levels)
    weights = grid_weights(facts, columns, size)
    offset = None
    if mode is None:
        basis, shown = _basis(fit, asking), shown_of(fit, size)
        if asking.nuisance is not None and apart:
            X = _apart(fit, columns, facts, apart, asking.nuisance.weights)
            shown = replace(shown, averaged=(f"{len(apart)} nuisance factors",))
        else:
            X = matrix_at(fit, columns, facts)
        offset = mean_offset(facts, size)
    else:
        held = {name: columns.get(name, [one[0]] * size) for name, one in every.items()}
        basis, shown = basis_at(fit, mode, held, size, facts, asking.vcov), shown_at(fit, mode, size)
        if mode.levels is not None:
            response, categories = mode.levels(fit)
            levels = {**levels, response: categories}
            columns, weights = expanded(levels), np.tile(weights, len(categories))
            labels = tuple(Label(name, tuple(columns[name]), levels[name]) for name in levels)
        X = np.eye(len(basis.estimates))
        shown = replace(shown, size=len(X))
    cells = [dict(zip(facts.crossed, key)) for key, weight in facts.cells.items() if weight > 0]
    crossed = {name: one for name, one in levels.items() if name in facts.crossed}
    nests = find_nests(cells, crossed, fit.terms) if cells else {}
    grid = MarginalMeans(
        fit,
        labels,
        X,
        basis,
        levels,
        offset,
        weights,
        nests,
        shown=shown,
    )
    if steps is not None:
        name, moves = steps
        moved = [
            matrix_at(fit, {**columns, name: [v + move for v in columns[name]]}, facts) for move in moves
        ]
        grid = replace(grid, linear=np.concatenate(moved))
    if nests:
        give_warning(
            f"a nesting structure was detected in the fitted model: {shown_nests(nests)}", DataWarning
        )
        values = {label.name: label.values for label in labels}
        grid = replace(grid, shown_rows=occurring(values, weights, nests))
    return grid


def mean_offset(facts: Facts, size: int) -> np.ndarray | None:
    """The offset's mean, at each row of a grid; None where it is zero or there is none."""
    mean = 0.0 if facts.offset is None else facts.offset / facts.rows
    return np.full(size, mean) if mean else None


def grid_levels(facts: Facts, asking: Asking) -> dict[str, tuple[Any, ...]]:
    """Of each variable the levels, or the numbers at which it is held."""
    if not isinstance(asking.at, Mapping | None):
        raise DataError(
            f"at should be a mapping of variable to values, such as {{'x': [1, 2]}}; got {asking.at!r}"
        )
    at = dict(asking.at or {})
    for name in at:
        if name not in facts.seen:
            raise DataError(
                f"at: '{name}' is none of the variables of the right side{nearest(name, facts.seen)}"
            )
    levels: dict[str, tuple[Any, ...]] = {}
    for name, seen in facts.seen.items():
        standing = name in facts.always or seen.kind != "numeric"
        if name in at:
            given = at[name]
            values = [given] if isinstance(given, str) or np.ndim(given) == 0 else list(given)
            if not values:
                raise DataError(f"at: '{name}' has no value")
            levels[name] = _chosen(name, values, seen.used()) if standing else _numbers(name, values)
        elif standing or seen.levels is not None:
            levels[name] = seen.used()
        else:
            levels[name] = _reduced(name, seen, facts, asking.cov_reduce)
    return levels


def _chosen(name: str, values: list[Any], known: tuple[Any, ...]) -> tuple[Any, ...]:
    texts = {as_text(level): level for level in known}
    out = []
    for value in values:
        text = (
            as_text(value)
            if isinstance(value, str | bool | np.bool_ | int | float | np.number)
            else str(value)
        )
        if text not in texts:
            raise DataError(f"at: '{name}' has no level '{text}' in the data{nearest(text, texts)}")
        out.append(texts[text])
    return tuple(out)


def _numbers(name: str, values: list[Any]) -> tuple[float, ...]:
    try:
        return tuple(float(value) for value in values)
    except (TypeError, ValueError):
        raise DataError(f"at: '{name}' is a number in the data; got {values!r}") from None


def _reduced(name: str, seen: Any, facts: Facts, reduce: Reduce) -> tuple[float, ...]:
    how = reduce.get(name, "mean") if isinstance(reduce, Mapping) else reduce
    mean = seen.total / facts.rows
    if how is True or how == "mean":
        return (mean,)
    if how == "range":
        return (seen.least, seen.most)
    if how == "meanint":
        return (mean - 1, mean + 1)
    if callable(how):
        found = np.atleast_1d(np.asarray(how(seen.values), dtype=float))
        return tuple(found.tolist())
    raise ValueError(
        f"cov_reduce should be 'mean', 'range', 'meanint', False, a function of the values, or a mapping of "
        f"variable to one of these; got {how!r}"
    )


def expanded(levels: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """All combinations, the first fastest."""
    size = math.prod(map(len, levels.values()))
    out: dict[str, list[Any]] = {}
    each = 1
    for name, one in levels.items():
        block = [value for value in one for _ in range(each)]
        out[name] = block * (size // max(len(block), 1))
        each *= len(one)
    return out


def matrix_at(fit: Any, columns: Mapping[str, list[Any]], facts: Facts) -> np.ndarray:
    """The model's columns at the rows of a grid."""
    made: dict[str, Any] = {}
    for name, values in columns.items():
        if facts.seen[name].kind == "factor":
            made[name] = pd.Categorical(values, categories=list(facts.seen[name].used()))
        else:
            made[name] = values
    schema = replace(fit.schema, offset=None, offset_lost=False)
    size = len(next(iter(columns.values()), [0]))
    newdata = pd.DataFrame(made) if made else pd.DataFrame(index=pd.RangeIndex(size))
    X: np.ndarray = dense(design_for(schema, newdata).design)
    return X


def _apart(
    fit: Any,
    columns: Mapping[str, list[Any]],
    facts: Facts,
    apart: Mapping[str, tuple[Any, ...]],
    weights: str,
) -> np.ndarray:
    """The model's columns at the rows of a grid, those of nuisance factors at their averages."""
    size = len(next(iter(columns.values()), [0]))
    firsts = {name: [one[0]] for name, one in apart.items()}
    X = matrix_at(fit, {**columns, **{name: one * size for name, one in firsts.items()}}, facts)
    start = {name: one[:1] for name, one in columns.items()} | firsts
    for name, levels in apart.items():
        rows = {other: one * len(levels) for other, one in start.items()} | {name: list(levels)}
        own = matrix_at(fit, rows, facts)
        moving = np.flatnonzero(np.ptp(own, axis=0) > 0)
        X[:, moving] = shares_of(name, levels, facts, weights) @ own[:, moving]
    return X


def grid_weights(facts: Facts, columns: Mapping[str, list[Any]], size: int) -> np.ndarray:
    """Of each row of the grid: the weight of the data's rows with its levels."""
    names = [name for name in columns if name in facts.crossed]
    if not names:
        return np.ones(size)
    weight = weight_of(facts, names)
    return np.array([weight.get(key, 0.0) for key in zip(*(columns[name] for name in names))])


def _basis(fit: Any, asking: Asking) -> Basis:
    if is_mixed(fit):
        return mixed_basis(fit, asking.vcov, asking.lmer_df)
    if asking.lmer_df is not None:
        raise ValueError("lmer_df goes with models of lmer(): give df= of the tests of others")
    return basis_of(fit, asking.vcov)


def basis_of(fit: SingleIndex, vcov: Vcov) -> Basis:
    """Coefficients and covariance, which functions of them have an estimate, and the tests they get."""
    cov, errors = resolved(fit, vcov)
    estimates = np.where(fit.aliased, np.nan, fit.coefficients.to_numpy(dtype=float))
    student = fit.family.distribution in STUDENT
    df = float(fit.df_residual) if student else math.inf
    return Basis(estimates, cov, orthonormal_null_space(fit), df, errors)


def shown_of(fit: SingleIndex, size: int) -> Shown:
    scale = scale_of(fit.family.link)
    back = "response" if scale is None else fit.family.mean_name
    scale = scale_of_response(fit.terms.response) if scale is None else scale
    return Shown(infer=(False, False), size=size, scale=scale, back=back, sigma=_sigma(fit))


def _sigma(fit: Any) -> float | None:
    """R's ``sigma``, as of before R 4.6."""
    if is_mixed(fit):
        return fit.sigma
    return math.sqrt(fit.deviance / fit.df_residual) if fit.df_residual > 0 else None
