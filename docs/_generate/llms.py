"""``llms.txt``: the pages of the site with a sentence each, for programs that read before they answer."""

from __future__ import annotations

import inspect
import re
from functools import reduce
from pathlib import Path
from typing import Any

import glmformula

HEAD = """# glmformula

> R's glm() for Python, and the models beside it: R's formulas, R's numbers, R's printed tables, on
> pandas, polars, Arrow, Parquet files larger than memory, DuckDB and Dask.

Install with `pip install glmformula`; `from glmformula import glm, lm, glm_nb`. A fit's verbs are methods and
functions of the same name: `fit.anova()` is `anova(fit)`. Names are R's with `_` for `.`. Tables print as R's and have
`.frame`, a DataFrame.
"""


def llms(app: Any, failure: Exception | None) -> None:
    """Write it beside the pages."""
    if failure is not None or app.builder.name != "html":
        return
    titles = {name: node.astext() for name, node in app.env.titles.items()}
    source = Path(app.srcdir)
    lines = [HEAD, "## Pages", ""]
    for name in sorted(titles):
        if "/api/" not in name:
            said = _said(source, name)
            lines.append(f"- [{titles[name]}]({name}.html){': ' + said if said else ''}")
    lines += ["", "## Functions and classes", ""]
    for name in sorted(titles):
        if "/api/" in name:
            lines.append(f"- [{titles[name]}]({name}.html): {_summary(titles[name])}")
    (Path(app.outdir) / "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _summary(name: str) -> str:
    """The first line of a docstring."""
    found = reduce(getattr, name.removeprefix("glmformula.").split("."), glmformula)
    return (inspect.getdoc(found) or "").partition("\n")[0]


def _said(source: Path, name: str) -> str:
    """The first sentence of a page."""
    path = source / f"{name}.md"
    if not path.exists():
        return ""
    text = re.sub(r"^(```|:::+).*?^\1$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    for block in text.split("\n\n"):
        text = " ".join(block.split()).removeprefix("**What it means.** ")
        if text and text[0].isalnum():
            return re.sub(r"[*`]|\[([^\]]+)\]\([^)]+\)", r"\1", re.split(r"(?<=[.:])\s", text)[0])
    return ""
