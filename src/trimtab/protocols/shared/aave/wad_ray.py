"""Fixed-point arithmetic under the contracts' names: every division here rounds half up.

A product above 256 bits, and a division by zero, revert without data.
Source: WadRayMath.sol and PercentageMath.sol of Aave V3.
"""

from trimtab.core.abi import UINT256_MAX
from trimtab.core.quantise import Ray, Wad
from trimtab.protocols.shared.reverts import NO_DATA, RevertError

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
