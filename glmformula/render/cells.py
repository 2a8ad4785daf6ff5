"""Character matrices: numbers already as text, not yet laid out: R's printCoefmat, print.anova, print."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .numbers import (
    EPS,
    STAR_LEGEND,
    format_numbers,
    format_pval,
    round_half,
    stars,
    zapsmall,
)

Column = Sequence[float]
TEST_COLUMNS = frozenset({"F", "Cp", "Chisq"})


@dataclass(frozen=True)
class Cells:
    """A table of text.

    Attributes
    ----------
    rows, columns : tuple of str
        Row labels (n,) and headings (k,).
    body : tuple of k columns, each a tuple of n str
    note : str
        Legend printed under the table, '' for none.
    left : frozenset of int
        Columns set flush left (the stars); the others are flush right.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]
    note: str = ""
    left: frozenset[int] = frozenset()


@dataclass(frozen=True)
class NamedVector:
    """Texts with a name each, printed as R prints a named vector."""

    names: tuple[str, ...]
    texts: tuple[str, ...]
    gap: int = 1

    def cells(self, heading: str = "") -> Cells:
        """The same as a one-column table, for reports."""
        return Cells(self.names, (heading,), (tuple(t.strip() for t in self.texts),))


def coefmat(
    columns: Sequence[Column],
    names: Sequence[str],
    rows: Sequence[str],
    digits: int = 5,
    *,
    cs_ind: Sequence[int] | None = None,
    tst_ind: Sequence[int] | None = None,
    zap_ind: Sequence[int] = (),
    has_p: bool | None = None,
    dig_tst: int | None = None,
    eps: float = EPS,
    na_print: str = "NA",
    nan: Sequence[Sequence[bool]] | None = None,
    signif_stars: bool = True,
) -> Cells:
    """R's ``printCoefmat`` as text.

    Parameters
    ----------
    columns : k sequences of n numbers
    names, rows : headings (k,) and row labels (n,)
    digits : int
        Significant digits of the estimates (R's ``getOption("digits") - 2``; summaries use 4).
    cs_ind, tst_ind, zap_ind : column indices from 0
        Estimates and standard errors (formatted together, to `digits` digits of the smallest), test
        statistics (rounded to `dig_tst` decimals), columns to ``zapsmall``. The others are formatted each by
        itself.
        By default the last column before the p-values is the statistic, all before it are estimates.
    has_p : bool, optional
        Whether the last column holds p-values; by default read off its name, as R does.
    dig_tst : int, optional
        ``max(1, min(5, digits - 1))`` by default.
    eps : float
        p-values below it print as ``<eps``.
    na_print : str
        Text for missing numbers.
    nan : k sequences of n bool, optional
        Where a NaN is a failed computation (printed ``NaN``) and not R's NA.
    signif_stars : bool
        Add a column of stars and its legend if any p-value is below 0.1.
    """
    k = len(columns)
    if has_p is None:
        has_p = k >= 4 and names[-1][:3] in ("Pr(", "p-v")
    if dig_tst is None:
        dig_tst = max(1, min(5, digits - 1))
    last = k - has_p
    if tst_ind is None:
        tst_ind = (last - 1,)
    if cs_ind is None:
        cs_ind = range(last - len(tst_ind))
    values = [[float(v) for v in c] for c in columns]
    for j in zap_ind:
        values[j] = zapsmall(values[j], digits)
    words = [_words(bad) for bad in nan] if nan is not None else None

    def formatted(together: Sequence[int], numbers: list[float]) -> None:
        """Format the numbers of some columns in one common format and put them in their places."""
        word = "NA" if words is None else [w for j in together for w in words[j]]
        texts = iter(format_numbers(numbers, digits, na=word))
        for j in together:
            text[j] = [next(texts) for _ in values[j]]

    text: list[list[str]] = [[""] * len(c) for c in values]
    estimates = [v for j in cs_ind for v in values[j]]
    sizes = [abs(v) for v in estimates if math.isfinite(v)]
    if sizes:
        smallest = min((s for s in sizes if s), default=None)
        places = 1 + (math.floor(math.log10(smallest)) if smallest else 0)
        formatted(cs_ind, round_half(estimates, max(1, digits - places)))
    if tst_ind:
        formatted(tst_ind, round_half([v for j in tst_ind for v in values[j]], dig_tst))
    plain = [j for j in range(last) if j not in cs_ind and j not in tst_ind]
    for j in plain:
        formatted((j,), values[j])
    _reformat_false_zeros(text, values, [j for j in range(last) if j not in tst_ind], digits)
    for j, column in enumerate(values):
        for i, v in enumerate(column):
            if math.isnan(v):
                text[j][i] = "NaN" if nan is not None and nan[j][i] else na_print
    headings, left, note = tuple(names), frozenset[int](), ""
    if has_p:
        pv = values[-1]
        text[-1] = [
            old if math.isnan(p) else new
            for p, old, new in zip(pv, text[-1], format_pval(pv, dig_tst, eps), strict=True)
        ]
        if signif_stars and any(p < 0.1 for p in pv):
            text.append(stars(pv))
            headings, left, note = (*headings, ""), frozenset({k}), f"Signif. codes:  {STAR_LEGEND}"
    return Cells(tuple(rows), headings, tuple(map(tuple, text)), note, left)


def _reformat_false_zeros(
    text: list[list[str]], values: Sequence[Sequence[float]], columns: Sequence[int], digits: int
) -> None:
    """Numbers that are zero only as printed are formatted again, together, with one digit less."""
    places = [
        (j, i)
        for j in columns
        for i, v in enumerate(values[j])
        if not math.isnan(v) and text[j][i] and (v == 0) != (float(text[j][i]) == 0)
    ]
    again = format_numbers([values[j][i] for j, i in places], max(1, digits - 1)) if places else ()
    for (j, i), new in zip(places, again, strict=True):
        text[j][i] = new


def anova(
    columns: Sequence[Column],
    names: Sequence[str],
    rows: Sequence[str],
    digits: int = 5,
    *,
    nan: Sequence[Sequence[bool]] | None = None,
    signif_stars: bool = True,
) -> Cells:
    """R's ``print.anova`` as text: tests known by name, degrees of freedom left alone, the rest zapped."""
    has_p = bool(names) and names[-1].startswith(("P(", "Pr("))
    tests = [j for j, name in enumerate(names) if name[1:7] == " value" or name in TEST_COLUMNS]
    numbers = range(len(names) - has_p)
    zapped = [j for j in numbers if j not in tests and not names[j].endswith("Df")]
    return coefmat(
        columns,
        names,
        rows,
        digits,
        cs_ind=(),
        tst_ind=tests,
        zap_ind=zapped,
        has_p=has_p,
        na_print="",
        nan=nan,
        signif_stars=signif_stars,
    )


def matrix(
    columns: Sequence[Column],
    names: Sequence[str],
    rows: Sequence[str],
    digits: int = 7,
    nan: Sequence[Sequence[bool]] | None = None,
) -> Cells:
    """R's ``print`` of a numeric matrix as text: each column in its own common format."""
    words = [_words(bad) for bad in nan] if nan is not None else ["NA"] * len(columns)
    body = tuple(tuple(format_numbers(c, digits, na=word)) for c, word in zip(columns, words))
    return Cells(tuple(rows), tuple(names), body)


def _words(nan: Sequence[bool]) -> list[str]:
    """What a missing number prints as: NaN where a computation failed, R's NA elsewhere."""
    return ["NaN" if failed else "NA" for failed in nan]


def correlation(values: np.ndarray, names: Sequence[str], digits: int = 4) -> Cells:
    """The lower triangle of a correlation matrix (p, p) with two decimals, as a summary prints it."""
    p = len(names)
    texts = format_numbers(round_half(np.asarray(values, float).ravel(), 2), digits, nsmall=2)
    body = tuple(tuple(texts[i * p + j] if i > j else "" for i in range(1, p)) for j in range(p - 1))
    return Cells(tuple(names[1:]), tuple(names[:-1]), body, left=frozenset(range(p - 1)))


def named_numbers(values: Column, names: Sequence[str], digits: int = 7, gap: int = 1) -> NamedVector:
    """R's print of a named numeric vector."""
    return NamedVector(tuple(names), tuple(format_numbers(values, digits)), gap)


def five_numbers(values: Column, digits: int) -> NamedVector:
    """Quantiles of residuals, as summaries print them."""
    return named_numbers(values, ("Min", "1Q", "Median", "3Q", "Max"), digits)
