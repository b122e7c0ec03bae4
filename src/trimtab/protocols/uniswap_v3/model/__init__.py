"""Exact integers of a pool: swaps, ranges, quotes, its oracle, and what events tell."""

from trimtab.protocols.uniswap_v3.model.oracle import mean_tick, observe
from trimtab.protocols.uniswap_v3.model.positions import (
    amounts_of,
    cost_of,
    fees_owed,
    liquidity_for_amounts,
)
from trimtab.protocols.uniswap_v3.model.quotes import (
    Quote,
    amount_to_price,
    quote,
    quote_exact_out,
    spot_price,
)
from trimtab.protocols.uniswap_v3.model.ranges import add_liquidity, collect, remove_liquidity
from trimtab.protocols.uniswap_v3.model.swap import exact_input_single, exact_output_single

__all__ = [
    "Quote",
    "add_liquidity",
    "amount_to_price",
    "amounts_of",
    "collect",
    "cost_of",
    "exact_input_single",
    "exact_output_single",
    "fees_owed",
    "liquidity_for_amounts",
    "mean_tick",
    "observe",
    "quote",
    "quote_exact_out",
    "remove_liquidity",
    "spot_price",
]
