"""How many fits of one formula print: what was fitted, the first coefficients, what failed."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from .report import Block
from .table import StatTable

SHOWN, REASONS, LONGEST = 6, 3, 100


def many_blocks(
    formula: str, by: Sequence[str], coefficients: pd.DataFrame, failures: pd.DataFrame
) -> list[Block]:
    """Parameters: as the model has them; `coefficients` a row for each group, `failures` with a ``reason``."""
    groups, failed = len(coefficients), len(failures)
    out: list[Block] = [f"\n{formula}\n{groups} groups by {', '.join(by)}, {groups - failed} fitted\n\n"]
    known = coefficients.dropna(how="all")
    if len(known):
        out += StatTable(known.iloc[:SHOWN]).blocks()
    if len(known) > SHOWN:
        out.append(f"... and {len(known) - SHOWN} more: coef(), tidy(), glance()\n")
    if failed:
        out.append("\nNot fitted, or not to be trusted (see failures):\n")
        counts = failures["reason"].value_counts()
        for reason, count in counts.iloc[:REASONS].items():
            text = str(reason)
            out.append(f"  {count}: {text if len(text) <= LONGEST else text[: LONGEST - 4] + ' ...'}\n")
        if len(counts) > REASONS:
            out.append(f"  {int(counts.iloc[REASONS:].sum())}: other reasons\n")
    return out
