"""The text of R's print.glm and print.summary.glm (R >= 4.3: without the quantiles of the residuals)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .cells import coefmat, correlation, named_numbers
from .numbers import format_number, format_numbers, signif
from .report import Block

DIGITS = 4  # R: max(3, getOption("digits") - 3)


@dataclass(frozen=True)
class SummaryParts:
    """What a printed summary is made of (p columns, rank r).

    Attributes
    ----------
    call : str
        The call's text.
    names : tuple of str (p,)
        Coefficient names, aliased ones included.
    coefficients : ndarray (r, k)
        Rows of the table over the coefficients that are not aliased; NaN prints as ``NaN``.
    columns : tuple of str (k,)
        ``Estimate``, ``Std. Error``, ``t value`` or ``z value``, ``Pr(>|t|)`` or ``Pr(>|z|)``.
    aliased : ndarray of bool (p,)
    family : str
        The family's name as R prints it (``Negative Binomial(2)``).
    dispersion : float
    null_deviance, deviance : float
    df_null, df_residual : float
    aic : float
        NaN prints as NA.
    iter : int
    n_omitted : int
        Rows deleted due to missingness.
    correlation : ndarray (r, r) or None
    notes : tuple of str
        Our own lines after R's text (no convergence, separation ...).
    errors : tuple of str
        Which standard errors those of the table are, where not the model's own.
    footer : str
        What the model prints beside: theta of a negative binomial.
    digits : int
        Significant digits; `signif_stars`: whether there are stars and their legend.
    """

    call: str
    names: tuple[str, ...]
    coefficients: np.ndarray
    columns: tuple[str, ...]
    aliased: np.ndarray
    family: str
    dispersion: float
    null_deviance: float
    deviance: float
    df_null: float
    df_residual: float
    aic: float
    iter: int
    n_omitted: int = 0
    correlation: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    footer: str = ""
    digits: int = DIGITS
    signif_stars: bool = True


@dataclass(frozen=True)
class PrintParts:
    """What a printed fit is made of; `coefficients` (p,) are NaN where aliased. Else as in SummaryParts."""

    call: str
    names: tuple[str, ...]
    coefficients: np.ndarray
    null_deviance: float
    deviance: float
    df_null: float
    df_residual: float
    aic: float
    n_omitted: int = 0
    notes: tuple[str, ...] = ()


def omitted_line(n_omitted: int) -> str:
    """R's ``naprint`` of omitted rows, '' for none."""
    if not n_omitted:
        return ""
    return f"  ({n_omitted} observation{'s' if n_omitted > 1 else ''} deleted due to missingness)\n"


def summary_blocks(parts: SummaryParts, digits: int | None = None) -> list[Block]:
    """R's ``print(summary(fit))`` as blocks, before rendering; `digits` in place of the parts' own."""
    digits = digits or parts.digits
    blocks: list[Block] = [f"\nCall:\n{parts.call}\n\n", *coefficient_blocks(parts, digits)]
    deviances = format_numbers((parts.null_deviance, parts.deviance), max(5, digits + 1))
    freedoms = format_numbers((parts.df_null, parts.df_residual))
    lines = "".join(
        f"{which} deviance: {deviance}  on {df}  degrees of freedom\n"
        for which, deviance, df in zip(("    Null", "Residual"), deviances, freedoms, strict=True)
    )
    blocks += [f"\n{line}\n" for line in parts.errors]
    blocks.append(
        f"\n(Dispersion parameter for {parts.family} family taken to be "
        f"{format_number(parts.dispersion, na='NaN')})\n\n{lines}{omitted_line(parts.n_omitted)}"
        f"AIC: {format_number(parts.aic, max(4, digits + 1))}\n\n"
        f"Number of Fisher Scoring iterations: {parts.iter}\n"
    )
    kept = [n for n, gone in zip(parts.names, parts.aliased, strict=True) if not gone]
    if parts.correlation is not None and len(kept) > 1:
        blocks += ["\nCorrelation of Coefficients:\n", correlation(parts.correlation, kept, digits)]
    blocks.append(f"\n{parts.footer}")
    return blocks + note_blocks(parts.notes)


class TableParts(Protocol):
    """What the table of coefficients is made of; see `SummaryParts`."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def coefficients(self) -> np.ndarray: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def aliased(self) -> np.ndarray: ...
    @property
    def signif_stars(self) -> bool: ...


def coefficient_blocks(parts: TableParts, digits: int) -> list[Block]:
    """The table of coefficients under its heading."""
    if not parts.names:
        return ["No Coefficients\n"]
    kept = ~np.asarray(parts.aliased, dtype=bool)
    table = np.full((len(parts.names), len(parts.columns)), np.nan)
    table[kept] = parts.coefficients
    singular = int((~kept).sum())
    heading = (
        f"Coefficients: ({singular} not defined because of singularities)\n"
        if singular
        else "Coefficients:\n"
    )
    nan = np.isnan(table) & kept[:, None]
    cells = coefmat(
        table.T.tolist(),
        parts.columns,
        parts.names,
        digits,
        nan=nan.T.tolist() if nan.any() else None,
        signif_stars=parts.signif_stars,
    )
    return [heading, cells]


def print_blocks(parts: PrintParts, digits: int = DIGITS) -> list[Block]:
    """R's ``print(fit)`` as blocks, before rendering."""
    blocks: list[Block] = [f"\nCall:  {parts.call}\n\n"]
    if parts.names:
        blocks += ["Coefficients:\n", named_numbers(parts.coefficients.tolist(), parts.names, digits, gap=2)]
    else:
        blocks += ["No coefficients\n\n"]
    null, residual, aic = (
        format_number(signif((v,), digits)[0]) for v in (parts.null_deviance, parts.deviance, parts.aic)
    )
    blocks.append(
        f"\nDegrees of Freedom: {format_number(parts.df_null)} Total (i.e. Null);  "
        f"{format_number(parts.df_residual)} Residual\n{omitted_line(parts.n_omitted)}"
        f"Null Deviance:\t    {null} \nResidual Deviance: {residual} \tAIC: {aic}\n"
    )
    return blocks + note_blocks(parts.notes)


def note_blocks(notes: Sequence[str]) -> list[Block]:
    """Our own lines after R's text."""
    return ["".join(f"{note}\n" for note in notes)] if notes else []
