"""``summary`` and print of a mixed model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...fitted.coefficients import kept_names
from ...formula.lines import formula_lines
from ...render.mixed import MOST_CORRELATED, MixedTexts, print_blocks, summary_blocks
from ...render.report import Block, Rendered, to_text
from ..distributions import two_sided
from ..wald import Vcov, Wald
from .satterthwaite import satterthwaite_of
from .varcorr import VarCorr, VarianceComponents

if TYPE_CHECKING:
    from ...fitted.protocols import Mixed


@dataclass(frozen=True, repr=False, eq=False)
class MixedSummary(Rendered):
    """What ``summary(fit)`` says; prints as lme4's.

    Attributes
    ----------
    coefficients : DataFrame
        Estimate, Std. Error, t value (`lmer`), or z value and Pr(>|z|).
    varcor : VarianceComponents
    """

    parts: MixedTexts
    coefficients: pd.DataFrame = field(repr=False)
    varcor: VarianceComponents = field(repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """`coefficients`."""
        return self.coefficients

    def blocks(self, digits: int | None = None) -> list[Block]:
        return summary_blocks(self.parts, digits)


def summary(
    fit: Mixed,
    vcov: Vcov = None,
    *,
    ddf: str | None = None,
    correlation: bool | None = None,
    signif_stars: bool = True,
) -> MixedSummary:
    """Variances of the random effects, and estimates and standard errors of the fixed ones; lme4's ``summary``.

    Parameters
    ----------
    vcov : matrix or function, optional
        Another covariance of the fixed effects.
    ddf : {"Satterthwaite", "lme4"}, optional
        Of `lmer`: t tests with Satterthwaite's degrees of freedom, as lmerTest's. "lme4", the default: no
        probabilities, since no t distribution is that of the t values.
    correlation : bool, optional
        Whether their correlations are printed; by default up to 12 of them.
    signif_stars : bool
        Whether stars and their legend are printed.

    Returns
    -------
    MixedSummary

    Raises
    ------
    ValueError
        An unknown `ddf`; with another covariance.
    FitError
        Satterthwaite's degrees of freedom of a `glmer`.

    Examples
    --------
    >>> from glmformula import datasets, lmer
    >>> fit = lmer("salary ~ experience_years + (1 | sick_days)", datasets.attrition())
    >>> fit.summary().coefficients.columns.tolist()
    ['Estimate', 'Std. Error', 't value']
    >>> fit.summary(ddf="Satterthwaite").coefficients["df"].round(1).tolist()
    [18.4, 484.2]
    """
    if ddf not in (None, "lme4", "Satterthwaite"):
        raise ValueError(f"ddf should be 'Satterthwaite' or 'lme4'; got {ddf!r}")
    if ddf == "Satterthwaite" and vcov is not None:
        raise ValueError("ddf is of the model's own covariance: leave out vcov, or ddf")
    tested = ddf == "Satterthwaite"
    table = tested_table(fit) if tested else fixed_table(fit, vcov)
    texts = texts_of(fit, table, correlation, fit.residual_quantiles, signif_stars)
    if tested:
        title = f"{texts.title}. t-tests use Satterthwaite's method"
        texts = replace(texts, title=title, kind="lmerModLmerTest")
    return MixedSummary(texts, table, VarCorr(fit))


def fixed_table(fit: Mixed, vcov: Vcov = None) -> pd.DataFrame:
    """The table of fixed effects."""
    wald = Wald.of(fit, vcov)
    columns: dict[str, Any] = {"Estimate": wald.estimate, "Std. Error": wald.error}
    columns[f"{'t' if fit.has_scale else 'z'} value"] = wald.statistic()
    if not fit.family.is_normal_linear:
        columns["Pr(>|z|)"] = wald.p_value()
    return pd.DataFrame(columns, index=list(kept_names(fit)))


def tested_table(fit: Mixed) -> pd.DataFrame:
    """The table of fixed effects with Satterthwaite's degrees of freedom and probabilities."""
    wald = Wald.of(fit)
    df = satterthwaite_of(fit).degrees(np.eye(len(wald.estimate)))
    t = wald.statistic()
    columns = {"Estimate": wald.estimate, "Std. Error": wald.error, "df": df, "t value": t}
    return pd.DataFrame(columns | {"Pr(>|t|)": two_sided(t, df)}, index=list(kept_names(fit)))


def texts_of(
    fit: Mixed,
    table: pd.DataFrame,
    correlation: bool | None,
    quantiles: tuple[float, ...] | None,
    signif_stars: bool = True,
) -> MixedTexts:
    """What a print is made of."""
    p = len(table)
    shown = p <= MOST_CORRELATED if correlation is None else correlation
    error = np.sqrt(np.diag(fit.covariance))
    plain = fit.family.is_normal_linear
    return MixedTexts(
        title=fit.title,
        kind="lmerMod" if plain else "glmerMod",
        family=None if plain else fit.family.name,
        link=None if plain else fit.family.link.name,
        call=tuple(_call(fit)),
        criteria=criteria(fit),
        quantiles=quantiles,
        variances=VarCorr(fit).rows,
        rows=fit.nobs,
        groups=tuple((str(name), int(count)) for name, count in fit.ngrps.items()),
        names=tuple(map(str, table.index)),
        values=table.to_numpy(),
        columns=tuple(table.columns),
        correlation=fit.covariance / np.outer(error, error) if shown and p else None,
        notes=tuple(fit.notes),
        signif_stars=signif_stars,
    )


def _call(fit: Mixed) -> list[tuple[str, str]]:
    out = [("Formula", "\n".join(formula_lines(fit.shown_formula))), ("Data", "data")]
    for name, label in (("weights", "Weights"), ("offset", "Offset"), ("subset", "Subset")):
        text = fit.said.get(name)
        if text is not None:
            out.append((label, text))
    return out


def criteria(fit: Mixed) -> tuple[tuple[str, float], ...]:
    """What was made as small as can be, or AIC and its kin."""
    if fit.criterion == "REML":
        return (("REML", fit.result.deviance),)
    return (
        ("AIC", fit.aic),
        ("BIC", fit.bic),
        ("logLik", float(fit.loglik)),
        ("deviance", -2.0 * float(fit.loglik)),
        ("df.resid", float(fit.df_residual)),
    )


def print_text(fit: Mixed) -> str:
    """The printed fit."""
    table = pd.DataFrame({"Estimate": fit.coefficients.dropna()})
    return to_text(print_blocks(texts_of(fit, table, False, None))).removesuffix("\n")
