"""Balancer V2: vault, factory of weighted pools, and pools with liquidity at the feeds' prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from trimtab.core.abi import UINT256_MAX, selector, word
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.lab.world.artifacts import artifact
from trimtab.lab.world.contracts import Contract, created_address
from trimtab.lab.world.deploy_tokens import mint
from trimtab.lab.world.deployment import BalancerEntry, TokenEntry, WeightedPoolEntry
from trimtab.lab.world.spec import PRICE_DECIMALS, WeightedPoolSpec, WorldSpec
from trimtab.lab.world.transactions import Deployer

_TASKS = "@balancer-labs/v2-deployments/dist/tasks/"
_AUTHORIZER = _TASKS + "20210418-authorizer/artifact/Authorizer.json"
_VAULT = _TASKS + "20210418-vault/artifact/Vault.json"
_POOL = _TASKS + "20230206-weighted-pool-v3/artifact/WeightedPool.json"
_FACTORY = _TASKS + "20230206-weighted-pool-v3/artifact/WeightedPoolFactory.json"
_PROVIDER = (
    _TASKS + "20220725-protocol-fee-percentages-provider/artifact/"
    "ProtocolFeePercentagesProvider.json"
)

DAY = 24 * 3600
_PAUSE_WINDOW, _BUFFER = 90 * DAY, 30 * DAY
_MOST_FEE = 10**18
_SWAP_FEES = 0
"""The number of the fee on swaps among the protocol's fees."""
_PROTOCOL_SWAP_FEE = 5 * 10**17
"""What mainnet's pools have paid of their swap fees, times 10**18."""
_SET_FEE = "setFeeTypePercentage(uint256,uint256)"
_SET_SWAP_FEE = "setSwapFeePercentage(uint256)"

_MINIMAL_SWAP_INFO, _TWO_TOKEN = 1, 2
_CODES = 2
"""Contracts that the factory makes before its first pool: they keep the pools' code."""
_INIT = 0


def vault_contract(address: Address) -> Contract:
    """The vault at an address."""
    return Contract.at(address, _VAULT)


def weighted_pool_contract(address: Address) -> Contract:
    """The weighted pool at an address."""
    return Contract.at(address, _POOL)


def authorizer_contract(address: Address) -> Contract:
    """What says who may do what, at an address."""
    return Contract.at(address, _AUTHORIZER)


def fee_provider_contract(address: Address) -> Contract:
    """What tells pools the protocol's fees, at an address."""
    return Contract.at(address, _PROVIDER)


def action_id(contract: Address, signature: str) -> bytes:
    """The role that may call a function of the vault, of a collector or of a provider.

    Source: Authentication.sol.
    """
    return bytes(keccak(word(contract) + selector(signature)))


@dataclass(frozen=True, slots=True)
class _Parts:
    vault: Contract
    authorizer: Contract
    collector: Address
    provider: Contract
    factory: Contract


def deploy_balancer(
    deployer: Deployer,
    spec: WorldSpec,
    tokens: Mapping[str, TokenEntry],
    wrapped_native: Address,
    owner: Address,
) -> BalancerEntry:
    """Queue the vault and its pools; their first shares belong to `owner`.

    The deployer owns the authorizer and the pools, and the protocol has its part of all fees.
    """
    parts = _deployed(deployer, wrapped_native)
    _set_protocol_fee(deployer, parts)
    entries = {}
    for number, pool in enumerate(spec.weighted_pools):
        by_address = sorted(
            zip(pool.symbols, pool.weights, strict=True),
            key=lambda each: int(tokens[each[0]].address, 16),
        )
        entry = _create(
            deployer,
            parts,
            pool,
            number,
            [(tokens[symbol].address, weight) for symbol, weight in by_address],
        )
        entries[pool.name] = entry
        if pool.worth:
            raws = [_part(pool.worth * weight, spec, symbol) for symbol, weight in by_address]
            _join(deployer, parts, entry, raws, owner)
    return BalancerEntry(
        parts.vault.address,
        parts.authorizer.address,
        parts.collector,
        parts.provider.address,
        parts.factory.address,
        entries,
    )


def _deployed(deployer: Deployer, wrapped_native: Address) -> _Parts:
    authorizer = deployer.create(artifact(_AUTHORIZER), deployer.account)
    vault = deployer.create(
        artifact(_VAULT), authorizer.address, wrapped_native, _PAUSE_WINDOW, _BUFFER
    )
    provider = deployer.create(artifact(_PROVIDER), vault.address, _MOST_FEE, _MOST_FEE)
    factory = deployer.create(artifact(_FACTORY), vault.address, provider.address, "", "")
    return _Parts(vault, authorizer, created_address(vault.address, 1), provider, factory)


def _set_protocol_fee(deployer: Deployer, parts: _Parts) -> None:
    roles = (
        (action_id(parts.provider.address, _SET_FEE), deployer.account),
        (action_id(parts.collector, _SET_SWAP_FEE), parts.provider.address),
    )
    for role, account in roles:
        deployer.invoke(parts.authorizer, "grantRole", role, account)
    deployer.invoke(parts.provider, "setFeeTypePercentage", _SWAP_FEES, _PROTOCOL_SWAP_FEE)


def _create(
    deployer: Deployer,
    parts: _Parts,
    pool: WeightedPoolSpec,
    number: int,
    weighted: list[tuple[Address, int]],
) -> WeightedPoolEntry:
    """The pool, whose address and id follow from how many the factory and the vault have."""
    addresses = tuple(token for token, _ in weighted)
    weights = tuple(weight * 10**16 for _, weight in weighted)
    no_rates = [ZERO_ADDRESS] * len(weights)
    fee = pool.fee * 10**14
    arguments = (pool.name, "BPT", addresses, weights, no_rates, fee, deployer.account)
    deployer.invoke(parts.factory, "create", *arguments)
    address = created_address(parts.factory.address, 1 + _CODES + number)
    kind = _TWO_TOKEN if len(weights) == 2 else _MINIMAL_SWAP_INFO
    pool_id = bytes.fromhex(address[2:]) + kind.to_bytes(2, "big") + number.to_bytes(10, "big")
    return WeightedPoolEntry(address, "0x" + pool_id.hex(), addresses, weights)


def _join(
    deployer: Deployer, parts: _Parts, pool: WeightedPoolEntry, raws: list[int], owner: Address
) -> None:
    mint(deployer, dict(zip(pool.tokens, raws, strict=True)), parts.vault.address)
    data = encode(("uint256", "uint256[]"), (_INIT, raws))
    request = (pool.tokens, [UINT256_MAX] * len(raws), data, False)
    pool_id = bytes.fromhex(pool.pool_id[2:])
    deployer.invoke(parts.vault, "joinPool", pool_id, deployer.account, owner, request)


def _part(percent_dollars: int, spec: WorldSpec, symbol: str) -> int:
    """Base units of a token that are worth a hundredth of so many dollars, rounded down."""
    token = spec.token(symbol)
    scale = int(10 ** (PRICE_DECIMALS + token.decimals))
    return percent_dollars * scale // (100 * token.price)
