"""Interest: how it accumulates over time, and the rates that follow from utilisation.

Source: MathUtils.sol and DefaultReserveInterestRateStrategyV2.sol of Aave V3.6.
"""

from trimtab.core.quantise import SECONDS_PER_YEAR, Ray
from trimtab.protocols.aave_v36.market import ReserveState
from trimtab.protocols.shared.aave.wad_ray import (
    PERCENTAGE_FACTOR,
    RAY,
    percent_mul,
    ray_div,
    ray_mul,
)
from trimtab.protocols.shared.reverts import checked

_RAY_PER_BPS = RAY // PERCENTAGE_FACTOR


def linear_interest(rate: Ray, seconds: int) -> Ray:
    """The factor that simple interest grows a supply by, rounded down."""
    return Ray(RAY + rate * seconds // SECONDS_PER_YEAR)


def compounded_interest(rate: Ray, seconds: int) -> Ray:
    """The factor that a debt grows by: the series of the exponential to its third power."""
    grown = rate * seconds // SECONDS_PER_YEAR
    return Ray(RAY + grown + ray_mul(grown, grown // 2 + ray_mul(grown, grown // 6)))


def usage_ratio(total_debt: int, available: int) -> Ray:
    """Debt over debt and what is available, half up; 0 without debt."""
    return Ray(ray_div(total_debt, checked(available + total_debt)) if total_debt else 0)


def interest_rates(
    reserve: ReserveState, total_debt: int, added: int = 0, taken: int = 0
) -> tuple[Ray, Ray]:
    """What suppliers earn and borrowers owe per year, once so much was added and taken.

    Without debt nobody earns anything, and the deficit counts for suppliers alone.
    """
    curve = reserve.curve
    optimal = curve.optimal_usage_ratio * _RAY_PER_BPS
    slope_1 = curve.variable_rate_slope_1 * _RAY_PER_BPS
    borrow_rate = curve.base_variable_borrow_rate * _RAY_PER_BPS
    if total_debt == 0:
        return Ray(0), Ray(borrow_rate)
    available = checked(checked(reserve.virtual_balance + added) - taken)
    usage = usage_ratio(total_debt, available)
    supply_usage = usage_ratio(total_debt, available + reserve.deficit)
    if usage > optimal:
        excess = ray_div(usage - optimal, RAY - optimal)
        borrow_rate += slope_1 + ray_mul(curve.variable_rate_slope_2 * _RAY_PER_BPS, excess)
    else:
        borrow_rate += ray_div(ray_mul(slope_1, usage), optimal)
    kept = PERCENTAGE_FACTOR - reserve.configuration.reserve_factor
    return Ray(percent_mul(ray_mul(borrow_rate, supply_usage), kept)), Ray(borrow_rate)
