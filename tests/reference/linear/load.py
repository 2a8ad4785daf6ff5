"""R's linear models, and ours of the same calls."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from reference.models.load import load

import glmformula as gf

HERE = Path(__file__).parent
NUMBERS = json.loads(gzip.decompress((HERE / "lm_4.2.json.gz").read_bytes()))["models"]
TEXTS = json.loads((HERE / "lm_4.6.json").read_text())["texts"]


@cache
def data_of(name: str) -> pd.DataFrame:
    """R's data set with R's names of its rows."""
    data = load(name)
    return data.set_axis(range(1, len(data) + 1)) if isinstance(data.index, pd.RangeIndex) else data


@cache
def fit_of(id_: str):
    entry = NUMBERS[id_]["model"]
    options = {k: entry[k] for k in ("weights", "subset", "offset", "contrasts") if k in entry}
    if "na.action" in entry:
        options["na_action"] = entry["na.action"]
    return gf.lm(entry["formula"], data_of(entry["data"]), **options)


def array(values) -> np.ndarray:
    return np.array([np.nan if v is None else float(v) for v in ([] if values is None else values)])
