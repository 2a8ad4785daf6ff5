"""Profile likelihood against R 4.6: intervals, whole profiles, printed text; separation, edges, messages."""

from __future__ import annotations

import gzip
import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.models.load import fitted, numbers, reference
from tolerances import PROFILE_EXACT, PROFILE_LIMIT, PROFILE_POINT, PROFILE_RAO

import glmformula
from glmformula import ConvergenceWarning, DataError, FitError, Gamma, confint, glm, profile

HERE = Path(__file__).parents[1] / "reference" / "profile"


@cache
def answers():
    return json.loads(gzip.decompress((HERE / "profile.json.gz").read_bytes()))


def limits_of(answer):
    return np.column_stack([numbers(answer["lower"]), numbers(answer["upper"])])


def errors_of(fit):
    return np.sqrt(np.diag(fit.vcov().to_numpy()))[:, None]


MODELS = answers()["models"]
KNOWN = [i for i in MODELS if "error" not in MODELS[i]["confint"]]
# Where the profile ends at the edge of the valid coefficients, or R's own fit is not the maximum: see below.
AT_EDGE = {"gaussian-sqrt/missing", "negative_binomial-2.5-identity/offset", "binomial-identity/interaction"}
RAN_AWAY = {"classic/separated"} | {
    i for i in KNOWN if any("R ran away" in why for why in reference()[i]["reasons"] or [])
}
UNDECIDED = {  # the fit is not converged, or was told to stop early
    "negative_binomial-2.5-sqrt/interaction",
    "quasi-sqrt-mu/offset",
    "classic/epsilon-loose",
}
# R's grid is too coarse about the quantile, ends before it, or its refits stop early: ours are the roots.
NEARER = {
    "quasibinomial-probit/weights",
    "binomial-cauchit/factor",
    "quasibinomial-cauchit/interaction",
    "binomial-log/interaction",
    "binomial-log/aliased",
    "binomial-log/scaled",
    "quasibinomial-log/scaled",
    "poisson-identity/factor",
    "quasi-log-constant/factor",
    "tweedie-1.5-0/interaction",
    "binomial-identity/plain",
    "binomial-identity/aliased",
    "binomial-identity/scaled",
    "classic/endometrial",
    "classic/gaussian-log-zeros",
}
EARLY = {"quasipoisson-identity/scaled", "inverse_gaussian-inverse/scaled"}
SAMPLE = [i for i in KNOWN if i not in RAN_AWAY | UNDECIDED | NEARER | EARLY]
# Some seconds' worth: those with few coefficients.
SHORT = [i for i in SAMPLE if len(MODELS[i]["confint"]["lower"]) <= 5]
CHECKED = [i for k, i in enumerate(SHORT) if k % 8 in (0, 3, 5)]


def test_enough_models_are_compared():
    assert len(CHECKED) >= 150
    assert len({i.split("/")[0].rsplit("-", 1)[0] for i in CHECKED}) >= 25


@pytest.mark.parametrize("id_", CHECKED)
def test_intervals_are_rs(id_):
    fit, theirs = fitted(id_).fit, limits_of(MODELS[id_]["confint"])
    ours = confint(fit).frame.to_numpy()
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    assert np.nanmax(np.abs(ours - theirs) / errors_of(fit), initial=0) <= PROFILE_LIMIT


@pytest.mark.parametrize("id_", sorted(NEARER))
def test_where_r_differs_ours_are_nearer_the_root(id_):
    """R has NA, or is further from the root of the profile, as solved by method="profile-exact"."""
    fit, theirs = fitted(id_).fit, limits_of(MODELS[id_]["confint"])
    ours = confint(fit).frame.to_numpy()
    with np.errstate(invalid="ignore"):
        far = np.isnan(theirs) | (np.abs(ours - theirs) > PROFILE_LIMIT * errors_of(fit))
    far &= ~fit.aliased[:, None]
    rows = np.flatnonzero(far.any(1))[:3]
    assert len(rows)
    exact = confint(fit, rows, method="profile-exact").frame.to_numpy()
    ours, theirs, far = ours[rows], theirs[rows], far[rows]
    with np.errstate(invalid="ignore"):
        gap, other = np.abs(ours - exact), np.abs(theirs - exact)
    same = (ours == exact) | (gap <= 1e-6 * np.abs(exact))
    assert (same | (gap <= other))[far].all()


@pytest.mark.parametrize("id_", sorted(EARLY))
def test_where_rs_refits_stop_early_ours_are_those_of_a_smaller_epsilon(id_):
    """quasipoisson: one of R's refits stands at the edge, far above the minimum that we reach."""
    fit = fitted(id_).fit
    ours, sharp = confint(fit).frame.to_numpy(), limits_of(MODELS[id_]["sharp"])
    rough = limits_of(MODELS[id_]["confint"])
    gap = np.abs(ours - sharp) / errors_of(fit)
    if id_.startswith("quasi"):
        assert gap[0, 1] <= PROFILE_LIMIT
    else:
        assert gap.max() <= PROFILE_LIMIT < (np.abs(rough - sharp) / errors_of(fit)).max()


@pytest.mark.parametrize("id_", [i for i in SAMPLE if "ninety" in MODELS[i]][::3])
def test_another_level_and_the_score(id_):
    fit, answer = fitted(id_).fit, MODELS[id_]
    for options, theirs, tolerance in (
        ({"level": 0.9}, answer["ninety"], PROFILE_LIMIT),
        ({"test": "Rao"}, answer["rao"], PROFILE_RAO),
    ):
        ours, theirs = confint(fit, **options).frame.to_numpy(), limits_of(theirs)
        assert np.nanmax(np.abs(ours - theirs) / errors_of(fit), initial=0) <= tolerance


WHOLE = [i for i in SAMPLE if "error" not in MODELS[i].get("profile", {"error": 1}) and i not in AT_EDGE]


@pytest.mark.parametrize("id_", WHOLE[::3])
@pytest.mark.parametrize(
    ("key", "options"),
    [("profile", {}), ("fine", {"which": 0, "alpha": 0.05, "maxsteps": 15, "del_": 0.3})],
)
def test_profiles_are_rs(id_, key, options):
    """Grid, z, coefficients. Gaussian profiles are lines: the last step may fall beside zmax or on it."""
    fit = fitted(id_).fit
    found, theirs = profile(fit, **options), MODELS[id_][key]
    assert list(found.values) == list(theirs)
    errors = errors_of(fit)[:, 0]
    for name, expected in theirs.items():
        ours = found[name]
        assert list(ours.columns) == [expected["name"], *fit.column_names]
        z, table = numbers(expected["z"]), np.column_stack([numbers(c) for c in expected["values"]])
        assert abs(len(z) - len(ours)) <= 2 * (fit.family.name == "gaussian" or abs(z).max() > 2.99)
        column = 1 + list(fit.column_names).index(name)
        held = ours.iloc[:, column].to_numpy()
        for row, value in zip(table, z, strict=True):
            k = np.argmin(np.abs(held - row[column - 1]))
            if abs(held[k] - row[column - 1]) > 0.01 * errors[column - 1]:
                continue  # the step too far
            assert abs(ours.iloc[k, 0] - value) <= PROFILE_POINT
            gap = np.abs(ours.iloc[k, 1:].to_numpy(dtype=float) - row) / errors
            assert np.nanmax(gap) <= 1e-3


def arguments(case):
    parm = case.get("parm")
    if isinstance(parm, list):
        parm = [k - 1 for k in parm]
    elif isinstance(parm, int):
        parm -= 1
    return {"parm": parm, "level": case.get("level", 0.95)}


@pytest.mark.parametrize(
    "case", answers()["texts"], ids=lambda c: f"{c['id']}-{c.get('parm')}-{c.get('level')}"
)
def test_text(case):
    assert str(confint(fitted(case["id"]).fit, **arguments(case))).rstrip() == case["text"].rstrip()


def test_exact_limits_are_roots():
    """The fit held at a limit has a deviance that is chi-squared's quantile higher."""
    fit = fitted("classic/attrition-logit").fit
    for j, (low, high) in enumerate(confint(fit, method="profile-exact", level=0.99).frame.to_numpy()):
        name = fit.column_names[j]
        found = profile(fit, name, alpha=1e-4)
        curve = found.curves[j]
        for limit, z in ((low, -2.5758293035489004), (high, 2.5758293035489004)):
            assert abs(curve.z(limit) - z) <= PROFILE_EXACT
            data = glmformula.datasets.attrition()
            column = np.ones(len(data)) if name == "(Intercept)" else data[name].to_numpy()
            others = [n for n in fit.column_names if n not in (name, "(Intercept)")]
            right = " + ".join(others) + (" - 1" if name == "(Intercept)" else "")
            held = glm(f"left ~ {right}", data, "binomial", offset=limit * column, epsilon=1e-12)
            assert abs(held.deviance - fit.deviance - z * z) <= 1e-6


def test_a_profile_answers_later():
    fit = fitted("classic/leuk").fit
    found = fit.profile(["agpresent", 2])
    assert list(found.values) == ["agpresent", "log10(wbc)"]
    assert found.kind == "tau"
    assert list(found.frame.columns) == ["parameter", "tau", *fit.column_names]
    assert len(found.frame) == sum(map(len, found.values.values()))
    table = confint(found, level=0.9)
    assert list(table.frame.index) == ["agpresent", "log10(wbc)"]
    assert list(table.frame.columns) == ["5 %", "95 %"]
    assert str(found).startswith("$agpresent\n")
    assert "log10(wbc)" in found.to_html()
    one = found.confint("agpresent").frame
    np.testing.assert_allclose(one, fit.confint("agpresent").frame, atol=PROFILE_LIMIT)


def test_separation_gives_infinite_ends():
    """endometrial: NV runs to infinity; its lower end is a root. R: -69 and 506."""
    fit = fitted("classic/endometrial").fit
    for method in ("profile", "profile-exact"):
        low, high = confint(fit, "NV", method=method).frame.to_numpy()[0]
        assert high == np.inf
        assert abs(low - 1.2841117) < 1e-6
    complete = confint(fitted("classic/separated").fit).frame.to_numpy()
    np.testing.assert_array_equal(np.isinf(complete), [[False, True], [True, False]])
    assert "Inf" in str(confint(fit))


def test_all_zero_counts_of_a_level():
    data = pd.DataFrame({"y": [0, 0, 0, 2, 3, 4, 5, 3, 6], "f": list("aaabbbccc")})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = glm("y ~ 0 + f", data, "poisson")
        limits = confint(fit).frame
    assert limits.loc["fa"].iloc[0] == -np.inf
    # three zeros: exp(-3 mu) falls to the cut-off where 6 mu = 1.96^2
    assert abs(np.exp(limits.loc["fa"].iloc[1]) - 1.959963984540054**2 / 6) < 1e-6


def test_profiles_that_end_at_the_edge_warn():
    fit = fitted("gaussian-sqrt/missing").fit
    with pytest.warns(ConvergenceWarning, match="'Temp' meets the edge of the coefficients"):
        limits = confint(fit).frame.to_numpy()
    assert np.isfinite(limits).all()
    assert (limits[:, 0] < fit.coefficients).all()
    assert (fit.coefficients < limits[:, 1]).all()


def test_a_fit_that_stopped_early():
    """R: an error. The profile is taken about the maximum."""
    data = glmformula.datasets.attrition()
    formula = "left ~ salary + experience_years + overtime_hours"
    with pytest.warns(ConvergenceWarning):
        early = glm(formula, data, "binomial", maxit=2)
    with pytest.warns(ConvergenceWarning, match="profiling has found a better solution"):
        limits = confint(early, method="profile-exact").frame
    best = confint(glm(formula, data, "binomial", epsilon=1e-12), method="profile-exact").frame
    np.testing.assert_allclose(limits, best, rtol=1e-6)


def test_a_perfect_fit_has_no_profile():
    with pytest.raises(FitError, match="the residuals are zero"):
        confint(fitted("classic/exact-fit").fit)


def test_no_degrees_of_freedom():
    fit = glm("y ~ f", pd.DataFrame({"y": [1.0, 2.0], "f": ["a", "b"]}), "gaussian")
    assert confint(fit).frame.isna().to_numpy().all()


def test_aliased_coefficients_have_no_interval():
    fit = fitted("binomial-logit/aliased").fit
    aliased = fit.column_names[int(np.flatnonzero(fit.aliased)[0])]
    assert confint(fit, aliased).frame.isna().to_numpy().all()
    assert aliased not in profile(fit).values


U = np.log([5, 10, 15, 20, 30, 40, 60, 80, 100])
LOT1 = np.array([118, 58, 42, 35, 27, 25, 21, 19, 18])


@pytest.mark.parametrize("unit", [1.0, 1e-20, 1e20])
@pytest.mark.parametrize("weights", [None, np.full(9, 3.0)])
def test_a_null_deviance_without_end(unit, weights):
    """Without an intercept the null model has mu = 0, which a Gamma response never has: R's null deviance is Inf."""
    fit = glm("lot1 ~ 0 + u", {"u": U, "lot1": LOT1 * unit}, Gamma("identity"), weights=weights)
    assert np.isinf(fit.null_deviance)
    if weights is None:
        exact = confint(fit, method="profile-exact").to_numpy()[0] / unit
        np.testing.assert_allclose(exact, [8.130638, 45.792192], rtol=1e-6)
        np.testing.assert_allclose(confint(fit).to_numpy()[0] / unit, exact, rtol=1e-3)
    tidied = fit.tidy(conf_int=True)
    np.testing.assert_array_equal(tidied[["conf_low", "conf_high"]], confint(fit))
    assert len(profile(fit)["u"]) > 5


@pytest.mark.parametrize("unit", [1.0, 1e-20, 1e20])
def test_zero_residuals_beside_a_null_deviance_without_end(unit):
    fit = glm("y ~ 0 + u", {"u": U, "y": 3 * U * unit}, Gamma("identity"))
    assert np.isinf(fit.null_deviance)
    with pytest.raises(FitError, match="the residuals are zero"):
        confint(fit)


def test_wald_takes_another_covariance():
    fit = fitted("classic/attrition-logit").fit
    table = confint(fit, method="wald", vcov="HC1", level=0.9).frame
    half = 1.6448536269514722 * np.sqrt(np.diag(fit.vcov("HC1")))
    np.testing.assert_allclose(table["95 %"], fit.coefficients + half, rtol=1e-12)
    np.testing.assert_allclose(
        table, confint(fit, method="wald", vcov=lambda f: f.vcov("HC1"), level=0.9).frame
    )
    assert list(confint(fit, method="wald", level=0.999).frame.columns) == ["0.05 %", "99.95 %"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"method": "exact"},
            ValueError,
            "method should be one of 'profile', 'wald', 'profile-exact', 'profile-joint'; got 'exact'",
        ),
        ({"level": 95}, ValueError, "level should be between 0 and 1; got 95"),
        ({"method": "profile", "vcov": "HC1"}, ValueError, "give method='wald' with vcov, not 'profile'"),
        ({"test": "F"}, ValueError, "test should be one of 'LRT', 'Rao'; got 'F'"),
        ({"parm": "sallary"}, DataError, "'sallary' is not a coefficient.*nearest names are: 'salary'"),
        ({"parm": 4}, DataError, "coefficient 4 does not exist: the model has 4, counted from 0"),
    ],
)
def test_messages(options, error, message):
    with pytest.raises(error, match=message):
        confint(fitted("classic/attrition-logit").fit, **options)


def test_profile_messages():
    fit = fitted("classic/attrition-logit").fit
    with pytest.raises(ValueError, match="alpha should be between 0 and 1; got 2"):
        profile(fit, alpha=2)
    with pytest.raises(DataError, match="holds no training rows"):
        fit.strip_data().confint()
    assert fit.strip_data().confint(method="wald").frame.shape == (4, 2)


def test_large_problems_go_by_gram_matrices():
    """The same intervals from both ways, and aliased columns left alone."""
    rng = np.random.default_rng(1)
    n = 3000
    data = pd.DataFrame({"x": rng.normal(size=n), "f": rng.choice(list("abcdef"), n)})
    data["twice"] = 2 * data["x"]
    data["y"] = rng.poisson(np.exp(0.3 * data["x"] + 0.1 * (data["f"] == "b")))
    fits = [glm("y ~ x + twice + f", data, "poisson", method=m) for m in ("qr", "cholesky")]
    assert [f.method for f in fits] == ["qr", "cholesky"]
    np.testing.assert_allclose(*(confint(f).frame for f in fits), rtol=1e-6, atol=1e-9)
