"""Which flows of others are liquidations."""

from fractions import Fraction

import pytest

from tests.unit.journal.builders import OURS, THEIRS, USDC, WETH, flow, prices
from trimtab.core.market import POSITION, MarketId, Place, wallet
from trimtab.core.settlement import Flow
from trimtab.journal.liquidations import liquidations
from trimtab.journal.pnl import Moment, attribute
from trimtab.journal.reconcile import Reconciliation

LENDER, PERPETUAL = MarketId("aave_v3:1:0x02"), MarketId("perpetual:1:0x03")
LENT, OWED = Place(LENDER, WETH), Place(LENDER, USDC, "debt")
SHORT = Place(PERPETUAL, USDC, POSITION)
REPAID, TAKEN = flow(OWED, 100, transaction=THEIRS), flow(LENT, -11, transaction=THEIRS)


@pytest.mark.parametrize(
    "flows, expected",
    [
        pytest.param((REPAID, TAKEN), {(THEIRS, LENDER)}, id="a debt with its collateral"),
        pytest.param((REPAID,), set(), id="repaid on our behalf"),
        pytest.param((TAKEN,), set(), id="withdrawn"),
        pytest.param((flow(OWED, 100), flow(LENT, -11)), set(), id="our own unwinding"),
        pytest.param((REPAID, flow(LENT, -11, transaction="0xff")), set(), id="apart"),
        pytest.param(
            (flow(SHORT, -9, 50, transaction=THEIRS),), {(THEIRS, PERPETUAL)}, id="a position"
        ),
        pytest.param((flow(SHORT, -9, 0, transaction=THEIRS),), set(), id="funding booked"),
        pytest.param((flow(SHORT, -9, 50, transaction=OURS),), set(), id="our own trade"),
    ],
)
def test_liquidations__by_what_moved_at_once(
    flows: tuple[Flow, ...], expected: set[tuple[str, MarketId]]
) -> None:
    assert liquidations(flows) == expected


def test_attribute__liquidated__a_loss_and_no_capital_taken_out() -> None:
    gift = flow(wallet(USDC), 5, transaction="0xff")
    found = attribute(
        Moment({LENT: 100, OWED: -500}, prices(USDC=1, WETH=10)),
        Moment({LENT: 89, OWED: -400, wallet(USDC): 5}, prices(USDC=1, WETH=10)),
        Reconciliation((REPAID, TAKEN, gift), {}, {}, {}),
        {},
        (),
        {},
        Fraction(0),
    )
    found.check()
    assert [found.liquidations, found.external, found.change] == [-10, 5, -5]
