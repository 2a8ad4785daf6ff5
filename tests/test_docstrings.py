"""The docstrings a user reads: every public name and method has an executed example, and it is true."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, DocTestParser, DocTestRunner
from functools import cached_property
from types import ModuleType
from typing import Any
from unittest.mock import patch

import matplotlib
import pytest

import glmformula
from glmformula import GLM, LM, Family, Link, datasets, glm, lm
from glmformula.families.link import LINKS
from glmformula.families.registry import FAMILIES
from glmformula.fitted.loglik import LogLik
from glmformula.formula.functions import TABLE
from glmformula.formula.terms import Terms
from glmformula.inference.checks.certificate import Certificate
from glmformula.models.face import FIT, SCORED, SINGLE_INDEX
from glmformula.models.generics import FUNCTIONS
from glmformula.render.report import Rendered
from glmformula.report.public import Report

PARSER = DocTestParser()
A_FIT = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
SHOWN = {GLM: dir(A_FIT), LM: dir(lm("salary ~ overtime_hours", datasets.attrition()))}


def reports(cls: type) -> Iterator[type]:
    """A class and those derived of it: what verbs answer with and prints."""
    yield cls
    for derived in cls.__subclasses__():
        yield from reports(derived)


def own(cls: type) -> Iterator[str]:
    """The names a user sees on objects of a class, without what it has from pandas and the fields of a record."""
    fields = getattr(cls, "__dataclass_fields__", {})
    for name in SHOWN.get(cls, dir(cls)):
        defined = next((base for base in cls.__mro__ if name in vars(base)), cls)
        if not name.startswith("_") and name not in fields and defined.__module__.startswith("glmformula"):
            yield name


def of_class(cls: type, name: str) -> Any:
    """A method as a function; an attribute as what explains it."""
    found = inspect.getattr_static(cls, name)
    return found if isinstance(found, property | cached_property) else getattr(cls, name)


def documented() -> dict[str, Any]:
    """What a user can ask help for, by name: functions, classes, their methods and attributes."""
    found: dict[str, Any] = {name: getattr(glmformula, name) for name in glmformula.__all__}
    for module in [name for name, value in found.items() if isinstance(value, ModuleType)]:
        listed = found.pop(module)
        found |= {f"{module}.{name}": getattr(listed, name) for name in listed.__all__}
    answers = (Certificate, LogLik, Report, Terms)
    classes = [cls for cls in reports(Rendered) if cls.__module__.startswith("glmformula")]
    for cls in (GLM, LM, Family, Link, *answers, *classes):
        found |= {f"{cls.__name__}.{name}": of_class(cls, name) for name in own(cls)}
    return found | {cls.__name__: cls for cls in answers}


DOCUMENTED = documented()
ATTRIBUTES = {name for name, value in DOCUMENTED.items() if isinstance(value, property | cached_property)}
EXAMPLES: dict[str, str] = {}  # a method and the function of its name share one text: it runs once
for name in sorted(set(DOCUMENTED) - ATTRIBUTES):
    EXAMPLES.setdefault(inspect.getdoc(DOCUMENTED[name]) or name, name)


def test_what_prints_as_a_table_is_shown_as_one():
    assert {cls.__name__ for cls in reports(Rendered) if cls.__repr__ is not Rendered.__repr__} == set()


@pytest.fixture(autouse=True)
def nothing_stays_behind() -> Iterator[None]:
    """Examples register functions, families and links, and draw."""
    matplotlib.use("Agg")
    with patch.dict(TABLE), patch.dict(FAMILIES), patch.dict(LINKS):
        yield
    from matplotlib import pyplot

    pyplot.close("all")


def test_whatever_a_user_asks_help_for_is_explained():
    assert [name for name, value in DOCUMENTED.items() if not inspect.getdoc(value)] == []


@pytest.mark.parametrize(("text", "name"), EXAMPLES.items(), ids=EXAMPLES.values())
def test_public_examples_are_true(text, name):
    test = PARSER.get_doctest(text, {}, name, None, None)
    assert test.examples, f"{name} shows no example"
    failures: list[str] = []
    DocTestRunner(optionflags=NORMALIZE_WHITESPACE | ELLIPSIS).run(test, out=failures.append)
    assert not failures, "".join(failures)


@pytest.mark.parametrize("name", sorted({**FIT, **SCORED, **SINGLE_INDEX}))
def test_a_method_and_its_function_are_one_text_of_a_verb(name):
    method = getattr(GLM, name)
    assert inspect.getdoc(method) == inspect.getdoc(getattr(A_FIT, name))
    as_function = {method: function for function, method in FUNCTIONS.items()}.get(name)
    if as_function is not None:
        function = getattr(glmformula, as_function)
        assert inspect.getdoc(function) == inspect.getdoc(method)
        assert inspect.signature(function) == inspect.signature(method)
