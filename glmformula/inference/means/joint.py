"""Joint tests of the terms of a model by contrasts of its marginal means, R's ``joint_tests``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ...errors import DataError, hearing, nearest
from ...render.means import Label, MeansTable
from ...render.numbers import round_half
from ..distributions import f_upper
from ..wald import Vcov
from .contrasts import contrast
from .estimates import MarginalMeans, groups_of, label_in, only_shown
from .grid import Asking, Reduce, reference_grid
from .means import Specs, means_over
from .nests import term_table

RANK = 1e-7
ZERO = 1e-7
DEPENDENT = "d: df1 reduced due to linear dependence"
NOT_ESTIMABLE = "e: df1 reduced due to non-estimability"
NOTES = ("", " d", "   e", " d e")


def joint_tests(
    fit: Any,
    by: Any = None,
    *,
    at: Mapping[str, Any] | None = None,
    cov_reduce: Reduce = "meanint",
    weights: Any = "equal",
    vcov: Vcov = None,
    show0df: bool = False,
    showconf: bool = True,
    data: Any = None,
) -> MeansTable:
    """Tests of each term by contrasts of marginal means, like type III tests; R's ``joint_tests``.

    For each set of factors in some term: are all contrasts of its marginal means, of all its factors in turn, zero?
    Numbers are taken at their mean less and plus 1.

    Parameters
    ----------
    fit : GLM, LM, GLMNB or MarginalMeans
    by : str or sequence of str, optional
        Separate tests within the levels of these factors.
    at, cov_reduce, weights, vcov, data
        As for `emmeans`.
    show0df : bool
        Show terms of which nothing can be tested.
    showconf : bool
        Show what cannot be told to be of one term, as ``(confounded)``.

    Returns
    -------
    MeansTable
        ``model_term df1 df2 F_ratio p_value``, and ``note`` where degrees of freedom were lost. F is rounded to three
        decimals, as R has it.

    Raises
    ------
    DataError
        No factors to test; an unknown name in `by`.

    Examples
    --------
    >>> import pandas as pd
    >>> from glmformula import datasets, glm, joint_tests
    >>> staff = datasets.attrition()
    >>> staff["career"] = pd.cut(staff["experience_years"], [-1, 3, 6, 12], labels=["early", "middle", "late"])
    >>> joint_tests(glm("sick_days ~ career * overtime_hours", staff, family="poisson"))
     model term            df1 df2 F.ratio p.value
     career                  2 Inf   0.062  0.9399
     overtime_hours          1 Inf  15.627  0.0001
     career:overtime_hours   2 Inf   1.555  0.2112
    """
    with hearing():
        grid = (
            fit
            if isinstance(fit, MarginalMeans)
            else reference_grid(fit, Asking(at, cov_reduce, vcov, data=data))
        )
        groups = () if by is None else (by,) if isinstance(by, str) else tuple(by)
        for name in groups:
            if name not in grid.levels:
                raise DataError(
                    f"by: '{name}' is none of the factors of the model{nearest(name, grid.levels)}"
                )
        return _tested(grid, groups, weights, show0df, showconf)


def _tested(
    grid: MarginalMeans, by: tuple[str, ...], weights: Any, show0df: bool, showconf: bool
) -> MeansTable:
    factors = [name for name in grid.levels if name not in by and name != "1"]
    if not factors:
        raise DataError("there are no factors to test")
    terms = _terms(grid, factors)
    found: list[tuple[str, MeansTable, list[np.ndarray]]] = []
    for these in _subsets(factors, terms):
        nesters = tuple(dict.fromkeys(o for name in these for o in grid.nests.get(name, ())))
        if set(nesters) - set(these):
            continue
        means = means_over(grid, Specs(these, by), weights)
        made = contrast(means, "consec", interaction="consec", by=tuple(dict.fromkeys([*by, *nesters])))
        table, functions = _joint(made, by, 0.0)
        found.append((":".join(these), table, functions))
    order = sorted(range(len(found)), key=lambda k: found[k][0].count(":"))
    found = [found[k] for k in order]
    if showconf and found:
        found.append(("(confounded)", _confounded(grid, by, [functions for _, _, functions in found]), []))
    return _listed(found, by, show0df)


def _terms(grid: MarginalMeans, factors: list[str]) -> list[set[str]]:
    names, table = term_table(grid.fit.terms)
    terms = [{name for name, use in zip(names, column.tolist()) if use} for column in table.T]
    known = {name for term in terms for name in term}
    beyond = {name for name in factors if name not in known}
    terms = [term | beyond for term in terms] or [set(factors)]
    return terms + [{name, *within} for name, within in grid.nests.items()]


def _subsets(factors: list[str], terms: list[set[str]]) -> list[tuple[str, ...]]:
    """The sets of factors that some term has, in the order of a walk that adds a later factor at each step."""
    out: list[tuple[str, ...]] = []

    def walk(these: tuple[str, ...], start: int) -> None:
        if these and any(set(these) <= term for term in terms):
            out.append(these)
        for i in range(start, len(factors)):
            walk((*these, factors[i]), i + 1)

    walk((), 0)
    return out


def joint_test(means: MarginalMeans, null: float = 0.0, by: Any = None) -> MeansTable:
    """One test of all estimates of each group."""
    groups = means.shown.by if by is None else (by,) if isinstance(by, str) else tuple(by)
    return _joint(only_shown(means), groups, null)[0]


def _joint(means: MarginalMeans, by: tuple[str, ...], null: float) -> tuple[MeansTable, list[np.ndarray]]:
    means = only_shown(means)
    groups = groups_of(means.labels, by, len(means.linear))
    results = [_one(means, rows, null) for rows in groups]
    df2 = np.array([_denominator(means, rows) for rows in groups])
    labels = tuple(label_in(means, name).take([int(rows[0]) for rows in groups]) for name in by)
    df1 = np.array([r[0] for r in results], dtype=float)
    F = np.array([r[1] for r in results])
    p = np.array(
        [
            float(f_upper(np.array(f), np.array(d), e)) if d else math.nan
            for f, d, e in zip(F, df1, df2.tolist())
        ]
    )
    notes = [r[2] for r in results]
    columns: dict[str, Any] = {
        "df1": df1,
        "df2": np.where(df1 > 0, round_half(df2, 2), np.nan),
        "F.ratio": np.array(round_half(F, 3)),
        "p.value": p,
    }
    messages = []
    if any(notes):
        columns["note"] = [NOTES[k] for k in notes]
        messages = _messages(columns["note"])
    return MeansTable(labels, columns, "F.ratio", (), tuple(messages)), [r[3] for r in results]


def _denominator(means: MarginalMeans, rows: np.ndarray) -> float:
    """Degrees of freedom of a joint test: the least of those of orthonormal functions, as emmeans."""
    if means.shown.df is not None:
        return means.shown.df
    L = np.nan_to_num(means.linear[rows])
    return float(np.min(means.basis.df_of(np.linalg.qr(L.T)[0].T[: np.linalg.matrix_rank(L)])))


def _messages(notes: list[str]) -> list[str]:
    out = [DEPENDENT] if any("d" in note for note in notes) else []
    return out + ([NOT_ESTIMABLE] if any("e" in note for note in notes) else [])


def _one(means: MarginalMeans, rows: np.ndarray, null: float) -> tuple[int, float, int, np.ndarray]:
    """df1, F, the note, and an orthonormal basis of what is tested."""
    basis = means.basis
    L = means.linear[rows]
    lost = np.isnan(L).any(axis=1) | (L == 0).all(axis=1)
    L = L[~lost]
    note = 2 * int(lost.any())
    if basis.null_space is not None and len(L) and not basis.estimable(L).all():
        L = _estimable_part(L, basis.null_space)
        note |= 2
    inside = np.where(np.abs(L) < ZERO, 0.0, L)
    left, size, right = np.linalg.svd(inside, full_matrices=False)
    r = int((size > RANK * max(size.max(initial=0.0), 1e-300)).sum()) if len(size) else 0
    if r == 0:
        return 0, math.nan, 3, np.zeros((0, L.shape[1]))
    if r < len(L):
        if null:
            raise DataError("rows are linearly dependent: cannot do the test when null is not 0")
        note |= 1
    Q = right[:r]
    kept = basis.kept
    z = Q[:, kept] @ basis.estimates[kept]
    if null:
        z = z - (left[:, :r].T @ np.full(len(L), null)) / size[:r]
    cov = Q[:, kept] @ np.asarray(basis.cov @ Q[:, kept].T)
    F = float(z @ np.linalg.solve(cov, z)) / r
    return r, F, note, Q


def _estimable_part(L: np.ndarray, null_space: np.ndarray) -> np.ndarray:
    """Combinations of the rows that have an estimate."""
    reach = L @ null_space
    reach[np.abs(reach) <= 1e-8] = 0
    left, size, _ = np.linalg.svd(reach, full_matrices=True)
    rank = int((size > RANK * size.max(initial=0.0)).sum())
    out: np.ndarray = left[:, rank:].T @ L
    return out


def _confounded(grid: MarginalMeans, by: tuple[str, ...], functions: list[list[np.ndarray]]) -> MeansTable:
    """What is left of all differences of the grid's rows when the terms have been tested."""
    every = contrast(replace(grid, shown=replace(grid.shown, by=by)), "consec", by=by or None, name=".cnt.")
    whole, _ = _joint(every, by, 0.0)
    groups = len(functions[0])
    parts = [np.concatenate([term[g] for term in functions]) for g in range(groups)]
    df1, F = [], []
    for part, ref1, ref in zip(parts, whole.columns["df1"], whole.columns["F.ratio"]):
        r, f, _, _ = (
            _one(replace(every, linear=part), np.arange(len(part)), 0.0) if len(part) else (0, 0.0, 0, part)
        )
        rest = ref1 - r
        df1.append(rest)
        F.append((ref1 * ref - r * round_half([f], 3)[0]) / rest if rest else math.nan)
    df2 = whole.columns["df2"]
    p = [
        float(f_upper(np.array(max(f, 0.0)), np.array(d), float(e))) if d > 0 else math.nan
        for f, d, e in zip(F, df1, df2)
    ]
    columns = {"df1": np.array(df1), "df2": df2, "F.ratio": np.array(F), "p.value": np.array(p)}
    return MeansTable(whole.labels, columns, "F.ratio")


def _listed(
    found: list[tuple[str, MeansTable, list[np.ndarray]]], by: tuple[str, ...], show0df: bool
) -> MeansTable:
    terms: list[str] = []
    notes: list[str] = []
    values: dict[str, list[float]] = {name: [] for name in ("df1", "df2", "F.ratio", "p.value")}
    groups: dict[str, list[Any]] = {name: [] for name in by}
    levels: dict[str, tuple[Any, ...]] = {}
    for term, table, _ in found:
        for k in range(table.nrows):
            if not (show0df or table.columns["df1"][k] > 0):
                continue
            terms.append(term)
            notes.append(table.columns["note"][k] if "note" in table.columns else "")
            for name in values:
                values[name].append(float(table.columns[name][k]))
            for label in table.labels:
                groups[label.name].append(label.values[k])
                levels[label.name] = label.levels
    labels = (
        Label("model term", tuple(terms)),
        *(Label(name, tuple(groups[name]), levels.get(name, ())) for name in by),
    )
    columns: dict[str, Any] = {name: np.array(column) for name, column in values.items()}
    messages: list[str] = []
    if any(notes):
        columns["note"] = notes
        messages = _messages(notes)
    return MeansTable(labels, columns, "F.ratio", by, tuple(messages))
