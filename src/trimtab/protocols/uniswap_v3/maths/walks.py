"""Quotes from a table of segments, for kernels: what `model.swap` gives, to the last unit."""

from typing import Final

import numpy as np
import numpy.typing as npt

from trimtab.core.kernel import Words, add, inlined, kernel, less, routine, subtract
from trimtab.protocols.shared.limbs import ZERO4, Index, is_equal, is_zero, load, store
from trimtab.protocols.uniswap_v3.maths.segments import (
    FEES,
    HEAD,
    HERE,
    IN,
    NOW,
    OUT,
    PLACE,
    TO_STOP,
    Table,
    count_of,
    is_down,
    liquidity_of,
    price_of,
)
from trimtab.protocols.uniswap_v3.maths.steps import (
    fee_of_part,
    is_same_price,
    narrow,
    part_of_exact_in,
    part_of_exact_out,
    whole_step,
    wide,
)

U64 = np.uint64

Rows = npt.NDArray[np.uint64]
Walked = tuple[Words, Words, Words, Words]
"""What goes in with fees, what comes out, the fees, and the price after as four words."""

# What is asked, what is answered, and kinds of questions, which add up.
AMOUNT, LIMIT, PAID, RECEIVED, AFTER, FEES_PAID = 0, 1, 2, 3, 4, 5
QUOTE_ROWS: Final = 6
EXACT_OUT, LIMITED, WITH_FEES = 1, 2, 4


@inlined
def sums_at(table: Table, row: Index) -> tuple[Words, Words, Words]:
    """In, out and fees from the price to a stop at or beyond the next one."""
    head = table[HEAD]
    origin = np.int64(head[PLACE, 1])
    return (
        add(load(head, TO_STOP), subtract(load(table[IN], row), load(table[IN], origin))),
        add(load(head, TO_STOP + 1), subtract(load(table[OUT], row), load(table[OUT], origin))),
        add(load(head, TO_STOP + 2), subtract(load(table[FEES], row), load(table[FEES], origin))),
    )


@inlined
def now(table: Table) -> Words:
    """The pool's price."""
    return (table[HEAD, NOW, 0], table[HEAD, NOW, 1], table[HEAD, NOW, 2])


@inlined
def here(table: Table) -> Words:
    """The pool's liquidity."""
    return (table[HEAD, HERE, 0], table[HEAD, HERE, 1])


@inlined
def part(table: Table, price: Words, liquidity: Words, rest: Words, kind: int) -> Walked:
    """A step that does not reach the end of its segment; its fee only if that is asked."""
    zero_for_one, fee = is_down(table), table[HEAD, HERE, 2]
    if kind & EXACT_OUT:
        paid, fees, after = part_of_exact_out(price, liquidity, rest, fee, zero_for_one)
        return paid, rest, fees, wide(after)
    received, after = part_of_exact_in(price, liquidity, rest, fee, zero_for_one)
    fees = fee_of_part(price, after, liquidity, rest) if kind & WITH_FEES else ZERO4
    return rest, received, fees, wide(after)


@inlined
def joined(sums: tuple[Words, Words, Words], last: Walked) -> Walked:
    """Whole segments, and what came after them."""
    return add(sums[0], last[0]), add(sums[1], last[1]), add(sums[2], last[2]), last[3]


@inlined
def last_below(sums: Rows, target: Words, first: Index, end: Index) -> Index:
    """The last row from `first`, which is below the target, whose sum is below it."""
    row, left = np.int64(first), np.int64(end - 1 - first)
    while left > 0:
        step = (left + 1) >> 1  # no branch on what is compared: a search goes either way
        row += step if less(load(sums, row + step), target) else np.int64(0)
        left -= step
    return row


@routine
def walked(table: Table, amount: Words, kind: int) -> Walked:
    """A swap of an amount that goes on until all of it is used, or the last price is reached."""
    head = table[HEAD]
    field = OUT if kind & EXACT_OUT else IN
    to_stop = load(head, TO_STOP + field)
    if is_zero(amount):
        return ZERO4, ZERO4, ZERO4, wide(now(table))
    if less(amount, to_stop):
        return part(table, now(table), here(table), amount, kind)
    origin = np.int64(head[PLACE, 1])
    beyond = subtract(amount, to_stop)
    if is_zero(beyond):
        return joined(sums_at(table, origin), (ZERO4, ZERO4, ZERO4, wide(price_of(table, origin))))
    sums, count = table[field], count_of(table)
    target = add(beyond, load(sums, origin))
    row = last_below(sums, target, origin, count)
    if row < count - 1 and is_equal(target, load(sums, row + 1)):
        row += 1
    elif row < count - 1:
        rest = subtract(target, load(sums, row))
        return joined(
            sums_at(table, row),
            part(table, price_of(table, row), liquidity_of(table, row), rest, kind),
        )
    return joined(sums_at(table, row), (ZERO4, ZERO4, ZERO4, wide(price_of(table, row))))


@inlined
def is_before(price: Words, limit: Words, zero_for_one: bool) -> bool:
    """Whether a price is met before the limit."""
    return less(limit, price) if zero_for_one else less(price, limit)


@routine
def stopped(table: Table, amount: Words, kind: int, limit: Words) -> Walked:
    """A swap that goes no further than to a price, which lies ahead."""
    zero_for_one = is_down(table)
    row = np.int64(table[HEAD, PLACE, 1])
    first, highest = row, count_of(table) - 1
    while row < highest:
        middle = (row + highest) >> 1
        if is_before(price_of(table, middle), limit, zero_for_one):
            row = middle + 1
        else:
            highest = middle
    sums: tuple[Words, Words, Words] = (ZERO4, ZERO4, ZERO4)
    price, liquidity = now(table), here(table)
    if row != first:
        sums = sums_at(table, row - 1)
        price, liquidity = price_of(table, row - 1), liquidity_of(table, row - 1)
    if is_same_price(price, limit):
        return ZERO4, ZERO4, ZERO4, wide(limit)
    step = whole_step(price, limit, liquidity, table[HEAD, HERE, 2], zero_for_one)
    most = joined(sums, (step[0], step[1], step[2], wide(limit)))
    before = sums[1] if kind & EXACT_OUT else sums[0]
    up_to = most[1] if kind & EXACT_OUT else most[0]
    if less(before, amount) and not less(amount, up_to):
        return most
    return walked(table, amount, kind)


@kernel("boolean(uint64[:,:,::1], uint64[:,:,::1], int64)")
def quote_batch(table: Table, questions: npt.NDArray[np.uint64], kind: int) -> bool:
    """Answers each question at its own place among the answers; not one of 2**255 or more.

    Tells whether all were answered.
    """
    are_answered = True
    for at in range(questions.shape[1]):
        amount = load(questions[AMOUNT], at)
        if amount[3] >> U64(63):
            are_answered = False
            continue
        if kind & LIMITED:
            found = stopped(table, amount, kind, narrow(load(questions[LIMIT], at)))
        else:
            found = walked(table, amount, kind)
        store(questions[PAID], at, found[0])
        store(questions[RECEIVED], at, found[1])
        store(questions[AFTER], at, found[3])
        if kind & WITH_FEES:
            store(questions[FEES_PAID], at, found[2])
    return are_answered
