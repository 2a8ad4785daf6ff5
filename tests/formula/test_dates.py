"""Dates and times as R has them: every rule against R, every way in which data bring them, fits that use them."""

from __future__ import annotations

import datetime
import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from glmformula import glm, load, model_matrix
from glmformula.errors import DataError, FormulaError, GLMFormulaError
from glmformula.formula.functions import column_value
from glmformula.formula.values import Matrix, Time
from tests.formula.functions_support import REFERENCE, assert_close, assert_matches, both, value

with gzip.open(REFERENCE / "dates_4.6.json.gz", "rt", encoding="utf-8") as _file:
    _R = json.load(_file)
NEW_YORK = "America/New_York"


def _frame(columns: dict[str, Any]) -> pd.DataFrame:
    """R's data frame as pandas has it: dates as Python's, times as time stamps."""
    epoch = datetime.date(1970, 1, 1)
    out: dict[str, Any] = {}
    for name, column in columns.items():
        values = column["values"]
        if column["kind"] == "Date":
            dates = [None if v is None else epoch + datetime.timedelta(v) for v in values]
            out[name] = pd.Series(dates, dtype=object)
        elif column["kind"] == "POSIXct":
            stamps = pd.Series(pd.to_datetime(values, unit="s")).dt.as_unit("s")
            out[name] = stamps.dt.tz_localize("UTC").dt.tz_convert(NEW_YORK) if name == "ny" else stamps
        elif column["kind"] == "text":
            out[name] = pd.Series(values, dtype=object)
        else:
            out[name] = np.array([math.nan if v is None else v for v in values])
    return pd.DataFrame(out)


FIT, NEW = _frame(_R["fit"]), _frame(_R["new"])


def _same(got: Any, expected: dict[str, Any]) -> None:
    kind = expected["kind"]
    if kind in ("Date", "POSIXct", "difftime"):
        assert isinstance(got, Time)
        assert got.kind == kind
        assert_close(got.values, expected["values"], 1e-9)
    elif kind == "matrix":
        assert isinstance(got, Matrix)
        assert_close(got.values, expected["values"], 1e-9)
    elif kind in ("numeric", "integer"):
        assert isinstance(got, np.ndarray)
        assert_close(got, expected["values"], 1e-9)
    else:
        assert_matches(got, expected, 1e-9)


@pytest.mark.parametrize("case", _R["cases"], ids=lambda case: case["expression"])
def test_value_is_r(case: dict[str, Any]) -> None:
    first, second, _ = both(case["expression"], FIT, NEW)
    _same(first, case["fit"])
    _same(second, case["new"])


@pytest.mark.parametrize("case", _R["errors"], ids=lambda case: case["expression"])
def test_error_keeps_r_sentence(case: dict[str, Any]) -> None:
    with pytest.raises(GLMFormulaError) as caught:
        value(case["expression"], FIT)
    sentence = case["message"]
    core = "not defined for" if "not defined" in sentence else sentence.replace("'TRUE'", "a logical")
    assert core in str(caught.value)


def _data() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 120
    when = pd.Timestamp("2020-01-15 22:30") + pd.to_timedelta(rng.integers(0, 700 * 24, n), unit="h")
    data = pd.DataFrame({"y": rng.normal(size=n), "when": when})
    data["day"] = pd.Series([w.date() for w in when], dtype=object)
    data["ny"] = data["when"].dt.tz_localize("UTC").dt.tz_convert(NEW_YORK)
    return data


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_time_stamps_of_every_unit(unit: str) -> None:
    stamps = pd.Series(pd.to_datetime(["2020-01-01 00:00:01.5", None])).dt.as_unit(unit)
    out = column_value(stamps, "t")
    assert isinstance(out, Time)
    assert (out.kind, out.unit) == ("POSIXct", "UTC")
    np.testing.assert_array_equal(out.values, [1577836801.5 if unit != "s" else 1577836801.0, np.nan])
    local = column_value(stamps.dt.tz_localize(NEW_YORK), "t")
    assert isinstance(local, Time)
    assert local.unit == NEW_YORK
    np.testing.assert_array_equal(local.values, out.values + 5 * 3600)


def test_dates_of_every_kind() -> None:
    import pyarrow as pa

    dates = [datetime.date(2020, 1, 1), None]
    arrow = pd.Series(pd.array(dates, dtype=pd.ArrowDtype(pa.date32())))
    for column in (pd.Series(dates, dtype=object), pd.Series([*dates, pd.NaT][::2]), arrow):
        out = column_value(column, "d")
        assert isinstance(out, Time)
        assert out.kind == "Date"
        np.testing.assert_array_equal(out.values, [18262, np.nan])
    stamps = [datetime.datetime(2020, 1, 1), None]
    assert column_value(pd.Series(stamps, dtype=object), "t").kind == "POSIXct"


FORMULAS = [
    "y ~ day",
    "y ~ when",
    "y ~ months(ny) + weekdays(day)",
    'y ~ cut(day, "quarter")',
    'y ~ cut(ny, "6 months")',
    'y ~ I(day > "2020-06-01")',
    'y ~ I(day - as.Date("2020-01-01"))',
    "y ~ I(day - min(day))",
    'y ~ format(when, "%H")',
    'y ~ difftime(when, as.POSIXct(day), units = "hours")',
    "y ~ factor(quarters(day))",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_same_from_every_source_on_new_data_and_from_a_file(formula: str, tmp_path: Path) -> None:
    import polars as pl

    data = _data()
    data.to_parquet(tmp_path / "data.parquet", row_group_size=37)
    fit = glm(formula, data)
    fit.save(tmp_path / "fit.json")
    new = data.iloc[[5, 3, 77]]
    expected = fit.fitted_values.loc[new.index].to_numpy()
    others = [
        glm(formula, str(tmp_path / "data.parquet")),
        glm(formula, pl.from_pandas(data)),
        load(tmp_path / "fit.json"),
    ]
    for other in (fit, *others):
        np.testing.assert_allclose(other.predict(new).to_numpy(), expected, rtol=1e-7)
        np.testing.assert_allclose(other.coefficients, fit.coefficients, rtol=1e-6)


def test_missing_dates_are_left_out() -> None:
    data = _data()
    data.loc[3, "day"] = None
    data.loc[7, "when"] = pd.NaT
    fit = glm("y ~ day + when", data)
    assert fit.nobs == len(data) - 2
    assert fit.predict(data).isna().sum() == 2


def test_days_and_seconds_do_not_stand_for_each_other() -> None:
    data = _data()
    fit = glm("y ~ day", data)
    for other, kind in ((data["when"], "POSIXct"), (pd.Series(range(len(data))), "numeric")):
        with pytest.raises(DataError, match=f'fitted with type "Date" but type "{kind}" was supplied'):
            fit.predict(data.assign(day=other))
    with pytest.raises(DataError, match=r"a Date \(days\) and a POSIXct \(seconds\) do not go together"):
        glm("y ~ I(when > day)", data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("when - min(when)", 'name it, as in difftime\\(a, b, units = "days"\\)'),
        ("difftime(when, ny)", "name the units"),
        ("as.POSIXct('2020-01-01', tz = 'Nowhere/Else') < when", "unknown time zone 'Nowhere/Else'"),
        ("format(when)", "needs a format"),
        ("format(day, '%Q')", "format '%Q' is not known here"),
        ("weekdays(y)", r"weekdays\(\) needs dates or times, a numeric was given"),
        ("round(when)", "needs a unit"),
        ("cut(day, 3)", "dates are cut by a unit"),
        ("quantile(day, 0.5)", "quantile not defined for"),
        ("diff(when)", "write as.numeric"),
        ("trunc(day, 'weeks')", "is not in R"),
    ],
)
def test_what_is_refused_says_what_to_write(text: str, message: str) -> None:
    with pytest.raises((DataError, FormulaError), match=message):
        value(text, _data())


def test_columns_are_numbers() -> None:
    matrix = model_matrix("~ day + ny", _data())
    assert matrix["day"].iloc[0] == (_data()["day"].iloc[0] - datetime.date(1970, 1, 1)).days
    assert matrix["ny"].iloc[0] == _data()["ny"].iloc[0].timestamp()
