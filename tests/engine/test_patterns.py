"""Rows with equal columns made one: the same fit, with fewer passes over the rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from families.instances import FAMILIES
from tolerances import SAME_ROWS

from glmformula import glm
from glmformula.design.pieces import Design, Indicators, Piece
from glmformula.engine import patterns
from glmformula.engine.irls import fit_glm
from glmformula.families import binomial, gaussian, poisson, quasi

from .arrays import Blocks

N = 2 * patterns.FEWEST_ROWS
AVERAGING = [name for name, family in FAMILIES.items() if family.averages]


def response(rng, family, mu, n=N):
    low, high = family.mu_interval
    if high == 1.0:
        return rng.binomial(3, mu, n) / 3
    if low == 0.0:
        return rng.gamma(2.0, mu / 2, n) if "poisson" not in family.name.lower() else rng.poisson(mu, n) * 1.0
    return mu + rng.normal(size=n)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def few(rng):
    """A factor, its interaction with a number of few values, that number, all of them also as new arrays."""
    codes, x = rng.integers(0, 5, N).astype(np.int8), rng.integers(1, 6, N) / 5.0
    pieces = (
        Piece(()),
        Piece((), codes, Indicators(5, np.arange(1, 5)), "f"),
        Piece((x,)),
        Piece((x,), codes.astype(np.int32), np.eye(5)[:, 1:3], "f"),
    )
    names = tuple(f"x{j}" for j in range(8))
    return Design(N, pieces, names, np.arange(8), names), 0.4 + 0.1 * x + 0.02 * codes


class Counting(Blocks):
    """Counts the times its rows are gone through."""

    passes = 0

    def map_reduce(self, block_fn, merge_fn):
        self.passes += 1
        return super().map_reduce(block_fn, merge_fn)


def both_ways(monkeypatch, design, y, family, **arrays):
    """Fits with and without patterns, and how often each went through the rows."""
    fits = []
    for fewest in (patterns.FEWEST_ROWS, 10 * N):
        with monkeypatch.context() as patch:
            patch.setattr(patterns, "FEWEST_ROWS", fewest)
            source = Counting(design, y, blocks=2, **arrays)
            fits.append((fit_glm(source, family, names=design.names, intercept=True), source.passes))
    return fits


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", AVERAGING)
def test_the_fit_is_that_of_the_rows(name, weighted, few, rng, monkeypatch):
    family, (design, mu) = FAMILIES[name], few
    arrays = (
        {"prior_weights": rng.integers(0, 4, N), "offset": rng.integers(0, 2, N) / 50} if weighted else {}
    )
    y = response(rng, family, mu)
    (a, fewer), (b, passes) = both_ways(monkeypatch, design, y, family, **arrays)
    for what in ("coefficients", "cov_unscaled", "deviance", "null_deviance", "pearson", "minus2_loglik"):
        np.testing.assert_allclose(getattr(a, what), getattr(b, what), **SAME_ROWS, err_msg=what)
    assert (a.iter, a.rank, a.nobs, a.n_ok) == (b.iter, b.rank, b.nobs, b.n_ok)
    assert fewer < passes


@pytest.mark.parametrize("name", AVERAGING)
def test_deviance_of_rows_is_that_of_their_mean_and_a_constant(name, rng):
    family = FAMILIES[name]
    y = response(rng, family, 0.5, 60)
    weights = rng.random(60)
    mean = np.full(60, weights @ y / weights.sum())
    within = np.where(y == mean, 0.0, family.unit_deviance(y, mean))
    for mu in (0.2, 0.5, 0.9):
        rows = weights @ family.unit_deviance(y, np.full(60, mu))
        pattern = weights.sum() * family.unit_deviance(mean[:1], np.array([mu]))[0]
        np.testing.assert_allclose(rows, pattern + weights @ within, rtol=1e-10)


def test_a_family_that_does_not_say_so_is_fitted_to_the_rows(few, rng, monkeypatch):
    design, mu = few
    y = response(rng, poisson(), mu)
    for family in (replace(poisson(), averages=False), quasi("log", "mu")):
        assert not family.averages
        (a, fewer), (b, passes) = both_ways(monkeypatch, design, y, family)
        assert fewer == passes
        np.testing.assert_array_equal(a.coefficients, b.coefficients)


def test_patterns_are_the_distinct_rows(few, rng):
    design, mu = few
    offset, weights = rng.integers(0, 3, N) / 10, rng.random(N)
    y = response(rng, binomial(), mu)
    source = Blocks(design, y, blocks=2, offset=offset, prior_weights=weights)
    found = source.map_reduce(lambda b: patterns.patterns(binomial(), b.design, b), patterns.joined)
    keys = np.column_stack([design.pieces[1].codes, design.pieces[2].numeric[0], offset])
    rows, inverse = np.unique(keys, axis=0, return_inverse=True)
    mine = np.column_stack([found.design.pieces[1].codes, found.design.pieces[2].numeric[0], found.offset])
    order = np.lexsort(mine.T[::-1])
    np.testing.assert_array_equal(mine[order], rows)
    np.testing.assert_allclose(found.weights[order], np.bincount(inverse.ravel(), weights), rtol=1e-12)
    np.testing.assert_allclose(
        (found.weights * found.y)[order], np.bincount(inverse.ravel(), weights * y), rtol=1e-12
    )


@pytest.mark.parametrize("continuous", ["column", "offset", "neither, but combinations are many"])
def test_many_patterns_are_not_kept(continuous, few, rng):
    design, mu = few
    offset = rng.normal(size=N) if continuous == "offset" else None
    if continuous == "column":
        design = Design(
            N, (*design.pieces, Piece((rng.normal(size=N),))), (*design.names, "z"), np.arange(9), ()
        )
    if continuous == "neither, but combinations are many":
        wide = tuple(Piece((), rng.integers(0, 50, N), Indicators(50, np.arange(1, 50)), k) for k in range(8))
        design = Design(N, wide, tuple(map(str, range(392))), np.arange(392), ())
    (block,) = Blocks(design, mu, offset=offset).parts
    assert patterns.patterns(gaussian(), block.design, block) is None


def test_keys_beyond_64_bits_are_made_short(few, rng):
    codes = rng.integers(0, 3, N)
    wide = [Piece((), codes + 10 * k, Indicators(10_000, np.arange(10_000)), k) for k in range(9)]
    of, first = patterns.same_rows(Design(N, tuple(wide), (), np.arange(0), ()), None)
    assert len(first) == 3
    np.testing.assert_array_equal(codes[first][of], codes)


def test_a_profile_goes_over_patterns(rng, monkeypatch):
    x, g = rng.integers(1, 6, N), rng.choice(["a", "b"], N)
    data = pd.DataFrame({"x": x, "g": g, "y": rng.random(N) < 0.2 + 0.1 * x * (g == "a")}).astype(
        {"y": float}
    )
    fit = glm("y ~ x + g", data, "binomial", method="cholesky")
    by_patterns = fit.confint().frame
    monkeypatch.setattr(patterns, "FEWEST_ROWS", 10 * N)
    np.testing.assert_allclose(by_patterns, fit.confint().frame, rtol=1e-8)
    assert len(patterns.condensed(fit.rows.source, fit.family)[0].y) == N
    monkeypatch.undo()
    assert len(patterns.condensed(fit.rows.source, fit.family)[0].y) == 10
