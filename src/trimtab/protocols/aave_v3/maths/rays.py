"""Rays in words for kernels: `shared.aave.wad_ray` to the last unit, halves up.

Divisors that never change have their reciprocals here, which saves the slow part of a division.
What the pool would refuse, and what has more bits than a pool stores, is a flag beside the result.
"""

import numpy as np

from trimtab.core.kernel import (
    Words,
    add,
    inlined,
    leading_zeros,
    less,
    product,
    routine,
    shift_left,
    shift_right,
    subtract,
)
from trimtab.core.quantise import SECONDS_PER_YEAR
from trimtab.protocols.shared.aave.wad_ray import (
    HALF_PERCENTAGE_FACTOR,
    HALF_RAY,
    PERCENTAGE_FACTOR,
    RAY,
)
from trimtab.protocols.shared.limbs import ZERO4, divide_by_word, words4
from trimtab.protocols.shared.reciprocals import divide_3by2, divide_pair, reciprocal_of_pair

U64 = np.uint64
Z = U64(0)
ONE = U64(1)

ONE_RAY = words4(RAY)
HALF = words4(HALF_RAY)
HALF_PERCENT = words4(HALF_PERCENTAGE_FACTOR)
PERCENT = U64(PERCENTAGE_FACTOR)


def constant_divisor(value: int) -> Words:
    """A divisor of one word, moved up until its top bit is set, its reciprocal, how far moved."""
    bits = 64 - value.bit_length()
    moved = value << bits
    return U64(moved), U64((2**128 - 1) // moved - 2**64), U64(bits)


RAY_TWOS = U64(27)  # a ray is 2**27 * 5**27
RAY_FIVES = constant_divisor(5**27)
YEAR = constant_divisor(SECONDS_PER_YEAR)
SQUARED_YEAR = constant_divisor(SECONDS_PER_YEAR**2)
SIX = constant_divisor(6)


@inlined
def divide_by(value: Words, divisor: Words) -> Words:
    """Four words by a constant divisor, rounded down."""
    a = shift_left((value[0], value[1], value[2], value[3], Z), divisor[2])
    q3, rest = divide_pair(a[4], a[3], divisor[0], divisor[1])
    q2, rest = divide_pair(rest, a[2], divisor[0], divisor[1])
    q1, rest = divide_pair(rest, a[1], divisor[0], divisor[1])
    q0, rest = divide_pair(rest, a[0], divisor[0], divisor[1])
    return (q0, q1, q2, q3)


@inlined
def is_double(value: Words) -> bool:
    """Whether an integer of four words fits two, as whatever a pool stores does."""
    return bool((value[2] | value[3]) == Z)


@routine
def ray_mul(a: Words, b: Words) -> tuple[Words, bool]:
    """The product of four words and of two as rays, and whether the pool would not refuse it."""
    whole = product(a, (b[0], b[1]))
    low = (whole[0], whole[1], whole[2], whole[3])
    total = add(low, HALF)
    fits = bool((whole[4] | whole[5]) == Z) and not less(total, low)
    return divide_by(shift_right(total, RAY_TWOS), RAY_FIVES), fits


@routine
def divide_by_pair(value: Words, divisor: Words) -> Words:
    """Four words by two of which the upper is not 0, rounded down.

    Source: Moeller and Granlund, as `reciprocals`; what remains is less than the divisor again.
    """
    bits = leading_zeros(divisor[1])
    d = shift_left((divisor[0], divisor[1]), bits)
    v = reciprocal_of_pair(d[1], d[0])
    a = shift_left((value[0], value[1], value[2], value[3], Z), bits)
    q2 = divide_3by2(a[4], a[3], a[2], d[1], d[0], v)
    rest = subtract((a[2], a[3]), product(d, (q2,)))
    q1 = divide_3by2(rest[1], rest[0], a[1], d[1], d[0], v)
    rest = subtract((a[1], rest[0]), product(d, (q1,)))
    q0 = divide_3by2(rest[1], rest[0], a[0], d[1], d[0], v)
    return (q0, q1, q2, Z)


@routine
def ray_div(a: Words, b: Words) -> tuple[Words, bool]:
    """The quotient of four words by two as rays, and whether the pool would not refuse it."""
    whole = product(a, (ONE_RAY[0], ONE_RAY[1]))
    low = (whole[0], whole[1], whole[2], whole[3])
    half = ((b[0] >> ONE) | (b[1] << U64(63)), b[1] >> ONE)
    total = add(low, half)
    fits = bool((whole[4] | whole[5]) == Z) and not less(total, low)
    if b[1] != Z:
        return divide_by_pair(total, b), fits
    if b[0] == Z:
        return ZERO4, False
    return divide_by_word(total, b[0])[0], fits


@inlined
def percent_mul(value: Words, percentage: U64) -> tuple[Words, bool]:
    """A share in basis points of a value, and whether the pool would not refuse it."""
    whole = product(value, (percentage,))
    low = (whole[0], whole[1], whole[2], whole[3])
    total = add(low, HALF_PERCENT)
    fits = bool(whole[4] == Z) and not less(total, low)
    return divide_by_word(total, PERCENT)[0], fits


@inlined
def linear_interest(rate: Words, seconds: U64) -> Words:
    """The factor that simple interest grows a supply by; the rate fits two words."""
    grown = product((rate[0], rate[1]), (seconds,))
    return add(ONE_RAY, divide_by((grown[0], grown[1], grown[2], Z), YEAR))


@routine
def compounded_interest(rate: Words, seconds: U64) -> tuple[Words, bool]:
    """The factor that a debt grows by, and whether the pool would not refuse it.

    The rate fits two words and the seconds half of one, or a term would not fit four.
    """
    pair = (rate[0], rate[1])
    squared, fits = ray_mul((rate[0], rate[1], Z, Z), pair)
    second = divide_by(squared, SQUARED_YEAR)
    cubed, _ = ray_mul(second, pair)
    third = divide_by(cubed, YEAR)
    two = seconds * (seconds - ONE)
    three = product((two,), (seconds - U64(2),))
    halved = shift_right(product((second[0], second[1]), (two, Z)), ONE)
    sixth = divide_by(_four(product((third[0], third[1], third[2]), three)), SIX)
    total = add(linear_interest(rate, seconds), halved)
    if seconds < U64(3):  # one of the three factors is 0
        return total, fits
    return add(total, sixth), fits


@inlined
def _four(value: Words) -> Words:
    """The lower four of five words."""
    return (value[0], value[1], value[2], value[3])
