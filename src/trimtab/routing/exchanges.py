"""The pools that swaps may go through, whatever their protocol: which tokens, what they give."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeGuard

from trimtab.core.actions import Action
from trimtab.core.market import Market
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.protocols import balancer, curve, uniswap_v2, uniswap_v3
from trimtab.protocols.balancer import WeightedPool
from trimtab.protocols.curve import StablePool
from trimtab.protocols.uniswap_v2 import Pair
from trimtab.protocols.uniswap_v3 import Pool

PIPS = 10**6
CURVE_FEES = 10**10
WAD = 10**18
Exchange = Pool | Pair | StablePool | WeightedPool


@dataclass(frozen=True, slots=True)
class Offer:
    """What a pool gives for what it takes of an offered amount, in base units of both tokens.

    `fee` is the pool's own part of what it takes.
    """

    taken: int
    given: int
    fee: int


def is_exchange(market: Market[Any]) -> TypeGuard[Exchange]:
    """Whether swaps may go through a market."""
    return isinstance(market, Exchange)


def tokens_of(pool: Exchange) -> tuple[Token, ...]:
    """The tokens that a pool holds, in its own order."""
    match pool:
        case StablePool():
            return pool.coins
        case WeightedPool():
            return pool.tokens
        case Pool() | Pair():
            return (pool.token0, pool.token1)


def offer(states: States, pool: Exchange, sold: Token, bought: Token, amount: int) -> Offer:
    """What selling an amount gives. Raises NoRoute as the protocols' `quote` does."""
    match pool:
        case Pool():
            in_range = uniswap_v3.quote(states[pool], pool, sold, amount)
            return Offer(in_range.amount_in_used, in_range.amount_out, in_range.fee_paid)
        case Pair():
            whole = uniswap_v2.quote(states[pool], pool, sold, amount)
            return Offer(amount, whole.amount_out, whole.fee_paid)
        case StablePool():
            stable = curve.quote(states[pool], pool, sold, bought, amount)
            before_fee = stable.amount_out + stable.fee_paid
            fee = amount * stable.fee_paid // before_fee if before_fee else 0
            return Offer(amount, stable.amount_out, fee)
        case WeightedPool():
            weighted = balancer.quote(states[pool], pool, sold, bought, amount)
            return Offer(amount, weighted.amount_out, weighted.fee_paid)


def fee_rate(states: States, pool: Exchange) -> Fraction:
    """The share of what goes in that the pool keeps as its fee, the greater of both ways."""
    match pool:
        case Pool():
            return Fraction(pool.fee, PIPS)
        case Pair():
            return 1 - Fraction(min(pool.fee.kept0, pool.fee.kept1), pool.fee.parts)
        case StablePool():
            return Fraction(states[pool].fee, CURVE_FEES)
        case WeightedPool():
            return Fraction(states[pool].swap_fee, WAD)


def spender_of(market: Market[Any], action: Action) -> Address:
    """Which contract of a market takes tokens by allowance for an action: the first, as a rule.

    Raises NoRoute for a range where the pool has no minter.
    """
    if isinstance(market, Pool):
        return market.spender(action)
    spender, *_ = market.spenders
    return spender
