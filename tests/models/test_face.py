"""Methods are the verbs themselves: one list, one text, and models derived of a GLM stay what they are."""

from __future__ import annotations

import ast
import inspect
import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmformula as gf
from glmformula import DataError
from glmformula.fitted.protocols import Fit, Predicting, Scored, SingleIndex, lacking
from glmformula.models import face, generics

VERBS = {**face.FIT, **face.SCORED, **face.SINGLE_INDEX}


@dataclass(frozen=True, eq=False)
class Labelled(gf.GLM):
    """A model with a field of its own."""

    label: str = "none"


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    x, z = rng.normal(size=(2, 80))
    return pd.DataFrame({"x": x, "z": z, "y": rng.poisson(np.exp(0.5 * x))})


@pytest.fixture(scope="module")
def fit(data):
    return gf.glm("y ~ x + z", data, "poisson")


@pytest.fixture(scope="module")
def labelled(fit):
    return Labelled(**generics_fields(fit), label="mine")


def generics_fields(fit):
    from glmformula.models.estimate import fields_of

    return fields_of(fit)


@pytest.mark.parametrize("name", VERBS)
def test_a_method_is_its_verb(name, fit):
    verb = face.Verb(VERBS[name], name).function
    method = getattr(gf.GLM, name)
    assert method is verb
    assert inspect.getdoc(getattr(fit, name)) == inspect.getdoc(verb)
    assert not inspect.getdoc(verb).startswith("See ")
    assert next(iter(inspect.signature(verb).parameters)) == "fit"


@pytest.mark.parametrize("name", sorted(generics.FUNCTIONS))
def test_a_function_has_the_text_and_the_arguments_of_its_method(name):
    verb = generics.FUNCTIONS[name]
    function, method = getattr(gf, name), getattr(gf.GLM if hasattr(gf.GLM, verb) else gf.Polr, verb)
    assert inspect.getdoc(function) == inspect.getdoc(method)
    assert inspect.signature(function) == inspect.signature(method)
    assert (function.__module__, function.__name__) == ("glmformula", name)
    assert pickle.loads(pickle.dumps(function)) is function


def test_type_checkers_see_the_same_list():
    """The faces' TYPE_CHECKING blocks, and that of the package, name what is found at run time."""
    tree = ast.parse(Path(face.__file__).read_text())
    seen = {
        target.id
        for cls in tree.body
        if isinstance(cls, ast.ClassDef)
        for node in ast.walk(cls)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert set(VERBS) <= seen
    assert {"function", "module", "name"}.isdisjoint(seen)
    package = ast.parse(Path(gf.__file__).read_text())
    block = next(node for node in package.body if isinstance(node, ast.If))
    lazy = {alias.asname or alias.name for node in block.body for alias in node.names}
    assert lazy == {*generics.FUNCTIONS, *generics.OTHERS, "GLMs"}


def test_a_glm_has_every_protocol(fit):
    assert [lacking(fit, protocol) for protocol in (Fit, Scored, Predicting, SingleIndex)] == [[], [], [], []]


def test_dir_shows_what_users_need(fit):
    shown = set(dir(fit))
    assert {"coefficients", "summary", "predict", "anova", "vcov", "tidy", "save"} <= shown
    assert shown.isdisjoint({"result", "on_terms", "row_state", "training", "scores", "with_path"})


def test_a_method_pickles(fit):
    assert pickle.loads(pickle.dumps(fit.predict))(type="response").equals(fit.predict(type="response"))


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="module 'glmformula' has no attribute 'glm_er'"):
        gf.glm_er


@pytest.mark.parametrize(
    "ask",
    [
        lambda fit: fit.update(". ~ . - z"),
        lambda fit: gf.update(fit, family=gf.quasipoisson),
        lambda fit: fit.step(trace=0),
        lambda fit: fit.step(trace=0).update(". ~ ."),
        lambda fit: fit.refit(formula="y ~ z"),
        lambda fit: fit.on_terms([0, 1]),
        lambda fit: fit.strip_data(),
    ],
)
def test_a_derived_model_keeps_its_class_and_fields(ask, labelled):
    found = ask(labelled)
    assert type(found) is Labelled
    assert found.label == "mine"


def test_a_path_belongs_to_the_model_that_step_chose(labelled):
    chosen = labelled.step(k=6.0, trace=0)
    assert list(chosen.anova["Step"]) == ["", "- z"]
    assert str(chosen.anova()) == str(gf.anova(chosen))
    assert chosen.update(". ~ .").path is None


def test_a_derived_model_is_loaded_as_what_it_was(labelled, tmp_path):
    chosen = labelled.step(trace=0)
    chosen.save(tmp_path / "m.json")
    again = gf.load(tmp_path / "m.json")
    assert type(again) is Labelled
    assert again.label == "mine"
    assert str(again.anova) == str(chosen.anova)
    pd.testing.assert_frame_equal(again.path, chosen.path)


def test_a_class_that_is_not_there_is_named(fit, tmp_path):
    @dataclass(frozen=True, eq=False)
    class Passing(gf.GLM):
        pass

    Passing(**generics_fields(fit)).save(tmp_path / "m.json")
    Passing.__name__ = "Gone"
    with pytest.raises(
        DataError, match="holds a Passing, and no such class of models is there: import the module"
    ):
        gf.load(tmp_path / "m.json")


def test_fields_that_the_class_has_not_got(labelled, tmp_path, monkeypatch):
    labelled.save(tmp_path / "m.json")
    monkeypatch.setattr("glmformula.models.loading._classes", lambda cls: [type("Labelled", (gf.GLM,), {})])
    with pytest.raises(DataError, match=r"its fields are not those of a Labelled \(.*label"):
        gf.load(tmp_path / "m.json")


def test_fields_that_are_not_plain_data_cannot_be_saved(fit, tmp_path):
    with pytest.raises(DataError, match="label cannot be written to a file"):
        Labelled(**generics_fields(fit), label=object()).save(tmp_path / "m.json")


@pytest.mark.parametrize(
    "ask",
    [
        lambda fit: fit.anova(test="F"),
        lambda fit: gf.anova(fit, test="F"),
        lambda fit: fit.drop1(test="F"),
        lambda fit: gf.drop1(fit, test="F"),
        lambda fit: gf.glm("y ~ x + z", fit.rows.arguments["data"].frame.iloc[:30], "poisson", maxit=1),
    ],
)
def test_a_warning_points_at_the_user_s_line(ask, fit):
    with pytest.warns(gf.GLMFormulaWarning) as caught:
        ask(fit)
    assert {warning.filename for warning in caught} == {__file__}
