"""Fused levels: R's glmnet on hand-made steps, the conditions of the fused problem in the levels, and the tariff."""

from __future__ import annotations

import gzip
import json
from functools import cache

import numpy as np
import pandas as pd
import pytest

from glmformula import DataError, FitError, FormulaError, cv_glmnet, glm, glmnet, load
from tests.reference.glmnet.load import HERE, table

CUTS = ["-Inf", *map(str, range(35, 70, 5)), " Inf"]
BANDS = [f"({low},{high}]" for low, high in zip(CUTS, CUTS[1:])]
DATA = table("data").assign(band=lambda d: pd.cut(d["x2"], [float(cut) for cut in CUTS], labels=BANDS))


@cache
def problems():
    with gzip.open(HERE / "fuse.json.gz", "rt", encoding="utf-8") as file:
        return json.load(file)["problems"]


def call_of(problem):
    """The arguments of our call for a problem of R's: the fused factors first, as there."""
    fused = np.atleast_1d(problem["fused"]).tolist()
    given = {k: problem[k] for k in ("weights", "offset", "alpha", "standardize") if k in problem}
    for theirs, ours in (("lower", "lower_limits"), ("upper", "upper_limits"), ("penalty", "penalty_factor")):
        if theirs in problem:
            given[ours] = dict.fromkeys(fused, problem[theirs])
    formula = f"{problem['y']} ~ {' + '.join([*fused, *np.atleast_1d(problem['plain'])])}"
    return {"formula": formula, "data": DATA, "family": problem["family"], "fuse": fused, **given}


@pytest.mark.parametrize("name", ["gaussian", "both", "raw", "falling", "monotone", "factors"])
def test_it_is_rs_lasso_of_hand_made_steps(name):
    problem = problems()[name]
    fit = cv_glmnet(**call_of(problem), foldid="fold", type_measure="deviance")
    assert list(fit.column_names) == problem["names"]
    np.testing.assert_allclose(fit.lambda_, problem["lambda"], rtol=1e-8)
    got = fit.coefficients.to_numpy()[:, np.array(problem["which"]) - 1]
    assert (np.abs(got - np.array(problem["coefficients"])).T * fit.result.sd).max() < 1e-5
    np.testing.assert_allclose(fit.dev_ratio, problem["dev_ratio"], rtol=0, atol=2e-7)
    np.testing.assert_array_equal(fit.df, problem["df"])
    np.testing.assert_allclose(fit.cvm, problem["cvm"], rtol=2e-5)
    np.testing.assert_allclose(fit.cvsd, problem["cvsd"], rtol=2e-4)
    np.testing.assert_allclose([fit.lambda_min, fit.lambda_1se], problem["chosen"], rtol=1e-8)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize(("family", "y"), [("gaussian", "y"), ("binomial", "b"), ("poisson", "k")])
def test_the_conditions_of_the_fused_problem_hold_in_the_levels(family, y, standardize):
    """0 is a subgradient of deviance/(2 W) + lambda sum_k v_k |a_k - a_{k-1}| in the effects a_k of the levels."""
    fit = glmnet(f"{y} ~ band + x1 + f", DATA, family, fuse="band", standardize=standardize)
    codes, n = DATA["band"].cat.codes.to_numpy(), len(DATA)
    share = np.array([(codes >= k).mean() for k in range(1, 8)])
    cost = np.sqrt(share * (1 - share)) if standardize else np.ones(7)
    steepest = fit.lambda_[0] * cost.max()
    for s in fit.lambda_[[2, 15, 40]]:
        mean = fit.predict(s=s, type="response").to_numpy()
        gradient = -np.bincount(codes, DATA[y] - mean, 8) / n
        # the level's own condition: gradient_k + v_k t_k - v_{k+1} t_{k+1} = 0, from the last level down
        dual = -np.cumsum(gradient[::-1])[::-1][1:] / (s * cost)
        steps = fit.coef(s=s)[1:8].to_numpy()
        slack = 1e-8 * steepest / (s * cost)
        assert (np.abs(dual) <= 1 + slack).all()
        np.testing.assert_array_less(np.abs(dual - np.sign(steps))[steps != 0], slack[steps != 0])
        assert abs(gradient.sum()) < 1e-8 * steepest


def test_the_tariff_has_a_row_for_each_group():
    fit = glmnet("k ~ band + g + x1", DATA, "poisson", fuse=["band", "g"])
    s = fit.lambda_[25]
    shown = fit.fused(s=s)
    steps = fit.coef(s=s)[1:8].to_numpy()
    own = shown.loc["band"]
    assert len(own) == 1 + (steps != 0).sum()
    assert own["levels"].sum() == 8
    assert shown.loc["g"]["levels"].sum() == 12
    assert (own["first"].iloc[0], own["last"].iloc[-1]) == (BANDS[0], BANDS[-1])
    by_level = np.repeat(own["effect"], own["levels"]).to_numpy()
    np.testing.assert_allclose(by_level, [0, *np.cumsum(steps)], atol=1e-15)
    np.testing.assert_allclose(own["relativity"], np.exp(own["effect"]))
    again = fit.predict(DATA.head(20), s=s) - fit.predict(DATA.head(20).assign(band=BANDS[0]), s=s)
    np.testing.assert_allclose(again, by_level[DATA["band"].cat.codes[:20]], atol=1e-12)
    assert "odds_ratio" in glmnet("b ~ band", DATA, "binomial", fuse="band").fused(s=0.01)
    assert list(glmnet("y ~ band", DATA, fuse="band").fused(s=0.01, exact=True)) == [
        *("first", "last", "levels", "effect")
    ]


def test_the_tariff_prints():
    data = DATA.assign(k=DATA["k"] + 2 * (DATA["x2"] > 50))
    fit = glmnet("k ~ band + x1", data, "poisson", fuse="band", lower_limits={"band": 0})
    assert str(fit.fused(s=0.2)) == (
        "\nLevels that share a coefficient at lambda 0.2\n\n"
        "            first      last levels effect relativity\n"
        "band: 1 (-Inf,35]   (45,50]      4 0.0000       1.00\n"
        "band: 2   (50,55] (65, Inf]      4 0.5423       1.72"
    )


def test_limits_make_levels_rise():
    free = glmnet("b ~ g + x1", DATA, "binomial", fuse="g")
    rising = free.update(lower_limits={"g": 0})
    falling = free.update(upper_limits={"g": 0})
    s = free.lambda_[-1]
    effects = [np.diff(fit.fused(s=s)["effect"]) for fit in (free, rising, falling)]
    assert effects[0].min() < 0 < effects[0].max()
    assert effects[1].min() > 0 > effects[2].max()


def test_the_groups_as_a_glm():
    fit = glmnet("k ~ band + x1 + g", DATA, "poisson", fuse="band", relax=True)
    s = fit.lambda_[12]
    shown = fit.fused(s=s).loc["band"]
    kept = fit.refit_selected(s=s)
    merged = np.repeat(shown["first"], shown["levels"]).to_numpy()[DATA["band"].cat.codes]
    merged = pd.Categorical(merged, shown["first"], ordered=True)
    formula = kept.formula.replace("band", "factor(band, ordered = FALSE)")
    plain = glm(formula, DATA.assign(band=merged), "poisson")
    np.testing.assert_allclose(kept.deviance, plain.deviance)
    np.testing.assert_allclose(kept.fitted_values, plain.fitted_values, rtol=1e-6)
    names = [name for name in kept.coefficients.index if name.startswith("band")]
    assert names == [f"band>={level}" for level in shown["first"][1:]]
    np.testing.assert_allclose(
        kept.coefficients[names].cumsum(), plain.coefficients[1 : len(names) + 1], rtol=1e-6
    )
    relative = kept.relativities().loc["band"]["relativity"]
    np.testing.assert_allclose(
        relative, np.exp(np.repeat([0, *plain.coefficients[1 : len(names) + 1]], shown["levels"]))
    )
    assert kept.update(". ~ . - x1").column_names[1:] == (
        *names,
        *[n for n in kept.column_names if n[0] == "g"],
    )
    # the columns that are left, without a penalty: the relaxed fit, where no other factor is in part
    alone = glmnet("k ~ band + x1", DATA, "poisson", fuse="band", relax=True)
    s = alone.lambda_[20]
    again = alone.refit_selected(s=s).coefficients
    np.testing.assert_allclose(again, alone.coef(s=s, gamma=0)[again.index], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(
        alone.fused(s=s, gamma=0)["effect"], [0, *again[1:-1].cumsum()], rtol=1e-5, atol=1e-7
    )
    without = glmnet("y ~ x1 + g", DATA, fuse="g")
    assert without.refit_selected(s=without.lambda_[1]).formula == "y ~ x1"


def test_files_databases_and_saved_fits(tmp_path):
    data = DATA.assign(band=DATA["band"].cat.codes.map(lambda k: f"b{k}"))
    data.to_parquet(tmp_path / "data.parquet", row_group_size=60)
    call = {"formula": "k ~ band + g + x1", "family": "poisson", "fuse": ["band", "g"], "nlambda": 30}
    fit = glmnet(data=data, **call)
    filed = glmnet(data=str(tmp_path / "data.parquet"), **call)
    assert filed.column_names == fit.column_names
    np.testing.assert_allclose(filed.coefficients, fit.coefficients, rtol=0, atol=1e-7)
    s = fit.lambda_[20]
    np.testing.assert_allclose(
        filed.refit_selected(s=s).coefficients, fit.refit_selected(s=s).coefficients, rtol=1e-6
    )
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.execute(f"create table t as select * from '{tmp_path / 'data.parquet'}'")
    asked = glmnet(data=("select * from t", connection), **call)
    np.testing.assert_allclose(asked.coefficients, fit.coefficients, rtol=0, atol=1e-7)
    chosen = cv_glmnet(data=data, foldid="fold", **call)
    for made in (fit, chosen, fit.refit_selected(s=s)):
        made.save(tmp_path / "fit.json")
        back = load(tmp_path / "fit.json")
        pd.testing.assert_index_equal(pd.Index(back.column_names), pd.Index(made.column_names))
    chosen.save(tmp_path / "fit.json")
    back = load(tmp_path / "fit.json")
    pd.testing.assert_frame_equal(back.fused().frame, chosen.fused().frame)
    assert str(back.fused("lambda.min")) == str(chosen.glmnet_fit.fused(chosen.lambda_min))
    pd.testing.assert_series_equal(back.predict(data.head()), chosen.predict(data.head()))


def test_update_and_calls():
    fit = glmnet("y ~ x1 + band", DATA, fuse="band", nlambda=5)
    assert 'fuse = "band"' in fit.call
    assert 'fuse = c("g", "band")' in fit.update(". ~ . + g", fuse=("g", "band", "g")).call
    assert fit.update(fuse=None).column_names[2] == "band.L"
    assert fit.update(". ~ . - x1").column_names[1] == f"band>={BANDS[1]}"
    odd = DATA.rename(columns={"band": "age band"})
    assert glmnet("y ~ `age band`", odd, fuse="age band").fused(s=0.1).index[0] == ("age band", 1)
    text = "cut(x2, c(0, 40, 50, 99))"
    assert glmnet(f"y ~ {text}", DATA, fuse=text).column_names[1] == f"{text}>=(40,50]"


def test_scikit_learn_searches_it():
    pytest.importorskip("sklearn")
    from sklearn.model_selection import GridSearchCV

    from glmformula.sklearn import FormulaRegressor

    model = FormulaRegressor("k ~ band + x1", model="glmnet", family="poisson", s=0.05)
    grid = GridSearchCV(model, {"options__fuse": [None, "band"], "s": [0.1, 0.01]}, cv=3)
    found = grid.fit(DATA[["band", "x1"]], DATA["k"]).best_estimator_
    assert set(grid.best_params_) == {"options__fuse", "s"}
    fused = found.set_params(options__fuse="band").fit(DATA[["band", "x1"]], DATA["k"]).fit_
    assert fused.fused(s=0.01)["levels"].sum() == 8


REFUSED = [
    ({"fuse": 3}, ValueError, "fuse should be the name of a factor, or a list of names; got 3"),
    ({"fuse": ["band", 3]}, ValueError, r"or a list of names; got \['band', 3\]"),
    (
        {"fuse": "bnad"},
        DataError,
        "fuse: there is no factor 'bnad' in the formula; the nearest names are: 'band'",
    ),
    ({"fuse": "x1"}, DataError, r"fuse: 'x1' is numeric, .* make bands of it, as in cut\(x1, ...\)"),
    (
        {"fuse": "band", "formula": "y ~ band * x1"},
        FormulaError,
        "fuse: 'band' is in the term band:x1, and levels are",
    ),
    (
        {"fuse": "band", "formula": "y ~ x1 + x1:band"},
        FormulaError,
        "fuse: 'band' is in the term x1:band",
    ),
    (
        {"fuse": "band", "formula": "y ~ 0 + band"},
        FormulaError,
        "fuse: 'band' has a column for each level, since the formula has no intercept",
    ),
    (
        {"fuse": "band", "group": "term"},
        ValueError,
        "group='term' takes a factor in or out as a whole, and fuse= joins",
    ),
    (
        {"fuse": "band", "contrasts": {"band": "contr.sum"}},
        DataError,
        "fuse: 'band' is coded by steps, and contrasts= says another coding",
    ),
]


@pytest.mark.parametrize(("changes", "error", "message"), REFUSED, ids=[str(c[0]) for c in REFUSED])
def test_bad_input_is_told(changes, error, message):
    for fitted in (glmnet, cv_glmnet):
        with pytest.raises(error, match=message):
            fitted(**{"formula": "y ~ x1 + band + f", "data": DATA} | changes)


def test_bad_questions_are_told():
    with pytest.raises(FitError, match=r"no factor of this fit was fused: name one, as in fit.update\(fuse="):
        glmnet("y ~ x1 + band", DATA).fused(s=0.1)
    with pytest.raises(ValueError, match="s should be a number; got"):
        glmnet("y ~ x1 + band", DATA, fuse="band").fused(s=[0.1, 0.2])
