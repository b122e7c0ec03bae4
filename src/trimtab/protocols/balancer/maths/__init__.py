"""Compiled quotes of weighted pools, many at once."""

from trimtab.protocols.balancer.maths.quotes import quotes, quotes_exact_out

__all__ = ["quotes", "quotes_exact_out"]
