"""Interest: how it accumulates over time, and the rates that follow from utilisation.

Source: MathUtils.sol and DefaultReserveInterestRateStrategy.sol of Aave V3.
"""

from dataclasses import dataclass

from trimtab.core.quantise import SECONDS_PER_YEAR, Bps, Ray
from trimtab.protocols.aave_v3.market import RateStrategy
from trimtab.protocols.shared.aave.wad_ray import (
    PERCENTAGE_FACTOR,
    RAY,
    percent_mul,
    ray_div,
    ray_mul,
    wad_to_ray,
)
from trimtab.protocols.shared.reverts import checked


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates per year: what suppliers earn, and what borrowers of either kind owe."""

    liquidity: Ray
    stable_borrow: Ray
    variable_borrow: Ray


@dataclass(frozen=True, slots=True)
class Liquidity:
    """Base units of the asset: what lies in the aToken, and what the action adds or takes."""

    balance: int
    added: int = 0
    taken: int = 0


def linear_interest(rate: Ray, seconds: int) -> Ray:
    """The factor that simple interest grows a supply by, rounded down."""
    return Ray(RAY + rate * seconds // SECONDS_PER_YEAR)


def compounded_interest(rate: Ray, seconds: int) -> Ray:
    """The factor that a debt grows by: the binomial series to its third power.

    The powers of the rate per second are cut first, half up and then down; the first term is
    rounded down. Dividing by 2 and by 6 is exact: so many consecutive integers are multiplied.
    """
    if seconds == 0:
        return RAY
    less_one = seconds - 1
    less_two = max(seconds - 2, 0)
    power_two = ray_mul(rate, rate) // SECONDS_PER_YEAR**2
    power_three = ray_mul(power_two, rate) // SECONDS_PER_YEAR
    second_term = seconds * less_one * power_two // 2
    third_term = seconds * less_one * less_two * power_three // 6
    return Ray(RAY + rate * seconds // SECONDS_PER_YEAR + second_term + third_term)


def usage_ratio(total_debt: int, liquidity: Liquidity) -> Ray:
    """Debt over debt and liquidity, half up; 0 without debt, whatever the liquidity is."""
    if total_debt == 0:
        return Ray(0)
    available = checked(checked(liquidity.balance + liquidity.added) - liquidity.taken)
    return Ray(ray_div(total_debt, checked(available + total_debt)))


def interest_rates(
    strategy: RateStrategy, total_debt: int, liquidity: Liquidity, reserve_factor: Bps
) -> Rates:
    """The rates of a reserve without stable debt and without unbacked aTokens."""
    usage = usage_ratio(total_debt, liquidity)
    if usage > strategy.optimal_usage_ratio:
        excess = ray_div(usage - strategy.optimal_usage_ratio, RAY - strategy.optimal_usage_ratio)
        stable = strategy.stable_rate_slope_1 + ray_mul(strategy.stable_rate_slope_2, excess)
        variable = strategy.variable_rate_slope_1 + ray_mul(strategy.variable_rate_slope_2, excess)
    else:
        optimal = strategy.optimal_usage_ratio
        stable = ray_div(ray_mul(strategy.stable_rate_slope_1, usage), optimal)
        variable = ray_div(ray_mul(strategy.variable_rate_slope_1, usage), optimal)
    variable_borrow = strategy.base_variable_borrow_rate + variable
    overall = _overall_borrow_rate(total_debt, variable_borrow)
    kept = PERCENTAGE_FACTOR - reserve_factor
    return Rates(
        liquidity=Ray(percent_mul(ray_mul(overall, usage), kept)),
        stable_borrow=Ray(strategy.base_stable_borrow_rate + stable),
        variable_borrow=Ray(variable_borrow),
    )


def _overall_borrow_rate(total_debt: int, variable_borrow_rate: int) -> int:
    """The mean rate over all debt: the variable rate but for two roundings of a small debt."""
    if total_debt == 0:
        return 0
    weighted = ray_mul(wad_to_ray(total_debt), variable_borrow_rate)
    return ray_div(weighted, wad_to_ray(total_debt))
