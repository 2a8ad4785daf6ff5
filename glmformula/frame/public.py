"""``model_frame`` for users: R's model.frame as a DataFrame."""

from __future__ import annotations

from typing import Any

import pandas as pd

from .model_frame import model_frame as build_frame


def model_frame(formula: str, data: Any, **options: Any) -> pd.DataFrame:
    """The variables of a formula evaluated in data, R's ``model.frame``.

    Parameters
    ----------
    formula : str
    data : DataFrame
    **options
        `weights`, `offset`, `subset`, `na_action`, `etastart`, `mustart`, as for `glm`.

    Returns
    -------
    DataFrame
        A column for each variable by R's name (the response first; a matrix variable one for each of its
        columns), then ``(weights)``, ``(offset)``, ``(etastart)``, ``(mustart)`` where given. Rows with
        missing values are gone, unused levels too; logicals and strings are as they were.

    Raises
    ------
    FormulaError, DataError
    """
    return build_frame(formula, data, **options).to_dataframe()
