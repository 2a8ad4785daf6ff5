"""What mixed models say of rows and of changes in them: of the population, against R by hand (effects.R)."""

from __future__ import annotations

import json
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from reference.mixed.fits import fitted
from reference.mixed.load import after, load, models, new_rows
from tolerances import MIXED_EFFECTS, MIXED_EFFECTS_DF, SQL

import glmformula as gf

EFFECTS = after("effects")["effects"]


@pytest.fixture(scope="module")
def cbpp():
    return fitted("cbpp")


@pytest.fixture(scope="module")
def sleep():
    return fitted("sleep")


@pytest.mark.filterwarnings("ignore::glmformula.DataWarning")
@pytest.mark.parametrize(
    "case", EFFECTS, ids=lambda c: "-".join([c["model"], c["verb"], *dict(c["args"]).values()])
)
def test_effects_are_those_by_hand(case):
    fit, args, verb = fitted(case["model"]), dict(case["args"]), case["verb"]
    value, error = np.array(case["estimate"]), np.array(case["se"])
    if verb in ("risk_ratio", "odds_ratio"):
        kind = {"risk_ratio": "lnratio", "odds_ratio": "lnor"}[verb]
        ratios = getattr(gf, verb)(fit, args["variables"] if kind == "lnor" else {args["variables"]: 1}).frame
        assert np.log(ratios["estimate"]).to_numpy() == pytest.approx(value, rel=MIXED_EFFECTS)
        spread = np.log(ratios["conf_high"] / ratios["conf_low"]) / (2 * 1.959963984540054)
        assert spread.to_numpy() == pytest.approx(error, rel=MIXED_EFFECTS)
        verb, args = "avg_comparisons", args | {"comparison": kind}
    if verb == "predictions":
        args["newdata"] = new_rows(models()[case["model"]]["parts"]["data"])
    table = getattr(gf, verb)(fit, **args).frame
    assert np.abs(table["estimate"].to_numpy() - value).max() < MIXED_EFFECTS * error.max()
    assert table["std_error"].to_numpy() == pytest.approx(error, rel=MIXED_EFFECTS)
    if case["df"] is not None:
        own = getattr(gf, verb)(fit, **args, df="satterthwaite").frame
        assert own["df"].to_numpy() == pytest.approx(np.array(case["df"]), rel=MIXED_EFFECTS_DF)


def test_there_are_as_many_references_as_the_issue_would_have():
    assert len(EFFECTS) > 60
    assert {c["verb"] for c in EFFECTS} >= {"avg_predictions", "avg_comparisons", "avg_slopes", "predictions"}


# -- degrees of freedom ------------------------------------------------------------------------------------


def test_satterthwaite_is_in_tests_limits_and_print(sleep):
    table = sleep.avg_slopes(df="satterthwaite")
    one = table.frame.iloc[0]
    assert one["df"] == pytest.approx(17.0, rel=1e-6)
    known = after("satterthwaite")["models"]["sleep"]["table"]
    assert one["p_value"] == pytest.approx(known["Pr(>|t|)"][1], rel=1e-5)
    assert (one["conf_high"] - one["estimate"]) / one["std_error"] == pytest.approx(2.1098156, rel=1e-6)
    assert "Pr(>|t|)" in str(table)
    assert sleep.hypotheses(df="satterthwaite").frame["df"].to_numpy() == pytest.approx(
        [17.0, 17.0], rel=1e-5
    )
    rows = sleep.predictions(newdata={"Days": [0, 9]}, df="satterthwaite").frame
    assert ((rows["conf_high"] - rows["estimate"]) / rows["std_error"]).to_numpy() == pytest.approx(
        2.1098156, rel=1e-5
    )
    pair = sleep.avg_predictions({"Days": [0, 9]}, hypothesis="pairwise", df="satterthwaite").frame
    assert pair["statistic"].iloc[0] == pytest.approx(one["statistic"])
    assert "df" not in sleep.avg_slopes().frame


@pytest.mark.parametrize(
    ("ask", "error", "said"),
    [
        (lambda s, c: c.avg_slopes(df="satterthwaite"), gf.FitError, "are of linear mixed models"),
        (
            lambda s, c: gf.lm("x ~ 1", {"x": [1.0, 2.0]}).hypotheses(df="satterthwaite"),
            gf.FitError,
            "leave df= out",
        ),
        (lambda s, c: s.avg_slopes(df="kenward"), ValueError, "above 0, or 'satterthwaite'"),
        (lambda s, c: s.avg_slopes().hypotheses(df="satterthwaite"), ValueError, "got 'satterthwaite'"),
        (
            lambda s, c: s.avg_slopes(df="satterthwaite", vcov=s.vcov()),
            gf.DataError,
            "model's own covariance",
        ),
        (
            lambda s, c: s.avg_slopes(unconditional=True),
            gf.FitError,
            "scores of single rows, which a LMM has not",
        ),
        (lambda s, c: s.avg_slopes(vcov="HC0"), gf.FitError, "give the covariance as a matrix"),
        (lambda s, c: s.validate(), gf.FitError, "cross_validate"),
        (lambda s, c: s.roc(), gf.FamilyError, "binomial model"),
        (lambda s, c: s.odds_ratio("Days"), gf.FitError, "asked of probabilities"),
        (lambda s, c: gf.isSingular(gf.lm("x ~ 1", {"x": [1.0, 2.0]})), gf.FitError, "is of mixed models"),
        (lambda s, c: s.isSingular(tol=0.0), ValueError, "tol should be above 0"),
        (
            lambda s, c: gf.zero_test(fitted("epil")),
            gf.FitError,
            "zero_test.* means nothing for a GLMM.*simulate_residuals",
        ),
        (
            lambda s, c: gf.rootogram(fitted("epil")),
            gf.FitError,
            "rootogram.* means nothing for a GLMM.*given the random",
        ),
        (lambda s, c: gf.vuong(c, c), gf.FitError, "vuong.* means nothing for a GLMM"),
        (
            lambda s, c: gf.hatvalues(c),
            gf.FitError,
            "means nothing for a GLMM.*check_model.* look at its rows",
        ),
        (lambda s, c: gf.step(s), gf.FitError, "means nothing for a LMM.*drop1.* leaves out each term"),
        (lambda s, c: gf.estfun(c), gf.FitError, "rows of one group are not independent"),
        (lambda s, c: gf.profile(s), gf.FitError, "confint.* gives limits of the profile"),
        (lambda s, c: gf.pseudo_r2(c), gf.FitError, "r2.* is that of mixed models"),
        (lambda s, c: gf.dose_p(c), gf.FitError, "summary, anova, drop1, confint, ranef"),
        (lambda s, c: gf.roc_plot(c), gf.FitError, "draws what fit.roc.* gives"),
        (lambda s, c: gf.calibration_plot(c), gf.FitError, "draws what fit.calibration.* gives"),
        (lambda s, c: s.relativities(), ValueError, "this model has the identity link"),
        (lambda s, c: s.strip_data().avg_slopes(), gf.DataError, "holds no training rows"),
    ],
)
def test_what_means_nothing_says_so(sleep, cbpp, ask, error, said):
    with pytest.raises(error, match=said):
        ask(sleep, cbpp)


@pytest.mark.filterwarnings("ignore::glmformula.RankWarning")
def test_what_is_not_estimable_is_nan():
    d = load("sleepstudy").assign(twice=lambda d: 2 * d.Days)
    fit = gf.lmer("Reaction ~ Days + twice + (1 | Subject)", d)
    new = pd.DataFrame({"Days": [1.0, 1.0], "twice": [2.0, 5.0]})
    assert fit.predictions(newdata=new).frame["estimate"].isna().tolist() == [False, True]
    for other in (fit, gf.glm("Reaction ~ Days + twice", d)):  # Days alone has never moved
        assert np.isnan(other.avg_comparisons("Days").frame["estimate"].iloc[0])
        assert np.isnan(other.avg_slopes("Days").frame["estimate"].iloc[0])
    both = gf.lmer(
        "Reaction ~ Days + twice + I(2 * Days) + (1 | Subject)", d.assign(twice=np.arange(180) % 7)
    )
    alone = gf.lmer("Reaction ~ Days + twice + (1 | Subject)", d.assign(twice=np.arange(180) % 7))
    for name in ("Days", "twice"):
        found, expected = (one.avg_slopes(name).frame["estimate"].iloc[0] for one in (both, alone))
        assert found == pytest.approx(expected)


# -- how well it predicts ----------------------------------------------------------------------------------


def test_discrimination_is_that_of_the_population():
    fit = fitted("bacteria AGQ15")
    seen, mu = (
        (load("bacteria")["y"] == "y").to_numpy(),
        fit.predict(type="response", re_form="~0").to_numpy(),
    )
    above = (mu[seen][:, None] > mu[~seen]).mean() + 0.5 * (mu[seen][:, None] == mu[~seen]).mean()
    assert fit.modelled == "y"
    assert fit.roc().auc == pytest.approx(above, rel=1e-12)
    assert gf.roc(fit, load("bacteria")).auc == pytest.approx(above, rel=1e-12)
    assert fit.calibration().brier == pytest.approx(np.mean((seen - mu) ** 2), rel=1e-12)
    bands = fit.lift(bins=5).frame
    assert (bands["exposure"] * bands["fitted"]).sum() == pytest.approx(mu.sum())


@pytest.mark.filterwarnings("ignore::glmformula.SingularWarning")
def test_cross_validation_leaves_out_groups(sleep):
    found, d = gf.cross_validate(sleep, folds="Subject").frame, load("sleepstudy")
    missed = []
    for subject in ["308", "372"]:
        part = gf.lmer("Reaction ~ Days + (Days | Subject)", d[d.Subject != subject])
        out = d[d.Subject == subject]
        missed.append(np.sqrt(np.mean((out.Reaction - part.predict(out, re_form="~0")) ** 2)))
    folds = gf.cross_validate(sleep, folds="Subject").attrs["folds"]["rmse"]
    assert [folds.iloc[0], folds.iloc[-1]] == pytest.approx(missed, rel=1e-6)
    assert found.loc["rmse", "cross_validated"] > found.loc["rmse", "apparent"]


# -- elsewhere ---------------------------------------------------------------------------------------------


def test_sql_is_the_prediction_of_the_population(cbpp):
    duckdb = pytest.importorskip("duckdb")
    rows = load("cbpp").drop(columns="herd").assign(period=lambda d: d.period.astype(str))
    with duckdb.connect() as connection:
        connection.register("cattle", rows)
        found = connection.sql(cbpp.to_sql("duckdb", se=True, table="cattle")).df()
    expected = cbpp.predict(load("cbpp"), type="response", se_fit=True, re_form="~0")
    assert found["fit"].to_numpy() == pytest.approx(expected["fit"].to_numpy(), rel=SQL)
    assert found["se_fit"].to_numpy() == pytest.approx(expected["se_fit"].to_numpy(), rel=1e-9)


def test_what_if_has_the_fixed_effects(sleep):
    page = sleep.what_if()
    model = json.loads(page.partition("const model = ")[2].partition(";\n")[0])
    assert model["beta"] == pytest.approx(sleep.fixef.to_list())
    assert model["centre"] == pytest.approx([1.0, 4.5])
    assert model["quantile"] == pytest.approx(1.959963984540054)
    root = np.array(model["root"])
    assert root.T @ root == pytest.approx(sleep.vcov().to_numpy())


def test_inflation_is_that_of_the_fixed_effects():
    fit = fitted("bacteria AGQ15")
    V = fit.vcov().to_numpy()[1:, 1:]
    R = V / np.sqrt(np.outer(np.diag(V), np.diag(V)))
    expected = np.linalg.det(R[:2, :2]) / np.linalg.det(R)
    assert fit.vif().frame["GVIF"].to_list() == pytest.approx([expected, expected])


# -- tables and pictures -----------------------------------------------------------------------------------


ETABLE = """\
                                   (1)     (2)
(Intercept)                    251.405 251.405
Days                            10.467  10.467
Random effects
  SD (Intercept Subject)                24.740
  SD (Days Subject)                      5.922
  Cor (Intercept~Days Subject)           0.066
  SD (Observations)                     25.592
Observations                       180     180
Groups (Subject)                            18
Log-likelihood                  -950.1  -871.8
AIC                             1906.3  1755.6
BIC                             1915.9  1774.8
"""


def test_etable_has_the_variances_and_groups(sleep, cbpp):
    d = load("sleepstudy")
    text = str(gf.etable(gf.lm("Reaction ~ Days", d), sleep, stars=False, statistic="none"))
    assert [line.rstrip() for line in text.splitlines()] == ETABLE.splitlines()
    table = gf.etable(cbpp, sleep, exponentiate=True)
    sd = table.frame.loc[("Random effects", "SD (Intercept herd)", "estimate"), "(1)"]
    assert sd == pytest.approx(float(cbpp.VarCorr().stddev("herd").iloc[0]))
    assert list(table.frame.index.get_level_values("term").unique())[-1] == "SD (Observations)"
    assert "Groups" not in str(gf.etable(sleep, stats=["nobs"]))


def test_pictures_are_of_the_population(sleep, cbpp):
    axis = gf.effect_plot(sleep, "Days", at={"Days": [0, 9]})
    lines = [line for line in axis.get_lines() if len(line.get_xdata()) == 2]
    expected = sleep.predict({"Days": [0, 9]}, re_form="~0")
    assert lines[0].get_ydata() == pytest.approx(expected.to_numpy())
    for draw in (
        partial(gf.plot_predictions, cbpp, "period"),
        partial(gf.plot_predictions, sleep, by="Days"),
        partial(gf.plot_slopes, sleep, "Days", condition="Days"),
        partial(gf.plot_comparisons, cbpp, "period", by="period"),
    ):
        assert np.ravel(draw())[0].get_ylabel()
    plt.close("all")


def test_a_report_says_what_its_predictions_are(cbpp):
    pytest.importorskip("jinja2")
    page = cbpp.report(bootstrap=0).html
    for text in (
        "generalized linear mixed model, binomial family, logit link",
        "Groups of herd",
        "SD (Intercept herd)",
        "exp(coefficient), the odds ratio",
        "random effects are held at zero, not averaged over",
        "maximum likelihood (Laplace Approximation)",
        "Random effects are (1 | herd)",
        "Bates D",
        "Shape of the residuals",
    ):
        assert text in page, text


# -- in a console ------------------------------------------------------------------------------------------


def test_a_fit_shows_as_it_prints(sleep, cbpp):
    for fit in (sleep, cbpp, fitted("positive nb")):
        assert repr(fit) == str(fit)
        assert "ndarray" not in repr(fit)
    assert repr(sleep).startswith("Linear mixed model fit by REML ['lmerMod']")


def test_singular_is_an_attribute_with_a_function():
    edge = fitted("dyestuff2")
    assert edge.is_singular is True
    assert gf.isSingular(edge)
    assert fitted("sleep").is_singular is False
    assert fitted("sleep").isSingular(tol=10.0)


def test_a_saved_fit_answers_for_new_rows(tmp_path):
    fit = fitted("bacteria AGQ15")
    fit.save(tmp_path / "fit.json")
    for other in (gf.load(tmp_path / "fit.json"), fit.strip_data(), fit.strip_data().strip_data()):
        assert other.modelled == "y"
        assert other.column_means == pytest.approx(fit.column_means)
        ranges = {"trt": ["placebo", "drug"], "week": (0, 11)}
        assert "probability of y" in other.what_if(ranges=ranges)
        rows = load("bacteria")
        assert other.avg_comparisons("trt", newdata=rows).frame["std_error"].to_numpy() == pytest.approx(
            fit.avg_comparisons("trt").frame["std_error"].to_numpy()
        )
        assert gf.roc(other, rows).auc == pytest.approx(fit.roc().auc)
        assert other.to_sql() == fit.to_sql()
        assert repr(other) == repr(fit)


@pytest.mark.filterwarnings(
    "ignore:results may be misleading:glmformula.DataWarning", "ignore::glmformula.RankWarning"
)
def test_without_rows_it_is_known_what_is_not_estimable(tmp_path):
    rows = load("cake").query("recipe != 'A' or temp != 185")
    fit = gf.lmer("angle ~ recipe * temperature + (1 | recipe:replicate)", rows)
    expected = gf.emmeans(fit, "recipe", lmer_df="asymptotic").frame["emmean"]
    assert expected.isna().tolist() == [True, False, False]
    fit.save(tmp_path / "fit.json")
    for other in (gf.load(tmp_path / "fit.json"), fit.strip_data()):
        pd.testing.assert_series_equal(gf.emmeans(other, "recipe", data=rows).frame["emmean"], expected)
        assert other.to_sql() == fit.to_sql()


def test_relativities_are_what_a_log_link_multiplies_by():
    table = gf.relativities(fitted("positive nb"))
    fixed = fitted("positive nb").fixef
    factor = table.loc["h", "relativity"]
    assert factor.iloc[0] == 1
    assert factor.to_numpy()[1:] == pytest.approx(
        np.exp(fixed[[n for n in fixed.index if n.startswith("h")]])
    )


def test_rows_in_files_give_the_same_effects(sleep, tmp_path):
    load("sleepstudy").to_parquet(tmp_path / "rows.parquet", row_group_size=50)
    fit = gf.lmer("Reaction ~ Days + (Days | Subject)", str(tmp_path / "rows.parquet"))
    own, theirs = fit.avg_slopes(df="satterthwaite").frame, sleep.avg_slopes(df="satterthwaite").frame
    for name in ("estimate", "std_error", "df"):
        assert own[name].iloc[0] == pytest.approx(theirs[name].iloc[0], rel=1e-6)
    assert fit.gini() == pytest.approx(sleep.gini())


def test_effects_form_the_fixed_columns_alone():
    """The columns of grouping factors, of which there may be thousands, are not among them."""
    from glmformula.inference.effects.grids import rows_for

    rows = rows_for(fitted("cbpp"), None, None, ())
    assert rows.scene.design.ncols == 4
