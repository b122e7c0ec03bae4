"""What is done with aTokens. Source: AToken.sol, IncentivizedERC20.sol, SupplyLogic.sol."""

from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import Approve, Transfer
from trimtab.core.quantise import Ray
from trimtab.core.states import Applied, States
from trimtab.core.token import Address, Token
from trimtab.protocols.aave_v36.market import AccountState, LendingPool36
from trimtab.protocols.aave_v36.model import errors, validation
from trimtab.protocols.aave_v36.model.errors import error, insufficient_allowance, to_uint
from trimtab.protocols.aave_v36.model.reserve import normalised_income
from trimtab.protocols.aave_v36.model.supplying import SCALED_BITS
from trimtab.protocols.shared.aave.bitmap import (
    is_borrowing_any,
    is_collateral,
    without_collateral,
)
from trimtab.protocols.shared.aave.wad_ray import ray_div_ceil, ray_mul_floor
from trimtab.protocols.shared.reverts import ARITHMETIC_PANIC, RevertError


def transfer(states: States, pool: LendingPool36, action: Transfer) -> Applied:
    """Shares change their owner, if the sender's debt stays covered; no one's become collateral."""
    state = states[pool]
    reserve = state.reserve(pool.reserve_of_share(action.token).token)
    token, actor = reserve.reserve.token, action.actor
    amount = to_uint(action.amount, SCALED_BITS)
    index = normalised_income(reserve, state.timestamp)
    scaled = to_uint(ray_div_ceil(amount, index), SCALED_BITS)
    account = state.account(actor)
    before = account.scaled_supplies[token]
    if scaled > before:
        raise RevertError(ARITHMETIC_PANIC)
    state = state.with_supply_changed(actor, token, -scaled)
    state = state.with_supply_changed(action.to, token, scaled)
    if reserve.configuration.is_paused:
        raise error(errors.RESERVE_PAUSED)
    bits, number = account.user_configuration, reserve.reserve.id
    if actor == action.to or scaled == 0 or not is_collateral(bits, number):
        return Applied({pool.id: state})
    if scaled == before:
        cleared = state.account(actor).with_configuration(without_collateral(bits, number))
        state = state.with_account(actor, cleared)
    if is_borrowing_any(bits):
        validation.validate_health_and_zero_loan_to_value(states, state, reserve, actor)
    return Applied({pool.id: state})


def transfer_from(
    states: States, pool: LendingPool36, spender: Address, action: Transfer
) -> Applied:
    """Shares that somebody takes of the actor by its leave, which has to allow the amount.

    Used up is what the balance shrinks by, which may be one base unit more, or what is left if
    that is less. What is boundless stays so.
    """
    state = states[pool]
    reserve = state.reserve(pool.reserve_of_share(action.token).token)
    index = normalised_income(reserve, state.timestamp)
    token, account = reserve.reserve.token, state.account(action.actor)
    scaled = ray_div_ceil(action.amount, index)
    if scaled > account.scaled_supplies[token]:
        raise RevertError(ARITHMETIC_PANIC)
    allowed = account.allowed.get((token, spender), 0)
    if allowed < action.amount:
        raise insufficient_allowance(spender, allowed, action.amount)
    account = less_allowed(account, token, spender, scaled, index)
    lowered = states.with_states({pool.id: state.with_account(action.actor, account)})
    return transfer(lowered, pool, action)


def less_allowed(
    account: AccountState, token: Token, spender: Address, scaled: int, index: Ray
) -> AccountState:
    """The account with less allowed, by what so many scaled units make its balance shrink."""
    before, allowed = account.scaled_supplies[token], account.allowed.get((token, spender), 0)
    if allowed == UINT256_MAX:
        return account
    shrunk = ray_mul_floor(before, index) - ray_mul_floor(before - scaled, index)
    return account.with_allowed(token, spender, allowed - min(shrunk, allowed))


def approve(states: States, pool: LendingPool36, action: Approve) -> Applied:
    """Somebody may take aTokens of the actor; nobody, not even address zero, is refused."""
    state = states[pool]
    token = pool.reserve_of_share(action.token).token
    changed = state.account(action.actor).with_allowed(token, action.spender, action.amount)
    return Applied({pool.id: state.with_account(action.actor, changed)})
