"""A pool of the 3.6 line on a node: known by its code, on source alone, and so never armed."""

from __future__ import annotations

import asyncio

import pytest

from tests.laws.lending36_edges import EDGES
from trimtab.chain.admission import Admission, Admitted, NotAdmitted, admissions, require
from trimtab.chain.blocks import head
from trimtab.chain.rpc import Rpc
from trimtab.chain.secret import RpcUrl
from trimtab.core.errors import ConfigError
from trimtab.core.market import Market, State
from trimtab.lab.world import LocalWorld, local_world
from trimtab.lab.world.deploy_aave_v36 import lending_artifacts
from trimtab.mandate.book import read_book

pytestmark = pytest.mark.chain


def _judged(world: LocalWorld, market: Market[State]) -> Admission:
    async def scene() -> Admission:
        rpc = Rpc(RpcUrl(world.node.url), market.chain)
        try:
            (found,) = await admissions(rpc, (market,), await head(rpc, "latest"))
        finally:
            await rpc.close()
        return found

    return asyncio.run(scene())


def test_admissions__our_own_build__on_source_and_not_armed_elsewhere() -> None:
    with local_world(EDGES) as world:
        book = read_book(world.deployment.to_json(), "the local world")
        pool = book.market("aave_v36:USDC")
        found = _judged(world, pool)
        assert isinstance(found, Admitted), found
        assert found.proven == "source"
        libraries = {each.role for each in found.found if each.role.startswith("library ")}
        names = ("Borrow", "FlashLoan", "Liquidation", "Pool", "Supply")
        assert libraries == {f"library {name}Logic" for name in names}
        assert require((found,), 31337, is_armed=True) == frozenset()
        assert require((found,), 1, is_armed=False) == frozenset()
        with pytest.raises(ConfigError, match="is proven on source only"):
            require((found,), 1, is_armed=True)
        entry = world.deployment.aave_v36
        assert entry is not None
        _edit(world, entry.rate_strategy)
        edited = _judged(world, pool)
        assert isinstance(edited, NotAdmitted)
        assert "rate strategy" in edited.why


def _edit(world: LocalWorld, contract: str) -> None:
    """Flip one bit in the middle of a contract's code."""
    code = bytearray.fromhex(str(world.rpc("eth_getCode", contract, "latest"))[2:])
    code[len(code) // 2] ^= 1
    world.rpc("anvil_setCode", contract, "0x" + code.hex())


def test_artifacts__compiled_together__each_fits_on_a_chain() -> None:
    for name, built in lending_artifacts().items():
        assert len(built.deployed_bytecode) // 2 <= 24_576, name
