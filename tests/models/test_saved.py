"""Objects that last: save and load to the last bit, pickle, copy, joblib, and no training row in them."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmformula as gf
from glmformula import DataError, FamilyError, glm
from glmformula.engine.result import Control, GlmFit
from glmformula.families import Family, Link, power
from glmformula.families.records import alike, family_of, family_record
from glmformula.families.registry import FAMILIES
from glmformula.formula.exact import exact_text
from glmformula.formula.functions import TABLE
from glmformula.formula.reader import read
from glmformula.models import plain, saved

FILES = Path(__file__).parent.parent / "reference" / "saved"


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(7)
    n = 120
    x = rng.normal(size=n).round(6)
    z = rng.gamma(2.0, size=n).round(6)
    group = pd.Categorical(rng.choice(["a", "b", "c d"], n))
    return pd.DataFrame(
        {
            "y": rng.poisson(np.exp(0.3 * x + 0.2 * (group == "b"))).astype(float),
            "t": (rng.gamma(3.0, size=n) + 0.1).round(6),
            "win": rng.integers(0, 2, n),
            "x": x,
            "z": z,
            "g": group,
            "o": pd.Categorical(rng.choice(["low", "mid", "top"], n), ["low", "mid", "top"], ordered=True),
            "s": rng.choice(["u", "v"], n),
            "flag": rng.integers(0, 2, n).astype(bool),
            "w": rng.integers(1, 4, n),
        }
    )


MODELS = {
    "plain": ("y ~ x * g", gf.poisson(), {}),
    "state": ("t ~ poly(x, 3) + ns(z, 3) + scale(z) + cut(x, 3)", gf.Gamma("log"), {}),
    "bs": ("win ~ bs(z, df = 5) + I(x * 0.12345678901234568)", gf.binomial("cloglog"), {}),
    "contrasts": ("y ~ g + o + s + flag", gf.quasipoisson(), {"contrasts": {"g": "contr.sum"}}),
    "matrix": ("y ~ g", gf.poisson(), {"contrasts": {"g": np.array([[1.0], [0.5], [-1.5]])}}),
    "named matrix": (
        "y ~ g",
        gf.poisson(),
        {"contrasts": {"g": pd.DataFrame({"first": [1.0, 0.5, -1.5]}, index=["a", "b", "c d"])}},
    ),
    "aliased": ("y ~ x + I(2 * x) + g", gf.gaussian(), {}),
    "offset": (
        "y ~ x + offset(log(z))",
        gf.poisson(),
        {"offset": "log(t + 0.30000000000000004)", "weights": "w"},
    ),
    "array offset": ("y ~ x", gf.poisson(), {"offset": np.arange(120) / 100}),
    "number": ("y ~ x", gf.poisson(), {"epsilon": 1e-12, "maxit": 50}),
    "negative": ("y ~ x + g", gf.negative_binomial(1.2345678), {}),
    "tweedie": ("t ~ x", gf.tweedie(1.55, 0.0), {}),
    "tweedie power": ("t ~ x", gf.tweedie(1.3, 0.7), {}),
    "power": ("t ~ x", gf.Gamma(power(1 / 3)), {}),
    "quasi": ("win ~ x", gf.quasi("logit", "mu(1-mu)"), {}),
    "inverse": ("t ~ z", gf.inverse_gaussian("log"), {}),
    "no intercept": ("t ~ g - 1", gf.gaussian(), {}),
    "null": ("t ~ 0", gf.gaussian(), {}),
}


@pytest.fixture(scope="module", params=MODELS)
def fit(request, data):
    formula, family, options = MODELS[request.param]
    return glm(formula, data, family, **options)


def answers(fit, data):
    """Everything a model without rows can be asked."""
    new = data.iloc[[3, 50, 80]]
    out = [str(fit), str(fit.summary()), str(fit.confint(method="wald")), fit.formula, fit.call]
    out += [fit.summary().coefficients, fit.vcov(), fit.confint(method="wald").frame, fit.coefficients]
    out += [str((fit.aic, fit.bic, fit.loglik, fit.dispersion, fit.null_deviance))]
    out += [str(fit.contrasts), fit.xlevels]
    out += [fit.n_omitted, fit.control, fit.nobs, fit.df_residual]
    if fit.schema.offset_lost:
        return out
    terms = fit.predict(new, type="terms", se_fit=True)
    out += [fit.predict(new, se_fit=True), fit.predict(new, type="response", interval="confidence"), terms]
    return [*out, str(terms.attrs)]


def same(a, b):
    for one, other in zip(a, b, strict=True):
        if isinstance(one, pd.DataFrame | pd.Series):
            assert one.equals(other)
        else:
            assert one == other


def saved_again(fit, tmp_path):
    fit.save(tmp_path / "model.json")
    return gf.load(tmp_path / "model.json")


def test_load_gives_the_same_bits(fit, data, tmp_path):
    again = saved_again(fit, tmp_path)
    same(answers(again, data), answers(fit, data))
    for field in fields(GlmFit):
        np.testing.assert_array_equal(getattr(again.result, field.name), getattr(fit.result, field.name))
    assert alike(again.family, fit.family)
    assert again.terms.variables == fit.terms.variables
    with pytest.raises(DataError, match="holds no training rows"):
        again.residuals()


def test_pickle_copy_and_a_second_save_too(fit, data, tmp_path):
    expected = answers(fit, data)
    for again in (pickle.loads(pickle.dumps(fit)), copy.copy(fit), copy.deepcopy(fit), fit.strip_data()):
        same(answers(again, data), expected)
    once = saved_again(fit, tmp_path)
    same(answers(pickle.loads(pickle.dumps(once)), data), expected)
    first = (tmp_path / "model.json").read_bytes()
    once.save(tmp_path / "model.json")
    assert (tmp_path / "model.json").read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == ["model.json"]


def test_joblib(data, tmp_path):
    joblib = pytest.importorskip("joblib")
    fit = glm("y ~ poly(x, 2) + g", data, gf.poisson())
    joblib.dump(fit, tmp_path / "model.joblib")
    same(answers(joblib.load(tmp_path / "model.joblib"), data), answers(fit, data))


def test_a_stored_array_offset_is_remembered_as_lost(data, tmp_path):
    formula, family, options = MODELS["array offset"]
    again = saved_again(glm(formula, data, family, **options), tmp_path)
    with pytest.raises(DataError, match="offset= was an array"):
        again.predict(data.head(2))


def test_no_training_row_in_what_is_kept(data, tmp_path):
    """Values, labels and unused columns of the rows are looked for in the bytes, as text and as float64."""
    rng = np.random.default_rng(11)
    marked = data.copy()
    marked.index = [f"person-{k:04d}-secret" for k in range(len(data))]
    marked["x"] = rng.normal(size=len(data)) * 1.0123456789
    marked["z"] = rng.gamma(2.0, size=len(data)) + 0.0123456789
    marked["t"] = rng.gamma(3.0, size=len(data)) + 0.1123456789
    marked["ssn"] = [f"ssn-{k:05d}" for k in range(len(data))]
    formula = "t ~ poly(x, 2) + ns(z, 4) + bs(x, 5) + scale(z) + cut(z, 3) + g + offset(x / 10)"
    fit = glm(formula, marked, gf.Gamma("log"), weights="w")
    fit.fitted_values, fit.summary(), fit.column_means  # what they remember must not travel
    fit.save(tmp_path / "model.json")
    kept = {
        "pickle": pickle.dumps(fit.strip_data()),
        "file": (tmp_path / "model.json").read_bytes(),
        "loaded": pickle.dumps(gf.load(tmp_path / "model.json")),
    }
    assert b"person-0007-secret" in pickle.dumps(fit)  # the search finds what is there
    learned = {float(v) for name in ("x", "z") for v in (marked[name].min(), marked[name].max())}
    state = fit.schema.state.values()
    learned |= {float(k) for s in state for name in ("knots", "boundary") for k in s.get(name, ())}
    for content in kept.values():
        assert b"person-" not in content
        assert b"ssn" not in content
        for name in ("x", "z", "t"):
            for value in marked[name]:
                if float(value) not in learned:
                    assert repr(float(value)).encode() not in content
                    assert np.float64(value).tobytes() not in content
    assert all(len(content) < 30_000 for content in kept.values())


# ---- families ----


@pytest.mark.parametrize("link", ["logit", "probit", "cauchit", "cloglog", "log", "identity"])
def test_a_family_comes_back_alike(link):
    for family in (gf.binomial(link), gf.quasibinomial(link), gf.quasi(link, "mu")):
        record = json.loads(json.dumps(family_record(family)))
        assert alike(family_of(record), family)
    assert not alike(gf.binomial(), gf.binomial("probit"))
    assert not alike(gf.negative_binomial(1.0), gf.negative_binomial(1.00001))


def mine(link="identity"):
    double = 2.0
    return Family("mine", link, lambda mu: double + 0 * mu, lambda y, mu: (y - mu) ** 2 / double)


def test_a_users_family_must_be_registered(data, tmp_path, monkeypatch):
    fit = glm("t ~ x", data, mine())
    with pytest.raises(DataError, match=r"family 'mine' cannot be written.*register_family\('mine', cons"):
        fit.save(tmp_path / "m.json")
    assert not list(tmp_path.iterdir())
    monkeypatch.setitem(FAMILIES, "mine", mine)
    again = saved_again(fit, tmp_path)
    same(answers(again, data), answers(fit, data))
    monkeypatch.delitem(FAMILIES, "mine")
    with pytest.raises(DataError, match=r"'mine' is the user's own and is not registered here"):
        gf.load(tmp_path / "model.json")


def test_a_users_link_must_be_registered(data, tmp_path, monkeypatch):
    log = gf.make_link("log")
    link = Link("own log", log.linkfun, lambda eta: np.exp(eta), lambda eta: np.exp(eta))
    fit = glm("y ~ x", data, gf.poisson(link))
    with pytest.raises(DataError, match=r"link 'own log' cannot be written.*register_link\('own log', li"):
        fit.save(tmp_path / "m.json")
    from glmformula.families.link import LINKS

    monkeypatch.setitem(LINKS, "own log", link)
    again = saved_again(fit, tmp_path)
    assert again.family.link is link
    monkeypatch.delitem(LINKS, "own log")
    with pytest.raises(DataError, match=r"link 'own log' is not registered here.*register_link"):
        gf.load(tmp_path / "model.json")


def test_a_users_function_must_be_registered(data, tmp_path, monkeypatch):
    def centred(x, state):
        state.setdefault("mean", x.mean())
        return x - state["mean"]

    gf.register_function("centred_here", centred, stateful=True)
    try:
        fit = glm("y ~ centred_here(x)", data, gf.poisson())
        again = saved_again(fit, tmp_path)
        same(answers(again, data), answers(fit, data))
    finally:
        del TABLE["centred_here"]
    with pytest.raises(DataError, match=r"calls centred_here\(\).*register_function\('centred_here', f\)"):
        gf.load(tmp_path / "model.json")


def test_state_that_is_no_plain_data_is_refused(data, tmp_path):
    def odd(x, state):
        state["what"] = object()
        return x

    gf.register_function("odd_here", odd, stateful=True)
    try:
        fit = glm("y ~ odd_here(x)", data, gf.poisson())
        with pytest.raises(DataError, match=r"functions cannot be written.*found a object"):
            fit.save(tmp_path / "m.json")
    finally:
        del TABLE["odd_here"]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("poisson", "a family is an object with a name"),
        ({"name": "poison", "link": "log"}, "there is no family 'poison'; the nearest names are: 'poisson'"),
        ({"name": "poisson"}, "the family 'poisson' has link; found nothing"),
        ({"name": "poisson", "link": 3}, "a link is a name or"),
        ({"name": "poisson", "link": {"power": "x"}}, "one finite number"),
        ({"name": "tweedie", "link": "log"}, "has link_power, var_power; found link"),
        ({"name": "negative.binomial", "link": "log", "theta": -1}, "takes a positive number"),
        ({"name": "os.system", "registered": True}, "is not registered here"),
    ],
)
def test_records_that_name_no_family(record, message):
    with pytest.raises(FamilyError, match=message):
        family_of(record)


# ---- files that are none of ours ----


@pytest.fixture
def file(data, tmp_path):
    path = tmp_path / "model.json"
    glm("y ~ x + g + poly(z, 2)", data, gf.poisson()).save(path)
    return path


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"y ~ x", b"{", b"[]", b"{}", b"\x80\x04K\x01.", b"[" * 5000),
        *(b'{"format": "other", "version": 1}', b'{"format": NaN}'),
    ],
)
def test_a_foreign_file_is_refused(tmp_path, content):
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(DataError, match=r"is not a saved model: expected the JSON that fit.save\(path\)"):
        gf.load(tmp_path / "f")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        gf.load(tmp_path / "nothing")


@pytest.mark.parametrize("version", [0, 2, 99, "1", None, True])
def test_another_version_is_refused(file, version):
    whole = json.loads(file.read_text())
    file.write_text(json.dumps(whole | {"version": version}))
    with pytest.raises(DataError, match="reads versions 1 to 1: install a newer glmformula"):
        gf.load(file)


def test_a_cut_or_changed_file_is_refused(file):
    text = file.read_text()
    file.write_text(text[: len(text) // 2])
    with pytest.raises(DataError, match="is not a saved model"):
        gf.load(file)
    whole = json.loads(text)
    whole["model"]["result"]["deviance"] += 1e-9
    file.write_text(json.dumps(whole))
    with pytest.raises(DataError, match="checksum does not agree with its contents, so it was"):
        gf.load(file)


def put(*path_and_value):
    *path, last, value = path_and_value

    def change(model):
        for step in path:
            model = model[step]
        model[last] = value

    return change


def drop(*path):
    def change(model):
        for step in path[:-1]:
            model = model[step]
        del model[path[-1]]

    return change


def coded(dtype, *values):
    return {"array": {"dtype": dtype, "shape": [len(values)], "values": list(values)}}


ARRAY = {"array": {"dtype": "float64", "shape": [2], "values": [1.0, 2.0]}}
DAMAGES = {
    "missing field": (drop("formula"), "model: the field 'formula' is missing"),
    "wrong type": (put("call", 3), "call: expected a text, found a whole number"),
    "formula": (put("terms", "y ~ ("), "cannot be loaded"),
    "code": (put("terms", "y ~ __import__('os').system('true')"), "cannot be loaded"),
    "variables": (put("variables", 1, "q"), "variables: they are not those of the formula"),
    "functions": (put("functions", ["system"]), r"calls system\(\), the user's own function"),
    "functions type": (put("functions", "mean"), "functions: expected a list of texts"),
    "names": (put("column_names", 1, "q"), "column_names and assign are not those of the formula"),
    "assign": (put("assign", ARRAY), r"assign: expected an array of integers of shape \(6,\), found float64"),
    "shape": (put("result", "coefficients", ARRAY), r"result coefficients: .* shape \(6,\), found float64"),
    "rank": (put("result", "rank", 9), "result: rank 9 of 6 columns"),
    "rank type": (put("result", "rank", 1.5), "result rank: expected a whole number, found a number"),
    "flag": (put("result", "converged", 1), "result converged: expected true or false, found a whole number"),
    "number": (put("result", "deviance", "big"), "result deviance: expected a number, found a text"),
    "gone": (drop("result", "pearson"), "result: the field 'pearson' is missing"),
    "pivot": (
        put("result", "pivot", coded("int64", 0, 0, 1, 2, 3, 4)),
        "pivot, rank and coefficients do not agree",
    ),
    "array": (
        put("result", "pivot", {"array": {"dtype": "int64", "shape": [6], "values": [0]}}),
        "the array is damaged",
    ),
    "dtype": (put("result", "pivot", coded("object")), "array is damaged"),
    "overflow": (put("assign", coded("int8", 999)), "array is damaged"),
    "text in array": (put("assign", coded("int8", "x")), "array is damaged"),
    "tag": (put("schema", "state", {"eval": "1"}), "state: expected plain data"),
    "state": (put("schema", "state", 3), "state: expected an object, found a whole number"),
    "control": (put("control", "maxit", -1), "control: maximum number of iterations must be > 0"),
    "control name": (put("control", "other", 1), "control: .*unexpected keyword"),
    "kind": (put("schema", "variables", 0, "kind", "object"), "there is no kind 'object'"),
    "levels": (put("schema", "variables", 1, "levels", ["a", "a", "b"]), "a level stands there twice"),
    "contrasts": (put("schema", "variables", 1, "contrast", ARRAY), "the contrasts of g: expected an array"),
    "label": (
        put("schema", "variables", 1, "contrast_label", {"dict": [["values", 3]]}),
        "variable g: expected contrasts with the names of their rows",
    ),
    "no contrasts": (put("schema", "variables", 1, "contrast", None), "do not make the formula's columns"),
    "variable gone": (drop("schema", "variables", 0), "schema variables: they are not those of the formula"),
    "means": (put("column_means", None), "column_means: expected an array of float64"),
    "count": (put("n_omitted", -1), "n_omitted: expected a count, found -1"),
    "family": (put("family", "name", "poison"), "there is no family 'poison'"),
    "object": (put("schema", []), "schema: expected an object with the field 'variables'"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_field_is_checked(file, damage):
    """Even where the checksum is made to agree."""
    change, message = DAMAGES[damage]
    whole = json.loads(file.read_text())
    change(whole["model"])
    whole["checksum"] = saved._checksum(whole["model"])
    file.write_text(json.dumps(whole))
    with pytest.raises(DataError, match="cannot be loaded") as caught:
        gf.load(file)
    assert caught.match(message)


def test_the_document_has_every_field_there_is():
    """A field added to these records must be added to the document, with a default for older files."""
    assert {*saved.NUMBERS, *saved.ARRAYS} == {f.name for f in fields(GlmFit)}
    assert {f.name for f in fields(Control)} == {"epsilon", "maxit", "trace", "tolerance"}
    assert {f.name for f in fields(gf.GLM)} == {
        *("formula", "call", "terms", "family", "column_names", "assign", "result", "schema", "control"),
        *("n_omitted", "training", "kept_means", "path", "parameter", "modelled"),
    }


def test_a_model_that_does_not_agree_with_itself_is_not_written(data, tmp_path):
    fit = glm("y ~ x + g", data, gf.poisson())
    with pytest.raises(DataError, match="this model cannot be saved: column_names and assign"):
        replace(fit, column_names=("a", "b", "c", "d")).save(tmp_path / "m.json")


# ---- plain data ----


@pytest.mark.parametrize(
    "value",
    [None, True, 3, -0.0, 5e-324, float("inf"), "text", [1, [2.5]], (1, "a"), {"a": (1.0,), 2: None}],
)
def test_plain_data_come_back(value):
    again = plain.unpacked(json.loads(json.dumps(plain.packed(value, "it"), allow_nan=False)), "it")
    assert (again, type(again), str(again)) == (value, type(value), str(value))


@pytest.mark.parametrize(
    "value",
    [
        np.array([1.5, np.nan, -np.inf, -0.0]),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(6.0).reshape(2, 3)[:, ::2],
        np.array([True, False]),
        np.array([-5, 7], dtype=np.int8),
        np.array(["a", None], dtype=object),
        np.empty((0, 3)),
        np.array([0.1], dtype=np.float32),
    ],
)
def test_arrays_come_back(value):
    again = plain.unpacked(json.loads(json.dumps(plain.packed(value, "it"), allow_nan=False)), "it")
    assert (again.dtype, again.shape) == (value.dtype, value.shape)
    assert again.flags.fnc == value.flags.fnc
    np.testing.assert_array_equal(again, value)


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, 1j, np.array([1j]), np.array([[1], "a"], dtype=object), {(1,): 2}]
)
def test_what_is_no_plain_data_is_refused(value):
    with pytest.raises(DataError, match="it cannot be written to a file"):
        plain.packed(value, "it")


@pytest.mark.parametrize(
    "text", ["0.1 + x * 0.30000000000000004", "f(x, n = 3L, 'a', 1e+22, -1e-07, NA, Inf)", "a::b(`x y`)"]
)
def test_expressions_come_back(text):
    node = read(text)
    again = read(exact_text(node))
    assert exact_text(again) == exact_text(node)
    assert "NA" in text or again == node


# ---- files of older versions ----


@pytest.mark.parametrize("name", ["version1_poisson", "version1_gamma"])
def test_a_file_of_version_1_still_loads(name):
    """Written by the first release, with the answers beside it: never write these files again."""
    fit = gf.load(FILES / f"{name}.json")
    expected = json.loads((FILES / f"{name}_answers.json").read_text())
    new = pd.DataFrame(expected["newdata"])
    assert str(fit.summary()) == expected["summary"]
    np.testing.assert_array_equal(fit.coefficients, np.array(expected["coefficients"], dtype=float))
    predicted = fit.predict(new, type="response", se_fit=True)
    np.testing.assert_allclose(predicted["fit"], expected["fit"], rtol=1e-12)
    np.testing.assert_allclose(predicted["se_fit"], expected["se_fit"], rtol=1e-12)


def places(value, path=()):
    """Every place of a document, the objects' members and the first items of lists."""
    yield path
    items = (
        value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    )
    for key, inner in items:
        yield from places(inner, (*path, key))


@pytest.mark.parametrize(
    "garbage", [None, True, -7, 10**400, 1e300, "~", "x", [], [[]], {}, {"dict": [["x", []]]}, {"array": {}}]
)
def test_nothing_but_a_data_error_comes_of_garbage(file, garbage):
    """Each place in turn; a file is refused or gives a model, whatever stands there."""
    whole = json.loads(file.read_text())
    text = json.dumps(whole["model"])
    refused = 0
    for path in [p for p in places(whole["model"]) if p]:
        changed = json.loads(text)
        put(*path, garbage)(changed)
        file.write_text(json.dumps({**whole, "model": changed, "checksum": saved._checksum(changed)}))
        try:
            assert isinstance(gf.load(file), gf.GLM)
        except DataError:
            refused += 1
    assert refused > 80
