"""Vaults: OpenZeppelin's own, compiled from its package, with assets and gifts in them."""

from __future__ import annotations

from collections.abc import Mapping

from trimtab.core.token import Address
from trimtab.lab.world.artifacts import Artifact, contracts_directory
from trimtab.lab.world.compile import compiled
from trimtab.lab.world.contracts import Contract
from trimtab.lab.world.deploy_tokens import mint, minted
from trimtab.lab.world.deployment import TokenEntry
from trimtab.lab.world.spec import WorldSpec
from trimtab.lab.world.transactions import Deployer
from trimtab.lab.world.vault_entries import VaultEntry


def plain_vault_artifact() -> Artifact:
    """OpenZeppelin's vault with a name, compiled from its package and our few lines."""
    return compiled(contracts_directory(), "PlainVault.sol", "PlainVault")


def plain_vault_contract(address: Address) -> Contract:
    """The vault at an address."""
    return Contract(address, plain_vault_artifact().abi)


def deploy_vaults(
    deployer: Deployer, spec: WorldSpec, tokens: Mapping[str, TokenEntry], owner: Address
) -> dict[str, VaultEntry]:
    """Queue the vaults, by the symbols of their shares; their first shares belong to `owner`."""
    entries = {}
    for each in spec.vaults:
        asset = tokens[each.asset]
        vault = deployer.create(
            plain_vault_artifact(), asset.address, each.symbol, each.symbol, each.offset
        )
        if each.supplied:
            raw = each.supplied * 10**asset.decimals
            mint(deployer, {asset.address: raw}, vault.address)
            deployer.invoke(vault, "deposit", raw, owner)
        if each.donated:
            raw = each.donated * 10**asset.decimals
            gift = minted(asset.address, vault.address, raw)
            deployer.send(gift, f"{raw} {each.asset} for {each.symbol}")
        entries[each.symbol] = VaultEntry(
            vault.address, asset.address, asset.decimals + each.offset
        )
    return entries
