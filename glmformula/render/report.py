"""Blocks of text and tables as one report: R's console text, Markdown, HTML, LaTeX."""

from __future__ import annotations

import html
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

from .cells import Cells, NamedVector
from .console import console, console_vector

Block = str | Cells | NamedVector


class Rendered(ABC):
    """Anything that prints as blocks: `str()` is R's text, the rest is for notebooks and reports.

    `str()` lacks the newline that ends R's output, so ``print(x)`` gives R's text to the byte.
    """

    @abstractmethod
    def blocks(self, digits: int | None = None) -> Sequence[Block]:
        """Text and tables in printing order, numbers to `digits` significant digits; text holds its own newlines.

        Examples
        --------
        >>> from glmformula import datasets, glm
        >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
        >>> [type(block).__name__ for block in fit.drop1().blocks()]
        ['str', 'Cells']
        """

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_text(self, digits: int | None = None) -> str:
        """R's console text; `digits` as in R's ``print(x, digits=)``.

        Examples
        --------
        >>> from glmformula import datasets, glm
        >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
        >>> print(fit.confint(method="wald").to_text(digits=3))
                         2.5 % 97.5 %
        (Intercept)    -6.0812  -3.11
        overtime_hours  0.0317   0.35
        """
        return to_text(self.blocks(digits)).removesuffix("\n")

    def to_markdown(self, *, digits: int | None = None) -> str:
        """GitHub-flavoured Markdown; `digits` significant digits, by default as printed.

        Examples
        --------
        >>> from glmformula import datasets, glm
        >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
        >>> print(fit.confint(method="wald").to_markdown(digits=3))
        |                |   2.5 % |   97.5 % |
        |:---------------|--------:|---------:|
        | (Intercept)    | -6.0812 |    -3.11 |
        | overtime_hours |  0.0317 |     0.35 |
        """
        return to_markdown(self.blocks(digits))

    def to_html(self, *, digits: int | None = None) -> str:
        """An HTML fragment, escaped, as notebooks show it; `digits` significant digits, by default as printed.

        Examples
        --------
        >>> from glmformula import datasets, glm
        >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
        >>> fit.confint(method="wald").to_html(digits=3).splitlines()[0]
        '<div class="glmformula">'
        """
        return to_html(self.blocks(digits))

    def to_latex(
        self, *, caption: str | None = None, label: str | None = None, digits: int | None = None
    ) -> str:
        """LaTeX with booktabs tables, escaped; in a ``table`` environment where there is a caption or a label.

        Parameters
        ----------
        caption : str, optional
            Plain text, escaped like the rest.
        label : str, optional
            What ``\\ref`` calls it, as it stands.
        digits : int, optional
            Significant digits.

        Examples
        --------
        >>> from glmformula import datasets, glm
        >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
        >>> print(fit.confint(method="wald").to_latex(caption="Log odds of leaving", label="tab:left", digits=3))
        \\begin{table}[htbp]
        \\centering
        \\caption{Log odds of leaving}
        \\label{tab:left}
        \\begin{tabular}{lrr}
        \\toprule
                        &   2.5 \\% &   97.5 \\% \\\\
        \\midrule
         (Intercept)    & -6.0812 &    -3.11 \\\\
         overtime\\_hours &  0.0317 &     0.35 \\\\
        \\bottomrule
        \\end{tabular}
        \\end{table}
        """
        return to_latex(self.blocks(digits), caption, label)


def to_text(blocks: Sequence[Block], width: int = 80) -> str:
    """R's console text."""
    return "".join(
        block
        if isinstance(block, str)
        else console(block, width)
        if isinstance(block, Cells)
        else console_vector(block, width)
        for block in blocks
    )


def to_markdown(blocks: Sequence[Block]) -> str:
    """Paragraphs and GitHub tables."""

    def paragraph(lines: list[str]) -> str:
        return "  \n".join(map(_escape_markdown, lines))

    return "\n\n".join(_pieces(blocks, paragraph, _markdown_table)) + "\n"


def to_html(blocks: Sequence[Block]) -> str:
    """Paragraphs and tables inside one div."""

    def paragraph(lines: list[str]) -> str:
        return f"<p>{'<br>'.join(map(html.escape, lines))}</p>"

    return "\n".join(('<div class="glmformula">', *_pieces(blocks, paragraph, _html_table), "</div>"))


def to_latex(blocks: Sequence[Block], caption: str | None = None, label: str | None = None) -> str:
    """Paragraphs and booktabs tabulars, afloat together under a caption or a label."""

    def paragraph(lines: list[str]) -> str:
        return " \\\\\n".join(map(escape_latex, lines))

    body = "\n\n".join(_pieces(blocks, paragraph, _latex_table)) + "\n"
    if caption is None and label is None:
        return body
    named = f"\\caption{{{escape_latex(caption)}}}\n" if caption is not None else ""
    named += f"\\label{{{label}}}\n" if label is not None else ""
    return f"\\begin{{table}}[htbp]\n\\centering\n{named}{body}\\end{{table}}\n"


def _pieces(
    blocks: Sequence[Block], paragraph: Callable[[list[str]], str], table: Callable[[Cells], str]
) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, str):
            for text in re.split(r"\n[ \t]*\n", block):
                lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
                if lines:
                    yield paragraph(lines)
        else:
            cells = block if isinstance(block, Cells) else block.cells()
            if cells.columns:
                yield table(cells)
            if cells.note:
                yield paragraph([" ".join(cells.note.split())])


def _table(cells: Cells, tablefmt: str, escape: Callable[[str], str] = str) -> str:
    from tabulate import tabulate

    body = [[escape(t.strip()) for t in c] for c in (cells.rows, *cells.body)]
    headings = [escape(t) for t in ("", *cells.columns)]
    align = ("left", *("left" if j in cells.left else "right" for j in range(len(cells.columns))))
    rows = list(zip(*body, strict=True))
    if not rows:
        return str(tabulate([], headers=headings, tablefmt=tablefmt))
    return str(tabulate(rows, headers=headings, tablefmt=tablefmt, colalign=align, disable_numparse=True))


def _markdown_table(cells: Cells) -> str:
    return _table(cells, "pipe", _escape_markdown)  # GitHub's, with the alignment kept


def _html_table(cells: Cells) -> str:
    return _table(cells, "html")


def _latex_table(cells: Cells) -> str:
    # tabulate leaves the bar alone, which is a dash in LaTeX's old font encoding
    return _table(cells, "latex_booktabs").replace("|", _LATEX["|"])


def _escape_markdown(text: str) -> str:
    """Backslashes before what Markdown would read; an underscore inside a word is harmless and stays."""
    text = re.sub(r"([\\`*|<\[\]])", r"\\\1", text)
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)


_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\ensuremath{<}",
    ">": r"\ensuremath{>}",
    "|": r"\ensuremath{|}",
} | {c: "\\" + c for c in "&%$#_{}"}


def escape_latex(text: str) -> str:
    return "".join(_LATEX.get(c, c) for c in text)
