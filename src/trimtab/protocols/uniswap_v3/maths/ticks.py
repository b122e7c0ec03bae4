"""The initialised ticks of a pool that follows its events, for kernels.

They lie in order, each with the place of its slot: what a tick holds stays where it is while others
come and go. The places after the last one are those of free slots.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from trimtab.core.kernel import Words, add, inlined, less, routine, subtract
from trimtab.protocols.shared.limbs import Index, load, store
from trimtab.protocols.shared.ticks import MAX_TICK, MIN_TICK
from trimtab.protocols.uniswap_v3.maths.prices import price_at_tick

U64 = np.uint64
Z = U64(0)
LOWEST, HIGHEST = MIN_TICK, MAX_TICK

Rows = npt.NDArray[np.uint64]
Order = npt.NDArray[np.int64]
Slots = npt.NDArray[np.uint64]

# Rows of a pool.
PRICE: Final = 0
HERE: Final = 1  # liquidity (two words), fee in pips, tick spacing
GROWTH: Final = 2  # of token0, then of token1
OWED: Final = 4  # protocol fees of token0 and of token1, two words each
PLACE: Final = 5  # tick, number of initialised ticks, both divisors of protocol fees
POOL_ROWS: Final = 6

# Rows of a tick: liquidity gross and net (two words each, modulo 2**128), growth outside of both.
AMOUNTS: Final = 0
OUTSIDE: Final = 1
TICK_ROWS: Final = 3


@inlined
def rank(order: Order, count: Index, tick: Index) -> Index:
    """How many initialised ticks lie at a tick or below it."""
    lowest, highest = np.int64(0), np.int64(count)
    while lowest < highest:
        middle = (lowest + highest) // 2
        if order[middle, 0] <= tick:
            lowest = middle + 1
        else:
            highest = middle
    return lowest


@inlined
def next_stop(
    order: Order, count: Index, tick: Index, spacing: Index, zero_for_one: bool
) -> tuple[Index, Index]:
    """The tick that a walk stops at next, and the place of its slot, -1 if uninitialised."""
    at = rank(order, count, tick)
    compressed = tick // spacing
    if zero_for_one:
        last = (compressed & ~255) * spacing
        if at > 0 and order[at - 1, 0] >= last:
            return order[at - 1, 0], order[at - 1, 1]
        return max(last, np.int64(LOWEST)), np.int64(-1)
    last = ((compressed + 1) | 255) * spacing
    if at < count and order[at, 0] <= last:
        return order[at, 0], order[at, 1]
    return min(last, np.int64(HIGHEST)), np.int64(-1)


@inlined
def is_tick_of(tick: Index, price: Words) -> bool:
    """Whether a price lies at a tick or between it and the next."""
    if tick < LOWEST or tick >= HIGHEST:
        return False
    return not less(price, price_at_tick(tick)) and less(price, price_at_tick(tick + 1))


@inlined
def flipped(slots: Slots, slot: Index, growth0: Words, growth1: Words) -> Words:
    """The net liquidity of a tick that is crossed: its growth outside is the other side's now."""
    rows = slots[slot]
    store(rows, OUTSIDE, subtract(growth0, load(rows, OUTSIDE)))
    store(rows, OUTSIDE + 1, subtract(growth1, load(rows, OUTSIDE + 1)))
    return (rows[AMOUNTS, 2], rows[AMOUNTS, 3])


@inlined
def opened(pool: Rows, order: Order, slots: Slots, at: Index, tick: Index) -> Index:
    """The slot of a tick that nothing referred to, put at a place in the order."""
    count = np.int64(pool[PLACE, 1])
    slot = np.int64(order[count, 1])
    for other in range(count, at, -1):
        order[other, 0] = order[other - 1, 0]
        order[other, 1] = order[other - 1, 1]
    order[at, 0] = tick
    order[at, 1] = slot
    pool[PLACE, 1] = U64(count + 1)
    is_below = tick <= np.int64(pool[PLACE, 0])
    for word in range(4):
        slots[slot, AMOUNTS, word] = Z
        slots[slot, OUTSIDE, word] = pool[GROWTH, word] if is_below else Z
        slots[slot, OUTSIDE + 1, word] = pool[GROWTH + 1, word] if is_below else Z
    return slot


@inlined
def closed(pool: Rows, order: Order, at: Index) -> None:
    """Takes a tick out of the order, its slot free for another."""
    count = np.int64(pool[PLACE, 1])
    slot = order[at, 1]
    for other in range(at, count - 1):
        order[other, 0] = order[other + 1, 0]
        order[other, 1] = order[other + 1, 1]
    order[count - 1, 1] = slot
    pool[PLACE, 1] = U64(count - 1)


@routine
def refer(
    pool: Rows,
    order: Order,
    slots: Slots,
    tick: Index,
    change: Words,
    net: Words,
    is_leaving: bool,
) -> bool:
    """Liquidity begins or ceases to refer to a tick; whether there was as much as ceases."""
    at = rank(order, np.int64(pool[PLACE, 1]), tick)
    if at > 0 and order[at - 1, 0] == tick:
        at -= 1
        slot = order[at, 1]
    elif is_leaving:
        return False
    else:
        slot = opened(pool, order, slots, at, tick)
    before = (slots[slot, AMOUNTS, 0], slots[slot, AMOUNTS, 1])
    gross = add(before, change)
    nets = add((slots[slot, AMOUNTS, 2], slots[slot, AMOUNTS, 3]), net)
    slots[slot, AMOUNTS, 0] = gross[0]
    slots[slot, AMOUNTS, 1] = gross[1]
    slots[slot, AMOUNTS, 2] = nets[0]
    slots[slot, AMOUNTS, 3] = nets[1]
    if less(gross, before) != is_leaving:
        return False
    if (gross[0] | gross[1]) == Z:
        closed(pool, order, at)
    return True
