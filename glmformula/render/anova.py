"""Heading lines of R's anova.glm, drop1 and add1 tables, and the text of a log-likelihood."""

from __future__ import annotations

from collections.abc import Sequence

from .numbers import format_number


def sequential_heading(family: str, link: str, response: str) -> tuple[str, ...]:
    """Heading of ``anova(fit)``."""
    return (
        "Analysis of Deviance Table",
        f"\nModel: {family}, link: {link}",
        f"\nResponse: {response}",
        "\nTerms added sequentially (first to last)\n\n",
    )


def models_heading(formulas: Sequence[str]) -> tuple[str, ...]:
    """Heading of ``anova(fit1, fit2, ...)``: one line a model (its deparsed formula)."""
    widest = len(str(len(formulas)))
    models = "\n".join(f"Model {i:>{widest}}: {formula}" for i, formula in enumerate(formulas, 1))
    return ("Analysis of Deviance Table\n", models)


def scope_heading(what: str, formula: str, scale: float | None = None) -> tuple[str, ...]:
    """Heading of ``drop1`` (`what` is ``"deletions"``) and ``add1`` (``"additions"``) tables."""
    lines = (f"Single term {what}", "\nModel:", formula)
    return (*lines, f"\nscale:  {format_number(scale)} \n") if scale else lines


def loglik_text(loglik: float, df: float) -> str:
    """R's print of a logLik object (without the newline)."""
    return f"'log Lik.' {format_number(loglik)} (df={format_number(df)})"
