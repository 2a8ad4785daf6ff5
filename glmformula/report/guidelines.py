"""What reporting guidelines ask for, and where this report has it: STROBE, TRIPOD and SAMPL, in our own words.

STROBE: von Elm and others (2007), observational studies. TRIPOD: Collins and others (2015), prediction models.
SAMPL: Lang & Altman (2013), basic statistical reporting.
"""

from __future__ import annotations

from collections.abc import Iterable

from .records import Checklist, Prose, Section

AUTHOR = ""
ITEMS: tuple[tuple[str, str, str], ...] = (
    ("STROBE 4–6", "design, setting, dates, and how participants were chosen", AUTHOR),
    ("STROBE 7", "outcome, exposures, predictors, confounders", "model"),
    ("STROBE 9", "what was done about bias", AUTHOR),
    ("STROBE 12a", "statistical methods", "methods"),
    ("STROBE 12c", "how missing data were handled", "rows"),
    ("STROBE 13", "numbers at each stage, with reasons for leaving", "rows"),
    ("STROBE 14", "characteristics of participants, with missing values by variable", "table-one"),
    ("STROBE 15", "numbers of outcome events", "model"),
    ("STROBE 16", "estimates, unadjusted and adjusted, with intervals", "estimates"),
    ("STROBE 16c", "absolute differences beside ratios", "effects"),
    ("STROBE 18–22", "interpretation, limits, generalisability, funding", AUTHOR),
    ("SAMPL", "the purpose of the analysis; which comparisons were planned", AUTHOR),
    ("SAMPL", "coefficients with intervals; exact p-values", "estimates"),
    ("SAMPL", "assumptions checked, collinearity, residuals, outlying rows", "trust"),
    ("SAMPL", "the software and its version", "methods"),
    ("TRIPOD 8", "size of the sample, events for each coefficient", "trust"),
    ("TRIPOD 10b", "type of model; how predictors were chosen", "methods"),
    ("TRIPOD 10d, 16", "measures of performance, with intervals", "performance"),
    ("TRIPOD 14b", "each predictor's own association", "estimates"),
    ("TRIPOD 15a", "the whole model, with its intercept, to predict from", "estimates"),
)


def checklist(sections: Iterable[Section]) -> Section:
    """Where each item is; what no computer knows is left to the author. TRIPOD's where the model predicts events."""
    titles = {section.key: section.title for section in sections if not section.absent}
    predicts = "performance" in titles
    entries = tuple(
        (source, what, key if key in titles else "", titles.get(key, "for the author to say"))
        for source, what, key in ITEMS
        if (predicts or not source.startswith("TRIPOD")) and (key in titles or key == AUTHOR)
    )
    said = "Items of STROBE (observational studies), SAMPL (statistics) and, of models that predict events, TRIPOD."
    return Section("checklist", "For the journal's checklist", (Prose(said), Checklist(entries)))
