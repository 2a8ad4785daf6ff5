"""What lm says and keeps: other sources, files, refits, errors."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from reference.linear.load import data_of, fit_of
from tolerances import LINEAR, SAME_ROWS

import glmformula as gf
from glmformula.engine import refine
from glmformula.errors import DataError, FitError, GLMFormulaWarning
from glmformula.inference.terms import linear_anova


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(11)
    n = 400
    x, z = rng.normal(size=(2, n))
    g = rng.choice(["a", "b", "c"], n)
    y = 3 + x - 0.5 * z * (g == "b") + rng.normal(size=n)
    w = rng.uniform(0.5, 2, n)
    x[5] = np.nan
    return pd.DataFrame({"y": y, "x": x, "z": z, "g": g, "w": w})


CALLS = {
    "plain": ("y ~ x + z * g", {}),
    "weights and offset": ("y ~ poly(z, 2) + g + offset(0.3 * w)", {"weights": "w"}),
    "no intercept": ("y ~ 0 + x + z", {"weights": "w"}),
    "few rows": ("y ~ x + z", {"subset": "w > 1.985"}),
}


@pytest.fixture
def elsewhere(request, data, tmp_path):
    """The same rows where they are not held."""
    if request.param == "parquet":
        path = tmp_path / "rows.parquet"
        data.to_parquet(path, row_group_size=60)
        return path
    if request.param == "duckdb":
        duckdb = pytest.importorskip("duckdb")
        connection = duckdb.connect()
        connection.register("rows", data)
        return "SELECT * FROM rows", connection
    dask = pytest.importorskip("dask.dataframe")
    return dask.from_pandas(data, npartitions=5)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("elsewhere", ["parquet", "duckdb", "dask"], indirect=True)
def test_the_answers_are_those_in_memory(call, elsewhere, data):
    formula, options = CALLS[call]
    ours, here = gf.lm(formula, elsewhere, **options), gf.lm(formula, data, **options)
    np.testing.assert_allclose(ours.coefficients, here.coefficients, **SAME_ROWS)
    summary, known = ours.summary(), here.summary()
    np.testing.assert_allclose(np.sort(summary.residuals), np.sort(known.residuals), **SAME_ROWS)
    if call == "few rows":
        assert 0 < here.df_residual <= 5
        assert summary.parts.labels == tuple(map(str, range(here.nobs)))
    else:
        assert str(summary).partition("\n\n")[2] == str(known).partition("\n\n")[2]
        assert str(ours.anova()) == str(here.anova())
        assert str(ours.Anova()) == str(here.Anova())
        assert str(ours.drop1(test="F")) == str(here.drop1(test="F"))
    for name in ("r_squared", "adj_r_squared", "sigma", "aic", "bic"):
        np.testing.assert_allclose(getattr(ours, name), getattr(here, name), **SAME_ROWS)
    np.testing.assert_allclose(ours.fstatistic, here.fstatistic, **SAME_ROWS)


def test_rows_in_files_are_predicted_into_files(data, tmp_path):
    path, out = tmp_path / "rows.parquet", tmp_path / "out.parquet"
    data.to_parquet(path, row_group_size=100)
    options = {"interval": "prediction", "level": 0.9}
    fit, here = (gf.lm("y ~ z + g", table, weights="w") for table in (path, data))
    with pytest.warns(gf.DataWarning, match=r"_future_|assuming prediction variance"):
        fit.predict(out=out, **options)
    with pytest.warns(gf.DataWarning, match=r"_future_|assuming prediction variance"):
        known = here.predict(**options)
    found = pd.read_parquet(out)
    np.testing.assert_allclose(found[["fit", "lwr", "upr"]], known, **SAME_ROWS)
    fit.augment(out=out, interval="confidence")
    known = here.augment(interval="confidence").filter(regex="^_")
    np.testing.assert_allclose(pd.read_parquet(out)[list(known)], known, **SAME_ROWS)
    fit.residuals("pearson", out=out)
    np.testing.assert_allclose(pd.read_parquet(out)["residual"], here.residuals("pearson"), **SAME_ROWS)
    with pytest.raises(DataError, match="weights= for rows in a table should be one number"):
        fit.predict(path, interval="prediction", weights=np.ones(400), out=out)
    fit.predict(path, interval="prediction", weights=4, out=out)
    half = pd.read_parquet(out).eval("upr - fit")
    known = here.predict(data, interval="prediction", weights=4).eval("upr - fit")
    np.testing.assert_allclose(half, known, **SAME_ROWS)


@pytest.mark.parametrize("id_", ["mtcars", "air weights", "few", "zero weights", "mtcars aliased", "empty"])
def test_a_model_without_its_rows_prints_the_same(id_, tmp_path):
    fit = fit_of(id_)
    fit.save(tmp_path / "fit.json")
    for again in (fit.strip_data(), gf.load(tmp_path / "fit.json"), pickle.loads(pickle.dumps(fit))):
        assert type(again) is gf.LM
        assert str(again) == str(fit)
        assert str(again.summary(correlation=True)) == str(fit.summary(correlation=True))
        assert str(again.anova()) == str(fit.anova())
        assert str(again.confint()) == str(fit.confint())
        assert again.glance().equals(fit.glance())
        assert again.extract_aic() == fit.extract_aic()
        assert again.control == fit.control
    with pytest.raises(DataError, match="holds no training rows"):
        fit.strip_data().residuals()


def test_a_damaged_file_is_told(tmp_path):
    fit = fit_of("mtcars").strip_data()
    object.__setattr__(fit, "kept", {"residuals": [1.0]})
    with pytest.raises(DataError, match="numbers kept of a linear model's rows are damaged: KeyError"):
        fit.summary()


def test_verbs_keep_the_class_and_the_call():
    fit = fit_of("mtcars weights")
    assert type(fit.update(". ~ . + am")) is gf.LM
    assert fit.update(". ~ . + am").call.startswith("lm(formula = mpg ~ wt + qsec + am, data = data")
    assert type(fit.on_terms([0, 1])) is gf.LM
    assert type(fit.step(trace=0)) is gf.LM
    chosen = fit_of("swiss").step(trace=0)
    assert str(chosen.anova()) == str(gf.anova(chosen))
    assert str(gf.summary(fit)) == str(fit.summary())
    assert str(gf.drop1(fit)) == str(fit.drop1())
    assert gf.sigma(fit) == fit.sigma
    assert gf.nobs(fit) == 32


def test_step_by_cp():
    fit = fit_of("swiss")
    scale = fit.dispersion
    chosen = fit.step(trace=0, scale=scale, k=4)
    sub = chosen.extract_aic(scale, 4.0)
    assert sub.aic == pytest.approx(chosen.deviance / scale - 47 + 4 * chosen.rank, rel=LINEAR)
    assert "Cp" in fit.drop1(scale=scale)


def test_rank_by_lm_s_tolerance():
    x = np.arange(1.0, 21)
    data = {"y": np.sin(x), "x": x, "near": x + 1e-8 * np.cos(x)}
    assert gf.lm("y ~ x + near", data).rank == 2  # as R: lm's tolerance is 1e-7
    assert gf.glm("y ~ x + near", data).rank == 3  # glm's 1e-11


def test_effects_and_fits_in_sequence_agree(monkeypatch):
    for id_ in (
        "mtcars interaction",
        "npk",
        "savings weights",
        "mtcars offset weights",
        "mtcars aliased factor",
    ):
        fit = fit_of(id_)
        by_effects = fit.anova()
        monkeypatch.setattr(linear_anova, "WELL_CONDITIONED", 0.0)
        by_fits = fit.anova()
        monkeypatch.undo()
        pd.testing.assert_frame_equal(by_effects.frame, by_fits.frame, rtol=1e-8)


@pytest.mark.parametrize(
    "id_", ["mtcars interaction", "savings weights", "mtcars offset weights", "mtcars means"]
)
def test_squares_of_very_many_coefficients_are_those_of_models(id_, monkeypatch):
    fit = fit_of(id_)
    for kind in ("II", "III"):
        solved = fit.Anova(kind)
        monkeypatch.setattr(linear_anova, "MOST_SOLVED", 0)
        compared = fit.Anova(kind)
        monkeypatch.undo()
        pd.testing.assert_frame_equal(solved.frame, compared.frame, rtol=1e-8)


def test_a_fit_that_is_ill_conditioned_is_refined():
    assert refine.MOST_CELLS > 0
    year = np.arange(1900.0, 1950)
    data = {"year": year, "y": 1e-3 * (year - 1900) ** 2 + np.sin(year)}
    fit, centred = gf.lm("y ~ year + I(year^2)", data), gf.lm("y ~ poly(year, 2)", data)
    assert fit.deviance == pytest.approx(centred.deviance, rel=LINEAR)
    np.testing.assert_allclose(fit.anova().iloc[2, 1], fit.deviance, rtol=LINEAR)
    squares = centred.anova().iloc[0, 1]
    assert fit.anova().iloc[:2, 1].sum() == pytest.approx(squares, rel=1e-6)


def test_robust_summary_has_its_own_f():
    fit = fit_of("mtcars")
    summary = fit.summary(vcov="HC3")
    assert "Standard errors: HC3" in str(summary)
    wald = fit.waldtest(vcov="HC3")
    assert summary.fstatistic[0] == pytest.approx(wald["F"].iloc[1], rel=LINEAR)
    assert summary.fstatistic[0] != fit.fstatistic[0]
    assert fit_of("mtcars constant").summary(vcov="HC0").fstatistic is None
    assert summary.p_value < 1e-7
    assert summary.r_squared == fit.r_squared


def test_profile_and_t_intervals_of_tidy():
    fit = fit_of("mtcars")
    np.testing.assert_array_equal(fit.tidy(conf_int=True)["conf_low"], fit.confint().iloc[:, 0])
    assert np.isnan(fit_of("saturated").confint()).to_numpy().all()


@pytest.mark.filterwarnings("ignore:.*intercept:glmformula.errors.GLMFormulaWarning")
def test_anova_of_a_constant_is_type_iii():
    table = fit_of("mtcars constant").Anova()
    assert list(table.index) == ["(Intercept)", "Residuals"]
    assert table["Sum Sq"].iloc[0] == pytest.approx(32 * fit_of("mtcars constant").coefficients.iloc[0] ** 2)


def test_anova_with_another_model_s_error():
    fit, large = fit_of("mtcars"), fit_of("mtcars all")
    table = fit.Anova(error=large)
    assert table.loc["Residuals"].iloc[0] == large.deviance
    assert table["F value"].iloc[0] == pytest.approx(table["Sum Sq"].iloc[0] / large.dispersion, rel=LINEAR)


@pytest.mark.parametrize(
    ("ask", "error", "text"),
    [
        (
            lambda: gf.lm("cbind(mpg, wt) ~ hp", data_of("mtcars")),
            DataError,
            r"R's mlm\) are not fitted: fit a",
        ),
        (lambda: gf.lm("Species ~ Sepal.Length", data_of("iris")), DataError, "this family needs numbers"),
        (lambda: gf.lm("~ hp", data_of("mtcars")), gf.FormulaError, "has no response"),
        (lambda: gf.lm("mpg ~ hp", data_of("mtcars"), method="firth"), ValueError, "method should be one of"),
        (lambda: gf.lm("mpg ~ hp", data_of("mtcars"), weights=-np.ones(32)), DataError, "negative weights"),
        (lambda: gf.lm("mpg ~ (1 | cyl)", data_of("mtcars")), gf.FormulaError, "lmer"),
        (lambda: fit_of("mtcars").update(family="poisson"), TypeError, "no argument 'family'.*glm"),
        (lambda: fit_of("mtcars").confint(method="profile"), ValueError, "t intervals are exact"),
        (lambda: fit_of("mtcars").confint(level=2), ValueError, "level should be between 0 and 1"),
        (lambda: fit_of("mtcars").residuals("student"), ValueError, "type should be one of 'working'"),
        (
            lambda: fit_of("mtcars").drop1(test="Rao"),
            ValueError,
            "test should be one of 'none', 'Chisq', 'F'",
        ),
        (lambda: fit_of("mtcars").drop1("wt:hp"), gf.FormulaError, "scope is not a subset"),
        (lambda: fit_of("mtcars").anova(test="LRT"), ValueError, "test should be one of 'F', 'Chisq', 'Cp'"),
        (lambda: fit_of("mtcars").anova(3), FitError, "is asked of a fitted model"),
        (
            lambda: fit_of("mtcars").anova(gf.glm("mpg ~ wt", data_of("mtcars"))),
            FitError,
            "linear models with linear models, not with a GLM: fit all of them by lm",
        ),
        (lambda: fit_of("mtcars").Anova("IV"), ValueError, "type should be 'II', 'III', 2 or 3"),
        (lambda: fit_of("saturated").Anova(), FitError, "residual df = 0"),
        (
            lambda: gf.lm("y ~ x", {"y": [1.0, 2, 3, 4], "x": [1, 2, 3, 4]}).Anova(),
            FitError,
            "residual sum of squares is 0",
        ),
        (lambda: fit_of("mtcars aliased").Anova("III"), FitError, "there are aliased coefficients"),
        (
            lambda: fit_of("mtcars").Anova(error=fit_of("mtcars all"), vcov="HC3"),
            ValueError,
            "give one of them",
        ),
        (lambda: fit_of("mtcars").predict(interval="both"), ValueError, "interval should be one of"),
        (lambda: fit_of("mtcars").predict(weights=2), ValueError, "for interval='prediction'"),
        (
            lambda: fit_of("mtcars").predict(
                data_of("mtcars").head(3), interval="prediction", weights=[1.0, 2.0]
            ),
            DataError,
            "weights should be one number or one for each of the 3 rows; got 2",
        ),
        (
            lambda: fit_of("mtcars").augment(data_of("mtcars").head(3), data=data_of("mtcars")),
            DataError,
            "data= are the rows of the fit",
        ),
    ],
)
def test_what_goes_wrong_is_said(ask, error, text):
    with pytest.raises(error, match=text):
        ask()


def test_a_fit_that_is_perfect_is_told():
    x = np.arange(1.0, 9)
    fit = gf.lm("y ~ x", {"y": 2 * x, "x": x})
    with pytest.warns(GLMFormulaWarning, match="essentially perfect fit: summary may be unreliable"):
        fit.summary()
    with pytest.warns(GLMFormulaWarning, match="attempting model selection on an essentially perfect fit"):
        fit.add1("~ . + I(x^2)")


def test_the_rest_of_a_glm_s_verbs_work():
    fit = fit_of("mtcars")
    assert fit.simulate(2, seed=1).shape == (32, 2)
    assert fit.certificate() is not None
    assert [axis.get_title() for axis in fit.plot(which=(1, 2)).axes] == [
        "Residuals vs Fitted",
        "Q-Q Residuals",
    ]
    assert fit.vif() is not None
    assert len(fit.predict(type="terms").columns) == 3
    assert list(fit.predict(type="terms", se_fit=True)["se_fit"]) == ["wt", "hp", "factor(cyl)"]
    assert fit.predict(data_of("mtcars").head(2)).round(2).tolist() == [21.61, 20.8]
    assert fit.augment(data_of("mtcars").head(2)).columns[-1] == "_fitted"
    assert {"kept", "row_summary", "robust_df", "weighted"}.isdisjoint(dir(fit))
