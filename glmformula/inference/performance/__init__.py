"""How well it predicts: discrimination, calibration, resampling, rating tables."""
