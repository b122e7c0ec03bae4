"""Stable pools on a real node: admission by code, and how the book and the world name them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec
import pytest

from trimtab.chain.admission import Admission, Admitted, NotAdmitted, admissions
from trimtab.chain.blocks import head
from trimtab.chain.rpc import Rpc
from trimtab.chain.secret import RpcUrl
from trimtab.core.errors import ConfigError
from trimtab.core.token import ZERO_ADDRESS
from trimtab.lab.world import (
    EXCHANGE_WORLD,
    LocalWorld,
    local_world,
    read,
    stable_factory_contract,
    stable_pool_contract,
)
from trimtab.lab.world.artifacts import artifact
from trimtab.mandate.book import read_book
from trimtab.protocols.curve import StablePool

pytestmark = pytest.mark.chain

NAME = "curve:USDC/USDT/DAI/FRAX"
CURVE = "@perp/curie-deployments/optimism-goerli/core/artifacts/contracts/curve/"


@dataclass(frozen=True, slots=True)
class Stage:
    """The world of all exchanges, and its stable pool."""

    world: LocalWorld
    pool: StablePool

    def judged(self, pool: StablePool) -> Admission:
        """Whether the pool is admitted now."""

        async def asked() -> Admission:
            rpc = Rpc(RpcUrl(self.world.node.url), pool.chain)
            try:
                (found,) = await admissions(rpc, [pool], await head(rpc, "latest"))
            finally:
                await rpc.close()
            return found

        return asyncio.run(asked())


@pytest.fixture(scope="module")
def deployed() -> Iterator[Stage]:
    with local_world(EXCHANGE_WORLD) as world:
        book = read_book(world.deployment.to_json(), "the exchange world")
        pool = book.market(NAME)
        assert isinstance(pool, StablePool)
        yield Stage(world, pool)


@pytest.fixture
def stage(deployed: Stage) -> Iterator[Stage]:
    """The world as it was deployed; what a test does to it is undone."""
    snapshot = deployed.world.rpc("evm_snapshot")
    yield deployed
    assert deployed.world.rpc("evm_revert", snapshot)


def test_world__stable_pool__as_its_specification_says(stage: Stage) -> None:
    (spec,) = EXCHANGE_WORLD.stable_pools
    contract = stable_pool_contract(stage.pool.address)
    assert read(stage.world.rpc, contract, "fee") == spec.fee
    assert read(stage.world.rpc, contract, "A") == spec.amplification
    owner = stage.world.deployment.liquidity_provider
    owned = read(stage.world.rpc, contract, "balanceOf", owner)
    assert owned == read(stage.world.rpc, contract, "totalSupply") == 4 * spec.supplied * 10**18
    factory = stable_factory_contract(stage.pool.factory)
    assert read(stage.world.rpc, factory, "pool_list", 0) == stage.pool.address
    assert NAME in stage.world.deployment.markets


def test_admission__pool_of_the_factory__on_bytecode(stage: Stage) -> None:
    found = stage.judged(stage.pool)
    assert isinstance(found, Admitted), found
    assert found.proven == "bytecode"
    pool, implementation, factory = found.found
    assert (pool.implementation, factory.address) == (implementation.address, stage.pool.factory)
    code = stage.world.rpc("eth_getCode", implementation.address, "latest")
    assert (
        bytes.fromhex(str(code)[2:])
        == artifact(f"{CURVE}Plain4Basic.vy/Plain4Basic.json").runtime_code
    )


def test_admission__pool_that_the_factory_did_not_make__refused(stage: Stage) -> None:
    """The same code, which somebody may have given rates and coins of their own."""
    code = stage.world.rpc("eth_getCode", stage.pool.address, "latest")
    other = stage.world.deployment.agents[0]
    stage.world.rpc("anvil_setCode", other, code)
    stage.world.mine()
    found = stage.judged(replace(stage.pool, address=other))
    assert isinstance(found, NotAdmitted)
    assert "did not make" in found.why


def test_admission__other_implementation__refused(stage: Stage) -> None:
    factory = stable_factory_contract(stage.pool.factory)
    at = read(stage.world.rpc, factory, "get_implementation_address", stage.pool.address)
    assert at != ZERO_ADDRESS
    code = bytearray.fromhex(str(stage.world.rpc("eth_getCode", at, "latest"))[2:])
    code[9_000] ^= 1
    stage.world.rpc("anvil_setCode", at, "0x" + code.hex())
    stage.world.mine()
    found = stage.judged(stage.pool)
    assert isinstance(found, NotAdmitted)
    assert "runs code on which no law was proven" in found.why


def test_book__coin_that_is_no_token_of_it__refused(stage: Stage) -> None:
    file = msgspec.json.decode(stage.world.deployment.to_json())
    del file["tokens"]["FRAX"]
    del file["feeds"]["FRAX"]
    with pytest.raises(
        ConfigError, match=f"{NAME} trades .*, which is not among the book's tokens"
    ):
        read_book(msgspec.json.encode(file), "a book")


def test_book__from_before_there_were_stable_pools__still_read(stage: Stage) -> None:
    file = msgspec.json.decode(stage.world.deployment.to_json())
    del file["curve"]
    book = read_book(msgspec.json.encode(file), "a book")
    assert NAME not in book.markets
