"""A reserve through time, in exact figures."""

from dataclasses import replace

from trimtab.core.market import MarketId
from trimtab.core.quantise import SECONDS_PER_YEAR, Ray, Timestamp
from trimtab.core.token import ZERO_ADDRESS, Token
from trimtab.protocols.aave_v3 import (
    RateStrategy,
    Reserve,
    ReserveConfiguration,
    ReserveState,
    normalised_debt,
    normalised_income,
)
from trimtab.protocols.aave_v3.model.rates import Liquidity
from trimtab.protocols.aave_v3.model.reserve import update_interest_rates, update_state

RAY = 10**27
PERCENT = 10**25
START = Timestamp(1_700_000_000)
LATER = Timestamp(START + SECONDS_PER_YEAR)

RESERVE = ReserveState(
    reserve=Reserve(
        token=Token(1, ZERO_ADDRESS, 6, "USDC"),
        a_token=ZERO_ADDRESS,
        variable_debt_token=ZERO_ADDRESS,
        stable_debt_token=ZERO_ADDRESS,
        rate_strategy=ZERO_ADDRESS,
        feed=MarketId("chainlink:1:0x"),
        id=0,
    ),
    configuration=ReserveConfiguration(1_000 << 64),
    strategy=RateStrategy(*(Ray(percent * PERCENT) for percent in (80, 0, 4, 75, 5, 2, 60))),
    liquidity_index=Ray(RAY),
    liquidity_rate=Ray(5 * PERCENT),
    variable_borrow_index=Ray(RAY),
    variable_borrow_rate=Ray(10 * PERCENT),
    stable_borrow_rate=Ray(0),
    last_update=START,
    accrued_to_treasury=7,
    scaled_supply=10**12,
    scaled_variable_debt=10**11,
)
DEBT_AFTER_A_YEAR = 1105162042821782412575504000


def test_normalised__at_the_last_update__the_stored_index() -> None:
    odd = replace(RESERVE, liquidity_index=Ray(RAY + 1), variable_borrow_index=Ray(RAY + 2))
    assert normalised_income(odd, START) == RAY + 1
    assert normalised_debt(odd, START) == RAY + 2


def test_normalised__a_year_later__linear_and_compounded() -> None:
    assert normalised_income(RESERVE, LATER) == RAY + 5 * PERCENT
    assert normalised_debt(RESERVE, LATER) == DEBT_AFTER_A_YEAR


def test_update_state__a_year_later__indices_and_treasury() -> None:
    updated = update_state(RESERVE, LATER)
    assert updated.liquidity_index == RAY + 5 * PERCENT
    assert updated.variable_borrow_index == DEBT_AFTER_A_YEAR
    assert updated.last_update == LATER
    interest = 10516204282  # of 10**11, half up
    to_treasury = 1051620428  # a tenth, half up
    assert interest == round(10**11 * (DEBT_AFTER_A_YEAR - RAY) / RAY)
    assert updated.accrued_to_treasury == 7 + 1001543265  # over 1.05, half up
    assert abs(1001543265 * 105 - to_treasury * 100) <= 53


def test_update_state__same_moment__unchanged() -> None:
    assert update_state(RESERVE, START) is RESERVE


def test_update_state__no_debt__the_debt_index_stays_whatever_the_rate() -> None:
    updated = update_state(replace(RESERVE, scaled_variable_debt=0), LATER)
    assert updated.variable_borrow_index == RAY
    assert updated.accrued_to_treasury == 7
    assert normalised_debt(replace(RESERVE, scaled_variable_debt=0), LATER) > RAY


def test_update_state__no_rate__the_supply_index_stays() -> None:
    updated = update_state(replace(RESERVE, liquidity_rate=Ray(0)), LATER)
    assert updated.liquidity_index == RAY


def test_update_state__no_reserve_factor__the_treasury_gets_nothing() -> None:
    free = replace(RESERVE, configuration=ReserveConfiguration(0))
    assert update_state(free, LATER).accrued_to_treasury == 7


def test_update_interest_rates__from_debt_and_liquidity() -> None:
    updated = update_interest_rates(RESERVE, Liquidity(10**11, added=3 * 10**11))
    assert updated.variable_borrow_rate == 1 * PERCENT  # a fifth used, of 4 % at four fifths
    assert updated.stable_borrow_rate == 5 * PERCENT + PERCENT // 2
    assert updated.liquidity_rate == PERCENT * 18 // 100
    assert updated.liquidity_index == RESERVE.liquidity_index
