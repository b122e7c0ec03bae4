"""Liquidity in pools on the way to its wishes: what is taken out, and what is put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isqrt

from trimtab.core.actions import AddLiquidity, Collect, RemoveLiquidity
from trimtab.core.market import Holding, MarketId, Place, pooled, uncollected, wallet
from trimtab.core.quantise import Rounding, quantise
from trimtab.core.states import States
from trimtab.core.token import Token
from trimtab.protocols.shared.ticks import (
    MAX_SQRT_PRICE,
    MIN_SQRT_PRICE,
    Q96,
    sqrt_price_at_tick,
    tick_at_sqrt_price,
)
from trimtab.protocols.uniswap_v3 import Pool, PoolState, spot_price
from trimtab.protocols.uniswap_v3.model.step import amount0_delta_down, amount1_delta_down
from trimtab.routing.exchanges import Exchange, tokens_of
from trimtab.routing.trades import Terms

UINT128_MAX = 2**128 - 1


@dataclass(frozen=True, slots=True)
class Deposit:
    """Liquidity of the account in one pool, or one range of it: what there is and what is wished.

    `have` and `wish` are base units by token, `owed` what the pool owes the range.
    """

    pool: Exchange
    ticks: tuple[int, ...]
    shares: int
    have: Mapping[Token, int]
    wish: Mapping[Token, int]
    owed: Mapping[Token, int]

    def value(self, terms: Terms, amounts: Mapping[Token, int]) -> Fraction:
        """What amounts are worth in base units of the numeraire."""
        return sum((terms.value(token, raw) for token, raw in amounts.items()), Fraction(0))


def deposits(
    states: States, held: Mapping[Place, Holding], wishes: Mapping[Place, int]
) -> tuple[Deposit, ...]:
    """Every deposit that wishes name, in order of pools and ranges."""
    named = sorted(
        {(place.market, place.ticks) for place in wishes if not place.is_simple},
    )
    return tuple(_deposit(states, held, wishes, *each) for each in named)


def _deposit(
    states: States,
    held: Mapping[Place, Holding],
    wishes: Mapping[Place, int],
    market: MarketId,
    ticks: tuple[int, ...],
) -> Deposit:
    pool = states.market(market)
    assert isinstance(pool, Pool), f"{pool.name} takes no liquidity"
    tokens = tokens_of(pool)
    places = {token: pooled(market, token, ticks) for token in tokens}
    shares = [held[place].shares for place in places.values() if place in held]
    owed = {token: held.get(uncollected(market, token, ticks)) for token in tokens}
    return Deposit(
        pool,
        ticks,
        max(shares, default=0),
        {token: held[place].raw for token, place in places.items() if place in held},
        {token: wishes[place] for token, place in places.items() if wishes.get(place)},
        {token: holding.raw for token, holding in owed.items() if holding is not None},
    )


# ---------------------------------------------------------------------------------- taking out


@dataclass(frozen=True, slots=True)
class Release:
    """Actions that take liquidity out, and the least of each token that they bring."""

    actions: tuple[RemoveLiquidity | Collect, ...]
    brings: Mapping[Token, int]


def releases(terms: Terms, states: States, wished: tuple[Deposit, ...]) -> Iterator[Release]:
    """What lies in pools beyond the wishes, and what they owe, where that is worth its gas.

    Whoever moves a pool's price before a removal pays for it: what comes out is worth more at the
    price that the pool returns to. So a removal has no bound of its own; what it brings is
    counted at the worst composition within the fill tolerance of the price.
    """
    for deposit in wished:
        have, wish = (deposit.value(terms, each) for each in (deposit.have, deposit.wish))
        shares = 0
        if have > wish:
            left = Fraction(wish, have)
            shares = deposit.shares - quantise(deposit.shares * left, 1, Rounding.DOWN)
        moved = have - wish if shares else Fraction(0)
        if deposit.ticks:
            moved += deposit.value(terms, deposit.owed)
        kinds = ("RemoveLiquidity", "Collect") if deposit.ticks else ("RemoveLiquidity",)
        if moved > sum((terms.costs.action(kind) for kind in kinds), Fraction(0)):
            yield _release(terms, states, deposit, shares)


def _release(terms: Terms, states: States, deposit: Deposit, shares: int) -> Release:
    pool, tokens = deposit.pool, tokens_of(deposit.pool)
    outs = [amounts_of(at, deposit.ticks, shares) for at in _near(terms, states[pool])]
    worst = [min(raws) for raws in zip(*outs, strict=True)]
    brings = {
        token: raw + deposit.owed.get(token, 0) for token, raw in zip(tokens, worst, strict=True)
    }
    removal = RemoveLiquidity(
        terms.account, pool.id, tokens, shares, (), terms.deadline, terms.account, deposit.ticks
    )
    most = (UINT128_MAX,) * len(tokens)
    collect = Collect(terms.account, pool.id, tokens, deposit.ticks, most, terms.account)
    return Release((removal, collect), brings)


# ------------------------------------------------------------------------------------ putting in


def additions(
    terms: Terms,
    states: States,
    wished: tuple[Deposit, ...],
    wishes: Mapping[Place, int],
    left: dict[Token, int],
) -> Iterator[AddLiquidity]:
    """What the wallet surely has beyond its own wish, to the pools that want it.

    It is taken off what is left. A pool whose price is further from the oracle's than a fill may
    slip is left alone, and the least liquidity is that of the worst price within the fill
    tolerance: at a price that somebody moved away, what goes in is worth less than it was.
    """
    for deposit in wished:
        amounts = {}
        for token in tokens_of(deposit.pool):
            want = deposit.wish.get(token, 0) - deposit.have.get(token, 0)
            spare = left.get(token, 0) - wishes.get(wallet(token), 0)
            amounts[token] = max(min(want, spare), 0)
        worth = deposit.value(terms, amounts)
        if worth <= terms.costs.action("AddLiquidity") or not _is_fair(terms, states, deposit.pool):
            continue
        raws = tuple(amounts.values())
        near = _near(terms, states[deposit.pool])
        least = min(liquidity_for_amounts(at, deposit.ticks, raws) for at in near)
        if not least:
            continue
        for token, raw in amounts.items():
            left[token] -= raw
        yield AddLiquidity(
            terms.account,
            deposit.pool.id,
            tuple(amounts),
            raws,
            least,
            terms.deadline,
            ticks=deposit.ticks,
        )


def _is_fair(terms: Terms, states: States, pool: Pool) -> bool:
    """Whether the pool's price is as near to the oracle's as a fill has to be."""
    price0, price1 = (terms.prices.price(token) for token in tokens_of(pool))
    return abs(spot_price(states[pool], pool) * price1 / price0 - 1) <= terms.slippage


def _near(terms: Terms, state: PoolState) -> tuple[PoolState, PoolState]:
    """The state with its price at both ends of the fill tolerance."""
    lower, upper = (1 - terms.fill_tolerance, 1 + terms.fill_tolerance)
    return _moved(state, lower), _moved(state, upper)


def _moved(state: PoolState, by: Fraction) -> PoolState:
    root = isqrt(state.sqrt_price_x96**2 * by.numerator // by.denominator)
    price = min(max(root, MIN_SQRT_PRICE), MAX_SQRT_PRICE - 1)
    return replace(state, sqrt_price_x96=price, tick=tick_at_sqrt_price(price))


def amounts_of(state: PoolState, ticks: tuple[int, ...], liquidity: int) -> tuple[int, int]:
    below, above = map(sqrt_price_at_tick, ticks)
    price = min(max(state.sqrt_price_x96, below), above)
    return (
        amount0_delta_down(price, above, liquidity),
        amount1_delta_down(below, price, liquidity),
    )


def liquidity_for_amounts(
    state: PoolState, ticks: tuple[int, ...], amounts: tuple[int, ...]
) -> int:
    below, above = map(sqrt_price_at_tick, ticks)
    price = min(max(state.sqrt_price_x96, below), above)
    found = []
    if price < above:
        found.append(amounts[0] * (price * above // Q96) // (above - price))
    if price > below:
        found.append((amounts[1] << 96) // (price - below))
    return min(found)
