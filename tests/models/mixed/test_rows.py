"""What a mixed model says of rows: standard errors, new groups, parts of the random effects, draws, files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import glmformula as gf


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(5)
    n = 300
    d = pd.DataFrame({"x": rng.normal(size=n), "g": rng.integers(0, 12, n), "h": rng.integers(0, 6, n)})
    d["f"] = pd.Categorical.from_codes(rng.integers(0, 2, n), ["a", "b"])
    d["eta"] = 0.3 + 0.5 * d.x + rng.normal(size=12)[d.g] * (1 + d.x / 2) + 0.7 * rng.normal(size=6)[d.h]
    d["y"] = d.eta + rng.normal(size=n)
    d["count"] = rng.poisson(np.exp(d.eta / 2))
    d["size"] = rng.integers(1, 9, n)
    d["hits"] = rng.binomial(d["size"], 1 / (1 + np.exp(-d.eta)))
    d["g"] = d.g.map("g{:02d}".format)
    return d


@pytest.fixture(scope="module")
def fit(data):
    return gf.lmer("y ~ x + f + (x | g) + (1 | h)", data)


def joint_inverse(fit):
    """The inverse of Henderson's equations, times sigma^2, and the columns of the rows."""
    design = fit.every_row.source.design
    structure = fit.structure
    X = structure.layout.fixed.columns(design)
    n = len(X)
    columns, penalty = [X], [np.zeros((X.shape[1],) * 2)]
    for code, Z, lam in zip(
        structure.codes(design), structure.varying(design), structure.factors(fit.result.theta)
    ):
        own = np.column_stack([np.ones(n) if z is None else z for z in Z])
        J = code.max() + 1
        wide = np.zeros((n, J, own.shape[1]))
        wide[np.arange(n), code] = own
        columns.append(wide.reshape(n, -1))
        penalty.append(np.kron(np.eye(J), np.linalg.inv(lam @ lam.T)))
    W = np.hstack(columns)
    P = np.zeros((W.shape[1],) * 2)
    at = 0
    for block in penalty:
        P[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    return W, np.linalg.inv(W.T @ W + P) * fit.sigma**2


def test_standard_errors_are_those_of_hendersons_equations(fit):
    W, C = joint_inverse(fit)
    expected = np.sqrt(np.einsum("ij,jk,ik->i", W, C, W))
    assert fit.predict(se_fit=True)["se_fit"].to_numpy() == pytest.approx(expected, rel=1e-8)
    p = 3
    expected = np.sqrt(np.einsum("ij,jk,ik->i", W[:, :p], C[:p, :p], W[:, :p]))
    assert fit.predict(se_fit=True, re_form="~0")["se_fit"].to_numpy() == pytest.approx(expected, rel=1e-8)
    some = W.copy()
    groups = [list(fit.structure.groupings).index(g) for g in fit.structure.groupings if g.name == "h"]
    assert groups == [1]
    some[:, -6:] = 0.0
    expected = np.sqrt(np.einsum("ij,jk,ik->i", some, C, some))
    found = fit.predict(se_fit=True, re_form="~ (x | g)")["se_fit"]
    assert found.to_numpy() == pytest.approx(expected, rel=1e-8)


def test_parts_of_the_random_effects_add_up(fit, data):
    whole, none = fit.predict(), fit.predict(re_form="~0")
    one, two = fit.predict(re_form="~ (x | g)"), fit.predict(re_form="~(1 | h)")
    assert (one + two - none).to_numpy() == pytest.approx(whole.to_numpy(), rel=1e-10)
    assert fit.predict(data).to_numpy() == pytest.approx(whole.to_numpy(), rel=1e-12)
    assert fit.predict(data.drop(columns=["g", "h"]), re_form="~0").to_numpy() == pytest.approx(
        none.to_numpy()
    )
    with pytest.raises(gf.FormulaError, match=r"re_form has \(1 \| g\), which is no term"):
        fit.predict(re_form="~ (1 | g)")
    with pytest.raises(TypeError, match="re_form should be None"):
        fit.predict(re_form=False)


def test_new_groups_are_refused_or_taken_as_zero(fit, data):
    new = data.head(3).assign(g=["g00", "never", None])
    with pytest.raises(gf.DataError, match="new levels detected in newdata: g has never"):
        fit.predict(new)
    found = fit.predict(new, allow_new_levels=True, se_fit=True)
    population = fit.predict(new, re_form="~ (1 | h)")
    assert found["fit"].iloc[1] == pytest.approx(population.iloc[1])
    assert np.isnan(found["fit"].iloc[2])
    z = np.array([1.0, new.x.iloc[1]])
    prior = z @ fit.VarCorr()["g"].to_numpy() @ z
    assert found["se_fit"].iloc[1] > np.sqrt(prior)


def test_intervals(fit, data):
    found = fit.predict(data.head(4), interval="confidence", se_fit=True)
    half = 1.959963984540054 * found["se_fit"]
    assert found["upr"].to_numpy() == pytest.approx((found["fit"] + half).to_numpy())
    wide = fit.predict(data.head(4), interval="prediction")
    more = np.sqrt(found["se_fit"] ** 2 + fit.sigma**2) * 1.959963984540054
    assert (wide["upr"] - wide["fit"]).to_numpy() == pytest.approx(more.to_numpy())
    counted = gf.glmer("count ~ x + (1 | g)", data, "poisson")
    rows = counted.predict(data.head(4), type="response", interval="confidence", se_fit=True)
    assert (rows["lwr"] < rows["fit"]).all()
    assert (rows["se_fit"] / rows["fit"]).to_numpy() == pytest.approx(
        counted.predict(data.head(4), se_fit=True)["se_fit"].to_numpy()
    )
    with pytest.raises(ValueError, match="interval='prediction' is of responses"):
        counted.predict(interval="prediction")
    with pytest.raises(ValueError, match="type should be 'link' or 'response'"):
        counted.predict(type="terms")


def test_draws_have_the_variances_of_the_model(data):
    fit = gf.lmer("y ~ 1 + (1 | g)", data)
    draws = fit.simulate(400, seed=1)
    between = draws.groupby(data.g.to_numpy()).mean().var().mean()
    expected = fit.VarCorr()["g"].iloc[0, 0] + fit.sigma**2 / 25
    assert between == pytest.approx(expected, rel=0.1)
    held = fit.simulate(200, seed=1, re_form=None).mean(axis=1)
    assert np.corrcoef(held, fit.fitted_values)[0, 1] > 0.97
    assert fit.simulate(2, seed=3).equals(fit.simulate(2, seed=3))
    counts = gf.glmer("cbind(hits, size - hits) ~ x + (1 | g)", data, "binomial").simulate(1, seed=1)
    assert (counts["sim_1"].sum(axis=1).to_numpy() == data["size"].to_numpy()).all()


@pytest.mark.parametrize("function", [gf.lmer, gf.glmer])
def test_rows_in_a_file_are_glanced_at_as_those_in_memory(function, data, tmp_path):
    path = tmp_path / "rows.parquet"
    data.drop(columns="eta").to_parquet(path, row_group_size=70)
    more = {"family": "poisson"} if function is gf.glmer else {}
    here, there = (function("count ~ x + (1 | h)", rows, **more) for rows in (data, str(path)))
    pd.testing.assert_frame_equal(there.glance(), here.glance(), rtol=1e-8)
    assert there.deviance == pytest.approx(here.deviance, rel=1e-8)


@pytest.mark.parametrize(
    "make",
    [
        lambda d: gf.lmer("y ~ x + f + (x | g) + (1 | h)", d),
        lambda d: gf.lmer("y ~ poly(x, 2) + (1 | g:h)", d, REML=False),
        lambda d: gf.glmer("count ~ x + (1 | g)", d, "poisson", offset="log(size)"),
        lambda d: gf.glmer_nb("count ~ x + (1 | g)", d),
    ],
    ids=["lmer", "nested", "glmer", "nb"],
)
@pytest.mark.filterwarnings("ignore::glmformula.SingularWarning", "ignore::glmformula.ConvergenceWarning")
def test_a_file_holds_the_model(make, data, tmp_path):
    fit = make(data)
    fit.save(tmp_path / "fit.json")
    loaded = gf.load(tmp_path / "fit.json")
    assert str(loaded.summary()) == str(fit.summary())
    assert loaded.ranef(cond_var=True).frame.equals(fit.ranef(cond_var=True).frame)
    assert loaded.predict(data.head(5)).equals(fit.predict(data.head(5)))
    assert loaded.vcov().equals(fit.vcov())
    assert str(fit.strip_data().summary()) == str(fit.summary())
    with pytest.raises(gf.DataError, match="holds no training rows"):
        loaded.residuals()


def test_update_changes_fixed_and_random_parts(fit):
    assert fit.update(". ~ . - f").formula == "y ~ x + (x | g) + (1 | h)"
    assert fit.update(". ~ . - (x | g) + (1 | g)").formula == "y ~ x + f + (1 | h) + (1 | g)"
    assert not fit.update(REML=False).REML
