"""Answers of pools, recorded with the states that they were given from."""
