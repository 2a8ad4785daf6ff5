"""Paths by the quicker ways: borders of one factor, a Gram matrix that grows, information of some of the rows."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from tolerances import DEVIANCE, OTHER_FACTOR, OWN_RESIDUAL

import glmformula as g
from glmformula import glmnet
from glmformula.engine.penalised.deviances import deviance_sums
from glmformula.engine.penalised.path import Stop, by_level
from glmformula.engine.penalised.subsets import Subsets


def kkt(fit, X, y, family, alpha):
    """How far the path is from the conditions of a minimum, of the null model's gradient, from the formulas alone."""
    r = fit.result
    sd, centred = X.std(axis=0), X - X.mean(axis=0)
    worst = np.zeros(len(r.lambdas))
    for k, (lambda_, beta) in enumerate(zip(r.lambdas, r.beta)):
        eta = beta[0] + X @ beta[1:]
        mu = {"gaussian": lambda e: e, "binomial": lambda e: 1 / (1 + np.exp(-e)), "poisson": np.exp}[family](
            eta
        )
        b = beta[1:] * sd
        scale = y.std() if family == "gaussian" else 1.0
        slopes = centred.T @ (mu - y) / (len(y) * sd) + lambda_ * (1 - alpha) / scale * b
        off = np.where(
            b != 0, np.abs(slopes + lambda_ * alpha * np.sign(b)), np.abs(slopes) - lambda_ * alpha
        )
        worst[k] = max(off.max(), abs((mu - y).mean()))
    return worst / np.abs(centred.T @ (y - y.mean()) / (len(y) * sd)).max()


def rows(n, p, family, seed=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.3 * rng.normal(size=(n, 1))
    eta = X[:, :12] @ rng.normal(size=12) * 0.4
    y = {
        "gaussian": lambda: eta + rng.normal(size=n),
        "binomial": lambda: (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float),
        "poisson": lambda: rng.poisson(np.exp(eta / 3)).astype(float),
    }[family]()
    return X, y


@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson"])
@pytest.mark.parametrize("alpha", [1.0, 0.95])
def test_more_columns_than_rows(family, alpha):
    """Hundreds of coefficients that are not zero, so that sets of them are solved for by borders."""
    X, y = rows(500, 2000, family)
    fit = glmnet("y ~ .", pd.DataFrame(X).add_prefix("x").assign(y=y), family, alpha=alpha)
    assert fit.result.residuals.max() <= 1e-9
    assert (fit.result.beta[-1] != 0).sum() > 200  # subsets.FEWEST
    assert kkt(fit, X, y, family, alpha).max() <= OWN_RESIDUAL


@pytest.mark.parametrize("shift", [0.0, 1000.0])
@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_many_rows(family, shift):
    """So many that the first information is of some of them; a column far from zero takes all digits."""
    X, y = rows(40_000, 12, family)
    X[:, 3] = (np.arange(len(y)) % 997 == 5) * 1.0  # in few of the rows that are taken
    X[:, 0] += shift
    fit = glmnet("y ~ .", pd.DataFrame(X).add_prefix("x").assign(y=y), family)
    assert fit.result.residuals.max() <= 1e-9
    assert kkt(fit, X, y, family, 1.0).max() <= OWN_RESIDUAL
    mu = fit.predict(type="response", s=fit.lambda_[-1])
    null, own = (
        -2 * likelihood(family, y, m).sum() for m in (np.full(len(y), y.mean()), np.asarray(mu).ravel())
    )
    saturated = -2 * likelihood(family, y, y).sum()
    assert_allclose(fit.result.dev_ratio[-1], (null - own) / (null - saturated), rtol=DEVIANCE)


def likelihood(family, y, mu):
    from scipy.special import xlog1py, xlogy

    return xlogy(y, mu) + xlog1py(1 - y, -mu) if family == "binomial" else xlogy(y, mu) - mu


def test_sets_by_borders_are_solved_as_afresh():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(900, 600))
    Q = A.T @ A / 900
    sets, inside = Subsets(Q), rng.random(600) < 0.6
    factors = []
    for _ in range(40):
        inside[rng.integers(0, 600, 5)] ^= True
        at, c = np.flatnonzero(inside), rng.normal(size=600)
        assert_allclose(
            sets.solve(at, c[at]), np.linalg.solve(Q[np.ix_(at, at)], c[at]), rtol=0, atol=OTHER_FACTOR
        )
        factors.append(sets.base)
    assert len({id(base) for base in factors}) < 10  # most were borders


def test_sets_of_columns_that_depend_on_others():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(100, 300))
    Q = A.T @ A
    x = Subsets(Q).solve(np.arange(300), Q @ np.ones(300))
    assert_allclose(Q @ x, Q @ np.ones(300), rtol=0, atol=1e-5)


@pytest.mark.parametrize("weights", [None, "some are 0"])
@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("family", [g.binomial(), g.poisson(), g.Gamma("log")], ids=lambda f: f.name)
def test_sums_of_deviances_are_those_of_the_rows(family, scale, weights):
    """By products or differences, as by rows; far out too, where the quick sums must not be taken."""
    rng = np.random.default_rng(8)
    eta = scale * np.clip(rng.normal(size=(3, 157)), -1.5, 1.5)
    y = {
        "binomial": rng.integers(0, 2, 157),
        "poisson": rng.poisson(2.0, 157),
        "Gamma": rng.gamma(2.0, size=157),
    }
    y = y[family.name].astype(float)
    w = None if weights is None else rng.integers(0, 3, 157).astype(float)
    mu = family.link.linkinv(eta.ravel()).reshape(eta.shape)
    want = [family.deviance_at(y, e, m) @ (np.ones(157) if w is None else w) for e, m in zip(eta, mu)]
    assert_allclose(deviance_sums(family, y, w, eta, mu), want, rtol=DEVIANCE)


def test_the_end_that_is_foreseen_changes_no_path(monkeypatch):
    X, y = rows(3000, 12, "binomial")
    data = pd.DataFrame(X).add_prefix("x").assign(y=y)
    foreseen = glmnet("y ~ .", data, "binomial")
    assert len(foreseen.lambda_) < 100
    monkeypatch.setattr(Stop, "ahead", lambda self, explained, most: most)
    plain = glmnet("y ~ .", data, "binomial")
    assert_allclose(foreseen.lambda_, plain.lambda_, rtol=0)
    assert_allclose(foreseen.dev_ratio, plain.dev_ratio, rtol=DEVIANCE)


def test_an_end_is_foreseen_from_a_series_that_falls():
    stop = Stop(by_level, False)
    explained = np.cumsum(0.05 * 0.8 ** np.arange(25))
    last = next(k for k in range(1, 100) if 0.05 * 0.8**k < 1e-5)
    assert stop.ahead(explained, 36) == int(1.1 * (last + 1 - 25)) + 1
    assert stop.ahead(explained[:5], 36) == 36  # too few to say
    assert stop.ahead(np.linspace(0, 0.2, 25), 36) == 36  # they do not fall
