"""Tables for people: HTML, Markdown and LaTeX say what the console says, escaped."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glmformula import glm, negative_binomial, quasi, tweedie
from glmformula.render.console import console
from glmformula.render.report import to_html, to_latex, to_markdown, to_text
from glmformula.render.summary import PrintParts, SummaryParts, print_blocks, summary_blocks
from glmformula.render.table import StatTable

NAMES = ("(Intercept)", "I(x^2)", "a_b:`c|d`", "p & <q>", "größe日本")
PARTS = SummaryParts(
    call="glm('y ~ x', data=df)",
    names=NAMES,
    coefficients=np.array(
        [[1.5, 0.25, 6.0, 1e-9], [-2.0, 1.0, -2.0, 0.0455], [0.1, 0.5, 0.2, 0.84], [3.0, 0.01, 300.0, 0.0]]
    ),
    columns=("Estimate", "Std. Error", "z value", "Pr(>|z|)"),
    aliased=np.array([False, False, False, False, True]),
    family="binomial",
    dispersion=1.0,
    null_deviance=192.58,
    deviance=183.8,
    df_null=499,
    df_residual=496,
    aic=191.8,
    iter=6,
)


class Tables(HTMLParser):
    """Rows of cell texts, and a check that every tag is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "br":
            return
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def test_html_holds_the_printed_cells() -> None:
    parser = Tables()
    parser.feed(to_html(summary_blocks(PARTS)))
    parser.close()
    assert not parser.open
    rows = [[cell.strip() for cell in row] for row in parser.rows]
    assert rows[0] == ["", *PARTS.columns, ""]
    assert [row[0] for row in rows[1:]] == list(NAMES)
    assert rows[1] == ["(Intercept)", "1.50", "0.25", "6.0", "1e-09", "***"]
    assert rows[5] == ["größe日本", "NA", "NA", "NA", "NA", ""]
    assert rows[4][4] == "<2e-16"


def test_markdown_table_is_rectangular_and_escaped() -> None:
    text = to_markdown(summary_blocks(PARTS))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    bars = [len(re.findall(r"(?<!\\)\|", line)) for line in lines]
    assert bars == [7] * len(lines)
    assert set(lines[1]) == {"|", "-", ":"}
    assert r"Pr(>\|z\|)" in lines[0]
    assert r"a_b:\`c\|d\`" in lines[4]
    assert r"\*\*\*" in lines[2]
    assert "Coefficients: (1 not defined because of singularities)" in text
    assert "Null deviance: 192.58 on 499 degrees of freedom  \n" in text


def test_latex_is_escaped_and_balanced() -> None:
    text = to_latex(summary_blocks(PARTS))
    assert r"a\_b:`c\ensuremath{|}d`" in text
    assert r"p \& \ensuremath{<}q\ensuremath{>}" in text
    assert r"Pr(\ensuremath{>}\ensuremath{|}z\ensuremath{|})" in text
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1
    assert r"\begin{tabular}{lrrrrl}" in text
    rows = [line for line in text.splitlines() if line.endswith(r"\\") and "&" in line]
    assert [len(re.findall(r"(?<!\\)&", row)) for row in rows] == [5] * 6
    assert "|" not in text.replace(r"\ensuremath{|}", "")


def test_print_becomes_a_table_in_reports() -> None:
    parts = PrintParts("glm(…)", NAMES[:2], np.array([1.5, -2.0]), 192.58, 183.8, 499, 496, 191.8)
    parser = Tables()
    parser.feed(to_html(print_blocks(parts)))
    assert [[cell.strip() for cell in row] for row in parser.rows[1:]] == [
        ["(Intercept)", "1.5"],
        ["I(x^2)", "-2.0"],
    ]


def test_notes_follow_r_s_text() -> None:
    note = "Warning: the fit did not converge in 25 iterations."
    plain, noted = to_text(summary_blocks(PARTS)), to_text(summary_blocks(replace(PARTS, notes=(note,))))
    assert noted == f"{plain}{note}\n"


def table() -> StatTable:
    frame = pd.DataFrame(
        {"Df": [np.nan, 2.0], "Deviance": [np.nan, 12.5], "Pr(>Chi)": [np.nan, 0.0019]},
        index=["NULL", "wool"],
    )
    return StatTable(frame, "anova", ("Heading",), ("Footer",))


def test_stat_table_prints_and_pickles() -> None:
    ours = table()
    expected = (
        "Heading\n     Df Deviance Pr(>Chi)   \nNULL                        \nwool  2     12.5   0.0019 **\n"
        "---\nSignif. codes:  0 ‘***’ 0.001 ‘**’ 0.01 ‘*’ 0.05 ‘.’ 0.1 ‘ ’ 1\nFooter"
    )
    assert str(ours) == repr(ours) == expected
    assert str(pickle.loads(pickle.dumps(ours))) == expected
    assert ours._repr_html_() == ours.to_html()
    assert "Heading" in ours.to_markdown()
    assert "Footer" in ours.to_latex()


def test_no_stars_on_request() -> None:
    assert "Signif" in str(table())
    assert "Signif" not in str(StatTable(table().frame, "anova", signif_stars=False))


def test_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match=r"kind must be one of 'coefmat', 'anova', .* got 'anva'"):
        StatTable(table().frame, "anva")


def test_data_frame_of_many_types() -> None:
    frame = pd.DataFrame(
        {
            "n": [1, 22],
            "x": [0.5, np.nan],
            "f": pd.Categorical(["lo", None]),
            "ok": [True, False],
            "k": pd.array([7, None], dtype="Int64"),
        },
        index=["a", "bb"],
    )
    # R: data.frame(n = c(1, 22), x = c(.5, NA), f = factor(c("lo", NA)), ok = c(TRUE, FALSE), k = c(7L, NA))
    assert (
        str(StatTable(frame, "data.frame"))
        == "    n   x    f    ok  k\na   1 0.5   lo  TRUE  7\nbb 22  NA <NA> FALSE NA"
    )


def test_wide_characters_stay_in_their_columns() -> None:
    cells = summary_blocks(PARTS)[2]
    assert not isinstance(cells, str)
    text = to_text([cells])
    widths = {len(line) + line.count("日") + line.count("本") for line in text.splitlines()[:6]}
    assert len(widths) == 1


def test_columns_wrap_as_in_r() -> None:
    frame = pd.DataFrame(np.ones((2, 30)), columns=[f"name{j}" for j in range(30)], index=["a", "b"])
    cells = StatTable(frame).cells()
    for width in (20, 80):
        text = console(cells, width)
        assert max(map(len, text.splitlines())) < width
        assert len(text.split()) == 30 + 2 * 30 + 2 * (len(text.splitlines()) // 3)


def test_tables_without_rows_or_columns() -> None:
    none = pd.DataFrame({"2.5 %": [], "97.5 %": []}, dtype=float)
    assert str(StatTable(none)) == "     2.5 % 97.5 %"
    for empty in (StatTable(none), StatTable(pd.DataFrame(index=["a"]))):
        assert all((empty.to_html(), empty.to_markdown(), empty.to_latex(), str(empty) is not None))


def test_a_table_is_a_data_frame_and_what_comes_out_of_it_is_plain() -> None:
    ours = table()
    assert list(ours.columns) == ["Df", "Deviance", "Pr(>Chi)"]
    assert len(ours) == 2
    assert ours.shape == (2, 3)
    assert ours["Deviance"].tolist()[1] == 12.5
    assert ours.loc["wool", "Df"] == 2
    expected = pd.DataFrame({"Df": [2.0], "Pr(>Chi)": [0.0019]}, index=["wool"])
    for taken in (
        ours.loc[["wool"], ["Df", "Pr(>Chi)"]],
        ours[["Df", "Pr(>Chi)"]].tail(1),
        ours.dropna()[["Df", "Pr(>Chi)"]],
    ):
        assert type(taken) is pd.DataFrame
        pd.testing.assert_frame_equal(taken, expected)
    for computed in (np.exp(ours), ours * 2, ours.T, pd.DataFrame(ours), ours.frame, ours.copy()):
        assert type(computed) is pd.DataFrame
    pd.testing.assert_frame_equal(np.exp(ours), np.exp(ours.frame))
    pd.testing.assert_frame_equal(pd.DataFrame(ours), ours.frame)
    np.testing.assert_array_equal(np.asarray(ours), ours.frame.to_numpy())


def test_what_is_done_to_the_frame_of_a_table_leaves_the_table() -> None:
    ours = table()
    text = str(ours)
    frame = ours.frame
    frame.loc["wool", "Deviance"] = 0.0
    frame["more"] = 1.0
    assert str(ours) == text


def test_latex_with_a_caption_is_one_table_that_floats() -> None:
    text = table().to_latex(caption="Wool & tension", label="tab:wool")
    assert text.startswith(
        "\\begin{table}[htbp]\n\\centering\n\\caption{Wool \\& tension}\n\\label{tab:wool}\n"
    )
    assert text.endswith("\\end{table}\n")
    assert table().to_latex() in text
    assert "\\caption" not in table().to_latex(label="tab:wool")


REFERENCE = Path(__file__).parent.parent / "reference" / "digits" / "digits.txt"
PRINTED = {
    part.partition("\n")[0]: part.partition("\n")[2].rstrip("\n")
    for part in REFERENCE.read_text(encoding="utf-8").split("== ")[1:]
}


def test_digits_as_r_s_print_has_them() -> None:
    data = pd.DataFrame({"y": [1, 0, 1, 1, 0, 1, 0, 0, 1, 1], "x": [1.5, 2, 1, 5, 3, 8, 2, 1, 7, 6]})
    fit = glm("y ~ x", data, "binomial")
    assert fit.summary(digits=3).to_text().rstrip("\n") == PRINTED["summary 3"]
    assert fit.summary().to_text(digits=3).rstrip("\n") == PRINTED["summary 3"]
    assert str(fit.summary(digits=7, signif_stars=False)).rstrip("\n") == PRINTED["summary 7 plain"]
    assert fit.confint(method="wald").to_text(digits=3) == PRINTED["confint 3"]
    assert fit.anova(test="Chisq").to_text(digits=3).rstrip("\n") == PRINTED["anova 3"]
    for kind in ("to_html", "to_markdown", "to_latex"):
        assert "0.103" not in getattr(fit.summary(), kind)(digits=3)
        assert getattr(fit.summary(), kind)(digits=3) == getattr(fit.summary(digits=3), kind)()


def test_the_call_breaks_its_lines_as_r_does() -> None:
    data = pd.DataFrame({"left": [1, 0, 1, 1, 0, 1], "salary_in_thousands": [1.5, 2, 1, 5, 3, 8.0]})
    data["overtime"] = data["salary_in_thousands"] ** 2
    fit = glm(
        "left~salary_in_thousands+ overtime",
        data,
        "poisson",
        weights=np.ones(6),
        offset="log( overtime)",
    )
    assert fit.call == (
        'glm(formula = left ~ salary_in_thousands + overtime, family = poisson("log"), \n'
        "    data = data, weights = weights, offset = log(overtime))"
    )


@pytest.mark.parametrize(
    ("family", "text"),
    [
        ("poisson", 'poisson("log")'),
        (negative_binomial(4.567e-4), 'negative.binomial(theta = 0.0004567, \n    link = "log")'),
        (tweedie(1.5, "log"), 'tweedie(var_power = 1.5, link = "log")'),
        (quasi("log", "mu^2"), 'quasi("log", variance = "mu^2")'),
    ],
)
def test_the_call_tells_the_family_s_parameters(family, text) -> None:
    data = pd.DataFrame({"y": [1.0, 1, 2, 4, 1, 3], "x": [1.5, 2, 1, 5, 3, 8.0]})
    assert " ".join(f"family = {text}".split()) in " ".join(glm("y ~ x", data, family).call.split())
