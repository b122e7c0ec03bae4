"""Integers of 256 bits that refuse as the contracts do. Source: BalancerErrors.sol, Math.sol."""

from enum import IntEnum

from trimtab.core.abi import UINT256_MAX
from trimtab.core.states import Reverted, reverted
from trimtab.protocols.shared.rounding import div_up


class Code(IntEnum):
    """What a number behind `BAL#` means."""

    ADD_OVERFLOW = 0
    SUB_OVERFLOW = 1
    MUL_OVERFLOW = 3
    ZERO_DIVISION = 4
    DIV_INTERNAL = 5
    X_OUT_OF_BOUNDS = 6
    Y_OUT_OF_BOUNDS = 7
    PRODUCT_OUT_OF_BOUNDS = 8
    MINIMUM_BPT = 204
    BPT_OUT_MIN_AMOUNT = 208
    MAX_IN_RATIO = 304
    MAX_OUT_RATIO = 305
    MIN_BPT_IN_FOR_TOKEN_OUT = 306
    MAX_OUT_BPT_FOR_TOKEN_IN = 307
    ZERO_INVARIANT = 311
    PAUSED = 402
    ERC20_TRANSFER_TO_ZERO_ADDRESS = 409
    ERC20_TRANSFER_EXCEEDS_BALANCE = 416
    ERC20_BURN_EXCEEDS_BALANCE = 434
    CODEC_OVERFLOW = 436
    EXIT_BELOW_MIN = 505
    SWAP_LIMIT = 507
    SWAP_DEADLINE = 508
    UNKNOWN_AMOUNT_IN_FIRST_SWAP = 510
    BALANCE_TOTAL_OVERFLOW = 526


class Refusal(ArithmeticError):
    """The contracts revert, with these bytes."""

    def __init__(self, outcome: Reverted) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


def require(condition: bool, code: Code) -> None:
    """Raise Refusal with the code unless the condition holds."""
    if not condition:
        raise Refusal(reverted(f"BAL#{code:03d}"))


def add(a: int, b: int) -> int:
    """The sum, where it fits 256 bits."""
    require(a + b <= UINT256_MAX, Code.ADD_OVERFLOW)
    return a + b


def sub(a: int, b: int) -> int:
    """The difference, where it is not negative."""
    require(b <= a, Code.SUB_OVERFLOW)
    return a - b


def mul(a: int, b: int) -> int:
    """The product, where it fits 256 bits."""
    require(a * b <= UINT256_MAX, Code.MUL_OVERFLOW)
    return a * b


# ------------------------------------------------------------------------------ fixed point

ONE = 10**18


def mul_down(a: int, b: int) -> int:
    """The product of two numbers times 10**18. Source: FixedPoint.sol."""
    return mul(a, b) // ONE


def mul_up(a: int, b: int) -> int:
    """The product of two numbers times 10**18. Source: FixedPoint.sol."""
    return div_up(mul(a, b), ONE)


def divide_down(a: int, b: int) -> int:
    """The quotient of two numbers times 10**18. Source: FixedPoint.sol."""
    return _inflated(a, b) // b


def divide_up(a: int, b: int) -> int:
    """The quotient of two numbers times 10**18. Source: FixedPoint.sol."""
    return div_up(_inflated(a, b), b)


def complement(a: int) -> int:
    """What lacks to one, or nothing. Source: FixedPoint.sol."""
    return max(ONE - a, 0)


def _inflated(a: int, b: int) -> int:
    require(b != 0, Code.ZERO_DIVISION)
    require(a * ONE <= UINT256_MAX, Code.DIV_INTERNAL)
    return a * ONE
