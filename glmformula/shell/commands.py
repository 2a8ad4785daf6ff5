"""What each subcommand does: it prints, and says whether the fits are to be trusted."""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError
from ..fitted.protocols import is_parametric
from ..inference.side_by_side.model_table import etable
from ..models.loading import load
from .demo import demo
from .models import fitted
from .table import data_of


def trusted(fit: Any) -> bool:
    """Whether the search converged and every estimate is finite."""
    found = fit.result.solved if is_parametric(fit) else getattr(fit, "result", None)
    limits = getattr(found, "limits", None)
    return bool(getattr(fit, "converged", True)) and (limits is None or not np.any(limits))


def subject(words: list[str], options: Namespace) -> Any:
    """The fit that is meant: a saved one, or that of a formula and data.

    Raises
    ------
    DataError
    """
    if len(words) == 2:
        return fitted(words[0], words[1], options)
    if len(words) == 1 and Path(words[0]).is_file():
        return load(words[0])
    shown = " ".join(map(repr, words))
    if len(words) == 1 and "~" in words[0]:
        raise DataError(f"a formula needs its DATA behind it; got {shown} alone")
    raise DataError(f"expected a FORMULA and its DATA, or the file of a saved fit; got {shown}")


def covariance(options: Namespace) -> Mapping[str, Any] | str | None:
    if options.cluster is not None:
        return {"cluster": options.cluster} | ({} if options.vcov is None else {"type": options.vcov})
    kind: str | None = options.vcov
    return kind


def fit(options: Namespace) -> bool:
    made = fitted(options.formula, options.data, options)
    if options.save is not None:
        made.save(options.save)
    if options.report is not None:
        made.report(options.report, vcov=covariance(options))
    if options.what_if is not None:
        if not hasattr(made, "what_if"):
            raise DataError(
                f"--what-if means nothing for a {type(made).__name__}: it needs one linear predictor"
            )
        made.what_if(options.what_if, vcov=covariance(options))
    _summarised(made, options)
    return trusted(made)


def summary(options: Namespace) -> bool:
    made = subject(options.subject, options)
    _summarised(made, options)
    return trusted(made)


def _summarised(made: Any, options: Namespace) -> None:
    vcov = covariance(options)
    given = {} if vcov is None else {"vcov": vcov}
    if options.json:
        print(json.dumps(as_json(made, given), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print(made.summary(**given))


def as_json(made: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Call, whole-fit statistics and coefficients with their Wald limits (95 %); what is not finite is null."""
    return {
        "call": made.call,
        "formula": made.formula,
        "trusted": trusted(made),
        "glance": _records(made.glance())[0],
        "coefficients": _records(made.tidy(conf_int=True, conf_method="wald", **given)),
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): _plain(v) for k, v in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value if isinstance(value, int | str | bool | None) else str(value)


def anova(options: Namespace) -> bool:
    words = options.subject
    test = {} if options.test is None else {"test": options.test}
    if len(words) > 1 and all(Path(word).is_file() for word in words):
        fits = [load(word) for word in words]
        print(fits[0].anova(*fits[1:], **test))
        return all(map(trusted, fits))
    if len(words) != 2:
        raise DataError("anova takes a FORMULA and its DATA, or two saved fits or more")
    made = fitted(words[0], words[1], options)
    print(made.anova(**test))
    return trusted(made)


def drop1(options: Namespace) -> bool:
    made = fitted(options.formula, options.data, options)
    print(made.drop1(test=options.test))
    return trusted(made)


def predict(options: Namespace) -> bool:
    made, data = load(options.fit), data_of(options.data, options.out)
    given: dict[str, Any] = {"new_levels": options.new_levels}
    kind = options.type or ("response" if not is_parametric(made) else None)
    given |= {"type": kind} if kind is not None else {}
    if options.se:
        given["se_fit"] = True
    if options.interval is not None:
        given |= {"interval": options.interval, "level": options.level}
    if options.out is not None:
        made.predict(data, out=options.out, **given)
        print(Path(options.out).expanduser(), file=sys.stderr)
        return trusted(made)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "predicted.csv"
        made.predict(data, out=out, **given)
        with out.open(encoding="utf-8") as written:
            shutil.copyfileobj(written, sys.stdout)
    return trusted(made)


def compare(options: Namespace) -> bool:
    fits = {Path(path).stem: load(path) for path in options.fits}
    if len(fits) < len(options.fits):
        raise DataError(f"the names of the files should differ; got {', '.join(options.fits)}")
    print(etable(*fits.values(), names=list(fits), exponentiate=options.exponentiate))
    return all(map(trusted, fits.values()))


def sql(options: Namespace) -> bool:
    made = subject(options.subject, options)
    print(
        made.to_sql(
            options.dialect,
            type=options.type,
            se=options.se,
            new_levels=options.new_levels,
            table=options.table,
        )
    )
    return trusted(made)


def shown_demo(options: Namespace) -> bool:
    demo()
    return True


COMMANDS: dict[str, Callable[[Namespace], bool]] = {
    "fit": fit, "summary": summary, "anova": anova, "drop1": drop1, "predict": predict, "compare": compare, "sql": sql,
    "demo": shown_demo,
}  # fmt: skip
