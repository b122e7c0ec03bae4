"""What each of the pool's events does to its state, whoever caused it."""

from __future__ import annotations

from dataclasses import replace

from trimtab.core.quantise import Timestamp
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.protocols.staking.market import Request, StakingState


def staked(state: StakingState, owner: Address, assets: int, shares: int) -> StakingState:
    """After `Staked`: more is pooled, and more shares are of it."""
    minted = state.shares.moved(ZERO_ADDRESS, owner, shares)
    return replace(state, pooled=state.pooled + assets, shares=minted)


def requested(
    state: StakingState, number: int, owner: Address, shares: int, assets: int
) -> StakingState:
    """After `Requested`: shares are burnt, and what they were worth waits in the queue."""
    queue = state.queue
    until = queue.requested + assets
    requests = dict(queue.requests)
    if owner in state.shares.balances:
        requests[number] = Request(owner, assets, until)
    return replace(
        state,
        pooled=state.pooled - assets,
        shares=state.shares.moved(owner, ZERO_ADDRESS, shares),
        queue=replace(queue, last=number, requested=until, requests=requests),
    )


def finalised(state: StakingState, up_to: int, assets: int) -> StakingState:
    """After `Finalised`: what the next in the queue are due can be claimed."""
    queue = state.queue
    moved = replace(
        queue,
        finalised=up_to,
        ever_set_aside=queue.ever_set_aside + assets,
        set_aside=queue.set_aside + assets,
    )
    return replace(state, queue=moved)


def claimed(state: StakingState, number: int, assets: int) -> StakingState:
    """After `Claimed`: a request is paid and gone."""
    queue = state.queue
    left = {each: found for each, found in queue.requests.items() if each != number}
    return replace(state, queue=replace(queue, set_aside=queue.set_aside - assets, requests=left))


def reported(state: StakingState, pooled: int, at: Timestamp) -> StakingState:
    """After `Reported`: all shares together are worth what the oracle said."""
    return replace(state, pooled=pooled, reported_at=at)
