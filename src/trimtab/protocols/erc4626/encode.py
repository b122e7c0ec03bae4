"""Actions as calls of the vault."""

from trimtab.core.abi import Call, call_data
from trimtab.core.actions import ALL, Approve, MintShares, RedeemShares, Supply, Transfer, Withdraw
from trimtab.protocols.erc4626.market import Vault, VaultState
from trimtab.protocols.erc4626.model.routes import VaultAction

_DEPOSIT = "deposit(uint256,address)"
_MINT = "mint(uint256,address)"
_WITHDRAW = "withdraw(uint256,address,address)"
_REDEEM = "redeem(uint256,address,address)"


def encoded(vault: Vault, state: VaultState, action: VaultAction) -> Call:
    """The one call of an action that the vault can do.

    No vault takes a number for everything: ALL is the shares that the actor has now, which do not
    grow by time.
    """
    return Call(vault.address, _data(state, action))


def _data(state: VaultState, action: VaultAction) -> bytes:
    match action:
        case Supply():
            return call_data(_DEPOSIT, action.amount, action.on_behalf_of)
        case MintShares():
            return call_data(_MINT, action.shares, action.on_behalf_of)
        case Withdraw(actor=owner, amount=assets, to=to):
            if assets is ALL:
                return call_data(_REDEEM, state.shares.balance(owner), to, owner)
            return call_data(_WITHDRAW, assets, to, owner)
        case RedeemShares(actor=owner, shares=shares, to=to):
            given = state.shares.balance(owner) if shares is ALL else shares
            return call_data(_REDEEM, given, to, owner)
        case Transfer():
            return call_data("transfer(address,uint256)", action.to, action.amount)
        case Approve():
            return call_data("approve(address,uint256)", action.spender, action.amount)
