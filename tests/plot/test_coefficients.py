"""Coefficient and profile plots stay readable: many, long, aliased, infinite."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from glmformula import DataError, coefficient_plot, glm, load, profile_plot

from matplotlib import pyplot as plt  # isort: skip


def note(axis):
    return next(t.get_text().replace("\n", " ") for t in axis.texts if t.get_gid() == "note")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"x": rng.normal(size=120), "g": np.array(["a", "b", "none"])[np.arange(120) % 3]})
    data["y"] = np.where(data["g"] == "none", 0, rng.poisson(2, 120))
    return data


@pytest.fixture(scope="module")
def endless(data):
    with pytest.warns(match="separat"):
        return glm("y ~ g + x + I(2 * x)", data, "poisson")


@pytest.fixture(scope="module")
def wide():
    rng = np.random.default_rng(3)
    names = [
        f"variable_number_{k}" + "_with_a_name_that_does_not_want_to_end" * (k % 7 == 0) for k in range(300)
    ]
    data = pd.DataFrame(rng.normal(size=(400, 300)), columns=names)
    return glm("y ~ .", data.assign(y=rng.normal(size=400)), "gaussian")


@pytest.mark.parametrize("method", ["wald", "profile"])
@pytest.mark.parametrize("exponentiate", [False, True])
def test_what_is_infinite_has_an_arrow(endless, method, exponentiate):
    axis = coefficient_plot(endless, method=method, exponentiate=exponentiate)
    axis.figure.canvas.draw()
    limits = np.log(axis.get_xlim()) if exponentiate else np.array(axis.get_xlim())
    assert np.isfinite(limits).all()
    assert np.ptp(limits) < 60
    arrows = {line.get_marker() for line in axis.lines} & set("<>")
    assert arrows == ({"<", ">"} if method == "wald" else {"<"})
    kind = "Wald" if method == "wald" else "profile"
    assert note(axis) == f"95 % {kind} intervals; arrows: beyond the picture; aliased: I(2 * x)"
    assert [t.get_text() for t in axis.get_yticklabels()] == ["gb", "gnone", "x"]


def test_ordinary_intervals_are_whole(data):
    axis = coefficient_plot(glm("y ~ x + g", data[data["g"] != "none"], "poisson"))
    assert not {line.get_marker() for line in axis.lines} & set("<>")
    assert note(axis) == "95 % profile intervals"


def test_many_long_names(wide):
    axis = coefficient_plot(wide, method="wald")
    labels = axis.get_yticklabels()
    assert len(labels) == 300
    assert max(len(t.get_text()) for t in labels) <= 40
    gap = axis.bbox.height / 301 * 72 / axis.figure.dpi
    assert labels[0].get_fontsize() <= gap
    assert axis.bbox.width > axis.figure.bbox.width / 4
    low, high = axis.get_ylim()
    assert high - low == pytest.approx(300.4, abs=0.5)


def test_many_names_in_little_room(wide):
    figure, axis = plt.subplots(figsize=(4, 3), layout="constrained")
    coefficient_plot(wide, axis=axis, method="wald")
    figure.canvas.draw()
    labels = axis.get_yticklabels()
    apart = axis.bbox.height / 301 * (299 / (len(labels) - 1)) * 72 / figure.dpi
    assert apart >= 0.9 * labels[0].get_fontsize()


def test_a_model_without_rows_has_wald_intervals(data, tmp_path):
    fit = glm("y ~ x + g", data[data["g"] != "none"], "poisson")
    fit.save(tmp_path / "model.json")
    axis = coefficient_plot(load(tmp_path / "model.json"), level=0.9)
    assert note(axis) == "90 % Wald intervals"
    table = fit.tidy(conf_int=True, conf_level=0.9, conf_method="wald").iloc[1:]
    segments = np.array(axis.containers[0].lines[2][0].get_segments())
    np.testing.assert_allclose(segments[:, 0, 0], table["conf_low"])


def test_nothing_to_draw_is_told(data):
    with pytest.raises(
        DataError, match="the model has none but the intercept; intercept=True draws the intercept"
    ):
        coefficient_plot(glm("y ~ 1", data, "poisson"))
    with pytest.raises(DataError, match=r"all are aliased \(I\(0 \* x\)\)"):
        coefficient_plot(glm("y ~ I(0 * x)", data, "poisson"))
    with pytest.raises(DataError, match="there is no profile to draw"):
        profile_plot(glm("y ~ x + I(2 * x)", data, "poisson").profile("I(2 * x)"))


def test_a_flat_profile_is_seen_to_be_flat(endless):
    figure = profile_plot(endless.profile())
    assert [axis.get_xlabel() for axis in figure.axes if axis.get_visible()] == [
        "(Intercept)",
        "gb",
        "gnone",
        "x",
    ]
    flat = figure.axes[2]
    assert flat.get_ylim()[1] > 0.67  # the cut-off of 50 %


def test_many_profiles_have_small_panels():
    rng = np.random.default_rng(4)
    data = pd.DataFrame(rng.normal(size=(60, 15)), columns=[f"v{k}_{'long' * 12}" for k in range(15)])
    figure = profile_plot(glm("y ~ .", data.assign(y=rng.normal(size=60)), "gaussian").profile())
    shown = [axis for axis in figure.axes if axis.get_visible()]
    assert len(shown) == 16
    figure.canvas.draw()
    boxes = [axis.get_tightbbox() for axis in shown]
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
    assert all(box.y0 >= 0 and box.x0 >= 0 for box in boxes)
