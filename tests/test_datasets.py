"""The packaged data are what their recipes make."""

from __future__ import annotations

from pandas.testing import assert_frame_equal

from glmformula.datasets import attrition
from glmformula.datasets.attrition_recipe import make_attrition


def test_attrition_is_what_its_recipe_makes():
    assert_frame_equal(attrition(), make_attrition())


def test_attrition_shape_and_first_row():
    data = attrition()
    assert data.shape == (500, 5)
    assert data.iloc[0].to_dict() == {
        "salary": 60960,
        "experience_years": 6,
        "overtime_hours": 6,
        "left": 0,
        "sick_days": 5,
    }
    assert data["left"].sum() == 24
