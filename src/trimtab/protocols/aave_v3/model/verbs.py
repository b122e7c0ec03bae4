"""Supply, withdraw, borrow and repay, step by step as the pool takes them.

Source: SupplyLogic.sol, BorrowLogic.sol, ScaledBalanceTokenBase.sol. Each returns what changed
or raises RevertError. Assumes that no account's balance of a token reaches 2**128 base units.
"""

from dataclasses import replace

from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import All, Borrow, Quantity, Repay, Supply, Withdraw
from trimtab.core.errors import MissingRead
from trimtab.core.quantise import Ray
from trimtab.core.states import Applied, States
from trimtab.core.token import Address
from trimtab.protocols.aave_v3.market import AccountState, LendingPool, LendingState, ReserveState
from trimtab.protocols.aave_v3.model import validation
from trimtab.protocols.aave_v3.model.account import debt_balance, supply_balance
from trimtab.protocols.aave_v3.model.isolation import (
    becomes_collateral,
    with_borrowed,
    with_repaid,
)
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
from trimtab.protocols.shared.reverts import checked, moved, refuse, to_uint128
from trimtab.protocols.shared.tokens import balances, send, take


def word_of(amount: Quantity) -> int:
    """The amount as the contract is given it: everything is the largest integer."""
    return UINT256_MAX if isinstance(amount, All) else amount


def supply(states: States, pool: LendingPool, action: Supply) -> Applied:
    """Tokens go in; the first supply of an account becomes collateral, if it may."""
    state = states[pool]
    reserve = update_state(state.reserve(action.token), state.timestamp)
    validation.validate_supply(reserve, action.amount)
    reserve = with_rates(states, reserve, added=action.amount)
    target = reserve.reserve.a_token
    movement = moved(take(states, action.token, action.actor, pool.address, target, action.amount))
    scaled = minted(action.amount, reserve.liquidity_index)
    state = state.with_reserve(replace(reserve, scaled_supply=reserve.scaled_supply + scaled))
    if action.on_behalf_of in state.accounts:
        before = state.account(action.on_behalf_of).scaled_supplies[action.token]
        state = _supplied_more(state, action, scaled)
        if before == 0:
            role = state.account(action.actor).turns_isolated_on
            state = received_first(state, reserve, action.on_behalf_of, role)
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
    reserve = with_rates(states, reserve, taken=amount)
    was_collateral = is_collateral(account.user_configuration, reserve.reserve.id)
    if amount == balance:
        cleared = without_collateral(account.user_configuration, reserve.reserve.id)
        account = account.with_configuration(cleared)
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
    """Tokens come out to the actor against the owner's collateral, owed at the variable rate."""
    state, token, owner = states[pool], action.token, action.on_behalf_of
    reserve = update_state(state.reserve(token), state.timestamp)
    state = state.with_reserve(reserve)
    validation.validate_borrow(states, state, reserve, owner, action.amount)
    account = _spent(state.account(owner), action)
    scaled = minted(action.amount, reserve.variable_borrow_index)
    before = account.scaled_debts[token]
    account = account.with_debt(token, before + scaled)
    if before == 0:
        marked = with_borrowing(account.user_configuration, reserve.reserve.id)
        account = account.with_configuration(marked)
    owed = reserve.scaled_variable_debt + scaled
    reserve = replace(reserve, scaled_variable_debt=owed)
    # The collateral that limits the debt may be the very reserve, of which nothing else changes.
    state = with_borrowed(state.with_reserve(reserve), account, reserve, action.amount)
    reserve = with_rates(states, state.reserve(token), taken=action.amount)
    source = reserve.reserve.a_token
    movement = moved(send(states, token, source, action.actor, action.amount))
    state = state.with_reserve(reserve).with_account(owner, account)
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
    state = repaid(states, state.with_reserve(reserve), action.on_behalf_of, reserve, amount)
    target = reserve.reserve.a_token
    movement = moved(take(states, token, action.actor, pool.address, target, amount))
    return Applied({pool.id: state}, (movement,))


def repaid(
    states: States, state: LendingState, owner: Address, reserve: ReserveState, amount: int
) -> LendingState:
    """The pool after so much of the owner's debt was burnt; the tokens are still on their way.

    `reserve` is the debt's, updated. A liquidation may have marked other bits before.
    """
    token, account = reserve.reserve.token, state.account(owner)
    is_whole = amount == debt_balance(account, reserve, state.timestamp)
    scaled = burnt(amount, reserve.variable_borrow_index)
    account = account.with_debt(token, account.scaled_debts[token] - scaled)
    owed = reserve.scaled_variable_debt - scaled
    reserve = with_rates(states, replace(reserve, scaled_variable_debt=owed), added=amount)
    if is_whole:
        cleared = without_borrowing(account.user_configuration, reserve.reserve.id)
        account = account.with_configuration(cleared)
    state = state.with_reserve(reserve).with_account(owner, account)
    return with_repaid(state, account.user_configuration, reserve, amount)


def received_first(
    state: LendingState, reserve: ReserveState, owner: Address, turns_isolated_on: bool
) -> LendingState:
    """The pool after an account had nothing of an asset and got some: collateral, if it may be."""
    account = state.account(owner)
    bits = account.user_configuration
    if not becomes_collateral(state, bits, reserve, turns_isolated_on):
        return state
    marked = account.with_configuration(with_collateral(bits, reserve.reserve.id))
    return state.with_account(owner, marked)


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


def with_rates(
    states: States, reserve: ReserveState, *, added: int = 0, taken: int = 0
) -> ReserveState:
    """The reserve with new rates; what moves is still where it was when they are computed."""
    identity = reserve.reserve
    lying = balances(states, identity.token).balance(identity.a_token)
    return update_interest_rates(reserve, Liquidity(lying, added, taken))


def _supplied_more(state: LendingState, action: Supply, scaled: int) -> LendingState:
    account = state.account(action.on_behalf_of)
    more = account.scaled_supplies[action.token] + scaled
    return state.with_account(action.on_behalf_of, account.with_supply(action.token, more))


def _spent(owner: AccountState, action: Borrow) -> AccountState:
    """The owner after a borrow by another took from the credit delegated to them."""
    if action.actor == action.on_behalf_of:
        return owner
    try:
        left = owner.delegated[action.token, action.actor] - action.amount
    except KeyError:
        raise MissingRead(
            f"what {action.on_behalf_of} lets {action.actor} borrow is not tracked: add the "
            "account, or name it among the pool's operators"
        ) from None
    return owner.with_delegated(action.token, action.actor, checked(left))
