"""Integers of 256 and 512 bits for kernels: four and eight words, and what contracts do with them.

A function that a contract would refuse, because a result does not fit or a divisor is zero, says so
in a flag beside its result; the result means nothing then.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from trimtab.core.kernel import (
    Words,
    add,
    inlined,
    leading_zeros,
    less,
    product,
    routine,
    shift_left,
    subtract,
    to_words,
)
from trimtab.protocols.shared.reciprocals import (
    divide_3by2,
    divide_pair,
    reciprocal,
    reciprocal_of_pair,
)

U64 = np.uint64
Z = U64(0)
ONE = U64(1)
TOP = U64(0xFFFFFFFFFFFFFFFF)
ZERO4 = (Z, Z, Z, Z)
ONE4 = (ONE, Z, Z, Z)
MAX4 = (TOP, TOP, TOP, TOP)
WIDTH = 4

Array = npt.NDArray[np.uint64]
Index = int | np.int64
"""A row: numba makes a float of a word that meets a number with a sign, so rows are not words."""


def packed(values: Iterable[int]) -> Array:
    """Integers of up to 256 bits as rows of four words. Raises OverflowError for others."""
    raw = bytearray().join([value.to_bytes(32, "little") for value in values])
    return np.frombuffer(raw, dtype="<u8").reshape(-1, WIDTH).astype(np.uint64, copy=False)


def unpacked(rows: Array) -> list[int]:
    """The integers of rows of four words, whatever axes lie before them, in order."""
    whole = np.ascontiguousarray(rows, dtype="<u8").reshape(-1, WIDTH).view(_WHOLE)
    found: list[bytes] = whole[:, 0].tolist()
    return [int.from_bytes(one, "little") for one in found]


_WHOLE = np.dtype(f"V{8 * WIDTH}")  # four words that numpy takes for one thing


# ------------------------------------------------------------------------- rows and comparisons


@inlined
def load(rows: Array, at: Index) -> Words:
    """The integer in a row."""
    return (rows[at, 0], rows[at, 1], rows[at, 2], rows[at, 3])


@inlined
def store(rows: Array, at: Index, value: Words) -> None:
    """Writes an integer of four words into a row."""
    rows[at, 0] = value[0]
    rows[at, 1] = value[1]
    rows[at, 2] = value[2]
    rows[at, 3] = value[3]


@inlined
def is_zero(value: Words) -> bool:
    """Whether four words are all 0."""
    return bool((value[0] | value[1] | value[2] | value[3]) == Z)


@inlined
def is_equal(a: Words, b: Words) -> bool:
    """Whether two integers of four words are the same."""
    return bool(((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3])) == Z)


@inlined
def smaller(a: Words, b: Words) -> Words:
    """The lesser of two integers of one width."""
    return a if less(a, b) else b


@inlined
def low(value: Words) -> Words:
    """The lower four of eight words."""
    return (value[0], value[1], value[2], value[3])


@inlined
def high(value: Words) -> Words:
    """The upper four of eight words."""
    return (value[4], value[5], value[6], value[7])


@inlined
def word4(value: np.uint64) -> Words:
    """A word as four."""
    return (value, Z, Z, Z)


# --------------------------------------------------------------------------- sums and products


@inlined
def checked_add(a: Words, b: Words) -> tuple[Words, bool]:
    """The sum of two of one width, and whether it fits."""
    total = add(a, b)
    return total, not less(total, a)


@inlined
def checked_subtract(a: Words, b: Words) -> tuple[Words, bool]:
    """The difference, and whether it is not negative."""
    return subtract(a, b), not less(a, b)


@inlined
def checked_product(a: Words, b: Words) -> tuple[Words, bool]:
    """The product of four words and four, and whether it fits four."""
    whole = product(a, b)
    return low(whole), is_zero(high(whole))


# ----------------------------------------------------------------------------------- divisions


@inlined
def _next_digit(rest: Words, digit: np.uint64, divisor: Words, inverse: U64) -> tuple[U64, Words]:
    """One word of a quotient, and what remains; the divisor's top bit is set, rest < divisor.

    The estimate from the top words is exact or too great by a few; each addition of the divisor
    takes one off. Source: Knuth, The Art of Computer Programming, 4.3.1, algorithm D.
    """
    if rest[3] == Z and rest[2] < divisor[3]:  # the quotient's word is 0: most of its upper ones
        return Z, (digit, rest[0], rest[1], rest[2])
    whole = (digit, rest[0], rest[1], rest[2], rest[3])
    if rest[3] == divisor[3] and rest[2] == divisor[2]:
        guess = TOP
    else:
        guess = divide_3by2(rest[3], rest[2], rest[1], divisor[3], divisor[2], inverse)
    left = subtract(whole, product(divisor, (guess,)))
    while left[4] != Z:  # below zero
        left = add(left, divisor)
        guess -= ONE
    return guess, (left[0], left[1], left[2], left[3])


@inlined
def _aligned(value: Words, divisor: Words) -> tuple[Words, Words]:
    """Both moved up by whole words until the divisor's top word is not 0."""
    a, d = value, divisor
    if d[3] == Z:
        if d[2] != Z:
            d = (Z, d[0], d[1], d[2])
            a = (Z, a[0], a[1], a[2], a[3], a[4], a[5], a[6])
        elif d[1] != Z:
            d = (Z, Z, d[0], d[1])
            a = (Z, Z, a[0], a[1], a[2], a[3], a[4], a[5])
        else:
            d = (Z, Z, Z, d[0])
            a = (Z, Z, Z, a[0], a[1], a[2], a[3], a[4])
    return a, d


@routine
def divide_wide(value: Words, divisor: Words) -> tuple[Words, bool, bool]:
    """Eight words by four: the quotient's four, whether anything is left, and whether they fit.

    They do not where the quotient has more than 256 bits or the divisor is zero.
    """
    if not less(high(value), divisor):
        return ZERO4, False, False
    a, d = _aligned(value, divisor)
    bits = leading_zeros(d[3])
    a, d = shift_left(a, bits), shift_left(d, bits)
    inverse = reciprocal_of_pair(d[3], d[2])
    q3, rest = _next_digit(high(a), a[3], d, inverse)
    q2, rest = _next_digit(rest, a[2], d, inverse)
    q1, rest = _next_digit(rest, a[1], d, inverse)
    q0, rest = _next_digit(rest, a[0], d, inverse)
    return (q0, q1, q2, q3), not is_zero(rest), True


@inlined
def divide(value: Words, divisor: Words) -> tuple[Words, bool, bool]:
    """Four words by four, as `divide_wide`: the flags are of a rest and of a divisor not zero."""
    return divide_wide((value[0], value[1], value[2], value[3], Z, Z, Z, Z), divisor)


@inlined
def divide_by_word(value: Words, divisor: np.uint64) -> tuple[Words, np.uint64]:
    """Four words by one that is not 0: quotient and remainder."""
    bits = leading_zeros(divisor)
    d = divisor << bits
    inverse = reciprocal(d)
    a = shift_left((value[0], value[1], value[2], value[3], Z), bits)
    q3, rest = divide_pair(a[4], a[3], d, inverse)
    q2, rest = divide_pair(rest, a[2], d, inverse)
    q1, rest = divide_pair(rest, a[1], d, inverse)
    q0, rest = divide_pair(rest, a[0], d, inverse)
    return (q0, q1, q2, q3), rest >> bits


@inlined
def mul_div_down(a: Words, b: Words, divisor: Words) -> tuple[Words, bool]:
    """`a * b / divisor` of four words each, rounded down, and whether it fits and is defined."""
    quotient, _, fits = divide_wide(product(a, b), divisor)
    return quotient, fits


@inlined
def mul_div_up(a: Words, b: Words, divisor: Words) -> tuple[Words, bool]:
    """`a * b / divisor` of four words each, rounded up, and whether it fits and is defined."""
    quotient, has_rest, fits = divide_wide(product(a, b), divisor)
    return rounded_up(quotient, has_rest, fits)


@inlined
def rounded_up(quotient: Words, has_rest: bool, fits: bool) -> tuple[Words, bool]:
    """The quotient of a division, one more where anything was left, and whether that fits."""
    if not has_rest:
        return quotient, fits
    return add(quotient, ONE4), fits and not is_equal(quotient, MAX4)


def words4(value: int) -> Words:
    """A constant of up to 256 bits, for kernels to capture."""
    if not 0 <= value < 1 << 256:
        raise OverflowError(f"{value} is not an unsigned integer of 256 bits")
    return to_words(value, WIDTH)
