"""A pool's way in one direction as a table, for kernels: segments between stops, and sums of them.

A swap stops at every initialised tick and at the last tick of each word of the bitmap. Whether it
passes a segment depends only on what the segments up to its end take (or give) in all, so that a
quote is a search in the sums and one part of a step.

The rows of a table are the stops in the order of walking, from one end of all prices to the other;
sums count from the first. So a swap changes no row, but only the head: the segment from the price
to the next stop. The last row's price is the last that there is, not that of its tick.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from trimtab.core.kernel import Words, add, inlined, kernel, less, routine, subtract
from trimtab.protocols.shared.limbs import Index, load, store
from trimtab.protocols.uniswap_v3.maths.prices import price_at_tick
from trimtab.protocols.uniswap_v3.maths.steps import whole_step

U64 = np.uint64
Z = U64(0)
ONE = U64(1)

Table = npt.NDArray[np.uint64]

# Fields of a table: each has four words a row.
IN: Final = 0  # what goes in, with fees, up to the stop
OUT: Final = 1  # what comes out up to it
FEES: Final = 2
PRICE: Final = 3  # of the stop
AT: Final = 4  # liquidity beyond the stop (two words), its tick, 1 where a word ends there
GROSS: Final = 5  # liquidity that refers to the tick (two words)
HEAD: Final = 6
FIELDS: Final = 7

# Rows of the head.
NOW: Final = 0  # the price
HERE: Final = 1  # liquidity (two words), fee in pips, 1 where token0 goes in
TO_STOP: Final = 2  # in, out and fees up to the next stop, three rows
PLACE: Final = 5  # the number of stops, and the row of the next one
HEAD_ROWS: Final = 6

KEPT, CONTRADICTED, FULL = 0, 1, 2


@inlined
def price_of(table: Table, row: Index) -> Words:
    """The price of a stop."""
    return (table[PRICE, row, 0], table[PRICE, row, 1], table[PRICE, row, 2])


@inlined
def liquidity_of(table: Table, row: Index) -> Words:
    """The liquidity beyond a stop."""
    return (table[AT, row, 0], table[AT, row, 1])


@inlined
def tick_of(table: Table, row: Index) -> Index:
    """The tick of a stop."""
    return np.int64(table[AT, row, 2])


@inlined
def is_down(table: Table) -> bool:
    """Whether the way goes down, as token0 goes in."""
    return bool(table[HEAD, HERE, 3] == ONE)


@inlined
def count_of(table: Table) -> Index:
    """How many stops there are."""
    return np.int64(table[HEAD, PLACE, 0])


@routine
def first_not_before(table: Table, tick: Index, zero_for_one: bool) -> Index:
    """The row of the first stop that a walk meets at a tick or beyond it."""
    lowest: Index = np.int64(0)
    highest = count_of(table)
    while lowest < highest:
        middle = (lowest + highest) // 2
        here = tick_of(table, middle)
        if (here <= tick) if zero_for_one else (here >= tick):
            highest = middle
        else:
            lowest = middle + 1
    return lowest


@routine
def measure(table: Table, first: Index, end: Index) -> None:
    """Sums up to the stops after `first`, through `end`; by how much they grew, for the rest."""
    zero_for_one, fee = is_down(table), table[HEAD, HERE, 2]
    earlier = (load(table[IN], end), load(table[OUT], end), load(table[FEES], end))
    for row in range(first, end):
        paid, received, fees = whole_step(
            price_of(table, row),
            price_of(table, row + 1),
            liquidity_of(table, row),
            fee,
            zero_for_one,
        )
        store(table[IN], row + 1, add(load(table[IN], row), paid))
        store(table[OUT], row + 1, add(load(table[OUT], row), received))
        store(table[FEES], row + 1, add(load(table[FEES], row), fees))
    for field in range(3):
        grown = subtract(load(table[field], end), earlier[field])
        for row in range(end + 1, count_of(table)):
            store(table[field], row, add(load(table[field], row), grown))


@routine
def look_ahead(table: Table, tick: Index) -> None:
    """The head, as of the price and the liquidity that it holds, and of the tick."""
    zero_for_one = is_down(table)
    row = first_not_before(table, tick if zero_for_one else tick + 1, zero_for_one)
    table[HEAD, PLACE, 1] = U64(row)
    found = whole_step(
        (table[HEAD, NOW, 0], table[HEAD, NOW, 1], table[HEAD, NOW, 2]),
        price_of(table, row),
        (table[HEAD, HERE, 0], table[HEAD, HERE, 1]),
        table[HEAD, HERE, 2],
        zero_for_one,
    )
    for field in range(3):
        store(table[HEAD], TO_STOP + field, found[field])


@kernel("void(uint64[:,:,::1], int64)")
def fill(table: Table, tick: int) -> None:
    """Every price but the last, every sum, and the head, of ticks and liquidity that are there."""
    last = count_of(table) - 1
    for row in range(last):
        price = price_at_tick(tick_of(table, row))
        for at in range(3):
            table[PRICE, row, at] = price[at]
    measure(table, 0, last)
    look_ahead(table, tick)


@kernel("void(uint64[:,:,::1], uint64[:,:,::1], uint64[:,::1], int64)")
def go(down: Table, up: Table, to: npt.NDArray[np.uint64], tick: int) -> None:
    """Both heads after the pool's price moved: `to` holds the price, and the liquidity there."""
    for table in (down, up):
        for at in range(4):
            table[HEAD, NOW, at] = to[0, at]
        table[HEAD, HERE, 0] = to[1, 0]
        table[HEAD, HERE, 1] = to[1, 1]
        look_ahead(table, tick)


# ------------------------------------------------------------------------------------- changes


@inlined
def _added(table: Table, field: int, row: Index, change: Words) -> bool:
    """Adds a change modulo 2**128 to the liquidity in a row; whether the sum is right."""
    before = (table[field, row, 0], table[field, row, 1])
    after = add(before, (change[0], change[1]))
    table[field, row, 0] = after[0]
    table[field, row, 1] = after[1]
    return less(after, before) == bool(change[2] == ONE)


@routine
def _opened(table: Table, tick: Index) -> Index:
    """The row of a tick's stop, made where there is none, as if nothing referred to it."""
    row = first_not_before(table, tick, is_down(table))
    if tick_of(table, row) == tick:
        return row
    count = count_of(table)
    for field in range(HEAD):
        for other in range(count, row, -1):
            store(table[field], other, load(table[field], other - 1))
    price = price_at_tick(tick)
    for at in range(3):
        table[PRICE, row, at] = price[at]
    for at in range(4):
        table[GROSS, row, at] = Z
    table[AT, row, 0] = table[AT, row - 1, 0]
    table[AT, row, 1] = table[AT, row - 1, 1]
    table[AT, row, 2] = U64(tick)
    table[AT, row, 3] = Z
    table[HEAD, PLACE, 0] = U64(count + 1)
    return row


@routine
def _close_if_unused(table: Table, row: Index) -> Index:
    """Takes a stop away that nothing refers to any longer; how many rows went."""
    if (table[GROSS, row, 0] | table[GROSS, row, 1] | table[AT, row, 3]) != Z:
        return np.int64(0)
    count = count_of(table)
    for field in range(HEAD):
        for other in range(row, count - 1):
            store(table[field], other, load(table[field], other + 1))
    table[HEAD, PLACE, 0] = U64(count - 1)
    return np.int64(1)


@routine
def _changed(table: Table, tick: int, lower: int, upper: int, change: Words) -> bool:
    """The table after a mint or a burn; whether that was possible."""
    first, last = (upper, lower) if is_down(table) else (lower, upper)
    start = _opened(table, first)
    end = _opened(table, last)
    is_right = _added(table, GROSS, start, change) and _added(table, GROSS, end, change)
    for row in range(start, end):
        is_right = _added(table, AT, row, change) and is_right
    if lower <= tick < upper:
        is_right = _added(table, HEAD, HERE, change) and is_right
    end -= _close_if_unused(table, end)
    end -= _close_if_unused(table, start)
    # The stretches before the first and beyond the last stop may be parted or joined as well.
    measure(table, max(start - 1, 0), min(end + 1, count_of(table) - 1))
    look_ahead(table, tick)
    return is_right


@kernel("int64(uint64[:,:,::1], uint64[:,:,::1], int64, int64, int64, uint64[:,::1])")
def change_liquidity(
    down: Table, up: Table, tick: int, lower: int, upper: int, change: npt.NDArray[np.uint64]
) -> int:
    """Both tables after a mint or a burn; `change` is modulo 2**128, its third word 1 for a burn.

    Nothing is done where a table has no room for two more rows. What contradicts the tables, a burn
    of more than there is, is told, and they mean nothing afterwards.
    """
    if max(count_of(down) + 2 - down.shape[1], count_of(up) + 2 - up.shape[1]) > 0:
        return FULL
    amount = (change[0, 0], change[0, 1], change[0, 2])
    is_right = _changed(down, tick, lower, upper, amount)
    is_right = _changed(up, tick, lower, upper, amount) and is_right
    return KEPT if is_right else CONTRADICTED
