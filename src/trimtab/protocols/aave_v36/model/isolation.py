"""Isolated collateral: a debt ceiling, and no other collateral beside it.

Source: IsolationModeLogic.sol, UserConfiguration.sol, ValidationLogic.sol.
"""

from dataclasses import replace

from trimtab.protocols.aave_v36.market import EfficiencyCategory, LendingState, ReserveState
from trimtab.protocols.aave_v36.model.errors import (
    ASSET_NOT_BORROWABLE_IN_ISOLATION,
    DEBT_CEILING_EXCEEDED,
    error,
    to_uint,
)
from trimtab.protocols.shared.aave.bitmap import is_collateral_any, only_collateral
from trimtab.protocols.shared.reverts import checked

_CEILING_DECIMALS = 2


def isolated_collateral(state: LendingState, configuration: int) -> ReserveState | None:
    """The account's only collateral, if it has a debt ceiling."""
    only = only_collateral(configuration)
    if only is None:
        return None
    reserve = state.reserve_by_id(only)
    return reserve if reserve.configuration.debt_ceiling else None


def loan_to_value(reserve: ReserveState, category: EfficiencyCategory | None) -> int:
    """How much can be borrowed against the reserve's asset by an account in the category."""
    if category is not None and category.has_collateral(reserve.reserve.id):
        zero = category.is_zero_loan_to_value(reserve.reserve.id)
        return 0 if zero else category.loan_to_value
    return reserve.configuration.loan_to_value


def may_be_collateral(
    state: LendingState, configuration: int, reserve: ReserveState, number: int
) -> bool:
    """Whether an account, in a category by its number, may use the asset as collateral."""
    if loan_to_value(reserve, state.category(number)) == 0:
        return False
    if not is_collateral_any(configuration):
        return True
    is_free = isolated_collateral(state, configuration) is None
    return is_free and reserve.configuration.debt_ceiling == 0


def becomes_collateral(
    state: LendingState, configuration: int, reserve: ReserveState, number: int
) -> bool:
    """Whether what the account supplies becomes collateral unasked; never an isolated asset."""
    if reserve.configuration.debt_ceiling != 0:
        return False
    return may_be_collateral(state, configuration, reserve, number)


def with_borrowed(
    state: LendingState, configuration: int, reserve: ReserveState, amount: int
) -> LendingState:
    """The pool after a borrow against isolated collateral, if it is; refused above its ceiling."""
    collateral = isolated_collateral(state, configuration)
    if collateral is None:
        return state
    if not reserve.configuration.is_borrowable_in_isolation:
        raise error(ASSET_NOT_BORROWABLE_IN_ISOLATION)
    owed = collateral.isolated_debt + _in_ceiling_units(reserve, amount)
    if owed > collateral.configuration.debt_ceiling:
        raise error(DEBT_CEILING_EXCEEDED)
    return state.with_reserve(replace(collateral, isolated_debt=owed))


def with_repaid(
    state: LendingState, configuration: int, reserve: ReserveState, amount: int
) -> LendingState:
    """The pool after a repayment by an account with isolated collateral, if it is."""
    collateral = isolated_collateral(state, configuration)
    return state if collateral is None else lowered(state, collateral, reserve, amount)


def lowered(
    state: LendingState, collateral: ReserveState, reserve: ReserveState, amount: int
) -> LendingState:
    """The pool with less owed against the collateral, never below nothing.

    What is owed here has no interest in it, so that more than it may be repaid.
    """
    left = max(collateral.isolated_debt - _in_ceiling_units(reserve, amount), 0)
    return state.with_reserve(replace(collateral, isolated_debt=left))


def _in_ceiling_units(reserve: ReserveState, amount: int) -> int:
    """Base units of the reserve's token in hundredths of whole tokens, rounded down."""
    cut = checked(reserve.configuration.decimals - _CEILING_DECIMALS)
    return to_uint(amount // 10**cut, 128)
