"""Exact integers of a staking pool: its rate and peg, what its verbs do, what its logs tell."""

from trimtab.protocols.staking.model.queries import buffer, exchange_rate, peg, worth

__all__ = ["buffer", "exchange_rate", "peg", "worth"]
