"""The term algebra against R's terms.formula and update.formula, and formulaic's view of it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import formulaic
import numpy as np
import pytest
from formulaic.parser.types import Factor, FormulaParser, Term

from glmformula.errors import DataWarning, FormulaError
from glmformula.formula.algebra import response_term, terms, update_formula, variables_used
from glmformula.formula.reader import read
from glmformula.formula.rparser import RESPONSE_DROPPED, RFactor, RParser, terms_of

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "terms.json").read_text("utf-8"))
FORMULAS = REFERENCE["terms"]


def as_recorded(formula: str, data: list[str] | None) -> dict[str, Any]:
    """Our answer in the reference's words."""
    try:
        found = terms(formula, data)
    except FormulaError as error:
        return {"formula": formula, "data": data, "error": error.message}
    assert found.factors.shape == (len(found.variables), len(found.labels))
    assert found.factors.dtype == np.int8
    return {
        "formula": formula,
        "data": data,
        "text": found.text,
        "variables": list(found.names),
        "labels": list(found.labels),
        "order": list(found.order),
        "intercept": int(found.intercept),
        "response": int(found.response is not None),
        "offset": list(found.offsets),
        "factors": found.factors.T.tolist(),
    }


def test_as_r() -> None:
    """Text, variables, labels, order, intercept, response, offsets and factors; errors keep R's sentence."""
    differing = []
    for expected in FORMULAS:
        found = as_recorded(expected["formula"], expected["data"])
        if "error" in found and "error" in expected and expected["error"] in found["error"]:
            continue
        if found != expected:
            differing.append((found, expected))
    assert differing == []


def test_the_table_is_large_enough() -> None:
    assert len({(f["formula"], str(f["data"])) for f in FORMULAS}) >= 900
    assert sum("error" in f for f in FORMULAS) >= 15


def test_a_tree_serves_as_well() -> None:
    assert terms(read("y ~ a*b")).labels == terms("y ~ a*b").labels == ("a", "b", "a:b")


# ---- where R is not followed, and errors ----


@pytest.mark.parametrize("right", ["1*a", "1/a", "0/a", "1:a", "a:1", "b + (1):a", "1 %in% a"])
def test_a_constant_times_a_variable_is_an_error(right: str) -> None:
    text = f"y ~ {right}"
    with pytest.raises(FormulaError, match=r"is not arithmetic.*for arithmetic write I\(") as caught:
        terms(text)
    assert caught.value.source == text


def test_offsets_by_their_call_not_by_their_spelling() -> None:
    assert terms("y ~ a + stats::offset(b)").offsets == (2,)
    assert terms("y ~ (offset(a) > 1) + b").labels == ("offset(a) > 1", "b")


def test_a_column_called_like_a_function_stays_in_dot() -> None:
    assert terms("log(y) ~ .", ["y", "log", "a"]).labels == ("log", "a")


ERRORS = [
    ("a + b", "invalid formula: there is no `~`", "a + b"),
    ("1 ~ a", "invalid term in model formula: the left side is a constant", "1"),
    ("NULL ~ a", "invalid term in model formula", "NULL"),
    ("y ~ a ~ b", "invalid model formula: a formula has one `~`", "y ~ a"),
    ("y ~ a + (~b)", "invalid model formula: a formula has one `~`", "~b"),
    ("y ~ a + 2", "invalid model formula in ExtractVars: the number 2 is not a variable", "2"),
    ("y ~ x/10", "arithmetic goes inside I(), as in `I(x + 10)`", "10"),
    ("y ~ a + 'b'", 'the string "b" is not a variable; write the name without quotes', "'b'"),
    ("y ~ a + NA", "invalid model formula in ExtractVars: the number NA", "NA"),
    ("y ~ (a + b)^c", "invalid power in formula: `c` is not a number from 2 on", "c"),
    ("y ~ a^1", "invalid power in formula: `1` is not a number from 2 on", "1"),
    ("y ~ (a + b)^1e10", "invalid power in formula", "1e10"),
    ("y ~ a + .", "'.' in formula and no 'data' argument", "."),
    (
        "y ~ " + "*".join(f"x{i}" for i in range(40)),
        "the formula asks for too many terms: over 200,000 products",
        None,
    ),
    ("y ~ (" + "+".join(f"x{i}" for i in range(2000)) + ")^2", "the formula asks for too many terms", None),
    ("y ~ " + "/".join(f"x{i}" for i in range(5000)), "the formula asks for too many terms", None),
]


@pytest.mark.parametrize(("text", "message", "marked"), ERRORS)
def test_errors(text: str, message: str, marked: str | None) -> None:
    with pytest.raises(FormulaError) as caught:
        terms(text)
    error = caught.value
    assert message in error.message
    assert error.source == text
    if marked is not None:
        assert text[error.start : error.stop] == marked


def test_large_powers_end() -> None:
    assert terms("y ~ (a + b)^2000000000").labels == ("a", "b", "a:b")


def test_long_sums() -> None:
    names = [f"x{i}" for i in range(5000)]
    found = terms("y ~ " + " + ".join(names))
    assert found.labels == tuple(names)
    assert found.factors.sum() == 5000
    assert terms("y ~ .", ["y", *names]).labels == tuple(names)


def test_deepest_formula_passes_through() -> None:
    text = "y ~ a" + " + (b" * 70 + " - a" + ")" * 70
    assert terms(text).text == text
    assert update_formula(text, ". ~ . + c") == "y ~ a + b + c"
    with pytest.raises(FormulaError, match="nested too deeply"):
        update_formula(text, "y ~ " + "(" * 100 + "." + ")" * 100)


# ---- variables_used, response_term ----


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("y ~ a * log(b) + a", ("y", "a", "b")),
        ("f(x, g = h(z))[i] + k$member", ("x", "z", "i", "k")),
        ("splines::ns(`a b`, df = 3) > pi", ("a b", "pi")),
        ("I(1 + 2)", ()),
        (" + ".join(["x"] * 5000), ("x",)),
    ],
)
def test_variables_used(text: str, names: tuple[str, ...]) -> None:
    assert variables_used(read(text)) == names


@pytest.mark.parametrize(
    ("text", "index"),
    [("y ~ a", None), ("~ a", None), ("y ~ a + y", 1), ("log(y) ~ log(y)", 0), ("y ~ y:a", None)],
)
def test_response_term(text: str, index: int | None) -> None:
    assert response_term(terms(text)) == index


# ---- update ----


@pytest.mark.parametrize(("old", "new", "updated"), REFERENCE["update"])
def test_update_as_r(old: str, new: str, updated: str | None) -> None:
    if updated is None:
        with pytest.raises(FormulaError, match=r"'\.' in formula and no 'data' argument"):
            update_formula(old, new)
    else:
        assert update_formula(old, new) == updated


@pytest.mark.parametrize(
    ("old", "new", "updated"),
    [
        ("y ~ a == b", ". ~ .:c", "y ~ (a == b):c"),  # R: a == b:c, another formula
        ("y ~ a & b", ". ~ . + c", "y ~ (a & b) + c"),  # R: a & b + c
        ("y ~ a %% 2", ". ~ .:c", "y ~ (a%%2):c"),
    ],
)
def test_update_keeps_the_meaning(old: str, new: str, updated: str) -> None:
    assert update_formula(old, new) == updated
    assert update_formula(updated, ". ~ .") == updated


def test_update_errors() -> None:
    with pytest.raises(FormulaError, match="invalid formula: there is no `~`"):
        update_formula("y ~ a", "b")


# ---- formulaic ----


def test_formulaic_terms_in_r_order() -> None:
    formula = formulaic.Formula("log(y) ~ b:a + a*poly(x, 2) + offset(n) + `x 1`:c:a", _parser=RParser())
    found = terms_of(formula)
    assert found is not None
    assert [repr(t) for t in formula.lhs] == ["log(y)"]
    assert [repr(t) for t in formula.rhs] == ["1", *found.labels]
    assert found.labels == ("a", "poly(x, 2)", "b:a", "a:poly(x, 2)", "a:`x 1`:c")
    assert [t.index for t in formula.rhs] == [0, 1, 2, 3, 4, 5]
    factor = formula.rhs[2].factors[0]
    assert isinstance(factor, RFactor)
    assert (factor.expr, factor.node) == ("poly(x, 2)", read("poly(x, 2)"))
    assert {str(v) for v in formula.required_variables} == {"y", "a", "b", "c", "x", "x 1"}


def test_formulaic_one_sided_and_dot() -> None:
    formula = formulaic.Formula("~ .^2 - 1", _parser=RParser(data_names=("a", "b")))
    assert [repr(t) for t in formula] == ["a", "b", "a:b"]
    assert terms_of(formula).text == "~(a + b)^2 - 1"
    assert terms_of(formulaic.Formula("~ 0", _parser=RParser())) is None


def test_formulaic_formula_pickles() -> None:
    formula = formulaic.Formula("y ~ a*log(b)", _parser=RParser())
    copy = pickle.loads(pickle.dumps(formula))
    assert copy == formula
    assert terms_of(copy).labels == ("a", "log(b)", "a:log(b)")
    assert copy.rhs[2].factors[0].node == read("log(b)")


def test_response_on_the_right_is_dropped() -> None:
    with pytest.warns(DataWarning, match=RESPONSE_DROPPED):
        formula = formulaic.Formula("y ~ y + a + y:a", _parser=RParser())
    assert [(repr(t), t.index) for t in formula.rhs] == [("1", 0), ("a", 2), ("y:a", 3)]
    assert terms_of(formula).labels == ("y", "a", "y:a")


def test_canary_formulaic_hooks() -> None:
    """Names the hook of formulaic that this package stands on and that a new version changed."""

    def formula(text: str) -> Any:
        return formulaic.Formula(text, _parser=RParser())

    literal = Term([Factor("1", eval_method="literal")])
    pair = Term([Factor("b", eval_method="python"), Factor("a:c", eval_method="python")])
    hooks = {
        "FormulaParser's fields are operator_resolver and context": lambda: list(
            FormulaParser.__dataclass_fields__
        ) == ["operator_resolver", "context"],
        "Term and Factor keep order and text": lambda: [f.expr for f in pair.factors] == ["b", "a:c"],
        "a literal Factor has degree 0": lambda: literal.degree == 0,
        "Formula(_parser=) asks parser.get_terms(text, context=)": lambda: formula("y ~ a").rhs[1].terms,
        "Formula orders by degree, else keeps the order": lambda: [
            repr(t) for t in formula("~ c + b + b:a + a")
        ] == ["1", "c", "b", "a", "b:a"],
        "a two-sided formula has lhs and rhs": lambda: list(formula("y ~ a")._structure) == ["lhs", "rhs"],
    }  # fmt: skip
    broken = []
    for hook, works in hooks.items():
        try:
            if not works():
                broken.append(hook)
        except Exception as error:
            broken.append(f"{hook} ({error!r})")
    assert not broken, f"formulaic {formulaic.__version__} changed: {broken}"
