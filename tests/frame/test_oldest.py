"""Libraries that are older than what is used of them are named, with what to do."""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
import types
from pathlib import Path

import pandas as pd
import pytest

from glmformula import DataError, glm
from glmformula.frame import interchange

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_pyproject_says_the_same():
    extras = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]
    found = {}
    for extra in ("arrow", "polars", "dask", "duckdb", "spark"):
        for requirement in extras[extra]:
            name, oldest = re.fullmatch(r"([a-z]+)(?:\[.*\])?>=([\d.]+)", requirement).groups()
            assert found.setdefault(name, oldest) == oldest
    assert interchange.OLDEST.items() <= found.items()


@pytest.mark.parametrize(
    ("package", "version"), [("polars", "1.2.1"), ("dask", "2024.9.0"), ("pyarrow", "17.0.0")]
)
def test_what_is_older_is_named(package, version, monkeypatch):
    monkeypatch.setattr(importlib.import_module(package), "__version__", version)
    oldest = interchange.OLDEST[package]
    with pytest.raises(
        DataError, match=rf"{package} {oldest} or newer, and {version} is installed: pip install"
    ):
        interchange.needed(package, package)


@pytest.mark.parametrize("version", ["unknown", "9999.1"])
def test_others_are_taken(version, monkeypatch):
    monkeypatch.setattr(importlib.import_module("pyarrow"), "__version__", version)
    assert interchange.needed("pyarrow", "arrow") is sys.modules["pyarrow"]


def old(module):
    """A frame as a library gave it before its frames had what is used."""
    return type("DataFrame", (), {"__module__": module})()


@pytest.mark.parametrize(
    ("module", "package"), [("polars.dataframe.frame", "polars"), ("dask_expr._collection", "dask")]
)
def test_frames_of_older_libraries(module, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, types.SimpleNamespace(__version__="0.9"))
    with pytest.raises(DataError, match=f"these data need {package} .* or newer, and 0.9 is installed"):
        glm("y ~ x", old(module))
    assert glm("y ~ x", pd.DataFrame({"y": [1.0, 2, 4], "x": [1.0, 2, 3]})).nobs == 3
