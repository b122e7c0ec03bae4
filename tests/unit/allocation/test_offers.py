"""What lenders take and give, held to what their models let through."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.support.desk import Desk, opened
from trimtab.allocation.offers import LEFT_OF_CAP, lending_offer
from trimtab.core.actions import Approve, Supply
from trimtab.core.adapter import walk
from trimtab.core.errors import ConfigError
from trimtab.core.market import token_market
from trimtab.core.states import Reverted, States
from trimtab.lab.world import CREDIT_WORLD
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.aave_v36 import LendingPool36
from trimtab.protocols.shared.aave.configuration import ReserveConfiguration
from trimtab.risk import is_lender, lying

DOLLAR = 10**6
RICH = 10**9 * DOLLAR
RESERVES = ("aave_v3:USDC", "aave_v36:USDC")
ISOLATED = "morpho:WETH/USDC/8600:USDC"
LENDERS = (*RESERVES, ISOLATED)
FROZEN, PAUSED, ACTIVE = 1 << 57, 1 << 60, 1 << 56


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A desk before many lenders, with dollars enough to reach any cap."""
    with opened(CREDIT_WORLD) as desk:
        desk.give("USDC", RICH)
        yield desk


def supplied(desk: Desk, states: States, name: str, raw: int) -> States | Reverted:
    """The states once so much more is lent, or why it is refused."""
    place, account = desk.place(name), desk.account
    lender = states.market(place.market)
    approve = Approve(account, token_market(place.token), place.token, lender.address, raw)
    outcome = walk(
        ADAPTERS, states, (approve, Supply(account, lender.id, place.token, raw, account))
    )
    return outcome if isinstance(outcome, Reverted) else outcome[0]


def lent(desk: Desk, name: str, raw: int) -> States:
    found = supplied(desk, desk.ahead(), name, raw)
    assert not isinstance(found, Reverted), found.reason
    return found


def set_up(desk: Desk, states: States, name: str, *, on: int = 0, off: int = 0) -> States:
    """The states with bits of a reserve's configuration changed."""
    place = desk.place(name)
    pool = states.market(place.market)
    assert isinstance(pool, LendingPool | LendingPool36)
    state: Any = states[pool]  # of either line: they have these in common
    reserve = state.reserve(place.token)
    word = (reserve.configuration.word | on) & ~off
    changed = replace(reserve, configuration=ReserveConfiguration(word))
    return states.with_states({pool.id: state.with_reserve(changed)})


@pytest.mark.parametrize("name", RESERVES)
def test_lending_offer__reserve_with_a_cap__the_model_takes_that_and_little_more(
    desk: Desk, name: str
) -> None:
    states = lent(desk, name, 1_000 * DOLLAR)
    held = desk.held(states)[desk.place(name)]
    offer = lending_offer(desk.view(states, {}), desk.place(name))
    assert offer.most is not None
    room, margin = offer.most - held, 20_000_000 * DOLLAR // LEFT_OF_CAP
    assert isinstance(supplied(desk, states, name, room + margin - 2), States)
    assert isinstance(supplied(desk, states, name, room + margin + 2), Reverted)


@pytest.mark.parametrize("name", RESERVES)
def test_lending_offer__no_cap__as_much_as_there_is(desk: Desk, name: str) -> None:
    states = set_up(desk, desk.ahead(), name, off=((1 << 36) - 1) << 116)
    assert lending_offer(desk.view(states, {}), desk.place(name)).most is None
    assert isinstance(supplied(desk, states, name, RICH), States)


@pytest.mark.parametrize("beyond, stuck", [(-1, 0), (0, 0), (5, 5)])
@pytest.mark.parametrize("name", LENDERS)
def test_lending_offer__more_of_ours_than_lies_there__what_is_beyond_is_stuck(
    desk: Desk, name: str, beyond: int, stuck: int
) -> None:
    view, place = desk.view(desk.ahead(), {}), desk.place(name)
    lender = view.states.market(place.market)
    assert is_lender(lender)
    ours = lying(view.states, lender, place.token) + beyond
    assert lending_offer(replace(view, amounts={place: ours}), place).least == stuck


@pytest.mark.parametrize("name", RESERVES)
def test_lending_offer__frozen__takes_nothing_and_gives_all(desk: Desk, name: str) -> None:
    states = set_up(desk, lent(desk, name, 1_000 * DOLLAR), name, on=FROZEN)
    held = desk.held(states)[desk.place(name)]
    offer = lending_offer(desk.view(states, {}), desk.place(name))
    assert (offer.least, offer.most) == (0, held)
    assert isinstance(supplied(desk, states, name, 1_000), Reverted)


@pytest.mark.parametrize("name", RESERVES)
@pytest.mark.parametrize("bits", [{"on": PAUSED}, {"off": ACTIVE}])
def test_lending_offer__paused_or_not_in_use__neither_takes_nor_gives(
    desk: Desk, name: str, bits: dict[str, int]
) -> None:
    states = set_up(desk, lent(desk, name, 1_000 * DOLLAR), name, **bits)
    held = desk.held(states)[desk.place(name)]
    offer = lending_offer(desk.view(states, {}), desk.place(name))
    assert (offer.least, offer.most) == (held, held)


def test_lending_offer__collateral_of_a_market__earns_nothing_and_is_free(desk: Desk) -> None:
    place = desk.place("morpho:WETH/USDC/8600:WETH")
    view = desk.view(desk.ahead(), {})
    offer = lending_offer(replace(view, amounts={place: 10**18}), place)
    assert (offer.rate(10**18), offer.least, offer.most) == (0, 0, None)


def test_lending_offer__vault__tells_no_rate(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="is not a place to lend at a rate that is known"):
        lending_offer(desk.view(desk.ahead(), {}), desk.place("erc4626:vUSDC:USDC"))
