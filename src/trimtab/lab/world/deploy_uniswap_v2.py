"""Uniswap V2: factory, router, and pairs with liquidity at the feeds' prices."""

from __future__ import annotations

from collections.abc import Mapping

from eth_utils.crypto import keccak

from trimtab.core.token import Address
from trimtab.lab.world.artifacts import artifact
from trimtab.lab.world.contracts import Contract, created2_address
from trimtab.lab.world.deploy_tokens import mint
from trimtab.lab.world.deployment import PairEntry, PairsEntry, TokenEntry
from trimtab.lab.world.spec import PRICE_DECIMALS, TokenSpec, WorldSpec
from trimtab.lab.world.transactions import Deployer

_PAIR = "@uniswap/v2-core/build/UniswapV2Pair.json"
_FACTORY = "@uniswap/v2-core/build/UniswapV2Factory.json"
_ROUTER = "@uniswap/v2-periphery/build/UniswapV2Router02.json"
_FOREVER = 2**40
"""A deadline that never passes."""


def pair_contract(address: Address) -> Contract:
    """The pair at an address."""
    return Contract.at(address, _PAIR)


def pair_factory_contract(address: Address) -> Contract:
    """The factory of pairs at an address."""
    return Contract.at(address, _FACTORY)


def pair_router_contract(address: Address) -> Contract:
    """The router of pairs at an address."""
    return Contract.at(address, _ROUTER)


def deploy_uniswap_v2(
    deployer: Deployer,
    spec: WorldSpec,
    tokens: Mapping[str, TokenEntry],
    wrapped_native: Address,
    owner: Address,
) -> PairsEntry:
    """Queue the exchange and its pairs; their first shares belong to `owner`.

    The protocol takes no part of the fees until the deployer says who gets it.
    """
    factory = deployer.create(artifact(_FACTORY), deployer.account)
    router = deployer.create(artifact(_ROUTER), factory.address, wrapped_native)
    entries = {}
    for pair in spec.pairs:
        both = tokens[pair.base].address, tokens[pair.quote].address
        entries[pair.name] = _entry(factory.address, both)
        if pair.worth:
            amounts = [_half(pair.worth, spec.token(each)) for each in (pair.base, pair.quote)]
            mint(deployer, dict(zip(both, amounts, strict=True)), router.address)
            deployer.invoke(router, "addLiquidity", *both, *amounts, 0, 0, owner, _FOREVER)
        else:
            deployer.invoke(factory, "createPair", *both)
    return PairsEntry(factory.address, router.address, entries)


def _entry(factory: Address, both: tuple[Address, Address]) -> PairEntry:
    """The pair where its factory puts it. Source: UniswapV2Factory.sol `createPair`."""
    token0, token1 = sorted(both, key=lambda address: int(address, 16))
    salt = keccak(bytes.fromhex(token0[2:] + token1[2:]))
    code = artifact(_PAIR).creation_code({})
    return PairEntry(created2_address(factory, salt, code), token0, token1)


def _half(worth: int, token: TokenSpec) -> int:
    """Base units of a token that are worth half of so many dollars, rounded down."""
    scale = int(10 ** (PRICE_DECIMALS + token.decimals))
    return worth * scale // (2 * token.price)
