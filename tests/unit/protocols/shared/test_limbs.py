"""Compiled arithmetic against Python's integers: drawn widths, and words at their edges."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from trimtab.core.kernel import (
    Words,
    add,
    from_words,
    kernel,
    leading_zeros,
    less,
    product,
    shift_left,
    shift_right,
    subtract,
    to_words,
)
from trimtab.protocols.shared.limbs import (
    Array,
    checked_add,
    checked_product,
    checked_subtract,
    divide,
    divide_by_word,
    is_equal,
    is_zero,
    load,
    low,
    mul_div_down,
    mul_div_up,
    packed,
    smaller,
    store,
    unpacked,
    words4,
)

Flags = npt.NDArray[np.uint8]
MOST = 2**256 - 1
EDGES = (0, 1, 2, 2**63 - 1, 2**63, 2**64 - 2, 2**64 - 1)
CASES = 4000
KINDS = "void(uint64[:,::1], uint64[:,::1], uint64[:,::1], uint64[:,::1], uint8[:,::1])"


@kernel(KINDS)
def compute(a: Array, b: Array, c: Array, out: Array, flags: Flags) -> None:
    for at in range(a.shape[0]):
        first, second, third = load(a, at), load(b, at), load(c, at)
        results = (
            checked_add(first, second),
            checked_subtract(first, second),
            checked_product(first, second),
            mul_div_down(first, second, third),
            mul_div_up(first, second, third),
        )
        for kind in range(5):
            store(out, 8 * at + kind, results[kind][0])
            flags[at, kind] = results[kind][1]
        quotient, has_rest, is_defined = divide(first, second)
        store(out, 8 * at + 5, quotient)
        flags[at, 5] = is_defined
        flags[at, 6] = has_rest
        by_word, rest = divide_by_word(first, max(second[0], np.uint64(1)))
        store(out, 8 * at + 6, by_word)
        store(out, 8 * at + 7, (rest, rest, rest, rest))
        flags[at, 7] = less(first, second)
        flags[at, 8] = is_equal(first, second)
        flags[at, 9] = is_zero(first)


@kernel("void(uint64[:,::1], uint64[:,::1], uint64[:,::1], uint64[:,::1])")
def move(a: Array, b: Array, left: Array, right: Array) -> None:
    for at in range(a.shape[0]):
        value, bits = load(a, at), b[at, 0] & np.uint64(63)
        store(left, at, shift_left(value, bits))
        store(right, at, shift_right(value, bits))
        b[at, 1] = leading_zeros(a[at, 0])
        b[at, 2] = smaller(load(a, at), load(b, at))[0]


def drawn(seed: int) -> list[int]:
    """Integers of every length, of words at their edges, and near powers of two."""
    dice = random.Random(seed)

    def one() -> int:
        bits = dice.randrange(257)
        match dice.randrange(5):
            case 0:
                return dice.getrandbits(bits)
            case 1:
                return max(0, min(MOST, (1 << bits) + dice.randrange(-2, 3)))
            case 2:
                return MOST ^ dice.getrandbits(bits)
            case 3:
                return sum(dice.choice(EDGES) << 64 * at for at in range(4))
            case _:
                return dice.getrandbits(256)

    return [one() for _ in range(CASES)]


def wide_enough(a: list[int], b: list[int], seed: int) -> list[int]:
    """Divisors by which most quotients of `a * b` fit, some only just or not at all."""
    dice = random.Random(seed)
    least = ((x * y >> 256) + dice.randrange(-1, 3) for x, y in zip(a, b, strict=True))
    more = (dice.choice((0, 0, dice.getrandbits(dice.randrange(256)))) for _ in a)
    return [max(0, min(MOST, x + y)) for x, y in zip(least, more, strict=True)]


def test_compute__drawn_and_edges__as_integers() -> None:
    a, b = drawn(1), drawn(2)
    c = wide_enough(a, b, 3)
    out, flags = np.zeros((8 * CASES, 4), np.uint64), np.zeros((CASES, 10), np.uint8)
    compute(packed(a), packed(b), packed(c), out, flags)
    results = unpacked(out)
    fitting = 0
    for at, (x, y, z) in enumerate(zip(a, b, c, strict=True)):
        expected: list[int | None] = [x + y, x - y, x * y, None, None, None]
        if z:
            expected[3:5] = [x * y // z, -(-x * y // z)]
        if y:
            expected[5] = x // y
            assert flags[at, 6] == (x % y != 0)
        for kind, value in enumerate(expected):
            is_fitting = value is not None and 0 <= value <= MOST
            assert flags[at, kind] == is_fitting
            assert not is_fitting or results[8 * at + kind] == value
        fitting += int(flags[at, 4])
        word = max(y % 2**64, 1)
        assert results[8 * at + 6] == x // word
        assert results[8 * at + 7] % 2**64 == x % word
        assert list(flags[at, 7:]) == [x < y, x == y, x == 0]
    assert CASES // 2 < fitting < CASES


def test_move__drawn__as_integers() -> None:
    a, b = drawn(4), drawn(5)
    left, right = np.zeros((CASES, 4), np.uint64), np.zeros((CASES, 4), np.uint64)
    moved = packed(b)
    move(packed(a), moved, left, right)
    assert unpacked(left) == [(x << y % 64) & MOST for x, y in zip(a, b, strict=True)]
    assert unpacked(right) == [x >> y % 64 for x, y in zip(a, b, strict=True)]
    assert [int(row[1]) for row in moved] == [64 - (x % 2**64).bit_length() for x in a]


@pytest.mark.parametrize(
    "in_python, expected",
    [
        (add, lambda x, y: (x + y) & MOST),
        (subtract, lambda x, y: (x - y) & MOST),
        (product, lambda x, y: x * y),
    ],
)
def test_primitive__called_from_python__as_integers(
    in_python: Callable[[Words, Words], Words], expected: Callable[[int, int], int]
) -> None:
    for x, y in zip(drawn(6)[:50], drawn(7)[:50], strict=True):
        assert from_words(in_python(to_words(x, 4), to_words(y, 4))) == expected(x, y)


def test_packed__round_trip__same() -> None:
    values = [0, 1, 2**64, MOST]
    assert unpacked(packed(values)) == values
    assert from_words(low(to_words(2**300 + 7, 8))) == 7


@pytest.mark.parametrize("value", [-1, 2**256])
def test_packed__more_than_256_bits__refused(value: int) -> None:
    with pytest.raises(OverflowError):
        packed([value])
    with pytest.raises(OverflowError):
        words4(value)
