"""lm against R: numbers of lm, car, sandwich, lmtest and broom; printed texts to the byte, the call among them."""

from __future__ import annotations

import contextlib
import io
import warnings

import numpy as np
import pandas as pd
import pytest
from reference.linear.load import NUMBERS, TEXTS, array, data_of, fit_of
from reference.models.load import load
from tolerances import LINEAR, LINEAR_ILL, LINEAR_SQUARES

import glmformula as gf

PRINTED = [case for case in TEXTS if case["text"]]
WARNED = [case for case in TEXTS if not case["text"]]
FULL = [id_ for id_, answer in NUMBERS.items() if "vcov" in answer]
DELETED = (
    "rstudent",
    "dffits",
    "covratio",
)  # of one degree of freedom none is left without a row: R has round-off
OLD_OFFSET = ("r_squared", "adj_r_squared", "statistic", "p_value")  # with an offset R changed them after 4.2
TERMS = [id_ for id_, answer in NUMBERS.items() if "drop1_none" in answer]


def close(ours, theirs, tolerance=LINEAR, scale=None):
    """Relative to the largest of the vector, or each to itself (`scale` 0)."""
    ours, theirs = np.asarray(ours, dtype=float).ravel(), array(theirs)
    assert ours.shape == theirs.shape
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    size = np.abs(theirs[np.isfinite(theirs)]).max(initial=1e-300) if scale is None else scale
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * size)


def same_table(ours, theirs, tolerance=LINEAR_SQUARES):
    rows = [row.strip() for row in theirs["rows"]]
    assert [str(name) for name in ours.index] == rows
    assert list(ours.columns) == [name for name in theirs if name != "rows"]
    for name in ours.columns:
        close(ours[name], theirs[name], tolerance)


def text_of(case):
    fits = [fit_of(id_) for id_ in case["models"]]
    fit, args = fits[0], {k: v[0] if isinstance(v, list) else v for k, v in dict(case["args"] or {}).items()}
    match case["show"]:
        case "print":
            return str(fit)
        case "digits":
            return fit.summary().to_text(digits=int(args["digits"]))
        case "summary":
            return str(fit.summary(**{name: bool(value) for name, value in args.items()}))
        case "step":
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                fit.step()
            return printed.getvalue()
        case "path":
            return str(fit.step(trace=0).anova)
        case "anova":
            return str(fit.anova(*fits[1:], **args))
    return str(getattr(fit, case["show"])(**args))


def heard(ask):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = ask()
    return found, [str(w.message) for w in caught]


@pytest.mark.parametrize("case", PRINTED, ids=lambda case: " ".join([*case["models"], case["show"]]))
def test_text(case):
    ours, warned = heard(lambda: text_of(case))
    assert ours.rstrip("\n") == case["text"].rstrip("\n")
    assert sorted(set(warned)) == sorted(set(case["warned"]))


def test_there_are_enough_answers():
    assert len(NUMBERS) >= 25
    assert sum(case["show"] == "summary" for case in PRINTED) >= 15


@pytest.mark.parametrize("case", WARNED, ids=lambda case: " ".join([*case["models"], case["show"]]))
def test_a_warning_is_r_s(case):
    if case["models"] == ["perfect"]:
        x = np.array([1, 2, 3, 4, 6, 9, 11, 12])
        fit, args = gf.lm("y ~ x", {"x": x, "y": 1 + 2 * x}), []
    else:
        fit, data = fit_of(case["models"][0]), NUMBERS[case["models"][0]]["model"]["data"]
        args = [data_of(data).iloc[:4]] if case["show"] == "predict new" else []
    options = {"interval": "prediction"} if case["show"].startswith("predict") else {}
    _, warned = heard(lambda: getattr(fit, case["show"].split()[0])(*args, **options))
    assert warned == [text.strip() for text in case["warned"]]


@pytest.mark.parametrize("id_", NUMBERS)
def test_numbers(id_):
    fit, answer = fit_of(id_), NUMBERS[id_]
    assert list(fit.coefficients.index) == answer["names"]
    errors = array(answer["se"])
    kept = ~fit.aliased
    beta, theirs = fit.coefficients.to_numpy(), array(answer["coef"])
    np.testing.assert_array_equal(np.isnan(beta), np.isnan(theirs))
    with np.errstate(invalid="ignore"):
        gap = np.abs(beta - theirs)[kept] / np.fmax(np.abs(theirs[kept]), errors)
    assert gap.max(initial=0.0) < LINEAR
    table = fit.summary(digits=4).coefficients if id_ != "saturated" else fit.summary().coefficients
    for column, name in zip(table.columns, ("coef", "se", "t", "p")):
        wanted = array(answer[name])
        close(table[column], (wanted if name != "coef" else wanted[kept]).tolist())
    for ours, name in (
        (fit.sigma, "sigma"),
        (fit.r_squared, "r2"),
        (fit.adj_r_squared, "adj"),
        (fit.deviance, "rss"),
        (fit.loglik, "loglik"),
        (fit.loglik.df, "ll_df"),
        (fit.loglik.nobs, "ll_nobs"),
        (gf.AIC(fit), "aic"),
        (fit.aic, "aic"),
        (gf.BIC(fit), "bic"),
        (fit.bic, "bic"),
        (fit.nobs, "nobs"),
        (fit.df_residual, "df"),
    ):
        if "offset" in id_ and name in ("r2", "adj"):
            continue
        if id_ == "saturated" and name in ("rss", "loglik", "aic", "bic"):
            assert fit.deviance < 1e-20  # R's rounding, nobody's digits
            continue
        close([ours], answer[name])
    if answer["f"] is None:
        assert fit.fstatistic is None
    elif "offset" not in id_:
        close(fit.fstatistic, answer["f"])
    if fit.df_residual > 5:
        close(fit.summary().residuals, answer["quantiles"], scale=fit.sigma)
    if id_ not in ("saturated", "zero weights"):
        close(fit.extract_aic(), answer["extract"])


@pytest.mark.parametrize("id_", FULL)
def test_covariances_intervals_and_tables(id_):
    fit, answer = fit_of(id_), NUMBERS[id_]
    close(fit.confint(), array(answer["confint"]).reshape(2, -1).T.ravel())
    close(fit.confint(level=0.9), array(answer["confint90"]).reshape(2, -1).T.ravel())
    tolerance = LINEAR_ILL if id_ == "longley" else LINEAR
    close(fit.vcov(complete=False), answer["vcov"], tolerance)
    for kind in ("HC0", "HC1", "HC2", "HC3", "HC4"):
        if kind in answer:
            close(heard(lambda kind=kind: fit.vcov(kind, complete=False))[0], answer[kind], tolerance)
    if "CL" in answer:
        close(fit.vcov(cluster="gear"), answer["CL"])
        close(fit.vcov("CL", cluster="gear"), answer["CL"])
        close(fit.vcov("HC0", cluster="gear"), answer["CL_HC0"])
        close(fit.coeftest(vcov="HC3").iloc[:, 3], answer["coeftest"])
        close(fit.coefci(), array(answer["coefci"]).reshape(2, -1).T.ravel())
        close(fit.summary(vcov="HC3").coefficients.iloc[:, 3], answer["coeftest"])
        close(fit.tidy(vcov="HC3")["p_value"], answer["coeftest"])


@pytest.mark.parametrize("id_", FULL)
def test_rows(id_):
    fit, answer = fit_of(id_), NUMBERS[id_]
    close(fit.fitted_values, answer["fitted"])
    close(fit.residuals(), answer["raw"])
    for kind in ("response", "pearson", "partial"):
        ours = fit.residuals(kind).to_numpy()
        close(ours.T.ravel() if kind == "partial" else ours, answer[f"residuals_{kind}"])
    assert fit.residuals("deviance").equals(fit.residuals("pearson"))
    diagnostics = (
        ("hat", fit.hatvalues),
        ("cook", fit.cooks_distance),
        ("rstandard", fit.rstandard),
        ("rstudent", fit.rstudent),
        ("dffits", fit.dffits),
        ("covratio", fit.covratio),
    )
    for name, ask in diagnostics:
        if name in answer and not (name in DELETED and fit.df_residual == 1):
            close(ask(), answer[name], LINEAR_SQUARES)
    if "dfbetas" in answer and fit.df_residual > 1:
        close(fit.dfbetas().to_numpy().T.ravel(), answer["dfbetas"], LINEAR_SQUARES)


@pytest.mark.parametrize("id_", FULL)
def test_predictions(id_):
    fit, answer = fit_of(id_), NUMBERS[id_]
    data = data_of(answer["model"]["data"])
    n = len(data)
    new = data.iloc[[0, n // 3, 2 * n // 3, n - 1]]

    def limits(*args, **options):
        return heard(lambda: fit.predict(*args, **options))[0][["fit", "lwr", "upr"]].to_numpy().T.ravel()

    tolerance = LINEAR_ILL if id_ == "longley" else LINEAR
    own = limits(interval="prediction")
    finite = np.isfinite(own)  # of a row of zero weight the limits are infinite
    close(own[finite], [v for v, keep in zip(answer["own_prediction"], finite) if keep])
    if "new_se" in answer:
        close(limits(new, interval="prediction"), answer["new_prediction"])
        close(limits(new, interval="confidence", level=0.9), answer["new_confidence"])
        close(heard(lambda: fit.predict(new, se_fit=True))[0]["se_fit"], answer["new_se"], tolerance)
    if "new_weighted" in answer:
        close(limits(new, interval="prediction", weights=[1, 2, 3, 4]), answer["new_weighted"])


@pytest.mark.parametrize("id_", TERMS)
def test_tables_of_terms(id_):
    fit, answer = fit_of(id_), NUMBERS[id_]
    if id_ != "saturated":
        same_table(fit.anova(), answer["anova"])
    if id_ == "zero weights":  # R counts the rows of no weight
        return
    for test in ("none", "F", "Chisq"):
        same_table(fit.drop1(test=test), answer[f"drop1_{test}"])
    same_table(fit.drop1(scale=2, test="Chisq"), answer["drop1_scale"])
    if "Anova_II" in answer:
        same_table(fit.Anova(), answer["Anova_II"])
    if "Anova_III" in answer:
        same_table(fit.Anova(type="III"), answer["Anova_III"])
    if "hypothesis" in answer:
        same_table(fit.linear_hypothesis(np.eye(fit.rank)[-1:], 0.5), answer["hypothesis"])
        tolerance = LINEAR_ILL if id_ == "longley" else LINEAR_SQUARES
        same_table(fit.Anova(vcov="HC0"), answer["Anova_HC0"], tolerance)
    if "step" in answer:
        chosen = fit.step(trace=0)
        assert gf.terms(chosen.formula).text == gf.terms(answer["step"]).text
        close(chosen.anova["AIC"], answer["path"])
        assert isinstance(chosen, gf.LM)


@pytest.mark.parametrize(
    "id_", [id_ for id_, answer in NUMBERS.items() if "glance" in answer and answer["df"][0]]
)
def test_broom(id_):
    fit, answer = fit_of(id_), NUMBERS[id_]
    for ours, theirs in ((fit.glance(), answer["glance"]), (fit.tidy(conf_int=True), answer["tidy"])):
        assert list(ours) == [name.replace(".", "_") for name in theirs]
        for name in theirs:
            if "offset" in id_ and name.replace(".", "_") in OLD_OFFSET:
                continue
            if name == "term":
                assert list(ours[name]) == theirs[name]
            else:
                close(ours[name.replace(".", "_")], theirs[name])
    if "augment" in answer:
        ours = fit.augment(se_fit=True, interval="confidence")
        ours = ours[ours["_fitted"].notna()]
        columns = [name for name in ours if name.startswith("_")]
        assert columns == [name.replace(".", "_") for name in answer["augment"]]
        for name in columns:
            if not (fit.df_residual == 1 and name == "_sigma"):
                theirs = answer["augment"]["." + name[1:].replace("_", ".")]
                close(ours[name], theirs, LINEAR_ILL if id_ == "longley" else LINEAR_SQUARES)


def test_the_data_are_typed_as_in_r():
    assert isinstance(load("warpbreaks")["wool"].dtype, pd.CategoricalDtype)
