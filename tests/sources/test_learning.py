"""State learned from blocks is the state learned from all rows, however they are cut."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from sources.tables import Cut, policies
from tolerances import SAME_ROWS

from glmformula.errors import DataError, DataWarning, FormulaError
from glmformula.formula.algebra import terms
from glmformula.formula.functions import learning, samples
from glmformula.formula.functions.samples import Sample, Tally
from glmformula.formula.functions.summaries import quantiles
from glmformula.frame.columns import Columns
from glmformula.frame.learn import learned
from glmformula.frame.recipe import recipe_for

EXPRESSIONS = """
mean(size) | mean(age, na.rm = TRUE) | mean(size, trim = 0.1) | mean(size, 0.6) | sum(years) | sum(years, w, 2)
var(size) | sd(age, na.rm = TRUE) | var(size, w) | length(age) | prod(years / 2.5)
min(size) | max(age, na.rm = TRUE) | range(size, w) | min(years)
median(size) | median(age, na.rm = TRUE) | quantile(size, c(0.1, 0.5)) | quantile(size, 0.25, type = 6)
IQR(size) | mad(size) | mad(age, na.rm = TRUE) | mad(size, center = 1)
any(size > 5) | all(size > 0) | nlevels(band) | levels(band)
scale(size) | scale(age, scale = FALSE) | scale(size, center = FALSE) | scale(cbind(size, w)) | scale(size, 1, 2)
poly(size, 3) | poly(size, w, degree = 2) | poly(size, 2, raw = TRUE) | poly(cbind(size, w), 2)
ns(size, 4) | ns(age, df = 3) | bs(size, 5) | bs(size, knots = c(1, 2)) | ns(size) | bs(age, degree = 2, df = 4)
ns(size, knots = 2, Boundary.knots = c(0, 5)) | ns(size, df = 4, Boundary.knots = c(0.5, 4))
cut(size, 4) | cut(size, c(0, 1, 2, 9)) | cut(age, 3, labels = FALSE)
factor(area) | factor(years) | factor(band) | factor(urban) | factor(area, labels = "g") | ordered(years)
factor(years, levels = c(4, 2, 1)) | factor(area, exclude = "A") | factor(band, exclude = NULL)
as.factor(area) | as.ordered(years) | droplevels(band) | relevel(area, "c") | relevel(band, 2)
interaction(area, band) | interaction(area, urban, drop = TRUE) | interaction(years, band, sep = "-")
C(area, sum) | C(band, contr.helmert) | C(factor(years), contr.poly)
poly(log(size / mean(size)), 2) | scale(size - min(size)) | cut(sqrt(size), 3)
ns(abs(age - median(age, na.rm = TRUE)), 3)
I(size > mean(size) + 2 * sd(size)) | I((size - mean(size)) / sd(size)) | mean(size - mean(size))
as.numeric(band) + sum(w)
""".replace("\n", " | ").split(" | ")
EXPRESSIONS = [text.strip() for text in EXPRESSIONS if text.strip()]


def learn(text, data, ends):
    meta = data.iloc[:0]
    formula = terms(f"~ {text}", list(meta.columns))
    table = Cut(data, ends)
    return learned(recipe_for(formula, formula, Columns(meta), {}, "na.omit"), table).state


def whole(text, data):
    """All rows as one block, by the functions' own `learn`."""
    from glmformula.formula.evaluate import Scope, evaluate
    from glmformula.formula.reader import read

    state = {}
    evaluate(read(text), Scope(Columns(data), len(data), state, False))
    return state


def assert_alike(a, b, where=""):
    if isinstance(a, dict):
        assert set(a) == set(b), where
        for key in a:
            assert_alike(a[key], b[key], f"{where}/{key}")
    elif isinstance(a, str | bool | type(None)) or (isinstance(a, list) and a and isinstance(a[0], str)):
        assert a == b, where
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), where
        for k, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_alike(x, y, f"{where}/{k}")
    else:
        np.testing.assert_allclose(np.asarray(b, float), np.asarray(a, float), **SAME_ROWS, err_msg=where)


@pytest.mark.parametrize("text", EXPRESSIONS)
@pytest.mark.parametrize("ends", [(), (0, 9, 9, 200, 399)], ids=["one block", "six blocks"])
def test_state_from_blocks_is_state_from_all_rows(text, ends):
    data = policies()
    expected = whole(text, data)
    found = learn(text, data, ends)
    assert set(expected) <= set(found)
    assert_alike(expected, {key: found[key] for key in expected})


numbers = st.lists(
    st.floats(-1e6, 1e6).map(lambda x: float(np.round(x, 3))) | st.just(np.nan), min_size=1, max_size=40
)
cuts = st.lists(st.integers(0, 40), max_size=5)


@pytest.mark.parametrize(
    "text",
    ["mean(x, na.rm = TRUE)", "sd(x, na.rm = TRUE)", "median(x, na.rm = TRUE)", "scale(x)", "factor(x)"],
)
@given(values=numbers, ends=cuts)
def test_any_cut_of_any_numbers(text, values, ends):
    data = pd.DataFrame({"x": values})
    ends = tuple(sorted(min(e, len(values)) for e in ends))
    expected, found = whole(text, data), learn(text, data, ends)
    known = data["x"].dropna()
    if text.startswith(("sd", "scale")) and len(known) > 1 and known.std() < 1e-6:
        return  # rounding only
    for key in expected:
        if isinstance(expected[key], dict) and "value" in expected[key]:
            np.testing.assert_allclose(found[key]["value"], expected[key]["value"], rtol=1e-9, atol=1e-6)
        elif "center" in expected[key]:
            for part in ("center", "scale"):
                np.testing.assert_allclose(found[key][part], expected[key][part], rtol=1e-7, atol=1e-6)
        else:
            assert found[key] == expected[key]


@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=300),
    ends=st.lists(st.integers(0, 300), max_size=3),
    probs=st.lists(st.floats(0, 1), min_size=1, max_size=3),
)
def test_order_statistics_in_bounded_memory_are_exact(values, ends, probs):
    most, samples.MOST = samples.MOST, 8
    try:
        x = np.array(values)
        parts = np.split(x, sorted(min(e, len(x)) for e in ends))
        asking = learning._settled(Sample(merged(parts)), lambda s: quantiles(s, np.array(probs)))
        passes, answer = 0, None
        while True:
            try:
                question = asking.send(answer)
            except StopIteration as done:
                found = done.value
                break
            passes += 1
            answer = merged(parts, question.within), 0
        assert passes <= 8
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(found, quantiles(x, np.array(probs)))
    finally:
        samples.MOST = most


def merged(parts, within=None):
    out = Tally.of(parts[0], within)
    for part in parts[1:]:
        out = out.merged(Tally.of(part, within))
    assert len(out.keys) <= samples.MOST
    return out


def test_keys_sort_as_the_numbers_do():
    x = np.array([-np.inf, -1e300, -1.5, -1e-320, 0.0, 1e-320, 2.0, np.inf])
    keys = samples.ordered_keys(x)
    assert (np.diff(keys.astype(object)) > 0).all()
    np.testing.assert_array_equal(samples.numbers_of(keys), x)
    assert samples.ordered_keys(np.array([-0.0])) == samples.ordered_keys(np.array([0.0]))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("cumsum(size)", "cumsum\\(\\) cannot be used here: a row's value depends on the rows before it"),
        ("I(rev(size) + 1)", "rev\\(\\) cannot be used here"),
        ("rank(size)", "load the data into memory"),
        ("poly(age, 2)", "missing values are not allowed in 'poly': 1 rows are missing|2 rows are missing"),
        ("poly(years, 4)", "'degree' must be less than number of unique points: degree 4, 4 unique points"),
        ("mean(area)", "need numeric data, a character was given"),
        ("mean(band)", "not meaningful for factors"),
        ("quantile(age, 0.5)", "missing values and NaN's not allowed"),
        ("median(area)", "need numeric data"),
        ("relevel(area, 'x')", "'ref' must be an existing level"),
        ("ns(area, 3)", "need numeric data|needs numbers"),
        ("nowhere(size)", "could not find function"),
    ],
)
def test_what_cannot_be_learned_says_why(text, sentence):
    with pytest.raises((FormulaError, DataError), match=sentence):
        learn(text, policies(), (100, 300))


def test_too_many_levels_are_refused(monkeypatch):
    monkeypatch.setattr(learning, "MOST_DISTINCT", 50)
    with pytest.raises(DataError, match="over 50 different values are too many levels"):
        learn("factor(size)", policies(), (100,))


def test_knots_on_the_boundary_warn_once():
    data = pd.DataFrame({"x": np.repeat([0.0, 1.0, 2.0], [60, 20, 20])})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = learn("ns(x, 3)", data, (10, 50))
    assert [w.category for w in caught] == [DataWarning]
    with pytest.warns(DataWarning, match="shoving"):
        assert_alike(whole("ns(x, 3)", data), found)


def test_trimmed_means_of_many_numbers_are_refused(monkeypatch):
    monkeypatch.setattr(samples, "MOST", 50)
    with pytest.raises(FormulaError, match="needs all rows at once"):
        learn("mean(size, trim = 0.1)", policies(), (100,))
