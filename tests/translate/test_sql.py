"""`to_sql`: what databases compute of it is what `predict` gives, of every function that a formula may call."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from scipy import special
from tolerances import SQL

from glmformula import (
    Gamma,
    Link,
    binomial,
    gaussian,
    glm,
    glm_nb,
    hurdle,
    inverse_gaussian,
    lm,
    load,
    multinom,
    poisson,
    polr,
    power,
    quasi,
    register_function,
    tweedie,
    zeroinfl,
)
from glmformula.errors import DataError, FormulaError
from glmformula.formula.functions import TABLE
from glmformula.translate.compiler import REFUSED, TRANSLATIONS
from glmformula.translate.dialects import DIALECTS
from glmformula.translate.expressions import Column
from glmformula.translate.special import TRANSLATIONS as EXPANDED
from glmformula.translate.symbols import Numeric
from glmformula.translate.writer import literal, number, quoted, write

from .cases import CASES, DESIGNS, N, holes, rows
from .databases import Duck, Lite, postgres, programs

DATA, NEW = rows(), holes(rows())
FORMULAS = dict(CASES) | {design: design for design in DESIGNS}
UNICODE_ONLY = {"toupper", "tolower"}
WITHOUT_POSTGRES = "PostgreSQL's programs are not here (Debian: postgresql)"


@pytest.fixture(scope="module")
def fits() -> dict[str, object]:
    return {name: glm(f"y ~ {right}", DATA) for name, right in FORMULAS.items()}


@pytest.fixture(scope="module")
def server() -> Iterator[object]:
    if programs() is None or shutil.which("psql") is None:
        pytest.skip(WITHOUT_POSTGRES)
    with postgres() as running:
        yield running


@pytest.fixture(scope="module", params=["duckdb", "sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Callable[[pd.DataFrame], object]:
    """A function that puts a frame into a table `data` of a database."""
    if request.param == "postgres":
        return request.getfixturevalue("server").load
    return {"duckdb": Duck, "sqlite": Lite}[request.param]


def close(got: object, want: object) -> None:
    """Alike to 1e-12, relative to each value or to a thousandth of the largest."""
    got, want = np.asarray(got, dtype=float), np.asarray(want, dtype=float)
    assert (np.isnan(got) == np.isnan(want)).all(), (got, want)
    np.testing.assert_allclose(got, want, rtol=SQL, atol=1e-3 * SQL * np.nanmax(np.abs(want), initial=0.0))


def test_every_function_is_written_or_refused_for_a_reason() -> None:
    built_in = {name for name, function in TABLE.items() if not function.user}
    assert set(CASES) | set(REFUSED) == built_in
    assert set(CASES) & set(REFUSED) == {"["}  # of a summary a constant, of rows another row's value
    assert set(TRANSLATIONS) <= set(CASES)
    assert all(REFUSED.values())


def test_every_function_in_a_database(database: Callable[..., object], fits: dict[str, object]) -> None:
    db = database(NEW)
    names = [n for n in fits if n not in UNICODE_ONLY or db.dialect == "duckdb"]  # type: ignore[attr-defined]
    got = db.ask([f"{fits[n].to_sql(db.dialect)} AS c{k}" for k, n in enumerate(names)])  # type: ignore[attr-defined]
    for k, name in enumerate(names):
        try:
            close(got[f"c{k}"], fits[name].predict(NEW, new_levels="na"))  # type: ignore[attr-defined]
        except AssertionError as error:
            raise AssertionError(f"{name}: y ~ {FORMULAS[name]}: {error}") from None


@pytest.mark.parametrize("dialect", ["snowflake", "bigquery", "spark"])
def test_databases_that_are_not_here(dialect: str, fits: dict[str, object]) -> None:
    """What is written for them is read as their language by a translator, and computed by DuckDB."""
    sqlglot = pytest.importorskip("sqlglot")
    duck = Duck(NEW)
    long = {*EXPANDED, *DESIGNS, "pnorm"}  # of the same few operators, and slow to read
    names = [name for name in fits if name not in long]
    texts = [f"{fits[name].to_sql(dialect)} AS c{k}" for k, name in enumerate(names)]  # type: ignore[attr-defined]
    got = duck.ask([sqlglot.transpile(text, read=dialect, write="duckdb")[0] for text in texts])
    for k, name in enumerate(names):
        try:
            close(got[f"c{k}"], fits[name].predict(NEW, new_levels="na"))  # type: ignore[attr-defined]
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None


# ---- families, links, standard errors, other models ----


def counts() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = rng.poisson(np.exp(0.3 * DATA["x"] + 0.2))
    return DATA.assign(
        n=n,
        over=rng.negative_binomial(1.0, 0.3, N),
        z=n * (rng.random(N) < 0.7),
        win=(rng.random(N) < 0.5).astype(int),
        cat=rng.choice(["a", "b", "c"], N),
    )


COUNTS = counts()


def one_predictor() -> dict[str, object]:
    start = np.full(N, 1.5)
    binomials = {
        link: glm("win ~ x + f", COUNTS, binomial(link)) for link in ("logit", "probit", "cauchit", "cloglog")
    }
    return {
        **binomials,
        **{
            link: glm("n ~ p + f", COUNTS, poisson(link), mustart=start)
            for link in ("log", "sqrt", "identity")
        },
        "inverse": glm("y ~ p + f", COUNTS, Gamma()),
        "1/mu^2": glm("y ~ p", COUNTS, inverse_gaussian()),
        "power": glm("y ~ p + f", COUNTS, quasi(power(1 / 3), "mu")),
        "tweedie": glm("y ~ p + f", COUNTS, tweedie(1.5, -0.5)),
        "glm_nb": glm_nb("over ~ x + f", COUNTS),
        "lm": lm("y ~ poly(x, 2) * f", COUNTS),
        "offset": glm("n ~ x", COUNTS, poisson(), offset="log(p) + 0.5"),
    }


def test_scales_and_standard_errors(database: Callable[..., object]) -> None:
    db = database(NEW)
    for name, fit in one_predictor().items():
        for type in ("link", "response"):
            got = db.ask([fit.to_sql(db.dialect, type=type, se=True)])  # type: ignore[attr-defined]
            want = fit.predict(NEW, type=type, se_fit=True, new_levels="na")  # type: ignore[attr-defined]
            for column in ("fit", "se_fit"):
                try:
                    close(got[column], want[column])
                except AssertionError as error:
                    raise AssertionError(f"{name} {type} {column}: {error}") from None


@pytest.mark.parametrize("link", ["logit", "probit", "cauchit", "cloglog"])
def test_far_tails(database: Callable[..., object], link: str) -> None:
    """Where probabilities are 1e-16, and where R holds them."""
    data = pd.DataFrame({"x": np.linspace(-1.0, 1.0, 40), "y": np.tile([0, 1, 1, 0], 10)})
    fit = glm("y ~ x", data, binomial(link))
    slope = float(fit.coefficients["x"])
    far = pd.DataFrame(
        {"x": np.array([-1e3, -40, -31, -29, -9, -8.2, -5, -1, 0, 1, 3.57, 4.1, 8, 31, 1e3]) / slope}
    )
    db = database(far)
    got = db.ask([f"{fit.to_sql(db.dialect)} AS fit"])["fit"]  # type: ignore[attr-defined]
    np.testing.assert_allclose(got.astype(float), fit.predict(far, type="response"), rtol=SQL)


def test_models_of_several_predictors(database: Callable[..., object]) -> None:
    db = database(NEW)
    models = {
        "multinom": (multinom("cat ~ x + f", COUNTS), ("probs", "link")),
        "two classes": (multinom("win ~ x", COUNTS), ("probs",)),
        "polr": (polr("g ~ x + b", COUNTS), ("probs", "link")),
        "probit": (polr("g ~ x", COUNTS, method="probit"), ("probs",)),
        "zeroinfl": (zeroinfl("z ~ x | p", COUNTS), ("response", "count", "zero")),
        "negbin": (zeroinfl("over ~ x + offset(u)", COUNTS, dist="negbin", link="probit"), ("response",)),
        "hurdle": (hurdle("over ~ x | f", COUNTS, dist="negbin"), ("response", "zero")),
        "geometric": (hurdle("z ~ x | 1", COUNTS, dist="geometric", zero_dist="poisson"), ("response",)),
    }
    for name, (fit, types) in models.items():
        for type in types:
            text = fit.to_sql(db.dialect, type=type)  # type: ignore[attr-defined]
            got = db.ask([text if ",\n" in text else f"{text} AS fit"])  # type: ignore[attr-defined]
            want = fit.predict(NEW, type=type, new_levels="na")
            try:
                close(got, np.asarray(want).reshape(len(NEW), -1))
            except AssertionError as error:
                raise AssertionError(f"{name} {type}: {error}") from None


def test_rows_that_are_not_estimable_are_null() -> None:
    fit = glm("y ~ x + twin", DATA.assign(twin=2 * DATA["x"]))
    new = pd.DataFrame({"x": [1.0, 1.0], "twin": [2.0, 3.0]})
    got = Duck(new).ask([f"{fit.to_sql('duckdb')} AS fit"])["fit"]
    assert got[0] == pytest.approx(fit.predict(new[:1]).item(), rel=SQL)
    assert math.isnan(got[1])


@pytest.mark.parametrize(
    ("name", "true"),
    [
        ("gamma", special.gamma),
        ("lgamma", special.gammaln),
        ("digamma", special.digamma),
        ("pnorm", special.ndtr),
        ("expm1", np.expm1),
        ("log1p", np.log1p),
        ("sinh", np.sinh),
        ("tanh", np.tanh),
        ("asinh", np.arcsinh),
    ],
)
def test_expansions_keep_their_digits(name: str, true: Callable[[np.ndarray], np.ndarray]) -> None:
    """Over their whole range, relative; beside the zeros of digamma against its size around."""
    x = np.concatenate(
        [np.geomspace(1e-12, 1e-2, 50), np.linspace(0.013, 20.0, 400), np.linspace(20.5, 170.0, 100)]
    )
    x = np.concatenate([x, -x[:400:3] if name not in ("log1p",) else -x[:60]])
    x = x[np.isfinite(true(x))]
    column = Numeric(Column("x", "plain"))
    value = TRANSLATIONS[name](q=column) if name == "pnorm" else TRANSLATIONS[name](column)
    got = Duck(pd.DataFrame({"x": x})).ask([f"{write(value.node, DIALECTS['duckdb'])} AS a"])["a"]
    np.testing.assert_allclose(got, true(x), rtol=SQL, atol=1e-13 if name in ("digamma", "lgamma") else 0.0)


# ---- policies ----


def test_an_unseen_level_is_null_or_an_error(server: object) -> None:
    fit = glm("y ~ f + x", DATA)
    new = pd.DataFrame({"f": ["red", None, "violet"], "x": 1.0})
    postgres_db = server.load(new)  # type: ignore[attr-defined]
    for db in (Duck(new), postgres_db):
        kept = db.ask([f"{fit.to_sql(db.dialect)} AS fit"])["fit"]
        assert list(kept.isna()) == [False, True, True]
        strict = f"{fit.to_sql(db.dialect, new_levels='error')} AS fit"
        with pytest.raises(Exception, match="factor f has a level that the fit has not seen: violet"):
            db.ask([strict])
        assert len(db.ask([strict], "FROM data WHERE f = 'red' OR f IS NULL")) == 2
    with pytest.raises(FormulaError, match=r"for sqlite: error\(\): nothing in an expression stops a query"):
        fit.to_sql("sqlite", new_levels="error")


def test_nan_is_missing_and_text_is_no_number() -> None:
    fit = glm("y ~ cut(x, 3)", DATA)
    duck = Duck(pd.DataFrame({"row": [1]}))
    duck.connection.execute("CREATE TABLE n AS SELECT CAST('NaN' AS DOUBLE) AS x")
    assert duck.ask([f"{fit.to_sql('duckdb')} AS fit"], "FROM n")["fit"].isna().all()
    lite = Lite(pd.DataFrame({"x": ["0.1", "", "ab"]}))
    assert lite.ask([f"{fit.to_sql('sqlite')} AS fit"])["fit"].isna().all()


def test_whole_numbers_do_not_divide_as_such(database: Callable[..., object]) -> None:
    fit = glm("y ~ I(k / 2) + I(k * k * 3000000000)", DATA)
    db = database(DATA)
    close(db.ask([f"{fit.to_sql(db.dialect)} AS fit"])["fit"], fit.predict(DATA))  # type: ignore[attr-defined]


def test_a_whole_query() -> None:
    fit = glm("n ~ x", COUNTS, poisson())
    got = Duck(COUNTS).connection.execute(fit.to_sql(table="data")).df()
    assert list(got.columns) == [*COUNTS.columns, "row", "fit"]
    close(got["fit"], fit.predict(COUNTS, type="response"))


# ---- names, texts, numbers ----

ODD = st.text(
    st.sampled_from(list("a'\";\\%_`$-/*{}0 \n\té€😀"))
    | st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"),
    min_size=1, max_size=8,
)  # fmt: skip
NASTY = [
    "'; DROP TABLE data; --",
    'a"b',
    "back\\slash\\'",
    "`tick`",
    "né€😀",
    "{0}",
    "$1",
    "%s",
    "a\nb\tc",
    "''",
    "\\",
]


def odd_fit(column: str, levels: list[str]) -> tuple[object, pd.DataFrame]:
    data = pd.DataFrame({column: levels * 3, "y'": np.arange(3.0 * len(levels))})
    ticked = "`" + column.replace("\\", "\\\\").replace("`", "\\`") + "`"
    return glm(f"`y'` ~ {ticked}", data), data


def test_no_name_and_no_level_breaks_out(database: Callable[..., object]) -> None:
    for column in ["x; DROP TABLE data", 'q"u"o', "a'b", "né€", "sl\\ash", "se le ct"]:
        fit, data = odd_fit(column, NASTY)
        db = database(data)
        close(db.ask([f"{fit.to_sql(db.dialect)} AS fit"])["fit"], fit.predict(data))  # type: ignore[attr-defined]


@given(column=ODD, levels=st.lists(ODD, min_size=2, max_size=4, unique=True))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_odd_names_and_levels(column: str, levels: list[str]) -> None:
    if column == "y'" or column.casefold() == "row" or not column.isprintable():
        column = "c" + "".join(c for c in column if c.isprintable())
    data = pd.DataFrame({column: levels * 3, "y'": np.arange(3.0 * len(levels))})
    for db in (Duck(data), Lite(data)):
        own = quoted(column, DIALECTS[db.dialect])
        found = db.ask([f"CASE {own} WHEN {literal(levels[0], DIALECTS[db.dialect])} THEN 1 ELSE 0 END AS a"])
        assert list(found["a"]) == [int(v == levels[0]) for v in data[column]]


@given(st.floats(allow_nan=False))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_numbers_read_back_as_they_were(value: float) -> None:
    assert _DUCK.execute(f"SELECT {number(value, DIALECTS['duckdb'])} AS a").fetchone() == (value,)


def test_numbers_read_back_in_postgres(server: object) -> None:
    values = [
        0.1,
        1 / 3,
        5e-324,
        1.7976931348623157e308,
        -2.5e-8,
        123456789.123456789,
        math.inf,
        -0.0,
        1e22,
        math.pi,
    ]
    found = server.load(pd.DataFrame({"a": [1]})).ask(  # type: ignore[attr-defined]
        [f"{number(v, DIALECTS['postgres'])} AS c{k}" for k, v in enumerate(values)]
    )
    assert found.iloc[0].astype(float).tolist() == values


_DUCK = Duck(pd.DataFrame({"a": [1]})).connection


# ---- what cannot be written says so ----


def shout(x: np.ndarray) -> np.ndarray:
    return 2 * x


@pytest.mark.parametrize(
    ("right", "message"),
    [
        (
            "signif(p, 2)",
            r"cannot be written: signif\(\) in signif\(p, 2\): how many digits stand before the point",
        ),
        ("cumsum(x)", r"cumsum\(\) in cumsum\(x\): a row's value depends on other rows"),
        ("I(x %% p)", r"%%\(\) in .*: %% and %/% are exact by a constant whole number"),
        ('I(w < "b")', r"'<' of texts: databases do not sort them as R does"),
        ("paste(f, x)", r"paste\(\) in paste\(f, x\): a numeric as a text"),
        ('grepl("^x", w)', r"the pattern '\^x': regular expressions differ"),
        ("qnorm(I((u + 1) / 2))", r"qnorm\(\) in .*: its probabilities and quantiles need special functions"),
        ("shout(x)", r"shout\(\) in shout\(x\): a registered function is Python"),
        ('as.Date(paste0("2020-01-", k + 10L))', r"paste0\(\) in .* a numeric as a text"),
    ],
)
def test_refused(right: str, message: str) -> None:
    if "shout" not in TABLE:
        register_function("shout", shout)
    fit = glm(f"y ~ {right}", DATA)
    with pytest.raises(FormulaError, match=message):
        fit.to_sql()


def test_what_a_dialect_cannot_do() -> None:
    fit = glm("y ~ toupper(w)", DATA)
    with pytest.raises(FormulaError, match=r"for sqlite: toupper\(\): it changes ASCII letters only"):
        fit.to_sql("sqlite")


def test_arguments() -> None:
    fit = glm("y ~ x", DATA)
    with pytest.raises(ValueError, match=r"dialect should be one of 'duckdb', .*; got 'oracle'"):
        fit.to_sql("oracle")
    with pytest.raises(ValueError, match="type should be one of 'response', 'link'; got 'terms'"):
        fit.to_sql(type="terms")
    with pytest.raises(ValueError, match="new_levels should be one of 'na', 'error'; got 'skip'"):
        fit.to_sql(new_levels="skip")
    assert fit.to_sql("postgresql") == fit.to_sql("postgres")
    with pytest.raises(DataError, match="offset= was an array, which a database cannot have"):
        glm("y ~ x", DATA, offset=np.ones(N)).to_sql()
    with pytest.raises(FormulaError, match="standard errors of a model of several linear predictors"):
        polr("g ~ x", COUNTS).to_sql(se=True)
    with pytest.raises(FormulaError, match=r'probabilities of polr with method="cauchit"; take type="link"'):
        polr("g ~ x", COUNTS, method="cauchit").to_sql(type="probs")
    own = Link("own", np.log, np.exp, np.exp)
    with pytest.raises(FormulaError, match="the link 'own' is Python's own"):
        glm("y ~ p", DATA, gaussian(own), mustart=np.full(N, 5.0)).to_sql()


# ---- where a fit comes from ----


def test_a_saved_fit_and_one_of_a_file_write_the_same(tmp_path: object) -> None:
    formula = 'y ~ x * factor(f) + I(ifelse(b, p, 0)) + format(d, "%Y") + g'
    fit = glm(formula, DATA)
    fit.save(tmp_path / "fit.json")  # type: ignore[operator]
    assert load(tmp_path / "fit.json").to_sql() == fit.to_sql()  # type: ignore[operator]
    DATA.to_parquet(tmp_path / "data.parquet")  # type: ignore[operator]
    streamed = glm("y ~ x * factor(f) + I(ifelse(b, p, 0))", str(tmp_path / "data.parquet"))  # type: ignore[operator]
    close(Duck(DATA).ask([f"{streamed.to_sql()} AS fit"])["fit"], streamed.predict(DATA))


def test_a_file_of_before_asks_for_another_fit(tmp_path: object) -> None:
    path = tmp_path / "fit.json"  # type: ignore[operator]
    fit = glm("y ~ x + log(p)", DATA)
    fit.save(path)
    document = json.loads(path.read_text())
    assert document["model"]["schema"]["columns"] == {"y": "numeric", "x": "numeric", "p": "numeric"}
    old = replace(fit, schema=replace(fit.schema, columns={}))
    with pytest.raises(DataError, match="does not know of which type the column 'p' was"):
        old.to_sql()
