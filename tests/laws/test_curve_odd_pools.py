"""The law in stable pools that the stage of the others has not: without a fee or with nearly all
of it, with the least and the greatest A, on a ramp of A, empty at first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import reduce

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tests.laws.curve import FOREVER, PORT
from tests.laws.law import Port, Tally, check_case, live_until_reached, read_states, run_sequence
from tests.laws.machines import fund
from tests.support import evm
from trimtab.core.abi import UINT256_MAX, Call, call_data
from trimtab.core.actions import AddLiquidity, RemoveLiquidity, RemoveLiquidityOne, Swap, Transfer
from trimtab.core.adapter import accrue
from trimtab.core.flows import fold_events
from trimtab.core.market import Accounts, Market, State, pooled, token_market, tracked, wallet
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address
from trimtab.lab.world import (
    EXCHANGE_WORLD,
    Contract,
    LocalWorld,
    Transaction,
    created_address,
    local_world,
    mine_block,
    minted,
    read,
    stable_factory_contract,
    stable_pool_contract,
)
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import read_book
from trimtab.protocols.curve import (
    StablePool,
    quote,
    token_amount,
    virtual_price,
    withdraw_one,
)
from trimtab.protocols.curve.model.amounts import amplification, scaled
from trimtab.protocols.curve.model.invariant import get_d
from trimtab.protocols.erc20 import Erc20, Erc20State

pytestmark = pytest.mark.chain

CASES, STEPS = 1_200, 30
DAY = 86_400
KINDS = ("free", "greedy", "ramps up", "ramps down")
"""Two pools of our own, which the factory would not make, and two of the factory's."""
REACHED = (
    *("Swap", "AddLiquidity", "RemoveLiquidity", "RemoveLiquidityOne", "Transfer", "Approve"),
    *("Swap: 0x", "AddLiquidity: 0x", "RemoveLiquidity: 0x", "RemoveLiquidityOne: 0x"),
    "Transfer: 0x",
    "Swap: Exchange resulted in fewer coins than expected",
    "AddLiquidity: Slippage screwed you",
    "RemoveLiquidity: Withdrawal resulted in fewer coins than expected",
    "RemoveLiquidityOne: Not enough coins removed",
    "Swap: ERC20: transfer amount exceeds balance",
    "Swap: ERC20: transfer to the zero address",
    "AddLiquidity: ERC20: transfer amount exceeds balance",
    "RemoveLiquidity: ERC20: transfer to the zero address",
    "RemoveLiquidityOne: ERC20: transfer to the zero address",
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A machine on which there is one odd pool, its owners funded."""

    machine: evm.Evm
    accounts: Accounts
    states: States
    pool: StablePool


@dataclass(frozen=True, slots=True)
class Scene:
    """The world from which the stages are read, with all pools on it."""

    machine: evm.Evm
    owners: tuple[Address, ...]
    tokens: tuple[Erc20, ...]
    pools: dict[str, StablePool]
    deployer: Address

    def stage(self, kind: str) -> Stage:
        """The stage of one pool."""
        pool = self.pools[kind]
        markets: tuple[Market[State], ...] = (*self.tokens, pool)
        accounts = tracked(self.owners, markets)
        states = read_states(self.machine, ADAPTERS, markets, accounts)
        return Stage(self.machine, accounts, states, pool)


def sent(machine: evm.Evm, sender: Address, call: Call) -> None:
    ok, returned, _ = machine.call(sender, call.to, call.data)
    assert ok, Reverted(returned).reason


def clones(world: LocalWorld, implementation: Address, count: int) -> tuple[Address, ...]:
    """Minimal proxies (EIP-1167) of the pool's code, that nobody has initialised."""
    code = bytes.fromhex(
        f"3d602d80600a3d3981f3363d3d373d3d3d363d73{implementation[2:]}5af43d82803e903d91602b57fd5bf3"
    )
    creations = [Transaction(world.deployment.deployer, None, code)] * count
    receipts = mine_block(world.rpc, creations, Timestamp(world.head.timestamp + 12))
    return tuple(made for each in receipts if (made := each.created) is not None)


def odd_pools(
    world: LocalWorld, machine: evm.Evm, own: tuple[Address, ...], coins: tuple[Address, ...]
) -> dict[str, Address]:
    """The addresses of the pools, each set up in the machine."""
    assert world.deployment.curve is not None
    deployer, factory = world.deployment.deployer, world.deployment.curve.factory
    rates = [10**30, 10**30, 10**18, 10**18]
    for at, a, fee in ((own[0], 1, 0), (own[1], 10**6, 9_000_000_000)):
        call = stable_pool_contract(at).call("initialize", "odd", "ODD", coins, rates, a, fee)
        sent(machine, deployer, call)
    raws = [10**12, 10**12, 10**24, 10**24]
    made = [created_address(factory, number) for number in (2, 3)]
    for at, future in zip(made, (2_000, 21), strict=True):
        arguments = ("ramp", "RAMP", coins, 200, 100_000_000, 0, 0)
        sent(
            machine,
            deployer,
            stable_factory_contract(factory).call("deploy_plain_pool", *arguments),
        )
        until = machine.time + 40 * DAY
        sent(machine, deployer, Call(at, call_data("ramp_A(uint256,uint256)", future, until)))
        first = stable_pool_contract(at).call("add_liquidity(uint256[4],uint256)", raws, 0)
        for coin, raw in zip(coins, raws, strict=True):
            sent(machine, deployer, minted(coin, deployer, raw))
            sent(machine, deployer, Call(coin, call_data("approve(address,uint256)", at, raw)))
        sent(machine, deployer, first)
    return dict(zip(KINDS, (*own, *made), strict=True))


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with local_world(EXCHANGE_WORLD) as world:
        owners = world.deployment.agents[:3]
        fund(world, owners)
        book = read_book(world.deployment.to_json(), "the exchange world")
        (whole,) = (m for m in book.markets.values() if isinstance(m, StablePool))
        tokens = tuple(
            m for m in book.markets.values() if isinstance(m, Erc20) and m.token in whole.coins
        )
        factory = stable_factory_contract(whole.factory)
        own = clones(
            world, read(world.rpc, factory, "get_implementation_address", whole.address), 2
        )
        machine = evm.load(world.rpc)
        coins = tuple(coin.address for coin in whole.coins)
        found = odd_pools(world, machine, own, coins)
        pools = {
            kind: StablePool(whole.chain, at, f"curve:{kind}", whole.coins, whole.factory)
            for kind, at in found.items()
        }
        for pool in pools.values():
            data = call_data("approve(address,uint256)", pool.address, UINT256_MAX)
            for owner in owners:
                for token in tokens:
                    sent(machine, owner, Call(token.address, data))
        yield Scene(machine, owners, tokens, pools, world.deployment.deployer)


def test_model__odd_pools__equal_the_chain(
    scene: Scene, record_property: Callable[[str, object], None]
) -> None:
    tally = Tally()
    stages = [scene.stage(kind) for kind in KINDS]

    def live(number: int) -> None:
        for stage in stages:
            live_through(stage, tally, number)

    live_until_reached(live, tally, REACHED)
    reached = ", ".join(f"{count} {what}" for what, count in tally.reached.most_common())
    words = f"law curve in odd pools: {tally.cases} cases, 0 mismatches; {reached}"
    record_property("told", words)
    assert tally.cases >= CASES


def live_through(stage: Stage, tally: Tally, number: int) -> None:
    """Drawn sequences in one pool, short waits between, so that a ramp is met on its way."""
    machine, moment = stage.machine, stage.machine.time
    port = Port(PORT.name, PORT.actions, PORT.kinds, 5 * DAY, PORT.protocols)

    @seed(number)
    @settings(max_examples=CASES // STEPS // len(KINDS))
    @given(st.data())
    def law(data: st.DataObject) -> None:
        before = machine.snapshot()
        try:
            states, accounts = stage.states, stage.accounts
            run_sequence(data.draw, machine, ADAPTERS, states, accounts, port, tally, STEPS)
        finally:
            machine.revert(before)
            machine.set_time(moment)

    law()


@pytest.fixture
def stage(scene: Scene) -> Iterator[Stage]:
    """The pool without a fee, and nothing in it; what is done to it is undone."""
    found = scene.stage("free")
    before, moment = found.machine.snapshot(), found.machine.time
    yield found
    found.machine.revert(before)
    found.machine.set_time(moment)


def deposit(stage: Stage, *raws: int) -> AddLiquidity:
    actor = stage.accounts.owners[0]
    return AddLiquidity(actor, stage.pool.id, stage.pool.coins, raws, 0, FOREVER)


def test_add_liquidity__iteration_never_ends__reverts(stage: Stage) -> None:
    """Balances of very different size let D swing between numbers for ever."""
    action = deposit(stage, 244, 607, 570_666, 2)
    xp = scaled(stage.states[stage.pool], action.amounts)
    with pytest.raises(ArithmeticError, match="the invariant does not converge"):
        get_d(xp, 100, 100)
    _, outcome = check_case(stage.machine, ADAPTERS, stage.states, stage.accounts, action)
    assert outcome == Reverted(b"")


def test_swap__empty_pool__reverts(stage: Stage) -> None:
    pool, actor = stage.pool, stage.accounts.owners[0]
    coin, other = pool.coins[:2]
    action = Swap(actor, pool.id, coin, other, 10**6, 0, FOREVER, actor)
    _, outcome = check_case(stage.machine, ADAPTERS, stage.states, stage.accounts, action)
    assert outcome == Reverted(b"")


def test_add_liquidity__first_lacks_a_coin__reverts(stage: Stage) -> None:
    action = deposit(stage, 10**9, 10**9, 10**21, 0)
    _, outcome = check_case(stage.machine, ADAPTERS, stage.states, stage.accounts, action)
    assert outcome == Reverted(b"")


def test_remove_liquidity_one_coin__equal_coins__the_logs_tell_which(stage: Stage) -> None:
    """Two coins of one number of decimals and one balance give the same: only they differ."""
    states, accounts = stage.states, stage.accounts
    first = deposit(stage, 10**12, 10**12, 10**24, 10**24)
    states, outcome = check_case(stage.machine, ADAPTERS, states, accounts, first)
    assert isinstance(outcome, Applied)
    actor, pool = accounts.owners[0], stage.pool
    for coin in pool.coins:
        action = RemoveLiquidityOne(actor, pool.id, pool.coins, coin, 10**23, 0, FOREVER, actor)
        states, outcome = check_case(stage.machine, ADAPTERS, states, accounts, action)
        assert isinstance(outcome, Applied)


def test_exchange__coins_given_before__counts_what_is_named(stage: Stage) -> None:
    """The pool goes by its books: what lies in it besides is the admin's, and sold by nobody."""
    states, accounts, pool = stage.states, stage.accounts, stage.pool
    first = deposit(stage, 10**12, 10**12, 10**24, 10**24)
    states, _ = check_case(stage.machine, ADAPTERS, states, accounts, first)
    actor, (coin, other) = accounts.owners[0], pool.coins[:2]
    gift = Transfer(actor, token_market(coin), coin, pool.address, 5 * 10**11)
    states, _ = check_case(stage.machine, ADAPTERS, states, accounts, gift)
    swap = Swap(actor, pool.id, coin, other, 10**9, 0, FOREVER, actor)
    after, outcome = check_case(stage.machine, ADAPTERS, states, accounts, swap)
    assert isinstance(outcome, Applied)
    assert after[pool].balances[0] == 10**12 + 10**9
    lying = after.state(token_market(coin))
    assert isinstance(lying, Erc20State)
    assert lying.balance(pool.address) == 10**12 + 5 * 10**11 + 10**9


# --------------------------------------------------------- what is no action, and told by logs


def check_told(stage: Stage, states: States, sender: Address, call: Call) -> States:
    """The states that the logs of a call tell, which the chain must confirm."""
    ok, returned, logs = stage.machine.call(sender, call.to, call.data)
    assert ok, Reverted(returned).reason
    adapter, pool = ADAPTERS["curve"], stage.pool
    told = reduce(adapter.observe, logs, states.state(pool.id))
    markets = tuple(states.markets.values())
    after = read_states(stage.machine, ADAPTERS, markets, stage.accounts)
    assert told == after[pool]
    return after


def test_observe__withdrawal_out_of_balance__told_by_its_logs(scene: Scene) -> None:
    stage = scene.stage("ramps up")
    owner, pool = stage.accounts.owners[0], stage.pool
    before = stage.machine.snapshot()
    states, outcome = check_case(
        stage.machine, ADAPTERS, stage.states, stage.accounts, deposit(stage, 10**12, 0, 0, 5)
    )
    assert isinstance(outcome, Applied)
    signature = "remove_liquidity_imbalance(uint256[4],uint256)"
    data = call_data(signature, 10**9, 0, 10**20, 3, UINT256_MAX)
    after = check_told(stage, states, owner, Call(pool.address, data))
    assert after[pool].balances < states[pool].balances
    stage.machine.revert(before)


def test_observe__ramp_begun_and_stopped__told_by_its_logs(scene: Scene) -> None:
    stage = scene.stage("ramps down")
    machine, pool = stage.machine, stage.pool
    before, moment = machine.snapshot(), machine.time
    machine.set_time(machine.time + 3 * DAY)
    states = accrued(stage, machine.time)
    stop = Call(pool.address, call_data("stop_ramp_A()"))
    states = check_told(stage, states, scene.deployer, stop)
    machine.set_time(machine.time + 2 * DAY)
    data = call_data("ramp_A(uint256,uint256)", 400, machine.time + 9 * DAY)
    states = check_told(
        stage, accrued(stage, machine.time, states), scene.deployer, Call(pool.address, data)
    )
    assert states[pool].initial_a < states[pool].future_a == 40_000
    machine.revert(before)
    machine.set_time(moment)


def test_observe__fees_of_the_admin_withdrawn__leave_the_balances(scene: Scene) -> None:
    stage = scene.stage("ramps up")
    owner, pool = stage.accounts.owners[0], stage.pool
    before = stage.machine.snapshot()
    coin, other = pool.coins[1:3]
    swap = Swap(owner, pool.id, coin, other, 10**11, 0, FOREVER, owner)
    states, _ = check_case(stage.machine, ADAPTERS, stage.states, stage.accounts, swap)
    after = check_told(stage, states, owner, Call(pool.address, call_data("withdraw_admin_fees()")))
    assert after[pool].balances == states[pool].balances
    stage.machine.revert(before)


def accrued(stage: Stage, moment: int, states: States | None = None) -> States:
    """The states at a later moment, its head moved on too."""
    found = states or stage.states
    heads = {found.clock: replace(found.head, timestamp=Timestamp(moment))}
    return replace(accrue(ADAPTERS, found, Timestamp(moment)), heads=heads)


def test_fold_events__first_deposit_and_all_of_it_back__flows_to_the_unit(stage: Stage) -> None:
    """Between the logs of one transaction there are shares already, or none any more."""
    owner, pool, states = stage.accounts.owners[0], stage.pool, stage.states
    first = deposit(stage, 10**12, 10**12, 10**24, 10**24)
    all_of_it = RemoveLiquidity(owner, pool.id, pool.coins, 4 * 10**24, (0,) * 4, FOREVER, owner)
    for action, sign in ((first, 1), (all_of_it, -1)):
        (call,) = ADAPTERS["curve"].encode(states, action)
        _, _, logs = stage.machine.call(owner, call.to, call.data)
        folded = fold_events(ADAPTERS, states, logs, owner, lambda _: True)
        flows = {flow.place: flow for flow in folded.flows}
        for coin, raw in zip(pool.coins, first.amounts, strict=True):
            assert flows[pooled(pool.id, coin)].raw == sign * raw
            assert flows[wallet(coin)].raw == -sign * raw
        markets = tuple(states.markets.values())
        states = read_states(stage.machine, ADAPTERS, markets, stage.accounts)
        assert folded.states.states == states.states


# ---------------------------------------------------------------------------- what the views say


def test_views__every_stage__are_the_model(scene: Scene) -> None:
    for kind in ("ramps up", "ramps down"):
        stage = scene.stage(kind)
        pool, state = stage.pool, stage.states[stage.pool]
        contract = stable_pool_contract(pool.address)

        def asked(function: str, *arguments: object, of: Contract = contract) -> int:
            answer = scene.machine.static(of.address, of.data(function, *arguments))
            return int(of.values(function, answer, len(arguments)))

        raws = (10**9, 0, 7 * 10**22, 1)
        assert virtual_price(state, pool) == asked("get_virtual_price")
        assert amplification(state, state.timestamp) == asked("A_precise")
        for is_deposit in (True, False):
            expected = token_amount(state, pool, raws, is_deposit)
            assert expected == asked("calc_token_amount", raws, is_deposit)
        for i, coin in enumerate(pool.coins):
            shares = 12_345 * 10**18
            assert withdraw_one(state, pool, coin, shares) == asked(
                "calc_withdraw_one_coin", shares, i
            )
            for j, other in enumerate(pool.coins):
                if i != j:
                    sold = 777 * coin.unit
                    found = quote(state, pool, coin, other, sold).amount_out
                    assert found == asked("get_dy", i, j, sold)
