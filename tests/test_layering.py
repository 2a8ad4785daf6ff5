"""The house rules that a reader would otherwise have to check by eye.

A room imports only from the rooms before it, so that data flow one way; no formula can run Python; no module
grows beyond what one sitting reads; no file speaks of the machine it was written on.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "glmformula"
MODULES = sorted(PACKAGE.rglob("*.py"))

# The way of the data. What stands at the package's root (__init__, __main__) may import everything.
ORDER = (
    "errors",
    "formula",
    "frame",
    "design",
    "sources",
    "families",
    "engine",
    "render",
    "models",
    "inference",
    "plot",
)
ROOT_MODULES = {"__init__", "__main__", "datasets"}

# Stricter than the order: what a room may see at all, where that is less than everything before it.
ONLY = {
    "families": {"errors"},
    "render": {"errors"},
    "engine": {"errors", "design", "sources", "families"},
}

# Imports inside a function run when it is called: methods delegate to later rooms so, and nobody else.
LAZY = {("models", "inference"), ("models", "plot")}

MAX_LINES = 600


def room(module: Path) -> str:
    """The first name below the package: 'engine' for engine/irls.py, 'errors' for errors.py."""
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def imports(tree: ast.AST, lazy: bool = False) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Every import that runs, and whether it waits inside a function."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, lazy
        elif is_type_checking(node):
            yield from imports(ast.Module(node.orelse, []), lazy)
        else:
            yield from imports(node, lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def imported_rooms(node: ast.Import | ast.ImportFrom, module: Path) -> set[str]:
    """The package's rooms that an import statement in `module` reaches."""
    if isinstance(node, ast.Import):
        names = [alias.name.split(".") for alias in node.names]
    else:
        start = ["glmformula", *module.relative_to(PACKAGE).parent.parts]
        base = start[: len(start) - node.level + 1] if node.level else []
        stem = base + (node.module.split(".") if node.module else [])
        names = [[*stem, alias.name] for alias in node.names]
    return {parts[1] for parts in names if parts[0] == "glmformula" and len(parts) > 1}


def wrong_imports(module: Path, source: str) -> list[str]:
    """The imports in `source`, the text of `module`, that go against the order."""
    here = room(module)
    if here in ROOT_MODULES:
        return []
    found = []
    for node, lazy in imports(ast.parse(source)):
        for there in imported_rooms(node, module) - {here}:
            backwards = ORDER.index(there) < ORDER.index(here) if there in ORDER else False
            allowed = backwards and there in ONLY.get(here, ORDER)
            if not allowed and not (lazy and (here, there) in LAZY):
                found.append(f"{module.relative_to(ROOT)}:{node.lineno} imports {there}/ from {here}/")
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_one_way(module):
    assert not wrong_imports(module, module.read_text())


@pytest.mark.parametrize(
    ("room_", "line", "wrong"),
    [
        ("formula", "from ..frame.schema import Schema", True),
        ("frame", "from ..formula.terms import Terms", False),
        ("frame", "from .. import engine", True),
        ("engine", "import glmformula.models.glm", True),
        ("engine", "def f():\n    from ..models import glm", True),
        ("models", "def f():\n    from ..inference import anova", False),
        ("models", "from ..inference import anova", True),
        ("formula", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n from .. import engine", False),
        ("render", "from ..engine.result import GlmFit", True),
        ("design", "from glmformula import unheard_of", True),
    ],
)
def test_the_import_walk_sees_what_it_should(room_, line, wrong):
    assert bool(wrong_imports(PACKAGE / room_ / "module.py", line)) is wrong


def test_every_room_is_in_the_order():
    rooms = {room(module) for module in MODULES}
    assert rooms <= set(ORDER) | ROOT_MODULES


@pytest.mark.parametrize("module", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_python_is_run_from_text(module):
    calls = [node.func for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call)]
    names = {f.id for f in calls if isinstance(f, ast.Name)}
    attributes = {f.attr for f in calls if isinstance(f, ast.Attribute)}
    assert not names & {"eval", "exec", "compile", "__import__"}
    assert not attributes & {"eval", "exec", "query"}


@pytest.mark.parametrize("module", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_modules_stay_readable(module):
    assert len(module.read_text().splitlines()) <= MAX_LINES


def test_no_test_reads_a_clock():
    for module in sorted((ROOT / "tests").rglob("*.py")):
        names = {
            name
            for node, _ in imports(ast.parse(module.read_text()))
            for name in ([a.name for a in node.names] if isinstance(node, ast.Import) else [node.module])
        }
        assert not names & {"time", "timeit"}, module.name


# Hosts that our texts may link to; other addresses, and paths of somebody's machine, do not belong here.
HOSTS = {"doi.org", "www.r-project.org", "cran.r-project.org", "stat.ethz.ch", "matthewwardrop.github.io"}
ABSOLUTE_PATH = re.compile(r"(?<![\w.~/:-])/(?:home|root|tmp|work|opt|Users|mnt)/\w")
ADDRESS = re.compile(r"https?://([\w.-]+)")
TEXTS = sorted(
    path
    for pattern in ("*.md", "*.toml", ".ci/*", "[gtbn]*/**/*.py", "[gtbn]*/**/*.R", "notebooks/*.ipynb")
    for path in ROOT.glob(pattern)
    if path.is_file()
)


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_texts_name_no_machine(path):
    text = path.read_text(encoding="utf-8")
    assert not ABSOLUTE_PATH.findall(text)
    assert set(ADDRESS.findall(text)) <= HOSTS
