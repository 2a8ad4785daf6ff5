"""The definitions that are easily mistaken, one test each, with R's numbers (reference/traps)."""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.models.load import load

import glmformula as g

HERE = Path(__file__).parent.parent / "reference" / "traps"
CLAIMS = "Claims ~ Group + offset(log(Holders))"


@cache
def r():
    return json.loads((HERE / "traps.json").read_text(encoding="utf-8"))


def close(ours, theirs, rtol=1e-7):
    np.testing.assert_allclose(np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float), rtol=rtol)


@cache
def cars():
    return g.glm("am ~ wt", load("mtcars"), "binomial")


@cache
def trees():
    return g.glm("Volume ~ Girth + Height", load("trees"), g.Gamma("log"))


@cache
def claims():
    return g.glm(CLAIMS, load("Insurance"), "poisson")


def test_proportions_with_weights_have_the_aic_of_counts():
    data = load("esoph").eval("n = ncases + ncontrols").eval("p = ncases / n")
    for formula, weights in (("cbind(ncases, ncontrols) ~ agegp", None), ("p ~ agegp", "n")):
        close(g.glm(formula, data, "binomial", weights=weights).aic, r()["aic_cbind"], 1e-10)


def test_predict_evaluates_the_offset_again():
    new = pd.DataFrame({"Group": ["<1l", ">2l"], "Holders": [10.0, 1000.0]})
    close(claims().predict(new, type="response"), r()["offset_predict"])


def test_the_null_deviance_with_an_offset_is_a_refit():
    close(claims().null_deviance, r()["null_offset"], 1e-9)
    started = g.glm(CLAIMS, load("Insurance"), "poisson", start=[-2.0, 0, 0, 0])
    close(started.null_deviance, r()["null_started"], 1e-9)
    assert r()["null_plain"] > 10 * r()["null_offset"]  # what forgetting the offset would give


def test_hc_types_differ():
    for kind, errors in r()["hc"].items():
        close(np.sqrt(np.diag(cars().vcov(type=kind))), errors, 1e-6)
    assert len({tuple(errors) for errors in r()["hc"].values()}) == 5


def test_t_where_the_dispersion_is_estimated_else_z():
    for fit, names, p in ((trees(), "t_names", "t_p"), (cars(), "z_names", "z_p")):
        table = fit.summary().coefficients
        assert list(table.columns) == r()[names]
        close(table.iloc[:, 3], r()[p], 1e-6)


def test_what_the_aic_counts():
    linear = g.glm("mpg ~ wt + hp", load("mtcars"))
    close(linear.aic, r()["aic_gaussian"], 1e-10)
    close(trees().aic, r()["aic_gamma"], 1e-9)
    close(
        g.glm("Volume ~ Girth + Height", load("trees"), g.inverse_gaussian("log")).aic,
        r()["aic_inverse"],
        1e-9,
    )
    assert np.isnan(g.glm("count ~ spray", load("InsectSprays"), "quasipoisson").aic)
    assert (linear.loglik.df, trees().loglik.df) == (r()["df_gaussian"], r()["df_gamma"])


def test_zero_weights_leave_the_degrees_of_freedom():
    data = load("mtcars").assign(w=[1, 1, 0, 2] * 8)
    fit = g.glm("hp ~ wt", data, g.Gamma("log"), weights="w")
    assert [fit.df_residual, fit.df_null, fit.nobs, len(fit.fitted_values)] == r()["zero_df"]


def test_rstandard_is_of_the_deviance():
    """Until R 4.5; Pearson's since, by default: see test_influence.py."""
    close(trees().rstandard("deviance"), r()["rstandard"], 1e-6)


def test_the_usual_cluster_factor():
    cyl = load("mtcars")["cyl"].to_numpy()
    close(np.sqrt(np.diag(cars().vcov(cluster=cyl))), r()["cluster"], 1e-6)
    assert abs(r()["cluster"][0] / r()["cluster_hc1"][0] - 1) > 0.01


def test_cov_unscaled_of_an_aliased_fit():
    fit = g.glm("mpg ~ wt + I(2 * wt) + hp", load("mtcars"))
    unscaled = fit.summary().cov_unscaled
    assert list(unscaled.index) == r()["unscaled_names"]
    close(unscaled, r()["unscaled"])
    assert list(fit.vcov().shape) == r()["unscaled_dim"]
    assert fit.vcov().iloc[2].isna().all()


def test_two_dispersions():
    """Pearson's for tests, deviance / n for the likelihood."""
    close(trees().dispersion, r()["pearson"])
    close(float(trees().loglik), r()["loglik"], 1e-9)
    close(trees().deviance / trees().nobs, r()["deviance_n"], 1e-9)
    assert abs(r()["pearson"] / r()["deviance_n"] - 1) > 0.05


@pytest.mark.parametrize("model", range(4))
def test_anova_takes_f_where_the_dispersion_is_estimated(model):
    lines = (HERE / "anova.txt").read_text().splitlines()
    fit = (
        trees(),
        cars(),
        g.glm("count ~ spray", load("InsectSprays"), "quasipoisson"),
        g.glm("mpg ~ wt + hp", load("mtcars")),
    )[model]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = fit.anova().frame
    assert ",".join(table.columns) == lines[2 * model]
    close(table.iloc[-1, -1], float(lines[2 * model + 1]), 1e-6)
