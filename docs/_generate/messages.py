"""A page for each class of errors and warnings: what it means, what to do, and every message of it, read from the code.

A message is the first argument of a call of the class, or of ``give_warning``; what is put into it at run time is
shown as …. Messages are grouped by the room that gives them.
"""

from __future__ import annotations

import ast
import html
import inspect
import re
from collections import ChainMap, defaultdict
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from glmformula import errors

MEANINGS: dict[str, tuple[str, str]] = {
    "FormulaError": (
        (
            "The formula cannot be read, or names what is not there. The message shows the formula with "
            "the place marked."
        ),
        (
            "Compare the marked place with the column names (`list(data.columns)`); names outside of the "
            "data are never looked up. Names with spaces stand in backticks; arithmetic with `+ - * / ^` "
            "stands inside `I()`; a function that R has and we do not can be added with "
            "`register_function`."
        ),
    ),
    "DataError": (
        (
            "The data cannot be used as they are: a column, a level, a weight, a type, or rows that are "
            "not there."
        ),
        (
            "The message names the variable, the rows or the levels, and how they can be mended: "
            "`subset=`, `na_action=`, a type that is right, another level. A model that holds no rows "
            "(`strip_data()`, `load()`, a stream) refuses what needs them: give `newdata=`, or fit in "
            "memory."
        ),
    ),
    "FamilyError": (
        "The family or link does not suit the response, or the question means nothing for this family.",
        (
            "Look at the rows that are named: a binomial takes 0 to 1, a Poisson counts, a Gamma what is "
            "above 0. Another family or link may suit the response, or `quasi(...)`."
        ),
    ),
    "FitError": (
        "There is no fit, or the verb means nothing for this model.",
        (
            "Where no valid start was found: give `start=` or another link. Where a verb means nothing, "
            "the message names the one that does. See [what each class of models "
            "has](../../tasks/index.md)."
        ),
    ),
    "ConvergenceWarning": (
        (
            "The iterations ended without meeting the criterion, or the deviance has no (or more than "
            "one) minimum. The numbers are where the iterations stopped."
        ),
        (
            "Look at `fit.certificate()`: how far is the optimum? More iterations: `maxit=100`. Scale "
            "variables of very different sizes. A link whose means have limits (identity, log of a "
            "binomial) often has its optimum at the limit: `fit.boundary` says so."
        ),
    ),
    "SeparationWarning": (
        (
            "Some coefficients have no finite estimate: a combination of the variables predicts the "
            "outcome perfectly in some rows. Their estimates, standard errors and Wald tests mean "
            "nothing; likelihood ratio tests and predictions hold."
        ),
        (
            "`fit.separation()` says which coefficients run where. Merge levels that have one outcome "
            "only, collect more rows, or fit "
            'with `method="firth"`, whose estimates are finite. `detect_separation(formula, data)` looks '
            "before the fit."
        ),
    ),
    "RankWarning": (
        (
            "Columns of the design are linear combinations of others, where that matters: predictions for "
            "rows that do not keep the combination, or columns that only the weights alias."
        ),
        (
            "Leave one of the terms out. `fit.coefficients.isna()` shows which columns were left out; a "
            "level without rows, or two variables that say the same, are the usual causes."
        ),
    ),
    "DataWarning": (
        (
            "The data are unusual for what was asked, as R, too, would say: counts that are not whole, a "
            "response on the right side."
        ),
        (
            "If it is meant, go on: the fit is as asked. Whole counts belong to `poisson`; shares with "
            "known totals to `binomial` with `weights=`."
        ),
    ),
    "SingularWarning": (
        "A variance of a mixed model is estimated as 0, or a correlation as ±1: the estimate lies at its limit.",
        (
            "The fit is the maximum; tests and intervals that suppose an inner one do not hold for that "
            "part. Leave the random effect out, or the correlation (`||`)."
        ),
    ),
    "DeprecatedWarning": (
        "A name or argument is on its way out: it works until the version that is said.",
        "Write what the message says.",
    ),
    "GLMFormulaWarning": (
        "A note on the answer of a verb: intervals that could not be found, tests that may not mean much.",
        "The message says of what it is, and what to ask instead.",
    ),
    "ValueError": (
        "An argument of a function is not one of those it knows.",
        "The message says what was expected and what arrived.",
    ),
}
HOLDERS = {"engine/messages": {"": "ConvergenceWarning", "nothing_to_fit": "FitError"}}
"""Modules of texts alone, and the class that gives those of each function."""
MOST_SPACES, DEEPEST = 3, 3  # of what is no sentence; how far a name is followed


@dataclass(frozen=True)
class Message:
    """One message: its class, its text with … for what is put in, and where in the code it is given."""

    kind: str
    text: str
    module: str
    function: str


def pages(root: Path) -> dict[str, str]:
    """The page of all classes and one for each."""
    found = sorted(set(messages(root / "glmformula")), key=lambda m: (m.module, m.text))
    by_kind: dict[str, list[Message]] = defaultdict(list)
    for message in found:
        by_kind[message.kind].append(message)
    out = {f"messages/{kind}.md": _page(kind, by_kind.get(kind, [])) for kind in MEANINGS}
    rows = "\n".join(
        f"| [`{kind}`](messages/{kind}.md) | {len(by_kind.get(kind, []))} | {meaning} |"
        for kind, (meaning, _) in MEANINGS.items()
    )
    listed = "\n".join(f"messages/{kind}" for kind in MEANINGS)
    out["messages.md"] = (
        "# Errors and warnings\n\nWhat each means and what to do. Every message that the code can give is "
        f"listed under its class, {len(found)} of them, read from the code when this site was built; … "
        "stands for names and numbers.\n\nAll errors are `GLMFormulaError`s, all warnings "
        "`GLMFormulaWarning`s; wrong arguments are Python's `ValueError`. To make "
        'a warning stop a script: `warnings.simplefilter("error", SeparationWarning)`.\n\n'
        "| class | messages | meaning "
        f"|\n|---|---|---|\n{rows}\n\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
    )
    return out


def _page(kind: str, found: list[Message]) -> str:
    meaning, remedy = MEANINGS[kind]
    cls = getattr(errors, kind, None)
    lines = [f"# {kind}", "", f"**What it means.** {meaning}", "", f"**What to do.** {remedy}", ""]
    if cls is not None:
        bases = [
            base.__name__
            for base in cls.__mro__[1:]
            if base.__name__ not in ("object", "BaseException", "Exception")
        ]
        example = (inspect.getdoc(cls) or "").partition("Examples\n--------\n")[2].strip()
        lines += [f"It is a {', '.join(f'`{base}`' for base in bases)}.", ""]
        lines += ["```python", example, "```", ""] if example else []
    lines += ["## Every message", ""]
    room = ""
    for message in found:
        if message.module.partition("/")[0] != room:
            room = message.module.partition("/")[0]
            lines += [f"### in `{room}`", ""]
        lines += [f"* {_shown(message.text)}", f"  <small>{message.module}: {message.function}</small>"]
    return "\n".join([*lines, ""])


def _shown(text: str) -> str:
    escaped = re.sub(r"([\\`*_\[\]{}$|~])", r"\\\1", html.escape(text, quote=False))
    return re.sub(r"\s+", " ", escaped)


@cache
def messages(package: Path) -> tuple[Message, ...]:
    """Every message of the package."""
    trees = {
        str(path.relative_to(package).with_suffix("")): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(package.rglob("*.py"))
    }
    derived = {
        node.name: base.id
        for tree in trees.values()
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if isinstance(base, ast.Name) and base.id in MEANINGS
    }
    kinds = derived | {name: name for name in MEANINGS}
    named = {module: dict(_named(tree.body)) for module, tree in trees.items()}
    shared = {name: value for one in named.values() for name, value in one.items()}
    return tuple(
        message
        for module, tree in trees.items()
        if module != "errors"
        for message in (*_raised(module, tree, ChainMap(named[module], shared), kinds), *_kept(module, tree))
    )


def _raised(
    module: str, tree: ast.Module, shared: ChainMap[str, ast.expr], kinds: dict[str, str]
) -> Iterator[Message]:
    """What calls of the classes, and of ``give_warning``, say."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        inside = list(ast.walk(function))
        calls = [
            (kind, node) for node in inside if (kind := _kind(node, kinds)) and isinstance(node, ast.Call)
        ]
        known = shared.new_child(dict(_named(inside))) if calls else shared
        for kind, call in calls:
            if not call.args:
                continue
            text = _text(call.args[0], known)
            if text.replace("…", "").strip():
                yield Message(kind, text, module, f"{function.name}()")


def _kept(module: str, tree: ast.Module) -> Iterator[Message]:
    """Texts of the modules that hold nothing but messages, which others give."""
    if module not in HOLDERS:
        return
    for node in tree.body:
        name = getattr(node, "name", "")
        kind = HOLDERS[module].get(name, HOLDERS[module][""])
        for part in ast.walk(node):
            text = _text(part, {}) if isinstance(part, ast.Constant | ast.JoinedStr) else ""
            doc = isinstance(node, ast.FunctionDef) and text == ast.get_docstring(node, clean=False)
            if text.count(" ") > MOST_SPACES and not doc:
                yield Message(kind, text, module, f"{name}()" if name else "")


def _named(body: list[ast.AST] | list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Names that stand for a value, or for a function's answer."""
    for node in body:
        if isinstance(node, ast.Assign):
            yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.FunctionDef):
            answers = [part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value]
            if answers:
                yield f"{node.name}()", answers[-1]


def _kind(node: ast.AST, kinds: dict[str, str]) -> str | None:
    """The class of message that a call makes."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return None
    name = node.func.id
    if name in ("give_warning", "warn") and len(node.args) > 1:
        category = node.args[1]
        return kinds.get(category.id) if isinstance(category, ast.Name) else None
    return kinds.get(name)


def _text(node: ast.AST, known: MutableMapping[str, ast.expr], depth: int = 0) -> str:
    """A message as far as it stands in the code, … for the rest."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, known, DEEPEST) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left, known, depth) + _text(node.right, known, depth)
    if isinstance(node, ast.IfExp):
        return _text(node.body, known, depth)
    if isinstance(node, ast.Name) and node.id in known and depth < DEEPEST:
        return _text(known[node.id], known, depth + 1)
    if isinstance(node, ast.Call) and depth < DEEPEST:
        if isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            return re.sub(r"\{[^}]*\}", "…", _text(node.func.value, known, depth))
        if isinstance(node.func, ast.Name) and f"{node.func.id}()" in known:
            return _text(known[f"{node.func.id}()"], known, depth + 1)
    return "…"
