"""The notebooks with their outputs, where ``notebooks/check.py --save`` put them; else as they are in the tree."""

from __future__ import annotations

import json
import os
from pathlib import Path

EXECUTED = "GLMFORMULA_NOTEBOOKS"
"""The variable of the environment that says where the executed ones are."""


def copied(root: Path, out: Path) -> None:
    """Put them where the site finds them."""
    out.mkdir(parents=True, exist_ok=True)
    executed = Path(os.environ.get(EXECUTED, root / "notebooks" / "executed"))
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        source = executed / path.name if (executed / path.name).exists() else path
        text = _within_the_page(source.read_text(encoding="utf-8"))
        target = out / path.name
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")


def _within_the_page(text: str) -> str:
    """Without outputs that a page cannot show (progress bars need a live kernel); links to pages lead to them."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = "".join(cell["source"]).replace("](../docs/", "](../../")
        if cell["cell_type"] == "code":
            cell["outputs"] = [
                output
                for output in cell["outputs"]
                if output.get("name") != "stderr"
                and "application/vnd.jupyter.widget-view+json" not in output.get("data", {})
            ]
    return json.dumps(notebook, ensure_ascii=False, indent=1)
