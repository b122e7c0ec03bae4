"""Every action as a line of a recording, and back."""

from typing import get_args

import msgspec
import pytest

from tests.support.desk import Desk
from trimtab.core.actions import (
    ALL,
    Action,
    AddLiquidity,
    Approve,
    Borrow,
    ClaimWithdrawal,
    ClosePosition,
    Collect,
    Delegate,
    EnterLoop,
    FinaliseWithdrawals,
    FlashLoan,
    LeaveLoop,
    Liquidate,
    LiquidatePosition,
    MintShares,
    OpenPosition,
    RedeemShares,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Repay,
    ReportRewards,
    RequestWithdrawal,
    SetEfficiencyMode,
    SettleFunding,
    Stake,
    Supply,
    Swap,
    SwapExactOut,
    Transfer,
    UpdateAnswer,
    UseAsCollateral,
    Withdraw,
)
from trimtab.core.errors import DataError
from trimtab.core.quantise import Timestamp
from trimtab.engine.recorded import RecordedBlock, RecordedOrder
from trimtab.lab.recording.orders import decoded, encoded

LATE = Timestamp(2**40)


def examples(desk: Desk) -> tuple[Action, ...]:
    """One of each kind, of the book's own markets."""
    usdc, weth, us, other = desk.token("USDC"), desk.token("WETH"), desk.account, desk.other
    pool, lender = desk.pools[0].id, desk.lender.id
    wallet, feed = desk.book.market("erc20:USDC").id, desk.book.market("chainlink:WETH").id
    pair, ticks = (weth, usdc), (-1_200, 1_200)
    return (
        Transfer(us, wallet, usdc, other, 1),
        Approve(us, wallet, usdc, other, 2**256 - 1),
        UpdateAnswer(us, feed, 5),
        Supply(us, lender, usdc, 1, us),
        Withdraw(us, lender, usdc, ALL, us),
        Borrow(us, lender, weth, 1, us),
        Repay(us, lender, weth, 7, us),
        Swap(us, pool, usdc, weth, 5, 6, LATE, us, limit=2**100),
        SwapExactOut(us, pool, usdc, weth, 5, 6, LATE, us),
        AddLiquidity(us, pool, pair, (5, 6), 7, LATE, ticks=ticks),
        RemoveLiquidity(us, pool, pair, 7, (), LATE, us, ticks),
        RemoveLiquidityOne(us, pool, pair, usdc, 7, 8, LATE, us),
        Collect(us, pool, pair, ticks, (5, 6), us),
        Delegate(us, lender, usdc, other, 2**255),
        UseAsCollateral(us, lender, usdc, is_used=False),
        SetEfficiencyMode(us, lender, 1),
        Liquidate(us, lender, other, weth, usdc, ALL, 0, takes_shares=True),
        FlashLoan(us, lender, usdc, 9, other),
        MintShares(us, lender, usdc, 9, other),
        RedeemShares(us, lender, usdc, ALL, other),
        Stake(us, lender, weth, 9),
        RequestWithdrawal(us, lender, weth, 9),
        ClaimWithdrawal(us, lender, weth, 1),
        ReportRewards(us, lender, -(2**200)),
        FinaliseWithdrawals(us, lender, 3),
        OpenPosition(us, lender, True, False, 9, 8, LATE, 2**100),
        ClosePosition(us, lender, 0, LATE),
        LiquidatePosition(us, lender, other, -7),
        SettleFunding(us, lender, other),
        EnterLoop(us, lender, lender, lender, pool, weth, usdc, 9, 8, LATE, 2**100),
        LeaveLoop(us, lender, lender, lender, pool, weth, usdc, 9, 8, LATE),
    )


def line_of(action: Action) -> bytes:
    order = RecordedOrder(action.actor, action, 1, 2)
    return encoded(1, RecordedBlock(Timestamp(9), 3, (order,)))


def test_examples__kinds__are_all_there_are(desk: Desk) -> None:
    assert {type(action) for action in examples(desk)} == set(get_args(Action))


def test_decoded__every_kind_of_action__as_it_was(desk: Desk) -> None:
    for action in examples(desk):
        (order,) = decoded(1, line_of(action), desk.book).orders
        assert order.action == action


@pytest.mark.parametrize(
    "field, value, told",
    [
        ("ticks", ["-887273", "0"], "no whole number from -887272"),
        ("ticks", "-60", "is no list"),
        ("amounts", ["-1", "1"], "no whole number from 0"),
        ("tokens", ["USDC", "WETH"], "no token of the recording's address book"),
    ],
)
def test_decoded__field_of_liquidity_that_is_none__refused(
    desk: Desk, field: str, value: object, told: str
) -> None:
    action = next(each for each in examples(desk) if isinstance(each, AddLiquidity))
    line = msgspec.json.decode(line_of(action))
    line["orders"][0]["action"][field] = value
    with pytest.raises(DataError, match=told):
        decoded(1, msgspec.json.encode(line), desk.book)
