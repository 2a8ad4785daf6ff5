"""Fitted models from files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from ..errors import DataError
from .estimate import fields_of
from .likelihood_model import LikelihoodModel
from .mixed import MixedModel
from .model import GLM
from .penalised import Glmnet
from .saved import Saved, read_file


def load(path: str | os.PathLike[str]) -> Any:
    """Read a model that ``fit.save(path)`` wrote; no code in the file can run.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    GLM, or the class of model that was saved
        As ``strip_data()`` leaves it: ``summary``, ``vcov``, Wald ``confint``, ``predict(newdata)`` give the
        same bits as the model that was saved; what needs the training rows is refused.

    Raises
    ------
    DataError
        The file is damaged, of another format or of a newer version, or it needs a function, family or link
        that is not registered, or a class of models that is not imported.
    FileNotFoundError
        There is no such file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from glmformula import datasets, glm, load
    >>> fit = glm("left ~ overtime_hours", datasets.attrition(), family="binomial")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fit.save(Path(folder) / "left.glm")
    ...     loaded = load(Path(folder) / "left.glm")
    >>> loaded.coefficients.equals(fit.coefficients)
    True
    """
    saved = read_file(path)
    roots: tuple[type[Any], ...] = (
        (GLM,) if isinstance(saved, Saved) else (LikelihoodModel, Glmnet, MixedModel)
    )
    classes = {cls.__name__: cls for root in roots for cls in _classes(root)}
    if saved.model not in classes:
        raise DataError(
            f"'{path}' holds a {saved.model}, and no such class of models is there: import the module that defines "
            "it before load()"
        )
    try:
        if isinstance(saved, Saved):
            return classes[saved.model](**fields_of(saved.estimate), **saved.more)
        return classes[saved.model].from_saved(saved.shared, saved.own)
    except (TypeError, KeyError) as error:
        raise DataError(
            f"'{path}' cannot be loaded: its fields are not those of a {saved.model} ({error})"
        ) from None


def _classes(cls: type[Any]) -> Iterator[type[Any]]:
    """A class and those derived of it."""
    yield cls
    for derived in cls.__subclasses__():
        yield from _classes(derived)
