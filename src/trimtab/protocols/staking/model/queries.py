"""What a stake is worth by the rate and by the market, and what can be set aside."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol, cast

from trimtab.core.errors import PriceDisagreement
from trimtab.core.market import MarketId
from trimtab.core.states import States
from trimtab.protocols.shared import tokens
from trimtab.protocols.shared.rounding import mul_div_down
from trimtab.protocols.staking.market import StakingPool, StakingState


class _Answered(Protocol):
    """What is asked of a feed's state."""

    @property
    def answer(self) -> int: ...


class _Scaled(Protocol):
    """What is asked of a feed."""

    @property
    def decimals(self) -> int: ...


def exchange_rate(state: StakingState) -> Fraction:
    """What one share is worth in the staked token; the first share is worth one."""
    if not state.shares.supply:
        return Fraction(1)
    return Fraction(state.pooled, state.shares.supply)


def worth(state: StakingState, shares: int) -> int:
    """Base units of the staked token that shares are worth, rounded down."""
    return mul_div_down(shares, state.pooled, state.shares.supply) if shares else 0


def buffer(states: States, pool: StakingPool) -> int:
    """Base units that lie in the pool and are not set aside yet."""
    lying = tokens.balances(states, pool.asset).balance(pool.address)
    return lying - states[pool].queue.set_aside


def peg(states: States, pool: StakingPool) -> Fraction:
    """What the market pays for a share, as a part of what it is worth by the rate; 1 is at the peg.

    Below 1 a stake sells at a discount, and waiting in the queue pays. How old the answers of the
    feeds are is not looked at. Raises PriceDisagreement for an answer that is not positive.
    """
    market = _price(states, pool.feed) / _price(states, pool.asset_feed)
    return market / exchange_rate(states[pool])


def _price(states: States, feed: MarketId) -> Fraction:
    answer = cast(_Answered, states.state(feed)).answer
    if answer <= 0:
        raise PriceDisagreement(
            f"{feed} answers {answer}: a price is positive; the feed is broken or paused"
        )
    return Fraction(answer, 10 ** cast(_Scaled, states.market(feed)).decimals)
