"""The vaults of an address book."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, Token, address
from trimtab.protocols.erc4626 import Vault


class VaultEntry(msgspec.Struct, frozen=True):
    """A vault, its asset, and the decimals of its shares.

    A plain vault's assets are what lies in it; of another one they are what it says.
    """

    address: str
    asset: str
    decimals: Annotated[int, msgspec.Meta(ge=0, le=255)]
    is_plain: bool = True


def vaults(
    chain: int, entries: Mapping[str, VaultEntry], listed: Mapping[Address, Token]
) -> Iterator[Vault]:
    """The vaults of the entries, by the symbols of their shares.

    Raises ConfigError for an asset that is not among the book's tokens, or that cannot be
    followed to the unit.
    """
    for symbol, entry in entries.items():
        asset = address(entry.asset)
        if asset not in listed:
            raise ConfigError(
                f"erc4626:{symbol} holds {asset}, which is not among the book's tokens: add it"
            )
        yield Vault(
            chain=chain,
            address=address(entry.address),
            name=f"erc4626:{symbol}",
            asset=listed[asset],
            offset=entry.decimals - listed[asset].decimals,
            symbol=symbol,
            is_plain=entry.is_plain,
        )
