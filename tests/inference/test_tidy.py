"""tidy, glance and augment against the package broom."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.models.load import load
from tolerances import PROFILE_LIMIT, ROWS, STANDARD_ERROR

from glmformula import DataError, augment, glance, glm, lmer, tidy

HERE = Path(__file__).parents[1] / "reference"
CASES = {c["id"]: c for c in json.loads(gzip.decompress((HERE / "broom.json.gz").read_bytes()))["cases"]}


def ours(name: str) -> str:
    return name.replace(".", "_")


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


@pytest.fixture
def fit(case):
    return glm(case["formula"], load(case["data"]), case["family"])


def close(got, wanted, rtol):
    wanted = np.array([np.nan if w is None else w for w in np.atleast_1d(wanted)], dtype=float)
    got = np.asarray(got, dtype=float)
    unit = np.max(np.abs(np.nan_to_num(wanted)))
    np.testing.assert_allclose(got, wanted, rtol=rtol, atol=rtol * unit)


def test_tidy(case, fit):
    table, r = tidy(fit, conf_int=True), case["tidy"]
    assert list(table) == [ours(n) for n in r]
    assert list(table["term"]) == r["term"]
    for name in ("estimate", "std.error", "statistic"):
        close(table[ours(name)], r[name], STANDARD_ERROR)
    close(table["p_value"], r["p.value"], 1e-4)
    for name in ("conf.low", "conf.high"):
        error = np.nan_to_num(table["std_error"].to_numpy(), nan=1.0)
        wanted = np.array([np.nan if w is None else w for w in r[name]], dtype=float)
        assert np.nanmax(np.abs(table[ours(name)] - wanted) / error) < PROFILE_LIMIT


def test_ratios(case, fit):
    table, plain = tidy(fit, conf_int=True, exponentiate=True), tidy(fit, conf_int=True)
    with np.errstate(over="ignore"):
        for name in ("estimate", "conf_low", "conf_high"):
            np.testing.assert_array_equal(table[name], np.exp(plain[name]))
    np.testing.assert_array_equal(table["std_error"], plain["std_error"])
    wald = tidy(fit, conf_int=True, conf_method="wald")
    np.testing.assert_allclose(wald["conf_low"], fit.confint(method="wald").frame.iloc[:, 0], rtol=1e-12)


def test_glance(case, fit):
    table, r = glance(fit), case["glance"]
    assert list(table) == [ours(n) for n in r]
    for name, value in r.items():
        close(table[ours(name)], value, 1e-8)


@pytest.mark.parametrize("kind", ["augment", "pearson"])
def test_augment(case, fit, kind):
    options = (
        {"se_fit": True} if kind == "augment" else {"type_predict": "response", "type_residuals": "pearson"}
    )
    table, r = augment(fit, **options), case[kind]
    measures = [ours(n) for n in r if n.startswith(".") and n != ".rownames"]
    assert {c for c in table if c.startswith("_")} == set(measures)
    if kind == "pearson":  # broom takes R's own: deviance residuals until R 4.5
        np.testing.assert_array_equal(table["_std_resid"], fit.rstandard("pearson"))
        own = augment(fit)
        table["_std_resid"], table["_sigma"] = own["_std_resid"], own["_sigma"]
    for name in measures:
        close(table[name], r["." + name[1:].replace("_", ".")], 10 * ROWS)


def test_augment_of_new_data(case, fit):
    new = load(case["data"]).head(4)
    table, r = augment(fit, newdata=new, se_fit=True, type_predict="response"), case["new"]
    assert list(table)[: new.shape[1]] == list(new)
    close(table["_fitted"], r[".fitted"], ROWS)
    close(table["_se_fit"], r[".se.fit"], STANDARD_ERROR)


ROWS_OF = pd.DataFrame(
    {
        "y": [1, 2, 4, 3, 5, 7, 4, 9],
        "x": [1.0, 2, np.nan, 4, 5, 6, 7, 8],
        "id": list("abcdefgh"),
        "g": [0, 1] * 4,
    },
    index=[10, 20, 30, 40, 50, 60, 70, 80],
)


@pytest.mark.parametrize("na_action", ["na.omit", "na.exclude"])
@pytest.mark.parametrize("subset", [None, "g == 0 | x > 3"])
def test_augment_of_the_fit_s_own_data(na_action, subset):
    """broom's ``data=``: all columns of the data, then what it adds to the rows of the fit."""
    fit = glm("y ~ x", ROWS_OF, "poisson", na_action=na_action, subset=subset)
    plain, table = augment(fit), augment(fit, ROWS_OF)
    assert list(table)[:4] == list(ROWS_OF)
    pd.testing.assert_frame_equal(table.iloc[:, :4], ROWS_OF.loc[plain.index])
    pd.testing.assert_frame_equal(table.filter(like="_"), plain.filter(like="_"))
    pd.testing.assert_frame_equal(augment(fit, data=ROWS_OF.copy()), table)
    pd.testing.assert_frame_equal(augment(fit, data=ROWS_OF.loc[plain.index]), table)
    assert list(augment(fit, ROWS_OF.copy()).filter(like="_")) == ["_fitted"]  # other rows, for all one knows
    assert list(augment(fit, newdata=ROWS_OF.head(3)).filter(like="_")) == ["_fitted"]


def test_augment_of_other_data(tmp_path):
    fit = glm("y ~ x", ROWS_OF, "poisson")
    with pytest.raises(
        DataError, match=r"data= should be the data of the fit, 8 rows .*; got 3 rows: other rows are"
    ):
        augment(fit, data=ROWS_OF.head(3))
    with pytest.raises(DataError, match="data= are the rows of the fit, newdata= are others: give one"):
        augment(fit, ROWS_OF.head(3), data=ROWS_OF)
    ROWS_OF.to_parquet(tmp_path / "rows.parquet")
    streamed = glm("y ~ x", tmp_path / "rows.parquet", "poisson")
    with pytest.raises(
        DataError, match="data= adds columns to rows in memory, and those of this fit arrive in blocks"
    ):
        augment(streamed, data=ROWS_OF)
    path = str(tmp_path / "rows.parquet")
    assert augment(glm("y ~ x", path, "poisson"), path, out=tmp_path / "o.csv") == tmp_path / "o.csv"
    columns = {name: ROWS_OF[name].to_numpy() for name in ROWS_OF}
    of_dict = glm("y ~ x", columns, "poisson")
    assert list(augment(of_dict, columns))[:4] == list(ROWS_OF)


def test_limits_of_a_mixed_model_are_those_of_its_coefficients():
    data = pd.DataFrame({"y": [1.0, 2.5, 5, 6, 9, 11], "x": [1.0, 2, 1, 2, 1, 3], "g": list("aabbcc")})
    fit = lmer("y ~ x + (1 | g)", data)
    table = tidy(fit, conf_int=True, conf_method="wald").set_index("term")
    limits = fit.confint(method="wald").frame.loc[["(Intercept)", "x"]]
    assert table[["conf_low", "conf_high"]].to_numpy().tolist() == limits.to_numpy().tolist()
