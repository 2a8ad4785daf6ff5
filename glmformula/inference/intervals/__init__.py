"""Confidence intervals: Wald's, and profiles of the likelihood."""
