"""Debts, credit and flash loans, step by step as the pool takes them.

Source: BorrowLogic.sol, FlashLoanLogic.sol, VariableDebtToken.sol, DebtTokenBase.sol. Each
returns what changed or raises RevertError.
"""

from dataclasses import replace

from trimtab.core.actions import Borrow, Delegate, FlashLoan, Repay
from trimtab.core.states import Applied, Movement, States
from trimtab.core.token import Address
from trimtab.protocols.aave_v36.market import AccountState, LendingPool36, ReserveState
from trimtab.protocols.aave_v36.model import errors, validation
from trimtab.protocols.aave_v36.model.errors import error, insufficient_borrow_allowance, to_uint
from trimtab.protocols.aave_v36.model.isolation import with_borrowed, with_repaid
from trimtab.protocols.aave_v36.model.reserve import normalised_income, update_state, with_rates
from trimtab.protocols.aave_v36.model.supplying import SCALED_BITS, word_of
from trimtab.protocols.shared.aave.bitmap import with_borrowing, without_borrowing
from trimtab.protocols.shared.aave.wad_ray import (
    percent_mul_ceil,
    ray_div_ceil,
    ray_div_floor,
    ray_mul_ceil,
    ray_mul_floor,
)
from trimtab.protocols.shared.reverts import ARITHMETIC_PANIC, RevertError, checked, moved
from trimtab.protocols.shared.tokens import send, take


def borrow(states: States, pool: LendingPool36, action: Borrow) -> Applied:
    """Tokens come out to the actor, owed at the variable rate by whose collateral covers them."""
    state, token, owner = states[pool], action.token, action.on_behalf_of
    account = state.account(owner)
    reserve = update_state(state.reserve(token), state.timestamp)
    state = state.with_reserve(reserve)
    scaled = ray_div_ceil(action.amount, reserve.variable_borrow_index)
    validation.validate_borrow(state, reserve, account, scaled)
    if action.actor != owner:
        account = after_credit(account, reserve, action.actor, action.amount, scaled)
    to_uint(scaled, SCALED_BITS)
    bits = with_borrowing(account.user_configuration, reserve.reserve.id)
    owed = account.scaled_debts[token] + scaled
    account = account.with_debt(token, owed).with_configuration(bits)
    reserve = replace(reserve, scaled_variable_debt=reserve.scaled_variable_debt + scaled)
    state = state.with_reserve(reserve).with_account(owner, account)
    state = with_borrowed(state, bits, reserve, action.amount)
    state = state.with_reserve(with_rates(state.reserve(token), taken=action.amount))
    source = reserve.reserve.a_token
    movement = moved(send(states, token, source, action.actor, action.amount))
    validation.validate_health_and_loan_to_value(states, state, owner)
    return Applied({pool.id: state}, (movement,))


def after_credit(
    account: AccountState, reserve: ReserveState, to: Address, amount: int, scaled: int
) -> AccountState:
    """The account after somebody borrowed on its credit.

    It has to allow the amount; used up is by how much the debt grows, which may be one base unit
    more, or what is left if that is less.
    """
    token = reserve.reserve.token
    allowed = account.delegated.get((token, to), 0)
    if allowed < amount:
        raise insufficient_borrow_allowance(to, allowed, amount)
    before, index = account.scaled_debts[token], reserve.variable_borrow_index
    grown = ray_mul_ceil(before + scaled, index) - ray_mul_ceil(before, index)
    return account.with_delegated(token, to, allowed - min(grown, allowed))


def repay(states: States, pool: LendingPool36, action: Repay) -> Applied:
    """Tokens go in and a debt goes down, never below nothing."""
    state, token, owner = states[pool], action.token, action.on_behalf_of
    account = state.account(owner)
    reserve = update_state(state.reserve(token), state.timestamp)
    before, index = account.scaled_debts[token], reserve.variable_borrow_index
    asked = word_of(action.amount)
    debt = ray_mul_ceil(before, index)
    validation.validate_repay(reserve, asked, before, action.actor, owner)
    amount = min(asked, debt)
    scaled = ray_div_floor(amount, index)
    if scaled == 0:
        raise error(errors.INVALID_BURN_AMOUNT)
    reserve = replace(reserve, scaled_variable_debt=reserve.scaled_variable_debt - scaled)
    reserve = with_rates(reserve, added=amount)
    bits = account.user_configuration
    if scaled == before:
        bits = without_borrowing(bits, reserve.reserve.id)
    account = account.with_debt(token, before - scaled).with_configuration(bits)
    state = state.with_reserve(reserve).with_account(owner, account)
    state = with_repaid(state, bits, reserve, amount)
    target = reserve.reserve.a_token
    movement = moved(take(states, token, action.actor, pool.address, target, amount))
    return Applied({pool.id: state}, (movement,))


def delegate(states: States, pool: LendingPool36, action: Delegate) -> Applied:
    """Somebody may borrow as the actor's debt."""
    state = states[pool]
    state.reserve(action.token)
    account = state.account(action.actor)
    changed = account.with_delegated(action.token, action.to, action.amount)
    return Applied({pool.id: state.with_account(action.actor, changed)})


def flash_loan(states: States, pool: LendingPool36, action: FlashLoan) -> Applied:
    """Tokens go out to the receiver and come back with the premium, all of it the treasury's.

    The receiver is taken to have the premium and to let the pool take what it owes.
    """
    lent, premium = lend(states, pool, action)
    returned = paid_back(states.fold(lent), pool, action, premium)
    return Applied(returned.changed, (*lent.movements, *returned.movements))


def lend(states: States, pool: LendingPool36, action: FlashLoan) -> tuple[Applied, int]:
    """What happens before the receiver is called back, and the premium that it owes."""
    state, token, amount = states[pool], action.token, action.amount
    reserve = state.reserve(token)
    index = normalised_income(reserve, state.timestamp)
    supplied = ray_mul_floor(reserve.scaled_supply, index)
    validation.validate_flash_loan(reserve, amount, supplied)
    premium = percent_mul_ceil(amount, state.flash_loan_premium)
    left = reserve.virtual_balance - to_uint(amount, 128)
    if left < 0:
        raise RevertError(ARITHMETIC_PANIC)
    out = moved(send(states, token, reserve.reserve.a_token, action.receiver, amount))
    state = state.with_reserve(replace(reserve, virtual_balance=left))
    return Applied({pool.id: state}, (out,)), premium


def paid_back(states: States, pool: LendingPool36, action: FlashLoan, premium: int) -> Applied:
    """What happens after that, of a receiver that has what it owes and lets the pool take it."""
    state, token, owed = states[pool], action.token, action.amount + premium
    reserve = update_state(state.reserve(token), state.timestamp)
    share = to_uint(ray_div_floor(premium, reserve.liquidity_index), 128)
    reserve = replace(reserve, accrued_to_treasury=reserve.accrued_to_treasury + share)
    reserve = with_rates(reserve, added=checked(owed))
    back = Movement(token, action.receiver, reserve.reserve.a_token, owed)
    return Applied({pool.id: state.with_reserve(reserve)}, (back,))
