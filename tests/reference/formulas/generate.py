"""Writes random.txt: random R formulas over the variables of compute.R's data set `d`.

Run: python generate.py [seed] > random.txt
"""

from __future__ import annotations

import random
import sys

FACTORS = ["a", "b", "f", "o", "s", "l", "g"]
NUMERIC = ["x", "z", "w", "k", "`x 1`", "x.2"]
CALLS = [
    "I(x^2)", "log(z)", "I(x * z)", "poly(x, 2)", "poly(z, 2)", "ns(x, 2)", "bs(z, df = 4)", "scale(x)", "factor(k > 3)",
    "cut(x, c(-10, 0, 10))", "C(a, contr.sum)", "C(o, contr.treatment)", "relevel(a, ref = \"a2\")", "exp(x)", "(x > 0)",
    "ifelse(l, x, z)", "ordered(g)", "interaction(b, l)", "cbind(x, w)", "as.numeric(a)", "pmax(x, 0)", "round(x, 1)",
]  # fmt: skip
LEFT = ["y", "y", "y", "log(z)", "cbind(n1, n2)", "l", "a", ""]


def atom(rng: random.Random) -> str:
    return rng.choice(rng.choices([FACTORS, NUMERIC, CALLS], weights=[5, 4, 2])[0])


def expression(rng: random.Random, depth: int) -> str:
    """A random right side; deeper ones are put in parentheses."""
    if depth == 0:
        return atom(rng)
    form = rng.random()
    left, right = expression(rng, depth - 1), expression(rng, rng.randrange(depth))
    if form < 0.45:
        return f"{left} + {right}"
    if form < 0.60:
        return f"{paren(left)}:{paren(right)}"
    if form < 0.75:
        return f"{paren(left)} * {paren(right)}"
    if form < 0.83:
        return f"{paren(left)}/{paren(right)}"
    if form < 0.90:
        return f"{left} - {paren(right)}"
    if form < 0.95:
        return f"{paren(left)} %in% {paren(right)}"
    return f"({left} + {right})^2"


def paren(text: str) -> str:
    return f"({text})" if any(c in text for c in "+-*/ ") and not text.startswith("`") else text


def formula(rng: random.Random) -> str:
    right = expression(rng, rng.choice([1, 2, 2, 3]))
    right += rng.choice(["", "", "", "", " - 1", " + 0", " + offset(w)"])
    return f"{rng.choice(LEFT)} ~ {right}".strip()


def main(seed: int = 20240501, count: int = 560) -> None:
    rng = random.Random(seed)
    seen: dict[str, None] = {}
    while len(seen) < count:
        text = formula(rng)
        if len(text) < 110:
            seen[text] = None
    print("\n".join(seen))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
