"""The Safe's contracts, version 1.4.1, and new Safes of one owner."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak

from trimtab.core.abi import Call, word
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.lab.world.artifacts import artifact
from trimtab.lab.world.contracts import Contract, created2_address
from trimtab.lab.world.deployment import SafeEntry
from trimtab.lab.world.transactions import Deployer

_SAFE = "@safe-global/safe-contracts/build/artifacts/contracts/"
_SINGLETON = _SAFE + "SafeL2.sol/SafeL2.json"
_FACTORY = _SAFE + "proxies/SafeProxyFactory.sol/SafeProxyFactory.json"
_PROXY = _SAFE + "proxies/SafeProxy.sol/SafeProxy.json"
_FALLBACK = _SAFE + "handler/CompatibilityFallbackHandler.sol/CompatibilityFallbackHandler.json"
_MULTI_SEND = _SAFE + "libraries/MultiSendCallOnly.sol/MultiSendCallOnly.json"


@dataclass(frozen=True, slots=True)
class NewSafe:
    """A Safe that does not exist yet: where it will be, and the call that makes it.

    Anyone may send the call; the address does not depend on who does.
    """

    address: Address
    creation: Call


def deploy_safe(deployer: Deployer) -> SafeEntry:
    """The contracts that Safes are made of."""
    return SafeEntry(
        singleton=deployer.create(artifact(_SINGLETON)).address,
        factory=deployer.create(artifact(_FACTORY)).address,
        fallback_handler=deployer.create(artifact(_FALLBACK)).address,
        multi_send_call_only=deployer.create(artifact(_MULTI_SEND)).address,
    )


def safe_contract(address: Address) -> Contract:
    """The Safe at an address."""
    return Contract.at(address, _SINGLETON)


def new_safe(parts: SafeEntry, owner: Address, salt: int = 0) -> NewSafe:
    """A Safe of one owner whose signature alone suffices; `salt` tells several apart."""
    singleton = safe_contract(parts.singleton)
    no_module, no_payment = (ZERO_ADDRESS, b""), (ZERO_ADDRESS, 0, ZERO_ADDRESS)
    initializer = singleton.data(
        "setup", (owner,), 1, *no_module, parts.fallback_handler, *no_payment
    )
    factory = Contract.at(parts.factory, _FACTORY)
    creation = factory.call("createProxyWithNonce", parts.singleton, initializer, salt)
    mixed = keccak(keccak(initializer) + word(salt))
    code = artifact(_PROXY).creation_code({}) + word(parts.singleton)
    return NewSafe(created2_address(parts.factory, mixed, code), creation)
