"""``cv_glmnet``: a penalised path with its penalty chosen by cross-validation, glmnet's ``cv.glmnet``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from ..engine.penalised import folds as cv
from ..engine.penalised.fit import PenalisedPath, fit_path
from ..errors import DataError, DataWarning, FitError, give_warning
from ..fitted.protocols import shown
from ..runtime.blas import one_blas_thread
from ..runtime.progress import showing
from ..sources.memory import MemorySource
from .at_penalty import AtPenalty
from .measures import measure_of
from .penalised import Glmnet
from .penalties import checked_options, penalty_of
from .relaxed import blended, checked_gamma, interpolated

if TYPE_CHECKING:
    from ..families import Family
    from ..render.table import StatTable

CHOSEN = {"lambda.min": "lambda_min", "lambda.1se": "lambda_1se"}
OWN = ("nfolds", "foldid", "type_measure", "seed")


@dataclass(frozen=True, eq=False)
class CvGlmnet(Glmnet):
    """A path with its cross-validated losses, R's class ``cv.glmnet``; see :func:`glmformula.cv_glmnet`.

    Attributes
    ----------
    cvm, cvsd : ndarray (L,)
        Mean loss of the folds, and its standard error.
    measure, name : str
        What it is of, and its name in print.
    folds : int
    gamma, gamma_cvm, gamma_cvsd : ndarray (G,), (G, L), (G, L), or None
        With ``relax=True``: the blends, their mean losses and standard errors.

    Examples
    --------
    >>> from glmformula import cv_glmnet, datasets
    >>> fit = cv_glmnet("salary ~ experience_years + overtime_hours", datasets.attrition(), seed=1)
    >>> fit.lambda_min <= fit.lambda_1se
    True
    """

    cvm: np.ndarray
    cvsd: np.ndarray
    measure: str
    name: str
    folds: int
    gamma: np.ndarray | None = None
    gamma_cvm: np.ndarray | None = None
    gamma_cvsd: np.ndarray | None = None

    @property
    def glmnet_fit(self) -> Glmnet:
        """The path of all rows."""
        return Glmnet(**{f.name: getattr(self, f.name) for f in fields(Glmnet)})

    @property
    def nzero(self) -> np.ndarray:
        """Coefficients that are not zero (L,)."""
        return self.df

    @property
    def index(self) -> tuple[int, int]:
        """Places of `lambda_min` and `lambda_1se` in the path, from 0."""
        loss = -self.cvm if self.measure == "auc" else self.cvm
        best = int(np.flatnonzero(loss <= np.nanmin(loss))[0])
        near = int(np.flatnonzero(loss <= loss[best] + self.cvsd[best])[0])
        return best, near

    @property
    def lambda_min(self) -> float:
        """The penalty with the least loss."""
        return float(self.lambda_[self.index[0]])

    @property
    def lambda_1se(self) -> float:
        """The largest penalty whose loss is within one standard error of the least."""
        return float(self.lambda_[self.index[1]])

    @property
    def relaxed_index(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Places (gamma, lambda) of the least loss among the blends, and of the one within a standard error of it.

        Of those the largest penalty, and then the largest gamma.
        """
        if self.gamma is None or self.gamma_cvm is None or self.gamma_cvsd is None:
            raise FitError("no blends were cross-validated: fit with relax=True")
        loss = -self.gamma_cvm if self.measure == "auc" else self.gamma_cvm

        def first(good: np.ndarray) -> tuple[int, int]:
            k = int(np.flatnonzero(good.any(axis=0))[0])
            return int(np.flatnonzero(good[:, k])[-1]), k

        best = first(loss <= np.nanmin(loss))
        return best, first(loss <= loss[best] + self.gamma_cvsd[best])

    @property
    def relaxed_min(self) -> tuple[float, float]:
        """The penalty and gamma with the least loss among the blends."""
        return self._pair(0)

    @property
    def relaxed_1se(self) -> tuple[float, float]:
        """The penalty and gamma of the sparsest blend within a standard error of the least loss."""
        return self._pair(1)

    def _pair(self, which: int) -> tuple[float, float]:
        g, k = self.relaxed_index[which]
        assert self.gamma is not None
        return float(self.lambda_[k]), float(self.gamma[g])

    def _chosen(self, s: Any, gamma: Any) -> tuple[Any, float]:
        """The penalty, and the share of it; the blend's own choice where there is one."""
        if self.gamma is None:
            return self._number(s), 1.0 if gamma is None else gamma
        pair = (
            self.relaxed_min if isinstance(s, str) and CHOSEN.get(s, s) == "lambda_min" else self.relaxed_1se
        )
        self._number(s)
        return pair[0] if isinstance(s, str) else s, pair[1] if gamma is None else gamma

    def coef(self, s: Any = "lambda.1se", exact: bool = False, gamma: float | None = None) -> Any:
        """Coefficients at a penalty, R's ``coef.cv.glmnet``.

        Parameters
        ----------
        s : {"lambda.1se", "lambda.min"} or numbers
        exact : bool
            As of ``Glmnet.coef``.
        gamma : float, optional
            With ``relax=True``; default: the one that was chosen with `s`, R's ``coef.cv.relaxed``.

        Returns
        -------
        Series; DataFrame for several
        """
        given, share = self._chosen(s, gamma)
        return self.glmnet_fit.coef(given, exact, share)

    def predict(
        self,
        newdata: Any = None,
        s: Any = "lambda.1se",
        type: str = "link",
        exact: bool = False,
        *,
        gamma: float | None = None,
        na_action: str = "na.pass",
        new_levels: str = "error",
        out: Any = None,
    ) -> Any:
        """Predictions at a penalty, by default ``"lambda.1se"``; otherwise as ``Glmnet.predict``."""
        given, share = self._chosen(s, gamma)
        return super().predict(
            newdata,
            given,
            type,
            exact,
            gamma=share,
            na_action=na_action,
            new_levels=new_levels,
            out=out,
        )

    @property
    def fitted_values(self) -> Any:
        """Means of the rows of the fit at ``lambda_1se``."""
        return self.predict(type="response")

    def at_penalty(self, s: Any = None) -> AtPenalty:
        """The fit at one penalty, "lambda.1se" if none is named; see ``Glmnet.at_penalty``."""
        return super().at_penalty("lambda.1se" if s is None else s)

    def refit_selected(self, s: Any = "lambda.1se") -> Any:
        """The terms selected at a penalty, that of `coef`, as a GLM; see ``Glmnet.refit_selected``."""
        return self.glmnet_fit.refit_selected(self._chosen(s, None)[0])

    def fused(self, s: Any = "lambda.1se", exact: bool = False, gamma: float | None = None) -> StatTable:
        """Groups of levels at a penalty, by default ``"lambda.1se"``; otherwise as ``Glmnet.fused``."""
        given, share = self._chosen(s, gamma)
        return self.glmnet_fit.fused(given, exact, share)

    def ridge_summary(self, s: Any = "lambda.1se") -> StatTable:
        """See ``Glmnet.ridge_summary``; a penalty that these data chose makes its errors too small."""
        return self.glmnet_fit.ridge_summary(self._number(s))

    def _number(self, s: Any) -> Any:
        if isinstance(s, str):
            name = CHOSEN.get(s, s)
            if name not in CHOSEN.values():
                raise ValueError(f"s should be 'lambda.min', 'lambda.1se' or a number; got {s!r}")
            return getattr(self, name)
        return s

    def assess(self, newdata: Any = None, s: Any = "lambda.1se", gamma: float | None = None) -> pd.DataFrame:
        """Measures of how well rows are predicted, by default at ``"lambda.1se"``; otherwise as ``Glmnet.assess``."""
        given, share = self._chosen(s, gamma)
        return self.glmnet_fit.assess(newdata, given, share)

    def _exact(self, s: np.ndarray) -> Any:
        return self.glmnet_fit._exact(s)

    def table(self) -> StatTable:
        """Lambda, place, loss and number of coefficients at the two penalties, as it prints."""
        from ..inference.penalised import cv_table

        return cv_table(self)

    def plot(self, sign: int = 1, *, ax: Any = None) -> Any:  # type: ignore[override]
        """The losses against log(lambda), R's ``plot.cv.glmnet``; ``glmnet_fit.plot()`` has the path.

        With ``relax=True`` a curve for each gamma, R's ``plot.cv.relaxed``, and lines at the penalties that were chosen
        with a gamma.

        Parameters
        ----------
        sign : {1, -1}
            -1: against -log(lambda).
        ax : matplotlib Axes, optional

        Returns
        -------
        Axes
        """
        from ..plot.penalised import cv_plot

        return cv_plot(self, sign, ax)

    def saved_fields(self) -> dict[str, Any]:
        """What a file holds of it beside the formula and the schema."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in PATH_FIELDS}
        return super().saved_fields() | {"cv": own}

    @classmethod
    def from_saved(cls, shared: Mapping[str, Any], own: Mapping[str, Any]) -> Self:
        """What a file holds."""
        path = Glmnet.from_saved(shared, own)
        return cls(**{f.name: getattr(path, f.name) for f in fields(Glmnet)}, **own["cv"])

    @classmethod
    def _fitted(cls, arguments: Mapping[str, Any]) -> Self:
        given = dict(arguments)
        nfolds, foldid, seed = given["nfolds"], given["foldid"], given["seed"]
        if foldid is None and (
            isinstance(nfolds, bool) or not isinstance(nfolds, int | np.integer) or nfolds < 3
        ):
            raise ValueError(
                f"nfolds must be bigger than 3; nfolds=10 recommended (3 is the least); got {shown(nfolds)}"
            )
        if foldid is not None:
            given["etastart"] = numbered(foldid, given["data"])
        path = Glmnet._fitted(given)
        call = path.call.replace("glmnet(", "cv_glmnet(", 1)
        path = replace(path, call=call)
        measure, (name, loss) = measure_of(given["type_measure"], path.family)
        gammas = (
            sorted({checked_gamma(one) for one in np.atleast_1d(given["gamma"]).tolist()})
            if given["relax"]
            else []
        )
        source = path.rows.source
        if foldid is None:
            if not isinstance(source, MemorySource):
                raise DataError(
                    "rows in files have no folds drawn at random: give foldid= the name of a column (or an expression, "
                    "such as 'id %% 10')"
                )
            draws = np.arange(source.nrows) % int(nfolds)
            source = replace(source, etastart=np.random.default_rng(seed).permutation(draws).astype(float))
        with showing(given["progress"]), one_blas_thread():
            folds = cv.folds_of(source)
            if len(folds) < 3:
                raise ValueError(
                    f"nfolds must be bigger than 3; nfolds=10 recommended (3 is the least): foldid has {len(folds)}"
                )
            paths = fold_paths(given, path, source, folds)
            small = path.nobs / len(folds)
            if loss is None and small < 10:
                give_warning(
                    "Too few (< 10) observations per fold for type.measure='auc' in cv.lognet; changed to "
                    "type.measure='deviance'. Alternatively, use smaller value for nfolds",
                    DataWarning,
                )
                measure, (name, loss) = measure_of("deviance", path.family)
            grouped = loss is None or small >= 3
            if not grouped:
                give_warning(
                    "Option grouped=FALSE enforced in cv.glmnet, since < 3 observations per fold", DataWarning
                )
            # the last is the penalised path itself
            shares = [*gammas, 1.0]
            means, errors = np.empty((2, len(shares), len(path.lambda_)))
            for k, share in enumerate(shares):
                blends = [blended(found, share) for found in paths]
                betas = np.array([interpolated(found.lambdas, found.beta, path.lambda_) for found in blends])
                means[k], errors[k] = losses_of(source, path.family, folds, betas, loss, grouped)
        own: dict[str, Any] = {f.name: getattr(path, f.name) for f in fields(Glmnet)}
        if gammas:
            own |= {"gamma": np.array(gammas), "gamma_cvm": means[:-1], "gamma_cvsd": errors[:-1]}
        return cls(**own, cvm=means[-1], cvsd=errors[-1], measure=measure, name=name, folds=len(folds))


def losses_of(
    source: Any, family: Family, folds: np.ndarray, betas: np.ndarray, loss: cv.Loss | None, grouped: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Mean losses of the folds' rows (L,) at their coefficients (K, L, p), and their standard errors."""
    found = cv.losses(source, family, folds, betas, loss, loss is None or not grouped)
    if loss is None:
        return cv.summarised(areas(found, len(folds), betas.shape[1]), found.weights)
    if grouped:
        return cv.summarised(found.losses / found.weights[:, None], found.weights)
    rows = [np.concatenate(column) for column in zip(*found.kept)]
    return cv.summarised(rows[3], rows[2])


PATH_FIELDS = frozenset(f.name for f in fields(Glmnet))


def numbered(foldid: Any, data: Any) -> Any:
    """Fold numbers as rows can carry them: labels of any kind become numbers."""
    if isinstance(foldid, str):
        if not isinstance(data, pd.DataFrame) or foldid not in data:
            return foldid
        column = data[foldid]
        if column.dtype.kind in "iuf":
            return name_of(foldid)
        foldid = column
    labels = foldid if isinstance(foldid, pd.Series) else pd.Series(np.asarray(foldid))
    codes, _ = pd.factorize(labels, sort=True)
    numbers = np.where(codes < 0, np.nan, codes + 1.0)
    return pd.Series(numbers, index=labels.index) if isinstance(foldid, pd.Series) else numbers


def name_of(column: str) -> str:
    return column if column.isidentifier() else f"`{column}`"


def fold_paths(given: Mapping[str, Any], path: Glmnet, source: Any, folds: np.ndarray) -> list[PenalisedPath]:
    """The paths of fits without each fold, on their own lambdas.

    Raises
    ------
    FitError
        A fit fails; says without which fold.
    """
    grid, base = checked_options(given)
    penalty = penalty_of(given, base, path.column_names, path.assign, path.terms.labels)
    out = []
    for fold in folds.tolist():
        try:
            rows = cv.without_fold(source, fold)
            out.append(
                fit_path(rows, path.family, path.column_names, path.assign, penalty, grid, given["relax"])
            )
        except FitError as error:
            raise FitError(f"without the rows of fold {fold:g} there is no fit: {error}") from error
    return out


def areas(found: cv.FoldRows, folds: int, count: int) -> np.ndarray:
    """Areas under the ROC curves (K, L)."""
    fold, y, weights, eta = (np.concatenate(column) for column in zip(*found.kept))
    values = np.empty((folds, count))
    for k in range(folds):
        own = fold == k
        values[k] = [cv.area(y[own], weights[own], column) for column in eta[own].T]
    return values


def cv_glmnet(
    formula: str,
    data: Any,
    family: Any = "gaussian",
    alpha: float = 1.0,
    *,
    nfolds: int = 10,
    foldid: Any = None,
    type_measure: str | None = None,
    seed: int | None = None,
    nlambda: int = 100,
    lambda_min_ratio: float | None = None,
    lambda_: Any = None,
    standardize: bool = True,
    intercept: bool = True,
    penalty_factor: Any = None,
    lower_limits: Any = None,
    upper_limits: Any = None,
    group: str | None = None,
    fuse: Any = None,
    relax: bool = False,
    gamma: Any = (0.0, 0.25, 0.5, 0.75, 1.0),
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    na_action: str = "na.omit",
    contrasts: Any = None,
    thresh: float = 1e-9,
    progress: bool | None = None,
) -> CvGlmnet:
    """Choose the penalty of a path by cross-validation, R's ``cv.glmnet``.

    Each fold is predicted by a path of the others, on its own penalties as R does, interpolated at those of the path
    of all rows. The loss is the weighted mean over folds, its standard error that of the folds' means.

    Parameters
    ----------
    formula, data, family, alpha, nlambda, lambda_min_ratio, lambda_, standardize, intercept, penalty_factor,
    lower_limits, upper_limits, group, fuse, weights, offset, subset, na_action, contrasts, thresh, progress
        As of :func:`glmformula.glmnet`.
    nfolds : int
        At least 3; rows are shared out at random.
    foldid : str, array or Series, optional
        The fold of each row: a column (of any labels: clusters stay together), an expression, or values. Needed where
        rows are in files. A row without a fold is left out.
    type_measure : {"deviance", "mse", "mae", "class", "auc"}, optional
        The loss; "class" and "auc" of a binomial. Default: deviance, for least squares "mse".
    relax, gamma : bool, numbers
        With ``relax=True`` each of these blends of penalised and relaxed coefficients is cross-validated too, and
        `coef` and `predict` take the best; `cvm` and `lambda_min` stay those of the penalised path.
    seed : int, optional
        Of the random folds; R's ``sample`` draws others.

    Returns
    -------
    CvGlmnet

    Raises
    ------
    FormulaError, DataError, FamilyError, FitError, ValueError
        With what was expected, what arrived and where.

    Warns
    -----
    DataWarning
        Folds so small that R changes what is measured.

    Notes
    -----
    Friedman, Hastie & Tibshirani (2010). Ties count half in the area under the ROC curve; R breaks them at random.

    Examples
    --------
    >>> from glmformula import cv_glmnet, datasets
    >>> data = datasets.attrition()
    >>> data["fold"] = [k % 5 for k in range(500)]
    >>> fit = cv_glmnet("sick_days ~ overtime_hours + salary + left", data, family="poisson", foldid="fold")
    >>> print(fit)
    <BLANKLINE>
    Call:  cv_glmnet(formula = sick_days ~ overtime_hours + salary + left,
        data = data, family = "poisson")
    <BLANKLINE>
    Measure: Poisson Deviance
    <BLANKLINE>
        Lambda Index Measure      SE Nonzero
    min 0.0060    57   1.102 0.04158       3
    1se 0.3278    14   1.139 0.03602       2
    <BLANKLINE>
    >>> fit.coef(s="lambda.min").round(4)
    (Intercept)       0.9838
    overtime_hours    0.0246
    salary            0.0000
    left             -0.1045
    dtype: float64
    """
    return CvGlmnet._fitted(dict(locals()))
