"""The verbs without a chain: roundings at small amounts, caps, and what is not declared."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.protocols.aave_v36.lending import (
    CATEGORY,
    DOLLARS,
    ETHER,
    NOW,
    OPERATOR,
    OTHER,
    OWNER,
    POOL,
    RAY,
    RESERVES,
    TREASURY,
    YEAR,
    lending_state,
    position,
    reserve_state,
    settings,
    states,
)
from trimtab.core.abi import selector, word
from trimtab.core.actions import (
    ALL,
    Action,
    Borrow,
    Delegate,
    FlashLoan,
    Liquidate,
    Repay,
    SetEfficiencyMode,
    Supply,
    Withdraw,
)
from trimtab.core.errors import MissingRead, PriceDisagreement
from trimtab.core.market import Place
from trimtab.core.quantise import Bps, Ray
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Token
from trimtab.protocols.aave_v36 import (
    AaveV36Adapter,
    LendingState,
    account_summary,
    health_factor,
    supplied,
    supply_rate,
    utilisation,
    variable_borrow_rate,
    withdrawable,
)
from trimtab.protocols.aave_v36.model.account import account_data
from trimtab.protocols.aave_v36.model.borrowing import paid_back
from trimtab.protocols.shared.aave.configuration import ReserveConfiguration
from trimtab.protocols.shared.aave.wad_ray import WAD
from trimtab.protocols.shared.reverts import RevertError

AAVE, AT = AaveV36Adapter(), POOL.id
QUARTER = Ray(RAY * 5 // 4)
"""An index at which a scaled unit is worth one base unit and a quarter."""


def done(before: States, action: Action) -> LendingState:
    """The pool after an action that goes through."""
    outcome = AAVE.apply(before, action)
    assert isinstance(outcome, Applied), outcome.reason
    return before.fold(outcome)[POOL]


def refused(before: States, action: Action) -> bytes:
    """What an action reverts with."""
    outcome = AAVE.apply(before, action)
    assert isinstance(outcome, Reverted)
    return outcome.data


def at_a_quarter(**changed: object) -> LendingState:
    """A pool whose dollars have both indices at a quarter above one."""
    indices = {"liquidity_index": QUARTER, "variable_borrow_index": QUARTER}
    reserve = reserve_state(RESERVES[0], **(indices | changed))
    owner = position({DOLLARS: 300, ETHER: 10**18}, {DOLLARS: 100})
    return lending_state(reserve, owner=owner)


# ---------------------------------------------------------------------------------- roundings


@pytest.mark.parametrize("amount, scaled", [(2, 1), (3, 2), (4, 3), (5, 4), (100, 80)])
def test_supply__small_amounts__scaled_down(amount: int, scaled: int) -> None:
    state = done(states(at_a_quarter()), Supply(OWNER, AT, DOLLARS, amount, OWNER))
    assert state.account(OWNER).scaled_supplies[DOLLARS] == 300 + scaled
    assert state.reserve(DOLLARS).virtual_balance == 5 * 10**5 + amount


def test_supply__less_than_a_scaled_unit__refused() -> None:
    action = Supply(OWNER, AT, DOLLARS, 1, OWNER)
    assert refused(states(at_a_quarter()), action) == selector("InvalidAmount()")


@pytest.mark.parametrize("amount, scaled", [(1, 1), (2, 2), (4, 4), (5, 4), (100, 80)])
def test_withdraw__small_amounts__scaled_up(amount: int, scaled: int) -> None:
    state = done(states(at_a_quarter()), Withdraw(OWNER, AT, DOLLARS, amount, OWNER))
    assert state.account(OWNER).scaled_supplies[DOLLARS] == 300 - scaled


@pytest.mark.parametrize("amount, scaled", [(1, 1), (2, 2), (5, 4), (6, 5)])
def test_borrow__small_amounts__scaled_up(amount: int, scaled: int) -> None:
    state = done(states(at_a_quarter()), Borrow(OWNER, AT, DOLLARS, amount, OWNER))
    assert state.account(OWNER).scaled_debts[DOLLARS] == 100 + scaled


@pytest.mark.parametrize("amount, scaled", [(2, 1), (5, 4), (6, 4), (124, 99)])
def test_repay__small_amounts__scaled_down(amount: int, scaled: int) -> None:
    state = done(states(at_a_quarter()), Repay(OWNER, AT, DOLLARS, amount, OWNER))
    assert state.account(OWNER).scaled_debts[DOLLARS] == 100 - scaled


def test_repay__less_than_a_scaled_unit__refused() -> None:
    action = Repay(OWNER, AT, DOLLARS, 1, OWNER)
    assert refused(states(at_a_quarter()), action) == selector("InvalidBurnAmount()")


def test_repay__all__nothing_is_left_and_the_bit_is_cleared() -> None:
    state = done(states(at_a_quarter()), Repay(OWNER, AT, DOLLARS, ALL, OWNER))
    assert state.account(OWNER).scaled_debts[DOLLARS] == 0
    assert state.account(OWNER).user_configuration == 0b1010


@given(st.integers(1, 10**9), st.integers(RAY, 3 * RAY))
def test_supply_and_withdraw__any_index__never_more_comes_out(amount: int, index: int) -> None:
    reserve = reserve_state(RESERVES[0], liquidity_index=Ray(index))
    before = states(lending_state(reserve))
    outcome = AAVE.apply(before, Supply(OWNER, AT, DOLLARS, amount, OWNER))
    if isinstance(outcome, Reverted):
        assert amount * RAY < index
        return
    after = before.fold(outcome)
    back = AAVE.apply(after, Withdraw(OWNER, AT, DOLLARS, ALL, OWNER))
    if isinstance(back, Applied):
        (movement,) = back.movements
        assert movement.raw <= amount


# -------------------------------------------------------------------------------------- limits


def test_supply__at_the_cap__to_the_unit() -> None:
    capped = ReserveConfiguration(settings(6, cap=1))
    reserve = reserve_state(RESERVES[0], configuration=capped, scaled_supply=0, virtual_balance=0)
    before = states(lending_state(reserve))
    done(before, Supply(OWNER, AT, DOLLARS, 10**6, OWNER))
    over = refused(before, Supply(OWNER, AT, DOLLARS, 10**6 + 1, OWNER))
    assert over == selector("SupplyCapExceeded()")


def test_supply__for_an_account_that_is_not_tracked__totals_alone() -> None:
    before = states(lending_state())
    state = done(before, Supply(OWNER, AT, DOLLARS, 100, TREASURY))
    assert state.reserve(DOLLARS).scaled_supply == 10**6 + 100
    assert state.accounts == before[POOL].accounts


def test_borrow__health_of_exactly_one__still_covered_by_its_threshold() -> None:
    """2,000 dollars of ether at 80 % are 1,600 dollars of debt, above what may be borrowed."""
    owner = position({ETHER: 10**18}, {DOLLARS: 1_600 * 10**6})
    before = states(lending_state(owner=owner))
    assert health_factor(before, POOL, OWNER) == WAD
    wanted = Borrow(OWNER, AT, DOLLARS, 1, OWNER)
    below = selector("HealthFactorLowerThanLiquidationThreshold()")
    assert refused(before, wanted) == below
    call = Liquidate(OTHER, AT, OWNER, ETHER, DOLLARS, ALL)
    assert refused(before, call) == selector("HealthFactorNotBelowThreshold()")


def test_account_data__debts_up_and_collateral_down__in_the_last_unit() -> None:
    owner = position({ETHER: 10**18 + 1}, {DOLLARS: 1})
    lending = lending_state(owner=owner)
    data = account_data(states(lending, ether=3), lending, OWNER)
    assert (data.total_collateral, data.total_debt) == (3, 100)
    third = replace(lending.reserve(DOLLARS), variable_borrow_index=Ray(RAY + 1))
    changed = lending.with_reserve(third)
    assert account_data(states(changed), changed, OWNER).total_debt == 200


def test_account_data__in_a_category__its_limits_for_its_collateral_alone() -> None:
    owner = position({ETHER: 10**18, DOLLARS: 2_000 * 10**6}, {}, category=1)
    lending = lending_state(owner=owner)
    data = account_data(states(lending), lending, OWNER)
    assert (data.loan_to_value, data.liquidation_threshold) == (8_250, 8_650)
    zero = replace(CATEGORY, zero_loan_to_value_bitmap=0b10)
    shut = replace(lending, categories={1: zero})
    data = account_data(states(shut), shut, OWNER)
    assert (data.loan_to_value, data.has_zero_ltv_collateral) == (3_750, True)
    assert data.liquidation_threshold == 8_650


def test_set_efficiency_mode__beyond_eight_bits__no_such_call() -> None:
    before = states(lending_state())
    assert refused(before, SetEfficiencyMode(OWNER, AT, 256)) == b""


def test_set_efficiency_mode__debt_without_a_place__named_with_the_category() -> None:
    shut = replace(CATEGORY, borrowable_bitmap=0)
    owner = position({ETHER: 10**18}, {DOLLARS: 1})
    before = states(replace(lending_state(owner=owner), categories={1: shut}))
    error = selector("InvalidDebtInEmode(address,uint256)") + word(DOLLARS.address) + word(1)
    assert refused(before, SetEfficiencyMode(OWNER, AT, 1)) == error


def test_flash_loan__premium__up_and_all_of_it_the_treasury_s() -> None:
    before = states(lending_state())
    outcome = AAVE.apply(before, FlashLoan(OWNER, AT, DOLLARS, 10_001, OPERATOR))
    assert isinstance(outcome, Applied)
    out, back = outcome.movements
    assert (out.raw, back.raw) == (10_001, 10_007)
    reserve = before.with_states(outcome.changed)[POOL].reserve(DOLLARS)
    assert reserve.accrued_to_treasury == 6
    assert reserve.virtual_balance == 5 * 10**5 + 6


def test_paid_back__premium_beyond_128_bits__refused_as_a_number() -> None:
    """The scaled share of a premium of five quarters of 2**128 is what does not fit."""
    before, loan = states(at_a_quarter()), FlashLoan(OWNER, AT, DOLLARS, 0, OPERATOR)
    after = before.with_states(paid_back(before, POOL, loan, 5 * 2**125).changed)
    assert after[POOL].reserve(DOLLARS).accrued_to_treasury == 2**127
    with pytest.raises(RevertError) as raised:
        paid_back(before, POOL, loan, 5 * 2**126)
    overflowed = selector("SafeCastOverflowedUintDowncast(uint8,uint256)")
    assert raised.value.outcome.data == overflowed + word(128) + word(2**128)


def test_borrow__on_credit_one_unit_short_of_the_growth__takes_what_is_left() -> None:
    """At this index a debt of two may grow by three; credit of two is enough, and used up."""
    lending = at_a_quarter()
    account = lending.account(OWNER).with_delegated(DOLLARS, OTHER, 2)
    state = done(states(lending.with_account(OWNER, account)), Borrow(OTHER, AT, DOLLARS, 2, OWNER))
    assert state.account(OWNER).delegated[DOLLARS, OTHER] == 0
    assert state.account(OWNER).scaled_debts[DOLLARS] == 102


def test_delegate__to_somebody_not_tracked__goes_through_and_is_forgotten() -> None:
    before = states(lending_state())
    assert done(before, Delegate(OWNER, AT, DOLLARS, TREASURY, 5)) == before[POOL]


# ------------------------------------------------------------------------------- not declared


def test_apply__what_is_not_declared_or_tracked__missing_read_in_words() -> None:
    before = states(lending_state())
    unknown = Token(1, OTHER, 18, "XYZ")
    with pytest.raises(MissingRead, match="XYZ is not a declared reserve"):
        AAVE.apply(before, Supply(OWNER, AT, unknown, 1, OWNER))
    with pytest.raises(MissingRead, match="category 2 is not declared, which are 1"):
        AAVE.apply(before, SetEfficiencyMode(OWNER, AT, 2))
    with pytest.raises(MissingRead, match=r"positions of .* are not tracked"):
        AAVE.apply(before, Withdraw(OTHER, AT, DOLLARS, 1, OTHER))
    with pytest.raises(MissingRead, match="reserve number 9 is not declared"):
        before[POOL].reserve_by_id(9)


# ------------------------------------------------------------------------------------- queries


@pytest.mark.parametrize("extra", [0, 10**6, -(5 * 10**5)])
def test_rates__after_more_or_less__as_the_pool_would_store(extra: int) -> None:
    owner = position({DOLLARS: 10**6}, {})
    before = states(lending_state(owner=owner))
    if extra > 0:
        state = done(before, Supply(OWNER, AT, DOLLARS, extra, OWNER))
    elif extra < 0:
        state = done(before, Withdraw(OWNER, AT, DOLLARS, -extra, OWNER))
    else:
        state = done(before, FlashLoan(OWNER, AT, DOLLARS, 0, OPERATOR))
    reserve = state.reserve(DOLLARS)
    assert supply_rate(before, POOL, DOLLARS, extra) == reserve.liquidity_rate
    assert variable_borrow_rate(before, POOL, DOLLARS, extra) == reserve.variable_borrow_rate
    expected = RAY * 5 * 10**5 // (5 * 10**5 + reserve.virtual_balance)
    assert abs(utilisation(before, POOL, DOLLARS, extra) - expected) <= 1


def test_rates__more_taken_than_lies_there__refused() -> None:
    with pytest.raises(ValueError, match="only 500000 lie in it"):
        supply_rate(states(lending_state()), POOL, DOLLARS, -(5 * 10**5) - 1)


def test_withdrawable__with_a_debt__one_unit_more_is_refused() -> None:
    owner = position({ETHER: 10**18}, {DOLLARS: 100 * 10**6})
    rich = reserve_state(RESERVES[1], virtual_balance=10**18, scaled_supply=10**18)
    before = states(lending_state(rich, owner=owner))
    most = withdrawable(before, POOL, OWNER, ETHER)
    done(before, Withdraw(OWNER, AT, ETHER, most, OWNER))
    refused(before, Withdraw(OWNER, AT, ETHER, most + 1, OWNER))
    assert withdrawable(before, POOL, OWNER, DOLLARS) == 0


def test_withdrawable__nothing_owed__what_lies_there_or_is_held() -> None:
    before = states(lending_state(owner=position({DOLLARS: 10**6}, {})))
    assert withdrawable(before, POOL, OWNER, DOLLARS) == 5 * 10**5


def test_account_summary__price_that_is_none__cannot_be_valued() -> None:
    owner = position({ETHER: 1}, {})
    with pytest.raises(PriceDisagreement, match="cannot value what"):
        account_summary(states(lending_state(owner=owner), ether=0), POOL, OWNER)


def test_health_factor__no_debt__none() -> None:
    assert health_factor(states(lending_state()), POOL, OWNER) is None


def test_supplied_and_holdings__later__as_the_index_grows() -> None:
    reserve = reserve_state(RESERVES[0], liquidity_rate=Ray(RAY // 10))
    owner = position({DOLLARS: 1_005}, {ETHER: 7})
    before = states(lending_state(reserve, owner=owner))
    assert supplied(before, POOL, OWNER, DOLLARS, NOW) == 1_005
    later = AAVE.accrue(before[POOL], type(NOW)(NOW + YEAR))
    moved = before.with_states({POOL.id: later})
    held, owed = AAVE.holdings(moved, POOL, OWNER)
    assert (held.place, held.shares, held.raw) == (Place(AT, DOLLARS), 1_005, 1_105)
    assert (owed.place, owed.shares, owed.raw) == (Place(AT, ETHER, "debt"), -7, -7)
    assert Bps(5) == before[POOL].flash_loan_premium
