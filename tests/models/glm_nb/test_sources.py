"""The same rows in files, in a database and on a cluster: the same estimates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sources.tables import lazily, parquet, relation
from tolerances import SAME_ROWS

import glmformula as gf

TABLES = {"parquet": parquet, "duckdb": relation, "dask": lazily}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(4)
    n = 700
    x, area = rng.normal(size=n), rng.choice(["a", "b", "c"], n)
    mu = np.exp(0.4 * x + 0.5 * (area == "b") + 0.5)
    y = rng.negative_binomial(1.5, 1.5 / (1.5 + mu)).astype(float)
    return pd.DataFrame(
        {"x": x, "area": area, "y": y, "w": rng.integers(0, 3, n).astype(float), "e": rng.uniform(1, 2, n)}
    )


@pytest.fixture(params=TABLES)
def table(request, data, tmp_path):
    return TABLES[request.param](data, tmp_path)


@pytest.mark.parametrize(
    "options", [{}, {"weights": "w"}, {"link": "sqrt"}, {"offset": "log(e)", "method": "cholesky"}]
)
def test_estimates(data, table, options):
    there, here = (gf.glm_nb("y ~ x + area", rows, **options) for rows in (table, data))
    np.testing.assert_allclose(there.coefficients, here.coefficients, **SAME_ROWS)
    np.testing.assert_allclose(there.vcov(), here.vcov(), **SAME_ROWS)
    found = [
        (fit.theta, fit.se_theta, fit.twologlik, fit.deviance, fit.null_deviance) for fit in (there, here)
    ]
    np.testing.assert_allclose(*found, **SAME_ROWS)


@pytest.mark.filterwarnings("ignore:tests made without re-estimating")
def test_questions(data, table):
    there, here = (gf.glm_nb("y ~ x + area", rows) for rows in (table, data))
    for ask in (
        lambda fit: fit.vcov(complete_theta=True),
        lambda fit: fit.confint("x", method="profile-joint"),
        lambda fit: fit.anova(),
        lambda fit: fit.update(". ~ . - area").anova(fit).drop(columns=["Model", "Test"]).astype(float),
        lambda fit: fit.drop1(test="LRT"),
        lambda fit: fit.vcov("HC1"),
        lambda fit: [gf.theta_ml(fit), gf.theta_md(fit), gf.theta_mm(fit)],
    ):
        np.testing.assert_allclose(ask(there), ask(here), rtol=1e-7, atol=1e-9)


def test_very_many_rows_start_at_the_estimates_of_some(data):
    """The same estimates as from the usual start, in any order of the rows; and of sorted ones."""
    rng = np.random.default_rng(2)
    n = 70_000
    x, g = rng.normal(size=n), np.repeat(["a", "b", "c", "d"], [n - 90, 40, 40, 10])
    mu = np.exp(0.5 + 0.3 * x + 0.4 * (g == "b"))
    many = pd.DataFrame({"x": x, "g": g, "y": rng.negative_binomial(1.7, 1.7 / (1.7 + mu)).astype(float)})
    usual = gf.glm_nb("y ~ x + g", many, start=[0.5, 0.0, 0.0, 0.0, 0.0])
    for rows in (many, many.sort_values("g", ascending=False), many.sort_values("y")):
        fit = gf.glm_nb("y ~ x + g", rows)
        np.testing.assert_allclose(fit.coefficients[:2], usual.coefficients[:2], rtol=1e-7)
        assert (fit.theta, fit.twologlik) == pytest.approx((usual.theta, usual.twologlik), rel=1e-9)
