"""Estimates that are infinite: separation, decided by counting, proofs and linear programmes."""
