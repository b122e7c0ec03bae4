"""What the pool refuses, in its order of checks. Source: ValidationLogic.sol.

A reserve is given as it stands after its state was updated, before the action changes it.
"""

from trimtab.core.abi import UINT256_MAX
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.protocols.aave_v36.market import AccountState, LendingState, ReserveState
from trimtab.protocols.aave_v36.model import errors
from trimtab.protocols.aave_v36.model.account import AccountData, account_data
from trimtab.protocols.aave_v36.model.errors import error
from trimtab.protocols.aave_v36.model.isolation import loan_to_value
from trimtab.protocols.aave_v36.model.reserve import total_supply
from trimtab.protocols.shared.aave.bitmap import (
    is_borrowing,
    is_borrowing_any,
    is_collateral,
    only_borrowed,
)
from trimtab.protocols.shared.aave.configuration import ReserveConfiguration
from trimtab.protocols.shared.aave.wad_ray import (
    WAD,
    percent_div_ceil,
    ray_mul_ceil,
    ray_mul_floor,
)
from trimtab.protocols.shared.reverts import checked


def validate_open(settings: ReserveConfiguration) -> None:
    """Refuse anything at a reserve that is not in use, or that is paused."""
    if not settings.is_active:
        raise error(errors.RESERVE_INACTIVE)
    if settings.is_paused:
        raise error(errors.RESERVE_PAUSED)


def validate_supply(reserve: ReserveState, scaled: int, on_behalf_of: Address) -> None:
    """Refuse a supply that is nothing, closed, for the aToken itself, or above the cap."""
    if scaled == 0:
        raise error(errors.INVALID_AMOUNT)
    settings = reserve.configuration
    validate_open(settings)
    if settings.is_frozen:
        raise error(errors.RESERVE_FROZEN)
    if on_behalf_of == reserve.reserve.a_token:
        raise error(errors.SUPPLY_TO_ITSELF)
    if settings.supply_cap == 0:
        return
    total = checked(reserve.scaled_supply + scaled + reserve.accrued_to_treasury)
    if ray_mul_floor(total, reserve.liquidity_index) > settings.supply_cap * reserve.unit:
        raise error(errors.SUPPLY_CAP_EXCEEDED)


def validate_withdraw(reserve: ReserveState, scaled: int, balance: int) -> None:
    """Refuse a withdrawal that is nothing, above the account's scaled balance, or closed."""
    if scaled == 0:
        raise error(errors.INVALID_AMOUNT)
    if scaled > balance:
        raise error(errors.NOT_ENOUGH_AVAILABLE_USER_BALANCE)
    validate_open(reserve.configuration)


def validate_borrow(
    state: LendingState, reserve: ReserveState, account: AccountState, scaled: int
) -> None:
    """Refuse a borrow that is nothing, closed, above a cap, or beside what is siloed.

    Whether collateral covers it is asked at the end: `validate_health_and_loan_to_value`.
    """
    if scaled == 0:
        raise error(errors.INVALID_AMOUNT)
    amount = ray_mul_ceil(scaled, reserve.variable_borrow_index)
    settings = reserve.configuration
    validate_open(settings)
    if settings.is_frozen:
        raise error(errors.RESERVE_FROZEN)
    category = state.category(account.efficiency_category)
    if category is None and not settings.is_borrowing_enabled:
        raise error(errors.BORROWING_NOT_ENABLED)
    if category is not None and not category.may_borrow(reserve.reserve.id):
        raise error(errors.NOT_BORROWABLE_IN_CATEGORY)
    if total_supply(reserve) < amount:
        raise error(errors.INVALID_AMOUNT)
    if settings.borrow_cap != 0:
        total = checked(reserve.scaled_variable_debt + scaled)
        owed = ray_mul_ceil(total, reserve.variable_borrow_index)
        if owed > settings.borrow_cap * reserve.unit:
            raise error(errors.BORROW_CAP_EXCEEDED)
    _validate_silo(state, reserve, account.user_configuration)


def _validate_silo(state: LendingState, reserve: ReserveState, configuration: int) -> None:
    if not is_borrowing_any(configuration):
        return
    only = only_borrowed(configuration)
    siloed = None if only is None else state.reserve_by_id(only)
    if siloed is not None and siloed.configuration.is_siloed:
        is_violated = siloed.reserve.id != reserve.reserve.id
    else:
        is_violated = reserve.configuration.is_siloed
    if is_violated:
        raise error(errors.SILOED_BORROWING_VIOLATION)


def validate_repay(
    reserve: ReserveState, amount: int, scaled_debt: int, actor: Address, on_behalf_of: Address
) -> None:
    """Refuse a repayment that is zero, of another's whole debt, closed, or of no debt."""
    if amount == 0:
        raise error(errors.INVALID_AMOUNT)
    if amount == UINT256_MAX and actor != on_behalf_of:
        raise error(errors.NO_EXPLICIT_AMOUNT_TO_REPAY_ON_BEHALF)
    validate_open(reserve.configuration)
    if scaled_debt == 0:
        raise error(errors.NO_DEBT_OF_SELECTED_TYPE)


def validate_flash_loan(reserve: ReserveState, amount: int, supplied: int) -> None:
    """Refuse a flash loan that is closed, not offered, or above all that is supplied."""
    settings = reserve.configuration
    if settings.is_paused:
        raise error(errors.RESERVE_PAUSED)
    if not settings.is_active:
        raise error(errors.RESERVE_INACTIVE)
    if not settings.is_flash_loan_enabled:
        raise error(errors.FLASH_LOAN_DISABLED)
    if supplied < amount:
        raise error(errors.INVALID_AMOUNT)


def validate_category(state: LendingState, configuration: int, number: int) -> None:
    """Refuse a category that is not there, or in which what the account uses has no place."""
    category = state.category(number)
    if category is not None and category.liquidation_threshold == 0:
        raise error(errors.INCONSISTENT_CATEGORY)
    for reserve in state.reserves.values():
        token, reserve_id = reserve.reserve.token.address, reserve.reserve.id
        may_borrow = (
            reserve.configuration.is_borrowing_enabled
            if category is None
            else category.may_borrow(reserve_id)
        )
        if is_borrowing(configuration, reserve_id) and not may_borrow:
            raise error(errors.INVALID_DEBT_IN_CATEGORY, token, number)
        if is_collateral(configuration, reserve_id) and loan_to_value(reserve, category) == 0:
            raise error(errors.INVALID_COLLATERAL_IN_CATEGORY, token, number)


def validate_health_factor(states: States, state: LendingState, owner: Address) -> AccountData:
    """The account's sums; refused below a health factor of one."""
    data = account_data(states, state, owner)
    if data.health_factor < WAD:
        raise error(errors.HEALTH_FACTOR_LOWER_THAN_LIQUIDATION_THRESHOLD)
    return data


def validate_health_and_loan_to_value(states: States, state: LendingState, owner: Address) -> None:
    """Refuse a debt, once it is there, that collateral does not cover."""
    data = account_data(states, state, owner)
    if data.loan_to_value == 0:
        raise error(errors.LOAN_TO_VALUE_VALIDATION_FAILED)
    if data.health_factor < WAD:
        raise error(errors.HEALTH_FACTOR_LOWER_THAN_LIQUIDATION_THRESHOLD)
    if data.total_collateral < percent_div_ceil(data.total_debt, data.loan_to_value):
        raise error(errors.COLLATERAL_CANNOT_COVER_NEW_BORROW)


def validate_health_and_zero_loan_to_value(
    states: States, state: LendingState, reserve: ReserveState, owner: Address
) -> None:
    """Refuse to take collateral that the account's debt rests on.

    Collateral against which nothing can be borrowed has to leave before any other.
    """
    data = validate_health_factor(states, state, owner)
    category = state.category(state.account(owner).efficiency_category)
    if data.has_zero_ltv_collateral and loan_to_value(reserve, category) != 0:
        raise error(errors.LOAN_TO_VALUE_VALIDATION_FAILED)
