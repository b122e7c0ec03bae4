"""Uniswap V3 pools: swaps through the periphery's SwapRouter, ranges, and the pool's oracle."""

from trimtab.protocols.uniswap_v3.adapter import UniswapV3Adapter
from trimtab.protocols.uniswap_v3.market import (
    Observation,
    Oracle,
    Pool,
    PoolState,
    PositionState,
    TickState,
)
from trimtab.protocols.uniswap_v3.model import (
    Quote,
    amount_to_price,
    amounts_of,
    cost_of,
    fees_owed,
    liquidity_for_amounts,
    mean_tick,
    observe,
    quote,
    quote_exact_out,
    spot_price,
)

__all__ = [
    "Observation",
    "Oracle",
    "Pool",
    "PoolState",
    "PositionState",
    "Quote",
    "TickState",
    "UniswapV3Adapter",
    "amount_to_price",
    "amounts_of",
    "cost_of",
    "fees_owed",
    "liquidity_for_amounts",
    "mean_tick",
    "observe",
    "quote",
    "quote_exact_out",
    "spot_price",
]
