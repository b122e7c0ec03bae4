"""Many exact quotes of one pool at once, in compiled code.

Mirrors `model.amounts.exchanged`, which is the meaning: what it finds is found here, and where it
raises, here a flag is false. What does not depend on the amount is worked out once, by the model.
Names are those of the contract.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trimtab.core.kernel import Words, inlined, kernel, less, routine, subtract
from trimtab.core.quantise import Timestamp
from trimtab.protocols.curve.market import StableState
from trimtab.protocols.curve.model.amounts import (
    FEE_DENOMINATOR,
    PRECISION,
    amplification,
    scaled,
)
from trimtab.protocols.curve.model.checked import fits, mul_div_down
from trimtab.protocols.curve.model.invariant import MOST_ROUNDS, get_d
from trimtab.protocols.shared.limbs import (
    ONE4,
    checked_add,
    checked_product,
    checked_subtract,
    divide,
    divide_by_word,
    load,
    packed,
    store,
    words4,
)

Array = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

_PRECISION = words4(PRECISION)
_FEE_DENOMINATOR = np.uint64(FEE_DENOMINATOR)
_ROUNDS = MOST_ROUNDS

# The rows of `Direction.numbers`; from _LATER on, a divisor for each coin that comes after.
_RATE_IN, _XP_IN, _D, _C, _SUM, _COUNT, _A_PRECISION, _ANN_N, _B = range(9)
_XP_OUT, _FEE, _RATE_OUT, _ADMIN_FEE, _BALANCE_IN, _BALANCE_OUT, _LATER = range(9, 16)


@dataclass(frozen=True, slots=True)
class Direction:
    """What the quotes of one pair of coins have in common; nothing where every one reverts."""

    numbers: Array | None


def direction(state: StableState, at: Timestamp, i: int, j: int) -> Direction:
    """What is to be known for quotes of coin `i` for coin `j` at a moment."""
    try:
        return Direction(packed(_numbers(state, at, i, j)))
    except ArithmeticError:
        return Direction(None)


def quotes(of: Direction, amounts: Array) -> tuple[Array, Flags]:
    """What each amount gives, in base units, and whether the contract goes through with it.

    Amounts and results are rows of four words (`limbs.packed`). What reverts gives 0.
    """
    given = np.zeros_like(amounts)
    goes = np.zeros(len(amounts), dtype=np.bool_)
    if of.numbers is not None:
        exchange_batch(of.numbers, amounts, given, goes)
    return given, goes


def _numbers(state: StableState, at: Timestamp, i: int, j: int) -> list[int]:
    """The rows of a direction. Raises ArithmeticError where no amount can be exchanged."""
    amp, xp = amplification(state, at), scaled(state, state.balances)
    count, ann = len(xp), fits(amp * len(xp))
    d = get_d(xp, amp, state.a_precision)
    others = [index for index in range(count) if index not in (i, j)]
    c = d
    for index in others:
        if index < i:
            c = mul_div_down(c, d, fits(xp[index] * count))
    later = [fits(xp[index] * count) for index in others if index > i]
    if 0 in later:
        raise ZeroDivisionError("nothing of a coin")
    total = fits(sum(xp[index] for index in others))
    fixed = {
        _RATE_IN: state.rates[i],
        _XP_IN: xp[i],
        _D: d,
        _C: c,
        _SUM: total,
        _COUNT: count,
        _A_PRECISION: state.a_precision,
        _ANN_N: fits(ann * count),
        _B: mul_div_down(d, state.a_precision, ann),
        _XP_OUT: xp[j],
        _FEE: state.fee,
        _RATE_OUT: state.rates[j],
        _ADMIN_FEE: state.admin_fee,
        _BALANCE_IN: state.balances[i],
        _BALANCE_OUT: state.balances[j],
    }
    return [*(fixed[row] for row in range(_LATER)), *later]


# ------------------------------------------------------------------------------------ compiled


@inlined
def _times_over(a: Words, b: Words, divisor: Words) -> tuple[Words, bool]:
    """`a * b / divisor`, and whether the product fits and the divisor is not 0."""
    whole, is_whole = checked_product(a, b)
    quotient, _, is_defined = divide(whole, divisor)
    return quotient, is_whole and is_defined


@routine
def _get_y(numbers: Array, x: Words) -> tuple[Words, bool]:
    """The balance of the coin bought once the coin sold has `x`, and whether it is found."""
    d = load(numbers, _D)
    divisor, ok = checked_product(x, load(numbers, _COUNT))
    c, fits_c = _times_over(load(numbers, _C), d, divisor)
    ok = ok and fits_c
    for row in range(_LATER, len(numbers)):
        c, fits_c = _times_over(c, d, load(numbers, row))
        ok = ok and fits_c
    c, fits_c = checked_product(c, d)
    ok = ok and fits_c
    c, fits_c = _times_over(c, load(numbers, _A_PRECISION), load(numbers, _ANN_N))
    total, fits_total = checked_add(load(numbers, _SUM), x)
    b, fits_b = checked_add(total, load(numbers, _B))
    if not (ok and fits_c and fits_total and fits_b):
        return d, False
    y = d
    for _ in range(_ROUNDS):
        previous = y
        square, ok = checked_product(y, y)
        numerator, fits_n = checked_add(square, c)
        twice, fits_2 = checked_add(y, y)
        slope, fits_b = checked_add(twice, b)
        slope, fits_d = checked_subtract(slope, d)
        y, _, is_defined = divide(numerator, slope)
        if not (ok and fits_n and fits_2 and fits_b and fits_d and is_defined):
            return y, False
        step = subtract(y, previous) if less(previous, y) else subtract(previous, y)
        if not less(ONE4, step):
            return y, True
    return y, False


@routine
def _paid(numbers: Array, dx: Words, dy: Words) -> tuple[Words, bool]:
    """What is paid of what the invariant gives, and whether the books can bear it."""
    rate = load(numbers, _RATE_OUT)
    fee, ok = checked_product(dy, load(numbers, _FEE))
    fee, _ = divide_by_word(fee, _FEE_DENOMINATOR)
    kept, fits_kept = checked_subtract(dy, fee)
    paid, fits_paid = _times_over(kept, _PRECISION, rate)
    admin, fits_admin = checked_product(fee, load(numbers, _ADMIN_FEE))
    admin, _ = divide_by_word(admin, _FEE_DENOMINATOR)
    admin, fits_out = _times_over(admin, _PRECISION, rate)
    _, fits_in = checked_add(load(numbers, _BALANCE_IN), dx)
    rest, is_there = checked_subtract(load(numbers, _BALANCE_OUT), paid)
    _, is_enough = checked_subtract(rest, admin)
    ok = ok and fits_kept and fits_paid and fits_admin and fits_out
    return paid, ok and fits_in and is_there and is_enough


@kernel("void(uint64[:,::1], uint64[:,::1], uint64[:,::1], boolean[::1])")
def exchange_batch(numbers: Array, amounts: Array, given: Array, goes: Flags) -> None:
    """Writes what each amount gives, and whether it goes through."""
    xp_in, xp_out = load(numbers, _XP_IN), load(numbers, _XP_OUT)
    rate_in = load(numbers, _RATE_IN)
    for at in range(len(amounts)):
        dx = load(amounts, at)
        added, ok = _times_over(dx, rate_in, _PRECISION)
        x, fits_x = checked_add(xp_in, added)
        if not (ok and fits_x):
            continue
        y, is_found = _get_y(numbers, x)
        if not is_found:
            continue
        left, ok = checked_subtract(xp_out, y)
        dy, is_one = checked_subtract(left, ONE4)
        if not (ok and is_one):
            continue
        paid, ok = _paid(numbers, dx, dy)
        if ok:
            store(given, at, paid)
            goes[at] = True
