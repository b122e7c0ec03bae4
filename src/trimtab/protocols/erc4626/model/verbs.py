"""What a vault's verbs do, in the contract's order of checks. Source: OpenZeppelin's ERC4626.sol.

Each returns what it did or raises RevertError.
"""

from __future__ import annotations

from dataclasses import replace

from trimtab.core.actions import ALL, MintShares, RedeemShares, Supply, Withdraw
from trimtab.core.errors import StaleState
from trimtab.core.states import Applied, Movement, States
from trimtab.core.token import Address
from trimtab.protocols.erc4626.market import Vault, VaultState
from trimtab.protocols.erc4626.model import previews
from trimtab.protocols.shared import tokens
from trimtab.protocols.shared.open_zeppelin import burnt, custom, minted
from trimtab.protocols.shared.reverts import moved


def deposit(states: States, vault: Vault, action: Supply) -> Applied:
    """Assets paid in for the shares that they give."""
    shares = previews.preview_deposit(_totals(states, vault), action.amount)
    return _deposited(states, vault, action.actor, action.on_behalf_of, (action.amount, shares))


def mint(states: States, vault: Vault, action: MintShares) -> Applied:
    """Shares made for the assets that they cost."""
    assets = previews.preview_mint(_totals(states, vault), action.shares)
    return _deposited(states, vault, action.actor, action.on_behalf_of, (assets, action.shares))


def withdraw(states: States, vault: Vault, action: Withdraw) -> Applied:
    """Assets taken out for the shares that they cost; ALL gives back every share instead."""
    if action.amount is ALL:
        every = RedeemShares(action.actor, action.market, action.token, ALL, action.to)
        return redeem(states, vault, every)
    of, state = _totals(states, vault), states[vault]
    most = previews.max_withdraw(of, state, action.actor)
    if action.amount > most:
        raise custom(
            "ERC4626ExceededMaxWithdraw(address,uint256,uint256)", action.actor, action.amount, most
        )
    shares = previews.preview_withdraw(of, action.amount)
    return _withdrawn(states, vault, action.actor, action.to, (action.amount, shares))


def redeem(states: States, vault: Vault, action: RedeemShares) -> Applied:
    """Shares given back for the assets that they give."""
    of, state = _totals(states, vault), states[vault]
    most = previews.max_redeem(state, action.actor)
    shares = most if action.shares is ALL else action.shares
    if shares > most:
        raise custom(
            "ERC4626ExceededMaxRedeem(address,uint256,uint256)", action.actor, shares, most
        )
    assets = previews.preview_redeem(of, shares)
    return _withdrawn(states, vault, action.actor, action.to, (assets, shares))


def _totals(states: States, vault: Vault) -> previews.Totals:
    """The totals at the states' moment.

    Raises StaleState for a vault that is not plain and was read at an earlier moment.
    """
    state: VaultState = states[vault]
    if not vault.is_plain and state.timestamp != state.read_at:
        raise StaleState(
            f"{vault.name} was read {state.timestamp - state.read_at} s ago, and its assets may "
            "have moved since: only a plain vault is known at a later moment; read it again"
        )
    return previews.totals(states, vault)


def _deposited(
    states: States, vault: Vault, caller: Address, receiver: Address, what: tuple[int, int]
) -> Applied:
    """The payment first, then the shares. Source: `_deposit`."""
    assets, shares = what
    vaults = vault.address
    taken = moved(tokens.take(states, vault.asset, caller, vaults, vaults, assets))
    state: VaultState = states[vault]
    state = replace(state, shares=minted(state.shares, receiver, shares))
    return Applied({vault.id: state}, (taken,))


def _withdrawn(
    states: States, vault: Vault, owner: Address, receiver: Address, what: tuple[int, int]
) -> Applied:
    """The shares first, then the payment. Source: `_withdraw`, with the owner as its caller."""
    assets, shares = what
    state: VaultState = states[vault]
    state = replace(state, shares=burnt(state.shares, owner, shares))
    sent: Movement = moved(tokens.send(states, vault.asset, vault.address, receiver, assets))
    return Applied({vault.id: state}, (sent,))
