"""Response kinds, for families of the binomial kind and others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from glmformula.errors import DataError
from glmformula.frame.model_frame import model_frame
from glmformula.frame.response import Response

DATA = pd.DataFrame(
    {
        "x": [1.0, 2, 3, 4],
        "y": [0, 1, 1, 0],
        "flag": [False, True, True, False],
        "outcome": pd.Categorical(["ill", "well", "well", "ill"], categories=["well", "ill"]),
        "text": ["no", "Yes", "Yes", "no"],
        "three": ["lo", "mid", "hi", "lo"],
        "yes": [1, 2, 0, 3],
        "no": [3, 2, 0, 1],
        "n": [4, 4, 0, 4],
        "w": [1.0, 2, 3, 4],
    }
)


def response(left: str, reading: str = "binomial", **options: object) -> Response:
    found = model_frame(f"{left} ~ x", DATA, reading=reading, **options).response
    assert found is not None
    assert found.y.dtype == np.float64
    assert found.name == left
    return found


@pytest.mark.parametrize(
    ("left", "y", "kind", "levels"),
    [
        ("y", [0, 1, 1, 0], "numeric", ()),
        ("flag", [0, 1, 1, 0], "logical", ("FALSE", "TRUE")),
        ("x > 1.5", [0, 1, 1, 1], "logical", ("FALSE", "TRUE")),
        ("outcome", [1, 0, 0, 1], "factor", ("well", "ill")),
        ("text", [0, 1, 1, 0], "character", ("no", "Yes")),
        ('three == "lo"', [1, 0, 0, 1], "logical", ("FALSE", "TRUE")),
        ("factor(y)", [0, 1, 1, 0], "factor", ("0", "1")),
        ("cbind(y)", [0, 1, 1, 0], "numeric", ()),
    ],
)
def test_binomial_kinds(left: str, y: list[float], kind: str, levels: tuple[str, ...]) -> None:
    found = response(left)
    assert found.y.tolist() == y
    assert (found.kind, found.levels, found.prior_weights, found.trials) == (kind, levels, None, None)


@pytest.mark.parametrize("left", ["cbind(yes, no)", "cbind(yes, n - yes)"])
def test_counts_become_proportions_and_trials(left: str) -> None:
    found = response(left)
    assert found.y.tolist() == [0.25, 0.5, 0, 0.75]
    assert found.prior_weights is not None
    assert found.prior_weights.tolist() == [4, 4, 0, 4]
    assert found.trials is not None
    assert found.trials.tolist() == [4, 4, 0, 4]
    assert found.kind == "counts"


def test_prior_weights_multiply_trials() -> None:
    found = response("cbind(yes, no)", weights="w")
    assert found.prior_weights is not None
    assert found.prior_weights.tolist() == [4, 8, 0, 16]


def test_proportion_with_weights_keeps_both() -> None:
    found = response("yes/4", weights="n")
    assert found.y.tolist() == [0.25, 0.5, 0, 0.75]
    assert found.prior_weights is not None
    assert found.prior_weights.tolist() == [4, 4, 0, 4]


def test_levels_not_seen_keep_their_meaning() -> None:
    found = response("outcome", subset="outcome == 'ill'")
    assert found.y.tolist() == [1, 1]
    assert found.levels == ("well", "ill")


def test_third_level_that_no_row_has_is_dropped() -> None:
    found = response("three", subset="three != 'hi'")
    assert found.levels == ("lo", "mid")
    assert found.y.tolist() == [0, 1, 0]


def test_more_than_two_levels() -> None:
    with pytest.raises(
        DataError, match=r"'three' has 3 levels \('hi', 'lo', 'mid'\).*multinom\(\).*polr\(\)"
    ):
        response("three")


@pytest.mark.parametrize(("left", "kind"), [("outcome", "factor"), ("text", "character")])
def test_categories_for_a_family_of_numbers(left: str, kind: str) -> None:
    with pytest.raises(DataError, match=rf"the response '{left}' is a {kind} with levels .* needs numbers"):
        response(left, reading="numbers")


def test_logical_is_a_number_for_any_family() -> None:
    assert response("flag", reading="numbers").y.tolist() == [0, 1, 1, 0]


def test_counts_for_a_family_of_numbers() -> None:
    with pytest.raises(DataError, match="has 2 columns; only binomial families take cbind"):
        response("cbind(yes, no)", reading="numbers")


def test_three_columns() -> None:
    with pytest.raises(DataError, match="has 3 columns, a binomial response has two"):
        response("cbind(yes, no, n)")


def test_negative_counts() -> None:
    with pytest.raises(DataError, match=r"negative values not allowed for the 'binomial' family.*in 1 rows"):
        response("cbind(yes - 1, no)")


def test_missing_counts_are_cut() -> None:
    data = DATA.assign(no=[3, np.nan, 0, 1])
    found = model_frame("cbind(yes, no) ~ x", data, reading="binomial").response
    assert found is not None
    assert found.y.tolist() == [0.25, 0, 0.75]


def test_no_response() -> None:
    frame = model_frame("~ x", DATA, reading="binomial")
    assert frame.response is None
    assert frame.response_name is None
