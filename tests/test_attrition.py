"""The first thing a user runs: ``python -m glmformula demo`` prints what R prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest


def without_call(text: str) -> str:
    """The text without its Call block: ours is spelt as Python, R's as R."""
    return re.sub(r"^Call:\n.*?\n\n", "", text, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def printed() -> str:
    command = [sys.executable, "-W", "error", "-m", "glmformula", "demo"]
    environment = {**os.environ, "PYTHONUTF8": "1"}
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8", env=environment).stdout


@pytest.mark.parametrize("part", ["binomial", "poisson", "odds_ratios", "anova"])
def test_main_prints_what_r_prints(part, printed, reference):
    expected = (reference / f"attrition_{part}.txt").read_text(encoding="utf-8")
    assert without_call(expected) in without_call(printed)


def test_the_readme_s_example_prints_what_it_says(reference):
    readme = (reference.parent.parent / "README.md").read_text(encoding="utf-8")
    code, shown = (readme.split(f"```{language}\n")[1].split("```")[0] for language in ("python", "text"))
    environment = {**os.environ, "PYTHONUTF8": "1"}
    command = [sys.executable, "-W", "error", "-c", code]
    run = subprocess.run(command, check=True, capture_output=True, encoding="utf-8", env=environment)
    assert run.stdout.strip("\n") == shown.strip("\n")
