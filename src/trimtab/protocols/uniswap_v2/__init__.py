"""Uniswap V2 pairs: swaps both ways and liquidity, through the periphery's Router02."""

from trimtab.protocols.uniswap_v2.adapter import UniswapV2Adapter
from trimtab.protocols.uniswap_v2.market import Fee, Pair, PairState
from trimtab.protocols.uniswap_v2.model import (
    Quote,
    amounts_of,
    quote,
    quote_exact_out,
    spot_price,
)

__all__ = [
    "Fee",
    "Pair",
    "PairState",
    "Quote",
    "UniswapV2Adapter",
    "amounts_of",
    "quote",
    "quote_exact_out",
    "spot_price",
]
