"""tidy, glance and augment against the package broom."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from reference.models.load import load
from tolerances import PROFILE_LIMIT, ROWS, STANDARD_ERROR

from glmformula import augment, glance, glm, tidy

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
