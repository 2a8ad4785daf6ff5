"""Names that two coefficients share, selections that carry labels, masks: read as they are written."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import pytest

import glmformula as gf
from glmformula import DataError, FormulaError, GLMFormulaError, glm

matplotlib.use("Agg")

SHARED = "'gy2' is the name of 2 coefficients \\(positions 1 and 3, counted from 0\\)"
SHUFFLED = [2, 0, 3, 1]


def rows(n=120):
    rng = np.random.default_rng(12)
    data = pd.DataFrame({"g": rng.choice(["y1", "y2", "y3"], n), "gy2": rng.normal(size=n)})
    data["x"] = rng.normal(size=n)
    data["h"] = data["g"].map({"y1": "a", "y2": "b", "y3": "c"})
    data["y"] = rng.poisson(np.exp(0.3 * data["gy2"] + 0.5 * (data["g"] == "y2")))
    return data


@pytest.fixture(scope="module")
def twice():
    return glm("y ~ g + gy2 + x", rows(), "poisson")


@pytest.fixture(scope="module")
def apart():
    """The same model, its factor called h: every name once."""
    return glm("y ~ h + gy2 + x", rows(), "poisson")


@pytest.fixture(scope="module")
def plain():
    return glm("y ~ x + gy2 + I(x^2)", rows(), "poisson")


# ---- two coefficients of one name ----


@pytest.mark.parametrize(
    "ask",
    [
        lambda fit: fit.confint().frame,
        lambda fit: fit.confint(method="wald").frame,
        lambda fit: fit.confint(method="profile-exact").frame,
        lambda fit: fit.confint([1, 3]).frame,
        lambda fit: fit.confint([True, True, False, False, True]).frame,
        lambda fit: fit.profile().frame.iloc[:, 1:],
        lambda fit: fit.profile().confint([3, 1]).frame,
        lambda fit: fit.profile([1, 3])[3],
        lambda fit: fit.tidy(conf_int=True).iloc[:, 1:],
        lambda fit: fit.tidy(vcov=fit.vcov("HC0")).iloc[:, 1:],
        lambda fit: fit.summary(vcov=fit.vcov()).coefficients,
        lambda fit: fit.coeftest(vcov=fit.vcov("HC3")).frame,
        lambda fit: fit.waldtest(". ~ . - gy2").frame,
        lambda fit: fit.waldtest("gy2", vcov=fit.vcov()).frame,
        lambda fit: fit.linear_hypothesis(np.eye(5)[[1]]).frame,
        lambda fit: fit.linear_hypothesis([False, True, False, True, False]).frame,
        lambda fit: fit.delta_method("exp(c) / d", names=list("abcde")).frame,
        lambda fit: fit.add1("~ . + I(x^2)").frame,
        lambda fit: fit.drop1(test="LRT").frame,
        lambda fit: fit.Anova(test="Wald").frame,
        lambda fit: fit.vif().frame,
        lambda fit: fit.predict(rows().head(3), se_fit=True, vcov=fit.vcov()),
        lambda fit: fit.predict(rows().head(3), type="terms"),
        lambda fit: fit.dfbetas(),
        lambda fit: glm(fit.formula, rows(), "poisson", start=fit.coefficients).coefficients,
    ],
)
def test_shared_names_give_each_its_own(twice, apart, ask):
    np.testing.assert_allclose(np.asarray(ask(twice)), np.asarray(ask(apart)), rtol=1e-9, atol=1e-12)


def test_shared_names_print_and_draw(twice):
    profile = twice.profile()
    assert str(profile).count("$gy2") == 2
    axes = gf.profile_plot(profile).axes
    drawn = [axis.lines[0].get_xdata() for axis in axes if axis.get_xlabel() == "gy2"]
    assert len(drawn) == 2
    assert not np.array_equal(drawn[0], drawn[1])
    assert [t.get_text() for t in gf.coefficient_plot(twice).get_yticklabels()].count("gy2") == 2


@pytest.mark.parametrize("kind", ["parquet", "arrow", "csv"])
def test_shared_names_are_written_each_once(twice, tmp_path, kind):
    path = tmp_path / f"design.{kind}"
    twice.model_matrix(out=path)
    read = {"parquet": pd.read_parquet, "arrow": pd.read_feather, "csv": pd.read_csv}[kind](path)
    assert list(read.columns) == ["row", "(Intercept)", "gy2", "gy3", "gy2.1", "x"]


def test_shared_names_are_saved_and_loaded(twice, tmp_path):
    twice.save(tmp_path / "fit.json")
    again = gf.load(tmp_path / "fit.json")
    pd.testing.assert_frame_equal(again.confint(method="wald").frame, twice.confint(method="wald").frame)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda fit: fit.confint("gy2"), f"{SHARED}: give positions"),
        (lambda fit: fit.profile(["x", "gy2"]), SHARED),
        (lambda fit: fit.profile()["gy2"], SHARED),
        (lambda fit: fit.profile().values, f"{SHARED}: take them from grids"),
        (lambda fit: fit.linear_hypothesis("gy2 = 0"), f"{SHARED}: give a matrix"),
        (lambda fit: fit.delta_method("exp(x) / gy2"), f"{SHARED}: give each a name of its own"),
        (lambda fit: fit.delta_method("b", names={"b": "gy2"}), f"names: {SHARED}"),
        (lambda fit: fit.delta_method("b", names=list("abbde")), "names: 'b' stands there 2 times"),
        (
            lambda fit: fit.summary(vcov=fit.vcov().iloc[::-1, ::-1]),
            f"{SHARED}, so vcov cannot be matched by its labels",
        ),
        (
            lambda fit: glm(fit.formula, rows(), "poisson", start=fit.coefficients[::-1]),
            f"{SHARED}, so start cannot be matched",
        ),
    ],
)
def test_shared_names_are_said_when_asked_for(twice, ask, message):
    with pytest.raises(GLMFormulaError, match=message):
        ask(twice)


def test_shared_names_are_pointed_at(twice):
    with pytest.raises(FormulaError, match=r"2\*x - gy2\n\s+\^\^\^$"):
        twice.linear_hypothesis("2*x - gy2")


# ---- masks ----

MASK = [False, True, False, True]


@pytest.mark.parametrize(
    "mask",
    [
        MASK,
        tuple(MASK),
        np.array(MASK),
        np.array(MASK, dtype=object),
        pd.array(MASK, dtype="boolean"),
        pd.Series(MASK),
        pd.Series([MASK[k] for k in SHUFFLED], index=["gy2", "(Intercept)", "I(x^2)", "x"]),
    ],
)
def test_masks_are_masks(plain, mask):
    names = ["x", "I(x^2)"]
    assert list(plain.confint(mask, method="wald").frame.index) == names
    assert list(plain.profile(mask).values) == names
    assert list(plain.profile().confint(mask).frame.index) == names
    pd.testing.assert_frame_equal(
        plain.linear_hypothesis(mask).frame, plain.linear_hypothesis(["x = 0", "I(x^2) = 0"]).frame
    )


def test_masks_of_other_libraries(plain):
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    for mask in (pl.Series(MASK), pa.array(MASK), pa.chunked_array([MASK])):
        assert list(plain.confint(mask, method="wald").frame.index) == ["x", "I(x^2)"]


def test_masks_of_terms(plain):
    chosen = plain.predict(type="terms", terms=[True, False, True])
    assert list(chosen.columns) == ["x", "I(x^2)"]
    assert list(plain.predict(type="terms", terms=1).columns) == ["gy2"]
    pd.testing.assert_frame_equal(plain.waldtest([False, True, False]).frame, plain.waldtest("gy2").frame)
    pd.testing.assert_frame_equal(plain.lrtest(pd.Series(["gy2"])).frame, plain.lrtest("gy2").frame)


def test_masks_of_panels(plain):
    titles = [axis.get_title() for axis in plain.plot([True, False, False, True, False, False]).axes]
    assert titles == ["Residuals vs Fitted", "Cook's distance"]
    assert len(plain.plot(np.int64(2)).axes) == 1


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda fit: fit.confint(MASK[:3]),
            "a mask of coefficients should have 4 values, one for each; got 3",
        ),
        (lambda fit: fit.profile(np.array([*MASK, True])), "should have 4 values.*got 5"),
        (lambda fit: fit.confint([True, None, False, True]), "should hold True or False only; got None"),
        (lambda fit: fit.confint([True, 1, 2, 3]), "should hold True or False only; got 1"),
        (lambda fit: fit.confint(True), "picked by its name, its position from 0, or a mask.*got True"),
        (lambda fit: fit.confint(1.5), "got 1.5"),
        (
            lambda fit: fit.confint(pd.Series(MASK, index=list("abcd"))),
            "labels of a mask should be the coeff",
        ),
        (lambda fit: fit.predict(type="terms", terms=[True]), "a mask of terms should have 3 values.*got 1"),
        (lambda fit: fit.predict(type="terms", terms=7), "term 7 does not exist: the model has 3"),
        (lambda fit: fit.waldtest([True, False]), "terms specified.*a mask of terms should have 3 values"),
        (lambda fit: fit.plot([True, True]), "a mask of panels should have 6 values"),
        (lambda fit: fit.linear_hypothesis([True, False]), "a mask of coefficients should have 4 values"),
    ],
)
def test_masks_that_fit_nothing_are_refused(plain, ask, message):
    with pytest.raises(DataError, match=message):
        ask(plain)


# ---- labels ----


def labelled(plain, values):
    """The values under the coefficients' names, in another order."""
    return pd.Series(values, index=list(plain.column_names)).iloc[SHUFFLED]


def test_start_goes_by_name(plain):
    for start in (
        labelled(plain, plain.coefficients),
        labelled(plain, plain.coefficients).to_dict(),
        labelled(plain, plain.coefficients).to_frame(),
        labelled(plain, plain.coefficients).to_frame().T,
        plain.coefficients.to_numpy(),
        plain.coefficients.reset_index(drop=True),
    ):
        again = glm(plain.formula, rows(), "poisson", start=start)
        assert again.iter == 1  # it starts where the iterations ended


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (pd.Series([1.0, 0, 0, 0], index=["(Intercept)", "x", "gy2", "z"]), r"no value for 'I\(x\^2\)' and"),
        ({"(Intercept)": 1, "x": 2}, r"no value for 'gy2', 'I\(x\^2\)'"),
        (pd.Series([1.0, 0, 0, 0], index=[3, 2, 1, 0]), "labels that are none: 3, 2, 1, 0"),
        (pd.DataFrame(np.zeros((2, 4))), "should be one number for each coefficient; got shape"),
    ],
)
def test_start_with_other_labels_is_refused(plain, start, message):
    with pytest.raises(DataError, match=message):
        glm(plain.formula, rows(), "poisson", start=start)


def test_hypotheses_go_by_name(plain):
    expected = plain.linear_hypothesis(["x = 0", "2*gy2 - x = 1"]).frame
    L = pd.DataFrame([[0, 1, 0, 0], [0, -1, 2, 0]], columns=list(plain.column_names), index=["a", "b"])
    right = pd.Series([1.0, 0.0], index=["b", "a"])
    for matrix in (L, L.iloc[:, SHUFFLED], L.to_numpy()):
        rhs = right if isinstance(matrix, pd.DataFrame) else [0, 1]
        pd.testing.assert_frame_equal(plain.linear_hypothesis(matrix, rhs).frame, expected)
    texts = ["x", "2*gy2 - x"]
    by_text = pd.Series([1.0, 0.0], index=texts[::-1])
    pd.testing.assert_frame_equal(plain.linear_hypothesis(texts, by_text).frame, expected)
    pd.testing.assert_frame_equal(plain.linear_hypothesis(pd.Series(texts), [0, 1]).frame, expected)
    one = plain.linear_hypothesis("x - gy2 = 0").frame
    row = labelled(plain, [0, 1, -1, 0])
    for given in (row, row.to_dict(), row.to_frame().T):
        pd.testing.assert_frame_equal(plain.linear_hypothesis(given).frame, one)


def test_hypotheses_of_aliased_fits_go_by_name():
    data = rows().assign(x2=lambda d: 2 * d["x"])
    fit = glm("y ~ x + x2 + gy2", data, "poisson")
    expected = fit.linear_hypothesis("gy2 = x", singular_ok=True).frame
    for names in (["gy2", "x", "x2", "(Intercept)"], ["gy2", "(Intercept)", "x"]):
        row = pd.Series(0.0, index=names) + pd.Series({"gy2": 1.0, "x": -1.0}).reindex(names, fill_value=0)
        pd.testing.assert_frame_equal(fit.linear_hypothesis(row, singular_ok=True).frame, expected)


@pytest.mark.parametrize(
    ("hypothesis", "rhs", "message"),
    [
        (pd.DataFrame({"x": [1], "z": [2]}), None, "no value for .*and labels that are none: 'z'"),
        ({"x": 1}, None, r"no value for '\(Intercept\)', 'gy2'"),
        (["x", "gy2"], [1, 2, 3], "rhs should be one number, or one for each of the 2 restrictions; got 3"),
        (["x", "gy2"], pd.Series({"x": 1.0, "z": 2.0}), "the labels of rhs should be the restrictions"),
    ],
)
def test_hypotheses_with_other_labels_are_refused(plain, hypothesis, rhs, message):
    with pytest.raises(DataError, match=message):
        plain.linear_hypothesis(hypothesis, rhs)


def test_covariances_go_by_name(plain):
    cov = plain.vcov("HC3")
    expected = plain.coeftest(vcov=cov.to_numpy()).frame
    one_side = cov.iloc[SHUFFLED, SHUFFLED].reset_index(drop=True)
    for given in (
        cov,
        cov.iloc[SHUFFLED],
        cov.iloc[:, SHUFFLED],
        cov.iloc[SHUFFLED, SHUFFLED[::-1]],
        one_side,
    ):
        pd.testing.assert_frame_equal(plain.coeftest(vcov=given).frame, expected)
        pd.testing.assert_frame_equal(
            plain.confint(method="wald", vcov=given).frame, plain.confint(method="wald", vcov=cov).frame
        )
    with pytest.raises(DataError, match=r"the labels of vcov should be the coefficients.*none: 'z'"):
        plain.summary(vcov=cov.rename(columns={"x": "z"}))
    with pytest.raises(DataError, match=r"vcov should be a matrix of shape \(4, 4\)"):
        plain.summary(vcov=np.eye(3))
    with pytest.raises(DataError, match=r"vcov should be a matrix of shape \(4, 4\).*got shape \(\)"):
        plain.summary(vcov=lambda fit: 3.0)


def test_covariances_in_polars_go_by_name(plain):
    pl = pytest.importorskip("polars")
    cov = plain.vcov("HC3")
    given = pl.DataFrame(cov.iloc[SHUFFLED, SHUFFLED].reset_index(drop=True))
    pd.testing.assert_frame_equal(plain.coeftest(vcov=given).frame, plain.coeftest(vcov=cov).frame)


def test_names_go_by_name(plain):
    expected = plain.delta_method("b1 / b2", names=["b0", "b1", "b2", "b3"]).frame
    names = labelled(plain, ["b0", "b1", "b2", "b3"])
    pd.testing.assert_frame_equal(plain.delta_method("b1 / b2", names=names).frame, expected)
    with pytest.raises(DataError, match="the labels of names should be the coefficients"):
        plain.delta_method("b1 / b2", names=names.set_axis(list("abcd")))


def test_contrasts_go_by_level():
    rank = pd.Series({"c": 2.0, "a": 0.0, "b": 1.0})
    data = rows()
    for given in (rank, rank.to_frame(), [0, 1, 2], pd.Series([0, 1, 2])):
        fit = glm("y ~ h", data, "poisson", contrasts={"h": given})
        assert fit.coefficients.iloc[1] == pytest.approx(0.0346, abs=0.2)
        np.testing.assert_allclose(fit.model_matrix().iloc[:, 1], data["h"].map(rank))
    with pytest.raises(DataError, match="the rows of the contrast matrix are called a, b, z"):
        glm("y ~ h", data, "poisson", contrasts={"h": pd.Series([0, 1, 2], index=list("abz"))})


def test_effects_are_held_by_name(plain):
    line = [gf.effect_plot(plain, "x", at=at).lines[0] for at in ({"gy2": 1.0}, pd.Series({"gy2": 1.0}))]
    np.testing.assert_array_equal(line[0].get_ydata(), line[1].get_ydata())


@pytest.mark.parametrize("what", ["weights", "offset", "etastart", "mustart"])
def test_rows_go_by_label(what):
    data = rows().set_index(np.arange(120)[::-1])
    values = pd.Series(np.linspace(1, 2, 120), index=data.index)
    fits = [
        glm("y ~ x", data, "poisson", **{what: v}) for v in (values, values.sample(frac=1, random_state=1))
    ]
    np.testing.assert_array_equal(fits[0].coefficients, fits[1].coefficients)
    with pytest.raises(DataError, match="without the data's row label"):
        glm("y ~ x", data, "poisson", **{what: values.set_axis(values.index + 1)})
