"""A fitted path of ridge, lasso or elastic-net penalties: R's class ``glmnet``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from ..design.contrast import kept as own_contrasts
from ..engine.penalised.fit import PenalisedPath, fit_path
from ..errors import ConvergenceWarning, FamilyError, FitError, give_warning
from ..families import Family, get_family
from ..families.records import family_of, family_record
from ..fitted.rows import same_table, training_rows
from ..fitted.training import TrainingData, held
from ..formula.terms import Terms
from ..frame.schema import Schema
from ..runtime.blas import one_blas_thread
from ..runtime.progress import showing
from .at_penalty import AtPenalty
from .face import PredictiveVerbs
from .penalties import called, check_fused, checked_options, fused_names, numbers_of, penalty_of
from .relaxed import blended, interpolated

if TYPE_CHECKING:
    from ..render.table import StatTable
    from .model import GLM

UNUSED = {"start": None, "etastart": None, "mustart": None}
# A residual of the conditions of a minimum above this, relative to the null model's gradient, is told.
TOLD = 1e-6


@dataclass(frozen=True, eq=False)
class Glmnet(PredictiveVerbs):
    """A path of penalised fits, R's class ``glmnet``; see :func:`glmformula.glmnet`.

    Attributes
    ----------
    formula, call : str
    terms : Terms
    family : Family
    column_names : tuple of str (p,)
        Of the design.
    assign : ndarray of int (p,)
        Column to term, 0 the intercept.
    result : PenalisedPath
    options : mapping
        alpha, standardize and the like, as they were given.
    schema : Schema
    n_omitted : int
        Rows left out for missing values.
    training : TrainingData or None
        The rows; None after ``strip_data()``.

    Examples
    --------
    >>> from glmformula import datasets, glmnet
    >>> fit = glmnet("left ~ salary + overtime_hours + experience_years", datasets.attrition(), "binomial", nlambda=5)
    >>> fit.coef(s=0.02).round(4)
    (Intercept)        -3.0180
    salary             -0.0000
    overtime_hours      0.0233
    experience_years   -0.0167
    dtype: float64
    """

    formula: str
    call: str
    terms: Terms
    family: Family
    column_names: tuple[str, ...]
    assign: np.ndarray
    result: PenalisedPath
    options: Mapping[str, Any]
    schema: Schema
    n_omitted: int
    training: TrainingData | None = field(repr=False)

    # -- the path ------------------------------------------------------------------------------------------

    @property
    def lambda_(self) -> np.ndarray:
        """The penalties (L,), the largest first."""
        return self.result.lambdas

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """Coefficients by column (p, L), in the data's own units; the intercept first, where there is one."""
        return pd.DataFrame(self.result.beta.T, index=list(self.column_names), columns=self._steps)

    @property
    def a0(self) -> pd.Series:
        """The intercepts (L,)."""
        first = np.flatnonzero(self.assign == 0)
        values = self.result.beta[:, first[0]] if len(first) else np.zeros(len(self.lambda_))
        return pd.Series(values, index=self._steps)

    @property
    def beta(self) -> pd.DataFrame:
        """Coefficients without the intercept."""
        return self.coefficients[self.assign != 0]

    @property
    def df(self) -> np.ndarray:
        """Coefficients that are not zero, without the intercept, (L,)."""
        return np.asarray((self.result.beta[:, self.assign != 0] != 0).sum(axis=1))

    @property
    def dev_ratio(self) -> np.ndarray:
        """The share of the null deviance that is explained, (L,)."""
        return self.result.dev_ratio

    @property
    def null_deviance(self) -> float:
        """Of the model with an intercept alone (and the offset)."""
        return self.result.null_deviance

    @property
    def deviance(self) -> np.ndarray:
        """(L,)."""
        return (1 - self.dev_ratio) * self.null_deviance

    @property
    def nobs(self) -> int:
        """Rows of non-zero weight."""
        return self.result.nobs

    @property
    def residual(self) -> np.ndarray:
        """(L,): how far each solution is from the conditions of a minimum, over the largest gradient of the null model.

        By Karush, Kuhn and Tucker it is 0 at the minimum, and nowhere else.
        """
        return self.result.residuals

    @property
    def path(self) -> None:
        """There is no ``step``; the path of penalties is `coefficients`."""
        return None

    @property
    def loglik(self) -> float:
        """There is none of a whole path; a FitError names what to ask."""
        raise FitError(
            "a penalised path has no likelihood that AIC or a test could compare: ask fit.dev_ratio and fit.deviance, "
            "choose the penalty with cv_glmnet(), or fit.refit_selected(s=) for a GLM"
        )

    @property
    def criterion(self) -> str:
        """What the estimates make as small as can be: "penalised", the deviance with a penalty."""
        return "penalised"

    @property
    def _steps(self) -> list[str]:
        return [f"s{k}" for k in range(len(self.lambda_))]

    def at(self, s: Any) -> np.ndarray:
        """Coefficients (len(s), p) at penalties `s`, interpolated as glmnet does (linearly in lambda)."""
        return interpolated(self.lambda_, self.result.beta, np.atleast_1d(np.asarray(s, dtype=float)))

    def at_gamma(self, gamma: float) -> Glmnet:
        """The path as a blend: `gamma` times the penalised coefficients, the rest of the relaxed (``relax=True``)."""
        return replace(self, result=blended(self.result, gamma))

    def coef(self, s: Any = None, exact: bool = False, gamma: float = 1.0) -> Any:
        """Coefficients at penalties `s`, R's ``coef.glmnet``.

        Parameters
        ----------
        s : number or numbers, optional
            Default: the whole path. Between two penalties of the path the coefficients are interpolated.
        exact : bool
            Solve at `s` instead; needs the rows of the fit.
        gamma : float
            With ``relax=True``: 1 the penalised coefficients, 0 those of the same columns without a penalty, between
            them a blend, R's ``coef.relaxed``.

        Returns
        -------
        DataFrame (p, len(s)); a Series for one number

        Examples
        --------
        >>> from glmformula import datasets, glmnet
        >>> fit = glmnet("salary ~ experience_years + overtime_hours", datasets.attrition())
        >>> fit.coef(s=10).round(2)
        (Intercept)         52792.09
        experience_years      316.69
        overtime_hours         90.28
        dtype: float64
        """
        if s is None:
            return self.at_gamma(gamma).coefficients
        given = self._penalties(s)
        values = (self._exact(given) if exact else self).at_gamma(gamma).at(given)
        names = list(self.column_names)
        if np.ndim(s) == 0:
            return pd.Series(values[0], index=names)
        return pd.DataFrame(values.T, index=names, columns=[f"s{k + 1}" for k in range(len(given))])

    def at_penalty(self, s: Any = None) -> AtPenalty:
        """The fit at one penalty, which can be asked how well it predicts: `roc`, `cross_validate` ...

        Parameters
        ----------
        s : float

        Returns
        -------
        AtPenalty

        Raises
        ------
        FitError
            None is named, and none was chosen.

        Examples
        --------
        >>> from glmformula import datasets, glmnet
        >>> fit = glmnet("sick_days ~ salary + overtime_hours", datasets.attrition(), family="poisson")
        >>> round(fit.at_penalty(0.1).gini(), 3)
        0.037
        """
        if s is None:
            raise FitError(
                f"this is a path of {len(self.lambda_)} penalties, and what it expects depends on which: ask "
                "fit.at_penalty(s), or cv_glmnet(), which chooses one"
            )
        if np.ndim(s):
            raise ValueError(f"s should be one penalty; got {s!r}")
        self.coef(s)
        return AtPenalty(self, s)

    def _penalties(self, s: Any) -> np.ndarray:
        return numbers_of(s, "s", least=0.0)

    def _exact(self, s: np.ndarray) -> Self:
        return self.refit(lambda_=np.unique(s)[::-1])

    def nonzero(self, s: Any = None) -> Any:
        """Names of the columns whose coefficient is not zero: a list for one penalty, else a list for each."""
        table = self.beta if s is None else self.coef(s)
        if isinstance(table, pd.Series):
            table = table[self.assign != 0]
            return [name for name, value in table.items() if value != 0]
        if s is not None:
            table = table[self.assign != 0]
        return [[name for name, value in table[k].items() if value != 0] for k in table]

    def predict(
        self,
        newdata: Any = None,
        s: Any = None,
        type: str = "link",
        exact: bool = False,
        *,
        gamma: float = 1.0,
        na_action: str = "na.pass",
        new_levels: str = "error",
        out: Any = None,
    ) -> Any:
        """Predictions at penalties `s`, R's ``predict.glmnet``.

        Parameters
        ----------
        newdata : DataFrame or other table, optional
            Default: the rows of the fit. An offset of the formula is evaluated in it.
        s : number or numbers, optional
            Default: the whole path.
        type : {"link", "response", "class", "nonzero", "coefficients"}
            "class": of a binomial, 1 (or the level whose probability it is) where it is above a half.
        exact, gamma
            As of `coef`.
        na_action, new_levels, out
            As of :func:`glmformula.predict`.

        Returns
        -------
        Series for one penalty, else a DataFrame with a column for each

        Examples
        --------
        >>> from glmformula import datasets, glmnet
        >>> fit = glmnet("left ~ salary + overtime_hours", datasets.attrition(), family="binomial")
        >>> fit.predict({"salary": [50000], "overtime_hours": [20]}, s=0.01, type="response").round(4)
        0    0.1532
        dtype: float64
        """
        from ..inference.penalised import path_predictions

        if type == "coefficients":
            return self.coef(s, exact, gamma)
        given = None if s is None else self._penalties(s)
        fit = (self._exact(given) if exact and given is not None else self).at_gamma(gamma)
        if type == "nonzero":
            return fit.nonzero(s)
        return path_predictions(
            fit, newdata, given, np.ndim(s) == 0 and s is not None, type, na_action, new_levels, out
        )

    @property
    def fitted_values(self) -> Any:
        """Means of the rows of the fit, a column for each penalty."""
        return self.predict(type="response")

    def assess(self, newdata: Any = None, s: Any = None, gamma: float = 1.0) -> pd.DataFrame:
        """How well the path predicts rows with a response, R's ``assess.glmnet``.

        Parameters
        ----------
        newdata : DataFrame or other table, optional
            Default: the rows of the fit. Weights of the fit that are named are evaluated in it.
        s : number or numbers, optional
            Default: the whole path.
        gamma : float
            As of `coef`.

        Returns
        -------
        DataFrame
            A row for each penalty: ``lambda``, and the weighted means of deviance, mse and mae; of a binomial the
            share misclassified and the AUC too (there mse and mae are summed over both classes, as in R).

        Examples
        --------
        >>> from glmformula import datasets, glmnet
        >>> data = datasets.attrition()
        >>> fit = glmnet("sick_days ~ salary + overtime_hours", data[:400], family="poisson")
        >>> fit.assess(data[400:], s=[0.3, 0.01]).round(3)
           lambda  deviance    mse    mae
        0    0.30     1.196  4.042  1.568
        1    0.01     1.178  3.991  1.551
        """
        from .assess import assessed

        given = self.lambda_ if s is None else self._penalties(s)
        return assessed(self.at_gamma(gamma), newdata, given)

    # -- other forms ---------------------------------------------------------------------------------------

    def tidy(self, return_zeros: bool = False) -> pd.DataFrame:
        """A row for each coefficient and penalty, broom's ``tidy.glmnet``."""
        values = self.result.beta
        steps, columns = np.nonzero((values != 0) | return_zeros)
        order = np.lexsort((steps, columns))
        steps, columns = steps[order], columns[order]
        return pd.DataFrame(
            {
                "term": np.asarray(self.column_names, dtype=object)[columns],
                "step": steps + 1,
                "estimate": values[steps, columns],
                "lambda": self.lambda_[steps],
                "dev_ratio": self.dev_ratio[steps],
            }
        )

    def glance(self) -> pd.DataFrame:
        """One row: the null deviance, passes over the rows, their number; broom's ``glance.glmnet``."""
        return pd.DataFrame(
            {"nulldev": [self.null_deviance], "npasses": [self.result.passes], "nobs": [self.nobs]}
        )

    def table(self) -> StatTable:
        """Df, %Dev and Lambda of each step, as it prints."""
        from ..inference.penalised import path_table

        return path_table(self)

    def __str__(self) -> str:
        return str(self.table()) + "\n"

    __repr__ = __str__

    def plot(self, xvar: str = "norm", label: bool = False, *, ax: Any = None) -> Any:
        """The coefficients along the path, R's ``plot.glmnet``.

        Parameters
        ----------
        xvar : {"norm", "lambda", "dev"}
            Against the sum of their absolute values, log(lambda), or the share of the deviance explained.
        label : bool
            Write the column's name at the end of its line.
        ax : matplotlib Axes, optional

        Returns
        -------
        Axes
        """
        from ..plot.penalised import path_plot

        return path_plot(self, xvar, label, ax)

    # -- rows and files ------------------------------------------------------------------------------------

    @property
    def rows(self) -> TrainingData:
        """The training rows; DataError when the model has been stripped of them, or they are not what they were."""
        return held(self.training, "coef and predict(newdata)")

    def on_rows(self, training: TrainingData | None, column_means: np.ndarray | None = None) -> Self:
        """The same estimates with other rows, or none."""
        return replace(self, training=training)

    def strip_data(self) -> Self:
        """The same path without a single training row."""
        return self.on_rows(None)

    def update(self, formula: str | None = None, **changes: Any) -> Self:
        """Fit the path again with changes, R's ``update``."""
        from ..inference.terms.update import update

        return update(self, formula, **changes)  # type: ignore[type-var]

    def refit(self, **changes: Any) -> Self:
        """The same call again with other arguments."""
        arguments = dict(self.rows.arguments) | same_table(self.rows) | changes
        return type(self)._fitted({k: v for k, v in arguments.items() if k not in UNUSED})

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the path, without its rows, to a file that `load` reads; no code is in it."""
        from .saved import save

        save(self, path)

    def saved_fields(self) -> dict[str, Any]:
        """What a file holds of the path beside the formula and the schema, as plain data."""
        return {
            "family": family_record(self.family),
            "options": dict(self.options),
            "result": {f.name: getattr(self.result, f.name) for f in fields(self.result)},
        }

    @classmethod
    def from_saved(cls, shared: Mapping[str, Any], own: Mapping[str, Any]) -> Self:
        """The path of what a file holds."""
        result = PenalisedPath(**own["result"])
        rest = {k: v for k, v in shared.items() if k not in ("design_names", "path")}
        return cls(
            **rest, family=family_of(own["family"]), options=own["options"], result=result, training=None
        )

    def refit_selected(self, s: float) -> GLM:
        """The terms that are selected at penalty `s` as an unpenalised GLM.

        Parameters
        ----------
        s : float

        Returns
        -------
        GLM
            Of the terms with a coefficient that is not zero (a factor with all its levels, one that was fused with
            the groups that are left), on the same rows. Its summary says that standard errors and p-values do not
            know of the selection.

        Examples
        --------
        >>> from glmformula import datasets, glmnet
        >>> fit = glmnet("left ~ salary + overtime_hours + experience_years", datasets.attrition(), family="binomial")
        >>> fit.refit_selected(s=0.01).formula
        'left ~ overtime_hours + experience_years'
        """
        from .selected import refit_selected

        return refit_selected(self, s)

    def fused(self, s: float, exact: bool = False, gamma: float = 1.0) -> StatTable:
        """Groups of neighbouring levels that share a coefficient, of each factor that was fused (``fuse=``).

        Parameters
        ----------
        s, exact, gamma
            As of `coef`, one penalty.

        Returns
        -------
        StatTable
            A row for each (factor, group): its first and last level, how many levels, what it adds to the linear
            predictor against the factor's first level, and exp of that: ``relativity`` of a log link, ``odds_ratio``
            of a logit.

        Examples
        --------
        >>> from glmformula import datasets, glmnet
        >>> data = datasets.attrition()
        >>> fit = glmnet("salary ~ cut(experience_years, 0:6 * 2)", data, fuse="cut(experience_years, 0:6 * 2)")
        >>> fit.fused(s=900)[["first", "last", "levels"]].values.tolist()
        [['(0,2]', '(4,6]', 3], ['(6,8]', '(10,12]', 3]]
        """
        from ..inference.fused import fused_table

        penalty = float(numbers_of(s, "s", single=True)[0])
        return fused_table(self, self.coef(penalty, exact, gamma), penalty, gamma)

    def ridge_summary(self, s: float) -> StatTable:
        """Estimates at a fixed ridge penalty with penalised standard errors, and effective degrees of freedom.

        Parameters
        ----------
        s : float
            The penalty, chosen without looking at these data.

        Returns
        -------
        StatTable
            ``.attrs["edf"]`` has the effective degrees of freedom, trace(H (H + P)^-1), H the information of the
            deviance and P that of the penalty.

        Raises
        ------
        FitError
            alpha is not 0: the lasso has no such standard errors.
        """
        from ..inference.penalised import ridge_summary

        return ridge_summary(self, s)

    def vcov(self) -> Any:
        """There is none: penalised estimates are biased; a FitError names what to ask."""
        raise FitError(
            "penalised estimates are biased, and an inverse information does not describe them: ask "
            "fit.ridge_summary(s=) of a ridge path, or fit.refit_selected(s=) for a GLM of the selected terms"
        )

    def confint(self) -> Any:
        """There is none, as of ``vcov()``."""
        return self.vcov()

    @classmethod
    def _fitted(cls, arguments: Mapping[str, Any]) -> Self:
        given = dict(arguments)
        family = get_family(given["family"])
        if family.free is not None:
            raise FamilyError(
                f"glmnet() takes a {family.free.name} that is known: estimate it with glm(), then give its value"
            )
        grid, base = checked_options(given)
        fuse = fused_names(given["fuse"])
        contrasts = own_contrasts(given["contrasts"], fuse)
        asked = {**UNUSED, **given, "family": family, "contrasts": contrasts}
        with showing(given["progress"]), one_blas_thread():
            training = training_rows(asked)
            frame = training.frame
            design = frame.design
            check_fused(fuse, frame)
            penalty = penalty_of(given, base, design.names, design.assign, frame.terms.labels)
            result = fit_path(
                training.source, family, design.names, design.assign, penalty, grid, given["relax"]
            )
        worst = int(result.residuals.argmax())
        if not np.isnan(result.failed_at):
            give_warning(
                f"the path ends before lambda {result.failed_at:.4g}: no solution was found there, since means leave "
                f"the range of the family {family.name} with link {family.link.name}; take a link whose means are "
                "always valid, or larger penalties",
                ConvergenceWarning,
            )
        elif result.residuals[worst] > TOLD:
            give_warning(
                f"the path did not converge: at lambda {result.lambdas[worst]:.4g} the conditions of a minimum are off "
                f"by {result.residuals[worst]:.1g} of the null model's gradient; stop the path earlier, with "
                "lambda_min_ratio= or lambda_=",
                ConvergenceWarning,
            )
        return cls(
            formula=frame.terms.text,
            call=called(given, family),
            terms=frame.terms,
            family=family,
            column_names=design.names,
            assign=design.assign,
            result=result,
            options={"alpha": float(given["alpha"]), "modelled": frame.modelled, "fuse": fuse},
            schema=frame.schema,
            n_omitted=frame.n_omitted,
            training=training,
        )
