"""The pools that swaps may go through, whatever their protocol: which tokens, what they give."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.actions import Action, AddLiquidity
from trimtab.core.market import Market, State
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.protocols import uniswap_v3
from trimtab.protocols.uniswap_v3 import Pool

PIPS = 10**6
Exchange = Pool


@dataclass(frozen=True, slots=True)
class Offer:
    """What a pool gives for what it takes of an offered amount, in base units of both tokens.

    `fee` is the pool's own part of what it takes.
    """

    taken: int
    given: int
    fee: int


def is_exchange(market: Market[State]) -> bool:
    """Whether swaps may go through a market."""
    return isinstance(market, Exchange)


def tokens_of(pool: Exchange) -> tuple[Token, ...]:
    """The tokens that a pool holds, in its own order."""
    return (pool.token0, pool.token1)


def offer(states: States, pool: Exchange, sold: Token, bought: Token, amount: int) -> Offer:
    """What selling an amount gives. Raises NoRoute as the protocol's `quote` does."""
    found = uniswap_v3.quote(states[pool], pool, sold, amount)
    return Offer(found.amount_in_used, found.amount_out, found.fee_paid)


def fee_rate(pool: Exchange) -> Fraction:
    """The share of what goes in that the pool keeps as its fee."""
    return Fraction(pool.fee, PIPS)


def spender_of(market: Market[State], action: Action) -> Address:
    """Which contract of a market takes tokens by allowance for an action."""
    return market.spenders[-1] if isinstance(action, AddLiquidity) else market.spenders[0]
