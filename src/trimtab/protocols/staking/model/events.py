"""What the pool's events tell of its state, exactly. Source: contracts/StakingPool.sol."""

from __future__ import annotations

from dataclasses import replace

from trimtab.core.abi import Log, log_words, topic, topic_address
from trimtab.core.quantise import Timestamp
from trimtab.core.token import ZERO_ADDRESS
from trimtab.protocols.staking.market import StakingState
from trimtab.protocols.staking.model.transitions import (
    claimed,
    finalised,
    reported,
    requested,
    staked,
)

_TRANSFER = topic("Transfer(address,address,uint256)")
_STAKED = topic("Staked(address,uint256,uint256)")
_REQUESTED = topic("Requested(uint256,address,uint256,uint256)")
_FINALISED = topic("Finalised(uint256,uint256)")
_CLAIMED = topic("Claimed(uint256,address,uint256)")
_REPORTED = topic("Reported(int256,uint256)")


def observe(state: StakingState, log: Log) -> StakingState:
    """The state after a log of the pool.

    Shares are made and burnt with what they stand for, so the Transfer that tells of it first is
    passed over, and the event that follows it tells of both.
    """
    match log.topics[:1]:
        case (head,) if head == _STAKED:
            return staked(state, topic_address(log, 1), *log_words(log))
        case (head,) if head == _REQUESTED:
            return requested(state, _number(log), topic_address(log, 2), *log_words(log))
        case (head,) if head == _FINALISED:
            return finalised(state, _number(log), *log_words(log))
        case (head,) if head == _CLAIMED:
            return claimed(state, _number(log), *log_words(log))
        case (head,) if head == _REPORTED:
            _, pooled = log_words(log)
            return reported(state, pooled, Timestamp(log.timestamp))
        case (head,) if head == _TRANSFER and ZERO_ADDRESS in _ends(log):
            return state
        case _:
            return replace(state, shares=state.shares.observed(log))


def _number(log: Log) -> int:
    return int.from_bytes(log.topics[1], "big")


def _ends(log: Log) -> tuple[str, str]:
    return topic_address(log, 1), topic_address(log, 2)
