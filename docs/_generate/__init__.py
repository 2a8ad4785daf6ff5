"""Pages that are made of the code, the tests and the notebooks at each build; nothing of them is kept in the tree."""

from __future__ import annotations

from pathlib import Path

from . import costs, messages, notebooks, reference, root_texts, trust
from .llms import llms

__all__ = ["everything", "llms"]


def everything(docs: Path) -> None:
    """Write them to ``docs/generated``, where nothing has changed leaving the file alone, so that builds are quick."""
    root, out = docs.parent, docs / "generated"
    pages: dict[str, str] = {}
    for part in (reference, messages, trust, costs, root_texts):
        pages |= part.pages(root)
    for name, text in pages.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    notebooks.copied(root, out / "notebooks")
