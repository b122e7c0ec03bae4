"""The law where liquidity ends, has gaps and pays a protocol fee: the stage of the others has
whole-range positions, which no swap exhausts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tests.laws.law import Tally, live_until_reached, read_states, run_sequence
from tests.laws.machines import fund
from tests.laws.uniswap_v3 import PORT
from tests.support import evm
from trimtab.core.abi import Call, call_data, selector
from trimtab.core.actions import (
    Action,
    AddLiquidity,
    Collect,
    RemoveLiquidity,
    Swap,
    SwapExactOut,
)
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

CASES, STEPS = 1_600, 40
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
OBSERVATIONS = {500: 3, 3_000: 20, 10_000: 1}
ISLANDS = (-60_000, -12_000, -7_000, -4_000, 4_000, 7_000, 12_000, 60_000)


@dataclass(slots=True)
class PoolTally(Tally):
    """Also counts what an action did beyond going through, and errors of the minter by name."""

    def count(self, action: Action, outcome: Applied | Reverted) -> None:
        if isinstance(outcome, Reverted) and outcome.data[:4] in ERRORS:
            self.cases += 1
            self.reached[f"{type(action).__name__}: {ERRORS[outcome.data[:4]]}"] += 1
            return
        Tally.count(self, action, outcome)
        if isinstance(outcome, Reverted):
            return
        moved = {movement.token: movement.raw for movement in outcome.movements}
        match action:
            case Swap():
                paid, got = moved[action.token_in], moved.get(action.token_out, 0)
                self.reached["partial fill"] += paid < action.amount_in
                self.reached["nothing out"] += not got
                self.reached["minimum met exactly"] += got == action.min_out
                self.reached["recipient other than actor"] += action.recipient != action.actor
            case SwapExactOut():
                paid, got = moved[action.token_in], moved.get(action.token_out, 0)
                self.reached["less than wanted at a limit"] += got < action.amount_out
                self.reached["maximum met exactly"] += paid == action.max_in
            case AddLiquidity():
                self.reached[f"range of {len(moved)} tokens opened"] += 1
            case RemoveLiquidity():
                self.reached["fees brought up to date"] += action.shares == 0
            case Collect():
                self.reached[f"{len(moved)} tokens collected"] += 1
            case _:
                pass


ERRORS = {
    selector(signature): signature.partition("(")[0]
    for signature in (
        "Late(uint256,uint256)",
        "Overflow()",
        "TooLittle(uint128,uint128)",
        "PaymentFailed(address)",
    )
}


def sent(machine: evm.Evm, sender: Address, call: Call) -> None:
    ok, returned, _ = machine.call(sender, call.to, call.data)
    assert ok, Reverted(returned).reason


def with_islands(
    machine: evm.Evm, deployment: Deployment, accounts: Accounts, states: States
) -> None:
    """Small positions far from the price, and a protocol fee, in every pool.

    Two of the owners let the minter take their tokens, and one of them the router too.
    """
    provider = accounts.owners[0]
    exchange = deployment.uniswap_v3
    manager = position_manager_contract(exchange.position_manager)
    assert exchange.minter is not None
    tokens = [market for market in states.markets.values() if isinstance(market, Erc20)]
    for spender in (manager.address, exchange.router, exchange.minter):
        data = call_data("approve(address,uint256)", spender, 2**256 - 1)
        for owner in accounts.owners[:1] if spender == exchange.router else accounts.owners[:2]:
            for token in tokens:
                sent(machine, owner, Call(token.address, data))
    for pool in (market for market in states.markets.values() if isinstance(market, Pool)):
        fee = call_data("setFeeProtocol(uint8,uint8)", 4, 10)
        sent(machine, deployment.deployer, Call(pool.address, fee))
        growth = call_data("increaseObservationCardinalityNext(uint16)", OBSERVATIONS[pool.fee])
        sent(machine, provider, Call(pool.address, growth))
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
    moment, tally = machine.time, PoolTally()

    def live(number: int) -> None:
        @seed(number)
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

    live_until_reached(live, tally, REACHED)
    reached = ", ".join(f"{count} {what}" for what, count in tally.reached.most_common())
    words = f"law uniswap_v3 in thin pools: {tally.cases} cases, 0 mismatches; {reached}"
    record_property("told", words)
    assert tally.cases >= CASES


SWAPS = ("AS", "SPL", "STF", "Transaction too old", "0x")
REACHED = (  # every refusal in turn: tests/chain/test_uniswap_v3_ranges.py
    *(f"{kind}: {reason}" for kind in ("Swap", "SwapExactOut") for reason in SWAPS),
    *("Swap: Too little received", "SwapExactOut: Too much requested"),
    *("partial fill", "nothing out", "minimum met exactly", "recipient other than actor"),
    *("less than wanted at a limit", "maximum met exactly"),
    *(f"AddLiquidity: {reason}" for reason in ("Overflow", "TooLittle", "PaymentFailed", "0x")),
    *(f"range of {count} tokens opened" for count in (1, 2)),
    *(f"RemoveLiquidity: {reason}" for reason in ("LS", "NP")),
    *(f"{count} tokens collected" for count in (0, 1, 2)),
    "fees brought up to date",
)
