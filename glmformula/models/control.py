"""When the iterations stop: R's ``glm.control``, alone or among the arguments of a model's function."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..engine.result import Control


def glm_control(epsilon: float = 1e-8, maxit: int = 25, trace: bool = False) -> Control:
    """When the iterations stop; R's ``glm.control``.

    Parameters
    ----------
    epsilon : float
        Positive; convergence is ``|dev - dev_old| / (|dev| + 0.1) < epsilon``.
    maxit : int
        Positive; at most so many iterations.
    trace : bool
        Print the deviance of each iteration.

    Raises
    ------
    ValueError
        R's sentences, for values out of range.

    Examples
    --------
    >>> from glmformula import datasets, glm, glm_control
    >>> control = glm_control(epsilon=1e-12)
    >>> glm("left ~ salary", datasets.attrition(), family="binomial", control=control).converged
    True
    """
    if not (isinstance(epsilon, int | float) and epsilon > 0):
        raise ValueError(f"value of 'epsilon' must be > 0; got {epsilon!r}")
    if not (isinstance(maxit, int | float) and maxit > 0):
        raise ValueError(f"maximum number of iterations must be > 0; got {maxit!r}")
    return Control(float(epsilon), int(maxit), bool(trace))


def merged(control: Control | None, arguments: dict[str, Any]) -> Control:
    """`control`, or R's defaults, with some of its values given as arguments of their own.

    Raises
    ------
    TypeError
        An argument that is none of them; a control that is no ``glm_control(...)``.
    """
    unknown = sorted(set(arguments) - {"epsilon", "maxit", "trace"})
    if unknown:
        raise TypeError(
            f"glm() got unexpected arguments {', '.join(map(repr, unknown))}: expected its own or those of "
            "glm_control (epsilon, maxit, trace)"
        )
    if control is None:
        return glm_control(**arguments)
    if not isinstance(control, Control):
        raise TypeError(f"control should be glm_control(...); got {type(control).__name__}")
    stopping = {name: getattr(control, name) for name in ("epsilon", "maxit", "trace")}
    return replace(glm_control(**{**stopping, **arguments}), tolerance=control.tolerance)
