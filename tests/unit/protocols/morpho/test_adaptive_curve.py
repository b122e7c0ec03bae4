"""The adaptive curve against its specification; there is no bytecode of it to hold it to."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.quantise import Wad
from trimtab.protocols.morpho.model.adaptive_curve import (
    ADJUSTMENT_SPEED,
    INITIAL_RATE_AT_TARGET,
    LN_2,
    LN_WEI,
    MAX_RATE_AT_TARGET,
    MIN_RATE_AT_TARGET,
    TARGET_UTILISATION,
    W_EXP_UPPER_BOUND,
    W_EXP_UPPER_VALUE,
    Rates,
    adapted,
    curve,
    distance_from_target,
    rates,
    w_exp,
)

WAD = 10**18
DAY = 86_400
YEAR = 365 * DAY
utilisations = st.integers(0, WAD).map(Wad)
targets = st.integers(MIN_RATE_AT_TARGET, MAX_RATE_AT_TARGET)
times = st.one_of(st.integers(0, DAY), st.integers(0, 4 * YEAR))


def test_constants__per_second__of_the_specification() -> None:
    assert ADJUSTMENT_SPEED == 1_585_489_599_188
    assert INITIAL_RATE_AT_TARGET == 1_268_391_679
    assert MIN_RATE_AT_TARGET == 31_709_791
    assert MAX_RATE_AT_TARGET == 63_419_583_967


def test_rates__market_not_seen_before__the_first_rate_however_long() -> None:
    assert rates(Wad(TARGET_UTILISATION), 0, YEAR) == Rates(
        Wad(INITIAL_RATE_AT_TARGET), INITIAL_RATE_AT_TARGET
    )


@pytest.mark.parametrize(
    "utilisation, distance, rate",
    [
        (0, -WAD, 317_097_919),  # a quarter of 1268391679, towards zero
        (45 * 10**16, -WAD // 2, 792_744_799),  # 1 - 3/8
        (TARGET_UTILISATION, 0, 1_268_391_679),
        (95 * 10**16, WAD // 2, 3_170_979_197),  # 1 + 3/2
        (WAD, WAD, 5_073_566_716),  # four times
    ],
)
def test_curve__worked_by_hand__at_five_points(utilisation: int, distance: int, rate: int) -> None:
    assert distance_from_target(Wad(utilisation)) == distance
    assert curve(INITIAL_RATE_AT_TARGET, distance) == rate
    assert rates(Wad(utilisation), INITIAL_RATE_AT_TARGET, 0).average == rate


def test_distance__just_off_the_target__towards_zero() -> None:
    assert distance_from_target(Wad(TARGET_UTILISATION - 1)) == -1
    assert distance_from_target(Wad(TARGET_UTILISATION + 1)) == 10
    assert distance_from_target(Wad(1)) == -(WAD - 2), "-(0.9 - 1e-18) / 0.9 is cut, not rounded"


def test_rates__fully_lent_for_five_days__worked_by_hand() -> None:
    """The speed is 50 a year, so that the rate at target about doubles in five days."""
    elapsed = 5 * DAY
    adaptation = 1_585_489_599_188 * elapsed
    assert adaptation == 684_931_506_849_216_000
    # 0.6849… is ln 2 less 0.0082…: twice the polynomial of that
    rest = adaptation - LN_2
    grown = 2 * (WAD + rest + rest * rest // WAD // 2)
    end = INITIAL_RATE_AT_TARGET * grown // WAD
    # half of it is below half of ln 2, and so its own polynomial
    half = adaptation // 2
    middle = INITIAL_RATE_AT_TARGET * (WAD + half + half * half // WAD // 2) // WAD
    average = (INITIAL_RATE_AT_TARGET + end + 2 * middle) // 4
    assert rates(Wad(WAD), INITIAL_RATE_AT_TARGET, elapsed) == Rates(Wad(4 * average), end)
    assert end == 2_516_027_586


def test_rates__long_at_either_end__within_bounds() -> None:
    assert rates(Wad(WAD), INITIAL_RATE_AT_TARGET, YEAR).at_target == MAX_RATE_AT_TARGET
    assert rates(Wad(0), INITIAL_RATE_AT_TARGET, YEAR).at_target == MIN_RATE_AT_TARGET


@given(utilisations, targets, times)
def test_rates__anything__between_their_bounds(utilisation: Wad, target: int, elapsed: int) -> None:
    found = rates(utilisation, target, elapsed)
    assert MIN_RATE_AT_TARGET <= found.at_target <= MAX_RATE_AT_TARGET
    assert MIN_RATE_AT_TARGET // 4 <= found.average <= 4 * MAX_RATE_AT_TARGET
    above = utilisation > TARGET_UTILISATION
    assert found.at_target >= target if above else found.at_target <= target


@given(utilisations, utilisations, targets)
def test_rates__at_one_moment__grow_with_utilisation(first: Wad, second: Wad, target: int) -> None:
    low, high = sorted((first, second))
    assert rates(low, target, 0).average <= rates(high, target, 0).average
    assert rates(low, target, 0).at_target == target


@given(st.integers(0, WAD - 1), targets)
def test_rates__at_one_moment__continuous(utilisation: int, target: int) -> None:
    """Above the target the curve is steepest: 3 / 0.1 of the rate at target."""
    here, there = (rates(Wad(u), target, 0).average for u in (utilisation, utilisation + 1))
    assert 0 <= there - here <= 30 * target // WAD + 2


@given(utilisations, targets, st.integers(1, 30 * DAY), st.integers(1, 30 * DAY))
def test_rate_at_target__time_in_two_parts__about_the_same(
    utilisation: Wad, target: int, first: int, second: int
) -> None:
    """It compounds: the polynomial is within 0.75 % of the exponential, three times."""
    between = rates(utilisation, target, first).at_target
    apart = rates(utilisation, between, second).at_target
    together = rates(utilisation, target, first + second).at_target
    assert abs(apart - together) <= together * 3 // 100 + 2


@given(st.integers(LN_WEI, 60 * WAD))
def test_exponential__over_its_range__within_a_hundredth(x: int) -> None:
    exact = math.exp(x / WAD) * WAD
    assert abs(w_exp(x) - exact) <= exact / 100 + 1


@given(st.integers(2 * LN_WEI, 2 * W_EXP_UPPER_BOUND), st.integers(0, WAD // 100))
def test_exponential__more__never_less(x: int, more: int) -> None:
    """Within a doubling; at its ends the polynomials of the two sides differ by a hundredth."""
    assert w_exp(x + more) * 101 >= w_exp(x) * 100


def test_exponential__edges() -> None:
    assert w_exp(0) == WAD
    assert w_exp(LN_2) == 2 * WAD
    assert w_exp(-LN_2) == WAD // 2
    assert w_exp(LN_WEI - 1) == 0
    assert w_exp(W_EXP_UPPER_BOUND) == w_exp(2**200) == W_EXP_UPPER_VALUE
    assert w_exp(W_EXP_UPPER_BOUND - 1) < W_EXP_UPPER_VALUE
    assert W_EXP_UPPER_VALUE * WAD < 2**255


def test_adapted__far_below_or_above__bounded() -> None:
    assert adapted(INITIAL_RATE_AT_TARGET, -(10**30)) == MIN_RATE_AT_TARGET
    assert adapted(INITIAL_RATE_AT_TARGET, 10**30) == MAX_RATE_AT_TARGET


def test_w_exp__square_that_does_not_come_out_even__cut() -> None:
    """(1.2e-9)**2 / 2 is 0.72e-18, of which nothing is left, and the square is 1 before that."""
    assert w_exp(12 * 10**8) == WAD + 12 * 10**8
