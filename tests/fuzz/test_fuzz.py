"""A few draws of the fuzzer, the cases it found, and whether its judge can tell a wrong answer."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import glmformula as g
from fuzz import check, exact
from fuzz.draw import Case, draw
from fuzz.oracle import Spec, build, model
from fuzz.search import descend, inside, recession
from glmformula.errors import ConvergenceWarning, FamilyError, FitError


@pytest.mark.parametrize("first", [0, 20, 40, 60])
def test_no_draw_has_a_bad_outcome(first):
    for index in range(first, first + 20):
        outcome = check.judged(draw(7, index))
        assert not outcome.bad, (index, outcome)


# What each draw (seed, number) once did wrong.
FOUND = {
    (1, 10373): "a barrier that pays for running away",
    (1, 10417): "the plateau of an inverse Gaussian deviance taken for its minimum",
    (1, 11466): "invalid means: the working weights alias other columns than the prior weights",
    (1, 20031): "means NaN at the end of a root link",
    (1, 20052): "method='cholesky' leaves out a column in silence",
    (1, 20804): "NumPy's warning: coefficients of 1e114 in a summary",
    (1, 21023): "infinite means: a halved step between fits of other ranks",
    (1, 21462): "directions of a Gram matrix that has not the digits",
    (1, 100114): "a quasi variance with responses beyond its means: a deviance of nonsense",
    (1, 100155): "deviance NaN",
    (1, 100586): "converged by step-halving that found nothing lower",
    (1, 101320): "two rows on the plateau",
    (1, 200391): "NumPy's warning: weights without bound",
    (1, 200494): "converged because the deviance swung back to the same value",
    (2, 1325): "zero counts held off the wall by the scale of the others",
    (2, 1343): "means NaN: rounding puts a row at the wall beyond it",
    (11, 514): "separation by a row whose mean is at the limit of R's link",
    (11, 676): "the plateau of an inverse Gaussian deviance in place of a better start",
    (11, 1814): "separation by a row that weighs next to nothing",
    (11, 2028): "a barrier that leads away from an optimum found",
    (11, 2932): "converged by a rule that is coarse beside the deviance",
    (11, 10264): "a step decided by the wall, taken for the last",
    (11, 12561): "two rows on the plateau: converged at once",
    (11, 12774): "separation along columns that nearly depend on each other",
    (11, 12980): "a tolerance beyond all deviances",
    (21, 4167): "an infinite deviance without weight",
    (21, 21699): "separation by a response beyond the end of the means",
    (21, 41233): "converged by a rise",
    (21, 41698): "means infinite: a row of weight 0 at the wall, beyond by rounding",
    (21, 44090): "a row held at the wall forgotten: not called a boundary",
    (21, 51386): "a mean of exactly 0 by rounding, not called a boundary",
    (21, 53874): "a valid fit that columns which nearly depend on each other hid from the linear programme",
    (21, 59231): "a plateau beyond all responses, hidden by heavy weights on others",
    (21, 5524): "NumPy's warning: a covariance without bound",
    (21, 17706): "rows at the wall that rounding of large coefficients kept off it",
    (21, 56097): "a mean at the limit of a link that is bounded above, not told",
    (21, 60860): "separation: the programme's answer left one of two rows where it was",
    (31, 9771): "separation named along a direction that moves rows that hold",
    (31, 13054): "a saddle between two minima",
    (31, 13602): "the plateau of an inverse Gaussian deviance reached at the last pass of all",
    (31, 23018): "a mean NaN: the way off the wall led along an aliased column",
    (31, 27593): "NumPy's warning: columns of 1e8 with weights of 1e200",
    (31, 44634): "NumPy's warning in the null model",
    (31, 53895): "infinite means in a fit that had given up",
    (31, 57747): "a saddle after a start of ours",
    (31, 76925): "slopes that R's power link holds at eps: far from the optimum",
    (41, 30352): "LinAlgError: curvatures without bound",
    (41, 51130): "steps that swing: converged because two deviances are alike",
    (41, 60494): "valid means beside responses of 1e8 that hid them from the linear programme",
    (41, 62971): "separation: a coefficient taken for rounding beside what another could be",
    (41, 78276): "separation along what nearly equal columns differ by",
    (41, 84550): "NumPy's warning: covariances without bound under a dispersion of 0",
    (41, 96597): "a leap between two points of one deviance, converged",
    (51, 20896): "rows at the wall whose weight hid another coefficient",
    (61, 43607): "a mean NaN: a row beyond the wall by the rounding of nearly equal columns",
    (61, 54994): "stopped 'at boundary value', far from any",
    (71, 24146): "a curvature small beside that at the wall taken for none",
    (81, 9631): "information without the digits of means between 1e-4 and 1e6",
    (
        81,
        23204,
    ): "method='cholesky': columns that nearly depend on each other vanish at the first weights alone",
    (91, 33200): "valid means that a scale of 1e12 hid from the linear programme",
    (91, 52080): "columns that only the working weights alias, not told",
    (91, 66178): "a row held at the wall that would leave it",
    (91, 82807): "stopped at the wall on the plateau of an inverse Gaussian deviance, not told",
    (91, 86977): "separation: a coefficient of 4e-8 of another's taken for rounding",
    (91, 930): "a step of other columns than those that are kept",
    (41, 1447): "a lower fit forgotten beside one that had stopped at the wall",
}


@pytest.mark.parametrize("case", FOUND)
def test_what_was_found_stays_mended(case):
    outcome = check.judged(draw(*case))
    assert not outcome.bad, (FOUND[case], outcome)


def case_of(y, spec: Spec, x=None) -> Case:
    data = pd.DataFrame({"y": y, "x": np.arange(len(y), dtype=float) if x is None else x})
    return Case(0, 0, "y ~ 1 + x", data, spec, "given", ("x",), True)


def test_the_judge_knows_an_optimum_from_a_neighbour(monkeypatch):
    case = case_of([1.0, 0.0, 3.0, 2.0, 5.0, 4.0], Spec("poisson", "log"))
    assert check.judged(case).kind == "optimum"
    fitted = g.glm
    off = fitted(case.formula, case.data, build(case.spec), start=[0.3, 0.2], epsilon=1.0)
    monkeypatch.setattr(g, "glm", lambda *args, **options: off)
    assert check.judged(case).kind == "better deviance nearby"


def test_the_judge_misses_a_separation_that_is_not_named(monkeypatch):
    case = case_of([0.0, 0.0, 0.0, 1.0, 1.0, 1.0], Spec("binomial", "logit"))
    assert check.judged(case).kind == "separation named"
    monkeypatch.setattr("glmformula.models.estimate.looked_at", lambda source, family, fit, names: fit)
    quasi = replace(case, spec=Spec("quasibinomial", "logit"))
    assert check.judged(quasi).kind in ("separation not named", "told, separation not named")


def test_the_checkers_own_tools():
    X = np.column_stack([np.ones(4), [0.0, 1.0, 2.0, 3.0]])
    rows = check.Rows(X, np.array([1.0, 2.0, 4.0, 5.0]), np.ones(4), np.zeros(4))
    m = model(Spec("poisson", "identity"))
    eta = inside(m, rows)
    assert eta is not None
    assert (eta > 0).all()
    best, value = descend(m, rows, eta)
    ours = g.glm("y ~ x", pd.DataFrame({"y": rows.y, "x": X[:, 1]}), g.poisson("identity"))
    assert value == pytest.approx(ours.deviance, rel=1e-9)
    np.testing.assert_allclose(best, ours.linear_predictors, rtol=1e-5)
    assert inside(m, replace(rows, X=X[:, 1:] - 1.5)) is None
    assert recession(X, np.array([-1, -1, 1, 1])) is not None
    assert recession(X, np.array([-1, 1, -1, 1])) is None


def test_the_checkers_exact_arithmetic():
    X = np.column_stack([np.ones(4), [0.0, 1.0, 2.0, 3.0]])
    assert exact.separated(X, np.array([-1, -1, 1, 1]))
    assert exact.separated(X, np.array([-1, -1, 0, 1]))  # around the row that holds
    assert not exact.separated(X, np.array([-1, 1, -1, 1]))
    assert not exact.separated(X, np.array([-1, 0, 0, 1]))
    near = np.column_stack([X, X[:, 1] + [0.0, 2.0**-50, 0.0, 0.0]])
    assert exact.separated(near, np.array([0, 1, 0, 0]))
    assert not exact.separated(near[:, :2], np.array([0, 1, 0, 0]))


def test_a_separation_that_only_exact_arithmetic_sees_is_one():
    case = draw(71, 37654)
    assert check.judged(case).kind == "separation named, seen in exact arithmetic alone"
    assert check.judged(draw(71, 16177)).kind == "optimum"  # what differs by 1e-9 holds the rows


# -- the messages that the search for these fits brought ----------------------------------------------------------


@pytest.mark.parametrize("variance", ["mu", "mu^2", "mu^3"])
def test_quasi_refuses_responses_beyond_its_means(variance):
    data = pd.DataFrame({"y": [-1.0, 2.0, 3.0], "x": [1.0, 2.0, 4.0]})
    with pytest.raises(
        FamilyError, match="negative values not allowed for the quasi family with variance mu"
    ):
        g.glm("y ~ x", data, g.quasi("log", variance))


def test_quasi_refuses_shares_above_one():
    data = pd.DataFrame({"y": [0.1, 2.0, 0.5], "x": [1.0, 2.0, 4.0]})
    with pytest.raises(FamilyError, match="y values must be 0 <= y <= 1 for the quasi family"):
        g.glm("y ~ x", data, g.quasi("logit", "mu(1-mu)"))


def test_a_deviance_without_a_finite_minimum_is_told():
    data = pd.DataFrame({"y": [-1.0, 0.4, -2.0, -0.5]})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        g.glm("y ~ 1", data, g.gaussian("log"))
    said = [w for w in caught if "no minimum of the deviance was found at finite coef" in str(w.message)]
    assert [w.category for w in said] == [ConvergenceWarning]


def test_means_at_the_end_of_a_bounded_link_are_told():
    data = pd.DataFrame({"y": [2.0, 1.0, 2.0, 0.0, 1.0, 0.0], "f": list("aaabbb")})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        g.glm("y ~ f", data, g.quasipoisson("probit"))
    assert any("fitted means numerically 0 or 1 occurred" in str(w.message) for w in caught)


def test_zeros_under_a_cubic_variance():
    data = pd.DataFrame({"y": [0.0, 1.0, 2.0]})
    with pytest.raises(FitError, match="the deviance is not finite at any that was tried"):
        g.glm("y ~ 1", data, g.quasi("log", "mu^3"))


def test_columns_that_only_the_working_weights_alias_are_told():
    case = draw(91, 52080)
    with pytest.warns(ConvergenceWarning, match="columns which the rows tell apart vanish beside others"):
        fit = g.glm(case.formula, case.data, build(case.spec), **case.options)
    assert fit.rank == 4
    assert fit.coefficients.isna().sum() == 2


def test_the_judge_knows_a_minimum_from_a_lower_one_elsewhere():
    kinds = [check.judged(draw(91, index)).kind for index in (34084, 9197, 14302)]
    assert kinds == [
        "optimum by its score and curvature, a lower one is elsewhere",
        "optimum, but for columns that nearly depend on each other",
        "separation named",
    ]


def test_cholesky_says_when_its_digits_do_not_suffice():
    x = np.arange(8.0)
    data = pd.DataFrame({"x": 1e6 + x, "y": [1.0, 2.0, 2.5, 4.5, 5.0, 5.5, 7.0, 8.5]})
    with pytest.warns(ConvergenceWarning, match="X'WX has not enough digits for these columns"):
        g.glm("y ~ x + I(x^2)", data, method="cholesky")
    quiet = g.glm("y ~ x + I(x^2)", data)
    assert quiet.converged
