"""Pictures of a fit (extra ``plot``: matplotlib): data in, artists out."""

from __future__ import annotations

from .coefficients import coefficient_plot, profile_plot
from .diagnostics import plot
from .effects import effect_plot

__all__ = ["coefficient_plot", "effect_plot", "plot", "profile_plot"]
