"""Curve: the factory of plain pools, and pools with liquidity.

The package carries two names of one pool implementation, for four coins, and no others.
"""

from __future__ import annotations

from collections.abc import Mapping

from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.lab.world.artifacts import artifact
from trimtab.lab.world.contracts import Contract, created_address
from trimtab.lab.world.deploy_tokens import mint
from trimtab.lab.world.deployment import CurveEntry, StablePoolEntry, TokenEntry
from trimtab.lab.world.spec import WorldSpec
from trimtab.lab.world.transactions import Deployer

_CURVE = "@perp/curie-deployments/optimism-goerli/core/artifacts/contracts/curve/"
_POOL = _CURVE + "Plain4Basic.vy/Plain4Basic.json"
_FACTORY = _CURVE + "FactorySidechains.vy/FactorySidechains.json"
_COINS = 4
_IMPLEMENTATIONS = 10
"""How many implementations the factory has a place for."""


def stable_pool_contract(address: Address) -> Contract:
    """The pool at an address."""
    return Contract.at(address, _POOL)


def stable_factory_contract(address: Address) -> Contract:
    """The factory at an address."""
    return Contract.at(address, _FACTORY)


def deploy_curve(
    deployer: Deployer,
    spec: WorldSpec,
    tokens: Mapping[str, TokenEntry],
    liquidity_provider: Address,
) -> CurveEntry:
    """The factory and its pools; their first shares belong to `liquidity_provider`."""
    factory = deployer.create(artifact(_FACTORY), deployer.account)
    implementation = deployer.create(artifact(_POOL))
    others = [ZERO_ADDRESS] * (_IMPLEMENTATIONS - 1)
    deployer.invoke(factory, "set_plain_implementations", _COINS, [implementation.address, *others])
    pools = {}
    for number, each in enumerate(spec.stable_pools, start=1):
        coins = tuple(tokens[symbol].address for symbol in each.symbols)
        arguments = (each.name, "LP", coins, each.amplification, each.fee, 0, 0)
        deployer.invoke(factory, "deploy_plain_pool", *arguments)
        pool = stable_pool_contract(created_address(factory.address, number))
        raws = [each.supplied * 10 ** tokens[symbol].decimals for symbol in each.symbols]
        mint(deployer, dict(zip(coins, raws, strict=True)), pool.address)
        deployer.invoke(
            pool, "add_liquidity(uint256[4],uint256,address)", raws, 0, liquidity_provider
        )
        pools[each.name] = StablePoolEntry(pool.address, coins)
    return CurveEntry(factory.address, pools)
