"""What the logs of the vault and of a pool tell of its state.

Swaps are told whole. A join or an exit is told in two parts: first the pool's mints and burns of
shares, then, by the vault, what it moved of each token. Neither names its kind, nor the amounts
of 18 decimals from which the pool computes the invariant that it keeps; but shares and amounts
together leave one kind, and that is computed again. Of the first join it is the invariant of the
balances. Should they leave several kinds, that differs by what rounding took, until the next
reading has the pool's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.protocols.balancer.market import Underway, WeightedState
from trimtab.protocols.balancer.model import pool as of_pool
from trimtab.protocols.balancer.model import weighted
from trimtab.protocols.balancer.model.checked import Refusal
from trimtab.protocols.balancer.model.pool import Change, Shared, Terms
from trimtab.protocols.balancer.model.vault import minted
from trimtab.protocols.balancer.model.weighted import Amounts

# ----------------------------------------------------------------------------------- of both


def swapped(state: WeightedState, i: int, amount_in: int, j: int, amount_out: int) -> WeightedState:
    """The state after the vault's Swap."""
    balances = list(state.balances)
    balances[i] += amount_in
    balances[j] -= amount_out
    return replace(state, balances=tuple(balances))


def shares_moved(state: WeightedState, source: Address, target: Address, raw: int) -> WeightedState:
    """The state after the pool's Transfer; mints and burns begin a join or an exit."""
    if ZERO_ADDRESS not in (source, target):
        return replace(state, shares=state.shares.moved(source, target, raw))
    underway = state.underway or Underway(state.shares.supply)
    if source != ZERO_ADDRESS:
        burnt = state.shares.moved(source, target, raw)
        return replace(state, shares=burnt, underway=replace(underway, burnt=raw))
    if target != state.pool.fees_collector:
        underway = replace(underway, minted=raw)
    return replace(state, shares=minted(state.shares, target, raw), underway=underway)


def balances_changed(state: WeightedState, deltas: tuple[int, ...]) -> WeightedState:
    """The state after the vault's PoolBalanceChanged."""
    balances = tuple(map(sum, zip(state.balances, deltas, strict=True)))
    found = {change.last_invariant for change in _changes(state, deltas)}
    last = found.pop() if len(found) == 1 else _invariant(replace(state, balances=balances))
    return replace(state, balances=balances, last_invariant=last, underway=None)


# -------------------------------------------------------------------------------- settings


def swap_fee_set(state: WeightedState, percentage: int) -> WeightedState:
    """The state after SwapFeePercentageChanged."""
    return replace(state, swap_fee=percentage)


def protocol_swap_fee_set(state: WeightedState, percentage: int) -> WeightedState:
    """The state after the protocol's part was taken over: what was due is minted by then."""
    effective = 0 if state.is_recovering else percentage
    last = _invariant(state)
    return replace(state, protocol_swap_fee=effective, last_invariant=last, underway=None)


def recovery_set(state: WeightedState, is_recovering: bool) -> WeightedState:
    """The state after RecoveryModeStateChanged.

    No log names the percentage that counts again after recovery: it is none until it is read.
    """
    state = replace(state, is_recovering=is_recovering, protocol_swap_fee=0)
    return replace(state, last_invariant=_invariant(state))


def _invariant(state: WeightedState) -> int:
    """The invariant of the balances; the last one that was, of an empty pool."""
    pool = state.pool
    if state.is_recovering:
        return 0
    try:
        return weighted.invariant_down(pool.weights, of_pool.scaled(pool, state.balances))
    except Refusal:
        return state.last_invariant


# ----------------------------------------------------------------------------------- kinds


def _changes(state: WeightedState, deltas: tuple[int, ...]) -> Iterator[Change]:
    """Every change that the pool would have told of like this."""
    underway, amounts = state.underway, tuple(map(abs, deltas))
    if underway is None:
        return
    is_exit = underway.burnt is not None
    shares = underway.burnt if is_exit else underway.minted
    if shares is None:
        return
    try:
        by = of_pool.terms(state, underway.supply)
    except Refusal:
        return
    settle = of_pool.left if is_exit else of_pool.joined
    for kind in _kinds(state, is_exit, shares, amounts):
        try:
            change = settle(state, by, kind(by))
        except Refusal:
            continue
        if change.shares == shares and change.amounts == amounts:
            yield change


Kind = Callable[[Terms], Shared]


def _kinds(state: WeightedState, is_exit: bool, shares: int, amounts: Amounts) -> Iterator[Kind]:
    """Every kind of join, or of exit, that the pool's code knows."""
    exact = of_pool.exact_tokens_out if is_exit else of_pool.exact_tokens_in
    every = of_pool.all_tokens_out if is_exit else of_pool.all_tokens_in
    one = of_pool.one_token_out if is_exit else of_pool.one_token_in
    yield partial(exact, state, raws=amounts)
    yield partial(every, shares=shares)
    for index in range(len(amounts)):
        yield partial(one, state, shares=shares, index=index)
