"""What a transaction offers for gas, under the mandate's bound. Source: EIP-1559."""

from dataclasses import dataclass

from trimtab.core.errors import Infeasible

_GWEI = 10**9


@dataclass(frozen=True, slots=True)
class Fees:
    """The most that is paid per unit of gas, and the part of it for the proposer, in wei."""

    most: int
    tip: int


def highest_base_fee(base_fee: int, blocks: int) -> int:
    """The base fee after that many full blocks: each raises it by an eighth, at least by 1."""
    for _ in range(blocks):
        base_fee += max(base_fee // 8, 1)
    return base_fee


def fees(base_fee: int, tip: int, bound: int, blocks: int = 6) -> Fees:
    """Fees that stay sufficient through `blocks` full blocks, or as far as the bound lets them.

    All in wei per unit of gas; `base_fee` is that of the newest block, `bound` the mandate's
    maximum. Raises Infeasible where the bound may not even reach the next block.
    """
    needed = highest_base_fee(base_fee, 1) + tip
    if needed > bound:
        raise Infeasible(
            f"gas may cost {needed / _GWEI:g} gwei in the next block, and the mandate allows "
            f"{bound / _GWEI:g}: wait, or raise the maximum fee"
        )
    return Fees(min(highest_base_fee(base_fee, blocks) + tip, bound), tip)


def bound_of_plans(bound: int) -> int:
    """The most that a plan may offer, so that a cancellation under the mandate's bound replaces it.

    Nodes take another transaction at a nonce only for an eighth more.
    """
    return bound * 8 // 9 - 1


def replacing(earlier: Fees, bound: int) -> Fees:
    """Fees that nodes accept in place of earlier ones at the same nonce: both an eighth more.

    Raises Infeasible where that exceeds the bound.
    """
    most, tip = (value + value // 8 + 1 for value in (earlier.most, earlier.tip))
    if most > bound:
        raise Infeasible(
            f"a replacement must offer {most / _GWEI:g} gwei, and the mandate allows "
            f"{bound / _GWEI:g}: wait, or raise the maximum fee"
        )
    return Fees(most, tip)
