"""Several models side by side."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from glmformula import FitError, SeparationWarning, etable, glm, glm_nb, lm, multinom, polr, zeroinfl


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    n = 300
    g = rng.choice(["low", "mid", "top"], n)
    x = rng.normal(size=n).round(3)
    mu = np.exp(0.5 + 0.3 * x + 0.4 * (g == "top"))
    return pd.DataFrame(
        {
            "y": np.where(rng.random(n) < 0.3, 0, rng.poisson(rng.gamma(2, mu / 2))),
            "win": (rng.random(n) < 1 / (1 + np.exp(-0.5 * x - (g == "top")))).astype(int),
            "x": x,
            "g": g,
            "firm": rng.integers(0, 20, n),
            "z": rng.normal(size=n).round(3),
        }
    )


@pytest.fixture(scope="module")
def logit(data: pd.DataFrame) -> Any:
    return glm("win ~ x + g", data, family="binomial")


def line(text: str, label: str) -> list[str]:
    (found,) = (row for row in str(text).splitlines() if row.strip().startswith(label))
    return re.split(r"\s{2,}", found.strip())


def test_numbers_are_those_of_the_models(data: pd.DataFrame, logit: Any) -> None:
    small = logit.update(". ~ x")
    table = etable(small, logit)
    for column, fit in (("(1)", small), ("(2)", logit)):
        tidy = fit.tidy(conf_int=True, conf_method="wald").set_index("term")
        for name in fit.coefficients.index:
            for part in ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"):
                assert table.frame.loc[("", name, part), column] == pytest.approx(tidy.loc[name, part])
    assert np.isnan(table.frame.loc[("", "gmid", "estimate"), "(1)"])
    assert line(table, "Observations") == ["Observations", "300", "300"]
    assert line(table, "AIC") == ["AIC", f"{small.aic:.1f}", f"{logit.aic:.1f}"]
    assert "Std. errors in parentheses. * p < 0.05, ** p < 0.01, *** p < 0.001" in str(table)


def test_stars_and_what_stands_below(logit: Any) -> None:
    p = logit.tidy().set_index("term").loc["x", "p_value"]
    mark = "***" if p < 0.001 else "**" if p < 0.01 else "*" if p < 0.05 else ""
    estimate, error = logit.coefficients["x"], logit.vcov().loc["x", "x"] ** 0.5
    lines = str(etable(logit)).splitlines()
    place = next(k for k, text in enumerate(lines) if text.startswith("x "))
    assert lines[place].split()[-1] == f"{estimate:.3f}{mark}"
    assert lines[place + 1].strip() == f"({error:.3f})"
    bare = str(etable(logit, stars=False, statistic="none"))
    assert "*" not in bare
    assert "(0." not in bare
    wide = str(etable(logit, statistic="ci", digits=1, conf_level=0.9))
    assert f"[{estimate - 1.6449 * error:.1f}, {estimate + 1.6449 * error:.1f}]" in wide
    assert "90% confidence intervals in brackets" in wide
    own = str(etable(logit, stars={"+": 0.9999}))
    assert "+ p < 0.9999" in own


def test_ratios_and_their_errors(logit: Any) -> None:
    table = etable(logit, exponentiate=True)
    ratio = np.exp(logit.coefficients["x"])
    assert table.frame.loc[("", "x", "estimate"), "(1)"] == pytest.approx(ratio)
    assert table.frame.loc[("", "x", "std_error"), "(1)"] == pytest.approx(
        ratio * logit.vcov().loc["x", "x"] ** 0.5
    )
    low = logit.confint("x", method="wald").iloc[0, 0]
    assert table.frame.loc[("", "x", "conf_low"), "(1)"] == pytest.approx(np.exp(low))
    assert "exponentiated" in str(table)


def test_a_covariance_for_each_model_is_named(logit: Any) -> None:
    table = etable(logit, logit, vcov=[None, {"cluster": "firm"}])
    clustered = logit.vcov(cluster="firm").loc["x", "x"] ** 0.5
    assert table.frame.loc[("", "x", "std_error"), "(2)"] == pytest.approx(clustered)
    assert "(2): standard errors clustered by firm (20 clusters)" in str(table)
    assert "Standard errors: HC1" in str(etable(logit, logit, vcov="HC1"))


def test_levels_with_their_reference_and_counts(data: pd.DataFrame, logit: Any) -> None:
    table = etable(
        logit, layout="beside", statistic="ci", counts=True, labels={"g": "Grade", "g=mid": "Middle"}
    )
    assert table.grid.columns == ("n", "events", "Estimate", "95% CI", "p")
    rows = {row.label: row for row in table.grid.rows}
    assert rows["Grade"].kind == "variable"
    for level, label in (("low", "low"), ("mid", "Middle"), ("top", "top")):
        here = data[data["g"] == level]
        assert rows[label].texts[:2] == (str(len(here)), str(here["win"].sum()))
        assert rows[label].indent == 1
    assert rows["low"].texts[2] == "ref."
    assert rows["Middle"].texts[2] == f"{logit.coefficients['gmid']:.3f}"


def test_counts_of_rows_in_files(data: pd.DataFrame, logit: Any, tmp_path: Path) -> None:
    data.to_parquet(tmp_path / "d.parquet", row_group_size=70)
    other = glm("win ~ x + g", tmp_path / "d.parquet", family="binomial")
    options: dict[str, Any] = {"layout": "beside", "counts": True}
    assert etable(other, **options).grid == etable(logit, **options).grid


def test_each_term_alone_beside_the_whole_model(data: pd.DataFrame, logit: Any) -> None:
    table = etable(logit, univariable=True)
    alone = glm("win ~ g", data, family="binomial")
    found = table.frame.loc[("", "gtop", "estimate")]
    assert found["(1) univariable"] == pytest.approx(alone.coefficients["gtop"])
    assert found["(1) multivariable"] == pytest.approx(logit.coefficients["gtop"])
    assert "Standard errors: HC1" in str(etable(logit, univariable=True, vcov="HC1"))  # of both columns


def test_models_of_every_class(data: pd.DataFrame) -> None:
    zeros = zeroinfl("y ~ x + g | x", data, dist="negbin")
    counts = glm_nb("y ~ x + g", data)
    line_ = lm("z ~ x", data)
    table = etable(counts, zeros, line_, stats=["nobs", "theta", "r_squared"])
    # the count part stands with the coefficients of models without parts
    assert table.frame.loc[("", "x", "estimate"), "(2)"] == pytest.approx(zeros.coefficients["count_x"])
    assert table.frame.loc[("zero", "x", "estimate"), "(2)"] == pytest.approx(zeros.coefficients["zero_x"])
    assert table.frame.loc[("", "Log(theta)", "std_error"), "(2)"] == pytest.approx(zeros.se_logtheta)
    assert [row.label for row in table.grid.rows if row.kind == "heading"] == ["zero"]
    theta = next(row for row in table.grid.rows if row.label == "Theta")
    assert theta.texts == (f"{counts.theta:.3f}", f"{zeros.theta:.3f}", "")
    assert next(row for row in table.grid.rows if row.label == "Response").texts == ("y", "y", "z")


def test_outcome_levels_have_headings(data: pd.DataFrame) -> None:
    table = etable(multinom("g ~ x", data), intercept=False)
    assert [row.label for row in table.grid.rows if row.kind == "heading"] == ["mid", "top"]
    ordered = data.assign(g=pd.Categorical(data["g"], ["low", "mid", "top"], ordered=True))
    fit = polr("g ~ x", ordered)
    table = etable(fit)
    assert table.frame.loc[("", "low|mid", "estimate"), "(1)"] == pytest.approx(fit.zeta["low|mid"])


def test_aliased_and_infinite_estimates_are_said(data: pd.DataFrame) -> None:
    double = glm("win ~ x + I(2 * x)", data, family="binomial")
    assert line(etable(double), "I(2 * x)") == ["I(2 * x)", "aliased"]
    lucky = data.assign(win=data["win"].where(data["g"] != "mid", 1))
    with pytest.warns(SeparationWarning, match="no finite maximum-likelihood estimate"):
        apart = glm("win ~ g", lucky, family="binomial")
    assert "(1): no finite estimate of" in str(etable(apart))


def test_some_coefficients(logit: Any) -> None:
    table = etable(logit, keep="^g", drop="top", intercept=False)
    assert {term for _, term, _ in table.frame.index} == {"gmid"}


def test_formats(logit: Any, tmp_path: Path) -> None:
    table = etable(logit, layout="beside", title="Who <wins> & why", labels={"g": "Grade_1"})
    assert "| Grade\\_1 |" in table.to_markdown() or "Grade_1" in table.to_markdown()
    page = table.to_html()
    assert "Who &lt;wins&gt; &amp; why" in page
    assert page.count("<table") == page.count("</table>") == 1
    latex = table.to_latex(label="tab:w")
    assert "\\caption{Who \\ensuremath{<}wins\\ensuremath{>} \\& why}" in latex
    assert latex.count("\\begin{tabular}") == 1
    assert all(
        row.count("&") == 3 for row in latex.splitlines() if row.endswith("\\\\") and "multicol" not in row
    )
    docx = pytest.importorskip("docx")
    table.to_docx(tmp_path / "table.docx")
    written = docx.Document(str(tmp_path / "table.docx")).tables[0]
    assert [cell.text for cell in written.rows[1].cells] == ["", *table.grid.columns]
    assert len(written.rows) == 2 + len(table.grid.rows)
    pytest.importorskip("great_tables")
    assert "Grade_1" in table.to_gt().as_raw_html()


def test_other_packages_tables_read_it(logit: Any) -> None:
    table = logit.__maketables_coef_table__
    assert list(table.columns) == ["b", "se", "t", "p", "ci95l", "ci95u"]
    assert table.loc["x", "b"] == logit.coefficients["x"]
    assert logit.__maketables_stat__("N") == 300
    assert logit.__maketables_stat__("unknown") is None
    assert logit.__maketables_depvar__ == "win"
    assert logit.__maketables_default_stat_keys__ == ["N", "ll", "aic"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"statistic": "sd"}, "statistic should be one of 'se', 'ci', 'p', 't', 'none'; got 'sd'"),
        ({"layout": "wide"}, "layout should be one of 'below', 'beside'; got 'wide'"),
        ({"digits": -1}, "digits should be 0 or more decimals; got -1"),
        ({"stats": ["r2"]}, "stats should be among 'nobs'.*; got 'r2'"),
        ({"names": ["a", "b"]}, "names should be one for each of the 1 models; got 2"),
        ({"vcov": [None, "HC1"]}, "vcov should be one for each of the 1 models; got 2"),
    ],
)
def test_what_is_wrong_is_said(logit: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        etable(logit, **options)


def test_no_model_and_models_of_parts(data: pd.DataFrame, logit: Any) -> None:
    with pytest.raises(FitError, match=r"etable\(\) is asked of a fitted model"):
        etable(logit, 3)
    with pytest.raises(
        ValueError, match="univariable=True needs models whose terms can be fitted one by one"
    ):
        etable(zeroinfl("y ~ x | 1", data), univariable=True)
