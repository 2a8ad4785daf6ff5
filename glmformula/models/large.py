"""Matrices that are kept in parts, as JSON: covariances of very many coefficients, sparse arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..engine.covariance import BorderedCovariance
from ..errors import DataError
from .plain import Json, array, member, packed, typed, unpacked

PARTS = ("inner", "border", "per_level", "turn")


def stored(value: Any, where: str) -> Json:
    """As `packed`, matrices in parts too."""
    if isinstance(value, BorderedCovariance):
        parts = {name: stored(getattr(value, name), where) for name in PARTS}
        return {"bordered": {**parts, "scale": value.scale}}
    if sp.issparse(value):
        rows = sp.csr_array(value)
        parts = {name: packed(getattr(rows, name), where) for name in ("data", "indices", "indptr")}
        return {"sparse": {**parts, "shape": [int(size) for size in rows.shape]}}
    return packed(value, where)


def read(value: Json, where: str, shape: Sequence[int], kinds: str = "f") -> Any:
    """What `stored` wrote, of the given shape.

    Raises
    ------
    DataError
    """
    if isinstance(value, dict) and "bordered" in value:
        return _covariance(typed(value["bordered"], where, dict), where, shape[0])
    if isinstance(value, dict) and "sparse" in value:
        return _sparse(typed(value["sparse"], where, dict), where, shape)
    return array(value, where, shape, kinds)


def _covariance(model: Mapping[str, Json], where: str, rank: int) -> BorderedCovariance:
    inner, per_level = (unpacked(member(model, name, where), where) for name in ("inner", "per_level"))
    if not (isinstance(inner, np.ndarray) and isinstance(per_level, np.ndarray)):
        raise DataError(f"{where}: expected arrays of numbers")
    s, m = len(inner), len(per_level)
    return BorderedCovariance(
        array(member(model, "inner", where), where, (s, s)),
        read(member(model, "border", where), where, (s, m)),
        array(member(model, "per_level", where), where, (m,)),
        read(member(model, "turn", where), where, (rank, s + m)),
        typed(member(model, "scale", where), where, float),
    )


def _sparse(model: Mapping[str, Json], where: str, shape: Sequence[int]) -> sp.csr_array:
    data, indices, indptr = (
        unpacked(member(model, name, where), where) for name in ("data", "indices", "indptr")
    )
    try:
        found = sp.csr_array(
            (data, indices, indptr), shape=tuple(typed(member(model, "shape", where), where, list))
        )
        found.check_format(full_check=True)
    except (TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{where}: expected the parts of a sparse matrix ({error})") from None
    if found.shape != tuple(shape) or found.dtype.kind != "f":
        raise DataError(f"{where}: expected a sparse matrix of shape {tuple(shape)}, found {found.shape}")
    return found
