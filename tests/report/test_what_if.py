"""The what-if page, run in a browser: what it computes is what `predict` gives."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tolerances import WHAT_IF
from translate.cases import CASES, DESIGNS, N, holes, rows

from glmformula import Gamma, binomial, glm, glm_nb, inverse_gaussian, lm, load, poisson, polr, quasi
from glmformula.errors import DataError, FitError, FormulaError
from glmformula.report.what_if import functions_of, numbers_of, what_if
from glmformula.translate.javascript import HELPERS

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --virtual-time-budget=2000 --dump-dom"
).split()
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium here (Debian: chromium)")
DATA, NEW = rows(), holes(rows())


def browsed(page: str, folder: Path, script: str) -> Any:
    """What a script behind those of the page says, in a browser."""
    said = "document.getElementById('said').textContent"
    ending = f"<pre id='said'></pre><script>{said} = JSON.stringify({script});</script>"
    path = folder / "page.html"
    path.write_text(page.replace("</body>", ending + "</body>"), encoding="utf-8")
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={folder / 'profile'}", path.as_uri()]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=True)
    found = re.search(r'<pre id="said">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found is not None, done.stdout[-2000:]
    assert found[1], "the page's script has failed"
    return json.loads(html.unescape(found[1]))


def in_javascript(data: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as the page has them: days, seconds, null for what is missing (read back as NaN)."""
    out = data.drop(columns="y", errors="ignore").copy()
    if "d" in out:
        days = pd.to_datetime(out["d"]).to_numpy().astype("datetime64[s]")
        out["d"] = np.where(np.isnat(days), np.nan, days.astype("int64") / 86400)
        seconds = out["t"].to_numpy().astype("datetime64[s]")
        out["t"] = np.where(np.isnat(seconds), np.nan, seconds.astype("int64"))
    numbers = {n for n in out if out[n].dtype.kind in "iuf"}
    return [{n: _plain(v, n in numbers) for n, v in row.items()} for row in out.to_dict("records")]


def _plain(value: Any, number: bool) -> Any:
    if pd.isna(value):
        return None
    return float(value) if number else value if isinstance(value, bool) else str(value)


def revived(data: pd.DataFrame) -> str:
    """The rows as an expression of JavaScript."""
    given = in_javascript(data)
    numbers = [n for n in given[0] if any(isinstance(row[n], float) for row in given)]
    return (
        f"{json.dumps(given)}.map(row => {{ for (const n of {json.dumps(numbers)}) if (row[n] === null) row[n] = NaN; "
        "return row; })"
    )


def close(got: Sequence[Any], want: Any) -> None:
    found = np.array([np.nan if v is None else v for v in got], dtype=float)
    expected = np.asarray(want, dtype=float)
    assert (np.isnan(found) == np.isnan(expected)).all(), (found, expected)
    np.testing.assert_allclose(
        found, expected, rtol=WHAT_IF, atol=1e-3 * WHAT_IF * np.nanmax(np.abs(expected), initial=0.0)
    )


@needs_browser
def test_every_function_in_a_browser(tmp_path):
    """The linear predictor of a model of each function that formulas may call."""
    fits = {right: glm(f"y ~ {right}", DATA) for right in (*CASES.values(), *DESIGNS)}
    parts = []
    for fit in fits.values():
        numbers = json.dumps(numbers_of(fit, 0.95, None)["beta"])
        parts.append(
            f"(() => {{ {functions_of(fit)} const beta = {numbers}; return rows.map(v => surely(lost(v)) ? NaN : "
            "columns(v).reduce((total, x, j) => total + x * beta[j], 0) + offset(v)); })()"
        )
    page = (
        f"<!DOCTYPE html><html><body><script>{HELPERS}\nconst rows = {revived(NEW)};</script></body></html>"
    )
    found = browsed(page, tmp_path, f"[{', '.join(parts)}]")
    for (right, fit), got in zip(fits.items(), found, strict=True):
        try:
            close(got, fit.predict(NEW, new_levels="na"))
        except AssertionError as error:
            raise AssertionError(f"y ~ {right}: {error}") from None


def families() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    data = DATA.assign(win=(rng.random(N) < 0.5).astype(int), n=rng.negative_binomial(1.0, 0.3, N))
    made: dict[str, Any] = {
        link: glm("win ~ x * f + poly(p, 2) + offset(u)", data, binomial(link))
        for link in ("logit", "probit", "cauchit", "cloglog")
    }
    return made | {
        "log": glm("n ~ x + b:f + g", data, poisson()),
        "inverse": glm("y ~ p + f", data, Gamma()),
        "1/mu^2": glm("y ~ p", data, inverse_gaussian()),
        "quasi": glm("y ~ p", data, quasi("sqrt", "mu")),
        "glm_nb": glm_nb("n ~ ns(x, 3) + f", data),
        "lm": lm("y ~ x * f + d", data),
        "no intercept": glm("y ~ 0 + f + x", data),
        "aliased": glm("y ~ x + twin", data.assign(twin=2 * DATA["x"])),
    }


@needs_browser
def test_intervals_and_contributions(tmp_path):
    """The page's own function, of every link: mean, limits, predictor, standard error, terms."""
    new = NEW.assign(twin=2 * NEW["x"] + (np.arange(len(NEW)) % 9 == 0))
    fits = families()
    frames = "".join(
        f"<iframe srcdoc='{html.escape(fit.what_if(level=0.9), quote=True)}'></iframe>"
        for fit in fits.values()
    )
    page = f"<!DOCTYPE html><html><body>{frames}<script>const rows = {revived(new)};</script></body></html>"
    ask = f"[...Array({len(fits)}).keys()].map(k => rows.map(window.frames[k].whatIf))"
    later = f"document.getElementById('said').textContent = JSON.stringify({ask})"
    script = f"document.title), window.addEventListener('load', () => {later}"
    found = browsed(page, tmp_path, script)
    for (name, fit), got in zip(fits.items(), found, strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of rows that are not estimable
            answer, link = (
                fit.predict(new, type=type, se_fit=True, interval="confidence", level=0.9, new_levels="na")
                for type in ("response", "link")
            )
        terms = fit.predict(new, type="terms", new_levels="na")
        try:
            close([row["fit"] for row in got], answer["fit"])
            close([row["lower"] for row in got], answer["lwr"])
            close([row["upper"] for row in got], answer["upr"])
            close([row["link"] for row in got], link["fit"])
            there = np.isfinite(
                link["fit"].to_numpy()
            )  # an offset that is missing leaves an error, but no prediction
            close([row["se"] for row in got], link["se_fit"].where(there))
            contributions = np.array([row["terms"] for row in got], dtype=float)[there]
            np.testing.assert_allclose(contributions, terms[there], rtol=WHAT_IF, atol=WHAT_IF)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None


@needs_browser
def test_what_a_reader_sees_and_moves(tmp_path):
    fit = glm("y ~ x + k + f + b + d + t", DATA)
    script = """(() => {
      const text = id => document.getElementById(id).textContent, before = text("fit");
      const range = document.querySelector("input[type=range]");
      range.value = range.max; range.oninput();
      const moved = text("fit"), field = document.querySelector("input[type=number]").value;
      const list = document.querySelector("#controls select"); list.value = 2; list.onchange();
      const listed = {...values};
      document.querySelector("button").onclick();
      const all = what => [...document.querySelectorAll(what)];
      return { before, moved, field, listed, after: text("fit"), formula: text("formula"),
        labels: all("#controls label").map(n => n.textContent), terms: all(".term").length,
        curve: all("#curve polyline").length, wide: document.documentElement.scrollWidth <= innerWidth };
    })()"""
    found = browsed(fit.what_if(), tmp_path, script)
    assert found["labels"] == ["x", "k", "f", "b", "d", "t"]
    assert found["before"] == found["after"] != found["moved"]
    assert found["listed"]["f"] == "red"
    assert found["formula"] == "y ~ x + k + f + b + d + t"
    assert found["terms"] == 7
    assert found["curve"] == 1
    assert found["wide"]


@needs_browser
def test_no_name_breaks_out_of_the_page(tmp_path):
    nasty = ["</script><script>document.title='broken'</script>", "a\"b'c\\d", "<!--", "né€😀\u2028"]
    data = pd.DataFrame({nasty[1]: nasty * 4, "y": np.arange(16.0)})
    fit = glm("y ~ `a\"b'c\\\\d`", data)
    got = browsed(
        fit.what_if(title="<b>&"),
        tmp_path,
        f"[document.title, model.controls[0].choices.map(c => whatIf({{{json.dumps(nasty[1])}: c}}).fit)]",
    )
    assert got[0] == "What if: <b>&"
    order = next(iter(fit.schema.variables.values())).levels
    close(got[1], fit.predict(pd.DataFrame({nasty[1]: order})))


def controls(page: str) -> list[dict[str, Any]]:
    return json.loads(re.search(r"const model = (\{.*\});\n", page)[1])["controls"]  # type: ignore[index]


def test_controls_say_what_the_rows_say(tmp_path):
    fit = glm("y ~ x + k + factor(half) + f + b + d", DATA)
    x, k, half, f, b, d = controls(fit.what_if())
    assert (x["low"], x["high"], x["start"]) == (DATA["x"].min(), DATA["x"].max(), DATA["x"].median())
    assert (k["low"], k["high"], k["step"]) == (0, 6, 1)
    assert half["kind"] == "choice"
    assert half["choices"] == sorted(DATA["half"].unique())
    assert f["choices"] == ["blue", "green", "red"]
    assert f["start"] == DATA["f"].mode()[0]
    assert b == {"name": "b", "kind": "truth", "choices": [False, True], "start": False}
    assert d["kind"] == "date"
    assert d["low"] == (min(DATA["d"]) - pd.Timestamp(0).date()).days
    DATA.to_parquet(tmp_path / "data.parquet")
    streamed = controls(glm("y ~ x + f", str(tmp_path / "data.parquet")).what_if())
    assert streamed[0]["start"] == pytest.approx(DATA["x"].mean())
    assert [c["name"] for c in streamed] == ["x", "f"]


def test_a_saved_fit_asks_for_ranges(tmp_path):
    glm("y ~ x + f", DATA).save(tmp_path / "fit.json")
    fit = load(tmp_path / "fit.json")
    with pytest.raises(DataError, match=r"how far 'x' goes: give its range, ranges=\{'x': \(low, high\)\}"):
        fit.what_if()
    x, f = controls(fit.what_if(tmp_path / "page.html", ranges={"x": (-1, 0.25, 1), "f": ["red", "blue"]}))
    assert (x["low"], x["start"], x["high"], f["choices"]) == (-1, 0.25, 1, ["red", "blue"])
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    with pytest.raises(
        DataError, match=r"ranges: of 'x' expected \(low, high\) or \(low, start, high\); got \(3, 1\)"
    ):
        fit.what_if(ranges={"x": (3, 1)})
    with pytest.raises(DataError, match="ranges: 'z' is not a variable of the model"):
        fit.what_if(ranges={"z": (0, 1)})


def test_it_is_one_file_and_the_same_each_time():
    fit = glm("y ~ x + f", DATA)
    page = fit.what_if()
    assert page == fit.what_if()
    assert not re.search(r"https?://(?!www\.w3\.org)|<link|src=", page)


def test_refused():
    with pytest.raises(
        FitError, match=r"what_if\(\) means nothing for a Polr.*it needs one linear predictor"
    ):
        what_if(polr("g ~ x", DATA))
    with pytest.raises(FormulaError, match=r"signif\(\) in signif\(p, 2\)"):
        glm("y ~ signif(p, 2)", DATA).what_if()
    with pytest.raises(ValueError, match="level should be between 0 and 1; got 2"):
        glm("y ~ x", DATA).what_if(level=2)
    with pytest.raises(ValueError, match=r"ranges should be a mapping such as \{'x': \(0, 10\)\}; got 3"):
        glm("y ~ x", DATA).what_if(ranges=3)
    with pytest.raises(ValueError, match="path should be the name of a file; got 3"):
        glm("y ~ x", DATA).what_if(3)
    with pytest.raises(DataError, match=r"'f' has 2,001 levels, too many for a list: name some"):
        glm("y ~ f", DATA).what_if(ranges={"f": [str(k) for k in range(2001)]})
