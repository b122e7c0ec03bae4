"""Ratios against a peer or a bound, each measured in one run with ours: `make bench`."""
