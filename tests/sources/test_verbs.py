"""Every verb on a fit to a Parquet file and to a Dask DataFrame gives what it gives on the same rows in memory."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from sources.tables import parquet, policies
from tolerances import SAME_ROWS

from glmformula import DataError, anova, detect_separation, glm, load

KINDS = ("parquet", "dask")
MODELS = {
    "poisson": ("claims ~ age + area + urban", {"family": "poisson", "subset": "!is.na(age) & !is.na(area)"}),
    "binomial": ("won ~ age + size + urban", {"family": "binomial", "subset": "!is.na(age)"}),
    "counts": ("cbind(hits, misses) ~ age + area", {"family": "binomial"}),
    "Gamma": ("size ~ age + area", {"family": "Gamma", "subset": "!is.na(age) & !is.na(area)"}),
    "gaussian": ("age ~ size + area + band", {"weights": "w0", "offset": "years"}),
    "aliased": ("claims ~ age + I(2 * age) + area", {"family": "quasipoisson"}),
}
TESTS = ("Chisq", "LRT", "F", "Cp", "Rao")


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    data = policies(240)
    return data.assign(
        won=(data["won"] == "yes").astype(float),
        w0=np.where(np.arange(len(data)) % 19 == 0, 0.0, data["w"]),
        firm=np.char.add("f", (np.arange(len(data)) * 7 % 23).astype(str)),
    )


def cluster(data: pd.DataFrame) -> Any:
    """Two partitions and an empty one; of other labels than the rows' numbers."""
    whole = dd.from_pandas(data, npartitions=2)
    return dd.concat([whole, whole.partitions[1].map_partitions(_none)])


def _none(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[:0]


@pytest.fixture(scope="module")
def fits(data, tmp_path_factory):
    """The fits of a model, by kind of data; made when first asked for."""
    rows = {"memory": data, "parquet": parquet(data, tmp_path_factory.mktemp("rows")), "dask": cluster(data)}
    made: dict[tuple[str, str], Any] = {}

    def fit(model: str, kind: str) -> Any:
        if (model, kind) not in made:
            formula, options = MODELS[model]
            made[model, kind] = glm(formula, rows[kind], **options)
        return made[model, kind]

    with dask.config.set(scheduler="sync"):
        yield fit


def equal(expected: Any, found: Any) -> None:
    """Texts to the letter, numbers to 1e-9."""
    expected, found = (getattr(answer, "frame", answer) for answer in (expected, found))
    if isinstance(expected, str):
        assert found == expected
        return
    if isinstance(expected, float | int):
        np.testing.assert_allclose(found, expected, **SAME_ROWS)
        return
    expected, found = (pd.DataFrame(answer) for answer in (expected, found))
    assert list(map(str, found.index)) == list(map(str, expected.index))
    assert list(map(str, found.columns)) == list(map(str, expected.columns))
    for name, (_, a), (_, b) in zip(expected.columns, expected.items(), found.items(), strict=True):
        if a.dtype.kind in "fiub":
            np.testing.assert_allclose(b.to_numpy(float), a.to_numpy(float), **SAME_ROWS, err_msg=str(name))
        else:
            assert (
                a.astype(object).where(a.notna(), None).tolist()
                == b.astype(object).where(b.notna(), None).tolist()
            )


Verb = tuple[str, Callable[[Any], Any]]


def both(model: str, ask: Callable[[Any], Any]) -> Verb:
    """The numbers and the text of a table."""
    return model, lambda fit: (lambda answer: (answer, str(answer)))(ask(fit))


WHOLE: dict[str, Verb] = {
    "print": ("poisson", str),
    "summary": ("Gamma", lambda fit: (fit.summary().coefficients, str(fit.summary(correlation=True)))),
    "summary, aliased": ("aliased", lambda fit: (fit.summary().cov_scaled, str(fit.summary()))),
    "summary, HC3": ("poisson", lambda fit: str(fit.summary(vcov="HC3"))),
    **{f"anova, {t}": both("Gamma" if t == "F" else "poisson", lambda fit, t=t: fit.anova(test=t)) for t in TESTS},
    **{
        f"anova of two, {t}": both(
            "Gamma" if t == "F" else "poisson", lambda fit, t=t: anova(fit.update(". ~ . - area"), fit, test=t)
        )
        for t in TESTS
    },
    **{
        f"drop1, {t}": both("Gamma" if t == "F" else "poisson", lambda fit, t=t: fit.drop1(test=t))
        for t in ("none", "Chisq", "F", "Rao")
    },
    **{
        f"add1, {t}": both("Gamma" if t == "F" else "poisson", lambda fit, t=t: fit.add1("~ . + w + years", test=t))
        for t in ("none", "Chisq", "F", "Rao")
    },
    "step": ("poisson", lambda fit: (lambda s: (s.formula, s.anova, s.tidy()))(fit.step(trace=0))),
    "update": ("binomial", lambda fit: str(fit.update(". ~ . - size").summary())),
    "confint": both("counts", lambda fit: fit.confint(["age", "areab"])),
    "confint, Rao": both("binomial", lambda fit: fit.confint("age", test="Rao")),
    "confint, exact": both("poisson", lambda fit: fit.confint(["age"], method="profile-exact")),
    "confint, Wald": both("aliased", lambda fit: fit.confint(method="wald")),
    "profile": ("Gamma", lambda fit: str(fit.profile("age"))),
    **{
        f"vcov, {h}": ("gaussian", lambda fit, h=h: fit.vcov(h))
        for h in ("const", "HC0", "HC1", "HC2", "HC3", "HC4", "HC4m", "HC5", "CL")
    },
    **{
        f"clusters, {h}": ("gaussian", lambda fit, h=h: fit.vcov(h, cluster="firm"))
        for h in ("HC0", "HC1", "HC2", "HC3")
    },
    "clusters, numbers": ("poisson", lambda fit: fit.vcov(cluster="years", cadjust=False)),
    "clusters, expression": ("Gamma", lambda fit: fit.vcov(cluster="cut(size, 7)")),
    "clusters, logical": ("binomial", lambda fit: fit.vcov(cluster="urban & w > 1")),
    "clusters, two ways": ("gaussian", lambda fit: fit.vcov(cluster="~ firm + years")),
    "clusters, a list": ("binomial", lambda fit: fit.vcov("HC1", cluster=["firm", "years"], multi0=True, fix=True)),
    "clusters, tests": ("poisson", lambda fit: str(fit.coeftest(fit.vcov(cluster="firm")))),
    "bread, meat": ("Gamma", lambda fit: (fit.bread(), fit.meat(adjust=True))),
    "Anova": both("poisson", lambda fit: fit.Anova()),
    "Anova, III": both("poisson", lambda fit: fit.Anova("III")),
    "Anova, F": both("Gamma", lambda fit: fit.Anova(test="F")),
    "Anova, Wald": both("Gamma", lambda fit: fit.Anova(test="Wald")),
    "lrtest": both("poisson", lambda fit: fit.lrtest(fit.update(". ~ . - age"))),
    "waldtest": both("poisson", lambda fit: fit.waldtest(fit.update(". ~ . - age"), vcov="HC1")),
    "linear_hypothesis": both("Gamma", lambda fit: fit.linear_hypothesis("age = 0")),
    "coeftest": both("Gamma", lambda fit: fit.coeftest("HC2")),
    "vif": both("poisson", lambda fit: fit.vif()),
    "delta_method": both("binomial", lambda fit: fit.delta_method("exp(age) / size")),
    "overdispersion": ("counts", lambda fit: str(fit.overdispersion())),
    "dispersiontest": ("poisson", lambda fit: (str(fit.dispersiontest()), str(fit.dispersiontest(2)))),
    "hosmer_lemeshow": ("binomial", lambda fit: (lambda t: (str(t), t.observed, t.expected))(fit.hosmer_lemeshow(6))),
    "pseudo_r2": both("binomial", lambda fit: fit.pseudo_r2()),
    "pseudo_r2, Gamma": both("Gamma", lambda fit: fit.pseudo_r2()),
    "tidy": ("counts", lambda fit: fit.tidy(conf_int=True, exponentiate=True, conf_method="wald")),
    "glance": ("gaussian", lambda fit: fit.glance()),
    "logLik, AIC, BIC": ("gaussian", lambda fit: (str(fit.loglik), fit.aic, fit.bic, str(fit.extract_aic()))),
    "separation": ("binomial", lambda fit: str(fit.separation())),
    "firth": ("binomial", lambda fit: (lambda b: (str(b.summary()), str(b)))(fit.update("won ~ age", method="firth"))),
    "trace": ("poisson", lambda fit: fit.update(trace=True).iter),
    "strip_data": ("counts", lambda fit: (str(fit.strip_data().summary()), fit.strip_data().vcov())),
}  # fmt: skip


@pytest.mark.parametrize("verb", WHOLE)
def test_of_the_whole_fit(verb, fits, capsys):
    model, ask = WHOLE[verb]
    expected, printed = ask(fits(model, "memory")), capsys.readouterr().out
    for kind in KINDS:
        found = ask(fits(model, kind))
        assert capsys.readouterr().out == printed
        for a, b in zip(
            *((answer if isinstance(answer, tuple) else (answer,)) for answer in (expected, found)),
            strict=True,
        ):
            equal(a, b)


ROWS: dict[str, Verb] = {
    "predict": ("binomial", lambda fit, **out: fit.predict(**out)),
    "predict, response": ("gaussian", lambda fit, **out: fit.predict(type="response", se_fit=True, **out)),
    "predict, interval": ("Gamma", lambda fit, **out: fit.predict(interval="confidence", **out)),
    "predict, HC1": ("poisson", lambda fit, **out: fit.predict(se_fit=True, vcov="HC1", **out)),
    "predict, terms": ("poisson", lambda fit, **out: fit.predict(type="terms", **out)),
    **{
        f"residuals, {t}": ("counts", lambda fit, t=t, **out: fit.residuals(t, **out))
        for t in ("deviance", "pearson", "working", "response", "partial")
    },
    "residuals, quantile": ("gaussian", lambda fit, **out: fit.residuals("quantile", **out)),
    "augment": ("poisson", lambda fit, **out: fit.augment(**out)),
    "augment, errors": ("counts", lambda fit, **out: fit.augment(se_fit=True, type_predict="response", **out)),
    **{
        verb: ("gaussian", lambda fit, verb=verb, **out: getattr(fit, verb)(**out))
        for verb in ("hatvalues", "cooks_distance", "rstandard", "rstudent", "dffits", "dfbeta", "dfbetas", "covratio")
    },
    **{
        f"{verb}, deviance": ("Gamma", lambda fit, verb=verb, **out: getattr(fit, verb)("deviance", **out))
        for verb in ("rstandard", "rstudent", "dffits", "dfbetas", "covratio")
    },
    "model_frame": ("gaussian", lambda fit, **out: fit.model_frame(**out)),
    "model_matrix": ("counts", lambda fit, **out: fit.model_matrix(**out)),
    "estfun": ("Gamma", lambda fit, **out: fit.estfun(**out)),
}  # fmt: skip


def computed(kind: str, ask: Callable[..., Any], fit: Any, folder: Any) -> tuple[Any, list[int] | None]:
    """The answer with a value for each row, and the numbers of the rows."""
    if kind == "dask":
        return ask(fit).compute(), None
    found = pd.read_parquet(ask(fit, out=folder / "answer.parquet"))
    return found.drop(columns="row"), found["row"].tolist()


def same_rows(expected: Any, found: Any, rows: list[int] | None) -> None:
    expected = expected.to_frame() if isinstance(expected, pd.Series) else expected
    found = found.to_frame() if isinstance(found, pd.Series) else found
    assert (expected.index.tolist() if rows is None else rows) == expected.index.tolist()
    for a, b in zip(expected.columns, found.columns, strict=True):
        if expected[a].dtype.kind in "fiub":
            np.testing.assert_allclose(found[b].to_numpy(float), expected[a].to_numpy(float), **SAME_ROWS)
        else:
            assert found[b].astype(str).tolist() == expected[a].astype(str).tolist()


@pytest.mark.parametrize("verb", ROWS)
@pytest.mark.parametrize("kind", KINDS)
def test_of_each_row(verb, kind, fits, tmp_path):
    model, ask = ROWS[verb]
    found, rows = computed(kind, ask, fits(model, kind), tmp_path)
    same_rows(ask(fits(model, "memory")), found, rows)


@pytest.mark.parametrize("kind", KINDS)
def test_influence_measures(kind, fits, tmp_path):
    known = fits("gaussian", "memory").influence_measures()
    found, rows = computed(
        kind, lambda fit, **out: fit.influence_measures(**out), fits("gaussian", kind), tmp_path
    )
    same_rows(known.frame.assign(influential=known.starred), found, rows)
    assert known.starred.any()


QUANTITIES = ("fitted_values", "linear_predictors", "weights", "prior_weights", "y", "offset")


@pytest.mark.parametrize("name", QUANTITIES)
def test_quantities_of_rows_on_a_cluster(name, fits):
    found = getattr(fits("gaussian", "dask"), name).compute()
    np.testing.assert_allclose(found, getattr(fits("gaussian", "memory"), name), **SAME_ROWS)
    assert fits("poisson", "dask").offset is None


@pytest.mark.parametrize("kind", KINDS)
def test_draws(kind, fits, tmp_path):
    """Other draws than in memory, for other pieces: the seed decides, and no two pieces have the same."""
    fit, known = fits("counts", kind), fits("counts", "memory")

    def drawn(seed):
        return computed(kind, lambda fit, **out: fit.simulate(3, seed, **out), fit, tmp_path)[0].to_numpy()

    assert (drawn(1) == drawn(1)).all()
    assert (drawn(1) != drawn(2)).any()
    assert drawn(1).shape == known.simulate(3).shape
    successes, trials = drawn(1)[:, ::2].sum(), drawn(1).sum()  # two columns a simulation, as R's matrices
    assert abs(successes / trials - np.average(known.y, weights=known.prior_weights)) < 0.1
    quantile = computed(kind, lambda fit, **out: fit.residuals("quantile", 5, **out), fit, tmp_path)[
        0
    ].to_numpy()
    assert quantile.shape[0] == known.nobs
    assert len(np.unique(quantile)) == quantile.size
    assert abs(quantile.mean()) < 0.3


@pytest.mark.parametrize("kind", ["memory", *KINDS])
def test_new_rows(kind, fits, data, tmp_path):
    """Of a fit to any kind of data, for rows in memory, in a file, on a cluster."""
    fit, known = fits("poisson", kind), fits("poisson", "memory")
    new = data.head(60)
    file = parquet(new, tmp_path)
    for options in ({}, {"type": "response", "se_fit": True}, {"type": "terms"}):
        expected = known.predict(new, **options)
        equal(expected, fit.predict(new, **options))
        out = fit.predict(file, out=tmp_path / "out.parquet", **options)
        same_rows(expected, pd.read_parquet(out).drop(columns="row"), pd.read_parquet(out)["row"].tolist())
        same_rows(expected, fit.predict(cluster(new), **options).compute(), None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_is_kept(kind, fits, data, tmp_path):
    fit = fits("binomial", kind)
    fit.save(tmp_path / "fit.json")
    for again in (load(tmp_path / "fit.json"), fit.strip_data(), pickle.loads(pickle.dumps(fit))):
        assert str(again.summary()) == str(fit.summary())
        equal(fit.predict(data.head(9), type="terms"), again.predict(data.head(9), type="terms"))
    equal(fit.anova(), pickle.loads(pickle.dumps(fit)).anova())


@pytest.mark.parametrize("kind", KINDS)
def test_certificate(kind, fits):
    known, found = (fits("binomial", k).certificate() for k in ("memory", kind))
    assert (found.rank, found.iterations, found.separation) == (
        known.rank,
        known.iterations,
        known.separation,
    )
    np.testing.assert_allclose(found.condition, known.condition, rtol=1e-6)
    np.testing.assert_allclose(found.steps, known.steps, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_separation(kind, data, tmp_path):
    data = data.assign(won=np.where(data["area"] == "zz", 1.0, data["won"]))
    rows = parquet(data, tmp_path) if kind == "parquet" else cluster(data)
    with dask.config.set(scheduler="sync"):
        for formula in ("won ~ area", "won ~ size"):
            known, found = (detect_separation(formula, table) for table in (data, rows))
            assert str(found) == str(known)
        with pytest.warns(match="areazz"):
            found = glm("won ~ area", rows, "binomial")
        with pytest.warns(match="areazz"):
            assert str(found.summary()) == str(glm("won ~ area", data, "binomial").summary())


def test_clusters_are_named(fits, data):
    fit = fits("poisson", "parquet")
    for values in (data["firm"].to_numpy(), data[["firm"]], [1, 2, 3]):
        with pytest.raises(DataError, match=r"cannot be matched with rows .* such as cluster='firm'"):
            fit.vcov(cluster=values)
    with pytest.raises(DataError, match=r"object 'firmm' not found.*'firm'"):
        fit.vcov(cluster="firmm")
    for kind in ("memory", "parquet"):
        with pytest.raises(DataError, match=r"\('band' is missing in 1 of 236 rows, first rows: 11\)"):
            fits("poisson", kind).vcov(cluster="band")
    with pytest.raises(DataError, match="is a matrix: expected one value a row"):
        fit.vcov(cluster="cbind(w, years)")


def test_the_place_of_an_answer_is_of_the_kind_of_the_rows(fits, tmp_path):
    with pytest.raises(DataError, match=r"of a Dask DataFrame the answer is one too .*: leave out= out"):
        fits("poisson", "dask").predict(out=tmp_path / "answer.parquet")
