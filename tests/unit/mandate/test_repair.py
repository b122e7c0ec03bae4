"""Which plans do nothing but lead away from liquidation."""

import pytest

from tests.unit.journal.builders import ACCOUNT, NOW, OTHER, USDC, WETH
from trimtab.core.actions import (
    Action,
    Approve,
    Borrow,
    ClosePosition,
    OpenPosition,
    Repay,
    Supply,
    Swap,
    Withdraw,
)
from trimtab.core.market import MarketId, token_market
from trimtab.mandate.repair import only_repays

POOL, LENDER = MarketId("uniswap_v3:1:0x01"), MarketId("aave_v3:1:0x02")
PERPETUAL = MarketId("perpetual:1:0x03")
REPAY = Repay(ACCOUNT, LENDER, USDC, 10, ACCOUNT)
TAKE = Withdraw(ACCOUNT, LENDER, WETH, 5, ACCOUNT)
SELL = Swap(ACCOUNT, POOL, WETH, USDC, 5, 10, NOW, ACCOUNT)
ALLOW = Approve(ACCOUNT, token_market(USDC), USDC, OTHER, 10)
FUND = Supply(ACCOUNT, PERPETUAL, USDC, 10, ACCOUNT)
SHRINK = OpenPosition(ACCOUNT, PERPETUAL, False, False, 5, 10, NOW)


@pytest.mark.parametrize(
    "actions",
    [
        (TAKE, SELL, ALLOW, REPAY),
        (REPAY,),
        (ALLOW, FUND),
        (SHRINK,),
        (ClosePosition(ACCOUNT, PERPETUAL, 10, NOW),),
        (ALLOW, FUND, SHRINK),
    ],
)
def test_only_repays__nothing_else__true(actions: tuple[Action, ...]) -> None:
    assert only_repays(actions, ACCOUNT)


@pytest.mark.parametrize(
    "actions",
    [
        pytest.param((), id="nothing"),
        pytest.param((TAKE, SELL), id="nothing repaid"),
        pytest.param((REPAY, Borrow(ACCOUNT, LENDER, USDC, 1, ACCOUNT)), id="borrows"),
        pytest.param((REPAY, Supply(ACCOUNT, LENDER, USDC, 1, ACCOUNT)), id="lends"),
        pytest.param((Supply(ACCOUNT, PERPETUAL, USDC, 1, OTHER),), id="another's margin"),
        pytest.param((FUND, Swap(ACCOUNT, POOL, USDC, WETH, 5, 1, NOW, ACCOUNT)), id="buys"),
        pytest.param((Withdraw(ACCOUNT, LENDER, WETH, 5, OTHER), REPAY), id="sends away"),
    ],
)
def test_only_repays__something_else__false(actions: tuple[Action, ...]) -> None:
    assert not only_repays(actions, ACCOUNT)
