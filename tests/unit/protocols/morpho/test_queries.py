from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.protocols.morpho.isolated import (
    ACTOR,
    ADAPTIVE,
    ETH,
    FRIEND,
    IDLE,
    MARKET,
    MILLION,
    PRICE,
    USD,
    all_states,
    later,
    lending_state,
)
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import Action, Borrow, Withdraw
from trimtab.core.errors import PriceDisagreement
from trimtab.core.quantise import Wad
from trimtab.core.states import Applied, Reverted, States
from trimtab.protocols.morpho import (
    MorphoAdapter,
    Position,
    borrow_rate,
    borrowable,
    health_factor,
    liquidity,
    supply_rate,
    utilisation,
    withdrawable,
)

ADAPTER = MorphoAdapter()
STATES = all_states(lending_state())


def test_rates__half_lent__the_half_of_the_half_to_lenders() -> None:
    per_second = 5 * 10**17 // 31_536_000
    assert borrow_rate(STATES, MARKET) == Fraction(per_second * 31_536_000, 10**18)
    assert supply_rate(STATES, MARKET) == borrow_rate(STATES, MARKET) / 2
    assert utilisation(STATES, MARKET) == 5 * 10**17


def test_rates__fee__taken_off_what_lenders_earn() -> None:
    charged = all_states(replace(lending_state(), fee=Wad(25 * 10**16)))
    assert supply_rate(charged, MARKET) == supply_rate(STATES, MARKET) * Fraction(3, 4)


def test_rates__more_supply__lower_and_so_is_utilisation() -> None:
    assert utilisation(STATES, MARKET, MILLION) == 25 * 10**16
    assert borrow_rate(STATES, MARKET, MILLION) < borrow_rate(STATES, MARKET)
    assert supply_rate(STATES, MARKET, MILLION) < supply_rate(STATES, MARKET) / 3
    fully = -MILLION // 2
    assert utilisation(STATES, MARKET, fully) == 10**18
    assert supply_rate(STATES, MARKET, fully) == borrow_rate(STATES, MARKET, fully)


def test_rates__withdrawal_of_what_is_lent__refused() -> None:
    with pytest.raises(ValueError, match="only 500000000000 are not lent"):
        supply_rate(STATES, MARKET, -MILLION // 2 - 1)


def test_rates__empty_market__nothing_earned() -> None:
    for market in (MARKET, ADAPTIVE, IDLE):
        empty = all_states(lending_state(0, 0, market, {ACTOR: Position()}))
        assert supply_rate(empty, market) == 0
        assert utilisation(empty, market) == 0


def test_rates__adaptive_curve__of_the_moment_and_the_adapted_target() -> None:
    """What is asked is the rate now, and not the average since the market was called."""
    states = all_states(lending_state(market=ADAPTIVE))
    now = borrow_rate(states, ADAPTIVE)
    assert borrow_rate(later(states, ADAPTIVE, 86_400), ADAPTIVE) < now
    assert borrow_rate(states, ADAPTIVE, -MILLION // 2) > 3 * now


def test_health_factor__nothing_owed__none() -> None:
    assert health_factor(STATES, MARKET, ACTOR) is None
    assert health_factor(STATES, MARKET, FRIEND) == Fraction(16, 10)


def test_health_factor__price_beyond_all_sums__refused() -> None:
    states = all_states(lending_state(), price=UINT256_MAX)
    for asked in (health_factor, borrowable):
        with pytest.raises(PriceDisagreement, match="cannot value what"):
            asked(states, MARKET, FRIEND)


def test_withdrawable__collateral_without_credit__refused_in_words() -> None:
    for states in (all_states(lending_state(), price=0),):
        with pytest.raises(PriceDisagreement, match="no amount covers"):
            withdrawable(states, MARKET, FRIEND, ETH)
    assert withdrawable(all_states(lending_state(), price=0), MARKET, ACTOR, ETH) == 0


def test_withdrawable__beyond_the_limit__nothing() -> None:
    assert withdrawable(all_states(lending_state(), price=PRICE // 2), MARKET, FRIEND, ETH) == 0


def test_withdrawable__cover_that_does_not_come_out_even__one_unit_less_than_is_free() -> None:
    """1,000 dollars at 80 % need 1,250 dollars of ether, here at three dollars each."""
    price = 3 * 10**24
    positions = {FRIEND: Position(borrow_shares=10**15, collateral=10**24)}
    states = all_states(lending_state(positions=positions), price=price)
    covered = -(-1_250 * 10**6 * 10**36 // price)
    assert covered * price > 1_250 * 10**6 * 10**36
    assert withdrawable(states, MARKET, FRIEND, ETH) == 10**24 - covered


def test_borrowable__collateral_for_more_than_lies_there__all_that_lies_there() -> None:
    positions = {FRIEND: Position(collateral=10**24)}
    states = all_states(lending_state(positions=positions))
    assert borrowable(states, MARKET, FRIEND) == liquidity(states, MARKET) == MILLION // 2


def lets_go(states: States, action: Action) -> bool:
    outcome = ADAPTER.apply(states, action)
    assert isinstance(outcome, Applied | Reverted)
    return isinstance(outcome, Applied)


@settings(max_examples=50)
@given(
    st.integers(1, MILLION),
    st.integers(0, 1000),
    st.integers(1, 10**13),
    st.integers(1, 10**19),
    st.integers(1, 10**28),
    st.integers(0, 10**8),
)
def test_limits__anything__the_amount_goes_and_one_more_does_not(
    supplied: int, lent: int, debt: int, collateral: int, price: int, waited: int
) -> None:
    borrowed = supplied * lent // 1000
    positions = {
        ACTOR: Position(supply_shares=supplied * 10**6 // 3),
        FRIEND: Position(borrow_shares=min(debt, borrowed * 10**6), collateral=collateral),
    }
    states = all_states(lending_state(supplied, borrowed, MARKET, positions), price)
    states = later(states, MARKET, waited)
    most = withdrawable(states, MARKET, ACTOR, USD)
    assert most <= liquidity(states, MARKET)
    assert not most or lets_go(states, Withdraw(ACTOR, MARKET.id, USD, most, ACTOR))
    assert not lets_go(states, Withdraw(ACTOR, MARKET.id, USD, most + 1, ACTOR))
    free = withdrawable(states, MARKET, FRIEND, ETH)
    assert not free or lets_go(states, Withdraw(FRIEND, MARKET.id, ETH, free, FRIEND))
    assert not lets_go(states, Withdraw(FRIEND, MARKET.id, ETH, free + 1, FRIEND))
    more = borrowable(states, MARKET, FRIEND)
    assert not more or lets_go(states, Borrow(FRIEND, MARKET.id, USD, more, FRIEND))
    assert not lets_go(states, Borrow(FRIEND, MARKET.id, USD, more + 1, FRIEND))
