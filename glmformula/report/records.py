"""What a report is made of, as plain data that the template renders: sections of prose, tables, pictures, listings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

GOOD, NOTE, PROBLEM = "good", "note", "problem"
"""What a finding means for the reader: nothing to do, look at it, do not trust the fit as it is."""


@dataclass(frozen=True)
class Prose:
    """A paragraph."""

    text: str
    kind: ClassVar[str] = "prose"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what was found and what it means.

    Attributes
    ----------
    title, text : str
    mark : {"good", "note", "problem"}
    """

    title: str
    text: str
    mark: str = GOOD


@dataclass(frozen=True)
class Findings:
    """A list of findings."""

    entries: tuple[Finding, ...]
    kind: ClassVar[str] = "findings"


@dataclass(frozen=True)
class Facts:
    """Names with what they are, a row each."""

    entries: tuple[tuple[str, str], ...]
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True)
class Flow:
    """How many rows came in, what was left out at each step and why, and what remained.

    Attributes
    ----------
    steps : tuple of (str, int, tuple of str)
        What these rows are, how many, and who left since the step before.
    """

    steps: tuple[tuple[str, int, tuple[str, ...]], ...]
    kind: ClassVar[str] = "flow"


@dataclass(frozen=True)
class TableRow:
    """A row of texts; `indent` 1 for a level or statistic of the variable above it."""

    label: str
    texts: tuple[str, ...] = ()
    indent: int = 0


@dataclass(frozen=True)
class Table:
    """A table of texts under a caption; numbers stand right."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    notes: tuple[str, ...] = ()
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Markup:
    """A table that our own renderers made HTML of, its texts escaped there."""

    caption: str
    html: str
    kind: ClassVar[str] = "markup"


@dataclass(frozen=True)
class Picture:
    """A drawing as a data address; `alt` says what it shows to who cannot see it."""

    source: str
    alt: str
    caption: str
    wide: bool = False
    kind: ClassVar[str] = "picture"


@dataclass(frozen=True)
class Pictures:
    """Small drawings beside each other."""

    entries: tuple[Picture, ...]
    kind: ClassVar[str] = "pictures"


@dataclass(frozen=True)
class Listing:
    """Text as it stands: code, a certificate."""

    text: str
    kind: ClassVar[str] = "listing"


@dataclass(frozen=True)
class Sources:
    """Books and papers."""

    entries: tuple[str, ...]
    kind: ClassVar[str] = "sources"


@dataclass(frozen=True)
class Checklist:
    """Rows of: a guideline, what it asks for, the key of the section that has it or "", that section's title."""

    entries: tuple[tuple[str, str, str, str], ...]
    kind: ClassVar[str] = "checklist"


Item = Prose | Findings | Facts | Flow | Table | Markup | Picture | Pictures | Listing | Sources | Checklist


@dataclass(frozen=True)
class Section:
    """A section; `key` is its address in the page. `absent`: it only says why there is nothing to show."""

    key: str
    title: str
    items: tuple[Item, ...]
    absent: bool = False
