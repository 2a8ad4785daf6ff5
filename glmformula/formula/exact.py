"""Expressions as text that reads back to the very same tree."""

from __future__ import annotations

import math
from dataclasses import replace

from .deparse import deparse
from .tree import Call, Literal, Node


def exact_text(node: Node) -> str:
    """As `deparse`, but numbers keep all their digits: ``read(exact_text(node)) == node``."""
    return deparse(_in_full(node))


def _in_full(node: Node) -> Node:
    if isinstance(node, Call):
        return replace(node, args=tuple(map(_in_full, node.args)))
    if isinstance(node, Literal) and isinstance(node.value, float) and math.isfinite(node.value):
        return replace(node, text=repr(node.value))
    return node
