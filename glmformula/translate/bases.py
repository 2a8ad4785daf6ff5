"""Polynomials and splines, translated: their columns times coefficients as one polynomial, or one for each interval."""

from __future__ import annotations

import math
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from ..formula.functions.splines import all_knots, basis_matrix
from ..formula.functions.vectors import is_scalar, size
from . import expressions as ex
from .expressions import Node
from .symbols import Columns, columns, is_symbol, numeric


def _orthogonal(x: Node, constants: dict[str, Any], coefficients: np.ndarray) -> Node:
    """Sum of coefficients times orthogonal polynomials, by Clenshaw's recurrence in the monic ones.

    p_k+1 = (x - alpha_k) p_k - (norm2_k+1 / norm2_k) p_k-1, each divided by its norm.
    """
    alpha, norm2 = (np.asarray(constants[k], dtype=np.float64) for k in ("alpha", "norm2"))
    scaled = [0.0, *(coefficients / np.sqrt(norm2[2:])).tolist()]
    after: Node = ex.ZERO
    here: Node = ex.number(scaled[-1])
    for k in range(len(alpha) - 1, -1, -1):
        shifted = ex.multiply(ex.subtract(x, ex.number(alpha[k])), here)
        ratio = float(norm2[k + 2] / norm2[k + 1]) if k + 1 < len(alpha) else 0.0
        back = ex.multiply(ex.number(ratio), after) if after != ex.ZERO else ex.ZERO
        after, here = here, ex.subtract(ex.add(ex.number(scaled[k]), shifted), back)
    return here


def _raw(x: Node, coefficients: np.ndarray) -> Node:
    return ex.horner([0.0, *coefficients.tolist()], x)


def poly(state: dict[str, Any], x: Any, *dots: Any, **_: Any) -> Columns:
    given = list(dots)
    if len(given) == 1 and not is_symbol(given[0]) and is_scalar(given[0]) and size(given[0]) == 1:
        given.pop()
    return polym(state, x, *given)


def polym(state: dict[str, Any], *dots: Any, **_: Any) -> Columns:
    nodes = [node for v in dots for node in (v.each() if isinstance(v, Columns) else [numeric(v)])]
    degree = int(state["degree"])
    combined = [
        partial(_raw, node) if state["raw"] else partial(_orthogonal, node, state["coefs"][k])
        for k, node in enumerate(nodes)
    ]
    absent = ex.some(map(ex.missing, nodes))
    if len(nodes) == 1:
        return Columns(degree, combined[0], tuple(str(i + 1) for i in range(degree)), absent)
    each = np.eye(degree)
    single = [[f(row) for row in each] for f in combined]
    exponents = [e[::-1] for e in product(range(degree + 1), repeat=len(nodes)) if 0 < sum(e) <= degree]
    out = []
    for powers in exponents:
        node: Node = ex.ONE
        for basis, p in zip(single, powers, strict=True):
            node = ex.multiply(node, basis[p - 1]) if p else node
        out.append(node)
    return columns(out, [".".join(map(str, powers)) for powers in exponents])


def _pieces(knots: np.ndarray, order: int, weights: np.ndarray, x: Node, tails: bool) -> Node:
    """A spline as a polynomial for each interval, in powers of the distance from the interval's middle.

    `weights` (count,) are the coefficients of all B-splines. Where `tails`, straight lines go on beyond the ends;
    else the first and last polynomials do.
    """
    count = len(knots) - order
    inner = np.unique(knots[(knots > knots[order - 1]) & (knots < knots[count])])
    edges = [float(knots[order - 1]), *inner.tolist(), float(knots[count])]
    branches: list[tuple[Node, Node]] = []
    for low, high in zip(edges, edges[1:], strict=False):
        middle = 0.5 * (low + high)
        taylor = [
            float((basis_matrix(np.array([middle]), knots, order, k) @ weights)[0]) / math.factorial(k)
            for k in range(order)
        ]
        branches.append((ex.op("<", x, high), ex.horner(taylor, ex.subtract(x, ex.number(middle)))))
    last = branches.pop()[1]
    if tails:
        first_end, last_end = edges[0], edges[-1]
        lines = []
        for end in (first_end, last_end):
            value, slope = (
                float((basis_matrix(np.array([end]), knots, order, k) @ weights)[0]) for k in (0, 1)
            )
            lines.append(ex.horner([value, slope], ex.subtract(x, ex.number(end))))
        branches = [(ex.op("<", x, first_end), lines[0]), *branches, (ex.op("<=", x, last_end), last)]
        last = lines[1]
    known = ex.contrary(ex.missing(x))
    return ex.case(*branches, (known, last))


def _bs(x: Node, state: dict[str, Any], coefficients: np.ndarray) -> Node:
    order = int(state["degree"]) + 1
    weights = coefficients if state["intercept"] else np.concatenate([[0.0], coefficients])
    return _pieces(all_knots(state, order), order, weights, x, False)


def bs(state: dict[str, Any], x: Any, *_args: Any, **_named: Any) -> Columns:
    node = numeric(x)
    width = len(np.atleast_1d(state["knots"])) + int(state["degree"]) + bool(state["intercept"])
    return Columns(
        width, partial(_bs, node, state), tuple(str(i + 1) for i in range(width)), ex.missing(node)
    )


def _natural(state: dict[str, Any]) -> np.ndarray:
    """The columns of a natural basis as combinations of B-splines, (count, width)."""
    knots = all_knots(state, 4)
    curvature = basis_matrix(np.asarray(state["boundary"], dtype=np.float64), knots, 4, derivative=2)
    own = curvature if state["intercept"] else curvature[:, 1:]
    q, _ = np.linalg.qr(own.T, mode="complete")
    return q[:, 2:] if state["intercept"] else np.vstack([np.zeros(q.shape[1] - 2), q[:, 2:]])


def _ns(x: Node, state: dict[str, Any], coefficients: np.ndarray) -> Node:
    return _pieces(all_knots(state, 4), 4, _natural(state) @ coefficients, x, True)


def ns(state: dict[str, Any], x: Any, *_args: Any, **_named: Any) -> Columns:
    node = numeric(x)
    width = _natural(state).shape[1]
    return Columns(
        width, partial(_ns, node, state), tuple(str(i + 1) for i in range(width)), ex.missing(node)
    )


TRANSLATIONS = {"poly": poly, "polym": polym, "bs": bs, "ns": ns}
