"""Exact integers of a pair: what the router does, quotes, and what events tell."""

from trimtab.protocols.uniswap_v2.model.quotes import (
    Quote,
    amounts_of,
    quote,
    quote_exact_out,
    spot_price,
)

__all__ = ["Quote", "amounts_of", "quote", "quote_exact_out", "spot_price"]
