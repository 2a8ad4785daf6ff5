"""Long work shows itself to whoever looks on, and stops when told to, leaving nothing behind."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import types
from itertools import count

import dask
import dask.dataframe as dd
import pytest
import tqdm.auto  # noqa: F401 -- outside of a notebook: it finds out once
from sources.tables import Cut, csv, directory, ipc, parquet, policies

from glmformula import glm
from glmformula.frame import recipe
from glmformula.runtime import progress
from glmformula.sources import store

FORMULA = "claims ~ poly(size, 2) + area"

pytestmark = pytest.mark.usefixtures("small_pieces")


@pytest.fixture(scope="module")
def data():
    return policies()


@pytest.fixture(autouse=True)
def heeded():
    """Ctrl-C is ignored by what a shell runs in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "EVERY", 0.0)


class Terminal:
    """A stderr that somebody looks at."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True


def screen(text: str) -> str:
    """What is left on a line after everything was written over it."""
    line: list[str] = []
    for part in text.split("\r"):
        line[: len(part)] = part
    return "".join(line).rstrip()


def test_asked_for(data, tmp_path, at_once, capsys):
    glm(FORMULA, parquet(data, tmp_path), "poisson", progress=True)
    shown = capsys.readouterr().err
    passes = [int(p) for p in re.findall(r"glm: pass (\d+) \[[# ]{20}\] +\d+% \d+ s", shown)]
    assert sorted(set(passes)) == list(range(1, max(passes) + 1))
    assert max(passes) > 4
    assert re.search(r"\[#{20}\] 100%", shown)
    assert screen(shown) == ""


def test_of_parts_that_nobody_has_counted(data, at_once, capsys):
    glm(FORMULA, Cut(data, (100, 200)), "poisson", progress=True)
    shown = capsys.readouterr().err
    assert "glm: pass 1 under way" in shown
    assert "glm: pass 1 2 parts" in shown
    assert screen(shown) == ""


@pytest.mark.parametrize("scheduler", ["sync", "threads"])
def test_on_dask(scheduler, data, at_once, capsys):
    with dask.config.set(scheduler=scheduler):
        glm(FORMULA, dd.from_pandas(data, npartitions=2), "poisson", progress=True)
    assert "glm: pass 1 under way" in capsys.readouterr().err


def test_a_script_stays_silent(data, tmp_path, at_once, capsys):
    fit = glm(FORMULA, parquet(data, tmp_path), "poisson")
    fit.predict(out=tmp_path / "out.parquet")
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_long_work_only(data, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    glm(FORMULA, parquet(data, tmp_path), "poisson")
    assert sys.stderr.text == ""
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "EVERY", 0.0)
    fit = glm(FORMULA, parquet(data, tmp_path), "poisson")
    assert "glm: pass 1 " in sys.stderr.text
    for ask in (fit.anova, lambda: fit.predict(out=tmp_path / "out.parquet"), fit.certificate):
        sys.stderr.text = ""
        ask()
        assert "glm: pass 1 " in sys.stderr.text
        assert screen(sys.stderr.text) == ""


def test_a_terminal_that_is_told_not_to(data, tmp_path, at_once, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    fit = glm(FORMULA, parquet(data, tmp_path), "poisson", progress=False)
    fit.anova()
    fit.drop1()
    fit.vcov("HC3")
    fit.predict(out=tmp_path / "out.parquet")
    assert sys.stderr.text == ""


def test_a_notebook_looks_on(data, tmp_path, at_once, monkeypatch, capsys):
    shell = types.SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    glm(FORMULA, parquet(data, tmp_path), "poisson")
    assert "glm: pass 1 " in capsys.readouterr().err


# ---- Ctrl-C ----


def interrupting(monkeypatch, after: int) -> None:
    """As the user does it, while a worker is at a piece: the signal goes to the main thread."""
    calls = count(1)  # a step of its own: threads do not come between
    original = recipe.cut

    def pressed(*args):
        if next(calls) == after:
            until_main_waits()
            signal.raise_signal(signal.SIGINT)
        return original(*args)

    for module in ("glmformula.frame.survey", "glmformula.design.streamed"):
        monkeypatch.setattr(sys.modules[module], "cut", pressed)


def until_main_waits() -> None:
    """Until the main thread has nothing to do but wait for this one.

    At work in pandas it may be where NumPy takes any error, an interrupt too, for an answer, and goes on.
    """
    main, pause = threading.main_thread(), threading.Event()
    while threading.current_thread() is not main:
        frame = sys._current_frames()[main.ident]
        if frame.f_code is threading.Condition.wait.__code__ and "gotit" in frame.f_locals:  # it has let go
            return
        pause.wait(0.001)


@pytest.mark.parametrize("kind", [parquet, directory, ipc, csv])
def test_an_interrupted_fit_leaves_nothing(kind, data, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(store, "HELD", 0)
    monkeypatch.setattr(store, "RESERVE", 0)
    monkeypatch.setattr(store, "_is_memory", lambda folder: False)
    path, before, files = kind(data, tmp_path), set(threading.enumerate()), open_files()
    interrupting(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        glm("claims ~ size + area", path, "poisson")
    assert not set(threading.enumerate()) - before
    assert os.listdir(tmp_path / "temporary") == []
    assert open_files() <= files  # what an earlier test had open may have gone meanwhile


@pytest.mark.parametrize("ending", ["parquet", "arrow", "csv"])
def test_an_interrupted_answer_leaves_no_file(ending, data, tmp_path, monkeypatch):
    fit = glm("claims ~ size + area", parquet(data, tmp_path), "poisson")
    before = set(threading.enumerate())
    interrupting(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        fit.residuals(out=tmp_path / f"answer.{ending}")
    assert not set(threading.enumerate()) - before
    assert os.listdir(tmp_path) == ["policies.parquet"]


def test_an_answer_that_fails_leaves_what_was_there(data, tmp_path):
    path = parquet(data, tmp_path)
    fit = glm("claims ~ size + area", path, "poisson")
    out = fit.predict(out=tmp_path / "answer.csv")
    whole = out.read_bytes()
    parquet(data.assign(size=data["size"].astype(str)), tmp_path)
    with pytest.raises(Exception, match="has changed"):
        fit.predict(out=out)
    assert out.read_bytes() == whole
    assert sorted(os.listdir(tmp_path)) == ["answer.csv", "policies.parquet"]


@pytest.mark.parametrize("scheduler", ["sync", "threads"])
def test_an_interrupted_fit_on_dask(scheduler, data, monkeypatch):
    table = dd.from_pandas(data, npartitions=4)
    with dask.config.set(scheduler=scheduler):
        with monkeypatch.context() as patch:
            interrupting(patch, 2)
            with pytest.raises(KeyboardInterrupt):
                glm("claims ~ size + area", table, "poisson")
        assert glm("claims ~ size + area", table, "poisson").converged


def open_files() -> int:
    """How many files this process has open; 0 where that cannot be seen."""
    folder = "/proc/self/fd"
    return len(os.listdir(folder)) if os.path.isdir(folder) else 0
