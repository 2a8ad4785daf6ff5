"""The lower bounds of pyproject.toml as constraints for pip, one a line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

OWN = re.compile(r"glmformula\[(.*)\]")

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
tested = [name for each in extras["test"] if (own := OWN.fullmatch(each)) for name in own[1].split(",")]
asked = [*project["dependencies"], *(each for name in ("test", *tested) for each in extras[name])]
bounds = [re.match(r"([\w-]+)(?:\[.*\])?>=([\d.]+)", each) for each in asked]
print(*sorted({f"{bound[1]}=={bound[2]}" for bound in bounds if bound}), sep="\n")
