"""Texts at the root of the repository as pages of the site."""

from __future__ import annotations

import re
from pathlib import Path

TEXTS = {
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "scaling.md": "benchmarks/scaling.md",
    "answers_of_r.md": "tests/reference/README.md",
}


def pages(root: Path) -> dict[str, str]:
    """Their texts; links to files that are no pages lose their address."""
    return {name: _linked(root, (root / path).read_text(encoding="utf-8")) for name, path in TEXTS.items()}


def _linked(root: Path, text: str) -> str:
    return re.sub(r"\[([^\]]+)\]\((?!https?:|#)[^)]+\)", r"\1", text)
