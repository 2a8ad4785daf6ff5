"""``zeroinfl`` and ``hurdle``: input that cannot be right, with R's sentence where it has one; data from anywhere."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from reference.likelihoods.load import errors, load
from tolerances import SAME_ROWS

from glmformula import hurdle, zeroinfl
from glmformula.engine.likelihood.newton import NewtonControl
from glmformula.errors import (
    ConvergenceWarning,
    DataError,
    FamilyError,
    FitError,
    FormulaError,
    GLMFormulaError,
)

FUNCTIONS = [zeroinfl, hurdle]


@pytest.fixture(scope="module")
def zeros() -> pd.DataFrame:
    return load("zeros").assign(
        twice=lambda d: 2 * d["x"], none=0, minus=-1.0, text=lambda d: d["zip"].astype(str)
    )


BAD: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    (
        "x ~ z",
        {},
        FamilyError,
        "invalid dependent variable, (negative counts|non-integer values): .* values, at rows",
    ),
    (
        "I(zip + 0.5) ~ z",
        {},
        FamilyError,
        "invalid dependent variable, non-integer values: 300 of 300 values, at rows 0",
    ),
    ("I(zip - 3) ~ z", {}, FamilyError, "invalid dependent variable, negative counts: .*Counts are 0, 1, 2"),
    (
        "I(zip + 1) ~ z",
        {},
        DataError,
        "invalid dependent variable, minimum count is not zero: .*they begin at 1",
    ),
    ("none ~ z", {}, DataError, "invalid dependent variable, all counts are 0: expected some above 0"),
    ("zip ~ x", {"subset": "zip > 0"}, DataError, "invalid dependent variable, minimum count is not zero"),
    ("zip ~ x", {"weights": "zip"}, DataError, "invalid dependent variable, minimum count is not zero"),
    (
        "g ~ z",
        {},
        DataError,
        "the response 'g' is a factor with levels 'a', 'b', 'c', this family needs numbers",
    ),
    ("text ~ z", {}, DataError, "the response 'text' is a character .*this family needs numbers"),
    ("cbind(zip, zip) ~ z", {}, DataError, "the response 'cbind.zip, zip.' has 2 columns"),
    ("zip ~ nosuch", {}, FormulaError, "object 'nosuch' not found"),
    ("zip ~ x | nosuch", {}, FormulaError, "object 'nosuch' not found"),
    ("zip ~ x |", {}, FormulaError, "the formula ends where `|` wants something on its right"),
    ("zip ~ | x", {}, FormulaError, "there is nothing between `~` and `|`"),
    (
        "zip ~ x | z | g",
        {},
        FormulaError,
        "the formula has 3 parts, the model 2: count | zero; write `y ~ x | z`",
    ),
    ("~ x", {}, FormulaError, "the formula has no response"),
    ("zip", {}, FormulaError, "there is no `~`"),
    ("zip ~ x | (1 | g)", {}, FormulaError, "as a term: glm.. has no random effects"),
    (
        "zip ~ x",
        {"dist": "gamma"},
        ValueError,
        "dist should be one of 'poisson', 'negbin', 'geometric'; got 'gamma'",
    ),
    ("zip ~ x", {"link": "loglog"}, ValueError, "link should be one of 'logit', .*'log'; got 'loglog'"),
    ("zip ~ x", {"link": 3}, ValueError, "link should be one of .*; got 3"),
    ("zip ~ x", {"weights": "minus"}, DataError, "negative weights not allowed"),
    ("zip ~ x", {"weights": "none"}, FitError, "no row to fit: all 300 weights are 0"),
    ("zip ~ x", {"subset": "x > 100"}, DataError, "non-NA. cases"),
    ("zip ~ log(none)", {}, DataError, "'log.none.' is infinite in 300 of 300 rows"),
    ("zip ~ xm", {"na_action": "na.fail"}, DataError, "missing values in object"),
    (
        "zip ~ x",
        {"control": 3},
        TypeError,
        r"control should be a NewtonControl, such as NewtonControl\(maxit=200\); got 3",
    ),
]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("formula", "options", "kind", "said"), BAD, ids=[f"{b[0]} {b[1]}" for b in BAD])
def test_bad_input(
    function: Any,
    formula: str,
    options: dict[str, Any],
    kind: type[Exception],
    said: str,
    zeros: pd.DataFrame,
) -> None:
    pattern = (
        said.replace("|` wants", r"\|` wants")
        .replace("and `|`", r"and `\|`")
        .replace("count | zero", r"count \| zero")
    )
    with pytest.raises(kind, match=pattern.replace("`y ~ x | z`", r"`y ~ x \| z`")):
        function(formula, zeros, **options)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_rs_sentences_are_in_ours(function: Any, zeros: pd.DataFrame) -> None:
    """Where pscl has a sentence of its own for bad input."""
    own = [e for e in errors(function.__name__) if e["error"] and e["error"].startswith("invalid dependent")]
    assert len(own) >= 4
    for entry in own:
        formula, subset = re.match(r"\w+\((.*?), zeros(?:, subset = (.*))?\)$", entry["call"]).groups()  # type: ignore[union-attr]
        with pytest.raises(GLMFormulaError) as found:
            function(formula, zeros, subset=subset)
        # a column that is neither whole nor positive: either sentence is true
        assert entry["error"] in str(found.value) or formula.startswith("x ")


def test_an_unknown_zero_distribution(zeros: pd.DataFrame) -> None:
    with pytest.raises(
        ValueError, match=r"zero_dist should be one of 'binomial', 'poisson', .*; got 'gamma'"
    ):
        hurdle("cut ~ x", zeros, zero_dist="gamma")
    link = hurdle(
        "cut ~ x", zeros, zero_dist="poisson", link="probit"
    )  # a link that is not used changes nothing
    assert float(link.loglik) == float(hurdle("cut ~ x", zeros, zero_dist="poisson").loglik)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_bad_questions(function: Any, zeros: pd.DataFrame) -> None:
    fit = function("zip ~ x | g", zeros)
    with pytest.raises(
        ValueError, match="type should be one of 'response', 'prob', 'count', 'zero'; got 'link'"
    ):
        fit.predict(type="link")
    with pytest.raises(ValueError, match="at= goes with type='prob'; got type='response'"):
        fit.predict(at=[1])
    with pytest.raises(ValueError, match="type should be one of 'pearson', 'response'; got 'deviance'"):
        fit.residuals("deviance")
    with pytest.raises(DataError, match="object 'g' not found"):
        fit.predict(zeros[["x"]])
    with pytest.raises(DataError, match="factor g has new level z"):
        fit.predict(pd.DataFrame({"x": [0.0], "g": ["z"]}))
    at = fit.predict(zeros.head(2), type="prob", at=range(3, 6))
    np.testing.assert_allclose(at, fit.predict(zeros.head(2), type="prob", at=range(6))[["3", "4", "5"]])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_columns_that_depend_on_others(function: Any, zeros: pd.DataFrame) -> None:
    plain = function("zip ~ x + z | z", zeros)
    fit = function("zip ~ x + twice + z | z + I(2 * z)", zeros)
    assert fit.coefficients[fit.coefficients.isna()].index.tolist() == ["count_twice", "zero_I(2 * z)"]
    np.testing.assert_allclose(fit.coefficients.dropna(), plain.coefficients, rtol=1e-9)
    np.testing.assert_allclose(fit.vcov(complete=False), plain.vcov(), rtol=1e-8)
    assert float(fit.loglik) == pytest.approx(float(plain.loglik), rel=1e-12)
    assert fit.n_parameters == plain.n_parameters
    table = fit.summary().count
    assert table.loc["twice"].isna().all()
    assert "NA" in str(fit)
    np.testing.assert_allclose(fit.predict(zeros.head(3)), plain.predict(zeros.head(3)), rtol=1e-9)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_parts_without_columns(function: Any, zeros: pd.DataFrame) -> None:
    fit = function("zip ~ 0 | z", zeros)
    assert list(fit.coefficients.index) == ["zero_(Intercept)", "zero_z"]
    assert (fit.predict(type="count") == 1.0).all()
    fit = function("zip ~ x | 0", zeros)
    assert list(fit.coefficients.index) == ["count_(Intercept)", "count_x"]
    if function is zeroinfl:
        np.testing.assert_allclose(fit.predict(type="zero"), 0.5)
    assert function("zip ~ 0 | 0", zeros).n_parameters == 0


@pytest.mark.parametrize("function", FUNCTIONS)
def test_too_few_iterations_are_told(function: Any, zeros: pd.DataFrame) -> None:
    with pytest.warns(ConvergenceWarning, match="did not converge in 1 iterations; look at the data"):
        fit = function("zip ~ x | g", zeros, control=NewtonControl(maxit=1))
    assert not fit.converged
    assert "Note: the search for the maximum of the likelihood did not converge" in str(fit)


def test_a_log_link_needs_predictors_below_zero(zeros: pd.DataFrame) -> None:
    with pytest.raises(
        FitError, match=r"no valid linear predictors were found.*add an intercept, or take another link"
    ):
        zeroinfl("zip ~ x | 0 + z", zeros, link="log")
    assert zeroinfl("zip ~ x | 1", zeros, link="log").converged


@pytest.mark.parametrize("function", FUNCTIONS)
def test_counts_of_any_size(function: Any, zeros: pd.DataFrame) -> None:
    for scale, dist in ((10**9, "poisson"), (10**6, "negbin"), (10**6, "geometric")):
        fit = function("y ~ x | z", zeros.assign(y=zeros["zip"] * scale), dist=dist)
        assert fit.converged
        # the zero part sees zeros alone, once no count is 0
        apart = function("y ~ x | z", zeros.assign(y=zeros["zip"] * 10**7), dist="poisson")
        if dist == "poisson":
            np.testing.assert_allclose(fit.coefficients.iloc[2:], apart.coefficients.iloc[2:], rtol=1e-8)
            shift = np.log(100.0)
            assert fit.coefficients.iloc[0] == pytest.approx(apart.coefficients.iloc[0] + shift, rel=1e-9)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("source", ["parquet", "duckdb", "dask"])
def test_any_source_gives_what_memory_gives(
    function: Any, source: str, zeros: pd.DataFrame, tmp_path: Path
) -> None:
    data = zeros[["zip", "x", "z", "g", "xm", "time", "w"]].assign(g=zeros["g"].astype(str))
    table: Any = tmp_path / "zeros.parquet"
    if source == "parquet":
        data.to_parquet(table, row_group_size=70)
    elif source == "duckdb":
        connection = pytest.importorskip("duckdb").connect()
        connection.register("zeros", data)
        table = connection.table("zeros")
    else:
        table = pytest.importorskip("dask.dataframe").from_pandas(data, npartitions=4)
    for formula, options in (
        ("zip ~ x + g | z", {}),
        ("zip ~ xm + offset(log(time)) | g", {"weights": "w"}),
        ("zip ~ x | 1", {"dist": "negbin"}),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # no overdispersion, told for both
            ours, known = function(formula, table, **options), function(formula, data, **options)
        finite = known.result.solved.limits[~known.result.constants] == 0
        np.testing.assert_allclose(ours.coefficients[finite], known.coefficients[finite], **SAME_ROWS)
        np.testing.assert_allclose(ours.vcov(), known.vcov(), **SAME_ROWS)
        assert float(ours.loglik) == pytest.approx(float(known.loglik), rel=1e-12)
        assert str(ours.coefficients.index) == str(known.coefficients.index)
        new = data.head(5)
        np.testing.assert_allclose(
            ours.predict(new, type="prob", at=[0, 2]), known.predict(new, type="prob", at=[0, 2]), **SAME_ROWS
        )
