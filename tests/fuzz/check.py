"""Judging the outcome of a case."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import nnls

import glmformula as g
from glmformula.errors import (
    ConvergenceWarning,
    FamilyError,
    FitError,
    GLMFormulaError,
    GLMFormulaWarning,
    SeparationWarning,
)

from . import exact
from .draw import Case, design
from .oracle import Model, build, model, pulls
from .search import (
    Rows,
    bounded_minimum,
    curvature,
    descend,
    deviance,
    distances,
    inside,
    recession,
    unit_columns,
    whitened,
)

PERFECT = 1e-8  # of what the responses could cost: a deviance that is nothing
ROUNDING = 1e-15  # of the sizes of a row's products: what their sum may be off by, and what that moves
AT_THE_WALL = 1e-6  # of the median distance
STILL = 1e-8  # of it, what the score promises at a local optimum
LEFT = 1e-5  # of the deviance (+ 0.1, as in the stopping rule): what may be left to gain without a warning
BENT = 0.01  # beside Fisher's information
FAR_OUT = (
    1e8  # times as far out as the fit's: linear predictors that make what columns differ by at 1e-9 count
)
NO_MINIMUM = "no minimum of the deviance"
SAID = (NO_MINIMUM, "did not converge", "not enough digits", "vanish beside others")


@dataclass(frozen=True)
class Outcome:
    """What became of a case. `bad`: not one of the outcomes that are allowed."""

    kind: str
    detail: str = ""
    bad: bool = False


def bad(kind: str, detail: str = "") -> Outcome:
    return Outcome(kind, detail, True)


def judged(case: Case) -> Outcome:
    """Fit, and judge what comes of it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fit = g.glm(case.formula, case.data, build(case.spec), **case.options)
        except GLMFormulaError as error:
            return refusal(case, error)
        except Exception as error:
            return bad(f"{type(error).__name__} in glm", str(error)[:200])
    foreign = [w for w in caught if not issubclass(w.category, GLMFormulaWarning)]
    if foreign:
        return bad("foreign warning", str(foreign[0].message)[:200])
    told = [str(w.message) for w in caught if issubclass(w.category, ConvergenceWarning)]
    separated = any(issubclass(w.category, SeparationWarning) for w in caught)
    m, rows = model(case.spec), rows_of(case)
    if m.refuses(rows.y[rows.counted]).any():
        return bad("fitted a response that the family does not allow")
    outcome = consistent(m, rows, fit)
    if outcome is not None:
        return outcome
    if case.intercept and not told and fit.deviance - fit.null_deviance > LEFT * (fit.null_deviance + 0.1):
        return bad("above the null model", f"{fit.deviance:.10g}, null {fit.null_deviance:.10g}")
    outcome = optimal(case, m, rows, fit, told, separated)
    return outcome if outcome.bad else (afterwards(fit, bool(told) or separated) or outcome)


def rows_of(case: Case) -> Rows:
    """The rows of the fit, by the checker's own reading of the case."""
    data = case.data
    names = {"y"} | {name for t in case.terms for name in t.replace("I(x^2)", "x").split(":")}
    names |= {v for k, v in case.options.items() if k in ("weights", "offset")}
    data = data[data[sorted(names)].notna().all(axis=1)]
    n = len(data)
    return Rows(
        design(data, case.terms, case.intercept),
        data["y"].to_numpy(dtype=float),
        data["w"].to_numpy() if "weights" in case.options else np.ones(n),
        data["o"].to_numpy() if "offset" in case.options else np.zeros(n),
    )


# -- errors ---------------------------------------------------------------------------------------------------


def refusal(case: Case, error: GLMFormulaError) -> Outcome:
    """An error of ours: is there reason for it?"""
    text = str(error)
    m, rows = model(case.spec), rows_of(case)
    if len(text) < 20:
        return bad("short message", text)
    if isinstance(error, FamilyError):
        if m.refuses(rows.y).any():
            return Outcome("refused: response not allowed")
        return bad("refused a response that is allowed", text)
    if len(rows.y) == 0 or not rows.counted.any():
        return (
            Outcome("refused: no rows, or no weight")
            if "weight" in text or "row" in text
            else bad("unclear", text)
        )
    if "levels" in text:
        kept = case.data.loc[case.data["y"].notna()]
        single = any(kept[f].nunique() < 2 for f in ("f", "g")) or len(rows.y) < len(case.data)
        return Outcome("refused: a factor with one level") if single else bad("refused a factor", text)
    if not isinstance(error, FitError):
        return bad(f"{type(error).__name__}", text)
    if "Nor was a valid fit reached" in text:
        return Outcome("refused: no valid fit was reached")
    start = inside(m, rows)
    if start is None and "there is none" in text and not m.split:
        return Outcome("refused: no valid fit exists (proved)")
    if start is None and "no valid set" in text:
        return Outcome("refused: no valid fit exists, by what the checker finds")
    if start is None:
        return bad("gave up, nor did the checker find a valid start", text)
    _, value = bounded_minimum(m, rows, start)
    if not np.isfinite(value):
        return (
            Outcome("refused: the deviance is infinite everywhere")
            if "not finite" in text
            else bad("gave up", text)
        )
    return bad("gave up where a valid fit exists", f"{text[:150]}; deviance {value:.6g}")


# -- the fit's own numbers ---------------------------------------------------------------------------------------


def consistent(m: Model, rows: Rows, fit: g.GLM) -> Outcome | None:
    """Do coefficients, predictors, means, deviance and degrees of freedom belong together?"""
    beta = fit.coefficients.to_numpy()
    eta = fit.linear_predictors.dropna().to_numpy()
    mu = fit.fitted_values.dropna().to_numpy()
    if len(eta) != len(rows.y) or len(mu) != len(rows.y):
        return bad("rows lost or NaN", f"{len(eta)} of {len(rows.y)}")
    if not np.isfinite(eta).all() or not np.isfinite(mu).all() or np.isinf(beta).any():
        return bad("numbers not finite")
    X = fit.model_matrix().dropna().to_numpy()
    parts = np.abs(X) @ np.abs(np.nan_to_num(beta)) + np.abs(rows.offset)
    if (np.abs(X @ np.nan_to_num(beta) + rows.offset - eta) > 1e-10 * parts + 1e-300).any():
        return bad("X beta is not eta")
    if (distances(m, eta) < -1e-14 * parts).any():
        return bad("invalid linear predictors", f"least distance {distances(m, eta).min():.3g}")
    with np.errstate(all="ignore"):
        ours = m.means(eta)[0]
    if (np.abs(ours - mu) > 1e-8 * np.abs(ours) + 1e-13).any():
        return bad("inverse link of eta is not mu", f"{np.abs(ours - mu).max():.3g}")
    value = deviance(m, rows, eta)
    slack = 1e-7 * abs(value) + 1e-12 * float((rows.w * (1 + np.abs(rows.y))).sum())
    c = rows.counted
    with np.errstate(all="ignore"):
        slope = np.abs(m.score(rows.y[c], rows.w[c], eta[c])[0])
        if m.mu_interval[1] == 1.0:  # 1 - mu has the digits that mu leaves
            lost = 1e-15 * (1 - rows.y) / m.means(eta)[1]
            slack += float(np.nansum((rows.w * lost)[c]))
        slack += 1e-13 * float(np.nansum(slope * parts[c])) + 1e-12 * float(
            (rows.w[c] * (m.interval[1] == np.inf)).sum()
        )
    slack += noise(m, rows, eta, parts)
    if np.isfinite(value) and not abs(value - fit.deviance) <= slack and plain(m, rows):
        return bad("deviance disagrees", f"{fit.deviance!r} for {value!r}")
    n = int(rows.counted.sum())
    if fit.df_residual != n - fit.rank:
        return bad("degrees of freedom")
    if not np.isfinite(fit.deviance):
        return bad("deviance not finite", f"{fit.deviance}")
    return None


def noise(m: Model, rows: Rows, eta: np.ndarray, parts: np.ndarray) -> float:
    """What of a deviance may be rounding: of eta, whose summands have sizes `parts`, and of its own terms."""
    c = rows.counted
    y, w, blur = rows.y[c], rows.w[c], ROUNDING * parts[c]
    with np.errstate(all="ignore"):
        slope, information = m.score(y, w, eta[c])
        twice = 2 * y.astype(np.longdouble)
        terms = w * np.abs(m.deviances(y.astype(np.longdouble), twice, 1 - twice))
        lost = 2 * np.abs(slope) * blur + information * blur**2
        if (blur > 1 + np.abs(eta[c])).any():  # of eta not even the sign is known
            at, low, high = (m.units(y, w, e) for e in (eta[c], eta[c] - blur, eta[c] + blur))
            lost = lost + np.maximum(np.abs(low - at), np.abs(high - at))
        return float(lost[np.isfinite(lost)].sum() + 1e-17 * terms[np.isfinite(terms)].sum())


def plain(m: Model, rows: Rows) -> bool:
    """Whether the deviance is the textbook's: zeros have a stand-in where V = mu^2, negative values where p < 0."""
    with np.errstate(all="ignore"):
        return bool(
            np.isfinite(
                m.deviances(rows.y[rows.counted].astype(np.longdouble), np.ones(1), np.full(1, 0.5))
            ).all()
        )


def afterwards(fit: g.GLM, told: bool) -> Outcome | None:
    """The summary exists, and its standard errors are numbers."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            summary = fit.summary()
            text = str(summary)
        except GLMFormulaError as error:
            return bad("summary refused", str(error)[:200])
        except Exception as error:
            return bad(f"{type(error).__name__} in summary", str(error)[:200])
    foreign = [w for w in caught if not issubclass(w.category, GLMFormulaWarning)]
    if foreign:
        return bad("foreign warning in summary", str(foreign[0].message)[:200])
    se = summary.coefficients["Std. Error"].to_numpy()
    if fit.df_residual > 0 and not told and not np.isfinite(se).all():
        return bad("standard errors not finite", text[-300:])
    return None


# -- optimality ---------------------------------------------------------------------------------------------------


def optimal(case: Case, m: Model, rows: Rows, fit: g.GLM, told: list[str], separated: bool) -> Outcome:
    eta = fit.linear_predictors.dropna().to_numpy()
    c = rows.counted
    here = fit.deviance
    scale = abs(here) + 0.1
    signs = pulls(case.spec, m, rows.y, rows.w)
    doubles = rows.X[c]
    rows = replace(rows, X=apart(case, fit, rows.X))
    direction = recession(rows.X[c], signs[c]) if signs.any() else None
    if separated:
        if direction is None and exact.separated(doubles, signs[c]):
            return Outcome("separation named, seen in exact arithmetic alone")
        return named(m, rows, fit, direction, signs, "near" in case.terms)
    if direction is not None and exact.separated(doubles, signs[c]):
        if told:
            return Outcome("told, separation not named", "; ".join(told))
        return bad("separation not named", f"deviance {here:.4g}")
    mine = deviance(m, rows, eta)
    if not np.isfinite(mine):
        mine = np.inf
    known = plain(m, rows)
    X = fit.model_matrix().dropna().to_numpy()
    parts = np.abs(X) @ np.abs(np.nan_to_num(fit.coefficients.to_numpy())) + np.abs(rows.offset)
    rounding = noise(m, rows, eta, parts)
    lost = rounding / scale
    _, g0 = whitened(m, rows, eta)
    left = float(g0 @ g0) / scale
    if fit.boundary and not m.split and known:
        if np.isnan(
            fit.coefficients
        ).any():  # aliased ones are 0, also where rows of weight 0 would have use for them
            rows = replace(rows, X=X[:, ~np.isnan(fit.coefficients.to_numpy())])
        start = inside(m, rows)
        if start is None:
            return (
                Outcome("told, rows without any column at the boundary")
                if told
                else bad("boundary, but no inside")
            )
        found = bounded_minimum(m, rows, eta + 1e-3 * (start - eta))[1]
        gain = (here - found) / scale - lost
        if gain > LEFT and held_there(m, rows, eta):
            return Outcome("optimum at the boundary by its multipliers, a lower one is elsewhere")
        if gain > LEFT and "not enough digits" in str(told):
            return Outcome("told, method='cholesky' is not enough")
        if gain > LEFT and (
            "numerically 0" in str(told) or (isinstance(case.spec.link, float) and case.spec.link > 1)
        ):
            return Outcome("told, means beyond the links' limits, or infinitely steep there")
        if gain > LEFT:
            text = f"{here:.8g} -> {found:.8g}"
            return (
                Outcome("told, better at the boundary", text)
                if "converge" in str(told)
                else bad("not the boundary optimum", text)
            )
        return Outcome(
            "told, at the boundary's optimum"
            if "did not converge" in str(told)
            else "optimum at the boundary"
        )
    lowest, found = descend(m, rows, eta) if known and np.isfinite(mine) else (eta, mine)
    gain = (mine - found) / scale - lost if np.isfinite(mine) else 0.0
    short = "; ".join(
        sorted(
            {
                NO_MINIMUM if NO_MINIMUM in t else t.split(":")[-1].strip()[:40]
                for t in told
                if "step size" not in t
            }
        )
    )
    if any(text in str(told) for text in SAID):
        if gain > LEFT:
            return Outcome("told, but better exists: " + short, f"{here:.8g} -> {found:.8g}")
        return Outcome(f"told, {'at the optimum' if left < 1e-4 else 'flat'}: " + short, f"left {left:.3g}")
    if "numerically 0" in short and max(gain, left) > LEFT:
        return Outcome("told, means beyond the links' limits")
    if gain > LEFT and left < STILL and np.abs(lowest[c]).max() > FAR_OUT * (1 + np.abs(eta[c]).max()):
        return Outcome("optimum, but for columns that nearly depend on each other")
    if gain > LEFT and left < STILL and bends_up(m, rows, eta) and beyond_a_bend(m, rows, eta, lowest):
        return Outcome("optimum by its score and curvature, a lower one is elsewhere")
    if gain > LEFT:
        return bad("better deviance nearby", f"{here:.8g} -> {found:.8g}, score {left:.3g}; {short}")
    if left > 1e-4 and known:
        return bad("score is not zero", f"{left:.3g}, deviance {here:.6g}; {short}")
    if not known:
        return Outcome("not judged: the deviance is R's stand-in for zeros")
    dispersion = here / max(fit.df_residual, 1)
    if (
        case.spec.family not in ("binomial", "poisson")
        and left * scale > 1e-2 * dispersion
        and here > PERFECT * size(m, rows) > 0
        and here > rounding
    ):
        if "numerically 0" in short:
            return Outcome("told, means beyond the links' limits")
        return bad(
            "score is not zero beside the dispersion", f"{left * scale / dispersion:.3g}, deviance {here:.6g}"
        )
    return Outcome("optimum" + (", told: " + short if told else ""))


def bends_up(m: Model, rows: Rows, eta: np.ndarray) -> bool:
    """Whether the deviance bends up in all directions, as it does at a minimum."""
    H = curvature(m, rows, eta, whitened(m, rows, eta)[0])
    return bool(np.isfinite(H).all() and np.linalg.eigvalsh((H + H.T) / 2)[0] > BENT)


def beyond_a_bend(m: Model, rows: Rows, eta: np.ndarray, there: np.ndarray) -> bool:
    """Whether the deviance bends down somewhere on the way: it has more than one minimum, or may have."""
    way = np.array([deviance(m, rows, eta + t * (there - eta)) for t in np.linspace(0, 1, 101)])
    return bool((np.diff(way, 2) < -1e-6 * np.ptp(way)).any())


def held_there(m: Model, rows: Rows, eta: np.ndarray) -> bool:
    """Karush, Kuhn and Tucker's conditions: what the scores leave, multipliers of rows at the wall take up."""
    middle = np.median(distances(m, eta))
    at_the_wall = distances(m, eta) < AT_THE_WALL * middle
    B, _ = whitened(m, replace(rows, w=np.where(at_the_wall, 0.0, rows.w)), eta)
    low, high = m.interval
    sign = np.where(eta - low < high - eta, 1.0, -1.0)
    c, near = rows.counted, np.where(at_the_wall, eta + sign * AT_THE_WALL * middle, eta)
    with np.errstate(all="ignore"):
        g = B[c].T @ m.score(rows.y[c], rows.w[c], near[c])[0]
    if not at_the_wall.any() or not np.isfinite(g).all():
        return False
    inwards = sign[at_the_wall, None] * B[at_the_wall]
    inwards = inwards[np.abs(inwards).max(axis=1, initial=0.0) > 0]
    if not len(inwards):
        return False
    left = nnls(inwards.T / np.linalg.norm(inwards, axis=1), -g)[1]
    return bool(left**2 < 1e-6 * (deviance(m, rows, eta) + 0.1))


def size(m: Model, rows: Rows) -> float:
    """The deviance of means that are wrong by as much as the mean response."""
    mean = np.array([np.average(rows.y, weights=rows.w)])
    with np.errstate(all="ignore"):
        total = float(rows.w.sum() * mean[0] ** 2 / m.variance(mean, 1 - mean)[0])
    return total if np.isfinite(total) else 0.0


def apart(case: Case, fit: g.GLM, X: np.ndarray) -> np.ndarray:
    """The design, with what `near` adds to x by itself where the fit has kept both: to more digits."""
    if "near" not in case.terms or not {"x", "x2", "x:f"} & set(case.terms):
        return X
    rows = case.data.loc[fit.linear_predictors.dropna().index]
    difference = (rows["near"] - rows["x"]).to_numpy()[:, None] * 1e9
    others = tuple(term for term in case.terms if term != "near")
    exact = np.concatenate([design(rows, others, case.intercept), difference], axis=1)
    return exact if np.linalg.matrix_rank(unit_columns(exact), tol=1e-10) == fit.rank else X


def named(
    m: Model, rows: Rows, fit: g.GLM, direction: np.ndarray | None, signs: np.ndarray, near: bool
) -> Outcome:
    """A SeparationWarning: there is a direction, with the signs that are named."""
    if direction is None:
        return bad("separation named where there is none")
    if near:  # its coefficients are beyond what a linear programme can hold beside the others
        return Outcome("separation named")
    limits = fit.result.limits
    X = fit.model_matrix().dropna().to_numpy()[rows.counted]
    s = signs[rows.counted]
    from scipy.optimize import linprog

    size = np.where(np.abs(X).max(axis=0) > 0, np.abs(X).max(axis=0), 1.0)
    A = X / size
    sign = np.where(np.isinf(limits), np.sign(limits), 0.0)
    bounds = [(1e-6 if v > 0 else -1e3, 1e3 if v >= 0 else -1e-6) if v else (0, 0) for v in sign]
    moves = A[s != 0] * s[s != 0, None]
    slack = 1e-9 * np.abs(moves).sum(axis=1)
    answer = linprog(
        -moves.sum(axis=0),
        A_ub=np.vstack([-moves, A[s == 0], -A[s == 0]]),
        b_ub=np.concatenate([slack, np.full(2 * int((s == 0).sum()), 1e-9)]),
        bounds=bounds,
        method="highs",
    )
    if answer.x is None or not (moves @ answer.x).max() > 0:
        return bad("separation: no direction has these signs", str(dict(zip(fit.coefficients.index, limits))))
    return Outcome("separation named")
