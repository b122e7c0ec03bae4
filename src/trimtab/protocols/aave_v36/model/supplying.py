"""Supplies and what stands for debts, step by step as the pool takes them.

Source: SupplyLogic.sol, AToken.sol, ScaledBalanceTokenBase.sol. Each returns what changed or
raises RevertError.
"""

from dataclasses import replace

from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import All, Quantity, SetEfficiencyMode, Supply, UseAsCollateral, Withdraw
from trimtab.core.states import Applied, States
from trimtab.protocols.aave_v36.market import LendingPool36
from trimtab.protocols.aave_v36.model import errors, validation
from trimtab.protocols.aave_v36.model.errors import error, to_uint
from trimtab.protocols.aave_v36.model.isolation import becomes_collateral, may_be_collateral
from trimtab.protocols.aave_v36.model.reserve import update_state, with_rates
from trimtab.protocols.shared.aave.bitmap import (
    is_borrowing_any,
    is_collateral,
    with_collateral,
    without_collateral,
)
from trimtab.protocols.shared.aave.wad_ray import ray_div_ceil, ray_div_floor, ray_mul_floor
from trimtab.protocols.shared.reverts import NO_DATA, RevertError, moved
from trimtab.protocols.shared.tokens import send, take

SCALED_BITS = 120
"""As wide as tokens keep scaled balances."""

_CATEGORY_BITS = 8


def word_of(amount: Quantity) -> int:
    """The amount as the contract is given it: everything is the largest integer."""
    return UINT256_MAX if isinstance(amount, All) else amount


def supply(states: States, pool: LendingPool36, action: Supply) -> Applied:
    """Tokens go in; the first supply of an account becomes collateral where it may."""
    state, token, owner = states[pool], action.token, action.on_behalf_of
    reserve = update_state(state.reserve(token), state.timestamp)
    scaled = ray_div_floor(action.amount, reserve.liquidity_index)
    validation.validate_supply(reserve, scaled, owner)
    reserve = with_rates(reserve, added=action.amount)
    target = reserve.reserve.a_token
    movement = moved(take(states, token, action.actor, pool.address, target, action.amount))
    to_uint(scaled, SCALED_BITS)
    reserve = replace(reserve, scaled_supply=reserve.scaled_supply + scaled)
    state = state.with_reserve(reserve)
    if owner in state.accounts:
        account = state.account(owner)
        bits = account.user_configuration
        before = account.scaled_supplies[token]
        if before == 0 and becomes_collateral(state, bits, reserve, account.efficiency_category):
            account = account.with_configuration(with_collateral(bits, reserve.reserve.id))
        state = state.with_account(owner, account.with_supply(token, before + scaled))
    return Applied({pool.id: state}, (movement,))


def withdraw(states: States, pool: LendingPool36, action: Withdraw) -> Applied:
    """Tokens come out, if the account's debt stays covered."""
    state, token = states[pool], action.token
    account, reserve = state.account(action.actor), state.reserve(token)
    source, balance = reserve.reserve.a_token, account.scaled_supplies[token]
    if action.to == source:
        raise error(errors.WITHDRAW_TO_ITSELF)
    reserve = update_state(reserve, state.timestamp)
    amount = word_of(action.amount)
    if amount == UINT256_MAX:
        scaled, amount = balance, ray_mul_floor(balance, reserve.liquidity_index)
    else:
        scaled = ray_div_ceil(amount, reserve.liquidity_index)
    validation.validate_withdraw(reserve, scaled, balance)
    reserve = with_rates(reserve, taken=amount)
    reserve = replace(reserve, scaled_supply=reserve.scaled_supply - scaled)
    movement = moved(send(states, token, source, action.to, amount))
    bits = account.user_configuration
    was_collateral = is_collateral(bits, reserve.reserve.id)
    if was_collateral and scaled == balance:
        bits = without_collateral(bits, reserve.reserve.id)
    account = account.with_supply(token, balance - scaled).with_configuration(bits)
    state = state.with_reserve(reserve).with_account(action.actor, account)
    if was_collateral and is_borrowing_any(bits):
        validation.validate_health_and_zero_loan_to_value(states, state, reserve, action.actor)
    return Applied({pool.id: state}, (movement,))


def use_as_collateral(states: States, pool: LendingPool36, action: UseAsCollateral) -> Applied:
    """A supply begins or ceases to stand for the account's debts."""
    state, owner = states[pool], action.actor
    account, reserve = state.account(owner), state.reserve(action.token)
    bits, number = account.user_configuration, account.efficiency_category
    validation.validate_open(reserve.configuration)
    if action.is_used == is_collateral(bits, reserve.reserve.id):
        return Applied({pool.id: state})
    if not action.is_used:
        bits = without_collateral(bits, reserve.reserve.id)
        state = state.with_account(owner, account.with_configuration(bits))
        validation.validate_health_and_zero_loan_to_value(states, state, reserve, owner)
        return Applied({pool.id: state})
    if account.scaled_supplies[action.token] == 0:
        raise error(errors.UNDERLYING_BALANCE_ZERO)
    if not may_be_collateral(state, bits, reserve, number):
        raise error(errors.USER_IN_ISOLATION_MODE_OR_LTV_ZERO)
    changed = account.with_configuration(with_collateral(bits, reserve.reserve.id))
    return Applied({pool.id: state.with_account(owner, changed)})


def set_efficiency_mode(states: States, pool: LendingPool36, action: SetEfficiencyMode) -> Applied:
    """Other limits for the account, if all that it uses has a place in the category."""
    state, owner, number = states[pool], action.actor, action.category
    account = state.account(owner)
    if number >> _CATEGORY_BITS:
        raise RevertError(NO_DATA)
    if number == account.efficiency_category:
        return Applied({pool.id: state})
    validation.validate_category(state, account.user_configuration, number)
    state = state.with_account(owner, replace(account, efficiency_category=number))
    validation.validate_health_factor(states, state, owner)
    return Applied({pool.id: state})
