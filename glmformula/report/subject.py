"""What the sections ask about: the fit, the options of the report, and verbs that may mean nothing for this model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd

from ..errors import GLMFormulaError, hearing
from ..fitted.coefficients import response_of
from ..fitted.protocols import Ordinal, Parametric, lacking
from ..formula.algebra import variables_used
from ..frame.variables import variables_of

T = TypeVar("T")

OF_POPULATION = (
    "Predictions, and effects made of them, are of the population: random effects are held at zero"
)
"""What a report says of those of a mixed model."""
RATIO_LINKS = {"log": "rate ratio", "logit": "odds ratio", "logistic": "odds ratio"}
"""Links of which exp(coefficient) is a ratio, and of what."""


@dataclass(frozen=True)
class Answer:
    """What a verb gave, or why it gave nothing.

    Attributes
    ----------
    value : object or None
    reason : str
        The verb's own sentence where it refused; empty where the model has no such verb.
    heard : tuple of str
        The warnings it gave.
    """

    value: Any = None
    reason: str = ""
    heard: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """A fitted model and how it is to be reported.

    Attributes
    ----------
    fit : Fit
    level : float
        Of confidence intervals.
    vcov : covariance or None
        As of `summary`.
    exponentiate : bool
        Whether coefficients are shown as exp(.).
    seed : int
        Of what is drawn at random.
    bootstrap : int or None
        Samples of the internal validation; None: as many as the size allows.
    code : str or None
        What made the fit, where the caller knows it better than the fit does.
    answers : dict of str to Answer
        Of the verbs that were asked without arguments.
    """

    fit: Any
    level: float
    vcov: Any
    exponentiate: bool
    seed: int
    bootstrap: int | None
    code: str | None
    answers: dict[str, Answer] = field(default_factory=dict, repr=False)

    def ask(self, name: str, *args: Any, **options: Any) -> Answer:
        """The fit's own verb of that name; nothing where its class has none, or the verb says it means nothing."""
        if args or options:
            return self._asked(name, *args, **options)
        if name not in self.answers:  # several sections ask the same, which may be a pass over the rows
            self.answers[name] = self._asked(name)
        return self.answers[name]

    def _asked(self, name: str, *args: Any, **options: Any) -> Answer:
        verb = getattr(self.fit, name, None)
        return Answer() if verb is None else attempt(verb, *args, **options)

    @property
    def training(self) -> Any:
        """The rows of the fit; None where it holds none."""
        return getattr(self.fit, "training", None)

    @property
    def in_memory(self) -> bool:
        return self.training is not None and not self.training.streamed

    @property
    def response(self) -> str:
        return response_of(self.fit)

    @property
    def modelled(self) -> str | None:
        """The level whose probability it is."""
        return getattr(self.fit, "modelled", None)

    @property
    def interval(self) -> str:
        return f"{100 * self.level:g}% CI"

    @property
    def absent_rows(self) -> str:
        """Why something that needs the rows is left out."""
        if self.training is None:
            return "The model holds no training rows (it was stripped of them, or read from a file)"
        return "The rows are read from where they are stored and not held in memory"

    @cached_property
    def rows(self) -> pd.DataFrame | None:
        """The data's own columns that the right side uses, over the rows of the fit; None if they are not in memory."""
        if not self.in_memory:
            return None
        frame, kept = self.training.frame, self.training.arguments["data"]
        names = [name for name in explanatory(self.fit) if name in kept.frame.columns]
        data = kept.frame[names]
        return data if frame.kept is None else data.iloc[frame.kept]


def attempt(verb: Callable[..., T], *args: Any, **options: Any) -> Answer:
    """The verb's answer, with the warnings it gave; or the sentence in which it refuses.

    Where estimates are infinite many numbers overflow: the report says so once, as a finding.
    """
    with hearing() as heard, np.errstate(all="ignore"):
        try:
            value = verb(*args, **options)
        except GLMFormulaError as error:
            return Answer(reason=str(error))
    return Answer(value, heard=tuple(dict.fromkeys(text for _, text in heard)))


def explanatory(fit: Any) -> list[str]:
    """Columns of the data that the right side uses, in the order of the formula; those of offsets come last."""
    plain: list[str] = []
    offsets: list[str] = []
    for _, node, _, is_offset in variables_of(fit.terms):
        (offsets if is_offset else plain).extend(sorted(variables_used(node)))
    return list(dict.fromkeys([*plain, *offsets]))


def ratios(fit: Any) -> str:
    """What exp(coefficient) is: "odds ratio", "rate ratio" or, of a model with several links, "ratio"; else ""."""
    if lacking(fit, Parametric):
        family = getattr(fit, "family", None)
        if family is None:
            return ""
        kind = RATIO_LINKS.get(family.link.name, "")
        return "ratio" if kind == "rate ratio" and family.fixed_dispersion is None else kind
    if not lacking(fit, Ordinal):
        return RATIO_LINKS.get(cast(Ordinal, fit).method, "")
    link = getattr(fit, "link", "logit")
    return "ratio" if link in RATIO_LINKS else ""


def number(value: float, digits: int = 3) -> str:
    """A number in prose or a cell: some significant digits, thousands apart, no exponent where it can be helped."""
    if value is None or not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "–")
    if float(value).is_integer() and abs(value) < 1e6:
        return f"{value:,.0f}".replace("-", "−")
    if 1e-4 <= abs(value) < 1e6:
        size = math.floor(math.log10(abs(value)))
        return f"{value:,.{max(0, digits - 1 - size)}f}".replace("-", "−")
    return f"{value:.{digits - 1}e}".replace("-", "−")


def probability(p: float) -> str:
    """A p-value in prose: "p = 0.012", "p < 0.001"."""
    return f"p = {p_cell(p)}" if not p < 0.001 else "p < 0.001"


def p_cell(p: float) -> str:
    """A p-value in a cell, as SAMPL asks for it: two or three decimals, never "NS"."""
    if not math.isfinite(p):
        return "–"
    return "<0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def count(value: float) -> str:
    """A number of rows."""
    return f"{value:,.0f}" if float(value).is_integer() else number(value, 4)


def listed(names: list[str], most: int = 6) -> str:
    """Names in a sentence: "a, b and c"; long lists are cut."""
    shown = [*names[:most], f"{len(names) - most} more"] if len(names) > most else names
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def finite(values: Any) -> np.ndarray:
    """The finite numbers among some values."""
    array = np.asarray(values, dtype=float)
    return array[np.isfinite(array)]
