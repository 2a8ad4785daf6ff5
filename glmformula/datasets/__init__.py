"""Example data that come with the package."""

from __future__ import annotations

from importlib.resources import as_file, files

import pandas as pd

__all__ = ["attrition"]


def attrition() -> pd.DataFrame:
    """500 employees: salary, experience and overtime, whether they left, and their sick days.

    The data are simulated; ``attrition_recipe.py`` beside the CSV is how.

    Returns
    -------
    DataFrame, shape (500, 5)
        Integer columns ``salary`` (a year), ``experience_years``, ``overtime_hours`` (a week), ``left`` (0/1)
        and ``sick_days`` (a year).
    """
    with as_file(files(__name__) / "attrition.csv") as path:
        return pd.read_csv(path)
