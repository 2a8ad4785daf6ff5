"""Contrasts of marginal means, within groups or of all of them, R's ``contrast`` and ``pairs``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...errors import DataError, DataWarning, FitError, give_warning
from ...fitted.protocols import shown as as_shown
from ...render.means import Label, as_text
from .adjust import known_method
from .estimates import MarginalMeans, groups_of, label_in, names_in, only_shown, rows_of, with_options
from .methods import Contrasts, Levels, contrasts_of
from .scales import LOG_ODDS_RATIO, SINE, Scale

PARENTHESES = re.compile(r"-|\+|\/|\*")
LOGARITHMS = ("log", "log2", "log10", "logit", "log.o.r.")
ZERO_SUM = 1e-6
UNSET: Any = ()


def contrast(
    em: MarginalMeans,
    method: Any = "eff",
    *,
    by: Any = UNSET,
    adjust: str | None = None,
    interaction: Any = False,
    simple: Any = None,
    name: str = "contrast",
    ratios: bool = True,
    type: str | None = None,
    infer: Any = None,
    level: float | None = None,
    enhance_levels: bool = True,
    **options: Any,
) -> MarginalMeans:
    """Contrasts of marginal means, R's ``contrast``.

    Parameters
    ----------
    em : MarginalMeans
        As of `emmeans`, `emtrends` or `contrast`.
    method : str, mapping or matrix
        ``"pairwise" "revpairwise" "trt.vs.ctrl" "trt.vs.ctrlk" "eff" "del.eff" "consec" "mean_chg" "poly"
        "identity"``; a mapping of name to coefficients; a matrix (means, contrasts).
    by : str, sequence of str or None, optional
        Factors within whose levels contrasts are made; default: those of `em`; None: none.
    adjust : str, optional
        Default: tukey for pairs, dunnettx for comparisons with a control, fdr for effects, mvt for changes, else
        none.
    interaction : bool, str or sequence of str
        Contrasts of contrasts: the method for each factor in turn.
    simple : str or sequence of str, optional
        Contrast these factors within the levels of all others.
    name : str
        Of the column.
    ratios : bool
        Contrasts of logarithms and logits are ratios on the response's scale.
    type, infer, level : optional
        As for `emmeans`.
    enhance_levels : bool
        Put a factor's name before levels that are numbers.
    **options
        Of the method: ``ref``, ``reverse``, ``exclude``, ``wts``, ``max_degree``.

    Returns
    -------
    MarginalMeans
        L = C L0 with the coefficients C. ``.frame`` has ``contrast``, groups, ``estimate`` (``odds_ratio``, ``ratio``),
        ``SE``, ``df``, ``t_ratio`` or ``z_ratio``, ``p_value``.

    Raises
    ------
    ValueError
        An unknown method or adjustment.
    DataError
        An unknown factor in `by`; coefficients of another length; groups of different sizes.

    Examples
    --------
    >>> import pandas as pd
    >>> from glmformula import contrast, datasets, emmeans, glm
    >>> staff = datasets.attrition()
    >>> staff["career"] = pd.cut(staff["experience_years"], [-1, 3, 6, 12], labels=["early", "middle", "late"])
    >>> fit = glm("sick_days ~ career", staff, family="poisson")
    >>> contrast(emmeans(fit, "~ career"), "trt.vs.ctrl", type="response")
     contrast       ratio     SE  df null z.ratio p.value
     middle / early  1.02 0.0425 Inf    1   0.512  0.8151
     late / early    1.01 0.0482 Inf    1   0.132  0.9808
    <BLANKLINE>
    P value adjustment: dunnettx method for 2 tests
    Tests are performed on the log scale
    """
    em = check_means(em, "contrast()")
    if adjust is not None:
        known_method(adjust)
    if simple is not None:
        chosen = names_in(em, simple)
        by = tuple(other for other in em.names if other not in chosen)
    groups = em.shown.by if by is UNSET else () if by is None else names_in(em, by)
    asked = {"type": type, "infer": infer, "level": level}
    if em.nests or em.shown_rows is not None:
        made = _nested(em, method, groups, adjust, interaction, ratios, options)
        return with_options(made, asked)
    if interaction is not False and interaction is not None:
        first = method if interaction is True else interaction
        return with_options(_interaction(em, first, groups, adjust, options), asked)
    return with_options(_contrast(em, method, groups, adjust, name, ratios, enhance_levels, options), asked)


def pairs(
    em: MarginalMeans, *, reverse: bool = False, adjust: str | None = None, **options: Any
) -> MarginalMeans:
    """All pairwise differences of marginal means, R's ``pairs``.

    Parameters
    ----------
    em : MarginalMeans
    reverse : bool
        Later less earlier.
    adjust : str, optional
        Default: tukey.
    **options
        As of `contrast`.

    Returns
    -------
    MarginalMeans

    Examples
    --------
    >>> import pandas as pd
    >>> from glmformula import datasets, emmeans, lm, pairs
    >>> staff = datasets.attrition()
    >>> staff["career"] = pd.cut(staff["experience_years"], [-1, 3, 6, 12], labels=["early", "middle", "late"])
    >>> pairs(emmeans(lm("overtime_hours ~ career", staff), "~ career"))
     contrast       estimate    SE  df t.ratio p.value
     early - middle  -0.4146 0.273 497  -1.521  0.2821
     early - late     0.0166 0.314 497   0.053  0.9985
     middle - late    0.4312 0.277 497   1.558  0.2652
    <BLANKLINE>
    P value adjustment: tukey method for comparing a family of 3 estimates
    """
    em = check_means(em, "pairs()")
    return contrast(em, "revpairwise" if reverse else "pairwise", adjust=adjust, **options)


def check_means(em: Any, verb: str) -> MarginalMeans:
    """The means; of a list of means and contrasts the means."""
    em = getattr(em, "means", em)
    if isinstance(em, MarginalMeans):
        return em
    raise FitError(f"{verb} is asked of marginal means, such as emmeans() gives; got {as_shown(em)}")


def labelled_levels(em: MarginalMeans, names: Sequence[str], enhance: bool) -> list[str]:
    """Of each row the levels of these factors in one text."""
    columns = []
    for name in names:
        label = label_in(em, name)
        texts = [as_text(value) for value in label.values]
        if enhance and all(_is_number(text) for text in texts):
            texts = [f"{name}{text}" for text in texts]
        columns.append(texts)
    return [" ".join(parts) for parts in zip(*columns)] if columns else [""] * len(em.linear)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _contrast(
    em: MarginalMeans,
    method: Any,
    by: tuple[str, ...],
    adjust: str | None,
    name: str,
    ratios: bool,
    enhance: bool,
    options: Mapping[str, Any],
) -> MarginalMeans:
    n = len(em.linear)
    rows = groups_of(em.labels, by, n)
    if len({len(one) for one in rows}) > 1:
        raise DataError(
            "`by` groups are of irregular size; currently not supported except with nested structures"
        )
    within = [other for other in em.names if other not in by]
    raw = labelled_levels(em, within, enhance)
    texts = [f"({text})" if PARENTHESES.search(text) else text for text in raw]
    if not within:
        method = "eff"
    first = rows[0]
    made = contrasts_of(method, Levels(tuple(texts[k] for k in first), tuple(raw[k] for k in first)), options)
    if not made.names:
        made = Contrasts(("(nothing)",), np.full((len(first), 1), np.nan), "none")
        adjust = "none"
    names: list[str] = []
    for one in rows:
        own = tuple(texts[k] for k in one)
        if own != tuple(texts[k] for k in first):
            names += contrasts_of(method, Levels(own, tuple(raw[k] for k in one)), options).names
        else:
            names += made.names
    coefficients = np.zeros((len(rows) * made.table.shape[1], n))
    for g, one in enumerate(rows):
        where = slice(g * made.table.shape[1], (g + 1) * made.table.shape[1])
        coefficients[where, one] = made.table.T
    lost = np.isnan(em.linear).any(axis=1)
    linear = coefficients @ np.where(lost[:, None], 0.0, np.nan_to_num(em.linear))
    linear[(coefficients[:, lost] != 0).any(axis=1)] = np.nan
    offset = None if em.offset is None else coefficients @ em.offset
    label_name = _free_name(name, em.names, by)
    labels = [Label(label_name, tuple(names), tuple(dict.fromkeys(names)) if by else ())]
    m = made.table.shape[1]
    for group in by:
        own_label = label_in(em, group)
        labels.append(
            Label(group, tuple(own_label.values[one[0]] for one in rows for _ in range(m)), own_label.levels)
        )
    with np.errstate(invalid="ignore"):
        true = bool(
            (np.abs(made.table.sum(axis=0) / (1e-6 + np.abs(made.table).max(axis=0))) < ZERO_SUM).all()
        )
    kind = made.kind or ("contrast" if true else "prediction")
    shown = em.shown
    scale, back, messages = _scale_after(shown.scale, shown.back, true and ratios)
    shown = replace(
        shown,
        estimate="estimate",
        kind=kind,
        infer=(False, True),
        adjust=known_method(adjust or made.adjust),
        size=len(first) if made.size is None else made.size,
        by=by,
        primary=(label_name,),
        scale=scale,
        back=back,
        ratios=scale is not None,
        messages=messages,
        null=0.0,
        delta=0.0,
        side=0,
        pairs_by=by,
        sigma=None if true else shown.sigma,
        bias_adjust=shown.bias_adjust and not true,
    )
    return replace(
        em,
        labels=tuple(labels),
        linear=linear,
        offset=offset,
        weights=None,
        levels={label.name: tuple(dict.fromkeys(label.values)) for label in labels},
        nests={},
        shown_rows=None,
        shown=shown,
        coefficients=coefficients,
    )


def _free_name(name: str, names: Sequence[str], by: Sequence[str]) -> str:
    taken = [one for one in names if one in by and re.match(f"^{re.escape(name)}[0-9]?$", one)]
    return f"{name}{len(taken)}" if taken else name


def _scale_after(scale: Scale | None, back: str, ratios: bool) -> tuple[Scale | None, str, tuple[str, ...]]:
    """Differences of logits are logarithms of odds ratios, those of logarithms of ratios; others have no scale back."""
    if scale is None:
        return None, back, ()
    if ratios and scale.kind in LOGARITHMS:
        if scale.kind in ("logit", "log.o.r."):
            return LOG_ODDS_RATIO, "odds.ratio", ()
        plain = Scale(scale.kind, scale.kind, scale.inverse, scale.slope)
        return plain, "ratio", ()
    return None, back, (f"Note: contrasts are still on the {scale.name.replace(SINE, scale.kind)} scale",)


def _interaction(
    em: MarginalMeans, methods: Any, by: tuple[str, ...], adjust: str | None, options: Mapping[str, Any]
) -> MarginalMeans:
    """Contrasts of one factor after another, the last first."""
    names = [other for other in em.names if other not in by] + list(by)
    k = len(names) - len(by)
    if isinstance(methods, Mapping) and set(methods) <= set(names):
        chosen = {n: methods[n] for n in methods} | {
            n: next(iter(methods.values())) for n in names[:k] if n not in methods
        }
        order = list(chosen)
    else:
        given = (
            [methods] if isinstance(methods, str) or not isinstance(methods, list | tuple) else list(methods)
        )
        order = names[:k]
        chosen = {n: given[i % len(given)] for i, n in enumerate(order)}
    total: np.ndarray | None = None
    made = em
    for factor in reversed(order):
        method = chosen[factor]
        new = f"{factor}_{method if isinstance(method, str) else 'custom'}"
        place = names.index(factor)
        others = tuple(names[:place] + names[place + 1 :])
        made = _contrast(made, method, others, None, new, True, False, options)
        assert made.coefficients is not None
        total = made.coefficients if total is None else made.coefficients @ total
        names[place] = new
    shown = replace(
        made.shown,
        by=by,
        adjust=known_method(adjust or "none"),
        primary=tuple(n for n in made.names if n not in by),
    )
    return replace(made, shown=shown, coefficients=total)


def _nested(
    em: MarginalMeans,
    method: Any,
    by: tuple[str, ...],
    adjust: str | None,
    interaction: Any,
    ratios: bool,
    options: Mapping[str, Any],
) -> MarginalMeans:
    """Contrasts of factors that stand within others, group by group: only of levels that the data have."""
    for name in by:
        missing = [other for other in em.nests.get(name, ()) if other not in by]
        if missing:
            by = (*by, *missing)
            give_warning(
                f"grouping factor(s) for '{name}' have been added to the 'by' list: {', '.join(missing)}",
                DataWarning,
            )
    if not isinstance(method, str):
        raise DataError(
            "contrast coefficients are not supported with nested factors: name a method, or take rows apart"
        )
    within = [name for name in em.names if name not in by]
    if not within:
        raise DataError("there are no factor levels left to contrast: try taking nested factors out of 'by'")
    nests = em.nests
    plain = replace(only_shown(em), nests={}, shown_rows=None)
    rows = groups_of(plain.labels, by, len(plain.linear))
    if len(rows) == 1:
        made = _one(plain, method, by, adjust, interaction, ratios, options)
    else:
        parts = [_one(rows_of(plain, one), method, by, adjust, interaction, ratios, options) for one in rows]
        made = _together(parts, rows, by, len(plain.linear), adjust, method)
    left = {name: tuple(o for o in nests[name] if o in by) for name in by if name in nests}
    shown = made.shown
    if shown.kind == "pairs":
        shown = replace(shown, pairs_by=by)
    return replace(made, nests={name: one for name, one in left.items() if one}, shown=shown)


def _one(
    em: MarginalMeans,
    method: Any,
    by: tuple[str, ...],
    adjust: str | None,
    interaction: Any,
    ratios: bool,
    options: Mapping[str, Any],
) -> MarginalMeans:
    if interaction is not False and interaction is not None:
        return _interaction(em, method if interaction is True else interaction, by, adjust, options)
    return _contrast(em, method, by, adjust, "contrast", ratios, True, options)


def _together(
    parts: list[MarginalMeans],
    rows: Sequence[np.ndarray],
    by: tuple[str, ...],
    n: int,
    adjust: str | None,
    method: str,
) -> MarginalMeans:
    """The contrasts of all groups in one table."""
    labels = []
    for name in dict.fromkeys([*by, *(name for part in parts for name in part.names)]):
        values = tuple(as_text(v) for part in parts for v in label_in(part, name).values)
        labels.append(Label(name, values))
    first = parts[0]
    m = sum(len(part.linear) for part in parts)
    coefficients = np.zeros((m, n))
    start = 0
    for part, one in zip(parts, rows):
        assert part.coefficients is not None
        stop = start + len(part.linear)
        coefficients[start:stop, one] = part.coefficients
        start = stop
    offsets = [part.offset for part in parts if part.offset is not None]
    averaged = tuple(dict.fromkeys(name for part in parts for name in part.shown.averaged))
    chosen = next((part.shown.adjust for part in parts if part.shown.adjust != "none"), "none")
    shown = replace(
        first.shown,
        kind=first.shown.kind if first.shown.kind == "pairs" else "contrast",
        size=m,
        adjust=known_method(adjust) if adjust else chosen,
        averaged=averaged,
        qualifier=" some or all of" if averaged else "",
        by=by,
        primary=tuple(label.name for label in labels if label.name not in by),
    )
    return replace(
        first,
        labels=tuple(labels),
        linear=np.concatenate([part.linear for part in parts]),
        offset=np.concatenate(offsets) if offsets else None,
        levels={label.name: tuple(dict.fromkeys(label.values)) for label in labels},
        shown=shown,
        coefficients=coefficients,
    )
