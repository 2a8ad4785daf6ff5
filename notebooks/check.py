"""Run every notebook of this folder in a clean kernel: ``python notebooks/check.py``.

The notebooks are kept without outputs and counts, so that a change can be read; this fails where one has
some, and where a cell raises or warns; a progress bar may be shown.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
# A worker may say, while its cluster closes, that the scheduler does not answer any more.
os.environ["DASK_LOGGING__DISTRIBUTED"] = "critical"
PROGRESS = re.compile(r"\r?glm: pass [^\r\n]*|\r *")


def check(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None):
            raise SystemExit(f"{path.name} is kept without outputs: clear them before committing")
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(HERE)}}).execute()
    warned = [
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]
    if PROGRESS.sub("", "".join(warned)).strip():
        raise SystemExit(f"{path.name} writes to stderr:\n" + "".join(warned))
    print(f"{path.name}: {len(notebook.cells)} cells run")


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(HERE.glob("*.ipynb")):
        check(Path(name))
