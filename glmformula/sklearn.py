"""scikit-learn estimators around a formula: any model of the package in a ``Pipeline`` or a ``GridSearchCV``.

``import glmformula`` does not import this module; it needs the extra ``sklearn``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    _check_y,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from .errors import FitError, FormulaError
from .families import binomial
from .models.cv_glmnet import cv_glmnet
from .models.glm import glm
from .models.glm_nb import glm_nb
from .models.glmnet import glmnet
from .models.lm import lm
from .models.multinom import multinom
from .models.polr import polr

__all__ = ["FormulaClassifier", "FormulaRegressor"]

MODELS: dict[str, Callable[..., Any]] = {
    fn.__name__: fn for fn in (glm, lm, glm_nb, glmnet, cv_glmnet, multinom, polr)
}
# Of ordered categories: clouds of points in no order are not what it tells apart.
ORDERED = "polr"
# Models of several categories: their response is a factor, their means are a table.
OF_CATEGORIES = ("multinom", ORDERED)
# What a cumulative model of two categories is: binomial, with this link.
LINKS_OF_TWO = {"logistic": "logit", "probit": "probit", "loglog": "cloglog", "cauchit": "cauchit"}
RESPONSE = "y"
OPTION = "options__"


def polr_of_two(
    formula: str, data: Any, *, method: str = "logistic", parallel: Any = None, **options: Any
) -> Any:
    """`polr` takes three categories or more; of two there is one threshold, and `parallel` says nothing.

    Raises
    ------
    ValueError
    """
    if method not in LINKS_OF_TWO:
        raise ValueError(
            "with two classes model='polr' is a binomial glm, and its method should be one of "
            f"{', '.join(map(repr, LINKS_OF_TWO))}; got {method!r}"
        )
    return glm(formula, data, binomial(LINKS_OF_TWO[method]), **options)


OF_TWO = {ORDERED: polr_of_two}


class FormulaEstimator(BaseEstimator):  # type: ignore[misc]
    """What the two estimators share: names of columns, the response's place, the model's options."""

    def __init__(
        self,
        formula: str = "y ~ .",
        model: str | Callable[..., Any] = "glm",
        family: Any = None,
        s: Any = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.formula = formula
        self.model = model
        self.family = family
        self.s = s
        self.options = options

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters; with `deep` each of the options too, as ``options__name``."""
        found: dict[str, Any] = super().get_params(deep=False)
        if deep and isinstance(self.options, Mapping):
            found |= {OPTION + name: value for name, value in (self.options or {}).items()}
        return found

    def set_params(self, **params: Any) -> Self:
        """Set parameters; ``options__name`` sets one option of the model."""
        own = {name: value for name, value in params.items() if not name.startswith(OPTION)}
        super().set_params(**own)
        new = {name.removeprefix(OPTION): value for name, value in params.items() if name not in own}
        if new:
            self.options = {**(self.options or {}), **new}
        return self

    def _frame(self, X: Any, reset: bool) -> pd.DataFrame:
        """X as a frame: a frame's own columns, or x0, x1 ... of an array, which has to be finite numbers."""
        if isinstance(X, pd.DataFrame):
            validate_data(self, X, reset=reset, skip_check_array=True)
            if not len(X):
                raise ValueError(
                    f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 is required."
                )
            return X
        values = validate_data(self, X, reset=reset, dtype="numeric")
        return pd.DataFrame(values, columns=[f"x{j}" for j in range(values.shape[1])])

    def _name(self) -> str:
        return self.model if isinstance(self.model, str) else getattr(self.model, "__name__", "")

    def _function(self) -> Callable[..., Any]:
        if not isinstance(self.model, str):
            return self.model
        if self.model not in MODELS:
            raise ValueError(
                f"model should be one of {', '.join(map(repr, MODELS))}, or a function (formula, data, ...); got "
                f"{self.model!r}"
            )
        return MODELS[self.model]

    def _estimate(
        self, fit: Callable[..., Any], frame: pd.DataFrame, y: Any, sample_weight: Any, family: Any
    ) -> Self:
        response, formula = response_of(self.formula)
        if response in frame:
            raise ValueError(
                f"the response {response!r} of the formula is a column of X too: name another one on the left side, as "
                "in 'target ~ .'"
            )
        if self.options is not None and not isinstance(self.options, Mapping):
            raise ValueError(f"options should be a mapping of the model's arguments; got {self.options!r}")
        given: dict[str, Any] = dict(self.options or {})
        if family is not None:
            given["family"] = family
        if sample_weight is not None:
            given["weights"] = _check_sample_weight(sample_weight, frame, dtype=np.float64)
        try:
            self.fit_ = fit(formula, frame.assign(**{response: y}), **given)
        except FitError as error:
            if len(frame) == 1:
                raise ValueError(f"the model has no fit to one row, n_samples = 1: {error}") from error
            raise
        return self

    def _predicted(self, X: Any, type: str) -> np.ndarray:
        check_is_fitted(self)
        given = {} if self.s is None else {"s": self.s}
        return np.asarray(self.fit_.predict(self._frame(X, reset=False), type=type, **given))


def response_of(formula: str) -> tuple[str, str]:
    """The name on the left side ('y' where there is none), and the formula with it.

    Raises
    ------
    FormulaError
        The left side is not a name: an expression of y would be predicted, and not y.
    """
    if not isinstance(formula, str):
        raise FormulaError(f"formula should be a str such as 'y ~ .'; got {formula!r}")
    left, tilde, right = formula.partition("~")
    name = left.strip()
    if not tilde:
        name, right = "", formula
    if not name:
        return RESPONSE, f"{RESPONSE} ~ {right}"
    if not re.fullmatch(r"`[^`]+`|[^\W\d][\w.]*", name):
        raise FormulaError(
            f"the left side of the formula should be a name, since scikit-learn hands over the response; got {name!r}: "
            "transform y with TransformedTargetRegressor"
        )
    return name.strip("`"), formula


class FormulaRegressor(RegressorMixin, FormulaEstimator):  # type: ignore[misc]
    """Any model of one mean as a scikit-learn regressor.

    Parameters
    ----------
    formula : str
        Its left side names the response, which is `y` of ``fit``. Columns are those of a data frame, or x0, x1 ... of
        an array; ``.`` is all of them.
    model : {"glm", "lm", "glm_nb", "glmnet", "cv_glmnet"} or function (formula, data, ...)
    family : Family, function or str, optional
        Default: that of `model`.
    s : number or str, optional
        The penalty of a path: its number, or "lambda.min", "lambda.1se" of `cv_glmnet`.
    options : mapping, optional
        Further arguments of the model; a grid searches them as ``options__alpha`` and so on.

    Attributes
    ----------
    fit_ : the model
        With its summary, tests and all.
    feature_names_in_ : ndarray of str
        Where X was a data frame.
    n_features_in_ : int

    Notes
    -----
    ``predict`` gives means (``type="response"``). Rows with missing values in a data frame are left out of the fit
    (``na_action``) and predicted as NaN; an array may have none.

    Examples
    --------
    >>> from glmformula.datasets import attrition
    >>> from glmformula.sklearn import FormulaRegressor
    >>> data = attrition()
    >>> X, y = data.drop(columns="sick_days"), data["sick_days"]
    >>> model = FormulaRegressor("sick_days ~ overtime_hours + poly(salary, 2)", family="poisson")
    >>> model.fit(X, y).predict(X[:2]).round(3)
    array([6.999, 6.017])
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the model; `sample_weight` are its prior weights."""
        y = target(self, X, y)
        frame = self._frame(X, reset=True)
        check_consistent_length(frame, y)
        return self._estimate(self._function(), frame, y.astype(np.float64), sample_weight, self.family)

    def predict(self, X: Any) -> np.ndarray:
        """Means (n,)."""
        return self._predicted(X, "response")


class FormulaClassifier(ClassifierMixin, FormulaEstimator):  # type: ignore[misc]
    """A binomial model, or `multinom` or `polr`, as a scikit-learn classifier.

    Parameters
    ----------
    formula, s, options
        As of :class:`FormulaRegressor`.
    model : {"glm", "glmnet", "cv_glmnet", "multinom", "polr"} or function (formula, data, ...)
        With `polr` the classes are in the order of their labels; two of them are a binomial `glm` with its link.
    family : Family, function or str
        Default: binomial, where the model has families.

    Attributes
    ----------
    fit_ : the model
    classes_ : ndarray
        The labels, sorted; a binomial's success is the last.
    feature_names_in_, n_features_in_
        As of :class:`FormulaRegressor`.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from glmformula.datasets import attrition
    >>> from glmformula.sklearn import FormulaClassifier
    >>> data = attrition()
    >>> model = FormulaClassifier("left ~ poly(overtime_hours, 2) + experience_years")
    >>> cross_val_score(model, data.drop(columns="left"), data["left"], scoring="roc_auc", cv=3).round(3)
    array([0.605, 0.414, 0.686])
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self._of_categories()
        tags.classifier_tags.poor_score = self._name() == ORDERED
        return tags

    def _of_categories(self) -> bool:
        return self._name() in OF_CATEGORIES

    def _table(self) -> bool:
        """Whether what was fitted has a table of means, a column for each class."""
        return self._of_categories() and not (len(self.classes_) == 2 and self._name() in OF_TWO)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the model; `sample_weight` are its prior weights."""
        y = target(self, X, y, numbers=False)
        check_classification_targets(y)
        frame = self._frame(X, reset=True)
        check_consistent_length(frame, y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        counted = codes
        if sample_weight is not None:
            counted = codes[_check_sample_weight(sample_weight, frame) > 0]
        if len(np.unique(counted)) == 1:
            raise ValueError(
                "a classifier needs y of at least 2 classes, in rows of weight above 0; the data contain one class: "
                f"{self.classes_.tolist()[counted[0]]!r}"
            )
        fit = self._function()
        if self._table():
            labels = [f"c{k}" for k in range(len(self.classes_))]
            response = pd.Categorical(np.array(labels)[codes], labels, ordered=True)
            return self._estimate(fit, frame, response, sample_weight, self.family)
        if self._of_categories():
            return self._estimate(
                OF_TWO[self._name()], frame, codes.astype(np.float64), sample_weight, self.family
            )
        if len(self.classes_) > 2:
            raise ValueError(
                f"Only binary classification is supported by this model; y has {len(self.classes_)} classes: take "
                "model='multinom' or 'polr'"
            )
        family = "binomial" if self.family is None else self.family
        return self._estimate(fit, frame, codes.astype(np.float64), sample_weight, family)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes (n, K)."""
        check_is_fitted(self)
        if self._table():
            values = self._predicted(X, "probs")
            return values if values.ndim == 2 else np.column_stack([1 - values, values])
        success = self._predicted(X, "response")
        return np.column_stack([1 - success, success])

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class (n,)."""
        check_is_fitted(self)
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])


def target(estimator: Any, X: Any, y: Any, numbers: bool = True) -> np.ndarray:
    """The response, one column of it; scikit-learn's own errors and warning."""
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y is None."
        )
    if numbers:
        return np.asarray(_check_y(column_or_1d(y, warn=True), y_numeric=True, estimator=estimator))
    return np.asarray(_check_y(column_or_1d(y, warn=True), estimator=estimator))
