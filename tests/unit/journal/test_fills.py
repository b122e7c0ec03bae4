"""Pairing a transaction's flows with the actions of its plan."""

from dataclasses import replace

import pytest

from tests.unit.journal.builders import ACCOUNT, NOW, OTHER, USDC, WETH, flow
from trimtab.core.actions import (
    ALL,
    Action,
    Approve,
    Borrow,
    ClaimWithdrawal,
    ClosePosition,
    Collect,
    OpenPosition,
    RemoveLiquidity,
    Repay,
    RequestWithdrawal,
    Stake,
    Supply,
    Swap,
    Transfer,
    Withdraw,
)
from trimtab.core.market import POSITION, QUEUE, MarketId, Place, pooled, token_market, wallet
from trimtab.core.settlement import Flow
from trimtab.journal.fills import Converted, Matched, Paid, Pooled, Traded, Turned, match
from trimtab.journal.legs import share_place

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


STAKE = MarketId("staking:1:0x00000000000000000000000000000000000000F1")
SHARES = share_place(STAKE)


def test_match__staked__tokens_for_shares_of_their_own() -> None:
    stake = Stake(ACCOUNT, STAKE, USDC, 1000)
    flows = (flow(DOLLARS, -1000), flow(SHARES, 900))
    gained = {USDC: -1000, SHARES.token: 900}
    assert match((stake,), flows) == Matched((Pooled(stake, gained),), ())
    assert match((stake,), flows[:1]).left_over == flows[:1]


def test_match__shares_for_a_place_in_the_queue__told_token_by_token() -> None:
    request, queue = RequestWithdrawal(ACCOUNT, STAKE, USDC, 900), Place(STAKE, USDC, QUEUE)
    flows = (flow(SHARES, -900), flow(queue, 999))
    gained = {SHARES.token: -900, USDC: 999}
    assert match((request,), flows) == Matched((Pooled(request, gained),), ())


def test_match__claimed__a_place_in_the_queue_for_tokens() -> None:
    claim, queue = ClaimWithdrawal(ACCOUNT, STAKE, USDC, 1), Place(STAKE, USDC, QUEUE)
    flows = (flow(queue, -999), flow(DOLLARS, 999))
    assert match((claim,), flows) == Matched((Converted(claim, 0),), ())


# --------------------------------------------------------------------------------- positions

PERPETUAL = MarketId("perpetual:1:0x03")
MARGIN, SHORT = Place(PERPETUAL, USDC), Place(PERPETUAL, USDC, POSITION)
FUND = Supply(ACCOUNT, PERPETUAL, USDC, 1000, ACCOUNT)
OPEN = OpenPosition(ACCOUNT, PERPETUAL, True, True, 50, 1, NOW)
CLOSE = ClosePosition(ACCOUNT, PERPETUAL, 1, NOW)
LEAVE = Withdraw(ACCOUNT, PERPETUAL, USDC, ALL, ACCOUNT)


def test_match__funded_and_opened__margin_converts_and_the_position_costs() -> None:
    flows = (flow(DOLLARS, -1000), flow(MARGIN, 1000), flow(SHORT, -3, -50))
    expected = (Converted(FUND, 0), Turned(OPEN, USDC, -50, -3))
    assert match((FUND, OPEN), flows) == Matched(expected, ())


def test_match__closed_and_withdrawn__only_the_sum_has_a_meaning() -> None:
    """The position had gained 100, cost 3 to close, and what is left becomes margin."""
    flows = (flow(MARGIN, -1000), flow(DOLLARS, 1097), flow(SHORT, -100, 50))
    matched = match((CLOSE, LEAVE), flows)
    assert matched.left_over == ()
    assert [type(fill) for fill in matched.fills] == [Turned, Turned]
    turned = [fill for fill in matched.fills if isinstance(fill, Turned)]
    assert [(fill.size, fill.gained) for fill in turned] == [(50, -100), (0, 97)]


def test_match__margin_withdrawn_and_nothing_realised__is_a_conversion() -> None:
    taken = replace(LEAVE, amount=1000)
    assert match((taken,), (flow(MARGIN, -1000), flow(DOLLARS, 1000))).fills == (
        Converted(taken, 0),
    )


def test_match__loss_realised_as_margin_is_withdrawn__told_with_it() -> None:
    taken = replace(LEAVE, amount=300)
    flows = (flow(MARGIN, -340), flow(DOLLARS, 300), flow(SHORT, 40, 0))
    assert match((taken,), flows).fills == (Turned(taken, USDC, 0, 0),)


def test_match__margin_gone_and_nothing_came__left_over() -> None:
    taken, flows = replace(LEAVE, amount=300), (flow(MARGIN, -340), flow(SHORT, 40, 0))
    assert match((taken,), flows).left_over == flows


def test_match__position_that_no_action_can_have_moved__left_over() -> None:
    flows = (flow(DOLLARS, -1000), flow(MARGIN, 1000), flow(SHORT, -3, -50))
    assert match((FUND,), flows).left_over == flows[2:]
