"""The house rules that a reader would otherwise have to check by eye.

A room imports only from the rooms before it, so that data flow one way, and no two modules import each other,
be it for a type or when a function runs; no formula can run Python; no module grows beyond what one sitting
reads; no file speaks of the machine it was written on.
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
    "deprecation",
    "runtime",
    "render",
    "formula",
    "frame",
    "design",
    "sources",
    "families",
    "translate",
    "engine",
    "fitted",
    "inference",
    "plot",
    "report",
    "models",
    "datasets",
    "shell",
    "sklearn",
)
ROOT_MODULES = {"__init__", "__main__"}

# Stricter than the order: what a room may see at all, where that is less than everything before it.
ONLY = {
    "runtime": {"errors"},
    "families": {"errors"},
    "render": {"errors"},
    "engine": {"errors", "runtime", "design", "sources", "families"},
}

MAX_LINES = 600


def room(module: Path) -> str:
    """The first name below the package: 'engine' for engine/irls.py, 'errors' for errors.py."""
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Every import statement: at the top, for types alone, inside a function."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))


def imported(node: ast.Import | ast.ImportFrom, module: Path) -> list[tuple[str, ...]]:
    """What an import statement in `module` names, each as the parts of its dotted name."""
    if isinstance(node, ast.Import):
        return [tuple(alias.name.split(".")) for alias in node.names]
    start = ["glmformula", *module.relative_to(PACKAGE).parent.parts]
    base = start[: len(start) - node.level + 1] if node.level else []
    stem = base + (node.module.split(".") if node.module else [])
    return [(*stem, alias.name) for alias in node.names]


def wrong_imports(module: Path, source: str) -> list[str]:
    """The imports in `source`, the text of `module`, that go against the order."""
    here = room(module)
    if here in ROOT_MODULES:
        return []
    found = []
    for node in imports(ast.parse(source)):
        rooms = {names[1] for names in imported(node, module) if names[0] == "glmformula" and len(names) > 1}
        for there in rooms - {here}:
            backwards = ORDER.index(there) < ORDER.index(here) if there in ORDER else False
            if not (backwards and there in ONLY.get(here, ORDER)):
                found.append(f"{module.relative_to(ROOT)}:{node.lineno} imports {there}/ from {here}/")
    return found


def named(module: Path) -> tuple[str, ...]:
    """The dotted name of a module in its parts."""
    parts = ("glmformula", *module.relative_to(PACKAGE).with_suffix("").parts)
    return parts[:-1] if parts[-1] == "__init__" else parts


def circles(sources: dict[Path, str]) -> list[list[str]]:
    """The sets of modules that import each other in a circle, each sorted."""
    modules = {named(module): module for module in sources}
    edges = {
        name: {
            target
            for node in imports(ast.parse(sources[module]))
            for names in imported(node, module)
            for target in [names if names in modules else names[:-1]]
            if target in modules and target != name
        }
        for name, module in modules.items()
    }
    reached = {name: reachable(name, edges) for name in edges}
    together = {
        tuple(sorted(".".join(other) for other in reached[name] if name in reached[other]))
        for name in edges
        if name in reached[name]
    }
    return sorted(map(list, together))


def reachable(
    start: tuple[str, ...], edges: dict[tuple[str, ...], set[tuple[str, ...]]]
) -> set[tuple[str, ...]]:
    """What `start` imports, and what that imports, and so on."""
    found: set[tuple[str, ...]] = set()
    waiting = [start]
    while waiting:
        new = edges[waiting.pop()] - found
        found |= new
        waiting.extend(new)
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
        ("models", "from ..inference import anova", False),
        ("inference", "def f():\n    from ..models import glm", True),
        ("formula", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n from .. import engine", True),
        ("render", "from ..engine.result import GlmFit", True),
        ("design", "from glmformula import unheard_of", True),
    ],
)
def test_the_import_walk_sees_what_it_should(room_, line, wrong):
    assert bool(wrong_imports(PACKAGE / room_ / "module.py", line)) is wrong


def test_no_modules_import_each_other():
    assert circles({module: module.read_text() for module in MODULES}) == []


@pytest.mark.parametrize(
    ("one", "other", "circular"),
    [
        ("from .b import f", "x = 1", False),
        ("from .b import f", "from .a import g", True),
        ("from . import b", "def f():\n    from .a import g", True),
        (
            "from .b import f",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .a import G",
            True,
        ),
        ("from glmformula.engine.b import f", "import glmformula.engine.a", True),
    ],
)
def test_the_circle_walk_sees_what_it_should(one, other, circular):
    sources = {PACKAGE / "engine" / "a.py": one, PACKAGE / "engine" / "b.py": other}
    assert bool(circles(sources)) is circular


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
            for node in imports(ast.parse(module.read_text()))
            for name in ([a.name for a in node.names] if isinstance(node, ast.Import) else [node.module])
        }
        assert not names & {"time", "timeit"}, module.name


# Hosts that our texts may link to; other addresses, and paths of somebody's machine, do not belong here.
HOSTS = {"doi.org", "www.r-project.org", "cran.r-project.org", "stat.ethz.ch", "matthewwardrop.github.io"}
ABSOLUTE_PATH = re.compile(r"(?<![\w.~/:-])/(?:home|root|tmp|work|opt|Users|mnt)/\w")
ADDRESS = re.compile(r"https?://([\w.-]+)")
TEXTS = sorted(
    path
    for pattern in (
        "*.md",
        "*.toml",
        ".ci/*",
        "[gtbn]*/**/*.py",
        "[gtbn]*/**/*.R",
        "notebooks/*.ipynb",
        "docs/**/*",
    )
    for path in ROOT.glob(pattern)
    if path.is_file() and not {"generated", "_build", "__pycache__"} & set(path.parts)
)


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_texts_name_no_machine(path):
    text = path.read_text(encoding="utf-8")
    assert not ABSOLUTE_PATH.findall(text)
    assert set(ADDRESS.findall(text)) <= HOSTS
