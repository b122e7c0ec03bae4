"""Logarithm, exponential and powers of numbers times 10**18.

Source: LogExpMath.sol, FixedPoint.sol. These are approximations: what they round, and where, is
part of every price. They round towards zero on both sides of it, so signs are kept apart here and
all divisions are of positive numbers. Nothing overflows within the bounds that `power` checks.
"""

from trimtab.protocols.balancer.model.checked import ONE, Code, add, mul_up, require

ONE_20 = 10**20
ONE_36 = 10**36

LARGEST_EXPONENT = 130 * ONE
"""Of e, for a base above one."""
LARGEST_NEGATIVE_EXPONENT = 41 * ONE
LARGEST_POWER = 2**254 // ONE_20
"""Exponents from here on are refused."""

NEAR_ONE_LOWER, NEAR_ONE_UPPER = ONE - 10**17, ONE + 10**17
"""Between these, both excluded, logarithms are taken with 36 decimals."""

# The first two steps are whole numbers, x with 18 decimals; x and e**x of the others have 20.
BIG_STEPS = (
    (128 * 10**18, 38877084059945950922200000000000000000000000000000000000),
    (64 * 10**18, 6235149080811616882910000000),
)
STEPS = (
    (32 * ONE_20, 7896296018268069516100000000000000),
    (16 * ONE_20, 888611052050787263676000000),
    (8 * ONE_20, 298095798704172827474000),
    (4 * ONE_20, 5459815003314423907810),
    (2 * ONE_20, 738905609893065022723),
    (1 * ONE_20, 271828182845904523536),
    (50 * ONE, 164872127070012814685),
    (25 * ONE, 128402541668774148407),
    (12_500_000_000_000_000_000, 113314845306682631683),
    (6_250_000_000_000_000_000, 106449445891785942956),
)
STEPS_OF_EXPONENTIAL = 8
"""How many of the steps the exponential takes; its series covers the rest."""
TERMS_OF_EXPONENTIAL = 12
DIVISORS = (3, 5, 7, 9, 11)
DIVISORS_NEAR_ONE = (3, 5, 7, 9, 11, 13, 15)

MAX_RELATIVE_ERROR = 10_000
"""Of a power, times 10**18: what is taken off, or put on, to be on the safe side."""


def exponential(x: int) -> int:
    """e**x of a number that is not negative, within the bounds that `power` checks."""
    whole = 1
    for step, value in BIG_STEPS:
        if x >= step:
            x, whole = x - step, value
            break
    x *= 100
    product = ONE_20
    for step, value in STEPS[:STEPS_OF_EXPONENTIAL]:
        if x >= step:
            x, product = x - step, product * value // ONE_20
    term = total = ONE_20
    for divisor in range(1, TERMS_OF_EXPONENTIAL + 1):
        term = term * x // ONE_20 // divisor
        total += term
    return product * total // ONE_20 * whole // 100


def logarithm(a: int) -> int:
    """The size of the natural logarithm of a positive number, with 18 decimals."""
    if a < ONE:
        a = ONE_36 // a
    total = 0
    for step, value in BIG_STEPS:
        if a >= value * ONE:
            a, total = a // value, total + step
    a, total = a * 100, total * 100
    for step, value in STEPS:
        if a >= value:
            a, total = a * ONE_20 // value, total + step
    z = (a - ONE_20) * ONE_20 // (a + ONE_20)
    return (total + _series(z, ONE_20, DIVISORS)) // 100


def logarithm_near_one(x: int) -> int:
    """The size of the natural logarithm, with 36 decimals."""
    x *= ONE
    z = abs(x - ONE_36) * ONE_36 // (x + ONE_36)
    return _series(z, ONE_36, DIVISORS_NEAR_ONE)


def _series(z: int, one: int, divisors: tuple[int, ...]) -> int:
    """Twice the series of the inverse hyperbolic tangent of z."""
    square = z * z // one
    term = total = z
    for divisor in divisors:
        term = term * square // one
        total += term // divisor
    return 2 * total


def power(x: int, y: int) -> int:
    """x**y as the contract approximates it. Raises Refusal where it is out of bounds."""
    if y == 0:
        return ONE
    if x == 0:
        return 0
    require(x >> 255 == 0, Code.X_OUT_OF_BOUNDS)
    require(y < LARGEST_POWER, Code.Y_OUT_OF_BOUNDS)
    if NEAR_ONE_LOWER < x < NEAR_ONE_UPPER:
        exponent = logarithm_near_one(x) * y // ONE_36
    else:
        exponent = logarithm(x) * y // ONE
    largest = LARGEST_NEGATIVE_EXPONENT if x < ONE else LARGEST_EXPONENT
    require(exponent <= largest, Code.PRODUCT_OUT_OF_BOUNDS)
    return ONE_36 // exponential(exponent) if x < ONE else exponential(exponent)


# ----------------------------------------------------------------------------- with a margin


def computed_power_up(x: int, y: int) -> int:
    """x**y, never below the true value: as pools of 2021 have it, for every exponent."""
    raw = power(x, y)
    return add(raw, _error_up(raw))


def power_up(x: int, y: int) -> int:
    """x**y, never below the true value; exact but for roundings where y is one, two or four."""
    if y == ONE:
        return x
    if y == 2 * ONE:
        return mul_up(x, x)
    if y == 4 * ONE:
        square = mul_up(x, x)
        return mul_up(square, square)
    return computed_power_up(x, y)


def power_down(x: int, y: int) -> int:
    """x**y, never above the true value, for an exponent below one."""
    raw = power(x, y)
    return max(raw - _error_up(raw), 0)


def _error_up(raw: int) -> int:
    return add(mul_up(raw, MAX_RELATIVE_ERROR), 1)
