"""Weighted pools on a real node: admission by code, and how the book and the world name them."""

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
    local_world,
    read,
    vault_contract,
    weighted_pool_contract,
)
from trimtab.mandate.book import read_book
from trimtab.protocols.balancer import WeightedPool

pytestmark = pytest.mark.chain

NAME = "balancer:WETH/USDC"


@dataclass(frozen=True, slots=True)
class Stage:
    """The world of all exchanges, and one of its weighted pools."""

    world: LocalWorld
    pool: WeightedPool

    def judged(self, pool: WeightedPool) -> Admission:
        """Whether the pool is admitted now."""

        async def asked() -> Admission:
            rpc = Rpc(RpcUrl(self.world.node.url), pool.chain)
            try:
                (found,) = await admissions(rpc, [pool], await head(rpc, "latest"))
            finally:
                await rpc.close()
            return found

        return asyncio.run(asked())

    @property
    def file(self) -> Any:
        """The address book of the world, to be changed."""
        return msgspec.json.decode(self.world.deployment.to_json())


@pytest.fixture(scope="module")
def deployed() -> Iterator[Stage]:
    with local_world(EXCHANGE_WORLD) as world:
        book = read_book(world.deployment.to_json(), "the exchange world")
        pool = book.market(NAME)
        assert isinstance(pool, WeightedPool)
        yield Stage(world, pool)


@pytest.fixture
def stage(deployed: Stage) -> Iterator[Stage]:
    """The world as it was deployed; what a test does to it is undone."""
    snapshot = deployed.world.rpc("evm_snapshot")
    yield deployed
    assert deployed.world.rpc("evm_revert", snapshot)


def test_world__weighted_pools__as_their_specification_says(stage: Stage) -> None:
    rpc, deployment = stage.world.rpc, stage.world.deployment
    assert deployment.balancer is not None
    vault = vault_contract(deployment.balancer.vault)
    for spec in EXCHANGE_WORLD.weighted_pools:
        entry = deployment.balancer.pools[spec.name]
        contract = weighted_pool_contract(entry.address)
        pool_id = bytes.fromhex(entry.pool_id[2:])
        assert read(rpc, contract, "getPoolId") == pool_id
        assert read(rpc, contract, "getSwapFeePercentage") == spec.fee * 10**14
        tokens, balances, _ = read(rpc, vault, "getPoolTokens", pool_id)
        assert tokens == entry.tokens
        for token, balance, weight in zip(tokens, balances, entry.weights, strict=True):
            symbol = deployment.symbol(token)
            specified = spec.weights[spec.symbols.index(symbol)]
            price = EXCHANGE_WORLD.token(symbol).price
            dollars = balance * price // (10**8 * deployment.token(symbol).unit)
            assert (weight, dollars) == (specified * 10**16, spec.worth * specified // 100)
        owned = read(rpc, contract, "balanceOf", deployment.liquidity_provider)
        assert owned == read(rpc, contract, "totalSupply") - 10**6
        assert f"balancer:{spec.name}" in deployment.markets


def test_admission__pool_of_the_factory__on_bytecode(stage: Stage) -> None:
    found = stage.judged(stage.pool)
    assert isinstance(found, Admitted), found
    assert found.proven == "bytecode"
    assert [part.role for part in found.found] == ["pool", "vault", "factory", "provider of fees"]


def test_admission__pool_that_the_factory_did_not_make__refused(stage: Stage) -> None:
    """The same code, which somebody may have given a provider of fees of their own."""
    code = stage.world.rpc("eth_getCode", stage.pool.address, "latest")
    other = stage.world.deployment.agents[0]
    stage.world.rpc("anvil_setCode", other, code)
    stage.world.mine()
    moved = bytes.fromhex(other[2:]) + stage.pool.pool_id[20:]
    found = stage.judged(replace(stage.pool, address=other, pool_id=moved))
    assert isinstance(found, NotAdmitted)
    assert "factory" in found.why


@pytest.mark.parametrize("part", ["address", "vault", "factory"])
def test_admission__other_code__refused(stage: Stage, part: str) -> None:
    at = getattr(stage.pool, part)
    code = bytearray.fromhex(str(stage.world.rpc("eth_getCode", at, "latest"))[2:])
    code[-60] ^= 1
    stage.world.rpc("anvil_setCode", at, "0x" + code.hex())
    stage.world.mine()
    found = stage.judged(stage.pool)
    assert isinstance(found, NotAdmitted)
    assert "runs code on which no law was proven" in found.why


def test_admission__other_collector_of_fees__refused(stage: Stage) -> None:
    other = stage.world.deployment.agents[0]
    found = stage.judged(replace(stage.pool, fees_collector=other))
    assert isinstance(found, NotAdmitted)
    assert "collector of fees" in found.why


def test_book__token_that_is_not_among_its_tokens__refused(stage: Stage) -> None:
    file = stage.file
    file["balancer"]["pools"]["WETH/USDC"]["tokens"][0] = stage.world.deployment.deployer
    with pytest.raises(ConfigError, match=f"{NAME} trades .*, which is not among the book's"):
        read_book(msgspec.json.encode(file), "a book")


@pytest.mark.parametrize(
    "change, why",
    [
        ({"pool_id": "0x12"}, "'0x12' is no pool id"),
        ({"pool_id": "0x" + "12" * 32}, "is not of 0x"),
        ({"weights": [10**18, 10**17]}, "the weights make"),
        ({"weights": [10**18]}, "each has one"),
        ({"weights": [10**18 - 10**15, 10**15]}, "each has one, of 10000000000000000 or more"),
    ],
)
def test_book__what_no_pool_can_be__refused(
    stage: Stage, change: dict[str, object], why: str
) -> None:
    file = stage.file
    file["balancer"]["pools"]["WETH/USDC"] |= change
    with pytest.raises(ConfigError, match=why):
        read_book(msgspec.json.encode(file), "a book")


def test_book__tokens_in_another_order__refused(stage: Stage) -> None:
    file = stage.file
    file["balancer"]["pools"]["WETH/USDC"]["tokens"].reverse()
    with pytest.raises(ConfigError, match="in the order of their addresses"):
        read_book(msgspec.json.encode(file), "a book")


def test_book__from_before_there_were_weighted_pools__still_read(stage: Stage) -> None:
    file = stage.file
    del file["balancer"]
    assert NAME not in read_book(msgspec.json.encode(file), "a book").markets
