"""The terms that a penalised fit selects, as a generalized linear model that says how it came about."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..design.contrast import kept as own_contrasts
from ..errors import FitError
from ..formula.algebra import update_formula
from ..frame.schema import named_in
from ..inference.summaries.summary import summary as _summary
from .estimate import checked, estimate, fields_of
from .model import GLM
from .penalties import numbers_of

if TYPE_CHECKING:
    from ..inference.summaries.summary import GLMSummary

SAME = ("data", "family", "weights", "subset", "na_action", "offset", "contrasts", "progress")


@dataclass(frozen=True, eq=False)
class SelectedGLM(GLM):
    """A GLM of terms that were chosen by the same data; its summary says so.

    Attributes
    ----------
    selected : str
        How the terms were chosen.
    """

    selected: str = ""

    def summary(self, *args: Any, **options: Any) -> GLMSummary:
        """As of a GLM, with a note that the selection is not accounted for."""
        made = _summary(self, *args, **options)
        note = (
            f"Note: the terms were selected by {self.selected} on these data; standard errors, p-values and AIC\n"
            "do not account for that, and make the terms look better than they are"
        )
        return replace(made, parts=replace(made.parts, notes=(note, *made.parts.notes)))


def refit_selected(fit: Any, s: float) -> SelectedGLM:
    """The terms with a coefficient that is not zero at `s`; see ``Glmnet.refit_selected``.

    Raises
    ------
    FitError
        No term is left.
    """
    s = float(numbers_of(s, "s", least=0.0, single=True)[0])
    beta = fit.at(s)[0]
    kept = {int(term) for term, value in zip(fit.assign, beta) if value != 0 and term}
    if not kept:
        raise FitError(
            f"no term is selected at s = {s:.4g}: take a smaller penalty, below {fit.lambda_[0]:.4g}"
        )
    dropped = [label for k, label in enumerate(fit.terms.labels, 1) if k not in kept]
    formula = fit.formula
    if dropped:
        formula = update_formula(formula, ". ~ . - " + " - ".join(dropped))
    given = dict(fit.rows.arguments)
    given["contrasts"] = merged(fit, beta, given["contrasts"])
    arguments = {"start": None, "etastart": None, "mustart": None, "control": None, "method": "auto"}
    arguments |= {name: given[name] for name in SAME} | {"formula": formula}
    made = fields_of(estimate(checked(arguments)))
    assert set(made) <= {field.name for field in fields(SelectedGLM)}
    how = f"glmnet (alpha = {fit.options['alpha']:g}, lambda = {s:.4g})"
    return SelectedGLM(**made, selected=how)


def merged(fit: Any, beta: np.ndarray, contrasts: Any) -> Any:
    """The contrasts with which a fused factor has its steps that are not zero, and no others."""
    fused = getattr(contrasts, "fused", ())
    made = own_contrasts(contrasts)
    for variable in fit.schema.variables.values():
        if variable.categorical and named_in(variable.name, fused):
            kept = beta[fit.assign == fit.terms.labels.index(variable.name) + 1] != 0
            if kept.any():
                made[variable.name] = variable.contrast_label.loc[:, kept]
    return made
