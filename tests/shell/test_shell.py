"""The command line, run: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmformula as gf
from glmformula.datasets import attrition
from glmformula.shell.main import main
from glmformula.shell.models import MODELS, family

FORMULA = "left ~ salary + overtime_hours"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shell")
    data = attrition()
    data["team"] = np.arange(len(data)) % 7
    data.to_csv(folder / "hr.csv", index=False)
    data.to_parquet(folder / "hr.parquet")
    data.head(10).to_csv(folder / "new.csv", index=False)
    pd.DataFrame({"x": range(10), "y": [0] * 5 + [1] * 5}).to_csv(folder / "apart.csv", index=False)
    assert (
        main(
            [
                "fit",
                FORMULA,
                str(folder / "hr.csv"),
                "--family",
                "binomial",
                "--save",
                str(folder / "two.json"),
            ]
        )
        == 0
    )
    smaller = ["fit", "left ~ salary", str(folder / "hr.csv"), "--family", "binomial"]
    assert main([*smaller, "--save", str(folder / "one.json")]) == 0
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def test_fit_prints_r_s_summary(here, capsys):
    code, out, err = run(capsys, "fit", FORMULA, here / "hr.csv", "--family", "binomial")
    assert (code, err) == (0, "")
    assert out == f"{gf.glm(FORMULA, str(here / 'hr.csv'), family='binomial').summary()}\n"


def test_every_option_reaches_the_model(here, capsys):
    options = [
        "--weights",
        "team + 1",
        "--offset",
        "salary / 1e5",
        "--subset",
        "team < 5",
        "--na-action",
        "na.fail",
    ]
    words = ["fit", "sick_days ~ overtime_hours", here / "hr.parquet", "--family", "quasipoisson", *options]
    code, out, _ = run(capsys, *words, "--with", "epsilon=1e-10", "--vcov", "HC1", "--cluster", "team")
    fit = gf.glm(
        "sick_days ~ overtime_hours", str(here / "hr.parquet"), "quasipoisson", weights="team + 1", epsilon=1e-10,
        offset="salary / 1e5", subset="team < 5", na_action="na.fail",
    )  # fmt: skip
    assert code == 0
    assert out == f"{fit.summary(vcov={'cluster': 'team', 'type': 'HC1'})}\n"


def test_json(here, capsys):
    code, out, _ = run(capsys, "fit", FORMULA, here / "hr.csv", "--family", "binomial", "--json")
    found, fit = json.loads(out), gf.glm(FORMULA, attrition(), "binomial")
    assert code == 0
    assert [row["term"] for row in found["coefficients"]] == list(fit.coefficients.index)
    np.testing.assert_allclose(
        [row["estimate"] for row in found["coefficients"]], fit.coefficients, rtol=1e-9
    )
    assert found["trusted"] is True
    assert found["glance"]["nobs"] == 500
    assert (
        json.loads(run(capsys, "summary", here / "two.json", "--json")[1])["coefficients"]
        == found["coefficients"]
    )


def test_a_fit_that_is_not_to_be_trusted_is_2(here, capsys):
    saved = here / "apart.json"
    code, out, err = run(capsys, "fit", "y ~ x", here / "apart.csv", "--family", "binomial", "--save", saved)
    assert code == 2
    assert "Coefficients:" in out
    assert (
        "warning: complete separation: no finite maximum-likelihood estimate of (Intercept) (-Inf), x (+Inf)"
        in err
    )
    assert "the fit is not to be trusted" in err
    assert run(capsys, "summary", saved)[0] == 2
    code, _, err = run(capsys, "fit", FORMULA, here / "hr.csv", "--family", "binomial", "--with", "maxit=2")
    assert code == 2
    assert "warning: glm.fit: algorithm did not converge" in err
    assert (
        run(capsys, "fit", "y ~ x", here / "apart.csv", "--family", "binomial", "--with", "method=firth")[0]
        == 0
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fit", "left ~ salry", "hr.csv"], "error: object 'salry' not found: no column .* 'salary'"),
        (["fit", "left ~ salary +", "hr.csv"], "error: "),
        (["fit", FORMULA, "no.csv"], "error: .*no.csv.*no such file"),
        (["fit", FORMULA, "hr.csv", "--family", "binomal"], "error: .*no family 'binomal'.*binomial"),
        (["fit", FORMULA, "hr.csv", "--family", "Gamma(log"], "error: the family 'Gamma\\(log' cannot be read"),
        (["fit", FORMULA, "hr.csv", "--family", "quasi(a + 1)"], "an argument of a family is a number or a name"),
        (["fit", FORMULA, "hr.csv", "--family", "binomial(1, 2, 3)"], "error: the family 'binomial\\(1, 2, 3\\)'"),
        (["fit", FORMULA, "hr.csv", "--model", "lm", "--family", "poisson"], r"lm\(\) has no argument family; it has"),
        (["fit", FORMULA, "hr.csv", "--with", "firth"], "--with takes NAME=VALUE, such as method=firth; got 'firth'"),
        (["fit", FORMULA], "the following arguments are required: DATA"),
        (["fit", FORMULA, "hr.csv", "--model", "magic"], "invalid choice: 'magic'"),
        (["summary", "no.json"], "expected a FORMULA and its DATA, or the file of a saved fit; got 'no.json'"),
        (["summary", FORMULA], "a formula needs its DATA behind it"),
        (["predict", "hr.csv", "new.csv"], "error: .*hr.csv"),
        (["anova", "two.json"], "anova takes a FORMULA and its DATA, or two saved fits or more"),
        (["compare", "two.json", "two.json"], "the names of the files should differ"),
        (["nonsense"], "invalid choice: 'nonsense'"),
    ],
)  # fmt: skip
def test_problems_are_1_and_on_standard_error(words, message, here, capsys, monkeypatch):
    monkeypatch.chdir(here)
    code, out, err = run(capsys, *words)
    assert (code, out) == (1, "")
    assert re.search(message, err, re.DOTALL), err


def test_anova_and_drop1(here, capsys):
    fit = gf.glm(FORMULA, attrition(), "binomial")
    _, out, _ = run(capsys, "anova", FORMULA, here / "hr.csv", "--family", "binomial")
    assert out == f"{fit.anova()}\n"
    _, out, _ = run(capsys, "anova", here / "one.json", here / "two.json", "--test", "Chisq")
    assert out == f"{gf.glm('left ~ salary', attrition(), 'binomial').anova(fit, test='Chisq')}\n"
    _, out, _ = run(capsys, "drop1", FORMULA, here / "hr.csv", "--family", "binomial")
    assert out == f"{fit.drop1(test='Chisq')}\n"


def test_predict(here, capsys):
    fit, new = gf.load(here / "two.json"), pd.read_csv(here / "new.csv")
    code, out, _ = run(
        capsys, "predict", here / "two.json", here / "new.csv", "--out", here / "scored.parquet"
    )
    assert (code, out) == (0, "")
    np.testing.assert_allclose(
        pd.read_parquet(here / "scored.parquet").iloc[:, -1], fit.predict(new, type="response"), rtol=1e-12
    )
    words = ["--type", "link", "--se", "--interval", "confidence", "--level", "0.9"]
    _, out, _ = run(capsys, "predict", here / "two.json", here / "new.csv", *words)
    lines = [line.split(",") for line in out.splitlines()]
    assert lines[0] == ["row", "fit", "se_fit", "lwr", "upr"]
    want = fit.predict(new, type="link", se_fit=True, interval="confidence", level=0.9)
    np.testing.assert_allclose(np.array(lines[1:], float)[:, 1:], want, rtol=1e-12)


def test_compare_and_sql(here, capsys):
    one, two = (gf.load(here / f"{name}.json") for name in ("one", "two"))
    _, out, _ = run(capsys, "compare", here / "one.json", here / "two.json")
    assert out == f"{gf.etable(one, two, names=['one', 'two'])}\n"
    _, out, _ = run(capsys, "sql", here / "two.json", "--dialect", "postgres", "--se", "--table", "hr")
    assert out == two.to_sql("postgres", se=True, table="hr") + "\n"
    _, out, _ = run(capsys, "sql", "left ~ salary", here / "hr.csv", "--family", "binomial", "--type", "link")
    assert out.startswith("-")


def test_pages(here, capsys):
    words = ["fit", "sick_days ~ overtime_hours", here / "new.csv", "--family", "poisson"]
    assert run(capsys, *words, "--report", here / "r.html", "--what-if", here / "w.html")[0] == 0
    assert "<html" in (here / "r.html").read_text(encoding="utf-8")[:200]
    assert "whatIf" in (here / "w.html").read_text(encoding="utf-8")
    code, _, err = run(
        capsys, "fit", "factor(left) ~ salary", here / "hr.csv", "--model", "multinom", *["--what-if", "w"]
    )
    assert code == 1
    assert "--what-if means nothing for a Multinom: it needs one linear predictor" in err


@pytest.mark.parametrize("model", [name for name in MODELS if name != "glm"])
def test_every_model(model, here, capsys):
    formulas = {"multinom": "factor(left) ~ salary", "polr": "factor(team) ~ overtime_hours"}
    formulas |= dict.fromkeys(("lmer", "glmer", "glmer_nb"), "sick_days ~ overtime_hours + (1 | team)")
    formula = formulas.get(model, "sick_days ~ overtime_hours")
    more = {"zeroinfl": ["--with", "dist=negbin"], "glmer": ["--family", "poisson"]}.get(model, [])
    code, out, err = run(capsys, "fit", formula, here / "hr.csv", "--model", model, *more)
    assert code in (0, 2), err
    assert "Call:" in out or "Formula:" in out
    code, out, err = run(capsys, "fit", formula, here / "hr.csv", "--model", model, *more, "--json")
    assert code in (0, 2), err
    assert json.loads(out)["coefficients"]


def test_families_are_read_and_never_run():
    assert family("binomial").name == "binomial"
    assert family("Gamma(log)").link.name == "log"
    assert family("inverse.gaussian").name == family("inverse_gaussian").name == "inverse.gaussian"
    assert family("negative_binomial(theta = 2)").parameters["theta"] == 2
    assert family("quasi(link = log, variance = mu)").link.name == "log"
    assert family("tweedie(1.5, -1)").link.linkfun(np.array([2.0]))[0] == pytest.approx(0.5)
    with pytest.raises(gf.FamilyError, match="there is no family 'system'"):
        family('system("ls")')


def test_help_says_what_a_stranger_needs(capsys):
    code, out, _ = run(capsys)
    assert code == 0
    assert out.startswith("usage: glmformula")
    assert "'glmformula demo' prints two models" in out
    for command in ("fit", "summary", "anova", "drop1", "predict", "compare", "sql", "demo"):
        code, shown, _ = run(capsys, command, "--help")
        assert code == 0
        assert command in out
        assert "exit codes: 0 good, 1 error, 2 the fit is not to be trusted" in shown


def test_as_a_process(here):
    environment = {**os.environ, "PYTHONUTF8": "1"}
    command = [sys.executable, "-W", "error", "-m", "glmformula", "fit", "y ~ x", here / "apart.csv"]
    done = subprocess.run(
        [*command, "--family", "binomial"],
        capture_output=True,
        env=environment,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout.startswith("\nCall:\nglm(formula = y ~ x")
    assert "complete separation" in done.stderr


def test_the_command_is_declared():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    module, name = project["scripts"]["glmformula"].split(":")
    assert getattr(import_module(module), name) is main
