"""Nothing of the rows in what is kept of a fit, whatever kind of fit, and however much was asked of it before."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest

import glmformula as g
from glmformula.errors import SeparationWarning


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(5)
    n = 300
    out = pd.DataFrame(
        {"x": rng.normal(size=n), "z": rng.gamma(2.0, size=n), "f": rng.choice(list("abc"), n)},
        index=[f"person-{k:05d}" for k in range(n)],
    )
    out["ssn"] = [f"ssn-{k:05d}" for k in range(n)]
    out["count"], out["yes"] = rng.poisson(1.0, n) * (out["f"] != "c"), rng.binomial(1, 0.3, n)
    return out


FITS = {
    "separated": lambda d, path: g.glm("count ~ x + f", d, "poisson"),
    "firth": lambda d, path: g.glm("yes ~ x + f", d, "binomial", method="firth"),
    "stream": lambda d, path: g.glm("yes ~ x + z + f", path, "binomial"),
    "arrays": lambda d, path: g.glm(
        "yes ~ x", d, "quasibinomial", offset=d["z"].to_numpy() / 7, weights=d["z"]
    ),
    "subset": lambda d, path: g.glm("yes ~ x", d, "binomial", subset=d["x"] > 0),
    "chosen": lambda d, path: g.glm("yes ~ x + z", d, "binomial").step(trace=0),
    "updated": lambda d, path: g.glm("yes ~ x", d, "binomial").update(". ~ . + z"),
    "aliased": lambda d, path: g.glm("yes ~ x + I(2 * x)", d, "binomial"),
}


@pytest.mark.parametrize("kind", FITS)
def test_no_row_is_left(kind, data, tmp_path):
    path = str(tmp_path / "rows.parquet")
    if kind == "stream":
        pytest.importorskip("pyarrow")
        data.to_parquet(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeparationWarning)
        fit = FITS[kind](data, path)
    if kind != "stream":
        for ask in (fit.hatvalues, fit.residuals, fit.anova):
            ask()
    stripped = fit.strip_data()
    kept = pickle.dumps(stripped)
    stripped.save(tmp_path / "m.json")
    for content in (kept, (tmp_path / "m.json").read_bytes()):
        assert not any(word in content for word in (b"person-", b"ssn", b"rows.parquet"))
        for value in (*data["x"], *data["z"]):
            assert np.float64(value).tobytes() not in content
            assert repr(float(value)).encode() not in content
    assert len(kept) < 10_000
    assert str(g.load(tmp_path / "m.json").summary()) == str(stripped.summary()) == str(fit.summary())
