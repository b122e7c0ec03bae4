"""Division in kernels by numbers that are known beforehand, through their reciprocals.

A divisor is kept with its top bit set, moved up by `bits`. Source: as of `shared/reciprocals.py`.
"""

import numpy as np

from trimtab.core.kernel import Words, add, inlined, product, routine, shift_left, subtract
from trimtab.protocols.shared.reciprocals import divide_3by2, divide_pair

U64 = np.uint64
Z = U64(0)
ONE = U64(1)

ByWord = tuple[np.uint64, np.uint64, np.uint64]
"""A divisor of one word, moved up; its reciprocal; by how many bits."""
ByPair = tuple[np.uint64, np.uint64, np.uint64, np.uint64]
"""The lower and the upper word of a divisor of two, moved up; its reciprocal; by how many bits."""


def by_word(divisor: int) -> ByWord:
    """A divisor of up to 64 bits, for kernels to capture or to be given."""
    bits = 64 - divisor.bit_length()
    moved = divisor << bits
    return U64(moved), U64((2**128 - 1) // moved - 2**64), U64(bits)


def by_pair(divisor: int) -> ByPair:
    """A divisor of 65 to 128 bits, for kernels to capture."""
    bits = 128 - divisor.bit_length()
    moved = divisor << bits
    inverse = (2**192 - 1) // moved - 2**64
    return U64(moved % 2**64), U64(moved >> 64), U64(inverse), U64(bits)


@routine
def two_by_word(value: Words, by: ByWord) -> tuple[Words, np.uint64]:
    """Two words by one: the quotient's two, and the remainder."""
    d, inverse, bits = by
    a = shift_left((value[0], value[1], Z), bits)
    q1, rest = divide_pair(a[2], a[1], d, inverse)
    q0, rest = divide_pair(rest, a[0], d, inverse)
    return (q0, q1), rest >> bits


@routine
def four_by_word(value: Words, by: ByWord) -> tuple[Words, np.uint64]:
    """Four words by one: the quotient's four, and the remainder."""
    d, inverse, bits = by
    a = shift_left((value[0], value[1], value[2], value[3], Z), bits)
    q3, rest = divide_pair(a[4], a[3], d, inverse)
    q2, rest = divide_pair(rest, a[2], d, inverse)
    q1, rest = divide_pair(rest, a[1], d, inverse)
    q0, rest = divide_pair(rest, a[0], d, inverse)
    return (q0, q1, q2, q3), rest >> bits


@routine
def three_by_pair(value: Words, by: ByPair) -> np.uint64:
    """Three words by two: the quotient, which fits one; moved up, the value fits three."""
    d0, d1, inverse, bits = by
    a = shift_left(value, bits)
    return divide_3by2(a[2], a[1], a[0], d1, d0, inverse)


@routine
def four_by_pair(value: Words, by: ByPair) -> Words:
    """Four words by two: the quotient, which fits two; moved up, the value fits four."""
    d0, d1, inverse, bits = by
    a = shift_left(value, bits)
    q1 = divide_3by2(a[3], a[2], a[1], d1, d0, inverse)
    rest = subtract((a[1], a[2], a[3]), product((d0, d1), (q1,)))
    q0 = divide_3by2(rest[1], rest[0], a[0], d1, d0, inverse)
    return (q0, q1)


@inlined
def up(quotient: Words, rest: np.uint64) -> Words:
    """The quotient, one more where anything was left."""
    return add(quotient, (ONE,)) if rest != Z else quotient
