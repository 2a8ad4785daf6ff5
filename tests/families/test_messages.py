"""What is said about a response, a link or an argument that will not do: R's sentence, where, the remedy."""

from __future__ import annotations

import gzip
import json
import warnings

import numpy as np
import pytest

from glmformula.errors import DataWarning, FamilyError
from glmformula.families import (
    Gamma,
    Link,
    binomial,
    get_family,
    inverse_gaussian,
    make_link,
    negative_binomial,
    poisson,
    power,
    quasi,
    quasibinomial,
    quasipoisson,
    register_family,
    register_link,
    tweedie,
)

from .instances import REFERENCE

R_SAYS = json.loads(gzip.decompress((REFERENCE / "families_4.2.json.gz").read_bytes()))["messages"]
BAD = np.array([1.0, -1.0, 2.0])
LABELS = ["ann", "bob", "cyd"]


def refused(family, y, *args, **kwargs):
    with pytest.raises(FamilyError) as caught:
        family.check_response(np.asarray(y, float), *args, **kwargs)
    return str(caught.value)


def warned(family, y, *args, **kwargs):
    with pytest.warns(DataWarning) as caught:
        family.check_response(np.asarray(y, float), *args, **kwargs)
    assert len(caught) == 1
    return str(caught[0].message)


@pytest.mark.parametrize(
    ("family", "y", "key"),
    [
        (poisson(), BAD, "poisson_negative"),
        (quasipoisson(), BAD, "quasipoisson_negative"),
        (negative_binomial(2), BAD, "negative_binomial_negative"),
        (Gamma(), [1, 0, 2], "gamma_zero"),
        (inverse_gaussian(), [1, 0, 2], "inverse_gaussian_zero"),
        (binomial(), [1, 2, 0], "binomial_outside"),
        (quasibinomial(), [1, 2, 0], "binomial_outside"),
    ],
)
def test_refusals_keep_rs_sentence(family, y, key: str) -> None:
    message = refused(family, y, labels=LABELS)
    assert message.startswith(R_SAYS[key])
    assert "1 of 3 values, at row bob" in message


def test_rows_are_named_or_counted() -> None:
    message = refused(poisson(), -np.arange(1, 11))
    assert "10 of 10 values, at positions 0 (-1), 1 (-2), 2 (-3), ..." in message
    assert "cbind(successes, failures)" in refused(binomial(), [3.0])


def test_rows_of_zero_weight_may_be_outside_as_in_r() -> None:
    binomial().check_response(np.array([0.0, 7.0]), np.array([1.0, 0.0]))


@pytest.mark.parametrize(
    ("family", "y", "key"),
    [(poisson(), [1, 1.5, 2], "poisson_fraction"), (binomial(), [1, 0.5, 0], "binomial_fraction")],
)
def test_one_warning_for_non_integers(family, y, key: str) -> None:
    message = warned(family, y, labels=LABELS)
    assert message.startswith(R_SAYS[key])
    assert "row bob" in message
    assert "quasi" in message


def test_non_integer_counts_in_two_columns() -> None:
    successes, failures = np.array([1, 1.5]), np.array([2, 2.0])
    trials = successes + failures
    assert warned(binomial(), successes / trials, trials, trials).startswith(R_SAYS["binomial_counts"])
    assert "non-integer #successes" in warned(binomial(), np.array([0.5]), np.array([3.0]))
    # prior weights do not make two whole columns suspicious
    whole = np.array([1.0, 2.0]) / np.array([3.0, 4.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        binomial().check_response(whole, np.array([0.3, 0.4]), np.array([3.0, 4.0]))
        quasibinomial().check_response(np.array([0.37]))
        quasipoisson().check_response(np.array([0.37]))
        negative_binomial(1.0).check_response(np.array([0.37]))
        poisson().check_response(np.array([0.0, 3.0, 1e9]))


def test_tweedie_responses() -> None:
    assert "negative values not allowed" in refused(tweedie(1.5), [-1.0])
    assert "var_power = 2.5" in refused(tweedie(2.5), [0.0])
    for p, y in ((0.0, -1.0), (-0.5, -1.0), (1.5, 0.0), (2.0, 0.0)):
        tweedie(p).check_response(np.array([y]))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: make_link("lgit"), ["'lgit' link not recognised", "nearest", "'logit'"]),
        (lambda: binomial("prbit"), ["'prbit' link not recognised", "'probit'"]),
        (lambda: binomial(3), ["power(lambda)", "not int"]),
        (lambda: power("a"), ["invalid argument 'lambda'", "'a'"]),
        (lambda: power(float("nan")), ["invalid argument 'lambda'"]),
        (lambda: power(True), ["invalid argument 'lambda'"]),
        (
            lambda: quasi(variance="mu^4"),
            ["'variance' \"mu^4\" is invalid: possible values are", "unit_deviance"],
        ),
        (lambda: quasi(variance=np.sqrt), ["is invalid: possible values are"]),
        (lambda: negative_binomial(0), ["'theta'", "positive number, not 0"]),
        (lambda: negative_binomial("x"), ["'theta'", "not 'x'"]),
        (lambda: tweedie("gamma"), ["'var_power'", "not 'gamma'"]),
        (lambda: tweedie(1.5, float("inf")), ["'link_power'", "finite"]),
        (lambda: get_family("binomal"), ["'family' not recognized", "'binomial'"]),
        (lambda: get_family("gamma"), ["'family' not recognized", "'Gamma'"]),
        (lambda: get_family(3), ["'family' not recognized", "binomial('probit')", "not int"]),
        (lambda: get_family("negative.binomial"), ["theta", "family=negative_binomial(theta)"]),
        (lambda: get_family(negative_binomial), ["theta", "family=negative_binomial(...)"]),
        (lambda: get_family(dict), ["gave a dict, not a Family"]),
        (lambda: register_link("", make_link("log")), ["non-empty string"]),
        (lambda: register_link("a", "log"), ["must be a Link", "not str"]),
        (lambda: register_link("log", make_link("log")), ["one of R's links"]),
        (lambda: register_family("", poisson), ["non-empty string"]),
        (lambda: register_family("a", 3), ["function that returns a Family", "not int"]),
        (lambda: register_family("inverse_gaussian", poisson), ["built-in family"]),
        (lambda: Link("a", np.exp, np.log, np.exp) and binomial(None), ["not NoneType"]),
    ],
)
def test_arguments(make, words: list[str]) -> None:
    with pytest.raises(FamilyError) as caught:
        make()
    for word in words:
        assert word in str(caught.value)


def test_sentences_of_r() -> None:
    """What the tests above match by hand is what R said."""
    assert R_SAYS["link"].endswith("link not recognised")
    assert R_SAYS["power"] == "invalid argument 'lambda'"
    assert R_SAYS["simulate_quasi"] == "family 'quasi' not implemented"
    assert R_SAYS["simulate_binomial"] == "cannot simulate from non-integer prior.weights"
    assert R_SAYS["simulate_poisson"] == "ignoring prior weights"
    with pytest.raises(FamilyError) as caught:
        quasi(variance="mu^4")
    assert R_SAYS["variance"] in str(caught.value)
