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

    Examples
    --------
    >>> from glmformula.datasets import attrition
    >>> attrition().head(3)
       salary  experience_years  overtime_hours  left  sick_days
    0   60960                 6               6     0          5
    1   53340                 2               4     0          7
    2   62772                 4               5     0         11
    """
    with as_file(files(__name__) / "attrition.csv") as path:
        return pd.read_csv(path)
