"""Exact integers of a pool: swaps through the router, quotes, and what events tell."""

from trimtab.protocols.uniswap_v3.model.quotes import (
    Quote,
    amount_to_price,
    quote,
    quote_exact_out,
    spot_price,
)
from trimtab.protocols.uniswap_v3.model.swap import exact_input_single, exact_output_single

__all__ = [
    "Quote",
    "amount_to_price",
    "exact_input_single",
    "exact_output_single",
    "quote",
    "quote_exact_out",
    "spot_price",
]
