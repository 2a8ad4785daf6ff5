"""The engine against R's glm.fit on the matrices of reference/engine.R."""

from __future__ import annotations

import gzip
import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from glmformula import families
from glmformula.engine.irls import fit_glm
from glmformula.engine.result import Control
from glmformula.engine.rows import row_arrays

from .arrays import Blocks, matrix_design

REFERENCE = json.loads(gzip.decompress((Path(__file__).parents[1] / "reference/engine.json.gz").read_bytes()))
PROBLEMS = REFERENCE["problems"]
NAN = float("nan")


def floats(values):
    return None if values is None else np.array([NAN if v is None else v for v in values], float)


def family_of(text):
    name, arguments = re.fullmatch(r"([\w.]+)\((.*)\)", text).groups()
    make = getattr(families, name.replace(".", "_"))
    parts = [json.loads(a) for a in arguments.split(", ")]
    return make(parts[0], link=parts[1]) if name == "negative.binomial" else (
        make(link=parts[0], variance=parts[1]) if name == "quasi" else make(link=parts[0]))


def matrix_of(problem):
    return np.array(problem["X"], float).reshape(len(problem["y"]), problem["p"])


def refit(problem, *, method="auto", blocks=1, **changes):
    problem = problem | changes
    X = matrix_of(problem)
    source = Blocks(
        matrix_design(X), problem["y"], blocks=blocks, prior_weights=problem["weights"], offset=problem["offset"],
        etastart=problem["etastart"], mustart=problem["mustart"],
    )
    family = family_of(problem["family"])
    control = Control(problem["epsilon"], problem["maxit"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = fit_glm(
            source, family, names=tuple(f"x{j}" for j in range(X.shape[1])), intercept=problem["intercept"],
            control=control, start=floats(problem["start"]), method=method,
        )
    return fit, [str(w.message) for w in caught], (source, family)


FITTED = [p for p in PROBLEMS if "fit" in p]


@pytest.mark.parametrize("problem", FITTED, ids=lambda p: p["name"])
def test_as_r(problem):
    r = problem["fit"]
    fit, warned, (source, family) = refit(problem)
    assert fit.iter == r["iter"]
    assert fit.rank == r["rank"]
    np.testing.assert_array_equal(fit.pivot + 1, r["pivot"])
    expected = floats(r["coefficients"])
    rtol = 1e-7
    np.testing.assert_allclose(fit.coefficients, expected, rtol=rtol, atol=1e-9)
    np.testing.assert_allclose(fit.deviance, r["deviance"], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(fit.null_deviance, r["null_deviance"], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.cov_unscaled)), np.sqrt(np.diag(r["cov_unscaled"] or np.empty((0,0)))), rtol=1e-6)
    assert (fit.converged, fit.boundary) == (r["converged"], r["boundary"])
    assert warned == problem["warnings"]
