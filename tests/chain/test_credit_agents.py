"""Agents of lenders, stakes and perpetuals: what they do goes through and has its effect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from tests.chain.credit_market import (
    HOUR,
    PRICES,
    after,
    funded,
    lived,
    ordered,
    scene,
    the,
)
from tests.support.desk import Desk, opened
from trimtab.core.actions import (
    Borrow,
    ClosePosition,
    FinaliseWithdrawals,
    Liquidate,
    LiquidatePosition,
    OpenPosition,
    ReportRewards,
    Supply,
    Transfer,
    UpdateAnswer,
)
from trimtab.core.market import token_market
from trimtab.lab.agents import (
    Arbitrageur,
    Borrower,
    Lender,
    Liquidator,
    OracleKeeper,
    PegArbitrageur,
    PerpetualArbitrageur,
    PerpetualLiquidator,
    PerpetualTrader,
    QueueOperator,
    Staker,
    Validators,
)
from trimtab.lab.world import CREDIT_WORLD
from trimtab.protocols.erc4626 import Vault
from trimtab.protocols.morpho import LendingMarket
from trimtab.protocols.perpetual import Perpetual, margin_ratio
from trimtab.protocols.staking import StakingPool, worth
from trimtab.risk import health_factor, lenders

pytestmark = pytest.mark.chain

ETHER, DOLLAR = 10**18, 10**6
DAY = 24 * HOUR


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """Every lender, a stake and a perpetual; nothing is done on the chain itself."""
    with opened(CREDIT_WORLD) as desk:
        yield desk


# ---------------------------------------------------------------------------------- staking


def test_staker__many_blocks__stakes_leaves_claims_and_loses_nothing_but_dust(desk: Desk) -> None:
    pool, account = the(desk, StakingPool), desk.account
    start = funded(desk, account, stock={"WETH": 1_000 * ETHER})
    run = lived(start, 200, Staker("s", account, pool), QueueOperator("q", pool.operator, pool))
    assert run.kinds == {"Stake", "RequestWithdrawal", "ClaimWithdrawal", "FinaliseWithdrawals"}
    state = run.states[pool]
    idle = run.states[desk.book.market("erc20:WETH")].balance(account)
    staked = worth(state, state.shares.balance(account))
    lost = 1_000 * ETHER - idle - staked - state.queue.of(account)
    assert 0 <= lost <= len(run.actions)


@pytest.mark.parametrize("seconds, reports", [(DAY - 60, False), (DAY, True), (3 * DAY, True)])
def test_validators__once_a_day__report_three_percent_a_year_and_pay_it_in(
    desk: Desk, seconds: int, reports: bool
) -> None:
    pool = the(desk, StakingPool)
    start = funded(desk, desk.account)
    at = scene(start, seconds=seconds - (start.timestamp - start[pool].reported_at))
    found = ordered(Validators("v", pool.oracle, pool), at)
    earned = at.states[pool].pooled * 300 * seconds // (10_000 * 365 * DAY)
    paid = Transfer(pool.oracle, token_market(pool.asset), pool.asset, pool.address, earned)
    expected = [ReportRewards(pool.oracle, pool.id, earned), paid] if reports else []
    assert found == expected


def test_queue_operator__more_waits_than_lies_there__waits_too(desk: Desk) -> None:
    pool = the(desk, StakingPool)
    operator = QueueOperator("q", pool.operator, pool, per_block=1.0)
    at = scene(desk.start)
    last = at.states[pool].queue.last
    assert ordered(operator, at) == [FinaliseWithdrawals(pool.operator, pool.id, last)]
    ether = desk.book.market("erc20:WETH")
    held = {**at.states[ether].balances, pool.address: at.states[pool].queue.waiting - 1}
    empty = at.states.with_states({ether.id: replace(at.states[ether], balances=held)})
    assert ordered(operator, replace(at, states=empty)) == []


def test_peg_arbitrageur__no_shares_left__stakes_its_stock_once(desk: Desk) -> None:
    stake, account = the(desk, StakingPool), desk.account
    trading = Arbitrageur("p", account, (), native="WETH")
    agent = PegArbitrageur("p", account, stake, 10 * ETHER, trading)
    run = lived(funded(desk, account), 3, agent)
    assert [action.amount for action in run.actions] == [10 * ETHER]  # type: ignore[union-attr]


# ---------------------------------------------------------------------------------- lending


def test_lender__isolated_market_and_vault__lent_share_wanders_around_its_mean(desk: Desk) -> None:
    account = desk.account
    for market in (the(desk, LendingMarket), the(desk, Vault)):
        token = lenders.lent_tokens(market)[0]
        start = funded(desk, account, stock={token.symbol: 10**6 * token.unit})
        run = lived(start, 60, Lender("l", account, market, token, noise=0.1))
        assert run.kinds == {"Supply", "Withdraw"}
        at = run.states.timestamp
        lent = lenders.supplied(run.states, market, account, token, at)
        assert 0.1 < lent / (10**6 * token.unit) < 0.95


def test_borrower__isolated_market__borrows_repays_and_stays_healthy(desk: Desk) -> None:
    market, account = the(desk, LendingMarket), desk.account
    agent = Borrower("b", account, market, market.loan, market.collateral, mean=0.6, noise=0.05)
    run = lived(funded(desk, account), 60, agent)
    assert run.kinds == {"Supply", "Borrow", "Repay"}
    health = health_factor(run.states, market, account)
    assert health is not None
    assert health >= Fraction(7, 5)


@pytest.mark.parametrize("percent, is_whole", [(80, True), (30, False)])
def test_liquidator__isolated_market__the_debt_or_else_all_collateral(
    desk: Desk, percent: int, is_whole: bool
) -> None:
    market, (account, owner) = the(desk, LendingMarket), (desk.account, desk.other)
    states = after(
        scene(funded(desk, account, owner), seconds=0).states,
        [
            Supply(owner, market.id, market.collateral, 10 * ETHER, owner),
            Borrow(owner, market.id, market.loan, 14_000 * DOLLAR, owner),
        ],
    )
    agent = Liquidator("l", account, (market,))
    assert ordered(agent, scene(states)) == []
    keeper = OracleKeeper("k", account, (), (market,))
    at = scene(states, outside=PRICES | {"WETH": PRICES["WETH"] * percent // 100})
    fallen = after(at.states, ordered(keeper, at))
    (action,) = ordered(agent, scene(fallen))
    assert isinstance(action, Liquidate)
    assert (action.debt != 0, action.seized == 10 * ETHER) == (is_whole, not is_whole)
    left = after(scene(fallen).states, [action])[market].position(owner)
    assert left.borrow_shares == 0


# ------------------------------------------------------------------------------- perpetuals


def test_perpetual_arbitrageur__price_off__ends_at_its_premium(desk: Desk) -> None:
    market, account = the(desk, Perpetual), desk.account
    agent = PerpetualArbitrageur("a", account, market, "WETH")
    states = lived(funded(desk, account), 1, agent).states
    for percent in (97, 103):
        price = PRICES["WETH"] * percent // 100
        at = scene(states, outside=PRICES | {"WETH": price})
        told = after(at.states, [UpdateAnswer(account, market.feed, price)])
        (action,) = ordered(agent, scene(told, seconds=1, outside=PRICES | {"WETH": price}))
        assert isinstance(action, OpenPosition)
        moved = after(scene(told, seconds=1).states, [action])
        spot = Fraction(moved[market].sqrt_price_x96 ** 2, 1 << 192) * 10**8 / price
        assert abs(spot - 1 - Fraction(3, 10_000)) < Fraction(1, 10**6)
        assert action.is_short == (percent < 100)


def test_perpetual_trader__many_blocks__opens_and_closes_within_its_leverage(desk: Desk) -> None:
    market, account = the(desk, Perpetual), desk.account
    agent = PerpetualTrader("t", account, market, leverage=4.0, closes=0.3)
    run = lived(funded(desk, account, stock={"USDC": 10**12}), 100, agent)
    assert run.kinds == {"Supply", "OpenPosition", "ClosePosition"}
    sides = {action.is_short for action in run.actions if isinstance(action, OpenPosition)}
    assert sides == {False, True}
    most = max(action.amount for action in run.actions if isinstance(action, OpenPosition))
    assert most <= 4 * 10**11 * 10**12


def test_perpetual_liquidator__margin_spent__takes_over_and_trades_away(desk: Desk) -> None:
    market, (account, owner) = the(desk, Perpetual), (desk.account, desk.other)
    start = funded(desk, account, owner, stock={"USDC": 10**12})
    agent = PerpetualLiquidator("l", account, market)
    states = lived(start, 1, agent).states
    opening = OpenPosition(
        owner, market.id, False, True, 85_000 * ETHER, 0, scene(states, seconds=0).at
    )
    margin = Supply(owner, market.id, market.settlement, 10_000 * DOLLAR, owner)
    states = after(states, [margin, opening])
    assert ordered(agent, scene(states)) == []
    seller = PerpetualArbitrageur("a", account, market, "WETH")
    for percent in (97, 94, 92, 91):
        price = PRICES["WETH"] * percent // 100
        states = after(scene(states).states, [UpdateAnswer(owner, market.feed, price)])
        at = scene(states, outside=PRICES | {"WETH": price})
        states = after(at.states, ordered(seller, at))
    at = scene(states)
    ratio = margin_ratio(at.states, market, owner)
    assert ratio is not None
    assert ratio < Fraction(625, 10_000)
    taken = LiquidatePosition(account, market.id, owner)
    assert taken in ordered(agent, at)
    states = after(at.states, [taken])
    assert abs(states[market].account(owner).size) < abs(at.states[market].account(owner).size)
    closing = [each for each in ordered(agent, scene(states)) if isinstance(each, ClosePosition)]
    assert after(scene(states).states, closing)[market].account(account).size == 0
