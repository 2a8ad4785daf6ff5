"""Separation decided in rational arithmetic: what tolerances cannot tell apart, whole numbers can."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

Matrix = list[list[Fraction]]


def separated(X: np.ndarray, signs: np.ndarray) -> bool:
    """Whether some d has X d = 0 where the sign is 0, sign X d >= 0 elsewhere, not all 0; X as the doubles it holds.

    Stiemke (1915): there is none just where multipliers > 0 of the rows that pull and any of those that hold cancel.
    """
    whole = [[Fraction(v) for v in row] for row in X.tolist()]
    space = null_space([row for row, s in zip(whole, signs, strict=True) if s == 0], X.shape[1])
    pulls = [
        [sum((int(s) * v * d for v, d in zip(row, along, strict=True)), Fraction(0)) for along in space]
        for row, s in zip(whole, signs, strict=True)
        if s
    ]
    pulls = [row for row in pulls if any(row)]
    return bool(pulls) and not cancel(pulls)


def null_space(rows: Matrix, p: int) -> Matrix:
    """A basis of the d with rows d = 0, a list of vectors (p,)."""
    reduced, pivots = [row[:] for row in rows], list[int]()
    for j in range(p):
        r = len(pivots)
        chosen = next((i for i in range(r, len(reduced)) if reduced[i][j]), None)
        if chosen is None:
            continue
        reduced[r], reduced[chosen] = reduced[chosen], reduced[r]
        pivot(reduced, r, j)
        pivots.append(j)
    out = []
    for free in (j for j in range(p) if j not in pivots):
        d = [Fraction(int(j == free)) for j in range(p)]
        for r, j in enumerate(pivots):
            d[j] = -reduced[r][free]
        out.append(d)
    return out


def pivot(rows: Matrix, r: int, j: int) -> None:
    """Gauss and Jordan: column j becomes 1 in row r, 0 in the others."""
    rows[r] = [v / rows[r][j] for v in rows[r]]
    for i, row in enumerate(rows):
        if i != r and row[j]:
            rows[i] = [a - row[j] * b for a, b in zip(row, rows[r], strict=True)]


def cancel(rows: Matrix) -> bool:
    """Whether multipliers u >= 1 give sum u_i rows_i = 0: phase one of the simplex method, Bland's rule."""
    m, k = len(rows), len(rows[0])
    table = []
    for j in range(k):  # sum (u_i - 1) rows_i = -sum rows_i, with an artificial variable each
        column = [row[j] for row in rows]
        sign = 1 if -sum(column) >= 0 else -1
        unit = [Fraction(int(i == j)) for i in range(k)]
        table.append([sign * v for v in column] + unit + [sign * -sum(column)])
    basic = list(range(m, m + k))
    while True:
        cost = [
            sum((row[i] for row, b in zip(table, basic, strict=True) if b >= m), Fraction(0))
            for i in range(m)
        ]
        enter = next((i for i, c in enumerate(cost) if c > 0), None)
        if enter is None:
            return not any(row[-1] for row, b in zip(table, basic, strict=True) if b >= m)
        ratios = [(row[-1] / row[enter], basic[r], r) for r, row in enumerate(table) if row[enter] > 0]
        leave = min(ratios)[2]
        pivot(table, leave, enter)
        basic[leave] = enter
