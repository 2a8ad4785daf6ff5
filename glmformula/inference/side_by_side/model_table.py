"""``etable``: several models side by side, of any class; estimates, levels, counts and fits as a whole."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ...errors import choice
from ...fitted.protocols import is_model, no_model
from ...frame.interchange import needed
from ...render.model_table import Grid, blocks_of, docx_of, gt_of, html_of, latex_of, markdown_of
from ...render.report import Block, Rendered
from .model_columns import STATS, ModelColumn, column_of, first_parts_together, univariable_of, with_whole
from .model_rows import Shape, numbers_of, rows_of, summary_rows

STATISTICS = ("se", "ci", "p", "t", "none")
LAYOUTS = ("below", "beside")
STARS = {"***": 0.001, "**": 0.01, "*": 0.05}


@dataclass(frozen=True, repr=False, eq=False)
class ModelTable(Rendered):
    """Several models side by side.

    Attributes
    ----------
    grid : Grid
        All as text.
    frame : DataFrame
        The numbers: rows by part, term and statistic, a column for each model.
    """

    grid: Grid
    frame: pd.DataFrame

    def blocks(self, digits: int | None = None) -> list[Block]:
        """Text and tables in printing order.

        Examples
        --------
        >>> from glmformula import datasets, etable, glm
        >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
        >>> [type(block).__name__ for block in etable(fit).blocks()]
        ['Cells', 'str']
        """
        return blocks_of(self.grid)

    def to_markdown(self, *, digits: int | None = None) -> str:
        """GitHub-flavoured Markdown.

        Examples
        --------
        >>> from glmformula import datasets, etable, glm
        >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
        >>> print(etable(fit, stats=["nobs"], statistic="none", stars=False).to_markdown())
        |                |    (1) |
        |:---------------|-------:|
        | (Intercept)    | -4.594 |
        | overtime_hours |  0.191 |
        | Observations   |    500 |
        <BLANKLINE>
        """
        return markdown_of(self.grid)

    def to_html(self, *, digits: int | None = None) -> str:
        """An HTML fragment that keeps its looks in a notebook and in Word.

        Examples
        --------
        >>> from glmformula import datasets, etable, glm
        >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
        >>> etable(fit).to_html().splitlines()[0]
        '<div class="glmformula">'
        """
        return html_of(self.grid)

    def to_latex(
        self, *, caption: str | None = None, label: str | None = None, digits: int | None = None
    ) -> str:
        """One booktabs tabular; in a ``table`` environment where there is a title, caption or label.

        Examples
        --------
        >>> from glmformula import datasets, etable, glm
        >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
        >>> print(etable(fit, stats=["nobs"], statistic="none", stars=False).to_latex())
        \\begin{tabular}{lr}
        \\toprule
         & \\multicolumn{1}{c}{(1)} \\\\
        \\midrule
        (Intercept) & -4.594 \\\\
        overtime\\_hours & 0.191 \\\\
        \\midrule
        Observations & 500 \\\\
        \\bottomrule
        \\end{tabular}
        <BLANKLINE>
        """
        return latex_of(self.grid, caption, label)

    def to_docx(self, path: str | os.PathLike[str]) -> None:
        """A Word document (needs python-docx, the extra ``report``).

        Parameters
        ----------
        path : str or path

        Examples
        --------
        >>> from glmformula import datasets, etable, glm
        >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     etable(fit).to_docx(Path(folder) / "table.docx")
        """
        docx = needed("docx", "report", "a Word document needs")
        needed("docx.enum.text", "report", "a Word document needs")
        docx_of(self.grid, path, docx)

    def to_gt(self) -> Any:
        """A Great Tables object, to be styled further (needs great_tables, the extra ``report``).

        Examples
        --------
        >>> from glmformula import datasets, etable, glm
        >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
        >>> type(etable(fit).to_gt()).__name__
        'GT'
        """
        return gt_of(self.grid, needed("great_tables", "report", "this table needs"), pd)


def etable(
    fit: Any,
    *others: Any,
    names: Sequence[str] | None = None,
    statistic: str = "se",
    exponentiate: bool = False,
    stars: bool | Mapping[str, float] = True,
    digits: int = 3,
    vcov: Any = None,
    conf_level: float = 0.95,
    layout: str = "below",
    reference: bool | None = None,
    counts: bool = False,
    univariable: bool = False,
    intercept: bool = True,
    keep: str | None = None,
    drop: str | None = None,
    labels: Mapping[str, str] | None = None,
    stats: Sequence[str] = ("nobs", "groups", "loglik", "aic", "bic"),
    title: str = "",
    notes: Sequence[str] = (),
) -> ModelTable:
    """Fitted models side by side, of any class and number.

    Parameters
    ----------
    *others : fitted models
        They stand beside `fit`.
    names : list of str, optional
        Headings of the models; default ``(1)``, ``(2)`` ...
    statistic : {"se", "ci", "p", "t", "none"}
        What stands with each estimate.
    exponentiate : bool
        Estimates and limits as exp(.), odds or rate ratios; standard errors by the delta method.
    stars : bool or mapping
        Stars by p-value, ``{"*": 0.05}``.
    digits : int
        Decimals.
    vcov : covariance or list of one for each model, optional
        ``"HC1"``, ``{"cluster": "firm"}`` ... (see ``fit.summary``); the table names it.
    conf_level : float
        Of Wald's intervals.
    layout : {"below", "beside"}
        The statistic under the estimate, as economists have it, or beside it with a p-value, as physicians do.
    reference : bool, optional
        Factors as a heading with a row for each level, that of reference too. Default: with "beside".
    counts : bool
        Columns ``n`` and, of a binomial or count response, ``events``: rows and their sum of the response by level.
    univariable : bool
        Before each model the models of each of its terms alone.
    intercept : bool
        Whether intercepts are shown.
    keep, drop : str, optional
        Regular expressions of coefficients' names.
    labels : mapping, optional
        Of coefficients, of variables, or of levels ("variable=level").
    stats : list of str
        Of "nobs", "groups" (levels of each grouping factor), "loglik", "aic", "bic", "df_residual", "deviance",
        "r_squared", "theta", "dispersion".
    title : str
    notes : list of str
        Lines under the table.

    Returns
    -------
    ModelTable
        It prints, and has ``.frame``, ``.to_html()``, ``.to_latex()``, ``.to_markdown()``, ``.to_docx(path)``,
        ``.to_gt()``.

    Raises
    ------
    FitError
        Something that is no fitted model.
    ValueError
        No model; unknown statistic, layout or stats; names or covariances that are not one for each model.

    Notes
    -----
    Parts of a model (counts and zeros) and outcome levels have their own rows under a heading; the count part shares
    the rows of models without parts. Of a mixed model the standard deviations and correlations of the random effects
    are rows of their own, without standard errors, and never exponentiated. R's modelsummary,
    gtsummary's ``tbl_regression`` and ``tbl_uvregression``.

    Examples
    --------
    >>> from glmformula import datasets, etable, glm
    >>> data = datasets.attrition()
    >>> small = glm("left ~ overtime_hours", data, family="binomial")
    >>> large = small.update(". ~ . + experience_years")
    >>> etable(small, large, stats=["nobs", "aic"])
                           (1)       (2)
    (Intercept)      -4.594*** -3.882***
                       (0.759)   (0.868)
    overtime_hours      0.191*    0.192*
                       (0.081)   (0.082)
    experience_years              -0.154
                                 (0.100)
    Observations           500       500
    AIC                  191.1     190.6
    Std. errors in parentheses. * p < 0.05, ** p < 0.01, *** p < 0.001
    """
    fits = (fit, *others)
    _checked(fits, statistic, layout, stats, digits)
    headings = list(names) if names is not None else [f"({k})" for k in range(1, len(fits) + 1)]
    covariances = list(vcov) if isinstance(vcov, list | tuple) else [vcov] * len(fits)
    for what, given in (("names", headings), ("vcov", covariances)):
        if len(given) != len(fits):
            raise ValueError(f"{what} should be one for each of the {len(fits)} models; got {len(given)}")
    shown = _filter(keep, drop, intercept)
    pairs: list[ModelColumn] = []
    for one, name, cov in zip(fits, headings, covariances, strict=True):
        if univariable:
            pairs.append(univariable_of(one, f"{name} univariable", cov, exponentiate, conf_level, shown))
        made = column_of(
            one, f"{name} multivariable" if univariable else name, cov, exponentiate, conf_level, shown
        )
        pairs.append(with_whole(made, one, stats, counts))
    pairs = first_parts_together(fits, pairs)
    marks = dict(STARS) if stars is True else dict(stars) if stars else {}
    wanted = layout == "beside" if reference is None else reference
    rows = rows_of(fits, pairs, wanted, labels or {}, shown)
    shape = Shape(statistic, layout, digits, marks, exponentiate, conf_level, counts)
    grid = Grid(
        spans=tuple(span for column in pairs for span in shape.spans(column)),
        columns=tuple(text for column in pairs for text in shape.headings(column)),
        rows=(*shape.body(rows, pairs), *summary_rows(pairs, stats, shape)),
        notes=(*shape.notes(pairs), *notes),
        title=title,
    )
    return ModelTable(grid, numbers_of(rows, pairs))


def _checked(fits: Sequence[Any], statistic: str, layout: str, stats: Iterable[str], digits: int) -> None:
    for one in fits:
        if not is_model(one):
            raise no_model(one, "etable()")
    choice("statistic", statistic, STATISTICS)
    choice("layout", layout, LAYOUTS)
    if digits < 0:
        raise ValueError(f"digits should be 0 or more decimals; got {digits}")
    for name in stats:
        if name not in STATS:
            raise ValueError(f"stats should be among {', '.join(map(repr, STATS))}; got {name!r}")


def _filter(keep: str | None, drop: str | None, intercept: bool) -> Callable[[str], bool]:
    def shown(name: str) -> bool:
        if not intercept and name == "(Intercept)":
            return False
        return (keep is None or bool(re.search(keep, name))) and not (drop and re.search(drop, name))

    return shown
