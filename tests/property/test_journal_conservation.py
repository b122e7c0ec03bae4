"""Conservation on the real bytecode: whatever we and others do, logs, interest and audits agree.

Actions are those of the adapter law.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.laws import PORTS
from tests.laws.law import Draw
from tests.support.conserved import Stage, check, staged
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    Action,
    Approve,
    Borrow,
    LiquidatePosition,
    Repay,
    SettleFunding,
    Supply,
    Transfer,
    UpdateAnswer,
)
from trimtab.core.adapter import holdings
from trimtab.core.market import Accounts, Market, token_market
from trimtab.core.states import States
from trimtab.lab.world import CREDIT_WORLD, EXCHANGE_WORLD
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import AddressBook
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.perpetual import Perpetual

pytestmark = pytest.mark.chain

EXCHANGES = tuple(port for port in PORTS if port.world == EXCHANGE_WORLD)
"""Those whose markets are all here; lenders' interest is drawn with gifts and waits."""
(PERPETUAL,) = (port for port in PORTS if port.name == "perpetual")


@pytest.fixture(scope="module")
def exchanges() -> Iterator[Stage]:
    with staged(EXCHANGE_WORLD, lambda book: tuple(book.markets.values()), preparations) as stage:
        yield stage


def preparations(states: States, accounts: Accounts) -> Iterator[Action]:
    """Everybody allows everything, lends a fifth of what they have and borrows a hundredth."""
    (pool,) = (market for market in states.markets.values() if isinstance(market, LendingPool))
    for owner in accounts.owners:
        for held in holdings(ADAPTERS, states, owner):
            token, raw = held.place.token, held.raw
            for spender in accounts.spenders:
                yield Approve(owner, token_market(token), token, spender, UINT256_MAX)
            if token in {reserve.token for reserve in pool.reserves}:
                yield Supply(owner, pool.id, token, raw // 5, owner)
                yield Borrow(owner, pool.id, token, raw // 100, owner)


def drawn(draw: Draw, states: States, stage: Stage) -> Action:
    """An action of the law, or one time in four a gift of another owner to the account."""
    while draw(st.integers(0, 3)):
        port = draw(st.sampled_from(EXCHANGES))
        action: Action = port.actions(draw, states, stage.accounts.owners)
        gives = isinstance(action, Transfer) and action.market != token_market(action.token)
        if not (gives and action.actor == stage.account):  # no plan gives shares of pools away
            return action
    giver = draw(st.sampled_from(stage.accounts.owners[1:]))
    pool = next(market for market in stage.markets if isinstance(market, LendingPool))
    token = draw(st.sampled_from(pool.reserves)).token
    raw = draw(st.integers(2, 10**6))
    if draw(st.booleans()):
        return Transfer(giver, token_market(token), token, stage.account, raw)
    if draw(st.booleans()):
        return Supply(giver, pool.id, token, raw, stage.account)
    return Repay(giver, pool.id, token, raw, stage.account)


def test_reconcile__any_sequence__nothing_is_left_unexplained(exchanges: Stage) -> None:
    done = check(exchanges, drawn, 40)
    print(f"conservation: {dict(done)}, error 0")
    assert min(done["flows of ours"], done["flows of others"], done["accruals"]) > 100


# ------------------------------------------------------------------------------- a perpetual


def of_a_perpetual(book: AddressBook) -> tuple[Market[Any], ...]:
    """A perpetual, what it reads, and the token that it settles in."""
    market = book.market("perpetual:ETH")
    parts = tuple(each for each in book.markets.values() if each.id in market.parts)
    return (book.market("erc20:USDC"), *parts, market)


@pytest.fixture(scope="module")
def perpetual() -> Iterator[Stage]:
    with staged(CREDIT_WORLD, of_a_perpetual, allowed) as stage:
        yield stage


def allowed(states: States, accounts: Accounts) -> Iterator[Action]:
    """Everybody allows everything, and puts up margin."""
    (market,) = (market for market in states.markets.values() if isinstance(market, Perpetual))
    token = market.settlement
    for owner in accounts.owners:
        for spender in accounts.spenders:
            yield Approve(owner, token_market(token), token, spender, UINT256_MAX)
        yield Supply(owner, market.id, token, 50_000 * token.unit, owner)


def traded(draw: Draw, states: States, stage: Stage) -> Action:
    """An action of the law, but none of ours that no plan makes, or an answer of the feed."""
    if not draw(st.integers(0, 5)):
        feed = next(market for market in stage.markets if isinstance(market, Feed))
        answer = stage.states[feed].answer * draw(st.integers(900, 1_100)) // 1_000
        return UpdateAnswer(stage.accounts.owners[1], feed.id, answer)
    while True:
        action: Action = PERPETUAL.actions(draw, states, stage.accounts.owners)
        unplanned = isinstance(action, LiquidatePosition | SettleFunding)
        if not (unplanned and action.actor == stage.account):
            return action


def test_reconcile__positions_of_a_perpetual__nothing_is_left_unexplained(perpetual: Stage) -> None:
    done = check(perpetual, traded, 40)
    print(f"conservation at a perpetual: {dict(done)}, error 0")
    assert min(done["OpenPosition"], done["UpdateAnswer"], done["flows of ours"]) > 100
    assert min(done["accruals"], done["Withdraw"]) > 40
    assert min(done["ClosePosition"], done["flows of others"]) > 0
