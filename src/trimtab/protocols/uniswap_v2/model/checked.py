"""Reverts inside the model, and arithmetic that reverts where 256 bits do not hold the result.

Source: SafeMath.sol of both packages (ds-math), and Solidity before 0.8 for division by zero.
"""

from trimtab.core.abi import UINT256_MAX
from trimtab.core.states import Reverted, reverted


class RevertError(Exception):
    """The modelled call reverts here; what began it turns it into its value, `Reverted`."""

    def __init__(self, outcome: Reverted) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


def refuse(reason: str) -> RevertError:
    """The revert of a failed `require` with this text."""
    return RevertError(reverted(reason))


def add(a: int, b: int) -> int:
    """The sum."""
    if a + b > UINT256_MAX:
        raise refuse("ds-math-add-overflow")
    return a + b


def sub(a: int, b: int) -> int:
    """The difference, which is not negative."""
    if b > a:
        raise refuse("ds-math-sub-underflow")
    return a - b


def mul(a: int, b: int) -> int:
    """The product."""
    if a * b > UINT256_MAX:
        raise refuse("ds-math-mul-overflow")
    return a * b


def div_down(a: int, b: int) -> int:
    """The quotient, rounded down; by zero it is an invalid operation, which reverts bare."""
    if b == 0:
        raise RevertError(Reverted(b""))
    return a // b
