"""Fixed-point arithmetic under the contracts' names: half up, unless a name says floor or ceil.

A product above 256 bits, and a division by zero, revert without data.
Source: WadRayMath.sol, PercentageMath.sol and MathUtils.sol of Aave V3; floor and ceil came with
its later lines.
"""

from trimtab.core.abi import UINT256_MAX
from trimtab.core.quantise import Ray, Wad
from trimtab.protocols.shared.reverts import NO_DATA, RevertError
from trimtab.protocols.shared.rounding import div_up

RAY = Ray(10**27)
HALF_RAY = 5 * 10**26
WAD = Wad(10**18)
WAD_RAY_RATIO = 10**9
PERCENTAGE_FACTOR = 10**4
HALF_PERCENTAGE_FACTOR = 5 * 10**3


def ray_mul(a: int, b: int) -> int:
    """The product of two rays: a * b / 10**27, half up."""
    return _fits(a * b + HALF_RAY) // RAY


def ray_div(a: int, b: int) -> int:
    """The quotient of two rays: a * 10**27 / b, half up."""
    return _fits(a * RAY + b // 2) // _divisor(b)


def wad_div(a: int, b: int) -> int:
    """The quotient of two wads: a * 10**18 / b, half up."""
    return _fits(a * WAD + b // 2) // _divisor(b)


def percent_mul(value: int, percentage: int) -> int:
    """A share in basis points of a value: value * percentage / 10**4, half up."""
    return _fits(value * percentage + HALF_PERCENTAGE_FACTOR) // PERCENTAGE_FACTOR


def percent_div(value: int, percentage: int) -> int:
    """What the value is such a share of: value * 10**4 / percentage, half up."""
    return _fits(value * PERCENTAGE_FACTOR + percentage // 2) // _divisor(percentage)


def ray_mul_floor(a: int, b: int) -> int:
    """The product of two rays: a * b / 10**27, rounded down."""
    return _fits(a * b) // RAY


def ray_mul_ceil(a: int, b: int) -> int:
    """The product of two rays: a * b / 10**27, rounded up."""
    return div_up(_fits(a * b), RAY)


def ray_div_floor(a: int, b: int) -> int:
    """The quotient of two rays: a * 10**27 / b, rounded down."""
    return _fits(a * RAY) // _divisor(b)


def ray_div_ceil(a: int, b: int) -> int:
    """The quotient of two rays: a * 10**27 / b, rounded up."""
    return div_up(_fits(a * RAY), _divisor(b))


def percent_mul_ceil(value: int, percentage: int) -> int:
    """A share in basis points of a value: value * percentage / 10**4, rounded up."""
    return div_up(_fits(value * percentage), PERCENTAGE_FACTOR)


def percent_div_ceil(value: int, percentage: int) -> int:
    """What the value is such a share of: value * 10**4 / percentage, rounded up."""
    return div_up(_fits(value * PERCENTAGE_FACTOR), _divisor(percentage))


def mul_div_ceil(a: int, b: int, c: int) -> int:
    """`a * b / c`, rounded up."""
    return div_up(_fits(a * b), _divisor(c))


def wad_to_ray(a: int) -> int:
    """The same number in nine more decimals, exact."""
    return _fits(a * WAD_RAY_RATIO)


def _fits(value: int) -> int:
    if value > UINT256_MAX:
        raise RevertError(NO_DATA)
    return value


def _divisor(value: int) -> int:
    if value == 0:
        raise RevertError(NO_DATA)
    return value
