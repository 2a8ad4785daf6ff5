"""The evaluator: where names come from, what is frozen, what is refused."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from glmformula.errors import DataError, DataWarning, FormulaError, GLMFormulaError
from glmformula.formula.evaluate import CONSTANTS, evaluate, functions_used, variables_used
from glmformula.formula.functions import TABLE, register_function
from glmformula.formula.reader import read
from glmformula.formula.values import Factor, Matrix
from tests.formula.functions_support import both, scope, value

DATA = pd.DataFrame(
    {
        "x": [1.0, 2.0, 4.0, 5.0],
        "i": [3, 1, 2, 2],
        "s": ["b", "a", "B", "a"],
        "f": pd.Categorical(["u", "v", "u", "w"], categories=["u", "v", "w"]),
        "o": pd.Categorical(["lo", "hi", "lo", "mid"], categories=["lo", "mid", "hi"], ordered=True),
        "T": [7.0, 8.0, 9.0, 10.0],
        "log": [10.0, 20.0, 30.0, 40.0],
    }
)
NEW = pd.DataFrame(
    {
        "x": [10.0, 2.0],
        "i": [9, 1],
        "s": ["a", "zz"],
        "f": ["w", "u"],
        "o": pd.Categorical(["hi", "mid"], categories=["mid", "hi"], ordered=True),
        "T": [1.0, 2.0],
        "log": [1.0, 2.0],
    }
)


# ---- names ----


def test_a_column_wins_over_a_constant_but_never_over_a_function() -> None:
    np.testing.assert_array_equal(value("T", DATA), DATA["T"])
    np.testing.assert_allclose(value("log(log)", DATA), np.log(DATA["log"]))
    np.testing.assert_allclose(value("x * pi", DATA), DATA["x"] * np.pi)
    assert value("F", DATA) is False


def test_a_numeric_column_is_not_copied() -> None:
    assert np.shares_memory(value("x", DATA), DATA["x"].to_numpy())


def test_unknown_names_are_errors_also_in_nested_calls() -> None:
    with pytest.raises(DataError, match=r"variable 'nosuch' not found \(in log\(nosuch\)\)"):
        value("exp(log(nosuch))", DATA)


@pytest.mark.parametrize("text", ["sum", "NULL", "c()"])
def test_what_is_no_variable_is_refused(text: str) -> None:
    with pytest.raises(FormulaError, match="invalid type"):
        value(text, DATA)


def test_names_and_functions_of_an_expression() -> None:
    node = read("log(x + mean(z)) * pi")
    assert variables_used(node) == {"x", "z", "pi"}
    assert functions_used(node) == {"log", "+", "mean", "*"}


# ---- calls ----


def test_unknown_function_names_the_nearest_and_the_remedy() -> None:
    with pytest.raises(
        FormulaError, match=r'could not find function "lgo"; the nearest names are: \'log\''
    ) as e:
        value("lgo(x)", DATA)
    assert "register_function('lgo', f)" in str(e.value)


def test_an_error_points_at_the_call() -> None:
    text = "x + cut(x, 1)"
    with pytest.raises(FormulaError, match="invalid number of intervals") as caught:
        evaluate(read(text), scope(DATA, source=text))
    assert (caught.value.start, caught.value.stop) == (4, 13)
    assert str(caught.value).endswith("x + cut(x, 1)\n      ^^^^^^^^^")


def test_namespaces_are_r_s() -> None:
    np.testing.assert_allclose(value("base::log(x)", DATA), np.log(DATA["x"]))
    with pytest.raises(
        FormulaError, match="'ns' is not an exported object from 'namespace:stats': write splines::ns"
    ):
        value("stats::ns(x)", DATA)


def test_dollar_is_refused() -> None:
    with pytest.raises(FormulaError, match=r"'\$' is not available in a formula: name the column itself"):
        value("d$x", DATA)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "eval(x)",
        'exec("1")',
        'getattr(x, "dtype")',
        'open("/etc/passwd")',
        'system("true")',
        "x.__class__",
        "`__builtins__`",
        'os::system("true")',
        'do.call("log", x)',
        'Sys.getenv("HOME")',
    ],
)
def test_nothing_of_python_can_be_reached(text: str) -> None:
    with pytest.raises(GLMFormulaError):
        value(text, DATA)


def test_deep_nesting_is_an_error_not_a_crash() -> None:
    node = read("x")
    from glmformula.formula.tree import Call

    for _ in range(20_000):
        node = Call("(", (node,))
    with pytest.raises(FormulaError, match="nested too deeply"):
        evaluate(node, scope(DATA))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x + c(1, 2)", "lengths 2 and 4 differ"),
        ("f + 1", "‘\\+’ not meaningful for factors"),
        ("f > \"u\"", "‘>’ not meaningful for factors"),
        ("o > \"none\"", "'none' is not a level of the ordered factor"),
        ("ifelse(x > 1, f, s)", "ifelse\\(\\) drops the labels of a factor"),
        ("cbind(f, x)", "cbind\\(\\) of a factor"),
        ("lag(x)", "lag\\(\\) moves the time stamps"),
        ("poly(x, 2) + poly(x, 3)", "non-conformable arrays"),
        ("seq(1, 1e12)", "too long"),
        ("rep(1, 1e12)", "too long"),
        ("matrix(1, 1e6, 1e6)", "does not fit"),
        ("poly(x, 1000)", "too high"),
        ("cut(x, 1e9)", "too many"),
        ("ns(x, 1e6)", "more knots than"),
        ("poly(x, y = x, 2)", "unique points|same length"),
        ("x[9]", "subscript out of bounds"),
        ("levels(x)", "levels\\(\\) needs a factor"),
        ("min(x[x > 99])", "no non-missing arguments to min"),
        ("round(x, \"a\")", "round"),
        ("cut(x, 3, right = 2:3)", "invalid 'right' argument"),
        ("paste(f, sep = 1)", "invalid 'sep' argument"),
        ("1:f", "interaction"),
        ("C(f, \"contr.none\")", "'contr.none' is no contrast function"),
        ("C(f, contr.sum, bass = 2)", "unexpected keyword argument 'bass'"),
        ("grepl(\"(a+)+$\", s)", "plain patterns only"),
        ("substr(s, 1)", "argument \"stop\" is missing, with no default"),
        ("poly(f, 2)", "poly\\(\\) needs numbers, a factor"),
        ("bs(s)", "a spline basis needs numbers"),
        ("poly(x, i, 2)", "name the degree"),
        ("matrix(1:6, 4)", "does not fit"),
        ("quantile(x, 0.5, type = 12)", "1 ... 9 are known"),
    ],
)  # fmt: skip
def test_misuse_is_refused_with_a_reason(text: str, sentence: str) -> None:
    with pytest.raises(GLMFormulaError, match=sentence):
        value(text, DATA)


def test_nans_made_of_numbers_are_told() -> None:
    with pytest.warns(DataWarning, match=r"NaNs produced in sqrt\(\): 2 of 4 values, the first at row 2"):
        out = value("sqrt(3 - x)", DATA)
    assert np.isnan(out).tolist() == [False, False, True, True]


def test_strings_that_are_no_numbers_are_told() -> None:
    with pytest.warns(
        DataWarning, match="NAs introduced by coercion: 4 strings are no numbers, the first 'b' at row 0"
    ):
        value("as.numeric(s)", DATA)


def test_integers_do_not_overflow_in_silence() -> None:
    data = pd.DataFrame({"a": np.array([100, -100], dtype=np.int8), "b": np.array([200, 3], dtype=np.uint8)})
    assert value("a + a", data).tolist() == [200, -200]
    assert value("b - 201L", data).tolist() == [-1, -198]
    big = value("k * k", pd.DataFrame({"k": [10**10, 2]}))
    assert big.tolist() == [1e20, 4]


def test_float32_is_computed_in_double() -> None:
    x = np.array([0.1, 0.2], dtype=np.float32)
    np.testing.assert_array_equal(value("log(x)", pd.DataFrame({"x": x})), np.log(x.astype(float)))


# ---- frozen state ----


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x - mean(x)", [7, -1]),
        ("x / max(x)", [2, 0.4]),
        ("x - min(log(x) * 0)", [10, 2]),
        ("(x - mean(x)) / mean(abs(x - mean(x)))", [7 / 1.5, -1 / 1.5]),
        ("x - x[1]", [9, 1]),
        ("as.integer(f)", [3, 1]),
        ("as.integer(relevel(f, ref = \"w\"))", [1, 2]),
        ("nlevels(f) * x", [30, 6]),
        ("as.numeric(o)", [3, 2]),
        ("sum(f == \"u\") + x", [12, 4]),
        ("x * length(x)", [40, 8]),
    ],
)  # fmt: skip
def test_what_is_learned_from_the_rows_is_frozen(text: str, expected: list[float]) -> None:
    _, again, _ = both(text, DATA, NEW)
    np.testing.assert_allclose(again, expected)


def test_frozen_at_any_depth() -> None:
    first, again, state = both("I(log(scale(x) + 5)^2)", DATA, DATA.iloc[[2, 0]])
    assert isinstance(first, Matrix)
    np.testing.assert_allclose(again.values, first.values[[2, 0]])
    assert list(state) == ["scale(x)"]


@pytest.mark.parametrize(
    "text",
    ["poly(x, 2)", "ns(x, 2)", "bs(x, df = 4)", "scale(x)", "cut(x, 2)", "factor(s)", "interaction(f, s)",
     "C(f, sum)", "ordered(i)", "x > median(x)", "I(poly(x, 2) * x)", "relevel(factor(s), ref = \"b\")",
     "poly(x, i, degree = 2)"],
)  # fmt: skip
def test_rows_do_not_depend_on_their_company(text: str) -> None:
    """The value of a row of new data is the one it had when fitted, whatever rows are with it."""
    first, again, _ = both(text, DATA, DATA.iloc[[3]])
    np.testing.assert_array_equal(_array(again)[0], _array(first)[3])


def _array(value: object) -> np.ndarray:
    return value.codes if isinstance(value, Factor) else value.values


def test_reductions_on_new_data_need_no_column() -> None:
    first, again, _ = both("x * mean(T)", DATA, NEW[["x"]])
    np.testing.assert_allclose(again, NEW["x"] * 8.5)
    assert first.shape == (4,)


def test_a_constant_s_name_means_the_same_in_new_data() -> None:
    """A column T that is missing from new data is not TRUE; a constant T is not a column of new data."""
    with pytest.raises(DataError, match="variable 'T' not found"):
        both("x * T", DATA, NEW[["x"]])
    _, again, _ = both("x * T", DATA[["x"]], NEW)
    np.testing.assert_array_equal(again, NEW["x"])


def test_state_holds_numbers_not_rows() -> None:
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"x": rng.normal(size=5000)})
    for text in (
        "poly(x, 3)",
        "ns(x, 4)",
        "bs(x, 5)",
        "scale(x)",
        "cut(x, 4)",
        "x - mean(x)",
        "x > quantile(x, 0.9)",
    ):
        _, _, state = both(text, data, data.iloc[:3])
        assert len(repr(state)) < 800


def test_constants_leave_no_state() -> None:
    _, _, state = both("x + max(1, 2) + mean(c(1, 2)) + poly(1:3, 1)[1]", DATA, NEW)
    assert state == {}


def test_unseen_levels_come_last_to_be_named() -> None:
    _, again, _ = both("factor(s)", DATA, NEW)
    assert again.levels == ("a", "b", "B", "zz")
    assert again.codes.tolist() == [0, 3]
    _, again, _ = both("interaction(f, s, drop = TRUE)", DATA, NEW)
    assert again.levels[:4] == ("v.a", "w.a", "u.b", "u.B")
    assert again.levels[4:] == ("u.zz",)


@pytest.mark.parametrize("text", ["as.integer(factor(s))", "unclass(factor(s))", 'ordered(s) > "a"'])
def test_unseen_levels_have_no_place(text: str) -> None:
    with pytest.raises(DataError, match="factor has new levels zz: they have no place among a, b, B"):
        both(text, DATA, NEW)


def test_given_levels_leave_others_missing() -> None:
    _, again, _ = both('factor(s, levels = c("a", "b"))', DATA, NEW)
    assert again.codes.tolist() == [0, -1]


def test_a_factor_that_arrives_as_numbers_is_refused() -> None:
    with pytest.raises(
        DataError, match='variable \'f\' was fitted with type "factor" but type "numeric" was supplied'
    ):
        both('f == "u"', DATA, NEW.assign(f=[1.0, 2.0]))


def test_state_that_was_never_learned_is_an_error() -> None:
    with pytest.raises(FormulaError, match="has no state"):
        evaluate(read("poly(x, 2)"), scope(DATA, frozen=True))


# ---- row blocks ----


@pytest.mark.parametrize("name", ["cumsum", "cumprod", "rank", "rev", "order", "sort", "diff", "seq_along"])
def test_order_dependent_functions_are_refused_on_blocks(name: str) -> None:
    with pytest.raises(
        FormulaError, match=rf"{name}\(\) cannot be used here: a row's value depends on the rows before"
    ):
        evaluate(read(f"{name}(x)"), scope(DATA, blocks=True))
    value(f"{name}(x)", DATA)


def test_order_of_constants_is_allowed_on_blocks() -> None:
    text = 'factor(f, levels = rev(c("u", "v", "w")))'
    _, _, state = both(text, DATA, DATA)
    out = evaluate(read(text), scope(DATA, blocks=True, state=state))
    assert out.levels == ("w", "v", "u")


def test_blocks_replay_state_and_cannot_learn_it() -> None:
    node = read("x - mean(x)")
    with pytest.raises(FormulaError, match="must be learned from the fitted data first"):
        evaluate(node, scope(DATA.iloc[:2], blocks=True))
    fitted = scope(DATA)
    whole = evaluate(node, fitted)
    parts = [
        evaluate(node, scope(DATA.iloc[rows], blocks=True, state=fitted.state))
        for rows in (slice(0, 2), slice(2, 4))
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


# ---- functions of the user's own ----


def double(x: np.ndarray, by: float = 2.0) -> np.ndarray:
    return x * by


def centred(x: np.ndarray, state: dict[str, float]) -> np.ndarray:
    state.setdefault("mean", float(x.mean()))
    return x - state["mean"]


def first_letter(x: np.ndarray) -> np.ndarray:
    return np.array([t[0] for t in x], dtype=object)


def powers(x: np.ndarray) -> np.ndarray:
    return np.column_stack([x, x**2])


def failing(x: np.ndarray) -> np.ndarray:
    raise ValueError("no luck")


@pytest.fixture
def registered() -> object:
    functions = {"double": (double, False), "centred": (centred, True), "first_letter": (first_letter, False),
                 "powers": (powers, False), "failing": (failing, False)}  # fmt: skip
    for name, (f, stateful) in functions.items():
        register_function(name, f, stateful=stateful)
    yield functions
    for name in functions:
        del TABLE[name]


@pytest.mark.usefixtures("registered")
def test_registered_functions() -> None:
    np.testing.assert_array_equal(value("double(x, by = 3)", DATA), DATA["x"] * 3)
    assert value("first_letter(f)", DATA).values.tolist() == ["u", "v", "u", "w"]
    assert value("powers(x)", DATA).names == ("1", "2")
    _, again, state = both("I(centred(x))", DATA, NEW)
    np.testing.assert_array_equal(again, [7, -1])
    assert state == {"centred(x)": {"mean": 3.0}}
    with pytest.raises(FormulaError, match="the registered function 'failing' failed: ValueError: no luck"):
        value("failing(x)", DATA)


@pytest.mark.usefixtures("registered")
def test_registered_functions_pickle() -> None:
    copy = pickle.loads(pickle.dumps(TABLE["double"]))
    assert copy.call is double


def test_functions_of_the_table_pickle() -> None:
    for function in TABLE.values():
        assert pickle.loads(pickle.dumps(function)).name == function.name


def test_register_function_refuses_r_s_names_and_non_functions() -> None:
    with pytest.raises(FormulaError, match="'log' is R's own function in formulas and cannot be replaced"):
        register_function("log", double)
    with pytest.raises(FormulaError, match="f must be callable, a int was given"):
        register_function("mine", 3)  # type: ignore[arg-type]


# ---- whatever is put together, the outcome is a value or an error of ours ----

_LEAVES = ["x", "i", "s", "f", "o", "2", "1L", '"a"', "TRUE", "NA", "NULL", "c(1, 2)", "Inf", "nosuch"]
_NAMES = sorted(set(TABLE) - {"~"})


@st.composite
def _calls(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(_NAMES))
    args = draw(
        st.lists(
            st.one_of(
                st.sampled_from(_LEAVES), st.sampled_from(["mean(x)", "poly(x, 2)", "factor(s)", "-x"])
            ),
            max_size=4,
        )
    )
    return f"`{name}`({', '.join(args)})"


@given(_calls())
@pytest.mark.filterwarnings("ignore")
def test_any_call_is_a_value_or_an_error_of_ours(text: str) -> None:
    message = ""
    try:
        out, again, _ = both(text, DATA, DATA)
    except GLMFormulaError as error:
        message = str(error)
    else:
        assert type(out) is type(again)
        if isinstance(out, Factor):
            assert out.codes.max(initial=-1) < len(out.levels)
    assert "failed:" not in message  # a Python exception that no check foresaw


def test_constants_are_values() -> None:
    assert set(CONSTANTS) >= {"pi", "T", "F", "letters", "LETTERS", "NA", "Inf"}
