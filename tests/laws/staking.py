"""Drawn actions at a staking pool: stakes, the queue, and reports and finalisations on their edges.

The oracle and the operator are accounts of the world; others try what only they may.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from tests.laws.law import Draw, Port
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    Action,
    Approve,
    ClaimWithdrawal,
    FinaliseWithdrawals,
    ReportRewards,
    RequestWithdrawal,
    Stake,
    Transfer,
)
from trimtab.core.market import token_market
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.lab.world import CREDIT_WORLD
from trimtab.protocols.erc20 import Erc20State
from trimtab.protocols.staking import StakingPool
from trimtab.protocols.staking.model.verbs import INTERVAL, MOST_LOSS, MOST_REWARD, WHOLE

STRANGER = Address("0x" + "5" * 40)

Scene = tuple[States, StakingPool, Address, tuple[Address, ...]]
"""The states, the pool at hand, who acts, and all who may."""


def actions(draw: Draw, states: States, owners: tuple[Address, ...]) -> Action:
    """Something with the pool; mostly by somebody who can do it."""
    pools = [market for market in states.markets.values() if isinstance(market, StakingPool)]
    pool, actor = pools[draw(_PART) % len(pools)], owners[draw(_PART) % len(owners)]
    asked: Kind = draw(_KIND)
    holders = [owner for owner in owners if states[pool].shares.balance(owner)]
    if asked in (_request, _give_shares) and not _rarely(draw):
        actor = holders[draw(_PART) % len(holders)] if holders else actor
        asked = asked if holders else _stake
    if asked is _stake and not _rarely(draw):
        wallet = _wallet(states, pool)
        if 2 * wallet.allowance(actor, pool.address) <= wallet.balance(actor):
            raw = draw(st.sampled_from([UINT256_MAX, UINT256_MAX, wallet.balance(actor)]))
            return Approve(actor, token_market(pool.asset), pool.asset, pool.address, raw)
    return asked(draw, (states, pool, actor, owners))


# ------------------------------------------------------------------------------------ stakers


def _stake(draw: Draw, scene: Scene) -> Action:
    states, pool, actor, _ = scene
    balance = _wallet(states, pool).balance(actor)
    return Stake(actor, pool.id, pool.asset, _raws(draw, balance // 20, balance // 3, balance))


def _request(draw: Draw, scene: Scene) -> Action:
    states, pool, actor, _ = scene
    owned = states[pool].shares.balance(actor)
    return RequestWithdrawal(actor, pool.id, pool.asset, _raws(draw, owned, owned // 3))


def _claim(draw: Draw, scene: Scene) -> Action:
    """A request that is set aside, or waits, or is another's, or is none."""
    states, pool, actor, owners = scene
    queue = states[pool].queue
    due = [number for number in queue.requests if number <= queue.finalised]
    numbers = [*due, *due, *queue.requests, 0, queue.last + 1, UINT256_MAX]
    if due and not _rarely(draw):
        numbers = due
    number = numbers[draw(_PART) % len(numbers)]
    found = queue.requests.get(number)
    if found is not None and not _rarely(draw):
        actor = found.owner
    elif _rarely(draw):
        actor = owners[0]
    return ClaimWithdrawal(actor, pool.id, pool.asset, number)


# -------------------------------------------------------------------------------------- roles


def _report(draw: Draw, scene: Scene) -> Action:
    states, pool, actor, _ = scene
    state = states[pool]
    if not _rarely(draw):
        actor = pool.oracle
    if state.timestamp < state.reported_at + INTERVAL and not _rarely(draw):
        return _finalise(draw, scene)
    most_reward = state.pooled * MOST_REWARD // WHOLE
    most_loss = state.pooled * MOST_LOSS // WHOLE
    size = min(_raws(draw, most_reward, most_reward, most_loss), 2**255 - 1)
    change = -size if draw(_BESIDE) == 0 else size
    return ReportRewards(actor, pool.id, -(2**255) if _rarely(draw) and _rarely(draw) else change)


def _finalise(draw: Draw, scene: Scene) -> Action:
    """Up to a request of whom is tracked, or to the last; the sums of others are not known."""
    states, pool, actor, _ = scene
    queue = states[pool].queue
    waiting = [number for number in queue.requests if number > queue.finalised]
    edges = [queue.last, queue.last, queue.last + 1, queue.finalised, 0, UINT256_MAX]
    numbers = waiting if waiting and draw(_BESIDE) else edges
    operator = actor if _rarely(draw) else pool.operator
    return FinaliseWithdrawals(operator, pool.id, numbers[draw(_PART) % len(numbers)])


# ------------------------------------------------------------------ transfers and allowances


def _return(draw: Draw, scene: Scene) -> Action:
    """Tokens that come back from the validators, or from anybody."""
    states, pool, actor, _ = scene
    balance = _wallet(states, pool).balance(actor)
    raw = min(balance, _raws(draw, balance // 1000, states[pool].queue.waiting))
    return Transfer(actor, token_market(pool.asset), pool.asset, pool.address, raw)


def _give_shares(draw: Draw, scene: Scene) -> Action:
    states, pool, actor, owners = scene
    raw = _raws(draw, states[pool].shares.balance(actor))
    targets = (*owners, STRANGER, ZERO_ADDRESS, pool.address)
    return Transfer(actor, pool.id, pool.share, targets[draw(_PART) % len(targets)], raw)


def _allow(draw: Draw, scene: Scene) -> Action:
    states, pool, actor, _ = scene
    spenders = (pool.address, STRANGER, ZERO_ADDRESS)
    raw = _raws(draw, states[pool].shares.balance(actor))
    return Approve(actor, pool.id, pool.share, spenders[draw(_PART) % len(spenders)], raw)


# ------------------------------------------------------------------------------------- shared
# Strategies are made once: to make one takes longer than to draw from it.

Kind = Callable[[Draw, Scene], Action]
_KIND = st.sampled_from(
    [_stake] * 5
    + [_request] * 5
    + [_claim] * 4
    + [_report] * 4
    + [_finalise] * 3
    + [_return, _give_shares, _allow]
)
_TWELFTH = st.integers(0, 11)
_PART = st.integers(1, 1000)
_BESIDE = st.integers(-1, 1)
_DUST = st.one_of(st.integers(0, 4), st.integers(0, 10**4))
_BOUND = st.sampled_from([0, 1, 2**128, 2**255, UINT256_MAX - 1, UINT256_MAX])


def _raws(draw: Draw, *marks: int) -> int:
    """Base units: a part of a mark, at it or one beside it, dust, or a bound."""
    there = [mark for mark in marks if mark > 0] or [10**6]
    mark: int = there[draw(_PART) % len(there)]
    match draw(_TWELFTH):
        case 0 | 1 | 2 | 3:
            raw = mark * int(draw(_PART)) // 1000
        case 4 | 5 | 6 | 7 | 8:
            raw = mark + int(draw(_BESIDE))
        case 9 | 10:
            raw = int(draw(_DUST))
        case _:
            raw = int(draw(_BOUND))
    return min(max(0, raw), UINT256_MAX)


def _rarely(draw: Draw) -> bool:
    """True one time in twelve; Hypothesis favours the ends of a range."""
    return bool(draw(_TWELFTH) == 6)


def _wallet(states: States, pool: StakingPool) -> Erc20State:
    state = states.state(token_market(pool.asset))
    assert isinstance(state, Erc20State)
    return state


PORT = Port(
    "staking",
    actions,
    (
        *("Stake", "RequestWithdrawal", "ClaimWithdrawal"),
        *("ReportRewards", "FinaliseWithdrawals", "Transfer", "Approve"),
    ),
    protocols=("erc20", "staking"),
    world=CREDIT_WORLD,
)
