"""Names that are on their way out: they go on working, say what to write instead, and go when they said they would.

``tests/test_deprecation.py`` fails once a version is reached in which something registered here should be gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from .errors import DeprecatedWarning, give_warning

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Deprecation:
    """Something that will be gone.

    Attributes
    ----------
    what, instead : str
        As a user writes it: "glm(tol=)", "epsilon=".
    since, gone : str
        Versions: the first that warns, and the first without it.
    """

    what: str
    instead: str
    since: str
    gone: str

    def warn(self) -> None:
        """Say so, at the user's line."""
        give_warning(
            f"{self.what} is deprecated since glmformula {self.since} and will be gone in {self.gone}: "
            f"write {self.instead}",
            DeprecatedWarning,
        )


REGISTERED: list[Deprecation] = []
"""All that is on its way out."""


def renamed_argument(
    old: str, new: str, *, since: str, gone: str
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A decorator: the function still takes the argument by its old name.

    Raises
    ------
    TypeError
        Of the decorated function: both names are given.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        notice = Deprecation(f"{function.__name__}({old}=)", f"{new}=", since, gone)
        REGISTERED.append(notice)

        @wraps(function)
        def renaming(*args: P.args, **options: P.kwargs) -> T:
            if old in options:
                if new in options:
                    raise TypeError(
                        f"{function.__name__}() got {old}= and {new}=, which are the old and the new name of one "
                        f"argument: give {new}= alone"
                    )
                notice.warn()
                options[new] = options.pop(old)
            return function(*args, **options)

        return renaming

    return decorate


def renamed_function(old: str, function: Callable[P, T], *, since: str, gone: str) -> Callable[P, T]:
    """The function under its old name, which says the new one."""
    notice = Deprecation(f"{old}()", f"{function.__name__}()", since, gone)
    REGISTERED.append(notice)

    @wraps(function)
    def renaming(*args: P.args, **options: P.kwargs) -> T:
        notice.warn()
        return function(*args, **options)

    renaming.__name__ = renaming.__qualname__ = old
    renaming.__doc__ = f"Deprecated since glmformula {since}: write `{function.__name__}`."
    return renaming
