"""What R's glmnet says, and the data it said it of."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).parent


@cache
def reference(name: str = "glmnet") -> dict[str, Any]:
    with gzip.open(HERE / f"{name}.json.gz", "rt", encoding="utf-8") as file:
        return json.load(file)


@cache
def table(name: str) -> pd.DataFrame:
    return pd.read_csv(HERE / f"{name}.csv")
