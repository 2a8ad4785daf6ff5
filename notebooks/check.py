"""Run every notebook of this folder in a clean kernel: ``python notebooks/check.py [--save FOLDER] [NOTEBOOK ...]``.

The notebooks are kept without outputs and counts, so that a change can be read; this fails where one has
some, and where a cell raises or warns; a progress bar may be shown. With ``--save`` they are written with their
outputs to a folder, from which the documentation shows them.
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
# A worker may say, while its cluster closes, that the scheduler does not answer any more.
os.environ["DASK_LOGGING__DISTRIBUTED"] = "critical"
PROGRESS = re.compile(r"\r?glm: pass [^\r\n]*|\r *")


def check(path: Path, save: Path | None = None) -> None:
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
    if save is not None:
        save.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, save / path.name)
    print(f"{path.name}: {len(notebook.cells)} cells run", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Run the notebooks in clean kernels.")
    parser.add_argument("notebooks", nargs="*", type=Path, default=sorted(HERE.glob("*.ipynb")))
    parser.add_argument("--save", type=Path, help="write them with their outputs to this folder")
    asked = parser.parse_args()
    for name in asked.notebooks:
        check(name, asked.save)
