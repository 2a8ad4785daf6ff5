"""A model's predictions as SQL: one expression that any database computes where the rows are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FitError, choice
from ..fitted.protocols import has_one_mean, is_parametric, no_model, single_index
from ..translate import expressions as ex
from ..translate.dialects import DIALECTS, Dialect
from ..translate.expressions import Node
from ..translate.links import inverse, slope
from ..translate.predictor import ESTIMABLE, Predictors, roots, squares
from ..translate.quantities import written
from ..translate.symbols import Untranslatable
from ..translate.writer import quoted, write
from .hypotheses.null_space import null_space

if TYPE_CHECKING:
    from ..fitted.protocols import Parametric, Predicting, SingleIndex
    from ..formula.terms import Terms

NEW_LEVELS = ("na", "error")
SCALES = ("response", "link")
NAMES = {"postgresql": "postgres", "databricks": "spark"}


@dataclass(frozen=True)
class Answer:
    """What a row gives: columns by name, and when it gives nothing.

    Attributes
    ----------
    columns : tuple of (str, Node)
        A name is "" where there is but one column.
    lost : Node
        Whether a variable has no value, or a level that the fit has not seen.
    unseen : list of (str, Node, Node)
        For each factor its name, whether a row has an unseen level, and the level.
    """

    columns: tuple[tuple[str, Node], ...]
    lost: Node
    unseen: list[tuple[str, Node, Node]]


def to_sql(
    fit: Predicting,
    dialect: str = "duckdb",
    *,
    type: str | None = None,
    se: bool = False,
    new_levels: str = "na",
    table: str | None = None,
) -> str:
    """The model's predictions as an SQL expression, to be computed where the rows are.

    Everything that `predict` does with new data is in it: levels, contrasts, splines, polynomials, frozen means and
    breaks, interactions, offsets. It agrees with `predict` to 12 digits or so; what a database cannot compute as
    exactly is an error that names the function. Numbers are written with the digits that read back as the same
    double; names and texts are quoted, whatever is in them.

    Parameters
    ----------
    dialect : {"duckdb", "postgres", "sqlite", "snowflake", "bigquery", "spark"}
    type : str, optional
        As `predict`'s: of a generalized linear model "response" (default) or "link"; of other models their own
        ("probs" gives a column for each category).
    se : bool
        Add the standard error, sqrt(x' V x), times |dmu/deta| on the response scale (delta method): written as a sum
        of squares, as many as there are coefficients. Of models with one linear predictor.
    new_levels : {"na", "error"}
        What a level gives that the fit has not seen: NULL, or an error of the query (not in SQLite, where no
        expression can raise one). A missing value always gives NULL.
    table : str, optional
        Write a whole query instead: all columns of this table, and the prediction beside them.

    Returns
    -------
    str
        An expression; with `se`, or of several columns, a list of them with names (``... AS "fit"``), to follow
        SELECT.

    Raises
    ------
    FormulaError
        A function that other languages, or this one, cannot write exactly; a registered function.
    DataError
        The fit's ``offset=`` was an array.
    ValueError
        An unknown dialect, type or policy.

    Notes
    -----
    Of a mixed model it is the mean of the population, ``predict(re_form="~0")``.

    Columns are cast to doubles, so that whole numbers neither overflow nor divide as such; NaN counts as missing.
    Dates are columns of the type DATE, times of TIMESTAMP without a zone (UTC); SQLite has them as ISO texts. In
    PostgreSQL sums and products that overflow are errors, as everywhere there.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> print(fit.to_sql("sqlite", type="link"))  # doctest: +ELLIPSIS
    -4.59... + 0.19... * CASE WHEN TYPEOF("overtime_hours") IN ('integer', 'real') THEN "overtime_hours" * 1.0 END
    """
    language = dialect_of(dialect)
    choice("new_levels", new_levels, NEW_LEVELS)
    if not isinstance(se, bool | np.bool_):
        raise ValueError(f"se should be True or False; got {se!r}")
    if table is not None and not isinstance(table, str):
        raise ValueError(f"table should be the name of a table; got {table!r}")
    answer = answers(fit, type, se)
    columns = [(name, settled(answer, node, new_levels)) for name, node in answer.columns]
    if len(columns) == 1 and table is None:
        return write(columns[0][1], language)
    named = [f"{write(node, language)} AS {quoted(name or 'fit', language)}" for name, node in columns]
    if table is None:
        return ",\n".join(named)
    return "SELECT *,\n" + ",\n".join(named) + f"\nFROM {quoted(table, language)}"


def dialect_of(name: Any) -> Dialect:
    known = NAMES.get(name, name) if isinstance(name, str) else None
    if known not in DIALECTS:
        raise ValueError(f"dialect should be one of {', '.join(map(repr, DIALECTS))}; got {name!r}")
    return DIALECTS[known]


def settled(answer: Answer, node: Node, new_levels: str) -> Node:
    """A column with what missing values and unseen levels give around it."""
    branches: list[tuple[Node, Node]] = []
    if new_levels == "error":
        for name, new, label in answer.unseen:
            text = ex.op("||", ex.Word(f"factor {name} has a level that the fit has not seen: "), label)
            branches.append((new, ex.op("error", text)))
    if answer.lost != ex.FALSE:
        branches.append((answer.lost, ex.NOTHING))
    return ex.case(*branches, default=node)


def answers(fit: Predicting, type: str | None = None, se: bool = False) -> Answer:
    """What a row gives, as expressions of no language yet.

    Raises
    ------
    ValueError
        An unknown type.
    FormulaError
    """
    if is_parametric(fit):
        if se:
            raise Untranslatable(
                "standard errors of a model of several linear predictors are not written as an expression: use "
                "predict(se_fit=True)"
            )
        return _of_several(fit, type)
    if not has_one_mean(fit):
        single_index(fit, "an expression", "it has no single linear predictor")
        raise no_model(fit, "to_sql()")
    return _of_one(fit, "response" if type is None else type, se)


def _of_one(fit: SingleIndex, type: str, se: bool) -> Answer:
    choice("type", type, SCALES)
    predictors, terms = Predictors(fit.schema), fit.terms
    beta = np.nan_to_num(fit.result.coefficients)
    offset = predictors.offset(terms, True)
    eta = ex.add(predictors.linear(terms, beta), offset)
    lost = lost_rows(fit, predictors, beta)
    link = fit.family.link
    columns = [("fit" if se else "", inverse(link)(eta) if type == "response" else eta)]
    if se:
        kept = ~fit.aliased
        parts = [predictors.linear(terms, _spread(root, kept)) for root in roots(np.asarray(fit.covariance))]
        error: Node = ex.op("sqrt", squares(parts))
        if type == "response":
            error = ex.multiply(error, ex.op("abs", slope(link)(eta)))
        columns.append(("se_fit", error))
    return Answer(tuple(columns), lost, predictors.unseen(terms))


def lost_rows(fit: SingleIndex, predictors: Predictors, beta: np.ndarray | None = None) -> Node:
    """Whether a row has no prediction: a variable is missing (with `beta` only those that X beta does not miss by
    itself, as it does an offset), a level is unseen, or it is not estimable."""
    lost = predictors.lost(fit.terms, beta)
    return ex.either(lost, _not_estimable(fit, predictors)) if fit.aliased.any() else lost


def _spread(values: np.ndarray, kept: np.ndarray) -> np.ndarray:
    out = np.zeros(len(kept))
    out[kept] = values
    return out


def _not_estimable(fit: SingleIndex, predictors: Predictors) -> Node:
    """Rows that need a combination of columns that the data never had: `predict` gives NaN for them."""
    null = null_space(fit)
    assert null is not None
    reach = squares([predictors.linear(fit.terms, column) for column in null.T])
    size = squares([predictors.linear(fit.terms, one) for one in np.eye(len(null))])
    return ex.op(">=", reach, ex.multiply(ex.Number(ESTIMABLE), size))


def _of_several(fit: Parametric, type: str | None) -> Answer:
    quantities = fit.likelihood.quantities
    name = type
    if name is None:  # the first that is a number
        name = next((n for n, one in quantities.items() if one.jacobian is not None), next(iter(quantities)))
    quantity = fit.quantity(name)
    predictors = Predictors(fit.schema)
    parts = fit.terms.parts or (fit.terms,)
    nodes = written(quantity, name, _etas(fit, predictors, parts))
    names = quantity.columns or ("",) * len(nodes)
    unseen = {key: rest for part in parts for key, *rest in predictors.unseen(part)}
    return Answer(
        tuple(zip(names, nodes, strict=True)), ex.FALSE, [(key, a, b) for key, (a, b) in unseen.items()]
    )


def _etas(fit: Parametric, predictors: Predictors, parts: Sequence[Terms]) -> list[Node]:
    """The linear predictors, and the constants."""
    layout, parameters = fit.result.layout, fit.result.solved.parameters
    bases = [0, *accumulate(len(part.labels) + 1 for part in parts)]
    out: list[Node] = []
    for k, (which, place) in enumerate(zip(layout.columns, layout.slices(), strict=True)):
        if which is None:
            out.append(ex.number(float(parameters[place][0])))
            continue
        part = fit.likelihood.parts[k] or 0
        beta = np.zeros(len(fit.assign))
        beta[which] = parameters[place]
        own = (fit.assign >= bases[part]) & (fit.assign < bases[part + 1])
        own_beta = _without_intercept(parts[part], beta[own], fit.assign[own] - bases[part])
        lost = predictors.lost(parts[part], own_beta)
        eta = ex.case((lost, ex.NOTHING), default=predictors.linear(parts[part], own_beta))
        if layout.offsets[k] is not None:
            if layout.reference is not None and parts[part].offsets:
                raise FitError("an offset with a column for each category is not written as an expression")
            eta = ex.add(eta, predictors.offset(parts[part], part == 0))
        out.append(eta)
    return out


def _without_intercept(terms: Terms, beta: np.ndarray, assign: np.ndarray) -> np.ndarray:
    """The coefficients of all columns that the terms make, 0 of an intercept that the design has not."""
    if terms.intercept and not (assign == 0).any():
        return np.concatenate([[0.0], beta])
    return beta
