"""Kernels of pools: exact quotes at the speed of the machine, and the events of others."""

from trimtab.protocols.uniswap_v3.maths.events import (
    Event,
    FollowedPool,
    LiquidityChanged,
    Swapped,
    event_rows,
)
from trimtab.protocols.uniswap_v3.maths.quotes import PoolQuotes, Quotes

__all__ = [
    "Event",
    "FollowedPool",
    "LiquidityChanged",
    "PoolQuotes",
    "Quotes",
    "Swapped",
    "event_rows",
]
