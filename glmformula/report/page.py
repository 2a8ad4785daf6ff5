"""The one template: sections in, a page out. Every text is escaped; markup comes from our own renderers alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from ..frame.interchange import needed
from .records import Section


def page(title: str, about: str, sections: Sequence[Section]) -> str:
    """The whole page."""
    return str(_template().render(title=title, about=about, sections=sections))


@cache
def _template() -> Any:
    jinja2 = needed("jinja2", "report", "a report needs")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    return environment.from_string(text)
