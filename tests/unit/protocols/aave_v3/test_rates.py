"""Interest over time and the curve with its kink, in exact figures."""

from dataclasses import replace

import pytest

from trimtab.core.abi import UINT256_MAX
from trimtab.core.quantise import SECONDS_PER_YEAR, Bps, Ray
from trimtab.protocols.aave_v3 import RateStrategy
from trimtab.protocols.aave_v3.model.rates import (
    Liquidity,
    Rates,
    compounded_interest,
    interest_rates,
    linear_interest,
    usage_ratio,
)
from trimtab.protocols.shared.reverts import RevertError

PERCENT = 10**25
RAY = 10**27
CURVE = RateStrategy(
    optimal_usage_ratio=Ray(80 * PERCENT),
    base_variable_borrow_rate=Ray(1 * PERCENT),
    variable_rate_slope_1=Ray(4 * PERCENT),
    variable_rate_slope_2=Ray(75 * PERCENT),
    base_stable_borrow_rate=Ray(5 * PERCENT),
    stable_rate_slope_1=Ray(2 * PERCENT),
    stable_rate_slope_2=Ray(60 * PERCENT),
)


def rates(debt: int, lying: int, factor: int = 1_000) -> Rates:
    return interest_rates(CURVE, debt, Liquidity(lying), Bps(factor))


@pytest.mark.parametrize(
    "debt, lying, liquidity, stable, variable",
    [
        (0, 100, 0, 5 * PERCENT, 1 * PERCENT),
        (40, 60, 108 * PERCENT // 100, 6 * PERCENT, 3 * PERCENT),
        (80, 20, 36 * PERCENT // 10, 7 * PERCENT, 5 * PERCENT),
        (90, 10, 34425 * PERCENT // 1000, 37 * PERCENT, 425 * PERCENT // 10),
        (100, 0, 72 * PERCENT, 67 * PERCENT, 80 * PERCENT),
    ],
)
def test_interest_rates__along_the_curve__exact(
    debt: int, lying: int, liquidity: int, stable: int, variable: int
) -> None:
    unit = 10**18
    expected = Rates(Ray(liquidity), Ray(stable), Ray(variable))
    assert rates(debt * unit, lying * unit) == expected


def test_interest_rates__either_side_of_the_kink__the_slope_changes() -> None:
    total = 10**27
    at = 8 * total // 10
    before, kink, after = (rates(at + by, total - at - by) for by in (-1000, 0, 1000))
    assert kink.variable_borrow == 5 * PERCENT
    assert kink.variable_borrow - before.variable_borrow == 1000 * 4 // 80
    assert after.variable_borrow - kink.variable_borrow == 1000 * 75 // 20
    assert kink.stable_borrow - before.stable_borrow == 1000 * 2 // 80
    assert after.stable_borrow - kink.stable_borrow == 1000 * 60 // 20


def test_interest_rates__exactly_at_the_kink__still_the_first_slope() -> None:
    # Two roundings of the first slope; the second slope's side would give it whole.
    odd = replace(CURVE, optimal_usage_ratio=Ray(RAY // 5), variable_rate_slope_1=Ray(3))
    found = interest_rates(odd, 1, Liquidity(4), Bps(0))
    assert found.variable_borrow == 1 * PERCENT + 5


def test_interest_rates__no_second_slope__all_can_be_borrowed() -> None:
    flat = replace(CURVE, optimal_usage_ratio=Ray(RAY))
    assert interest_rates(flat, 100, Liquidity(0), Bps(0)).variable_borrow == 5 * PERCENT


def test_interest_rates__tiny_debt__mean_rate_loses_digits() -> None:
    # One base unit weighs 10**9 in the mean, so of the rate 0.02666... nine decimals are left.
    found = rates(1, 2, factor=0)
    assert found.variable_borrow == 26666666666666666666666666
    assert found.liquidity == 8888889 * 10**18
    assert rates(10**18, 2 * 10**18, factor=0).liquidity == 8888888888888888888888889


def test_interest_rates__reserve_factor_of_all__suppliers_earn_nothing() -> None:
    assert rates(50, 50, factor=10_000).liquidity == 0


def test_usage_ratio__added_and_taken__counted() -> None:
    assert usage_ratio(50, Liquidity(20, added=40, taken=10)) == RAY // 2
    assert usage_ratio(1, Liquidity(5)) == 166666666666666666666666667
    assert usage_ratio(1, Liquidity(2)) == 333333333333333333333333333


def test_usage_ratio__no_debt__nothing_is_computed() -> None:
    assert usage_ratio(0, Liquidity(1, taken=2)) == 0


@pytest.mark.parametrize(
    "liquidity",
    [Liquidity(1, taken=2), Liquidity(1, added=UINT256_MAX), Liquidity(UINT256_MAX)],
)
def test_usage_ratio__out_of_range__panics(liquidity: Liquidity) -> None:
    with pytest.raises(RevertError) as refused:
        usage_ratio(1, liquidity)
    assert refused.value.outcome.data[-1] == 0x11


@pytest.mark.parametrize(
    "rate, seconds, expected",
    [
        (5 * PERCENT, 0, RAY),
        (5 * PERCENT, SECONDS_PER_YEAR, RAY + 5 * PERCENT),
        (1, SECONDS_PER_YEAR - 1, RAY),
        (1, SECONDS_PER_YEAR, RAY + 1),
        (3 * PERCENT, 12, RAY + 3 * PERCENT * 12 // SECONDS_PER_YEAR),
    ],
)
def test_linear_interest__exact(rate: int, seconds: int, expected: int) -> None:
    assert linear_interest(Ray(rate), seconds) == expected


@pytest.mark.parametrize(
    "seconds, expected",
    [
        (0, RAY),
        (1, 1000000003170979198376458650),
        (2, 1000000006341958406808026376),
        (3, 1000000009512937625294703210),
        (12, 1000000038051751044154709641),
        (SECONDS_PER_YEAR, 1105162042821782412575504000),
    ],
)
def test_compounded_interest__ten_percent__exact(seconds: int, expected: int) -> None:
    assert compounded_interest(Ray(10 * PERCENT), seconds) == expected


@pytest.mark.parametrize("debt, lying, rounded", [(90, 10, 1), (85, 15, 0)])
def test_interest_rates__part_of_a_unit_beyond_the_kink__half_up(
    debt: int, lying: int, rounded: int
) -> None:
    curve = replace(CURVE, variable_rate_slope_2=Ray(1))  # of which a half, or a quarter
    found = interest_rates(curve, debt, Liquidity(lying), Bps(0))
    assert found.variable_borrow == 5 * PERCENT + rounded


@pytest.mark.parametrize(
    "rate, power_two, power_three",
    [
        # The square, in units of a year squared, is short of a whole one by less than a half ...
        (31535999999999999999999993, 1_000_000_000, 1),
        # ... and by more than a half.
        (31535999999999999999999985, 999_999_999, 1),
        # The cube is short of a whole one by less than a half, and by more.
        (179692733971616191446643991, 32_467_422_977, 185),
        (501518890080741161677915656, 252_907_307_198, 4_021),
    ],
)
def test_compounded_interest__powers_close_to_a_whole_unit__half_up_before_the_division(
    rate: int, power_two: int, power_three: int
) -> None:
    seconds = 1_000
    second = seconds * 999 // 2 * power_two
    third = seconds * 999 * 998 // 6 * power_three
    linear = RAY + rate * seconds // SECONDS_PER_YEAR
    assert compounded_interest(Ray(rate), seconds) == linear + second + third
