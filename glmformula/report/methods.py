"""What a paper's methods section must say, the sources it cites, and the code that makes the report again."""

from __future__ import annotations

import hashlib
import math
import platform
import re
from collections.abc import Collection, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..fitted.protocols import is_mixed, is_parametric, is_single_index
from ..formula.algebra import variables_used
from ..formula.deparse import deparse
from ..formula.reader import read
from ..formula.tree import Call, Literal
from ..frame.model_frame import needed_columns
from .population import model_name
from .records import Listing, Prose, Section, Sources
from .subject import OF_POPULATION, Subject, count, listed, ratios

LIBRARIES = ("numpy", "scipy", "pandas")
NOT_IN_CALLS = {"method": ("auto", "logistic"), "na_action": ("na.omit",)}
CONTROL = {"epsilon": 1e-8, "maxit": 25}
"""Arguments that a call as R prints it does not name, with what they are if nobody says."""
CRITERIA = {"ML": "maximum likelihood", "REML": "restricted maximum likelihood"}
SOURCES = {
    "estimates": "McCullagh P, Nelder JA (1989). Generalized Linear Models, 2nd ed. Chapman & Hall.",
    "mixed": (
        "Bates D, Mächler M, Bolker B, Walker S (2015). Fitting linear mixed-effects models using lme4. Journal of "
        "Statistical Software 67(1)."
    ),
    "tests": "Fox J, Weisberg S (2019). An R Companion to Applied Regression, 3rd ed. Sage.",
    "effects": (
        "Arel-Bundock V, Greifer N, Heiss A (2024). How to interpret statistical models using "
        "marginaleffects for R and Python. Journal of Statistical Software 111(9)."
    ),
    "diagnostics": "Dunn PK, Smyth GK (1996). Randomized quantile residuals. J. Comput. Graph. Stat. "
    "5, 236–244.",
    "performance": (
        "DeLong ER, DeLong DM, Clarke-Pearson DL (1988). Comparing the areas under two or more correlated "
        "ROC curves. Biometrics 44, 837–845."
    ),
    "validation": "Harrell FE (2015). Regression Modeling Strategies, 2nd ed. Springer.",
}
"""What is cited where a section is there."""


def methods(subject: Subject, keys: Collection[str]) -> Section:
    """The paragraph and its sources; `keys` are the sections of the report."""
    fit = subject.fit
    name = model_name(fit)
    article = "an" if name[0].lower() in "aeiou" else "a"
    made = f"{article} {name}, fitted by {_criterion(fit)}"
    fitted = f"{subject.response} was modelled by {made} to {count(fit.nobs)} rows"
    if subject.training is not None and (omitted := subject.training.frame.n_omitted):
        fitted += f"; {count(omitted)} rows with missing values were left out (complete cases)"
    said = [fitted]
    kind = ratios(fit) if subject.exponentiate else ""
    shown = f"as {kind}s, exp(coefficient)," if kind else "on the scale of the linear predictor"
    tests = (
        "z statistics"
        if math.isinf(fit.test_df)
        else f"t statistics on {count(fit.test_df)} degrees of freedom"
    )
    said.append(
        f"Estimates are given {shown} with Wald's {100 * subject.level:g}% confidence intervals; p-values "
        f"are two-sided, from {tests}"
    )
    if subject.vcov is not None:
        said.append(f"Their covariance is {_covariance(subject.vcov)}")
    if "tests" in keys:
        said.append("Terms were tested as a whole, each given the others (type II)")
    if "effects" in keys:
        said.append(
            "Effects on the scale of the response are differences of predictions averaged over the rows, "
            "with standard errors by the delta method"
        )
    if is_mixed(fit):
        said.append(f"Random effects are {listed([f'({bar.text})' for bar in fit.random.formula.bars])}")
        said.append(f"{OF_POPULATION}, with the covariance of the fixed effects")
    if "diagnostics" in keys:
        said.append(f"Residuals were assessed by simulation from the model (seed {subject.seed})")
    if "performance" in keys:
        said.append(
            "Discrimination was measured by the area under the ROC curve, calibration in bands of predictions"
        )
    said.append("No p-value is adjusted for the number of tests")
    libraries = ", ".join(f"{library} {version(library)}" for library in LIBRARIES)
    said.append(
        f"The analysis was made with glmformula {version('glmformula')}, whose definitions are those of R, "
        f"under Python {platform.python_version()} ({libraries})"
    )
    used = {*keys, *(["validation"] if "performance" in keys else []), *(["mixed"] if is_mixed(fit) else [])}
    cited = [SOURCES[key] for key in SOURCES if key in used]
    own = f"The glmformula authors. glmformula: R's glm() for Python, version {version('glmformula')}."
    sources = Sources((own, *cited))
    return Section("methods", "Methods", (Prose(". ".join(said) + "."), sources))


def _criterion(fit: Any) -> str:
    if fit.criterion == "firth":
        return "maximum penalised likelihood (Firth's)"
    if is_single_index(fit):
        if fit.family.name == "gaussian" and fit.family.link.name == "identity":
            return "least squares"
        likelihood = "maximum likelihood" if fit.family.has_likelihood else "quasi-likelihood"
        return f"{likelihood} (iteratively reweighted least squares)"
    if is_parametric(fit):
        return "maximum likelihood (Newton's method)"
    known = CRITERIA.get(fit.criterion, f"the criterion {fit.criterion}")
    how = fit.title.partition("(")[2].partition(")")[0] if is_mixed(fit) else ""
    return f"{known} ({how})" if how else known


def _covariance(vcov: Any) -> str:
    if isinstance(vcov, str):
        return f"robust, of type {vcov}"
    if isinstance(vcov, Mapping):
        return "robust: " + ", ".join(
            f"{name} = {value}" for name, value in vcov.items() if isinstance(value, str | int)
        )
    return "one that was given"


def certificate(subject: Subject) -> Section | None:
    """How near the numbers are to the exact ones."""
    answer = subject.ask("certificate")
    if answer.value is None:
        return None
    said = (
        "A pass over the rows at the estimates, in more than double precision where the machine has it: "
        "how far they are from the optimum, how well the data determine them, and how many digits are "
        "right."
    )
    return Section(
        "certificate", "Certificate of the numbers", (Prose(said), Listing(str(answer.value).strip("\n")))
    )


def code(subject: Subject, path: str) -> Section:
    """What to run to get this page again."""
    if subject.code is not None:
        text = subject.code
    else:
        text = _python(subject, path)
    said = "The same data, versions and seed give this page again, to the byte."
    return Section("code", "The code that makes this report", (Listing(text), Prose(said)))


def _python(subject: Subject, path: str) -> str:
    function, arguments = _call(subject)
    lines = [f"from glmformula import {', '.join(dict.fromkeys([function, *_families(arguments)]))}", ""]
    lines += _data_lines(subject)
    inside = ", ".join(text if name == "" else f"{name}={text}" for name, text in arguments)
    lines.append(f"fit = {function}({inside})")
    options = {
        "conf_level": (subject.level, 0.95),
        "vcov": (subject.vcov, None),
        "seed": (subject.seed, 1),
        "bootstrap": (subject.bootstrap, None),
    }
    given = "".join(
        f", {name}={_value(name, v)}" for name, (v, usual) in options.items() if v is not None and v != usual
    )
    lines.append(f"fit.report({path!r}{given})")
    return "\n".join(lines)


def _call(subject: Subject) -> tuple[str, list[tuple[str, str]]]:
    """The function and its arguments, by name as Python has them."""
    tree = read(" ".join(subject.fit.call.split()))
    fit = subject.fit
    if not isinstance(tree, Call):
        return "glm", [("", repr(fit.formula)), ("", "data")]
    function = tree.function.replace(".", "_")
    known = {} if subject.training is None else subject.training.arguments
    out = [("", repr(fit.formula)), ("", _data_name(known.get("data")))]
    for name, node in zip(tree.names, tree.args):
        if name in (None, "formula", "data"):
            continue
        plain = name.replace(".", "_")
        if plain == "family":
            out.append((plain, _family(deparse(node))))
        elif subject.training is None:
            out.append((plain, node.text if isinstance(node, Literal) else repr(deparse(node))))
        elif known.get(plain) is not None:
            out.append((plain, _value(plain, known[plain])))
    given = {name for name, _ in out}
    out += [
        (name, _value(name, known[name]))
        for name, usual in NOT_IN_CALLS.items()
        if name not in given and known.get(name) not in (None, *usual)
    ]
    control = known.get("control")
    out += [
        (name, repr(getattr(control, name)))
        for name, usual in CONTROL.items()
        if getattr(control, name, usual) != usual
    ]
    return function, out


def _family(text: str) -> str:
    """R's ``inverse.gaussian("1/mu^2")`` as Python has it; a Tweedie link by its power."""
    name, bracket, rest = text.partition("(")
    rest = re.sub(r'link = "mu\^([-\d.e]+)"', r"link_power = \1", rest)
    return name.strip("`").replace(".", "_") + bracket + rest


def _families(arguments: list[tuple[str, str]]) -> list[str]:
    return [text.partition("(")[0] for name, text in arguments if name == "family" and "(" in text]


def _value(name: str, value: Any) -> str:
    """An argument as it was given, if that can be written; else its name, for the reader to fill in."""
    plain = isinstance(value, str | int | float | bool) or (
        isinstance(value, Mapping) and all(isinstance(v, str | int | float | bool) for v in value.values())
    )
    return repr(dict(value) if isinstance(value, Mapping) else value) if plain else name


def _data_name(data: Any) -> str:
    return repr(str(data)) if isinstance(data, str | Path) else "data"


def _data_lines(subject: Subject) -> list[str]:
    """What a reader must have as `data`, and how to see that it is the same."""
    if subject.training is None or isinstance(subject.training.arguments["data"], str | Path):
        return []
    frame = subject.training.frame
    if not subject.in_memory:
        return [f"# data: the table of {count(frame.survey.rows)} rows", ""]
    kept = subject.training.arguments["data"].frame
    given = [subject.training.arguments.get(name) for name in ("weights", "offset", "subset")]
    named = variables_used(read(subject.fit.formula))  # those of random effects are in no term
    used = sorted({*needed_columns(subject.fit.terms, given, list(kept.columns)), *named} & {*kept.columns})
    lines = [f"# data: {count(len(kept))} rows with the columns {', '.join(used)}"]
    return [*lines, *_fingerprint(kept[used]), ""]


def _fingerprint(data: pd.DataFrame) -> list[str]:
    try:
        hashed = pd.util.hash_pandas_object(data, index=False).to_numpy(dtype=np.uint64)
    except TypeError:  # columns of what cannot be hashed
        return []
    digest = hashlib.sha256(hashed.astype("<u8").tobytes()).hexdigest()
    return [
        "# they are the same if this prints " + digest[:16],
        "#   import hashlib, pandas",
        f"#   hashed = pandas.util.hash_pandas_object(data[{list(data.columns)!r}], index=False)",
        "#   print(hashlib.sha256(hashed.to_numpy().tobytes()).hexdigest()[:16])",
    ]
