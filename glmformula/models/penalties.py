"""Numbers for the columns of a design, as a user gives them: one, all, or by the names of columns and terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..engine.penalised.fit import Grid
from ..engine.penalised.problem import Penalty
from ..errors import DataError, FormulaError, nearest
from ..families import Family
from ..fitted.protocols import shown
from ..formula.tokens import string_text
from ..frame.schema import named_in, plain_name
from .calls import call_of


def numbers_of(value: Any, name: str, *, least: float | None = None, single: bool = False) -> np.ndarray:
    """A number, or numbers, as an array.

    Raises
    ------
    ValueError
    """
    what = "a number" if single else "a number, or numbers"
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "iuf" or array.ndim > (0 if single else 1) or not array.size:
        raise ValueError(f"{name} should be {what}; got {shown(value)}")
    array = np.atleast_1d(array).astype(np.float64)
    if np.isnan(array).any():
        raise ValueError(f"{name} should be {what}; got a missing one")
    if least is not None and (array < least).any():
        raise ValueError(f"{name} should not be below {least:g}; got {array.min():g}")
    return array


def by_column(
    given: Any,
    name: str,
    usual: float,
    columns: tuple[str, ...],
    assign: np.ndarray,
    labels: tuple[str, ...],
) -> np.ndarray:
    """A number for each column of the design, (p,); `usual` where nothing is said, and for the intercept.

    Raises
    ------
    ValueError, DataError
        No numbers; another count of them than columns; a name that is neither of a column nor of a term.
    """
    out = np.full(len(columns), usual)
    if given is None:
        return out
    penalised = np.flatnonzero(assign != 0)
    if isinstance(given, pd.Series):
        given = dict(given.items())
    if isinstance(given, Mapping):
        own = [columns[j] for j in penalised]
        terms = {label: k for k, label in enumerate(labels, 1)}
        # a column's own name says more than that of its term
        ordered = sorted(given.items(), key=lambda item: item[0] in own and item[0] not in terms)
        for key, value in ordered:
            number = numbers_of(value, f"{name}[{key!r}]", single=True)[0]
            if key in terms:
                out[assign == terms[key]] = number
            elif key in own:
                out[penalised[own.index(key)]] = number
            else:
                known = list(dict.fromkeys([*labels, *own]))
                raise DataError(
                    f"{name}: '{key}' is neither a column nor a term of the formula{nearest(str(key), known)}"
                )
        return out
    values = numbers_of(given, name)
    if np.ndim(given) == 0:
        out[penalised] = values[0]
        return out
    if len(values) != len(penalised):
        raise ValueError(
            f"{name} should be a mapping of names, or have a number for each of the {len(penalised)} columns without "
            f"the intercept; got {len(values)}"
        )
    out[penalised] = values
    return out


def fused_names(given: Any) -> tuple[str, ...]:
    """The factors that ``fuse=`` names, each once.

    Raises
    ------
    ValueError
    """
    names = [given] if isinstance(given, str) else [] if given is None else given
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"fuse should be the name of a factor, or a list of names; got {shown(given)}")
    return tuple(dict.fromkeys(names))


def check_fused(names: tuple[str, ...], frame: Any) -> None:
    """Steps penalised as they stand are those of levels where a factor has its own term, and only that.

    Raises
    ------
    FormulaError
        The factor is in an interaction, or the formula has neither an intercept nor another factor.
    """
    terms, design = frame.terms, frame.design
    for variable in (frame.schema.variables[text] for text in terms.names if text in frame.schema.variables):
        if not named_in(variable.name, names):
            continue
        name = plain_name(variable.name)
        row = terms.factors[terms.names.index(variable.name)]
        held = [label for label, code in zip(terms.labels, row) if code]
        if held != [variable.name]:
            other = next(label for label in held if label != variable.name)
            raise FormulaError(
                f"fuse: '{name}' is in the term {other}, and levels are fused where a factor is a main effect only: "
                "leave that term out"
            )
        own = design.assign == terms.labels.index(variable.name) + 1
        if int(own.sum()) != len(variable.levels) - 1:
            raise FormulaError(
                f"fuse: '{name}' has a column for each level, since the formula has no intercept to which the first "
                "level's steps could be added: leave out '0 +' or '- 1'"
            )


def checked_options(given: Mapping[str, Any]) -> tuple[Grid, dict[str, Any]]:
    """Lambdas and shares, checked.

    Raises
    ------
    ValueError
    """
    alpha = float(numbers_of(given["alpha"], "alpha", single=True)[0])
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha should be between 0 (ridge) and 1 (lasso); got {alpha:g}")
    count = given["nlambda"]
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise ValueError(f"nlambda should be a whole number from 1; got {shown(count)}")
    ratio = given["lambda_min_ratio"]
    if ratio is not None:
        ratio = float(numbers_of(ratio, "lambda_min_ratio", single=True)[0])
        if not 0 < ratio < 1:
            raise ValueError(f"lambda.min.ratio should be less than 1 and above 0; got {ratio:g}")
    lambda_ = given["lambda_"]
    if lambda_ is not None:
        lambda_ = numbers_of(lambda_, "lambda_")
        if (lambda_ < 0).any():
            raise ValueError(f"lambdas should be non-negative; got {lambda_.min():g}")
        lambda_ = np.sort(lambda_)[::-1]
    thresh = float(numbers_of(given["thresh"], "thresh", single=True)[0])
    if not 0 < thresh < 0.1:
        raise ValueError(f"thresh should be a small number above 0, such as 1e-9; got {thresh:g}")
    base = {"alpha": alpha, "thresh": thresh}
    for name in ("standardize", "intercept", "relax"):
        if not isinstance(given[name], bool | np.bool_):
            raise ValueError(f"{name} should be True or False; got {shown(given[name])}")
        base[name] = bool(given[name])
    del base["relax"]
    if given["group"] not in (None, "term"):
        raise ValueError(f"group should be None or 'term'; got {shown(given['group'])}")
    base["grouped"] = given["group"] == "term"
    if base["grouped"] and alpha == 0:
        raise ValueError(
            "group='term' has a meaning for alpha above 0: a ridge (alpha=0) leaves every term in"
        )
    if base["grouped"] and fused_names(given["fuse"]):
        raise ValueError(
            "group='term' takes a factor in or out as a whole, and fuse= joins its levels one by one: take one of them"
        )
    return Grid(lambda_, int(count), ratio), base


def penalty_of(
    given: Mapping[str, Any],
    base: Mapping[str, Any],
    names: tuple[str, ...],
    assign: np.ndarray,
    labels: tuple[str, ...],
) -> Penalty:
    """The penalty by column of the design.

    Raises
    ------
    ValueError, DataError
    """
    factors = by_column(given["penalty_factor"], "penalty_factor", 1.0, names, assign, labels)
    lower = by_column(given["lower_limits"], "lower_limits", -np.inf, names, assign, labels)
    upper = by_column(given["upper_limits"], "upper_limits", np.inf, names, assign, labels)
    if (factors < 0).any():
        raise ValueError(f"penalty_factor should not be negative; got {factors.min():g}")
    if (lower > 0).any():
        raise ValueError(f"Lower limits should be non-positive; got {lower.max():g}")
    if (upper < 0).any():
        raise ValueError(f"Upper limits should be non-negative; got {upper.min():g}")
    if base["grouped"]:
        if np.isfinite(lower).any() or np.isfinite(upper).any():
            raise ValueError(
                "group='term' takes no lower_limits and upper_limits: a factor is in or out as a whole"
            )
        for k, label in enumerate(labels, 1):
            own = factors[assign == k]
            if len(own) and own.min() != own.max():
                raise ValueError(
                    f"group='term' takes one penalty_factor a term: '{label}' has {own.min():g} and {own.max():g}"
                )
    return Penalty(factors=factors, lower=lower, upper=upper, **base)


def called(given: Mapping[str, Any], family: Family) -> str:
    """The call of `glmnet` as it prints."""
    names = [string_text(name) for name in fused_names(given["fuse"])]
    return call_of(
        "glmnet",
        given["formula"],
        family=None if given["family"] in ("gaussian", None) else f'"{family.name}"',
        **{name: given[name] for name in ("weights", "subset", "offset")},
        alpha=None if given["alpha"] == 1 else f"{given['alpha']:g}",
        **{name: given[name] for name in ("penalty_factor", "lower_limits", "upper_limits", "lambda_")},
        relax="True" if given["relax"] else None,
        group='"term"' if given["group"] else None,
        fuse=None if not names else names[0] if len(names) == 1 else f"c({', '.join(names)})",
        contrasts=given["contrasts"] or None,
    )
