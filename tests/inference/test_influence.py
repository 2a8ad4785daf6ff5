"""Deletion diagnostics against R: 4.2.2's definitions (deviance residuals) and 4.6's (Pearson residuals)."""

from __future__ import annotations

import gzip
import json
import re
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference.models import load as models
from tolerances import INFLUENCE

from glmformula import FitError, glm
from glmformula.render.influence import abbreviate, make_names, shortened

HERE = Path(__file__).parents[1] / "reference" / "influence"
VERSIONS = {"4.2": ("deviance",), "4.6": ()}  # what the measures are asked for: nothing, as R's current ones
OWN = {m["id"]: m for m in json.loads((HERE / "cases.json").read_text())}


@cache
def answers(version):
    return json.loads(gzip.decompress((HERE / f"{version}.json.gz").read_bytes()))


@cache
def fit_of(id_, counted_from_1=False):
    if id_ not in OWN and not counted_from_1:
        return models.fitted(id_).fit
    m = OWN.get(id_) or models.table()[id_]
    data = models.load(m["data"])
    if counted_from_1 and isinstance(data.index, pd.RangeIndex):
        data = data.set_axis(range(1, len(data) + 1))
    options = {k: m[k] for k in ("weights", "offset", "subset", "na_action", "contrasts", "start") if k in m}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return glm(m["formula"], data, models.family_of(m), **options)


def well_posed(id_):
    return id_ in OWN or not models.reference()[id_]["reasons"]


# R sets the response of a binomial to 0 where its weight is 0; we leave it.
OTHER_Y = {"binomial-identity/weights", "zero-weights/aliased"}
IDS = [i for i in answers("4.2")["models"] if well_posed(i)]


def ours_of(fit, name, type_=()):
    match name:
        case "hatvalues" | "cooks_distance":
            return getattr(fit, name)()
        case "rstandard_deviance" | "rstandard_pearson":
            return fit.rstandard(name.removeprefix("rstandard_"))
        case "partial":
            return fit.residuals("partial")
        case "influence_measures":
            return fit.influence_measures(*type_).frame
    return getattr(fit, name)(*type_)


def same(ours, r):
    """Both ends, the number of missing values and the size of the rest."""
    assert len(ours) == r["length"]
    if r["columns"] and isinstance(ours, pd.DataFrame):
        assert list(ours.columns) == r["columns"]
    values = ours.to_numpy(dtype=float).reshape(len(ours), -1)
    if not values.size:
        return
    theirs = models.numbers(r["values"]).reshape(-1, values.shape[1])
    k = len(theirs)
    ends = values if k == len(values) else np.concatenate([values[: k // 2], values[-(k // 2) :]])
    finite = np.isfinite(values)
    assert np.count_nonzero(~finite) == r["missing"]
    np.testing.assert_array_equal(np.isfinite(ends), np.isfinite(theirs))
    scale = np.max(np.abs(values), axis=0, where=finite, initial=0.0)
    error = np.abs(ends - theirs) / np.maximum(scale, np.finfo(float).tiny)
    assert np.max(error, where=np.isfinite(error), initial=0.0) <= INFLUENCE
    assert np.abs(values[finite]).sum() == pytest.approx(r["size"], rel=INFLUENCE, abs=1e-12)


# What R 4.6 changed; the rest is compared once.
CHANGED = ("rstudent", "dffits", "covratio", "dfbeta", "dfbetas", "influence_measures")


@pytest.mark.parametrize(("id_", "version"), [(i, "4.2") for i in IDS] + [(i, "4.6") for i in IDS[::3]])
def test_measures(id_, version):
    r = answers(version)["models"][id_]
    fit = fit_of(id_)
    for name, theirs in r.items():
        if version == "4.6" and name not in CHANGED:
            continue
        if "error" in theirs or (name == "partial" and id_ in OTHER_Y):
            continue
        ours = ours_of(fit, name, VERSIONS[version])
        same(ours, theirs)
        if name == "influence_measures":
            table = fit.influence_measures(*VERSIONS[version])
            assert np.flatnonzero(table.starred).tolist() == theirs["starred"]
            assert table.is_influential.to_numpy().sum() == theirs["stars"]


def test_enough_models():
    assert len(IDS) >= 150


# Its DFBETAS are zero by symmetry but for round-off, R's and ours.
TEXTS = [i for i, t in answers("4.2")["texts"].items() if isinstance(t, str) and i != "classic/orange print"]


def without_call(text):
    return re.sub(r"\t glm\(.*?\) :", "\t glm() :", text, count=1, flags=re.DOTALL)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("id_", TEXTS)
def test_texts(id_, version):
    name, how = id_.split(" ")
    table = fit_of(name, counted_from_1=True).influence_measures(*VERSIONS[version])
    ours = str(table if how == "print" else table.summary())
    assert without_call(ours).rstrip("\n") == answers(version)["texts"][id_].rstrip("\n")


def test_abbreviated_names():
    r = answers("4.2")
    ascii_ = [k for k, word in enumerate(r["words"]) if word.isascii()]  # R itself warns about the others
    assert [shortened(r["words"][k].strip(), 4) for k in ascii_] == [r["alone"][k] for k in ascii_]
    words = [r["words"][k] for k in ascii_]
    assert abbreviate(words) == [r["abbreviated"][k] for k in ascii_]


def test_names_of_a_data_frame():
    assert make_names(["dfb.f()2", "dfb.f().2", "dfb.f()2", "hat", "dfb.f..2"]) == [
        "dfb.f..2.1",
        "dfb.f...2",
        "dfb.f..2.2",
        "hat",
        "dfb.f..2",
    ]


def test_enough_texts():
    assert len(TEXTS) >= 40


def test_too_few_rows():
    with pytest.raises(FitError, match="too few cases i with h_ii > 0: 6 of 6 rows, and 6 coefficients"):
        fit_of("saturated").influence_measures()


def test_a_change_that_is_rounding_is_none():
    """Trees are contrasted to sum to zero over the rows: R prints numbers such as 1.4e-17."""
    table = fit_of("classic/orange").influence_measures()
    dfb = table.frame.filter(like="dfb").to_numpy()
    assert (dfb == 0).any()
    assert np.abs(dfb[dfb != 0]).min() > 1e-10
    assert "0.00000" in str(table)
    assert (fit_of("classic/orange").dfbetas().to_numpy() == 0).sum() == (dfb == 0).sum()


def test_rstandard_by_default():
    """Pearson residuals, as R 4.6."""
    for id_ in IDS[::20]:
        same(fit_of(id_).rstandard(), answers("4.6")["models"][id_]["rstandard_pearson"])


@pytest.mark.parametrize("measure", ["rstandard", "rstudent", "dffits", "dfbeta", "dfbetas", "covratio"])
def test_type_is_checked(measure):
    with pytest.raises(ValueError, match="type should be one of 'deviance', 'pearson'; got 'working'"):
        getattr(fit_of("no-intercept"), measure)("working")


def test_zero_weights_leave_their_rows_out_and_padding_is_as_in_r():
    """R gives an error for zero weights together with na.exclude; ours are the rows in their places."""
    fit, plain = fit_of("zero-weights/exclude"), models.load("airquality")
    gone = (plain["Day"] <= 3) & plain[["Ozone", "Wind", "Temp", "Solar.R"]].notna().all(axis=1)
    hat, cook = fit.hatvalues(), fit.cooks_distance()
    assert list(hat.index) == list(cook.index) == list(plain.index[~gone])
    missing = plain[~gone][["Ozone", "Solar.R"]].isna().any(axis=1)
    assert (hat[missing] == 0).all()
    assert cook[missing].isna().all()
    assert hat.sum() == pytest.approx(4)
    assert fit.dfbeta().shape == (len(hat), 4)


def test_one_degree_of_freedom_left():
    """Without a row the deviation is 0 / 0; R prints round-off, infinite or NaN."""
    fit = glm("demand ~ poly(Time, 4)", models.load("BOD"))
    assert fit.dffits().isna().all()
    assert fit.cooks_distance().notna().all()


def test_dfbeta_is_one_step_of_leaving_the_row_out():
    data = models.load("mtcars")
    fit = glm("mpg ~ wt + hp", data)
    without = glm("mpg ~ wt + hp", data.drop(index="Maserati Bora"))
    change = fit.coefficients - without.coefficients
    np.testing.assert_allclose(fit.dfbeta().loc["Maserati Bora"], change, rtol=1e-8)


def test_blocks_and_methods_agree():
    from dataclasses import replace

    data = models.load("infert")
    fit = glm("case ~ age + parity + spontaneous", data, "binomial")
    source = replace(fit.rows.source, block_rows=50, threads=2)
    small = replace(fit, training=replace(fit.training, source=source))
    gram = glm("case ~ age + parity + spontaneous", data, "binomial", method="cholesky")
    for other in (small, gram):
        pd.testing.assert_frame_equal(
            other.influence_measures().frame, fit.influence_measures().frame, rtol=1e-7, atol=1e-9
        )


def test_the_table_and_its_stars():
    fit = fit_of("classic/lifecycle") if "classic/lifecycle" in models.table() else fit_of("no-intercept")
    table = fit.influence_measures()
    assert table.influential.index.equals(table.frame.index[table.starred])
    assert table.summary().frame.equals(table.influential)
    assert "<table" in table._repr_html_()
    assert table.to_markdown().startswith("Influence measures of")


def test_long_tables_are_cut_as_r_cuts_them():
    from glmformula.render.influence import MAX_PRINT, measures_blocks

    n = MAX_PRINT // 3 + 5
    blocks = measures_blocks(
        "glm()", ["a", "hat"], [""] * n, np.zeros((n, 2)), np.zeros(n, bool), np.zeros(n, bool)
    )
    assert blocks[-1] == " [ reached 'max' / getOption(\"max.print\") -- omitted 5 rows ]\n"
