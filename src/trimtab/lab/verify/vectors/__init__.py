"""Vectors that protocols publish with their tests."""
