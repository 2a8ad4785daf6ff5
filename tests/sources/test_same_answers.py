"""The same call on every kind of data: coefficients, errors, deviances, iterations, texts."""

from __future__ import annotations

import dask
import numpy as np
import pandas as pd
import pytest
from sources.tables import PLAIN, TABLES, Cut, policies
from tolerances import SAME_ROWS

from glmformula import anova, glm
from glmformula.sources import memory

FITS = {
    "factors": ("claims ~ age + area + band", {"family": "poisson"}),
    "interaction": ("claims ~ age * area + urban", {"family": "poisson"}),
    "learned": (
        "claims ~ poly(size, 3) + scale(w) + ns(age, 3) + factor(years) + urban:size",
        {"family": "poisson", "subset": "!is.na(age)"},
    ),
    "nested": ("claims ~ poly(log(size / mean(size)), 2) + relevel(area, 'c')", {"family": "poisson"}),
    "arguments": (
        "claims ~ I(age - mean(age, na.rm = TRUE)) + cut(size, 3) + offset(log(w))",
        {"family": "poisson", "weights": "w", "subset": "size < quantile(size, 0.9)", "offset": "years / 10"},
    ),
    "factors together": ("size ~ area:urban + area * band + factor(years):urban", {"weights": "w"}),
    "two levels": ("won ~ age + size", {"family": "binomial"}),
    "logical": ("urban ~ age + area", {"family": "binomial", "weights": "w"}),
    "counts": ("cbind(hits, misses) ~ age + area", {"family": "binomial"}),
    "estimated dispersion": ("size ~ age + area + interaction(urban, years)", {"family": "Gamma"}),
    "no intercept": ("age ~ 0 + area + size", {"family": "gaussian", "contrasts": {"area": "contr.sum"}}),
    "aliased": ("claims ~ age + I(2 * age) + area", {"family": "poisson"}),
    "empty": ("claims ~ 0 + offset(log(w))", {"family": "poisson"}),
}


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return policies()


def printed(fit):
    """The summary below the Call, in which the data are named."""
    return str(fit.summary()).partition("\n\nCoefficients:\n")[2]


def assert_same(a, b):
    assert list(a.coefficients.index) == list(b.coefficients.index)
    np.testing.assert_allclose(b.coefficients, a.coefficients, **SAME_ROWS)
    np.testing.assert_allclose(b.vcov(), a.vcov(), **SAME_ROWS)
    for name in ("deviance", "null_deviance", "aic", "dispersion"):
        np.testing.assert_allclose(getattr(b, name), getattr(a, name), **SAME_ROWS, err_msg=name)
    for name in ("iter", "converged", "boundary", "rank", "df_residual", "df_null", "nobs", "n_omitted"):
        assert getattr(a, name) == getattr(b, name), name
    assert a.xlevels == b.xlevels
    assert a.formula == b.formula
    assert printed(a) == printed(b)


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("kind", [k for k in TABLES if k != "pandas"])
def test_every_kind_of_table_gives_the_same_fit(kind, name, data, tmp_path):
    formula, options = FITS[name]
    if kind in PLAIN:
        data = data.assign(band=data["band"].astype(object))
    table = TABLES[kind](data, tmp_path)
    with dask.config.set(scheduler="sync"):
        assert_same(glm(formula, data, **options), glm(formula, table, **options))


@pytest.mark.parametrize("name", FITS)
def test_pieces_of_any_length_give_the_same_fit(name, data):
    formula, options = FITS[name]
    table = Cut(data, (0, 1, 1, 78, 200, 400))
    assert_same(glm(formula, data, **options), glm(formula, table, **options))


@pytest.mark.parametrize("name", ["two levels", "interaction"])
def test_blocks_of_a_piece_give_the_same_fit(name, data, monkeypatch):
    formula, options = FITS[name]
    fit = glm(formula, data, **options)
    for limit, rows in ("LEAST_ROWS", 1), ("MOST_ROWS", 150), ("CACHED_ROWS", 40):
        monkeypatch.setattr(memory, limit, rows)
    assert_same(fit, glm(formula, Cut(data, (3, 200)), **options))


@pytest.mark.parametrize("name", ["factors", "arguments"])
def test_the_order_of_the_rows_does_not_matter(name, data):
    formula, options = FITS[name]
    shuffled = data.sample(frac=1, random_state=3, ignore_index=True)
    assert_same(glm(formula, data, **options), glm(formula, Cut(shuffled, (13, 200)), **options))


QUESTIONS = {
    "anova": lambda fit: fit.anova(),
    "anova, Rao": lambda fit: fit.anova(test="Rao"),
    "drop1": lambda fit: fit.drop1(test="Chisq"),
    "drop1, Rao": lambda fit: fit.drop1(test="Rao"),
    "add1": lambda fit: fit.add1("~ . + size + I(size^2)", test="Chisq"),
    "confint": lambda fit: fit.confint(),
    "Wald": lambda fit: fit.confint(method="wald"),
    "HC1": lambda fit: fit.vcov("HC1"),
    "tidy": lambda fit: fit.tidy(),
    "glance": lambda fit: fit.glance(),
    "update": lambda fit: fit.update("~ . - urban").tidy(),
    "strip_data": lambda fit: fit.strip_data().tidy(),
    "step": lambda fit: fit.step(trace=0).tidy(),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_questions_after_the_fit(name, data):
    answers = [
        QUESTIONS[name](
            glm("claims ~ age + area + urban", rows, "poisson", subset="!is.na(age) & !is.na(area)")
        )
        for rows in (data, Cut(data, (100, 250)))
    ]
    a, b = (getattr(answer, "frame", answer).select_dtypes("number") for answer in answers)
    np.testing.assert_allclose(b.to_numpy(dtype=float), a.to_numpy(dtype=float), **SAME_ROWS)


def test_models_on_the_same_rows_are_compared(data):
    table = Cut(data, (100, 250))
    small, big = (
        glm(f, table, "poisson", subset="!is.na(area)") for f in ("claims ~ age", "claims ~ age + area")
    )
    known = [glm(f, data, "poisson", subset="!is.na(area)") for f in ("claims ~ age", "claims ~ age + area")]
    for test in ("Chisq", "Rao"):
        np.testing.assert_allclose(
            anova(small, big, test=test).frame, anova(*known, test=test).frame, **SAME_ROWS
        )


def test_models_on_other_rows_are_not_compared(data):
    table = Cut(data, (100, 250))
    some = glm("claims ~ age", table, "poisson", subset="years < 4 & !is.na(area)")
    others = glm("claims ~ age + area", table, "poisson", subset="years > 1")
    with pytest.raises(ArithmeticError, match="not all fitted to the same size"):
        anova(some, others)


def test_other_rows_of_the_same_number_are_told_apart(data):
    table = Cut(data, (100, 250))
    first, last = (glm("age ~ 1", table, subset=f"claims >= 0 & size != {x!r}") for x in data["size"][[8, 9]])
    assert first.nobs == last.nobs
    with pytest.raises(ArithmeticError, match="other ones"):
        anova(first, last)


def test_new_rows_in_memory_are_predicted(data):
    a = glm("claims ~ poly(size, 2) + area", data, "poisson")
    b = glm("claims ~ poly(size, 2) + area", Cut(data, (100,)), "poisson")
    for options in ({}, {"type": "response", "se_fit": True}, {"type": "terms"}):
        np.testing.assert_allclose(
            b.predict(data.head(20), **options), a.predict(data.head(20), **options), **SAME_ROWS
        )
