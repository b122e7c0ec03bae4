"""Exact transitions of an Aave V3.6 pool."""
