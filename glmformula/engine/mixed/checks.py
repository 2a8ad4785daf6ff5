"""What must hold of groups before a mixed model is fitted; lme4's sentences."""

from __future__ import annotations

from functools import partial
from operator import add

import numpy as np

from ...errors import DataError, DataWarning, SeparationWarning, give_warning
from ...sources.base import Block, Source
from .structure import Structure
from .sums import by_level, level_grams

MOST_DENSE = 15_000  # random effects beside the first grouping factor: a matrix of 1.8 GB


def check_groups(structure: Structure, rows: int, scale: bool) -> None:
    """Refuse groups that no variance can be estimated of.

    Parameters
    ----------
    structure : Structure
    rows : int
    scale : bool
        Whether a residual variance is estimated too, so that a level must have more than one row on the whole.

    Raises
    ------
    DataError
        lme4's "grouping factors must have > 1 sampled level", "number of levels of each grouping factor must be <
        number of observations" and "number of observations (=n) <= number of random effects (=q)".
    """
    single = [g.name for g in structure.groupings if g.count < 2]
    if single:
        raise single_level(single[0])
    sign, limit = ("<", rows) if scale else ("<=", rows + 1)
    many = [g for g in structure.groupings if g.count >= limit]
    if many:
        found = ", ".join(f"{g.name} has {g.count} levels" for g in many)
        raise DataError(
            f"number of levels of each grouping factor must be {sign} number of observations "
            f"(problems: {', '.join(g.name for g in many)}): {found} in {rows} rows; group by something that repeats"
        )
    rest = sum(g.count * k for g, k in zip(structure.groupings[1:], structure.widths[1:], strict=True))
    if rest > MOST_DENSE:
        raise DataError(
            f"the grouping factors beside {structure.groupings[0].name} have {rest:,} random effects (at most "
            f"{MOST_DENSE:,}): their matrix, which is held in full, would take {8 * rest**2 / 2**30:.0f} GB; leave out "
            "the factor with many levels, or group it more coarsely"
        )
    for term in structure.terms:
        count = next(g.count for g in structure.groupings if g.members == term.members) * term.width
        if count >= limit:
            raise DataError(
                f"number of observations (={rows}) {'<=' if scale else '<'} number of random effects (={count}) for "
                f"term ({term.text}); the random-effects parameters and the residual variance (or scale parameter) are "
                "probably unidentifiable: take a simpler term"
            )


def single_level(name: str) -> DataError:
    """The error where a grouping factor has one level."""
    return DataError(
        f"grouping factors must have > 1 sampled level: {name} has a single one in the rows of the fit, and no "
        "variance between groups can be estimated; leave the term out"
    )


def check_weights(source: Source) -> None:
    """Refuse weights of zero, whose rows would have an infinite variance.

    Raises
    ------
    DataError
    """
    zero = source.map_reduce(_zero_weights, add)
    if zero:
        raise DataError(
            f"weights of 0 in {zero} rows: their variance sigma^2 / weight would be infinite; leave the rows out with "
            "subset="
        )


def _zero_weights(block: Block) -> int:
    weights = block.prior_weights
    return 0 if weights is None else int(np.count_nonzero(weights == 0))


def check_alike(structure: Structure, source: Source) -> None:
    """Warn where the groups of a factor are all 0 or all 1: the variance between them runs to infinity.

    Warns
    -----
    SeparationWarning
    """
    found = source.map_reduce(partial(_successes, structure), _added)
    for grouping, (hits, total) in zip(structure.groupings, zip(found[::2], found[1::2]), strict=True):
        used = total > 0
        alike = used & ((hits <= 0) | (hits >= total))
        if alike.sum() == used.sum() and total.max(initial=0.0) > 1:
            give_warning(
                f"every group of {grouping.name} is all 0 or all 1 ({int(alike.sum())} groups): the likelihood rises "
                "as the variance between them grows, and no finite estimate means anything; what is given is where "
                "the approximation stops",
                SeparationWarning,
            )


def _successes(structure: Structure, block: Block) -> list[np.ndarray]:
    weights = np.ones(len(block.y)) if block.prior_weights is None else block.prior_weights
    out = []
    for grouping, code in zip(structure.groupings, structure.codes(block.design), strict=True):
        out += [by_level(code, block.y * weights, grouping.count), by_level(code, weights, grouping.count)]
    return out


def check_identified(structure: Structure, source: Source) -> None:
    """Warn of terms whose covariances the rows cannot tell: a slope of what does not vary within groups.

    The covariance Sigma of a term enters by Z_j Sigma Z_j' of each group alone, so it is determined where no symmetric
    matrix is taken to zero by all of them.
    """
    wide = [t for t, term in enumerate(structure.terms) if term.width > 1]
    if not wide:
        return
    grams = source.map_reduce(partial(_grams, structure), _added)
    for t in wide:
        term = structure.terms[t]
        which = next(f for f, g in enumerate(structure.groupings) if t in g.terms)
        lost = undetermined(grams[which][:, structure.columns[t], structure.columns[t]])
        if lost:
            names = ", ".join(term.part.names[k] for k in lost)
            give_warning(
                f"the random effects of ({term.text}) are not determined: within groups of {term.group} the rows "
                f"do not tell {names} apart (no group has rows of several values or levels), and the deviance does not "
                "change along some of their variances and correlations; what is given is one of many; take a simpler "
                "term, such as (1 | ...)",
                DataWarning,
            )


def undetermined(grams: np.ndarray) -> list[int]:
    """Columns that a symmetric matrix of the null space has, of Z_j'Z_j (J, K, K)."""
    K = grams.shape[1]
    scale = np.sqrt(np.einsum("jaa->a", grams))
    unit = grams / np.outer(scale, scale) * len(grams)
    pairs = [(a, b) for b in range(K) for a in range(b, K)]
    basis = np.zeros((len(pairs), K, K))
    for k, (a, b) in enumerate(pairs):
        basis[k, a, b] = basis[k, b, a] = 1.0
    # <M, N> = sum_j tr(G_j M G_j N)
    form = np.zeros((len(pairs), len(pairs)))
    for start in range(0, len(unit), 4096):
        G = unit[start : start + 4096]
        moved = np.einsum("jab,kbc,jcd->jkad", G, basis, G, optimize=True)
        form += np.einsum("jkad,lda->kl", moved, basis, optimize=True)
    values, vectors = np.linalg.eigh(form / len(grams))
    null = vectors[:, values < 1e-10 * max(values[-1], 1e-300)]
    hit = np.abs(null).max(axis=1, initial=0.0) > 1e-6
    return sorted({k for (a, b), one in zip(pairs, hit.tolist()) if one for k in (a, b)})


def _grams(structure: Structure, block: Block) -> list[np.ndarray]:
    codes, columns = structure.codes(block.design), structure.varying(block.design)
    return [
        level_grams(code, Z, None, grouping.count)
        for grouping, code, Z in zip(structure.groupings, codes, columns, strict=True)
    ]


def _added(a: list[np.ndarray], b: list[np.ndarray]) -> list[np.ndarray]:
    return list(map(add, a, b))
