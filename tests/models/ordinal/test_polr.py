"""polr: responses, partial proportional odds, tests of parallel lines, separation, sources, and what it refuses."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from reference.likelihoods.load import errors, load as load_data, models, texts
from tolerances import ORDINAL, SAME_ROWS

import glmformula
from glmformula import (
    DataError,
    DataWarning,
    FitError,
    FormulaError,
    RankWarning,
    SeparationWarning,
    brant,
    coeftest,
    glm,
    nominal_test,
    polr,
)
from glmformula.engine.likelihood.likelihood_fit import decided
from glmformula.engine.likelihood.newton import NewtonControl, at

MODELS = models("polr")


@pytest.fixture(scope="module")
def scores():
    return load_data("scores")


@pytest.fixture(scope="module")
def fit(scores):
    return polr("y ~ x + g", scores)


@pytest.fixture(scope="module")
def partial(scores):
    return polr("y ~ x + g", scores, parallel="g")


def same(a, b, rtol=1e-9):
    np.testing.assert_allclose(a.estimates.to_numpy(), b.estimates.to_numpy(), rtol=rtol)
    np.testing.assert_allclose(a.vcov().to_numpy(), b.vcov().to_numpy(), rtol=1e-7)


# -- responses -----------------------------------------------------------------------------------------------


def test_factors_ordered_or_not_and_numbers_as_factors(scores, fit):
    codes = scores["y"].cat.codes
    same(polr("y ~ x + g", scores.assign(y=scores["y"].cat.as_unordered())), fit)
    numbers = polr("factor(k) ~ x + g", scores.assign(k=10 * codes))
    same(numbers, fit)
    assert numbers.lev == ("0", "10", "20", "30", "40")
    assert list(numbers.zeta.index) == ["0|10", "10|20", "20|30", "30|40"]


def test_strings_are_taken_in_alphabetical_order_and_told(scores, fit):
    texts_ = scores["y"].cat.rename_categories(list("edcba")).astype(str)
    with pytest.warns(DataWarning, match="strings, taken in alphabetical order: a < b < c < d < e"):
        turned = polr("k ~ x + g", scores.assign(k=texts_))
    np.testing.assert_allclose(turned.coefficients, -fit.coefficients, rtol=1e-8)
    np.testing.assert_allclose(turned.zeta, -fit.zeta.to_numpy()[::-1], rtol=1e-8)


def test_a_category_that_no_row_has_is_left_out_and_told(scores):
    some = scores[scores["y"] != "seldom"]
    with pytest.warns(DataWarning, match="group 'seldom' is empty"):
        ours = polr("y ~ x + g", some)
    same(ours, polr("y ~ x + g", some.assign(y=some["y"].cat.remove_unused_categories())))


def test_responses_that_are_no_ordered_categories(scores):
    with pytest.raises(DataError, match=r"response must be a factor: 'x' is numbers; write factor\(x\)"):
        polr("x ~ g", scores)
    with pytest.raises(DataError, match="response must have 3 or more levels: 'h' has"):
        polr("h ~ x", scores)
    with pytest.raises(DataError, match="counts of each category"):
        polr("cbind(u > 0, u <= 0, u > 1) ~ x", scores)
    none = (scores["y"] != "often").astype(float)
    with pytest.raises(DataError, match="'often' of 'y' has only rows of weight 0"):
        polr("y ~ x", scores.assign(k=none), weights="k")


def test_two_rows_of_the_same_weight_are_one_of_twice(scores):
    doubled = pd.concat([scores, scores], ignore_index=True)
    once = polr("y ~ x + g", scores.assign(k=2.0), weights="k")
    same(once, polr("y ~ x + g", doubled))
    assert once.n == once.loglik.nobs == len(doubled)
    assert once.nobs == len(scores)


def test_rows_of_weight_0_say_nothing(scores):
    k = (np.arange(len(scores)) % 3 > 0).astype(float)
    same(polr("y ~ x + g", scores.assign(k=k), weights="k"), polr("y ~ x + g", scores[k > 0]))


def test_lines_may_cross_at_rows_of_weight_0(scores):
    far = scores[["x", "y"]].iloc[:2].assign(x=[-300.0, 300.0])
    data = pd.concat([scores[["x", "y"]].assign(k=1.0), far.assign(k=0.0)], ignore_index=True)
    same(polr("y ~ x", data, weights="k", parallel=False), polr("y ~ x", scores, parallel=False), rtol=1e-7)


def test_a_search_that_cannot_begin_at_a_regression_begins_without_covariates():
    x = np.array([*np.linspace(-1, 1, 12), 1000.0]) + np.tile([0.5, -0.3, 0.0], 5)[:13]
    y = pd.Categorical.from_codes([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 0], list("abcd"))
    data = pd.DataFrame({"x": x, "y": y, "k": [*[1.0] * 12, 1e-9]})
    ours = polr("y ~ x", data, method="loglog", weights="k")
    assert ours.converged
    assert np.abs(ours.every_score(ours.rows.source.block(slice(0, 13))).sum(axis=1)).max() < 1e-6


# -- the fit -------------------------------------------------------------------------------------------------


def test_a_link_without_an_intercept_has_one_all_the_same(scores):
    with pytest.warns(DataWarning, match="an intercept is needed and assumed"):
        ours = polr("y ~ 0 + x + u", scores)
    same(ours, polr("y ~ x + u", scores))


def test_columns_that_are_combinations_have_no_coefficient(scores):
    with pytest.warns(
        RankWarning, match="design appears to be rank-deficient, so dropping some coefs: I.x . 2."
    ):
        ours = polr("y ~ x + I(x * 2) + g", scores)
    assert np.isnan(ours.coefficients["I(x * 2)"])
    plain = polr("y ~ x + g", scores)
    np.testing.assert_allclose(ours.vcov(complete=False), plain.vcov(), rtol=1e-8)
    assert "I(x * 2)" not in str(ours).partition("Coefficients")[2]
    assert list(coeftest(ours, vcov=ours.vcov()).frame.index) == list(plain.estimates.index)
    np.testing.assert_allclose(ours.fitted_values, plain.fitted_values, rtol=1e-9)


def test_a_search_may_begin_elsewhere(scores, fit):
    same(polr("y ~ x + g", scores, start=np.round(fit.estimates, 1)), fit)
    with pytest.raises(FitError, match="length of 'start' should equal 7; got 2 values"):
        polr("y ~ x + g", scores, start=[0, 1])
    with pytest.raises(FitError, match="give start="):
        polr("y ~ x + g", scores, start=[0, 0, 0, 3, 2, 1, 0])
    with pytest.raises(ValueError, match="start should be numbers, coefficients and then constants; got 'a'"):
        polr("y ~ x + g", scores, start="a")


def test_arguments_by_name(scores):
    with pytest.raises(ValueError, match=r"method should be one of 'logistic', 'probit'.*; got 'logit'"):
        polr("y ~ x", scores, method="logit")
    with pytest.raises(ValueError, match="parallel should be names of terms, True or False; got 3"):
        polr("y ~ x", scores, parallel=3)
    with pytest.raises(
        FormulaError, match="parallel names 'z', which is no term of the model; its terms are 'x'"
    ):
        polr("y ~ x", scores, parallel="z")


def test_thresholds_are_rows_of_tests_and_covariances(fit):
    names = [*fit.coefficients.index, *fit.zeta.index]
    assert list(fit.vcov().index) == list(coeftest(fit).frame.index) == list(fit.tidy()["term"]) == names
    assert list(fit.confint().frame.index) == list(fit.coefficients.index)
    assert fit.confint("never|seldom").frame.shape == (1, 2)
    assert fit.vcov("HC0").shape == (7, 7)
    table = glmformula.linear_hypothesis(fit, [[0, 0, 0, 1, -1, 0, 0]])
    assert table.frame.iloc[-1, -1] < 1e-6


@pytest.mark.parametrize("id_", ["factors", "weights", "probit", "housing", "wine-cauchit"])
def test_robust_covariances_equal_those_of_exact_scores(id_):
    answer = MODELS[id_]
    arguments = {name: value.strip("\"'") for name, value in (answer["args"] or {}).items()}
    ours = polr(answer["formula"], load_data(answer["data"]), **arguments)
    theirs = answer["robust"]["HC0"]
    np.testing.assert_allclose(np.sqrt(np.diag(ours.vcov("HC0"))), theirs["se"], rtol=ORDINAL)


def test_estimating_functions_have_the_thresholds_too(fit, scores):
    psi, bread_ = glmformula.estfun(fit), glmformula.bread(fit)
    assert list(psi.columns) == list(bread_.columns) == list(fit.estimates.index)
    np.testing.assert_allclose(psi.sum(), 0, atol=1e-9)
    n = len(scores)
    sandwich = bread_.to_numpy() @ (psi.T @ psi).to_numpy() @ bread_.to_numpy() / n**2
    np.testing.assert_allclose(fit.vcov("HC0"), sandwich, rtol=1e-9)
    assert fit.vcov("HC0", complete_theta=False).shape == (3, 3)


@pytest.mark.parametrize("parallel", [None, "g"])
def test_effects_are_those_of_probabilities(scores, parallel):
    ours = polr("y ~ x + g", scores, parallel=parallel)
    table = glmformula.avg_slopes(ours, "x").frame
    h = 1e-5
    up, down = (ours.predict(scores.assign(x=scores["x"] + sign * h), type="probs") for sign in (1, -1))
    np.testing.assert_allclose(table["estimate"], (up - down).mean() / (2 * h), rtol=1e-4, atol=1e-7)
    assert table["estimate"].sum() == pytest.approx(0, abs=1e-9)


# -- rows ----------------------------------------------------------------------------------------------------


def test_standard_errors_of_probabilities_are_those_of_the_delta_method(scores, fit):
    new = scores.iloc[[3, 50]]
    answer = fit.predict(new, type="probs", se_fit=True, interval="confidence")
    h, cov = 1e-5, fit.vcov().to_numpy()
    estimates = fit.estimates.to_numpy()
    X = fit.model_matrix(new).to_numpy()[:, 1:]

    def probabilities(parameters):
        below = 1 / (1 + np.exp(-(parameters[3:] - (X @ parameters[:3])[:, None])))
        return np.diff(np.pad(below, ((0, 0), (1, 1)), constant_values=(0, 1)), axis=1)

    moved = [
        (probabilities(estimates + h * e) - probabilities(estimates - h * e)) / (2 * h) for e in np.eye(7)
    ]
    errors = np.sqrt(np.einsum("imk,ij,jmk->mk", moved, cov, moved))
    np.testing.assert_allclose(answer["se_fit"], errors, rtol=1e-6)
    assert ((answer["lwr"] < answer["fit"]) & (answer["fit"] < answer["upr"])).all(axis=None)
    assert ((answer["lwr"] > 0) & (answer["upr"] < 1)).all(axis=None)


def test_predictions_of_rows_with_missing_values_and_offsets(scores):
    ours = polr("y ~ x + offset(off)", scores)
    new = pd.DataFrame({"x": [0.3, np.nan], "off": [0.5, 0.1]})
    answer = ours.predict(new, type="link")
    assert answer[0] == pytest.approx(0.3 * ours.coefficients["x"] + 0.5)
    assert np.isnan(answer[1])
    assert ours.predict(new).isna().tolist() == [False, True]
    assert ours.predict(new, type="probs").isna().all(axis=1).tolist() == [False, True]
    with pytest.raises(ValueError, match="type should be one of 'class', 'probs', 'link'; got 'response'"):
        ours.predict(type="response")


def test_residuals_are_on_the_scale_of_probabilities(scores, fit):
    p = fit.fitted_values.to_numpy()
    codes = scores["y"].cat.codes.to_numpy()
    expected = [row[:k].sum() - row[k + 1 :].sum() for row, k in zip(p, codes)]
    np.testing.assert_allclose(fit.residuals(), expected, rtol=1e-10, atol=1e-12)
    with pytest.raises(ValueError, match=r"type should be 'probability'.*; got 'pearson'"):
        fit.residuals("pearson")


def test_draws_are_categories(fit, scores):
    drawn = fit.simulate(2, seed=4)
    assert list(drawn.columns) == ["sim_1", "sim_2"]
    assert set(drawn["sim_1"]) <= set(scores["y"].cat.categories)
    pd.testing.assert_frame_equal(drawn, fit.simulate(2, seed=4))


def test_tidy_and_glance_are_brooms(fit):
    table = fit.tidy(conf_int=True, exponentiate=True)
    assert table["coef_type"].tolist() == ["coefficient"] * 3 + ["scale"] * 4
    np.testing.assert_allclose(table["estimate"], np.exp(fit.estimates))
    np.testing.assert_allclose(table[["conf_low", "conf_high"]].iloc[:3], np.exp(fit.confint().frame))
    assert table["conf_low"].iloc[3:].isna().all()
    assert list(fit.glance().columns) == ["edf", "logLik", "AIC", "BIC", "deviance", "df_residual", "nobs"]
    assert fit.glance()["edf"].item() == 7


# -- partial proportional odds -------------------------------------------------------------------------------


def test_terms_that_are_not_parallel_have_a_coefficient_for_each_threshold(partial, scores):
    assert partial.parallel == ("g",)
    assert list(partial.coefficients.index) == [
        "gmid",
        "ghigh",
        *(f"{name}:x" for name in partial.zeta.index),
    ]
    own = partial.coefficients[[f"{name}:x" for name in partial.zeta.index]].to_numpy()
    shared = partial.coefficients[["gmid", "ghigh"]].to_numpy()
    X = partial.model_matrix().to_numpy()
    eta = X[:, 2:] @ shared
    below = 1 / (1 + np.exp(-(partial.zeta.to_numpy() - eta[:, None] - X[:, [1]] * own)))
    p = np.diff(np.pad(below, ((0, 0), (1, 1)), constant_values=(0, 1)), axis=1)
    np.testing.assert_allclose(partial.fitted_values, p, rtol=1e-9)
    chosen = p[np.arange(len(p)), scores["y"].cat.codes.to_numpy()]
    assert float(partial.loglik) == pytest.approx(np.log(chosen).sum(), rel=1e-12)
    links = partial.predict(scores.iloc[:2], type="link", se_fit=True)
    np.testing.assert_allclose(links["fit"], eta[:2, None] + X[:2, [1]] * own, rtol=1e-9)
    assert (links["se_fit"] > 0).all(axis=None)


def test_without_parallel_terms_the_ends_are_nearly_binary_models(scores):
    three = scores.assign(k=scores["y"].cat.rename_categories({"often": "o"}).astype(object))
    free = polr("y3 ~ x", three, parallel=False)
    assert free.parallel == ()
    first = three["y3"].cat.categories[0]
    binary = glm("I(y3 != first) ~ x".replace("first", f'"{first}"'), three, family="binomial")
    own = free.coefficients.iloc[0]
    assert abs(own - binary.coefficients["x"]) < 0.5 * binary.vcov().loc["x", "x"] ** 0.5
    same(polr("y3 ~ x", three, parallel=True), polr("y3 ~ x", three))


def test_rows_beyond_the_crossing_of_lines_have_no_probabilities(scores):
    free = polr("y ~ x", scores, parallel=False)
    slopes = free.coefficients.to_numpy()
    crossing = np.diff(free.zeta) / np.diff(slopes)
    far = float(crossing[np.abs(crossing).argmin()])
    new = pd.DataFrame({"x": [0.0, 0.9 * far, 1.1 * far]})
    assert free.predict(new, type="probs").isna().all(axis=1).tolist() == [False, False, True]
    assert free.predict(new).isna().tolist() == [False, False, True]


def test_verbs_of_partial_proportional_odds(partial):
    table = partial.drop1(test="Chisq").frame
    assert table["Df"].tolist()[1:] == [4, 2]
    assert partial.Anova().frame.loc["x", "Df"] == 4
    smaller = partial.update(". ~ x + g", parallel=True)
    assert glmformula.lrtest(smaller, partial).frame["Df"].iloc[1] == 3
    assert len(partial.confint().frame) == 6
    assert "never|seldom:x" in str(partial.summary())


def test_another_formula_keeps_the_lines_that_are_free(scores):
    free = polr("y ~ x + u + g + h", scores, parallel=["u", "g", "h"])
    fewer = free.update(". ~ . - h - u")
    assert fewer.parallel == ("g",)
    assert "never|seldom:x" in fewer.coefficients.index
    more = fewer.update(". ~ . + u")
    assert more.parallel == ("g", "u")
    assert fewer.update(". ~ . - x").parallel == ("g",)
    assert fewer.update(". ~ . + u", parallel=False).parallel == ()
    chosen = free.step(trace=0)
    assert "never|seldom:x" in chosen.coefficients.index
    assert free.on_terms([0, 1, 2]).parallel == ("u",)


@pytest.mark.parametrize("id_", [id_ for id_ in MODELS if MODELS[id_].get("parallel")])
def test_parallel_lines_by_likelihood_ratio(id_):
    answer = MODELS[id_]
    arguments = {name: value.strip("\"'") for name, value in (answer["args"] or {}).items()}
    ours = polr(answer["formula"], load_data(answer["data"]), **arguments)
    theirs, table = answer["parallel"], nominal_test(ours, overall=True).frame
    names = theirs["by_term"]["rows"]
    known = np.array([value is not None for value in theirs["by_term"]["logLik"]])
    wanted = np.array(theirs["by_term"]["logLik"], dtype=float)[known]
    # of separated models ordinal stops on the way
    np.testing.assert_allclose(table.loc[names, "logLik"][known], wanted, rtol=1e-8)
    if theirs["overall"] is not None:
        assert table.loc["<all>", "LRT"] == pytest.approx(theirs["overall"]["statistic"], abs=1e-6)
        assert table.loc["<all>", "Df"] == theirs["overall"]["df"]
    if known.all():
        assert str(nominal_test(ours)).rstrip() == texts("polr")[f"nominal_test {id_}"]["exact"].rstrip()


@pytest.mark.parametrize("id_", [id_ for id_ in MODELS if MODELS[id_].get("brant")])
def test_parallel_lines_by_brants_test(id_):
    answer = MODELS[id_]
    arguments = {name.replace(".", "_"): value for name, value in (answer["args"] or {}).items()}
    arguments = {name: v.strip("\"'") if name == "na_action" else v for name, v in arguments.items()}
    with warnings.catch_warnings():
        if id_ == "no-intercept":
            warnings.simplefilter("ignore")
        ours = polr(answer["formula"], load_data(answer["data"]), **arguments)
    theirs, table = answer["brant"], brant(ours)
    np.testing.assert_allclose(table.frame.iloc[0], theirs["overall"], rtol=1e-8)
    for term, expected in theirs["by_term"].items():
        np.testing.assert_allclose(table.frame.loc[term], expected, rtol=1e-8)
    np.testing.assert_allclose(brant(ours, by="coefficient").frame.iloc[1:], theirs["by_column"], rtol=1e-8)
    np.testing.assert_allclose(table.attrs["binary"], theirs["binary"], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("method", ["probit", "loglog", "cloglog", "cauchit"])
def test_brants_test_of_other_links_is_near_the_likelihood_ratio(method):
    rng = np.random.default_rng(11)
    n = 4000
    x = rng.normal(size=n)
    noise = {
        "probit": rng.normal(size=n),
        "loglog": rng.gumbel(size=n),
        "cloglog": -rng.gumbel(size=n),
        "cauchit": rng.standard_cauchy(size=n),
    }[method]
    y = pd.Categorical.from_codes(
        np.searchsorted([-0.6, 0.4, 1.3], 0.5 * x + noise), list("abcd"), ordered=True
    )
    ours = polr("y ~ x", pd.DataFrame({"x": x, "y": y}), method=method)
    ratio = nominal_test(ours).frame.loc["x"]
    wald = brant(ours).frame.loc["x"]
    assert wald["df"] == ratio["Df"] == 2
    assert wald["X2"] == pytest.approx(ratio["LRT"], rel=0.5 if method == "cauchit" else 0.15, abs=0.3)
    table = ours.brant().attrs["binary"]
    np.testing.assert_allclose(table["x"], ours.coefficients["x"], atol=0.15)


def test_what_tests_of_parallel_lines_refuse(scores, partial):
    with pytest.raises(FitError, match="no term of the model has one coefficient for all thresholds"):
        nominal_test(polr("y ~ x", scores, parallel=False))
    with pytest.raises(
        FitError, match=r"brant\(\) asks a model whose terms are all parallel: x has a coefficient"
    ):
        brant(partial)
    with pytest.raises(FitError, match="the model has no coefficients: there is nothing to test"):
        brant(polr("y ~ 1", scores))
    with pytest.raises(ValueError, match="by should be 'term' or 'coefficient'; got 'x'"):
        brant(partial, by="x")
    with pytest.raises(FitError, match=r"brant\(\) means nothing for a GLM.*such as polr\(\) gives"):
        brant(glm("x ~ u", scores))
    early = scores.assign(r=((scores["y"].cat.codes < 4) & (np.arange(len(scores)) % 2 > 0)).astype(float))
    with pytest.raises(
        FitError, match=r"binary model of y beyond 'often' has no finite estimates.*nominal_test"
    ):
        brant(polr("y ~ r + x", early))


# -- separation ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def apart():
    rng = np.random.default_rng(1)
    data = pd.DataFrame(
        {"z": rng.normal(size=60), "h": (np.arange(60) < 9).astype(float), "x": np.arange(60.0)}
    )
    data["low"] = pd.Categorical.from_codes(np.where(data["h"] == 1, 0, rng.integers(0, 3, 60)), list("abc"))
    data["mid"] = pd.Categorical.from_codes(np.where(data["h"] == 1, 1, rng.integers(0, 3, 60)), list("abc"))
    data["all"] = pd.Categorical.from_codes(np.repeat([0, 1, 2], 20), list("abc"))
    return data


@pytest.mark.parametrize("method", ["logistic", "probit", "loglog", "cloglog", "cauchit"])
def test_a_group_in_the_lowest_category_alone_is_named(apart, method):
    with pytest.warns(SeparationWarning, match=r"no finite maximum-likelihood estimate of h \(-Inf\)"):
        ours = polr("low ~ z + h", apart, method=method)
    assert ours.result.solved.limits.tolist() == [0, -np.inf, 0, 0]
    assert np.isnan(ours.vcov().loc["h", "h"])
    rest = polr("low ~ z", apart[apart["h"] == 0], method=method)
    np.testing.assert_allclose(ours.estimates[rest.estimates.index], rest.estimates, rtol=1e-4)
    assert "Note: no finite maximum-likelihood estimate" in str(ours)


def test_a_group_in_the_middle_is_no_separation_unless_its_lines_are_free(apart):
    assert not polr("mid ~ z + h", apart).result.solved.limits.any()
    with pytest.warns(SeparationWarning, match=r"a\|b:h \(\+Inf\), b\|c:h \(-Inf\)"):
        polr("mid ~ z + h", apart, parallel="z")
    with pytest.warns(SeparationWarning, match=r"a\|b:h \(-Inf\), b\|c:h \(-Inf\)"):
        polr("low ~ z + h", apart, parallel="z")


def test_categories_in_the_order_of_a_covariate_have_no_finite_thresholds(apart):
    with pytest.warns(SeparationWarning, match=r"x \(\+Inf\), a\|b \(\+Inf\), b\|c \(\+Inf\)"):
        ours = polr("all ~ x", apart)
    assert ours.deviance < 1e-6


def test_a_direction_without_end_holds_though_the_search_can_go_no_further(fit):
    source = fit.rows.source
    solved = replace(fit.result.solved, parameters=-fit.result.solved.parameters[::-1])
    assert np.isinf(at(source, fit.likelihood, fit.result.layout, solved.parameters).loglik)
    ends = np.array([1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0])
    found = decided(source, fit.likelihood, fit.result.layout, solved, ends, NewtonControl())
    assert found.limits.tolist() == [np.inf, 0, -np.inf, 0, 0, 0, 0]
    assert found.converged


# -- sources, files ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def file(tmp_path_factory, scores):
    path = tmp_path_factory.mktemp("ordinal") / "scores.parquet"
    pd.concat([scores] * 8, ignore_index=True).to_parquet(path, row_group_size=500)
    return path


@pytest.mark.parametrize("parallel", [None, "u"])
def test_files_and_databases_equal_memory(file, parallel, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    memory = polr("y ~ x + u", pd.read_parquet(file), method="probit", parallel=parallel)
    table = duckdb.connect().sql(f"select * from '{file}'")
    levels = ", ".join(f"'{level}'" for level in memory.lev)
    for data, response in ((str(file), "y"), (table, f"factor(y, levels = c({levels}))")):
        ours = polr(f"{response} ~ x + u", data, method="probit", parallel=parallel)
        np.testing.assert_allclose(ours.estimates.to_numpy(), memory.estimates.to_numpy(), **SAME_ROWS)
        np.testing.assert_allclose(ours.vcov().to_numpy(), memory.vcov().to_numpy(), **SAME_ROWS)
        assert float(ours.loglik) == pytest.approx(float(memory.loglik), rel=1e-11)
    if parallel is None:
        streamed = polr("y ~ x + u", str(file), method="probit")
        np.testing.assert_allclose(brant(streamed).frame, brant(memory).frame, rtol=1e-7)
        np.testing.assert_allclose(nominal_test(streamed).frame, nominal_test(memory).frame, rtol=1e-7)
        out = streamed.predict(type="probs", out=tmp_path / "p.parquet")
        written = pd.read_parquet(out).iloc[:, 1:]
        np.testing.assert_allclose(written, memory.fitted_values, rtol=1e-9)
        left = pd.read_parquet(streamed.residuals(out=tmp_path / "r.parquet"))["residual"]
        np.testing.assert_allclose(left, memory.residuals(), rtol=1e-9, atol=1e-12)


def test_dask_equals_memory(file):
    dd = pytest.importorskip("dask.dataframe")
    data = pd.read_parquet(file)
    ours = polr("y ~ x + g", dd.from_pandas(data, npartitions=3), parallel="x")
    memory = polr("y ~ x + g", data, parallel="x")
    np.testing.assert_allclose(ours.estimates.to_numpy(), memory.estimates.to_numpy(), **SAME_ROWS)


@pytest.mark.parametrize("parallel", [None, "g"])
def test_a_fit_is_saved_and_loaded(scores, tmp_path, parallel):
    ours = polr("y ~ x + g", scores, parallel=parallel)
    ours.save(tmp_path / "fit.json")
    again = glmformula.load(tmp_path / "fit.json")
    assert str(again) == str(ours)
    assert str(again.summary()) == str(ours.summary())
    new = scores.iloc[:5]
    pd.testing.assert_frame_equal(again.predict(new, type="probs"), ours.predict(new, type="probs"))
    assert again.parallel == ours.parallel
    with pytest.raises(DataError, match="holds no training rows"):
        nominal_test(again)
    bare = ours.strip_data()
    np.testing.assert_array_equal(bare.vcov(), ours.vcov())


def test_step_leaves_out_what_says_little(scores):
    chosen = polr("y ~ x + u + g + h", scores).step(trace=0)
    assert chosen.formula.split("~")[1].strip() == "x + u"


# -- R's sentences -------------------------------------------------------------------------------------------


def test_bad_input_has_the_sentences_of_r(scores):
    said = {entry["call"]: entry for entry in errors("polr")}
    asked = {
        "polr(x ~ u, scores)": lambda: polr("x ~ u", scores),
        "polr(h ~ x, scores)": lambda: polr("h ~ x", scores),
        "polr(y ~ nosuch, scores)": lambda: polr("y ~ nosuch", scores),
        "polr(y ~ xm, scores, na.action = na.fail)": lambda: polr("y ~ xm", scores, na_action="na.fail"),
        'predict(polr(y ~ x, scores), scores["u"])': lambda: polr("y ~ x", scores).predict(scores[["u"]]),
    }
    for call, ask in asked.items():
        with pytest.raises((DataError, FormulaError)) as caught:
            ask()
        assert said[call]["error"] in str(caught.value), call
    with pytest.warns((DataWarning, RankWarning)) as heard:
        polr("y ~ 0 + g", scores)
    wanted = said["polr(y ~ 0 + g, scores)"]["warnings"]
    for sentence in wanted:
        assert any(sentence in str(warning.message) for warning in heard), sentence
    assert len(heard) == len(wanted)


def test_where_polr_of_r_fails_there_is_a_fit(scores, fit):
    summed = polr("y ~ x + g", scores, contrasts={"g": "contr.sum"})
    assert float(summed.loglik) == pytest.approx(float(fit.loglik), rel=1e-12)
    assert list(summed.coefficients.index) == ["x", "g1", "g2"]
    housing = load_data("housing")
    cauchit = polr("Sat ~ Infl + Type + Cont", housing, weights="Freq", method="cauchit")
    assert cauchit.converged
    some = polr("y ~ x + g", scores, subset='g != "mid"')
    assert list(some.coefficients.index) == ["x", "ghigh"]
    with pytest.raises(DataError, match="mid"):
        some.predict(scores, type="probs")
    with pytest.raises(DataError, match="negative weights not allowed"):
        polr("y ~ x", scores, weights=-scores["w"])
