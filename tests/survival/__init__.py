"""Failures that must cost nothing: kills, faults of the chain, and both mixed."""
