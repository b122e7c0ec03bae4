"""Powers of a weighted pool's quotes in compiled code; `model.powers` is their meaning.

A swap moves a balance by 30 % at most, so that bases lie between 1 / 1.3 and 1 / 0.7, and weights
are 1 % or more, so that exponents are below 100: no logarithm is above 0.36, no exponent of e above
36, and nothing is refused. Within these bounds every number fits the words that it has here.
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
    subtract,
    to_words,
)
from trimtab.protocols.balancer.maths.divisions import (
    ByPair,
    by_pair,
    by_word,
    four_by_pair,
    three_by_pair,
    two_by_word,
    up,
)
from trimtab.protocols.balancer.model.checked import ONE as UNIT_OF_MODEL
from trimtab.protocols.balancer.model.powers import (
    DIVISORS,
    DIVISORS_NEAR_ONE,
    MAX_RELATIVE_ERROR,
    NEAR_ONE_LOWER,
    NEAR_ONE_UPPER,
    ONE_20,
    ONE_36,
    STEPS,
    TERMS_OF_EXPONENTIAL,
)
from trimtab.protocols.shared.limbs import divide
from trimtab.protocols.shared.reciprocals import (
    divide_3by2,
    divide_pair,
    reciprocal,
    reciprocal_of_pair,
)

U64 = np.uint64
Z = U64(0)
ONE = U64(1)
TWO = U64(2)
FOUR = U64(4)
HUNDRED = U64(100)
UNIT = U64(UNIT_OF_MODEL)
NEAR_LOWER, NEAR_UPPER = U64(NEAR_ONE_LOWER), U64(NEAR_ONE_UPPER)
E20, E36 = to_words(ONE_20, 2), to_words(ONE_36, 2)

BY_HUNDRED, BY_UNIT = by_word(100), by_word(UNIT_OF_MODEL)
BY_MARGIN = by_word(UNIT_OF_MODEL // MAX_RELATIVE_ERROR)
BY_E20, BY_E22, BY_E36 = by_pair(ONE_20), by_pair(100 * ONE_20), by_pair(ONE_36)
BY_ODD = tuple(by_word(divisor) for divisor in DIVISORS_NEAR_ONE)
ODD = tuple(U64(divisor) for divisor in DIVISORS)
LAST_TERM = TERMS_OF_EXPONENTIAL + 1

(X2, A2), (X3, A3), (X4, A4), (X5, A5), (X6, A6), (X7, A7), (X8, A8), (X9, A9), *_LAST = (
    (to_words(step, 2), to_words(value, 2)) for step, value in STEPS
)
(X10, A10), (X11, A11) = _LAST
BY_A9, BY_A10, BY_A11 = (by_pair(value) for _, value in STEPS[-3:])


# --------------------------------------------------------------------------------- logarithms


@inlined
def _by_word(value: Words, divisor: np.uint64) -> Words:
    """Three words by one, of which the quotient fits two."""
    bits = leading_zeros(divisor)
    d = divisor << bits
    inverse = reciprocal(d)
    a = shift_left(value, bits)
    q1, rest = divide_pair(a[2], a[1], d, inverse)
    q0, rest = divide_pair(rest, a[0], d, inverse)
    return (q0, q1)


@inlined
def _log_near_one(base: np.uint64) -> Words:
    """The size of the logarithm with 36 decimals, of a base between 0.9 and 1.1."""
    gap = UNIT - base if base < UNIT else base - UNIT
    z = _by_word(product((gap,), E36), base + UNIT)
    square = four_by_pair(product(z, z), BY_E36)
    term = z
    total = z
    for by in BY_ODD:
        term = four_by_pair(product(term, square), BY_E36)
        part, _ = two_by_word(term, by)
        total = add(total, part)
    return add(total, total)


@inlined
def _shrunk(a: Words, total: Words, step: Words, value: Words, by: ByPair) -> tuple[Words, Words]:
    """One step of the logarithm, if the number is that great."""
    if less(a, value):
        return a, total
    return four_by_pair(product(a, E20), by), add(total, step)


@inlined
def _log(base: np.uint64) -> np.uint64:
    """The size of the logarithm with 18 decimals, of a base further from one."""
    inverted = _by_word((E36[0], E36[1], Z), base)[0] if base < UNIT else base
    a: Words = product((inverted,), (HUNDRED,))
    total: Words = (Z, Z)
    a, total = _shrunk(a, total, X9, A9, BY_A9)
    a, total = _shrunk(a, total, X10, A10, BY_A10)
    a, total = _shrunk(a, total, X11, A11, BY_A11)
    gap = subtract(a, E20)
    above = add(a, E20)
    bits = leading_zeros(above[1])
    d = shift_left(above, bits)
    n = shift_left(product((gap[0],), E20), bits)
    z = divide_3by2(n[2], n[1], n[0], d[1], d[0], reciprocal_of_pair(d[1], d[0]))
    squared = product((z,), (z,))
    square = three_by_pair((squared[0], squared[1], Z), BY_E20)
    term = z
    series = z
    for divisor in ODD:
        here = product((term,), (square,))
        term = three_by_pair((here[0], here[1], Z), BY_E20)
        series += term // divisor
    found, _ = two_by_word(add(total, (TWO * series, Z)), BY_HUNDRED)
    return found[0]


@inlined
def _exponent(base: np.uint64, y: Words) -> Words:
    """The size of `y` times the logarithm of the base, with 18 decimals."""
    if NEAR_LOWER < base < NEAR_UPPER:
        whole, rest = two_by_word(_log_near_one(base), BY_UNIT)
        small = product((rest,), y)
        part, _ = two_by_word((small[0], small[1]), BY_UNIT)
        total = add(product((whole[0],), y), part)
    else:
        total = product((_log(base),), y)
    found, _ = two_by_word((total[0], total[1]), BY_UNIT)
    return found


# -------------------------------------------------------------------------------- exponential


@inlined
def _grown(x: Words, so_far: Words, step: Words, value: Words) -> tuple[Words, Words]:
    """One step of the exponential, if what is left is that great."""
    if less(x, step):
        return x, so_far
    return subtract(x, step), four_by_pair(product(so_far, value), BY_E20)


@inlined
def _exponential(size: Words) -> Words:
    """The exponential of a positive number, with 18 decimals."""
    moved = product(size, (HUNDRED,))
    x: Words = (moved[0], moved[1])
    so_far: Words = E20
    x, so_far = _grown(x, so_far, X2, A2)
    x, so_far = _grown(x, so_far, X3, A3)
    x, so_far = _grown(x, so_far, X4, A4)
    x, so_far = _grown(x, so_far, X5, A5)
    x, so_far = _grown(x, so_far, X6, A6)
    x, so_far = _grown(x, so_far, X7, A7)
    x, so_far = _grown(x, so_far, X8, A8)
    x, so_far = _grown(x, so_far, X9, A9)
    term = four_by_pair(product(x, x), BY_E20)[0] // TWO
    total = add(add(E20, x), (term, Z))
    for divisor in range(3, LAST_TERM):
        term = three_by_pair(product((term,), x), BY_E20) // U64(divisor)
        total = add(total, (term, Z))
    return four_by_pair(product(so_far, total), BY_E22)


@inlined
def _computed_up(base: np.uint64, y: Words) -> Words:
    """The power with its margin."""
    raw = _exponential(_exponent(base, y))
    if base < UNIT:
        inverse, _, _ = divide((E36[0], E36[1], Z, Z), (raw[0], raw[1], Z, Z))
        raw = (inverse[0], inverse[1])
    quotient, rest = two_by_word(raw, BY_MARGIN)
    return add(add(raw, up(quotient, rest)), (ONE, Z))


@inlined
def _mul_up(a: np.uint64, b: np.uint64) -> np.uint64:
    """The product of two numbers times 10**18, where it fits a word."""
    quotient, rest = two_by_word(product((a,), (b,)), BY_UNIT)
    return up(quotient, rest)[0]


@routine
def power_up(base: np.uint64, y: Words, shortcut: np.uint64) -> Words:
    """`power_up` of the model; `shortcut` is an exponent that is left exact, or 0."""
    if shortcut == ONE:
        return (base, Z)
    if shortcut == TWO:
        return (_mul_up(base, base), Z)
    if shortcut == FOUR:
        square = _mul_up(base, base)
        return (_mul_up(square, square), Z)
    return _computed_up(base, y)
