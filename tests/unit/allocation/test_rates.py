import pytest

from tests.support.desk import Desk
from trimtab.allocation.rates import supply_curve
from trimtab.core.errors import ConfigError
from trimtab.protocols.aave_v3 import supply_rate

LENT = 100 * 10**18


def test_supply_curve__as_much_as_now__the_rate_of_now(desk: Desk) -> None:
    states = desk.imagined({}, {"WETH": LENT})
    curve = supply_curve(desk.view(states, {}), desk.place("aave_v3:WETH"))
    now = supply_rate(states, desk.lender, desk.token("WETH"))
    held = desk.held(states)[desk.place("aave_v3:WETH")]
    assert curve(held) == now / 10**27


def test_supply_curve__more_of_ours__pays_less(desk: Desk) -> None:
    curve = supply_curve(desk.view(desk.start, {}), desk.place("aave_v3:WETH"))
    rates = [curve(raw) for raw in (0, LENT, 10 * LENT, 100 * LENT)]
    assert rates == sorted(set(rates), reverse=True)


def test_supply_curve__once_supplied__the_rate_that_it_foretold(desk: Desk) -> None:
    foretold = supply_curve(desk.view(desk.start, {}), desk.place("aave_v3:WETH"))(LENT)
    desk.lend("WETH", LENT)
    now = desk.states()[desk.lender].reserve(desk.token("WETH")).liquidity_rate
    assert foretold == now / 10**27


def test_supply_curve__less_than_can_be_paid_out__as_the_least_that_can(desk: Desk) -> None:
    place, stuck = desk.place("aave_v3:WETH"), LENT - 10**18
    desk.lend("WETH", LENT)
    desk.drain("WETH", left=10**18)
    curve = supply_curve(desk.view(desk.states(), {}), place)
    assert curve(0) == curve(stuck) > curve(stuck + 10**15)


def test_supply_curve__wallet__says_to_name_a_reserve(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="wallet:WETH is not a place to lend at a rate"):
        supply_curve(desk.view(desk.start, {}), desk.place("WETH"))
