"""``ranef`` and ``coef``: what each group has beside the population."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...render.table import StatTable

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed


class Ranef(dict[str, pd.DataFrame]):
    """Conditional modes of the random effects: of each grouping factor a DataFrame, a row a level.

    Attributes
    ----------
    cond_var : dict of str to ndarray (levels, k, k), or None
        Conditional covariances, if they were asked for.
    """

    def __init__(
        self, tables: Mapping[str, pd.DataFrame], cond_var: Mapping[str, np.ndarray] | None = None
    ) -> None:
        super().__init__(tables)
        self.cond_var = None if cond_var is None else dict(cond_var)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All in one table: ``grpvar term grp condval`` (and ``condsd``), lme4's ``as.data.frame(ranef(fit))``."""
        pieces = []
        for name, table in self.items():
            for k, term in enumerate(table.columns):
                piece = pd.DataFrame(
                    {"grpvar": name, "term": term, "grp": table.index, "condval": table[term].to_numpy()}
                )
                if self.cond_var is not None:
                    piece["condsd"] = np.sqrt(self.cond_var[name][:, k, k])
                pieces.append(piece)
        return pd.concat(pieces, ignore_index=True)

    def __str__(self) -> str:
        text = "".join(f"${name}\n{StatTable(table, 'data.frame')}\n\n" for name, table in self.items())
        if self.cond_var is None:
            return text
        quoted = " ".join(f"“{name}”" for name in self)
        return f"{text}with conditional variances for {quoted} "

    __repr__ = __str__


def ranef(fit: Mixed, cond_var: bool = False) -> Ranef:
    """Conditional modes of the random effects, lme4's ``ranef``.

    Parameters
    ----------
    cond_var : bool
        Also their conditional covariances given the data, at theta and the fixed effects as estimated.

    Returns
    -------
    Ranef
        A dict: of each grouping factor a DataFrame with a row for each level; ``.cond_var`` and ``.frame`` beside.

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> list(fit.ranef())
    ['sick_days']
    """
    tables, spreads = {}, {}
    for g in fit.random.shown:
        name = fit.structure.groupings[g].name
        tables[name] = pd.DataFrame(
            fit.result.modes[g], index=list(fit.random.groups[g]), columns=list(fit.random.columns_of(g))
        )
        spreads[name] = fit.result.spreads[g]
    return Ranef(tables, spreads if cond_var else None)


def coef(fit: Mixed) -> Ranef:
    """The coefficients of each group, fixed effect plus conditional mode, lme4's ``coef``.

    Returns
    -------
    dict of str to DataFrame
        Of each grouping factor; a column that varies and has no fixed effect has 0 for it.

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.coef()["sick_days"].columns.tolist()
    ['(Intercept)', 'experience_years']
    """
    fixed = fit.coefficients.dropna()
    out = {}
    for name, table in ranef(fit).items():
        columns = {c: np.full(len(table), v) for c, v in fixed.items()}
        for k, term in enumerate(table.columns):
            own = table.iloc[:, k].to_numpy()
            columns[term] = own + columns.get(term, 0.0)
        new = [c for c in table.columns if c not in fixed.index]
        order = [*dict.fromkeys(new), *fixed.index]
        out[name] = pd.DataFrame(columns, index=table.index)[order]
    return Ranef(out)
