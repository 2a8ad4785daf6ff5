"""``glmnet``: ridge, lasso and elastic-net paths from a formula, R's package of that name."""

from __future__ import annotations

from typing import Any

from .penalised import Glmnet


def glmnet(
    formula: str,
    data: Any,
    family: Any = "gaussian",
    alpha: float = 1.0,
    *,
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
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    na_action: str = "na.omit",
    contrasts: Any = None,
    thresh: float = 1e-9,
    progress: bool | None = None,
) -> Glmnet:
    """Fit a path of generalized linear models with ridge, lasso or elastic-net penalties, R's ``glmnet``.

    The fit at lambda minimises

        deviance / (2 W) + lambda sum_j f_j (alpha s_j |b_j| + (1 - alpha) s_j^2 b_j^2 / (2 v)),

    W the sum of the weights, s_j the standard deviation of column j (1 with ``standardize=False``), f_j the penalty
    factors scaled to sum to the number of columns, and v = 1, for least squares the standard deviation of the
    response, as in R (Friedman, Hastie & Tibshirani 2010). The intercept is not penalised.

    Parameters
    ----------
    formula, data, weights, offset, subset, na_action, contrasts, progress
        As of :func:`glmformula.glm`; every source that `glm` takes.
    family : Family, function or str
        Any family; "gaussian", "binomial" and "poisson" as R's own, others as R's ``family = Gamma()``.
    alpha : float
        From 0 (ridge) to 1 (lasso).
    nlambda : int
    lambda_min_ratio : float, optional
        The last penalty over the first; default 1e-4, with fewer rows than columns 1e-2.
    lambda_ : numbers, optional
        Your own penalties.
    standardize, intercept : bool
        An intercept must also be in the formula.
    penalty_factor : mapping of column or term to number, or numbers for all columns, optional
        0: not penalised; infinite: left out.
    lower_limits, upper_limits : number, mapping of column or term to number, or numbers for all columns, optional
        Bounds of the coefficients, at most and at least 0.
    group : {None, "term"}
        "term": the group lasso; the columns of a term, so the levels of a factor, are zero together or not at all.
    fuse : str or list of str, optional
        Factors whose neighbouring levels are to share coefficients: the fused lasso. They are main effects, their
        levels in order: of an ordered factor or `cut` as they stand, of texts that of the alphabet. Columns are steps,
        ``band>=30`` how much that level and all above it are beyond the one before; `fused` has the groups. With
        ``lower_limits={"band": 0}`` levels can only rise.
    relax : bool
        Fit the columns that are not zero again without a penalty, inside their limits; ``gamma=`` of `coef` and
        `predict` blends the two (Hastie, Tibshirani & Tibshirani 2020), from 1, the penalised, to 0. Nothing where
        there are more than n - 3 of them, as in R.
    thresh : float
        Every solution satisfies the conditions of a minimum to this share of the null model's largest gradient.

    Returns
    -------
    Glmnet

    Raises
    ------
    FormulaError, DataError, FamilyError, FitError, ValueError
        With what was expected, what arrived and where.

    Warns
    -----
    ConvergenceWarning
        Part of the path is not solved as well as that.

    Notes
    -----
    R stops by the change of its objective (``thresh = 1e-7``), which leaves coefficients 0.01 to 2 % off; here the
    conditions of a minimum are met. ``thresh`` is another number than R's. See docs/differences.md.

    With ``group="term"`` the absolute values are replaced by the lengths of the terms: for a term g of p_g columns
    (their rank) that add the vector e_g to the linear predictor,

        lambda alpha sum_g f_g sqrt(p_g) |e_g|,  |e_g| its standard deviation (weighted, 1/W),

    that is, columns are made orthonormal within each term (Yuan & Lin 2006; Simon & Tibshirani 2012; R's grpreg), so
    that contrasts and reference levels do not matter. A term of one column is penalised as in the lasso.

    With ``fuse=`` the coefficients b_j of a factor are the differences of neighbouring levels (Tibshirani, Saunders,
    Rosset, Zhu & Knight 2005; R's smurf, Devriendt, Antonio, Reynkens & Verbelen 2021). Standardised, a step is
    penalised by sqrt(q (1 - q)), q the share of weight above it: least at the ends of the scale, where rows are few on
    one side. ``standardize=False`` is the plain fused lasso: all neighbours count alike, and other columns by their
    units.

    Examples
    --------
    >>> from glmformula import datasets, glmnet
    >>> data = datasets.attrition()
    >>> fit = glmnet("salary ~ experience_years + overtime_hours", data, lambda_=[500, 100, 10])
    >>> print(fit)
    <BLANKLINE>
    Call:  glmnet(formula = salary ~ experience_years + overtime_hours,
        data = data, lambda_ = lambda_)
    <BLANKLINE>
      Df %Dev Lambda
    1  1 0.19    500
    2  2 0.40    100
    3  2 0.42     10
    <BLANKLINE>
    """
    return Glmnet._fitted(dict(locals()))
