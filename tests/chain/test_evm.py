"""The in-process EVM gives the bytes that the local chain gives."""

from collections.abc import Iterator

import pytest

from tests.support.evm import Evm, load
from trimtab.core.abi import Answer, Call, Log
from trimtab.core.token import Address
from trimtab.lab.world import (
    VARIABLE_RATE,
    LocalWorld,
    aave_pool_contract,
    local_world,
    pool_contract,
    quoter_contract,
    router_contract,
    token_contract,
    transaction,
)

pytestmark = pytest.mark.chain

FOREVER = 2**40
MAX = 2**256 - 1


@pytest.fixture(scope="module")
def world() -> Iterator[LocalWorld]:
    """A world whose first agent holds tokens and has approved exchange and lender."""
    with local_world() as world:
        book, agent = world.deployment, world.deployment.agents[0]
        funded = [world.funding(agent, symbol, 10**24) for symbol in book.tokens]
        spenders = book.uniswap_v3.router, book.aave_v3.pool
        approved = [
            transaction(agent, token_contract(entry.address).call("approve", spender, MAX))
            for entry in book.tokens.values()
            for spender in spenders
        ]
        assert all(receipt.ok for receipt in world.mine(*funded, *approved))
        yield world


@pytest.fixture
def evm(world: LocalWorld) -> Evm:
    return load(world.rpc)


def swap(world: LocalWorld, amount: int, source: str = "WETH", target: str = "USDC") -> Call:
    book = world.deployment
    tokens = book.token(source).address, book.token(target).address
    order = (*tokens, 500, book.agents[0], FOREVER, amount, 0, 0)
    return router_contract(book.uniswap_v3.router).call("exactInputSingle", order)


def supply(world: LocalWorld, symbol: str, amount: int) -> Call:
    book = world.deployment
    pool = aave_pool_contract(book.aave_v3.pool)
    return pool.call("supply", book.token(symbol).address, amount, book.agents[0], 0)


def borrow(world: LocalWorld, symbol: str, amount: int) -> Call:
    book = world.deployment
    pool = aave_pool_contract(book.aave_v3.pool)
    terms = (book.token(symbol).address, amount, VARIABLE_RATE, 0, book.agents[0])
    return pool.call("borrow", *terms)


def on_chain(world: LocalWorld, call: Call) -> Answer:
    (answer,) = world.rpc.answers([(call.to, call.data)], sender=world.deployment.agents[0])
    return answer


def content(log: Log) -> tuple[Address, tuple[bytes, ...], bytes]:
    return log.address, log.topics, log.data


@pytest.mark.parametrize("amount", [1, 10**15, 10**18, 10**21, 10**22])
def test_static__swap__equals_eth_call(world: LocalWorld, evm: Evm, amount: int) -> None:
    call = swap(world, amount)
    expected = on_chain(world, call)
    assert expected.ok
    assert evm.static(call.to, call.data, world.deployment.agents[0]) == expected


def test_static__quoter__equals_eth_call(world: LocalWorld, evm: Evm) -> None:
    book = world.deployment
    order = (book.token("WETH").address, book.token("USDC").address, 10**21, 500, 0)
    quoter = quoter_contract(book.uniswap_v3.quoter)
    call = quoter.call("quoteExactInputSingle", order)
    expected, found = on_chain(world, call), evm.static(call.to, call.data)
    amount_price_and_ticks = slice(0, 96)  # what follows is gas, which the EVM does not promise
    assert found.data[amount_price_and_ticks] == expected.data[amount_price_and_ticks]
    assert (found.ok, len(found.data)) == (True, 128)


def test_call__reverts__equals_eth_call_and_changes_nothing(world: LocalWorld, evm: Evm) -> None:
    agent = world.deployment.agents[0]
    held = token_contract(world.deployment.token("WETH").address).call("balanceOf", agent)
    before = evm.static(held.to, held.data)
    reverting = [
        swap(world, 10**25),  # more than the account has: Error(string)
        borrow(world, "WETH", 1),  # without collateral: Error(string)
        Call(world.deployment.uniswap_v3.router, b"\0\0\0\1"),  # no such function: no data
        supply(world, "WETH", 0),
    ]
    for call in reverting:
        expected = on_chain(world, call)
        assert not expected.ok
        assert evm.call(agent, call.to, call.data) == (False, expected.data, ())
    assert evm.static(held.to, held.data) == before


def test_call__swap_supply_borrow__equals_the_mined_blocks(world: LocalWorld, evm: Evm) -> None:
    agent, book = world.deployment.agents[0], world.deployment
    calls = [
        supply(world, "WETH", 10**20),
        swap(world, 5 * 10**20),
        borrow(world, "USDC", 10**10),
        swap(world, 10**12, "USDC", "WETH"),
    ]
    for call in calls:
        expected = on_chain(world, call)
        (receipt,) = world.mine(transaction(agent, call))
        evm.set_time(world.head.timestamp)
        ok, returned, logs = evm.call(agent, call.to, call.data)
        assert (ok, returned) == (True, expected.data)
        assert [content(log) for log in logs] == [content(log) for log in receipt.logs]
        assert {(log.block, log.timestamp) for log in logs} == {(evm.block, evm.time)}
    reads = [
        *(pool_contract(e.address).call("slot0") for e in book.uniswap_v3.pools.values()),
        aave_pool_contract(book.aave_v3.pool).call("getUserAccountData", agent),
    ]
    for each in reads:
        assert evm.static(each.to, each.data) == on_chain(world, each)


def test_revert__outer_of_two_snapshots__state_and_time_are_back(
    world: LocalWorld, evm: Evm
) -> None:
    agent, call = world.deployment.agents[0], swap(world, 10**20)
    first = evm.static(call.to, call.data, agent)
    began = evm.time
    for _ in range(3):
        outer = evm.snapshot()
        evm.set_time(began + 60)
        assert evm.call(agent, call.to, call.data)[0]
        evm.snapshot()
        assert evm.call(agent, call.to, call.data)[0]
        assert evm.static(call.to, call.data, agent) != first
        evm.revert(outer)
        assert (evm.time, evm.static(call.to, call.data, agent)) == (began, first)


def test_revert__many_times__call_depth_does_not_grow(world: LocalWorld, evm: Evm) -> None:
    agent, call = world.deployment.agents[0], swap(world, 10**18)
    first = evm.static(call.to, call.data, agent)
    for _ in range(1_100):  # more than the deepest call that the EVM allows
        outer = evm.snapshot()
        evm.snapshot()
        evm.revert(outer)
    assert evm.static(call.to, call.data, agent) == first


def test_call__sender_is_a_contract__refused(world: LocalWorld, evm: Evm) -> None:
    call = swap(world, 1)
    with pytest.raises(RuntimeError, match="RejectCallerWithCode"):
        evm.call(world.deployment.aave_v3.pool, call.to, call.data)


def test_call__native_value__moves(world: LocalWorld, evm: Evm) -> None:
    agent, native = world.deployment.agents[0], world.deployment.uniswap_v3.wrapped_native
    deposit = token_contract(native).call("balanceOf", agent)
    assert evm.call(agent, native, b"", value=5)[0]
    assert evm.static(native, deposit.data).data == (5).to_bytes(32, "big")
