"""Uniswap V3 pools: swaps over all ticks, through the periphery's SwapRouter."""

from trimtab.protocols.uniswap_v3.adapter import UniswapV3Adapter
from trimtab.protocols.uniswap_v3.market import Pool, PoolState, TickState
from trimtab.protocols.uniswap_v3.model import (
    Quote,
    amount_to_price,
    quote,
    quote_exact_out,
    spot_price,
)

__all__ = [
    "Pool",
    "PoolState",
    "Quote",
    "TickState",
    "UniswapV3Adapter",
    "amount_to_price",
    "quote",
    "quote_exact_out",
    "spot_price",
]
