"""Which actions a vault knows; the others are refused before anything is computed."""

from trimtab.core.actions import (
    Action,
    Approve,
    MintShares,
    RedeemShares,
    Supply,
    Transfer,
    Withdraw,
)
from trimtab.core.errors import InvariantViolation, NoRoute
from trimtab.protocols.erc4626.market import Vault

VaultAction = Supply | Withdraw | MintShares | RedeemShares | Transfer | Approve


def known(vault: Vault, action: Action) -> VaultAction:
    """The action, if the vault can do it as it is stated.

    Raises NoRoute for a token that is not the vault's, and InvariantViolation for a kind of
    action that it does not have.
    """
    match action:
        case Supply() | Withdraw() | MintShares() | RedeemShares():
            expected = vault.asset
        case Transfer() | Approve():
            expected = vault.share
        case _:
            raise InvariantViolation("INV-5 the adapter law", f"a vault cannot {action}")
    if action.token != expected:
        raise NoRoute(
            f"{vault.name} expects {expected} at {expected.address}, "
            f"not {action.token} at {action.token.address}"
        )
    return action
