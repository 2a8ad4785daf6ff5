"""Marginal means beyond R's tables: other sources, other covariances, wrong input, adjustments by themselves."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from glmformula import (
    DataError,
    DataWarning,
    FitError,
    FormulaError,
    cld,
    confint,
    contrast,
    emmeans,
    emtrends,
    glm,
    joint_tests,
    lm,
    pairs,
    polr,
    summary,
    zeroinfl,
)
from glmformula.inference.means.adjust import p_adjust
from glmformula.inference.means.estimates import rows_of
from glmformula.inference.means.letters import letters
from glmformula.inference.means.rectangle import rectangle
from glmformula.inference.means.studentized import ptukey, qtukey


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    n = 400
    d = pd.DataFrame(
        {
            "a": rng.choice(["u", "v", "w"], n),
            "b": pd.Categorical(rng.choice(["lo", "hi"], n), categories=["lo", "hi"]),
            "x": rng.normal(2, 1, n),
            "firm": rng.integers(0, 30, n),
            "e": rng.uniform(1, 3, n),
            "w": rng.uniform(0.5, 2, n),
            "seen": rng.random(n) < 0.4,
        }
    )
    eta = 0.2 + 0.3 * (d["a"] == "v") - 0.2 * (d["b"] == "hi") + 0.1 * d["x"]
    d["y"] = rng.poisson(np.exp(eta) * d["e"])
    d["z"] = d["y"] * (rng.random(n) < 0.7)
    return d


@pytest.fixture(scope="module")
def fit(data):
    return glm("y ~ a + b + x + offset(log(e))", data, "poisson")


def test_means_are_the_averages_of_predictions(fit, data):
    grid = pd.DataFrame(
        [(a, b, data["x"].mean(), math.exp(np.log(data["e"]).mean())) for a in "uvw" for b in ("lo", "hi")],
        columns=["a", "b", "x", "e"],
    )
    mean = fit.predict(grid).groupby(grid["a"]).mean()
    np.testing.assert_allclose(emmeans(fit, "~ a").frame["emmean"], mean, rtol=1e-12)


def test_a_contrast_is_the_linear_hypothesis_of_the_coefficients(fit):
    got = pairs(emmeans(fit, "~ a"), adjust="none").frame
    want = fit.coeftest().frame.loc["av"]
    assert got["estimate"][0] == pytest.approx(-want["Estimate"], rel=1e-12)
    assert got["SE"][0] == pytest.approx(want["Std. Error"], rel=1e-12)
    assert got["p_value"][0] == pytest.approx(want["Pr(>|z|)"], rel=1e-10)


def test_rows_in_a_file_give_what_rows_in_memory_give(fit, data, tmp_path):
    path = tmp_path / "rows.parquet"
    data.to_parquet(path, row_group_size=90)
    streamed = glm("y ~ a + b + x + offset(log(e))", path, "poisson")
    for question in (
        lambda f: emmeans(f, "~ a | b", weights="proportional"),
        lambda f: emtrends(f, "~ a", "x"),
        lambda f: emmeans(f, "~ x", cov_reduce="range"),
    ):
        one, two = question(fit).frame, question(streamed).frame
        pd.testing.assert_frame_equal(one, two, rtol=1e-9)
    with pytest.raises(DataError, match="needs rows in memory"):
        emmeans(streamed, "~ a", cov_reduce=np.median)


def test_missing_rows_and_subsets_are_left_out_of_the_grid(data):
    holes = data.assign(x=data["x"].where(data.index > 10))
    fit = glm("y ~ a + x", holes, "poisson", subset="b == 'lo'")
    used = holes[(holes["b"] == "lo") & holes["x"].notna()]
    assert emmeans(fit, "~ x").frame["x"][0] == pytest.approx(used["x"].mean(), rel=1e-14)


def test_covariates_by_other_functions_than_the_mean(fit, data):
    assert emmeans(fit, "~ x", cov_reduce=np.median).frame["x"][0] == data["x"].median()
    assert emmeans(fit, "~ x", cov_reduce={"x": "range"}).frame["x"].tolist() == [
        data["x"].min(),
        data["x"].max(),
    ]
    few = glm("y ~ a + firm", data, "poisson")
    assert len(emmeans(few, "~ firm", cov_reduce=False).frame) == 30


def test_a_number_of_two_values_stands_at_both(data):
    fit = lm("y ~ a + z", data.assign(z=(data["x"] > 2).astype(int)))
    assert emmeans(fit, "~ z").frame["z"].tolist() == [0, 1]
    assert "averaged over the levels of: z" in str(emmeans(fit, "~ a"))


def test_logical_columns_are_factors(data):
    frame = emmeans(glm("y ~ seen", data, "poisson"), "~ seen").frame
    assert frame["seen"].tolist() == [False, True]


def test_prior_weights_count_in_proportional_weights(data):
    fit = lm("y ~ a + b", data, weights="w")
    share = data.groupby("b", observed=True)["w"].sum() / data["w"].sum()
    cells = emmeans(fit, "~ a * b").frame.set_index(["a", "b"])["emmean"]
    want = sum(cells["u", level] * share[level] for level in ("lo", "hi"))
    assert emmeans(fit, "~ a", weights="proportional").frame["emmean"][0] == pytest.approx(want, rel=1e-12)
    given = emmeans(fit, "~ a", weights=[share["lo"], share["hi"]]).frame
    assert given["emmean"][0] == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("vcov", ["HC3", {"cluster": "firm"}])
def test_another_covariance_is_taken_and_named(fit, vcov):
    options = {"type": vcov} if isinstance(vcov, str) else vcov
    means = emmeans(fit, "~ a", vcov=vcov)
    V = fit.vcov(**options).loc["av", "av"]
    assert pairs(means).frame["SE"][0] == pytest.approx(math.sqrt(V), rel=1e-12)
    assert "Standard errors: " in str(means)


def test_the_generic_functions_ask_means(fit):
    means = emmeans(fit, "~ a")
    assert str(confint(means, level=0.9)) == str(means.confint(level=0.9))
    assert str(summary(means)) == str(means)
    assert "asymp_LCL" not in means.test().frame
    html = means._repr_html_()
    assert "emmean" in html
    assert "Confidence level used: 0.95" in means.to_markdown()


def test_a_joint_test_is_wald_s(fit):
    got = pairs(emmeans(fit, "~ a")).test(joint=True).frame
    want = fit.waldtest("a").frame
    assert got["df1"][0] == 2
    assert got["F_ratio"][0] == pytest.approx(float(want["F"].iloc[1]), abs=5e-4)


def test_models_of_several_predictors_say_what_they_predict(data):
    fit = zeroinfl("z ~ a + x | b", data, dist="negbin")
    got = emmeans(fit, "~ a", mode="prob0").frame
    grid = pd.DataFrame(
        [(a, b, data["x"].mean()) for b in ("lo", "hi") for a in "uvw"], columns=["a", "b", "x"]
    )
    p0 = fit.predict(grid, type="prob", at=[0])["0"].groupby(grid["a"]).mean()
    np.testing.assert_allclose(got["emmean"], p0, rtol=1e-12)
    cells = emmeans(fit, "~ a * b", mode="prob0").frame
    want = fit.predict(grid, type="count", se_fit=True)
    counts = emmeans(fit, "~ a", mode="count").frame
    np.testing.assert_allclose(counts["SE"], want["se_fit"][:3], rtol=1e-12)
    assert len(cells) == 6


def test_probabilities_of_ordered_categories_sum_to_one(data):
    d = data.assign(grade=pd.cut(data["y"], [-1, 0, 2, 100], labels=["none", "few", "many"]))
    means = emmeans(polr("grade ~ a + b", d), "~ a | grade", mode="prob").frame
    np.testing.assert_allclose(means.groupby("a")["prob"].sum(), 1.0, rtol=1e-12)


def test_interactions_and_nests_are_told(data):
    with pytest.warns(DataWarning, match="misleading due to involvement in interactions: a in a:b"):
        emmeans(lm("y ~ a * b", data), "~ a")
    nested = data.assign(c=data["a"] + data["b"].astype(str))
    with pytest.warns(DataWarning, match="nesting structure was detected in the fitted model: c %in% "):
        emmeans(lm("y ~ a / c", nested), "~ c")
    with pytest.warns(DataWarning, match='"tukey" was changed to "sidak"'):
        emmeans(lm("y ~ a", data), "~ a").summary(adjust="tukey")
    with pytest.warns(DataWarning, match="not appropriate for one-sided"):
        pairs(emmeans(lm("y ~ a", data), "~ a")).test(side="left")


@pytest.mark.parametrize(
    ("question", "error", "message"),
    [
        (lambda f: emmeans(f, "~ aa"), DataError, "specs: 'aa' is none of the factors of the model"),
        (lambda f: emmeans(f, "~"), FormulaError, "nothing stands on the right of ~"),
        (lambda f: emmeans(f, [1]), FormulaError, "names of factors"),
        (lambda f: emmeans(f, "~ a", at={"z": 1}), DataError, "at: 'z' is none of the variables"),
        (lambda f: emmeans(f, "~ a", at={"a": ["q"]}), DataError, "at: 'a' has no level 'q'"),
        (lambda f: emmeans(f, "~ a", at={"x": ["q"]}), DataError, "at: 'x' is a number"),
        (lambda f: emmeans(f, "~ a", at={"x": []}), DataError, "at: 'x' has no value"),
        (lambda f: emmeans(f, "~ a", at={"x": range(20000)}), DataError, "exceeds the limit of 10000"),
        (lambda f: emmeans(f, "~ a", weights="wise"), ValueError, "weights should be one of 'equal'"),
        (lambda f: emmeans(f, "~ a", weights=[1, 2, 3]), ValueError, "weights should be 2 numbers"),
        (lambda f: emmeans(f, "~ a", cov_reduce="mode"), ValueError, "cov_reduce should be 'mean'"),
        (lambda f: emmeans(f, "~ a", type="links"), ValueError, "type should be 'link' or 'response'"),
        (lambda f: emmeans(f, "~ a", level=1.5), ValueError, "level should be between 0 and 1"),
        (lambda f: emmeans(f, "~ a", side="up"), ValueError, "side should be one of"),
        (lambda f: emmeans(f, "~ a", infer=[1, 2, 3]), ValueError, "infer should be True, False"),
        (
            lambda f: emmeans(f, "~ a", adjust="tuckey"),
            ValueError,
            "adjust should be one of .*nearest.*'tukey'",
        ),
        (lambda f: emmeans(f, "~ a", mode="prob"), ValueError, "mode goes with models of several"),
        (lambda f: emmeans(f, "~ a").summary(nul=2), ValueError, "'nul' is no option.*'null'"),
        (lambda f: emmeans(f, "~ a").summary(by="q"), DataError, "'q' is none of the factors here"),
        (lambda f: contrast(emmeans(f, "~ a"), "pairwize"), ValueError, "no contrasts called 'pairwize'"),
        (lambda f: contrast(emmeans(f, "~ a"), "poly", ref=1), ValueError, "does not take 'ref'"),
        (lambda f: contrast(emmeans(f, "~ a"), {"p": [1, -1]}), DataError, "'p' has 2, and there are 3"),
        (
            lambda f: contrast(emmeans(f, "~ a"), {"p": [1, -1, 0]}, ref=1),
            ValueError,
            "goes with a method by name",
        ),
        (lambda f: contrast(emmeans(f, "~ a"), np.ones((2, 2, 2))), DataError, "method should be a name"),
        (
            lambda f: contrast(emmeans(f, "~ a"), "trt.vs.ctrl", ref="q"),
            DataError,
            "ref: 'q' is none of the levels",
        ),
        (lambda f: contrast(emmeans(f, "~ a"), "trt.vs.ctrl", ref=7), DataError, "there are 3 levels"),
        (lambda f: contrast(emmeans(f, "~ a"), "trt.vs.ctrl", exclude=0), DataError, "cannot overlap"),
        (lambda f: contrast(emmeans(f, "~ a"), "eff", wts=[1]), DataError, "wts should be 3 numbers"),
        (lambda f: contrast(f), FitError, r"contrast\(\) is asked of marginal means"),
        (lambda f: pairs(f), FitError, r"pairs\(\) is asked of marginal means"),
        (lambda f: cld(f), FitError, r"cld\(\) is asked of marginal means"),
        (lambda f: cld(emmeans(f, "~ a"), alpha=2), ValueError, "alpha should be between 0 and 1"),
        (
            lambda f: cld(emmeans(f, "~ a"), Letters="x"),
            ValueError,
            "Letters should be a text of at least two",
        ),
        (lambda f: emmeans(f, "~ a", at=["x"]), DataError, "at should be a mapping of variable to values"),
        (lambda f: emmeans(f, 3), FormulaError, "names of factors; got 3"),
        (lambda f: emmeans(f, "~ a", null="x"), ValueError, "should be numbers; got 'x'"),
        (lambda f: emmeans(emmeans(f, "~ a * b"), "~ a", at={"x": 1}), DataError, "these means are made"),
        (lambda f: emtrends(f, "~ a", "b"), DataError, "'b' is a factor"),
        (lambda f: emtrends(f, "~ a", "q"), DataError, "var: 'q' is none of the variables"),
        (lambda f: emtrends(f, "~ a", "x + e"), FormulaError, "a function of one"),
        (lambda f: emtrends(f, "~ a", "x", delta_var=0), ValueError, "nonzero value of delta_var"),
        (lambda f: joint_tests(f, by="q"), DataError, "by: 'q' is none of the factors"),
        (
            lambda f: joint_tests(lm("y ~ a", f.training.arguments["data"].frame), by="a"),
            DataError,
            "no factors to",
        ),
        (
            lambda f: emmeans(f.strip_data(), "~ a"),
            DataError,
            "holds no training rows, which a reference grid is made from: give them",
        ),
        (lambda f: emmeans("fit", "~ a"), FitError, "asked of a fitted model"),
    ],
)
def test_wrong_input_is_explained(fit, question, error, message):
    with pytest.raises(error, match=message):
        question(fit)


def test_modes_of_other_models_are_named(data):
    fit = zeroinfl("z ~ a | b", data)
    with pytest.raises(ValueError, match="mode should be one of 'response', 'count', 'zero', 'prob0'"):
        emmeans(fit, "~ a", mode="prob")
    with pytest.raises(FitError, match="needs its offset in the formula"):
        emmeans(zeroinfl("z ~ a | b", data, offset="log(e)"), "~ a")
    d = data.assign(grade=pd.cut(data["y"], [-1, 0, 2, 100], labels=["none", "few", "many"]))
    with pytest.raises(FitError, match="there is no link of cumulative probabilities for method='loglog'"):
        emmeans(polr("grade ~ a", d, method="loglog"), "~ a")


def test_groups_of_different_sizes_and_nested_coefficients_are_refused(data):
    nested = data.assign(c=data["a"] + data["b"].astype(str))
    with pytest.warns(DataWarning):
        means = emmeans(lm("y ~ a / c", nested), "~ c")
    with pytest.raises(DataError, match="contrast coefficients are not supported with nested factors"):
        contrast(means, {"p": [1, -1]})
    with pytest.raises(DataError, match="no factor levels left to contrast"):
        contrast(means, "pairwise", by=("a", "c"))


def test_a_fit_without_rows_is_given_them(fit, data):
    holes = data.assign(x=data["x"].where(data.index > 3))
    whole = glm("y ~ a + log(x + 5) + offset(log(e))", holes, "poisson")
    want = emmeans(whole, "~ a", weights="proportional").frame
    got = emmeans(whole.strip_data(), "~ a", weights="proportional", data=holes).frame
    pd.testing.assert_frame_equal(got, want)
    assert str(joint_tests(whole.strip_data(), data=holes)) == str(joint_tests(whole))
    assert str(emtrends(whole.strip_data(), "~ a", "x", data=holes)) == str(emtrends(whole, "~ a", "x"))
    with pytest.raises(DataError, match="no row has a value of every variable"):
        emmeans(whole.strip_data(), "~ a", data=holes[:3])


def test_means_can_be_averaged_further(fit):
    further = emmeans(emmeans(fit, "~ a * b"), "~ a")
    np.testing.assert_allclose(further.frame["emmean"], emmeans(fit, "~ a").frame["emmean"], rtol=1e-12)
    assert "averaged over the levels of: b" in str(further)
    some = rows_of(emmeans(fit, "~ a * b"), [0, 1, 2, 3, 4])
    with pytest.raises(DataError, match="irregular reference grid"):
        emmeans(some, "~ a")


def test_a_list_of_means_and_contrasts_is_asked_for_its_means(fit):
    both = emmeans(fit, "pairwise ~ a")
    assert str(pairs(both)) == str(both.contrasts)
    assert str(both).startswith("$emmeans\n a emmean")


def test_trends_of_several_predictors_are_refused(data):
    with pytest.raises(
        FitError, match=r"emtrends.* means nothing for a ZeroInflated.*compare its means at two values"
    ):
        emtrends(zeroinfl("z ~ a + x | b", data), "~ a", "x")


def test_a_joint_test_of_dependent_rows_needs_null_zero(fit):
    with pytest.raises(DataError, match="rows are linearly dependent"):
        pairs(emmeans(fit, "~ a")).test(null=1, joint=True)


def test_bias_adjustment_needs_sigma(data):
    means = emmeans(glm("y ~ a", data, "poisson"), "~ a", type="response", bias_adjust=True, sigma=0.5)
    plain = emmeans(glm("y ~ a", data, "poisson"), "~ a", type="response")
    np.testing.assert_allclose(means.frame["rate"], plain.frame["rate"] * (1 + 0.125), rtol=1e-6)
    assert "Bias adjustment applied based on sigma = 0.5" in str(means)
    ratios = pairs(means).summary
    with pytest.raises(ValueError, match='must specify "sigma"'):
        ratios(type="response", bias_adjust=True)


def test_studentized_range_against_its_integral():
    from scipy.stats import studentized_range

    for q, k, df in [(0.5, 2, 5), (3.5, 3, 48), (6.0, 10, 7.5), (4.0, 4, 1000)]:
        assert ptukey(q, k, df) == pytest.approx(studentized_range.cdf(q, k, df), abs=1e-9)
    assert qtukey(ptukey(3.3, 5, 20), 5, 20) == pytest.approx(3.3, abs=1e-7)
    assert math.isnan(ptukey(1.0, 3, 1.0))
    assert ptukey(-1.0, 3, 10) == 0.0
    assert ptukey(math.inf, 3, 10) == 1.0
    assert math.isnan(qtukey(0.5, 1, 10))
    assert qtukey(1.0, 3, 10) == math.inf


def test_rectangles_of_correlated_variables():
    independent = np.eye(3)
    assert rectangle(1.5, independent, math.inf, True) == pytest.approx(0.8663855974622838**3, abs=1e-6)
    L = np.array([[1, -1, 0], [1, 0, -1], [0, 1, -1]]) / math.sqrt(2)
    assert rectangle(2.0, L @ L.T, 48, True) == pytest.approx(ptukey(2 * math.sqrt(2), 3, 48), abs=1e-4)
    assert rectangle(0.0, np.array([[1, 0.5], [0.5, 1]]), math.inf, False) == pytest.approx(1 / 3, abs=1e-6)


def test_mvt_lies_between_none_and_sidak(fit):
    means = emmeans(fit, "~ a")
    by = {m: contrast(means, "consec", adjust=m).frame["p_value"] for m in ("none", "mvt", "sidak")}
    assert (by["none"] < by["mvt"]).all()
    assert (by["mvt"] <= by["sidak"] + 1e-6).all()
    reach = {m: contrast(means, "consec").confint(adjust=m).frame["asymp_UCL"] for m in by}
    assert (reach["none"] < reach["mvt"]).all()
    assert (reach["mvt"] <= reach["sidak"] + 1e-6).all()


def test_dunnett_s_quantile_inverts_its_distribution(fit):
    made = contrast(emmeans(fit, "~ a"), "trt.vs.ctrl")
    table = made.summary(infer=True, adjust="dunnettx").frame
    low, high = table["asymp_LCL"], table["asymp_UCL"]
    moved = made.test(null=float(low[0]), adjust="dunnettx").frame
    assert moved["p_value"][0] == pytest.approx(0.05, abs=1e-8)
    assert (low < high).all()


def test_r_s_p_adjust():
    p = np.array([0.01, 0.02, 0.03, np.nan, 0.005])
    np.testing.assert_allclose(p_adjust(p, "holm"), [0.04, 0.06, 0.06, np.nan, 0.025])
    np.testing.assert_allclose(p_adjust(p, "BH"), [0.025, 0.1 / 3, 0.0375, np.nan, 0.025])
    np.testing.assert_allclose(p_adjust(p, "hochberg"), [0.04, 0.06, 0.06, np.nan, 0.025])
    np.testing.assert_allclose(p_adjust(p, "bonferroni"), [0.05, 0.1, 0.15, np.nan, 0.025])


@pytest.mark.parametrize(
    ("n", "apart", "want"),
    [
        (3, [False, False, False], ["1", "1", "1"]),
        (3, [False, True, False], ["1 ", "12", " 2"]),
        (3, [True, True, True], ["1  ", " 2 ", "  3"]),
        (4, [False, False, False, True, False, False], ["1 ", "12", "12", " 2"]),
    ],
)
def test_letters_are_shared_by_what_is_not_told_apart(n, apart, want):
    assert letters(n, np.array(apart)) == want


def test_more_sets_than_symbols():
    n = 4
    found = letters(n, np.ones(n * (n - 1) // 2, dtype=bool), "ab")
    assert len({text.strip() for text in found}) == n


def test_an_offset_that_was_an_array_is_held_at_its_mean(data):
    by_array = glm("y ~ a", data, "poisson", offset=np.log(data["e"].to_numpy()))
    by_name = glm("y ~ a + offset(log(e))", data, "poisson")
    np.testing.assert_allclose(
        emmeans(by_array, "~ a").frame["emmean"], emmeans(by_name, "~ a").frame["emmean"], rtol=1e-12
    )


def test_times_and_matrices_have_no_grid(data):
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(len(data)), "D")
    with pytest.raises(DataError, match="'day' is of type POSIXct, at which no reference grid can be made"):
        emmeans(lm("y ~ a + day", data.assign(day=day)), "~ a")
