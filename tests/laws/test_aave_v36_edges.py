"""The law of the 3.6 line where governance acts in between, and at what is rarely drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.aave_v36 import PORT
from tests.laws.law import Tally, run_sequence
from tests.laws.lending36_edges import NOWHERE, Stage, edges
from trimtab.core.abi import selector
from trimtab.core.actions import (
    ALL,
    Approve,
    Borrow,
    Delegate,
    FlashLoan,
    Liquidate,
    Quantity,
    Repay,
    SetEfficiencyMode,
    Supply,
    UseAsCollateral,
    Withdraw,
)
from trimtab.core.market import token_market
from trimtab.core.states import Applied, Reverted
from trimtab.lab.world.deploy_tokens import token_contract
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.aave_v36 import debt_balance, health_factor, supply_balance
from trimtab.protocols.aave_v36.model.reserve import update_state
from trimtab.protocols.shared.aave.wad_ray import WAD

pytestmark = pytest.mark.chain

CASES, STEPS = 800, 16
YEAR = 365 * 24 * 3600
DOLLAR = 10**8


@pytest.fixture(scope="module")
def opened() -> Stage:
    return edges()


@pytest.fixture
def stage(opened: Stage) -> Iterator[Stage]:
    """The stage as it was; what a test does to it is undone."""
    before, moment = opened.machine.snapshot(), opened.machine.time
    yield opened.at(opened.states)
    opened.machine.revert(before)
    opened.machine.set_time(moment)


SETTINGS: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("setReservePause(address,bool)", (True,)),
    ("setReservePause(address,bool)", (False,)),
    ("setReservePause(address,bool,uint40)", (False, 3600)),
    ("setReserveFreeze", (True,)),
    ("setReserveFreeze", (False,)),
    ("setReserveLtvzero", (True,)),
    ("setReserveLtvzero", (False,)),
    ("setAssetLtvzeroInEMode", (1, True)),
    ("setAssetBorrowableInEMode", (2, False)),
    ("setAssetCollateralInEMode", (2, True)),
    ("setReserveBorrowing", (False,)),
    ("setReserveBorrowing", (True,)),
    ("setReserveFlashLoaning", (False,)),
    ("setReserveFactor", (0,)),
    ("setReserveFactor", (10_000,)),
    ("setLiquidationProtocolFee", (10_000,)),
    ("setSupplyCap", (1,)),
    ("setBorrowCap", (1,)),
    ("setDebtCeiling", (1,)),
)
"""What governance does to a reserve."""


def test_model__governance_in_between__equals_the_chain(
    stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    tally, machine, moment = Tally(), stage.machine, stage.machine.time
    changed: set[str] = set()
    symbols = [reserve.token.symbol for reserve in stage.market.reserves]

    @settings(max_examples=CASES // (3 * STEPS))
    @given(st.data())
    def law(data: st.DataObject) -> None:
        before, here = machine.snapshot(), stage.at(stage.states)
        try:
            for _ in range(3):
                scene = (machine, ADAPTERS, here.states, here.accounts, PORT, tally, STEPS)
                here.states = run_sequence(data.draw, *scene)
                function, arguments = data.draw(st.sampled_from(SETTINGS))
                asset = here.token(data.draw(st.sampled_from(symbols))).address
                if here.governed(function, asset, *arguments):
                    changed.add(function)
                here.govern("updateFlashloanPremium", data.draw(st.sampled_from((0, 1, 10_000))))
        finally:
            machine.revert(before)
            machine.set_time(moment)

    law()
    reached = ", ".join(f"{count} {what}" for what, count in tally.reached.most_common(12))
    record_property("told", f"law aave_v36, governed: {tally.cases} cases, 0 mismatches; {reached}")
    assert tally.cases >= CASES - 3 * STEPS
    assert len(changed) >= 8, f"governance changed no more than {changed}"


# ------------------------------------------------------------------------- what governance shuts


def _revert(stage: Stage, error: str) -> Reverted:
    return Reverted(selector(f"{error}()"))


def test_actions__reserve_paused_or_frozen_or_not_in_use__refused_by_name(stage: Stage) -> None:
    owner, pool, usdc = stage.accounts.owners[0], stage.market.id, stage.token("USDC")
    stage.supply(owner, "USDC", 10**9)
    more = Supply(owner, pool, usdc, 10**6, owner)
    leave = Withdraw(owner, pool, usdc, 10**6, owner)
    loan = FlashLoan(owner, pool, usdc, 10**6, stage.market.receivers[0])
    stage.govern("setReserveFreeze", usdc.address, True)
    assert stage.act(more) == _revert(stage, "ReserveFrozen")
    assert isinstance(stage.act(leave), Applied)
    stage.govern("setReservePause(address,bool)", usdc.address, True)
    for action, error in ((more, "ReservePaused"), (leave, "ReservePaused")):
        assert stage.act(action) == _revert(stage, error)
    assert stage.act(loan) == _revert(stage, "ReservePaused")
    assert stage.act(UseAsCollateral(owner, pool, usdc, False)) == _revert(stage, "ReservePaused")


def test_liquidate__within_the_grace_period__refused_until_it_is_over(stage: Stage) -> None:
    owner, other, _ = stage.accounts.owners
    weth, usdc = stage.token("WETH"), stage.token("USDC")
    _bring_below_one(stage)
    stage.supply(other, "USDC", 10**6)
    stage.govern("setReservePause(address,bool,uint40)", weth.address, False, 3600)
    call = Liquidate(other, stage.market.id, owner, weth, usdc, ALL)
    assert stage.act(call) == _revert(stage, "LiquidationGraceSentinelCheckFailed")
    stage.wait(3600)
    assert stage.act(call) == _revert(stage, "LiquidationGraceSentinelCheckFailed")
    stage.wait(1)
    assert isinstance(stage.act(call), Applied)


def test_borrow__against_isolated_collateral__up_to_its_ceiling_alone(stage: Stage) -> None:
    owner, pool = stage.accounts.owners[0], stage.market.id
    ldo, usdc, weth = (stage.token(symbol) for symbol in ("LDO", "USDC", "WETH"))
    stage.price("LDO", 100 * DOLLAR)
    stage.supply(owner, "LDO", 10_000 * 10**18)
    stage.done(UseAsCollateral(owner, pool, ldo, True))
    cents = Borrow(owner, pool, usdc, 200_000 * 10**6 + 10_000, owner)
    assert stage.act(cents) == _revert(stage, "DebtCeilingExceeded")
    other = Borrow(owner, pool, weth, 10**18, owner)
    assert stage.act(other) == _revert(stage, "AssetNotBorrowableInIsolation")
    stage.done(Borrow(owner, pool, usdc, 200_000 * 10**6 + 9_999, owner))
    assert stage.states[stage.market].reserve(ldo).isolated_debt == 200_000 * 100
    leave = Approve(owner, token_market(usdc), usdc, stage.market.address, 10**6)
    stage.done(leave, Repay(owner, pool, usdc, 10**6, owner))
    assert stage.states[stage.market].reserve(ldo).isolated_debt == 199_999 * 100


def test_set_efficiency_mode__one_that_is_not_there__refused(stage: Stage) -> None:
    owner = stage.accounts.owners[0]
    outcome = stage.act(SetEfficiencyMode(owner, stage.market.id, NOWHERE))
    assert outcome == _revert(stage, "InconsistentEModeCategory")


def test_set_efficiency_mode__collateral_that_counts_nothing_there__refused_with_its_name(
    stage: Stage,
) -> None:
    owner, weth = stage.accounts.owners[0], stage.token("WETH")
    stage.supply(owner, "WETH", 10**18)
    stage.govern("setAssetLtvzeroInEMode", weth.address, 1, True)
    outcome = stage.act(SetEfficiencyMode(owner, stage.market.id, 1))
    assert isinstance(outcome, Reverted)
    assert outcome.data[:4] == selector("InvalidCollateralInEmode(address,uint256)")


def test_withdraw__beside_collateral_that_counts_nothing__that_has_to_leave_first(
    stage: Stage,
) -> None:
    owner, pool = stage.accounts.owners[0], stage.market.id
    weth, usdc = stage.token("WETH"), stage.token("USDC")
    stage.supply(owner, "WETH", 10 * 10**18)
    stage.supply(owner, "USDC", 10**10)
    stage.done(Borrow(owner, pool, usdc, 10**9, owner))
    stage.govern("setReserveLtvzero", weth.address, True)
    outcome = stage.act(Withdraw(owner, pool, usdc, 10**6, owner))
    assert outcome == _revert(stage, "LtvValidationFailed")
    stage.done(Withdraw(owner, pool, weth, ALL, owner), Withdraw(owner, pool, usdc, 10**6, owner))


# --------------------------------------------------------------------------------- liquidations


def _bring_below_one(stage: Stage, debt: int = 5_000 * 10**6) -> None:
    """The first owner: WETH for a debt of USDC, and a health factor of about 0.97."""
    owner, weth, usdc = stage.accounts.owners[0], stage.token("WETH"), stage.token("USDC")
    dollars = debt // 10**6
    stage.supply(owner, "WETH", dollars * 10**18 // 1_500)
    stage.done(Borrow(owner, stage.market.id, usdc, debt, owner))
    health = health_factor(stage.states, stage.market, owner)
    assert health is not None
    stage.price("WETH", 2_000 * DOLLAR * 97 * WAD // 100 // health)
    assert stage.states[stage.market].account(owner).scaled_supplies[weth]


def test_liquidate__large_and_just_below_one__half_of_the_whole_debt(stage: Stage) -> None:
    owner, other, treasury = stage.accounts.owners
    weth, usdc = stage.token("WETH"), stage.token("USDC")
    stage.supply(other, "USDC", 10**6)
    _bring_below_one(stage)
    state = stage.states[stage.market]
    assert debt_balance(state.account(owner), state.reserve(usdc), state.timestamp) == 5 * 10**9 + 1
    held = state.account(treasury).scaled_supplies[weth]
    outcome = stage.act(Liquidate(other, stage.market.id, owner, weth, usdc, ALL))
    assert isinstance(outcome, Applied)
    (repaid,) = (each.raw for each in outcome.movements if each.token == usdc)
    assert repaid == 25 * 10**8
    state = stage.states[stage.market]
    assert state.account(treasury).scaled_supplies[weth] > held


def test_liquidate__leaves_dust__refused_and_all_of_it_is_not(stage: Stage) -> None:
    owner, other, _ = stage.accounts.owners
    weth, usdc, pool = stage.token("WETH"), stage.token("USDC"), stage.market.id
    stage.supply(other, "USDC", 10**6)
    _bring_below_one(stage, 1_900 * 10**6)
    call = Liquidate(other, pool, owner, weth, usdc, 901 * 10**6)
    assert stage.act(call) == _revert(stage, "MustNotLeaveDust")
    stage.done(replace(call, debt=ALL))
    assert stage.states[stage.market].account(owner).scaled_debts[usdc] == 0


def _owe(stage: Stage, collateral: int, debt: int, price: int) -> None:
    """The first owner: so much WETH at a price, for a debt of exactly so many base units."""
    owner, usdc, pool = stage.accounts.owners[0], stage.token("USDC"), stage.market
    stage.supply(owner, "WETH", collateral)
    for amount in (debt, debt - 1):
        before = stage.machine.snapshot(), stage.states
        stage.done(Borrow(owner, pool.id, usdc, amount, owner))
        state = stage.states[pool]
        if debt_balance(state.account(owner), state.reserve(usdc), state.timestamp) == debt:
            return stage.price("WETH", price)
        stage.machine.revert(before[0])
        stage.states = before[1]
    raise AssertionError(f"no borrow owes exactly {debt}: choose another debt")


def _repaid(stage: Stage, quantity: Quantity) -> int:
    owner, other, _ = stage.accounts.owners
    weth, usdc = stage.token("WETH"), stage.token("USDC")
    outcome = stage.act(Liquidate(other, stage.market.id, owner, weth, usdc, quantity))
    assert isinstance(outcome, Applied), outcome.reason
    return sum(each.raw for each in outcome.movements if each.token == usdc)


@pytest.mark.parametrize("price, share", [(1_805 * DOLLAR, 1), (1_805 * DOLLAR + 1, 2)])
def test_liquidate__health_at_the_threshold__all_and_above_it_half(
    stage: Stage, price: int, share: int
) -> None:
    """10 ether at 1,805 dollars and 83 % over a debt of 15,770 dollars are 0.95."""
    stage.supply(stage.accounts.owners[1], "USDC", 10**6)
    _owe(stage, 10**19 + 10, 15_770 * 10**6, price)
    health = health_factor(stage.states, stage.market, stage.accounts.owners[0])
    assert health is not None
    assert (health == 95 * WAD // 100) == (share == 1)
    assert _repaid(stage, ALL) == 15_770 * 10**6 // share


@pytest.mark.parametrize("debt, repaid", [(2_000, 1_000), (1_999, 1_999)])
def test_liquidate__from_2000_dollars_on__half_and_just_no_dust(
    stage: Stage, debt: int, repaid: int
) -> None:
    stage.supply(stage.accounts.owners[1], "USDC", 10**6)
    _owe(stage, 2 * 10**18, debt * 10**6, 1_170 * DOLLAR)
    assert _repaid(stage, ALL) == repaid * 10**6


def test_liquidate__collateral_of_1000_dollars_left__just_no_dust(stage: Stage) -> None:
    """2,100 dollars with a bonus of 5 % are 2.205 ether at 1,000, of 3.205 and a little."""
    owner, other, _ = stage.accounts.owners
    stage.supply(other, "USDC", 10**6)
    _owe(stage, 3_205 * 10**15 + 10, 3_150 * 10**6, 1_000 * DOLLAR)
    weth, usdc = stage.token("WETH"), stage.token("USDC")
    more = Liquidate(other, stage.market.id, owner, weth, usdc, 2_100 * 10**6 + 1)
    assert stage.act(more) == _revert(stage, "MustNotLeaveDust")
    assert _repaid(stage, 2_100 * 10**6) == 2_100 * 10**6


def test_liquidate__own_account__refused(stage: Stage) -> None:
    owner = stage.accounts.owners[0]
    _bring_below_one(stage)
    weth, usdc = stage.token("WETH"), stage.token("USDC")
    outcome = stage.act(Liquidate(owner, stage.market.id, owner, weth, usdc, ALL))
    assert outcome == _revert(stage, "SelfLiquidation")


@pytest.mark.parametrize("takes_shares", [False, True])
def test_liquidate__collateral_and_debt_in_one_asset__treasury_accrues_twice(
    stage: Stage, takes_shares: bool
) -> None:
    owner, other, treasury = stage.accounts.owners
    usdc, pool = stage.token("USDC"), stage.market
    stage.supply(owner, "USDC", 10**12)
    stage.done(Borrow(owner, pool.id, usdc, 769_000 * 10**6, owner))
    stage.supply(other, "USDC", 10**6)
    stage.wait(4 * YEAR)
    state = stage.states[pool]
    once = update_state(state.reserve(usdc), state.timestamp)
    assert once.latest_accrual > 10**10
    call = Liquidate(other, pool.id, owner, usdc, usdc, 10**10, takes_shares=takes_shares)
    stage.done(call)
    state = stage.states[pool]
    twice = once.accrued_to_treasury + once.latest_accrual
    assert state.reserve(usdc).accrued_to_treasury == twice
    assert state.account(treasury).scaled_supplies[usdc] > 0


def test_liquidate__worth_less_than_the_debt__deficit_in_every_reserve(stage: Stage) -> None:
    owner, other, _ = stage.accounts.owners
    weth, usdc, ldo = (stage.token(symbol) for symbol in ("WETH", "USDC", "LDO"))
    pool = stage.market
    stage.supply(owner, "WETH", 10 * 10**18)
    stage.done(
        Borrow(owner, pool.id, usdc, 5_000 * 10**6, owner),
        Borrow(owner, pool.id, ldo, 2_000 * 10**18, owner),
    )
    stage.supply(other, "USDC", 10**6)
    stage.price("WETH", 300 * DOLLAR)
    stage.done(Liquidate(other, pool.id, owner, weth, usdc, ALL))
    state = stage.states[pool]
    assert state.account(owner).user_configuration == 0
    assert state.reserve(usdc).deficit > 2_000 * 10**6
    assert state.reserve(ldo).deficit >= 2_000 * 10**18
    assert [state.account(owner).scaled_debts[each] for each in (usdc, ldo)] == [0, 0]


# ------------------------------------------------------------------------------ told by logs


def test_logs__account_that_is_not_tracked_goes_bad__followed_to_the_unit(stage: Stage) -> None:
    """The liquidity provider's debts are written off, of which only totals are known."""
    provider, other = stage.deployment.liquidity_provider, stage.accounts.owners[1]
    stage.supply(other, "LDO", 10**18)
    stage.wait(YEAR)
    stage.price("LDO", 20_000 * DOLLAR)
    for number, symbol in enumerate(("USDC", "WETH", "WBTC", "CBETH")):
        call = (stage.token(symbol).address, stage.token("LDO").address, provider, 2**256 - 1)
        data = stage.pool.data("liquidationCall", *call, number < 2)
        stage.follow(other, stage.market.address, data)
    state = stage.states[stage.market]
    for symbol in ("USDC", "WETH", "LDO"):
        reserve = state.reserve(stage.token(symbol))
        assert (reserve.deficit > 0, reserve.scaled_variable_debt) == (True, 0)


def test_logs__what_others_do_beside_actions__followed_to_the_unit(stage: Stage) -> None:
    owner, other, treasury = stage.accounts.owners
    pool, usdc, at = stage.market, stage.token("USDC"), stage.market.address
    stage.supply(owner, "USDC", 10**11 + 7)
    stage.supply(treasury, "USDC", 10**11)
    stage.done(Borrow(owner, pool.id, usdc, 10**10 + 1, owner))
    stage.wait(YEAR)
    reserve = stage.states[pool].reserve(usdc).reserve
    share = token_contract(reserve.a_token)
    stage.follow(owner, reserve.a_token, share.data("transfer", other, 10**9 + 1))
    stage.follow(owner, at, stage.pool.data("repayWithATokens", usdc.address, 10**9, 2))
    stage.follow(other, at, stage.pool.data("mintToTreasury", [usdc.address]))
    stage.follow(owner, at, stage.pool.data("repayWithATokens", usdc.address, 2**256 - 1, 2))
    account, now = stage.states[pool].account(owner), stage.states.timestamp
    assert supply_balance(account, stage.states[pool].reserve(usdc), now) > 0
    assert account.scaled_debts[usdc] == 0


def test_borrow__on_credit__used_up_by_what_the_debt_grows(stage: Stage) -> None:
    owner, other, _ = stage.accounts.owners
    pool, usdc = stage.market, stage.token("USDC")
    stage.supply(owner, "WETH", 10**20)
    stage.wait(YEAR)
    stage.done(Delegate(owner, pool.id, usdc, other, 10**9))
    stage.done(Borrow(other, pool.id, usdc, 10**8, owner))
    left = stage.states[pool].account(owner).delegated[usdc, other]
    assert 9 * 10**8 - left in (0, 1)
    outcome = stage.act(Borrow(other, pool.id, usdc, left + 1, owner))
    assert isinstance(outcome, Reverted)
    assert outcome.data[:4] == selector("InsufficientBorrowAllowance(address,uint256,uint256)")
    stage.done(Borrow(other, pool.id, usdc, left, owner))
    assert stage.states[pool].account(owner).delegated[usdc, other] == 0
    stage.supply(other, "USDC", 10**6)
    outcome = stage.act(Repay(other, pool.id, usdc, ALL, owner))
    assert outcome == _revert(stage, "NoExplicitAmountToRepayOnBehalf")
