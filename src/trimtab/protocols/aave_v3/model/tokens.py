"""What an owner does with aTokens and with credit. Source: AToken.sol, DebtTokenBase.sol."""

from trimtab.core.actions import Approve, Delegate, Transfer
from trimtab.core.errors import MissingRead
from trimtab.core.states import Applied, States
from trimtab.core.token import Address
from trimtab.protocols.aave_v3.market import LendingPool, LendingState, ReserveState
from trimtab.protocols.aave_v3.model import validation
from trimtab.protocols.aave_v3.model.account import supply_balance
from trimtab.protocols.aave_v3.model.reserve import normalised_income
from trimtab.protocols.aave_v3.model.verbs import received_first
from trimtab.protocols.shared.aave.bitmap import (
    is_borrowing_any,
    is_collateral,
    without_collateral,
)
from trimtab.protocols.shared.aave.wad_ray import ray_div
from trimtab.protocols.shared.reverts import ARITHMETIC_PANIC, RevertError, to_uint128


def transfer(states: States, pool: LendingPool, action: Transfer) -> Applied:
    """Shares of a reserve change their owner, if the sender's debt stays covered by what is left.

    The receiver's first become collateral, but never isolated ones: the pool asks whether the
    aToken that called it has the role for it, and none has. Nothing of the reserve is written.
    """
    state = states[pool]
    reserve = state.reserve(pool.reserve_of_share(action.token).token)
    amount, actor, to = to_uint128(action.amount), action.actor, action.to
    before = supply_balance(state.account(actor), reserve, state.timestamp)
    is_first = (
        to in state.accounts and state.account(to).scaled_supplies[reserve.reserve.token] == 0
    )
    state = sent(state, reserve, actor, to, amount)
    validation.validate_transfer(reserve)
    if actor == to or amount == 0:
        return Applied({pool.id: state})
    account = state.account(actor)
    bits = account.user_configuration
    if is_collateral(bits, reserve.reserve.id):
        if is_borrowing_any(bits):
            validation.validate_health_and_ltv(states, state, reserve, actor)
        if before == amount:
            cleared = account.with_configuration(without_collateral(bits, reserve.reserve.id))
            state = state.with_account(actor, cleared)
    if is_first:
        state = received_first(state, reserve, to, turns_isolated_on=False)
    return Applied({pool.id: state})


def transfer_from(states: States, pool: LendingPool, spender: Address, action: Transfer) -> Applied:
    """Shares that somebody takes of the actor by its leave, of which so much is used up.

    Raises MissingRead where what the actor allows them is not tracked.
    """
    state, account = states[pool], states[pool].account(action.actor)
    token, amount = pool.reserve_of_share(action.token).token, to_uint128(action.amount)
    try:
        left = account.allowed[token, spender] - amount
    except KeyError:
        raise MissingRead(
            f"what {action.actor} lets {spender} take of its aTokens is not tracked: add the "
            "account, or name it among the pool's operators"
        ) from None
    if left < 0:
        raise RevertError(ARITHMETIC_PANIC)
    lowered = state.with_account(action.actor, account.with_allowed(token, spender, left))
    return transfer(states.with_states({pool.id: lowered}), pool, action)


def sent(
    state: LendingState, reserve: ReserveState, source: Address, target: Address, amount: int
) -> LendingState:
    """The pool after base units of an aToken went from a tracked account to any other.

    They move as scaled units, half up, of which tiny amounts may be none.
    """
    token = reserve.reserve.token
    scaled = to_uint128(ray_div(amount, normalised_income(reserve, state.timestamp)))
    sender = state.account(source)
    left = sender.scaled_supplies[token] - scaled
    if left < 0:
        raise RevertError(ARITHMETIC_PANIC)
    state = state.with_account(source, sender.with_supply(token, left))
    if target not in state.accounts:
        return state
    receiver = state.account(target)
    more = receiver.scaled_supplies[token] + scaled
    return state.with_account(target, receiver.with_supply(token, more))


def approve(states: States, pool: LendingPool, action: Approve) -> Applied:
    """Somebody may take aTokens of the actor; nobody, not even address zero, is refused."""
    state = states[pool]
    token = pool.reserve_of_share(action.token).token
    changed = state.account(action.actor).with_allowed(token, action.spender, action.amount)
    return Applied({pool.id: state.with_account(action.actor, changed)})


def delegate(states: States, pool: LendingPool, action: Delegate) -> Applied:
    """Somebody may borrow as the actor's debt. It costs nothing and covers nothing by itself."""
    state = states[pool]
    token = state.reserve(action.token).reserve.token
    changed = state.account(action.actor).with_delegated(token, action.to, action.amount)
    return Applied({pool.id: state.with_account(action.actor, changed)})
