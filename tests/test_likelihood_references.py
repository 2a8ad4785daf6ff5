"""What tests/reference/likelihoods promises about its answers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from reference.likelihoods.load import degenerate, errors, load, models, new_rows, schema, texts
from reference.tables import symmetric

KINDS = ("zeroinfl", "hurdle", "multinom", "polr")
# Differences of R's printed and stored numbers: rounding of 17 digits only.
AGREE = 1e-12


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_enough_models_and_texts(kind):
    assert len(models(kind)) >= 28
    assert sum(bool(t["same"] or t["same_tight"]) for t in texts(kind).values()) >= 16


@pytest.mark.parametrize("kind", KINDS)
def test_every_model_is_a_maximum(kind):
    for id_, answer in models(kind).items():
        exact = answer["exact"]
        assert exact["gradient"] < 1e-10, id_
        assert exact["score_check"] < 1e-7, id_
        own = answer["package"]
        theirs = own["loglik"] if "loglik" in own else -own["deviance"] / 2
        assert exact["loglik"] >= theirs - 2e-9, id_


@pytest.mark.parametrize("kind", ["zeroinfl", "polr"])
def test_standard_errors_are_those_of_the_covariance(kind):
    for id_, answer in models(kind).items():
        exact = answer["exact"]
        expected = exact["se"] + ([exact["se_logtheta"]] if exact.get("se_logtheta") else [])
        se = np.sqrt(np.diag(symmetric(exact["vcov"])))
        np.testing.assert_allclose(se, expected, rtol=AGREE, err_msg=id_)


def test_the_covariance_is_read_column_by_column():
    np.testing.assert_array_equal(
        symmetric([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), [[1, 2, 3], [2, 4, 5], [3, 5, 6]]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_sum_to_one_in_new_rows(kind):
    for id_, answer in models(kind).items():
        probabilities = (answer["predict"] or {}).get("probs")
        if not probabilities or not isinstance(probabilities[0], list):
            continue
        rows = np.array(probabilities, dtype=float)
        known = rows[~np.isnan(rows).any(axis=1)]
        np.testing.assert_allclose(known.sum(axis=1), 1, rtol=AGREE, err_msg=id_)


@pytest.mark.parametrize("kind", KINDS)
def test_every_model_has_its_data(kind):
    for answer in (*models(kind).values(), *degenerate(kind).values()):
        assert len(load(answer["data"])) > 0
        assert len(new_rows(answer["data"])) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_bad_input_is_of_the_kind(kind):
    calls = errors(kind)
    assert all(f"{kind}(" in e["call"] for e in calls)
    assert sum(e["error"] is not None for e in calls) >= 10


@pytest.mark.parametrize("name", sorted(schema()))
def test_data_are_typed_as_in_r(name):
    data, entry = load(name), schema()[name]
    assert len(data) == entry["rows"]
    assert list(data.columns) == [c["name"] for c in entry["columns"]]
    for column in entry["columns"]:
        if column["kind"] in ("factor", "ordered"):
            assert list(data[column["name"]].cat.categories) == column["levels"]
            assert data[column["name"]].cat.ordered == (column["kind"] == "ordered")


@pytest.mark.parametrize("kind", KINDS)
def test_texts_name_a_model_and_end_in_a_line(kind):
    for name, text in texts(kind).items():
        assert text["exact"].endswith("\n"), name
        assert (text["package"] is None) == text["same"], name
        named = text["models"] if text.get("models") else [name.split(" ", 1)[1]]
        assert set(named) <= set(models(kind)), json.dumps(named)
