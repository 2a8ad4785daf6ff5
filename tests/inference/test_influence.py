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
from tolerances import INFLUENCE, ROWS

import glmformula
from glmformula import FitError, glm
from glmformula.render.influence import abbreviate, make_names, shortened

HERE = Path(__file__).parents[1] / "reference" / "influence"
VERSIONS = {"4.2": "deviance", "4.6": "pearson"}
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


def ours_of(fit, name, type_):
    match name:
        case "hatvalues" | "cooks_distance":
            return getattr(fit, name)()
        case "rstandard_deviance" | "rstandard_pearson":
            return fit.rstandard(name.removeprefix("rstandard_"))
        case "partial":
            return fit.residuals("partial")
        case "influence_measures":
            return fit.influence_measures(type_).frame
    return getattr(fit, name)(type_)


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


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("id_", IDS)
def test_measures(id_, version):
    r = answers(version)["models"][id_]
    fit = fit_of(id_)
    for name, theirs in r.items():
        if "error" in theirs or (name == "partial" and id_ in OTHER_Y):
            continue
        ours = ours_of(fit, name, VERSIONS[version])
        same(ours, theirs)
        if name == "influence_measures":
            table = fit.influence_measures(VERSIONS[version])
            assert np.flatnonzero(table.starred).tolist() == theirs["starred"]
            assert table.is_influential.to_numpy().sum() == theirs["stars"]


def test_enough_models():
    assert len(IDS) >= 150


def without_call(text):
    return re.sub(r"\t glm\(.*?\) :", "\t glm() :", text, count=1, flags=re.DOTALL)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("id_", [i for i, t in answers("4.2")["texts"].items() if isinstance(t, str)])
def test_texts(id_, version):
    name, how = id_.split(" ")
    table = fit_of(name, counted_from_1=True).influence_measures(VERSIONS[version])
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
