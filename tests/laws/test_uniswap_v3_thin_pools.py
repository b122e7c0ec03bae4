"""The law where liquidity ends, has gaps and pays a protocol fee: the stage of the others has
whole-range positions, which no swap exhausts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.law import Tally, read_states, run_sequence
from tests.laws.machines import fund
from tests.laws.uniswap_v3 import PORT
from tests.support import evm
from trimtab.core.abi import Call, call_data
from trimtab.core.actions import Action, Swap, SwapExactOut
from trimtab.core.market import Accounts, tracked
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address
from trimtab.lab.world import (
    DEFAULT_WORLD,
    Deployment,
    PoolSpec,
    PositionSpec,
    local_world,
    position_manager_contract,
)
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import read_book
from trimtab.protocols.erc20 import Erc20
from trimtab.protocols.uniswap_v3 import Pool

pytestmark = pytest.mark.chain

CASES, STEPS = 1_200, 40
FOREVER = 2**40
THIN = replace(
    DEFAULT_WORLD,
    pools=(
        PoolSpec("WETH", "USDC", 500, (PositionSpec(400_000, 3_000), PositionSpec(90_000, 60))),
        PoolSpec("WBTC", "USDC", 3_000, (PositionSpec(300_000, 1_200), PositionSpec(900, 60))),
        PoolSpec("WBTC", "WETH", 10_000, (PositionSpec(1_000, 2_000),)),
    ),
)
# Ticks away from the price at which an island of liquidity begins, with open water between.
ISLANDS = (-60_000, -12_000, -7_000, -4_000, 4_000, 7_000, 12_000, 60_000)


@dataclass(slots=True)
class SwapTally(Tally):
    """Also counts what a swap did beyond going through."""

    def count(self, action: Action, outcome: Applied | Reverted) -> None:
        Tally.count(self, action, outcome)
        if not isinstance(action, Swap | SwapExactOut) or isinstance(outcome, Reverted):
            return
        moved = {movement.token: movement.raw for movement in outcome.movements}
        paid, got = moved[action.token_in], moved.get(action.token_out, 0)
        self.reached["recipient other than actor"] += action.recipient != action.actor
        if isinstance(action, SwapExactOut):
            self.reached["less than wanted at a limit"] += got < action.amount_out
            self.reached["maximum met exactly"] += paid == action.max_in
            return
        self.reached["partial fill"] += paid < action.amount_in
        self.reached["nothing out"] += not got
        self.reached["minimum met exactly"] += got == action.min_out


def sent(machine: evm.Evm, sender: Address, call: Call) -> None:
    ok, returned, _ = machine.call(sender, call.to, call.data)
    assert ok, Reverted(returned).reason


def with_islands(
    machine: evm.Evm, deployment: Deployment, accounts: Accounts, states: States
) -> None:
    """Small positions far from the price, and a protocol fee, in every pool.

    Their owner, the first, has the router approved too.
    """
    provider = accounts.owners[0]
    manager = position_manager_contract(deployment.uniswap_v3.position_manager)
    tokens = [market for market in states.markets.values() if isinstance(market, Erc20)]
    for spender in (manager.address, deployment.uniswap_v3.router):
        data = call_data("approve(address,uint256)", spender, 2**256 - 1)
        for token in tokens:
            sent(machine, provider, Call(token.address, data))
    for pool in (market for market in states.markets.values() if isinstance(market, Pool)):
        fee = call_data("setFeeProtocol(uint8,uint8)", 4, 10)
        sent(machine, deployment.deployer, Call(pool.address, fee))
        middle = states[pool].tick // pool.tick_spacing * pool.tick_spacing
        key = (pool.token0.address, pool.token1.address, pool.fee)
        for offset in ISLANDS:
            lower = middle + offset // pool.tick_spacing * pool.tick_spacing
            ticks = (lower, lower + 10 * pool.tick_spacing)
            amounts = (pool.token0.unit // 50, pool.token1.unit // 50)
            call = manager.call("mint", (*key, *ticks, *amounts, 0, 0, provider, FOREVER))
            sent(machine, provider, call)


@pytest.fixture(scope="module")
def stage() -> tuple[evm.Evm, Accounts, States]:
    with local_world(THIN) as world:
        owners = world.deployment.agents[:3]
        fund(world, owners)
        book = read_book(world.deployment.to_json(), "the thin world")
        markets = tuple(m for m in book.markets.values() if isinstance(m, (Erc20, Pool)))
        machine = evm.load(world.rpc)
        accounts = tracked(owners, markets)
        before = read_states(machine, ADAPTERS, markets, accounts)
        with_islands(machine, world.deployment, accounts, before)
    return machine, accounts, read_states(machine, ADAPTERS, markets, accounts)


def test_model__pools_that_run_dry__equals_the_chain(
    stage: tuple[evm.Evm, Accounts, States], record_property: Callable[[str, object], None]
) -> None:
    machine, accounts, states = stage
    moment, tally = machine.time, SwapTally()

    @settings(max_examples=CASES // STEPS)
    @given(st.data())
    def law(data: st.DataObject) -> None:
        before = machine.snapshot()
        try:
            run_sequence(data.draw, machine, ADAPTERS, states, accounts, PORT, tally, STEPS)
        finally:
            machine.revert(before)
            machine.set_time(moment)

    law()
    reached = ", ".join(f"{count} {what}" for what, count in tally.reached.most_common())
    words = f"law uniswap_v3 in thin pools: {tally.cases} cases, 0 mismatches; {reached}"
    record_property("told", words)
    assert tally.cases >= CASES
    shared = ("AS", "SPL", "STF", "Transaction too old", "0x")
    reasons = [f"{kind}: {reason}" for kind in ("Swap", "SwapExactOut") for reason in shared]
    reasons += ["Swap: Too little received", "SwapExactOut: Too much requested"]
    kinds = ["partial fill", "nothing out", "minimum met exactly", "recipient other than actor"]
    kinds += ["less than wanted at a limit", "maximum met exactly"]
    for kind in (*reasons, *kinds):
        assert tally.reached[kind] > 0, kind
