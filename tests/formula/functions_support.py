"""What the tests of the function table share: data as scopes, and R's stored answers."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glmformula.errors import DataError
from glmformula.formula.evaluate import Scope, evaluate
from glmformula.formula.functions import column_value
from glmformula.formula.reader import read
from glmformula.formula.values import Factor, Logical, Matrix, Text, Value

REFERENCE = Path(__file__).parents[1] / "reference"


def stored(version: str) -> dict[str, Any]:
    with gzip.open(REFERENCE / f"functions_{version}.json.gz", "rt", encoding="utf-8") as file:
        return json.load(file)


def scope(data: pd.DataFrame, **options: Any) -> Scope:
    def column(name: str) -> Value:
        if name not in data.columns:
            raise DataError(f"variable '{name}' not found")
        return column_value(data[name], name)

    return Scope(column, len(data), **options)


def value(text: str, data: pd.DataFrame, **options: Any) -> Value:
    return evaluate(read(text), scope(data, **options))


def both(text: str, data: pd.DataFrame, new: pd.DataFrame) -> tuple[Value, Value, dict[str, Any]]:
    """The value on the fitted data, on new data through the state, and the state."""
    fitting = scope(data)
    node = read(text)
    first = evaluate(node, fitting)
    state = through_json(fitting.state)
    return first, evaluate(node, scope(new, state=state, frozen=True)), state


def through_json(state: dict[str, Any]) -> dict[str, Any]:
    """The state as it comes back from a file: everything in it must be plain data."""

    def plain(item: Any) -> Any:
        if isinstance(item, dict):
            return {str(k): plain(v) for k, v in item.items()}
        if isinstance(item, list):
            return [plain(v) for v in item]
        if isinstance(item, np.ndarray):
            return {"array": item.tolist()}
        assert item is None or type(item) in (str, float, int, bool), f"{type(item)} is not plain data"
        return item

    def back(item: dict[str, Any]) -> Any:
        return np.array(item["array"]) if set(item) == {"array"} else item

    return json.loads(json.dumps(plain(state)), object_hook=back)


def frame(columns: dict[str, dict[str, Any]], integers: list[str]) -> pd.DataFrame:
    """R's data frame as pandas has it."""
    out = {}
    for name, column in columns.items():
        if column["kind"] == "factor":
            out[name] = pd.Categorical.from_codes(
                column["codes"], column["levels"], ordered=column["ordered"]
            )
        elif column["kind"] == "logical":
            out[name] = pd.array(column["values"], dtype="boolean")
        elif column["kind"] == "text":
            out[name] = pd.Series(column["values"], dtype=object)
        else:
            out[name] = np.array(
                [math.nan if v is None else v for v in column["values"]],
                dtype=np.int64 if name in integers else np.float64,
            )
    return pd.DataFrame(out)


def assert_matches(got: Value, expected: dict[str, Any], tolerance: float) -> None:
    """A value against R's, of the same kind."""
    match expected["kind"]:
        case "factor":
            assert isinstance(got, Factor)
            assert list(got.levels) == expected["levels"]
            assert got.codes.tolist() == expected["codes"]
            assert got.ordered == expected["ordered"]
            contrasts = expected["contrasts"]
            if contrasts is None or isinstance(contrasts, str):
                assert got.contrasts == contrasts
            else:
                assert_close(got.contrasts.to_numpy(), contrasts["values"], tolerance)
                assert list(got.contrasts.columns) == contrasts["names"]
        case "matrix":
            assert isinstance(got, Matrix)
            assert_close(got.values, expected["values"], tolerance)
            assert list(got.names) == (expected["names"] if len(expected["names"]) > 1 else [""])
        case "text":
            values = [got] if isinstance(got, str) else got.values.tolist() if isinstance(got, Text) else None
            assert values == expected["values"]
        case "logical":
            assert isinstance(got, bool | Logical)
            values = [got] if isinstance(got, bool) else got.values.tolist()
            hidden = (
                [False] * len(values)
                if isinstance(got, bool) or got.missing is None
                else got.missing.tolist()
            )
            assert [None if h else v for v, h in zip(values, hidden, strict=True)] == expected["values"]
        case _:
            assert isinstance(got, np.ndarray | int | float)
            assert not isinstance(got, bool)
            assert_close(np.atleast_1d(got), expected["values"], tolerance)


def assert_close(got: np.ndarray, expected: list[float | None], tolerance: float) -> None:
    wanted = np.array([math.nan if v is None else v for v in expected], dtype=float)
    np.testing.assert_allclose(np.ravel(got).astype(float), wanted, rtol=tolerance, atol=tolerance)
