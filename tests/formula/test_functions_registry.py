"""R's matching of arguments, and the table's own consistency."""

from __future__ import annotations

import inspect

import pytest

from glmformula.errors import FormulaError
from glmformula.formula.functions import TABLE
from glmformula.formula.functions.registry import RFunction, function, match_arguments, python_name


def _one(x, breaks, labels=None, include_lowest=False):  # type: ignore[no-untyped-def]
    return x, breaks, labels, include_lowest


def _many(*dots, sep=" ", na_rm=False):  # type: ignore[no-untyped-def]
    return dots, sep, na_rm


ONE = function("one", _one, "x, breaks, labels, include.lowest")
MANY = function("many", _many, "..., sep, na.rm")


def call(f: RFunction, *args: object, names: tuple[str | None, ...] = ()) -> object:
    names = names or (None,) * len(args)
    positional, named, _ = match_arguments(f, args, names, [str(a) for a in args])
    return f.call(*positional, **named)


def test_by_position_by_name_and_by_the_beginning_of_a_name() -> None:
    assert call(ONE, 1, 2) == (1, 2, None, False)
    assert call(ONE, 1, 2, names=("breaks", None)) == (2, 1, None, False)
    assert call(ONE, 1, 2, 3, names=("lab", None, "br")) == (2, 3, 1, False)
    assert call(ONE, 1, 2, True, names=(None, None, "include.lowest")) == (1, 2, None, True)
    assert call(MANY, 1, 2, "-", names=(None, None, "sep")) == ((1, 2), "-", False)
    assert call(MANY, 1, 2, names=(None, "se")) == ((1, 2), " ", False)  # after ... only whole names count


@pytest.mark.parametrize(
    ("args", "names", "sentence"),
    [
        ((1,), (None,), 'one\\(\\): argument "breaks" is missing, with no default'),
        ((1, 2, 3), (None, None, "k"), "unused argument \\(k = 3\\): one\\(\\) takes x, breaks, labels"),
        ((1, 2, 3, 4, 5, 6), (None,) * 6, "unused arguments \\(5, 6\\)"),
        ((1, 2, 3), ("x", "x", None), 'formal argument "x" matched by multiple actual arguments'),
    ],
)  # fmt: skip
def test_what_does_not_match_is_said_in_r_s_words(args: tuple, names: tuple, sentence: str) -> None:
    with pytest.raises(FormulaError, match=sentence):
        call(ONE, *args, names=names)


def test_an_ambiguous_beginning_is_refused() -> None:
    f = function("f", _one, "x, base.one, base.two")
    with pytest.raises(FormulaError, match="matches multiple formal arguments"):
        call(f, 1, 2, names=(None, "base"))


def test_python_names() -> None:
    assert [python_name(n) for n in ("na.rm", "from", "Boundary.knots", "x")] == [
        "na_rm",
        "from_",
        "boundary_knots",
        "x",
    ]


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_formal_has_its_python_argument(name: str) -> None:
    entry = TABLE[name]
    formals = entry.formals[entry.formals.index("...") + 1 :] if "..." in entry.formals else entry.formals
    for call_ in filter(None, (entry.call, entry.learn)):
        parameters = inspect.signature(call_).parameters
        open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        assert open_ended or {python_name(f) for f in formals} <= set(parameters)


NAMED_IN_THE_ISSUE = """
log log2 log10 log1p exp expm1 sqrt abs sin cos tan asin acos atan sinh cosh tanh gamma lgamma digamma
trigamma beta lbeta choose factorial sign round signif floor ceiling trunc pmin pmax ifelse is.na is.nan
is.finite cut findInterval factor as.factor ordered relevel levels droplevels interaction as.numeric
as.double as.integer as.character as.logical as.vector scale poly ns bs C contr.treatment contr.sum
contr.helmert contr.poly contr.SAS unclass rev mean sd var median min max range sum prod length quantile
mad IQR nchar substr substring paste paste0 toupper tolower startsWith endsWith grepl rep rep_len seq
seq_len seq_along nlevels cbind I identity offset cumsum cumprod diff lag rank order sort c : ( xor + - *
/ ^ %% %/% %in% == != < <= > >= & | !
""".split()


@pytest.mark.parametrize("name", NAMED_IN_THE_ISSUE)
def test_the_table_has(name: str) -> None:
    assert name in TABLE
