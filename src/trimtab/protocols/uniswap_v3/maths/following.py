"""A pool's own events folded into it, for kernels: `model.events` in words, to the last unit.

Kept are price, tick, liquidity, fee growth, protocol fees and every tick; not the oracle's past.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from trimtab.core.kernel import Words, add, inlined, kernel, less, routine, subtract
from trimtab.protocols.shared.limbs import (
    ZERO4,
    Index,
    divide_by_word,
    divide_wide,
    is_zero,
    load,
    store,
    words4,
)
from trimtab.protocols.shared.ticks import MAX_SQRT_PRICE, MIN_SQRT_PRICE
from trimtab.protocols.uniswap_v3.maths.prices import price_at_tick
from trimtab.protocols.uniswap_v3.maths.steps import (
    amount0_delta,
    amount1_delta,
    is_same_price,
    narrow,
    whole_step,
    wide,
)
from trimtab.protocols.uniswap_v3.maths.ticks import (
    GROWTH,
    HERE,
    OWED,
    PLACE,
    POOL_ROWS,
    PRICE,
    Order,
    Rows,
    Slots,
    flipped,
    is_tick_of,
    next_stop,
    refer,
)

U64 = np.uint64
Z = U64(0)
ONE = U64(1)
NEGATIVE = U64(1 << 63)
LOWEST_PRICE = words4(MIN_SQRT_PRICE + 1)  # at which a swap can end; it ends below the highest
HIGHEST_PRICE = words4(MAX_SQRT_PRICE)

# Rows of an event, and its kinds.
KIND: Final = 0  # the kind, the tick afterwards or the lower one, the upper one
TO: Final = 1  # the price afterwards, or the change of liquidity modulo 2**128
NEAR: Final = 2  # the liquidity afterwards, or 1 where liquidity leaves
MOVED: Final = 3  # what moved of token0, then of token1, modulo 2**256
EVENT_ROWS: Final = 5
SWAPPED, CHANGED = 0, 1


# --------------------------------------------------------------------------------------- swaps


@inlined
def direction(pool: Rows, event: Rows) -> tuple[bool, Words, bool]:
    """Whether token0 was sold, what was paid, and whether there can be such a swap at all."""
    amount0, amount1 = load(event, MOVED), load(event, MOVED + 1)
    is_out0, is_out1 = (amount0[3] & NEGATIVE) != Z, (amount1[3] & NEGATIVE) != Z
    price, last = wide(narrow(load(pool, PRICE))), load(event, TO)
    if not is_out0 and not is_zero(amount0):
        zero_for_one = True
    else:
        zero_for_one = (is_out1 or is_zero(amount1)) and less(last, price)
    paid = amount1 if is_out0 or (not is_out1 and less(amount0, amount1)) else amount0
    is_ahead = not less(price, last) if zero_for_one else not less(last, price)
    is_price = less(last, HIGHEST_PRICE) and not less(last, LOWEST_PRICE)
    return zero_for_one, paid, is_ahead and is_price and not (is_out0 and is_out1)


@inlined
def last_amount(price: Words, last: Words, liquidity: Words, zero_for_one: bool) -> Words:
    """What goes in, without fee, up to the price at which a swap ended."""
    if zero_for_one:
        return amount0_delta(last, price, liquidity, True)
    return amount1_delta(price, last, liquidity, True)


@inlined
def grow(pool: Rows, fee: Words, zero_for_one: bool) -> bool:
    """Adds a fee to the growth, and the protocol's part to what it is owed; whether that fits."""
    sold = 0 if zero_for_one else 1
    divisor = pool[PLACE, 2 + sold]
    rest = fee
    if divisor != Z:
        taken = divide_by_word(fee, divisor)[0]
        rest = subtract(fee, taken)
        earlier = (pool[OWED, 2 * sold], pool[OWED, 2 * sold + 1])
        owed = add(earlier, (taken[0], taken[1]))
        pool[OWED, 2 * sold] = owed[0]
        pool[OWED, 2 * sold + 1] = owed[1]
    if (pool[HERE, 0] | pool[HERE, 1]) == Z:
        return True
    shifted = (Z, Z, rest[0], rest[1], rest[2], rest[3], Z, Z)
    grown, _, fits = divide_wide(shifted, (pool[HERE, 0], pool[HERE, 1], Z, Z))
    store(pool, GROWTH + sold, add(load(pool, GROWTH + sold), grown))
    return fits


@inlined
def end(pool: Rows, event: Rows) -> bool:
    """Leaves the price where the event says, between stops; whether the tick is that of it."""
    last = narrow(load(event, TO))
    is_moved = not is_same_price(last, narrow(load(pool, PRICE)))
    if is_moved:
        store(pool, PRICE, wide(last))
        pool[PLACE, 0] = event[KIND, 1]
    return not is_moved or is_tick_of(np.int64(event[KIND, 1]), last)


@inlined
def cross(pool: Rows, slots: Slots, slot: Index, zero_for_one: bool) -> None:
    """Goes over an initialised tick."""
    here = (pool[HERE, 0], pool[HERE, 1])
    net = flipped(slots, slot, load(pool, GROWTH), load(pool, GROWTH + 1))
    beyond = subtract(here, net) if zero_for_one else add(here, net)
    pool[HERE, 0] = beyond[0]
    pool[HERE, 1] = beyond[1]


@routine
def follow_step(
    pool: Rows, order: Order, slots: Slots, event: Rows, paid: Words, zero_for_one: bool
) -> tuple[Words, bool]:
    """One step of a swap that paid so much; what of it is left, and whether it paid for the step.

    Every stop on the way was reached in full. What is left belongs to the stretch in which the
    swap ended, and what of it did not move the price was fee.
    """
    price, last = narrow(load(pool, PRICE)), narrow(load(event, TO))
    here = (pool[HERE, 0], pool[HERE, 1])
    stop, slot = next_stop(
        order,
        np.int64(pool[PLACE, 1]),
        np.int64(pool[PLACE, 0]),
        np.int64(pool[HERE, 3]),
        zero_for_one,
    )
    stop_price = price_at_tick(stop)
    if less(stop_price, last) if zero_for_one else less(last, stop_price):
        amount_in = last_amount(price, last, here, zero_for_one)
        is_paid = not less(paid, amount_in)
        is_paid = is_paid and grow(pool, subtract(paid, amount_in), zero_for_one)
        return ZERO4, is_paid and end(pool, event)
    total, _, fee = whole_step(price, stop_price, here, pool[HERE, 2], zero_for_one)
    if less(paid, total) or not grow(pool, fee, zero_for_one):
        return paid, False
    store(pool, PRICE, wide(stop_price))
    pool[PLACE, 0] = U64(stop - 1 if zero_for_one else stop)
    if slot >= 0:
        cross(pool, slots, slot, zero_for_one)
    return subtract(paid, total), True


@routine
def follow_swap(pool: Rows, order: Order, slots: Slots, event: Rows) -> bool:
    """Walks a swap again by what it paid and where it ended; whether there is such a walk."""
    zero_for_one, paid, goes_on = direction(pool, event)
    last = narrow(load(event, TO))
    while goes_on and not (is_zero(paid) and is_same_price(narrow(load(pool, PRICE)), last)):
        paid, goes_on = follow_step(pool, order, slots, event, paid, zero_for_one)
    is_here = pool[HERE, 0] == event[NEAR, 0] and pool[HERE, 1] == event[NEAR, 1]
    return goes_on and is_here and bool(pool[PLACE, 0] == event[KIND, 1])


# ----------------------------------------------------------------------------------- liquidity


@routine
def follow_change(pool: Rows, order: Order, slots: Slots, event: Rows) -> bool:
    """Liquidity comes into a range, or leaves it; whether that was possible."""
    lower, upper = np.int64(event[KIND, 1]), np.int64(event[KIND, 2])
    change, is_leaving = (event[TO, 0], event[TO, 1]), bool(event[NEAR, 0] == ONE)
    if (change[0] | change[1]) == Z:
        return True
    opposite = subtract((Z, Z), change)
    if not refer(pool, order, slots, lower, change, change, is_leaving):
        return False
    if not refer(pool, order, slots, upper, change, opposite, is_leaving):
        return False
    if lower <= np.int64(pool[PLACE, 0]) < upper:
        before = (pool[HERE, 0], pool[HERE, 1])
        after = add(before, change)
        pool[HERE, 0] = after[0]
        pool[HERE, 1] = after[1]
        return bool(less(after, before) == is_leaving)
    return True


@kernel("int64(uint64[:,::1], int64[:,::1], uint64[:,:,::1], uint64[:,:,::1])")
def follow(pool: Rows, order: Order, slots: Slots, events: npt.NDArray[np.uint64]) -> int:
    """Folds events in until one contradicts the pool; how many were folded in.

    `pool` has its rows twice: the second time as they were before the last event, which is where
    a contradiction leaves the first. Needs room for two more ticks for each change of liquidity.
    """
    for at in range(len(events)):
        event = events[at]
        for row in range(POOL_ROWS):
            store(pool, POOL_ROWS + row, load(pool, row))
        if event[KIND, 0] == U64(SWAPPED):
            is_right = follow_swap(pool, order, slots, event)
        else:
            is_right = follow_change(pool, order, slots, event)
        if not is_right:
            for row in range(POOL_ROWS):
                store(pool, row, load(pool, POOL_ROWS + row))
            return at
    return len(events)
