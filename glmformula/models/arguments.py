"""What an argument of a verb must be, by its name: checked in one place, for methods and functions alike."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from itertools import takewhile
from typing import Any, TypeVar

import numpy as np

from ..fitted.protocols import is_model, no_model, shown

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Kind:
    """What to expect, in words and as a question of a value."""

    what: str
    holds: Callable[[Any], bool]


def _scalar_of(kinds: str, value: Any) -> bool:
    return np.ndim(value) == 0 and np.asarray(value).dtype.kind in kinds


def _is_whole(value: Any) -> bool:
    return _scalar_of("iu", value)


def _several(value: Any) -> bool:
    known = isinstance(value, Iterable) or hasattr(value, "__array__")
    return known and not isinstance(value, str | bytes | Mapping)


def _names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)


def _is_list(value: Any) -> bool:
    return _several(value) or isinstance(value, str | Mapping)


def _is_seed(value: Any) -> bool:
    return _several(value) or hasattr(value, "spawn") or (_is_whole(value) and value >= 0)


def _is_covariance(value: Any) -> bool:
    known = isinstance(value, str | Mapping | list | tuple) or callable(value) or hasattr(value, "__array__")
    return known or _scalar_of("iuf", value)


NUMBER = Kind("a number", lambda value: _scalar_of("iuf", value))
WHOLE = Kind("a whole number", _is_whole)
CHOICE = Kind("a name, as a str", lambda value: isinstance(value, str | int | np.generic))
FLAG = Kind("True or False", lambda value: value is None or _scalar_of("biuf", value))
COVARIANCE = Kind(
    "a type such as 'HC1', arguments of vcov() such as {'cluster': 'firm'}, a matrix, or a function of the fit",
    _is_covariance,
)
TERMS = Kind(
    "a formula such as '. ~ . + x', or labels of terms",
    lambda value: isinstance(value, Iterable) or hasattr(value, "formula"),
)
EXPRESSIONS = Kind(
    "an expression such as 'b1 / b2', a list of them, or a mapping of label to expression",
    _is_list,
)
NUMBERS = Kind("a number, or numbers", lambda value: _scalar_of("iuf", value) or _several(value))
LIST = Kind("a list", _is_list)
HYPOTHESIS = Kind(
    "restrictions such as 'x1 = x2', a number, a matrix, or a mapping of coefficient to factor",
    lambda value: _is_list(value) or _scalar_of("iuf", value),
)
TEXT = Kind("a text, as a str", lambda value: isinstance(value, str))
LABELS = Kind("a mapping of name to label", lambda value: isinstance(value, Mapping))
STARS = Kind(
    "True, False or a mapping of mark to probability",
    lambda value: isinstance(value, Mapping) or (_scalar_of("b", value)),
)
BY = Kind(
    "True, a name or a list of names",
    lambda value: _scalar_of("b", value) or isinstance(value, str) or _names(value),
)
BOUNDS = Kind("two numbers, the lower bound and the upper", lambda value: _several(value) and len(value) == 2)
TRANSFORM = Kind("a function, or a name of one", lambda value: callable(value) or isinstance(value, str))
SEED = Kind("a whole number from 0, or a list of them", _is_seed)
PROFILE = Kind("a profile, as profile(fit) gives", lambda value: hasattr(value, "grids"))

WEIGHTS = Kind("a column, numbers, or True", lambda value: _is_list(value) or _scalar_of("b", value))

KINDS = {
    "treatment": LIST,
    "wts": WEIGHTS,
    **dict.fromkeys(
        ("alpha", "conf_level", "del_", "df", "dispersion", "k", "level", "scale", "threshold"), NUMBER
    ),
    **dict.fromkeys(("B", "bands", "bins", "digits", "label", "maxsteps", "nsim", "steps"), WHOLE),
    **dict.fromkeys(
        (
            *(
                "alternative",
                "base",
                "conf_method",
                "direction",
                "error_estimate",
                "interval",
                "method",
                "na_action",
            ),
            *("layout", "new_levels", "statistic", "test", "type", "type_predict", "type_residuals"),
        ),
        CHOICE,
    ),
    **dict.fromkeys(
        (
            *("adjust", "cadjust", "complete", "conf_int", "correlation", "exponentiate", "fix", "full"),
            *(
                "counts",
                "intercept",
                "multi0",
                "points",
                "reference",
                "univariable",
                "se_fit",
                "signif_stars",
                "singular_ok",
                "trace",
            ),
        ),
        FLAG,
    ),
    **dict.fromkeys(("drop", "keep", "title"), TEXT),
    **dict.fromkeys(("grid_type", "slope"), CHOICE),
    **dict.fromkeys(("cross", "unconditional"), FLAG),
    "by": BY,
    "cf": LIST,
    "equivalence": BOUNDS,
    "expression": EXPRESSIONS,
    "hypothesis": HYPOTHESIS,
    "labels": LABELS,
    "names": LIST,
    "notes": LIST,
    "p": NUMBERS,
    "profile": PROFILE,
    "rhs": NUMBERS,
    "scope": TERMS,
    "seed": SEED,
    "stars": STARS,
    "stats": LIST,
    "transform": TRANSFORM,
    "vcov": COVARIANCE,
}


OWN = {
    "adjust": {"emmeans", "emtrends", "contrast", "pairs", "cld"},
    "df": {
        *("predictions", "comparisons", "slopes", "hypotheses"),
        *("avg_predictions", "avg_comparisons", "avg_slopes"),
    },
    "method": {"contrast"},
}
"""Arguments that mean something else to these verbs, which check them."""


def guarded(verb: F) -> F:
    """The verb, its arguments checked: a sentence of ours in place of a bare error from somewhere inside.

    An argument whose default is None may be None.

    Raises
    ------
    ValueError
        An argument of the wrong kind.
    FitError
        A first argument that is no fitted model.
    """
    parameters = inspect.signature(verb).parameters
    names = tuple(  # those that may stand by position; what comes after *others may not
        takewhile(lambda name: parameters[name].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD, parameters)
    )
    optional = {name for name, parameter in parameters.items() if parameter.default is None}
    of_model = names[:1] == ("fit",)
    title = f"{verb.__name__}()"

    @wraps(verb)
    def asked(*args: Any, **options: Any) -> Any:
        if of_model and args and not is_model(args[0]):
            raise no_model(args[0], title)
        for name, value in (*zip(names, args), *options.items()):
            kind = None if verb.__name__ in OWN.get(name, ()) else KINDS.get(name)
            if kind is None or value is None and name in optional or kind.holds(value):
                continue
            if name not in parameters:
                continue  # Python's own error names it
            raise ValueError(f"{title}: {name} should be {kind.what}; got {shown(value)}")
        return verb(*args, **options)

    return asked  # type: ignore[return-value]
