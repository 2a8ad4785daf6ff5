"""A fit as the Python package marginaleffects asks for models: its data, coefficients, design and predictions."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ...design.build import design_for
from ...design.dense import dense
from ...engine.likelihood.layout import etas_of
from ...errors import DataError
from ...fitted.asked import Asked, asked
from ...fitted.protocols import is_mixed, require_prediction
from ...frame.interchange import needed
from ...frame.newdata import columns_of
from .table import covariance
from .tables import first_of_numbers

if TYPE_CHECKING:
    import pandas as pd

PACKAGE = "for its tables install the package: pip install marginaleffects 'polars<2'"


def to_marginaleffects(fit: Any, type: str | None = None) -> Any:
    """The fit as a model of the Python package marginaleffects, which does not know ours.

    ``marginaleffects.avg_slopes(to_marginaleffects(fit))`` and its kin then work, plots too. What they answer is of
    finite differences; `avg_slopes` and its kin here are exact, take any number of rows and need no package.

    Parameters
    ----------
    type : str, optional
        What it predicts, as of ``predict``; default: "response", of a model of categories probabilities.

    Returns
    -------
    marginaleffects.classes.model.ModelAbstract

    Raises
    ------
    DataError
        marginaleffects is not installed; the rows are not in memory.
    FitError
        The model predicts nothing.

    Notes
    -----
    Written for marginaleffects 0.6, which needs polars below 2. Texts become categories, as it asks. Offsets are
    evaluated in its new data. ``vcov=`` takes the types of ``fit.vcov``.

    Examples
    --------
    >>> from glmformula import DataError, datasets, glm, to_marginaleffects
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> try:
    ...     model = to_marginaleffects(fit)
    ...     model.get_coef().round(3)
    ... except DataError as error:  # where the package is not installed
    ...     fit.coefficients.to_numpy().round(3)
    array([-4.594,  0.191])
    """
    require_prediction(fit, "to_marginaleffects()", "it predicts nothing")
    question = asked(fit, type)
    if question.quantity.jacobian is None and type is None:
        question = asked(fit, first_of_numbers(fit))
    base = needed("marginaleffects.classes.model", "polars", f"this needs ({PACKAGE}), beside our extra,")
    polars = needed("polars", "polars", "this needs")
    rows = _rows_of(fit)
    vault = base.ModelVault(
        coef=np.asarray(question.parameters),
        coefnames=np.array(question.names),
        formula=fit.terms.text if is_mixed(fit) else fit.formula,  # it cannot read bars
        modeldata=_texts_as_categories(polars.from_pandas(rows), polars),
        package="glmformula",
        variable_names=[fit.response_name, *(n for n in rows if n != fit.response_name)],
    )
    return _adapter(base.ModelAbstract)(fit, vault, question, polars)


def _rows_of(fit: Any) -> pd.DataFrame:
    """The columns that the model uses, in the rows of the fit."""
    if fit.rows.streamed:
        raise DataError(
            "marginaleffects works on rows in memory, and those of this fit arrive in blocks: avg_slopes() and its kin "
            "here take them as they are"
        )
    frame, data = fit.rows.frame, fit.rows.arguments["data"].frame
    data = data if frame.kept is None else data.iloc[frame.kept]
    used = columns_of(fit.schema) | {fit.response_name}
    return data[[name for name in data.columns if name in used]].reset_index(drop=True)


def _texts_as_categories(table: Any, polars: Any) -> Any:
    return table.with_columns(polars.col(polars.String).cast(polars.Categorical))


@cache
def _adapter(abstract: Any) -> Any:
    """The class of adapted models, made once the package is there."""

    class Adapted(abstract):  # type: ignore[misc]  # a class of a package that need not be installed
        def __init__(self, fit: Any, vault: Any, question: Asked, polars: Any) -> None:
            self.question, self.polars = question, polars
            super().__init__(fit, vault)

        def get_vcov(self, vcov: Any = True) -> np.ndarray | None:
            if vcov is False or vcov is None:
                return None
            return covariance(self.model, None if vcov is True else vcov)[0]

        def get_exog(self, newdata: Any) -> np.ndarray:
            """The columns of the design, then those of the offsets."""
            rows = newdata.to_pandas() if hasattr(newdata, "to_pandas") else newdata
            made = design_for(self.model.schema, rows)
            X = dense(made.design)
            offset = np.zeros(len(X)) if made.offset is None else made.offset
            return np.hstack([X, offset.reshape(len(X), -1)])

        def get_predict(self, params: Any, newdata: Any) -> Any:
            values = predicted(self.question, np.asarray(params), np.asarray(newdata), self._width)
            n = len(values)
            rowid = np.arange(n, dtype=np.int32)
            if values.ndim == 1:
                return self.polars.DataFrame({"rowid": rowid, "estimate": values})
            names = self.question.quantity.columns
            columns = {
                "rowid": np.tile(rowid, len(names)),
                "group": np.repeat(list(names), n),
                "estimate": values.T.ravel(),
            }
            return self.polars.DataFrame(columns)

        @property
        def _width(self) -> int:
            """Columns of the design, those of the offsets left out."""
            return len(getattr(self.model, "design_names", self.model.column_names))

        def get_df(self) -> float:
            return self.model.test_df if is_mixed(self.model) else float(self.model.df_residual)

    return Adapted


def predicted(question: Asked, parameters: np.ndarray, columns: np.ndarray, width: int) -> np.ndarray:
    """The quantity (n,) or (n, K) at these parameters, of columns of a design and, after `width`, of its offsets."""
    X, offsets = columns[:, :width], columns[:, width:]
    layout = question.layout
    one = offsets.shape[1] == 1 and all(own is None or own < 0 for own in layout.offsets)
    etas = etas_of(layout, parameters, X.T, offsets[:, 0] if one else offsets)
    value: np.ndarray = np.asarray(question.quantity.value(etas))
    return value
