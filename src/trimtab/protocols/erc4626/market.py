"""Identity and state of an ERC-4626 vault."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from trimtab.core.errors import ConfigError
from trimtab.core.market import Market, MarketId, Place, token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token
from trimtab.protocols.shared.shares import Shares

MOST_OFFSET = 77
"""The largest power of ten that 256 bits hold."""

REBASING = frozenset({"AMPL", "eETH", "OETH", "OUSD", "stETH", "USDM", "USDR"})
"""Tokens whose balances change without a transfer, by symbol."""

TAKING_FEES = frozenset({"FLOKI", "PAXG", "SAFEMOON", "STA"})
"""Tokens that keep a part of every transfer, by symbol."""


@dataclass(frozen=True, slots=True)
class VaultState:
    """A vault's shares, and what of its assets does not lie in it.

    What lies in it is the asset's own state. `elsewhere` is `totalAssets` less that: 0 for a plain
    vault, and of any other vault what it had so at the moment `read_at`, when it was asked.
    """

    timestamp: Timestamp
    vault: Address
    elsewhere: int
    shares: Shares
    read_at: Timestamp = field(compare=False)


@dataclass(frozen=True, slots=True)
class Vault(Market[VaultState]):
    """An ERC-4626 vault that rounds and counts as OpenZeppelin's ERC4626 (5.x) does.

    A share is worth (assets + 1) / (shares + 10**offset) of the asset, rounded for the vault.
    A plain vault counts the assets that lie in it, so nothing of it moves by time, and what is sent
    straight to it is a gift to all shares. Any other is modelled at the moment when it was read,
    and its assets come to it and leave it without a detour.

    Assumes a plain asset: no fee on transfer, no rebasing, no hooks. Assets that are known to be
    none are refused by name, and vaults with fees or limits of their own when they are read.
    """

    protocol: ClassVar[str] = "erc4626"

    asset: Token
    offset: int
    symbol: str = field(compare=False)
    is_plain: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.offset <= MOST_OFFSET:
            raise ConfigError(
                f"{self.name}: its shares have {self.offset} more decimals than its asset, "
                f"expected 0 to {MOST_OFFSET}: correct the decimals of the vault"
            )
        if self.asset.symbol in REBASING | TAKING_FEES:
            how = "changes without transfers" if self.asset.symbol in REBASING else "pays a fee"
            raise ConfigError(
                f"{self.name} holds {self.asset.symbol}, a token that {how}: what it is worth "
                "cannot be followed to the unit; leave the vault out"
            )

    @property
    def share(self) -> Token:
        """The vault's own token, a part of its assets."""
        return Token(self.chain, self.address, self.asset.decimals + self.offset, self.symbol)

    @property
    def place(self) -> Place:
        """Where an account's part of the assets sits."""
        return Place(self.id, self.asset)

    @property
    def parts(self) -> tuple[MarketId, ...]:
        """The asset, whose balance of the vault says what a share is worth."""
        return (token_market(self.asset),)

    @property
    def spenders(self) -> tuple[Address, ...]:
        """The vault itself."""
        return (self.address,)

    @property
    def custody(self) -> tuple[tuple[Token, Address], ...]:
        """The vault's own balance of its asset."""
        return ((self.asset, self.address),)
