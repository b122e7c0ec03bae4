"""ERC-4626 vaults that count as OpenZeppelin's does: assets for shares, and back."""

from trimtab.protocols.erc4626.adapter import Erc4626Adapter
from trimtab.protocols.erc4626.market import Vault, VaultState
from trimtab.protocols.erc4626.model import (
    Totals,
    convert_to_assets,
    convert_to_shares,
    exchange_rate,
    max_redeem,
    max_withdraw,
    preview_deposit,
    preview_mint,
    preview_redeem,
    preview_withdraw,
    totals,
)

__all__ = [
    "Erc4626Adapter",
    "Totals",
    "Vault",
    "VaultState",
    "convert_to_assets",
    "convert_to_shares",
    "exchange_rate",
    "max_redeem",
    "max_withdraw",
    "preview_deposit",
    "preview_mint",
    "preview_redeem",
    "preview_withdraw",
    "totals",
]
