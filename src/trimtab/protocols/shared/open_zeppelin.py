"""A share that is OpenZeppelin's ERC20 (5.x): its transitions and its errors.

Source: ERC20.sol. Each transition raises RevertError where the contract reverts, by its order of
checks. `shared/shares.py` says what is kept of it.
"""

from __future__ import annotations

from dataclasses import replace

from trimtab.core.abi import UINT256_MAX, selector, word
from trimtab.core.states import Movement, Reverted
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.protocols.shared.reverts import RevertError, checked
from trimtab.protocols.shared.shares import Shares


def custom(signature: str, *arguments: int | str) -> RevertError:
    """The revert with a custom error of static arguments."""
    return RevertError(Reverted(selector(signature) + b"".join(map(word, arguments))))


def minted(shares: Shares, to: Address, raw: int) -> Shares:
    """After `_mint`: new shares for an account."""
    _check_receiver(to)
    checked(shares.supply + raw)
    return shares.moved(ZERO_ADDRESS, to, raw)


def burnt(shares: Shares, owner: Address, raw: int) -> Shares:
    """After `_burn`: without some of an owner's shares."""
    _check_balance(shares, owner, raw)
    return shares.moved(owner, ZERO_ADDRESS, raw)


def transferred(shares: Shares, source: Address, target: Address, raw: int) -> Shares:
    """After `transfer` by the source."""
    _check_receiver(target)
    _check_balance(shares, source, raw)
    return shares.moved(source, target, raw)


def refusal(shares: Shares, movement: Movement) -> Reverted | None:
    """The revert of `transfer` by the source, or of `transferFrom` by its spender, or none."""
    source, spender, raw = movement.source, movement.spender, movement.raw
    try:
        allowed = UINT256_MAX
        if spender is not None:
            allowed = shares.allowances.get((source, spender), UINT256_MAX)
        if allowed < raw:
            signature = "ERC20InsufficientAllowance(address,uint256,uint256)"
            raise custom(signature, spender or ZERO_ADDRESS, allowed, raw)
        transferred(shares, source, movement.target, raw)
    except RevertError as error:
        return error.outcome
    return None


def moved(shares: Shares, movement: Movement) -> Shares:
    """After a transfer that goes through, the allowance used; untracked accounts are left out."""
    source, spender = movement.source, movement.spender
    if spender is not None:
        shares = spent(shares, source, spender, movement.raw)
    return shares.moved(source, movement.target, movement.raw)


def approved(shares: Shares, owner: Address, spender: Address, raw: int) -> Shares:
    """After `approve` by the owner."""
    if spender == ZERO_ADDRESS:
        raise custom("ERC20InvalidSpender(address)", ZERO_ADDRESS)
    return shares.allowed(owner, spender, raw)


def spent(shares: Shares, owner: Address, spender: Address, raw: int) -> Shares:
    """After a spender used an allowance, where it is tracked; one without bound stays as it is."""
    allowed = shares.allowances.get((owner, spender), UINT256_MAX)
    if allowed == UINT256_MAX:
        return shares
    return replace(shares, allowances={**shares.allowances, (owner, spender): allowed - raw})


def _check_receiver(to: Address) -> None:
    if to == ZERO_ADDRESS:
        raise custom("ERC20InvalidReceiver(address)", ZERO_ADDRESS)


def _check_balance(shares: Shares, owner: Address, raw: int) -> None:
    balance = shares.balance(owner)
    if balance < raw:
        raise custom("ERC20InsufficientBalance(address,uint256,uint256)", owner, balance, raw)
