"""The text of mixed models, as lme4 prints them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .cells import Cells, coefmat, five_numbers, named_numbers
from .console import display_width
from .influence import abbreviate
from .numbers import format_number, format_numbers, round_half, zapsmall
from .report import Block

DIGITS = 4
WIDTH = 80
MOST_CORRELATED = 12  # R's getOption("lme4.summary.cor.max")


@dataclass(frozen=True)
class VarianceRows:
    """Standard deviations (k,) and correlations (k, k) of each term, and the residual standard deviation."""

    names: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    deviations: tuple[np.ndarray, ...]
    correlations: tuple[np.ndarray, ...]
    sc: float | None


@dataclass(frozen=True)
class MixedTexts:
    """What a printed mixed model is made of.

    Attributes
    ----------
    title : str
        What was fitted and how.
    kind : str
        lme4's class.
    family, link : str or None
    call : tuple of (str, str)
        "Formula", "Data" ... and what is said behind them.
    criteria : tuple of (str, float)
        One, the REML criterion; or AIC, BIC, logLik, deviance, df.resid.
    quantiles : tuple of float or None
        Of the scaled residuals.
    variances : VarianceRows
    rows : int
    groups : tuple of (str, int)
    names : tuple of str
    values : ndarray (r, k)
        Of the table of fixed effects.
    columns : tuple of str (k,)
    correlation : ndarray (r, r) or None
    notes : tuple of str
    """

    title: str
    kind: str
    family: str | None
    link: str | None
    call: tuple[tuple[str, str], ...]
    criteria: tuple[tuple[str, float], ...]
    quantiles: tuple[float, ...] | None
    variances: VarianceRows
    rows: int
    groups: tuple[tuple[str, int], ...]
    names: tuple[str, ...]
    values: np.ndarray
    columns: tuple[str, ...]
    correlation: np.ndarray | None
    notes: tuple[str, ...] = ()
    signif_stars: bool = True


def varcorr_cells(rows: VarianceRows, digits: int, comp: Sequence[str]) -> Cells:
    """lme4's ``formatVC``."""
    lengths = [len(own) for own in rows.columns]
    groups: list[str] = []
    names: list[str] = []
    deviations: list[float] = []
    for name, columns, own in zip(rows.names, rows.columns, rows.deviations, strict=True):
        groups += [name, *[""] * (len(columns) - 1)]
        names += columns
        deviations += own.tolist()
    if rows.sc is not None:
        groups.append("Residual")
        names.append("")
        deviations.append(rows.sc)
    body = [tuple(groups), tuple(names)]
    if "Variance" in comp:
        body.append(tuple(format_numbers([v * v for v in deviations], digits)))
    if "Std.Dev." in comp:
        body.append(tuple(format_numbers(deviations, digits)))
    headings = ["Groups", "Name", *(c for c in ("Variance", "Std.Dev.") if c in comp)]
    widest = max(lengths)
    if widest > 1:
        table: list[list[str]] = []
        places = max(2, digits - 2)
        for own in rows.correlations:
            k = len(own)
            texts = format_numbers(round_half(own.T.ravel(), places), nsmall=places, na="NaN")
            for a in range(k):
                table.append([texts[b * k + a] if b < a else "" for b in range(k)] + [""] * (widest - k))
        if rows.sc is not None:
            table.append([""] * widest)
        body += [tuple(row[b] for row in table) for b in range(widest - 1)]
        headings += ["Corr", *[""] * (widest - 2)]
    left = frozenset(range(len(headings)))
    return Cells(("",) * len(groups), tuple(headings), tuple(body), left=left)


def summary_blocks(texts: MixedTexts, digits: int | None = None) -> list[Block]:
    """lme4's ``print.summary.merMod``."""
    digits = digits or DIGITS
    blocks: list[Block] = [_head(texts), "\n", *_criteria(texts, 1), "\n"]
    if texts.quantiles is not None:
        rounded = zapsmall(texts.quantiles, digits + 1)
        blocks += ["Scaled residuals: \n", five_numbers(rounded, digits), "\n"]
    blocks += [
        "Random effects:\n",
        varcorr_cells(texts.variances, digits, ("Variance", "Std.Dev.")),
        _groups(texts),
    ]
    if len(texts.names):
        blocks += [
            "\nFixed effects:\n",
            coefmat(
                texts.values.T.tolist(), texts.columns, texts.names, digits, signif_stars=texts.signif_stars
            ),
        ]
        blocks += _correlation(texts)
    return [*blocks, *(f"{note}\n" for note in texts.notes)]


def print_blocks(texts: MixedTexts) -> list[Block]:
    """lme4's ``print.merMod``."""
    blocks: list[Block] = [_head(texts), *_criteria(texts, 4)]
    blocks += ["Random effects:\n", varcorr_cells(texts.variances, DIGITS, ("Std.Dev.",)), _groups(texts)]
    if len(texts.names):
        blocks += [
            "Fixed Effects:\n",
            named_numbers(texts.values[:, 0].tolist(), texts.names, DIGITS, gap=2),
        ]
    else:
        blocks.append("No fixed effect coefficients\n")
    return [*blocks, *(f"{note}\n" for note in texts.notes)]


def _head(texts: MixedTexts) -> str:
    if len(texts.title) + 5 + len(texts.kind) > WIDTH:
        out = filled([*_wrapped(texts.title, WIDTH - 2), " [", texts.kind, "]"], "")
    else:
        out = f"{texts.title} ['{texts.kind}']\n"
    if texts.family is not None:
        out += filled([" Family:", texts.family, f" ( {texts.link} )"])
    return out + "".join(filled([f"{name.rjust(7)}:", *text.split("\n")]) for name, text in texts.call)


def filled(items: Sequence[str], separator: str = " ") -> str:
    """R's ``cat(..., fill = TRUE)``: items on lines of at most 80, a separator left at the end of a line."""
    text, used = "", 0
    for place, item in enumerate(items):
        size = display_width(item) + len(separator)
        if place:
            text += separator
        if used and used + size > WIDTH:
            text, used = text + "\n", 0
        text, used = text + item, used + size
    return text + "\n"


def _wrapped(text: str, width: int) -> list[str]:
    """R's ``strwrap(text, width, exdent = 2)``: lines of less than `width` - 1 characters."""
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) >= width - 1:
            lines.append(line)
            line = "  " + word
        else:
            line = f"{line} {word}" if line.strip() else line + word
    return [*lines, line]


def _criteria(texts: MixedTexts, digits: int) -> list[Block]:
    names = [name for name, _ in texts.criteria]
    numbers = round_half([value for _, value in texts.criteria], digits)
    if names == ["REML"]:
        return [f"REML criterion at convergence: {format_number(numbers[0])}\n"]
    shown = format_numbers(numbers)
    shown[-1] = format_number(numbers[-1])
    width = max(map(len, [*names, *shown]))
    return [
        " ".join(name.rjust(width) for name in names)
        + " \n"
        + " ".join(t.rjust(width) for t in shown)
        + " \n"
    ]


def _groups(texts: MixedTexts) -> str:
    counts = "; ".join(f"{name}, {count}" for name, count in texts.groups)
    return filled([f"Number of obs: {texts.rows}, groups: ", counts])


def _correlation(texts: MixedTexts) -> list[Block]:
    p = len(texts.names)
    if texts.correlation is None or p < 2:
        return []
    names, short = abbreviate(texts.names, 11), abbreviate(texts.names, 6)
    values = texts.correlation.T.ravel()
    cells = format_numbers(round_half(values, 3), nsmall=3)
    body = tuple(tuple(cells[j * p + i] if i > j else "" for i in range(1, p)) for j in range(p - 1))
    return [
        "\nCorrelation of Fixed Effects:\n",
        Cells(tuple(names[1:]), tuple(short[:-1]), body, left=frozenset(range(p - 1))),
    ]
