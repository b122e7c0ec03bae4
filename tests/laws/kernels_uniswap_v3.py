"""Drawn pools of Uniswap V3, and what is asked of them, for the law of kernels."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np

from tests.laws.kernel_cases import Case
from trimtab.core.quantise import Timestamp
from trimtab.protocols.shared.limbs import packed, unpacked
from trimtab.protocols.shared.ticks import MAX_TICK, MIN_TICK, sqrt_price_at_tick
from trimtab.protocols.uniswap_v3 import PoolState, Quote
from trimtab.protocols.uniswap_v3.maths import PoolQuotes
from trimtab.protocols.uniswap_v3.model.liquidity import liquidity_changed
from trimtab.protocols.uniswap_v3.model.oracle import begun
from trimtab.protocols.uniswap_v3.model.swap import (
    HIGHEST_LIMIT,
    INT256_MAX,
    LOWEST_LIMIT,
    last_price,
    swap,
)
from trimtab.protocols.uniswap_v3.model.walk import next_tick

_MATHS = "trimtab.protocols.uniswap_v3.maths"
QUOTES = frozenset(
    {
        f"{_MATHS}.walks.quote_batch",
        *(f"{_MATHS}.segments.{name}" for name in ("fill", "go", "change_liquidity")),
    }
)

VAST = 16_383
SPACINGS = (1, 10, 60, 60, 60, 200, 200, 2_000, VAST)
FEES = (0, 100, 500, 3_000, 3_000, 10_000, 999_999)
EDGES = (0, 1, 2, 2**128, 2**160, 2**255 - 2, 2**255 - 1)

# ---------------------------------------------------------------------------------------- pools


Ranges = dict[tuple[int, int], int]
"""How much liquidity lies in which ranges."""


def drawn_pool(
    dice: random.Random, spacings: tuple[int, ...] = SPACINGS
) -> tuple[PoolState, Ranges]:
    """A pool somewhere among all prices, its liquidity in a few ranges, near or far, or none."""
    if dice.random() < 0.1:
        return _vast_pool(dice)
    spacing, fee = dice.choice(spacings), dice.choice(FEES)
    reach = min(MAX_TICK - 2 * spacing, dice.choice((500, 100_000, MAX_TICK)))
    state = _priced(dice, dice.randint(-reach, reach), spacing, fee)
    bits, ranges = dice.choice((10, 64, 90, 123)), Ranges()
    for _ in range(dice.choice((0, 1, 3, 8, 12))):
        change = dice.getrandbits(dice.randint(1, bits))
        state = _changed(state, ranges, drawn_range(dice, state), change)
    return state, ranges


def _vast_pool(dice: random.Random) -> tuple[PoolState, Ranges]:
    """Much liquidity at all prices and hardly a stop between: here products exceed 256 bits."""
    state, ranges = _priced(dice, dice.randint(450_000, 880_000), VAST, dice.choice(FEES)), Ranges()
    last = MAX_TICK // VAST * VAST
    change = dice.getrandbits(127) >> dice.choice((0, 1, 20))
    return _changed(state, ranges, (-last, last), change), ranges


def changed(ranges: Ranges, place: tuple[int, int], change: int) -> None:
    """More or less liquidity in a range, which is forgotten where nothing is left."""
    ranges[place] = ranges.get(place, 0) + change
    if ranges[place] == 0:
        del ranges[place]


def _changed(state: PoolState, ranges: Ranges, place: tuple[int, int], change: int) -> PoolState:
    changed(ranges, place, change)
    return liquidity_changed(state, *place, change)


def drawn_range(dice: random.Random, state: PoolState) -> tuple[int, int]:
    """The ticks of a range, most of them near the price."""
    spacing, last = state.tick_spacing, MAX_TICK // state.tick_spacing
    centre = state.tick // spacing + dice.randint(-300, 300) // dice.choice((1, 10, 300))
    width = dice.choice((1, 5, 50, 500, 2 * last))
    at_the_tick = dice.random() < 0.2
    first = state.tick // spacing if at_the_tick else centre - dice.randint(0, width)
    lower = min(max(first, -last), last - 1)
    upper = min(max(lower + dice.randint(1, width), lower + 1), last)
    return lower * spacing, upper * spacing


def _priced(dice: random.Random, tick: int, spacing: int, fee: int) -> PoolState:
    """A pool without liquidity, between ticks, on one, or just below one that it crossed."""
    price = sqrt_price_at_tick(tick)
    match dice.randrange(3):
        case 0:
            price = dice.randint(price, sqrt_price_at_tick(tick + 1) - 1)
        case 1:
            price = sqrt_price_at_tick(tick + 1)
        case _:
            tick = tick // spacing * spacing
            price = sqrt_price_at_tick(max(tick, MIN_TICK + 1))
            tick = max(tick, MIN_TICK + 1)
    return PoolState(
        timestamp=Timestamp(0),
        fee=fee,
        tick_spacing=spacing,
        sqrt_price_x96=price,
        tick=tick,
        liquidity=0,
        fee_growth_global0=0,
        fee_growth_global1=0,
        protocol_fees0=0,
        protocol_fees1=0,
        fee_protocol=0,
        oracle=begun(0),
    )


# ------------------------------------------------------------------------------------ questions


def asked_of_model(state: PoolState, zero_for_one: bool, amount: int, limit: int | None) -> Quote:
    walk = swap(state, zero_for_one, amount, limit or last_price(zero_for_one))
    return Quote(walk.amount_out, walk.amount_in, walk.fees, walk.price)


def drawn_limit(dice: random.Random, state: PoolState, zero_for_one: bool) -> int:
    """A price ahead, the pool's own and the last among them, many of them those of stops."""
    price = state.sqrt_price_x96
    if dice.random() < 0.5:
        steps = dice.randint(0, 300) * (-1 if zero_for_one else 1)
        tick = (state.tick // state.tick_spacing + steps) * state.tick_spacing
        limit = sqrt_price_at_tick(min(max(tick, MIN_TICK), MAX_TICK)) + dice.randint(-1, 1)
    else:
        far = dice.getrandbits(dice.randint(1, 30)) / 2**20
        limit = int(price / (1 + far)) if zero_for_one else int(price * (1 + far))
    if zero_for_one:
        return min(max(limit, LOWEST_LIMIT), price)
    return max(min(limit, HIGHEST_LIMIT), price)


def _edges(state: PoolState, zero_for_one: bool, dice: random.Random, most: int) -> list[int]:
    """What goes in, and, negative, what comes out, up to stops on the way, and one beside it."""
    tick, stops = state.tick, list[int]()
    while MIN_TICK < tick < MAX_TICK and len(stops) < 4 * most:
        stop, _ = next_tick(state.initialized, tick, state.tick_spacing, zero_for_one)
        stops.append(stop)
        tick = stop - 1 if zero_for_one else stop
    found = []
    for stop in dice.sample(stops, min(most, len(stops))):
        limit = min(max(sqrt_price_at_tick(stop), LOWEST_LIMIT), HIGHEST_LIMIT)
        walk = swap(state, zero_for_one, INT256_MAX, limit)
        found += [walk.amount_in + beside for beside in (-1, 0, 1)]
        found += [-walk.amount_out + beside for beside in (-1, 0, 1)]
    return [amount for amount in found if abs(amount) <= INT256_MAX]


def _amounts(dice: random.Random, state: PoolState, zero_for_one: bool, most: int) -> list[int]:
    drawn = [dice.getrandbits(dice.randint(1, 255)) for _ in range(most)]
    amounts = [*drawn, *dice.sample(EDGES, 2)]
    return [*amounts, *(-amount for amount in amounts), *_edges(state, zero_for_one, dice, most)]


def _batched(
    quotes: PoolQuotes, zero_for_one: bool, amounts: list[int], limits: list[int] | None
) -> list[Quote]:
    rows, stops = packed([abs(one) for one in amounts]), packed(limits) if limits else None
    ask = quotes.bought if amounts[0] < 0 else quotes.sold
    found = ask(zero_for_one, rows, stops, fees=True)
    without = ask(zero_for_one, rows, stops)
    simply = quotes.amounts_in if amounts[0] < 0 else quotes.amounts_out
    answers = found.amount_in if amounts[0] < 0 else found.amount_out
    assert limits or simply(zero_for_one, [abs(one) for one in amounts]) == unpacked(answers)
    assert np.array_equal(found.amount_in, without.amount_in)
    assert np.array_equal(found.amount_out, without.amount_out)
    assert np.array_equal(found.sqrt_price_after, without.sqrt_price_after)
    return found.integers()


def _compared(dice: random.Random, state: PoolState, quotes: PoolQuotes) -> Iterator[Case]:
    """Both directions and kinds, with limits and without, one by one and all at once."""
    zero_for_one = dice.random() < 0.5
    amounts = _amounts(dice, state, zero_for_one, 3)
    for kind in ([one for one in amounts if one >= 0], [one for one in amounts if one < 0]):
        limits = [drawn_limit(dice, state, zero_for_one) for _ in kind]
        for free_or_limited in (None, limits):
            batch = _batched(quotes, zero_for_one, kind, free_or_limited)
            for at, amount in enumerate(kind):
                limit = free_or_limited[at] if free_or_limited else None
                expected = asked_of_model(state, zero_for_one, amount, limit)
                asked = (state, zero_for_one, amount, limit)
                yield Case(asked, expected, batch[at])
                if at < 2:
                    yield Case(asked, expected, quotes.quote(zero_for_one, amount, limit))
    sold, bought = (abs(dice.choice(amounts)) for _ in range(2))
    given = asked_of_model(state, zero_for_one, sold, None).amount_out
    taken = asked_of_model(state, zero_for_one, -bought, None).amount_in_used
    yield Case((state, zero_for_one, sold), given, quotes.amount_out(zero_for_one, sold))
    yield Case((state, zero_for_one, -bought), taken, quotes.amount_in(zero_for_one, bought))


def _moved(dice: random.Random, state: PoolState, ranges: Ranges, quotes: PoolQuotes) -> PoolState:
    """The pool after a swap, a mint or a burn of which the quotes are told."""
    if dice.random() < 0.4:
        zero_for_one = dice.random() < 0.5
        limit = drawn_limit(dice, state, zero_for_one)
        walk = swap(state, zero_for_one, dice.getrandbits(dice.randint(1, 255)), limit)
        after = walk.arrived(state)
        quotes.swapped(after.sqrt_price_x96, after.liquidity, after.tick)
        return after
    place, change = drawn_range(dice, state), dice.getrandbits(dice.randint(1, 100))
    if ranges and dice.random() < 0.5:
        place = dice.choice(list(ranges))
        change = -dice.choice((ranges[place], dice.randint(0, ranges[place])))
    quotes.liquidity_changed(*place, change)
    return _changed(state, ranges, place, change)


def quotes(dice: random.Random, count: int) -> Iterator[Case]:
    """Pools, asked as they are and after each of a few events; the tables are kept, not remade."""
    while count > 0:
        state, ranges = drawn_pool(dice)
        kept = PoolQuotes(state)
        for _ in range(dice.choice((1, 4, 12))):
            for case in _compared(dice, state, kept):
                count -= 1
                yield case
            for _ in range(dice.choice((1, 1, 5))):
                state = _moved(dice, state, ranges, kept)


def boundaries(dice: random.Random, count: int) -> Iterator[Case]:
    """Every boundary of every segment of pools and one beside it, both directions and kinds."""
    while count > 0:
        state, _ = drawn_pool(dice, spacings=(60, 60, 200, 2_000, VAST))
        kept = PoolQuotes(state)
        for zero_for_one in (True, False):
            for amount in _edges(state, zero_for_one, dice, 10**6):
                expected = asked_of_model(state, zero_for_one, amount, None)
                yield Case(
                    (state, zero_for_one, amount), expected, kept.quote(zero_for_one, amount)
                )
                count -= 1
