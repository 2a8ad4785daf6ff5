"""Compact letter displays: means that share a letter are not told apart, R's ``cld``."""

from __future__ import annotations

import string
from dataclasses import replace
from typing import Any

import numpy as np

from ...errors import hearing
from ...render.means import MeansTable
from .contrasts import UNSET, check_means, contrast
from .estimates import (
    MarginalMeans,
    groups_of,
    label_in,
    names_in,
    only_shown,
    rows_of,
    summarise,
    with_options,
)

SYMBOLS = "1234567890" + string.ascii_uppercase + string.ascii_lowercase
NOTE = (
    "NOTE: If two or more means share the same grouping symbol,\n"
    "      then we cannot show them to be different.\n"
    "      But we also did not show them to be the same."
)


def cld(
    em: MarginalMeans,
    *,
    by: Any = UNSET,
    alpha: float = 0.05,
    Letters: str = SYMBOLS,
    reversed: bool = False,
    sort: bool = True,
    signif_sets: bool = False,
    delta: float = 0.0,
    adjust: str | None = None,
    **options: Any,
) -> MeansTable:
    """Means in order, with symbols that those share which a test of all pairs does not tell apart; R's ``cld``.

    Parameters
    ----------
    em : MarginalMeans
    by : str or sequence of str, optional
        Groups; default: those of `em`.
    alpha : float
        A pair with a smaller probability is told apart.
    Letters : str
        The symbols.
    reversed : bool
        The largest first.
    sort : bool
        By the estimates.
    signif_sets : bool
        Symbols are shared by those that are told apart.
    delta : float
        Test equivalence with this threshold instead: symbols are shared by those found equivalent.
    adjust : str, optional
        Of the comparisons and the intervals; default: tukey, and none.
    **options
        As of `MarginalMeans.summary`.

    Returns
    -------
    MeansTable
        As the summary's, with ``group`` (printed ``.group``).

    References
    ----------
    Piepho (2004), An algorithm for a letter-based representation of all-pairwise comparisons, Journal of
    Computational and Graphical Statistics 13.

    Examples
    --------
    >>> import pandas as pd
    >>> from glmformula import cld, datasets, emmeans, lm
    >>> staff = datasets.attrition()
    >>> staff["career"] = pd.cut(staff["experience_years"], [-1, 3, 6, 12], labels=["early", "middle", "late"])
    >>> cld(emmeans(lm("overtime_hours ~ career", staff), "~ career"))
     career emmean    SE  df lower.CL upper.CL .group
     late     7.63 0.224 497     7.19     8.08  1
     early    7.65 0.219 497     7.22     8.08  1
     middle   8.07 0.162 497     7.75     8.38  1
    <BLANKLINE>
    Confidence level used: 0.95
    P value adjustment: tukey method for comparing a family of 3 estimates
    significance level used: alpha = 0.05
    NOTE: If two or more means share the same grouping symbol,
          then we cannot show them to be different.
          But we also did not show them to be the same.
    """
    em = check_means(em, "cld()")
    if not isinstance(Letters, str) or len(set(Letters)) < 2:
        raise ValueError(f"Letters should be a text of at least two symbols; got {Letters!r}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha should be between 0 and 1; got {alpha!r}")
    groups = em.shown.by if by is UNSET else () if by is None else names_in(em, by)
    em = replace(only_shown(em), nests={})
    em = with_options(em, {"by": groups, "adjust": adjust, **options})
    table = summarise(em)
    if sort:
        estimates = np.asarray(table.columns[table.estimate], dtype=float)
        ranks = [label_in(em, name).ranks() for name in groups]
        order = sorted(
            range(table.nrows), key=lambda k: (*(r[k] for r in ranks), np.isnan(estimates[k]), estimates[k])
        )
        em = replace(rows_of(em, order), levels=em.levels)
        table = _rows(table, order)
    with hearing():
        pairs = contrast(em, "revpairwise", by=groups or None)
        tests = pairs.test(delta=delta or None, adjust=adjust, side=None)
    signif_sets = signif_sets or delta > 0
    p = np.asarray(tests.columns["p.value"], dtype=float)
    with np.errstate(invalid="ignore"):
        apart = (p >= alpha) if signif_sets else (p < alpha)
    symbols = [""] * table.nrows
    for rows, which in zip(
        groups_of(table.labels, groups, table.nrows), groups_of(pairs.labels, groups, len(pairs.linear))
    ):
        found = letters(len(rows), apart[which], Letters, reversed)
        for k, text in zip(rows.tolist(), found):
            symbols[k] = f" {text}"
    missing = np.isnan(np.asarray(table.columns["SE"], dtype=float))
    symbols = ["" if no else text for text, no in zip(symbols, missing.tolist())]
    if not signif_sets:
        name, last = ".group", NOTE
    elif delta:
        name, last = ".equiv.set", "Estimates sharing the same symbol test as equivalent"
    else:
        name, last = ".signif.set", "Estimates sharing the same symbol are significantly different"
    messages = (*table.messages, *tests.messages, f"significance level used: alpha = {alpha:.7g}", last)
    table = replace(table, columns={**table.columns, name: symbols}, messages=tuple(dict.fromkeys(messages)))
    if sort and reversed:
        order = [int(k) for rows in groups_of(table.labels, groups, table.nrows) for k in rows[::-1]]
        table = _rows(table, order)
    return table


def _rows(table: MeansTable, order: list[int]) -> MeansTable:
    columns = {
        name: [values[k] for k in order] if isinstance(values, list) else values[order]
        for name, values in table.columns.items()
    }
    return replace(table, labels=tuple(label.take(order) for label in table.labels), columns=columns)


def letters(n: int, apart: np.ndarray, symbols: str = SYMBOLS, reversed: bool = False) -> list[str]:
    """Symbols of n means, from which pairs (1-2, 1-3, 2-3, 1-4 ...) are told apart; blanks for those not shared.

    Sets are split by each pair that is told apart, and those within others absorbed.
    """
    if not apart.any():
        return [symbols[0]] * n
    pairs = [(i, j) for j in range(1, n) for i in range(j)]
    table = np.ones((n, 1), dtype=bool)
    for (i, j), distinct in zip(pairs, apart.tolist()):
        both = table[i] & table[j]
        if not distinct or not both.any():
            continue
        split = table[:, both].copy()
        split[i] = False
        table[j, both] = False
        table = _absorbed(np.concatenate([table, split], axis=1))
    table = _ordered(table)
    if reversed:
        table = table[:, ::-1]
    names = _symbols(table.shape[1], symbols)
    return ["".join(s if here else " " * len(s) for s, here in zip(names, row)) for row in table.tolist()]


def _absorbed(table: np.ndarray) -> np.ndarray:
    changed = True
    while changed:
        changed = False
        k = table.shape[1]
        for i in range(k - 1):
            for j in range(i + 1, k):
                gone = j if table[table[:, j], i].all() else i if table[table[:, i], j].all() else None
                if gone is not None:
                    table = np.delete(table, gone, axis=1)
                    changed = True
                    break
            if changed:
                break
    return table


def _first(table: np.ndarray) -> np.ndarray:
    """The first row of each column that has any; beyond the last where none has."""
    return np.where(table.any(axis=0), table.argmax(axis=0), len(table))


def _ordered(table: np.ndarray) -> np.ndarray:
    table = table[:, np.argsort(_first(table), kind="stable")]
    first = _first(table)
    for i in np.flatnonzero(np.diff(first) == 0).tolist():
        rows = slice(int(first[i]) + 1, None)
        part = table[rows, i : i + 2]
        if len(part):
            table[rows, i : i + 2] = _ordered(part.copy())
    return table


def _symbols(k: int, symbols: str) -> list[str]:
    known = list(symbols)
    out: list[str] = []
    while len(known) <= k - len(out):
        out += known[:-1]
        known = [known[-1] + one for one in known[:-1]] + [known[-1]]
    return out + known[: k - len(out)]
