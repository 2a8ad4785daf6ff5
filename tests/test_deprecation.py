"""What is on its way out goes on working, says what to write instead, and goes in time."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

import glmformula
from glmformula import DeprecatedWarning
from glmformula.deprecation import REGISTERED, Deprecation, renamed_argument, renamed_function


def numbers(version: str) -> tuple[int, ...]:
    """(0, 2, 0) of "0.2.0.dev0"."""
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())


def overdue(notices: list[Deprecation], version: str) -> list[str]:
    return [notice.what for notice in notices if numbers(notice.gone) <= numbers(version)]


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr("glmformula.deprecation.REGISTERED", registered := [])
    return registered


def test_nothing_stays_beyond_its_time():
    assert overdue(REGISTERED, glmformula.__version__) == []


def test_what_is_overdue_is_found():
    notices = [Deprecation("a()", "b()", "0.2.0", "0.4.0")]
    assert overdue(notices, "0.3.9") == []
    assert overdue(notices, "0.4.0.dev0") == ["a()"]


def test_an_argument_by_its_old_name(registered):
    @renamed_argument("tol", "epsilon", since="0.2.0", gone="0.4.0")
    def fit(formula, *, epsilon=1e-8):
        return formula, epsilon

    with pytest.warns(DeprecatedWarning) as given:
        assert fit("y ~ x", tol=0.5) == ("y ~ x", 0.5)
    assert str(given[0].message) == (
        "fit(tol=) is deprecated since glmformula 0.2.0 and will be gone in 0.4.0: write epsilon="
    )
    assert Path(given[0].filename) == Path(__file__)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fit("y ~ x", epsilon=0.5) == ("y ~ x", 0.5)
    with pytest.raises(TypeError, match=r"fit\(\) got tol= and epsilon=, which are the old and the new name"):
        fit("y ~ x", tol=0.5, epsilon=0.5)
    assert [notice.what for notice in registered] == ["fit(tol=)"]


def test_a_function_by_its_old_name(registered):
    def new(x):
        """Twice."""
        return 2 * x

    old = renamed_function("old", new, since="0.2.0", gone="0.3.0")
    with pytest.warns(DeprecatedWarning, match=r"old\(\) is deprecated .* write new\(\)$"):
        assert old(2) == 4
    assert (old.__name__, old.__doc__) == ("old", "Deprecated since glmformula 0.2.0: write `new`.")
    assert len(registered) == 1


def test_users_see_it_by_default():
    assert issubclass(DeprecatedWarning, FutureWarning)  # Python hides DeprecationWarning outside of __main__
    assert issubclass(DeprecatedWarning, glmformula.GLMFormulaWarning)
