"""Measures of what can be lost: oracle prices, and how near to liquidation debts stand."""

from trimtab.risk.exposure import exposures, turn_fee, unit_worth
from trimtab.risk.lenders import (
    Lender,
    borrow_rate,
    health_factor,
    is_lender,
    lent_tokens,
    liquidation_bonus,
    lying,
    nearness,
    owed,
    supplied,
    supply_rate,
    withdrawable,
)
from trimtab.risk.oracle import oracle_prices

__all__ = [
    "Lender",
    "borrow_rate",
    "exposures",
    "health_factor",
    "is_lender",
    "lent_tokens",
    "liquidation_bonus",
    "lying",
    "nearness",
    "oracle_prices",
    "owed",
    "supplied",
    "supply_rate",
    "turn_fee",
    "unit_worth",
    "withdrawable",
]
