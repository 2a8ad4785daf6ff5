"""``glm(..., by=)``: every group's numbers are those of `glm` on its rows, and what fails says why."""

from __future__ import annotations

import warnings

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from tolerances import MANY

import glmformula as gf
from glmformula import DataError, DataWarning, FitError, FormulaError, glm
from glmformula.engine.many import fit as engine
from glmformula.models.many import GLMs

GROUPS, ROWS = 12, 60


@pytest.fixture(scope="module")
def data():
    """Groups of different sizes, factors whose levels are not in every group, missing values, weights and offsets."""
    rng = np.random.default_rng(5)
    sizes = rng.integers(ROWS - 20, ROWS + 20, GROUPS)
    n = int(sizes.sum())
    x, z = rng.normal(size=n), rng.normal(size=n)
    frame = pd.DataFrame({"g": np.repeat([f"g{k:02}" for k in range(GROUPS)], sizes), "x": x, "z": z})
    frame["half"] = np.where(rng.random(n) < 0.5, "a", "b")
    frame["f"] = rng.choice(["u", "v", "w"], n)
    late = frame["g"].isin(["g01", "g02", "g03"])
    frame.loc[late & (frame["f"] == "u"), "f"] = "v"  # their baseline is another
    frame["c"] = pd.Categorical(rng.choice(["lo", "mid", "hi"], n), ["lo", "mid", "hi", "none"])
    eta = 0.4 + 0.3 * x - 0.2 * z + 0.2 * (frame["f"] == "w")
    frame["e"] = rng.random(n) + 0.5
    frame["w"] = rng.integers(1, 4, n)
    frame["count"] = rng.poisson(frame["e"] * np.exp(eta))
    frame["left"] = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    frame["said"] = np.where(frame["left"] == 1, "yes", "no")
    frame["trials"] = rng.integers(1, 6, n)
    frame["good"] = rng.binomial(frame["trials"], 1 / (1 + np.exp(-eta)))
    frame["bad"] = frame["trials"] - frame["good"]
    frame["pos"] = rng.gamma(4, np.exp(eta) / 4)
    frame["num"] = eta + rng.normal(size=n)
    frame.loc[[3, 77, 200], "x"] = np.nan
    return frame.sample(frac=1, random_state=1).reset_index(drop=True)


def assert_same(fits, formula, data, family, by="g", **arguments):
    """Tables of all groups against a loop."""
    tidy, glance, coef = fits.tidy(conf_int=True), fits.glance(), fits.coef()
    for key, rows in data.groupby(by, sort=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gf.GLMFormulaWarning)
            one = glm(formula, rows, family, **arguments)
        here = tidy[tidy[fits.by[0]] == key]
        expected = one.tidy(conf_int=True, conf_method="wald")
        assert here["term"].tolist() == expected["term"].tolist()
        for column in ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"):
            np.testing.assert_allclose(here[column], expected[column], rtol=MANY, atol=MANY)
        whole = glance[glance[fits.by[0]] == key].iloc[0]
        for column, value in one.glance().iloc[0].items():
            np.testing.assert_allclose(float(whole[column]), value, rtol=MANY, err_msg=column)
        assert whole["converged"] == one.converged
        np.testing.assert_allclose(
            coef.loc[key, list(one.coefficients.index)], one.coefficients, rtol=MANY, atol=MANY
        )


MODELS = {
    "binomial": ("left ~ x + z + f", "binomial", {}),
    "strings": ("said ~ x * f", "binomial", {}),
    "counts of two": ("cbind(good, bad) ~ x + c", "binomial", {}),
    "probit": ("left ~ x", gf.binomial("probit"), {"weights": "w"}),
    "cloglog": ("left ~ x", gf.binomial("cloglog"), {}),
    "log": ("count ~ x + f", "poisson", {"offset": "log(e)"}),
    "offset in formula": ("count ~ x + offset(log(e)) + I(z^2)", "poisson", {"weights": "w"}),
    "sqrt": ("count ~ x", gf.poisson("sqrt"), {}),
    "no intercept": ("count ~ 0 + f", "quasipoisson", {}),
    "gaussian": ("num ~ x + z + c", "gaussian", {"weights": "w"}),
    "gaussian log": ("pos ~ x", gf.gaussian("log"), {}),
    "Gamma": ("pos ~ x + f", gf.Gamma("log"), {}),
    "inverse gaussian": ("pos ~ x", gf.inverse_gaussian("log"), {}),
    "negative binomial": ("count ~ x + z", gf.negative_binomial(2.0), {"offset": "log(e)"}),
    "tweedie": ("pos ~ x", gf.tweedie(1.5, 0), {}),
    "quasi": ("pos ~ x", gf.quasi("log", "mu^2"), {}),
    "subset": ("num ~ x", "gaussian", {"subset": "z > -1"}),
}


@pytest.mark.parametrize("model", MODELS)
def test_each_group_is_the_fit_of_its_rows(data, model):
    formula, family, arguments = MODELS[model]
    fits = glm(formula, data, family, by="g", **arguments)
    assert isinstance(fits, GLMs)
    assert len(fits.ones) <= 3  # the others were fitted together
    assert_same(fits, formula, data, family, **arguments)


@pytest.mark.parametrize(
    ("formula", "arguments"),
    [
        ("left ~ poly(z, 2)", {}),  # learns of the group's rows
        ("left ~ I(z - mean(z))", {}),
        ("left ~ x", {"method": "firth"}),
        ("left ~ x", {"method": "qr"}),
        ("left ~ x", {"start": [0.1, 0.1]}),
        ("left ~ x", {"na_action": "na.exclude", "epsilon": 1e-12}),
    ],
)
def test_what_depends_on_the_rows_together_is_the_groups_own(data, formula, arguments):
    fits = glm(formula, data, "binomial", by="g", **arguments)
    assert_same(fits, formula, data, "binomial", **arguments)


def test_arrays_go_with_their_rows(data):
    weights, offset = data["w"].sample(frac=1, random_state=3), np.log(data["e"].to_numpy())
    arrays = glm("count ~ x", data, "poisson", by="g", weights=weights, offset=offset, subset=data["z"] > -1)
    names = glm("count ~ x", data, "poisson", by="g", weights="w", offset="log(e)", subset="z > -1")
    pd.testing.assert_frame_equal(arrays.tidy(), names.tidy())


def test_one_group_has_all_verbs(data):
    fits = glm("count ~ x + f", data, "poisson", by="g", offset="log(e)")
    rows = data[data["g"] == "g04"]
    one = glm("count ~ x + f", rows, "poisson", offset="log(e)")
    assert str(fits["g04"].summary()) == str(one.summary())
    assert fits["g04"].fitted_values.index.equals(one.fitted_values.index)
    assert list(fits)[:2] == ["g00", "g01"]
    assert "g04" in fits
    assert "other" not in fits
    assert len(fits) == GROUPS
    with pytest.raises(KeyError, match="there is no group 'other' of g: the first are 'g00', 'g01', 'g02'"):
        fits["other"]


def test_several_columns(data):
    fits = glm("num ~ x", data, by=["g", "half"])
    one = glm("num ~ x", data[(data["g"] == "g03") & (data["half"] == "b")])
    assert fits["g03", "b"].deviance == one.deviance
    table = fits.tidy()
    assert list(table)[:3] == ["g", "half", "term"]
    here = table[(table["g"] == "g03") & (table["half"] == "b")]
    np.testing.assert_allclose(here["estimate"], one.coefficients, rtol=MANY)
    assert fits.coef().index.names == ["g", "half"]
    with pytest.raises(KeyError, match="a group is 2 values, of g, half; got 'g03'"):
        fits["g03"]


def test_the_dot_leaves_the_groups_out(data):
    frame = data[["num", "x", "z", "g"]]
    assert list(glm("num ~ .", frame, by="g").coef()) == ["(Intercept)", "x", "z"]
    assert glm("num ~ .", frame, by="g")["g01"].formula == "num ~ x + z"


def test_probabilities_are_adjusted_over_the_groups(data):
    from glmformula.inference.means.adjust import p_adjust

    table = glm("num ~ x", data, by="g").tidy(adjust="holm")
    slopes = table[table["term"] == "x"]
    np.testing.assert_allclose(slopes["p_adjusted"], p_adjust(slopes["p_value"].to_numpy(), "holm"))
    assert (slopes["p_adjusted"] > slopes["p_value"]).any()
    with pytest.raises(ValueError, match="adjust must be one of 'BH'"):
        glm("num ~ x", data, by="g").tidy(adjust="tukey")
    with pytest.raises(ValueError, match="conf_level must be a number between 0 and 1; got 95"):
        glm("num ~ x", data, by="g").tidy(conf_level=95)
    odds = glm("num ~ x", data, by="g").tidy(exponentiate=True, conf_int=True, adjust="holm")
    np.testing.assert_allclose(odds["estimate"], np.exp(table["estimate"]))


@pytest.mark.parametrize("kind", ["link", "response"])
def test_predictions_are_those_of_each_group(data, kind):
    fits = glm("count ~ x + f", data, "poisson", by="g", offset="log(e)")
    new = data.iloc[::7]
    found = fits.predict(new, kind, se_fit=True)
    for key, rows in new.groupby("g"):
        expected = glm("count ~ x + f", data[data["g"] == key], "poisson", offset="log(e)").predict(
            rows, kind, se_fit=True
        )
        np.testing.assert_allclose(found.loc[rows.index, "fit"], expected["fit"], rtol=MANY)
        np.testing.assert_allclose(found.loc[rows.index, "se_fit"], expected["se_fit"], rtol=MANY)
    own = fits.predict(type=kind)
    assert own.index.equals(data.index)
    np.testing.assert_allclose(own.loc[new.index], found["fit"])


def test_predictions_of_rows_without_a_fit(data):
    fits = glm("count ~ x + f", data, "poisson", by="g")
    new = pd.DataFrame({"g": ["g00", "no", "g01"], "x": [0.0, 0.0, 0.0], "f": ["v", "v", "u"]})
    with pytest.raises(DataError, match="factor f has new level u"):
        fits.predict(new)
    assert fits.predict(new, new_levels="na").isna().tolist() == [False, True, True]
    with pytest.raises(DataError, match="newdata has no column 'g', which by= names"):
        fits.predict(new[["x", "f"]])
    with pytest.raises(ValueError, match="type should be 'link' or 'response' of all groups; got 'terms'"):
        fits.predict(new, "terms")


def odd_groups():
    """A good group, and others whose fits go wrong in ways of their own."""
    rng = np.random.default_rng(2)
    x = np.linspace(-1, 1, 40)
    y = (rng.random(40) < 0.5).astype(int)
    parts = {
        "good": (x, y),
        "separated": (x, (x > 0).astype(int)),
        "all ones": (x, np.ones(40, int)),
        "few": (x[:1], y[:1]),
        "flat": (np.ones(40), y),
        "missing": (np.full(5, np.nan), y[:5]),
    }
    return pd.concat(
        [pd.DataFrame({"k": k, "x": a, "y": b}) for k, (a, b) in parts.items()], ignore_index=True
    )


def test_groups_that_fail_are_rows_with_a_reason():
    data = odd_groups()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is said of groups but in the table
        fits = glm("y ~ x", data, "binomial", by="k")
    reasons = fits.failures.set_index("k")["reason"]
    assert set(reasons.index) == {"separated", "all ones", "few", "missing"}
    assert "complete separation" in reasons["separated"]
    assert "(Intercept) (+Inf)" in reasons["all ones"]
    assert reasons["missing"].startswith("0 (non-NA) cases: all 5 rows are lost to missing values")
    table = fits.tidy()
    gone = table[table["k"] == "separated"]
    assert len(gone) == 1
    assert gone["estimate"].isna().all()
    assert "separation" in gone["reason"].item()
    flat = table[table["k"] == "flat"]
    assert flat["estimate"].isna().tolist() == [False, True]  # aliased, as glm has it
    assert fits.coef().loc[["separated", "missing"]].isna().all(axis=None)
    assert fits.predict(data)[data["k"] == "separated"].isna().all()
    glance = fits.glance().set_index("k")
    assert glance.loc["good", "reason"] == ""
    assert glance.loc["missing", "nobs"] == 5
    assert glance.loc["flat", "reason"] == "not defined because of singularities: x"
    few = glm("y ~ x", data, by="k").glance().set_index("k")["reason"]
    assert few["few"].endswith("1 rows leave no degrees of freedom beside 1 coefficients")
    text = str(fits)
    assert "6 groups by k, 2 fitted" in text
    assert "1: complete separation" in text
    assert "<table" in fits._repr_html_()


def test_what_is_wrong_with_a_groups_rows_concerns_it_alone(data):
    frame = data.copy()
    frame.loc[frame.index[frame["g"] == "g05"][:2], "count"] = -1
    frame.loc[frame.index[frame["g"] == "g06"][0], "z"] = np.inf
    frame.loc[frame.index[frame["g"] == "g07"], "f"] = "u"
    fits = glm("count ~ z + f", frame, "poisson", by="g")
    reasons = fits.failures.set_index("g")["reason"]
    assert reasons.index.tolist() == ["g05", "g06", "g07"]
    assert reasons["g05"].startswith("negative values not allowed for the 'Poisson' family")
    assert "'z' is infinite in 1 of" in reasons["g06"]
    assert "contrasts can be applied only to factors with 2 or more levels" in reasons["g07"]
    assert len(fits.ones) == 3 + 1 or len(fits.ones) == 3
    frame["count"] = frame["count"] + 0.5 * (frame["g"] == "g08")
    warned = glm("count ~ z", frame, "poisson", by="g").glance().set_index("g")["reason"]
    assert "non-integer x" in warned["g08"]
    assert warned["g09"] == ""


def test_weights_that_are_zero_or_negative(data):
    frame = data.assign(v=data["w"].astype(float))
    frame.loc[frame.index[frame["g"] == "g01"][:3], "v"] = 0.0
    frame.loc[frame.index[frame["g"] == "g02"][:1], "v"] = -1.0
    fits = glm("num ~ z", frame, by="g", weights="v")
    assert fits.failures["g"].tolist() == ["g02"]
    one = glm("num ~ z", frame[frame["g"] == "g01"], weights="v")
    assert fits.glance().set_index("g").loc["g01", "nobs"] == one.nobs


def test_errors_of_the_call_are_errors(data):
    with pytest.raises(DataError, match="by= names 'region', which is no column of the data"):
        glm("num ~ x", data, by="region")
    with pytest.raises(DataError, match="by= is the name of a column, or a list of such names; got 3"):
        glm("num ~ x", data, by=3)
    with pytest.raises(DataError, match="by= names a column twice: 'g', 'g'"):
        glm("num ~ x", data, by=["g", "g"])
    with pytest.raises(FormulaError, match="'g' is in by= and in the formula"):
        glm("num ~ x + g", data, by="g")
    with pytest.raises(FormulaError, match="object 'nothing' not found"):
        glm("num ~ nothing", data, by="g")
    with pytest.raises(FormulaError, match="the formula must be a str"):
        glm(3, data, by="g")
    with pytest.raises(
        FitError, match="none of the 12 groups of g could be fitted; the first: negative values"
    ):
        glm("I(-1 - pos) ~ x", data, "poisson", by="g")
    with pytest.raises(DataError, match="no row has a value of 'gone', so there is no group"):
        glm("num ~ x", data.assign(gone=np.nan), by="gone")
    with pytest.raises(DataError, match=r"the values of by=\['lists'\] cannot make groups: unhashable"):
        glm("num ~ x", data.assign(lists=[[1]] * len(data)), by="lists")


def test_rows_without_a_group_are_told(data):
    frame = data.assign(g=data["g"].where(data.index > 4))
    with pytest.warns(DataWarning, match="5 rows have no value of 'g' and are in no group"):
        fits = glm("num ~ z", frame, by="g")
    assert fits.glance()["nobs"].sum() == len(data) - 5


def test_categories_come_in_their_order(data):
    frame = data.assign(k=pd.Categorical(data["half"], ["b", "a", "c"]))
    assert list(glm("num ~ x", frame, by="k")) == ["b", "a"]


def test_what_is_written_into_the_data_later_changes_nothing(data):
    frame = data.copy()
    fits = glm("num ~ z", frame, by="g")
    before = fits["g03"].deviance
    frame.loc[:, "num"] = 0.0
    assert fits["g03"].deviance == before


@pytest.mark.parametrize("kind", ["parquet", "duckdb", "polars", "in parts"])
def test_other_sources(data, kind, tmp_path, monkeypatch):
    from glmformula.fitted import groups

    expected = glm("count ~ x + f", data, "poisson", by=["g"], weights="w")
    connection = duckdb.connect()
    if kind == "in parts":
        monkeypatch.setattr(groups, "MOST_GATHERED", 1000)
    if kind in ("parquet", "in parts"):
        source = str(tmp_path / "data.parquet")
        data.to_parquet(source)
    elif kind == "duckdb":
        connection.register("rows", data)
        source = ("select * from rows", connection)
    else:
        source = pl.from_pandas(data)
    fits = glm("count ~ x + f", source, "poisson", by=["g"], weights="w")
    pd.testing.assert_frame_equal(fits.tidy(), expected.tidy(), rtol=MANY, check_dtype=False)
    pd.testing.assert_frame_equal(fits.glance(), expected.glance(), rtol=MANY, check_dtype=False)
    assert fits["g07"].deviance == pytest.approx(expected["g07"].deviance, rel=1e-12)
    np.testing.assert_allclose(fits.predict(data), expected.predict(data), rtol=MANY)
    if kind != "polars":
        with pytest.raises(DataError, match="these rows are not held: give predict"):
            fits.predict()
        with pytest.raises(DataError, match="'weights' must be a column name or an R expression in a str"):
            glm("count ~ x", source, "poisson", by="g", weights=data["w"].to_numpy())


def test_groups_of_many_rows_are_fits_of_their_own(data, monkeypatch):
    monkeypatch.setattr(engine, "MOST_ROWS", 50)
    fits = glm("num ~ x", data, by="g")
    assert 0 < len(fits.ones) < GROUPS
    assert_same(fits, "num ~ x", data, "gaussian")


def test_offsets_and_weights_of_one_number(data):
    fits = glm("count ~ x", data, "poisson", by="g", offset=0.5)
    one = glm("count ~ x", data[data["g"] == "g02"], "poisson", offset=0.5)
    np.testing.assert_allclose(fits.coef().loc["g02"], one.coefficients, rtol=MANY)
