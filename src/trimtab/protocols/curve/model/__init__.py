"""Exact integers of a pool: its functions, quotes, and what events tell."""

from trimtab.protocols.curve.model.quotes import (
    Quote,
    quote,
    token_amount,
    virtual_price,
    withdraw_one,
)

__all__ = ["Quote", "quote", "token_amount", "virtual_price", "withdraw_one"]
