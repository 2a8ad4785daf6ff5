"""The text of R's print.lm and print.summary.lm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .cells import correlation, five_numbers, named_numbers
from .numbers import format_number, format_numbers, format_pval, formatC, signif, zapsmall
from .report import Block
from .summary import DIGITS, coefficient_blocks, note_blocks, omitted_line


@dataclass(frozen=True)
class LinearParts:
    """What a printed summary of a linear model is made of (p columns, rank r).

    Attributes
    ----------
    call : str
    names : tuple of str (p,)
        Coefficient names, aliased ones included.
    coefficients : ndarray (r, 4)
        Rows of the table over the coefficients that are not aliased; NaN prints as ``NaN``.
    columns : tuple of str (4,)
    aliased : ndarray of bool (p,)
    residuals : ndarray
        The five quantiles; or with `labels` every residual.
    labels : tuple of str
    weighted : bool
        Whether the residuals are weighted by weights that differ.
    sigma : float
        Residual standard error on `df_residual` degrees of freedom.
    df_residual : int
    r_squared, adj_r_squared : float
    fstatistic : (float, float, float) or None
        The statistic and its degrees of freedom.
    p_value : float
        Of the statistic.
    n_omitted : int
        Rows deleted due to missingness.
    correlation : ndarray (r, r) or None
    notes : tuple of str
        Our own lines after R's text.
    errors : tuple of str
        Which standard errors those of the table are, where not the model's own.
    digits : int
        Significant digits; `signif_stars`: whether there are stars and their legend.
    """

    call: str
    names: tuple[str, ...]
    coefficients: np.ndarray
    columns: tuple[str, ...]
    aliased: np.ndarray
    residuals: np.ndarray
    labels: tuple[str, ...]
    weighted: bool
    sigma: float
    df_residual: int
    r_squared: float
    adj_r_squared: float
    fstatistic: tuple[float, float, float] | None
    p_value: float
    n_omitted: int = 0
    correlation: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    digits: int = DIGITS
    signif_stars: bool = True

    @property
    def dispersion(self) -> float:
        """sigma squared."""
        return self.sigma**2


def linear_summary_blocks(parts: LinearParts, digits: int | None = None) -> list[Block]:
    """R's ``print(summary(fit))`` of a linear model as blocks; `digits` in place of the parts' own."""
    digits = digits or parts.digits
    freedom = f"{parts.df_residual} degrees of freedom"
    blocks: list[Block] = [
        f"\nCall:\n{parts.call}\n\n",
        f"{'Weighted ' if parts.weighted else ''}Residuals:\n",
        _residuals(parts, digits),
        "\n",
        *coefficient_blocks(parts, digits),
        *(f"\n{line}\n" for line in parts.errors),
        f"\nResidual standard error: {_number(signif((parts.sigma,), digits)[0])} on {freedom}\n",
        omitted_line(parts.n_omitted),
    ]
    if parts.fstatistic is not None:
        value, *freedoms = parts.fstatistic
        squared, adjusted, statistic = (
            formatC((number,), digits, width=digits + 1, na="NaN")[0]  # R's width where none is given
            for number in (parts.r_squared, parts.adj_r_squared, value)
        )
        numerator, denominator = map(format_number, freedoms)
        blocks.append(
            f"Multiple R-squared:  {squared},\tAdjusted R-squared:  {adjusted} \n"
            f"F-statistic: {statistic} on {numerator} and {denominator} DF,  p-value: "
            f"{format_pval((parts.p_value,), digits)[0]}\n"
        )
    kept = [n for n, gone in zip(parts.names, parts.aliased, strict=True) if not gone]
    if parts.correlation is not None and len(kept) > 1:
        blocks += ["\nCorrelation of Coefficients:\n", correlation(parts.correlation, kept, digits)]
    return [*blocks, "\n", *note_blocks(parts.notes)]


def _number(x: float) -> str:
    return format_number(x, na="NaN")


def _residuals(parts: LinearParts, digits: int) -> Block:
    if parts.labels:
        return named_numbers(parts.residuals.tolist(), parts.labels, digits)
    if parts.df_residual <= 0:
        rank = int((~parts.aliased).sum())
        return f"ALL {rank} residuals are 0: no residual degrees of freedom!\n"
    return five_numbers(zapsmall(parts.residuals.tolist(), digits + 1), digits)


def linear_print_blocks(
    call: str, names: Sequence[str], coefficients: np.ndarray, notes: Sequence[str] = (), digits: int = DIGITS
) -> list[Block]:
    """R's ``print(fit)`` of a linear model as blocks; `coefficients` (p,) are NaN where aliased."""
    blocks: list[Block] = [f"\nCall:\n{call}\n\n"]
    if names:
        blocks += ["Coefficients:\n", named_numbers(coefficients.tolist(), tuple(names), digits, gap=2)]
    else:
        blocks.append("No coefficients\n")
    return [*blocks, "\n", *note_blocks(notes)]


def sequential_squares_heading(response: str) -> tuple[str, ...]:
    """Heading of ``anova(fit)`` of a linear model."""
    return ("Analysis of Variance Table\n", f"Response: {response}")


def compared_squares_heading(formulas: Sequence[str]) -> tuple[str, ...]:
    """Heading of ``anova(fit1, fit2, ...)`` of linear models."""
    numbers = format_numbers(range(1, len(formulas) + 1))
    models = "\n".join(f"Model {i}: {formula}" for i, formula in zip(numbers, formulas, strict=True))
    return ("Analysis of Variance Table\n", models)
