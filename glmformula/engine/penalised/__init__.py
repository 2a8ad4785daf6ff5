"""Penalised fits: paths of ridge, lasso, elastic net and group lasso, on the blocks of any source."""
