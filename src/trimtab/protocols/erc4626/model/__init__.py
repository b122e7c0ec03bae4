"""Exact integers of a vault: previews, limits, what its verbs do, and what its logs tell."""

from trimtab.protocols.erc4626.model.previews import (
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
    "Totals",
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
