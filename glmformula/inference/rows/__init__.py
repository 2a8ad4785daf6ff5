"""Answers for each row: predictions, residuals, draws, and where they are written."""
