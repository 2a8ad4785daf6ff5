"""What may be asked of effects, what is said where it means nothing, and how the tables read."""

from __future__ import annotations

import pickle
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import glmformula as g
from glmformula.errors import DataError, DataWarning, FitError, FormulaError, RankWarning
from glmformula.inference.effects.steps import richardson


@cache
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 300
    data = pd.DataFrame({"x": rng.normal(size=n), "z": rng.uniform(1, 5, n), "e": rng.uniform(1, 3, n)})
    data["f"] = pd.Categorical(rng.choice(["low", "mid", "high"], n), ["low", "mid", "high"])
    data["t"] = rng.integers(0, 2, n)
    data["b"] = rng.random(n) > 0.5
    data["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    eta = 0.4 * data["x"] - 0.3 * data["z"] + 0.6 * data["t"]
    data["y"] = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    data["n"] = rng.poisson(np.exp(0.3 * data["x"]) * data["e"])
    return data


@cache
def logit() -> Any:
    return g.glm("y ~ x + log(z) + f + t + b", rows(), family="binomial")


@cache
def counts() -> Any:
    return g.glm("n ~ x * f + offset(log(e))", rows(), family="poisson")


BAD: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    ("avg_slopes", {"variables": "xx"}, DataError, r"'xx' is not a variable of the model.*'x'"),
    ("avg_slopes", {"variables": "e"}, DataError, r"'e' is not a variable of the model"),
    ("avg_slopes", {"variables": 3}, DataError, r"a name, a list of names, or a mapping"),
    ("avg_slopes", {"variables": []}, DataError, r"variables is empty"),
    ("avg_slopes", {"variables": {"x": "sd"}}, DataError, r"takes no contrast \('sd'\)"),
    ("avg_slopes", {"slope": "dxdy"}, ValueError, r"slope should be one of 'dydx', .* got 'dxdy'"),
    ("avg_comparisons", {"comparison": "lnration"}, ValueError, r"comparison should be one of .*lnratio"),
    (
        "avg_comparisons",
        {"variables": {"x": "pairwise"}},
        DataError,
        r"'pairwise' is no contrast of 'x', a number",
    ),
    ("avg_comparisons", {"variables": {"x": (1, 2, 3)}}, DataError, r"is no contrast of 'x', a number"),
    ("avg_comparisons", {"variables": {"f": "sd"}}, DataError, r"'sd' is no contrast of 'f', a factor"),
    (
        "avg_comparisons",
        {"variables": {"f": ("low", "top")}},
        DataError,
        r"'top' is not a level of 'f'.*'mid'",
    ),
    ("avg_comparisons", {"variables": {"b": 3}}, DataError, r"3 is no contrast of 'b'.*a pair"),
    ("avg_comparisons", {"by": "g"}, DataError, r"'g' is not a column of the data"),
    ("avg_comparisons", {"wts": "g"}, DataError, r"'g' is not a column of the data"),
    ("avg_comparisons", {"wts": [1.0, 2.0]}, DataError, r"one number for each of 300 rows; got shape \(2,\)"),
    ("avg_comparisons", {"wts": -np.ones(300)}, DataError, r"none below 0"),
    ("avg_comparisons", {"newdata": rows().head(2), "wts": True}, DataError, r"the fit's own rows"),
    ("avg_comparisons", {"newdata": rows().head(0)}, DataError, r"newdata has no rows"),
    ("avg_comparisons", {"newdata": rows()[["x", "f"]]}, DataError, r"'z' not found"),
    ("avg_comparisons", {"newdata": "average"}, DataError, r"newdata='average': expected rows.*'mean'"),
    ("avg_predictions", {"variables": {"f": ["low", "top"]}}, DataError, r"'top' is not a level of 'f'"),
    ("avg_predictions", {"variables": {"x": "most"}}, DataError, r"stands for no values of 'x'"),
    ("avg_predictions", {"type": "terms"}, ValueError, r"type should be one of 'response', 'link'"),
    ("avg_predictions", {"conf_level": 95}, ValueError, r"conf_level should be between 0 and 1; got 95"),
    ("avg_predictions", {"df": 0}, ValueError, r"df should be above 0"),
    ("avg_predictions", {"transform": "sqrt"}, ValueError, r"transform should be a function .*'exp'"),
    ("avg_predictions", {"equivalence": (1, 0)}, DataError, r"a lower and an upper bound; got \(1, 0\)"),
    ("avg_predictions", {"hypothesis": "pairwise"}, DataError, r"there is only one"),
    ("avg_predictions", {"hypothesis": "did"}, DataError, r"of four estimates; there are 1"),
    (
        "avg_predictions",
        {"hypothesis": "b2 = 0"},
        DataError,
        r"'b2' is the estimate in row 2, and there are 1",
    ),
    ("avg_predictions", {"hypothesis": "q = 0"}, DataError, r"'q' is no estimate.*b1 to b1"),
    ("avg_predictions", {"hypothesis": "b1 = "}, FormulaError, r"."),
    ("avg_predictions", {"hypothesis": " "}, FormulaError, r"expected an equation"),
    ("avg_predictions", {"hypothesis": "1 = 2"}, FormulaError, r"names no estimate"),
    (
        "avg_predictions",
        {"hypothesis": [1, 2]},
        DataError,
        r"a row for each of 1 estimates; got shape \(2,\)",
    ),
    ("avg_predictions", {"hypothesis": [["a"]]}, DataError, r"expected an equation"),
    (
        "avg_comparisons",
        {"variables": "f", "hypothesis": "f = 0"},
        DataError,
        r"'f' stands for 2 estimates \(rows 1, 2\)",
    ),
]


@pytest.mark.parametrize(("verb", "options", "error", "text"), BAD, ids=lambda v: str(v)[:40])
def test_what_means_nothing_is_said(
    verb: str, options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        getattr(logit(), verb)(**options)


def test_what_else_means_nothing_is_said() -> None:
    with pytest.raises(FitError, match=r"odds_ratio\(\) is asked of probabilities.*mean predictions"):
        counts().odds_ratio("f")
    with pytest.raises(FitError, match=r"nnt\(\) is asked of probabilities"):
        counts().nnt("f")
    with pytest.raises(DataError, match="name the variable"):
        logit().risk_ratio(None)
    with pytest.raises(DataError, match="there is nothing to compare"):
        g.glm("y ~ 1", rows(), family="binomial").avg_slopes()
    with pytest.raises(DataError, match="'day' is a date or time, which has no default contrast"):
        g.glm("y ~ day", rows(), family="binomial").avg_comparisons()
    with pytest.raises(DataError, match="a table with an effect for each row"):
        g.hypotheses(logit().slopes("x"), "b1 = b2")
    with pytest.raises(FitError, match=r"hypotheses\(\) is asked of a fitted model"):
        g.hypotheses("x = 0")
    with pytest.raises(DataError, match="an array, which new data cannot have"):
        g.glm("n ~ x", rows(), family="poisson", offset=np.log(rows()["e"].to_numpy())).avg_slopes(
            newdata="mean"
        )
    with pytest.raises(FitError, match=r"avg_slopes\(\) is asked of a fitted model"):
        g.avg_slopes("fit")


def test_grids() -> None:
    assert g.datagrid(logit(), x=[0, 1], f="mid").to_dict("list") == {
        "x": [0, 1],
        "f": ["mid", "mid"],
        "z": [pytest.approx(rows()["z"].mean())] * 2,
        "t": [pytest.approx(rows()["t"].mean())] * 2,
        "b": [rows()["b"].mode()[0]] * 2,
    }
    assert len(g.datagrid(logit(), grid_type="balanced")) == 6
    copies = g.datagrid(logit(), f=["low", "high"], grid_type="counterfactual")
    assert len(copies) == 600
    by_grid = logit().avg_predictions(newdata=copies, by="f")
    np.testing.assert_allclose(
        by_grid["estimate"], logit().avg_predictions({"f": ["low", "high"]})["estimate"], rtol=1e-12
    )
    middle = g.datagrid(logit(), grid_type="median_or_mode", x=lambda column: [column.min()])
    assert middle["z"][0] == pytest.approx(rows()["z"].median())
    assert middle["x"][0] == rows()["x"].min()
    waiting = logit().predictions(newdata=g.datagrid(x=[0, 1]), type="response")
    named = logit().predictions(newdata=logit().datagrid(x=[0, 1]), type="response")
    np.testing.assert_array_equal(waiting["estimate"], named["estimate"])
    with pytest.raises(DataError, match=r"'q' is not a variable of the model"):
        g.datagrid(logit(), q=1)
    with pytest.raises(DataError, match=r"'top' is not a level of 'f'"):
        g.datagrid(logit(), f="top")
    with pytest.raises(ValueError, match="grid_type should be one of"):
        g.datagrid(logit(), grid_type="mean")
    with pytest.raises(FitError, match=r"datagrid\(\) is asked of a fitted model"):
        g.datagrid(rows())


def test_intervals_of_predictions_are_those_of_the_link_carried_back() -> None:
    found, plain = logit().predictions(), logit().predictions(type="response")
    theirs = logit().predict(type="response", interval="confidence")
    np.testing.assert_allclose(found["conf_low"], theirs["lwr"], rtol=1e-10)
    np.testing.assert_allclose(found["conf_high"], theirs["upr"], rtol=1e-10)
    np.testing.assert_allclose(
        found["std_error"], logit().predict(type="response", se_fit=True)["se_fit"], rtol=1e-9
    )
    half = stats.norm.ppf(0.975) * plain["std_error"]
    np.testing.assert_allclose(plain["conf_low"], plain["estimate"] - half, rtol=1e-12)
    assert list(found.columns[-6:]) == ["x", "z", "f", "t", "b", "y"]


def test_missing_values_of_new_rows() -> None:
    new = rows().head(5).copy()
    new.loc[1, "z"] = np.nan
    unit = logit().slopes("x", newdata=new)
    assert unit["estimate"].isna().tolist() == [False, True, False, False, False]
    with pytest.warns(
        DataWarning, match=r"1 of 5 rows of newdata miss a variable of the model \('z'\) and are left"
    ):
        mean = logit().avg_slopes("x", newdata=new)
    assert mean["estimate"][0] == pytest.approx(unit["estimate"].mean(), rel=1e-12)
    new["z"] = np.nan
    with pytest.raises(DataError, match="no row is left to average over"):
        logit().avg_slopes("x", newdata=new)


def test_rows_without_a_group_are_told() -> None:
    new = rows().assign(place=np.where(np.arange(300) < 3, None, "here"))
    with pytest.warns(DataWarning, match="3 of 300 rows miss a value of 'place' and are in no group"):
        found = logit().avg_predictions(by="place", newdata=new)
    assert found["estimate"][0] == pytest.approx(logit().avg_predictions(newdata=new.iloc[3:])["estimate"][0])


def test_what_is_not_estimable_is_told() -> None:
    data = rows()[(rows()["f"] != "mid") | rows()["b"]]
    fit = g.glm("y ~ f * b", data, family="binomial")
    words = r"1 of 2 effects is not estimable and is NaN: term f, contrast mid - low needs a combination that the data"
    with pytest.warns(RankWarning, match=words + r".*\('fmid:bTRUE' has no estimate\); ask by= groups"):
        found = fit.avg_comparisons("f")
    for column in ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"):
        assert found[column].isna().tolist() == [True, False]
    with pytest.warns(RankWarning, match=r"1 of 2 effects .*row 1 \(counted from 0\) needs"):
        fit.predictions(newdata=pd.DataFrame({"f": ["mid", "mid"], "b": [True, False]}))
    with pytest.warns(RankWarning, match=r"effects is not estimable"):
        fit.risk_ratio({"f": ("low", "mid")})
    assert fit.avg_comparisons("f", newdata=data[data["b"]])["estimate"].notna().all()


def test_tests_and_bounds() -> None:
    found = logit().avg_slopes("x", equivalence=(-0.1, 0.1), hypothesis=0.05, df=20)
    estimate, error = found["estimate"][0], found["std_error"][0]
    assert found["statistic"][0] == pytest.approx((estimate - 0.05) / error)
    assert found["p_value"][0] == pytest.approx(2 * stats.t.sf(abs(found["statistic"][0]), 20))
    assert found["s_value"][0] == pytest.approx(-np.log2(found["p_value"][0]))
    assert found["p_value_noninf"][0] == pytest.approx(stats.t.sf((estimate + 0.1) / error, 20))
    assert found["p_value_nonsup"][0] == pytest.approx(stats.t.cdf((estimate - 0.1) / error, 20))
    assert found["p_value_equiv"][0] == max(found["p_value_noninf"][0], found["p_value_nonsup"][0])
    far = g.lm(
        "y ~ x", pd.DataFrame({"x": np.arange(50.0), "y": np.arange(50.0) + np.tile([0.01, -0.01], 25)})
    )
    assert far.avg_slopes()["s_value"][0] > 2000


def test_risks() -> None:
    ratio = logit().risk_ratio("t")
    treated = logit().avg_predictions({"t": [0, 1]})["estimate"]
    assert ratio["estimate"][0] == pytest.approx(treated[1] / treated[0], rel=1e-12)
    assert ratio["contrast"][0] == "1 / 0"
    assert list(ratio.columns) == [
        "term",
        "contrast",
        "estimate",
        "p_value",
        "s_value",
        "conf_low",
        "conf_high",
    ]
    logged = logit().avg_comparisons({"t": (0, 1)}, comparison="lnratioavg")
    assert ratio["conf_low"][0] == pytest.approx(np.exp(logged["conf_low"][0]), rel=1e-12)
    odds = logit().odds_ratio({"t": (0, 1)})
    assert odds["estimate"][0] == pytest.approx(
        treated[1] / (1 - treated[1]) / (treated[0] / (1 - treated[0])), rel=1e-12
    )
    difference = logit().risk_difference("b", by="f")
    needed = logit().nnt("b", by="f")
    np.testing.assert_allclose(needed["estimate"], 1 / difference["estimate"], rtol=1e-12)
    through = (difference["conf_low"] < 0) & (difference["conf_high"] > 0)
    assert through.any()
    assert "the difference may be 0" in str(needed)
    np.testing.assert_allclose(needed["conf_low"][through], 1 / difference["conf_low"][through], rtol=1e-12)
    sure = logit().nnt({"x": (0, 2)})
    assert sure["conf_low"][0] < sure["estimate"][0] < sure["conf_high"][0]
    assert counts().risk_ratio("f")["estimate"].notna().all()


def test_hypotheses_of_coefficients_and_tables() -> None:
    found = g.hypotheses(logit(), "x = t")
    theirs = logit().linear_hypothesis("x = t")
    assert found["statistic"][0] ** 2 == pytest.approx(float(theirs["Chisq"].iloc[-1]), rel=1e-9)
    assert len(g.hypotheses(logit())) == len(logit().coefficients)
    table = logit().avg_predictions(by="f")
    later, at_once = (
        g.hypotheses(table, "high - low = 0"),
        logit().avg_predictions(by="f", hypothesis="high - low = 0"),
    )
    assert later["std_error"][0] == at_once["std_error"][0]
    copied = pickle.loads(pickle.dumps(table))
    assert g.hypotheses(copied, "b3 = b1")["estimate"][0] == pytest.approx(later["estimate"][0])
    several = logit().avg_predictions(by="f", hypothesis=["b1 = b2", "exp(b1) / 2"])
    assert several["hypothesis"].tolist() == ["b1 = b2", "exp(b1) / 2"]
    frame = pd.DataFrame({"all": [1, 1, 1], "ends": [-1, 0, 1]})
    assert logit().avg_predictions(by="f", hypothesis=frame)["hypothesis"].tolist() == ["all", "ends"]


def test_dates_are_compared_by_pairs() -> None:
    fit = g.glm("y ~ day + x", rows(), family="binomial")
    days = (pd.Timestamp("2024-02-01"), pd.Timestamp("2024-03-02"))
    found = fit.avg_comparisons({"day": days}, type="link")
    assert found["estimate"][0] == pytest.approx(
        30 * fit.coefficients["day"] * (86400 if abs(fit.coefficients["day"]) < 1e-6 else 1)
    )


def test_steps_have_the_digits_they_tell() -> None:
    x = np.r_[1e-6, 1e-3, np.linspace(0.01, 8, 50)]
    for f, slope in (
        (np.log, 1 / x),
        (np.sqrt, 0.5 / np.sqrt(x)),
        (np.square, 2 * x),
        (np.exp, np.exp(x)),
        (lambda v: np.sin(30 * v), 30 * np.cos(30 * x)),
        (lambda v: np.maximum(v - 3, 0) ** 3, 3 * np.maximum(x - 3, 0) ** 2),
    ):
        found, error = richardson(lambda rows, v, f=f: f(v), x, 2.0)  # type: ignore[misc]
        size = np.maximum(np.abs(slope), 1e-3 * np.abs(f(x)) + 1e-9)
        assert (np.abs(found - slope) / size).max() < 1e-8
        assert error.max() < 1e-6


def test_a_function_without_a_derivative_is_told() -> None:
    data = rows().assign(whole=lambda d: np.round(d["z"]))
    fit = g.glm("y ~ abs(whole - 3) + x", data, family="binomial")
    with pytest.warns(DataWarning, match=r"the slope by 'whole' is not sure in \d+ of 300 rows"):
        fit.avg_slopes("whole")


def test_tables_read() -> None:
    text = str(logit().avg_slopes())
    assert (
        text.splitlines()[0].split() == "Term Contrast Estimate Std. Error z Pr(>|z|) S 2.5 % 97.5 %".split()
    )
    assert "dY/dX" in text
    assert "mid - low" in text
    assert "TRUE - FALSE" in text
    long = str(logit().slopes("x", conf_level=0.9))
    assert "(300 rows, 280 of them not shown)" in long
    assert "95 %" in long
    html = logit().avg_slopes(vcov="HC3")._repr_html_()
    assert "Standard errors: HC3" in html
    assert "Estimate" in html
    crossed = logit().avg_comparisons(["x", "f"], cross=True)
    assert [c for c in crossed if c.startswith("contrast")] == ["contrast_x", "contrast_f"]
    assert " t " in str(logit().avg_slopes(df=10)).splitlines()[0]
    assert "Inf" in str(
        logit().avg_predictions(transform=lambda v: v / 0 * 1.0 if np.isscalar(v) else v + np.inf)
    )


def test_groups_of_a_row_each_are_refused() -> None:
    with pytest.raises(DataError, match=r"by='x' has 300 groups in 300 rows, nearly one a row"):
        logit().avg_slopes(by="x")


def test_offsets_that_are_arrays_count_on_the_rows_of_the_fit() -> None:
    given = g.glm("n ~ x * f", rows(), family="poisson", offset=np.log(rows()["e"].to_numpy()))
    for verb in ("avg_slopes", "avg_comparisons", "avg_predictions"):
        np.testing.assert_allclose(
            getattr(given, verb)()["estimate"], getattr(counts(), verb)()["estimate"], rtol=1e-8
        )
