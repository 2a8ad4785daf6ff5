"""cv_glmnet: R's numbers with R's folds, other folds and sources, refusals."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from glmformula import DataError, DataWarning, FitError, cv_glmnet, load
from tests.penalised.test_against_r import PATHS, call_of
from tests.reference.glmnet.load import reference, table

CASES = reference()["cv"]
DATA = table("data")
NUMERIC = "x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8"


@pytest.fixture(scope="module", params=CASES)
def pair(request):
    case = CASES[request.param]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "non-integer #successes", DataWarning)
        call = call_of(PATHS[case["problem"]])
        return case, cv_glmnet(**call, foldid="fold", type_measure=case["measure"])


def test_losses_and_choices_are_rs(pair):
    case, fit = pair
    # R breaks ties at random where everything has one probability
    first = 1 if case["measure"] == "auc" else 0
    rtol = 1e-6 if case["measure"] != "class" else 1e-9
    np.testing.assert_allclose(fit.cvm[first:], case["cvm"][first:], rtol=rtol)
    np.testing.assert_allclose(fit.cvsd[first:], case["cvsd"][first:], rtol=10 * rtol)
    np.testing.assert_allclose(
        [fit.lambda_min, fit.lambda_1se], [case["lambda_min"], case["lambda_1se"]], rtol=1e-8
    )
    assert fit.nzero.tolist() == case["nzero"]
    assert fit.name == case["name"]


def test_the_printed_text_is_rs(pair):
    case, fit = pair
    printed = str(fit).splitlines()
    start = next(k for k, line in enumerate(printed) if line.split()[:2] == ["Lambda", "Index"])
    assert "\n".join(printed[start:]).rstrip("\n") == case["print"].rstrip("\n")
    assert f"Measure: {case['name']}" in str(fit)
    assert "Call:  cv_glmnet(formula = " in str(fit)


def test_coefficients_and_predictions_at_the_chosen_penalties():
    fit = cv_glmnet(f"y ~ {NUMERIC}", DATA, foldid="fold")
    pd.testing.assert_series_equal(fit.coef(), fit.coef(s=fit.lambda_1se))
    pd.testing.assert_series_equal(fit.coef("lambda_min"), fit.coef(s=fit.lambda_min))
    pd.testing.assert_series_equal(fit.predict(), fit.predict(s="lambda.1se"))
    pd.testing.assert_series_equal(fit.fitted_values, fit.predict(type="response"))
    np.testing.assert_allclose(fit.coef("lambda.min", exact=True), fit.coef("lambda.min"), atol=1e-9)
    assert fit.refit_selected().nobs == 200
    assert cv_glmnet(f"y ~ {NUMERIC}", DATA, alpha=0, foldid="fold").ridge_summary().attrs["edf"] < 9
    with pytest.raises(ValueError, match=r"s should be 'lambda.min', 'lambda.1se' or a number; got 'best'"):
        fit.coef("best")


def test_folds_of_labels_of_arrays_and_at_random():
    by_name = cv_glmnet("y ~ x1 + x2 + x3", DATA, foldid="fold")
    by_array = cv_glmnet("y ~ x1 + x2 + x3", DATA, foldid=DATA["fold"].to_numpy() * 10)
    np.testing.assert_array_equal(by_name.cvm, by_array.cvm)
    labelled = cv_glmnet("y ~ x1 + x2 + x3", DATA, foldid="g")
    assert labelled.folds == 12
    one, again, other = (cv_glmnet("y ~ x1 + x2 + x3", DATA, seed=s, nfolds=4) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.cvm, again.cvm)
    assert not np.array_equal(one.cvm, other.cvm)
    assert one.folds == 4
    np.testing.assert_array_equal(one.update(seed=2).cvm, other.cvm)


def test_a_fold_for_each_row():
    few = DATA.head(30)
    with pytest.warns(DataWarning, match="grouped=FALSE enforced in cv.glmnet"):
        fit = cv_glmnet("y ~ x1 + x2 + x3", few, foldid=np.arange(30), lambda_=[0.5, 0.1])
    errors = []
    for k in range(30):
        rest = few.drop(index=few.index[k])
        other = cv_glmnet("y ~ x1 + x2 + x3", rest, foldid=np.arange(29) % 5, lambda_=[0.5, 0.1])
        errors.append((few["y"].iloc[k] - other.predict(few.iloc[[k]], s=[0.5, 0.1]).to_numpy()[0]) ** 2)
    np.testing.assert_allclose(fit.cvm, np.mean(errors, axis=0), rtol=1e-9)
    np.testing.assert_allclose(fit.cvsd, np.std(errors, axis=0) / np.sqrt(29), rtol=1e-9)


def test_files_give_the_answer_of_memory(tmp_path):
    DATA.to_parquet(tmp_path / "data.parquet", row_group_size=70)
    for family, y, measure in (("gaussian", "y", "mae"), ("binomial", "b", "auc")):
        options = {"family": family, "foldid": "fold", "type_measure": measure, "nlambda": 20}
        memory = cv_glmnet(f"{y} ~ {NUMERIC} + f", DATA, **options)
        filed = cv_glmnet(f"{y} ~ {NUMERIC} + f", str(tmp_path / "data.parquet"), **options)
        np.testing.assert_allclose(filed.cvm, memory.cvm, rtol=1e-6)
    with pytest.raises(DataError, match="rows in files have no folds drawn at random: give foldid="):
        cv_glmnet("y ~ x1 + x2", str(tmp_path / "data.parquet"))


def test_a_saved_choice_is_the_choice(tmp_path):
    fit = cv_glmnet(f"b ~ {NUMERIC}", DATA, "binomial", foldid="fold", nlambda=30)
    fit.save(tmp_path / "cv.json")
    back = load(tmp_path / "cv.json")
    assert str(back) == str(fit)
    assert (back.lambda_min, back.lambda_1se) == (fit.lambda_min, fit.lambda_1se)
    pd.testing.assert_series_equal(back.predict(DATA.head()), fit.predict(DATA.head()))
    assert type(fit.glmnet_fit).__name__ == "Glmnet"


def test_the_curve():
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot

    fit = cv_glmnet(f"y ~ {NUMERIC}", DATA, foldid="fold")
    axis = fit.plot()
    assert axis.get_ylabel() == "Mean-Squared Error"
    np.testing.assert_allclose(axis.lines[0].get_ydata(), fit.cvm)
    assert fit.plot(sign=-1).get_xlabel() == "-log(lambda)"
    pyplot.close("all")


def test_small_folds_have_no_area_under_the_curve():
    with pytest.warns(DataWarning, match="Too few .< 10. observations per fold for type.measure='auc'"):
        fit = cv_glmnet("b ~ x1 + x3", DATA.head(60), "binomial", nfolds=10, type_measure="auc", seed=1)
    assert fit.name == "Binomial Deviance"


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"nfolds": 2}, ValueError, "nfolds must be bigger than 3; nfolds=10 recommended .* got 2"),
        ({"nfolds": "x"}, ValueError, "got 'x'"),
        ({"foldid": "two"}, ValueError, "foldid has 2"),
        ({"type_measure": "auc"}, ValueError, "Only mse, deviance, mae available as type_measure"),
        ({"foldid": np.arange(7)}, DataError, "200|7"),
        (
            {"formula": "rare ~ x1 + x2", "family": "binomial", "foldid": "fold"},
            FitError,
            "without the rows of fold",
        ),
    ],
)
def test_bad_input_is_told(changes, error, message):
    rare = np.zeros(200)
    rare[np.flatnonzero(DATA["fold"] == 3)[:3]] = 1
    data = DATA.assign(two=np.arange(200) % 2, rare=rare)
    with pytest.raises(error, match=message):
        cv_glmnet(**{"formula": "y ~ x1 + x2 + x3", "data": data} | changes)
