"""The four verbs, step by step as the pool takes them.

Source: SupplyLogic.sol, BorrowLogic.sol, ScaledBalanceTokenBase.sol. Each returns what changed
or raises RevertError. Assumes that no account's balance of a token reaches 2**128 base units.
"""

from dataclasses import replace

from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import All, Borrow, Quantity, Repay, Supply, Withdraw
from trimtab.core.quantise import Ray
from trimtab.core.states import Applied, States
from trimtab.protocols.aave_v3.market import LendingPool, ReserveState
from trimtab.protocols.aave_v3.model import validation
from trimtab.protocols.aave_v3.model.account import debt_balance, supply_balance
from trimtab.protocols.aave_v3.model.rates import Liquidity
from trimtab.protocols.aave_v3.model.reserve import update_interest_rates, update_state
from trimtab.protocols.shared.aave.bitmap import (
    is_borrowing_any,
    is_collateral,
    with_borrowing,
    with_collateral,
    without_borrowing,
    without_collateral,
)
from trimtab.protocols.shared.aave.wad_ray import ray_div
from trimtab.protocols.shared.reverts import moved, refuse, to_uint128
from trimtab.protocols.shared.tokens import balances, send, take


def word_of(amount: Quantity) -> int:
    """The amount as the contract is given it: everything is the largest integer."""
    return UINT256_MAX if isinstance(amount, All) else amount


def supply(states: States, pool: LendingPool, action: Supply) -> Applied:
    """Tokens go in; the first supply of an account becomes collateral."""
    state = states[pool]
    reserve = update_state(state.reserve(action.token), state.timestamp)
    validation.validate_supply(reserve, action.amount)
    reserve = _with_rates(states, reserve, added=action.amount)
    target = reserve.reserve.a_token
    movement = moved(take(states, action.token, action.actor, pool.address, target, action.amount))
    scaled = minted(action.amount, reserve.liquidity_index)
    state = state.with_reserve(replace(reserve, scaled_supply=reserve.scaled_supply + scaled))
    if action.on_behalf_of in state.accounts:
        account = state.account(action.on_behalf_of)
        before = account.scaled_supplies[action.token]
        account = account.with_supply(action.token, before + scaled)
        if before == 0 and reserve.configuration.loan_to_value != 0:
            marked = with_collateral(account.user_configuration, reserve.reserve.id)
            account = replace(account, user_configuration=marked)
        state = state.with_account(action.on_behalf_of, account)
    return Applied({pool.id: state}, (movement,))


def withdraw(states: States, pool: LendingPool, action: Withdraw) -> Applied:
    """Tokens come out, if the account's debt stays covered."""
    state, token = states[pool], action.token
    account = state.account(action.actor)
    reserve = update_state(state.reserve(token), state.timestamp)
    balance = supply_balance(account, reserve, state.timestamp)
    asked = word_of(action.amount)
    amount = balance if asked == UINT256_MAX else asked
    validation.validate_withdraw(reserve, amount, balance)
    reserve = _with_rates(states, reserve, taken=amount)
    was_collateral = is_collateral(account.user_configuration, reserve.reserve.id)
    if amount == balance:
        cleared = without_collateral(account.user_configuration, reserve.reserve.id)
        account = replace(account, user_configuration=cleared)
    scaled = burnt(amount, reserve.liquidity_index)
    account = account.with_supply(token, account.scaled_supplies[token] - scaled)
    reserve = replace(reserve, scaled_supply=reserve.scaled_supply - scaled)
    source = reserve.reserve.a_token
    stays = action.to == source
    movements = () if stays else (moved(send(states, token, source, action.to, amount)),)
    state = state.with_reserve(reserve).with_account(action.actor, account)
    if was_collateral and is_borrowing_any(account.user_configuration):
        validation.validate_health_and_ltv(states, state, reserve, action.actor)
    return Applied({pool.id: state}, movements)


def borrow(states: States, pool: LendingPool, action: Borrow) -> Applied:
    """Tokens come out against the actor's collateral, owed at the variable rate."""
    state, token = states[pool], action.token
    reserve = update_state(state.reserve(token), state.timestamp)
    state = state.with_reserve(reserve)
    validation.validate_borrow(states, state, reserve, action.actor, action.amount)
    scaled = minted(action.amount, reserve.variable_borrow_index)
    account = state.account(action.actor)
    before = account.scaled_debts[token]
    account = account.with_debt(token, before + scaled)
    if before == 0:
        marked = with_borrowing(account.user_configuration, reserve.reserve.id)
        account = replace(account, user_configuration=marked)
    owed = reserve.scaled_variable_debt + scaled
    reserve = replace(reserve, scaled_variable_debt=owed)
    reserve = _with_rates(states, reserve, taken=action.amount)
    source = reserve.reserve.a_token
    movement = moved(send(states, token, source, action.actor, action.amount))
    state = state.with_reserve(reserve).with_account(action.actor, account)
    return Applied({pool.id: state}, (movement,))


def repay(states: States, pool: LendingPool, action: Repay) -> Applied:
    """Tokens go in and a debt goes down, never below nothing."""
    state, token = states[pool], action.token
    account = state.account(action.on_behalf_of)
    reserve = update_state(state.reserve(token), state.timestamp)
    debt = debt_balance(account, reserve, state.timestamp)
    asked = word_of(action.amount)
    validation.validate_repay(reserve, asked, debt, action.actor, action.on_behalf_of)
    amount = min(asked, debt)
    scaled = burnt(amount, reserve.variable_borrow_index)
    account = account.with_debt(token, account.scaled_debts[token] - scaled)
    owed = reserve.scaled_variable_debt - scaled
    reserve = _with_rates(states, replace(reserve, scaled_variable_debt=owed), added=amount)
    if amount == debt:
        cleared = without_borrowing(account.user_configuration, reserve.reserve.id)
        account = replace(account, user_configuration=cleared)
    target = reserve.reserve.a_token
    movement = moved(take(states, token, action.actor, pool.address, target, amount))
    state = state.with_reserve(reserve).with_account(action.on_behalf_of, account)
    return Applied({pool.id: state}, (movement,))


def minted(amount: int, index: Ray) -> int:
    """The scaled amount that a mint adds, half up; nothing is refused."""
    scaled = ray_div(amount, index)
    if scaled == 0:
        raise refuse(validation.INVALID_MINT_AMOUNT)
    return to_uint128(scaled)


def burnt(amount: int, index: Ray) -> int:
    """The scaled amount that a burn takes away, half up; nothing is refused.

    Never above what is there: amount <= scaled * index / ray, half up, and index >= ray.
    """
    scaled = ray_div(amount, index)
    if scaled == 0:
        raise refuse(validation.INVALID_BURN_AMOUNT)
    return scaled


def _with_rates(
    states: States, reserve: ReserveState, *, added: int = 0, taken: int = 0
) -> ReserveState:
    """The reserve with new rates; what moves is still where it was when they are computed."""
    identity = reserve.reserve
    lying = balances(states, identity.token).balance(identity.a_token)
    return update_interest_rates(reserve, Liquidity(lying, added, taken))
