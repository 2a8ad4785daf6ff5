"""The lower bounds of pyproject.toml as constraints for pip, one a line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

INSTALLED = ("test", "plot", "arrow", "polars", "duckdb", "dask", "sql")

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
asked = [*project["dependencies"], *(each for name in INSTALLED for each in extras[name])]
bounds = [re.match(r"([\w-]+)(?:\[.*\])?>=([\d.]+)", each) for each in asked]
print(*sorted({f"{bound[1]}=={bound[2]}" for bound in bounds if bound}), sep="\n")
