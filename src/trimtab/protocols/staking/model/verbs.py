"""What the pool's verbs do, in its order of checks. Source: contracts/StakingPool.sol.

Each returns what it did or raises RevertError.
"""

from __future__ import annotations

from trimtab.core.actions import (
    ClaimWithdrawal,
    FinaliseWithdrawals,
    ReportRewards,
    RequestWithdrawal,
    Stake,
)
from trimtab.core.errors import MissingRead
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, States
from trimtab.core.token import Address
from trimtab.protocols.shared import tokens
from trimtab.protocols.shared.open_zeppelin import burnt, custom, minted
from trimtab.protocols.shared.reverts import RevertError, checked, moved
from trimtab.protocols.shared.rounding import mul_div_down
from trimtab.protocols.staking.market import Queue, StakingPool, StakingState
from trimtab.protocols.staking.model.queries import buffer, worth
from trimtab.protocols.staking.model.transitions import (
    claimed,
    finalised,
    reported,
    requested,
    staked,
)

INTERVAL = 3_600
"""Seconds that have to be between two reports."""
MOST_REWARD, MOST_LOSS, WHOLE = 10, 500, 10_000
"""What a report may add to what is pooled, and take of it, and of how many parts."""

# ------------------------------------------------------------------------------------ stakers


def stake(states: States, pool: StakingPool, action: Stake) -> Applied:
    """`stake`: shares at the rate of the moment, rounded down."""
    state: StakingState = states[pool]
    supply = state.shares.supply
    shares = action.amount if supply == 0 else mul_div_down(action.amount, supply, state.pooled)
    if checked(shares) == 0:
        raise _nothing()
    checked(state.pooled + action.amount)
    minted(state.shares, action.actor, shares)
    here = pool.address
    taken = moved(tokens.take(states, pool.asset, action.actor, here, here, action.amount))
    return Applied({pool.id: staked(state, action.actor, action.amount, shares)}, (taken,))


def request(states: States, pool: StakingPool, action: RequestWithdrawal) -> Applied:
    """`request`: a place in the queue, worth what the shares are worth now, rounded down."""
    state: StakingState = states[pool]
    burnt(state.shares, action.actor, action.shares)
    assets = worth(state, action.shares)
    if assets == 0:
        raise _nothing()
    number = state.queue.last + 1
    after = requested(state, number, action.actor, action.shares, assets)
    checked(after.queue.requested)
    return Applied({pool.id: after})


def claim(states: States, pool: StakingPool, action: ClaimWithdrawal) -> Applied:
    """`claim`: what was set aside for a request of the actor's."""
    state: StakingState = states[pool]
    found = state.queue.requests.get(action.request)
    if found is None or found.owner != action.actor:
        raise custom("NotYours(uint256,address)", action.request, action.actor)
    if action.request > state.queue.finalised:
        raise custom("NotSetAside(uint256)", action.request)
    sent = moved(tokens.send(states, pool.asset, pool.address, action.actor, found.assets))
    return Applied({pool.id: claimed(state, action.request, found.assets)}, (sent,))


# -------------------------------------------------------------------------------------- roles


def report(states: States, pool: StakingPool, action: ReportRewards) -> Applied:
    """`report`: what was earned or lost, within bounds and at most once an hour."""
    state: StakingState = states[pool]
    _check_role(action.actor, pool.oracle)
    earliest = checked(state.reported_at + INTERVAL)
    if state.timestamp < earliest:
        raise custom("TooSoon(uint256,uint256)", state.timestamp, earliest)
    most = mul_div_down(state.pooled, MOST_LOSS if action.change < 0 else MOST_REWARD, WHOLE)
    if abs(action.change) > most:
        raise custom("TooMuch(int256,uint256)", action.change, most)
    pooled = checked(state.pooled + action.change)
    return Applied({pool.id: reported(state, pooled, Timestamp(state.timestamp))})


def finalise(states: States, pool: StakingPool, action: FinaliseWithdrawals) -> Applied:
    """`finalise`: the next in the queue set aside, all up to a request or none.

    Raises MissingRead for one of an account that is not tracked, whose place tells no sum.
    """
    state: StakingState = states[pool]
    _check_role(action.actor, pool.operator)
    queue = state.queue
    if not queue.finalised < action.up_to <= queue.last:
        raise custom("NotWaiting(uint256)", action.up_to)
    due = _requested_up_to(pool, queue, action.up_to) - queue.ever_set_aside
    liquid = buffer(states, pool)
    if due > liquid:
        raise custom("Illiquid(uint256,uint256)", due, liquid)
    return Applied({pool.id: finalised(state, action.up_to, due)})


def _requested_up_to(pool: StakingPool, queue: Queue, number: int) -> int:
    """All that was ever requested up to a request, from it or from the one that follows."""
    if number == queue.last:
        return queue.requested
    if number in queue.requests:
        return queue.requests[number].until
    if number + 1 in queue.requests:
        following = queue.requests[number + 1]
        return following.until - following.assets
    raise MissingRead(
        f"request {number} of {pool.name} is of an account that is not tracked, so what is due up "
        "to it is not known: name the last request, or one of a tracked account"
    )


def _check_role(actor: Address, role: Address) -> None:
    if actor != role:
        raise custom("NotAllowed(address)", actor)


def _nothing() -> RevertError:
    return custom("Nothing()")
