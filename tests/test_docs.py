"""The pages of the site: their examples are true, and what is made of the code is what the code says."""

from __future__ import annotations

import json
import re
import sys
import warnings
from doctest import NORMALIZE_WHITESPACE, DocTestParser, DocTestRunner
from pathlib import Path

import matplotlib
import pytest

import glmformula
from glmformula import glm
from glmformula.datasets import attrition

DOCS = Path(__file__).parent.parent / "docs"
sys.path.insert(0, str(DOCS))

import links  # noqa: E402
import outputs  # noqa: E402
from _generate import costs, messages, notebooks, reference, trust  # noqa: E402

sys.path.remove(str(DOCS))
ROOT = DOCS.parent
PAGES = outputs.pages()


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(DOCS)))
def test_examples_of_the_pages_are_true(path):
    matplotlib.use("Agg")
    text = "\n".join(block.group(1) for block in outputs.BLOCK.finditer(path.read_text(encoding="utf-8")))
    test = DocTestParser().get_doctest(text, {}, path.name, str(path), 0)
    failures: list[str] = []
    with outputs.elsewhere():
        DocTestRunner(optionflags=NORMALIZE_WHITESPACE).run(test, out=failures.append)
    assert not failures, "".join(failures)


def test_outputs_are_written_under_their_examples():
    page = "# Page\n\n```python\n>>> x = [1,\n...      2]\n>>> x\n[0]\n>>> print('a\\n\\nb')\n```\n"
    assert outputs.refreshed(page) == (
        "# Page\n\n```python\n>>> x = [1,\n...      2]\n>>> x\n[1, 2]\n>>> print('a\\n\\nb')\na\n<BLANKLINE>\nb\n```\n"
    )


def test_every_public_name_is_in_the_reference():
    page = reference.pages(ROOT)["reference.md"]
    listed = [line.strip() for line in page.splitlines() if line.startswith("   ") and ":" not in line]
    assert sorted(set(listed) & set(glmformula.__all__)) == sorted(set(glmformula.__all__) - {"datasets"})
    assert len(listed) == len(set(listed))
    assert all(hasattr(glmformula.GLM, name) for name in reference.METHODS.split())


def test_every_room_is_explained():
    rooms = {path.name for path in (ROOT / "glmformula").iterdir() if path.is_dir() and "__" not in path.name}
    page = (DOCS / "code.md").read_text(encoding="utf-8")
    assert sorted(rooms) == sorted(re.findall(r"^\| `(\w+)/`", page, re.M))


def test_a_name_that_is_gone_fails_the_reference(monkeypatch):
    monkeypatch.setitem(reference.GROUPS, "Models", ("", "glm no_such_model"))
    with pytest.raises(ValueError, match=r"lists what is no public name: \['no_such_model'\]"):
        reference.pages(ROOT)


@pytest.fixture(scope="module")
def every_message():
    return set(messages.messages(ROOT / "glmformula"))


def test_messages_are_read_from_the_code(every_message):
    texts = {(m.kind, m.text) for m in every_message}
    assert ("FitError", "cannot find valid starting values: please specify some") in texts
    assert any(
        kind == "SeparationWarning" and "no finite maximum-likelihood estimate" in text
        for kind, text in texts
    )
    assert any("no column of the data has this name" in text for _, text in texts)


def test_a_message_that_a_user_gets_is_on_its_page():
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        glm("y ~ x", {"x": [1, 2, 3, 4], "y": [0, 0, 1, 1]}, family="binomial")
    kind = given[0].category.__name__
    page = messages.pages(ROOT)[f"messages/{kind}.md"]
    assert str(given[0].message).split("; ")[-1][-60:] in page


def test_every_class_of_messages_has_a_page():
    classes = {
        name
        for name, value in vars(glmformula).items()
        if isinstance(value, type) and issubclass(value, (glmformula.GLMFormulaError, Warning))
    }
    assert classes - {"GLMFormulaError"} <= set(messages.MEANINGS)
    index = messages.pages(ROOT)["messages.md"]
    assert all(f"(messages/{name}.md)" in index for name in messages.MEANINGS)


def test_answers_are_counted(tmp_path):
    folder = tmp_path / "tests" / "reference" / "means"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(
        '{"version": "R version 4.2.2 (2022)", "cases": [1, 2, 3], "data": [1], "texts": {"x": 1}}'
    )
    (tmp_path / "tests" / "test_a.py").write_text("def test_one(): ...\ndef help(): ...\n")
    table = trust.pages(tmp_path)["trust_table.inc"]
    assert "4 stored answers in 1 files; 1 test functions in 1 files" in table
    assert "| marginal means (emmeans) | 4 | R 4.2.2 | `tests/reference/means` |" in table


def test_passes_are_counted(tmp_path):
    path = tmp_path / "data.parquet"
    attrition().to_parquet(path)
    fit = glm("sick_days ~ salary", path)
    with costs.counting() as passes:
        fit.summary()
    assert passes == []
    with costs.counting() as passes:
        fit.vcov(type="HC0")
    assert len(passes) >= 1
    with costs.counting() as passes:
        fit.predict(out=tmp_path / "out.parquet")
    assert len(passes) == 1


def test_notebooks_keep_what_a_page_can_show():
    outputs = [{"output_type": "stream", "name": name, "text": "1"} for name in ("stdout", "stderr")]
    cells = [
        {"cell_type": "code", "source": "", "outputs": outputs},
        {"cell_type": "markdown", "source": ["see [differences]", "(../docs/differences.md)"]},
    ]
    code, text = json.loads(notebooks._within_the_page(json.dumps({"cells": cells})))["cells"]
    assert code["outputs"] == outputs[:1]
    assert text["source"] == "see [differences](../../differences.md)"


def test_links_that_lead_nowhere_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<p id="here"></p><a href="b.html#there"></a><a href="#here"></a><a href="c.html"></a>'
    )
    (tmp_path / "b.html").write_text(
        '<p id="there"></p><a href="a.html#gone"></a><script src="https://doi.org/x.js"></script>'
    )
    assert list(links.broken(tmp_path)) == [
        "a.html links to c.html, which is not there",
        "b.html links to a.html#gone, and there is no such place in that page",
        "b.html loads https://doi.org/x.js from elsewhere",
    ]
