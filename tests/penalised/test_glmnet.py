"""glmnet: what cannot be said with R's numbers alone: other sources, files, refusals, odd designs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import glmformula as g
from glmformula import DataError, FamilyError, FitError, FormulaError, datasets, glm, glmnet, load
from tests.reference.glmnet.load import table

NUMERIC = "x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8"
DATA = table("data")


@pytest.fixture(scope="module")
def binomial_fit():
    return glmnet(f"b ~ {NUMERIC} + f", DATA, "binomial", alpha=0.5)


# ---------------------------------------------------------------- what it agrees with


def test_without_a_penalty_it_is_the_glm():
    for family, y in (("gaussian", "y"), ("binomial", "b"), ("poisson", "k")):
        fit = glmnet(
            f"{y} ~ {NUMERIC} + f + offset(off)", DATA, family, lambda_=[0.1, 0], weights=np.arange(200) % 3
        )
        plain = glm(
            f"{y} ~ {NUMERIC} + f + offset(off)",
            DATA,
            family,
            weights=np.arange(200) % 3,
            epsilon=1e-14,
        )
        np.testing.assert_allclose(fit.coef(s=0), plain.coefficients, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(fit.deviance[-1], plain.deviance, rtol=1e-9)


def test_names_of_terms_and_columns_choose_the_penalty():
    by_term = glmnet(
        f"y ~ {NUMERIC} + f", DATA, penalty_factor={"f": 0, "x1": 2}, lower_limits={"fb": 0, "x2": -0.05}
    )
    each = [2] + [1] * 7 + [0, 0, 0]
    by_place = glmnet(
        f"y ~ {NUMERIC} + f",
        DATA,
        penalty_factor=each,
        lower_limits=[-np.inf, -0.05, *[-np.inf] * 6, 0, *[-np.inf] * 2],
    )
    pd.testing.assert_frame_equal(by_term.coefficients, by_place.coefficients)
    assert (by_term.coefficients.loc[["fc", "fd"]].iloc[:, 0] != 0).all()
    one = glmnet(f"y ~ {NUMERIC}", DATA, upper_limits=pd.Series({"x1": 0.3}))
    assert one.coefficients.loc["x1"].max() == 0.3


def test_a_column_that_does_not_vary_and_two_that_are_alike_do_no_harm():
    data = DATA.assign(one=7.0, again=DATA["x1"])
    fit = glmnet("y ~ x1 + one + again + x2", data, lambda_=[0.1, 0.01, 0])
    assert (fit.coefficients.loc["one"] == 0).all()
    want = glmnet("y ~ x1 + x2", DATA, lambda_=[0]).coef(s=0)
    np.testing.assert_allclose(fit.coef(s=0)[["x1", "again"]].sum(), want["x1"], rtol=1e-6)


def test_large_means_leave_the_conditions_of_a_minimum_to_hold():
    data = DATA.assign(year=2000 + np.arange(200) % 17)
    fit = glmnet("b ~ year + x1 + I(x2 + 1e5)", data, "binomial")
    assert fit.residual.max() < 1e-9


def test_relabelled_rows_and_missing_values():
    data = DATA.copy()
    data.loc[5, "x1"] = np.nan
    data.index = [f"r{k}" for k in range(200)]
    fit = glmnet("y ~ x1 + f", data, subset="x2 > 40", na_action="na.exclude")
    eta = fit.predict(s=0.1)
    assert fit.n_omitted >= 1
    assert eta.index[0].startswith("r")
    want = glmnet("y ~ x1 + f", data[data["x2"] > 40].dropna())
    np.testing.assert_allclose(fit.coefficients, want.coefficients, atol=1e-9)


# ---------------------------------------------------------------- sources and files


@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
def test_files_and_databases_give_the_answer_of_memory(tmp_path, family):
    y = {"gaussian": "y", "binomial": "b", "poisson": "k"}[family]
    path = tmp_path / "data.parquet"
    DATA.to_parquet(path, row_group_size=60)
    formula, options = f"{y} ~ {NUMERIC} + f + g", {"family": family, "weights": "w", "alpha": 0.7}
    with pytest.warns(g.DataWarning) if family == "binomial" else _nothing():
        memory = glmnet(formula, DATA, **options)
        filed = glmnet(formula, str(path), **options)
    np.testing.assert_allclose(filed.coefficients, memory.coefficients, atol=1e-7)
    out = tmp_path / "fit.parquet"
    filed.predict(s=memory.lambda_[20], type="response", out=out)
    got = pd.read_parquet(out)
    np.testing.assert_allclose(got["fit"], memory.predict(s=memory.lambda_[20], type="response"), rtol=1e-6)
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.execute(f"create table t as select * from '{path}'")
    with pytest.warns(g.DataWarning) if family == "binomial" else _nothing():
        asked = glmnet(formula, ("select * from t", connection), **options)
    np.testing.assert_allclose(asked.coefficients, memory.coefficients, atol=1e-7)


class _nothing:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def test_a_saved_path_is_the_path(tmp_path, binomial_fit):
    binomial_fit.save(tmp_path / "path.json")
    back = load(tmp_path / "path.json")
    pd.testing.assert_frame_equal(back.coefficients, binomial_fit.coefficients)
    assert str(back) == str(binomial_fit)
    new = DATA.head(7)
    pd.testing.assert_frame_equal(
        back.predict(new, s=[0.1, 0.02], type="response"),
        binomial_fit.predict(new, s=[0.1, 0.02], type="response"),
    )
    with pytest.raises(DataError, match="holds no training rows"):
        back.predict(s=0.1)
    with pytest.raises(DataError, match="holds no training rows"):
        binomial_fit.strip_data().update(alpha=1)


# ---------------------------------------------------------------- verbs


def test_predictions_of_every_type(binomial_fit):
    s = binomial_fit.lambda_[10]
    link, mean = (binomial_fit.predict(s=s, type=type) for type in ("link", "response"))
    np.testing.assert_allclose(mean, 1 / (1 + np.exp(-link)), rtol=1e-12)
    assert (binomial_fit.predict(s=s, type="class") == (mean > 0.5)).all()
    chosen = binomial_fit.predict(s=s, type="nonzero")
    assert chosen == [n for n, v in binomial_fit.coef(s=s)[1:].items() if v]
    assert binomial_fit.predict(type="nonzero")[0] == []
    assert binomial_fit.predict(type="coefficients").shape == (12, len(binomial_fit.lambda_))
    pd.testing.assert_frame_equal(binomial_fit.fitted_values, binomial_fit.predict(type="response"))
    new = DATA.head(3).assign(x1=[1.0, np.nan, 2.0])
    assert binomial_fit.predict(new, s=s).isna().tolist() == [False, True, False]


def test_exact_solutions_between_the_lambdas(binomial_fit):
    s = float(np.sqrt(binomial_fit.lambda_[10] * binomial_fit.lambda_[11]))
    near, exact = binomial_fit.coef(s=s), binomial_fit.coef(s=s, exact=True)
    assert 1e-7 < np.abs(near - exact).max() < 0.1
    again = binomial_fit.update(lambda_=[s]).coef(s=s)
    np.testing.assert_allclose(exact, again, atol=1e-8)


def test_update_changes_the_call(binomial_fit):
    assert binomial_fit.update(". ~ . - x8", alpha=1).column_names[-4:] == ("x7", "fb", "fc", "fd")


def test_tidy_and_glance(binomial_fit):
    tidy = binomial_fit.tidy()
    assert list(tidy) == ["term", "step", "estimate", "lambda", "dev_ratio"]
    assert (tidy["estimate"] != 0).all()
    assert len(binomial_fit.tidy(return_zeros=True)) == 12 * len(binomial_fit.lambda_)
    assert binomial_fit.glance()["nobs"].tolist() == [200]
    assert binomial_fit.criterion == "penalised"


def test_the_selected_terms_as_a_glm_that_says_how_it_came_about():
    fit = glmnet(f"y ~ {NUMERIC} + f", DATA)
    s = fit.lambda_[8]
    kept = fit.refit_selected(s=s)
    assert kept.formula == "y ~ x1 + x2"
    text = str(kept.summary())
    assert f"selected by glmnet (alpha = 1, lambda = {s:.4g})" in text
    assert "do not account for that" in text
    plain = glm("y ~ x1 + x2", DATA)
    np.testing.assert_allclose(kept.coefficients, plain.coefficients)
    with pytest.raises(FitError, match="no term is selected"):
        fit.refit_selected(s=fit.lambda_[0])


def test_a_ridge_has_effective_degrees_of_freedom_and_penalised_errors():
    fit = glmnet(f"y ~ {NUMERIC}", DATA, alpha=0)
    s = 0.4
    made = fit.ridge_summary(s=s)
    X = DATA[[f"x{k}" for k in range(1, 9)]].to_numpy()
    Z = (X - X.mean(0)) / X.std(0)
    gram = Z.T @ Z / 200
    ridge = np.linalg.inv(gram + s / DATA["y"].std(ddof=0) * np.eye(8))
    np.testing.assert_allclose(made.attrs["edf"], 1 + np.trace(ridge @ gram), rtol=1e-9)
    b = ridge @ Z.T @ DATA["y"].to_numpy() / 200 / X.std(0)
    np.testing.assert_allclose(made["Estimate"].iloc[1:], b, rtol=1e-6)
    residual = DATA["y"] - fit.update(lambda_=[s]).predict(s=s)
    phi = (residual**2).sum() / (200 - made.attrs["edf"])
    errors = np.sqrt(np.diag(ridge @ gram @ ridge) * phi / 200) / X.std(0)
    np.testing.assert_allclose(made["Penalised SE"].iloc[1:], errors, rtol=1e-6)
    assert "effective degrees of freedom" in str(made)
    assert "bias is not in it" in str(made)
    none = glmnet(f"b ~ {NUMERIC}", DATA, "binomial", alpha=0).ridge_summary(s=1e-12)
    errors = glm(f"b ~ {NUMERIC}", DATA, "binomial", epsilon=1e-14).summary().coefficients["Std. Error"]
    np.testing.assert_allclose(none["Penalised SE"], errors, rtol=1e-5)
    with pytest.raises(FitError, match=r"for ridge \(alpha=0\), not for alpha=1"):
        glmnet("y ~ x1 + x2", DATA).ridge_summary(s=0.1)


@pytest.mark.parametrize("verb", ["vcov", "confint"])
def test_what_a_penalised_fit_has_not(binomial_fit, verb):
    with pytest.raises(FitError, match=r"penalised estimates are biased.*refit_selected"):
        getattr(binomial_fit, verb)()


@pytest.mark.parametrize("verb", [g.logLik, g.AIC, g.BIC])
def test_a_path_has_no_likelihood(binomial_fit, verb):
    with pytest.raises(
        FitError, match=r"has no likelihood that AIC or a test could compare: ask fit.dev_ratio"
    ):
        verb(binomial_fit)


def test_plots_of_the_path(binomial_fit):
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot

    for xvar in ("norm", "lambda", "dev"):
        axis = binomial_fit.plot(xvar, label=True)
        assert len(axis.lines) == 12
        np.testing.assert_allclose(axis.lines[0].get_ydata(), binomial_fit.beta.iloc[0])
    with pytest.raises(ValueError, match="xvar should be one of 'norm', 'lambda', 'dev'; got 'x'"):
        binomial_fit.plot("x")
    pyplot.close("all")


# ---------------------------------------------------------------- refusals

REFUSED = [
    ({"alpha": 1.5}, ValueError, r"alpha should be between 0 \(ridge\) and 1 \(lasso\); got 1.5"),
    ({"alpha": "x"}, ValueError, "alpha should be a number; got 'x'"),
    ({"lambda_": [0.1, -1]}, ValueError, "lambdas should be non-negative; got -1"),
    ({"lambda_": []}, ValueError, r"lambda_ should be a number, or numbers; got \[\]"),
    ({"lambda_": [0.1, np.nan]}, ValueError, "got a missing one"),
    ({"nlambda": 0}, ValueError, "nlambda should be a whole number from 1; got 0"),
    ({"lambda_min_ratio": 2}, ValueError, "lambda.min.ratio should be less than 1 and above 0; got 2"),
    ({"thresh": 0}, ValueError, "thresh should be a small number above 0, such as 1e-9; got 0"),
    ({"standardize": "no"}, ValueError, "standardize should be True or False; got 'no'"),
    ({"penalty_factor": {"x9": 1}}, DataError, "penalty_factor: 'x9' is neither a column nor a term"),
    (
        {"penalty_factor": [1, 2]},
        ValueError,
        "have a number for each of the 3 columns without the intercept; got 2",
    ),
    ({"penalty_factor": {"x1": -1}}, ValueError, "penalty_factor should not be negative; got -1"),
    ({"penalty_factor": {"x1": "a"}}, ValueError, r"penalty_factor\['x1'\] should be a number; got 'a'"),
    ({"penalty_factor": 0}, FitError, "All penalty factors are <= 0: expected at least one above 0"),
    ({"penalty_factor": np.inf}, FitError, "All used predictors have zero variance"),
    ({"lower_limits": 1}, ValueError, "Lower limits should be non-positive; got 1"),
    ({"upper_limits": {"x2": -2}}, ValueError, "Upper limits should be non-negative; got -2"),
    ({"formula": "y ~ one"}, FitError, "All used predictors have zero variance"),
    ({"formula": "y ~ 1"}, FitError, "All used predictors have zero variance"),
    ({"formula": "one ~ x1 + x2"}, FitError, r"y is constant; gaussian glmnet fails at standardization step"),
    ({"formula": "zero ~ x1", "family": "binomial"}, FitError, "the mean of the response is 0"),
    ({"formula": "one ~ x1", "family": "binomial"}, FitError, "the mean of the response is 1"),
    ({"formula": "zero ~ x1", "family": "poisson"}, FitError, "the mean of the response is 0"),
    (
        {"formula": "pos ~ x1", "family": "Gamma", "intercept": False},
        FitError,
        "the null model has means outside",
    ),
    ({"weights": "zero"}, FitError, "all weights are zero, or there is no row"),
    ({"formula": "~ x1"}, FormulaError, "has no response"),
    ({"formula": 3}, FormulaError, "must be a str"),
    ({"family": g.tweedie(var_power="ml")}, FamilyError, r"glmnet\(\) takes a var_power that is known"),
]


@pytest.mark.parametrize(("changes", "error", "message"), REFUSED, ids=[str(c[0])[:40] for c in REFUSED])
def test_bad_input_is_told(changes, error, message):
    data = DATA.assign(one=1.0, zero=0.0)
    with pytest.raises(error, match=message):
        glmnet(**{"formula": "y ~ x1 + x2 + x3", "data": data} | changes)


def test_bad_questions_are_told(binomial_fit):
    with pytest.raises(ValueError, match="s should not be below 0; got -1"):
        binomial_fit.coef(s=-1)
    with pytest.raises(ValueError, match="type should be one of 'link', 'response', 'class'"):
        binomial_fit.predict(s=0.1, type="probs")
    with pytest.raises(ValueError, match="type='class' is of a binomial family"):
        glmnet("y ~ x1 + x2", DATA).predict(s=0.1, type="class")


def test_a_path_that_cannot_be_solved_warns():
    data = pd.DataFrame({"y": [0, 0, 0, 1, 1, 1], "x": [1.0, 2, 3, 4, 5, 6], "z": [1.0, 0, 1, 0, 1, 0]})
    fit = glmnet("y ~ x + z", data, "binomial")
    assert fit.dev_ratio[-1] > 0.99
    assert fit.residual.max() < 1e-6
    assert fit.nobs == 6


@pytest.mark.parametrize(
    "family", [g.inverse_gaussian("log"), g.binomial("cauchit"), g.gaussian("log"), "Gamma"]
)
def test_links_that_are_not_canonical_meet_the_conditions_too(family):
    name = getattr(family, "name", family)
    fit = glmnet(f"{'b' if name == 'binomial' else 'pos'} ~ {NUMERIC} + f + g", DATA, family)
    assert fit.residual.max() <= 1e-9


def test_a_path_whose_means_leave_their_range_ends_there():
    with pytest.warns(
        g.ConvergenceWarning, match="the path ends before lambda .* means leave the range of the family"
    ):
        fit = glmnet(f"b ~ {NUMERIC} + f + g", DATA, g.binomial("log"))
    # it ends at the next lambda of its grid, where means touch their bound: there the maximum is not inside
    grid = fit.lambda_[0] * 1e-4 ** (np.arange(100) / 99)
    np.testing.assert_allclose(fit.lambda_, grid[: len(fit.lambda_)], rtol=1e-12)
    np.testing.assert_allclose(fit.result.failed_at, grid[len(fit.lambda_)], rtol=1e-12)
    assert fit.residual[:-1].max() <= 1e-9
    assert fit.residual[-1] <= 1e-3
    assert fit.predict(type="response").iloc[:, -1].max() > 0.95
    assert fit.predict(type="response").to_numpy().max() < 1
    with pytest.raises(FitError, match="no penalised fit was found at lambda"):
        glmnet(f"b ~ {NUMERIC} + f + g", DATA, g.binomial("log"), lambda_=[1e-6])


def test_real_data_of_the_package():
    fit = glmnet("left ~ salary + overtime_hours + experience_years", datasets.attrition(), "binomial")
    assert fit.residual.max() <= 1e-9


def test_dask_gives_the_answer_of_memory():
    frames = pytest.importorskip("dask.dataframe")
    data = frames.from_pandas(DATA, npartitions=3)
    for family, y in (("gaussian", "y"), ("poisson", "k")):
        memory = glmnet(f"{y} ~ {NUMERIC} + f", DATA, family, nlambda=15)
        there = glmnet(f"{y} ~ {NUMERIC} + f", data, family, nlambda=15)
        np.testing.assert_allclose(there.coefficients, memory.coefficients, atol=1e-7)
