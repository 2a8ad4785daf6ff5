"""What small dense problems do not show of the engine: factors, switches, threads, starts, words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from glmformula.design.pieces import Design, Piece
from glmformula.engine import counts, passes, problem
from glmformula.engine.columns import linear_predictor, plan
from glmformula.engine.irls import fit_glm
from glmformula.engine.messages import seven_digits
from glmformula.engine.passes import Task, merge, run
from glmformula.engine.result import Control
from glmformula.engine.rows import evaluate_rows, row_arrays, working_weights
from glmformula.errors import ConvergenceWarning, DataError, FitError
from glmformula.families import Gamma, binomial, gaussian, inverse_gaussian, poisson
from glmformula.runtime import blas
from glmformula.sources.memory import MemorySource

from .arrays import Blocks, matrix_design

SAME = {"rtol": 1e-12, "atol": 1e-12}


def design_of(*pieces):
    n = len(pieces[-1].codes if pieces[-1].codes is not None else pieces[-1].numeric[0])
    p = sum(piece.width for piece in pieces)
    names = tuple(f"x{j}" for j in range(p))
    return Design(n, pieces, names, np.arange(p), names)


def fit(source, family, *, intercept=True, **more):
    design = source.parts[0].design if isinstance(source, Blocks) else source.design
    return fit_glm(source, family, names=design.names, intercept=intercept, **more)


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(11)


@pytest.fixture(scope="module")
def mixed(rng):
    """Every kind of piece: numbers, products, factors narrow and wide, interactions of all of them."""
    n = 3000
    x, z = rng.normal(size=(2, n))
    f, g, h = (rng.integers(0, k, n) for k in (2, 17, 23))
    helmert = np.tril(np.ones((23, 22)), -1) - np.diag(np.arange(23.0))[:, 1:]
    pieces = (
        Piece(()),
        Piece((x,)),
        Piece((), f.astype(np.int8), np.eye(2)[:, 1:], "f"),
        Piece((), g.astype(np.int16), np.eye(17)[:, 1:], "g"),
        Piece((), h, helmert, "h"),
        Piece((x, z)),
        Piece((z > 0,), g.astype(np.int16), np.eye(17)[:, 1:], "g"),
        Piece((x.astype(np.float32),), (f + 2 * h), np.kron(np.eye(23), np.eye(2))[:, 4:9], ("f", "h")),
    )
    eta = 0.2 * x + rng.normal(size=17)[g] * 0.3 + rng.normal(size=23)[h] * 0.3
    y = rng.poisson(np.exp(eta)).astype(float)
    arrays = {"prior_weights": rng.integers(0, 3, n).astype(float), "offset": rng.normal(size=n) * 0.1}
    return design_of(*pieces), y, arrays


def assert_same_fit(a, b, rtol=1e-9):
    for name in ("coefficients", "cov_unscaled", "deviance", "null_deviance", "pearson", "minus2_loglik"):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=rtol, atol=rtol, err_msg=name)
    assert (a.iter, a.rank, a.converged, a.nobs, a.n_ok) == (b.iter, b.rank, b.converged, b.nobs, b.n_ok)
    np.testing.assert_array_equal(a.pivot, b.pivot)


class TestFactors:
    def test_some_are_counted_and_some_are_not(self, mixed):
        counted = [part.counted for part in plan(mixed[0].pieces, "gram")]
        assert counted[:7] == [False, False, False, True, True, False, True]
        assert not any(part.counted for part in plan(mixed[0].pieces, "qr"))

    @pytest.mark.parametrize("blocks", [1, 5])
    def test_counting_gives_what_qr_gives(self, mixed, blocks):
        design, y, arrays = mixed
        source = Blocks(design, y, blocks=blocks, **arrays)
        assert_same_fit(fit(source, poisson(), method="cholesky"), fit(source, poisson(), method="qr"))

    def test_without_a_column_of_ones(self, mixed):
        design, y, arrays = mixed
        pieces = (Piece((), design.pieces[3].codes, np.eye(17), "g"), *design.pieces[4:])
        source = Blocks(design_of(*pieces), y, blocks=3, **arrays)
        ways = [fit(source, poisson(), intercept=False, method=m) for m in ("cholesky", "qr")]
        assert_same_fit(*ways)

    def test_very_wide_pairs_are_kept_sparse(self, mixed, monkeypatch):
        design, y, arrays = mixed
        source = Blocks(design, y, blocks=2, **arrays)
        dense = fit(source, poisson(), method="cholesky")
        monkeypatch.setattr(counts, "SPARSE_CELLS", 100)
        assert_same_fit(fit(source, poisson(), method="cholesky"), dense, 1e-12)

    def test_counting_without_scipys_loop(self, mixed, monkeypatch):
        design, y, arrays = mixed
        source = Blocks(design, y, blocks=2, **arrays)
        usual = fit(source, poisson(), method="cholesky")
        monkeypatch.setattr(counts, "coo_todense", counts.count_publicly)
        assert_same_fit(fit(source, poisson(), method="cholesky"), usual, 1e-13)

    def test_a_code_that_is_no_level_is_found(self, rng):
        codes = rng.integers(0, 30, 100)
        codes[7] = 30
        design = design_of(Piece(()), Piece((), codes, np.eye(30)[:, 1:], "f"))
        with pytest.raises(IndexError, match=r"level codes should lie in 0\.\.29; got 0\.\.30"):
            fit(Blocks(design, np.ones(100)), poisson(), method="cholesky")

    def test_linear_predictor_is_the_products_sum(self, mixed):
        design, _, arrays = mixed
        beta = np.linspace(-1, 1, design.ncols)
        X = np.column_stack([linear_predictor(design, row, None) for row in np.eye(design.ncols)])
        np.testing.assert_allclose(
            linear_predictor(design, beta, arrays["offset"]), arrays["offset"] + X @ beta, **SAME
        )


class TestSwitching:
    @pytest.fixture(autouse=True)
    def nothing_is_small(self, monkeypatch):
        monkeypatch.setattr(problem, "SMALL_PROBLEM", 0)

    @pytest.fixture
    def columns(self):
        rng = np.random.default_rng(12)
        x, z, noise = rng.normal(size=(3, 400))
        return x, z, noise, rng.poisson(np.exp(0.3 * x)).astype(float)

    @pytest.mark.parametrize(("distance", "method"), [(1e-2, "cholesky"), (1e-6, "qr"), (1e-9, "qr")])
    def test_near_collinear_columns_go_over_to_qr(self, columns, distance, method):
        x, z, noise, y = columns
        X = np.column_stack([np.ones(400), x, z, x + distance * noise])
        source = Blocks(matrix_design(X), y, blocks=3)
        auto = fit(source, poisson())
        assert (auto.method, auto.rank) == (method, 4)
        assert_same_fit(auto, fit(source, poisson(), method="qr"), 1e-7)

    def test_exactly_collinear_columns_are_verified_on_the_rows(self, columns):
        x, z, _, y = columns
        X = np.column_stack([np.ones(400), x, 2 * x - 1, z, np.zeros(400), x + z])
        source = Blocks(matrix_design(X), y, blocks=3)
        auto = fit(source, poisson())
        assert (auto.method, auto.rank) == ("cholesky", 3)
        np.testing.assert_array_equal(auto.pivot, [0, 1, 3, 2, 4, 5])
        assert np.isnan(auto.coefficients[[2, 4, 5]]).all()
        assert_same_fit(auto, fit(source, poisson(), method="qr"))

    def test_many_aliased_columns(self, rng):
        """Wider than a panel of the pivoting, aliased columns everywhere."""
        base = rng.integers(-1, 2, (300, 40)).astype(float)
        sums = base[:, :30] @ rng.integers(0, 2, (30, 25))
        X = np.column_stack([np.ones(300), base, sums, base[:, 30:] - 1])
        X = X[:, [0, *(1 + rng.permutation(X.shape[1] - 1))]]
        source = Blocks(matrix_design(X), rng.normal(size=300), blocks=2)
        auto = fit(source, gaussian())
        assert (auto.method, auto.rank) == ("cholesky", 41)
        assert_same_fit(auto, fit(source, gaussian(), method="qr"))

    def test_rank_may_change_on_the_way(self, columns):
        """A start with a coefficient on a column that turns out to be aliased."""
        x, z, _, y = columns
        X = np.column_stack([np.ones(400), x, 2 * x - 1, z])
        source = Blocks(matrix_design(X), y)
        start = np.array([0.1, 0.2, 0.3, 0.4])
        assert_same_fit(fit(source, poisson(), start=start), fit(source, poisson(), start=start, method="qr"))

    def test_the_row_count_is_asked_for_where_the_source_does_not_know(self, columns, monkeypatch):
        monkeypatch.setattr(problem, "SMALL_PROBLEM", 1e7)
        x, _, _, y = columns
        source = Blocks(matrix_design(np.column_stack([np.ones(400), x])), y, blocks=4)
        assert fit(source, poisson()).method == "qr"

    def test_unknown_method(self, columns):
        with pytest.raises(ValueError, match=r"method should be one of 'auto', 'qr', 'cholesky'; got 'lu'"):
            fit(Blocks(matrix_design(np.ones((3, 1))), np.ones(3)), poisson(), method="lu")


class TestBlocks:
    @pytest.mark.parametrize("method", ["qr", "cholesky"])
    def test_bitwise_the_same_for_any_number_of_threads(self, mixed, method):
        design, y, arrays = mixed
        fits = [
            fit(MemorySource(design, y, block_rows=400, threads=k, **arrays), poisson(), method=method)
            for k in (1, 2, 5)
        ]
        for other in fits[1:]:
            assert other.coefficients.tobytes() == fits[0].coefficients.tobytes()
            assert other.cov_unscaled.tobytes() == fits[0].cov_unscaled.tobytes()
            assert (other.deviance, other.pearson) == (fits[0].deviance, fits[0].pearson)

    @pytest.mark.parametrize("method", ["qr", "cholesky"])
    def test_block_size_is_rounding(self, mixed, method):
        design, y, arrays = mixed
        control = Control(epsilon=1e-12)
        fits = [
            fit(Blocks(design, y, blocks=b, **arrays), poisson(), method=method, control=control)
            for b in (1, 2, 30)
        ]
        for other in fits[1:]:
            np.testing.assert_allclose(other.coefficients, fits[0].coefficients, rtol=1e-11, atol=1e-12)
            np.testing.assert_allclose(other.deviance, fits[0].deviance, rtol=1e-12)

    def test_long_blocks_are_factored_by_chunks(self, mixed, monkeypatch):
        design, y, arrays = mixed
        whole = fit(Blocks(design, y, **arrays), poisson(), method="qr")
        monkeypatch.setattr(passes, "QR_CELLS", 1)
        assert_same_fit(fit(Blocks(design, y, **arrays), poisson(), method="qr"), whole, 1e-11)

    def test_merging_is_associative(self, mixed):
        design, y, arrays = mixed
        parts = Blocks(design, y, blocks=3, **arrays).parts
        for way in ("qr", "gram"):
            a, b, c = (run(Task(poisson(), None, way), part) for part in parts)
            left, right = merge(merge(a, b), c), merge(a, merge(b, c))
            assert left.rows == right.rows == 3000
            np.testing.assert_allclose(left.deviance, right.deviance, rtol=1e-14)

    def test_fewer_rows_than_columns_in_every_block(self, rng):
        X = np.column_stack([np.ones(12), rng.normal(size=(12, 5))])
        y = rng.normal(size=12)
        ways = [fit(Blocks(matrix_design(X), y, blocks=b), gaussian(), method="qr") for b in (1, 6)]
        assert_same_fit(*ways)

    def test_one_blas_thread_is_put_back(self):
        before = [get() for get, _ in blas.controls()]
        with blas.one_blas_thread(), blas.one_blas_thread():
            assert all(get() == 1 for get, _ in blas.controls())
        assert [get() for get, _ in blas.controls()] == before


class TestStarts:
    def test_start_of_the_wrong_length(self):
        design = replace(matrix_design(np.ones((4, 2))), names=("(Intercept)", "x"))
        with pytest.raises(DataError) as caught:
            fit(Blocks(design, np.ones(4)), poisson(), start=[1.0])
        assert str(caught.value) == (
            'length of \'start\' should equal 2 and correspond to initial coefs for c("(Intercept)", "x"); '
            "got 1 values"
        )

    def test_invalid_start(self):
        X = np.column_stack([np.ones(4), np.arange(4)])
        with pytest.raises(FitError, match="cannot find valid starting values: please specify some"):
            fit(Blocks(matrix_design(X), np.ones(4)), Gamma(), start=[-1.0, 0.0])

    def test_invalid_mustart_is_the_users_to_mend(self):
        source = Blocks(matrix_design(np.ones((4, 1))), np.ones(4), mustart=-np.ones(4))
        with pytest.raises(FitError, match="cannot find valid starting values: please specify some"):
            fit(source, poisson())

    def test_etastart_goes_before_start(self):
        X = np.column_stack([np.ones(4), np.arange(4)])
        source = Blocks(matrix_design(X), np.arange(4.0), etastart=np.zeros(4))
        alone = fit(source, poisson())
        assert_same_fit(fit(source, poisson(), start=[-30.0, 0.0]), alone, 1e-15)

    def test_no_valid_line_without_an_intercept(self):
        X = np.array([[-1.0], [1.0], [2.0]])
        with pytest.raises(
            FitError, match="no valid set of coefficients has been found: there is none, a linear programme"
        ):
            fit(
                Blocks(matrix_design(X), np.array([1.0, 2.0, 5.0])), poisson(link="identity"), intercept=False
            )

    @pytest.mark.parametrize(
        ("family", "y"),
        [
            (gaussian(link="log"), [0.0, 0.2, 1.0, 2.5, 5.0, 12.0]),
            (Gamma(), [9.0, 0.1, 0.2, 0.1, 0.1, 0.1]),
            (inverse_gaussian(), [9.0, 0.1, 0.2, 0.1, 0.1, 0.1]),
            (poisson(link="identity"), [9.0, 0.0, 0.0, 1.0, 0.0, 0.0]),
            (binomial(link="log"), [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
        ],
        ids=lambda value: getattr(value, "name", ""),
    )
    @pytest.mark.filterwarnings("ignore::glmformula.errors.ConvergenceWarning")
    def test_a_valid_line_is_found_where_r_gives_up(self, family, y):
        X = np.column_stack([np.ones(6), np.arange(6.0)])
        found = fit(Blocks(matrix_design(X), np.array(y)), family, control=Control(maxit=50))
        assert np.isfinite(found.deviance)
        assert found.deviance <= found.null_deviance

    def test_rising_deviance_is_halved(self):
        """glm2's example: R 'converges' at 2.25e15 (Marschner 2011)."""
        source = Blocks(matrix_design(np.ones((4, 1))), np.array([1.0, 1.0, 1.0, 0.0]))
        with pytest.warns(ConvergenceWarning, match="^step size truncated due to increasing deviance$"):
            found = fit(source, binomial(), start=[-1.81])
        assert found.converged
        np.testing.assert_allclose(found.coefficients, [np.log(3)], rtol=1e-6)
        np.testing.assert_allclose(found.deviance, 4.498681, rtol=1e-6)


class TestWords:
    @pytest.fixture
    def source(self):
        X = np.column_stack([np.ones(6), np.arange(6.0)])
        return Blocks(matrix_design(X), np.array([0.0, 1, 0, 1, 1, 1]))

    def test_maxit(self, source):
        with pytest.warns(ConvergenceWarning, match="^glm.fit: algorithm did not converge$"):
            assert not fit(source, binomial(), control=Control(maxit=1)).converged

    def test_separation(self, source):
        parts = [replace(part, y=np.array([0.0, 0, 0, 1, 1, 1])) for part in source.parts]
        source.parts = parts
        with pytest.warns(ConvergenceWarning) as caught:
            fit(source, binomial())
        messages = [str(w.message) for w in caught]
        assert messages == ["glm.fit: fitted probabilities numerically 0 or 1 occurred"]

    def test_fitted_rates_of_zero(self):
        X = np.column_stack([np.ones(4), [0, 0, 1, 1]])
        with pytest.warns(ConvergenceWarning, match="^glm.fit: fitted rates numerically 0 occurred$"):
            fit(Blocks(matrix_design(X), np.array([0.0, 0, 2, 3])), poisson(), control=Control(1e-16, 60))

    @pytest.mark.parametrize("rows", [0, 3])
    def test_nothing_to_fit(self, rows):
        source = Blocks(matrix_design(np.ones((rows, 1))), np.ones(rows), prior_weights=np.zeros(rows))
        with pytest.raises(
            FitError, match=f"no observations informative at iteration 1: there are {rows} rows, 0 of them"
        ):
            fit(source, poisson())

    def test_empty_model_with_an_invalid_offset(self):
        design = Design(3, (), (), np.zeros(0, int), ())
        with pytest.raises(FitError, match="invalid linear predictor values in empty model"):
            fit(Blocks(design, np.ones(3), offset=-np.ones(3)), poisson(link="identity"), intercept=False)

    def test_trace(self, source, capsys):
        """The text of R 4.2.2 with trace = TRUE."""
        fit(source, binomial(), control=Control(trace=True))
        assert capsys.readouterr().out == TRACE

    @pytest.mark.parametrize(
        ("x", "text"),
        [
            (12.3, "12.3"),
            (100000, "1e+05"),
            (123456.7, "123456.7"),
            (1234567.8, "1234568"),
            (0.0001, "1e-04"),
            (0.00012345, "0.00012345"),
            (4.718496e-08, "4.718496e-08"),
            (0, "0"),
            (1e300, "1e+300"),
            (float("inf"), "Inf"),
            (float("nan"), "NaN"),
        ],
    )
    def test_seven_digits(self, x, text):
        assert seven_digits(x) == text


class TestRows:
    def test_rows_of_an_aliased_fit(self, rng):
        x = rng.normal(size=20)
        X = np.column_stack([np.ones(20), x, 2 * x])
        source = Blocks(matrix_design(X), rng.poisson(2, 20))
        found = fit(source, poisson())
        eta, mu = evaluate_rows(source.parts[0], found.coefficients, poisson())
        np.testing.assert_allclose(eta, X[:, :2] @ found.coefficients[:2], **SAME)
        np.testing.assert_allclose(mu, np.exp(eta), **SAME)

    def test_working_weights_at_the_start_values(self, rng):
        source = Blocks(matrix_design(np.ones((5, 1))), np.arange(5.0), prior_weights=[1, 2, 0, 1, 1])
        with pytest.warns(ConvergenceWarning):
            found = fit(source, poisson(), control=Control(maxit=1))
        assert found.solved_at is None
        weights = working_weights(source.parts[0], found, poisson())
        np.testing.assert_allclose(weights, [0.1, 2.2, 0, 3.1, 4.1], **SAME)

    def test_row_arrays(self, rng):
        source = Blocks(matrix_design(np.ones((5, 1))), np.arange(5.0))
        found = fit(source, poisson())
        y, prior, offset, eta, mu, residuals, weights = row_arrays(source.parts[0], found, poisson())
        assert offset is None
        np.testing.assert_array_equal(prior, np.ones(5))
        np.testing.assert_allclose(mu, 2.0, rtol=1e-7)
        np.testing.assert_allclose(residuals, (y - mu) / mu, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(weights, np.exp(found.solved_at[0]), rtol=1e-12)
        np.testing.assert_allclose(eta, np.log(2), rtol=1e-7)


TRACE = """\
Deviance = 5.04745 Iterations - 1
Deviance = 4.889485 Iterations - 2
Deviance = 4.880296 Iterations - 3
Deviance = 4.88025 Iterations - 4
Deviance = 4.88025 Iterations - 5
"""
