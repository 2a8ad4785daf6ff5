"""Estimated marginal means: means over a reference grid, R's package emmeans."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...errors import DataError, DataWarning, FormulaError, give_warning, nearest
from ...formula.algebra import variables_used
from ...formula.reader import read
from ...formula.tree import Call
from ...render.means import Label, TableList
from ..wald import Vcov
from .estimates import MarginalMeans, label_in, rows_of, with_options
from .grid import Asking, Reduce, expanded, reference_grid
from .nests import Nests, occurring, term_table
from .nuisance import nuisance_of
from .regrid import regridded
from .submodel import of_submodel

WEIGHTS = ("equal", "proportional", "outer", "cells", "flat")
OVERALL = "1"


@dataclass(frozen=True)
class Specs:
    """What means are asked for: ``contrasts ~ factors | by``."""

    factors: tuple[str, ...]
    by: tuple[str, ...] = ()
    method: str = ""


def emmeans(
    fit: Any,
    specs: Any,
    *,
    by: Any = None,
    at: Mapping[str, Any] | None = None,
    type: str = "link",
    weights: Any = "equal",
    offset: float | None = None,
    cov_reduce: Reduce = "mean",
    vcov: Vcov = None,
    level: float = 0.95,
    adjust: str | None = None,
    infer: Any = None,
    df: float | None = None,
    null: float | None = None,
    delta: float | None = None,
    side: Any = None,
    bias_adjust: bool = False,
    sigma: float | None = None,
    mode: str | None = None,
    data: Any = None,
    regrid: str | None = None,
    nuisance: Any = None,
    non_nuisance: Any = None,
    wt_nuis: str | None = None,
    submodel: str | None = None,
    lmer_df: str | None = None,
) -> Any:
    """Estimated marginal means of a model, R's ``emmeans``.

    The linear predictor X b + offset at each combination of the factors' levels (the reference grid: numbers at
    their means, a number of two values at both, an offset at its mean), averaged over what is not asked for. With
    L the averages of the grid's rows, the means are L b with covariance L V L'.

    Parameters
    ----------
    fit : GLM, LM, GLMNB, ZeroInflated, Hurdle, Multinom, Polr, LMM or GLMM, or MarginalMeans to average further
    specs : str or sequence of str
        ``"~ a"``, ``"~ a * b"``, ``"~ a | b"`` (b makes groups), ``"pairwise ~ a"`` (contrasts too), or names.
        ``"~ 1"`` is the overall mean.
    by : str or sequence of str, optional
        Factors that make groups.
    at : mapping of str to values, optional
        Numbers at which variables are held, or some of a factor's levels.
    type : {"link", "response"}
        The scale of what is shown; tests and intervals are made on the link's. On the response's scale contrasts
        of logits are odds ratios, those of logarithms ratios.
    weights : {"equal", "proportional", "outer", "cells", "flat"} or sequence of numbers
        How the rows of the grid are averaged: alike; by the data's rows (their prior weights) with the levels
        that are averaged over, also as if independent; by each cell's own rows; alike over cells that occur.
    offset : float, optional
        In place of the offset's mean.
    cov_reduce : {"mean", "range", "meanint"}, False, function, or mapping of variable to one of these
        At what numbers are held that `at` does not say; False: at all their values. A function needs rows in
        memory.
    vcov : str, mapping, matrix or function, optional
        Another covariance of the coefficients (see ``fit.summary``); named below the table.
    level : float
    adjust : {"none", "tukey", "sidak", "bonferroni", "scheffe", "dunnettx", "mvt", "holm", "fdr", ...}, optional
        Of intervals and tests of several estimates.
    infer : bool or (bool, bool), optional
        Show intervals, tests.
    df : float, optional
        Of the tests; default: the residual ones for gaussian and Gamma families, else infinite.
    null, delta, side : optional
        What is tested: a value on the linear scale; a threshold of equivalence or non-inferiority; "two-sided",
        "left", "right" (and R's other names).
    bias_adjust : bool
        On the response's scale: add half of `sigma` squared times the second derivative.
    sigma : float, optional
        For `bias_adjust`; default: of the residuals.
    mode : str, optional
        Of models of several linear predictors, by the delta method: "response" (default), "count", "zero", "prob0"
        of counts; "prob" (default), "latent" of `multinom`, whose response is a further factor; "latent" (default),
        "prob", "mean.class", "cum.prob", "exc.prob", "linear.predictor" of `polr`.
    data : DataFrame, optional
        The rows of the fit, where it does not hold them (``strip_data()``, `load`); they count alike.
    regrid : str, optional
        Take the grid to this scale before it is averaged (see `regrid`): "response" averages means, not linear
        predictors.
    nuisance, non_nuisance : str or sequence of str, optional
        Factors (or all but these) that are averaged over at once, so that the grid stays small: those that are in one
        term alone.
    wt_nuis : {"equal", "proportional"}, optional
        How; default: "equal", or "proportional" where `weights` are the data's.
    submodel : str, optional
        Means as a model with fewer terms has them for the fitted values: a formula such as ``"~ a + b"``, "minimal"
        (the terms of the factors asked for), "type2" (that term, adjusted for all that do not hold it).
    lmer_df : {"satterthwaite", "asymptotic"}, optional
        Degrees of freedom of a linear mixed model: Satterthwaite's (where the fit holds its rows; R's default is
        Kenward and Roger's), or infinite ones.

    Returns
    -------
    MarginalMeans
        Prints as R's; ``.frame`` has the levels, then ``emmean`` (on the response's scale ``prob``, ``rate`` or
        ``response``), ``SE``, ``df``, ``lower_CL``, ``upper_CL`` (z: ``asymp_LCL``, ``asymp_UCL``). With contrasts
        on the left of `specs` a list of both: ``.means``, ``.contrasts``.

    Raises
    ------
    DataError
        A factor that is not in the model; a name or level in `at` that the data do not have; too large a grid.
    FormulaError
        `specs` cannot be read.
    ValueError
        Unknown weights, adjustment, type or side.

    Warns
    -----
    DataWarning
        Means of a factor that interacts with another; factors found to be nested.

    References
    ----------
    Searle, Speed & Milliken (1980), Population marginal means in the linear model, The American Statistician 34.

    Examples
    --------
    >>> import pandas as pd
    >>> from glmformula import datasets, emmeans, glm
    >>> staff = datasets.attrition()
    >>> staff["career"] = pd.cut(staff["experience_years"], [-1, 3, 6, 12], labels=["early", "middle", "late"])
    >>> fit = glm("left ~ career + overtime_hours", staff, family="binomial")
    >>> emmeans(fit, "~ career", type="response")
     career   prob     SE  df asymp.LCL asymp.UCL
     early  0.0498 0.0188 Inf    0.0234    0.1026
     middle 0.0470 0.0137 Inf    0.0264    0.0823
     late   0.0295 0.0148 Inf    0.0109    0.0772
    <BLANKLINE>
    Confidence level used: 0.95
    Intervals are back-transformed from the logit scale
    >>> emmeans(fit, "~ career", at={"overtime_hours": 12}).frame.round(2)
       career  emmean    SE   df  asymp_LCL  asymp_UCL
    0   early   -2.16  0.47  inf      -3.09      -1.24
    1  middle   -2.22  0.37  inf      -2.95      -1.49
    2    late   -2.71  0.57  inf      -3.83      -1.59
    """
    asked = read_specs(specs, by)
    apart = nuisance_of(nuisance, non_nuisance, wt_nuis, weights)
    grid = regridded(
        _grid_of(fit, Asking(at, cov_reduce, vcov, mode, data, apart, lmer_df)), regrid, bias_adjust, sigma
    )
    means = means_over(grid, asked, weights, offset)
    if submodel is not None:
        means = of_submodel(means, submodel)
    options = {
        "type": type,
        "level": level,
        "adjust": adjust,
        "infer": infer,
        "df": df,
        "null": null,
        "delta": delta,
        "side": side,
        "bias_adjust": bias_adjust,
        "sigma": sigma,
    }
    if not asked.method:
        return with_options(means, options)
    plain = with_options(means, {**options, "adjust": None, "infer": None})
    made = with_options(means, {"type": type}).contrast(asked.method, adjust=adjust)
    return MeansList(plain, with_options(made, {**options, "adjust": None}))


def _grid_of(fit: Any, asking: Asking) -> MarginalMeans:
    """The reference grid of a model; means that are averaged further."""
    if not isinstance(fit, MarginalMeans):
        return reference_grid(fit, asking)
    if not asking.plain:
        raise DataError(
            "at=, cov_reduce=, vcov=, mode=, data= and nuisance= go with a fitted model: these means are made"
        )
    if math.prod(map(len, fit.levels.values())) != len(fit.linear):
        raise DataError("irregular reference grid: marginal means cannot be determined")
    return fit


class MeansList(TableList):
    """Means and their contrasts; prints as R's list of both."""

    def __init__(self, means: MarginalMeans, contrasts: MarginalMeans) -> None:
        super().__init__({"emtrends" if means.trend else "emmeans": means, "contrasts": contrasts})
        object.__setattr__(self, "means", means)
        object.__setattr__(self, "contrasts", contrasts)


def read_specs(specs: Any, by: Any = None) -> Specs:
    """The factors, groups and contrasts that were asked for.

    Raises
    ------
    FormulaError
    """
    groups = () if by is None else (by,) if isinstance(by, str) else tuple(by)
    if not isinstance(specs, str):
        factors = tuple(specs) if isinstance(specs, Iterable) else (specs,)
        if not all(isinstance(name, str) for name in factors):
            raise FormulaError(
                f"specs should be a formula such as '~ a | b', or names of factors; got {specs!r}"
            )
        return Specs(factors, groups)
    if "~" not in specs:
        return Specs((specs,), groups)
    left, _, right = specs.partition("~")
    text = right.strip()
    if not text:
        raise FormulaError(
            f"specs: nothing stands on the right of ~ in {specs!r}: name the factors, as in '~ a | b'"
        )
    node = read(text)
    inner: tuple[str, ...] = ()
    if isinstance(node, Call) and node.function == "|":
        inner = variables_used(node.args[1])
        node = node.args[0]
    factors = variables_used(node) or (OVERALL,)
    joined = tuple(name for name in dict.fromkeys([*inner, *groups]) if name not in factors)
    return Specs(factors, joined, left.strip())


def means_over(
    grid: MarginalMeans, specs: Specs, weights: Any = "equal", offset: float | None = None
) -> MarginalMeans:
    """Averages of a grid's rows, over all that is not asked for."""
    _check_weights(weights)
    asked = (*specs.factors, *specs.by)
    for name in asked:
        if name != OVERALL and name not in grid.levels:
            raise DataError(
                f"specs: '{name}' is none of the factors of the model{nearest(name, grid.levels)}"
            )
    if grid.nests:
        return _nested(grid, specs, weights, offset)
    _warn_interaction(grid, asked)
    return _averaged(grid, specs.factors, specs.by, weights, offset)


def _check_weights(weights: Any) -> None:
    if isinstance(weights, str) and weights not in WEIGHTS:
        raise ValueError(
            f"weights should be one of {', '.join(map(repr, WEIGHTS))}, or numbers; got {weights!r}"
        )


def _averaged(
    grid: MarginalMeans, factors: Sequence[str], by: Sequence[str], weights: Any, offset: float | None
) -> MarginalMeans:
    facs = tuple(dict.fromkeys([*factors, *by]))
    levels = dict(grid.levels)
    if OVERALL in facs:
        levels[OVERALL] = ("overall",)
    sizes = [len(one) for one in levels.values()]
    names = list(levels)
    own = grid.weights if grid.weights is not None else np.ones(len(grid.linear))
    if not np.any(np.abs(own) > 1e-7):
        own = own + 1
    over = [name for name in names if len(levels[name]) > 1 and name not in facs]
    table = np.arange(len(grid.linear)).reshape(sizes, order="F")
    order = [names.index(name) for name in facs]
    rest = [k for k in range(len(names)) if k not in order]
    cells = table.transpose([*order, *rest]).reshape([*(sizes[k] for k in order), -1], order="F")
    cells = cells.reshape(-1, cells.shape[-1], order="F")  # a row for each mean, its rows of the grid
    share = _shares(weights, own, cells, table, [names.index(name) for name in over], over)
    linear = np.array([part @ grid.linear[rows] for part, rows in zip(share, cells)])
    moved = grid.offset
    if moved is not None:
        moved = np.array([part @ moved[rows] for part, rows in zip(share, cells)])
    if offset is not None:
        moved = np.full(len(cells), float(offset))
    columns = expanded({name: levels[name] for name in facs})
    labels = tuple(Label(name, tuple(columns[name]), levels[name]) for name in facs)
    shown = replace(
        grid.shown,
        estimate="emmean" if grid.shown.estimate == "prediction" else grid.shown.estimate,
        size=len(cells),
        adjust="none",
        infer=(True, False),
        primary=tuple(name for name in facs if name not in by),
        by=tuple(by),
        averaged=tuple(dict.fromkeys([*grid.shown.averaged, *over])),
    )
    return replace(
        grid,
        labels=labels,
        linear=linear,
        offset=moved,
        weights=own[cells].sum(axis=1),
        levels={name: levels[name] for name in facs},
        shown=shown,
        nests={},
        shown_rows=None,
    )


def _shares(
    weights: Any, own: np.ndarray, cells: np.ndarray, table: np.ndarray, over: list[int], names: list[str]
) -> np.ndarray:
    """Of each mean the weights of its rows of the grid, summing to 1."""
    k = cells.shape[1]
    even = np.full(cells.shape, 1 / k)
    if not over:
        return even
    if not isinstance(weights, str):
        given = np.asarray(weights, dtype=float)
        if given.shape != (k,):
            raise ValueError(
                f"weights should be {k} numbers, one for each combination of {', '.join(names)}, the first varying "
                f"fastest; got {given.size}"
            )
        return np.broadcast_to(given / given.sum(), cells.shape)
    if weights == "equal":
        return even
    if weights in ("cells", "flat"):
        here = own[cells] if weights == "cells" else (own[cells] > 0).astype(float)
        with np.errstate(all="ignore"):
            return here / here.sum(axis=1, keepdims=True)
    others = tuple(j for j in range(table.ndim) if j not in over)
    counts = own[table].sum(axis=others)
    if weights == "outer":
        total = counts.sum()
        margins = [
            counts.sum(axis=tuple(j for j in range(counts.ndim) if j != d)) / total
            for d in range(counts.ndim)
        ]
        counts = _outer(margins)
    flat = counts.ravel(order="F")
    return np.broadcast_to(flat / flat.sum(), cells.shape)


def _outer(margins: list[np.ndarray]) -> np.ndarray:
    out = np.ones(())
    for margin in margins:
        out = np.multiply.outer(out, margin)
    return out


def _warn_interaction(grid: MarginalMeans, asked: Sequence[str]) -> None:
    """R's note where a term has the factors and others beside."""
    names, table = term_table(grid.fit.terms)
    wanted = {name for name in asked if name != OVERALL} | ({grid.trend} if grid.trend else set())
    if not wanted:
        return
    for column in table.T:
        inside = {name for name, use in zip(names, column.tolist()) if use}
        if wanted < inside:
            give_warning(
                "results may be misleading due to involvement in interactions: "
                f"{', '.join(sorted(wanted))} in {':'.join(name for name in names if name in inside)}",
                DataWarning,
            )
            return


def _nested(grid: MarginalMeans, specs: Specs, weights: Any, offset: float | None) -> MarginalMeans:
    """Means where factors stand within others: only over levels that occur there."""
    nests = grid.nests
    plain = replace(grid, nests={}, shown_rows=None)
    factors, by = list(specs.factors), list(specs.by)
    nested = [name for name in dict.fromkeys([*factors, *by]) if name in nests]
    if nested:
        outer = [other for name in nested for other in nests[name]]
        factors = list(dict.fromkeys([*nested, *outer, *factors]))
        by = [name for name in by if name not in nested]
    over = [name for name in grid.levels if name not in (*factors, *by)]
    inside = [name for name in nests if name in over]
    if inside:
        plain = _within(plain, nests, inside, factors, by, weights, offset)
    means = (
        _averaged(plain, factors, by, weights, offset)
        if not plain.nests
        else _nested(plain, Specs(tuple(factors), tuple(by)), weights, offset)
    )
    shown_rows = means.shown_rows
    if nested:
        assert means.weights is not None
        values = {label.name: label.values for label in means.labels}
        shown_rows = occurring(values, means.weights, nests, nested)
    left = {name: within for name, within in nests.items() if name in means.levels}
    groups = [name for name in specs.by if name in left]
    final = (
        list(dict.fromkeys([*(o for name in groups for o in left[name]), *specs.by]))
        if groups
        else list(specs.by)
    )
    shown = replace(
        means.shown,
        by=tuple(final),
        primary=tuple(name for name in means.names if name not in final),
    )
    return replace(means, nests=left, shown_rows=shown_rows, shown=shown)


def _within(
    grid: MarginalMeans,
    nests: Nests,
    inside: list[str],
    factors: list[str],
    by: list[str],
    weights: Any,
    offset: float | None,
) -> MarginalMeans:
    """Averages over one nested factor, for each combination of those it stands in over the levels that occur there."""
    most = sorted(inside, key=lambda name: len(nests[name]))
    name = most[-1]
    others = [other for other in inside if other != name]
    outer = list(dict.fromkeys([*nests[name], *others]))
    wanted = tuple(dict.fromkeys([*factors, *by, *outer]))
    assert grid.weights is not None
    combos = expanded({o: grid.levels[o] for o in outer})
    columns = {label.name: label.values for label in grid.labels}
    parts: list[MarginalMeans] = []
    averaged: list[str] = []
    for i in range(math.prod(len(grid.levels[o]) for o in outer)):
        key = tuple(combos[o][i] for o in outer)
        rows = [k for k, found in enumerate(zip(*(columns[o] for o in outer))) if found == key]
        used = {columns[name][k] for k in rows if grid.weights[k] > 0}
        rows = [k for k in rows if columns[name][k] in used]
        if not rows:
            continue
        levels = {n: ((key[outer.index(n)],) if n in outer else one) for n, one in grid.levels.items()}
        levels[name] = tuple(v for v in grid.levels[name] if v in used)
        part = replace(rows_of(grid, rows), levels=levels)
        made = _averaged(part, wanted, (), weights, offset)
        parts.append(made)
        averaged += made.shown.averaged
    return _stacked(grid, parts, wanted, outer, tuple(dict.fromkeys(averaged)), nests)


def _stacked(
    grid: MarginalMeans,
    parts: list[MarginalMeans],
    names: tuple[str, ...],
    outer: list[str],
    averaged: tuple[str, ...],
    nests: Nests,
) -> MarginalMeans:
    levels = {n: grid.levels[n] for n in names if n in grid.levels} | (
        {OVERALL: ("overall",)} if OVERALL in names else {}
    )
    levels = {n: levels[n] for n in names}
    rank = {n: {v: k for k, v in enumerate(one)} for n, one in levels.items()}
    keys = [
        tuple(label_in(part, n).values[k] for n in names) for part in parts for k in range(len(part.linear))
    ]
    size = math.prod(map(len, levels.values()))
    strides = np.cumprod([1, *(len(one) for one in levels.values())])[:-1]
    places = [int(sum(s * rank[n][v] for s, n, v in zip(strides, names, key))) for key in keys]
    linear = np.full((size, grid.linear.shape[1]), np.nan)
    linear[places] = np.concatenate([part.linear for part in parts])
    weights = np.zeros(size)
    weights[places] = np.concatenate([part.weights for part in parts if part.weights is not None])
    offset = None
    if parts[0].offset is not None:
        offset = np.full(size, np.nan)
        offset[places] = np.concatenate([part.offset for part in parts if part.offset is not None])
    columns = expanded(levels)
    labels = tuple(Label(n, tuple(columns[n]), levels[n]) for n in names)
    left = {n: within for n, within in nests.items() if n in levels}
    shown = replace(parts[0].shown, averaged=tuple(n for n in averaged if n not in names))
    return replace(
        grid,
        labels=labels,
        linear=linear,
        offset=offset,
        weights=weights,
        levels=levels,
        nests=left,
        shown=shown,
        shown_rows=None,
    )
