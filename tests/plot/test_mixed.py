"""The caterpillar of random effects."""

from __future__ import annotations

import numpy as np
import pytest
from reference.mixed.fits import fitted
from scipy.stats import norm

import glmformula as gf
from glmformula.errors import DataError, FitError


def test_each_column_has_its_modes_and_limits():
    fit = fitted("sleep")
    axes = gf.ranef_plot(fit, level=0.8)
    effects = fit.ranef(cond_var=True)
    table = effects["Subject"]
    order = np.argsort(table["(Intercept)"].to_numpy(), kind="stable")
    assert [axis.get_title() for axis in axes] == ["Subject: (Intercept)", "Subject: Days"]
    for k, axis in enumerate(axes):
        points = axis.lines[1].get_xydata()
        assert points[:, 0] == pytest.approx(table.iloc[order, k])
        half = norm.ppf(0.9) * np.sqrt(effects.cond_var["Subject"][order, k, k])
        ends = np.array([segment[:, 0] for segment in axis.collections[0].get_segments()])
        assert ends == pytest.approx(np.column_stack([points[:, 0] - half, points[:, 0] + half]))
        assert [t.get_text() for t in axis.get_yticklabels()] == [str(table.index[j]) for j in order]


def test_many_groups_are_a_band_without_names():
    axes = gf.ranef_plot(fitted("inst"), ["d", "dept"], sort=False)
    assert [axis.get_title() for axis in axes] == ["d: (Intercept)", "dept: (Intercept)"]
    assert axes[0].get_ylabel() == f"{fitted('inst').ngrps['d']} groups"
    assert len(axes[0].get_yticks()) == 0
    assert [t.get_text() for t in axes[1].get_yticklabels()] == list(fitted("inst").ranef()["dept"].index)[
        ::-1
    ]


def test_what_has_no_caterpillar_says_so():
    with pytest.raises(FitError, match="draws the random effects of lmer"):
        gf.ranef_plot(gf.lm("y ~ x", {"y": [1.0, 2.0, 4.0], "x": [1, 2, 3]}))
    with pytest.raises(DataError, match=r"'subject' is no grouping factor of the model.*Subject"):
        gf.ranef_plot(fitted("sleep"), "subject")
    with pytest.raises(ValueError, match="level should be between 0 and 1"):
        gf.ranef_plot(fitted("sleep"), level=2)
