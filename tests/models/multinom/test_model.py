"""multinom: what kinds of responses it takes, what it answers with, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from glmformula import DataError, DataWarning, FitError, coef, glm, multinom
from glmformula.datasets import attrition


@pytest.fixture(scope="module")
def data():
    d = attrition()
    sick = d["sick_days"]
    d["sickness"] = pd.Categorical(
        np.select([sick > 9, sick > 5], ["many", "some"], "few"), ["few", "some", "many"]
    )
    d["w"] = 1 + np.arange(len(d)) % 3
    return d


@pytest.fixture(scope="module")
def fit(data):
    return multinom("sickness ~ overtime_hours + left", data)


def same(a, b, rtol=1e-8):
    np.testing.assert_allclose(a.estimates.to_numpy(), b.estimates.to_numpy(), rtol=rtol)
    np.testing.assert_allclose(a.vcov().to_numpy(), b.vcov().to_numpy(), rtol=rtol)


def test_two_categories_are_a_logistic_regression(data):
    ours = multinom("left ~ overtime_hours + salary", data, weights="w", offset="sick_days / 100")
    theirs = glm("left ~ overtime_hours + salary", data, "binomial", weights="w", offset="sick_days / 100",
                 epsilon=1e-14, maxit=50)  # fmt: skip
    np.testing.assert_allclose(ours.coefficients, theirs.coefficients, rtol=1e-8)
    np.testing.assert_allclose(ours.vcov(), theirs.vcov(), rtol=1e-6)
    assert list(ours.coefficients.index) == list(theirs.coefficients.index) == list(ours.vcov().columns)
    assert float(ours.loglik) == pytest.approx(float(theirs.loglik), rel=1e-10)
    np.testing.assert_allclose(ours.fitted_values, theirs.fitted_values, rtol=1e-7)
    assert ours.predict().dtype == "category"


def test_coefficients_are_a_table_and_estimates_one_after_another(fit):
    table = coef(fit)
    assert list(table.index) == ["some", "many"]
    assert list(table.columns) == ["(Intercept)", "overtime_hours", "left"]
    assert fit.estimates["many:left"] == table.loc["many", "left"]
    assert list(fit.vcov().index) == list(fit.estimates.index) == list(fit.confint(method="wald").frame.index)
    assert fit.edf == 6
    assert fit.aic == pytest.approx(fit.deviance + 12)
    assert fit.levels == ("few", "some", "many")
    assert fit.summary().tests.loc["some:left", "z value"] == pytest.approx(
        fit.summary().wald_ratios.loc["some", "left"]
    )


def test_the_reference_may_be_another(data, fit):
    other = multinom("sickness ~ overtime_hours + left", data, reference="many")
    assert other.levels == ("many", "few", "some")
    assert float(other.loglik) == pytest.approx(float(fit.loglik), rel=1e-12)
    np.testing.assert_allclose(other.coefficients.loc["few"], -fit.coefficients.loc["many"], rtol=1e-8)
    probabilities = other.predict(type="probs")
    np.testing.assert_allclose(probabilities[list(fit.levels)], fit.predict(type="probs"), rtol=1e-8)
    assert (other.predict().astype(str) == fit.predict().astype(str)).all()
    assert 'reference = "many"' in str(other)
    releveled = multinom('relevel(sickness, ref = "many") ~ overtime_hours + left', data)
    same(other, releveled)


@pytest.mark.parametrize("kind", ["strings", "numbers", "logical", "ordered"])
def test_kinds_of_response(data, kind):
    codes = data["sickness"].cat.codes
    made = {
        "strings": data["sickness"].astype(str).replace({"few": "a", "some": "b", "many": "c"}),
        "numbers": 10.5 * codes,
        "logical": codes > 0,
        "ordered": data["sickness"].cat.as_ordered(),
    }[kind]
    fit = multinom("y ~ left", data.assign(y=made))
    expected = {"logical": ("FALSE", "TRUE"), "numbers": ("0", "10.5", "21"), "strings": ("a", "b", "c")}
    assert fit.levels == expected.get(kind, ("few", "some", "many"))
    if kind != "logical":
        same(fit, multinom("sickness ~ left", data))


def test_counts_are_rows_with_weights(data):
    table = data.groupby(["overtime_hours", "sickness"], observed=False).size().unstack().reset_index()
    table.columns = [str(c) for c in table.columns]
    table["none"] = 0
    grouped = multinom("cbind(few, some, many) ~ overtime_hours", table)
    single = multinom("sickness ~ overtime_hours", data)
    same(grouped, single)
    assert grouped.loglik.nobs == single.loglik.nobs == len(data)
    assert grouped.bic == pytest.approx(single.bic)
    left = grouped.residuals()
    assert list(left.columns) == ["few", "some", "many"]
    np.testing.assert_allclose(left.sum(axis=1), 0, atol=1e-12)
    with pytest.raises(ValueError, match="response of this model is counts"):
        grouped.simulate()
    two = multinom("cbind(few, some) ~ overtime_hours", table)
    assert list(two.coefficients.index) == ["some"]
    assert two.predict(type="probs").shape == (len(table), 2)


def test_rows_without_a_count_say_nothing(data):
    table = pd.DataFrame(
        {"a": [1, 2, 0, 3, 1], "b": [2, 1, 0, 1, 4], "c": [1, 1, 0, 2, 2], "x": [1.0, 2, 99, 4, 5]}
    )
    with_them, without = (
        multinom("cbind(a, b, c) ~ x", table),
        multinom("cbind(a, b, c) ~ x", table.drop(index=2)),
    )
    same(with_them, without)
    assert with_them.nobs == without.nobs == 4


def test_weights_count_rows(data):
    repeated = data.loc[data.index.repeat(data["w"])]
    weighted = multinom("sickness ~ overtime_hours", data, weights="w")
    same(weighted, multinom("sickness ~ overtime_hours", repeated))
    assert weighted.loglik.nobs == len(repeated)


def test_empty_categories_are_left_out_and_said(data, fit):
    more = data.assign(sickness=data["sickness"].cat.add_categories(["always"]))
    with pytest.warns(DataWarning, match="group 'always' is empty"):
        same(multinom("sickness ~ overtime_hours + left", more), fit)


def test_aliased_columns_are_missing(data, fit):
    twice = multinom("sickness ~ overtime_hours + I(2 * overtime_hours) + left", data)
    assert twice.coefficients["I(2 * overtime_hours)"].isna().all()
    np.testing.assert_allclose(twice.coefficients["left"], fit.coefficients["left"], rtol=1e-8)
    assert twice.edf == fit.edf
    assert twice.vcov().loc["some:I(2 * overtime_hours)"].isna().all()
    np.testing.assert_allclose(twice.predict(type="probs"), fit.predict(type="probs"), rtol=1e-8)


def test_predictions_and_their_errors(data, fit):
    new = {"overtime_hours": [2.0, 15.0, None], "left": [0, 1, 0]}
    table = fit.predict(new, type="probs", se_fit=True, interval="confidence")
    p = table["fit"]
    np.testing.assert_allclose(p.sum(axis=1)[:2], 1)
    assert p.iloc[2].isna().all()
    assert (table["lwr"][:2] < p[:2]).all().all()
    assert (p[:2] < table["upr"][:2]).all().all()
    kinds = fit.predict(new)
    assert list(kinds[:2]) == [p.columns[k] for k in p[:2].to_numpy().argmax(axis=1)]
    assert kinds.isna().tolist() == [False, False, True]
    # the delta method by numerical derivatives
    L, V, h = np.array([[1.0, 2, 0], [1, 15, 1]]), fit.vcov().to_numpy(), 1e-6

    def at(beta):
        eta = np.column_stack([np.zeros(2), L @ beta.reshape(2, 3).T])
        return np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)

    beta = fit.estimates.to_numpy()
    G = np.stack([(at(beta + h * e) - at(beta - h * e)) / (2 * h) for e in np.eye(6)])
    se = np.sqrt(np.einsum("jrk,jl,lrk->rk", G, V, G))
    np.testing.assert_allclose(table["se_fit"].to_numpy()[:2], se, rtol=1e-6)
    odds = fit.predict(new, type="link")
    np.testing.assert_allclose(odds["many"][:2], np.log(p["many"] / p["few"])[:2])
    with pytest.raises(ValueError, match=r"type='class' has no standard errors.*take type='probs'"):
        fit.predict(new, type="class", se_fit=True)
    assert list(fit.predict(new, se_fit=True)["fit"].columns) == list(fit.levels)


def test_draws_follow_the_probabilities(data, fit):
    drawn = fit.simulate(400, seed=1)
    assert drawn["sim_1"].cat.categories.tolist() == list(fit.levels)
    for level in fit.levels:
        share = (drawn == level).to_numpy().mean(axis=1)
        assert np.abs(share - fit.fitted_values[level]).max() < 0.12
        assert abs(share.mean() - fit.fitted_values[level].mean()) < 0.005
    assert drawn.equals(fit.simulate(400, seed=1))


@pytest.mark.parametrize(
    ("formula", "arguments", "message"),
    [
        (
            "one ~ left",
            {},
            "need two or more classes to fit a multinom model: 'one' is 'a' in every row in use",
        ),
        (
            "sickness ~ left",
            {"reference": "none"},
            r"reference='none' is not a category of 'sickness': expected one of",
        ),
        (
            "salary ~ left",
            {},
            r"the response 'salary' has \d+ distinct numbers, and each would be a category",
        ),
        (
            "sickness ~ left + offset(salary)",
            {},
            r"ncol\(offset\) is wrong: expected a column for each of the 3",
        ),
        ("sickness ~ left", {"offset": "salary"}, r"ncol\(offset\) is wrong: .* got 1"),
        ("sickness ~ offset(cbind(left, salary))", {}, r"ncol\(offset\) is wrong: .* got 2"),
        (
            "sickness ~ offset(cbind(left, w, salary)) + offset(w)",
            {},
            "offsets of 3 and 1 columns cannot be added",
        ),
        ("cbind(left, -left) ~ 1", {}, "negative values not allowed: counts in .* are below 0"),
    ],
)
def test_refusals(data, formula, arguments, message):
    with pytest.raises(DataError, match=message):
        multinom(formula, data.assign(one="a"), **arguments)


def test_a_category_for_every_row_is_too_many():
    n = 6000
    with pytest.raises(
        FitError, match=r"too many \(11998\) weights: 5999 predictors of up to 2 columns.*Merge categories"
    ):
        multinom("id ~ x", {"id": [f"id{k}" for k in range(n)], "x": np.arange(n) % 7})


def test_only_response_residuals(fit):
    with pytest.raises(ValueError, match="type should be 'response'"):
        fit.residuals("deviance")
    left = fit.residuals()
    np.testing.assert_allclose(left.sum(), 0, atol=1e-7)
