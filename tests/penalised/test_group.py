"""The group lasso by term, against proximal gradients on the matrix itself, and what it must not depend on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from glmformula import cv_glmnet, glm, glmnet, load
from tests.reference.glmnet.load import table

DATA = table("data")
FORMULA = "x1 + poly(x2, 3) + x3 + f + g"
FAMILIES = {"gaussian": "y", "binomial": "b", "poisson": "k"}


def matrix(formula: str, data: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Columns without the intercept, and their terms from 0, by glm's own design."""
    fit = glm(formula, data)
    return fit.model_matrix().to_numpy()[:, 1:], fit.rows.frame.design.assign[1:] - 1


def slow(X, y, terms, family, lambda_, weights, offset, factors, steps=60_000):
    """The minimum by accelerated proximal gradients (Beck & Teboulle 2009), groups orthonormal."""
    w = weights / weights.sum()
    Z = X - w @ X
    blocks = [np.flatnonzero(terms == k) for k in range(terms.max() + 1)]
    Q = np.zeros_like(Z)
    for block in blocks:
        r = np.linalg.qr(np.sqrt(w)[:, None] * Z[:, block], mode="r")
        Q[:, block] = Z[:, block] @ np.linalg.inv(r)
    mean = {"gaussian": lambda e: e, "binomial": lambda e: 1 / (1 + np.exp(-e)), "poisson": np.exp}[family]
    curve = {"gaussian": 1.0, "binomial": 0.25, "poisson": 4 * float(y.max())}[family]
    A = np.column_stack([np.ones(len(y)), Q])
    rate = 1 / (curve * np.linalg.eigvalsh(A.T @ (w[:, None] * A)).max())
    pens = [lambda_ * f * np.sqrt(len(block)) for f, block in zip(factors, blocks)]
    b = ahead = np.zeros(A.shape[1])
    t = 1.0
    for _ in range(steps):
        new = ahead - rate * (A.T @ (w * (mean(A @ ahead + offset) - y)))
        for pen, block in zip(pens, blocks):
            size = np.linalg.norm(new[1 + block])
            new[1 + block] *= max(0.0, 1 - rate * pen / size) if size > 0 else 0.0
        if (ahead - new) @ (new - b) > 0:  # begin again: O'Donoghue & Candes (2015)
            t = 1.0
        t, before = (1 + np.sqrt(1 + 4 * t * t)) / 2, t
        step = new - b
        ahead, b = new + (before - 1) / t * step, new
        if np.abs(step).max() < 1e-14:
            break
    return A @ b + offset


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("weighted", [False, True])
def test_fitted_values_are_those_of_another_solver(family, weighted):
    formula = f"{FAMILIES[family]} ~ {FORMULA}"
    weights = DATA["w"].to_numpy() if weighted and family != "binomial" else np.ones(200)
    offset = DATA["off"].to_numpy() if weighted else np.zeros(200)
    factors = {"x1": 0.5, "f": 2.0} if weighted else {}
    fit = glmnet(
        formula,
        DATA,
        family,
        group="term",
        weights=weights,
        offset=offset,
        penalty_factor=factors,
        nlambda=12,
    )
    X, terms = matrix(formula, DATA)
    labels = ["x1", "poly(x2, 3)", "x3", "f", "g"]
    f = np.array([factors.get(label, 1.0) for label in labels])
    sizes = np.bincount(terms)
    f *= sizes.sum() / (f * sizes).sum()  # as glmnet scales them: to sum to the number of columns
    assert fit.residual.max() <= 1e-9
    for k in (2, 5, 8):
        s = fit.lambda_[k]
        want = slow(X, DATA[FAMILIES[family]].to_numpy(), terms, family, s, weights, offset, f)
        np.testing.assert_allclose(fit.predict(s=s), want, rtol=0, atol=2e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_term_is_in_or_out_as_a_whole_whatever_its_coding(family):
    formula = f"{FAMILIES[family]} ~ {FORMULA}"
    fit = glmnet(formula, DATA, family, group="term")
    beta = fit.beta
    for label in ("f", "g", "poly(x2, 3)"):
        rows = beta[[name.startswith(label) for name in beta.index]]
        assert ((rows != 0).all() | (rows == 0).all()).all()
    assert fit.residual.max() <= 1e-9
    other = glmnet(formula, DATA, family, group="term", contrasts={"f": "contr.sum", "g": "contr.helmert"})
    s = fit.lambda_[::9]
    np.testing.assert_allclose(other.lambda_, fit.lambda_, rtol=1e-9)
    np.testing.assert_allclose(other.predict(s=s), fit.predict(s=s), rtol=0, atol=1e-6)


def test_numbers_alone_are_the_lasso_and_no_penalty_is_the_glm():
    lasso = glmnet("b ~ x1 + x2 + x3 + x4", DATA, "binomial")
    group = glmnet("b ~ x1 + x2 + x3 + x4", DATA, "binomial", group="term")
    np.testing.assert_allclose(group.coefficients, lasso.coefficients, rtol=0, atol=1e-6)
    loose = glmnet("k ~ x1 + f", DATA, "poisson", group="term", lambda_=[0.1, 0])
    plain = glm("k ~ x1 + f", DATA, "poisson", epsilon=1e-14)
    np.testing.assert_allclose(loose.coef(s=0), plain.coefficients, rtol=1e-6)
    kept = glmnet("y ~ x1 + f + g", DATA, group="term", penalty_factor={"f": 0})
    assert (kept.coefficients.loc[["fb", "fc", "fd"]] != 0).all(axis=None)
    mixed = glmnet("y ~ x1 + f + g", DATA, group="term", alpha=0.5)
    assert mixed.residual.max() <= 1e-9


def test_levels_that_say_the_same_and_columns_of_constants():
    data = DATA.assign(one=1.0, again=DATA["f"])
    fit = glmnet("y ~ x1 + one + f + again", data, group="term")
    assert fit.residual.max() <= 1e-9
    assert (fit.coefficients.loc["one"] == 0).all()


def test_the_path_in_files_saved_and_cross_validated(tmp_path):
    DATA.to_parquet(tmp_path / "data.parquet", row_group_size=70)
    fit = glmnet("k ~ x1 + f + g", DATA, "poisson", group="term", nlambda=20)
    filed = glmnet("k ~ x1 + f + g", tmp_path / "data.parquet", "poisson", group="term", nlambda=20)
    np.testing.assert_allclose(filed.coefficients, fit.coefficients, rtol=0, atol=1e-7)
    fit.save(tmp_path / "fit.json")
    pd.testing.assert_frame_equal(load(tmp_path / "fit.json").coefficients, fit.coefficients)
    assert 'group = "term"' in fit.call
    chosen = cv_glmnet("k ~ x1 + f + g", DATA, "poisson", group="term", nlambda=20, foldid="fold")
    np.testing.assert_array_equal(chosen.coefficients, fit.coefficients)
    terms = {name[0] for name in chosen.nonzero(s=chosen.lambda_1se)}
    assert chosen.refit_selected(s="lambda.min").formula.startswith("k ~ ")
    assert terms <= {"x", "f", "g"}


REFUSED = [
    ({"group": "column"}, "group should be None or 'term'; got 'column'"),
    ({"alpha": 0}, r"group='term' has a meaning for alpha above 0"),
    ({"lower_limits": 0}, "group='term' takes no lower_limits and upper_limits"),
    ({"penalty_factor": {"fb": 2}}, "group='term' takes one penalty_factor a term: 'f' has 1 and 2"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=[str(c[0]) for c in REFUSED])
def test_bad_input_is_told(changes, message):
    with pytest.raises(ValueError, match=message):
        glmnet("y ~ x1 + f", DATA, **{"group": "term"} | changes)
