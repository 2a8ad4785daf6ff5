"""R's print.htest: the text of one test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from .cells import named_numbers
from .numbers import format_number, format_pval
from .report import Block, Rendered

ALTERNATIVES = {"two.sided": "not equal to", "less": "less than", "greater": "greater than"}


@dataclass(frozen=True, repr=False, eq=False)
class HTest(Rendered):
    """A test; prints as R's class ``htest``.

    Attributes
    ----------
    method, data_name : str
    statistic : float
    p_value : float
    statistic_name : str
    parameter : float or None
        Degrees of freedom, printed as ``df``.
    estimate : float or None
    null_value : float or None
        What `estimate` is tested against; both go by `estimate_name`.
    estimate_name : str
    alternative : {"two.sided", "less", "greater"} or None
    """

    method: str
    data_name: str
    statistic: float
    p_value: float
    statistic_name: str = "X-squared"
    parameter: float | None = None
    estimate: float | None = None
    null_value: float | None = None
    estimate_name: str = ""
    alternative: str | None = None

    @property
    def frame(self) -> pd.DataFrame:
        """One row: estimate, statistic, parameter, p_value, as far as they are there."""
        known = {
            "estimate": self.estimate,
            "statistic": self.statistic,
            "parameter": self.parameter,
            "p_value": self.p_value,
        }
        return pd.DataFrame({name: [value] for name, value in known.items() if value is not None})

    def blocks(self, digits: int | None = None) -> Sequence[Block]:
        digits = digits or 7  # R's getOption("digits"): the statistic has two less, the p-value three
        p = format_pval((self.p_value,), max(1, digits - 3))[0]
        line = [f"{self.statistic_name} = {format_number(self.statistic, max(1, digits - 2))}"]
        if self.parameter is not None:
            line.append(f"df = {format_number(self.parameter, max(1, digits - 2))}")
        line.append(f"p-value {p if p.startswith('<') else f'= {p}'}")
        text = f"\n\t{self.method}\n\ndata:  {self.data_name}\n{', '.join(line)}\n"
        if self.alternative is not None and self.null_value is not None:
            side = ALTERNATIVES[self.alternative]
            text += (
                f"alternative hypothesis: true {self.estimate_name} is {side} "
                f"{format_number(self.null_value)}\n"
            )
        if self.estimate is None:
            return [text + "\n"]
        return [
            text + "sample estimates:\n",
            named_numbers((self.estimate,), (self.estimate_name,), digits),
            "\n",
        ]
