"""What a position may owe, and what it owes. Source: `_isHealthy` of Morpho.sol."""

from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.protocols.morpho.market import LendingState
from trimtab.protocols.morpho.model.arithmetic import (
    ORACLE_PRICE_SCALE,
    mul_div_down,
    to_assets_up,
    w_mul_down,
)
from trimtab.protocols.morpho.model.oracle import collateral_price


def is_healthy(states: States, state: LendingState, owner: Address) -> bool:
    """Whether what the owner owes is covered; the oracle is not asked where nothing is owed."""
    if state.position(owner).borrow_shares == 0:
        return True
    return is_covered(state, owner, collateral_price(states, state.market))


def is_covered(state: LendingState, owner: Address, price: int) -> bool:
    """Whether what the owner owes is within what the collateral allows at this price."""
    return borrowed(state, owner) <= max_borrow(state, owner, price)


def borrowed(state: LendingState, owner: Address) -> int:
    """Base units of the loan token that the owner owes by the stored totals, rounded up."""
    shares = state.position(owner).borrow_shares
    return to_assets_up(shares, state.total_borrow_assets, state.total_borrow_shares)


def max_borrow(state: LendingState, owner: Address, price: int) -> int:
    """Base units of the loan token that the owner's collateral stands for, rounded down."""
    quoted = mul_div_down(state.position(owner).collateral, price, ORACLE_PRICE_SCALE)
    return w_mul_down(quoted, state.market.lltv)
