"""``zeroinfl`` and ``hurdle`` against the exact maximum and pscl's answers and texts there."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from reference.likelihoods.load import load, models, new_rows, texts
from reference.tables import symmetric
from tolerances import DEVIANCE, EXACT_LIKELIHOOD, STANDARD_ERROR

import glmformula
from glmformula.models.zero_counts import ZeroCounts

KINDS = ("zeroinfl", "hurdle")
CASES = [(kind, id_) for kind in KINDS for id_ in sorted(models(kind))]
ITERATIONS = re.compile(r"Number of iterations in .*\n")


@cache
def fitted(kind: str, id_: str) -> ZeroCounts:
    """Our fit of R's call."""
    entry = models(kind)[id_]
    given = {
        name.replace(".", "_"): text.strip('"') if text.startswith('"') else text
        for name, text in (entry["args"] or {}).items()
    }
    function: Callable[..., ZeroCounts] = getattr(glmformula, kind)
    return function(entry["formula"], load(entry["data"]), **given)


def close(ours: Any, theirs: Any, tolerance: float = EXACT_LIKELIHOOD, size: Any = 0.0) -> None:
    a, b = np.asarray(ours, float), np.asarray(theirs, float)
    assert a.shape == b.shape
    np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
    np.testing.assert_array_less(
        np.nan_to_num(np.abs(a - b)), tolerance * np.maximum(np.nan_to_num(np.abs(b)), size) + 1e-15
    )


@pytest.mark.parametrize(("kind", "id_"), CASES)
def test_estimates_are_the_maximum(kind: str, id_: str) -> None:
    fit, r = fitted(kind, id_), models(kind)[id_]
    exact = r["exact"]
    assert list(fit.coefficients.index) == r["names"]
    close(fit.coefficients, exact["coef"], EXACT_LIKELIHOOD, exact["se"])
    close(np.sqrt(np.diag(fit.vcov())), exact["se"], STANDARD_ERROR)
    close(float(fit.loglik), exact["loglik"], DEVIANCE)
    close([fit.aic, fit.bic], [r["aic"], r["bic"]], DEVIANCE)
    assert (fit.n_parameters, fit.df_residual, fit.nobs) == (r["df"], r["df_residual"], r["nobs"])
    assert fit.converged
    if kind == "zeroinfl":
        close(fit.vcov(complete_theta=True), symmetric(exact["vcov"]), STANDARD_ERROR, exact["vcov"][0])
        theta = {} if fit.theta is None else {"theta": fit.theta, "se_logtheta": fit.se_logtheta}
        assert {k for k in ("theta", "se_logtheta") if exact.get(k) is not None} == set(theta)
        for name, value in theta.items():
            close(value, exact[name], STANDARD_ERROR)
        return
    for ours, theirs in ((fit.theta, exact.get("theta")), (fit.se_logtheta, exact.get("se_logtheta"))):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            assert list(ours.index) == list(theirs)
            close(ours, list(theirs.values()), STANDARD_ERROR)


@pytest.mark.parametrize(("kind", "id_"), CASES)
def test_rows_of_the_fit_and_new_ones(kind: str, id_: str) -> None:
    fit, r = fitted(kind, id_), models(kind)[id_]
    rows = r["rows"]
    at = rows["position"]
    data = load(r["data"])
    labels = [data.index[k] for k in at]
    for type_ in ("response", "count", "zero", "prob"):
        found = fit.predict(type=type_, at=range(6) if type_ == "prob" else None)
        close(found.loc[labels], rows[type_], STANDARD_ERROR)
        if r["predict"] is not None:
            moved = fit.predict(new_rows(r["data"]), type=type_, at=range(6) if type_ == "prob" else None)
            close(moved, r["predict"][type_], STANDARD_ERROR)
    close(fit.residuals().loc[labels], rows["pearson"], STANDARD_ERROR, 1.0)
    close(
        np.quantile(fit.residuals().dropna(), np.linspace(0, 1, 5)),
        r["pearson_quantiles"],
        STANDARD_ERROR,
        1.0,
    )


def as_pscl(text: str) -> tuple[str, str]:
    """The call on one line, without the data's name and our own arguments' order; the rest."""
    call, rest = re.match(r"\nCall:\n(.*?)\n\n(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    call = re.sub(r"data = [\w.]+", "data = data", " ".join(call.split()))
    return call.replace(", na.action = na.exclude", ""), ITERATIONS.sub("", rest)


PRINTED = [
    (k, name) for k in KINDS for name in sorted(texts(k)) if name.split(" ")[0] in ("print", "summary")
]


@pytest.mark.parametrize(("kind", "name"), PRINTED)
def test_texts_are_pscls(kind: str, name: str) -> None:
    verb, id_ = name.split(" ", 1)
    fit = fitted(kind, id_)
    ours = str(fit) + "\n" if verb == "print" else str(fit.summary()) + "\n"
    assert as_pscl(ours) == as_pscl(texts(kind)[name]["exact"])
