"""Pairs on a real node: admission by code, and how the book and the world name them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from trimtab.chain.admission import Admission, Admitted, NotAdmitted, admissions
from trimtab.chain.blocks import head
from trimtab.chain.rpc import Rpc
from trimtab.chain.secret import RpcUrl
from trimtab.core.errors import ConfigError
from trimtab.lab.world import (
    EXCHANGE_WORLD,
    LocalWorld,
    PairSpec,
    local_world,
    pair_contract,
    pair_factory_contract,
    pair_router_contract,
    read,
    token_contract,
)
from trimtab.mandate.book import read_book
from trimtab.protocols.uniswap_v2 import Fee, Pair

pytestmark = pytest.mark.chain

NAME = "uniswap_v2:WETH/USDC"


@dataclass(frozen=True, slots=True)
class Stage:
    """The world of all exchanges, and one of its pairs."""

    world: LocalWorld
    pair: Pair

    def judged(self, pair: Pair) -> Admission:
        """Whether the pair is admitted now."""

        async def asked() -> Admission:
            rpc = Rpc(RpcUrl(self.world.node.url), pair.chain)
            try:
                (found,) = await admissions(rpc, [pair], await head(rpc, "latest"))
            finally:
                await rpc.close()
            return found

        return asyncio.run(asked())

    def refusal(self, pair: Pair) -> str:
        found = self.judged(pair)
        assert isinstance(found, NotAdmitted)
        return found.why

    def book(self, change: dict[str, object]) -> Pair:
        """The pair in a book of which its entry is changed."""
        file: Any = msgspec.json.decode(self.world.deployment.to_json())
        file["uniswap_v2"]["pairs"]["WETH/USDC"] |= change
        found = read_book(msgspec.json.encode(file), "a book").market(NAME)
        assert isinstance(found, Pair)
        return found


@pytest.fixture(scope="module")
def deployed() -> Iterator[Stage]:
    with local_world(EXCHANGE_WORLD) as world:
        pair = read_book(world.deployment.to_json(), "the exchange world").market(NAME)
        assert isinstance(pair, Pair)
        yield Stage(world, pair)


@pytest.fixture
def stage(deployed: Stage) -> Iterator[Stage]:
    """The world as it was deployed; what a test does to it is undone."""
    snapshot = deployed.world.rpc("evm_snapshot")
    yield deployed
    assert deployed.world.rpc("evm_revert", snapshot)


@pytest.mark.parametrize("spec", EXCHANGE_WORLD.pairs, ids=lambda spec: spec.name)
def test_world__pairs__as_their_specification_says(stage: Stage, spec: PairSpec) -> None:
    rpc, deployment = stage.world.rpc, stage.world.deployment
    assert deployment.uniswap_v2 is not None
    entry = deployment.uniswap_v2.pairs[spec.name]
    both = entry.token0, entry.token1
    factory = pair_factory_contract(deployment.uniswap_v2.factory)
    assert read(rpc, factory, "getPair", *both) == entry.address
    router = pair_router_contract(deployment.uniswap_v2.router)
    assert read(rpc, router, "factory") == factory.address
    contract = pair_contract(entry.address)
    assert read(rpc, contract, "decimals") == stage.pair.share.decimals
    reserves = read(rpc, contract, "getReserves")
    for token, reserve in zip(both, reserves, strict=False):
        symbol = deployment.symbol(token)
        unit, price = deployment.token(symbol).unit, EXCHANGE_WORLD.token(symbol).price
        assert reserve == spec.worth // 2 * 10**8 * unit // price
        assert read(rpc, token_contract(token), "balanceOf", entry.address) == reserve
    owned = read(rpc, contract, "balanceOf", deployment.liquidity_provider)
    assert owned == read(rpc, contract, "totalSupply") - 1000
    assert f"uniswap_v2:{spec.name}" in deployment.markets


def test_world_spec__pair_of_one_token__refused() -> None:
    with pytest.raises(ConfigError, match="no pair WETH/WETH: expected two tokens"):
        replace(EXCHANGE_WORLD, pairs=(PairSpec("WETH", "WETH", 1),))


# ---------------------------------------------------------------------------------- admission


def test_admission__pair_of_the_factory__on_bytecode(stage: Stage) -> None:
    found = stage.judged(stage.pair)
    assert isinstance(found, Admitted), found
    assert found.proven == "bytecode"
    assert [part.role for part in found.found] == ["pair", "router", "factory"]


def test_admission__fee_of_a_fork__no_law_was_proven(stage: Stage) -> None:
    fork = replace(stage.pair, fee=Fee(9975, 9975, 10_000))
    assert "no law was proven" in stage.refusal(fork)


def test_admission__pair_that_the_factory_did_not_make__refused(stage: Stage) -> None:
    code = stage.world.rpc("eth_getCode", stage.pair.address, "latest")
    other = stage.world.deployment.agents[0]
    stage.world.rpc("anvil_setCode", other, code)
    stage.world.mine()
    assert "factory" in stage.refusal(replace(stage.pair, address=other))


@pytest.mark.parametrize("part", ["address", "router", "factory"])
def test_admission__other_code__refused(stage: Stage, part: str) -> None:
    at = getattr(stage.pair, part)
    code = bytearray.fromhex(str(stage.world.rpc("eth_getCode", at, "latest"))[2:])
    code[-60] ^= 1
    stage.world.rpc("anvil_setCode", at, "0x" + code.hex())
    stage.world.mine()
    assert "no law was proven" in stage.refusal(stage.pair)


# --------------------------------------------------------------------------------------- book


def test_book__pair_without_a_fee__the_standard_one(stage: Stage) -> None:
    assert stage.book({}) == stage.pair
    assert stage.pair.fee == Fee(997, 997, 1000)


def test_book__fee_of_a_fork__as_stated(stage: Stage) -> None:
    stated = {"kept0": 99_700, "kept1": 99_500, "parts": 100_000}
    assert stage.book({"fee": stated}).fee == Fee(99_700, 99_500, 100_000)


@pytest.mark.parametrize(
    "change, why",
    [
        ({"fee": {"kept0": 0, "kept1": 1, "parts": 1}}, "Expected `int` >= 1"),
        ({"fee": {"kept0": 2, "kept1": 1, "parts": 1}}, "such as 997 of 1000"),
        ({"fee": {"kept0": 1, "kept1": 1}}, "missing required field `parts`"),
        ({"fee": {"kept": 1, "kept0": 1, "kept1": 1, "parts": 1}}, "unknown field `kept`"),
        ({"token0": "0x" + "7" * 40}, f"{NAME} trades 0x7.*, which is not among the book's tokens"),
    ],
)
def test_book__what_no_pair_can_be__refused(
    stage: Stage, change: dict[str, object], why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        stage.book(change)


def test_book__tokens_in_another_order__refused(stage: Stage) -> None:
    turned: dict[str, object] = {
        "token0": stage.pair.token1.address,
        "token1": stage.pair.token0.address,
    }
    with pytest.raises(ConfigError, match="a pair orders its tokens by address"):
        stage.book(turned)


def test_book__from_before_there_were_pairs__still_read(stage: Stage) -> None:
    file: Any = msgspec.json.decode(stage.world.deployment.to_json())
    del file["uniswap_v2"]
    assert NAME not in read_book(msgspec.json.encode(file), "a book").markets
