"""``fit.report("r.html")``: one page that says what was modelled, what was found, and how far it can be trusted."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..frame.interchange import needed
from . import checks, effects, estimates, guidelines, methods, performance, population
from .page import page
from .records import PROBLEM, Finding, Section
from .subject import Subject, ratios

if TYPE_CHECKING:
    from ..fitted.protocols import Fit


@dataclass(frozen=True, repr=False)
class Report:
    """A report as plain data, and the page made of it.

    Attributes
    ----------
    title, about : str
    sections : tuple of Section
    findings : tuple of Finding
        What was looked at: ``title``, ``text``, ``mark`` ("good", "note" or "problem"); problems first.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> made = glm("left ~ overtime_hours", datasets.attrition(), family="binomial").report(bootstrap=0)
    >>> [section.title for section in made.sections][:3]
    ['May it be trusted?', 'What was modelled', 'Which rows']
    >>> made.trusted
    True
    """

    title: str
    about: str
    sections: tuple[Section, ...]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def trusted(self) -> bool:
        """Whether no finding is a problem."""
        return all(finding.mark != PROBLEM for finding in self.findings)

    @cached_property
    def html(self) -> str:
        """The page: one file that needs no network."""
        return page(self.title, self.about, self.sections)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page.

        Parameters
        ----------
        path : str or path

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from glmformula import datasets, glm
        >>> made = glm("left ~ overtime_hours", datasets.attrition(), family="binomial").report(bootstrap=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made.save(Path(folder) / "r.html")
        """
        Path(path).write_text(self.html, encoding="utf-8", newline="\n")

    def __repr__(self) -> str:
        lines = [f"Report: {self.title}", *(f"  {f.mark:7s} {f.title}: {f.text}" for f in self.findings)]
        return "\n".join(lines)


def report(
    fit: Fit,
    path: str | os.PathLike[str] | None = None,
    *,
    title: str | None = None,
    about: str = "",
    conf_level: float = 0.95,
    vcov: Any = None,
    exponentiate: bool | None = None,
    seed: int = 1,
    bootstrap: int | None = None,
    code: str | None = None,
) -> Report:
    """A report of the whole analysis as one HTML file that needs no network, for a screen, a phone or paper.

    Parameters
    ----------
    path : str or path, optional
        Where to write the page.
    title : str, optional
        Default: the response and the kind of model.
    about : str
        A paragraph of yours under the title: the question, the design, where the data come from.
    conf_level : float
        Of all intervals.
    vcov : covariance, optional
        As of ``fit.summary``: "HC3", ``{"cluster": "firm"}`` ...; of estimates, effects and tests.
    exponentiate : bool, optional
        Coefficients as ratios. Default: where the link is a log or a logit.
    seed : int
        Of the residuals by simulation and of the bootstrap.
    bootstrap : int, optional
        Samples of the internal validation of a binomial model; 0: none. Default: 100 up to 5,000 rows and 50
        coefficients, else none.
    code : str, optional
        What made the fit, to be shown in place of what is worked out here.

    Returns
    -------
    Report
        ``.html``, ``.save(path)``, ``.sections``, ``.findings``, ``.trusted``.

    Raises
    ------
    DataError
        jinja2 or matplotlib is not installed (the extra ``report``).
    ValueError
        A level that is not between 0 and 1; fewer than 0 samples.

    Notes
    -----
    Sections that mean nothing for a model are left out, and what needs rows in memory says so where they are not: any
    fitted model can be reported. The page has what STROBE, TRIPOD and SAMPL ask of an analysis: the flow of rows, their
    description by outcome, crude and adjusted estimates with reference rows and events, effects on the scale of the
    response, tests of terms, diagnostics, performance, methods with versions, and the code. It holds no date, so
    the same data give the same bytes. R has no counterpart; gtsummary, performance and report make parts of it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from glmformula import datasets, glm
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = fit.report(Path(folder) / "r.html", bootstrap=0)
    >>> print(made.findings[-1].title, made.trusted)
    Outliers True
    """
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level should be between 0 and 1; got {conf_level!r}")
    if bootstrap is not None and bootstrap < 0:
        raise ValueError(f"bootstrap should be 0 or more samples; got {bootstrap!r}")
    for module in ("jinja2", "matplotlib"):
        needed(module, "report", "a report needs")
    chosen = bool(ratios(fit)) if exponentiate is None else bool(exponentiate)
    subject = Subject(fit, conf_level, vcov, chosen, seed, bootstrap, code)
    shown = "report.html" if path is None else Path(path).name
    heading = title or f"{subject.response}: {population.model_name(fit)}"
    made = _made(subject, heading, about, shown)
    if path is not None:
        made.save(path)
    return made


def _made(subject: Subject, title: str, about: str, path: str) -> Report:
    residuals = checks.simulated(subject)
    findings = checks.findings(subject, residuals)
    body = [
        checks.trust(findings),
        population.modelled(subject),
        population.flow(subject),
        population.table_one(subject),
        estimates.estimates(subject),
        effects.effects(subject),
        estimates.tests(subject),
        checks.diagnostics(subject, residuals),
        performance.performance(subject),
    ]
    sections = [section for section in body if section is not None]
    sections.append(methods.methods(subject, {section.key for section in sections if not section.absent}))
    sections.append(guidelines.checklist(sections))
    last = [methods.certificate(subject), methods.code(subject, path)]
    return Report(title, about, (*sections, *(s for s in last if s is not None)), tuple(findings))
