"""Exact integers of a weighted pool: swaps, joins and exits through the vault, and quotes."""

from trimtab.protocols.balancer.model.quotes import Quote, quote, quote_exact_out, spot_price

__all__ = ["Quote", "quote", "quote_exact_out", "spot_price"]
