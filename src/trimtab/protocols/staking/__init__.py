"""Staking with an exchange rate and a queue: our own stand-in for contracts of that kind."""

from trimtab.protocols.staking.adapter import StakingAdapter
from trimtab.protocols.staking.market import Queue, Request, StakingPool, StakingState
from trimtab.protocols.staking.model import buffer, exchange_rate, peg, worth

__all__ = [
    "Queue",
    "Request",
    "StakingAdapter",
    "StakingPool",
    "StakingState",
    "buffer",
    "exchange_rate",
    "peg",
    "worth",
]
