"""Errors and warnings: each says what was expected, what arrived, where, and what to do next."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class GLMFormulaError(Exception):
    """Root of every error this package raises on purpose."""


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
    """Data that cannot be used: names the variable, the rows or the level."""


class FamilyError(GLMFormulaError, ValueError):
    """A family or link that does not exist, or a response it does not allow."""


class FitError(GLMFormulaError, ArithmeticError):
    """A fit that has no valid answer."""


class GLMFormulaWarning(UserWarning):
    """Root of every warning this package gives."""


class ConvergenceWarning(GLMFormulaWarning):
    """The iterations stopped before the convergence criterion was met."""


class SeparationWarning(GLMFormulaWarning):
    """Some coefficients have no finite maximum-likelihood estimate."""


class RankWarning(GLMFormulaWarning):
    """The design is rank deficient where it matters."""


class DataWarning(GLMFormulaWarning):
    """Data that R, too, would warn about (non-integer counts, dropped response ...)."""


Heard = list[tuple[type[Warning], str]]
_heard: ContextVar[Heard | None] = ContextVar("heard", default=None)


def give_warning(text: str, category: type[Warning], stacklevel: int = 1) -> None:
    """``warnings.warn``, unless somebody is hearing."""
    heard = _heard.get()
    if heard is None:
        warnings.warn(text, category, stacklevel=stacklevel + 1)
    else:
        heard.append((category, text))


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
