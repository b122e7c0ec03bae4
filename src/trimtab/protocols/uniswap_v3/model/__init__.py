"""Exact integers of a pool: swaps through the router, quotes, and what events tell."""

from trimtab.protocols.uniswap_v3.model.quotes import Quote, amount_to_price, quote, spot_price
from trimtab.protocols.uniswap_v3.model.swap import exact_input_single

__all__ = ["Quote", "amount_to_price", "exact_input_single", "quote", "spot_price"]
