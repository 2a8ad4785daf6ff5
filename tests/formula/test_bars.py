"""Formulas with random effects: what is fixed, what varies over which groups, and what is refused."""

from __future__ import annotations

import pytest

from glmformula.errors import FormulaError
from glmformula.formula.algebra import update_formula
from glmformula.formula.bars import Barred, has_bars, mixed_formula
from glmformula.formula.deparse import deparse

# lme4 1.1-31: nobars(f), findbars(f) and the formula a fit prints (expandDoubleVerts)
READ = [
    ("y ~ x + (x | g)", "y ~ x", ["x | g"], None),
    (
        "y ~ x * z + (x || g) + (1 | a/b) + (0 + log(x) | a:b)",
        "y ~ x * z",
        ["1 | g", "0 + x | g", "1 | b:a", "1 | a", "0 + log(x) | a:b"],
        "y ~ x * z + ((1 | g) + (0 + x | g)) + (1 | a/b) + (0 + log(x) | a:b)",
    ),
    ("y ~ (1 | a/b/c)", "y ~ 1", ["1 | c:(b:a)", "1 | b:a", "1 | a"], None),
    ("y ~ 0 + (1 | g) + x", "y ~ 0 + x", ["1 | g"], None),
    (
        "y ~ x + (1 + f + z || g)",
        "y ~ x",
        ["1 | g", "0 + f | g", "0 + z | g"],
        "y ~ x + ((1 | g) + (0 + f | g) + (0 + z | g))",
    ),
    ("y ~ poly(x, 2) + (poly(x, 2) | factor(g))", "y ~ poly(x, 2)", ["poly(x, 2) | factor(g)"], None),
]


@pytest.mark.parametrize(("text", "fixed", "bars", "shown"), READ, ids=[r[0] for r in READ])
def test_a_formula_is_split_as_lme4_splits_it(text, fixed, bars, shown):
    found = mixed_formula(text)
    assert deparse(found.fixed) == fixed
    assert [bar.text for bar in found.bars] == bars
    assert found.text == (shown or text)


def test_members_of_a_grouping_factor_are_read_once():
    found = mixed_formula("y ~ (1 | a/b) + (x | a)")
    assert list(found.members) == ["b", "a"]
    assert [bar.members for bar in found.bars] == [("b", "a"), ("a",), ("a",)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("y ~ x + 1 | g", "put random effects in parentheses"),
        ("y ~ x", "No random effects terms specified in formula"),
        ("y ~ x * (1 | g)", "added with `+`"),
        ("y ~ x - (1 | g)", "cannot be taken away"),
        ("~ (1 | g)", "the formula has no response"),
        ("y", "there is no `~`"),
        ("y ~ (1 | 2)", "no grouping factor"),
        ("y ~ (offset(x) | g)", "an offset() does not vary over groups"),
        ("y ~ (0 | g)", "nothing that varies"),
        ("y ~ (1 | g | h)", "a term has one bar"),
        ("y ~ x + (. | g)", "name its variables"),
    ],
)
def test_what_is_refused_says_why(text, said):
    with pytest.raises(FormulaError) as error:
        mixed_formula(text)
    assert said in str(error.value)


def test_a_dot_stands_for_the_fixed_columns_alone():
    terms = Barred("y ~ . + (1 | g)").terms(("y", "x", "g"))
    assert terms.parts[0].labels == ("x", "g")
    assert terms.text == "y ~ x + g + (1 | g)"


def test_a_bar_within_a_call_is_a_logical_or():
    assert not has_bars("y ~ I(a | b)")
    assert has_bars("y ~ I(a | b) + (1 | g)")


def test_update_keeps_the_parentheses_of_bars():
    assert update_formula("y ~ x + (x | g)", ". ~ . - x") == "y ~ (x | g)"
    assert update_formula("y ~ x + (x | g)", ". ~ . - (x | g) + (1 | g)") == "y ~ x + (1 | g)"
