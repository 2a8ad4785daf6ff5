"""The recipe of attrition.csv: employees who left, and their sick days, drawn from known coefficients.

``python -m glmformula.datasets.attrition_recipe`` writes the CSV anew; a test checks that the two agree.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

CSV = Path(__file__).with_name("attrition.csv")


def make_attrition(n: int = 500, seed: int = 42) -> pd.DataFrame:
    """Draw the attrition data.

    logit P(left) = -2 - 0.00003 salary - 0.05 experience_years + 0.12 overtime_hours, and
    log E(sick_days) = 1.2 + 0.00001 salary + 0.02 overtime_hours.

    NumPy's legacy generator is used on purpose: its stream is frozen.
    """
    draw = np.random.RandomState(seed)
    salary = draw.normal(55_000, 12_000, n).astype(np.int64)
    experience_years = draw.poisson(5, n)
    overtime_hours = draw.poisson(8, n)
    log_odds = -2 - 0.00003 * salary - 0.05 * experience_years + 0.12 * overtime_hours
    left = draw.binomial(1, 1 / (1 + np.exp(-log_odds)))
    sick_days = draw.poisson(np.exp(1.2 + 0.00001 * salary + 0.02 * overtime_hours))
    columns = {
        "salary": salary,
        "experience_years": experience_years,
        "overtime_hours": overtime_hours,
        "left": left,
        "sick_days": sick_days,
    }
    return pd.DataFrame(columns).astype(np.int64)


if __name__ == "__main__":
    make_attrition().to_csv(CSV, index=False)
