"""Loans within one transaction. Source: FlashLoanLogic.sol, ReserveLogic.sol.

What a receiver does meanwhile is not of the pool: it only has to have the loan and the premium
in the end, and to let the pool take them.
"""

from dataclasses import replace

from trimtab.core.actions import FlashLoan
from trimtab.core.errors import MissingRead
from trimtab.core.quantise import Ray
from trimtab.core.states import Applied, Movement, States
from trimtab.protocols.aave_v3.market import LendingPool, LendingState, ReserveState
from trimtab.protocols.aave_v3.model import validation
from trimtab.protocols.aave_v3.model.rates import Liquidity
from trimtab.protocols.aave_v3.model.reserve import (
    treasury_paid,
    update_interest_rates,
    update_state,
)
from trimtab.protocols.shared.aave.wad_ray import (
    RAY,
    percent_mul,
    ray_div,
    ray_mul,
    wad_to_ray,
)
from trimtab.protocols.shared.reverts import NO_DATA, RevertError, moved, to_uint128
from trimtab.protocols.shared.tokens import balances, send


def flash_loan(states: States, pool: LendingPool, action: FlashLoan) -> Applied:
    """The premium comes in, part of it for suppliers, through the index, at once.

    An owner is an account without the function that is called back, so that the loan fails.
    Raises MissingRead for a receiver that nobody has declared to pay back.
    """
    lent, premium = lend(states, pool, action)
    receiver = action.receiver
    if receiver in states[pool].accounts:
        raise RevertError(NO_DATA)
    if receiver not in pool.receivers:
        raise MissingRead(
            f"whether {receiver} pays a flash loan back is not known: name it among the "
            f"receivers of {pool.name}"
        )
    returned = paid_back(states.fold(lent), pool, action, premium)
    return Applied(returned.changed, (*lent.movements, *returned.movements))


def lend(states: States, pool: LendingPool, action: FlashLoan) -> tuple[Applied, int]:
    """What happens before the receiver is called back, and the premium that it owes."""
    state = states[pool]
    reserve = state.reserve(action.token)
    validation.validate_flash_loan(reserve)
    premium = percent_mul(action.amount, state.flash_loan_premium)
    source = reserve.reserve.a_token
    lent = moved(send(states, action.token, source, action.receiver, action.amount))
    return Applied({}, (lent,)), premium


def paid_back(states: States, pool: LendingPool, action: FlashLoan, premium: int) -> Applied:
    """What happens after that, of a receiver that has what it owes and lets the pool take it."""
    state = states[pool]
    reserve = with_premium(
        state, update_state(state.reserve(action.token), state.timestamp), premium
    )
    source, owed = reserve.reserve.a_token, action.amount + premium
    lying = balances(states, action.token).balance(source)
    reserve = update_interest_rates(reserve, Liquidity(lying, added=owed))
    returned = Movement(action.token, action.receiver, source, owed, pool.address)
    return Applied({pool.id: state.with_reserve(reserve)}, (returned,))


def with_premium(state: LendingState, reserve: ReserveState, premium: int) -> ReserveState:
    """An updated reserve after a premium: suppliers' part in the index, then the treasury's.

    All supplies together gain the suppliers' part, the treasury's unminted share among them.
    Without any supply there is nobody to give it to, and the division by zero reverts.
    """
    to_protocol = percent_mul(premium, state.premium_to_protocol)
    index = reserve.liquidity_index
    total = ray_mul(reserve.scaled_supply, index) + ray_mul(reserve.accrued_to_treasury, index)
    growth = ray_div(wad_to_ray(premium - to_protocol), wad_to_ray(total)) + RAY
    grown = Ray(to_uint128(ray_mul(growth, index)))
    return replace(treasury_paid(reserve, to_protocol, grown), liquidity_index=grown)
