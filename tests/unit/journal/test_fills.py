"""Pairing a transaction's flows with the actions of its plan."""

from dataclasses import replace

import pytest

from tests.unit.journal.builders import ACCOUNT, NOW, OTHER, USDC, WETH, flow
from trimtab.core.actions import (
    ALL,
    Action,
    Approve,
    Borrow,
    Collect,
    RemoveLiquidity,
    Repay,
    RequestWithdrawal,
    Supply,
    Swap,
    Transfer,
    Withdraw,
)
from trimtab.core.market import QUEUE, MarketId, Place, pooled, token_market, wallet
from trimtab.core.settlement import Flow
from trimtab.journal.fills import Converted, Matched, Paid, Pooled, Traded, match

POOL, LENDER = MarketId("pool:1:0x01"), MarketId("lender:1:0x02")
DOLLARS, ETHER = wallet(USDC), wallet(WETH)
LENT, OWED = Place(LENDER, USDC), Place(LENDER, USDC, "debt")

BUY = Swap(ACCOUNT, POOL, USDC, WETH, 1000, 5, NOW, ACCOUNT)
SUPPLY = Supply(ACCOUNT, LENDER, USDC, 1000, ACCOUNT)
WITHDRAW = Withdraw(ACCOUNT, LENDER, USDC, 1000, ACCOUNT)
BORROW = Borrow(ACCOUNT, LENDER, USDC, 1000, ACCOUNT)
REPAY = Repay(ACCOUNT, LENDER, USDC, 1000, ACCOUNT)
APPROVE = Approve(ACCOUNT, token_market(USDC), USDC, OTHER, 1000)


def test_match__swap_in_either_log_order__same_fill() -> None:
    flows = (flow(ETHER, 7), flow(DOLLARS, -1000))
    expected = Matched((Traded(BUY, 1000, 7),), ())
    assert match((BUY,), flows) == expected
    assert match((BUY,), flows[::-1]) == expected


def test_match__pool_runs_dry__less_goes_in() -> None:
    flows = (flow(ETHER, 7), flow(DOLLARS, -999))
    assert match((BUY,), flows).fills == (Traded(BUY, 999, 7),)


def test_match__nothing_comes_out__traded_for_nothing() -> None:
    dust = replace(BUY, amount_in=3, min_out=0)
    assert match((dust,), (flow(DOLLARS, -3),)).fills == (Traded(dust, 3, 0),)


def test_match__one_token_collected_and_sold__the_other_is_the_sales() -> None:
    """A range that the price has left holds one token, and a pool pays out before it is paid."""
    pair, ticks = (USDC, WETH), (-10, 10)
    remove = RemoveLiquidity(ACCOUNT, POOL, pair, 50, (), NOW, ACCOUNT, ticks)
    collect = Collect(ACCOUNT, POOL, pair, ticks, (2**128 - 1, 2**128 - 1), ACCOUNT)
    flows = (
        flow(pooled(POOL, USDC, ticks), -1000, -50),
        flow(pooled(POOL, WETH, ticks), 0, -50),
        *(flow(DOLLARS, 1000), flow(ETHER, 7), flow(DOLLARS, -1000)),
    )
    expected = (
        Pooled(remove, {USDC: -1000, WETH: 0}),
        Pooled(collect, {USDC: 1000}),
        Traded(BUY, 1000, 7),
    )
    assert match((remove, collect, BUY), flows) == Matched(expected, ())


def test_match__both_tokens_collected_and_one_sold__both_are_the_ranges() -> None:
    ticks = (-10, 10)
    collect = Collect(ACCOUNT, POOL, (USDC, WETH), ticks, (2**128 - 1, 2**128 - 1), ACCOUNT)
    flows = [flow(DOLLARS, 1000), flow(ETHER, 2), flow(ETHER, 7), flow(DOLLARS, -1000)]
    expected = (Pooled(collect, {USDC: 1000, WETH: 2}), Traded(BUY, 1000, 7))
    assert match((collect, BUY), flows) == Matched(expected, ())


def test_match__several_actions__consecutive_runs() -> None:
    again = replace(BUY, amount_in=400, min_out=3)
    plan = (APPROVE, WITHDRAW, BUY, again, SUPPLY)
    flows = (
        *(flow(LENT, -1000, -900), flow(DOLLARS, 1000)),
        *(flow(ETHER, 7), flow(DOLLARS, -1000)),
        *(flow(ETHER, 3), flow(DOLLARS, -400)),
        *(flow(DOLLARS, -1000), flow(LENT, 999, 900)),
    )
    assert match(plan, flows) == Matched(
        (
            Converted(WITHDRAW, 0),
            Traded(BUY, 1000, 7),
            Traded(again, 400, 3),
            Converted(SUPPLY, -1),
        ),
        (),
    )


@pytest.mark.parametrize(
    "action, tokens, position",
    [
        (SUPPLY, -1000, flow(LENT, 1001, 901)),
        (WITHDRAW, 1000, flow(LENT, -999, -900)),
        (replace(WITHDRAW, amount=ALL), 1234, flow(LENT, -1233, -900)),
        (BORROW, 1000, flow(OWED, -999, -900)),
        (REPAY, -1000, flow(OWED, 1001, 901)),
        (REPAY, -600, flow(OWED, 601, 500)),
        (replace(REPAY, amount=ALL), -800, flow(OWED, 801, 700)),
    ],
)
def test_match__conversion__keeps_what_rounding_gave(
    action: Supply | Withdraw | Borrow | Repay, tokens: int, position: Flow
) -> None:
    found = match((action,), (flow(DOLLARS, tokens), position))
    assert found == Matched((Converted(action, 1),), ())


@pytest.mark.parametrize(
    "shares, raw, is_rounding",
    [
        (1000, 1001, True),
        (1000, 1002, True),
        (1000, 1003, False),
        (1000, 997, False),
        (1002, 1002, True),
        (1003, 1002, False),
        (400, 1003, True),
        (400, 1004, False),
        (1, 1999, True),
        (1, 1, False),
    ],
)
def test_match__conversion_off_by_a_share_or_more__left_over(
    shares: int, raw: int, is_rounding: bool
) -> None:
    flows = (flow(DOLLARS, -1000), flow(LENT, raw, shares))
    found = match((SUPPLY,), flows)
    assert found == (
        Matched((Converted(SUPPLY, raw - 1000),), ()) if is_rounding else Matched((), flows)
    )


@pytest.mark.parametrize(
    "action, given",
    [
        (Transfer(ACCOUNT, token_market(USDC), USDC, OTHER, 1000), flow(DOLLARS, -1000)),
        (replace(SUPPLY, on_behalf_of=OTHER), flow(DOLLARS, -1000)),
        (replace(REPAY, on_behalf_of=OTHER), flow(DOLLARS, -900)),
        (replace(WITHDRAW, to=OTHER), flow(LENT, -1000, -900)),
        (replace(BUY, recipient=OTHER), flow(DOLLARS, -1000)),
    ],
)
def test_match__fruit_goes_to_another__capital_paid(action: Action, given: Flow) -> None:
    assert match((action,), (given,)) == Matched((Paid(action, given),), ())


def test_match__transfer_to_oneself__touches_nothing() -> None:
    own = Transfer(ACCOUNT, token_market(USDC), USDC, ACCOUNT, 1000)
    assert match((own, APPROVE), ()) == Matched((), ())


@pytest.mark.parametrize(
    "action, flows",
    [
        (BUY, (flow(DOLLARS, -1001), flow(ETHER, 7))),
        (BUY, (flow(ETHER, 7),)),
        (BUY, (flow(DOLLARS, -1000), flow(ETHER, 4))),
        (BUY, (flow(DOLLARS, -1000),)),
        (BUY, (flow(LENT, -1000),)),
        (SUPPLY, (flow(DOLLARS, -999), flow(LENT, 999))),
        (SUPPLY, (flow(DOLLARS, -1000),)),
        (SUPPLY, (flow(LENT, 1000),)),
        (SUPPLY, (flow(DOLLARS, -1000), flow(LENT, 1000, -900))),
        (replace(SUPPLY, amount=1), (flow(DOLLARS, -1), flow(LENT, -1, 1))),
        (WITHDRAW, (flow(LENT, -999), flow(DOLLARS, 999))),
        (BORROW, (flow(OWED, -1001), flow(DOLLARS, 1001))),
        (REPAY, (flow(DOLLARS, -1001), flow(OWED, 1001))),
        (APPROVE, (flow(DOLLARS, -1),)),
    ],
)
def test_match__more_or_less_than_the_action__left_over(
    action: Action, flows: tuple[Flow, ...]
) -> None:
    found = match((action,), flows)
    assert found.fills == ()
    assert sorted(found.left_over, key=lambda each: each.place) == sorted(
        flows, key=lambda each: each.place
    )


@pytest.mark.parametrize("toll", [flow(DOLLARS, -3), flow(ETHER, -1), flow(LENT, 1)])
def test_match__a_token_that_takes_a_toll__toll_left_over(toll: Flow) -> None:
    flows = (flow(ETHER, 7), flow(DOLLARS, -1000), toll)
    assert match((BUY,), flows) == Matched((Traded(BUY, 1000, 7),), (toll,))


def test_match__no_plan__everything_left_over() -> None:
    flows = (flow(DOLLARS, -1),)
    assert match((), flows) == Matched((), flows)


@pytest.mark.parametrize("gained, explained", [(0, True), (-1, True), (-3, False)])
def test_match__shares_for_a_place_in_the_queue__converted_but_for_rounding(
    gained: int, explained: bool
) -> None:
    request = RequestWithdrawal(ACCOUNT, LENDER, USDC, 900)
    flows = (flow(LENT, -1000, -900), flow(Place(LENDER, USDC, QUEUE), 1000 + gained))
    found = match((request,), flows)
    assert found.fills == ((Converted(request, gained),) if explained else ())
    assert (found.left_over == ()) == explained
