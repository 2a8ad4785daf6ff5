"""Fits at once, in threads and processes, are the same bits as one after another; nothing global stays changed."""

from __future__ import annotations

import multiprocessing
import os
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pandas as pd
import pytest

import glmformula as g
from glmformula.engine.irls import fit_glm
from glmformula.errors import DataWarning, give_warning, hearing
from glmformula.families.link import quiet
from glmformula.runtime import blas

WIDE = "count ~ x + g"
MODELS = {
    "binomial": ("yes ~ x + poly(z, 2) + f", g.binomial(), {}),
    "poisson": ("count ~ ns(x, 3) + f", g.poisson(), {"offset": "log(size)"}),
    "gamma": ("size ~ x * f", g.Gamma("log"), {"weights": "w"}),
    "separated": ("yes ~ z + level", g.binomial(), {}),
    "firth": ("yes ~ x + f", g.binomial(), {"method": "firth"}),
    "aliased": ("z ~ x + f + I(2 * x)", g.gaussian(), {}),
    "gram": ("yes ~ x + f", g.binomial(), {"method": "cholesky"}),
    "wide": (WIDE, g.poisson(), {"method": "cholesky"}),
}


@cache
def data(seed: int = 0, n: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    out = pd.DataFrame({"x": x, "z": rng.normal(size=n), "f": rng.choice(list("abcd"), n)})
    out["g"] = rng.choice([f"level{k:03d}" for k in range(120)], n)
    out["size"], out["w"] = rng.gamma(4.0, np.exp(x / 3)), rng.integers(1, 4, n)
    out["count"] = rng.poisson(3 * np.exp(x / 5)) + 1
    out["yes"] = rng.binomial(1, 1 / (1 + np.exp(-x)))
    out["level"] = np.where(np.arange(n) % 50 == 0, "rare", "usual")
    out.loc[out["level"] == "rare", "yes"] = 1
    return out


def answer(job: tuple[str, int]) -> tuple[bytes, ...]:
    name, seed = job
    formula, family, options = MODELS[name]
    fit = g.glm(formula, data(seed), family, **options)
    numbers = (fit.result.coefficients, fit.result.cov_unscaled, np.array([fit.deviance, fit.iter]))
    more = (fit.summary().coefficients, fit.predict(data(seed).head(9), se_fit=True))
    return (*(a.tobytes() for a in numbers), *(m.to_numpy(dtype=float).tobytes() for m in more))


def silent(job: tuple[str, int]) -> tuple[bytes, ...]:
    """For another process, which has filters of its own."""
    warnings.simplefilter("ignore")
    return answer(job)


@pytest.fixture
def two_blas_threads():
    before = [get() for get, _ in blas.controls()]
    for _, set_ in blas.controls():
        set_(2)
    yield
    for (_, set_), count in zip(blas.controls(), before):
        set_(count)


JOBS = [(name, seed) for seed in range(3) for name in MODELS]
pytestmark = pytest.mark.filterwarnings("ignore:separation:glmformula.errors.SeparationWarning")


@pytest.mark.usefixtures("two_blas_threads")
def test_threads_at_once():
    """With two BLAS threads the last digits of a wide fit once depended on whether another was under way."""
    alone = [answer(job) for job in JOBS]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(answer, JOBS * 2)) == alone * 2
    assert all(get() == 2 for get, _ in blas.controls())


def test_processes_at_once():
    jobs = JOBS[: len(MODELS)]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(silent, jobs)) == [answer(job) for job in jobs]


def test_one_model_asked_by_many_threads():
    """What a model computes when it is first asked for is the same whoever asks first."""
    fit = g.glm("yes ~ x + f", data(), "binomial")
    expected = str(fit.summary()), fit.hatvalues().tolist(), str(fit.anova(test="Chisq")), str(fit.confint())
    again = g.glm("yes ~ x + f", data(), "binomial")

    def ask(_: int) -> tuple[object, ...]:
        return (
            str(again.summary()),
            again.hatvalues().tolist(),
            str(again.anova(test="Chisq")),
            str(again.confint()),
        )

    with ThreadPoolExecutor(6) as pool:
        assert set(map(str, pool.map(ask, range(12)))) == {str(expected)}


@pytest.mark.parametrize("name", ["binomial", "wide", "gamma"])
def test_the_number_of_threads(name):
    formula, family, options = MODELS[name]
    fit = g.glm(formula, data(), family, **options)
    source = replace(fit.rows.source, block_rows=50)
    answers = [
        fit_glm(replace(source, threads=k), family, names=fit.column_names, intercept=True, method=method)
        for method in ("qr", "cholesky")
        for k in (1, 2, 4)
    ]
    for method in (answers[:3], answers[3:]):
        for other in method[1:]:
            np.testing.assert_array_equal(other.coefficients, method[0].coefficients)
            np.testing.assert_array_equal(other.cov_unscaled, method[0].cov_unscaled)
            assert (other.deviance, other.iter) == (method[0].deviance, method[0].iter)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_number_of_blas_threads(threads):
    before = [get() for get, _ in blas.controls()]
    alone = answer(("wide", 0))
    for _, set_ in blas.controls():
        set_(threads)
    try:
        assert answer(("wide", 0)) == alone
    finally:
        for (_, set_), count in zip(blas.controls(), before):
            set_(count)


# ---- what belongs to the process ----


def streamed(path: str, _: int) -> tuple[float, ...]:
    with hearing() as heard:
        fit = g.glm("odd ~ x + f", path, "poisson")
    assert [category for category, _ in heard] == [DataWarning]
    return tuple(fit.coefficients)


def test_streams_at_once_leave_the_filters_alone(tmp_path):
    """`warnings.catch_warnings` in several threads may restore what another thread had set."""
    pytest.importorskip("pyarrow")
    path = str(tmp_path / "rows.parquet")
    data().assign(odd=lambda d: d["count"] + 0.5).to_parquet(path, row_group_size=100)
    filters, show = list(warnings.filters), warnings.showwarning
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(partial(streamed, path), range(12)))
    assert len(found) == 1
    assert warnings.filters == filters
    assert warnings.showwarning is show


def test_a_warning_is_heard_by_its_own_thread_only():
    def say(text: str) -> list[str]:
        with hearing() as heard:
            for _ in range(200):
                give_warning(text, DataWarning)
        return [t for _, t in heard]

    with ThreadPoolExecutor(4) as pool:
        for text, heard in zip("abcd", pool.map(say, "abcd")):
            assert heard == [text] * 200
    with pytest.warns(DataWarning, match="^e$"):
        give_warning("e", DataWarning)


def test_numpys_error_state_is_left_as_it_was():
    """In NumPy 1 one `errstate` used by nested calls restored the inner state."""
    inner = quiet(lambda: np.geterr()["divide"])
    outer = quiet(lambda: (inner(), np.geterr()["divide"]))
    with np.errstate(divide="raise", over="raise", invalid="raise", under="raise"):
        before = np.geterr()
        assert outer() == ("ignore", "ignore")
        for job in JOBS[: len(MODELS)]:
            answer(job)
        assert np.geterr() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_process_forked_during_a_fit_gets_its_threads_back():
    before = [get() for get, _ in blas.controls()]
    with blas.one_blas_thread():
        child = os.fork()
        if not child:
            ok = not blas._inside and [get() for get, _ in blas.controls()] == before
            with blas.one_blas_thread():
                ok = ok and all(get() == 1 for get, _ in blas.controls())
            os._exit(0 if ok else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert blas._inside == 1
