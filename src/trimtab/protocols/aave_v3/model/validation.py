"""What the pool refuses, in its order of checks. Source: ValidationLogic.sol and Errors.sol.

A reserve is given as it stands after its state was updated, before the action changes it.
"""

from trimtab.core.abi import UINT256_MAX
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.protocols.aave_v3.market import AccountState, LendingState, ReserveState
from trimtab.protocols.aave_v3.model.account import (
    AccountData,
    account_data,
    debt_price,
    is_in_category,
)
from trimtab.protocols.aave_v3.model.isolation import in_ceiling_units, isolated_collateral
from trimtab.protocols.shared.aave.bitmap import (
    is_borrowing,
    is_borrowing_any,
    is_collateral,
    only_borrowed,
)
from trimtab.protocols.shared.aave.configuration import ReserveConfiguration
from trimtab.protocols.shared.aave.wad_ray import WAD, percent_div, ray_mul
from trimtab.protocols.shared.reverts import ARITHMETIC_PANIC, RevertError, checked, refuse

INVALID_MINT_AMOUNT = "24"
INVALID_BURN_AMOUNT = "25"
INVALID_AMOUNT = "26"
RESERVE_INACTIVE = "27"
RESERVE_FROZEN = "28"
RESERVE_PAUSED = "29"
BORROWING_NOT_ENABLED = "30"
NOT_ENOUGH_AVAILABLE_USER_BALANCE = "32"
COLLATERAL_BALANCE_IS_ZERO = "34"
HEALTH_FACTOR_LOWER_THAN_LIQUIDATION_THRESHOLD = "35"
COLLATERAL_CANNOT_COVER_NEW_BORROW = "36"
NO_DEBT_OF_SELECTED_TYPE = "39"
NO_EXPLICIT_AMOUNT_TO_REPAY_ON_BEHALF = "40"
UNDERLYING_BALANCE_ZERO = "43"
HEALTH_FACTOR_NOT_BELOW_THRESHOLD = "45"
COLLATERAL_CANNOT_BE_LIQUIDATED = "46"
SPECIFIED_CURRENCY_NOT_BORROWED = "47"
BORROW_CAP_EXCEEDED = "50"
SUPPLY_CAP_EXCEEDED = "51"
DEBT_CEILING_EXCEEDED = "53"
LTV_VALIDATION_FAILED = "57"
INCONSISTENT_EFFICIENCY_CATEGORY = "58"
ASSET_NOT_BORROWABLE_IN_ISOLATION = "60"
USER_IN_ISOLATION_MODE_OR_LTV_ZERO = "62"
SILOED_BORROWING_VIOLATION = "89"
FLASH_LOAN_DISABLED = "91"


def validate_supply(reserve: ReserveState, amount: int) -> None:
    """Refuse a supply that is zero, closed, or above the cap."""
    if amount == 0:
        raise refuse(INVALID_AMOUNT)
    _validate_open(reserve.configuration)
    if reserve.configuration.is_frozen:
        raise refuse(RESERVE_FROZEN)
    cap = reserve.configuration.supply_cap
    if cap == 0:
        return
    scaled = reserve.scaled_supply + reserve.accrued_to_treasury
    supplied = checked(ray_mul(scaled, reserve.liquidity_index) + amount)
    if supplied > cap * 10**reserve.configuration.decimals:
        raise refuse(SUPPLY_CAP_EXCEEDED)


def validate_withdraw(reserve: ReserveState, amount: int, balance: int) -> None:
    """Refuse a withdrawal that is zero, above the account's balance, or closed."""
    if amount == 0:
        raise refuse(INVALID_AMOUNT)
    if amount > balance:
        raise refuse(NOT_ENOUGH_AVAILABLE_USER_BALANCE)
    _validate_open(reserve.configuration)


def validate_repay(
    reserve: ReserveState, amount: int, debt: int, actor: Address, on_behalf_of: Address
) -> None:
    """Refuse a repayment that is zero, of another's whole debt, closed, or of no debt."""
    if amount == 0:
        raise refuse(INVALID_AMOUNT)
    if amount == UINT256_MAX and actor != on_behalf_of:
        raise refuse(NO_EXPLICIT_AMOUNT_TO_REPAY_ON_BEHALF)
    _validate_open(reserve.configuration)
    if debt == 0:
        raise refuse(NO_DEBT_OF_SELECTED_TYPE)


def validate_borrow(
    states: States, state: LendingState, reserve: ReserveState, owner: Address, amount: int
) -> None:
    """Refuse a borrow that is zero, closed, above a cap or ceiling, or not covered by collateral.

    Nor may the owner's modes be violated: isolation, efficiency mode, siloed borrowing.
    """
    if amount == 0:
        raise refuse(INVALID_AMOUNT)
    settings = reserve.configuration
    _validate_open(settings)
    if settings.is_frozen:
        raise refuse(RESERVE_FROZEN)
    if not settings.is_borrowing_enabled:
        raise refuse(BORROWING_NOT_ENABLED)
    if settings.borrow_cap != 0:
        owed = ray_mul(reserve.scaled_variable_debt, reserve.variable_borrow_index)
        if checked(owed + amount) > settings.borrow_cap * 10**settings.decimals:
            raise refuse(BORROW_CAP_EXCEEDED)
    account = state.account(owner)
    _validate_ceiling(state, reserve, account, amount)
    if account.efficiency_category != 0 and not is_in_category(account, reserve):
        raise refuse(INCONSISTENT_EFFICIENCY_CATEGORY)
    _validate_collateral_covers(states, state, reserve, owner, amount)
    _validate_silo(state, reserve, account.user_configuration)


def validate_health(states: States, state: LendingState, owner: Address) -> AccountData:
    """The account's sums; refused below a health factor of one."""
    data = account_data(states, state, owner)
    if data.health_factor < WAD:
        raise refuse(HEALTH_FACTOR_LOWER_THAN_LIQUIDATION_THRESHOLD)
    return data


def validate_health_and_ltv(
    states: States, state: LendingState, reserve: ReserveState, owner: Address
) -> None:
    """Refuse to take collateral that the account's debt rests on.

    Collateral without a loan-to-value has to leave before any other.
    """
    data = validate_health(states, state, owner)
    if data.has_zero_ltv_collateral and reserve.configuration.loan_to_value != 0:
        raise refuse(LTV_VALIDATION_FAILED)


def validate_use_as_collateral(reserve: ReserveState, balance: int) -> None:
    """Refuse to say anything of a supply that is not there, or of a closed reserve."""
    if balance == 0:
        raise refuse(UNDERLYING_BALANCE_ZERO)
    _validate_open(reserve.configuration)


def validate_category(state: LendingState, configuration: int, number: int) -> None:
    """Refuse a category that does not exist, or that a debt is not of."""
    category = state.category(number)
    if category is None:
        return
    if category.liquidation_threshold == 0:
        raise refuse(INCONSISTENT_EFFICIENCY_CATEGORY)
    for reserve in state.reserves.values():
        is_other = reserve.configuration.efficiency_category != number
        if is_borrowing(configuration, reserve.reserve.id) and is_other:
            raise refuse(INCONSISTENT_EFFICIENCY_CATEGORY)


def validate_transfer(reserve: ReserveState) -> None:
    """Refuse a transfer of aTokens of a paused reserve."""
    if reserve.configuration.is_paused:
        raise refuse(RESERVE_PAUSED)


def validate_flash_loan(reserve: ReserveState) -> None:
    """Refuse a flash loan of a closed reserve, or of one that gives none."""
    if reserve.configuration.is_paused:
        raise refuse(RESERVE_PAUSED)
    if not reserve.configuration.is_active:
        raise refuse(RESERVE_INACTIVE)
    if not reserve.configuration.is_flash_loan_enabled:
        raise refuse(FLASH_LOAN_DISABLED)


def validate_liquidation(
    collateral: ReserveState, reserve: ReserveState, configuration: int, health: int, debt: int
) -> None:
    """Refuse a liquidation in closed reserves, of the healthy, or of what is not there.

    `reserve` is the debt's, `configuration` the bits and `debt` the base units of its owner.
    """
    if not (collateral.configuration.is_active and reserve.configuration.is_active):
        raise refuse(RESERVE_INACTIVE)
    if collateral.configuration.is_paused or reserve.configuration.is_paused:
        raise refuse(RESERVE_PAUSED)
    if health >= WAD:
        raise refuse(HEALTH_FACTOR_NOT_BELOW_THRESHOLD)
    is_used = is_collateral(configuration, collateral.reserve.id)
    if not is_used or collateral.configuration.liquidation_threshold == 0:
        raise refuse(COLLATERAL_CANNOT_BE_LIQUIDATED)
    if debt == 0:
        raise refuse(SPECIFIED_CURRENCY_NOT_BORROWED)


def _validate_open(settings: ReserveConfiguration) -> None:
    if not settings.is_active:
        raise refuse(RESERVE_INACTIVE)
    if settings.is_paused:
        raise refuse(RESERVE_PAUSED)


def _validate_ceiling(
    state: LendingState, reserve: ReserveState, account: AccountState, amount: int
) -> None:
    collateral = isolated_collateral(state, account.user_configuration)
    if collateral is None:
        return
    if not reserve.configuration.is_borrowable_in_isolation:
        raise refuse(ASSET_NOT_BORROWABLE_IN_ISOLATION)
    owed = collateral.isolated_debt + in_ceiling_units(reserve, amount)
    if owed >> 128:
        raise RevertError(ARITHMETIC_PANIC)
    if owed > collateral.configuration.debt_ceiling:
        raise refuse(DEBT_CEILING_EXCEEDED)


def _validate_collateral_covers(
    states: States, state: LendingState, reserve: ReserveState, owner: Address, amount: int
) -> None:
    data = account_data(states, state, owner)
    if data.total_collateral == 0:
        raise refuse(COLLATERAL_BALANCE_IS_ZERO)
    if data.loan_to_value == 0:
        raise refuse(LTV_VALIDATION_FAILED)
    if data.health_factor <= WAD:
        raise refuse(HEALTH_FACTOR_LOWER_THAN_LIQUIDATION_THRESHOLD)
    price = debt_price(states, state, state.account(owner), reserve)
    worth = checked(price * amount) // 10**reserve.configuration.decimals
    needed = percent_div(checked(data.total_debt + worth), data.loan_to_value)
    if needed > data.total_collateral:
        raise refuse(COLLATERAL_CANNOT_COVER_NEW_BORROW)


def _validate_silo(state: LendingState, reserve: ReserveState, configuration: int) -> None:
    """A siloed asset is borrowed alone; several debts are none of it."""
    if not is_borrowing_any(configuration):
        return
    only = only_borrowed(configuration)
    owed = state.reserve_by_id(only) if only is not None else None
    if owed is not None and owed.configuration.is_siloed:
        if owed.reserve.id != reserve.reserve.id:
            raise refuse(SILOED_BORROWING_VIOLATION)
    elif reserve.configuration.is_siloed:
        raise refuse(SILOED_BORROWING_VIOLATION)
