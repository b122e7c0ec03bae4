"""A pool carried from block to block by five reads and its events, against one read anew."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chain.uniswap_v3_others import FOREVER, Others
from tests.laws.law import check_case, read_states
from tests.support import evm
from trimtab.core.abi import Call, Log, call_data, log_words, signed, topic
from trimtab.core.actions import Swap
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.market import Accounts, Head, Market, State, tracked
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, reverted
from trimtab.core.token import Address, Token, address_from_bytes
from trimtab.lab.world import (
    DEFAULT_WORLD,
    Deployer,
    PoolSpec,
    PositionSpec,
    compiled,
    local_world,
    position_manager_contract,
    router_contract,
)
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import read_book
from trimtab.protocols.erc20 import Erc20
from trimtab.protocols.shared.ticks import (
    MAX_TICK,
    MIN_TICK,
    sqrt_price_at_tick,
    tick_at_sqrt_price,
)
from trimtab.protocols.uniswap_v3 import Pool, PoolState, UniswapV3Adapter, quote
from trimtab.protocols.uniswap_v3.market import bitmap_words

pytestmark = pytest.mark.chain

ADAPTER = UniswapV3Adapter()
HOT_READS, IDENTITY_READS = 5, 5
NAME = "uniswap_v3:WETH/USDC/3000"
POSITIONS = (PositionSpec(9_000, 6_000), PositionSpec(900, 120))
WORLD = replace(DEFAULT_WORLD, pools=(PoolSpec("WETH", "USDC", 3_000, POSITIONS),))
EVENTS = {
    topic("Swap(address,address,int256,int256,uint160,uint128,int24)"): "Swap",
    topic("Mint(address,address,int24,int24,uint128,uint256,uint256)"): "Mint",
    topic("Burn(address,int24,int24,uint128,uint256,uint256)"): "Burn",
    topic("Flash(address,address,uint256,uint256,uint256,uint256)"): "Flash",
    topic("SetFeeProtocol(uint8,uint8,uint8,uint8)"): "SetFeeProtocol",
    topic("CollectProtocol(address,address,uint128,uint128)"): "CollectProtocol",
}


@pytest.fixture(scope="module")
def everybody() -> Others:
    """The pool with funded actors, in process."""
    with local_world(WORLD) as world:
        deployment = world.deployment
        deployer = Deployer(world.rpc, deployment.deployer)
        sources = Path(__file__).parent / "contracts"
        borrower = deployer.create(compiled(sources, "FlashBorrower.sol", "FlashBorrower"))
        deployer.mine(Timestamp(world.head.timestamp + 12))
        trader, provider, *_ = deployment.agents
        tokens = [deployment.token(symbol) for symbol in ("USDC", "WETH")]
        world.mine(
            *(
                world.funding(account, token.symbol, 10**6 * token.unit)
                for account in (trader, provider, borrower.address)
                for token in tokens
            )
        )
        machine = evm.load(world.rpc)
        pool = read_book(deployment.to_json(), "the world").markets[NAME]
    assert isinstance(pool, Pool)
    manager = position_manager_contract(deployment.uniswap_v3.position_manager)
    router = router_contract(deployment.uniswap_v3.router)
    for account, spender in ((trader, router.address), (provider, manager.address)):
        for token in tokens:
            data = call_data("approve(address,uint256)", spender, 2**256 - 1)
            assert machine.call(account, token.address, data)[0]
    return Others(
        machine=machine,
        pool=pool,
        trader=trader,
        provider=provider,
        owner=deployment.deployer,
        manager=manager,
        router=router,
        borrower=borrower,
        random=random.Random(),
    )


@pytest.fixture
def others(everybody: Others) -> Iterator[Others]:
    """Everybody, before anything was done."""
    everybody.random.seed(1)
    before = everybody.machine.snapshot()
    yield everybody
    everybody.machine.revert(before)


def carried(others: Others, pool: Pool, known: PoolState | None) -> tuple[PoolState, int]:
    """The state at the machine's moment, and how many reads it took."""
    machine = others.machine
    head = Head(pool.chain, machine.block, "0x", Timestamp(machine.time))
    question, count = Question(pool, Accounts(()), head, known), 0
    while asked := ADAPTER.reads(question):
        count += len(asked)
        answers = [machine.static(read.to, read.data) for read in asked]
        state = ADAPTER.decode(question, answers)
        question = replace(question, known=state, round=question.round + 1)
    assert question.known is not None
    return question.known, count


def followed(state: PoolState, logs: tuple[Log, ...]) -> PoolState:
    for log in logs:
        state = ADAPTER.observe(state, log)
    return state


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_pool__carried_for_50_blocks_of_everything__equals_a_fresh_read(
    others: Others, seed: int
) -> None:
    others.random.seed(seed)
    seen, flips = Counter[str](), 0
    state, _ = carried(others, others.pool, None)
    for _ in range(50):
        logs, earlier = others.block(transactions=3), state
        state, reads = carried(others, others.pool, followed(state, logs))
        assert reads == HOT_READS
        assert state == carried(others, others.pool, None)[0]
        seen.update(EVENTS[log.topics[0]] for log in logs if log.topics[0] in EVENTS)
        both = earlier.ticks.keys() & state.ticks.keys()
        flips += sum(earlier.ticks[tick] != state.ticks[tick] for tick in both)
    assert set(seen) == set(EVENTS.values())
    assert flips > 0


def test_pool__events_withheld__everything_is_read_anew(others: Others) -> None:
    state, reads_at_first = carried(others, others.pool, None)
    assert others.sell()
    found, reads = carried(others, others.pool, state)
    assert reads == reads_at_first - IDENTITY_READS
    assert found == carried(others, others.pool, None)[0]


def test_observe__swap_after_one_that_was_withheld__unread_until_read_anew(
    others: Others,
) -> None:
    state, _ = carried(others, others.pool, None)
    assert others.sell()
    after = followed(state, others.sell())
    assert after.missing_words == bitmap_words(others.pool.tick_spacing)
    with pytest.raises(MissingRead, match="tick bitmap are unread"):
        quote(after, others.pool, others.pool.token0, 10**6)
    found, _ = carried(others, others.pool, after)
    assert found == carried(others, others.pool, None)[0]


def test_pool__from_before_its_price_to_its_first_swap__followed(others: Others) -> None:
    machine, pool = others.machine, replace(others.pool, fee=10_000, tick_spacing=200)
    pair = (pool.token0.address, pool.token1.address)
    create = call_data("createPool(address,address,uint24)", *pair, pool.fee)
    made, returned, _ = machine.call(others.owner, factory_of(others), create)
    assert made
    there = replace(others, pool=replace(pool, address=address_from_bytes(returned)))
    state, _ = carried(there, there.pool, None)
    assert lawful(there, there.pool.token0) == reverted("LOK")
    initialize = call_data("initialize(uint160)", sqrt_price_at_tick(-201))
    state = followed(state, there.send(there.owner, Call(there.pool.address, initialize)))
    assert state == carried(there, there.pool, None)[0]
    assert lawful(there, there.pool.token0) == Reverted(b"")
    state = followed(state, there.add())
    assert state == carried(there, there.pool, None)[0]
    assert isinstance(lawful(there, there.pool.token0), Applied)


def test_ticks__of_any_price__as_a_pool_finds_them(others: Others) -> None:
    machine, pool = others.machine, replace(others.pool, fee=500, tick_spacing=10)
    pair = (pool.token0.address, pool.token1.address)
    create = call_data("createPool(address,address,uint24)", *pair, pool.fee)
    made, returned, _ = machine.call(others.owner, factory_of(others), create)
    assert made
    # Each power of two uses one factor alone; at the last four a unit of the ratio shows.
    ticks = [sign << bit for bit in range(20) for sign in (1, -1)]
    ticks += [MIN_TICK + 1, MAX_TICK - 1, 0, 230_536, 262_144, 294_762, 524_288]
    prices = [sqrt_price_at_tick(tick) - below for tick in ticks for below in (0, 1)]
    for price in prices:
        before = machine.snapshot()
        initialize = call_data("initialize(uint160)", price)
        sent, _, logs = machine.call(others.owner, address_from_bytes(returned), initialize)
        assert sent
        assert [signed(word) for word in log_words(logs[0])] == [price, tick_at_sqrt_price(price)]
        machine.revert(before)


def test_pool__declared_as_what_it_is_not__refused_in_words(others: Others) -> None:
    with pytest.raises(DataError, match=r"fee\(\) with 3000, but it was declared with 500"):
        carried(others, replace(others.pool, fee=500), None)
    with pytest.raises(DataError, match=r"tickSpacing\(\) with 60, but it was declared with 10"):
        carried(others, replace(others.pool, tick_spacing=10), None)


def test_pool__declared_with_a_token_as_router__refused(others: Others) -> None:
    pool = replace(others.pool, router=others.pool.token0.address)
    with pytest.raises(MissingRead, match="factory"):
        carried(others, pool, None)


def factory_of(others: Others) -> Address:
    answer = others.machine.static(others.router.address, call_data("factory()"))
    return address_from_bytes(answer.data)


def lawful(others: Others, token_in: Token) -> Applied | Reverted:
    """What selling a little does, the same by the model and on the chain, which keeps it."""
    pool = others.pool
    token_out = pool.token1 if token_in == pool.token0 else pool.token0
    swap = Swap(
        actor=others.trader,
        market=pool.id,
        token_in=token_in,
        token_out=token_out,
        amount_in=10**4,
        min_out=0,
        deadline=Timestamp(FOREVER),
        recipient=others.trader,
    )
    markets: tuple[Market[State], ...] = (
        Erc20(pool.chain, token_in.address, "in", token_in),
        Erc20(pool.chain, token_out.address, "out", token_out),
        pool,
    )
    accounts = tracked((others.trader,), markets)
    states = read_states(others.machine, ADAPTERS, markets, accounts)
    return check_case(others.machine, ADAPTERS, states, accounts, swap)[1]
