"""NIST Statistical Reference Datasets, linear regression (public data of itl.nist.gov), with certified coefficients.

Longley as in R's `longley`, Norris, Pontius and NoInt as published, Wampler from its formula and published
errors, Filip from engine_filip.txt beside this folder. `exact` solves each set in rational arithmetic: that it
gives the certified values to all their digits proves that the data are typed as published.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

LONGLEY = """60323 83.0 234289 2356 1590 107608 1947  61122 88.5 259426 2325 1456 108632 1948
60171 88.2 258054 3682 1616 109773 1949  61187 89.5 284599 3351 1650 110929 1950
63221 96.2 328975 2099 3099 112075 1951  63639 98.1 346999 1932 3594 113270 1952
64989 99.0 365385 1870 3547 115094 1953  63761 100.0 363112 3578 3350 116219 1954
66019 101.2 397469 2904 3048 117388 1955  67857 104.6 419180 2822 2857 118734 1956
68169 108.4 442769 2936 2798 120445 1957  66513 110.8 444546 4681 2637 121950 1958
68655 112.6 482704 3813 2552 123366 1959  69564 114.2 502601 3931 2514 125368 1960
69331 115.7 518173 4806 2572 127852 1961  70551 116.9 554894 4007 2827 130081 1962"""
NORRIS = """0.1 0.2 338.8 337.4 118.1 118.2 888.0 884.6 9.2 10.1 228.1 226.5 668.5 666.3 998.5 996.3
449.1 448.6 778.9 777.0 559.2 558.2 0.3 0.4 0.1 0.6 778.1 775.5 668.8 666.9 339.3 338.0
448.9 447.5 10.8 11.6 557.7 556.0 228.3 228.1 998.0 995.8 888.8 887.6 119.6 120.2 0.3 0.3
0.6 0.3 557.6 556.8 339.3 339.1 888.0 887.2 998.5 999.0 778.9 779.0 10.2 11.1 117.6 118.3
228.9 229.2 668.4 669.1 449.2 448.9 0.2 0.5"""
PONTIUS = """.11019 .21956 .32949 .43899 .54803 .65694 .76562 .87487 .98292 1.09146 1.20001 1.30822 1.41599
1.52399 1.63194 1.73947 1.84646 1.95392 2.06128 2.16844 .11052 .22018 .32939 .43886 .54798 .65739 .76596
.87474 .98300 1.09150 1.20004 1.30818 1.41613 1.52408 1.63159 1.73965 1.84696 1.95445 2.06177 2.16829"""
ERRORS = [759, -2048, 2048, -2048, 2523, -2048, 2048, -2048, 1838, -2048, 2048]
ERRORS += ERRORS[-2::-1]

CERTIFIED = {
    "Longley": "-3482258.63459582 15.0618722713733 -0.0358191792925910 -2.02022980381683 -1.03322686717359 "
    "-0.0511041056535807 1829.15146461355",
    "Norris": "-0.262323073774029 1.00211681802045",
    "Pontius": "0.000673565789473684 0.000000732059160401003 -0.00000000000000316081871345029",
    "NoInt1": "2.07438016528926",
    "NoInt2": "0.727272727272727",
    "Wampler1": "1 1 1 1 1 1",
    "Wampler2": "1 0.1 0.01 0.001 0.0001 0.00001",
    "Wampler3": "1 1 1 1 1 1",
    "Wampler4": "1 1 1 1 1 1",
    "Wampler5": "1 1 1 1 1 1",
    "Filip": "-1467.48961422980 -2772.17959193342 -2316.37108160893 -1127.97394098372 -354.478233703349 "
    "-75.1242017393757 -10.8753180355343 -1.06221498588947 -0.0670191154593408 -0.00246781078275479 "
    "-0.0000402962525080404",
}
NAMES = tuple(CERTIFIED)


def _pairs(text: str, width: int) -> list[list[Fraction]]:
    numbers = [Fraction(word) for word in text.split()]
    return [numbers[i : i + width] for i in range(0, len(numbers), width)]


def _filip() -> list[list[Fraction]]:
    text = (Path(__file__).parent.parent / "engine_filip.txt").read_text()
    return _pairs("\n".join(line for line in text.splitlines() if not line.startswith("#")), 2)


def _wampler(which: int) -> list[list[Fraction]]:
    base = Fraction(1, 10) if which == 2 else Fraction(1)
    size = {3: 1, 4: 100, 5: 10_000}.get(which, 0)
    return [[sum((base * x) ** k for k in range(6)) + size * ERRORS[x], Fraction(x)] for x in range(21)]


def rows(name: str) -> list[list[Fraction]]:
    """The response and the variables of each row, as published."""
    if name.startswith("Wampler"):
        return _wampler(int(name[-1]))
    if name == "Filip":
        return _filip()
    if name == "Longley":
        return _pairs(LONGLEY, 7)
    if name == "Norris":
        return _pairs(NORRIS, 2)
    if name == "Pontius":
        y = _pairs(PONTIUS, 1)
        return [[*y[i], Fraction(150_000 * (i % 20 + 1))] for i in range(40)]
    if name == "NoInt1":
        return [[Fraction(130 + i), Fraction(60 + i)] for i in range(11)]
    return [[Fraction(y), Fraction(x)] for y, x in ((3, 4), (4, 5), (4, 6))]


DEGREES = {"Pontius": 2, "Filip": 10, **{f"Wampler{k}": 5 for k in range(1, 6)}}


def formula(name: str) -> str:
    if name == "Longley":
        return "y ~ x1 + x2 + x3 + x4 + x5 + x6"
    powers = [f"I(x1^{k})" for k in range(2, DEGREES.get(name, 1) + 1)]
    return " + ".join(["y ~ x1 - 1" if name.startswith("NoInt") else "y ~ x1", *powers])


def exact(name: str) -> list[Fraction]:
    """The least-squares coefficients, by elimination on the normal equations in rational arithmetic."""
    data, degree = rows(name), DEGREES.get(name, 1)
    ones = [] if name.startswith("NoInt") else [Fraction(1)]
    X = [
        ones + (list(x) if name == "Longley" else [x[0] ** k for k in range(1, degree + 1)]) for _, *x in data
    ]
    p = len(X[0])
    A = [
        [sum(r[i] * r[j] for r in X) for j in range(p)]
        + [sum(r[i] * d[0] for r, d in zip(X, data, strict=True))]
        for i in range(p)
    ]
    for i in range(p):
        A[i] = [a / A[i][i] for a in A[i]]
        for k in range(p):
            if k != i:
                A[k] = [a - A[k][i] * b for a, b in zip(A[k], A[i], strict=True)]
    return [row[p] for row in A]
