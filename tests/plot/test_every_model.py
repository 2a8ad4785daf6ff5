"""Effect plots of every class of model, slopes and comparisons over other variables, coefficients of several fits."""

from __future__ import annotations

from functools import cache

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import glmformula as g
from glmformula import DataError, FitError

mpl.use("Agg")
from matplotlib import pyplot as plt


@cache
def data():
    rng = np.random.default_rng(0)
    n = 200
    d = pd.DataFrame({"x": rng.normal(size=n), "z": rng.normal(size=n), "f": rng.choice(list("abc"), n)})
    place = np.clip(np.round(1.2 * d["x"] + rng.logistic(size=n)).astype(int) + 1, 0, 2)
    d["k"] = pd.Categorical.from_codes(place, ["low", "mid", "high"], ordered=True)
    d["u"] = d["k"].astype(str)
    d["n"] = rng.poisson(np.exp(0.5 * d["x"])) * (rng.random(n) > 0.3)
    d["y"] = (d["x"] * (d["f"] == "b") + 0.5 * d["z"] + rng.logistic(size=n) > 0).astype(int)
    d["group"] = np.where(d["z"] > 0, "up", "down")
    return d


@cache
def models():
    d = data()
    return {
        "polr": g.polr("k ~ x + f", d),
        "multinom": g.multinom("u ~ x * f + z", d),
        "pair": g.multinom("y ~ x", d),
        "zeroinfl": g.zeroinfl("n ~ x + f | z", d),
        "hurdle": g.hurdle("n ~ x + f", d),
        "binomial": g.glm("y ~ x * f + z * x + I(z^2)", d, family="binomial"),
    }


def note(axis):
    return next((t.get_text().replace("\n", " ") for t in axis.texts if t.get_gid() == "note"), "")


def legend(axis):
    box = axis.get_legend() or axis.figure.legends[0]
    return [text.get_text() for text in box.get_texts()]


def test_a_line_for_each_category():
    fit = models()["polr"]
    axis = g.effect_plot(fit, "x")
    assert legend(axis) == ["low", "mid", "high"]
    assert axis.get_ylabel() == "P(k)"
    assert note(axis) == f"held at f = {data()['f'].mode()[0]}"
    rows = pd.DataFrame({"x": axis.lines[0].get_xdata(), "f": data()["f"].mode()[0]})
    found = fit.predict(rows, type="probs", interval="confidence")
    for line, level in zip(axis.lines, ["low", "mid", "high"]):
        np.testing.assert_allclose(line.get_ydata(), found["fit", level])
    band = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert band.min() == pytest.approx(found["lwr", "low"].min())
    assert band.max() == pytest.approx(found["upr", "low"].max())


def test_a_panel_for_each_category_where_there_are_lines():
    fit = models()["multinom"]
    panels = g.effect_plot(fit, "x", by="f")
    assert [axis.get_title() for axis in panels] == sorted(data()["u"].unique())
    assert legend(panels[0]) == ["a", "b", "c"]
    assert len({axis.get_ylim() for axis in panels}) == 1
    rows = pd.DataFrame({"x": panels[0].lines[1].get_xdata(), "f": "b", "z": data()["z"].mean()})
    np.testing.assert_allclose(
        panels[2].lines[1].get_ydata(), fit.predict(rows, type="probs")["mid"], rtol=1e-6
    )


def test_observed_shares_stand_beside():
    axis = g.effect_plot(models()["multinom"], "f")
    drawn = [c.get_offsets() for c in axis.collections if len(c.get_offsets()) == 3]
    shares = data().groupby("f")["u"].value_counts(normalize=True).unstack()
    for points, level in zip(drawn, ["high", "low", "mid"]):
        np.testing.assert_allclose(np.asarray(points)[:, 1], shares[level])
    bare = g.effect_plot(models()["multinom"], "f", points=False)
    assert not [c for c in bare.collections if len(c.get_offsets()) == 3]


def test_two_categories_are_one_line():
    axis = g.effect_plot(models()["pair"], "x")
    assert axis.get_ylabel() == "P(y = 1)"
    assert len(axis.lines) == 1


@pytest.mark.parametrize(
    ("name", "type"), [("zeroinfl", "response"), ("zeroinfl", "zero"), ("hurdle", "count")]
)
def test_counts_with_many_zeros(name, type):
    fit = models()[name]
    axis = g.effect_plot(fit, "x", by="f", type=type)
    assert legend(axis) == ["a", "b", "c"]
    assert axis.get_ylabel() == ("n" if type == "response" else f"{type} of n")
    held = {"z": data()["z"].mean()} if name == "zeroinfl" else {}
    rows = pd.DataFrame({"x": axis.lines[2].get_xdata(), "f": "c", **held})
    np.testing.assert_allclose(axis.lines[2].get_ydata(), fit.predict(rows, type=type), rtol=1e-6)


def test_slopes_over_a_moderator():
    fit = models()["binomial"]
    axis = g.plot_slopes(fit, "x", "z")
    assert axis.get_title() == "x: dY/dX"
    assert axis.get_ylabel() == "slope of y"
    assert note(axis).startswith("held at")
    assert "x = " in note(axis)
    z = axis.lines[0].get_xdata()
    rows = pd.DataFrame({"z": z, "x": data()["x"].mean(), "f": data()["f"].mode()[0]})
    found = g.slopes(fit, "x", newdata=rows)
    np.testing.assert_allclose(axis.lines[0].get_ydata(), found["estimate"], rtol=1e-9)
    vertices = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert vertices.max() == pytest.approx(found["conf_high"].max())


def test_average_slopes_by_groups_whatever_the_column_is_called():
    fit = models()["binomial"]
    found = g.avg_slopes(fit, "x", by="group")
    assert found["group"].tolist() == ["down", "up"]
    for group in ("down", "up"):
        own = g.avg_slopes(fit, "x", newdata=data()[data()["group"] == group])
        row = found[found["group"] == group]
        np.testing.assert_allclose(row["estimate"], own["estimate"], rtol=1e-10)
    axis = g.plot_slopes(fit, "x", by="group")
    drawn = axis.containers[0].lines[0].get_ydata()
    np.testing.assert_allclose(drawn, found["estimate"])
    assert note(axis) == "averages of the rows in each group"
    with pytest.raises(
        DataError, match=r"by='group': the answer has a column of this name already \(the category\)"
    ):
        g.avg_slopes(models()["polr"], "x", by="group")
    renamed = data().assign(term=data()["f"])
    with pytest.raises(DataError, match=r"by='term': .*\(the variable\): rename that of the data"):
        g.avg_slopes(g.glm("y ~ x", renamed, family="binomial"), by="term")
    assert len(g.avg_predictions(g.glm("y ~ x", renamed, family="binomial"), by="term")) == 3


def test_comparisons_have_a_panel_for_each_contrast():
    panels = g.plot_comparisons(models()["binomial"], "f", ["x", "z"])
    assert [axis.get_title() for axis in panels] == ["f: b - a", "f: c - a"]
    assert "f = " not in " ".join(map(note, panels))  # the one that is compared is not held
    assert len(legend(panels[0])) == 3
    ratio = g.plot_comparisons(models()["polr"], {"x": (-1, 1)}, by="f", comparison="ratio")
    assert legend(ratio) == ["low", "mid", "high"]
    assert ratio.get_ylabel() == "ratio of P(k)"
    assert any(np.allclose(line.get_ydata(), 1) for line in ratio.lines)
    own = g.plot_comparisons(models()["binomial"], "z", "x", comparison=lambda hi, lo: hi / lo)
    assert own.get_ylabel() == "comparison of y"


def test_predictions_drawn():
    axis = g.plot_predictions(models()["polr"], "x")
    np.testing.assert_allclose(
        axis.lines[1].get_ydata(), g.effect_plot(models()["polr"], "x").lines[1].get_ydata()
    )
    panels = g.plot_predictions(models()["multinom"], by="f")
    assert panels.get_ylabel() == "P(u)"
    means = g.avg_predictions(models()["multinom"], by="f")
    drawn = panels.containers[0].lines[0].get_ydata()
    np.testing.assert_allclose(drawn, means[means["group"] == "high"]["estimate"])


def test_coefficients_of_several_fits():
    d = data()
    crude, whole = g.glm("y ~ x", d, family="binomial"), g.glm("y ~ x + z + f", d, family="binomial")
    axis = g.coefficient_plot({"crude": crude, "adjusted": whole}, method="wald")
    assert legend(axis) == ["crude", "adjusted"]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["x", "z", "fb", "fc"]
    first, second = (box.lines[0] for box in axis.containers)
    assert first.get_xdata() == pytest.approx([crude.coefficients["x"]])
    np.testing.assert_allclose(second.get_xdata(), whole.coefficients.iloc[1:])
    assert first.get_ydata()[0] > second.get_ydata()[0]  # in the order given, from above
    assert axis.get_xlabel() == "coefficient (logit scale)"
    mixed = g.coefficient_plot([crude, models()["zeroinfl"], g.lm("x ~ z", d)])
    assert legend(mixed) == ["(1)", "(2)", "(3)"]
    assert "(2) n ~ x + f | z" in note(mixed)
    assert mixed.get_xlabel() == "coefficient"
    with pytest.raises(FitError, match=r"coefficient_plot\(\) is asked of a fitted model.*got 3"):
        g.coefficient_plot([crude, 3])
    with pytest.raises(DataError, match="draws up to 10 fits beside each other; got 11"):
        g.coefficient_plot([crude] * 11)


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda m: g.plot_slopes(m["binomial"], "x"), ValueError, "give condition=.* or by=.*one of them"),
        (lambda m: g.plot_slopes(m["binomial"], "x", "z", by="f"), ValueError, "one of them"),
        (lambda m: g.plot_predictions(m["binomial"], ["x", "z", "f"]), ValueError, "one variable, or two"),
        (lambda m: g.plot_predictions(m["binomial"], "w"), DataError, "'w' is not a variable of the model's"),
        (lambda m: g.plot_slopes(m["binomial"], "x", by="z"), DataError, "nearly one a row"),
        (lambda m: g.plot_predictions(m["binomial"], by="f", at={"x": 1}), ValueError, "at= holds variables"),
        (
            lambda m: g.effect_plot(m["zeroinfl"], "x", type="zeros"),
            ValueError,
            "type should be one of 'response'",
        ),
        (lambda m: g.effect_plot(m["polr"], "w"), DataError, "'w' is not a variable"),
        (
            lambda m: g.effect_plot(g.cv_glmnet("y ~ x + z", data(), "binomial", seed=1), "x"),
            FitError,
            "CvGlmnet",
        ),
    ],
)
def test_what_cannot_be_drawn(ask, error, words):
    with pytest.raises(error, match=words):
        ask(models())


def test_labels_do_not_collide():
    """Names of levels, titles and the note stand apart in every panel."""
    long = data().assign(
        f=data()["f"].map({"a": "a long name of a level", "b": "another long name", "c": "short"})
    )
    panels = g.effect_plot(g.multinom("u ~ f + x", long), "f", by="x")
    figure = panels[0].figure
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    for axis in panels:
        boxes = [text.get_window_extent(renderer) for text in axis.get_xticklabels() if text.get_text()]
        if not any(text.get_rotation() for text in axis.get_xticklabels()):
            assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[k + 1 :])
        assert not any(axis.xaxis.label.get_window_extent(renderer).overlaps(box) for box in boxes)
    titles = [axis.title.get_window_extent(renderer) for axis in panels]
    assert not any(a.overlaps(b) for k, a in enumerate(titles) for b in titles[k + 1 :])
    plt.close("all")
