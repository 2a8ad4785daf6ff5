"""Formulas, expressions and files from a stranger: nothing is run, nothing runs away."""

from __future__ import annotations

import ast
import importlib
import os
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmformula as g
from glmformula.errors import DataError, FamilyError, FormulaError, GLMFormulaError

PACKAGE = Path(g.__file__).parent
ESCAPES = [
    "__import__('os').system('true')",
    "__builtins__",
    "x.__class__",
    "().__class__.__bases__[0].__subclasses__()",
    "eval(x)",
    "exec('1')",
    "base::system('true')",
    "os.system('true')",
    "getattr(x, '__class__')",
    "do.call('system', 'true')",
    "get('x')",
    "Sys.getenv('HOME')",
    "readLines('x')",
    "x@__class__",
    "x$__class__",
    "[c for c in x]",
    "lambda: x",
    "(function(x) x)(x)",
    "{x}",
    "@x",
    "x := 1",
    "x; z",
    "`__import__`('os')",
    "f'{x}'",
    "\\(x) x",
    "x\x00",
    "\ud800",
    "x \u202e + z",
]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    return pd.DataFrame({name: rng.normal(size=60) for name in "xyz"}).assign(f=list("abc") * 20)


@pytest.fixture(autouse=True)
def nothing_is_run(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("code ran")

    for where, name in ((os, "system"), (os, "popen"), (os, "getenv")):
        monkeypatch.setattr(where, name, refuse)


@pytest.mark.parametrize("text", ESCAPES)
@pytest.mark.parametrize(
    "where", ["term", "response", "call", "weights", "offset", "subset", "update", "newdata"]
)
def test_escapes(where, text, data):
    def use() -> object:
        match where:
            case "term":
                return g.glm(f"y ~ z + {text}", data)
            case "response":
                return g.glm(f"{text} ~ z", data)
            case "call":
                return g.glm(f"y ~ log({text})", data)
            case "update":
                return g.glm("y ~ x", data).update(f". ~ . + {text}")
            case "newdata":
                named = pd.DataFrame([[1.0]], columns=pd.Index([text], dtype=object))
                return g.glm("y ~ name", data.assign(name=data["x"])).predict(named)
        return g.glm("y ~ x", data, **{where: text})

    with pytest.raises(GLMFormulaError):
        use()


@pytest.mark.parametrize("text", ESCAPES)
def test_escapes_in_what_is_asked_of_a_fit(text, data):
    fit = g.glm("y ~ x", data)
    for ask in (fit.delta_method, fit.linear_hypothesis, lambda t: fit.add1(f"~ . + {t}"), fit.confint):
        with pytest.raises((GLMFormulaError, ValueError)):
            ask(text)
    for make in (
        lambda: g.glm("y ~ f", data, contrasts={"f": text}),
        lambda: g.glm("y ~ x", data, family=text),
        lambda: g.gaussian(text),
        lambda: g.quasi("log", text),
    ):
        with pytest.raises((DataError, FamilyError)):
            make()


@pytest.mark.parametrize("name", ["__import__('os').system('true')", "{0.__class__}", "a\nb", "%s%n", "<b>&"])
def test_column_names_are_only_names(name, data):
    named = pd.DataFrame({"y": data["y"], name: data["x"], "f": ["<i>", name, "c"] * 20})
    fit = g.glm("y ~ .", named)
    assert fit.coefficients.iloc[1] == g.glm("y ~ x + f", data).coefficients.iloc[1]
    assert len(fit.predict(named.head(2))) == 2
    html = fit.summary()._repr_html_()
    assert "<b>" not in html
    assert "<i>" not in html


SEA = 10_000_000
BOMBS = {
    "10 MB of terms": "x + " * 2_500_000 + "x",
    "100,000 terms": " + ".join(f"I(x * {k})" for k in range(100_000)),
    "digits": f"I({'1' * SEA})",
    "a string": "'" + "x" * SEA,
    "a name": "`" + "x" * SEA + "`",
    "parentheses": "(" * 10_000 + "x" + ")" * 10_000,
    "signs": "-" * 10_000 + "x",
    "calls": "log(" * 10_000 + "x" + ")" * 10_000,
    "powers": "x" + "^2" * 10_000,
    "brackets": "x" + "[1]" * 10_000,
    "tildes": "~" * 10_000 + "x",
    "a power of sums": "(" + "+".join(f"a{k}" for k in range(30)) + ")^50",
    "a product of factors": "*".join(f"a{k}" for k in range(40)),
    "powers of powers": "((" + "+".join(f"a{k}" for k in range(20)) + ")^20)^20",
    "a sequence": "I(x * sum(1:1000000000))",
    "repetition": "rep(x, 100000000)",
    "each": "rep(x, each = 100000000)",
    "repeated text": "I(x * nchar(paste(rep('aaaaaaaaaa', 1e7), collapse = '')))",
    "collapsed text": f"I(x * nchar(paste(rep('{'a' * 1000}', 1e4), collapse = '')))",
    "joined": "I(x * sum(" + "c(" * 12 + "1:1e6" + ", 1:1e6)" * 12 + "))",
    "steps": "seq(0, 1, by = 1e-12)",
    "a polynomial": "poly(x, 1000000)",
    "spline": "ns(x, df = 1000000)",
    "a spline's degree": "bs(x, degree = 100000000)",
    "knots": "bs(x, knots = seq(-1, 1, length.out = 100000))",
    "intervals": "cut(x, 1000000000)",
    "levels": "factor(x, levels = 1:10000000)",
    "a pattern": "I(x * grepl('(a+)+$', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'))",
    "repeats": f"I(x * grepl('{'[a]+' * 20}b', '{'a' * 60}'))",
    "two repeats": f"I(x * grepl('a.*a.*b', '{'a' * 90_000}'))",
    "contrasts": "C(f, contr.helmert(100000))",
    "infinite": "I(x * 9^9^9^9^9)",
    "factorial": "I(x * factorial(1e9))",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused(bomb, data):
    """Before they take much memory; whoever takes long shows in the suite's time."""
    tracemalloc.start()
    try:
        with pytest.raises(GLMFormulaError):
            g.glm("y ~ " + BOMBS[bomb], data)
        assert tracemalloc.get_traced_memory()[1] < 500e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("argument", ["weights", "offset", "subset"])
@pytest.mark.parametrize("bomb", ["10 MB of terms", "parentheses", "digits", "a sequence", "each", "repeats"])
def test_bombs_in_arguments(argument, bomb, data):
    with pytest.raises(GLMFormulaError):
        g.glm("y ~ x", data, **{argument: BOMBS[bomb]})


def test_bombs_in_hypotheses(data):
    fit = g.glm("y ~ x", data)
    for bomb in ("x" + " + x" * 1_000_000 + " = 0", "(" * 10_000 + "x" + ")" * 10_000):
        with pytest.raises(FormulaError, match=r"characters; at most|nested deeper"):
            fit.linear_hypothesis(bomb)
        with pytest.raises(FormulaError):
            fit.delta_method(bomb)


def test_sentences(data):
    """What the refusals say."""
    for term, message in (
        ("bs(x, degree = 101)", "'degree' must be integer >= 1 and at most 100: 101 was given"),
        ("bs(x, knots = seq(-1, 1, length.out = 2000))", "2000 knots are too many: at most 1000"),
        ("rep('a', 1e7)", r"a sequence of length 1e\+07 is too long"),
        ("factor(x, levels = 1:2e6)", "2,000,000 levels are too many: at most 1,000,000"),
        (
            f"I(x * grepl('[a]+[a]+b', '{'a' * 600}'))",
            "would take too long with 2 repeats .* a text of 600 char",
        ),
        (
            "I(x * nchar(paste(rep('abcde', 3e5), collapse = '')))",
            "a text of 1,500,000 characters is too long",
        ),
    ):
        with pytest.raises(FormulaError, match=message):
            g.glm(f"y ~ {term}", data)
    many = pd.DataFrame({"x": np.arange(5000.0), "y": 0.0})
    with pytest.raises(FormulaError, match=r"df = 3000 asks for too many knots: at most 1000"):
        g.glm("y ~ ns(x, df = 3000)", many)
    with pytest.raises(DataError, match="'subset' asks for row inf, the data have 60 rows"):
        g.glm("y ~ x", data, subset="9^9^9^9")


def test_a_label_of_its_own_for_every_row():
    data = pd.DataFrame({"y": np.arange(15_000.0)})
    data["id"] = data["y"].astype(str)
    with pytest.raises(
        DataError,
        match=r"variable 'id' \(character\) has 15,000 levels in the 15,000 rows used, at most 14,000",
    ):
        g.glm("y ~ id", data, contrasts={"id": "contr.sum"})
    assert g.glm("y ~ id", data).df_residual == 0


def test_patterns_that_are_fine(data):
    named = data.assign(s=["alpha one", "beta two", "gamma"] * 20)
    fit = g.glm("y ~ grepl('^[a-z]+.*o', s)", named)
    assert fit.model_matrix().iloc[:3, 1].tolist() == [1.0, 1.0, 0.0]


# ---- the code itself ----

FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
# sources/store.py keeps the pieces of a running fit in nameless temporary files of its own process, sources/spark.py
# reads what its own functions wrote on the session's workers.
OWN_PICKLES = {"store.py", "spark.py"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "subprocess", "runpy"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_code_from_text(path):
    """No eval, no unpickling; modules are imported by names that stand in the code."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FORBIDDEN_CALLS, node.lineno
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "import_module"
        ):
            assert path.name == "interchange.py" or all(isinstance(a, ast.Constant) for a in node.args), (
                node.lineno
            )
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        found = {name.partition(".")[0] for name in names} & FORBIDDEN_MODULES
        assert not found - ({"pickle"} if path.name in OWN_PICKLES else set()), node.lineno
        if (
            isinstance(node, ast.Attribute)
            and node.attr in ("load", "loads")
            and path.name not in OWN_PICKLES
        ):
            assert not (isinstance(node.value, ast.Name) and node.value.id == "pickle"), node.lineno


def test_a_file_imports_nothing(tmp_path, data, monkeypatch):
    """Whatever module a saved file names, it is not looked for."""
    path = tmp_path / "m.json"
    g.glm("y ~ x", data).save(path)
    text = path.read_text().replace("gaussian", "antigravity")
    path.write_text(text)
    asked: list[str] = []
    monkeypatch.setattr(importlib, "import_module", asked.append)
    with pytest.raises(DataError):
        g.load(path)
    assert not asked
    assert "antigravity" not in sys.modules
