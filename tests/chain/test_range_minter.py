"""RangeMinter on a real chain: its code, its address, and a position that it mints."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eth_abi.abi import decode
from eth_abi.packed import encode_packed
from eth_utils.crypto import keccak

from tests.support.command import ROOT
from trimtab.core.token import Address
from trimtab.lab.world import (
    CREATE2_DEPLOYER,
    LocalWorld,
    local_world,
    pool_contract,
    range_minter_address,
    range_minter_artifact,
    range_minter_contract,
    read,
    token_contract,
    transaction,
)
from trimtab.lab.world.compile import SOLC
from trimtab.lab.world.rpc import Json
from trimtab.mandate import read_book
from trimtab.protocols.shared.ticks import sqrt_price_at_tick
from trimtab.protocols.uniswap_v3 import Pool

pytestmark = pytest.mark.chain

PUSH1, PUSH32 = 0x60, 0x7F
KEEPS_OR_BORROWS_CODE = {
    0x31: "BALANCE",
    0x47: "SELFBALANCE",
    0x54: "SLOAD",
    0x55: "SSTORE",
    0x5C: "TLOAD",
    0x5D: "TSTORE",
    **{0xA0 + topics: f"LOG{topics}" for topics in range(5)},
    0xF0: "CREATE",
    0xF2: "CALLCODE",
    0xF4: "DELEGATECALL",
    0xF5: "CREATE2",
    0xFF: "SELFDESTRUCT",
}


@pytest.fixture(scope="module")
def world() -> Iterator[LocalWorld]:
    with local_world() as world:
        yield world


@pytest.fixture
def minter(world: LocalWorld) -> Address:
    found = world.deployment.uniswap_v3.minter
    assert found is not None
    return found


def test_code__on_the_chain__the_source_with_its_factory(
    world: LocalWorld, minter: Address
) -> None:
    factory = world.deployment.uniswap_v3.factory
    assert minter == range_minter_address(factory)
    assert read(world.rpc, range_minter_contract(minter), "factory") == factory
    code = bytes.fromhex(str(world.rpc("eth_getCode", minter, "latest"))[2:])
    assert code.replace(bytes.fromhex(factory[2:]), bytes(20)) == (
        range_minter_artifact().runtime_code
    )


def test_code__every_instruction__keeps_nothing_and_borrows_no_code() -> None:
    found, code, at = set(), range_minter_artifact().runtime_code, 0
    code = code[: code.rindex(b"\xa1\x64solc")]  # the compiler's version follows, no instruction
    while at < len(code):
        found.add(code[at])
        at += 1 + (code[at] - PUSH1 + 1 if PUSH1 <= code[at] <= PUSH32 else 0)
    assert [name for number, name in KEEPS_OR_BORROWS_CODE.items() if number in found] == []
    assert {0xF1, 0xFA, 0xFD, 0x42} <= found, "CALL, STATICCALL, REVERT and TIMESTAMP are its parts"


def test_guide__deployer_and_hash__are_those_of_the_source() -> None:
    guide = (ROOT / "docs" / "guides" / "deploy-range-minter.md").read_text(encoding="utf-8")
    creation = keccak(range_minter_artifact().creation_code({})).hex()
    told = (CREATE2_DEPLOYER, f"0x{creation}", SOLC.replace("-", " "))
    assert [each for each in told if each not in guide] == []


def test_book__of_a_world__its_pools_have_the_minter(world: LocalWorld, minter: Address) -> None:
    book = read_book(world.deployment.to_json(), "the local world")
    pools = [market for market in book.markets.values() if isinstance(market, Pool)]
    assert {pool.minter for pool in pools} == {minter}


def test_mint__by_an_account__owns_the_position_in_the_pool(
    world: LocalWorld, minter: Address
) -> None:
    entry = world.deployment.uniswap_v3.pools["WETH/USDC/500"]
    pair = entry.token0, entry.token1
    owner, pool = world.deployment.agents[0], pool_contract(entry.address)
    most = [{"USDC": 2_000 * 10**6, "WETH": 10**18}[world.deployment.symbol(each)] for each in pair]
    for token, raw in zip(pair, most, strict=True):
        allow = token_contract(token).call("approve", minter, raw)
        funding = world.funding(owner, world.deployment.symbol(token), raw)
        world.mine(funding, transaction(owner, allow))
    _, tick, *_ = read(world.rpc, pool, "slot0")
    ticks = [(tick + side) // entry.tick_spacing * entry.tick_spacing for side in (-1_000, 1_000)]
    key = (*pair, entry.fee, *ticks, *map(sqrt_price_at_tick, ticks))
    deadline = world.head.timestamp + 1_000
    call = range_minter_contract(minter).call("mint", key, *most, 1, deadline)
    asked: Json = {"from": owner, "to": minter, "data": "0x" + call.data.hex()}
    told = str(world.rpc("eth_call", asked, "latest"))
    liquidity, *owed = decode(["uint128", "uint256", "uint256"], bytes.fromhex(told[2:]))
    (receipt,) = world.mine(transaction(owner, call))
    assert receipt.ok, receipt.error
    place = keccak(encode_packed(["address", "int24", "int24"], [owner, *ticks]))
    assert read(world.rpc, pool, "positions", place)[0] == liquidity > 0
    left = [read(world.rpc, token_contract(each), "balanceOf", owner) for each in pair]
    assert left == [most[0] - owed[0], most[1] - owed[1]]
    kept = [read(world.rpc, token_contract(each), "balanceOf", minter) for each in pair]
    assert kept == [0, 0]
