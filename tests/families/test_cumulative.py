"""Cumulative links: intervals against mpmath, derivatives of rows numerically, draws by their shares."""

from __future__ import annotations

import itertools

import mpmath as mp
import numpy as np
import pytest

from glmformula import DataError, DataWarning
from glmformula.families.cumulative import METHODS, category_scores, check_levels, draw, ordinal, quantiles
from glmformula.families.intervals import BY_METHOD, Gap
from glmformula.families.likelihood import Levels

ENDS = (-1e4, -300.0, -40.0, -8.0, -1.0, -0.1, 0.0, 0.3, 2.0, 9.0, 38.0, 250.0, 1e4)
LENGTHS = (1e-9, 1e-4, 0.01, 0.3, 1.0, 5.0, 30.0, 600.0)
CASES = [
    *((c, -np.inf) for c in ENDS),
    *((np.inf, c) for c in ENDS),
    *((c + length, c) for c, length in itertools.product(ENDS, LENGTHS)),
]
LOWER = {
    "logistic": lambda x: 1 / (1 + mp.exp(-x)),
    "probit": mp.ncdf,
    "loglog": lambda x: mp.exp(-mp.exp(-x)),
    "cloglog": lambda x: -mp.expm1(-mp.exp(x)),
    "cauchit": lambda x: mp.atan2(1, -x) / mp.pi,
}
UPPER = {
    "logistic": lambda x: LOWER["logistic"](-x),
    "probit": lambda x: mp.ncdf(-x),
    "loglog": lambda x: LOWER["cloglog"](-x),
    "cloglog": lambda x: LOWER["loglog"](-x),
    "cauchit": lambda x: LOWER["cauchit"](-x),
}
DENSITY = {
    "logistic": lambda x: LOWER["logistic"](x) * LOWER["logistic"](-x),
    "probit": mp.npdf,
    "loglog": lambda x: mp.exp(-x - mp.exp(-x)),
    "cloglog": lambda x: mp.exp(x - mp.exp(x)),
    "cauchit": lambda x: 1 / (mp.pi * (1 + x * x)),
}
SLOPE = {  # f' / f
    "logistic": lambda x: LOWER["logistic"](-x) - LOWER["logistic"](x),
    "probit": lambda x: -x,
    "loglog": lambda x: mp.exp(-x) - 1,
    "cloglog": lambda x: 1 - mp.exp(x),
    "cauchit": lambda x: -2 * x / (1 + x * x),
}


def exactly(method, a, b):
    """log p, U, L, s, su, sl with hundreds of digits."""
    a, b = mp.mpf(a), mp.mpf(b)
    low = mp.mpf(0) if mp.isinf(b) else LOWER[method](b)
    if mp.isinf(a):
        p = UPPER[method](b)
    elif mp.isinf(b):
        p = LOWER[method](a)
    else:
        p = LOWER[method](a) - low if a + b < 0 else UPPER[method](b) - UPPER[method](a)
    if p == 0:
        return None
    up, psi_a = (mp.mpf(0), 0) if mp.isinf(a) else (DENSITY[method](a) / p, SLOPE[method](a))
    down, psi_b = (mp.mpf(0), 0) if mp.isinf(b) else (-DENSITY[method](b) / p, SLOPE[method](b))
    s = up + down
    return mp.log(p), up, down, s, up * (s - psi_a), down * (s - psi_b)


@pytest.mark.parametrize("method", METHODS)
def test_intervals_have_all_their_digits_in_both_tails(method):
    for a, b in CASES:
        gap = a - b
        if (method == "cloglog" and max(b, a if np.isfinite(a) else b) > 700) or (
            method == "loglog" and min(a, b if np.isfinite(b) else a) < -700
        ):
            continue  # exp(-exp(700)) is no number
        with mp.workdps(200 if method.endswith("loglog") else 60):
            exact = exactly(method, a, b)
        if exact is None or exact[0] < -1e290:
            continue
        found = [
            float(x[0]) for x in BY_METHOD[method](np.array([a]), np.array([b]), Gap.of(np.array([gap])))
        ]
        value, up, low, s, su, sl = (float(x) for x in exact)
        sizes = (abs(value), abs(up), abs(low), abs(s), abs(su), abs(sl))
        # second derivatives of the normal's far tail are differences at last
        far = max(abs(end) for end in (a, b) if np.isfinite(end))
        slack = 1e-12 + (1e-15 * far * far if method == "probit" else 0.0)
        for name, ours, theirs, size, absolute in zip(
            ("value", "up", "low", "s", "su", "sl"),
            found,
            (value, up, low, s, su, sl),
            sizes,
            (1e-15, 1e-15, 1e-15, 1e-14, slack, slack),
        ):
            assert abs(ours - theirs) <= 1e-12 * size + absolute, (name, a, b, ours, theirs)


K = 4
ZETA = (-0.7, 0.2, 0.21)


def likelihood(method, partial):
    return ordinal(method, tuple("abcd"), frozenset({1, 2}), frozenset({2} if partial else ()))


def predictors(partial, shift=0.0):
    rng = np.random.default_rng(3)
    y = np.tile(np.arange(K), 5).astype(float)
    eta = 1.5 * rng.normal(size=len(y)) + shift
    own = [0.002 * rng.normal(size=len(y)) for _ in range(K - 1)] if partial else []
    return y, [eta, *own, *(np.asarray(z) for z in ZETA)]


def moved(etas, k, h):
    out = list(etas)
    out[k] = out[k] + h
    return tuple(out)


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_rows_have_the_derivatives_of_their_log_likelihood(method, partial):
    record = likelihood(method, partial)
    y, etas = predictors(partial)
    at = record.evaluate(y, tuple(etas))
    h = 1e-6
    for k in range(len(etas)):
        up, down = (record.evaluate(y, moved(etas, k, sign * h)) for sign in (1, -1))
        np.testing.assert_allclose(at.score[k], (up.loglik - down.loglik) / (2 * h), rtol=1e-5, atol=1e-6)
        for l in range(k, len(etas)):
            minus = -(up.score[l] - down.score[l]) / (2 * h)
            np.testing.assert_allclose(at.information.get((k, l), 0.0 * y), minus, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["probs", "link"])
def test_quantities_have_their_derivatives(method, partial, name):
    quantity = likelihood(method, partial).quantities[name]
    _, etas = predictors(partial)
    jacobian = quantity.jacobian(tuple(etas))
    h = 1e-6
    for k, ours in enumerate(jacobian):
        change = quantity.value(moved(etas, k, h)) - quantity.value(moved(etas, k, -h))
        np.testing.assert_allclose(
            np.broadcast_to(ours, change.shape), change / (2 * h), rtol=1e-6, atol=1e-8
        )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shift", [-30.0, 0.0, 30.0])
def test_probabilities_sum_to_one(method, shift):
    for partial in (False, True):
        _, etas = predictors(partial, shift)
        p = likelihood(method, partial).quantities["probs"].value(tuple(etas))
        np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-13)


@pytest.mark.parametrize("partial", [False, True])
def test_thresholds_out_of_order_have_no_likelihood(partial):
    record = likelihood("logistic", partial)
    y, etas = predictors(partial)
    swapped = (*etas[:-2], etas[-1], etas[-2])
    assert (record.evaluate(y, swapped).loglik[y == 2] == -np.inf).all()
    equal = (*etas[:-1], etas[-2])
    if not partial:
        assert (record.evaluate(y, equal).loglik[y == 2] == -np.inf).all()


@pytest.mark.parametrize("method", METHODS)
def test_categories_are_drawn_by_their_probabilities(method):
    n = 40_000
    eta = np.full(n, 0.4)
    etas = (eta, *(np.asarray(z) for z in (-0.7, 0.3, 1.5)))
    drawn = draw(method, K, np.random.default_rng(8), etas)
    p = likelihood(method, False).quantities["probs"].value(etas)[0]
    share = np.bincount(drawn.astype(int), minlength=K) / n
    np.testing.assert_array_less(np.abs(share - p) / np.sqrt(p * (1 - p) / n), 4.5)


@pytest.mark.parametrize("method", METHODS)
def test_the_search_begins_at_the_shares_of_the_categories(method):
    weights = np.array([3.0, 1.0, 4.0, 2.0])
    zeta = quantiles(method, weights)
    p = likelihood(method, False).quantities["probs"].value((np.zeros(1), *map(np.asarray, zeta)))
    np.testing.assert_allclose(p[0], weights / weights.sum(), rtol=1e-12)
    scores = category_scores(method, weights)
    assert (np.diff(scores) > 0).all()
    assert abs(scores @ weights) < 1e-12 * np.abs(scores).sum()


@pytest.mark.parametrize(
    ("levels", "kind", "totals", "words"),
    [
        (
            ("1", "2", "3"),
            "numeric",
            (1, 1, 1),
            r"response must be a factor: 'y' is numbers; write factor\(y\)",
        ),
        (("a", "b", "c"), "counts", (1, 1, 1), "counts of each category; give a row for each category"),
        (
            ("a", "b"),
            "factor",
            (1, 1),
            "response must have 3 or more levels: 'y' has 'a', 'b' in the rows in use",
        ),
        ((), "factor", (), "response must have 3 or more levels: 'y' has none"),
        (("a", "b", "c"), "factor", (1, 0, 2), "'b' of 'y' has only rows of weight 0"),
    ],
)
def test_levels_that_cannot_be_ordered_categories(levels, kind, totals, words):
    with pytest.raises(DataError, match=words):
        check_levels("y", Levels(levels, kind, totals))


def test_the_order_of_strings_is_told():
    with pytest.warns(
        DataWarning, match=r"alphabetical order: high < low < mid; .* factor\(y, levels = c\(...\)\)"
    ):
        check_levels("y", Levels(("high", "low", "mid"), "character", (1, 1, 1)))
