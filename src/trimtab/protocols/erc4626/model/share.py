"""The vault's share as a token, with its errors. Source: OpenZeppelin's ERC20.sol (5.x)."""

from __future__ import annotations

from dataclasses import replace

from trimtab.core.abi import UINT256_MAX, selector, word
from trimtab.core.states import Reverted
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.protocols.erc4626.market import VaultState
from trimtab.protocols.shared.reverts import RevertError, checked


def custom(signature: str, *arguments: int | str) -> RevertError:
    """The revert with a custom error of static arguments."""
    return RevertError(Reverted(selector(signature) + b"".join(map(word, arguments))))


def minted(state: VaultState, to: Address, raw: int) -> VaultState:
    """The state after new shares for an account."""
    _check_receiver(to)
    checked(state.shares.supply + raw)
    return replace(state, shares=state.shares.moved(ZERO_ADDRESS, to, raw))


def burnt(state: VaultState, owner: Address, raw: int) -> VaultState:
    """The state without some of an owner's shares."""
    _check_balance(state, owner, raw)
    return replace(state, shares=state.shares.moved(owner, ZERO_ADDRESS, raw))


def transferred(state: VaultState, source: Address, target: Address, raw: int) -> VaultState:
    """The state after `transfer` by the source."""
    _check_receiver(target)
    _check_balance(state, source, raw)
    return replace(state, shares=state.shares.moved(source, target, raw))


def approved(state: VaultState, owner: Address, spender: Address, raw: int) -> VaultState:
    """The state after `approve` by the owner."""
    if spender == ZERO_ADDRESS:
        raise custom("ERC20InvalidSpender(address)", ZERO_ADDRESS)
    return replace(state, shares=state.shares.allowed(owner, spender, raw))


def spent(state: VaultState, owner: Address, spender: Address, raw: int) -> VaultState:
    """The state after a tracked spender used an allowance; one without bound stays as it is."""
    allowed = state.shares.allowances.get((owner, spender), UINT256_MAX)
    if allowed == UINT256_MAX:
        return state
    return replace(state, shares=state.shares.allowed(owner, spender, allowed - raw))


def _check_receiver(to: Address) -> None:
    if to == ZERO_ADDRESS:
        raise custom("ERC20InvalidReceiver(address)", ZERO_ADDRESS)


def _check_balance(state: VaultState, owner: Address, raw: int) -> None:
    balance = state.shares.balance(owner)
    if balance < raw:
        raise custom("ERC20InsufficientBalance(address,uint256,uint256)", owner, balance, raw)
