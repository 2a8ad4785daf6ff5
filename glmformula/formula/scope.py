"""Which terms may leave a formula or come into it, by marginality: R's ``drop.scope`` and ``add.scope``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..errors import FormulaError, nearest
from .algebra import terms, update_formula
from .terms import Terms

Scope = str | Sequence[str]
"""A formula (``"~ . + x"``: the dot is the model's right side), or labels of terms."""


def members(model: Terms) -> list[frozenset[str]]:
    """The variables of each term, in the order of its labels: ``a:b`` and ``b:a`` are one term."""
    return [frozenset(model.names[i] for i in np.flatnonzero(column)) for column in model.factors.T]


def positions(model: Terms, labels: Iterable[str]) -> list[int]:
    """Places among the model's terms of terms given by label; -1 for one it has not."""
    known = {term: place for place, term in enumerate(members(model))}
    found = []
    for label in labels:
        term = members(terms(f"~ ({label})"))
        found.append(known.get(term[0], -1) if len(term) == 1 else -1)
    return found


def drop_scope(model: Terms, lower: Terms | None = None) -> list[str]:
    """Labels of the terms that no other term contains and that `lower` does not ask to keep.

    Raises
    ------
    FormulaError
        `lower` has a term that `model` has not.

    Notes
    -----
    R's ``drop.scope``, but a term contained in one of `lower` stays too (R drops ``a`` from ``a * b`` for
    ``lower = ~ a:b``).
    """
    present = members(model)
    keep: list[frozenset[str]] = [] if lower is None else members(lower)
    if lower is not None:
        _refuse([label for label, term in zip(lower.labels, keep) if term not in present], "lower", model)
    return [
        label
        for label, term in zip(model.labels, present)
        if term not in keep and not any(term < other for other in present)
    ]


def add_scope(model: Terms, upper: Terms) -> list[str]:
    """Labels of the terms of `upper` that `model` lacks and that contain no other such term.

    Raises
    ------
    FormulaError
        `model` has a term that `upper` has not.
    """
    present, wanted = members(model), members(upper)
    _refuse([label for label, term in zip(model.labels, present) if term not in wanted], "upper", upper)
    missing = [term for term in wanted if term not in present]
    return [
        label
        for label, term in zip(upper.labels, wanted)
        if term not in present and not any(other < term for other in missing)
    ]


def scope_terms(model: Terms, scope: str) -> Terms:
    """The terms of a scope formula, ``.`` standing for the model's own."""
    return terms(update_formula(model.text, scope))


def drop_labels(model: Terms, scope: Scope | None) -> list[str]:
    """The terms that ``drop1`` leaves out, under the model's labels.

    Raises
    ------
    FormulaError
        R's "scope is not a subset of term labels", with the label and the nearest ones.
    """
    if scope is None:
        return drop_scope(model)
    asked = _asked(scope)
    labels = scope_terms(model, asked).labels if isinstance(asked, str) else asked
    places = positions(model, labels)
    for label, place in zip(labels, places):
        if place < 0:
            known = ", ".join(f"‘{name}’" for name in model.labels) or "none"
            raise FormulaError(
                f"scope is not a subset of term labels: ‘{label}’ is no term of the model (its terms are "
                f"{known}){nearest(label, model.labels) if model.labels else ''}"
            )
    return [model.labels[place] for place in places]


def add_labels(model: Terms, scope: Scope) -> list[str]:
    """The terms that ``add1`` adds: those of a formula that marginality allows, or labels as they are given.

    Raises
    ------
    FormulaError
        R's "no terms in scope for adding to object".
    """
    asked = _asked(scope)
    labels = add_scope(model, scope_terms(model, asked)) if isinstance(asked, str) else list(asked)
    if not labels:
        raise FormulaError(
            f"no terms in scope for adding to object: {model.text} has them all; name a new one, as in "
            "'~ . + x'"
        )
    return labels


def with_terms(model: Terms, labels: Iterable[str], sign: str = "+") -> str:
    """The formula with terms added (``-``: left out), simplified as R's ``update`` does."""
    return update_formula(model.text, " ".join(["~ .", *(f"{sign} ({label})" for label in labels)]))


def _asked(scope: Scope) -> str | Sequence[str]:
    """A formula, or a list of labels (one str without ``~`` is a label)."""
    if not isinstance(scope, str):
        labels = list(scope)
        wrong = [label for label in labels if not isinstance(label, str)]
        if wrong:
            raise TypeError(f"scope should be a formula or labels of terms (str); got {wrong[0]!r}")
        return labels
    return scope if "~" in scope else [scope]


def _refuse(absent: list[str], which: str, other: Terms) -> None:
    if not absent:
        return
    quoted = ", ".join(f"‘{label}’" for label in absent)
    where = "the model's" if which == "lower" else "the upper scope's"
    known = ", ".join(f"‘{label}’" for label in other.labels) or "none"
    raise FormulaError(
        f"{which} scope has term{'s' * (len(absent) > 1)} {quoted} not included in model ({where} terms are: "
        f"{known}); write '~ . + x' to start from the model's own terms"
    )
