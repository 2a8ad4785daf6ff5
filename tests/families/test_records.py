"""Families and links as records: fused kernels, intervals, block sums, pickling, registry, user-made ones."""

from __future__ import annotations

import copy
import pickle
import warnings
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tolerances import ROUNDING

import glmformula.families as families
from glmformula.errors import DataWarning, FamilyError
from glmformula.families import (
    Family,
    Gamma,
    Link,
    binomial,
    gaussian,
    get_family,
    inverse_gaussian,
    link as links_module,
    make_link,
    negative_binomial,
    poisson,
    power,
    quasi,
    quasibinomial,
    quasipoisson,
    register_family,
    register_link,
    registry,
    tweedie,
)

from .instances import FAMILIES, LINKS, grid

PAIRS = [(f, link) for f in FAMILIES for link in LINKS]
ETA = np.array([-800.0, -31, -30, -5, -0.3, 1e-9, 0.2, 1, 3, 29, 30, 30.5, 800, np.inf, -np.inf, np.nan])


@pytest.mark.parametrize(("name", "link"), PAIRS)
def test_working_is_the_composition(name: str, link: str) -> None:
    family = replace(FAMILIES[name], link=LINKS[link])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mu, slope, variance = family.working(ETA)
        expected = (
            family.link.linkinv(ETA),
            family.link.mu_eta(ETA),
            family.variance(family.link.linkinv(ETA)),
        )
    for ours, theirs in zip((mu, slope, variance), expected, strict=True):
        assert ours.dtype == np.float64
        np.testing.assert_allclose(ours, theirs, rtol=4 * ROUNDING)


def test_kernels_serve_the_pairs_people_fit() -> None:
    from glmformula.families.kernels import fused_kernel

    fused = [binomial(), quasibinomial(), quasi("logit", "mu(1-mu)"), poisson(), quasipoisson(), gaussian()]
    for family in (*fused, Gamma(), Gamma("log")):
        assert fused_kernel(family.variance, family.link) is not None
    own = Link("logit", links_module.logit_fun, lambda eta: 0.5 + 0 * eta, links_module.logit_mu_eta)
    assert fused_kernel(binomial().variance, own) is None
    assert (binomial(own).working(np.array([3.0]))[0] == 0.5).all()


def test_shared_arrays_cannot_be_written_to() -> None:
    eta = np.array([0.1, 0.2])
    for family in (poisson(), gaussian(), Gamma("log")):
        with pytest.raises(ValueError, match="read-only"):
            family.working(eta)[0][0] = 1.0
    eta[0] = 5.0


@pytest.mark.parametrize("name", FAMILIES)
def test_mu_interval(name: str) -> None:
    """The interval is open, and where it ends the variance does too."""
    family = FAMILIES[name]
    low, high = family.mu_interval
    ends = np.array([low, high])
    assert not family.valid_mu(ends).any()
    assert not family.valid_mu(np.array([np.nan, np.inf, -np.inf])).any()
    just_inside = np.array(
        [
            np.nextafter(low, high) if np.isfinite(low) else -1e308,
            np.nextafter(high, low) if high == 1 else 1e308,
        ]
    )
    assert family.valid_mu(just_inside).all()
    if not name.startswith("tweedie"):
        finite_ends = ends[np.isfinite(ends)]
        assert (family.variance(finite_ends) == 0).all()
    assert (family.variance(np.array([0.1, 0.5, 0.9])) > 0).all()
    y = (
        np.array([0.0, 0.5, 1.0])
        if family.mu_interval[0] == 0 and name not in STRICT
        else np.array([0.3, 0.9, 1.0])
    )
    assert family.valid_mu(family.initial_mu(y, np.array([1.0, 2.0, 5.0]))).all()


STRICT = {"Gamma", "inverse.gaussian"}
EXTRA = {"gaussian": 1, "Gamma": 1, "inverse.gaussian": 1}
LIKELIHOOD = {"gaussian", "binomial", "poisson", "Gamma", "inverse.gaussian"}


@pytest.mark.parametrize("name", FAMILIES)
def test_dispersion_rules(name: str) -> None:
    family = FAMILIES[name]
    power = float(name.split()[1]) if name.startswith("tweedie") else None
    dense = power is not None and (1 < power < 2 or power in (0, 2, 3))
    assert family.extra_df == (1 if dense else EXTRA.get(name, 0))
    assert family.has_likelihood == (dense or name in LIKELIHOOD or name.startswith("negative"))
    assert family.fixed_dispersion == (1.0 if name in ("binomial", "poisson") else None)
    assert family.is_binomial == (name in ("binomial", "quasibinomial"))
    expected = {"gaussian": 12.0 / 6, "Gamma": 12.0 / 8, "inverse.gaussian": 12.0 / 8}
    expected |= {name: 12.0 / (6 if power == 0 else 8)} if dense else {}
    if family.has_likelihood:
        assert family.loglik_dispersion(12.0, 8.0, 6) == expected.get(name, 1.0)
    else:
        assert np.isnan(family.minus2_loglik(np.ones(2), np.full(2, 0.5), None, 1.0))


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("weighted", [False, True])
def test_block_sums_add_up(name: str, weighted: bool) -> None:
    family = FAMILIES[name]
    y, mu = grid(family)
    weights = np.tile([1.0, 3.0, 2.0], len(y))[: len(y)] if weighted else None
    whole = family.minus2_loglik(y, mu, weights, 0.8)
    cuts = [slice(0, 7), slice(7, 50), slice(50, None)]
    parts = sum(family.minus2_loglik(y[c], mu[c], None if weights is None else weights[c], 0.8) for c in cuts)
    assert parts == pytest.approx(whole, rel=1e-13, nan_ok=True)
    for row in (0, 20):
        assert (
            family.unit_deviance(y[row : row + 1], mu[row : row + 1])[0] == family.unit_deviance(y, mu)[row]
        )


def test_unit_weights_may_be_left_out() -> None:
    for name, family in FAMILIES.items():
        y, mu = grid(family)
        ones = np.ones(len(y))
        a, b = family.minus2_loglik(y, mu, None, 0.7), family.minus2_loglik(y, mu, ones, 0.7)
        assert a == b or np.isnan([a, b]).all(), name
        np.testing.assert_array_equal(family.initial_mu(y, None), family.initial_mu(y, ones))


def test_binomial_trials_and_prior_weights() -> None:
    """Two columns times weights: R's any(n > 1) rule uses the totals, and starts from them."""
    y, n, w = np.array([0.5, 0.25]), np.array([2.0, 4.0]), np.array([3.0, 0.5])
    mu = np.array([0.4, 0.3])
    by_row = [binomial().minus2_loglik(y[i : i + 1], mu[i : i + 1], n[i : i + 1]) for i in (0, 1)]
    assert binomial().minus2_loglik(y, mu, n * w, 1.0, n) == pytest.approx(np.dot(w, by_row), rel=1e-14)
    np.testing.assert_allclose(binomial().initial_mu(y, n * w, n), (n * y + 0.5) / (n + 1))
    # a row of zero weight starts from y = 0, as in R
    assert binomial().initial_mu(np.array([0.7]), np.array([0.0]))[0] == 0.5


def test_zero_weights_and_perfect_fits() -> None:
    y = np.array([1.0, 2.5, 3.0])
    zero = np.array([1.0, 0.0, 1.0])
    assert gaussian().minus2_loglik(y, y + 1, zero, 1.0) == np.inf
    # the broken row has no weight; R says NaN
    assert np.isfinite(poisson().minus2_loglik(y, y, zero))
    assert poisson().minus2_loglik(y, y) == np.inf
    for family in (gaussian(), Gamma(), inverse_gaussian()):
        assert family.minus2_loglik(y, y, None, 0.0) == -np.inf
        assert np.isnan(family.loglik_dispersion(0.0, 0.0, 0))
    assert poisson().minus2_loglik(np.array([-1.0]), np.array([2.0])) == np.inf


def test_scalars_lists_of_dtype_and_empty_arrays() -> None:
    for name, family in FAMILIES.items():
        assert family.unit_deviance(np.array([]), np.array([])).shape == (0,), name
        assert family.working(np.array([]))[0].shape == (0,)
        assert np.ndim(family.unit_deviance(np.array(1.0), np.array(0.5))) == 0
    np.testing.assert_array_equal(
        binomial().unit_deviance(np.array([True, False]), np.array([0.3, 0.3])),
        binomial().unit_deviance(np.array([1.0, 0.0]), np.array([0.3, 0.3])),
    )
    counts = np.array([0, 3], dtype=np.int64)
    assert poisson().minus2_loglik(counts, np.array([0.5, 2.5])) == poisson().minus2_loglik(
        counts.astype(float), np.array([0.5, 2.5])
    )


@pytest.mark.parametrize(("name", "link"), PAIRS)
def test_pickle(name: str, link: str) -> None:
    family = replace(FAMILIES[name], link=LINKS[link])
    again = pickle.loads(pickle.dumps(family))
    assert repr(again) == repr(family)
    y, mu = np.array([0.0, 1.0, 1.0]), np.array([0.2, 0.7, 0.9])
    np.testing.assert_array_equal(again.unit_deviance(y, mu), family.unit_deviance(y, mu))
    for a, b in zip(again.working(ETA), family.working(ETA), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("again", [lambda family: pickle.loads(pickle.dumps(family)), copy.deepcopy])
def test_copies_are_the_family(again) -> None:
    """What is asked of the record does not depend on which copy of it was sent or loaded."""
    assert again(gaussian()).is_normal_linear
    assert not again(gaussian("log")).is_normal_linear
    for made in (gaussian(), binomial(), poisson(), Gamma(), inverse_gaussian()):
        assert again(made).distribution == made.distribution


def test_printing() -> None:
    assert repr(binomial()) == "\nFamily: binomial \nLink function: logit \n"
    assert (
        str(negative_binomial(2.123456789, "sqrt"))
        == "\nFamily: Negative Binomial(2.1235) \nLink function: sqrt \n"
    )
    assert negative_binomial(200000).name == "Negative Binomial(2e+05)"
    assert negative_binomial(0.00004).name == "Negative Binomial(0)"
    assert negative_binomial(1234567.8).name == "Negative Binomial(1234568)"
    assert repr(make_link("logit")) == "<link: logit>"
    assert power(1 / 3).name == "mu^0.333"
    assert tweedie(1.5).link.name == "mu^-0.5"


def test_family_by_name_function_or_object() -> None:
    assert get_family("binomial").name == "binomial"
    assert get_family("inverse.gaussian").name == get_family("inverse_gaussian").name == "inverse.gaussian"
    assert get_family(poisson).link.name == "log"
    assert get_family(partial(negative_binomial, 3.0)).name == "Negative Binomial(3)"
    own = binomial("probit")
    assert get_family(own) is own
    for name in registry.FAMILIES:
        if name != "negative.binomial":
            assert isinstance(get_family(name), Family)
    assert set(families.__all__) >= {"Family", "Link", "get_family", "register_family", "make_link"}


@pytest.mark.parametrize("link", LINKS)
def test_any_link_for_any_family(link: str) -> None:
    for constructor in (
        gaussian,
        binomial,
        poisson,
        Gamma,
        inverse_gaussian,
        quasi,
        quasibinomial,
        quasipoisson,
    ):
        assert constructor(link=LINKS[link]).link is LINKS[link]
    assert negative_binomial(1.0, link=LINKS[link]).link is LINKS[link]


def test_power_follows_rs_rules() -> None:
    assert power(0) is make_link("log")
    assert power(-1) is make_link("log")
    assert power(1) is make_link("identity")
    assert power() is make_link("identity")


def double_log(mu):
    return -np.log(-np.log(mu))


def double_log_inverse(eta):
    return np.exp(-np.exp(-eta))


def double_log_slope(eta):
    return np.exp(-eta - np.exp(-eta))


def test_own_links_and_families(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links_module, "LINKS", dict(links_module.LINKS))
    monkeypatch.setattr(registry, "FAMILIES", dict(registry.FAMILIES))
    loglog = Link("loglog", double_log, double_log_inverse, double_log_slope)
    register_link("loglog", loglog)
    assert binomial("loglog").link is loglog
    assert loglog.valid_eta(np.array([-1e300, 5])).all()
    register_family("loglog.binomial", partial(binomial, "loglog"))
    assert get_family("loglog_binomial").link is loglog
    mu, slope, variance = binomial(loglog).working(np.array([0.0]))
    assert mu[0] == slope[0] == np.exp(-1)
    assert variance[0] == pytest.approx(np.exp(-1) * (1 - np.exp(-1)))
    assert pickle.loads(pickle.dumps(binomial(loglog))).link == loglog

    own = Family("halves", "log", np.sqrt, lambda y, mu: (y - mu) ** 2)
    assert own.link is make_link("log")
    assert not own.has_likelihood
    assert own.valid_mu(np.array([-1.0, np.inf])).tolist() == [True, False]
    assert own.initial_mu(np.array([2.0])).tolist() == [2.0]
    own.check_response(np.array([-1.0]))
    with pytest.raises(FamilyError, match="family 'halves' not implemented"):
        own.simulate(np.random.default_rng(1), np.ones(2))
    register_family("halves", lambda: own)
    assert get_family("halves") is own


ALL_BUT_REALS = [k for k, f in FAMILIES.items() if f.mu_interval[0] == 0.0]


@given(
    st.sampled_from(ALL_BUT_REALS), st.floats(1e-6, 1 - 1e-6), st.floats(1e-6, 1 - 1e-6), st.floats(1e-6, 1)
)
def test_deviance_grows_away_from_y(name: str, y: float, mu: float, further: float) -> None:
    """Never negative, zero at y only, and larger for a mean further out on the same side."""
    family = FAMILIES[name]
    distant = mu + (mu - y) * further
    near, far, at = (family.unit_deviance(np.array([y]), np.array([m]))[0] for m in (mu, distant, y))
    assert at == 0
    assert near >= 0
    if family.valid_mu(np.array([distant]))[0]:
        assert far >= near * (1 - 1e-12)


@given(st.sampled_from(sorted(LINKS)), st.floats(-8, 8), st.floats(1e-3, 5))
def test_links_are_monotone(name: str, eta: float, step: float) -> None:
    link = LINKS[name]
    pair = np.array([eta, eta + step])
    if link.valid_eta(pair).all() and eta * (eta + step) > 0:
        mu = link.linkinv(pair)
        slope = link.mu_eta(pair)
        assert np.sign(slope[0]) == np.sign(slope[1])
        assert (mu[1] - mu[0]) * slope[0] >= 0


@given(st.sampled_from(list(FAMILIES)), st.data())
def test_starting_values_are_valid(name: str, data: st.DataObject) -> None:
    family = FAMILIES[name]
    strict = name in STRICT or (name.startswith("tweedie") and float(name.split()[1]) > 2)
    low = 1e-3 if strict or name.startswith("quasi mu^3") else 0.0
    y = np.array(data.draw(st.lists(st.floats(low, 1 if family.mu_interval[1] == 1 else 1e6), min_size=1)))
    weights = np.array(data.draw(st.lists(st.floats(0, 1e6), min_size=len(y), max_size=len(y))))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        family.check_response(y, weights)
    assert family.valid_mu(family.initial_mu(y, weights)).all()
