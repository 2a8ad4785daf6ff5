"""The site: pages by task, the reference of every public name, and what is made of the code at each build."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from _generate import everything, llms  # noqa: E402

project = "glmformula"
author = "The glmformula authors"
release = version = installed("glmformula")
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx_design",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_generate", "_templates", "README.md"]
root_doc = "index"
add_module_names = False
autosummary_generate = True
autodoc_typehints = "none"  # types are in the docstrings, in words
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# Notebooks are run by notebooks/check.py, once, and shown with the outputs of that run.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, Any] = {}  # no widget needs a script from elsewhere
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]

html_theme = "pydata_sphinx_theme"
html_title = "glmformula"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options: dict[str, Any] = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
}
project_copyright = "The glmformula authors"
suppress_warnings = [
    "config.cache",  # functions of the configuration are made anew at each build
    "myst.xref_missing",  # links from texts of the repository's root to its files, checked by docs/links.py
]


def bars(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Docstrings write |z| as statisticians do; reStructuredText would take it for a substitution."""
    for k, line in enumerate(lines):
        if "|" in line and not line.lstrip().startswith((">>>", "...", "| ")):
            parts = re.split(r"(``.*?``)", line)
            lines[k] = "".join(part if part.startswith("``") else part.replace("|", r"\|") for part in parts)


def setup(app: Any) -> None:
    everything(HERE)
    app.connect("autodoc-process-docstring", bars, priority=400)  # before numpydoc
    app.connect("build-finished", llms)
