"""Interest over time, and the rates at the kink and beside it."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.protocols.aave_v36.lending import NOW, RAY, RESERVES, YEAR, reserve_state
from trimtab.core.quantise import Bps, Ray, Timestamp
from trimtab.core.states import Reverted
from trimtab.protocols.aave_v36 import normalised_debt, normalised_income
from trimtab.protocols.aave_v36.market import RateCurve
from trimtab.protocols.aave_v36.model.rates import (
    compounded_interest,
    interest_rates,
    linear_interest,
    usage_ratio,
)
from trimtab.protocols.aave_v36.model.reserve import update_state, with_rates
from trimtab.protocols.shared.reverts import ARITHMETIC_PANIC, RevertError

TENTH = Ray(RAY // 10)
PERCENT = 10**25


def test_linear_interest__a_year__the_rate() -> None:
    assert linear_interest(TENTH, YEAR) == RAY + TENTH
    assert linear_interest(Ray(1), YEAR - 1) == RAY


def test_compounded_interest__a_year__the_series_to_its_third_power() -> None:
    assert compounded_interest(TENTH, 0) == RAY
    third = 10**27 * (1 + Fraction(1, 10) + Fraction(1, 200) + Fraction(1, 6000))
    assert compounded_interest(TENTH, YEAR) == math.ceil(third)


@given(st.integers(0, 10 * RAY), st.integers(0, 10 * YEAR))
def test_compounded_interest__any_rate_and_time__between_linear_and_exponential(
    rate: int, seconds: int
) -> None:
    grown = compounded_interest(Ray(rate), seconds)
    assert grown >= linear_interest(Ray(rate), seconds)
    year = Fraction(rate, RAY) * Fraction(seconds, YEAR)
    assert grown <= RAY * (1 + year + year**2 / 2 + year**3 / 6) + 3 * RAY


def test_usage_ratio__no_debt__nothing_whatever_is_there() -> None:
    assert usage_ratio(0, 0) == 0
    assert usage_ratio(1, 0) == RAY
    assert usage_ratio(1, 2) == RAY // 3


@pytest.mark.parametrize(
    "debt, available, borrow_percent", [(0, 100, 1), (40, 60, 3), (80, 20, 5), (90, 10, 35)]
)
def test_interest_rates__along_the_curve__base_slope_and_slope(
    debt: int, available: int, borrow_percent: int
) -> None:
    reserve = reserve_state(RESERVES[0], virtual_balance=available)
    liquidity, borrow = interest_rates(reserve, debt)
    assert borrow == borrow_percent * PERCENT
    assert liquidity == borrow_percent * PERCENT * debt * 9 // 1000


def test_interest_rates__deficit__lowers_what_suppliers_earn_alone() -> None:
    plain = reserve_state(RESERVES[0], virtual_balance=60)
    short = reserve_state(RESERVES[0], virtual_balance=60, deficit=100)
    (earned, owed), (less, same) = interest_rates(plain, 40), interest_rates(short, 40)
    assert (owed, earned) == (same, 2 * less)


def test_interest_rates__more_taken_than_there_is__panics() -> None:
    with pytest.raises(RevertError) as told:
        interest_rates(reserve_state(RESERVES[0], virtual_balance=5), 1, taken=6)
    assert told.value.outcome == ARITHMETIC_PANIC


def test_interest_rates__kink_at_the_last_hundredth__no_division_by_zero() -> None:
    curve = RateCurve(Bps(9_900), Bps(0), Bps(100), Bps(200))
    reserve = reserve_state(RESERVES[0], virtual_balance=0, curve=curve)
    assert interest_rates(reserve, 1)[1] == 3 * PERCENT


def test_with_rates__what_no_balance_can_hold__reverts_as_the_contract() -> None:
    reserve = reserve_state(RESERVES[0], virtual_balance=1, scaled_variable_debt=0)
    for taken, outcome in ((2, ARITHMETIC_PANIC), (2**128, None)):
        with pytest.raises(RevertError) as told:
            with_rates(reserve, taken=taken)
        assert outcome in (None, told.value.outcome)
        assert isinstance(told.value.outcome, Reverted)
    with pytest.raises(RevertError) as told:
        with_rates(reserve, added=2**128 - 1)
    assert told.value.outcome == ARITHMETIC_PANIC


def test_update_state__a_year__indices_and_the_treasury_s_share() -> None:
    reserve = reserve_state(
        RESERVES[0],
        liquidity_rate=Ray(RAY // 20),
        variable_borrow_rate=TENTH,
        scaled_supply=10**12,
        scaled_variable_debt=10**12,
    )
    later = Timestamp(NOW + YEAR)
    updated = update_state(reserve, later)
    assert updated.liquidity_index == normalised_income(reserve, later) == RAY * 21 // 20
    assert updated.variable_borrow_index == normalised_debt(reserve, later)
    interest = 10**12 * (updated.variable_borrow_index - RAY) // RAY
    share = (interest * 1_000 + 5_000) // 10_000
    assert updated.accrued_to_treasury == share * 20 // 21
    assert updated.latest_accrual == updated.accrued_to_treasury
    assert update_state(updated, later) is updated


def test_update_state__nothing_owed__debt_index_stays() -> None:
    reserve = reserve_state(RESERVES[0], variable_borrow_rate=TENTH, scaled_variable_debt=0)
    updated = update_state(reserve, Timestamp(NOW + YEAR))
    assert (updated.variable_borrow_index, updated.accrued_to_treasury) == (RAY, 0)
