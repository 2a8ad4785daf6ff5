"""How many passes over the rows each verb makes: counted at a fit to a file, when the site is built."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import glmformula as gf
from glmformula.datasets import attrition
from glmformula.errors import GLMFormulaError
from glmformula.sources import batches, parquet, reading, store, streamed

VERBS: dict[str, Callable[[Any], Any]] = {
    "summary, tidy, glance, coef, vcov, AIC, BIC": lambda fit: (
        fit.summary(),
        fit.tidy(),
        fit.glance(),
        fit.vcov(),
    ),
    'confint(method="wald")': lambda fit: fit.confint(method="wald"),
    "confint() by profile": lambda fit: fit.confint(),
    "linear_hypothesis, delta_method": lambda fit: (
        fit.linear_hypothesis("salary = 0"),
        fit.delta_method("exp(salary)"),
    ),
    "anova()": lambda fit: fit.anova(),
    "Anova()": lambda fit: fit.Anova(),
    "drop1()": lambda fit: fit.drop1(test="Chisq"),
    "step(trace=0)": lambda fit: fit.step(trace=0),
    'vcov(type="HC0")': lambda fit: fit.vcov(type="HC0"),
    'vcov(type="HC3")': lambda fit: fit.vcov(type="HC3"),
    'vcov(cluster="sick_days")': lambda fit: fit.vcov(cluster="sick_days"),
    "predict(out=...)": lambda fit: fit.predict(type="response", out=_out()),
    'residuals("pearson", out=...)': lambda fit: fit.residuals("pearson", out=_out()),
    "cooks_distance(out=...)": lambda fit: fit.cooks_distance(out=_out()),
    "avg_predictions()": lambda fit: fit.avg_predictions(),
    "avg_comparisons()": lambda fit: fit.avg_comparisons(),
    "avg_slopes()": lambda fit: fit.avg_slopes(),
    'emmeans("dept")': lambda fit: gf.emmeans(fit, "dept"),
    "etable(counts=True)": lambda fit: fit.etable(counts=True),
    "roc()": lambda fit: fit.roc(),
    "calibration()": lambda fit: fit.calibration(),
    "hosmer_lemeshow()": lambda fit: fit.hosmer_lemeshow(),
    "overdispersion()": lambda fit: fit.overdispersion(),
    "pseudo_r2()": lambda fit: fit.pseudo_r2(),
    "certificate()": lambda fit: fit.certificate(),
    "separation()": lambda fit: fit.separation(),
    "report()": lambda fit: fit.report(),
    "save(), strip_data()": lambda fit: fit.strip_data(),
}
_folder: list[str] = []


def pages(root: Path) -> dict[str, str]:
    """The table that ``costs.md`` includes."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _folder[:] = [folder]
        data = attrition()
        data["dept"] = [("HR", "IT", "Operations")[k % 3] for k in range(len(data))]
        path = Path(folder) / "attrition.parquet"
        data.to_parquet(path)
        with counting() as passes:
            fit = gf.glm("left ~ salary + overtime_hours + dept", path, "binomial")
        rows = [f"| `glm()` itself, {fit.iter} iterations | {len(passes)} |"]
        for name, ask in VERBS.items():
            rows.append(f"| `{name}` | {_passes(fit.on_rows(fit.training), ask)} |")
    return {"costs_table.inc": "\n".join(["| verb | passes over the rows |", "|---|---:|", *rows, ""])}


def _passes(fit: Any, ask: Callable[[Any], Any]) -> str:
    with counting() as passes:
        try:
            ask(fit)
        except GLMFormulaError as error:
            return f"refused: {str(error).splitlines()[0].replace('|', ' ')}"
    return str(len(passes))


def _out() -> str:
    return str(Path(_folder[0]) / "out.parquet")


@contextmanager
def counting() -> Iterator[list[str]]:
    """A list that grows by one for each pass over rows; a pass inside of another one is not counted."""
    passes: list[str] = []
    depth = [0]

    def counted(original: Callable[..., Any]) -> Callable[..., Any]:
        def passing(self: Any, *args: Any, **options: Any) -> Any:
            if not depth[0]:
                passes.append(type(self).__name__)
            depth[0] += 1
            try:
                return original(self, *args, **options)
            finally:
                depth[0] -= 1

        return passing

    patches = [
        patch.object(cls, name, counted(getattr(cls, name)))
        for module in (batches, parquet, reading, store, streamed)
        for cls in vars(module).values()
        if isinstance(cls, type) and cls.__module__ == module.__name__
        for name in ("map_reduce", "results")
        if name in vars(cls)
    ]
    for one in patches:
        one.start()
    try:
        yield passes
    finally:
        for one in patches:
            one.stop()
