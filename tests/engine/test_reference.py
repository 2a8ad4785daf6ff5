"""The engine against R's glm.fit on the matrices of reference/engine.R."""

from __future__ import annotations

import gzip
import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import tolerances

from glmformula import families
from glmformula.engine.irls import fit_glm
from glmformula.engine.result import Control
from glmformula.engine.rows import row_arrays
from glmformula.errors import ConvergenceWarning

from .arrays import Blocks, matrix_design

PROBLEMS = json.loads(gzip.decompress((Path(__file__).parents[1] / "reference/engine.json.gz").read_bytes()))[
    "problems"
]
FITTED = {p["name"]: p for p in PROBLEMS if "fit" in p}
NAN = float("nan")

# Where R's own answer is not the one to meet: it stops at the iteration limit, and not at a minimum.
WANDERING = {
    "big counts",  # the deviance is rounding noise above epsilon
    "halving log binomial",  # 25 halved steps along a boundary, weights up to 1e14
    "halving log binomial 2",
    'binomial("cauchit") weights 1e-14',  # slow: 25 iterations are not enough for 1e-14
    *(name for name in FITTED if name.endswith("no intercept") and not FITTED[name]["fit"]["converged"]),
}
# At the tightest epsilon the deviance's last digits decide the count.
COUNTED = [name for name in FITTED if not name.endswith("1e-14")]


def floats(values):
    return None if values is None else np.array([NAN if v is None else v for v in values], float)


def family_of(text):
    name, arguments = re.fullmatch(r"([\w.]+)\((.*)\)", text).groups()
    parts = [json.loads(a) for a in arguments.split(", ")]
    match name:
        case "negative.binomial":
            return families.negative_binomial(parts[0], link=parts[1])
        case "quasi":
            return families.quasi(link=parts[0], variance=parts[1])
        case _:
            return getattr(families, name.replace(".", "_"))(link=parts[0])


def matrix_of(problem):
    return np.array(problem["X"], float).reshape(len(problem["y"]), problem["p"])


def scaled_condition(X):
    """Condition number of the columns scaled to unit length, aliased directions left out."""
    lengths = np.linalg.norm(X, axis=0)
    values = np.linalg.svd(X / np.where(lengths > 0, lengths, 1), compute_uv=False)
    values = values[values > 1e-13 * values[0]] if len(values) else np.ones(1)
    return values[0] / values[-1]


def refit(problem, *, method="auto", blocks=1, threads=1, **changes):
    problem = problem | changes
    X = matrix_of(problem)
    source = Blocks(
        matrix_design(X),
        problem["y"],
        blocks=blocks,
        threads=threads,
        prior_weights=problem["weights"],
        offset=problem["offset"],
        etastart=problem["etastart"],
        mustart=problem["mustart"],
    )
    family = family_of(problem["family"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = fit_glm(
            source,
            family,
            names=source.parts[0].design.names,
            intercept=problem["intercept"],
            control=Control(problem["epsilon"], problem["maxit"]),
            start=floats(problem["start"]),
            method=method,
        )
    assert all(w.category is ConvergenceWarning for w in caught)
    return fit, [str(w.message) for w in caught], source, family


def compare(fit, r, rtol, family):
    np.testing.assert_allclose(fit.coefficients, floats(r["coefficients"]), rtol=rtol, atol=rtol)
    cov = np.array(r["cov_unscaled"], float).reshape(fit.rank, fit.rank)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.cov_unscaled)), np.sqrt(np.diag(cov)), rtol=10 * rtol)
    for name in ("deviance", "null_deviance", "minus2_loglik", "pearson"):
        expected = NAN if r[name] is None else r[name]
        if name == "pearson" and family.fixed_dispersion is not None:
            continue  # not asked for
        if name == "minus2_loglik":
            expected -= 2 * family.extra_df  # R's aic() counts them
            if r["deviance"] < 1e-20 and family.fixed_dispersion is None:
                continue  # the logarithm of rounding
        got = getattr(fit, name)
        if np.isnan(expected):
            assert not np.isfinite(got), name
        else:
            np.testing.assert_allclose(
                got, expected, rtol=max(rtol, tolerances.DEVIANCE), atol=1e-9, err_msg=name
            )


@pytest.mark.parametrize("name", sorted(set(FITTED) - WANDERING))
def test_as_r(name):
    problem = FITTED[name]
    r = problem["fit"]
    fit, warned, source, family = refit(problem)
    assert (fit.rank, fit.nobs - fit.rank) == (r["rank"], len(problem["y"]) - r["rank"])
    assert fit.n_ok - fit.rank == r["df_residual"]
    np.testing.assert_array_equal(fit.pivot + 1, r["pivot"])
    rtol = tolerances.ENGINE_TIGHT if problem["epsilon"] < 1e-8 else tolerances.ENGINE_DEFAULT
    compare(fit, r, rtol + tolerances.PER_CONDITION * scaled_condition(matrix_of(problem)), family)
    if name in COUNTED:
        assert (fit.iter, fit.converged, fit.boundary) == (r["iter"], r["converged"], r["boundary"])
        assert warned == problem["warnings"]
        rows = row_arrays(source.parts[0], fit, family)
        np.testing.assert_allclose(rows[3], floats(r["linear_predictors"]), rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(rows[6], floats(r["weights"]), rtol=1e-6, atol=1e-6)


WELL_POSED = [
    name
    for name in sorted(set(FITTED) - WANDERING)
    if FITTED[name]["p"] and scaled_condition(matrix_of(FITTED[name])) < 1e4 and "start invalid" not in name
]


@pytest.mark.parametrize("name", WELL_POSED)
@pytest.mark.parametrize(("method", "blocks"), [("qr", 3), ("cholesky", 1), ("cholesky", 4)])
def test_every_way_is_the_same_fit(name, method, blocks):
    problem = FITTED[name]
    r = problem["fit"]
    fit, _, _, family = refit(problem, method=method, blocks=min(blocks, len(problem["y"])))
    assert fit.method == method
    assert fit.rank == r["rank"]
    if name in COUNTED:
        assert (fit.iter, fit.converged, fit.boundary) == (r["iter"], r["converged"], r["boundary"])
    rtol = tolerances.ENGINE_TIGHT if problem["epsilon"] < 1e-8 else tolerances.ENGINE_DEFAULT
    compare(fit, r, rtol, family)
