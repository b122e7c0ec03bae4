"""States of some accounts out of those of more: what a reader that tracks only them decodes."""

import pytest

from tests.laws.law import read_states
from tests.support.desk import Desk
from trimtab.core.adapter import adapter_of, narrow
from trimtab.core.canonical import digest
from trimtab.core.errors import MissingRead
from trimtab.core.market import tracked
from trimtab.core.states import States
from trimtab.mandate.adapters import ADAPTERS


def lived(desk: Desk) -> None:
    """Everybody holds, lends and owes something."""
    desk.give("USDC", 7)
    desk.lend("WETH", 10**18)
    desk.drain("WETH", 10**17)


@pytest.mark.parametrize("who", ["account", "other"])
def test_narrow__states_of_all__are_what_is_decoded_for_one(desk: Desk, who: str) -> None:
    lived(desk)
    owner = desk.account if who == "account" else desk.other
    some = [desk.book.market(name) for name in ("erc20:USDC", "erc20:WETH", "aave_v3")]
    every = list(desk.book.markets.values())
    for markets in (some, every):
        accounts = tracked((owner,), tuple(markets))
        own = read_states(desk.machine, ADAPTERS, markets, accounts)
        narrowed = narrow(ADAPTERS, desk.states(), markets, accounts)
        assert narrowed.states == own.states
        assert [digest(state) for state in narrowed.states.values()] == [
            digest(state) for state in own.states.values()
        ]


def test_narrow__account_that_is_not_tracked__missing_and_not_zero(desk: Desk) -> None:
    markets = tuple(desk.book.markets.values())
    stranger = tracked((desk.pools[0].router,), markets)
    with pytest.raises(MissingRead, match="is not tracked"):
        narrow(ADAPTERS, desk.start, markets, stranger)


def test_taken_over__later_states__the_owners_positions_alone_are_the_earlier(desk: Desk) -> None:
    lived(desk)
    mine = desk.states()
    desk.give("USDC", 1_000)
    desk.lend("WETH", 10**15)
    later = desk.states()
    markets = tuple(desk.book.markets.values())
    own, others = tracked((desk.account,), markets), tracked((desk.other,), markets)
    taken = taken_over(desk, later, mine)
    assert desk.held(taken) == desk.held(mine)
    assert desk.held(later) != desk.held(mine)
    assert narrow(ADAPTERS, taken, markets, others) == narrow(ADAPTERS, later, markets, others)
    lender = narrow(ADAPTERS, taken, markets, own)[desk.lender]
    assert lender.reserves == later[desk.lender].reserves


def taken_over(desk: Desk, states: States, owned: States) -> States:
    """The states in which the account has what it has in the others."""
    accounts = tracked((desk.account,), tuple(desk.book.markets.values()))
    return states.with_states(
        {
            market_id: adapter_of(ADAPTERS, market).taken_over(
                states.state(market_id), owned.state(market_id), accounts
            )
            for market_id, market in states.markets.items()
        }
    )
