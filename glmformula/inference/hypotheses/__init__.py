"""Questions about coefficients: linear restrictions, functions of them, what may be estimated."""
