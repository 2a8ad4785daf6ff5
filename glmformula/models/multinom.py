"""``multinom``: logistic regression of more than two unordered categories, nnet's (Venables & Ripley 2002, 7.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from ..engine.likelihood.newton import NewtonControl
from ..families.categories import UNKNOWN, multinomial
from ..families.likelihood import Levels, Likelihood
from ..formula.terms import Terms
from ..formula.tokens import string_text
from .likelihood_model import LikelihoodModel, estimated, whole

if TYPE_CHECKING:
    from ..inference.rows.category_rows import CategorySummary
    from ..inference.wald import Vcov
    from ..render.categories import MatrixTexts


@dataclass(frozen=True, eq=False)
class Multinom(LikelihoodModel):
    """A fitted multinomial log-linear model, nnet's class ``multinom``; see :func:`glmformula.multinom`.

    Examples
    --------
    >>> from glmformula import datasets, multinom
    >>> fit = multinom("left ~ overtime_hours", datasets.attrition())
    >>> fit.levels, fit.edf, round(fit.deviance, 3)
    (('0', '1'), 2, 187.072)
    >>> fit.coefficients.round(3)
    (Intercept)      -4.594
    overtime_hours    0.191
    dtype: float64
    """

    @property
    def levels(self) -> tuple[str, ...]:
        """The categories, the reference first."""
        return self.likelihood.levels

    @property
    def _single(self) -> bool:
        """Whether there is one log odds, of two levels (and not of two columns of counts)."""
        return len(self.levels) == 2 and self.likelihood.parameters["kind"] != "counts"

    @property
    def terms_columns(self) -> tuple[str, ...]:
        """Names of the columns of the design, which each category has coefficients of."""
        count = len(self.column_names) // (len(self.levels) - 1)
        return tuple(
            name.removeprefix("" if self._single else f"{self.levels[1]}:")
            for name in self.column_names[:count]
        )

    @property
    def coefficients(self) -> Any:
        """Log odds against the reference: a DataFrame, row a category, column a term; a Series for two categories.

        NaN where aliased. One after another, under "category:column" as in ``vcov()``, they are `estimates`.
        """
        values = self.result.coefficients.reshape(len(self.levels) - 1, -1)
        columns = list(self.terms_columns)
        if self._single:
            return pd.Series(values[0], index=columns)
        return pd.DataFrame(values, index=list(self.levels[1:]), columns=columns)

    @property
    def edf(self) -> int:
        """Coefficients that are not aliased."""
        return self.n_parameters

    @property
    def _observations(self) -> float:
        """The sum of the weights, as nnet counts."""
        return whole(self.result.weight_sum)

    @property
    def fitted_values(self) -> Any:
        """Probabilities of the rows of the fit: a column for each category, for two levels those of the second."""
        return self.predict(type="probs")

    def residuals(self, type: str = "response", *, out: Any = None) -> Any:
        """What was observed (0 or 1; of counts the share) minus the probability, nnet's ``residuals``.

        Parameters
        ----------
        type : {"response"}
        out : path, optional
            Write them to this file, with the number of each row. Needed where the rows of the fit are files.

        Returns
        -------
        DataFrame (n, categories), for two levels a Series

        Raises
        ------
        ValueError
            Another type.
        """
        if type != "response":
            raise ValueError(f"type should be 'response', the observed minus its probability; got {type!r}")
        from ..inference.rows.category_rows import category_residuals

        return category_residuals(self, out=out)

    def _texts(self) -> MatrixTexts:
        from ..inference.rows.category_rows import texts_of

        values = self.result.coefficients.reshape(len(self.levels) - 1, -1)
        return texts_of(self, () if self._single else self.levels[1:], values, self.terms_columns)

    def summary(  # type: ignore[override]  # nnet's own arguments
        self,
        correlation: bool = False,
        digits: int = 7,
        wald_ratios: bool = False,
        *,
        vcov: Vcov = None,
    ) -> CategorySummary:
        """Estimates and standard errors, nnet's ``summary``.

        Parameters
        ----------
        correlation : bool
            Also print the correlations of the coefficients.
        digits : int
            Significant digits of the printed numbers.
        wald_ratios : bool
            Also print coefficients divided by their standard errors.
        vcov : str, mapping, matrix or function, optional
            Another covariance of the coefficients.

        Returns
        -------
        CategorySummary
            ``.coefficients``, ``.standard_errors``, and ``.tests`` with z and p values, which nnet leaves out.
        """
        from ..inference.rows.category_rows import category_summary

        return category_summary(self, self._texts(), correlation, wald_ratios, vcov, digits)

    def tidy(
        self,
        conf_int: bool = False,
        conf_level: float = 0.95,
        exponentiate: bool = False,
        conf_method: str | None = None,
        vcov: Vcov = None,
    ) -> pd.DataFrame:
        """One row for each coefficient, broom's ``tidy.multinom``: ``y_level`` is the category, ``term`` the column.

        Parameters
        ----------
        conf_int : bool
            Add ``conf_low`` and ``conf_high``.
        conf_level : float
        exponentiate : bool
            Estimates and limits as exp(.): ratios of the odds against the reference.
        conf_method : {"wald", "profile"}, optional
        vcov : str, mapping, matrix or function, optional
            Another covariance of the coefficients.

        Returns
        -------
        DataFrame with ``y_level term estimate std_error statistic p_value``
        """
        from ..inference.summaries.tidy import tidy

        out = tidy(self, conf_int, conf_level, exponentiate, conf_method, vcov)
        columns = self.terms_columns
        out["term"] = list(columns) * (len(self.levels) - 1)
        out.insert(0, "y_level", [level for level in self.levels[1:] for _ in columns])
        return out

    def glance(self) -> pd.DataFrame:
        """One row for the whole fit, broom's ``glance.multinom``.

        Returns
        -------
        DataFrame with ``edf deviance AIC nobs``; ``nobs`` are the rows of non-zero weight
        """
        return pd.DataFrame(
            {"edf": [self.edf], "deviance": [self.deviance], "AIC": [self.aic], "nobs": [self.nobs]}
        )

    @property
    def n_numbers(self) -> float:
        """Rows times (categories - 1), as nnet counts."""
        return self.nobs * (len(self.levels) - 1)

    @property
    def models_name(self) -> str:
        """What several of them are called in a table."""
        return "Multinomial Models"

    @classmethod
    def _likelihood(cls, parameters: Mapping[str, Any]) -> Likelihood:
        levels = Levels(parameters["levels"], parameters["kind"], parameters["totals"])
        return multinomial(parameters["reference"], parameters["name"], levels)

    def __str__(self) -> str:
        from ..render.categories import blocks_of
        from ..render.report import to_text

        return to_text(blocks_of(self._texts())).removesuffix("\n")

    __repr__ = __str__

    @classmethod
    def _fitted(cls, arguments: Mapping[str, Any]) -> Self:
        reference = arguments["reference"]
        if reference is not None and not isinstance(reference, str):
            reference = f"{reference:.15g}" if isinstance(reference, float) else str(reference)
        made = estimated(
            UNKNOWN,
            arguments,
            prefix=_named,
            function="multinom",
            extra={"reference": None if reference is None else string_text(reference)},
            complete=partial(_known, reference),
        )
        return cls(**made)


def _known(reference: str | None, terms: Terms, levels: Levels) -> Likelihood:
    return multinomial(reference, terms.names[0], levels)


def _named(category: str, column: str) -> str:
    return f"{category}:{column}" if category else column


def multinom(
    formula: str,
    data: Any,
    *,
    weights: Any = None,
    subset: Any = None,
    na_action: str = "na.omit",
    offset: Any = None,
    contrasts: Any = None,
    reference: str | None = None,
    control: NewtonControl | None = None,
    progress: bool | None = None,
) -> Multinom:
    """Fit a logistic regression of unordered categories by maximum likelihood, nnet's ``multinom``.

    The log odds of each category k against the reference r are linear:  log(P(k) / P(r)) = X beta_k
    (Agresti 2013, section 8.1).

    Parameters
    ----------
    formula : str
        The left side is a factor, strings, a logical, a few numbers (each a category), or the counts of each
        category: ``"cbind(a, b, c) ~ x"``.
    data : DataFrame, other table, path or query
        As of :func:`glmformula.glm`. For rows that arrive in blocks numbers must be ``factor(y)``.
    weights : str, array or Series, optional
        So many times each row is counted.
    subset, na_action, contrasts, progress
        As of `glm`.
    offset : str, array or Series, optional
        Of the log odds of two categories. With more there is one for each, in their order, in the formula:
        ``offset(cbind(a, b, c))``.
    reference : str, optional
        The category that the others are compared with; default the first.
    control : NewtonControl, optional

    Returns
    -------
    Multinom
        ``.coefficients`` has a row for each category but the reference (a Series for two categories);
        ``.estimates`` and ``vcov()`` have names such as ``"b:x"``.

    Raises
    ------
    FormulaError, DataError, FitError
        With what was expected, what arrived and where: one category only, an unknown reference.

    Warns
    -----
    DataWarning
        Categories that no row has are left out.
    SeparationWarning
        Coefficients without a finite estimate are named.

    Notes
    -----
    Newton's method to full digits, and standard errors from a triangular factor of the information: nnet stops its
    BFGS search early at times, and its generalised inverse gives wrong standard errors where columns differ much in
    scale. Coefficients that the columns cannot tell apart are NaN, as in `glm`.

    Examples
    --------
    >>> from glmformula import datasets, multinom
    >>> data = datasets.attrition()
    >>> labels = ["few", "some", "many"]
    >>> data["sickness"] = [labels[(days > 5) + (days > 9)] for days in data["sick_days"]]
    >>> fit = multinom("sickness ~ overtime_hours + left", data, reference="few")
    >>> fit.coefficients.round(3)
          (Intercept)  overtime_hours   left
    many       -1.729           0.150 -1.591
    some       -0.580           0.114 -1.013
    >>> fit.predict({"overtime_hours": [2, 15], "left": 0}, type="probs").round(3)
         few   many   some
    0  0.515  0.123  0.362
    1  0.173  0.292  0.535
    """
    return Multinom._fitted(dict(locals()))
