"""Isolated markets at each bound on purpose, and what others and the owner do, on the bytecode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import pytest
from eth_abi.abi import encode

from tests.laws.law import check_case, read_states
from tests.laws.stages import opened
from tests.support.evm import Evm
from trimtab.core.abi import UINT256_MAX, Log, selector
from trimtab.core.actions import (
    ALL,
    Action,
    Approve,
    Borrow,
    Delegate,
    Liquidate,
    Repay,
    Supply,
    UpdateAnswer,
    Withdraw,
)
from trimtab.core.adapter import accrue, adapter_of
from trimtab.core.market import Accounts, token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Reverted, States
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.lab.world import DEFAULT_WORLD
from trimtab.lab.world.credit_morpho import ISOLATED_MARKETS
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.morpho import (
    LendingMarket,
    borrowable,
    expected,
    health_factor,
    owed,
    supplied,
    withdrawable,
)

pytestmark = pytest.mark.chain

YEAR = 365 * 24 * 3600
DOLLAR, ETHER = 10**6, 10**18
PANIC = "0x4e487b71" + "0" * 62
_PARAMETERS = "(address,address,address,address,uint256)"


@dataclass(slots=True)
class Scene:
    """The markets alone, three owners with allowances, and the machine that they are on."""

    machine: Evm
    accounts: Accounts
    states: States
    deployer: Address
    chosen: int = 0

    @property
    def markets(self) -> list[LendingMarket]:
        return [each for each in self.states.markets.values() if isinstance(each, LendingMarket)]

    @property
    def market(self) -> LendingMarket:
        """Dollars against ether, at 86 % and with a fee; the next is at 62.5 % without interest."""
        return self.markets[self.chosen]

    @property
    def owners(self) -> tuple[Address, ...]:
        return self.accounts.owners

    def do(self, action: Action) -> str:
        """Do it on both sides; the reason of a revert that both give, or nothing."""
        found = check_case(self.machine, ADAPTERS, self.states, self.accounts, action)
        self.states, outcome = found
        return outcome.reason if isinstance(outcome, Reverted) else ""

    def done(self, *actions: Action) -> None:
        for action in actions:
            assert self.do(action) == "", action

    def wait(self, seconds: int) -> None:
        moment = Timestamp(self.machine.time + seconds)
        self.machine.set_time(moment)
        head = replace(self.states.head, timestamp=moment)
        moved = accrue(ADAPTERS, self.states, moment)
        self.states = replace(moved, heads={moved.clock: head})

    def read(self) -> States:
        markets = tuple(self.states.markets.values())
        return read_states(self.machine, ADAPTERS, markets, self.accounts)

    def others_call(
        self, sender: Address, signature: str, types: Sequence[str], *values: object
    ) -> None:
        """A call that no action of ours makes; its logs alone lead to what is then read."""
        data = selector(signature) + encode(types, values)
        ok, returned, logs = self.machine.call(sender, self.market.address, data)
        assert ok, Reverted(returned).reason
        told = {
            each: reduce(
                adapter_of(ADAPTERS, market).observe, _of(logs, market), self.states.state(each)
            )
            for each, market in self.states.markets.items()
        }
        self.states = self.states.with_states(told)
        assert self.read().states == self.states.states


def _of(logs: Sequence[Log], market: object) -> list[Log]:
    emitters = adapter_of(ADAPTERS, market).emitters(market)  # type: ignore[arg-type]
    return [log for log in logs if log.address in emitters]


@pytest.fixture(scope="module")
def loaded() -> Iterator[Scene]:
    with opened(replace(DEFAULT_WORLD, morpho=ISOLATED_MARKETS)) as stage:
        markets = {
            key: each
            for key, each in stage.states.markets.items()
            if each.protocol in ("erc20", "morpho")
        }
        states = replace(
            stage.states,
            markets=markets,
            states={key: stage.states.states[key] for key in markets},
        )
        deployer = stage.world.deployment.deployer
        scene = Scene(stage.machine, stage.accounts, states, deployer)
        for owner in scene.owners:
            for token in (scene.market.loan, scene.market.collateral):
                at = scene.market.address
                scene.done(Approve(owner, token_market(token), token, at, UINT256_MAX))
        yield scene


@pytest.fixture
def scene(loaded: Scene) -> Iterator[Scene]:
    """The scene; what is done to it is undone."""
    before, moment, states = loaded.machine.snapshot(), loaded.machine.time, loaded.states
    yield loaded
    loaded.machine.revert(before)
    loaded.machine.set_time(moment)
    loaded.states, loaded.chosen = states, 0


def supply(scene: Scene, raw: int, to: Address | None = None) -> Supply:
    actor = scene.owners[0]
    return Supply(actor, scene.market.id, scene.market.loan, raw, to or actor)


def pledge(scene: Scene, raw: int, to: Address | None = None) -> Supply:
    actor = scene.owners[1]
    return Supply(actor, scene.market.id, scene.market.collateral, raw, to or actor)


def borrow(scene: Scene, raw: int, actor: int = 1, owner: int = 1) -> Borrow:
    who = scene.owners
    return Borrow(who[actor], scene.market.id, scene.market.loan, raw, who[owner])


def repay(scene: Scene, raw: int, owner: Address | None = None) -> Repay:
    actor = scene.owners[1]
    return Repay(actor, scene.market.id, scene.market.loan, raw, owner or actor)


def withdraw(
    scene: Scene, token: Token, raw: int, actor: int, to: Address | None = None
) -> Withdraw:
    who = scene.owners[actor]
    return Withdraw(who, scene.market.id, token, raw, to or who)


def liquidate(scene: Scene, *, seized: int = 0, debt: int = 0) -> Liquidate:
    market, (_, owner, liquidator) = scene.market, scene.owners
    tokens = market.collateral, market.loan
    return Liquidate(liquidator, market.id, owner, *tokens, debt=debt, seized=seized)


def price(scene: Scene, answer: int) -> UpdateAnswer:
    return UpdateAnswer(scene.owners[0], scene.market.price, answer)


def owing(scene: Scene) -> None:
    """The second owner owes 1,000 dollars on an ether, and the first has lent 5,000."""
    scene.done(supply(scene, 5_000 * DOLLAR), pledge(scene, ETHER), borrow(scene, 1_000 * DOLLAR))


# ------------------------------------------------------------------------------------- reverts


def test_reverts__every_one_that_our_calls_can_reach__equal(scene: Scene) -> None:
    owing(scene)
    market, (lender, owner, other) = scene.market, scene.owners
    loan, collateral = market.loan, market.collateral
    lying = scene.states[market].total_supply_assets - scene.states[market].total_borrow_assets
    give = Delegate(lender, market.id, loan, other, UINT256_MAX)
    scene.done(give)
    expectations: list[tuple[Action, str]] = [
        (supply(scene, 0), "inconsistent input"),
        (supply(scene, 1, ZERO_ADDRESS), "zero address"),
        (supply(scene, 2**127), "max uint128 exceeded"),
        (supply(scene, UINT256_MAX), PANIC + "11"),
        (supply(scene, 10**13), "transferFrom reverted"),
        (pledge(scene, 0), "zero assets"),
        (pledge(scene, 1, ZERO_ADDRESS), "zero address"),
        (pledge(scene, 2**128), "max uint128 exceeded"),
        (pledge(scene, 2**128 - 1), PANIC + "11"),
        (pledge(scene, 10**22), "transferFrom reverted"),
        (withdraw(scene, loan, 0, 0), "inconsistent input"),
        (withdraw(scene, loan, 1, 0, ZERO_ADDRESS), "zero address"),
        (withdraw(scene, loan, supplied(scene.states[market], lender) + 1, 0), PANIC + "11"),
        (withdraw(scene, collateral, 0, 1), "zero assets"),
        (withdraw(scene, collateral, 1, 1, ZERO_ADDRESS), "zero address"),
        (withdraw(scene, collateral, 2**128, 1), "max uint128 exceeded"),
        (withdraw(scene, collateral, ETHER + 1, 1), PANIC + "11"),
        (withdraw(scene, collateral, ETHER, 1), "insufficient collateral"),
        (borrow(scene, 0), "inconsistent input"),
        (borrow(scene, 1, actor=0), "unauthorized"),
        (borrow(scene, 1 + borrowable(scene.states, market, owner)), "insufficient collateral"),
        (borrow(scene, 2**110), "max uint128 exceeded"),
        (repay(scene, 0), "inconsistent input"),
        (repay(scene, 1, ZERO_ADDRESS), "zero address"),
        (repay(scene, owed(scene.states[market], owner) + 1), PANIC + "11"),
        (repay(scene, 2**128), "max uint128 exceeded"),
        (give, "already set"),
        (liquidate(scene), "inconsistent input"),
        (liquidate(scene, seized=1, debt=1), "inconsistent input"),
        (liquidate(scene, seized=1), "position is healthy"),
    ]
    for action, reason in expectations:
        assert scene.do(action) == reason, action
    scene.done(pledge(scene, 1_900 * ETHER), borrow(scene, lying - 1))
    assert scene.do(borrow(scene, 2)) == "insufficient liquidity"
    assert scene.do(withdraw(scene, loan, 2, 0)) == "insufficient liquidity"
    scene.done(withdraw(scene, loan, 1, 0))


# ---------------------------------------------------------------------------------- liquidation


def test_health__of_exactly_one__is_kept_and_one_less_is_not(scene: Scene) -> None:
    scene.chosen = 1
    owing(scene)
    most = borrowable(scene.states, scene.market, scene.owners[1])
    assert most == 250 * DOLLAR
    scene.done(borrow(scene, most))
    assert health_factor(scene.states, scene.market, scene.owners[1]) == 1
    assert scene.do(liquidate(scene, seized=1)) == "position is healthy"
    assert scene.do(withdraw(scene, scene.market.collateral, 1, 1)) == "insufficient collateral"
    scene.done(price(scene, 2_000 * 10**24 - 1), liquidate(scene, seized=1))


def test_liquidation__last_collateral__bad_debt_is_borne_by_lenders(scene: Scene) -> None:
    owing(scene)
    scene.wait(40 * 24 * 3600)
    scene.done(price(scene, 400 * 10**24))
    before = expected(scene.states[scene.market])
    assert scene.do(liquidate(scene, debt=10**15)) == PANIC + "11"
    scene.done(liquidate(scene, seized=ETHER))
    after = scene.states[scene.market]
    assert after.position(scene.owners[1]).borrow_shares == 0
    lost = before.total_supply_assets - after.total_supply_assets
    assert 500 * DOLLAR < lost < 700 * DOLLAR
    scene.done(Withdraw(scene.owners[0], scene.market.id, scene.market.loan, ALL, scene.owners[0]))


def test_liquidation__price_of_nothing__division_panics_by_shares(scene: Scene) -> None:
    owing(scene)
    scene.done(price(scene, 0))
    assert scene.do(liquidate(scene, debt=1)) == PANIC + "12"
    scene.done(liquidate(scene, seized=ETHER - 1), liquidate(scene, seized=1))
    assert scene.states[scene.market].position(scene.owners[1]).borrow_shares == 0


@pytest.mark.parametrize("answer", [UINT256_MAX, 2**250])
def test_oracle__price_beyond_all_sums__panics(scene: Scene, answer: int) -> None:
    owing(scene)
    scene.done(price(scene, answer))
    for action in (borrow(scene, 1), liquidate(scene, seized=1)):
        assert scene.do(action) == PANIC + "11"
    assert scene.do(withdraw(scene, scene.market.collateral, 1, 1)) == PANIC + "11"
    scene.done(Repay(scene.owners[1], scene.market.id, scene.market.loan, ALL, scene.owners[1]))
    scene.done(withdraw(scene, scene.market.collateral, 1, 1))


# ------------------------------------------------------------------------------------- interest


@pytest.mark.parametrize("seconds", [0, 1, 12, 86_400, YEAR // 3, YEAR, 10 * YEAR])
def test_expected__at_any_time__what_the_contract_then_stores(scene: Scene, seconds: int) -> None:
    owing(scene)
    scene.wait(seconds)
    for market in scene.markets:
        foreseen = expected(scene.states[market])
        called = selector(f"accrueInterest({_PARAMETERS})")
        data = called + encode([_PARAMETERS], [market.parameters])
        ok, _, _ = scene.machine.call(scene.deployer, market.address, data)
        assert ok
        assert scene.read()[market] == foreseen


def test_everything__out_again_after_a_year__no_more_than_came_in(scene: Scene) -> None:
    """Who owes pays, who lent gets, by what the queries say beforehand; to the last unit."""
    owing(scene)
    scene.wait(YEAR)
    market, (lender, owner, _) = scene.market, scene.owners
    scene.done(Repay(owner, market.id, market.loan, ALL, owner))
    for actor, token in ((lender, market.loan), (owner, market.collateral)):
        most = withdrawable(scene.states, market, actor, token)
        assert scene.do(Withdraw(actor, market.id, token, most + 1, actor)) == PANIC + "11"
        scene.done(Withdraw(actor, market.id, token, most, actor))


# -------------------------------------------------------------------------------------- others


def test_others__shares_as_such_fees_and_owner__told_by_logs(scene: Scene) -> None:
    owing(scene)
    scene.wait(86_400)
    lender, owner, other = scene.owners
    scene.others_call(
        *(lender, f"supply({_PARAMETERS},uint256,uint256,address,bytes)"),
        [_PARAMETERS, "uint256", "uint256", "address", "bytes"],
        *(scene.market.parameters, 0, 12_345_678, other, b""),
    )
    scene.others_call(
        *(owner, f"borrow({_PARAMETERS},uint256,uint256,address,address)"),
        [_PARAMETERS, "uint256", "uint256", "address", "address"],
        *(scene.market.parameters, 0, 7_654_321, owner, other),
    )
    scene.others_call(
        *(scene.deployer, f"setFee({_PARAMETERS},uint256)"),
        [_PARAMETERS, "uint256"],
        *(scene.market.parameters, 25 * 10**16),
    )
    scene.others_call(scene.deployer, "setFeeRecipient(address)", ["address"], other)
    scene.wait(86_400)
    scene.done(supply(scene, 1))
    assert scene.states[scene.market].position(other).supply_shares > 12_345_678
