"""Reverts inside the model: raised where the contract reverts, caught where the call began."""

from trimtab.core.abi import UINT256_MAX, selector, word
from trimtab.core.states import Movement, Reverted, reverted

NO_DATA = Reverted(b"")
ARITHMETIC_PANIC = Reverted(selector("Panic(uint256)") + word(0x11))


class RevertError(Exception):
    """The modelled call reverts here; the adapter turns it into its value, `Reverted`."""

    def __init__(self, outcome: Reverted) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


def refuse(reason: str) -> RevertError:
    """The revert of a failed `require` with this text."""
    return RevertError(reverted(reason))


def checked(value: int) -> int:
    """The result of Solidity's arithmetic on uint256: a panic where it does not fit."""
    if not 0 <= value <= UINT256_MAX:
        raise RevertError(ARITHMETIC_PANIC)
    return value


def to_uint128(value: int) -> int:
    """The value, if it fits. Source: OpenZeppelin's SafeCast.sol."""
    if value >> 128:
        raise refuse("SafeCast: value doesn't fit in 128 bits")
    return value


def moved(outcome: Movement | Reverted) -> Movement:
    """The movement, or the token's own revert, which passes through the pool unchanged."""
    if isinstance(outcome, Reverted):
        raise RevertError(outcome)
    return outcome
