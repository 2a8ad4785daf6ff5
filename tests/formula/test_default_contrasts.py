"""Default contrasts, and what a summary says of columns whose type was perhaps not meant so."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glmformula import glm, load, model_matrix, set_contrasts
from glmformula.errors import DataError, FormulaError


def _data() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    n = 60
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "x": rng.normal(size=n),
            "f": rng.choice(["a", "b", "c"], n),
            "g": rng.choice(["u", "v", "w"], n),
            "o": pd.Categorical(rng.choice(["lo", "mid", "hi"], n), ["lo", "mid", "hi"], ordered=True),
        }
    )


GIVEN = {"f": "contr.sum", "o": "contr.helmert"}


@pytest.mark.parametrize("source", ["memory", "parquet"])
def test_defaults_are_those_that_contrasts_would_give(source: str, tmp_path: Path) -> None:
    data = _data()
    table: object = data
    if source == "parquet":
        table = str(tmp_path / "data.parquet")
        data.to_parquet(table, row_group_size=25)
    with set_contrasts("contr.sum", "contr.helmert"):
        fit = glm("y ~ f + o", table)
        named = glm("y ~ C(f) + o", table, contrasts={"o": "contr.treatment"})
    pd.testing.assert_series_equal(fit.coefficients, glm("y ~ f + o", data, contrasts=GIVEN).coefficients)
    assert fit.contrasts == GIVEN
    assert named.contrasts["o"] == "contr.treatment"
    assert "C(f)1" in named.coefficients.index
    assert glm("y ~ f + o", table).contrasts == {"f": "contr.treatment", "o": "contr.poly"}


def test_a_plain_call_holds_until_the_next() -> None:
    with set_contrasts():
        set_contrasts("contr.helmert")
        assert list(model_matrix("~ f", _data()).columns) == ["(Intercept)", "f1", "f2"]
        set_contrasts()
        assert list(model_matrix("~ f", _data()).columns) == ["(Intercept)", "fb", "fc"]


def test_blocks_nest_and_end_with_an_error_too() -> None:
    data = _data()
    with set_contrasts("contr.sum"):
        with pytest.raises(RuntimeError), set_contrasts("contr.helmert"):
            raise RuntimeError
        assert glm("y ~ f", data).contrasts == {"f": "contr.sum"}
    assert glm("y ~ f", data).contrasts == {"f": "contr.treatment"}


def test_a_fit_keeps_its_defaults(tmp_path: Path) -> None:
    data = _data()
    with set_contrasts("contr.sum"):
        fit = glm("y ~ f", data)
        one = glm("y ~ 1", data)
    bigger = fit.update(". ~ . + g")
    assert bigger.contrasts == {"f": "contr.sum", "g": "contr.sum"}
    assert "contrasts" not in bigger.call
    assert one.step("~ . + f + g", direction="forward", trace=0, k=0).contrasts["f"] == "contr.sum"
    assert fit.update(contrasts={"f": "contr.helmert"}).contrasts == {"f": "contr.helmert"}
    fit.save(tmp_path / "fit.json")
    again = load(tmp_path / "fit.json")
    np.testing.assert_array_equal(again.predict(data), fit.predict(data))


def test_threads_have_their_own() -> None:
    seen = []
    with set_contrasts("contr.sum"):
        thread = threading.Thread(target=lambda: seen.append(glm("y ~ f", _data()).contrasts["f"]))
        thread.start()
        thread.join()
        mine = glm("y ~ f", _data()).contrasts["f"]
    assert mine == "contr.sum"
    if not getattr(sys.flags, "thread_inherit_context", False):
        assert seen == ["contr.treatment"]


@pytest.mark.parametrize("wrong", [("contr.sums",), ("contr.sum", "poly"), (None,)])
def test_other_names_are_refused(wrong: tuple[str, ...]) -> None:
    with pytest.raises(FormulaError, match="is no contrast function; they are"):
        set_contrasts(*wrong)
    assert glm("y ~ f", _data()).contrasts == {"f": "contr.treatment"}


def test_intervals_of_pandas_are_told_of_in_the_summary() -> None:
    data = _data()
    data["band"] = pd.cut(data["x"], [-5, -0.5, 0.5, 5])
    fit = glm("y ~ band", data)
    assert "band.L" in fit.coefficients.index
    note = "Note: band is an ordered factor of intervals, .L .Q .C are polynomials over them"
    assert note in str(fit.summary())
    assert note in str(fit)
    plain = (
        glm("y ~ band", data, contrasts={"band": "contr.treatment"}),
        glm("y ~ band", data.assign(band=data["band"].cat.as_unordered())),
        glm("y ~ o + cut(x, c(-5, 0, 5), ordered_result = TRUE)", data),
    )
    for quiet in plain:
        assert "Note" not in str(quiet.summary())


def test_numbers_read_as_text_are_told_of() -> None:
    data = _data()
    data["price"] = [f"{v:.2f}" for v in data["x"]]
    fit = glm("y ~ price", data.iloc[:40])
    assert "Note: price is text that holds numbers (" in str(fit.summary())
    with pytest.raises(DataError, match=r"new level.*numbers read as text: .* pandas\.to_numeric"):
        fit.predict(data)
    few = glm("y ~ digit", data.assign(digit=(data["x"] > 0).astype(int).astype(str)))
    assert "Note" not in str(few.summary())
