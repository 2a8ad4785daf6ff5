"""Writes data/attrition.csv: the employee attrition example, by its published recipe (NumPy's legacy generator)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def attrition(n: int = 500) -> pd.DataFrame:
    np.random.seed(42)
    salary = np.random.normal(55000, 12000, n).astype(int)
    experience_years = np.random.poisson(5, n)
    overtime_hours = np.random.poisson(8, n)
    eta = -2 - 0.00003 * salary - 0.05 * experience_years + 0.12 * overtime_hours
    left = np.random.binomial(1, 1 / (1 + np.exp(-eta)))
    sick_days = np.random.poisson(np.exp(1.2 + 0.00001 * salary + 0.02 * overtime_hours))
    return pd.DataFrame(
        {
            "salary": salary,
            "experience_years": experience_years,
            "overtime_hours": overtime_hours,
            "left": left,
            "sick_days": sick_days,
        }
    )


if __name__ == "__main__":
    attrition().to_csv(Path(__file__).with_name("data") / "attrition.csv", index=False)
