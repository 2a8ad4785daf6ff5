"""Likelihoods of several linear predictors: Newton's method over row blocks, and what it needs."""
