"""Predictions, comparisons and slopes as marginaleffects has them, of every model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import DataError, nearest
from ...families.link import Array, Link
from ...fitted.asked import Asked, asked
from ...fitted.protocols import is_parametric
from ...frame.newdata import columns_of
from ...runtime.tasks import by_rows
from ..distributions import quantile
from ..hypotheses.null_space import null_space
from ..rows.quantities import limits as scaled_limits
from ..wald import Vcov
from .averages import Estimates, averages, each_row
from .compare import COMPARISONS, SLOPES, slope_of
from .contrasts import Facts, Known, Shift, contrasts, level_of, needs_facts
from .degrees import with_degrees
from .evaluation import Model
from .functions import asked_comparison
from .grids import rows_for
from .lost import tell_lost
from .population import Population, facts, known, variables
from .table import Asking, Effects, covariance, effects_table
from .tasks import Plan, Task
from .unconditional import unconditional

if TYPE_CHECKING:
    from ...fitted.protocols import SingleIndex


@dataclass(frozen=True)
class Question:
    """What a call asks, its arguments in order."""

    fit: SingleIndex
    variables: Any
    by: Any
    newdata: Any
    type: str | None
    vcov: Vcov
    wts: Any
    asking: Asking
    unconditional: bool = False
    made: tuple[str, ...] = ()  # columns that the answer has in any case

    @property
    def averaged(self) -> bool:
        return self.by is not None and self.by is not False

    @property
    def groups(self) -> tuple[str, ...]:
        """The columns of `by`."""
        if not self.averaged or self.by is True:
            return ()
        names = [self.by] if isinstance(self.by, str) else list(self.by)
        for name in names:
            if not isinstance(name, str):
                raise DataError(f"by should be True, a column or a list of columns; got {name!r} among them")
        own = (*self.made, *(["group"] if self.asked.quantity.columns else []))
        for name in names:
            if name in own and name in _columns_of(self.fit, self.newdata):
                raise DataError(
                    f"by='{name}': the answer has a column of this name already ({OWN[name]}): rename that of the data"
                )
        return tuple(name for name in names if name not in own)

    @property
    def asked(self) -> Asked:
        """What is predicted; of a model of categories by default what is a number."""
        question = asked(self.fit, self.type)
        if question.quantity.jacobian is None and self.type is None:
            question = asked(self.fit, first_of_numbers(self.fit))
        if question.quantity.jacobian is None:
            raise ValueError(f"type={self.type!r} is no number, and has no effects: take another type")
        return question

    def rows(self) -> Population:
        return rows_for(self.fit, self.newdata, self.wts, self.groups)

    def plan(self, tasks: Sequence[Task], spreads: Mapping[str, float]) -> Plan:
        fit: Any = self.fit
        family = None if is_parametric(fit) or self.type == "link" else fit.family
        model = Model(self.asked, family, None if is_parametric(fit) else null_space(fit))
        return Plan(model, tuple(tasks), self.groups, tuple(spreads.items()))

    def table(self, plan: Plan, rows: Population, averaged: bool) -> Effects:
        cov, label = covariance(self.fit, self.vcov)
        asking = with_degrees(self.fit, self.asking, self.vcov)
        notes = (f"Standard errors: {label}",) if label else ()
        if averaged and self.unconditional:
            if self.vcov is not None:
                raise DataError("unconditional=True has a robust covariance of its own: leave vcov= out")
            estimates, cov = unconditional(self.fit, plan, rows)
            tell_lost(self.fit, estimates, rows, plan.by, averaged)
            return effects_table(estimates, cov, asking, ("Standard errors: unconditional",))
        if averaged:
            means = averages(plan, rows)
            tell_lost(self.fit, means, rows, plan.by, averaged)
            return effects_table(means, cov, asking, notes)
        if rows.scene is None:
            raise DataError(
                "there is an effect for each row, and the rows are not held in memory: average them (avg_...), or give "
                "newdata= of some rows"
            )
        limits = None
        of_predictions = (
            self.type is None
            and not self.asking.satterthwaite  # of linear models, whose limits are on this scale
            and len(plan.tasks) == 1
            and plan.tasks[0].lo is None
            and plan.tasks[0].variable is None
        )
        fit: Any = self.fit
        if of_predictions and not is_parametric(fit):
            made, limits = self._carried(plan, rows, cov)
        else:
            made = each_row(plan, rows, cov, self.keeps)
            if of_predictions:
                limits = self._limits(plan, made)
        tell_lost(self.fit, made, rows, plan.by, averaged)
        return effects_table(made, cov, asking, notes, limits)

    @property
    def keeps(self) -> bool:
        """Whether the rows' gradients are needed together."""
        if self.asking.satterthwaite:
            return True
        return self.asking.hypothesis is not None and not isinstance(self.asking.hypothesis, int | float)

    def _carried(
        self, plan: Plan, rows: Population, cov: np.ndarray
    ) -> tuple[Estimates, tuple[Array, Array, Array]]:
        """Predicted means and their intervals, both carried over from the scale of the link: one pass for the two."""
        fit: Any = self.fit
        half = quantile((1 + self.asking.conf_level) / 2, float(self.asking.df))
        inner = Plan(Model(asked(fit, "link"), None, plan.model.null_space), plan.tasks)
        eta = each_row(inner, rows, cov, self.keeps)
        assert eta.error is not None
        link: Link = fit.family.link

        def carried(value: Array, error: Array) -> tuple[Array, ...]:
            mean, slope, _ = fit.family.working(value)
            ends = [link.linkinv(value + sign * half * error) for sign in (-1, 1)]
            return mean, slope, value / error, np.minimum(*ends), np.maximum(*ends)

        with np.errstate(all="ignore"):
            mean, slope, statistic, low, high = by_rows(carried, eta.value, eta.error)
            gradient = None if eta.gradient is None else slope[:, None] * eta.gradient
            made = replace(eta, value=mean, error=np.abs(slope) * eta.error, gradient=gradient)
        return made, (statistic, low, high)

    def _limits(self, plan: Plan, made: Estimates) -> tuple[Array, Array, Array] | None:
        """Intervals of predictions made on the scale of their quantity and carried back."""
        scale = plan.model.asked.quantity.scale
        if scale == "identity" or made.error is None:
            return None
        with np.errstate(all="ignore"):
            low, high = scaled_limits(made.value, made.error, scale, self.asking.conf_level)
            return made.value / made.error, low, high


OWN = {"term": "the variable", "contrast": "the contrast", "group": "the category"}


def _columns_of(fit: Any, newdata: Any) -> set[str]:
    """The names of the data's columns, as far as they are known without a look at the rows."""
    known = set(columns_of(fit.schema))
    if newdata is not None:
        return known | set(map(str, getattr(newdata, "columns", ())))
    if fit.training is None:
        return known
    if fit.training.streamed:
        return known | set(fit.training.table.meta.columns)
    return known | set(map(str, fit.rows.arguments["data"].frame.columns))


def first_of_numbers(fit: Any) -> str | None:
    """The first quantity of a model of several predictors that is a number, as a class is not."""
    quantities = fit.likelihood.quantities
    return next((name for name, one in quantities.items() if one.jacobian is not None), None)


def averaged(by: Any) -> Any:
    """Over all rows, where no groups are named."""
    return True if by is None or by is False else by


def wanted_variables(fit: Any, given: Any) -> dict[str, Any]:
    """Variables and what is asked of each; None: all of the right side.

    Raises
    ------
    DataError
        One that the model does not use.
    """
    own = variables(fit.schema)
    if given is None:
        if not own:
            raise DataError("the model has no variables on its right side: there is nothing to compare")
        return dict.fromkeys(own)
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, Mapping | Sequence):
        raise DataError(
            f"variables should be a name, a list of names, or a mapping of names to contrasts; got {given!r}"
        )
    out = dict(given) if isinstance(given, Mapping) else dict.fromkeys(given)
    usable = columns_of(fit.schema)
    for name in out:
        if name not in usable:
            raise DataError(f"'{name}' is not a variable of the model{nearest(str(name), own)}")
    if not out:
        raise DataError("variables is empty: name one, or leave it out for all of the model's")
    return out


def known_of(question: Question, rows: Population, names: Sequence[str]) -> dict[str, Known]:
    sample = rows.sample
    for name in names:
        if name not in sample.data.columns:
            raise DataError(f"newdata lacks '{name}'{nearest(name, list(map(str, sample.data.columns)))}")
    return {name: known(question.fit.schema, name, sample) for name in names}


def facts_of(question: Question, rows: Population, names: Sequence[str]) -> dict[str, Facts]:
    """From the fit's own rows where they are at hand, else from the new ones."""
    if not names:
        return {}
    own = rows if rows.own or question.fit.training is None else rows_for(question.fit, None, None, ())
    return facts(own, names)


def comparison_table(question: Question, comparison: Any, cross: bool) -> Effects:
    question = replace(question, made=("term", "contrast"))
    found, means = asked_comparison(comparison)
    averaged = means or question.averaged
    rows = question.rows()
    wanted = wanted_variables(question.fit, question.variables)
    kinds = known_of(question, rows, list(wanted))
    said = facts_of(question, rows, needs_facts(wanted, kinds))
    pairs = contrasts(wanted, kinds, said, found, cross)
    names = ["contrast"] if not cross else [f"contrast_{name}" for name in wanted]
    tasks = [
        Task(
            (("term", one.term), *zip(names, one.labels)),
            one.hi,
            one.lo,
            found,
            averaged and not found.by_row,
        )
        for one in pairs
    ]
    return question.table(question.plan(tasks, {}), rows, averaged)


def slope_table(question: Question, slope: str) -> Effects:
    question = replace(question, made=("term", "contrast"))
    kind = slope_of(slope)
    rows = question.rows()
    wanted = wanted_variables(question.fit, question.variables)
    kinds = known_of(question, rows, list(wanted))
    numbers = [name for name in wanted if kinds[name].kind == "numeric"]
    bent = [name for name in numbers if not plain_variable(question.fit, name)]
    said = facts_of(question, rows, bent)
    spreads = {name: said[name].sd if name in said else 1.0 for name in numbers}
    tasks = []
    difference = COMPARISONS["difference"]
    for name, value in wanted.items():
        if name in spreads:
            if value is not None:
                raise DataError(
                    f"variables: a slope by '{name}' takes no contrast ({value!r}); comparisons() does"
                )
            tasks.append(Task((("term", name), ("contrast", SLOPES[kind])), variable=name, kind=kind))
            continue
        for one in contrasts({name: value}, kinds, {}, difference):
            label = (("term", name), ("contrast", one.labels[0]))
            tasks.append(Task(label, one.hi, one.lo, difference, question.averaged))
    return question.table(question.plan(tasks, spreads), rows, question.averaged)


def plain_variable(fit: Any, name: str) -> bool:
    """Whether the formula uses it as it is, so that its slopes need no steps."""
    from ...formula.algebra import variables_used
    from ...formula.tree import Name
    from ...frame.variables import variables_of

    nodes = [node for _, node, _, off in variables_of(fit.schema.terms) if name in variables_used(node)]
    argument = fit.schema.offset
    apart = argument is None or isinstance(argument, float) or name not in variables_used(argument)
    return apart and all(isinstance(node, Name) for node in nodes)


def prediction_table(question: Question) -> Effects:
    rows = question.rows()
    tasks = [Task(())]
    if question.variables is not None:
        wanted = wanted_variables(question.fit, question.variables)
        kinds = known_of(question, rows, list(wanted))
        open_ = [name for name, value in wanted.items() if value is None and kinds[name].kind == "numeric"]
        said = facts_of(question, rows, [*open_, *needs_facts(wanted, kinds)])
        values = {name: grid_values(kinds[name], value, said.get(name)) for name, value in wanted.items()}
        tasks = [
            Task(tuple(choice), tuple((name, Shift(value=value)) for name, value in choice))
            for choice in product(*([(name, value) for value in values[name]] for name in values))
        ]
    return question.table(question.plan(tasks, {}), rows, question.averaged)


def grid_values(known: Known, given: Any, facts: Facts | None) -> list[Any]:
    """The values of a variable at which all rows are predicted; None: five numbers of it, or all levels.

    Raises
    ------
    DataError
    """
    if given is None:
        if known.kind == "numeric":
            assert facts is not None
            if np.isnan(facts.quantiles).any():
                return [facts.quantiles[0], facts.mean, facts.quantiles[-1]]
            return list(dict.fromkeys(facts.quantiles))
        if known.kind == "logical":
            return [False, True]
        if known.kind == "time":
            raise DataError(f"variables: '{known.name}' is a date or time: say which values, as a list")
        return list(known.levels)
    if isinstance(given, str) and known.kind == "numeric":
        assert facts is not None
        named = {
            "sd": [facts.mean - facts.sd / 2, facts.mean + facts.sd / 2],
            "2sd": [facts.mean - facts.sd, facts.mean + facts.sd],
            "iqr": [facts.quantiles[1], facts.quantiles[3]],
            "minmax": [facts.quantiles[0], facts.quantiles[4]],
            "fivenum": list(facts.quantiles),
        }
        if given not in named:
            raise DataError(
                f"variables: {given!r} stands for no values of '{known.name}', a number: expected numbers, or one of "
                f"{', '.join(map(repr, named))}"
            )
        return named[given]
    values = (
        list(given) if isinstance(given, Sequence | np.ndarray) and not isinstance(given, str) else [given]
    )
    return [level_of(known, value) for value in values] if known.kind == "factor" else values
