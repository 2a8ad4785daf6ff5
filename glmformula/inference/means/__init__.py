"""Estimated marginal means: a reference grid, means over it, contrasts of these, and their tests."""
