"""Perpetual Protocol V2: margin, positions and funding, on a pool of virtual tokens."""

from trimtab.protocols.perpetual.adapter import PerpetualAdapter
from trimtab.protocols.perpetual.market import (
    AccountState,
    Index,
    IndexState,
    Perpetual,
    PerpetualState,
    PriceObservation,
    Rules,
)
from trimtab.protocols.perpetual.model import (
    PositionQuote,
    account_value,
    free_collateral,
    funding_rate,
    liquidation_price,
    margin_ratio,
    mark_price,
    pending_funding,
    quote_close,
    quote_open,
)

__all__ = [
    "AccountState",
    "Index",
    "IndexState",
    "Perpetual",
    "PerpetualAdapter",
    "PerpetualState",
    "PositionQuote",
    "PriceObservation",
    "Rules",
    "account_value",
    "free_collateral",
    "funding_rate",
    "liquidation_price",
    "margin_ratio",
    "mark_price",
    "pending_funding",
    "quote_close",
    "quote_open",
]
