"""A reserve through time: its indices, its rates, and scaled amounts. Source: ReserveLogic.sol."""

from dataclasses import replace

from trimtab.core.quantise import Ray, Timestamp
from trimtab.protocols.aave_v3.market import ReserveState
from trimtab.protocols.aave_v3.model.rates import (
    Liquidity,
    compounded_interest,
    interest_rates,
    linear_interest,
)
from trimtab.protocols.shared.aave.wad_ray import percent_mul, ray_div, ray_mul
from trimtab.protocols.shared.reverts import to_uint128


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
    liquidity_index = Ray(to_uint128(normalised_income(reserve, now)))
    variable_borrow_index = reserve.variable_borrow_index
    if reserve.scaled_variable_debt != 0:
        variable_borrow_index = Ray(to_uint128(normalised_debt(reserve, now)))
    before = ray_mul(reserve.scaled_variable_debt, reserve.variable_borrow_index)
    after = ray_mul(reserve.scaled_variable_debt, variable_borrow_index)
    to_treasury = percent_mul(after - before, reserve.configuration.reserve_factor)
    return replace(
        reserve,
        liquidity_index=liquidity_index,
        variable_borrow_index=variable_borrow_index,
        accrued_to_treasury=reserve.accrued_to_treasury + ray_div(to_treasury, liquidity_index),
        last_update=now,
    )


def treasury_paid(reserve: ReserveState, raw: int, index: Ray) -> ReserveState:
    """The reserve with base units more for its treasury, scaled by an index, half up."""
    share = to_uint128(ray_div(raw, index))
    return replace(reserve, accrued_to_treasury=reserve.accrued_to_treasury + share)


def update_interest_rates(reserve: ReserveState, liquidity: Liquidity) -> ReserveState:
    """An updated reserve with the rates that follow from its debt and its liquidity."""
    total_debt = ray_mul(reserve.scaled_variable_debt, reserve.variable_borrow_index)
    factor = reserve.configuration.reserve_factor
    rates = interest_rates(reserve.strategy, total_debt, liquidity, factor)
    return replace(
        reserve,
        liquidity_rate=rates.liquidity,
        stable_borrow_rate=rates.stable_borrow,
        variable_borrow_rate=rates.variable_borrow,
    )
