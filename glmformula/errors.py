"""Errors and warnings: each says what was expected, what arrived, where, and what to do next."""

from __future__ import annotations

import difflib
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import TypeVar

T = TypeVar("T")


class GLMFormulaError(Exception):
    """Root of every error this package raises on purpose.

    Examples
    --------
    >>> from glmformula import GLMFormulaError, glm
    >>> try:
    ...     glm("y ~ z", {"x": [1.0, 2.0], "y": [1.0, 3.0]})
    ... except GLMFormulaError as error:
    ...     print(type(error).__name__)
    FormulaError
    """


class FormulaError(GLMFormulaError, ValueError):
    """A formula that cannot be read or used.

    Parameters
    ----------
    message : str
        What is wrong and what to do next.
    source : str, optional
        The formula's text; with `start`/`stop` the message shows it with the place marked.
    start, stop : int, optional
        Half-open character range in `source`.

    Examples
    --------
    >>> from glmformula import glm
    >>> glm("y ~ x +* 2", {"x": [1.0, 2.0], "y": [1.0, 3.0]})
    Traceback (most recent call last):
        ...
    glmformula.errors.FormulaError: there is nothing between `+` and `*`
      y ~ x +* 2
            ^^
    """

    def __init__(
        self,
        message: str,
        source: str | None = None,
        start: int | None = None,
        stop: int | None = None,
    ) -> None:
        self.message, self.source, self.start, self.stop = message, source, start, stop
        super().__init__(message + _marked(source, start, stop))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.message, self.source, self.start, self.stop)


class DataError(GLMFormulaError, ValueError):
    """Data that cannot be used: names the variable, the rows or the level.

    Examples
    --------
    >>> from glmformula import glm
    >>> fit = glm("y ~ f", {"f": ["a", "a", "b", "b"], "y": [1.0, 3.0, 4.0, 5.0]})
    >>> fit.predict({"f": ["c"]})
    Traceback (most recent call last):
        ...
    glmformula.errors.DataError: factor f has new level c (first at position 0); the fit has 'a', 'b';
    new_levels="na" makes them missing
    """


class FamilyError(GLMFormulaError, ValueError):
    """A family or link that does not exist, or a response it does not allow.

    Examples
    --------
    >>> from glmformula import binomial
    >>> binomial("logitt")
    Traceback (most recent call last):
        ...
    glmformula.errors.FamilyError: 'logitt' link not recognised; the nearest names are: 'logit', 'log', 'probit'
    """


class FitError(GLMFormulaError, ArithmeticError):
    """A fit that has no valid answer.

    Examples
    --------
    >>> from glmformula import datasets, glm
    >>> glm("sick_days ~ salary", datasets.attrition(), family="poisson").vif()
    Traceback (most recent call last):
        ...
    glmformula.errors.FitError: model contains fewer than 2 terms: an inflation needs others; 'sick_days
    ~ salary'
    """


class GLMFormulaWarning(UserWarning):
    """Root of every warning this package gives.

    Examples
    --------
    >>> import warnings
    >>> from glmformula import GLMFormulaWarning, datasets, glm
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", GLMFormulaWarning)
    ...     fit = glm("left ~ salary", datasets.attrition(), family="binomial", maxit=1)
    >>> fit.converged
    False
    """


class ConvergenceWarning(GLMFormulaWarning):
    """The iterations stopped before the convergence criterion was met.

    Examples
    --------
    >>> import warnings
    >>> from glmformula import datasets, glm
    >>> with warnings.catch_warnings(record=True) as given:
    ...     warnings.simplefilter("always")
    ...     fit = glm("left ~ salary", datasets.attrition(), family="binomial", maxit=1)
    >>> given[0].category.__name__
    'ConvergenceWarning'
    """


class SeparationWarning(GLMFormulaWarning):
    """Some coefficients have no finite maximum-likelihood estimate.

    Examples
    --------
    >>> import warnings
    >>> from glmformula import SeparationWarning, glm
    >>> with warnings.catch_warnings(record=True) as given:
    ...     warnings.simplefilter("always")
    ...     fit = glm("y ~ x", {"x": [1, 2, 3, 4], "y": [0, 0, 1, 1]}, family="binomial")
    >>> any(w.category is SeparationWarning for w in given)
    True
    """


class SingularWarning(GLMFormulaWarning):
    """A mixed model is at the edge: a variance is estimated as zero, or a correlation as 1.

    Examples
    --------
    >>> import warnings
    >>> from glmformula import lmer
    >>> with warnings.catch_warnings(record=True) as given:
    ...     warnings.simplefilter("always")
    ...     fit = lmer("y ~ 1 + (1 | g)", {"y": [1.0, 3, 1, 3, 2, 2], "g": list("aabbcc")})
    >>> given[0].category.__name__
    'SingularWarning'
    """


class RankWarning(GLMFormulaWarning):
    """The design is rank deficient where it matters.

    Examples
    --------
    >>> import warnings
    >>> from glmformula import glm
    >>> fit = glm("y ~ x + z", {"x": [1, 2, 3, 4], "z": [2, 4, 6, 8], "y": [1.0, 3.0, 4.0, 5.0]})
    >>> with warnings.catch_warnings(record=True) as given:
    ...     warnings.simplefilter("always")
    ...     mean = fit.predict({"x": [5], "z": [1]})
    >>> given[0].category.__name__
    'RankWarning'
    """


class DataWarning(GLMFormulaWarning):
    """Data that R, too, would warn about (non-integer counts, dropped response ...).

    Examples
    --------
    >>> import warnings
    >>> from glmformula import glm
    >>> with warnings.catch_warnings(record=True) as given:
    ...     warnings.simplefilter("always")
    ...     fit = glm("y ~ x", {"x": [1, 2, 3, 4], "y": [1.5, 2.0, 2.0, 4.0]}, family="poisson")
    >>> given[0].category.__name__
    'DataWarning'
    """


class DeprecatedWarning(GLMFormulaWarning, FutureWarning):
    """A name or argument that will be gone in a version that the message says, with what to write instead.

    Examples
    --------
    >>> from glmformula import DeprecatedWarning
    >>> issubclass(DeprecatedWarning, FutureWarning)  # which Python shows, as it does not a DeprecationWarning
    True
    """


PACKAGE = os.path.dirname(__file__) + os.sep
Heard = list[tuple[type[Warning], str]]
_heard: ContextVar[Heard | None] = ContextVar("heard", default=None)


def give_warning(text: str, category: type[Warning]) -> None:
    """``warnings.warn`` at the user's line, that called the package, unless somebody is hearing."""
    heard = _heard.get()
    if heard is None:
        warnings.warn(text, category, stacklevel=_depth_of_user())
    else:
        heard.append((category, text))


def _depth_of_user() -> int:
    """Which frame above `give_warning`, which is 1, called the package first."""
    frame: FrameType | None = sys._getframe(1)
    depth = last = 1
    while frame is not None:
        if frame.f_code.co_filename.startswith(PACKAGE):
            last = depth
        frame, depth = frame.f_back, depth + 1
    return last + 1


@contextmanager
def hearing() -> Iterator[Heard]:
    """Collects the warnings given inside, by this thread and by those that run in a copy of its context.

    ``warnings.catch_warnings`` changes the filters of the whole process: two threads inside it at once may leave
    them changed for good.
    """
    heard: Heard = []
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


def _marked(source: str | None, start: int | None, stop: int | None, width: int = 72) -> str:
    """The source line with carets under [start, stop); long texts are cut around the place."""
    if source is None or start is None:
        return ""
    stop = max(start + 1, start + 1 if stop is None else stop)
    left = max(0, start - width // 2)
    piece = source[left : left + width].replace("\n", " ")
    lead = "... " if left else ""
    carets = "^" * max(1, min(stop, left + width) - start)
    return f"\n  {lead}{piece}\n  {' ' * (len(lead) + start - left)}{carets}"


def choice(name: str, value: T, choices: Iterable[str | None]) -> T:
    """The value of an argument that is one of a few names.

    Raises
    ------
    ValueError
        It is none of them.
    """
    known = tuple(choices)
    if not isinstance(value, str | None) or value not in known:
        raise ValueError(f"{name} should be one of {', '.join(map(repr, known))}; got {value!r}")
    return value


def nearest(name: str, known: Iterable[str], n: int = 3) -> str:
    """'; the nearest names are: ...' for a name that is not among the known ones."""
    names = [str(k) for k in known]
    near = difflib.get_close_matches(name, names, n=n, cutoff=0.5)
    if not near:
        folded = {k.lower(): k for k in names}
        near = [folded[name.lower()]] if name.lower() in folded else []
    if near:
        return "; the nearest names are: " + ", ".join(f"'{k}'" for k in near)
    shown = ", ".join(f"'{k}'" for k in names[:8])
    return f"; the names are: {shown}{', ...' if len(names) > 8 else ''}" if names else ""
