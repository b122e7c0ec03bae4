"""Profit told in parts that are each computed and sum to the change of the book."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import pytest

from tests.unit.journal.builders import (
    ACCOUNT,
    NOW,
    OTHER,
    OURS,
    THEIRS,
    USDC,
    WETH,
    flow,
    prices,
)
from trimtab.core.actions import Action, OpenPosition, Supply, Swap, Transfer
from trimtab.core.errors import ConfigError, InvariantViolation, MissingRead
from trimtab.core.market import POSITION, MarketId, Place, token_market, wallet
from trimtab.core.settlement import Dropped, Failed, Flow, Landed, Settlement
from trimtab.journal.pnl import Attribution, Ledger, Moment, attribute
from trimtab.journal.reconcile import Reconciliation

POOL, LENDER = MarketId("pool:1:0x01"), MarketId("lender:1:0x02")
DOLLARS, ETHER, LENT = wallet(USDC), wallet(WETH), Place(LENDER, USDC)
OWED = Place(LENDER, USDC, "debt")
FEES = {POOL: Fraction(3, 1000)}
BUY = Swap(ACCOUNT, POOL, USDC, WETH, 1000, 5, NOW, ACCOUNT)
START = Moment({DOLLARS: 5000, ETHER: 10}, prices(USDC=1, WETH=100))


def attributed(
    now: Moment,
    *flows: Flow,
    before: Moment = START,
    accruals: Mapping[Place, int] | None = None,
    actions: tuple[Action, ...] = (),
    settled: tuple[Settlement, ...] = (),
) -> Attribution:
    found = Reconciliation(flows, accruals or {}, now.book, {})
    return attribute(before, now, found, {OURS: actions}, settled, FEES, Fraction(1, 50))


def test_attribute__prices_alone__price() -> None:
    found = attributed(Moment(START.book, prices(USDC=1, WETH=120)))
    assert [found.price, found.change] == [200, 200]
    found.check()


def test_attribute__interest__at_the_prices_now() -> None:
    before = Moment({ETHER: 10, OWED: -300}, START.prices)
    now = Moment({ETHER: 10, OWED: -304}, prices(USDC=2, WETH=100))
    found = attributed(now, before=before, accruals={OWED: -4})
    assert [found.price, found.interest, found.change] == [-300, -8, -308]
    found.check()


def test_attribute__deposit_and_theft__external() -> None:
    now = Moment({DOLLARS: 5040, ETHER: 9}, START.prices)
    found = attributed(
        now, flow(DOLLARS, 40, transaction=THEIRS), flow(ETHER, -1, transaction=THEIRS)
    )
    assert [found.external, found.change] == [-60, -60]
    found.check()


def test_attribute__swap__fee_and_slippage_told_apart() -> None:
    now = Moment({DOLLARS: 4000, ETHER: 19}, prices(USDC=1, WETH=110))
    flows = (flow(ETHER, 9), flow(DOLLARS, -1000))
    found = attributed(now, *flows, actions=(BUY,))
    assert [found.price, found.fees, found.slippage] == [100, 3, 1000 - 3 - 990]
    assert found.change == 100 - 10
    found.check()


def test_attribute__swap_better_than_the_oracle__slippage_is_a_gain() -> None:
    now = Moment({DOLLARS: 4000, ETHER: 21}, START.prices)
    found = attributed(now, flow(ETHER, 11), flow(DOLLARS, -1000), actions=(BUY,))
    assert [found.fees, found.slippage, found.change] == [3, -103, 100]
    found.check()


def test_attribute__supply__rounding_is_a_cost() -> None:
    supply = Supply(ACCOUNT, LENDER, USDC, 1000, ACCOUNT)
    now = Moment({DOLLARS: 4000, LENT: 999, ETHER: 10}, START.prices)
    found = attributed(now, flow(DOLLARS, -1000), flow(LENT, 999, 900), actions=(supply,))
    assert [found.rounding, found.change] == [1, -1]
    found.check()


def test_attribute__we_pay_somebody__external_not_cost() -> None:
    payment = Transfer(ACCOUNT, token_market(USDC), USDC, OTHER, 500)
    now = Moment({DOLLARS: 4500, ETHER: 10}, START.prices)
    found = attributed(now, flow(DOLLARS, -500), actions=(payment,))
    assert [found.external, found.change] == [-500, -500]
    found.check()


def test_attribute__gas__of_what_was_mined_apart_from_the_change() -> None:
    settled = (
        Landed("a", OURS, 1, 100, 3),
        Failed("b", THEIRS, 1, 50, 4, "expired"),
        Dropped("c", "its deadline passed"),
    )
    found = attributed(START, settled=settled)
    assert [found.gas, found.change] == [Fraction(500, 50), 0]
    found.check()


def test_check__own_flow_that_no_action_explains__violation() -> None:
    now = Moment({DOLLARS: 4000, ETHER: 19}, prices(USDC=1, WETH=110))
    flows = (flow(ETHER, 9), flow(DOLLARS, -997), flow(DOLLARS, -3))
    found = attributed(now, *flows, actions=(replace(BUY, amount_in=997),))
    assert found.unexplained == flows[2:]
    with pytest.raises(InvariantViolation, match=r"INV-1 conservation: -3 of wallet:USDC moved"):
        found.check()


def test_check__transaction_of_ours_without_a_plan__violation() -> None:
    now = Moment({DOLLARS: 4999, ETHER: 10}, START.prices)
    with pytest.raises(InvariantViolation, match="no action of its plan explains"):
        attributed(now, flow(DOLLARS, -1)).check()


@pytest.mark.parametrize("raw", [4999, 5001])
def test_check__book_off_by_one_unit__violation(raw: int) -> None:
    found = attributed(Moment({DOLLARS: raw, ETHER: 10}, START.prices))
    with pytest.raises(InvariantViolation, match="INV-1 conservation: the book changed by"):
        found.check()


def test_attribute__price_missing__never_zero() -> None:
    with pytest.raises(MissingRead, match="no price of WETH"):
        attributed(Moment(START.book, prices(USDC=1)))


def test_attribute__fee_missing__never_zero() -> None:
    elsewhere = replace(BUY, market=LENDER)
    flows = (flow(ETHER, 9), flow(DOLLARS, -1000))
    with pytest.raises(MissingRead, match="the fee of lender:1:0x02 is not known"):
        attributed(START, *flows, actions=(elsewhere,))


def test_attribute__other_numeraire__refused() -> None:
    now = Moment({}, replace(START.prices, numeraire=WETH))
    with pytest.raises(ConfigError, match="the numeraire was USDC and is WETH"):
        attributed(now)


# ------------------------------------------------------------------------------------ ledger

STEP = attributed(
    Moment(START.book, prices(USDC=1, WETH=120)), settled=(Landed("a", "", 1, 5, 10),)
)


def test_ledger__steps__sums_and_profit_after_gas() -> None:
    now = Moment({DOLLARS: 5040, ETHER: 10}, prices(USDC=1, WETH=110))
    deposit = flow(DOLLARS, 40, transaction=THEIRS)
    second = attributed(now, deposit, before=Moment(START.book, prices(USDC=1, WETH=120)))
    ledger = Ledger(STEP.equity_before, STEP.equity_before).add(STEP).add(second)
    assert [ledger.equity_start, ledger.equity] == [6000, 6140]
    assert [ledger.price, ledger.external, ledger.gas] == [100, 40, 1]
    assert ledger.profit == 99


def test_ledger__step_missing__violation() -> None:
    with pytest.raises(InvariantViolation, match="a step between them is missing"):
        Ledger(Fraction(1), Fraction(1)).add(STEP)


def test_ledger__step_that_does_not_add_up__violation() -> None:
    wrong = replace(STEP, price=STEP.price + 1)
    with pytest.raises(InvariantViolation, match="INV-1"):
        Ledger(STEP.equity_before, STEP.equity_before).add(wrong)


GAINS = ("interest", "liquidity", "positions", "liquidations", "external")
COSTS = ("fees", "slippage", "rounding", "gas")


def test_ledger__to_plain__exact_fractions() -> None:
    third = Ledger(Fraction(1, 3), Fraction(2, 3), price=Fraction(1, 3))
    assert third.to_plain() == {
        "equity_start": "1/3",
        "equity": "2/3",
        "price": "1/3",
        "profit": "1/3",
        **dict.fromkeys((*GAINS, *COSTS), "0/1"),
    }


SHORT = Place(MarketId("perpetual:1:0x03"), USDC, POSITION)
OPENED = OpenPosition(ACCOUNT, SHORT.market, True, True, 50, 1, NOW)


def test_attribute__position_opened__fee_of_its_size_and_the_rest_is_slippage() -> None:
    """A fee of a tenth of a base unit for each unit of size, and the book lost 7."""
    found = attribute(
        Moment({wallet(USDC): 1000}, prices(USDC=1, WETH=1)),
        Moment({wallet(USDC): 1000, SHORT: -7}, prices(USDC=1, WETH=1)),
        Reconciliation((flow(SHORT, -7, -50),), {}, {}, {}),
        {OURS: (OPENED,)},
        (),
        {SHORT.market: Fraction(1, 10)},
        Fraction(0),
    )
    found.check()
    assert [found.fees, found.slippage, found.change] == [5, 2, -7]


def test_attribute__position_that_gains__told_apart_from_interest_and_pools() -> None:
    found = attribute(
        Moment({SHORT: -7}, prices(USDC=1, WETH=1)),
        Moment({SHORT: 5}, prices(USDC=1, WETH=1)),
        Reconciliation((), {SHORT: 12}, {}, {}),
        {},
        (),
        {},
        Fraction(0),
    )
    found.check()
    assert [found.positions, found.interest, found.liquidity] == [12, 0, 0]


def test_attribute__fee_of_a_perpetual_not_stated__missing() -> None:
    with pytest.raises(MissingRead, match="the fee of perpetual"):
        attribute(
            Moment({}, prices(USDC=1, WETH=1)),
            Moment({SHORT: -7}, prices(USDC=1, WETH=1)),
            Reconciliation((flow(SHORT, -7, -50),), {}, {}, {}),
            {OURS: (OPENED,)},
            (),
            {},
            Fraction(0),
        )
