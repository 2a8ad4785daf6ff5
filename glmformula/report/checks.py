"""May it be trusted: what was looked at, what was found, and what it means, a sentence each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..fitted.coefficients import kept_of, names_of
from ..fitted.protocols import has_one_mean, is_single_index
from ..inference.checks.simulated_residuals import SimulatedResiduals, simulate_residuals
from ..plot.checks import residual_panels
from .pictures import drawn
from .population import events_of
from .records import NOTE, PROBLEM, Finding, Findings, Item, Prose, Section
from .subject import Answer, Subject, attempt, count, listed, number, probability

DRAWS, FEW_DRAWS = 250, 50
SMALL, LARGE = 20_000, 200_000  # rows: up to here so many draws; up to there fewer; none beyond
MOST_PLOTTED = 200_000  # rows of the panels of residuals
INFLATED, VERY_INFLATED = 5.0, 10.0
DISPERSED = 1.2
UNLIKELY = 0.01
EVENTS_PER_COEFFICIENT = 10
MOST_ROWS_OF_INFLUENCE = 200_000

Check = Callable[[Subject], Iterator[Finding]]


def findings(subject: Subject, simulated: Answer) -> list[Finding]:
    """All that was found, problems first."""
    checks: tuple[Check, ...] = (convergence, separation, aliased, size, collinearity, influence, dispersion)
    found = [finding for check in checks for finding in check(subject)]
    found += list(of_residuals(simulated))
    order = {PROBLEM: 0, NOTE: 1}
    return sorted(found, key=lambda finding: order.get(finding.mark, 2))


def convergence(subject: Subject) -> Iterator[Finding]:
    """Whether the estimates are the optimum."""
    fit = subject.fit
    if not hasattr(fit, "converged"):
        return
    if not fit.converged:
        yield Finding(
            "Convergence", "The iterations did not converge: no number of this report is final.", PROBLEM
        )
        return
    found = subject.ask("certificate").value
    if found is None:
        yield Finding("Convergence", "The iterations converged.")
    elif hasattr(found, "correct_digits"):
        digits = found.correct_digits
        text = f"The iterations converged; the coefficients have about {number(digits, 2)} correct digits."
        few = not digits >= 4
        yield Finding(
            "Convergence",
            text if np.isfinite(digits) else "The iterations converged.",
            NOTE if few else "good",
        )
    else:
        near = f"they are {number(found.distance, 2)} standard errors from it"
        mark = "good" if found.ok else PROBLEM
        verdict = "are" if found.ok else "are NOT shown to be"
        yield Finding("Convergence", f"The estimates {verdict} the maximum of the likelihood: {near}.", mark)
    if getattr(fit, "is_singular", False):
        text = (
            "A variance of the random effects is estimated as 0, or a correlation as ±1: simplify that part."
        )
        yield Finding("Singular fit", text, NOTE)
    if getattr(fit, "boundary", False):
        yield Finding(
            "Boundary",
            "The fit ends at the edge of the valid means: standard errors do not hold there.",
            PROBLEM,
        )


def separation(subject: Subject) -> Iterator[Finding]:
    """Coefficients without a finite estimate."""
    found = subject.ask("certificate").value
    infinite = getattr(found, "separation", "") or getattr(found, "infinite", "")
    if infinite:
        yield Finding(
            "Separation",
            f"No finite estimate: {infinite}. Some combination of the variables predicts the outcome "
            "perfectly, so these coefficients, their standard errors and Wald tests mean nothing. Merge "
            "levels, or use a penalised likelihood (method='firth').",
            PROBLEM,
        )
    elif found is not None and subject.training is not None:
        yield Finding("Separation", "None: every coefficient has a finite estimate.")


def aliased(subject: Subject) -> Iterator[Finding]:
    """Columns that say what others say."""
    names = [name for name, kept in zip(names_of(subject.fit), kept_of(subject.fit)) if not kept]
    if names:
        text = f"{listed(names)}: a linear combination of other columns, so left out of the model."
        yield Finding("Aliased columns", text, NOTE)


def size(subject: Subject) -> Iterator[Finding]:
    """Events for each coefficient."""
    events = events_of(subject)
    if events is None:
        return
    answer = subject.ask("roc").value
    fewer = min(answer.successes, answer.failures)
    used = int(kept_of(subject.fit).sum() - subject.fit.terms.intercept)
    if not used:
        return
    each = fewer / used
    many = "coefficient" if used == 1 else "coefficients"
    text = f"{count(fewer)} of the rarer outcome for {used} {many}: {number(each, 2)} for each."
    if each < EVENTS_PER_COEFFICIENT:
        text += (
            f" With fewer than {EVENTS_PER_COEFFICIENT} estimates tend to be too large and intervals too "
            "narrow: expect shrinkage in new data."
        )
    yield Finding("Size of the sample", text, NOTE if each < EVENTS_PER_COEFFICIENT else "good")


def collinearity(subject: Subject) -> Iterator[Finding]:
    """Variance inflation."""
    answer = subject.ask("vif")
    if answer.value is None:
        return
    frame = answer.value.frame
    if frame.shape[1] > 1:  # comparable between terms of several columns
        values = frame.iloc[:, 2] ** 2
    else:
        values = frame.iloc[:, 0]
    # a term that others contain is inflated by its centre, not by the data
    inside = [str(n) for n in values.index if any(n != m and n in str(m).split(":") for m in values.index)]
    plain = values[[str(n) not in inside and ":" not in str(n) for n in values.index]]
    if not len(plain):
        return
    worst = plain.idxmax()
    top = float(plain[worst])
    text = f"The largest variance inflation is {number(top, 3)} ({worst})."
    if top >= INFLATED:
        many = [str(n) for n in plain.index[plain >= INFLATED]]
        text += (
            f" Other variables nearly determine {listed(many)}: the standard errors are "
            f"{number(top**0.5, 2)} times what they would be otherwise, and single coefficients are hard "
            "to read. Tests of the terms together hold."
        )
    yield Finding(
        "Collinearity", text, PROBLEM if top >= VERY_INFLATED else NOTE if top >= INFLATED else "good"
    )


def influence(subject: Subject) -> Iterator[Finding]:
    """Rows that move the estimates."""
    if not is_single_index(subject.fit) or not subject.in_memory or subject.fit.nobs > MOST_ROWS_OF_INFLUENCE:
        return
    answer = subject.ask("influence_measures")
    if answer.value is None:
        return
    table, marked = answer.value.frame, answer.value.is_influential
    moved = marked.iloc[:, :-4].any(axis=1)
    cook = table["cook.d"]
    if not len(cook) or not np.isfinite(cook).any():
        return
    worst = cook.idxmax()
    text = f"The largest Cook's distance is {number(float(cook.max()))} (row {worst})."
    if moved.any():
        rows = [str(label) for label in moved.index[moved]]
        text += (
            f" {count(len(rows))} {'row moves' if len(rows) == 1 else 'rows move'} some coefficient by "
            f"more than its standard error: {listed(rows)}. Check these rows, and say whether the "
            "conclusions hold without them."
        )
    else:
        text += " No single row moves any coefficient by as much as its standard error."
    yield Finding("Influence", text, NOTE if moved.any() or cook.max() > 1 else "good")


def dispersion(subject: Subject) -> Iterator[Finding]:
    """More or less variance than the family has."""
    family = getattr(subject.fit, "family", None)
    single = has_one_mean(subject.fit)
    if not single or family is None or family.fixed_dispersion is None or subject.training is None:
        return
    if family.reading == "binomial" and not _grouped(subject):
        yield Finding(
            "Overdispersion", "Not looked for: a response of single yes/no rows cannot be overdispersed."
        )
        return
    found = subject.ask("overdispersion").value
    if found is None:
        return
    ratio, p = found.estimate, found.p_value
    text = f"Pearson's statistic over its degrees of freedom is {number(ratio)} ({probability(p)} for no more than 1)."
    if ratio > DISPERSED and p < UNLIKELY:
        text += (
            " The response varies more than the family says: standard errors are too small by a factor of "
            f"about {number(ratio**0.5, 2)}. Use quasi- or negative binomial families, or robust standard "
            "errors (vcov='HC3')."
        )
    yield Finding("Overdispersion", text, PROBLEM if ratio > DISPERSED and p < UNLIKELY else "good")


def _grouped(subject: Subject) -> bool:
    """Whether a binomial response has rows of several trials."""
    found = subject.ask("roc").value
    return found is not None and found.successes + found.failures > 1.5 * subject.fit.nobs


TESTS = {
    "uniformity": (
        "Shape of the residuals",
        "the distribution of the residuals",
        "The response does not follow the model's distribution everywhere.",
    ),
    "dispersion": (
        "Spread of the residuals",
        "their variance over that of draws from the model",
        "The response varies more (or less) than the model says.",
    ),
    "outliers": (
        "Outliers",
        "the share of rows outside of all draws from the model",
        "There are more (or fewer) extreme responses than the model makes.",
    ),
    "zeros": (
        "Zeros",
        "observed zeros over expected ones",
        "The share of zeros is not the model's: see zero_test(), zeroinfl() and hurdle().",
    ),
}


def simulated(subject: Subject) -> Answer:
    """Residuals by simulation, drawn as often as the size allows."""
    if not hasattr(subject.fit, "simulate") or not subject.in_memory or subject.fit.nobs > LARGE:
        return Answer()
    draws = DRAWS if subject.fit.nobs <= SMALL else FEW_DRAWS
    return attempt(simulate_residuals, subject.fit, draws, subject.seed)


def of_residuals(answer: Answer) -> Iterator[Finding]:
    """A sentence for each of their tests."""
    if answer.value is None:
        return
    for name, row in answer.value.tests.iterrows():
        title, what, meaning = TESTS[str(name)]
        statistic, p = float(row["statistic"]), float(row["p_value"])
        if not np.isfinite(statistic):
            continue
        if name == "outliers" and statistic <= 2 / (answer.value.nsim + 1):
            yield Finding(
                title,
                f"{number(100 * statistic)}% of the rows are outside of all draws: no more than the model makes.",
            )
            continue
        text = f"{what[0].upper()}{what[1:]}: {number(statistic)} ({probability(p)})."
        yield Finding(title, f"{text} {meaning}" if p < UNLIKELY else text, NOTE if p < UNLIKELY else "good")


def trust(found: list[Finding]) -> Section:
    """The findings."""
    worst = found[0].mark if found else "good"
    verdict = {
        PROBLEM: "Something below must be dealt with before the results are used.",
        NOTE: "No check stopped the fit; what needs a look is listed first.",
    }.get(worst, "Every check that applies to this model was passed.")
    return Section("trust", "May it be trusted?", (Prose(verdict), Findings(tuple(found))))


def diagnostics(subject: Subject, residuals: Answer) -> Section | None:
    """Pictures of the residuals."""
    key, title = "diagnostics", "Diagnostics"
    if not hasattr(subject.fit, "simulate"):
        return None
    items: list[Item] = []
    if not subject.in_memory:
        return Section(
            key, title, (Prose(f"{subject.absent_rows}: pictures of residuals are left out."),), absent=True
        )
    if isinstance(residuals.value, SimulatedResiduals):
        items.append(
            Prose(
                "Residuals by simulation: where each response stands among responses drawn from the "
                "model. If the model is true they are uniform: the points on the left lie on the line, "
                "the red lines in the middle run along the dashed ones, the bars on the right are level."
            )
        )
        items += drawn(
            lambda: residual_panels(residuals.value),
            "Three panels of residuals by simulation: quantiles, against fitted values, histogram",
            f"Residuals by simulation, {residuals.value.nsim} draws of each row.",
            wide=True,
        )
    elif residuals.reason:
        items.append(Prose(f"Residuals by simulation are left out: {residuals.reason}."))
    elif subject.fit.nobs > LARGE:
        items.append(Prose(f"Residuals by simulation are left out: more than {count(LARGE)} rows."))
    if hasattr(subject.fit, "plot") and subject.fit.nobs <= MOST_PLOTTED:
        items += drawn(
            lambda: subject.fit.plot(),
            "Four panels: residuals against fitted values, quantiles of residuals, scale and location, "
            "leverage",
            "R's panels. Upper row: a red line that bends means a wrong shape of some effect (left; bands "
            "are usual for counts and yes/no responses); points that leave the line, tails that the "
            "family lacks (right). Lower row: a red line that rises means a variance that grows (left); "
            "rows beyond the dashed contours decide the estimates alone (right).",
            wide=True,
        )
    drawn_any = any(item.kind == "picture" for item in items)
    return Section(key, title, tuple(items), absent=not drawn_any) if items else None
