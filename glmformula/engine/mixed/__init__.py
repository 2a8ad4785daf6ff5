"""Mixed models: random effects by blocked Cholesky factors, exact gradients, no sparse library."""
