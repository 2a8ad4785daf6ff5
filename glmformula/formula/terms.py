"""R's terms object: what a formula says once its algebra is done."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .tree import Node


@dataclass(frozen=True, eq=False)
class Terms:
    """The result of R's ``terms.formula``.

    Attributes
    ----------
    text : str
        The formula as R deparses it (``.`` expanded when data names were given).
    response : Node or None
        The left side, one expression.
    variables : tuple of Node
        R's ``variables``: the response first (when there is one), then every variable of the right side in
        order of appearance, ``offset()`` calls included.
    names : tuple of str
        The variables' deparsed texts, the row names of `factors`.
    labels : tuple of str
        R's ``term.labels`` in R's order.
    factors : ndarray of int8, shape (len(variables), len(labels))
        0 absent, 1 coded by contrasts, 2 coded by full dummies (R's rule of marginality).
    order : tuple of int
        The number of variables in each term.
    intercept : bool
    offsets : tuple of int
        Positions in `variables` of the ``offset()`` calls.
    parts : tuple of Terms
        Of a formula in parts, ``y ~ x | z``, each with the response; `labels` are then empty.
    one_offset : bool
        Whether the parts have one offset, that of the first; else a column for each.

    Examples
    --------
    >>> from glmformula import terms
    >>> found = terms("log(y) ~ a * b + offset(z)")
    >>> found.labels, found.order, found.intercept
    (('a', 'b', 'a:b'), (1, 1, 2), True)
    >>> found.names
    ('log(y)', 'a', 'b', 'offset(z)')
    """

    text: str
    response: Node | None
    variables: tuple[Node, ...]
    names: tuple[str, ...]
    labels: tuple[str, ...]
    factors: np.ndarray
    order: tuple[int, ...]
    intercept: bool
    offsets: tuple[int, ...]
    parts: tuple[Terms, ...] = ()
    one_offset: bool = False


def used(terms: Terms) -> list[list[int]]:
    """For each label, the positions in `variables` of what it is made of.

    Of `factors` only what is not zero becomes Python's numbers: with thousands of columns the rest is most of it.
    """
    columns, rows = np.nonzero(terms.factors.T)
    ends = np.searchsorted(columns, np.arange(terms.factors.shape[1] + 1)).tolist()
    places = rows.tolist()
    return [places[start:stop] for start, stop in zip(ends, ends[1:])]
