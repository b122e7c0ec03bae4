"""What the exchange does, and what it refuses, in states put together by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from tests.unit.protocols.perpetual.markets import (
    ALICE,
    BOB,
    DOLLAR,
    FOREVER,
    FUND,
    MARKET,
    NOW,
    POOL_STATE,
    RULES,
    STATE,
    USDC,
    VAULT,
    WAD,
    WETH,
    having,
    states,
)
from trimtab.core.actions import (
    ALL,
    Action,
    Borrow,
    ClosePosition,
    LiquidatePosition,
    OpenPosition,
    SettleFunding,
    Supply,
    Withdraw,
)
from trimtab.core.errors import InvariantViolation, MissingRead, NoRoute
from trimtab.core.market import POSITION, Place
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Movement, Reverted, States
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.protocols.perpetual import (
    PerpetualAdapter,
    PerpetualState,
    account_value,
    funding_rate,
    liquidation_price,
    margin_ratio,
    mark_price,
    quote_close,
    quote_open,
)
from trimtab.protocols.perpetual.model.trades import Order, scaled_amounts

ADAPTER = PerpetualAdapter()
LONG = OpenPosition(ALICE, MARKET.id, False, True, 20_000 * WAD, 0, FOREVER)
STRANGER = Address("0x" + "f" * 40)


def done(action: Action, before: States | None = None) -> PerpetualState:
    """The market after an action that is not refused."""
    outcome = ADAPTER.apply(before or states(), action)
    assert isinstance(outcome, Applied), outcome.reason
    after = outcome.changed[MARKET.id]
    assert isinstance(after, PerpetualState)
    return after


def refused(action: Action, before: States | None = None) -> str:
    outcome = ADAPTER.apply(before or states(), action)
    assert isinstance(outcome, Reverted)
    return outcome.reason


# --------------------------------------------------------------------------------------- margin


def test_supply__own_margin__taken_into_the_vault() -> None:
    action = Supply(ALICE, MARKET.id, USDC, 5 * DOLLAR, ALICE)
    outcome = ADAPTER.apply(states(), action)
    assert isinstance(outcome, Applied)
    assert outcome.movements == (Movement(USDC, ALICE, VAULT, 5 * DOLLAR, VAULT),)
    assert done(action).account(ALICE).margin == 10_005 * DOLLAR


@pytest.mark.parametrize(
    "amount, whom, reason",
    [
        (0, ALICE, "V_ZA"),
        (1, ZERO_ADDRESS, "V_DFZA"),
        (10**12 + 1, ALICE, "ERC20: transfer amount exceeds balance"),
    ],
)
def test_supply__what_the_vault_refuses__the_same(amount: int, whom: Address, reason: str) -> None:
    assert refused(Supply(ALICE, MARKET.id, USDC, amount, whom)) == reason


def test_supply__beyond_the_cap__refused() -> None:
    full = states(kept=RULES.cap)
    assert refused(Supply(ALICE, MARKET.id, USDC, 1, ALICE), full) == "V_GTSTBC"


def test_supply__another_token__no_route() -> None:
    with pytest.raises(NoRoute, match="other collateral is not modelled"):
        ADAPTER.apply(states(), Supply(ALICE, MARKET.id, WETH, 1, ALICE))


def test_supply__vault_paused__refused() -> None:
    paused = replace(STATE, rules=replace(RULES, is_vault_paused=True))
    action = Supply(ALICE, MARKET.id, USDC, 1, ALICE)
    assert refused(action, states(paused)) == "Pausable: paused"


def test_withdraw__all__margin_and_what_was_earned() -> None:
    earned = having(ALICE, owed=3 * WAD // 2)
    after = done(Withdraw(ALICE, MARKET.id, USDC, ALL, ALICE), states(earned))
    assert (after.account(ALICE).margin, after.account(ALICE).owed) == (0, 0)


def test_withdraw__what_was_lost__rounded_against_the_account() -> None:
    lost = having(ALICE, owed=-1)
    assert refused(Withdraw(ALICE, MARKET.id, USDC, 10_000 * DOLLAR, ALICE), states(lost)) == (
        "V_NEFC"
    )
    after = done(Withdraw(ALICE, MARKET.id, USDC, ALL, ALICE), states(lost))
    assert after.account(ALICE).margin == 0


def test_withdraw__to_another__no_route() -> None:
    with pytest.raises(NoRoute, match="its owner"):
        ADAPTER.apply(states(), Withdraw(ALICE, MARKET.id, USDC, 1, BOB))


# --------------------------------------------------------------------------------------- trades


def test_scaled_amounts__each_kind__the_pools_fee_replaced() -> None:
    long_in = Order(ALICE, False, True, False, 10**6, 0)
    assert scaled_amounts(long_in, 1_000, 3_000) == (1_002_007, 10**6)
    long_out = replace(long_in, is_exact_in=False)
    assert scaled_amounts(long_out, 1_000, 3_000) == (10**6, -(10**6))
    short_in = replace(long_in, is_short=True)
    assert scaled_amounts(short_in, 1_000, 3_000) == (1_003_010, 1_003_010)
    short_out = replace(short_in, is_exact_in=False)
    assert scaled_amounts(short_out, 1_000, 3_000) == (1_001_002, -1_001_002)


def test_open__long_of_exact_quote__costs_just_that() -> None:
    after = done(LONG)
    account = after.account(ALICE)
    assert account.open_notional == -20_000 * WAD
    assert 9 * WAD < account.size < 10 * WAD
    assert after.account(FUND).owed == 2 * WAD
    assert after.first_traded == STATE.first_traded
    assert after.settled_at == NOW


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({"deadline": Timestamp(NOW - 1)}, "CH_TE"),
        ({"amount": 0}, "AS"),
        ({"bound": 10 * WAD}, "CH_TLRL"),
        ({"amount": 2**255}, "SafeCast: value doesn't fit in an int256"),
        ({"limit": POOL_STATE.sqrt_price_x96}, "SPL"),
        ({"limit": 2**160}, "0x"),
        ({"amount": 150_000 * WAD}, "CH_NEFCI"),
        ({"is_exact_in": False, "amount": 10**30}, "UB_UOA"),
    ],
)
def test_open__what_the_exchange_refuses__the_same(
    changed: dict[str, int | bool], reason: str
) -> None:
    assert refused(replace(LONG, **changed)) == reason  # type: ignore[arg-type]


def test_open__pool_without_liquidity__as_the_contract_refuses() -> None:
    empty = replace(POOL_STATE, liquidity=0, initialized=(), ticks={})
    assert refused(LONG, states(pool=empty)) == "CH_F0S"
    with pytest.raises(NoRoute, match="CH_F0S"):
        quote_open(states(pool=empty), MARKET, ALICE, is_short=False, is_exact_in=True, amount=WAD)


def test_open__beyond_the_blocks_limit__refused() -> None:
    narrow = replace(STATE, rules=replace(RULES, most_ticks=1))
    assert refused(LONG, states(narrow)) == "EX_OPLAS"


def test_open__far_from_the_index__refused() -> None:
    assert refused(LONG, states(answer=1_700 * 10**8, updated_at=NOW - 30)) == "EX_OPB"


def test_close__whole_position__flat_again_and_profit_owed() -> None:
    outcome = ADAPTER.apply(states(), LONG)
    assert isinstance(outcome, Applied)
    before = states().fold(outcome)
    opened = before[MARKET]
    after = done(ClosePosition(ALICE, MARKET.id, 0, FOREVER), before)
    account = after.account(ALICE)
    assert (account.size, account.open_notional, account.is_registered) == (0, 0, False)
    assert -41 * WAD < account.owed < -39 * WAD
    found = quote_close(before, MARKET, ALICE)
    assert found.size == -opened.account(ALICE).size
    assert found.profit == account.owed


def test_close__more_than_the_blocks_limit__a_part() -> None:
    held = having(
        ALICE, margin=10**12, size=2_000 * WAD, open_notional=-4_000_000 * WAD, is_registered=True
    )
    tight = replace(held, rules=replace(RULES, most_ticks=50))
    after = done(ClosePosition(ALICE, MARKET.id, 0, FOREVER), states(tight))
    assert 0 < after.account(ALICE).size < 2_000 * WAD


def test_close__no_position__refused() -> None:
    assert refused(ClosePosition(ALICE, MARKET.id, 0, FOREVER)) == "CH_PSZ"
    with pytest.raises(NoRoute, match="no position"):
        quote_close(states(), MARKET, ALICE)


# ---------------------------------------------------------------------- funding and liquidation


def test_settle__somebody_else__refused() -> None:
    assert refused(SettleFunding(BOB, MARKET.id, ALICE)) == "CH_OVOT"


def test_settle__index_below_the_pool__longs_pay_shorts() -> None:
    long = having(ALICE, size=WAD, open_notional=-2_000 * WAD, is_registered=True)
    short = replace(long.account(ALICE), size=-WAD, open_notional=2_000 * WAD)
    answer, updated_at = 1_900 * 10**8, NOW - 3000
    before = states(long, answer=answer, updated_at=updated_at)
    paid = done(SettleFunding(ALICE, MARKET.id, ALICE), before).account(ALICE).owed
    other = states(STATE.with_account(ALICE, short), answer=answer, updated_at=updated_at)
    got = done(SettleFunding(ALICE, MARKET.id, ALICE), other).account(ALICE).owed
    assert paid == -got < 0
    assert funding_rate(before, MARKET) > 0


def test_liquidate__enough_value__refused() -> None:
    held = having(ALICE, size=WAD, open_notional=-2_000 * WAD, is_registered=True)
    action = LiquidatePosition(BOB, MARKET.id, ALICE)
    assert refused(action, states(held)) == "CH_EAV"


SPENT = having(ALICE, margin=100 * DOLLAR, size=WAD, open_notional=-2_000 * WAD, is_registered=True)


def test_liquidate__between_half_and_whole_requirement__half_of_it() -> None:
    after = done(LiquidatePosition(BOB, MARKET.id, ALICE), states(SPENT))
    assert (after.account(ALICE).size, after.account(BOB).size) == (WAD // 2, WAD // 2)
    assert after.account(ALICE).owed < 0 < after.account(FUND).owed


def test_liquidate__below_half__whole_and_bad_debt_on_the_fund() -> None:
    broke = replace(SPENT.account(ALICE), margin=0)
    state = STATE.with_account(ALICE, broke).with_account(
        FUND, replace(STATE.account(FUND), margin=1_000 * DOLLAR)
    )
    after = done(LiquidatePosition(BOB, MARKET.id, ALICE), states(state))
    assert (after.account(ALICE).size, after.account(BOB).size) == (0, WAD)
    assert after.account(FUND).margin < 1_000 * DOLLAR
    assert account_value(states(after), MARKET, ALICE) == 0


def test_liquidate__fund_too_small__refused() -> None:
    broke = STATE.with_account(ALICE, replace(SPENT.account(ALICE), margin=-100 * DOLLAR))
    assert refused(LiquidatePosition(BOB, MARKET.id, ALICE), states(broke)) == "CH_IIC"


def test_liquidate__wrong_direction__refused() -> None:
    action = LiquidatePosition(BOB, MARKET.id, ALICE, -1)
    assert refused(action, states(SPENT)) == "CH_WLD"


def test_liquidate__untracked_account__missing() -> None:
    with pytest.raises(MissingRead, match="are not tracked"):
        ADAPTER.apply(states(), LiquidatePosition(BOB, MARKET.id, STRANGER))


def test_apply__foreign_action__violation() -> None:
    with pytest.raises(InvariantViolation):
        ADAPTER.apply(states(), Borrow(ALICE, MARKET.id, USDC, 1, ALICE))


# -------------------------------------------------------------------------------------- queries


def test_holdings__with_a_position__make_up_the_value() -> None:
    before = states(done(LONG))
    margin, position = ADAPTER.holdings(before, MARKET, ALICE)
    assert margin.place == Place(MARKET.id, USDC)
    assert position.place == Place(MARKET.id, USDC, POSITION)
    assert position.shares == position.audited == before[MARKET].account(ALICE).size
    assert margin.raw + position.raw == account_value(before, MARKET, ALICE)


def test_holdings__nothing__none() -> None:
    assert ADAPTER.holdings(states(), MARKET, FUND) == ()


def test_liquidation_price__at_it__worth_is_what_is_needed() -> None:
    for size, notional in ((WAD, -2_000 * WAD), (-WAD, 2_000 * WAD)):
        held = having(
            ALICE, margin=400 * DOLLAR, size=size, open_notional=notional, is_registered=True
        )
        before = states(replace(held, settled_at=int(NOW)))
        price = liquidation_price(before, MARKET, ALICE)
        assert price is not None
        worth = 400 + (price * size + notional) / WAD
        assert worth == price * Fraction(62_500, 10**6)


def test_margin_ratio__no_position__none() -> None:
    assert margin_ratio(states(), MARKET, ALICE) is None
    assert margin_ratio(states(SPENT), MARKET, ALICE) == pytest.approx(0.05, rel=0.01)
    assert abs(mark_price(states(), MARKET) - 2_000) < 1


def test_mark_price__pool_too_young__missing() -> None:
    young = replace(POOL_STATE.oracle.observations[0], timestamp=NOW - 60)
    oracle = replace(POOL_STATE.oracle, observations=(young,))
    with pytest.raises(MissingRead, match="OLD"):
        mark_price(states(pool=replace(POOL_STATE, oracle=oracle)), MARKET)
