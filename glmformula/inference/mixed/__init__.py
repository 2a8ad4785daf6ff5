"""What one asks of a mixed model: its random effects, its rows, its variances."""
