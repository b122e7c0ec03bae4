"""Exact transitions of OpenZeppelin's ERC20 (3.x), in the contract's order of checks."""

from trimtab.core.actions import Approve, Transfer
from trimtab.core.states import Movement, Reverted, reverted
from trimtab.core.token import ZERO_ADDRESS


def refusal(movement: Movement, balance: int, allowed: int | None) -> Reverted | None:
    """The revert of `transfer` or, where `allowed` is given, of `transferFrom`.

    Source: ERC20.sol `_transfer` (balance first), then `_approve` with the allowance lowered.
    """
    if movement.target == ZERO_ADDRESS:
        return reverted("ERC20: transfer to the zero address")
    if movement.raw > balance:
        return reverted("ERC20: transfer amount exceeds balance")
    if allowed is not None and movement.raw > allowed:
        return reverted("ERC20: transfer amount exceeds allowance")
    return None


def movement_of(action: Transfer) -> Movement:
    """The movement that a transfer by the holder asks for."""
    return Movement(action.token, action.actor, action.to, action.amount)


def approval_refusal(action: Approve) -> Reverted | None:
    """The revert of `approve`. Source: ERC20.sol `_approve`."""
    if action.spender == ZERO_ADDRESS:
        return reverted("ERC20: approve to the zero address")
    return None
