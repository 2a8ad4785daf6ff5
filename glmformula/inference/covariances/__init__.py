"""Covariances of the coefficients: the model's, sandwiches, clusters."""
