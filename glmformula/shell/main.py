"""The command ``glmformula``: results on standard output, problems on standard error, exit code 0, 1 or 2."""

from __future__ import annotations

import sys
import warnings
from argparse import Namespace
from collections.abc import Sequence

from ..errors import GLMFormulaError, GLMFormulaWarning
from .arguments import parser
from .commands import COMMANDS

GOOD, ERROR, UNTRUSTED = 0, 1, 2
HINT = "\nNew here? 'glmformula demo' prints two models of a small data set; 'glmformula fit --help' says more.\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        The exit code: 0 good, 1 error, 2 the fit is not to be trusted (separation, no convergence).
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show R's quotes
    read = parser()
    try:
        options = read.parse_args(arguments)
    except SystemExit as left:
        return int(left.code or 0)
    if options.command is None:
        read.print_help()
        print(HINT, end="")
        return GOOD
    with warnings.catch_warnings():
        warnings.simplefilter("always", GLMFormulaWarning)
        warnings.showwarning = _shown
        return _run(options)


def _run(options: Namespace) -> int:
    try:
        trusted = COMMANDS[options.command](options)
    except BrokenPipeError:  # whoever read has read enough
        sys.stderr.close()
        return GOOD
    except (GLMFormulaError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return ERROR
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return ERROR
    if not trusted:
        print(
            "the fit is not to be trusted: estimates are not finite, or the search did not converge (exit code 2)",
            file=sys.stderr,
        )
    return GOOD if trusted else UNTRUSTED


def _shown(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    if issubclass(category, GLMFormulaWarning):
        print(f"warning: {message}", file=sys.stderr)
