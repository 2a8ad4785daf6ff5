"""Deparse: R's text for 265 expressions, and trees that come back as they were."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from glmformula.formula.deparse import deparse
from glmformula.formula.reader import read
from glmformula.formula.tokens import BINARY, number_text
from glmformula.formula.tree import Call, Literal, Name, Node

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "terms.json").read_text("utf-8"))["deparse"]


def test_as_r() -> None:
    differing = [(e, r, found) for e, r in REFERENCE if (found := deparse(read(e))) != r]
    assert differing == []


def test_the_table_is_large_enough() -> None:
    assert len(REFERENCE) >= 150


@pytest.mark.parametrize(
    ("value", "written"),
    [(math.inf, "Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"), (-100000.0, "-1e+05"), (0.0, "0")],
)
def test_numbers_no_token_gives(value: float, written: str) -> None:
    assert number_text(value) == written


def test_control_and_wide_characters() -> None:
    assert deparse(read("'\\001\\u200b\\U000e0001'")) == r'"\001\u200b\U000e0001"'


def test_odd_calls_in_backticks() -> None:
    for text in ("`-`(a, b, c)", "`[`(a)", "`%in%`(a)", "`~`()", "stats::`my f`(x)", "`$`(a, 1)"):
        assert deparse(read(text)) == text


LEAVES = st.one_of(
    st.sampled_from(["a", "b.1", "x 1", "if", "_z"]).map(Name),
    st.sampled_from([Literal(1.0, "1"), Literal(2, "2L"), Literal("s", '"s"'), Literal(True, "TRUE")]),
)


def grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    names = st.sampled_from(["f", "my f"])
    operators = st.sampled_from([*sorted(set(BINARY) - {"~"}), "%in%", "%%"])
    return st.one_of(
        st.builds(lambda f, a, b: Call(f, (a, b)), operators, inner, inner),
        st.builds(lambda a: Call("-", (a,)), inner),
        st.builds(lambda f, a: Call(f, (Call("!", (a,)),)), names, inner),
        st.builds(lambda f, a, b: Call(f, (a, b), (None, "k 1"), "stats"), names, inner, inner),
        st.builds(lambda f, a, b: Call(f, (a, b)), st.sampled_from(["[", "[["]), inner, inner),
    )


def bare(node: Node) -> Node:
    """Without parentheses."""
    if not isinstance(node, Call):
        return node
    return bare(node.args[0]) if node.function == "(" else replace(node, args=tuple(map(bare, node.args)))


@given(st.recursive(LEAVES, grown, max_leaves=12))
def test_trees_come_back(tree: Node) -> None:
    """What deparse writes of any tree, however made, reads as that tree."""
    assert bare(read(deparse(tree))) == tree
