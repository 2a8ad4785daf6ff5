"""Intervals of mixed models: exact limits of the profile, Wald's, and those of a bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from reference.mixed.fits import fitted
from reference.mixed.load import after, models
from tolerances import MIXED_LIMITS

import glmformula as gf
from glmformula.errors import DataError, FitError
from glmformula.inference.mixed.bootstrap import quantile_of

LIMITS = {
    id_: own
    for id_, own in after("profile")["models"].items()
    if hasattr(gf, models()[id_]["parts"]["fun"].replace(".", "_"))
}
# There R's own search stayed at theta = 0, where the deviance has no slope: its limit is not symmetric, as it must be.
SADDLE = {("dyestuff2", "(Intercept)")}


@pytest.mark.parametrize("id_", LIMITS)
def test_profile_limits_are_where_the_deviance_has_risen(id_):
    answer, table = LIMITS[id_], fitted(id_).confint()
    assert list(table.index) == answer["names"]
    assert list(table.columns) == ["2.5 %", "97.5 %"]
    low = np.array([0.0 if v is None else v for v in answer["lower"]])
    high = np.array(answer["upper"], dtype=float)
    known = np.array([(id_, name) not in SADDLE for name in answer["names"]])
    away = np.abs(table.to_numpy() - np.column_stack([low, high])) / (high - low)[:, None]
    assert away[known].max() < MIXED_LIMITS


@pytest.mark.filterwarnings("ignore::glmformula.SingularWarning")
@pytest.mark.parametrize("id_", LIMITS)
def test_names_and_limits_of_wald(id_):
    answer, fit = LIMITS[id_], fitted(id_)
    if fit.criterion == "REML":
        fit = fit.refit(REML=False)
    table = fit.confint(method="wald", old_names=False)
    new = answer["new_names"]
    assert list(table.index) == list(new.values() if isinstance(new, dict) else new)
    wanted = np.array(answer["wald"], dtype=float)
    size = 1e-6 * np.nanmax(wanted[:, 1] - wanted[:, 0])
    assert table.to_numpy() == pytest.approx(wanted, rel=1e-6, abs=size, nan_ok=True)
    if fit.criterion == "ML" and answer["names"][0] == ".sig01" and ".sigma" in answer["names"]:
        assert str(fit.confint(method="wald")) == answer["wald_text"].rstrip("\n")


def test_a_symmetric_profile_has_symmetric_limits():
    fit = fitted("dyestuff2")
    low, high = fit.confint("(Intercept)").to_numpy()[0]
    centre = fit.coefficients.iloc[0]
    assert centre - low == pytest.approx(high - centre, rel=1e-6)


def test_parameters_are_chosen_by_name_place_and_kind():
    fit = fitted("sleep")
    every = fit.confint()
    assert list(fit.confint("theta_").index) == [".sig01", ".sig02", ".sig03", ".sigma"]
    assert list(fit.confint("beta_").index) == ["(Intercept)", "Days"]
    assert list(fit.confint(["Days", 0]).index) == ["Days", ".sig01"]
    assert fit.confint("Days").to_numpy() == pytest.approx(every.loc[["Days"]].to_numpy(), rel=1e-7)
    assert fit.confint("Days", level=0.5).to_numpy()[0, 0] > every.loc["Days"].iloc[0]
    with pytest.raises(DataError, match="'Day' is not a parameter of the model"):
        fit.confint("Day")
    with pytest.raises(ValueError, match="method should be one of 'profile', 'wald', 'boot'"):
        fit.confint(method="mcmc")
    with pytest.raises(ValueError, match="level should be between 0 and 1"):
        fit.confint(level=95)
    with pytest.raises(ValueError, match="a covariance matrix says nothing of a profile"):
        fit.confint(vcov=fit.vcov())


def test_wald_takes_another_covariance():
    fit = fitted("sleep")
    wide = fit.confint("beta_", method="wald", vcov=4 * fit.vcov())
    own = fit.confint("beta_", method="wald")
    assert np.ptp(wide.to_numpy(), axis=1) == pytest.approx(2 * np.ptp(own.to_numpy(), axis=1))


def test_what_has_no_profile_says_so():
    with pytest.raises(FitError, match="can't profile a glmer whose scale is estimated"):
        fitted("positive gamma log").confint()
    with pytest.raises(FitError, match="has no likelihood to profile: fit it with nAGQ=1"):
        fitted("cbpp AGQ0").confint()


def test_a_bootstrap_of_a_generalized_model():
    fit = fitted("cbpp")
    table = fit.confint(method="boot", nsim=40, seed=5)
    profile = fit.confint()
    assert list(table.index) == list(profile.index)
    assert np.ptp(table.to_numpy(), axis=1) / np.ptp(profile.to_numpy(), axis=1) == pytest.approx(1, abs=0.6)


def test_a_bootstrap_is_around_the_estimates():
    fit = fitted("sleep intercept")
    table = fit.confint(method="boot", nsim=60, seed=3)
    assert list(table.index) == [".sig01", ".sigma", "(Intercept)", "Days"]
    low, high = table.to_numpy().T
    values = [fit.VarCorr().frame["sdcor"].iloc[0], fit.sigma, *fit.fixef]
    assert ((low < values) & (values < high)).all()
    profile = np.ptp(fit.confint().to_numpy(), axis=1)
    assert (high - low) / profile == pytest.approx(1, abs=0.5)
    assert fit.confint(method="boot", nsim=60, seed=3).equals(table)
    basic = fit.confint(method="boot", nsim=60, seed=3, boot_type="basic").to_numpy()
    assert basic == pytest.approx(np.column_stack([2 * np.array(values) - high, 2 * np.array(values) - low]))
    normal = fit.confint("beta_", method="boot", nsim=60, seed=3, boot_type="norm").to_numpy()
    assert np.ptp(normal, axis=1) / profile[2:] == pytest.approx(1, abs=0.5)
    with pytest.raises(ValueError, match="boot_type should be one of 'perc', 'basic', 'norm'"):
        fit.confint(method="boot", boot_type="bca")
    with pytest.raises(ValueError, match="nsim should be a number of simulations, 20 or more"):
        fit.confint(method="boot", nsim=1)
    with pytest.raises((DataError, FitError), match="holds no training rows"):
        fit.strip_data().confint(method="boot")


def test_quantiles_of_a_bootstrap_are_those_of_the_package_boot():
    values = np.arange(1, 100) ** 1.5
    expected = [4.11232498095546, 962.11908540508614, 853.81496824546241]  # boot:::norm.inter, R 4.2.2
    assert [quantile_of(values, p) for p in (0.025, 0.975, 0.9)] == pytest.approx(expected, rel=1e-12)
