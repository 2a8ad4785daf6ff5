"""Linear functions of a model's coefficients under labels: estimates, errors, intervals and tests of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from ...errors import DataError, nearest
from ...render.means import Label, MeansTable, as_text
from ...render.numbers import format_number, signif
from ...render.report import Block, Rendered
from .adjust import Family, each_critical, each_p, known_method
from .nests import Nests
from .scales import Scale, bias_adjusted

ESTIMABLE = 1e-8  # squared size of the part in the null space, relative, as R's package estimability
SIDES = {
    **dict.fromkeys(("left", "nonsuperiority", "inferiority", "-1", "<"), -1),
    **dict.fromkeys(("both", "two-sided", "equivalence", "0", "2", "!=", "="), 0),
    **dict.fromkeys(("right", "noninferiority", "superiority", "1", "+1", ">"), 1),
}
TYPES = {
    **dict.fromkeys(("link", "lp", "linear.predictor", "linear"), "link"),
    **dict.fromkeys(("response", "mu", "unlink"), "response"),
}
KINDS = {"prediction": "prediction", "pairs": "pairs"}  # all else is a contrast


@dataclass(frozen=True, eq=False)
class Basis:
    """What the functions are of.

    Attributes
    ----------
    estimates : ndarray (p,)
        NaN where aliased.
    cov : (r, r)
        Of those that are not.
    null_space : ndarray (p, k) or None
        Orthonormal; a function that is not orthogonal to it has no estimate.
    df : float
        Of their tests; infinite for z.
    errors : str
        Which standard errors these are; '' for the model's own.
    degrees : callable, optional
        Of rows of L (n, p) the degrees of freedom of each (n,), where they are not all `df`.
    method : str
        How those are called.
    """

    estimates: np.ndarray
    cov: Any
    null_space: np.ndarray | None
    df: float
    errors: str = ""
    degrees: Callable[[np.ndarray], np.ndarray] | None = None
    method: str = ""

    def df_of(self, L: np.ndarray) -> float | np.ndarray:
        """Degrees of freedom of the tests of rows of L (n, p): one for all, or one each."""
        if self.degrees is None or not len(L):
            return self.df
        return self.degrees(np.nan_to_num(L))

    @property
    def kept(self) -> np.ndarray:
        return ~np.isnan(self.estimates)

    def estimable(self, L: np.ndarray) -> np.ndarray:
        """(n,) of rows of L (n, p)."""
        known = ~np.isnan(L).any(axis=1)
        if self.null_space is None:
            return known
        filled = np.nan_to_num(L)
        part = np.square(filled @ self.null_space).sum(axis=1)
        size = np.square(filled).sum(axis=1)
        out: np.ndarray = known & (part < ESTIMABLE * np.where(size < ESTIMABLE, 1.0, size))
        return out

    def covariance(self, L: np.ndarray) -> np.ndarray:
        """L V L', NaN where there is no estimate."""
        inside = np.where(self.estimable(L)[:, None], L, np.nan)[:, self.kept]
        out: np.ndarray = inside @ np.asarray(self.cov @ np.nan_to_num(inside).T)
        out[np.isnan(inside).any(axis=1)] = np.nan
        out[:, np.isnan(inside).any(axis=1)] = np.nan
        return out


@dataclass(frozen=True)
class Shown:
    """How the functions are called, and what is asked of them unless somebody says otherwise."""

    estimate: str = "prediction"
    kind: str = "prediction"
    infer: tuple[bool, bool] = (True, False)
    level: float = 0.95
    adjust: str = "none"
    size: int | str = 1
    by: tuple[str, ...] = ()
    primary: tuple[str, ...] = ()
    averaged: tuple[str, ...] = ()
    qualifier: str = ""
    scale: Scale | None = None
    back: str = "response"  # what an estimate is called on the response's scale
    ratios: bool = False
    messages: tuple[str, ...] = ()
    type: str = "link"
    null: float = 0.0
    delta: float = 0.0
    side: int = 0
    df: float | None = None
    sigma: float | None = None
    bias_adjust: bool = False
    pairs_by: tuple[str, ...] = ()


def _later(module: str, name: str, text: str) -> Any:
    """A function of a neighbour as a method; that one imports this module."""

    def method(self: Any, *args: Any, **options: Any) -> Any:
        return getattr(import_module(f".{module}", __package__), name)(self, *args, **options)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = text
    return method


_CONTRAST = """Contrasts of these, with the arguments of the function `contrast`.

        Examples
        --------
        >>> from glmformula import datasets, emmeans, lm
        >>> staff = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
        >>> means = emmeans(lm("overtime_hours ~ senior", staff), "~ senior")
        >>> means.contrast("revpairwise")
         contrast     estimate    SE  df t.ratio p.value
         TRUE - FALSE   -0.131 0.232 498  -0.564  0.5732
        """
_REGRID = """These on another scale, with the arguments of the function `regrid`.

        Examples
        --------
        >>> from glmformula import datasets, emmeans, glm
        >>> staff = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
        >>> means = emmeans(glm("left ~ senior", staff, family="binomial"), "~ senior")
        >>> means.regrid().frame["prob"].round(3).tolist()
        [0.059, 0.031]
        """
_PAIRS = """All pairwise differences, with the arguments of the function `pairs`.

        Examples
        --------
        >>> from glmformula import datasets, emmeans, lm
        >>> staff = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
        >>> emmeans(lm("overtime_hours ~ senior", staff), "~ senior").pairs()
         contrast     estimate    SE  df t.ratio p.value
         FALSE - TRUE    0.131 0.232 498   0.564  0.5732
        """
_CLD = """Symbols that those share which are not told apart, with the arguments of the function `cld`.

        Examples
        --------
        >>> from glmformula import datasets, emmeans, lm
        >>> staff = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
        >>> emmeans(lm("overtime_hours ~ senior", staff), "~ senior").cld().frame["group"].tolist()
        [' 1', ' 1']
        """


@dataclass(frozen=True, repr=False, eq=False)
class MarginalMeans(Rendered):
    """Linear functions of a model's coefficients: marginal means, trends or contrasts; prints as R's ``emmGrid``.

    Made by `emmeans`, `emtrends`, `contrast` and `pairs`.

    Attributes
    ----------
    fit : Fit
        The model they are of.
    labels : tuple of Label
    linear : ndarray (n, p)
        NaN where a contrast has a part without estimate.
    basis : Basis
    levels : mapping of str to tuple
    offset, weights : ndarray (n,) or None
    nests : mapping
    shown_rows : ndarray of bool (n,) or None
        Rows of nested factors that the data have.
    shown : Shown
    trend : str
        The variable whose slopes these are.
    coefficients : ndarray (n, m) or None
        Of contrasts: of the functions they are made of.

    Examples
    --------
    >>> from glmformula import datasets, emmeans, glm
    >>> staff = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
    >>> fit = glm("left ~ senior + overtime_hours", staff, family="binomial")
    >>> emmeans(fit, "~ senior", type="response").frame.columns.tolist()
    ['senior', 'prob', 'SE', 'df', 'asymp_LCL', 'asymp_UCL']
    """

    fit: Any
    labels: tuple[Label, ...]
    linear: np.ndarray
    basis: Basis
    levels: Mapping[str, tuple[Any, ...]]
    offset: np.ndarray | None = None
    weights: np.ndarray | None = None
    nests: Nests = field(default_factory=dict)
    shown_rows: np.ndarray | None = None
    shown: Shown = field(default_factory=Shown)
    trend: str = ""
    coefficients: np.ndarray | None = None

    @property
    def frame(self) -> pd.DataFrame:
        """The table's numbers: as of `summary`."""
        return self.summary().frame

    def blocks(self, digits: int | None = None) -> Sequence[Block]:
        return self.summary().blocks(digits)

    def summary(self, **options: Any) -> MeansTable:
        """The table with other choices: `infer`, `level`, `adjust`, `by`, `type`, `df`, `null`, `delta`, `side`,
        `bias_adjust`, `sigma` (see `emmeans`); R's ``summary.emmGrid``.

        Examples
        --------
        >>> from glmformula import datasets, emmeans, lm
        >>> staff = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
        >>> means = emmeans(lm("overtime_hours ~ senior", staff), "~ senior")
        >>> means.summary(infer=(False, True), null=8)
         senior emmean    SE  df null t.ratio p.value
         FALSE    7.90 0.144 498    8  -0.702  0.4832
          TRUE    7.77 0.181 498    8  -1.279  0.2014
        """
        return summarise(with_options(self, options))

    def confint(self, level: float | None = None, **options: Any) -> MeansTable:
        """Estimates with intervals; options as of `summary`.

        Examples
        --------
        >>> from glmformula import datasets, emmeans, lm
        >>> staff = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
        >>> means = emmeans(lm("overtime_hours ~ senior", staff), "~ senior")
        >>> means.confint(level=0.9)
         senior emmean    SE  df lower.CL upper.CL
         FALSE    7.90 0.144 498     7.66     8.14
          TRUE    7.77 0.181 498     7.47     8.07
        <BLANKLINE>
        Confidence level used: 0.9
        """
        level = self.shown.level if level is None else level
        return self.summary(infer=(True, False), level=level, **options)

    def test(self, null: float | None = None, *, joint: bool = False, **options: Any) -> MeansTable:
        """Estimates with tests (of `null`; with `delta` of equivalence); with `joint` one test of all of a group.

        Examples
        --------
        >>> from glmformula import datasets, emmeans, lm
        >>> staff = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
        >>> means = emmeans(lm("overtime_hours ~ senior", staff), "~ senior")
        >>> means.test(joint=True)
         df1 df2  F.ratio p.value
           2 498 2414.225  <.0001
        """
        if joint:
            made: MeansTable = import_module(".joint", __package__).joint_test(self, null or 0.0, **options)
            return made
        return self.summary(infer=(False, True), null=0.0 if null is None else null, **options)

    def vcov(self) -> np.ndarray:
        """Covariance (n, n) on the scale of the linear predictor.

        Examples
        --------
        >>> from glmformula import datasets, emmeans, lm
        >>> staff = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
        >>> means = emmeans(lm("overtime_hours ~ senior", staff), "~ senior")
        >>> means.vcov().round(4)
        array([[0.0208, 0.    ],
               [0.    , 0.0329]])
        """
        return self.basis.covariance(self.linear)

    contrast = _later("contrasts", "contrast", _CONTRAST)
    regrid = _later("regrid", "regrid", _REGRID)
    pairs = _later("contrasts", "pairs", _PAIRS)
    cld = _later("letters", "cld", _CLD)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns of levels."""
        return tuple(label.name for label in self.labels)


def label_in(means: MarginalMeans, name: str) -> Label:
    """The column of that name.

    Raises
    ------
    DataError
    """
    for label in means.labels:
        if label.name == name:
            return label
    raise DataError(f"'{name}' is none of the factors here{nearest(name, means.names)}")


def rows_of(means: MarginalMeans, which: Sequence[int] | np.ndarray) -> MarginalMeans:
    """Some of the rows, with the levels that are left."""
    chosen = np.asarray(which, dtype=int)
    labels = tuple(label.take(chosen.tolist()) for label in means.labels)
    return replace(
        means,
        labels=labels,
        linear=means.linear[chosen],
        offset=None if means.offset is None else means.offset[chosen],
        weights=None if means.weights is None else means.weights[chosen],
        shown_rows=None if means.shown_rows is None else means.shown_rows[chosen],
        levels={label.name: tuple(dict.fromkeys(label.values)) for label in labels},
    )


def only_shown(means: MarginalMeans) -> MarginalMeans:
    """Without the rows of nested factors that the data do not have."""
    if means.shown_rows is None:
        return means
    return replace(rows_of(means, np.flatnonzero(means.shown_rows)), shown_rows=None)


def groups_of(labels: Sequence[Label], by: Sequence[str], n: int) -> tuple[np.ndarray, ...]:
    """Rows of each combination of levels, in order of appearance."""
    if not by:
        return (np.arange(n),)
    columns = [next(label for label in labels if label.name == name).values for name in by]
    found: dict[Any, list[int]] = {}
    for k, key in enumerate(zip(*columns)):
        found.setdefault(key, []).append(k)
    return tuple(np.array(rows) for rows in found.values())


def with_options(means: MarginalMeans, options: Mapping[str, Any]) -> MarginalMeans:
    """With other choices, checked.

    Raises
    ------
    ValueError, DataError
    """
    shown = means.shown
    for name, value in options.items():
        if name not in _OPTIONS:
            raise ValueError(f"{name!r} is no option of a table of means{nearest(name, _OPTIONS)}")
        if value is not None:
            shown = replace(shown, **{name: _OPTIONS[name](means, value)})
    if shown.by != means.shown.by:
        every = [*means.shown.primary, *means.shown.by]
        shown = replace(shown, primary=tuple(name for name in every if name not in shown.by))
    return replace(means, shown=shown)


def names_in(means: MarginalMeans, value: Any) -> tuple[str, ...]:
    """Names of labels, given as a list or a text."""
    names = (value,) if isinstance(value, str) else tuple(value)
    for name in names:
        label_in(means, name)
    return names


def _infer(means: MarginalMeans, value: Any) -> tuple[bool, bool]:
    given = (value, value) if isinstance(value, bool | np.bool_) else tuple(value)
    if len(given) != 2 or not all(isinstance(v, bool | np.bool_) for v in given):
        raise ValueError(f"infer should be True, False or two of them (intervals, tests); got {value!r}")
    return bool(given[0]), bool(given[1])


def _level(means: MarginalMeans, value: Any) -> float:
    if isinstance(value, str) or not 0 < value < 1:
        raise ValueError(f"level should be between 0 and 1; got {value!r}")
    return float(value)


def _adjust(means: MarginalMeans, value: Any) -> str:
    return known_method(value)


def _type(means: MarginalMeans, value: Any) -> str:
    if value not in TYPES:
        raise ValueError(f"type should be 'link' or 'response'; got {value!r}")
    return TYPES[value]


def _side(means: MarginalMeans, value: Any) -> int:
    if str(value) not in SIDES:
        known = "'two-sided', 'left', 'right', 'equivalence', 'noninferiority', 'nonsuperiority'"
        raise ValueError(f"side should be one of {known}; got {value!r}")
    return SIDES[str(value)]


def _number(means: MarginalMeans, value: Any) -> float:
    if isinstance(value, str) or np.ndim(value):
        raise ValueError(f"null, delta, sigma and df should be numbers; got {value!r}")
    return float(value)


def _size(means: MarginalMeans, value: Any) -> float:
    return abs(_number(means, value))


def _flag(means: MarginalMeans, value: Any) -> bool:
    return bool(value)


_OPTIONS: dict[str, Callable[[MarginalMeans, Any], Any]] = {
    "infer": _infer,
    "level": _level,
    "adjust": _adjust,
    "by": names_in,
    "type": _type,
    "df": _number,
    "null": _number,
    "delta": _size,
    "side": _side,
    "sigma": _number,
    "bias_adjust": _flag,
}


def estimates_of(means: MarginalMeans) -> tuple[np.ndarray, np.ndarray]:
    """Estimates and standard errors (n,) on the linear scale; NaN where there is none."""
    basis = means.basis
    known = basis.estimable(means.linear)
    inside = np.nan_to_num(means.linear)[:, basis.kept]
    estimate = inside @ basis.estimates[basis.kept]
    if means.offset is not None:
        estimate = estimate + means.offset
    if hasattr(basis.cov, "quadratic"):
        squares = basis.cov.quadratic(inside)
    else:
        squares = np.einsum("ij,ij->i", inside @ basis.cov, inside)
    error = np.sqrt(np.maximum(squares, 0.0))
    return np.where(known, estimate, np.nan), np.where(known, error, np.nan)


def summarise(means: MarginalMeans) -> MeansTable:
    """The table as the record says it."""
    means = only_shown(means)
    shown = means.shown
    estimate, error = estimates_of(means)
    n = len(estimate)
    df = means.basis.df_of(means.linear) if shown.df is None else shown.df
    z = bool(np.isinf(df).all() or np.isnan(estimate).all())
    scale = shown.scale
    back = shown.type == "response" and scale is not None
    labels, name = means.labels, shown.estimate
    if back:
        name = shown.back
        if shown.ratios:
            labels = tuple(_as_ratio(label) for label in labels)
    messages = list(shown.messages)
    if scale is not None and not back:
        messages.append(f"Results are given on the {scale.name} (not the response) scale.")
    scale_name = "" if scale is None else scale.name
    if back and shown.bias_adjust:
        assert scale is not None
        scale = bias_adjusted(scale, sigma_of(shown.sigma))
    kind = shown.kind
    if kind == "pairs" and shown.pairs_by != shown.by:
        kind = "contrast"
    groups = groups_of(means.labels, shown.by, n)
    family = _family(means, groups, KINDS.get(kind, "contrast"), n)
    columns: dict[str, Any] = {name: estimate, "SE": error, "df": np.where(np.isnan(estimate), np.nan, df)}
    own_df = means.basis.method and shown.df is None
    of_df = [f"Degrees-of-freedom method: {means.basis.method}"] if own_df else []
    side = shown.side
    if shown.infer[0]:
        reach, line = each_critical(shown.level, n, df, shown.adjust, family, side)
        low = estimate - reach * error if side >= 0 else np.where(np.isnan(error), np.nan, -np.inf)
        high = estimate + reach * error if side <= 0 else np.where(np.isnan(error), np.nan, np.inf)
        messages += of_df
        messages.append(f"Confidence level used: {format_number(shown.level)}")
        messages += [line] if line else []
        if back:
            assert scale is not None
            with np.errstate(all="ignore"):
                low, high = scale.inverse(low), scale.inverse(high)
            if (high < low).any():
                low, high = high, low
            messages.append(f"Intervals are back-transformed from the {scale_name} scale")
        names = ("asymp.LCL", "asymp.UCL") if z else ("lower.CL", "upper.CL")
        columns |= dict(zip(names, (low, high)))
    if shown.infer[1]:
        tail = side if side or not shown.delta else -1
        if back and scale is not None:
            null = float(scale.inverse(np.array([shown.null]))[0])
        else:
            null = shown.null
        if null != 0:
            columns["null"] = np.full(n, null)
        with np.errstate(all="ignore"):
            if side == 0 and shown.delta:
                t = (np.abs(estimate - shown.null) - shown.delta) / error
            else:
                t = (estimate - shown.null + side * shown.delta) / error
        messages += of_df
        p, line = each_p(t, df, shown.adjust, family, tail)
        columns |= {"z.ratio" if z else "t.ratio": t, "p.value": np.where(np.isnan(t), np.nan, p)}
        messages += [line] if line else []
        if shown.delta:
            what = ("nonsuperiority", "equivalence", "noninferiority")[side + 1]
            threshold = format_number(signif((shown.delta,), 5)[0])
            messages.append(f"Statistics are tests of {what} with a threshold of {threshold}")
        if tail:
            messages.append(f"P values are {'left' if tail < 0 else 'right'}-tailed")
        if back:
            messages.append(f"Tests are performed on the {scale_name} scale")
    if back:
        assert scale is not None
        with np.errstate(all="ignore"):
            columns["SE"] = np.abs(scale.slope(estimate) * error)
            columns[name] = scale.inverse(estimate)
        if shown.bias_adjust:
            messages.append(f"Bias adjustment applied based on sigma = {_shown_sigma(sigma_of(shown.sigma))}")
    if shown.averaged:
        line = f"Results are averaged over{shown.qualifier} the levels of: {', '.join(shown.averaged)}"
        messages.insert(0, line)
    if means.basis.errors:
        messages.append(f"Standard errors: {means.basis.errors}")
    return MeansTable(labels, columns, name, shown.by, tuple(dict.fromkeys(messages)))


def _as_ratio(label: Label) -> Label:
    """Levels as text, differences of logarithms as ratios."""
    texts = {v: as_text(v).replace(" - ", " / ") for v in (*label.levels, *label.values)}
    return Label(label.name, tuple(texts[v] for v in label.values), tuple(texts[v] for v in label.levels))


def sigma_of(sigma: float | None) -> float:
    """That of a bias adjustment.

    Raises
    ------
    ValueError
        There is none.
    """
    if sigma is None:
        raise ValueError(
            'must specify "sigma" to obtain bias-adjusted back transformations: the standard deviation of what '
            "is added to the linear predictor"
        )
    return sigma


def _shown_sigma(sigma: float) -> str:
    return format_number(round(sigma, 4 - math.floor(math.log10(sigma))))


def _family(means: MarginalMeans, groups: tuple[np.ndarray, ...], kind: str, n: int) -> Family:
    shown = means.shown
    size: int | str = shown.size
    tests: int | str = n
    if shown.by:
        if len({len(rows) for rows in groups}) > 1:
            size = tests = "(varies)"
        else:
            counts = [len(set(label_in(means, name).values)) for name in shown.by]
            tests = n // math.prod(counts) if n % math.prod(counts) == 0 else len(groups[0])
    ranks: tuple[int, ...] = ()
    correlation = None
    if shown.adjust == "scheffe":
        ranks = tuple(_rank(np.nan_to_num(means.linear[rows])) for rows in groups)
        if len(set(ranks)) > 1:
            size = "uneven"
    elif shown.adjust == "mvt":
        cov = means.vcov()
        spread = np.sqrt(np.diag(cov))
        with np.errstate(all="ignore"):
            correlation = cov / np.outer(spread, spread)
    return Family(size, tests, kind, groups, ranks, correlation)


def _rank(L: np.ndarray) -> int:
    return int(np.linalg.matrix_rank(np.where(np.abs(L) < 1e-8, 0.0, L)))
