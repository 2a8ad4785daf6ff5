"""R's answers about marginal means, and the data that they are of."""

from __future__ import annotations

import gzip
import json
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd


@cache
def stored(name: str) -> dict[str, Any]:
    """What a file of this folder holds, packed or not."""
    content = (Path(__file__).parent / name).read_bytes()
    return json.loads(gzip.decompress(content) if name.endswith(".gz") else content)


@cache
def table(file: str, name: str) -> pd.DataFrame:
    columns = {}
    for column, kept in stored(file)["data"][name].items():
        values = kept["values"]
        if "levels" in kept:
            values = pd.Categorical(values, kept["levels"], ordered=kept.get("ordered", False))
        columns[column] = values
    return pd.DataFrame(columns)


def answers_of(cases: Mapping[str, Callable[[], Any]]) -> Callable[[str], Any]:
    """The answer of each case, made once; what it warns of is another test's."""

    @cache
    def answer(name: str) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return cases[name]()

    return answer
