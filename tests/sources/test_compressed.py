"""Databases by their drivers, and equal rows counted there: the fit of the rows in memory, to rounding."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import duckdb
import numpy as np
import pandas as pd
import pytest
from sources.databases import adbc_of, duckdb_of, postgres_of, postgres_server, sqlite_of
from tolerances import SAME_ROWS

import glmformula as gf
from glmformula import ConvergenceWarning, DataError, DataWarning, FamilyError, SeparationWarning, glm
from glmformula.sources import compressed, database
from glmformula.sources.compressed import CompressedSource
from glmformula.sources.streamed import StreamSource

QUERY = "select * from rows"
TYPES = {
    "area": "text", "band": "numeric(4,1)", "years": "int", "e": "double precision", "w": "smallint",
    "claims": "bigint", "left": "boolean", "hits": "int", "misses": "int", "cost": "float4",
}  # fmt: skip


@pytest.fixture(scope="module")
def data():
    """Few values, together; some missing."""
    rng = np.random.default_rng(4)
    n = 3000
    frame = pd.DataFrame({
        "area": rng.choice(["b", "A", "c", "a b", "a"], n), "band": rng.integers(0, 5, n) / 2,
        "years": rng.integers(1, 5, n), "e": rng.choice([0.5, 1.0, 1.5], n), "w": rng.integers(1, 4, n),
    })  # fmt: skip
    eta = 0.3 * frame["band"] - 0.4 * (frame["area"] == "A") - 0.1 * frame["years"]
    frame["claims"] = rng.poisson(frame["e"] * np.exp(eta))
    frame["left"] = rng.random(n) < 1 / (1 + np.exp(-eta))
    frame["hits"], frame["misses"] = rng.integers(0, 4, n), rng.integers(0, 3, n)
    frame["cost"] = rng.integers(1, 8, n) / 4
    frame.loc[[3, 77], "band"] = np.nan
    frame.loc[[5, n - 1], "area"] = None
    return frame


@pytest.fixture(scope="module")
def server():
    with postgres_server() as address:
        yield address


@pytest.fixture(params=["duckdb", "sqlite", "adbc", "postgresql"])
def source(request, data, tmp_path):
    frame = data
    if request.param == "postgresql":
        address = request.getfixturevalue("server")
        with closing(postgres_of(frame, address, TYPES)) as connection:
            yield QUERY, connection
    elif request.param == "duckdb":
        yield QUERY, duckdb_of(frame)
    else:
        made = {"sqlite": sqlite_of, "adbc": adbc_of}[request.param]
        with closing(made(frame.astype({"left": int}), tmp_path / "data.db")) as connection:
            yield QUERY + ";", connection


def assert_same(a, b):
    assert list(a.coefficients.index) == list(b.coefficients.index)
    np.testing.assert_allclose(b.coefficients, a.coefficients, **SAME_ROWS)
    np.testing.assert_allclose(b.vcov(), a.vcov(), **SAME_ROWS)
    for name in ("deviance", "null_deviance", "aic", "bic", "loglik", "dispersion"):
        np.testing.assert_allclose(getattr(b, name), getattr(a, name), **SAME_ROWS, err_msg=name)
    for name in ("nobs", "df_null", "df_residual", "iter", "n_omitted", "converged"):
        assert getattr(a, name) == getattr(b, name), name
    assert str(a.summary()) == str(b.summary())


@pytest.mark.parametrize("compress", [None, True, "auto"])
def test_every_database_gives_the_fit_of_the_rows(data, source, compress):
    formula, options = "claims ~ area + band + factor(years)", {"offset": "log(e)", "weights": "w"}
    if compress == "auto":  # what repeats itself
        formula, options = "claims ~ area", {"weights": "w"}
    fit = glm(formula, source, "poisson", compress=compress, **options)
    assert isinstance(fit.training.source, CompressedSource if compress else StreamSource)
    assert_same(glm(formula, data, "poisson", **options), fit)


MODELS = {
    "logical": ("left ~ area * band", "binomial", {}),
    "counts of two": ("cbind(hits, misses) ~ area", "binomial", {"weights": "w"}),
    "proportions": (
        "I(hits / (hits + misses)) ~ band",
        "binomial",
        {"weights": "hits + misses", "subset": "misses > 0"},
    ),
    "gaussian": ("claims ~ area + band", "gaussian", {"weights": "w"}),
    "Gamma": ("cost ~ area + band", "Gamma", {}),
    "inverse gaussian": ("cost ~ band", "inverse.gaussian", {"weights": "w"}),
    "tweedie": ("cost ~ area", gf.tweedie(1.5, 0), {}),
    "negative binomial": ("claims ~ area", gf.negative_binomial(2.0), {"offset": "log(e)"}),
    "quasi": ("claims ~ band", "quasipoisson", {"offset": 0.5}),
    "learned": ("claims ~ poly(years, 2) + I(e - mean(e)) + cut(years, 2)", "poisson", {}),
    "no intercept": ("left ~ 0 + area", gf.binomial("probit"), {}),
    "subset": ("left ~ band", "binomial", {"subset": "years > 1"}),
    "start": ("left ~ band", "binomial", {"start": [0.1, 0.1], "epsilon": 1e-12}),
}  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_counted_rows_give_every_number_of_the_rows(data, model):
    formula, family, options = MODELS[model]
    fit = glm(formula, (QUERY, duckdb_of(data)), family, compress=True, **options)
    assert isinstance(fit.training.source, CompressedSource)
    assert len(fit.training.source.alike.y) < 2000
    assert_same(glm(formula, data, family, **options), fit)


@pytest.fixture(scope="module")
def pair(data):
    formula = "claims ~ area + band + years"
    return (
        glm(formula, data, "poisson", offset="log(e)"),
        glm(formula, (QUERY, duckdb_of(data)), "poisson", offset="log(e)", compress=True),
    )


@pytest.mark.parametrize(
    "ask",
    [
        lambda fit: fit.anova(test="Rao"),
        lambda fit: fit.drop1(test="LRT"),
        lambda fit: fit.drop1(test="Rao"),
        lambda fit: fit.update(". ~ . - years"),
        lambda fit: fit.update(family="quasipoisson").drop1(test="F"),
        lambda fit: fit.step(trace=0).anova,
        lambda fit: fit.confint(),
        lambda fit: fit.vcov("HC3"),
        lambda fit: fit.vcov(cluster="area"),
        lambda fit: fit.add1(". ~ . + e"),
        lambda fit: fit.predict(
            pd.DataFrame({"area": ["A"], "band": [1.0], "years": [2], "e": [1.0]}), se_fit=True
        ),
        lambda fit: fit.overdispersion(),
        lambda fit: fit.refit(formula="claims ~ area"),
        lambda fit: fit.Anova(type="III"),
    ],
)
def test_verbs_are_those_of_the_rows(pair, ask):
    rows, counted = (str(ask(fit)) for fit in pair)
    assert counted == rows


def test_answers_for_rows_read_the_rows(pair, tmp_path):
    rows, counted = pair
    path = counted.residuals("pearson", out=tmp_path / "r.parquet")
    written = pd.read_parquet(path)
    np.testing.assert_allclose(np.sort(written.iloc[:, -1]), np.sort(rows.residuals("pearson")), rtol=1e-9)


def test_submodels_and_profiles_do_not_read_the_rows(pair, monkeypatch):
    def read(*_):
        raise AssertionError("a pass over the rows")

    fit = pair[1]
    monkeypatch.setattr(StreamSource, "map_reduce", read)
    fit.anova(), fit.drop1(), fit.confint(), fit.on_terms([0, 1])


def test_equal_under_a_collation_is_not_equal(data, tmp_path, server):
    frame = data[["area", "claims"]].assign(area=np.where(data["area"] == "b", "a", data["area"]))
    expected = glm("claims ~ area", frame.assign(area=frame["area"].str.replace("a b", "B")), "poisson")
    frame["area"] = frame["area"].str.replace("a b", "B")
    with closing(sqlite3.connect(tmp_path / "c.db")) as connection:
        connection.execute("create table rows (area text collate nocase, claims int)")
        connection.executemany(
            "insert into rows values (?, ?)",
            frame.astype(object).where(frame.notna(), None).to_numpy().tolist(),
        )
        assert_same(expected, glm("claims ~ area", (QUERY, connection), "poisson", compress=True))
    nocase = duckdb.connect()
    nocase.register("frame", frame)
    nocase.sql(
        "create table rows (area varchar collate nocase, claims int); insert into rows select area, claims from frame"
    )
    assert_same(expected, glm("claims ~ area", (QUERY, nocase), "poisson", compress=True))
    with closing(postgres_of(frame, server, {"area": "text", "claims": "int"})) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "create collation if not exists nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
        )
        cursor.execute("alter table rows alter column area type text collate nocase")
        assert_same(expected, glm("claims ~ area", (QUERY, connection), "poisson", compress=True))


def test_enumerations_keep_their_order(data, server):
    frame = data[["area", "claims"]].dropna()
    frame = frame[frame["area"].isin(["b", "A"])].astype({"area": str})
    with closing(postgres_of(frame, server, {"area": "text", "claims": "int"})) as connection:
        cursor = connection.cursor()
        cursor.execute("drop type if exists areas; create type areas as enum ('b', 'unused', 'A')")
        cursor.execute("alter table rows alter column area type areas using area::areas")
        for compress in (None, True):
            fit = glm("claims ~ area", (QUERY, connection), "poisson", compress=compress)
            assert list(fit.coefficients.index) == ["(Intercept)", "areaA"]


def test_a_sqlite_column_of_several_kinds(tmp_path):
    with closing(sqlite3.connect(tmp_path / "m.db")) as connection:
        connection.execute("create table rows (x, y, z)")
        connection.executemany("insert into rows values (?, ?, ?)", [(1, 1.5, 2), (2.5, 2, "a"), (3, 4, 2)])
        fit = glm("y ~ x", (QUERY, connection))
        np.testing.assert_allclose(
            fit.coefficients, glm("y ~ x", {"x": [1, 2.5, 3], "y": [1.5, 2, 4]}).coefficients
        )
        with pytest.raises(DataError, match="'z'"):
            glm("y ~ z", (QUERY, connection))


def test_where_little_repeats_the_rows_are_read(data, monkeypatch):
    frame = data.assign(x=np.arange(len(data)) / 7)
    fit = glm("claims ~ x", (QUERY, duckdb_of(frame)), "poisson", compress="auto")
    assert type(fit.training.source) is StreamSource
    assert_same(glm("claims ~ x", frame, "poisson"), fit)
    monkeypatch.setattr(compressed, "MOST", 100)
    with pytest.raises(
        DataError, match="compress=True: more than 100 rows differ in claims, x; leave compress= out"
    ):
        glm("claims ~ x", (QUERY, duckdb_of(frame)), "poisson", compress=True)
    monkeypatch.setattr(compressed, "REPEATED", -1.0)
    assert (
        type(glm("claims ~ x", (QUERY, duckdb_of(frame)), "poisson", compress="auto").training.source)
        is StreamSource
    )


def test_what_cannot_be_counted(data):
    with pytest.raises(DataError, match="compress=True lets a database count equal rows"):
        glm("claims ~ band", data, "poisson", compress=True)
    assert glm("claims ~ band", data, "poisson", compress="auto").nobs == 2998
    with pytest.raises(ValueError, match="compress should be True, False or 'auto'; got 3"):
        glm("claims ~ band", data, "poisson", compress=3)
    with pytest.raises(
        ValueError, match="compress=True is for maximum likelihood with a family that is known"
    ):
        glm("left ~ band", (QUERY, duckdb_of(data)), "binomial", compress=True, method="firth")
    auto = glm("left ~ band", (QUERY, duckdb_of(data)), "binomial", compress="auto", method="firth")
    assert type(auto.training.source) is StreamSource
    with pytest.raises(TypeError, match="glm_nb\\(\\) has no compress="):
        gf.glm_nb("claims ~ band", data, compress=True)
    with pytest.raises(ValueError, match="by= takes the rows of each group as they are"):
        glm("left ~ band", (QUERY, duckdb_of(data)), "binomial", by="area", compress=True)


def test_messages_speak_of_rows(data):
    frame = data.assign(bad=data["claims"] - 1, half=data["claims"] / 2)
    for compress in (None, True):
        with pytest.raises(FamilyError, match=rf"negative values.*{(frame['bad'] < 0).sum()} of 3000"):
            glm("bad ~ years", (QUERY, duckdb_of(frame)), "poisson", compress=compress)
    with pytest.warns(DataWarning, match="non-integer x"):
        glm("half ~ years", (QUERY, duckdb_of(frame)), "poisson", compress=True)
    with pytest.warns(SeparationWarning, match="complete separation"), pytest.warns(ConvergenceWarning):
        glm("I(years > 2) ~ years", (QUERY, duckdb_of(frame)), "binomial", compress=True)


def test_queries_that_fail(data, tmp_path, server):
    connection = sqlite_of(data, tmp_path / "f.db")
    with closing(connection), pytest.raises(DataError, match="SQLite could not run the query: no such table"):
        glm("y ~ x", ("select * from nowhere", connection))
    with closing(postgres_of(data, server, TYPES)) as connection:
        with pytest.raises(
            DataError, match='PostgreSQL could not run the query: relation "nowhere" does not exist'
        ):
            glm("y ~ x", ("select * from nowhere", connection))
        connection.rollback()
        with pytest.raises(DataError, match="two columns called 'w': rename one, with AS"):
            glm("w ~ e", ("select w, e, w from rows", connection))
    with pytest.raises(
        DataError, match="needs a DuckDB connection, not int, or one of sqlite3, psycopg or an ADBC driver"
    ):
        glm("y ~ x", (QUERY, 3))


def test_rows_that_change_between_passes(data, tmp_path):
    with closing(sqlite_of(data, tmp_path / "g.db")) as connection:
        fit = glm("claims ~ band", (QUERY, connection), "poisson", compress=True)
        connection.execute("delete from rows where rowid < 10")
        with pytest.raises(DataError, match="the data have changed"):
            fit.vcov("HC0")


def test_levels_and_extremes_are_learned_of_the_counts(data, monkeypatch):
    def read(*_):
        raise AssertionError("a pass over the rows")

    formula, source = "claims ~ factor(years) + cut(w, 2)", (QUERY, duckdb_of(data))
    monkeypatch.setattr(database._Read, "__call__", read)
    fit = glm(formula, source, "poisson", compress=True)
    assert_same(glm(formula, data, "poisson"), fit)
    with pytest.raises(AssertionError, match="a pass over the rows"):
        glm("claims ~ scale(years)", source, "poisson", compress=True)  # the mean is of the rows
