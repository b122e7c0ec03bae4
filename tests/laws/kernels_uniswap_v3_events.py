"""Drawn events of Uniswap V3 pools, true ones and such as never were, for the law of kernels."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from tests.laws.kernel_cases import Case
from tests.laws.kernels_uniswap_v3 import (
    Ranges,
    changed,
    drawn_limit,
    drawn_pool,
    drawn_range,
)
from trimtab.protocols.uniswap_v3 import PoolState
from trimtab.protocols.uniswap_v3.market import Oracle
from trimtab.protocols.uniswap_v3.maths import (
    Event,
    FollowedPool,
    LiquidityChanged,
    Swapped,
    event_rows,
)
from trimtab.protocols.uniswap_v3.model.events import swapped
from trimtab.protocols.uniswap_v3.model.liquidity import liquidity_changed
from trimtab.protocols.uniswap_v3.model.swap import swap

EVENTS = frozenset({"trimtab.protocols.uniswap_v3.maths.following.follow"})
AT_ONCE = 8


def _drawn_event(dice: random.Random, state: PoolState, ranges: Ranges) -> Event:
    """A swap of either kind, a mint, or a burn of what is there."""
    if dice.random() < 0.6:
        zero_for_one = dice.random() < 0.5
        limit = drawn_limit(dice, state, zero_for_one)
        amount = dice.getrandbits(dice.randint(1, 255)) * dice.choice((1, -1))
        walk = swap(state, zero_for_one, amount, limit)
        moved = (walk.amount_in, -walk.amount_out) if zero_for_one else ()
        amounts = moved or (-walk.amount_out, walk.amount_in)
        return Swapped(*amounts, walk.price, walk.liquidity, walk.tick)
    if ranges and dice.random() < 0.5:
        place = dice.choice(list(ranges))
        return LiquidityChanged(*place, -dice.choice((ranges[place], ranges[place] // 3)))
    return LiquidityChanged(*drawn_range(dice, state), dice.getrandbits(dice.randint(1, 100)))


def _untrue(dice: random.Random, event: Event) -> Event:
    """The event with one thing about it changed."""
    if isinstance(event, LiquidityChanged):
        return replace(event, change=-event.change - 1)
    field = dice.choice(("amount0", "amount1", "sqrt_price_x96", "liquidity", "tick"))
    value: int = getattr(event, field) + dice.choice((-1, 1))
    return replace(event, **{field: max(value, 0) if field == "liquidity" else value})


def _of_model(state: PoolState, event: Event) -> PoolState:
    if isinstance(event, LiquidityChanged):
        return liquidity_changed(state, event.lower, event.upper, event.change)
    last = event.sqrt_price_x96, event.liquidity, event.tick
    return swapped(state, event.amount0, event.amount1, *last, at=0)


def _comparable(state: PoolState) -> PoolState:
    """The state without its oracle, which the kernel does not follow."""
    return replace(state, oracle=Oracle())


def events(dice: random.Random, count: int) -> Iterator[Case]:
    """Pools that follow a few events at a time, as the model does one by one."""
    while count > 0:
        state, ranges = drawn_pool(dice)
        state = replace(
            state,
            fee_growth_global0=dice.getrandbits(256),
            fee_growth_global1=dice.getrandbits(256),
            fee_protocol=dice.choice((0, 0x44, 0xA0, 0x07)),
        )
        followed = FollowedPool(state)
        for _ in range(dice.randint(1, 6)):
            batch, is_lie = [], False
            for _ in range(dice.randint(1, AT_ONCE)):
                event = _drawn_event(dice, state, ranges)
                is_lie = dice.random() < 0.03
                told = _untrue(dice, event) if is_lie else event
                batch.append(told)
                state = _of_model(state, told)
                if is_lie or not state.is_whole:
                    break
                if isinstance(event, LiquidityChanged):
                    changed(ranges, (event.lower, event.upper), event.change)
            count -= 1
            done = followed.advance(event_rows(batch))
            believed = len(batch) - (not state.is_whole)
            expected, actual = _comparable(state), _comparable(followed.state)
            yield Case(batch, (believed, expected), (done, actual))
            if is_lie or not state.is_whole:
                break
