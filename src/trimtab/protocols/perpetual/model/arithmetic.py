"""Integers as the contracts divide, scale and cast them.

Source: PerpMath.sol, PerpSafeCast.sol, SettlementTokenMath.sol, FullMath.sol, SafeMath.sol.
"""

from trimtab.core.abi import UINT256_MAX
from trimtab.protocols.shared.reverts import NO_DATA, RevertError, refuse
from trimtab.protocols.shared.ticks import Q96

MILLION = 10**6
WAD = 10**18
INT256_MAX = 2**255 - 1


def full_mul_div(a: int, b: int, denominator: int) -> int:
    """`a * b / denominator`, rounded down, of numbers that are not negative."""
    if denominator == 0 or a * b // denominator > UINT256_MAX:
        raise RevertError(NO_DATA)
    return a * b // denominator


def full_mul_div_up(a: int, b: int, denominator: int) -> int:
    """`a * b / denominator`, rounded up, of numbers that are not negative."""
    if denominator == 0 or -(-a * b // denominator) > UINT256_MAX:
        raise RevertError(NO_DATA)
    return -(-a * b // denominator)


def mul_div(a: int, b: int, denominator: int) -> int:
    """`a * b / denominator`, rounded towards zero."""
    size = to_int256(full_mul_div(abs(a), abs(b), denominator))
    return -size if (a < 0) != (b < 0) else size


def div_to_zero(a: int, b: int) -> int:
    """The quotient by a positive number, rounded towards zero."""
    return -(-a // b) if a < 0 else a // b


def to_int256(value: int) -> int:
    """The value, if it fits."""
    if value > INT256_MAX:
        raise refuse("SafeCast: value doesn't fit in an int256")
    return value


def to_uint256(value: int) -> int:
    """The value, if it is not negative."""
    if value < 0:
        raise refuse("SafeCast: value must be positive")
    return value


def to_uint(value: int, bits: int) -> int:
    """The value, if it fits into so many bits."""
    if value >> bits:
        raise refuse(f"SafeCast: value doesn't fit in {bits} bits")
    return value


def multiplied(a: int, b: int) -> int:
    """The product, if it fits."""
    if a * b > UINT256_MAX:
        raise refuse("SafeMath: multiplication overflow")
    return a * b


def added(a: int, b: int) -> int:
    """The sum, if it fits."""
    if a + b > UINT256_MAX:
        raise refuse("SafeMath: addition overflow")
    return a + b


def subtracted(a: int, b: int) -> int:
    """The difference, if it is not negative."""
    if b > a:
        raise refuse("SafeMath: subtraction overflow")
    return a - b


def ratio_of(value: int, ratio: int) -> int:
    """So many millionths of a value that is not negative, rounded down."""
    return full_mul_div(value, ratio, MILLION)


def in_settlement(value: int, unit: int) -> int:
    """Quote units as base units of the settlement token, rounded down; `unit` is of the market."""
    return value // unit


def price_x96(sqrt_price_x96: int) -> int:
    """A price times 2**96."""
    return full_mul_div(sqrt_price_x96, sqrt_price_x96, Q96)


def wad_of_x96(value: int) -> int:
    """A number times 2**96 as one times 10**18."""
    return full_mul_div(value, WAD, Q96)


def x96_of_wad(value: int) -> int:
    """A number times 10**18 as one times 2**96."""
    return full_mul_div(value, Q96, WAD)
