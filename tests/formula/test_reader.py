"""The reader: R's precedence, the tree it gives, and errors that point at the place."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st

from glmformula.errors import FormulaError
from glmformula.formula.deparse import deparse
from glmformula.formula.reader import MAX_CHARACTERS, MAX_DEPTH, read
from glmformula.formula.tree import Call, Literal, Name, Node


def prefix(node: Node) -> str:
    """The tree as a Lisp expression, which shows who binds what."""
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Literal):
        return node.text
    return f"({' '.join([node.function, *map(prefix, node.args)])})"


PRECEDENCE = [
    ("y ~ a + b * c", "(~ y (+ a (* b c)))"),
    ("~ a", "(~ a)"),
    ("a - b - c", "(- (- a b) c)"),
    ("a / b / c", "(/ (/ a b) c)"),
    ("a^b^c", "(^ a (^ b c))"),
    ("a**b", "(^ a b)"),
    ("-2^2", "(- (^ 2 2))"),
    ("2^-1", "(^ 2 (- 1))"),
    ("a^-b:c", "(: (^ a (- b)) c)"),
    ("-1:3", "(: (- 1) 3)"),
    ("-a %in% b", "(%in% (- a) b)"),
    ("a:b %in% c", "(%in% (: a b) c)"),
    ("a %in% b * c", "(* (%in% a b) c)"),
    ("a %% b %/% c", "(%/% (%% a b) c)"),
    ("a * b:c", "(* a (: b c))"),
    ("a + b > c - d", "(> (+ a b) (- c d))"),
    ("!a == b & c | d", "(| (& (! (== a b)) c) d)"),
    ("a * !b + c", "(* a (! (+ b c)))"),
    ("a && b || c", "(|| (&& a b) c)"),
    ("y ~ a | b", "(~ y (| a b))"),
    ("mpg > 20 ~ wt", "(~ (> mpg 20) wt)"),
    ("- - +x", "(- (- (+ x)))"),
    ("!!a", "(! (! a))"),
    ("-x$a[1]", "(- ([ ($ x a) 1))"),
    ("x[[1]][2]", "([ ([[ x 1) 2)"),
    ("x[y[1]]", "([ x ([ y 1))"),
    ("a^b[1]", "(^ a ([ b 1))"),
    ("(a + b) * c", "(* (( (+ a b)) c)"),
    ("f(a, b + 1)", "(f a (+ b 1))"),
    ("f()", "(f)"),
    ("`my f`(`x 1`)", "(my f x 1)"),
    ("x$'a b'", "($ x a b)"),
    ("y ~ a # why\n  + b", "(~ y (+ a b))"),
    ("y ~\n a\n", "(~ y a)"),
    ("größe + x.1_b + .y + ...", "(+ (+ (+ größe x.1_b) .y) ...)"),
    ("a < -b", "(< a (- b))"),
]


@pytest.mark.parametrize(("text", "tree"), PRECEDENCE)
def test_precedence(text: str, tree: str) -> None:
    assert prefix(read(text)) == tree


CONSTANTS = [
    ("1e5", 1e5, "1e+05"),
    ("0x10", 16.0, "16"),
    ("0x1.8p3", 12.0, "12"),
    ("0x1p99999", math.inf, "Inf"),
    ("1e999", math.inf, "Inf"),
    ("3L", 3, "3L"),
    ("1e3L", 1000, "1000L"),
    ("1.5L", 1.5, "1.5"),
    ("3000000000L", 3e9, "3e+09"),
    (".5", 0.5, "0.5"),
    ("TRUE", True, "TRUE"),
    ("FALSE", False, "FALSE"),
    ("NULL", None, "NULL"),
    ("Inf", math.inf, "Inf"),
    (r"'a\tb\x41\u00e9\U0001F600\101\\'", "a\tbAé\U0001f600A\\", '"a\\tbAé\U0001f600A\\\\"'),
    ('"it\'s"', "it's", '"it\'s"'),
]


@pytest.mark.parametrize(("text", "value", "written"), CONSTANTS)
def test_constants(text: str, value: object, written: str | None) -> None:
    node = read(text)
    assert isinstance(node, Literal)
    assert (node.value, type(node.value)) == (value, type(value))
    assert written is None or node.text == written


def test_missing_values() -> None:
    for text in ("NA", "NaN", "NA_real_", "NA_character_"):
        node = read(text)
        assert isinstance(node, Literal)
        assert node.text == text
        assert isinstance(node.value, float)
        assert math.isnan(node.value)
        assert node == read(text)


def test_names_are_not_constants() -> None:
    assert [read(t) for t in ("T", "F", "pi", "`TRUE`")] == [Name("T"), Name("F"), Name("pi"), Name("TRUE")]


def test_calls() -> None:
    assert read("f(x, k = 3L, 'a b' = y)") == Call(
        "f", (Name("x"), Literal(3, "3L"), Name("y")), (None, "k", "a b")
    )
    assert read("splines::ns(x)") == Call("ns", (Name("x"),), namespace="splines")
    assert read("x[i, drop = FALSE]") == Call(
        "[", (Name("x"), Name("i"), Literal(False, "FALSE")), (None, None, "drop")
    )


def test_places() -> None:
    text = "y ~ log(x + 1)[2] + `a b`"
    node = read(text)
    spans = {}

    def visit(node: Node) -> None:
        spans[deparse(node)] = text[node.start : node.stop]
        for arg in node.args if isinstance(node, Call) else ():
            visit(arg)

    visit(node)
    assert all(found == written for written, found in spans.items())
    assert len(spans) == 10


ERRORS = [
    ("y ~ x x2", "Missing operator between `x` and `x2`", "x x2"),
    ("y ~ 5x", "Missing operator between `5` and `x`", "5x"),
    ("y ~ 'a' 'b'", "Missing operator between `'a'` and `'b'`", "'a' 'b'"),
    ("lambda x: x", "Missing operator between `lambda` and `x`", "lambda x"),
    ("y ~ x +", "the formula ends where `+` wants something on its right", "+"),
    ("y ~ f(", "the formula ends where `(` wants something", "("),
    ("y ~ (x", "`(` is never closed", "("),
    ("y ~ f(x", "`(` is never closed", "("),
    ("y ~ x[[1]", "`[[` is never closed", "[["),
    ("y ~ x)", "`)` closes nothing here", ")"),
    ("y ~ f(x]", "`]` closes nothing here", "]"),
    ("y ~ x, z", "`,` separates nothing here", ","),
    ("", "the formula is empty; write for instance `y ~ x`", None),
    ("  # nothing", "the formula is empty", None),
    ("* x", "the formula cannot begin with `*`", "*"),
    ("y ~ x * * z", "there is nothing between `*` and `*`", "* *"),
    ("y ~ x[]", "an index is missing in `[`", "["),
    ("y ~ f(x)(z)", "only a named function can be called, as in `f(x)`", "f(x)("),
    ("y ~ x$1", "`$` wants a name on its right", "$1"),
    ("y ~ stats::x", "`::` belongs between a package and a function", "stats::"),
    ("y ~ stats:::f(x)", "`:::` has no place in a formula", ":::"),
    ("y ~ x@slot", "`@` (slots) has no place in a formula", "@"),
    ("y ~ a < b < c", "comparisons do not chain; write `a < b & b < c`", "<"),
    ("y = x", "`=` has no place here; compare with `==`", "="),
    ("y <- x", "assignment `<-` has no place in a formula", "<-"),
    ("x -> y", "assignment `->` has no place in a formula", "->"),
    ("y := x", "assignment `:=` has no place in a formula", ":="),
    ("y ~ x |> f()", "pipes have no place in a formula", "|>"),
    ("y ~ ?x", "`?` has no place in a formula", "?"),
    ("y ~ {x}", "blocks `{...}` have no place in a formula", "{"),
    ("y ~ x; z", "`;` has no place in a formula: one formula at a time", ";"),
    ("y ~ \\(x) x", "functions `\\(x)` have no place in a formula", "\\"),
    ("y ~ function(x) x", "`function` has no place in a formula; write a column of that name", "function"),
    ("y ~ if (a) b", "`if` has no place in a formula", "if"),
    ("y ~ 2i", "complex numbers have no place in a formula", "2i"),
    ("y ~ 'abc", "this string is never closed", "'"),
    ("y ~ `abc", "this backtick is never closed", "`"),
    ("y ~ a %in b", "this `%` is never closed", "%"),
    ("y ~ _x", "a name does not start with `_` in R; write it in backticks", "_"),
    ("__import__('os').system('x')", "a name does not start with `_` in R", "_"),
    ("y ~ 1_000", "`_` stands after letters only", "_"),
    ("y ~ ``", "attempt to use zero-length variable name", "``"),
    (r"y ~ f('\d')", r"'\d' is an unrecognized escape", r"\d"),
    (r"y ~ f('\0')", r"'\0' is an unrecognized escape", r"\0"),
    ("y ~ a − b", "this is a typographic dash; the minus of a formula is `-`", "−"),
    ("y ~ f(“a”)", "this is a typographic quote", "“"),
    ("y ~ a\u200bb", "unexpected character '\\u200b'", "\u200b"),
    ("y ~ a × b", "unexpected character `×`", "×"),
    ("'x'.upper()", "Missing operator between `'x'` and `.upper`", "'x'.upper"),
]


@pytest.mark.parametrize(("text", "message", "marked"), ERRORS)
def test_errors_point_at_the_place(text: str, message: str, marked: str | None) -> None:
    with pytest.raises(FormulaError) as caught:
        read(text)
    error = caught.value
    assert error.message.startswith(message)
    assert error.source == text
    if marked is not None:
        assert text[error.start : error.stop] == marked


def test_an_error_shows_the_text() -> None:
    with pytest.raises(FormulaError) as caught:
        read("y ~ x x2")
    assert str(caught.value) == (
        "Missing operator between `x` and `x2`\n"
        "  y ~ x x2\n"
        "      ^^^^"
    )  # fmt: skip


def test_not_a_string() -> None:
    with pytest.raises(FormulaError, match="a formula is a str such as 'y ~ x', not int"):
        read(3)  # type: ignore[arg-type]


DEEP = 10_000


@pytest.mark.parametrize(
    "text",
    [
        "(" * DEEP + "x" + ")" * DEEP,
        "(" * DEEP,
        "-" * DEEP + "x",
        "!" * DEEP + "x",
        "~" * DEEP + "x",
        "^".join(["a"] * DEEP),
        "f(" * DEEP + "x" + ")" * DEEP,
        "x" + "[1]" * DEEP,
        "x" + "$a" * DEEP,
        "x[" * DEEP + "1" + "]" * DEEP,
        "a|b&c==d+e*f%o%g:-h^(" * (DEEP // 10),
    ],
)
def test_deep_nesting_is_refused(text: str) -> None:
    with pytest.raises(FormulaError, match=f"nested too deeply: over {MAX_DEPTH} levels"):
        read(text)


def test_nesting_that_is_read() -> None:
    inside = MAX_DEPTH - 2
    node = read("(" * inside + "x" + ")" * inside)
    assert deparse(node) == "(" * inside + "x" + ")" * inside


def test_long_text_is_refused() -> None:
    with pytest.raises(FormulaError, match="has 10,000,001 characters; at most 100,000 are read"):
        read("x" * 10_000_001)


@pytest.mark.parametrize("operator", [" + ", " - ", ":", " * "])
def test_long_chains_are_read(operator: str) -> None:
    text = operator.join(f"x{i}" for i in range(5000))
    assert len(text) < MAX_CHARACTERS
    assert deparse(read(text)) == text


WORDS = ["a", "b1", "f(", "1", "2L", "1e5", "%in%", "::", "[[", "]]", "TRUE"]
PIECES = st.sampled_from([*"()[],+-*/^:~!<>&|=$@?{};_.\\ %'\"`#\n", *WORDS])


@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        node = read(text)
    except FormulaError:
        return
    written = deparse(node)
    assert deparse(read(written)) == written
