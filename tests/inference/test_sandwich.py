"""Robust and clustered covariances against sandwich's, for every third reference model."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.models import load as models
from tolerances import COVARIANCE

from glmformula import DataError, FitError, GLMFormulaWarning, glm

HERE = Path(__file__).parents[1] / "reference" / "sandwich"


@cache
def answers():
    return json.loads(gzip.decompress((HERE / "sandwich.json.gz").read_bytes()))["models"]


IDS = [i for i in answers() if not models.reference()[i]["reasons"]]
WHOLE = [i for i in IDS if not answers()[i]["zero"]]


def groups(id_):
    """The clusters that the reference script made, over all rows of the data."""
    at = np.arange(len(models.load(models.table()[id_]["data"])))
    return pd.DataFrame({"firm": at // 4, "year": at % 5, "town": at * 7 % 3})


def part(matrix):
    """The diagonal, six of the others, and the sum of all."""
    values = matrix.to_numpy()
    lower = values.T[np.triu_indices(len(values), 1)]
    return np.concatenate([np.diag(values), lower[:6], [values.sum()]])


def covariances(id_):
    """Name in the reference, and our matrix."""
    fit, g = models.fitted(id_).fit, groups(id_)
    firm, year = g["firm"].to_numpy(), g["year"].to_numpy()
    two = g[["firm", "year"]].set_axis(models.load(models.table()[id_]["data"]).index)
    for type_ in ("const", "HC0", "HC1", "HC2", "HC3", "HC4", "HC4m", "HC5"):
        yield type_, lambda t=type_: fit.vcov(t)
    yield "HC_default", lambda: fit.vcov("HC3")
    yield "CL", lambda: fit.vcov(cluster=firm)
    for type_ in ("HC1", "HC2", "HC3"):
        yield f"CL_{type_}", lambda t=type_: fit.vcov(t, firm)
    yield "CL_plain", lambda: fit.vcov("CL", year, cadjust=False)
    yield "CL_year_HC3", lambda: fit.vcov("HC3", year)
    yield "CL_rows", lambda: fit.vcov("CL")
    yield "CL_rows_HC3", lambda: fit.vcov("HC3", np.arange(len(fit.row_state.y)))
    for type_ in ("HC0", "HC1", "HC2"):
        yield f"two_{type_}", lambda t=type_: fit.vcov(t, two)
    for type_ in ("HC0", "HC1", "HC3"):
        yield f"two_multi0_{type_}", lambda t=type_: fit.vcov(t, [firm, year], multi0=True)
    yield "three", lambda: fit.vcov(cluster=[firm, year, g["town"].to_numpy()])
    yield "three_fix", lambda: fit.vcov(cluster=g.to_numpy(), fix=True)
    yield "bread", fit.bread
    yield "meat", fit.meat
    yield "meat_adjusted", lambda: fit.meat(adjust=True)


def sizes(variances):
    """What the entries of `part` are compared with: the variances of the coefficients they belong to."""
    se = np.sqrt(np.maximum(variances, 0))
    products = np.outer(se, se)
    return np.concatenate([se**2, products[np.triu_indices(len(se), 1)][:6], [products.sum()]])


def same(name, matrix, fit, r):
    """Relative to the variances, by HC0 where clusters make a smaller one (sums over clusters cancel)."""
    if len(matrix) > fit.rank:
        matrix = matrix.loc[~fit.aliased, ~fit.aliased]
    ours, theirs = part(matrix), models.numbers(r[name])
    np.testing.assert_array_equal(np.isfinite(ours), np.isfinite(theirs), err_msg=name)
    if not np.isfinite(theirs).all():
        return
    variances = theirs[: fit.rank]
    if name not in ("bread", "meat", "meat_adjusted"):
        variances = np.maximum(variances, models.numbers(r["HC0"])[: fit.rank])
    error = np.abs(ours - theirs) / np.maximum(sizes(variances), np.finfo(float).tiny)
    assert np.max(error) <= COVARIANCE, f"{name}: {np.max(error):.2g}"


ALWAYS = ("HC3", "CL", "bread")
# HC2's root of I - H by unsymmetric eigenvectors: R loses all but two digits where columns are badly scaled.
R_LOSES_DIGITS = {("negative_binomial-2.5-log/scaled", "two_HC2"), ("tweedie-1-0/scaled", "two_HC2")}


def undefined(name, r):
    """R's solve() fails, or gives round-off or NaN, where a cluster has I - H singular."""
    if name in ("HC2", "HC3", "CL_rows_HC3") or ("HC2" not in name and "HC3" not in name):
        return False
    return (
        isinstance(r[name], str)
        or None in r[name]
        or max(map(float, r[name])) > 1e13 * max(map(float, r["HC0"]))
    )


@pytest.mark.parametrize("id_", WHOLE)
@pytest.mark.filterwarnings("ignore:.*numerically unstable")
def test_against_sandwich(id_):
    """Three kinds for every model, the others in turn."""
    r, fit, turn = answers()[id_], models.fitted(id_).fit, WHOLE.index(id_)
    for k, (name, covariance) in enumerate(covariances(id_)):
        if (name not in ALWAYS and k % 6 != turn % 6) or (id_, name) in R_LOSES_DIGITS:
            continue
        if name == "three_fix" and "scaled" in id_:
            continue  # eigenvalues of unscaled columns are round-off
        if undefined(name, r):
            with pytest.raises(FitError, match="computationally singular"):
                covariance()
        else:
            same(name, covariance(), fit, r)


def test_enough_models():
    assert len(WHOLE) >= 150


@pytest.mark.parametrize("id_", WHOLE[::5])
def test_estimating_functions(id_):
    fit, r = models.fitted(id_).fit, answers()[id_]
    ours = fit.estfun().dropna()
    assert len(ours) == r["n"]
    theirs = models.numbers(r["estfun"])
    values = np.concatenate([ours.iloc[0], ours.iloc[-1], [np.abs(ours.to_numpy()).sum()]])
    size = np.abs(ours.to_numpy()).max(axis=0)
    scale = np.concatenate([size, size, [theirs[-1]]])
    assert np.max(np.abs(values - theirs) / scale) <= COVARIANCE
    n, p = fit.nobs, fit.rank
    outer = ours.to_numpy().T @ ours.to_numpy() / n
    np.testing.assert_allclose(fit.meat(), outer, rtol=1e-9, atol=1e-12 * np.abs(outer).max())
    hc0 = (fit.bread() @ fit.meat() @ fit.bread() / n).to_numpy()
    kept = ~fit.aliased
    np.testing.assert_allclose(fit.vcov("HC0").loc[kept, kept], hc0, rtol=1e-6, atol=1e-9 * np.abs(hc0).max())
    assert p == hc0.shape[0]


@pytest.fixture(scope="module")
def firms():
    """120 rows with gaps, three ways to cluster, row labels that are not positions."""
    draw = np.random.default_rng(4)
    n = 120
    data = pd.DataFrame(
        {
            "x": draw.normal(size=n),
            "z": draw.normal(size=n),
            "firm": [f"f{k}" for k in draw.integers(0, 17, n)],
            "year": draw.integers(2000, 2006, n),
            "big": draw.random(n) < 0.5,
        },
        index=[f"r{k}" for k in range(n)],
    )
    data["y"] = draw.poisson(np.exp(0.3 * data["x"] + 0.02 * (data["year"] - 2000)))
    data.loc[["r3", "r50", "r119"], "x"] = np.nan
    return data


@pytest.fixture(scope="module")
def fit(firms):
    return glm("y ~ x + z", firms, "poisson")


@pytest.mark.parametrize(
    "spelt",
    [
        "firm",
        "~ firm",
        lambda d: d["firm"],
        lambda d: d["firm"].to_numpy(),
        lambda d: d["firm"].to_list(),
        lambda d: d["firm"].sample(frac=1, random_state=1),
        lambda d: d.dropna()["firm"].to_numpy(),
        lambda d: d[["firm"]],
        lambda d: ["firm"],
        lambda d: d["firm"].astype("category"),
        lambda d: [d["firm"]],
    ],
)
def test_one_cluster_in_every_spelling(fit, firms, spelt):
    cluster = spelt(firms) if callable(spelt) else spelt
    codes = pd.factorize(firms.dropna()["firm"])[0]
    psi = fit.estfun().to_numpy()
    sums = np.zeros((codes.max() + 1, 3))
    np.add.at(sums, codes, psi)
    g = len(sums)
    expected = fit.result.cov_unscaled @ (sums.T @ sums) @ fit.result.cov_unscaled * g / (g - 1)
    np.testing.assert_allclose(fit.vcov(cluster=cluster), expected, rtol=1e-9)


@pytest.mark.parametrize(
    "spelt",
    [
        "~ firm + year",
        "~ firm:year",
        ["firm", "year"],
        lambda d: d[["firm", "year"]],
        lambda d: [d["firm"], "year"],
        lambda d: (d["firm"].to_numpy(), d["year"].to_numpy()),
        lambda d: np.column_stack([pd.factorize(d["firm"])[0], d["year"]]),
    ],
)
def test_two_ways_in_every_spelling(fit, firms, spelt):
    cluster = spelt(firms) if callable(spelt) else spelt
    joint = firms["firm"] + "/" + firms["year"].astype(str)
    plain = {"cadjust": False}
    expected = (
        fit.vcov(cluster="firm", **plain)
        + fit.vcov(cluster="year", **plain)
        - fit.vcov(cluster=joint, **plain)
    )
    np.testing.assert_allclose(fit.vcov(cluster=cluster, **plain), expected, rtol=1e-9)


def test_clusters_by_expression(fit, firms):
    for text, series in (
        ("year > 2002", firms["year"] > 2002),
        ("cut(z, 3)", pd.cut(firms["z"], 3)),
        ("big", firms["big"]),
    ):
        np.testing.assert_allclose(fit.vcov(cluster=text), fit.vcov(cluster=series.astype(str)), rtol=1e-12)


def test_subset_and_missing_values_cut_the_clusters_too(firms):
    fit = glm("y ~ x + z", firms, "poisson", subset="year > 2001")
    used = firms[firms["year"] > 2001]
    expected = glm("y ~ x + z", used.dropna(), "poisson").vcov(cluster="firm")
    for cluster in (
        "firm",
        firms["firm"].to_numpy(),
        used["firm"].to_numpy(),
        used.dropna()["firm"].to_numpy(),
    ):
        np.testing.assert_allclose(fit.vcov(cluster=cluster), expected, rtol=1e-9)


def test_padded_rows_do_not_count(firms, fit):
    padded = glm("y ~ x + z", firms, "poisson", na_action="na.exclude")
    assert len(padded.estfun()) == 120
    assert padded.estfun().isna().any(axis=1).sum() == 3
    np.testing.assert_array_equal(padded.vcov("HC3"), fit.vcov("HC3"))
    np.testing.assert_array_equal(padded.vcov(cluster=firms["firm"].to_numpy()), fit.vcov(cluster="firm"))


@pytest.mark.parametrize("type_", ["const", "HC0", "HC1", "HC2", "HC3", "HC4", "HC4m", "HC5"])
def test_rows_of_zero_weight_are_not_there(firms, type_):
    data = firms.dropna().assign(w=lambda d: (d["year"] != 2003).astype(float))
    with_, without = glm("y ~ x", data, "poisson", weights="w"), glm("y ~ x", data[data["w"] > 0], "poisson")
    np.testing.assert_allclose(with_.vcov(type_), without.vcov(type_), rtol=1e-9)
    if type_ in ("HC0", "HC1", "HC2", "HC3"):
        for cluster in ("firm", "~ firm + year", None):
            ours = with_.vcov("CL" if cluster is None else type_, cluster)
            theirs = without.vcov("CL" if cluster is None else type_, cluster)
            np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_aliased_columns_are_empty_or_left_out(firms):
    fit = glm("y ~ x + I(2 * x) + z", firms, "poisson")
    assert fit.vcov("HC3").isna().all()["I(2 * x)"]
    assert list(fit.vcov("HC3", complete=False).columns) == ["(Intercept)", "x", "z"]
    np.testing.assert_allclose(
        fit.vcov("HC3", complete=False), glm("y ~ x + z", firms, "poisson").vcov("HC3"), rtol=1e-7
    )


def test_hat_value_of_one_warns_and_is_nan():
    data = pd.DataFrame({"y": [1.0, 2, 4, 3, 7], "x": [1.0, 2, 3, 4, 5], "f": list("aaaab")})
    fit = glm("y ~ x + f", data)
    with pytest.warns(
        GLMFormulaWarning, match="if hat values are close to 1 as for observations 4: these rows"
    ):
        assert fit.vcov("HC3").isna().any(axis=None)
    assert fit.vcov("HC1").notna().all(axis=None)


def test_many_groups_and_many_passes(fit, monkeypatch):
    """Groups beyond the table of a block, merged in stretches; leverages in several passes; small blocks."""
    from dataclasses import replace

    from glmformula.inference.covariances import cluster_covariance

    expected = {t: fit.vcov(t, "~ firm + year") for t in ("HC1", "HC2", "HC3")}
    monkeypatch.setattr(cluster_covariance, "FEW", 3)
    monkeypatch.setattr(cluster_covariance, "CELLS", 100)
    source = replace(fit.rows.source, block_rows=10, threads=2)
    small = replace(fit, training=replace(fit.training, source=source))
    for type_, matrix in expected.items():
        np.testing.assert_allclose(small.vcov(type_, "~ firm + year"), matrix, rtol=1e-9)
    for type_ in ("HC3", "HC5"):
        np.testing.assert_allclose(small.vcov(type_), fit.vcov(type_), rtol=1e-10)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"type": "HC9"}, ValueError, "type should be one of 'const', .* got 'HC9'"),
        ({"type": "HC4", "cluster": "firm"}, ValueError, "'HC4': leverages of clusters"),
        (
            {"cluster": np.arange(7)},
            DataError,
            "number of observations in 'cluster' and 'estfun.*7 values for the 117",
        ),
        ({"cluster": "frim"}, DataError, "object 'frim' not found.*nearest names are: 'firm'"),
        ({"cluster": 5}, DataError, "cluster should be a column's name.* got 5"),
        ({"cluster": "poly(z, 2)"}, DataError, "is a matrix: expected one value a row"),
        ({"cluster": pd.Series(range(117))}, DataError, "'cluster' is a Series without the data's row label"),
    ],
)
def test_messages(fit, arguments, error, message):
    with pytest.raises(error, match=message):
        fit.vcov(**arguments)


def test_missing_clusters_are_refused(firms):
    data = firms.dropna().assign(firm=lambda d: d["firm"].where(d["year"] != 2003))
    with pytest.raises(DataError, match=r"cannot handle NAs in 'cluster'.*'firm' is missing in .* rows: 'r"):
        glm("y ~ x", data, "poisson").vcov(cluster="firm")


def test_clusters_that_decide_a_coefficient(firms):
    fit = glm("y ~ x + factor(year)", firms, "poisson")
    with pytest.raises(FitError, match=r"HC3 with clusters: .* 6 of 6 clusters decide a coefficient alone"):
        fit.vcov("HC3", "year")


CLUSTERED = {"cluster": "~ firm + year", "type": "HC1"}
NAMES = {
    "HC1": lambda fit: "HC1",
    "by firm": lambda fit: {"cluster": "firm"},
    "given": lambda fit: fit.vcov("HC3", "firm"),
    "two ways": lambda fit: CLUSTERED,
    "by values": lambda fit: {"cluster": fit.model_frame()["x"].gt(0).to_numpy()},
    "function": lambda fit: lambda f: f.vcov("HC4"),
    "dispersion": lambda fit: {"dispersion": 2},
    "rows": lambda fit: "CL",
    "another": lambda fit: 2 * fit.vcov("HC1"),
    "array": lambda fit: fit.vcov("HC1").to_numpy(),
    "another function": lambda fit: lambda f: f.vcov("HC1").to_numpy(),
}
LINES = {
    "HC1": "HC1",
    "by firm": "clustered by firm (17 clusters)",
    "given": "HC3, clustered by firm (17 clusters)",
    "two ways": "HC1, clustered by firm (17 clusters) and year (6 clusters)",
    "by values": "clustered by cluster (2 clusters)",
    "function": "HC4",
    "dispersion": "of the model, dispersion 2",
    "rows": "each row its own cluster",
    "another": "of a matrix that was given",
    "array": "of a matrix that was given",
    "another function": "by a function that was given",
}


@pytest.mark.parametrize("which", NAMES)
def test_standard_errors_are_named_where_they_are_printed(fit, which):
    vcov, line = NAMES[which](fit), f"Standard errors: {LINES[which]}"
    tables = [fit.summary(vcov=vcov), fit.coeftest(vcov), fit.confint(vcov=vcov), fit.waldtest(vcov=vcov)]
    tables += [fit.linear_hypothesis("x", vcov=vcov), fit.Anova(test="Wald", vcov=vcov)]
    tables += [fit.delta_method("exp(x)", vcov=vcov)]
    for table in tables:
        assert line in str(table).splitlines()
        assert line in table.to_markdown()
    assert fit.tidy(conf_int=True, vcov=vcov).attrs == {"standard_errors": LINES[which]}


def test_the_models_own_standard_errors_have_no_line(fit):
    for table in (fit.summary(), fit.coeftest(), fit.confint(method="wald"), fit.delta_method("exp(x)")):
        assert "Standard errors" not in str(table)
    assert not fit.tidy().attrs


@pytest.mark.parametrize("family", ["gaussian", "poisson", "quasipoisson"])
@pytest.mark.parametrize("vcov", [None, "HC1", {"cluster": "firm"}])
def test_one_distribution_and_one_interval(firms, family, vcov):
    """lmtest's coeftest takes the normal distribution for any glm; so does all that has another covariance."""
    fit = glm("y ~ x", firms, family)
    summary, tests, tidied = fit.summary(vcov=vcov).frame, fit.coeftest(vcov), fit.tidy(True, vcov=vcov)
    if vcov is not None or family == "poisson":
        pd.testing.assert_frame_equal(summary, tests.frame)
    np.testing.assert_array_equal(tidied["p_value"], summary.iloc[:, 3])
    np.testing.assert_array_equal(tidied[["conf_low", "conf_high"]], fit.confint(vcov=vcov).frame)
    if vcov is not None:
        np.testing.assert_array_equal(fit.confint(vcov=vcov), fit.confint(method="wald", vcov=vcov))
        with pytest.raises(ValueError, match="give method='wald' with vcov, not 'profile'"):
            fit.confint(method="profile", vcov=vcov)
        with pytest.raises(ValueError, match="give method='wald' with vcov, not 'profile'"):
            fit.tidy(conf_int=True, conf_method="profile", vcov=vcov)


def test_covariance_of_a_known_dispersion(fit):
    np.testing.assert_allclose(fit.vcov(dispersion=2.5), fit.summary(dispersion=2.5).cov_scaled)
    for options in ({"type": "HC1"}, {"cluster": "firm"}):
        with pytest.raises(ValueError, match="dispersion= is of the model's own covariance"):
            fit.vcov(dispersion=2.5, **options)


def test_robust_covariance_everywhere(fit, firms):
    v = fit.vcov("HC3")
    se = np.sqrt(np.diag(v))
    clustered = fit.vcov(cluster="firm")
    assert fit.summary(vcov="HC3").coefficients["Std. Error"].to_numpy() == pytest.approx(se)
    assert fit.summary(vcov=lambda f: f.vcov(cluster="firm")).coefficients[
        "Std. Error"
    ].to_numpy() == pytest.approx(np.sqrt(np.diag(clustered)))
    assert fit.summary(vcov={"cluster": "firm"}).cov_scaled.to_numpy() == pytest.approx(clustered.to_numpy())
    limits = fit.confint(method="wald", vcov="HC3").frame
    assert (limits.iloc[:, 1] - limits.iloc[:, 0]).to_numpy() == pytest.approx(2 * 1.959963984540054 * se)
    X = fit.model_matrix().to_numpy()
    by_hand = np.sqrt(np.einsum("ij,jk,ik->i", X, v.to_numpy(), X))
    assert fit.predict(se_fit=True, vcov="HC3")["se_fit"].to_numpy() == pytest.approx(by_hand)
    assert fit.predict(se_fit=True, vcov=v)["se_fit"].to_numpy() == pytest.approx(by_hand)
    terms = fit.predict(type="terms", se_fit=True, vcov=v)
    centred = (X - X.mean(axis=0))[:, 1]
    assert terms[("se_fit", "x")].to_numpy() == pytest.approx(np.abs(centred) * se[1])


@pytest.fixture(scope="module")
def streamed(firms, tmp_path_factory):
    """The same fit to a file that is read in blocks."""
    pytest.importorskip("pyarrow")
    path = tmp_path_factory.mktemp("data") / "firms.parquet"
    firms.reset_index(drop=True).to_parquet(path)
    return glm("y ~ x + z", str(path), "poisson")


@pytest.mark.parametrize("type_", ["const", "HC0", "HC1", "HC2", "HC3", "HC4", "HC5"])
def test_rows_that_arrive_in_blocks(streamed, fit, type_):
    np.testing.assert_allclose(streamed.vcov(type_), fit.vcov(type_), rtol=1e-7)


def test_clusters_of_rows_in_blocks_are_named(streamed):
    with pytest.raises(DataError, match="clusters given as a ndarray of values cannot be matched with rows"):
        streamed.vcov(cluster=np.arange(117))
