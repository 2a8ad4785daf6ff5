"""From estimates with gradients to the table: errors, tests, intervals, equivalence, transformations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from scipy import special

from ...errors import DataError
from ...families.link import Array
from ...fitted.protocols import is_parametric
from ...render.table import StatTable
from ...runtime.tasks import by_rows
from ..covariances.likelihood_covariance import settled_covariance
from ..distributions import quantile, two_sided
from ..intervals.limits import percent_names
from ..wald import Vcov, covariance_of, resolved
from .averages import Estimates
from .hypotheses import is_null, tested

if TYPE_CHECKING:
    from ...fitted.protocols import Fit

Transform = Callable[[Array], Array]
SATTERTHWAITE = "satterthwaite"
TRANSFORMS: dict[str, Transform] = {"exp": np.exp, "expit": special.expit, "log": np.log}


@dataclass(frozen=True)
class Asking:
    """How estimates become a table.

    Attributes
    ----------
    conf_level : float
    hypothesis : object
        As of `tested`, or a number with which all estimates are compared.
    equivalence : tuple of 2 floats, or None
    transform : callable, str or None
    df : float or "satterthwaite"
        Of Student's t; infinite for normal tests.
    known : callable or None
        Gradients (E, r) to the degrees of freedom (E,) that "satterthwaite" stands for.
    """

    conf_level: float = 0.95
    hypothesis: Any = None
    equivalence: Any = None
    transform: Any = None
    df: float | str = np.inf
    known: Callable[[Array], Array] | None = None

    @property
    def satterthwaite(self) -> bool:
        """Whether the degrees of freedom are Satterthwaite's, of each estimate its own."""
        return isinstance(self.df, str) and self.df == SATTERTHWAITE

    def checked(self) -> Asking:
        """
        Raises
        ------
        ValueError, DataError
        """
        if not 0 < self.conf_level < 1:
            raise ValueError(f"conf_level should be between 0 and 1; got {self.conf_level!r}")
        number = isinstance(self.df, int | float | np.number) and self.df > 0
        if not number and self.known is None:
            raise ValueError(
                "df should be above 0, or 'satterthwaite' where a linear mixed model is asked; got "
                f"{self.df!r}"
            )
        if isinstance(self.transform, str) and self.transform not in TRANSFORMS:
            raise ValueError(
                f"transform should be a function of an array or one of {', '.join(map(repr, TRANSFORMS))}; "
                f"got {self.transform!r}"
            )
        if self.equivalence is not None:
            bounds = np.asarray(self.equivalence, dtype=float)
            if bounds.shape != (2,) or not bounds[0] <= bounds[1]:
                raise DataError(f"equivalence should be a lower and an upper bound; got {self.equivalence!r}")
        return self

    def degrees(self, estimates: Estimates) -> Any:
        """Degrees of freedom of these estimates, one for all or one each."""
        if self.known is None:
            return self.df
        assert estimates.gradient is not None
        return self.known(estimates.gradient)


class Effects(StatTable):
    """A table of effects that knows its estimates, so that `hypotheses` can test them together."""

    _metadata: ClassVar[list[str]] = [*StatTable._metadata, "estimates", "covariance"]
    estimates: Estimates
    covariance: np.ndarray

    def hypotheses(
        self,
        hypothesis: Any = None,
        *,
        conf_level: float = 0.95,
        equivalence: Any = None,
        df: float = np.inf,
    ) -> Effects:
        """Tests of the rows of the table, with the covariance it was made with.

        Parameters
        ----------
        hypothesis, conf_level, equivalence, df
            As of `predictions`.

        Returns
        -------
        Effects

        Raises
        ------
        DataError, FormulaError
            A table with an effect for each row, which does not keep their covariance; what is no estimate.

        Examples
        --------
        >>> from glmformula import datasets, glm
        >>> data = datasets.attrition().assign(senior=lambda d: d["experience_years"] > 5)
        >>> fit = glm("left ~ senior + overtime_hours", data, family="binomial")
        >>> print(fit.avg_predictions(by="senior").hypotheses("b1 = b2"))
          Hypothesis Estimate Std. Error    z Pr(>|z|)   S    2.5 % 97.5 %
        1 b1 = b2      0.0279     0.0182 1.53    0.126 3.0 -0.00779 0.0636
        """
        if self.estimates.gradient is None:
            raise DataError(
                "a table with an effect for each row does not keep their covariance: give hypothesis= to the call"
            )
        asking = Asking(conf_level, hypothesis, equivalence, None, df)
        return effects_table(self.estimates, self.covariance, asking, self.footer)


# Probabilities below this have not all of their digits.
LEAST_P = 1e-300


def covariance(fit: Fit, vcov: Vcov) -> tuple[np.ndarray, str]:
    """Of all parameters of the model, and the name of its standard errors; constants as log(theta) count as known
    where another covariance is given.
    """
    if not is_parametric(fit):
        cov, label = resolved(fit, vcov)
        return cov if isinstance(cov, np.ndarray) else np.asarray(cov), label
    if vcov is None:
        return settled_covariance(fit), ""
    cov = np.zeros_like(fit.joint_covariance)
    own = np.flatnonzero(~fit.result.constants)
    cov[np.ix_(own, own)] = covariance_of(fit, vcov)
    return settled_covariance(fit, cov), resolved(fit, vcov)[1]


def effects_table(
    estimates: Estimates,
    cov: np.ndarray,
    asking: Asking,
    notes: tuple[str, ...] = (),
    limits: tuple[Array, Array, Array] | None = None,
) -> Effects:
    """The table.

    Parameters
    ----------
    limits : (statistic, lower, upper) or None
        Where they are made on another scale.
    """
    asking = asking.checked()
    null = 0.0
    if is_null(asking.hypothesis):
        null, limits = float(asking.hypothesis), None
    elif asking.hypothesis is not None:
        estimates, limits = tested(estimates, asking.hypothesis), None
    error, df = standard_errors(estimates, cov), asking.degrees(estimates)
    columns: dict[str, Any] = {str(name): estimates.labels[name].array.copy() for name in estimates.labels}
    value, half = estimates.value, quantile((1 + asking.conf_level) / 2, df)
    with np.errstate(all="ignore"):
        statistic, low, high = (value - null) / error, value - half * error, value + half * error
        if limits is not None:
            statistic, low, high = limits
        several = bool(np.ndim(df))
        told = partial(probabilities, df)
        p, s_value = told(statistic) if several else by_rows(told, statistic)
        columns |= {"estimate": value.copy(), "std_error": error.copy(), "statistic": statistic, "p_value": p}
        columns |= {"s_value": s_value, "conf_low": low, "conf_high": high} | ({"df": df} if several else {})
        if asking.equivalence is not None:
            columns |= _equivalence(value, error, asking, df)
        if asking.transform is not None:
            _transform(columns, asking.transform)
    frame = pd.DataFrame(columns, copy=False)  # of arrays that are the table's own
    shown = frame.shape[1]
    if estimates.rows is not None:
        more = [name for name in estimates.rows.columns if name not in frame.columns]
        frame = pd.concat([frame, estimates.rows[more]], axis=1)
    frame.attrs |= {"shown": shown, "limits": tuple(percent_names(asking.conf_level))}
    if np.isfinite(df).all():
        frame.attrs["statistic"] = "t"
    table = Effects(frame, kind="effects", footer=notes)
    table.estimates, table.covariance = estimates, cov
    return table


def standard_errors(estimates: Estimates, cov: np.ndarray) -> Array:
    """By the delta method, sqrt(g' V g); none where there is no estimate."""
    if estimates.gradient is None:
        assert estimates.error is not None
        error = estimates.error
    else:
        g = estimates.gradient
        error = np.sqrt(np.maximum(np.einsum("er,er->e", g @ cov, g), 0.0))
    lost = np.isnan(estimates.value)
    return np.where(lost, np.nan, error) if lost.any() else np.asarray(error)


def probabilities(df: float | Array, statistic: Array) -> tuple[Array, Array]:
    """Two-sided p-values and their surprise."""
    p = two_sided(statistic, df)
    return p, surprise(statistic, p, df)


def surprise(statistic: Array, p: Array, df: float | Array) -> Array:
    """-log2 of the p-value (Shannon's information against the null), where that underflows too."""
    with np.errstate(divide="ignore"):
        bits = np.asarray(-np.log2(p))
    far = np.flatnonzero(p < LEAST_P) if np.isinf(df).all() else np.empty(0, dtype=int)
    if len(far):
        bits[far] = -(np.log(2) + special.log_ndtr(-np.abs(statistic[far]))) / np.log(2)
    return bits


def _equivalence(value: Array, error: Array, asking: Asking, df: float | Array) -> dict[str, Array]:
    """Two one-sided tests of the bounds, and the larger probability of both (Schuirmann 1987)."""
    low, high = (float(bound) for bound in asking.equivalence)
    above, below = (value - low) / error, (value - high) / error

    def upper(statistic: Array) -> Array:
        tail = special.ndtr(-statistic) if np.isinf(df).all() else special.stdtr(df, -statistic)
        return np.asarray(tail)

    noninf, nonsup = upper(above), upper(-below)
    return {
        "statistic_noninf": above,
        "statistic_nonsup": below,
        "p_value_noninf": noninf,
        "p_value_nonsup": nonsup,
        "p_value_equiv": np.maximum(noninf, nonsup),
    }


def _transform(columns: dict[str, Any], transform: Any) -> None:
    """Estimate and limits transformed; the standard error and statistic are of what was there before, and go."""
    function = TRANSFORMS[transform] if isinstance(transform, str) else transform
    for name in ("estimate", "conf_low", "conf_high"):
        columns[name] = np.asarray(function(columns[name]), dtype=float)
    low, high = columns["conf_low"], columns["conf_high"]
    columns["conf_low"], columns["conf_high"] = np.minimum(low, high), np.maximum(low, high)
    del columns["std_error"], columns["statistic"]
