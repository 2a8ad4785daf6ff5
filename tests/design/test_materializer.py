"""Formulaic's machine: what we stand on, and that its ModelSpec replays a design."""

from __future__ import annotations

import inspect
import pickle

import formulaic
import numpy as np
import pandas as pd
import pytest
from formulaic.formula import Formula, SimpleFormula
from formulaic.materializers import FormulaMaterializer
from formulaic.model_matrix import ModelMatrix
from formulaic.model_spec import ModelSpec, ModelSpecs

from glmformula.design.build import design_frame
from glmformula.design.dense import dense
from glmformula.design.materializer import RMaterializer
from glmformula.formula.rparser import RParser

DATA = pd.DataFrame(
    {"y": [1.0, 2, 3, 4, 5], "x": [1.0, 4, 2, 8, 5], "a": ["u", "v", "w", "v", "u"], "e": [1.0, 2, 3, 4, 5]}
)
# Every hook of formulaic that the materializer overrides or calls, with the arguments it counts on.
HOOKS = {
    "__init__": ["data", "context", "params"],
    "_init": [],
    "get_model_matrix": ["spec", "drop_rows", "spec_overrides"],
    "_evaluate_factor": ["factor", "spec", "drop_rows"],
    "_build_model_matrix": ["spec", "drop_rows"],
    "_encode_constant": ["value", "metadata", "encoder_state", "spec", "drop_rows"],
    "_encode_categorical": ["values", "metadata", "encoder_state", "spec", "drop_rows", "reduced_rank"],
    "_encode_numerical": ["values", "metadata", "encoder_state", "spec", "drop_rows"],
    "_combine_columns": ["cols", "spec", "drop_rows"],
}
SPEC_FIELDS = (
    *("formula", "materializer", "materializer_params", "na_action", "output"),
    *("structure", "transform_state", "encoder_state"),
)


@pytest.mark.parametrize("hook", HOOKS)
def test_canary_formulaic_still_has_the_hook(hook: str) -> None:
    found = getattr(FormulaMaterializer, hook, None)
    assert found is not None, f"formulaic {formulaic.__version__} has no FormulaMaterializer.{hook}"
    arguments = [name for name in inspect.signature(found).parameters if name != "self"]
    assert arguments == HOOKS[hook], f"formulaic {formulaic.__version__} changed FormulaMaterializer.{hook}"


@pytest.mark.parametrize("name", SPEC_FIELDS)
def test_canary_formulaic_still_has_the_spec_field(name: str) -> None:
    assert name in ModelSpec.__dataclass_fields__, (
        f"formulaic {formulaic.__version__} has no ModelSpec.{name}"
    )


def test_canary_abstract_steps_are_all_ours() -> None:
    assert not getattr(RMaterializer, "__abstractmethods__", None)
    assert FormulaMaterializer.for_materializer("r") is RMaterializer


def test_a_dataframe_still_belongs_to_formulaics_own_materializer() -> None:
    assert FormulaMaterializer.for_data(DATA).REGISTER_NAME == "pandas"


def test_spec_replays_on_new_data_by_itself() -> None:
    frame = design_frame("y ~ poly(x, 2) * a + offset(e)", DATA)
    matrix = frame.schema.spec.get_model_matrix(DATA.iloc[[3, 1]].drop(columns="y"))
    assert isinstance(matrix, ModelMatrix)
    np.testing.assert_array_equal(dense(matrix.__wrapped__), dense(frame.design)[[3, 1]])


def test_spec_knows_columns_and_terms() -> None:
    spec = design_frame("y ~ a * x", DATA).schema.spec
    assert spec.column_names == ("(Intercept)", "av", "aw", "x", "av:x", "aw:x")
    assert [str(term) for term in spec.terms] == ["1", "a", "x", "a:x"]
    assert spec.get_slice("a:x") == slice(4, 6)
    assert spec.encoder_state["a"][1].levels == ("u", "v", "w")


def test_formulaics_own_way_in() -> None:
    formula = Formula("y ~ a + I(x^2)", _parser=RParser())
    for given in (formula, formula.rhs):
        matrix = ModelSpec.from_spec(given, materializer="r", na_action="ignore")
        spec = matrix.rhs if isinstance(matrix, ModelSpecs) else matrix
        found = spec.get_model_matrix(DATA)
        assert found.model_spec.column_names == ("(Intercept)", "av", "aw", "I(x^2)")
        again = found.model_spec.get_model_matrix(DATA.head(2))
        np.testing.assert_array_equal(dense(again.__wrapped__), dense(found.__wrapped__)[:2])


def test_empty_right_side() -> None:
    spec = ModelSpec(SimpleFormula([]), materializer="r")
    assert spec.get_model_matrix(DATA).__wrapped__.ncols == 0


def test_frozen_state_is_plain_data() -> None:
    schema = design_frame("y ~ poly(x, 2) + a + scale(e)", DATA).schema
    again = pickle.loads(pickle.dumps(schema.spec))
    np.testing.assert_array_equal(
        dense(again.get_model_matrix(DATA).__wrapped__), dense(schema.spec.get_model_matrix(DATA).__wrapped__)
    )
