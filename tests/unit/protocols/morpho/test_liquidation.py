from dataclasses import replace

import pytest

from tests.unit.protocols.morpho.isolated import (
    ACTOR,
    AT,
    ETH,
    FRIEND,
    MARKET,
    MILLION,
    PRICE,
    USD,
    all_states,
    lending_state,
)
from trimtab.core.actions import ALL, Action, Liquidate, Quantity
from trimtab.core.errors import InvariantViolation, MissingRead
from trimtab.core.quantise import Wad
from trimtab.core.states import Applied, Movement, Reverted, States
from trimtab.protocols.morpho import LendingState, MorphoAdapter, Position, health_factor
from trimtab.protocols.morpho.model.liquidation import liquidation_incentive_factor

ADAPTER = MorphoAdapter()
PANIC = "0x4e487b71"
AT_LIMIT = PRICE * 10 // 16
"""1,250 dollars, at which the friend's ether stands for just the 1,000 that are owed."""
FACTOR = 1_063_829_787_234_042_553
"""1 / (1 - 0.3 * 0.2), rounded down."""


def liquidate(seized: int = 0, debt: Quantity = 0) -> Liquidate:
    return Liquidate(ACTOR, MARKET.id, FRIEND, ETH, USD, debt=debt, seized=seized)


def done(action: Action, states: States) -> tuple[LendingState, tuple[Movement, ...]]:
    outcome = ADAPTER.apply(states, action)
    assert isinstance(outcome, Applied), outcome
    return states.with_states(outcome.changed)[MARKET], outcome.movements


def refused(action: Action, states: States) -> str:
    outcome = ADAPTER.apply(states, action)
    assert isinstance(outcome, Reverted), outcome
    return outcome.reason


def priced(price: int, state: LendingState | None = None, **lying: int) -> States:
    return all_states(state or lending_state(), price=price, **lying)


@pytest.mark.parametrize(
    "lltv, factor",
    [(8 * 10**17, FACTOR), (98 * 10**16, 1_006_036_217_303_822_937), (0, 115 * 10**16)],
)
def test_incentive__by_the_lltv__at_most_fifteen_per_cent(lltv: int, factor: int) -> None:
    assert liquidation_incentive_factor(Wad(lltv)) == factor


def test_health__of_exactly_one__not_liquidated() -> None:
    states = priced(AT_LIMIT)
    assert health_factor(states, MARKET, FRIEND) == 1
    assert refused(liquidate(seized=1), states) == "position is healthy"
    below = priced(AT_LIMIT - 10**15)
    factor = health_factor(below, MARKET, FRIEND)
    assert factor is not None
    assert factor < 1
    done(liquidate(seized=1), below)


def test_liquidate__by_collateral__pays_its_price_less_the_incentive() -> None:
    state, (seized, paid) = done(liquidate(seized=10**17), priced(1_200 * 10**24))
    assert seized == Movement(ETH, AT, ACTOR, 10**17)
    quoted = 120 * 10**6
    exact = -(-quoted * 10**18 // FACTOR)
    assert paid == Movement(USD, ACTOR, AT, exact, AT) == Movement(USD, ACTOR, AT, 112_800_001, AT)
    assert state.position(FRIEND) == Position(0, 10**15 - exact * 10**6, 9 * 10**17)


def test_liquidate__by_shares_of_the_debt__collateral_rounded_down() -> None:
    state, (seized, paid) = done(liquidate(debt=112_800_001 * 10**6), priced(1_200 * 10**24))
    assert paid.raw == 112_800_001
    assert 112_800_001 * FACTOR // 10**18 == 120_000_001
    assert seized.raw == 120_000_001 * 10**36 // (1_200 * 10**24) == 100_000_000_833_333_333
    assert state.total_borrow_assets == MILLION // 2 - paid.raw


def test_liquidate__all_of_the_debt__as_far_as_the_collateral_goes() -> None:
    state, (seized, paid) = done(liquidate(debt=ALL), priced(1_100 * 10**24))
    assert paid.raw == 10**9
    assert state.position(FRIEND) == Position(0, 0, 10**18 - seized.raw)
    panic = refused(liquidate(debt=ALL), priced(1_000 * 10**24))
    assert panic == PANIC + f"{0x11:064x}"


def test_liquidate__last_collateral__what_is_left_is_lost_by_all() -> None:
    states = priced(500 * 10**24)
    state, (_, paid) = done(liquidate(seized=10**18), states)
    lost = 10**9 - paid.raw
    assert paid.raw == -(-500 * 10**6 * 10**18 // FACTOR) == 470_000_001
    assert state.position(FRIEND) == Position()
    assert state.total_supply_assets == MILLION - lost
    assert state.total_borrow_assets == MILLION // 2 - 10**9
    assert state.total_borrow_shares == (MILLION // 2 - 10**9) * 10**6
    assert state.position(ACTOR) == states[MARKET].position(ACTOR)


def test_liquidate__collateral_left__nothing_is_lost() -> None:
    state, _ = done(liquidate(seized=10**18 - 1), priced(500 * 10**24))
    assert state.total_supply_assets == MILLION
    assert state.position(FRIEND).borrow_shares > 0


def test_liquidate__collateral_worth_nothing__taken_for_nothing() -> None:
    """What is seized is quoted at nothing, so that no debt is repaid; all of it is lost."""
    state, (seized, paid) = done(liquidate(seized=10**18), priced(0))
    assert (seized.raw, paid.raw) == (10**18, 0)
    assert state.total_supply_assets == MILLION - 10**9
    by_shares = refused(liquidate(debt=1), priced(0))
    assert by_shares == PANIC + f"{0x12:064x}"


def test_liquidate__without_a_debt__healthy_at_any_price() -> None:
    nothing = replace(lending_state(), positions={FRIEND: Position(0, 0, 1)})
    assert refused(liquidate(seized=1), priced(0, nothing)) == "position is healthy"
    assert refused(liquidate(debt=ALL), priced(0, nothing)) == "inconsistent input"


@pytest.mark.parametrize("action", [liquidate(), liquidate(seized=1, debt=1)])
def test_liquidate__none_or_both_amounts__inconsistent(action: Action) -> None:
    assert refused(action, priced(0)) == "inconsistent input"


def test_liquidate__liquidator_without_the_tokens__refused() -> None:
    states = priced(500 * 10**24, USD=1)
    assert refused(liquidate(seized=10**17), states) == "transferFrom reverted"


def test_liquidate__of_other_sides__refused_in_words() -> None:
    states = priced(PRICE)
    with pytest.raises(MissingRead, match="no collateral of morpho:ETH/USD"):
        ADAPTER.apply(states, Liquidate(ACTOR, MARKET.id, FRIEND, USD, USD, debt=1))
    with pytest.raises(MissingRead, match="lends, which is USD"):
        ADAPTER.encode(states, Liquidate(ACTOR, MARKET.id, FRIEND, ETH, ETH, debt=1))
    lent = Liquidate(ACTOR, MARKET.id, FRIEND, ETH, USD, debt=1, takes_shares=True)
    with pytest.raises(InvariantViolation, match="INV-5"):
        ADAPTER.apply(states, lent)
