from dataclasses import replace

import pytest

from tests.unit.protocols.morpho.isolated import (
    ACTOR,
    ADAPTIVE,
    FRIEND,
    IDLE,
    MARKET,
    MILLION,
    NOW,
    YEAR,
    all_states,
    lending_state,
)
from trimtab.core.errors import PriceDisagreement
from trimtab.core.quantise import Timestamp, Wad
from trimtab.protocols.morpho import MorphoAdapter, expected, owed, supplied
from trimtab.protocols.morpho.model.accrual import accrued, borrow_rates
from trimtab.protocols.morpho.model.adaptive_curve import rates

YEAR_ON = Timestamp(NOW + YEAR)
HALF_LENT = lending_state()


def test_accrued__half_lent_for_a_year__half_a_year_s_rate_compounded() -> None:
    """The rate is the utilisation: 0.5 + 0.125 + 0.0208333 on what is owed."""
    after = accrued(replace(HALF_LENT, timestamp=YEAR_ON))
    rate = 5 * 10**17 // YEAR
    first = rate * YEAR
    second = first * first // (2 * 10**18)
    third = second * first // (3 * 10**18)
    interest = MILLION // 2 * (first + second + third) // 10**18
    assert interest == 322_916_666_644
    assert after.total_borrow_assets == MILLION // 2 + interest
    assert after.total_supply_assets == MILLION + interest
    assert after.last_update == YEAR_ON
    assert after.total_supply_shares == HALF_LENT.total_supply_shares


def test_accrued__within_the_same_block__nothing() -> None:
    assert accrued(HALF_LENT) is HALF_LENT


def test_accrued__fee__in_shares_at_the_price_without_it() -> None:
    charged = replace(HALF_LENT, timestamp=YEAR_ON, fee=Wad(10**17), fee_recipient=FRIEND)
    after = accrued(charged)
    interest = after.total_supply_assets - MILLION
    fee = interest // 10
    price = after.total_supply_assets - fee + 1
    shares = fee * (charged.total_supply_shares + 10**6) // price
    assert after.position(FRIEND).supply_shares == shares
    assert after.total_supply_shares == charged.total_supply_shares + shares
    worth = shares * (after.total_supply_assets + 1) // (after.total_supply_shares + 10**6)
    assert worth in (fee, fee - 1)


def test_accrued__recipient_who_is_not_tracked__total_alone() -> None:
    charged = replace(HALF_LENT, timestamp=YEAR_ON, fee=Wad(10**17))
    after = accrued(charged)
    assert after.positions == charged.positions
    assert after.total_supply_shares > charged.total_supply_shares


def test_accrued__no_rate_model__only_the_moment() -> None:
    idle = replace(lending_state(market=IDLE), timestamp=YEAR_ON)
    assert accrued(idle) == replace(idle, last_update=YEAR_ON)
    assert borrow_rates(idle, YEAR).average == 0


def test_accrued__adaptive_curve__keeps_what_the_model_keeps() -> None:
    state = replace(lending_state(market=ADAPTIVE), timestamp=Timestamp(NOW + 86_400))
    found = rates(Wad(5 * 10**17), 1_268_391_679, 86_400)
    after = accrued(state)
    assert after.rate_at_target == found.at_target < 1_268_391_679
    assert after.total_borrow_assets > state.total_borrow_assets


def test_balances__nobody_calls__as_if_somebody_had() -> None:
    waiting = replace(HALF_LENT, timestamp=YEAR_ON)
    called = replace(accrued(waiting), timestamp=YEAR_ON)
    assert expected(waiting) == called
    for account in (ACTOR, FRIEND):
        assert supplied(waiting, account) == supplied(called, account)
        assert owed(waiting, account) == owed(called, account)
    assert supplied(waiting, ACTOR) > MILLION // 5
    assert owed(waiting, FRIEND) > 10**9


def test_accrue__adapter__moves_the_clock_alone() -> None:
    adapter = MorphoAdapter()
    halfway = adapter.accrue(HALF_LENT, Timestamp(NOW + 5))
    assert adapter.accrue(halfway, YEAR_ON) == adapter.accrue(HALF_LENT, YEAR_ON)
    assert adapter.accrue(HALF_LENT, YEAR_ON) == replace(HALF_LENT, timestamp=YEAR_ON)


def test_holdings__interest_beyond_all_sums__refused_in_words() -> None:
    huge = lending_state(2**128 - 1, 2**128 - 1, positions={ACTOR: HALF_LENT.position(ACTOR)})
    states = all_states(replace(huge, timestamp=YEAR_ON))
    with pytest.raises(PriceDisagreement, match="every call of it reverts"):
        MorphoAdapter().holdings(states, MARKET, ACTOR)


@pytest.mark.parametrize("kept", [0, None])
def test_borrow_rates__adaptive_curve_never_called__begins_at_its_first_rate(
    kept: int | None,
) -> None:
    state = replace(lending_state(market=ADAPTIVE), rate_at_target=kept)
    assert borrow_rates(state, 0) == rates(Wad(5 * 10**17), 0, 0)
