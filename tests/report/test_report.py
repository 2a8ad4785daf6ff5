"""Reports: what they hold for each class of models, that their numbers are the fit's, and that they are pages."""

from __future__ import annotations

import html
import math
import re
import sys
import warnings
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from glmformula import (
    glm,
    glm_nb,
    hurdle,
    inverse_gaussian,
    lm,
    lmer,
    load,
    multinom,
    polr,
    tweedie,
    zeroinfl,
)
from glmformula.datasets import attrition
from glmformula.errors import DataError, SingularWarning
from glmformula.report import methods
from glmformula.report.public import report
from glmformula.report.subject import Subject, number, p_cell

EVERY = ["trust", "model", "rows", "table-one", "estimates", "effects", "tests", "diagnostics"]
LAST = ["methods", "checklist", "certificate", "code"]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(7)
    frame = attrition().head(220).copy()
    frame["dept"] = pd.Categorical(rng.choice(["HR", "IT", "<b>R&D</b>"], len(frame)))
    frame["mood"] = pd.Categorical(
        rng.choice(["low", "mid", "high"], len(frame)), ["low", "mid", "high"], True
    )
    frame["kind"] = rng.choice(["a", "b", "c"], len(frame))
    frame.loc[frame.index[:11], "salary"] = np.nan
    frame.loc[frame.index[8:15], "dept"] = np.nan
    return frame


@pytest.fixture(scope="module")
def logistic(data):
    return glm(
        "left ~ salary + overtime_hours + dept",
        data,
        "binomial",
        subset="experience_years > 1",
        weights="sick_days",
    )


ASKED = {"bootstrap": 4, "about": "Whether overtime & leaving go together."}


@pytest.fixture(scope="module")
def page(logistic):
    """With its drawings, which take a second; the other tests make them and write none."""
    return report(logistic, **ASKED).html


@pytest.fixture
def unwritten(monkeypatch):
    monkeypatch.setattr(Figure, "savefig", lambda figure, stream, **options: stream.write(b"<svg/>"))


@pytest.fixture(scope="module")
def made(logistic):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", lambda figure, stream, **options: stream.write(b"<svg/>"))
        return report(logistic, **ASKED)


def section(made, key):
    return next(s for s in made.sections if s.key == key)


def items(made, key, kind):
    return [item for item in section(made, key).items if item.kind == kind]


class Reader(HTMLParser):
    """Which tags are open, and which addresses the page would load."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self):
        super().__init__()
        self.open, self.loaded, self.wrong, self.ids = [], [], [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.loaded += [given[name] for name in ("src", "href") if name in given]
        if tag == "img":
            assert given["alt"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def test_the_page_is_whole_and_loads_nothing(page):
    reader = read(page)
    assert (reader.open, reader.wrong) == ([], [])
    assert len(reader.ids) == len(set(reader.ids))
    for address in reader.loaded:
        assert address.startswith("data:image/svg+xml;base64,") or address.removeprefix("#") in reader.ids
    assert not [word for word in ("<script", "@import", "url(") if word in page]


def test_names_and_texts_are_escaped(made):
    assert "<b>R&D" not in made.html
    assert html.escape("<b>R&D</b>") in made.html
    assert "overtime &amp; leaving" in made.html


def test_two_runs_are_the_same_bytes(page, logistic):
    assert report(logistic, **ASKED).html == page


@pytest.mark.usefixtures("unwritten")
def test_the_code_in_it_makes_it_again(made, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (listing,) = items(made, "code", "listing")
    exec(listing.text, {"data": data})  # noqa: S102
    written = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert written == made.html.replace(f'<p class="about">{html.escape(made.about)}</p>\n', "")


def test_its_fingerprint_is_what_the_reader_gets(made, data, capsys):
    (listing,) = items(made, "code", "listing")
    lines = [line[4:] for line in listing.text.splitlines() if line.startswith("#   ")]
    exec("\n".join(lines), {"data": data})  # noqa: S102
    assert f"prints {capsys.readouterr().out.strip()}\n" in listing.text


def test_the_flow_counts_rows(made, data):
    (flow,) = items(made, "rows", "flow")
    chosen = data[data["experience_years"] > 1]
    complete = chosen.dropna(subset=["salary", "dept"])
    weighted = complete[complete["sick_days"] > 0]
    lost = chosen[["salary", "dept"]].isna().sum()
    assert [step[1] for step in flow.steps] == [
        *(len(data), len(chosen), len(complete)),
        *([len(weighted)] if len(weighted) < len(complete) else []),
    ]
    assert flow.steps[2][2][1:] == (f"salary: {lost['salary']}", f"dept: {lost['dept']}")


@pytest.mark.usefixtures("unwritten")
def test_table_one_describes_the_rows_of_the_fit(data):
    fit = glm("left ~ salary + dept", data, "binomial")
    (table,) = items(report(fit, bootstrap=0), "table-one", "table")
    used = data.dropna(subset=["salary", "dept"])
    stayed = used[used["left"] == 0]
    assert table.columns == (
        f"All (n = {len(used)})",
        f"left = 0 (n = {len(stayed)})",
        f"left = 1 (n = {len(used) - len(stayed)})",
    )
    rows = {row.label: row.texts for row in table.rows}
    mean, spread = stayed["salary"].mean(), stayed["salary"].std()
    assert rows["mean (SD)"][1] == f"{mean:,.0f} ({spread:,.0f})"
    share = 100 * (stayed["dept"] == "HR").mean()
    assert rows["HR"][1] == f"{(stayed['dept'] == 'HR').sum()} ({share:.0f}%)"


@pytest.mark.usefixtures("unwritten")
def test_the_outcome_is_cut_near_its_thirds(data):
    (table,) = items(report(lm("sick_days ~ salary", data)), "table-one", "table")
    used = data.dropna(subset=["salary"])
    assert sum(int(re.search(r"n = (\d+)", c)[1]) for c in table.columns[1:]) == len(used)
    assert len(table.columns) == 4


def test_the_estimates_are_the_fit_s(made, logistic):
    (markup,) = items(made, "estimates", "markup")
    ratio = math.exp(logistic.coefficients["overtime_hours"])
    assert f">{ratio:.3f}<" in markup.html
    assert "> univariable<" in markup.html
    said = [item.text for item in items(made, "estimates", "prose")]
    low, high = np.quantile(logistic.training.frame.variables["salary"], [0.25, 0.75])
    assert said[0].endswith(
        f"the ratio is {number(math.exp(logistic.coefficients['salary'] * (high - low)))}."
    )


def test_the_effects_are_average_comparisons(made, logistic):
    (table,) = items(made, "effects", "table")
    step = logistic.avg_comparisons("overtime_hours").frame.iloc[0]
    row = next(row for row in table.rows if row.label == "overtime_hours: +1")
    assert row.texts[0] == number(step["estimate"])
    assert len(items(made, "effects", "pictures")[0].entries) == 3


def test_performance_is_of_binomial_models(made, logistic):
    said = items(made, "performance", "prose")[0].text
    assert f"is {number(logistic.roc().auc)} (95% CI" in said
    (table,) = items(made, "performance", "table")
    validated = logistic.validate(4, 1).frame
    assert [row.texts[2] for row in table.rows] == [number(v) for v in validated["corrected"]]


MODELS = {
    "lm": lambda d: lm("salary ~ overtime_hours + kind", d),
    "poisson": lambda d: glm("sick_days ~ overtime_hours * kind", d, "poisson"),
    "glm_nb": lambda d: glm_nb(
        "sick_days ~ overtime_hours + kind", d.assign(sick_days=d["sick_days"] * (d["salary"] // 999 % 3))
    ),
    "zeroinfl": lambda d: zeroinfl(
        "sick_days ~ kind | 1", d.assign(sick_days=d["sick_days"] * (d["salary"] // 999 % 2))
    ),
    "hurdle": lambda d: hurdle(
        "sick_days ~ kind | 1", d.assign(sick_days=d["sick_days"] * (d["salary"] // 999 % 2))
    ),
    "multinom": lambda d: multinom("kind ~ overtime_hours", d),
    "polr": lambda d: polr("mood ~ kind", d),
}
WITHOUT_RESIDUALS = {"multinom"}
OF_CATEGORIES = {"multinom", "polr"}


@pytest.mark.usefixtures("unwritten")
@pytest.mark.parametrize("name", MODELS)
def test_every_class_of_models_has_a_report(name, data):
    made = report(MODELS[name](data.dropna()))
    performance = ["performance"] if name in OF_CATEGORIES else []
    assert [s.key for s in made.sections] == [*EVERY, *performance, *LAST]
    drawn = [item for s in made.sections for item in s.items if item.kind in ("picture", "pictures")]
    assert len(drawn) >= 2
    assert read(made.html).wrong == []
    said = items(made, "methods", "prose")[0].text
    assert ("assessed by simulation" in said) is (name not in WITHOUT_RESIDUALS)
    text = section(made, "diagnostics").items[0].text
    assert text.startswith(
        "Residuals by simulation are left out"
        if name in WITHOUT_RESIDUALS
        else "Residuals by simulation: where"
    )


@pytest.mark.usefixtures("unwritten")
def test_a_stream_says_what_needs_rows_in_memory(data, tmp_path):
    path = tmp_path / "data.parquet"
    data.to_parquet(path)
    in_memory = report(glm("left ~ salary + dept", data, "binomial"), bootstrap=0)
    made = report(glm("left ~ salary + dept", path, "binomial"))
    assert items(made, "rows", "flow") == items(in_memory, "rows", "flow")
    assert [s.key for s in made.sections if s.absent] == ["table-one", "diagnostics"]
    assert "not held in memory" in section(made, "diagnostics").items[0].text
    assert items(made, "tests", "listing") == items(in_memory, "tests", "listing")
    assert items(made, "performance", "prose")[0] == items(in_memory, "performance", "prose")[0]


@pytest.mark.usefixtures("unwritten")
def test_a_loaded_model_says_that_it_holds_no_rows(logistic, tmp_path):
    logistic.save(tmp_path / "left.glm")
    made = report(load(tmp_path / "left.glm"))
    assert [s.key for s in made.sections if s.absent] == ["table-one", "effects", "tests", "diagnostics"]
    assert "holds no training rows" in items(made, "rows", "prose")[0].text
    assert "Terms were tested" not in items(made, "methods", "prose")[0].text
    assert "subset='experience_years > 1'" in items(made, "code", "listing")[0].text


@pytest.mark.usefixtures("unwritten")
def test_a_mixed_model_shows_its_random_effects(data):
    with pytest.warns(SingularWarning):
        fit = lmer("sick_days ~ overtime_hours + (1 | team)", data.assign(team=data.index % 9))
    made = report(fit)
    assert made.findings[0].title == "Singular fit"
    assert items(made, "estimates", "listing")[0].text == str(fit.VarCorr())
    assert made.title == "sick_days: linear mixed model, gaussian family, identity link"
    assert "restricted maximum likelihood" in items(made, "methods", "prose")[0].text
    assert "columns overtime_hours, sick_days, team" in items(made, "code", "listing")[0].text


def findings(made):
    return {finding.title: finding for finding in made.findings}


@pytest.mark.usefixtures("unwritten")
def test_separation_is_a_problem():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = glm("y ~ x", {"x": [1.0, 2, 3, 4, 5, 6], "y": [0, 0, 0, 1, 1, 1]}, "binomial")
    made = report(fit, bootstrap=0)
    assert made.findings[0].title == "Separation"
    assert "x (+Inf)" in made.findings[0].text
    assert not made.trusted
    assert "problem Separation: No finite estimate" in repr(made)


@pytest.mark.usefixtures("unwritten")
def test_overdispersion_collinearity_and_influence_are_found():
    rng = np.random.default_rng(3)
    x = rng.normal(size=90)
    frame = pd.DataFrame({"x": x, "z": x + 0.1 * rng.normal(size=90), "y": rng.negative_binomial(1, 0.1, 90)})
    frame.loc[89, ["x", "z", "y"]] = [5.0, 5.2, 400]
    found = findings(report(glm("y ~ x + z", frame, "poisson")))
    assert {found[title].mark for title in ("Overdispersion", "Collinearity")} == {"problem"}
    assert found["Influence"].mark == "note"
    assert "89" in found["Influence"].text
    calm = findings(report(glm("y ~ x", frame.head(80).assign(y=rng.poisson(3, 80)), "poisson")))
    assert {finding.mark for finding in calm.values()} == {"good"}


@pytest.mark.usefixtures("unwritten")
def test_a_robust_covariance_is_said_and_used(data):
    fit = glm("sick_days ~ overtime_hours", data, "poisson")
    made = report(fit, vcov="HC3", conf_level=0.9)
    low, high = np.exp(fit.confint(method="wald", level=0.9, vcov="HC3").frame.loc["overtime_hours"])
    assert f"{low:.3f}, {high:.3f}" in items(made, "estimates", "markup")[0].html
    assert "robust, of type HC3" in items(made, "methods", "prose")[0].text
    assert "fit.report('report.html', conf_level=0.9, vcov='HC3')" in items(made, "code", "listing")[0].text


def test_wrong_arguments_are_told(logistic, monkeypatch):
    with pytest.raises(ValueError, match="conf_level should be between 0 and 1; got 95"):
        report(logistic, conf_level=95)
    with pytest.raises(ValueError, match="bootstrap should be 0 or more samples; got -1"):
        report(logistic, bootstrap=-1)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(
        DataError, match=r"a report needs jinja2, which is not installed: pip install 'glmformula\[report\]'"
    ):
        report(logistic)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.0, "0"), (12.0, "12"), (55149.2, "55,149"), (0.01234, "0.0123"), (-1.5, "−1.50")),
        *((1.2e-7, "1.20e−07"), (math.inf, "∞"), (math.nan, "–"), (1234567.8, "1.23e+06")),
    ],
)
def test_numbers_in_prose(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0004, "<0.001"), (0.001, "0.001"), (0.0496, "0.050"), (0.4321, "0.43"), (math.nan, "–")],
)
def test_p_values_in_cells(p, text):
    assert p_cell(p) == text


@pytest.mark.usefixtures("unwritten")
def test_dates_wide_numbers_and_long_factors_have_changes_that_say_something(data):
    frame = data.assign(
        day=pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(len(data)), "D"),
        person=[f"p{k % 40}" for k in range(len(data))],
    ).dropna()
    fit = glm("sick_days ~ day + salary + person", frame, "poisson")
    made = report(fit)
    (table,) = items(made, "effects", "table")
    low, high = np.quantile(frame["salary"], [0.25, 0.75], method="nearest")
    first, last = frame["day"].quantile([0.25, 0.75], interpolation="nearest")
    assert [row.label for row in table.rows] == [f"day: {last} - {first}", f"salary: {high:.0f} - {low:.0f}"]
    step = fit.avg_comparisons({"salary": (low, high)}).frame["estimate"].iloc[0]
    assert table.rows[1].texts[0] == number(step)
    assert items(made, "effects", "prose")[1].text == "Left out, for more than 30 levels: person."


@pytest.mark.usefixtures("unwritten")
def test_fewer_outliers_than_the_model_makes_are_no_finding(data):
    outliers = findings(report(glm("left ~ overtime_hours", data, "binomial"), bootstrap=0))["Outliers"]
    assert outliers.mark == "good"
    assert outliers.text == "0% of the rows are outside of all draws: no more than the model makes."


CALLS = {
    "firth": (lambda d: glm("left ~ salary", d, "binomial", method="firth"), ", method='firth')"),
    "tweedie": (
        lambda d: glm("sick_days ~ salary", d, tweedie(1.5, 0), maxit=40),
        ", family=tweedie(var_power = 1.5, link_power = 0), maxit=40)",
    ),
    "inverse": (
        lambda d: glm("sick_days + 1 ~ salary", d, inverse_gaussian("log"), na_action="na.exclude"),
        ", family=inverse_gaussian(\"log\"), na_action='na.exclude')",
    ),
    "arrays": (lambda d: glm("left ~ dept", d, "binomial", weights=np.ones(len(d))), ", weights=weights)"),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_code_has_what_a_printed_call_lacks(name, data):
    fit, ending = CALLS[name][0](data), CALLS[name][1]
    text = methods.code(Subject(fit, 0.95, None, True, 1, None, None), "r.html").items[0].text
    assert text.splitlines()[-2].endswith(ending)
    space = {"data": data, "weights": np.ones(len(data))}
    exec(text.rpartition("\n")[0], space)  # noqa: S102
    assert space["fit"].coefficients.equals(fit.coefficients)


def test_a_given_code_is_shown(logistic):
    section = methods.code(Subject(logistic, 0.95, None, True, 1, None, "glmformula fit ..."), "r.html")
    assert section.items[0].text == "glmformula fit ..."
