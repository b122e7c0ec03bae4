"""Curve StableSwap pools of plain coins: exchanges and liquidity, through the pool itself."""

from trimtab.protocols.curve.adapter import CurveAdapter
from trimtab.protocols.curve.market import StablePool, StableState
from trimtab.protocols.curve.model import (
    Quote,
    quote,
    token_amount,
    virtual_price,
    withdraw_one,
)

__all__ = [
    "CurveAdapter",
    "Quote",
    "StablePool",
    "StableState",
    "quote",
    "token_amount",
    "virtual_price",
    "withdraw_one",
]
