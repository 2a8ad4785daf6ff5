"""Questions to models of several linear predictors: each against what it must be by definition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from glmformula import load, lrtest
from glmformula.errors import DataError, FitError, FormulaError
from glmformula.models.zero_counts import ZeroInflated, zeroinfl

FORMULA = "y ~ x + g | x"


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 400
    x, g = rng.normal(size=n), rng.choice(["a", "b", "c"], n)
    mu = np.exp(0.6 + 0.4 * x + np.where(g == "b", 0.5, 0.0))
    y = np.where(rng.random(n) < 1 / (1 + np.exp(1 - 0.8 * x)), 0, rng.negative_binomial(2, 2 / (2 + mu)))
    return pd.DataFrame({"y": y, "x": x, "g": g, "firm": rng.integers(0, 25, n), "w": rng.integers(1, 4, n)})


@pytest.fixture(scope="module")
def fit(data: pd.DataFrame) -> ZeroInflated:
    return zeroinfl(FORMULA, data, dist="negbin")


def close(a: Any, b: Any, tolerance: float = 1e-8) -> None:
    np.testing.assert_allclose(np.asarray(a, float), np.asarray(b, float), rtol=tolerance, atol=tolerance)


def test_sandwich_is_made_of_the_scores(fit: ZeroInflated) -> None:
    scores = fit.estfun().to_numpy()
    close(scores.sum(axis=0), np.zeros(scores.shape[1]), 1e-6)
    bread, n, k = fit.vcov().to_numpy(), fit.nobs, scores.shape[1]
    hc0 = bread @ scores.T @ scores @ bread
    close(fit.vcov("HC0"), hc0)
    close(fit.vcov("HC1"), hc0 * n / (n - k))
    close(fit.vcov("CL"), hc0 * n / (n - 1))
    close(fit.bread() @ fit.meat() @ fit.bread() / n, hc0)


def test_clusters(fit: ZeroInflated, data: pd.DataFrame) -> None:
    sums = fit.estfun().groupby(data["firm"]).sum().to_numpy()
    bread, G = fit.vcov().to_numpy(), len(sums)
    expected = bread @ sums.T @ sums @ bread * G / (G - 1)
    close(fit.vcov(cluster="firm"), expected)
    close(fit.vcov(cluster="firm", cadjust=False), expected * (G - 1) / G)
    assert "clustered by firm (25 clusters)" in str(fit.coeftest(vcov={"cluster": "firm"}))


def test_the_joint_covariance_has_the_constants(fit: ZeroInflated) -> None:
    joint = fit.vcov(complete_theta=True)
    assert list(joint.columns) == [*fit.column_names, "Log(theta)"]
    close(joint.iloc[:-1, :-1], fit.vcov())
    assert np.sqrt(joint.iloc[-1, -1]) == pytest.approx(fit.se_logtheta)
    assert fit.vcov("HC0", complete_theta=True).shape == joint.shape


def test_leverages_are_refused(fit: ZeroInflated) -> None:
    with pytest.raises(
        ValueError, match=r"type should be one of 'HC', 'HC0', 'HC1', 'CL' or None.*leverages"
    ):
        fit.vcov("HC3")


def test_profile_limits_are_where_the_ratio_test_says(fit: ZeroInflated, data: pd.DataFrame) -> None:
    limits = fit.confint(["count_x", "zero_x"], method="profile")
    for name, part in (("count_x", "offset({v!r} * x) + g | x"), ("zero_x", "x + g | offset({v!r} * x)")):
        for value in limits.loc[name]:
            held = zeroinfl("y ~ " + part.format(v=float(value)), data, dist="negbin")
            assert 2 * (fit.loglik - held.loglik) == pytest.approx(3.841458820694124, abs=1e-6)
    wald = fit.confint().loc["count_x"]
    close(
        wald,
        fit.coefficients["count_x"]
        + np.array([-1, 1]) * 1.959964 * fit.vcov().loc["count_x", "count_x"] ** 0.5,
        1e-6,
    )


def test_deletions_are_ratio_tests_of_smaller_fits(fit: ZeroInflated, data: pd.DataFrame) -> None:
    table = fit.drop1(test="Chisq")
    assert list(table.index) == ["<none>", "count_x", "count_g", "zero_x"]
    smaller = {"count_x": "y ~ g | x", "count_g": "y ~ x | x", "zero_x": "y ~ x + g | 1"}
    for name, formula in smaller.items():
        other = zeroinfl(formula, data, dist="negbin")
        close(table.loc[name, "LRT"], 2 * (fit.loglik - other.loglik), 1e-6)
        close(table.loc[name, "AIC"], other.aic, 1e-7)
    assert table.loc["count_g", "Df"] == 2
    close(fit.Anova()["LR Chisq"], table["LRT"].iloc[1:])
    close(fit.Anova("III")["LR Chisq"], table["LRT"].iloc[1:])
    with pytest.raises(FitError, match="scope is not a subset of term labels: 'x' is no term"):
        fit.drop1("x")
    with pytest.raises(ValueError, match="test should be one of 'none', 'Chisq', 'LRT'"):
        fit.drop1(test="F")


def test_terms_in_sequence(fit: ZeroInflated, data: pd.DataFrame) -> None:
    table = fit.anova()
    null = zeroinfl("y ~ 1", data, dist="negbin")
    close(table["-2 logLik"].iloc[0], -2 * null.loglik, 1e-7)
    close(table["-2 logLik"].iloc[-1], -2 * fit.loglik)
    close(table["LR Chisq"].iloc[1:].sum(), 2 * (fit.loglik - null.loglik), 1e-6)


def test_updates_of_formulas_in_parts(fit: ZeroInflated) -> None:
    assert fit.update(". ~ . - x").formula == "y ~ g | 1"
    assert fit.update(". ~ . - g | .").formula == FORMULA.replace(" + g", "")
    assert fit.update(". ~ . | . + g").formula == "y ~ x + g | x + g"
    with pytest.raises(FormulaError, match="the change has 3 parts, the model 2"):
        fit.update(". ~ . | . | .")


def test_models_are_compared(fit: ZeroInflated) -> None:
    smaller = fit.update(". ~ . - g | .")
    table = lrtest(smaller, fit)
    assert table["#Df"].tolist() == [5, 7]
    both = smaller.anova(fit)
    close(both["LR stat."].iloc[1], table["Chisq"].iloc[1])
    close(both["Pr(Chi)"].iloc[1], table["Pr(>Chisq)"].iloc[1])
    close(fit.anova(smaller)["Resid. Dev"], both["Resid. Dev"])


def test_steps(data: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    noise = data.assign(z=np.random.default_rng(1).normal(size=len(data)))
    chosen = zeroinfl("y ~ x + g + z | x", noise, dist="negbin").step()
    assert chosen.formula == FORMULA
    assert capsys.readouterr().out.startswith("Start:  AIC=")
    assert chosen.path is not None
    with pytest.raises(FormulaError, match=r"of a formula in parts step\(\) drops terms only"):
        chosen.step("~ . + firm")


def test_weights_are_repetitions(data: pd.DataFrame) -> None:
    weighted = zeroinfl(FORMULA, data, dist="negbin", weights="w")
    repeated = zeroinfl(FORMULA, data.loc[data.index.repeat(data["w"])].reset_index(drop=True), dist="negbin")
    close(weighted.coefficients, repeated.coefficients)
    close(weighted.vcov(), repeated.vcov())
    assert weighted.loglik == pytest.approx(repeated.loglik)


def test_rows_of_weight_zero_say_nothing(data: pd.DataFrame) -> None:
    with_zeros = data.assign(w=(data.index % 5 > 0).astype(float))
    fit = zeroinfl(FORMULA, with_zeros, dist="negbin", weights="w")
    other = zeroinfl(FORMULA, with_zeros[with_zeros["w"] > 0], dist="negbin")
    close(fit.coefficients, other.coefficients)
    close(fit.vcov("HC1"), other.vcov("HC1"))
    assert fit.nobs == other.nobs


def test_files_give_what_memory_gives(fit: ZeroInflated, data: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    data.to_parquet(path, row_group_size=90)
    other = zeroinfl(FORMULA, path, dist="negbin")
    close(other.coefficients, fit.coefficients, 1e-9)
    close(other.vcov(), fit.vcov(), 1e-9)
    close(other.vcov(cluster="firm"), fit.vcov(cluster="firm"), 1e-8)
    assert other.loglik == pytest.approx(fit.loglik, rel=1e-12)
    close(other.drop1()["AIC"], fit.drop1()["AIC"], 1e-8)
    written = other.predict(out=tmp_path / "fitted.parquet")
    close(pd.read_parquet(written)["fit"], fit.predict(), 1e-9)
    assert str(other.summary()).replace("path", "data") == str(fit.summary())


def test_answers_for_rows(fit: ZeroInflated, data: pd.DataFrame) -> None:
    prob = fit.predict(type="prob")
    assert list(prob) == [str(k) for k in range(int(data["y"].max()) + 1)]
    mean = fit.predict(type="count") * (1 - fit.predict(type="zero"))
    close(fit.predict(), mean)
    close(fit.residuals("response"), data["y"] - mean)
    assert fit.residuals().mean() == pytest.approx(0, abs=0.1)
    frame = fit.augment(se_fit=True)
    assert list(frame)[-3:] == ["_fitted", "_se_fit", "_resid"]
    assert fit.simulate(2, seed=1).equals(fit.simulate(2, seed=1))
    assert list(fit.model_matrix())[:2] == ["count_(Intercept)", "count_x"]
    with pytest.raises(
        ValueError, match="type should be one of 'response', 'prob', 'count', 'zero'; got 'link'"
    ):
        fit.predict(type="link")


def test_standard_errors_of_predictions_are_the_delta_method(fit: ZeroInflated, data: pd.DataFrame) -> None:
    new = data.head(3)
    found = fit.predict(new, se_fit=True, interval="confidence")
    solved = fit.result.solved
    h = 1e-5
    gradient = []
    for j in range(len(solved.parameters)):
        ends = []
        for sign in (1, -1):
            moved = solved.parameters.copy()
            moved[j] += sign * h
            from dataclasses import replace

            other = replace(fit, result=replace(fit.result, solved=replace(solved, parameters=moved)))
            ends.append(other.predict(new).to_numpy())
        gradient.append((ends[0] - ends[1]) / (2 * h))
    G = np.array(gradient)
    close(found["se_fit"], np.sqrt(np.einsum("ij,ik,kj->j", G, solved.covariance, G)), 1e-6)
    assert (found["lwr"] < found["fit"]).all()
    assert (found["upr"] > found["fit"]).all()


def test_a_summary_shows_itself(fit: ZeroInflated) -> None:
    assert repr(fit.summary()) == str(fit.summary())
    assert "Count model coefficients" in fit.summary()._repr_html_()


def test_the_certificate_shows_a_maximum(fit: ZeroInflated) -> None:
    found = fit.certificate()
    assert found.ok
    assert found.distance < 1e-7
    assert "a maximum of the likelihood" in str(found)


def test_without_its_rows(fit: ZeroInflated, data: pd.DataFrame) -> None:
    bare = fit.strip_data()
    assert str(bare.summary()) == str(fit.summary())
    close(bare.predict(data.head(4)), fit.predict().head(4))


def test_saved_and_loaded(fit: ZeroInflated, data: pd.DataFrame, tmp_path: Path) -> None:
    fit.save(tmp_path / "counts.json")
    loaded = load(tmp_path / "counts.json")
    assert type(loaded) is ZeroInflated
    assert loaded.coefficients.equals(fit.coefficients)
    assert loaded.vcov().equals(fit.vcov())
    assert loaded.theta == fit.theta
    assert str(loaded.summary()) == str(fit.summary())
    new = data.drop(columns="y").head(6)
    for kind in ("response", "count", "zero"):
        assert loaded.predict(new, kind, True).equals(fit.predict(new, kind, True))
    assert loaded.predict(new, "prob", at=[0, 1]).equals(fit.predict(new, "prob", at=[0, 1]))
    with pytest.raises(DataError, match="holds no training rows"):
        loaded.residuals()


def test_a_saved_file_that_was_changed_is_refused(fit: ZeroInflated, tmp_path: Path) -> None:
    path = tmp_path / "counts.json"
    fit.save(path)
    path.write_text(path.read_text().replace('"negbin"', '"poisson"'))
    with pytest.raises(DataError, match="its checksum does not agree"):
        load(path)
