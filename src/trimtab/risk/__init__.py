"""Measures of what can be lost: oracle prices now, more as positions that need them arrive."""

from trimtab.risk.liquidation import nearness
from trimtab.risk.oracle import oracle_prices

__all__ = ["nearness", "oracle_prices"]
