"""Tables of several models as text, Markdown, HTML, LaTeX, Word and Great Tables: one grid of texts, many formats."""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .cells import Cells
from .report import Block, escape_latex, to_markdown, to_text

INDENT = "  "


@dataclass(frozen=True)
class GridRow:
    """A row of texts.

    Attributes
    ----------
    label : str
    texts : tuple of str
        One for each column; empty for a heading.
    kind : {"heading", "variable", "plain", "statistic", "summary"}
        A part of the models; a variable above its levels; an estimate; what stands under one; the fit as a whole.
    indent : int
    """

    label: str
    texts: tuple[str, ...]
    kind: str = "plain"
    indent: int = 0


@dataclass(frozen=True)
class Span:
    """A heading over some adjacent columns."""

    text: str
    width: int


@dataclass(frozen=True)
class Grid:
    """A whole table as texts.

    Attributes
    ----------
    spans : tuple of Span
        Over the columns: the models' names; their widths add up to the number of columns.
    columns : tuple of str
    rows : tuple of GridRow
    notes : tuple of str
    title : str
    """

    spans: tuple[Span, ...]
    columns: tuple[str, ...]
    rows: tuple[GridRow, ...]
    notes: tuple[str, ...] = ()
    title: str = ""

    @property
    def flat(self) -> bool:
        """Whether each model has one column, so that one line of headings is enough."""
        return all(span.width == 1 for span in self.spans)


def _cells(grid: Grid) -> Cells:
    """The grid for the console and Markdown, which have one line of headings."""
    headings = [span.text for span in grid.spans for _ in range(span.width)]
    if not grid.flat:
        headings = [f"{name} {column}".strip() for name, column in zip(headings, grid.columns, strict=True)]
    rows = tuple(INDENT * row.indent + row.label for row in grid.rows)
    empty = ("",) * len(grid.columns)
    body = tuple(zip(*(row.texts or empty for row in grid.rows), strict=True)) if grid.rows else ()
    return Cells(rows, tuple(headings), tuple(tuple(column) for column in body))


def blocks_of(grid: Grid) -> list[Block]:
    """For the console."""
    above = f"{grid.title}\n\n" if grid.title else ""
    below = "".join(f"{note}\n" for note in grid.notes)
    return [block for block in (above, _cells(grid), below) if block]


def text_of(grid: Grid) -> str:
    return to_text(blocks_of(grid)).removesuffix("\n")


def markdown_of(grid: Grid) -> str:
    """GitHub-flavoured Markdown; levels are set in by a dash, which Markdown keeps."""
    rows = tuple(GridRow(("– " if row.indent else "") + row.label, row.texts, row.kind) for row in grid.rows)
    return to_markdown(blocks_of(Grid(grid.spans, grid.columns, rows, grid.notes, grid.title)))


RULE = "border-top:1px solid currentColor;"
HEAVY = "border-top:2px solid currentColor;"


def html_of(grid: Grid) -> str:
    """An HTML fragment whose rules and margins are in its own styles, so that they survive a copy into Word."""
    out = ['<div class="glmformula">']
    if grid.title:
        out.append(f"<p><strong>{html.escape(grid.title)}</strong></p>")
    out.append('<table style="border-collapse:collapse;">')
    out += ["<thead>", _html_row("", [(span.text, span.width) for span in grid.spans], "th", HEAVY)]
    if not grid.flat:
        out.append(_html_row("", [(column, 1) for column in grid.columns], "th", ""))
    out += ["</thead>", "<tbody>"]
    before = "head"
    for row in grid.rows:
        rule = RULE if before == "head" or (row.kind == "summary") != (before == "summary") else ""
        texts = [(text, 1) for text in row.texts or ("",) * len(grid.columns)]
        out.append(_html_row(row.label, texts, "td", rule, row))
        before = row.kind
    out += ["</tbody>", "</table>"]
    out += [f'<p style="margin:2px 0;"><small>{html.escape(note)}</small></p>' for note in grid.notes]
    return "\n".join([*out, "</div>"])


def _html_row(
    label: str, texts: Sequence[tuple[str, int]], tag: str, rule: str, row: GridRow | None = None
) -> str:
    inset = 0.3 + 1.2 * (row.indent if row is not None else 0)
    weight = "font-weight:bold;" if row is not None and row.kind in ("heading", "variable") else ""
    first = (
        f'<{tag} style="text-align:left;padding:1px 10px 1px {inset:.1f}em;{weight}{rule}">'
        f"{html.escape(label)}</{tag}>"
    )
    side = "center" if tag == "th" else "right"
    style = f'style="text-align:{side};padding:1px 8px;{rule}"'
    spans = {width: f' colspan="{width}"' if width > 1 else "" for _, width in texts}
    cells = "".join(f"<{tag}{spans[width]} {style}>{html.escape(text)}</{tag}>" for text, width in texts)
    return f"<tr>{first}{cells}</tr>"


def latex_of(grid: Grid, caption: str | None = None, label: str | None = None) -> str:
    """One booktabs tabular, in a ``table`` environment where there is a caption or a label."""
    width = len(grid.columns)
    lines = [f"\\begin{{tabular}}{{l{'r' * width}}}", "\\toprule"]
    lines.append(_latex_line("", [_spanned(span) for span in grid.spans]))
    if not grid.flat:
        start = 2
        for span in grid.spans:
            lines.append(f"\\cmidrule(lr){{{start}-{start + span.width - 1}}}")
            start += span.width
        lines.append(_latex_line("", [escape_latex(column) for column in grid.columns]))
    lines.append("\\midrule")
    before = ""
    for row in grid.rows:
        if before and (row.kind == "summary") != (before == "summary"):
            lines.append("\\midrule")
        name = ("\\quad " * row.indent) + escape_latex(row.label)
        if row.kind in ("heading", "variable"):
            name = f"\\textbf{{{name}}}"
        lines.append(_latex_line(name, [escape_latex(text) for text in row.texts or ("",) * width]))
        before = row.kind
    lines += ["\\bottomrule"]
    lines += [
        f"\\multicolumn{{{width + 1}}}{{l}}{{\\footnotesize {escape_latex(n)}}} \\\\" for n in grid.notes
    ]
    lines.append("\\end{tabular}")
    body = "\n".join(lines) + "\n"
    caption = caption if caption is not None else grid.title or None
    if caption is None and label is None:
        return body
    named = f"\\caption{{{escape_latex(caption)}}}\n" if caption is not None else ""
    named += f"\\label{{{label}}}\n" if label is not None else ""
    return f"\\begin{{table}}[htbp]\n\\centering\n{named}{body}\\end{{table}}\n"


def _spanned(span: Span) -> str:
    return f"\\multicolumn{{{span.width}}}{{c}}{{{escape_latex(span.text)}}}"


def _latex_line(name: str, texts: Sequence[str]) -> str:
    return " & ".join([name, *texts]) + " \\\\"


def docx_of(grid: Grid, path: str | os.PathLike[str], docx: Any) -> None:
    """A Word document with the table; `docx` is python-docx."""
    document = docx.Document()
    if grid.title:
        document.add_paragraph(grid.title).runs[0].bold = True
    heads = 1 if grid.flat else 2
    table = document.add_table(rows=heads + len(grid.rows), cols=1 + len(grid.columns))
    table.style = "Light List"
    column = 1
    for span in grid.spans:
        cell = table.cell(0, column)
        if span.width > 1:
            cell = cell.merge(table.cell(0, column + span.width - 1))
        cell.text = span.text
        column += span.width
    if not grid.flat:
        for k, text in enumerate(grid.columns):
            table.cell(1, k + 1).text = text
    for i, row in enumerate(grid.rows):
        run = table.cell(heads + i, 0).paragraphs[0].add_run(" " * 4 * row.indent + row.label)
        run.bold = row.kind in ("heading", "variable")
        for k, text in enumerate(row.texts):
            paragraph = table.cell(heads + i, k + 1).paragraphs[0]
            paragraph.alignment = docx.enum.text.WD_ALIGN_PARAGRAPH.RIGHT
            paragraph.add_run(text)
    for note in grid.notes:
        document.add_paragraph(note)
    document.save(os.fspath(path))


def gt_of(grid: Grid, great_tables: Any, pandas: Any) -> Any:
    """A Great Tables object, to be styled further."""
    names = [f"c{k}" for k in range(len(grid.columns))]
    data = {"term": [" " * 4 * row.indent + row.label for row in grid.rows]}
    for k, name in enumerate(names):
        data[name] = [row.texts[k] if row.texts else "" for row in grid.rows]
    table = great_tables.GT(pandas.DataFrame(data), rowname_col="term")
    labels = [span.text for span in grid.spans] if grid.flat else list(grid.columns)
    table = table.cols_label(cases=dict(zip(names, labels, strict=True)))
    table = table.cols_align(align="right", columns=names)
    if not grid.flat:
        start = 0
        for k, span in enumerate(grid.spans):
            own = names[start : start + span.width]
            table = table.tab_spanner(label=span.text, columns=own, id=f"model{k}")
            start += span.width
    if grid.title:
        table = table.tab_header(title=grid.title)
    for note in grid.notes:
        table = table.tab_source_note(note)
    return table
