"""Integers as the contract computes them, with its names, roundings and reverts.

Sources: MathLib.sol, SharesMathLib.sol, UtilsLib.sol of Morpho Blue.
"""

from trimtab.core.abi import selector, word
from trimtab.core.states import Reverted
from trimtab.protocols.morpho.market import WAD
from trimtab.protocols.shared.reverts import ARITHMETIC_PANIC, RevertError, checked, refuse

VIRTUAL_SHARES = 10**6
VIRTUAL_ASSETS = 1
ORACLE_PRICE_SCALE = 10**36
DIVISION_PANIC = Reverted(selector("Panic(uint256)") + word(0x12))


def mul_div_down(x: int, y: int, denominator: int) -> int:
    """`x * y / denominator`, rounded down."""
    return _divided(checked(x * y), denominator)


def mul_div_up(x: int, y: int, denominator: int) -> int:
    """`x * y / denominator`, rounded up."""
    return _divided(checked(checked(x * y) + checked(denominator - 1)), denominator)


def w_mul_down(x: int, y: int) -> int:
    """The product of numbers times 10**18, rounded down."""
    return mul_div_down(x, y, WAD)


def w_div_down(x: int, y: int) -> int:
    """The quotient of numbers times 10**18, rounded down."""
    return mul_div_down(x, WAD, y)


def w_div_up(x: int, y: int) -> int:
    """The quotient of numbers times 10**18, rounded up."""
    return mul_div_up(x, WAD, y)


def to_shares_down(assets: int, total_assets: int, total_shares: int) -> int:
    """What assets are in shares, rounded down; the virtual ones are there from the beginning."""
    return mul_div_down(assets, total_shares + VIRTUAL_SHARES, total_assets + VIRTUAL_ASSETS)


def to_shares_up(assets: int, total_assets: int, total_shares: int) -> int:
    """What assets are in shares, rounded up."""
    return mul_div_up(assets, total_shares + VIRTUAL_SHARES, total_assets + VIRTUAL_ASSETS)


def to_assets_down(shares: int, total_assets: int, total_shares: int) -> int:
    """What shares are in assets, rounded down."""
    return mul_div_down(shares, total_assets + VIRTUAL_ASSETS, total_shares + VIRTUAL_SHARES)


def to_assets_up(shares: int, total_assets: int, total_shares: int) -> int:
    """What shares are in assets, rounded up."""
    return mul_div_up(shares, total_assets + VIRTUAL_ASSETS, total_shares + VIRTUAL_SHARES)


def w_taylor_compounded(rate: int, seconds: int) -> int:
    """e**(rate * seconds) - 1 by its first three terms, each rounded down."""
    first = checked(rate * seconds)
    second = mul_div_down(first, first, 2 * WAD)
    third = mul_div_down(second, first, 3 * WAD)
    return checked(checked(first + second) + third)


def to_uint128(value: int) -> int:
    """The value, if it fits into 128 bits."""
    if value >> 128:
        raise refuse("max uint128 exceeded")
    return value


def added(total: int, change: int) -> int:
    """The sum of two numbers of 128 bits: a panic where it does not fit."""
    return _within_128_bits(total + to_uint128(change))


def subtracted(total: int, change: int) -> int:
    """The difference of two numbers of 128 bits: a panic below nothing."""
    return _within_128_bits(total - to_uint128(change))


def zero_floor_sub(total: int, change: int) -> int:
    """The difference, or nothing where it would be less."""
    return max(total - change, 0)


def _within_128_bits(value: int) -> int:
    if value < 0 or value >> 128:
        raise RevertError(ARITHMETIC_PANIC)
    return value


def _divided(numerator: int, denominator: int) -> int:
    if denominator == 0:
        raise RevertError(DIVISION_PANIC)
    return numerator // denominator
