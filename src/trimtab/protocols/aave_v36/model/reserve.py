"""A reserve through time: its indices, its rates, and scaled amounts.

Source: ReserveLogic.sol and TokenMath.sol. Whatever is scaled is rounded against the account: a
supply down, a withdrawal up, a debt up, a repayment down.
"""

from dataclasses import replace

from trimtab.core.quantise import Ray, Timestamp
from trimtab.protocols.aave_v36.market import AccountState, ReserveState
from trimtab.protocols.aave_v36.model.errors import to_uint
from trimtab.protocols.aave_v36.model.rates import (
    compounded_interest,
    interest_rates,
    linear_interest,
)
from trimtab.protocols.shared.aave.wad_ray import (
    percent_mul,
    ray_div_floor,
    ray_mul,
    ray_mul_ceil,
    ray_mul_floor,
)
from trimtab.protocols.shared.reverts import ARITHMETIC_PANIC, RevertError

# ------------------------------------------------------------------------------------ indices


def normalised_income(reserve: ReserveState, now: Timestamp) -> Ray:
    """What one scaled unit of supply is worth at `now`, half up."""
    if reserve.last_update == now:
        return reserve.liquidity_index
    interest = linear_interest(reserve.liquidity_rate, now - reserve.last_update)
    return Ray(ray_mul(interest, reserve.liquidity_index))


def normalised_debt(reserve: ReserveState, now: Timestamp) -> Ray:
    """What one scaled unit of variable debt owes at `now`, half up."""
    if reserve.last_update == now:
        return reserve.variable_borrow_index
    interest = compounded_interest(reserve.variable_borrow_rate, now - reserve.last_update)
    return Ray(ray_mul(interest, reserve.variable_borrow_index))


def update_state(reserve: ReserveState, now: Timestamp) -> ReserveState:
    """The reserve with its indices and the treasury's share brought up to `now`.

    The debt index does not move while nothing is owed, whatever the rate says.
    """
    if reserve.last_update == now:
        return reserve
    liquidity_index = Ray(to_uint(normalised_income(reserve, now), 128))
    borrow_index = reserve.variable_borrow_index
    if reserve.scaled_variable_debt != 0:
        borrow_index = Ray(to_uint(normalised_debt(reserve, now), 128))
    interest = ray_mul_floor(
        reserve.scaled_variable_debt, borrow_index - reserve.variable_borrow_index
    )
    share = percent_mul(interest, reserve.configuration.reserve_factor)
    accrual = to_uint(ray_div_floor(share, liquidity_index), 128)
    return replace(
        reserve,
        liquidity_index=liquidity_index,
        variable_borrow_index=borrow_index,
        accrued_to_treasury=reserve.accrued_to_treasury + accrual,
        last_update=now,
        latest_accrual=accrual,
    )


def with_rates(reserve: ReserveState, *, added: int = 0, taken: int = 0) -> ReserveState:
    """An updated reserve after so much was added and taken, with the rates that follow."""
    debt = ray_mul_ceil(reserve.scaled_variable_debt, reserve.variable_borrow_index)
    liquidity_rate, borrow_rate = interest_rates(reserve, debt, added, taken)
    balance = reserve.virtual_balance + to_uint(added, 128) - to_uint(taken, 128)
    if not 0 <= balance < 2**128:
        raise RevertError(ARITHMETIC_PANIC)
    return replace(
        reserve,
        liquidity_rate=Ray(to_uint(liquidity_rate, 128)),
        variable_borrow_rate=Ray(to_uint(borrow_rate, 128)),
        virtual_balance=balance,
    )


# ----------------------------------------------------------------------------------- balances


def supply_balance(account: AccountState, reserve: ReserveState, now: Timestamp) -> int:
    """Base units that the account's supply is worth, rounded down."""
    scaled = account.scaled_supplies[reserve.reserve.token]
    return ray_mul_floor(scaled, normalised_income(reserve, now))


def debt_balance(account: AccountState, reserve: ReserveState, now: Timestamp) -> int:
    """Base units that the account owes at the variable rate, rounded up."""
    scaled = account.scaled_debts[reserve.reserve.token]
    return ray_mul_ceil(scaled, normalised_debt(reserve, now))


def total_supply(reserve: ReserveState) -> int:
    """Base units that all supplies of an updated reserve are worth, rounded down."""
    return ray_mul_floor(reserve.scaled_supply, reserve.liquidity_index)
