"""Loops in the book: which flows are theirs, and what they cost."""

from fractions import Fraction

from tests.unit.core.test_token import USDC, WETH
from trimtab.core.actions import EnterLoop, LeaveLoop, Withdraw
from trimtab.core.market import MarketId, Place, wallet
from trimtab.core.prices import Prices, Quote
from trimtab.core.quantise import Timestamp
from trimtab.core.settlement import Flow
from trimtab.core.token import ZERO_ADDRESS
from trimtab.journal.fills import match
from trimtab.journal.loops import Looped, loop_cost

POOL = MarketId("aave_v3:1:0x1")
WHERE = (MarketId("flash_loop:1:0x2"), POOL, POOL, MarketId("uniswap_v3:1:0x3"), WETH, USDC)
LENT, OWED = Place(POOL, WETH), Place(POOL, USDC, "debt")
AT = Timestamp(100)
ENTER = EnterLoop(ZERO_ADDRESS, *WHERE, 2_000, 0, AT)
LEAVE = LeaveLoop(ZERO_ADDRESS, *WHERE, 2_000, 99, AT)
PRICES = Prices(USDC, AT, {t: Quote(Fraction(p), "", AT) for t, p in ((USDC, 1), (WETH, 100))})


def flow(place: Place, raw: int) -> Flow:
    return Flow(place, raw, raw, "0x1", True)


def test_match__entered__both_sides_of_it() -> None:
    found = match((ENTER,), [flow(LENT, 19), flow(OWED, -2_001)])
    assert found.left_over == ()
    assert found.fills == (Looped(ENTER, {WETH: 19, USDC: -2_001}),)


def test_match__left_then_withdrawn__a_unit_back_and_each_its_own() -> None:
    taken = Withdraw(ZERO_ADDRESS, POOL, WETH, 5, ZERO_ADDRESS)
    flows = [flow(OWED, 2_000), flow(LENT, -22), flow(LENT, 1), flow(LENT, -5)]
    found = match((LEAVE, taken), [*flows, flow(wallet(WETH), 5)])
    assert found.left_over == ()
    assert found.fills[0] == Looped(LEAVE, {USDC: 2_000, WETH: -21})
    assert len(found.fills) == 2


def test_match__gift_of_a_stranger__comes_with_the_loop() -> None:
    found = match((ENTER,), [flow(LENT, 19), flow(OWED, -2_001), flow(wallet(USDC), 3)])
    assert found.fills == (Looped(ENTER, {WETH: 19, USDC: -1_998}),)
    assert found.left_over == ()


def test_match__a_side_missing__nothing_is_explained() -> None:
    flows = [flow(LENT, 19)]
    assert match((ENTER,), flows).left_over == tuple(flows)
    assert match((ENTER,), flows).fills == ()


def test_loop_cost__entered_and_left__fees_and_the_rest() -> None:
    rates = Fraction(1, 1_000), Fraction(1, 2_000)
    entered = Looped(ENTER, {WETH: 19, USDC: -2_001})
    assert loop_cost(entered, PRICES, *rates) == (Fraction(3), Fraction(98))
    left = Looped(LEAVE, {USDC: 2_000, WETH: -21})
    fee = Fraction(21, 10) + 1
    assert loop_cost(left, PRICES, *rates) == (fee, 100 - fee)
