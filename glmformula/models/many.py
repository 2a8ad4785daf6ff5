"""``glm(..., by=)``: a fit for each group of rows, from one pass over the data, and a table of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import (
    DataError,
    FamilyError,
    FitError,
    FormulaError,
    SeparationWarning,
    hearing,
)
from ..fitted.groups import GroupTable, described, gathered, held, row_arguments, spelt_out
from ..fitted.many import Together, fitted_together
from ..formula.terms import Terms
from ..frame.groups import Groups, grouped
from ..render.many import many_blocks
from ..render.report import Rendered
from .estimate import checked, estimate, fields_of
from .model import GLM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..families import Family
    from ..render.report import Block


@dataclass(frozen=True)
class One:
    """A fit of one group by itself: what it is, or why there is none.

    Attributes
    ----------
    fit : GLM or None
        Without its rows.
    reason : str
        The error, or the warnings.
    failed : bool
    rows : int
        Of the group.
    """

    fit: GLM | None
    reason: str
    failed: bool
    rows: int


@dataclass(frozen=True, repr=False, eq=False)
class GLMs(Rendered):
    """Generalized linear models of one formula, a fit for each group of rows.

    Made by ``glm(..., by=)``. ``fits["north"]`` is the :class:`GLM` of one group (a tuple of values, where `by` names
    several columns), with all of its verbs.

    Attributes
    ----------
    by : tuple of str
    groups : DataFrame (g, len(by))
        The values of `by` that occur, sorted.
    formula : str
    family : Family

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fits = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson", by="left")
    >>> fits.coef().round(3)
          (Intercept)  overtime_hours
    left
    0           1.704           0.028
    1           1.872          -0.006
    >>> fits[1].nobs
    24
    """

    by: tuple[str, ...]
    groups: pd.DataFrame
    formula: str
    family: Family
    together: tuple[Together, ...] = field(repr=False)
    ones: Mapping[int, One] = field(repr=False)
    rows: Callable[[int | None], pd.DataFrame] = field(repr=False)
    arguments: Mapping[str, Any] = field(repr=False)

    # -- as a mapping ------------------------------------------------------------------------------------

    @property
    def index(self) -> pd.Index:
        """The groups as labels of rows: an Index, or a MultiIndex where `by` names several columns."""
        if len(self.by) == 1:
            return pd.Index(self.groups[self.by[0]], name=self.by[0])
        return pd.MultiIndex.from_frame(self.groups)

    def __len__(self) -> int:
        return len(self.groups)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.index.tolist())

    def __contains__(self, key: object) -> bool:
        return key in self.index

    def __getitem__(self, key: Any) -> GLM:
        """The fit of one group, made anew from its rows.

        Raises
        ------
        KeyError
            There is no such group.
        FitError, DataError, FamilyError
            What `glm` says of its rows, where it has no fit.
        """
        if isinstance(key, tuple) and len(self.by) == 1 and len(key) == 1:
            (key,) = key
        wanted = len(self.by) if len(self.by) > 1 else None
        if wanted and not (isinstance(key, tuple) and len(key) == wanted):
            raise KeyError(f"a group is {wanted} values, of {', '.join(self.by)}; got {key!r}")
        try:
            number: Any = self.index.get_loc(key)
        except (KeyError, TypeError):
            raise KeyError(
                f"there is no group {key!r} of {', '.join(self.by)}: the first are "
                f"{', '.join(map(repr, self.index[:3].tolist()))}"
            ) from None
        return GLM(**fields_of(estimate({**self.arguments, "data": self.rows(int(number))})))

    # -- all groups as tables ----------------------------------------------------------------------------

    @property
    def failures(self) -> pd.DataFrame:
        """The groups without a fit to be trusted: columns of `by`, ``nobs`` (rows) and ``reason``."""
        numbers = [k for k, one in self.ones.items() if one.failed]
        out = self.groups.iloc[numbers].reset_index(drop=True)
        out["nobs"] = [self.ones[k].rows for k in numbers]
        out["reason"] = [self.ones[k].reason for k in numbers]
        return out

    @property
    def coefficients(self) -> pd.DataFrame:
        """As `coef`."""
        return self.coef()

    def coef(self) -> pd.DataFrame:
        """Coefficients, a row for each group; NaN where it has no such coefficient or no fit.

        Examples
        --------
        >>> from glmformula import datasets, glm
        >>> glm("salary ~ overtime_hours", datasets.attrition(), by="left").coef().round(1)
              (Intercept)  overtime_hours
        left
        0         54256.6           119.4
        1         54731.3          -191.3
        """
        from ..inference.many import coefficients

        return coefficients(self)

    def tidy(
        self,
        conf_int: bool = False,
        conf_level: float = 0.95,
        exponentiate: bool = False,
        *,
        adjust: str = "BH",
    ) -> pd.DataFrame:
        """A row for each coefficient of each group, after the columns of `by`.

        Parameters
        ----------
        conf_int : bool
            Add Wald's ``conf_low`` and ``conf_high`` (profile intervals: ``fits[group].confint()``).
        conf_level : float
        exponentiate : bool
            Estimates and limits as exp(.).
        adjust : str
            ``p_adjusted`` is R's ``p.adjust`` of the probabilities of one coefficient over all groups: "BH" (the
            false discovery rate), "holm", "hochberg", "hommel", "bonferroni", "BY" or "none".

        Returns
        -------
        DataFrame with the columns of `by`, ``term estimate std_error statistic p_value p_adjusted reason``.
            A group that failed has one row, with its `reason`; a warning about a fit that stands is its reason too.

        Raises
        ------
        ValueError
            An unknown `adjust`, or a `conf_level` that is no probability.

        Examples
        --------
        >>> from glmformula import datasets, glm
        >>> fits = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson", by="left")
        >>> fits.tidy().round(3).iloc[:, :4]
           left            term  estimate  std_error
        0     0     (Intercept)     1.704      0.058
        1     0  overtime_hours     0.028      0.007
        2     1     (Intercept)     1.872      0.349
        3     1  overtime_hours    -0.006      0.038
        """
        from ..inference.many import tidy

        return tidy(self, conf_int, conf_level, exponentiate, adjust)

    def glance(self) -> pd.DataFrame:
        """A row for each group: the columns of `by`, those of ``GLM.glance``, ``converged`` and ``reason``.

        Examples
        --------
        >>> from glmformula import datasets, glm
        >>> fits = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson", by="left")
        >>> fits.glance()[["left", "deviance", "nobs", "converged"]].round(2)
           left  deviance  nobs  converged
        0     0    602.06   476       True
        1     1     25.80    24       True
        """
        from ..inference.many import glance

        return glance(self)

    def predict(
        self,
        newdata: Any = None,
        type: str = "link",
        se_fit: bool = False,
        *,
        new_levels: str = "error",
    ) -> Any:
        """Predictions for rows, each by the fit of its own group.

        Parameters
        ----------
        newdata : DataFrame, optional
            With the columns of `by`. Default: the rows that were fitted (all rows of the data).
        type : {"link", "response"}
        se_fit : bool
            Also standard errors.
        new_levels : {"error", "na"}
            Of a factor, in the group's own fit.

        Returns
        -------
        Series, or DataFrame ``fit se_fit``, in the order of the rows.
            NaN where a variable is missing, and where the group is unknown or failed.

        Raises
        ------
        DataError
            A column is missing, or a level is new.
        ValueError
            Another `type`: ``fits[group].predict(...)`` has the others.

        Examples
        --------
        >>> from glmformula import datasets, glm
        >>> fits = glm("sick_days ~ overtime_hours", datasets.attrition(), family="poisson", by="left")
        >>> fits.predict({"left": [0, 1], "overtime_hours": [5, 5]}, type="response").round(2).tolist()
        [6.32, 6.31]
        """
        from ..inference.many import predict

        return predict(self, newdata, type, se_fit, new_levels)

    # -- printing ----------------------------------------------------------------------------------------

    def blocks(self, digits: int | None = None) -> Sequence[Block]:
        return many_blocks(self.formula, self.by, self.coef(), self.failures)


def glm_by(arguments: Mapping[str, Any], by: Any) -> GLMs:
    """A fit for each group, as ``glm(..., by=)`` describes it."""
    if arguments.get("compress") is True:
        raise ValueError("by= takes the rows of each group as they are: leave compress=True out")
    arguments = checked({**arguments, "compress": None})
    table = held(arguments["data"], by)
    terms = described(arguments["formula"], table)
    arguments = arguments | {"formula": spelt_out(arguments["formula"], terms)}
    if table.frame is not None:
        frame, arguments = row_arguments(table, terms, arguments)
        groups = grouped(frame, table.by)
        together, ones = _fits(frame, groups, terms, arguments)

        def rows(group: int | None) -> pd.DataFrame:
            return frame if group is None else frame.iloc[groups.of(group)]

        made = GLMs(
            table.by, groups.keys, arguments["formula"], arguments["family"], together, ones, rows, arguments
        )
    else:
        made = _streamed(table, terms, arguments)
    if all(one.failed for one in made.ones.values()) and len(made.ones) == len(made):
        first = made.ones[0].reason
        raise FitError(
            f"none of the {len(made)} groups of {', '.join(made.by)} could be fitted; the first: {first}"
        )
    return made


def _streamed(table: GroupTable, terms: Terms, arguments: Mapping[str, Any]) -> GLMs:
    """Groups gathered from a table that arrives in pieces, as many at a time as memory holds."""
    keys: list[pd.DataFrame] = []
    together: list[Together] = []
    ones: dict[int, One] = {}
    done = 0
    for frame in gathered(table, terms, arguments):
        groups = grouped(frame, table.by)
        some, others = _fits(frame, groups, terms, arguments)
        together += [part.moved(done) for part in some]
        ones |= {k + done: one for k, one in others.items()}
        keys.append(groups.keys)
        done += len(groups)
    known = pd.concat(keys, ignore_index=True)

    def rows(group: int | None) -> pd.DataFrame:
        if group is None:
            raise DataError(
                "these rows are not held: give predict() the rows as newdata=, a DataFrame with the columns of by="
            )
        (frame,) = gathered(table, terms, arguments, known.iloc[[group]])
        return frame

    formula, family = arguments["formula"], arguments["family"]
    return GLMs(table.by, known, formula, family, tuple(together), ones, rows, arguments)


def _fits(
    frame: pd.DataFrame, groups: Groups, terms: Terms, arguments: Mapping[str, Any]
) -> tuple[tuple[Together, ...], dict[int, One]]:
    """The fits of all groups: together where that is possible, the others one by one."""
    together = tuple(fitted_together(frame, groups, arguments["formula"], terms, arguments))
    left = np.ones(len(groups), bool)
    for part in together:
        left[part.groups] = False
    return together, {
        int(group): _one(frame.iloc[groups.of(int(group))], arguments) for group in np.flatnonzero(left)
    }


def _one(rows: pd.DataFrame, arguments: Mapping[str, Any]) -> One:
    """The fit of one group by itself."""
    with hearing() as heard:
        try:
            fit = GLM(**fields_of(estimate({**arguments, "data": rows}))).strip_data()
        except FormulaError:
            raise
        except (DataError, FamilyError, FitError) as error:
            return One(None, str(error), True, len(rows))
    texts = dict.fromkeys(text for _, text in heard)
    if fit.aliased.any():
        names = [name for name, gone in zip(fit.column_names, fit.aliased, strict=True) if gone]
        texts[f"not defined because of singularities: {', '.join(names)}"] = None
    if fit.df_residual <= 0:
        texts[f"{fit.nobs} rows leave no degrees of freedom beside {fit.rank} coefficients"] = None
    bad = not fit.converged or any(issubclass(kind, SeparationWarning) for kind, _ in heard)
    return One(fit, "; ".join(texts), bad, len(rows))
