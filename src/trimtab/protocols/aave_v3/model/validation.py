"""What the pool refuses, in its order of checks. Source: ValidationLogic.sol and Errors.sol.

A reserve is given as it stands after its state was updated, before the action changes it.
"""

from trimtab.core.abi import UINT256_MAX
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.protocols.aave_v3.market import LendingState, ReserveState
from trimtab.protocols.aave_v3.model.account import account_data, asset_price
from trimtab.protocols.shared.aave.configuration import ReserveConfiguration
from trimtab.protocols.shared.aave.wad_ray import WAD, percent_div, ray_mul
from trimtab.protocols.shared.reverts import checked, refuse

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
BORROW_CAP_EXCEEDED = "50"
SUPPLY_CAP_EXCEEDED = "51"
LTV_VALIDATION_FAILED = "57"


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
    """Refuse a borrow that is zero, closed, above the cap, or not covered by collateral."""
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
    _validate_collateral_covers(states, state, reserve, owner, amount)


def validate_health_and_ltv(
    states: States, state: LendingState, reserve: ReserveState, owner: Address
) -> None:
    """Refuse to take collateral that the account's debt rests on.

    Collateral without a loan-to-value has to leave before any other.
    """
    data = account_data(states, state, owner)
    if data.health_factor < WAD:
        raise refuse(HEALTH_FACTOR_LOWER_THAN_LIQUIDATION_THRESHOLD)
    if data.has_zero_ltv_collateral and reserve.configuration.loan_to_value != 0:
        raise refuse(LTV_VALIDATION_FAILED)


def _validate_open(settings: ReserveConfiguration) -> None:
    if not settings.is_active:
        raise refuse(RESERVE_INACTIVE)
    if settings.is_paused:
        raise refuse(RESERVE_PAUSED)


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
    price = asset_price(states, reserve.reserve.feed)
    worth = checked(price * amount) // 10**reserve.configuration.decimals
    needed = percent_div(checked(data.total_debt + worth), data.loan_to_value)
    if needed > data.total_collateral:
        raise refuse(COLLATERAL_CANNOT_COVER_NEW_BORROW)
