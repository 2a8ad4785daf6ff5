"""scikit-learn's own checks of the estimators, and what a formula adds to them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import glmformula as g
from glmformula import datasets, glm

pytest.importorskip("sklearn")
from scipy import stats
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from glmformula import sklearn as estimators
from glmformula.sklearn import FormulaClassifier, FormulaRegressor

DATA = datasets.attrition().assign(department=[f"d{k % 4}" for k in range(500)])
X = DATA.drop(columns=["left"])

SEPARATED = "the check's classes are separated: probabilities near 0 are where the search ends"
EXPECTED = {
    "FormulaClassifier(model='multinom')": {"check_sample_weight_equivalence_on_dense_data": SEPARATED}
}
ESTIMATORS = [
    FormulaRegressor(),
    FormulaRegressor(model="glmnet", s=0.01),
    FormulaClassifier(),
    FormulaClassifier(model="glmnet", s=0.01),
    FormulaClassifier(model="multinom"),
    FormulaClassifier(model="polr"),
]


@pytest.mark.filterwarnings("ignore")  # separated classes, columns that depend on others, R's notes
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda e: EXPECTED.get(repr(e), {}))
def test_what_scikit_learn_asks_of_an_estimator(estimator, check):
    check(estimator)


def test_it_is_the_model_of_the_formula():
    formula = "sick_days ~ overtime_hours + department + offset(log(experience_years + 1))"
    features = DATA.drop(columns="sick_days")
    model = FormulaRegressor(formula, family="poisson").fit(features, DATA["sick_days"])
    want = glm(formula, DATA, "poisson")
    pd.testing.assert_series_equal(model.fit_.coefficients, want.coefficients)
    np.testing.assert_array_equal(model.predict(features), want.fitted_values)
    assert list(model.feature_names_in_) == list(features)
    weights = np.arange(len(DATA)) % 3
    weighted = FormulaRegressor(formula, family="poisson").fit(features, DATA["sick_days"], weights)
    want = glm(formula, DATA, "poisson", weights=weights)
    pd.testing.assert_series_equal(weighted.fit_.coefficients, want.coefficients)


def test_columns_of_an_array_are_x0_and_on():
    values = DATA[["salary", "overtime_hours"]].to_numpy()
    model = FormulaClassifier("left ~ x0 + log(x1 + 1)").fit(values, DATA["left"])
    assert list(model.fit_.coefficients.index) == ["(Intercept)", "x0", "log(x1 + 1)"]
    scaled = make_pipeline(StandardScaler(), FormulaClassifier("~ .")).fit(values, DATA["left"])
    plain = glm("left ~ salary + overtime_hours", DATA, "binomial")
    np.testing.assert_allclose(scaled.predict_proba(values)[:, 1], plain.fitted_values, rtol=1e-8)


def test_grids_search_the_model_the_penalty_and_its_options():
    model = FormulaClassifier("left ~ salary + overtime_hours + department", model="glmnet", s=0.01)
    grid = GridSearchCV(model, {"s": [0.1, 0.001], "options__alpha": [0.0, 1.0]}, cv=3, scoring="roc_auc")
    grid.fit(X, DATA["left"])
    assert set(grid.best_params_) == {"s", "options__alpha"}
    assert grid.best_estimator_.fit_.options["alpha"] == grid.best_params_["options__alpha"]
    assert clone(grid.best_estimator_).get_params() == grid.best_estimator_.get_params()
    scores = cross_val_score(
        FormulaRegressor("salary ~ department", model="lm"), X.drop(columns="salary"), X["salary"]
    )
    assert len(scores) == 5
    assert np.isfinite(scores).all()


def test_classes_keep_their_labels():
    labels = np.where(DATA["left"] == 1, "yes", "no")
    model = FormulaClassifier("left ~ salary + overtime_hours").fit(X, labels)
    assert model.classes_.tolist() == ["no", "yes"]
    assert set(model.predict(X)) <= {"no", "yes"}
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    three = pd.cut(DATA["salary"], 3, labels=["c", "a", "b"]).astype(str)
    for kind in ("multinom", "polr"):
        many = FormulaClassifier("pay ~ experience_years + overtime_hours", model=kind).fit(X, three)
        assert many.predict_proba(X).shape == (500, 3)
        assert set(many.predict(X)) <= {"a", "b", "c"}


@pytest.mark.parametrize("method", ["logistic", "probit", "loglog", "cauchit"])
def test_two_ordered_classes_are_a_binomial_model(method):
    labels = np.where(DATA["left"] == 1, "yes", "no")
    model = FormulaClassifier(
        "left ~ salary + overtime_hours", model="polr", options={"method": method, "parallel": True}
    )
    chances = model.fit(X, labels).predict_proba(X)
    beta = model.fit_.coefficients
    # P(y <= k) = F(zeta - eta), and the threshold is the intercept with the other sign
    below = {
        "logistic": stats.logistic.cdf,
        "probit": stats.norm.cdf,
        "loglog": stats.gumbel_r.cdf,
        "cauchit": stats.cauchy.cdf,
    }
    eta = beta["salary"] * X["salary"] + beta["overtime_hours"] * X["overtime_hours"]
    np.testing.assert_allclose(chances[:, 0], below[method](-beta["(Intercept)"] - eta), rtol=1e-9)
    assert model.predict(X).tolist() == np.where(chances[:, 1] > 0.5, "yes", "no").tolist()


def test_a_fit_on_files_is_not_needed_for_a_copy(tmp_path):
    import pickle

    model = FormulaRegressor("salary ~ department + poly(experience_years, 2)").fit(
        X.drop(columns="salary"), X["salary"]
    )
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        again.predict(X.drop(columns="salary")), model.predict(X.drop(columns="salary"))
    )


REFUSED = [
    ({"model": "boost"}, ValueError, "model should be one of 'glm', 'lm'.*got 'boost'"),
    ({"formula": "salary ~ ."}, ValueError, "the response 'salary' of the formula is a column of X too"),
    (
        {"formula": "log(left) ~ ."},
        g.FormulaError,
        r"the left side of the formula should be a name.*log\(left\)",
    ),
    ({"formula": 3}, g.FormulaError, "formula should be a str such as 'y ~ .'; got 3"),
    ({"options": 3}, ValueError, "options should be a mapping of the model's arguments; got 3"),
]


@pytest.mark.parametrize(("changes", "error", "message"), REFUSED, ids=[str(c[0]) for c in REFUSED])
def test_bad_input_is_told(changes, error, message):
    with pytest.raises(error, match=message):
        FormulaRegressor(**changes).fit(X, DATA["left"])


def test_bad_classes_are_told():
    with pytest.raises(ValueError, match="needs y of at least 2 classes"):
        FormulaClassifier("left ~ salary").fit(X, np.ones(len(X)))
    with pytest.raises(ValueError, match=r"y has 3 classes: take model='multinom' or 'polr'"):
        FormulaClassifier("left ~ salary").fit(X, np.arange(len(X)) % 3)
    with pytest.raises(ValueError, match=r"2 classes, in rows of weight above 0; .* contain one class: 1"):
        FormulaClassifier("left ~ salary").fit(X, DATA["left"], DATA["left"])
    ordered = FormulaClassifier("left ~ salary", model="polr", options={"method": "cloglog"})
    with pytest.raises(ValueError, match=r"two classes model='polr' is a binomial glm, .* got 'cloglog'"):
        ordered.fit(X, DATA["left"])


def test_a_path_of_one_row_is_told():
    with pytest.raises(ValueError, match="has no fit to one row, n_samples = 1: All used predictors"):
        FormulaRegressor("~ x0", model="glmnet", s=0.1).fit([[1.0]], [2.0])


def test_the_examples_are_true():
    import doctest

    assert doctest.testmod(estimators).failed == 0


def test_the_package_does_not_import_it():
    code = "import glmformula, sys; raise SystemExit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
