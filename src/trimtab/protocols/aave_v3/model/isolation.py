"""Isolated collateral: a debt ceiling, and no other collateral beside it.

Source: IsolationModeLogic.sol, UserConfiguration.sol, ValidationLogic.sol.
"""

from dataclasses import replace

from trimtab.protocols.aave_v3.market import AccountState, LendingState, ReserveState
from trimtab.protocols.shared.aave.bitmap import is_collateral_any, only_collateral
from trimtab.protocols.shared.reverts import checked, to_uint128

_CEILING_DECIMALS = 2


def isolated_collateral(state: LendingState, configuration: int) -> ReserveState | None:
    """The account's only collateral, if it has a debt ceiling."""
    only = only_collateral(configuration)
    if only is None:
        return None
    reserve = state.reserve_by_id(only)
    return reserve if reserve.configuration.debt_ceiling else None


def may_be_collateral(state: LendingState, configuration: int, reserve: ReserveState) -> bool:
    """Whether an account with this configuration may use the reserve's asset as collateral."""
    settings = reserve.configuration
    if settings.loan_to_value == 0:
        return False
    if not is_collateral_any(configuration):
        return True
    return isolated_collateral(state, configuration) is None and settings.debt_ceiling == 0


def becomes_collateral(
    state: LendingState, configuration: int, reserve: ReserveState, turns_isolated_on: bool
) -> bool:
    """Whether what the account gets becomes collateral unasked, by somebody with that role."""
    if reserve.configuration.debt_ceiling != 0 and not turns_isolated_on:
        return False
    return may_be_collateral(state, configuration, reserve)


def in_ceiling_units(reserve: ReserveState, amount: int) -> int:
    """Base units of the reserve's token in hundredths of whole tokens, rounded down."""
    cut = checked(reserve.configuration.decimals - _CEILING_DECIMALS)
    return to_uint128(amount // 10**cut)


def with_borrowed(
    state: LendingState, account: AccountState, reserve: ReserveState, amount: int
) -> LendingState:
    """The pool after an account borrowed; what is owed in isolation goes up, if it is isolated."""
    collateral = isolated_collateral(state, account.user_configuration)
    if collateral is None:
        return state
    owed = collateral.isolated_debt + in_ceiling_units(reserve, amount)
    return state.with_reserve(replace(collateral, isolated_debt=owed))


def with_repaid(
    state: LendingState, configuration: int, reserve: ReserveState, amount: int
) -> LendingState:
    """The pool after a debt in isolation went down; not below nothing, for interest is not in it.

    `configuration` is the account's after the repayment, which may not be isolated any more.
    """
    collateral = isolated_collateral(state, configuration)
    if collateral is None:
        return state
    left = collateral.isolated_debt - in_ceiling_units(reserve, amount)
    return state.with_reserve(replace(collateral, isolated_debt=max(left, 0)))
