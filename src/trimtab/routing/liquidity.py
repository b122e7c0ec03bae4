"""Liquidity in pools on the way to its wishes: what is taken out, and what is put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import permutations

from trimtab.core.actions import AddLiquidity, Collect, RemoveLiquidity
from trimtab.core.adapter import apply
from trimtab.core.errors import NoRoute
from trimtab.core.flows import held, share_changes
from trimtab.core.market import Holding, Place, Ticks, pooled, uncollected, wallet
from trimtab.core.quantise import Rounding, quantise
from trimtab.core.states import Reverted, States
from trimtab.core.token import Token
from trimtab.protocols.uniswap_v2 import Pair
from trimtab.protocols.uniswap_v3 import Pool
from trimtab.routing.approvals import with_approvals
from trimtab.routing.exchanges import Exchange, is_exchange, offer, tokens_of
from trimtab.routing.ranges import least_amounts, least_liquidity
from trimtab.routing.trades import Terms

UINT128_MAX = 2**128 - 1
PROBES = 1000
"""A pool's price is probed with sales of one of so many parts of what goes in."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """Liquidity of the account in one pool, or one range of it: what there is and what is wished.

    `have` and `wish` are base units by token, `owed` what the pool owes the range.
    """

    pool: Exchange
    ticks: Ticks
    shares: int
    have: Mapping[Token, int]
    wish: Mapping[Token, int]
    owed: Mapping[Token, int]


def deposits(
    states: States, lying: Mapping[Place, Holding], wishes: Mapping[Place, int]
) -> tuple[Deposit, ...]:
    """Every deposit that wishes name, in order of pools and ranges."""
    in_pools = (place for place in wishes if place.is_pooled or place.is_uncollected)
    named = sorted({(place.market, place.ticks) for place in in_pools})
    found = []
    for market, ticks in named:
        pool = states.market(market)
        assert is_exchange(pool), f"{pool.name} takes no liquidity"
        tokens = tokens_of(pool)
        places = {token: pooled(market, token, ticks) for token in tokens}
        owed = {token: uncollected(market, token, ticks) for token in tokens}
        found.append(
            Deposit(
                pool,
                ticks,
                max(
                    (lying[place].shares for place in places.values() if place in lying), default=0
                ),
                {token: lying[place].raw for token, place in places.items() if place in lying},
                {token: wishes[place] for token, place in places.items() if wishes.get(place)},
                {token: lying[place].raw for token, place in owed.items() if place in lying},
            )
        )
    return tuple(found)


def _worth(terms: Terms, amounts: Mapping[Token, int]) -> Fraction:
    return sum((terms.value(token, raw) for token, raw in amounts.items()), Fraction(0))


# ---------------------------------------------------------------------------------- taking out


@dataclass(frozen=True, slots=True)
class Release:
    """Actions that take liquidity out, and the least of each token that they bring."""

    actions: tuple[RemoveLiquidity | Collect, ...]
    brings: Mapping[Token, int]


def releases(terms: Terms, states: States, wished: tuple[Deposit, ...]) -> Iterator[Release]:
    """What lies in pools beyond the wishes, and what they owe, where that is worth its gas.

    Whoever moves a range's price before a removal pays for it: what comes out is worth more at
    the price that the pool returns to. So the removal of a range has no bound of its own; what it
    brings is counted at the worst composition within the fill tolerance of the price.
    """
    for deposit in wished:
        have, wish = _worth(terms, deposit.have), _worth(terms, deposit.wish)
        shares = 0
        if have > wish:
            left = Fraction(wish, have)
            shares = deposit.shares - quantise(deposit.shares * left, 1, Rounding.DOWN)
        moved = (have - wish if shares else 0) + _worth(terms, deposit.owed)
        kinds = _kinds(deposit)
        if moved > sum((terms.costs.action(kind) for kind in kinds), Fraction(0)):
            yield _release(terms, states, deposit, shares)


def _kinds(deposit: Deposit) -> tuple[str, ...]:
    """The actions of a release. Of a range without liquidity nothing can be removed any more."""
    if not deposit.ticks:
        return ("RemoveLiquidity",)
    return ("RemoveLiquidity", "Collect") if deposit.shares else ("Collect",)


def _release(terms: Terms, states: States, deposit: Deposit, shares: int) -> Release:
    pool, tokens = deposit.pool, tokens_of(deposit.pool)
    removal = RemoveLiquidity(
        terms.account, pool.id, tokens, shares, (), terms.deadline, terms.account, deposit.ticks
    )
    if isinstance(pool, Pool):
        worst = least_amounts(states[pool], deposit.ticks, shares, terms.fill_tolerance)
        owed = (deposit.owed.get(token, 0) for token in tokens)
        least = tuple(raw + more for raw, more in zip(worst, owed, strict=True))
        most = (UINT128_MAX,) * len(tokens)
        collect = Collect(terms.account, pool.id, tokens, deposit.ticks, most, terms.account)
        actions = (removal, collect) if deposit.shares else (collect,)
        return Release(actions, dict(zip(tokens, least, strict=True)))
    part = Fraction(shares, deposit.shares) * (1 - terms.fill_tolerance)
    least = tuple(quantise(deposit.have.get(t, 0) * part, 1, Rounding.DOWN) for t in tokens)
    return Release((replace(removal, least=least),), dict(zip(tokens, least, strict=True)))


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
    slip is left alone: what goes in at a price that somebody moved away is worth less when it
    comes back. The least that the pool has to give, or to take, is that of the worst price within
    the fill tolerance.
    """
    for deposit in wished:
        amounts = {}
        for token in tokens_of(deposit.pool):
            want = deposit.wish.get(token, 0) - deposit.have.get(token, 0)
            spare = left.get(token, 0) - wishes.get(wallet(token), 0)
            amounts[token] = max(min(want, spare), 0)
        worth = _worth(terms, amounts)
        if worth <= terms.costs.action("AddLiquidity"):
            continue
        if not _is_fair(terms, states, deposit.pool, worth):
            continue
        added = _addition(terms, states, deposit, amounts)
        if added is None:
            continue
        for token, raw in amounts.items():
            left[token] -= raw
        yield added


def _addition(
    terms: Terms, states: States, deposit: Deposit, amounts: Mapping[Token, int]
) -> AddLiquidity | None:
    """The action with its bounds; none where the pool would take nothing."""
    pool, raws = deposit.pool, tuple(amounts.values())
    action = AddLiquidity(
        terms.account, pool.id, tuple(amounts), raws, 0, terms.deadline, ticks=deposit.ticks
    )
    if isinstance(pool, Pool):
        least = least_liquidity(states[pool], deposit.ticks, raws, terms.fill_tolerance)
        return replace(action, least=least) if least else None
    outcome = apply(terms.adapters, _allowed(terms, states, action), action)
    if isinstance(outcome, Reverted):
        return None
    kept = 1 - terms.fill_tolerance
    if isinstance(pool, Pair):
        taken = {m.token: m.raw for m in outcome.movements if m.source == terms.account}
        least_of = (quantise(taken.get(t, 0) * kept, 1, Rounding.DOWN) for t in amounts)
        return replace(action, least_amounts=tuple(least_of))
    before = held(terms.adapters, states, pool, terms.account)
    after = held(terms.adapters, states.fold(outcome), pool, terms.account)
    gained = max((change for _, change in share_changes(before, after)), default=0)
    return replace(action, least=quantise(gained * kept, 1, Rounding.DOWN)) if gained else None


def _allowed(terms: Terms, states: States, action: AddLiquidity) -> States:
    """The states once the pool may take what the action names."""
    for each in with_approvals(terms.account, states, (action,)):
        if each is action:
            break
        outcome = apply(terms.adapters, states, each)
        states = states if isinstance(outcome, Reverted) else states.fold(outcome)
    return states


def _is_fair(terms: Terms, states: States, pool: Exchange, worth: Fraction) -> bool:
    """Whether small sales in the pool, both ways, lose no more against the oracle than may be."""
    for sold, bought in permutations(tokens_of(pool), 2):
        amount = quantise(worth / PROBES, terms.prices.price(sold), Rounding.UP)
        try:
            found = offer(states, pool, sold, bought, amount)
        except NoRoute:
            return False
        least = terms.value(sold, found.taken) * (1 - terms.slippage)
        if not found.taken or terms.value(bought, found.given) < least:
            return False
    return True
