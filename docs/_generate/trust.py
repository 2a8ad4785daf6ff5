"""What is checked against what: counts of R's answers and of tests, made of the files when the site is built."""

from __future__ import annotations

import ast
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NOT_CASES = {
    "data",
    "version",
    "versions",
    "R",
    "r",
    "packages",
    "meta",
    "locale",
    "collation",
    "integers",
    "fit",
    "new",
    "missing",
}
SUBJECTS: dict[str, str] = {
    "models": "models: coefficients, tests, rows, anova, predictions; printed texts; hostile data",
    "formulas": "formulas: columns, names, `assign`",
    "frames": "model frames, codings, missing values",
    "functions": "functions that formulas may call",
    "dates": "dates and times in formulas",
    "terms": "term algebra, deparse, update",
    "families": "families and links",
    "engine": "least squares and their iterations",
    "printing": "printed tables",
    "numbers": "printed numbers",
    "profile": "profile likelihoods and their intervals",
    "influence": "leverage, deletion diagnostics",
    "sandwich": "robust and clustered covariances",
    "selection": "drop1, add1, step, update",
    "goodness": "tests of fit, pseudo R²",
    "linear": "lm: everything",
    "glm_nb": "negative binomial models (MASS)",
    "negbin": "the negative binomial distribution",
    "likelihoods": "zeroinfl, hurdle (pscl), multinom (nnet), polr (MASS)",
    "glmnet": "penalised paths and their cross-validation (glmnet)",
    "means": "marginal means (emmeans)",
    "comparisons": "marginal effects (marginaleffects, sandwich)",
    "effects": "slopes, delta method",
    "separation": "separation, Firth's reduction (detectseparation, brglm2)",
    "discrimination": "ROC, calibration (pROC, rms)",
    "counts": "models of counts side by side",
    "mass": "MASS's verbs",
    "nist": "NIST's linear sets, in rational arithmetic",
    "starts": "starting values",
    "broom": "tidy, glance, augment (broom)",
    "tweedie": "Tweedie powers (statmod)",
    "traps": "traps that R's users know",
    "naming": "arguments by name and label",
    "saved": "files of earlier versions",
}


def pages(root: Path) -> dict[str, str]:
    """The tables that ``trust.md`` includes."""
    counted: dict[str, tuple[int, int, set[str]]] = {}
    for path in sorted((root / "tests" / "reference").rglob("*.json*")):
        subject = _subject(path.relative_to(root / "tests" / "reference"))
        data = _read(path)
        cases, files, by = counted.get(subject, (0, 0, set()))
        counted[subject] = cases + _cases(data), files + 1, by | set(_oracles(data))
    rows = [
        f"| {SUBJECTS.get(subject, subject)} | {cases:,} | {', '.join(sorted(by)) or '–'} | "
        f"`tests/reference/{subject}` |"
        for subject, (cases, _, by) in sorted(counted.items(), key=lambda item: -item[1][0])
    ]
    total = sum(cases for cases, _, _ in counted.values())
    table = "\n".join(["| what | stored answers | of | where |", "|---|---:|---|---|", *rows])
    tests = sum(1 for _ in _tests(root / "tests"))
    files = len(list((root / "tests").rglob("test_*.py")))
    answers = sum(number for _, number, _ in counted.values())
    said = (
        f"{total:,} stored answers in {answers} files; {tests:,} test functions in {files} files, most of "
        "them run over many of the answers."
    )
    return {"trust_table.inc": f"{said}\n\n{table}\n", "trust_tests.inc": _rooms(root)}


def _subject(path: Path) -> str:
    name = path.parts[0] if len(path.parts) > 1 else path.name.split(".")[0].split("_")[0]
    return "effects" if name == "simulate" else name


def _read(path: Path) -> Any:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            return json.load(stream)
    return json.loads(path.read_text(encoding="utf-8"))


def _cases(data: Any) -> int:
    """Entries of the lists and mappings of a file that are no data or versions."""
    if isinstance(data, list):
        return 0  # lists of what to ask, not answers
    parts = [
        value for name, value in data.items() if name not in NOT_CASES and isinstance(value, list | dict)
    ]
    return sum(len(part) for part in parts)


def _oracles(data: Any) -> Iterator[str]:
    """The versions of R that a file names."""
    if not isinstance(data, dict):
        return
    texts = json.dumps({name: data.get(name) for name in ("version", "versions", "R", "r", "meta")})
    for version in ("4.2.2", "4.6"):
        if f"{version}" in texts:
            yield f"R {version}"


def _tests(folder: Path) -> Iterator[str]:
    for path in folder.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield node.name


def _rooms(root: Path) -> str:
    """Test functions by folder."""
    rows = []
    for folder in sorted(p for p in (root / "tests").iterdir() if p.is_dir() and p.name != "reference"):
        number = sum(1 for _ in _tests(folder))
        if number:
            rows.append(f"| `tests/{folder.name}` | {number} |")
    return "\n".join(["| folder | test functions |", "|---|---:|", *rows, ""])
