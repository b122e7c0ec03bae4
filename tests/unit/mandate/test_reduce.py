from dataclasses import replace

import pytest

from tests.unit.core.test_token import USDC, WETH
from tests.unit.protocols.aave_v3.reserves import POOL as LENDER
from tests.unit.protocols.aave_v3.reserves import RESERVE
from trimtab.core.actions import (
    ALL,
    Action,
    Approve,
    Borrow,
    Repay,
    Supply,
    Swap,
    Transfer,
    UpdateAnswer,
    Withdraw,
)
from trimtab.core.market import Market, MarketId, State, token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address
from trimtab.mandate.reduce import adding, affected, reduces
from trimtab.protocols.chainlink import Feed, Sequencer

ME = Address("0x" + "11" * 20)
POOL, LENDING = MarketId("uniswap_v3:1:0xpool"), MarketId("aave_v3:1:0xlender")
DOLLARS, ETHER = token_market(USDC), token_market(WETH)
FEED = Feed(1, ME, "chainlink:WETH", "WETH", "USD", 8, 3600)

WITHDRAW = Withdraw(ME, LENDING, WETH, ALL, ME)
REPAY = Repay(ME, LENDING, WETH, 1, ME)
APPROVE = Approve(ME, ETHER, WETH, ME, 1)
SUPPLY = Supply(ME, LENDING, WETH, 1, ME)
BORROW = Borrow(ME, LENDING, WETH, 1, ME)
SEND = Transfer(ME, ETHER, WETH, ME, 1)
ANSWER = UpdateAnswer(ME, FEED.id, 1)
BUY = Swap(ME, POOL, USDC, WETH, 1, 1, Timestamp(0), ME)
SELL = Swap(ME, POOL, WETH, USDC, 1, 1, Timestamp(0), ME)
EVERYTHING = frozenset({POOL, LENDING, DOLLARS, ETHER, FEED.id})


@pytest.mark.parametrize("action", [WITHDRAW, REPAY, APPROVE], ids=lambda a: type(a).__name__)
def test_reduces__what_takes_capital_out__whatever_changed(action: Action) -> None:
    assert reduces(action, EVERYTHING)


@pytest.mark.parametrize(
    "action, refused_by",
    [
        (SUPPLY, {LENDING, ETHER}),
        (BORROW, {LENDING, ETHER}),
        (SEND, {ETHER}),
        (ANSWER, {FEED.id}),
        (BUY, {POOL, ETHER}),
        (SELL, {POOL, DOLLARS}),
    ],
    ids=["supply", "borrow", "send", "answer", "buy", "sell"],
)
def test_reduces__what_puts_capital_in__not_where_that_may_only_be_left(
    action: Action, refused_by: set[MarketId]
) -> None:
    found = {market for market in EVERYTHING if not reduces(action, frozenset({market}))}
    assert found == refused_by


def test_adding__plan__the_actions_that_may_not() -> None:
    assert adding((WITHDRAW, SELL, BUY, SUPPLY), frozenset({ETHER})) == (BUY, SUPPLY)
    assert adding((WITHDRAW, SELL, BUY, SUPPLY), frozenset()) == ()


def test_affected__feed__the_lender_that_reads_it_and_the_token_that_it_values() -> None:
    markets: tuple[Market[State], ...] = (LENDER, FEED)
    found = affected(markets, {WETH: FEED}, frozenset({RESERVE.feed}))
    assert found == {RESERVE.feed, LENDER.id}
    found = affected(markets, {WETH: FEED}, frozenset({FEED.id}))
    assert found == {FEED.id, ETHER}


def test_affected__sequencer_s_uptime_feed__everything_that_has_a_price() -> None:
    uptime = Sequencer(1, Address("0x" + "22" * 20), "chainlink:sequencer", 3600)
    lender = replace(LENDER, reserves=(replace(RESERVE, feed=FEED.id),))
    found = affected((uptime, lender, FEED), {WETH: FEED}, frozenset({uptime.id}))
    assert found == {uptime.id, lender.id, FEED.id, ETHER}


def test_affected__nothing_changed__nothing() -> None:
    assert affected((LENDER, FEED), {WETH: FEED}, frozenset()) == frozenset()
