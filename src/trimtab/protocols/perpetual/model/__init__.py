"""Exact integers of a perpetual market: trades, funding, margin, liquidation, and its index."""

from trimtab.protocols.perpetual.model.queries import (
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
    "PositionQuote",
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
