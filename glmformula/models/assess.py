"""How well a penalised path predicts rows: glmnet's ``assess.glmnet``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..engine.penalised import folds as cv
from ..errors import DataError
from ..inference.performance.observed import Observed, observed
from .at_penalty import AtPenalty
from .measures import measures_of


def assessed(fit: Any, newdata: Any, s: np.ndarray) -> pd.DataFrame:
    """A row for each penalty, a column for each measure; see ``Glmnet.assess``.

    Raises
    ------
    DataError
        No row has a response.
    """
    family = fit.family
    known = {name: loss for name, (_, loss) in measures_of(family).items()}
    if family.is_normal_linear:
        del known["deviance"]  # it is the squared error
    rows = []
    for one in s.tolist():
        seen = observed(AtPenalty(fit, one), newdata, "assess")
        assert isinstance(seen, Observed)
        seen = seen.rows(~seen.missing & (seen.weights > 0))
        if not len(seen.y):
            raise DataError(
                "assess: no row has a response and a weight: expected rows to compare predictions with"
            )
        values = {"lambda": one}
        for name, loss in known.items():
            if loss is None:
                values[name] = cv.area(seen.y, seen.weights, seen.mu)
            else:
                values[name] = float(
                    np.average(loss(family, seen.y, seen.mu[:, None])[:, 0], weights=seen.weights)
                )
        rows.append(values)
    return pd.DataFrame(rows)
