"""The model's table, its picture, and the tests of its terms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..fitted.coefficients import series_of
from ..inference.side_by_side.model_table import etable
from ..plot.coefficients import coefficient_plot
from .pictures import drawn
from .records import Item, Listing, Markup, Prose, Section
from .subject import Subject, attempt, number, ratios

MOST_TERMS = 20  # of which crude estimates are made, a fit for each
MOST_SMALL = 50_000  # rows up to which they are made
MOST_LINES = 60  # of a picture of coefficients
FLAT = 5e-4  # a ratio per unit that prints as 1.000


def estimates(subject: Subject) -> Section:
    """Coefficients with reference rows, rows and events by level; a picture of them."""
    fit = subject.fit
    what = (
        f"exp(coefficient), the {ratios(fit) or 'ratio'}"
        if subject.exponentiate
        else "coefficients on the link scale"
    )
    crude = (
        subject.in_memory
        and hasattr(fit, "on_terms")
        and fit.nobs <= MOST_SMALL
        and 1 < len(fit.terms.labels) <= MOST_TERMS
        and not any(":" in label for label in fit.terms.labels)
    )
    items: list[Item] = []
    table = attempt(_table, subject, crude)
    if table.value is None and crude:  # a term alone may be what cannot be fitted
        crude, table = False, attempt(_table, subject, False)
    if table.value is not None:
        beside = (
            " “Univariable”: each variable in a model of its own; “multivariable”: all together."
            if crude
            else ""
        )
        items.append(
            Markup(f"Table 2. The model: {what}, with {subject.interval} and p-value.{beside}", table.value)
        )
        items += [Prose(text) for text in _units(subject)]
    else:
        items.append(Prose(f"The table of coefficients is left out: {table.reason}"))
    if len(series_of(fit)) <= MOST_LINES:
        items += drawn(
            lambda: coefficient_plot(fit, subject.level, subject.exponentiate, "wald"),
            "Estimates of the model with their confidence intervals, a line each",
            f"Estimates with Wald's {subject.interval}: {what}."
            + (
                " The line at 1 is no association."
                if subject.exponentiate
                else " The line at 0 is no association."
            ),
        )
    random = subject.ask("VarCorr")
    if random.value is not None:
        items += [
            Prose("Standard deviations (and correlations) of the random effects, and of the residuals:"),
            Listing(str(random.value)),
        ]
    return Section("estimates", "The model", tuple(items))


def _table(subject: Subject, univariable: bool) -> str:
    return etable(
        subject.fit,
        names=[""],
        layout="beside",
        statistic="ci",
        stars=False,
        exponentiate=subject.exponentiate,
        conf_level=subject.level,
        vcov=subject.vcov,
        counts=subject.training is not None,
        univariable=univariable,
        stats=("nobs", "groups", "loglik", "aic", "bic"),
    ).to_html()


def _units(subject: Subject) -> list[str]:
    """Of numbers whose unit is so small that the table shows nothing: the same over their quartiles."""
    rows = subject.rows
    if rows is None or not subject.exponentiate:
        return []
    found, known = [], series_of(subject.fit)
    for name in rows.columns:
        beta = float(known.get(str(name), np.nan))
        if rows[name].dtype.kind not in "iuf" or not 0 < abs(np.expm1(beta)) < FLAT:
            continue
        low, high = np.quantile(rows[name].to_numpy(dtype=float), [0.25, 0.75])
        if high > low:
            found.append(
                f"One unit of {name} is small beside its spread, so that its ratio prints as 1.000. From "
                f"the lower quartile to the upper one ({number(low)} to {number(high)}) the ratio is "
                f"{number(float(np.exp(beta * (high - low))))}."
            )
    return found


def tests(subject: Subject) -> Section | None:
    """Whether each term as a whole is needed."""
    options: dict[str, Any] = {} if subject.vcov is None else {"vcov": subject.vcov}
    answer = subject.ask("Anova", **options)
    if answer.value is None:
        if not answer.reason:
            return None
        return Section(
            "tests", "Tests of the terms", (Prose(f"They are left out: {answer.reason}."),), absent=True
        )
    said = (
        "Each line tests all coefficients of a term together, given the other terms that do not contain "
        "it (type II). A large p-value is no evidence that a term has no effect: see its interval."
    )
    items: list[Item] = [Prose(said), Listing(str(answer.value))]
    items += [Prose(f"While they were made: {text}") for text in answer.heard]
    return Section("tests", "Tests of the terms", tuple(items))
