"""Which contracts a vault consists of: itself. It names its asset, for good."""

from trimtab.core.abi import call_data
from trimtab.protocols.erc4626.market import Vault
from trimtab.protocols.shared.code import Anatomy, Part, Relation


def anatomy(market: Vault) -> Anatomy:
    """The vault, and that its asset is the market's."""
    role = "plain vault" if market.is_plain else "vault"
    return Anatomy(
        parts=(Part(role, market.address),),
        relations=(
            Relation(
                "asset of the vault", market.address, call_data("asset()"), market.asset.address
            ),
        ),
    )
