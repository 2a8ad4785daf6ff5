"""Random small fits, each outcome judged by plain NumPy code that shares nothing with the engine."""
