"""Writes the outputs of the examples in these pages anew: ``python docs/outputs.py [PAGE ...]``.

An example is a ``python`` block with ``>>>``; those of a page run one after the other, in one name space.
``tests/test_docs.py`` runs them too and fails where an output is not what is written.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from doctest import DocTestParser
from pathlib import Path

HERE = Path(__file__).parent
BLOCK = re.compile(r"^```python\n(>>> .*?)^```$", re.M | re.S)


def pages() -> list[Path]:
    """The pages with examples."""
    found = [path for path in sorted(HERE.rglob("*.md")) if not {"generated", "_build"} & set(path.parts)]
    return [path for path in found if BLOCK.search(path.read_text(encoding="utf-8"))]


@contextlib.contextmanager
def elsewhere() -> Iterator[None]:
    """In a folder of its own, which examples may write into."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def refreshed(text: str) -> str:
    """The page with the outputs of today."""
    space: dict[str, object] = {}
    with elsewhere():
        return BLOCK.sub(lambda block: f"```python\n{_run(block[1], space)}```", text)


def _run(block: str, space: dict[str, object]) -> str:
    lines = []
    for example in DocTestParser().get_examples(block):
        first, *rest = example.source.rstrip("\n").split("\n")
        lines += [f">>> {first}", *(f"... {line}".rstrip() for line in rest)]
        printed = _output(example.source, space).rstrip("\n")
        lines += [line or "<BLANKLINE>" for line in printed.split("\n")] if printed else []
    return "\n".join(lines) + "\n"


def _output(source: str, space: dict[str, object]) -> str:
    caught = io.StringIO()
    with contextlib.redirect_stdout(caught):
        exec(compile(source, "<page>", "single"), space)  # noqa: S102
    return caught.getvalue()


if __name__ == "__main__":
    for path in [Path(name) for name in sys.argv[1:]] or pages():
        old = path.read_text(encoding="utf-8")
        new = refreshed(old)
        if new != old:
            path.write_text(new, encoding="utf-8")
            print(path)
