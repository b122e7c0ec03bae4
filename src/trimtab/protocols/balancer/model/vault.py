"""What the vault does with a weighted pool, in the order of its checks, and the share token.

Source: Swaps.sol, PoolBalances.sol and AssetTransfersHandler.sol; BalancerPoolToken.sol. Each
function raises Refusal with what the contracts revert with, and NoRoute for what they cannot be
asked. The vault lets everyone leave, even while it is paused itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trimtab.core.actions import (
    AddLiquidity,
    Approve,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Swap,
    SwapExactOut,
    Transfer,
)
from trimtab.core.states import Applied, Movement, Reverted, States
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.protocols.balancer.market import WeightedPool, WeightedState
from trimtab.protocols.balancer.model import pool as of_pool
from trimtab.protocols.balancer.model import routes
from trimtab.protocols.balancer.model.checked import Code, Refusal, add, require, sub
from trimtab.protocols.balancer.model.pool import MINIMUM_SHARES, Change, Exchange
from trimtab.protocols.shared import tokens
from trimtab.protocols.shared.shares import Shares

# -------------------------------------------------------------------------------------- swaps


def swap(states: States, pool: WeightedPool, action: Swap) -> Applied:
    """`swap` of an exact amount in."""
    direction, state = routes.of_swap(pool, action), states[pool]
    _check_swap(state, action, action.amount_in)
    found = of_pool.exchange_given_in(state, *direction, action.amount_in)
    require(found.amount_out >= action.min_out, Code.SWAP_LIMIT)
    return _exchanged(states, state, action, found)


def swap_exact_out(states: States, pool: WeightedPool, action: SwapExactOut) -> Applied:
    """`swap` of an exact amount out."""
    direction, state = routes.of_swap(pool, action), states[pool]
    _check_swap(state, action, action.amount_out)
    found = of_pool.exchange_given_out(state, *direction, action.amount_out)
    require(found.amount_in <= action.max_in, Code.SWAP_LIMIT)
    return _exchanged(states, state, action, found)


def _check_swap(state: WeightedState, action: Swap | SwapExactOut, amount: int) -> None:
    of_pool.check_open(state.vault_pause)
    require(state.timestamp <= action.deadline, Code.SWAP_DEADLINE)
    require(amount > 0, Code.UNKNOWN_AMOUNT_IN_FIRST_SWAP)


def _exchanged(
    states: States, state: WeightedState, action: Swap | SwapExactOut, found: Exchange
) -> Applied:
    pool = state.pool
    movements = (
        *_taken(states, pool, action.actor, action.token_in, found.amount_in),
        *_sent(states, pool, action.recipient, action.token_out, found.amount_out),
    )
    return Applied({pool.id: replace(state, balances=found.balances)}, movements)


# ---------------------------------------------------------------------------- joins and exits


def join(states: States, pool: WeightedPool, action: AddLiquidity) -> Applied:
    """`joinPool` with exact amounts of all tokens; the first of a pool makes its price."""
    state = states[pool]
    routes.check_join(pool, action, state.shares.supply == 0)
    of_pool.check_open(state.vault_pause)
    of_pool.check_open(state.pool_pause)
    last, shares = _joined(state, action)
    balances, movements = list(state.balances), list[Movement]()
    for at, (token, amount) in enumerate(zip(pool.tokens, action.amounts, strict=True)):
        movements += _taken(states, pool, action.actor, token, amount)
        balances[at] = of_pool.cash(add(balances[at], amount))
    return _changed(state, balances, last, shares, movements)


def _joined(state: WeightedState, action: AddLiquidity) -> tuple[int, Shares]:
    """The invariant that is kept, and the shares. All of the amounts go in, whatever they make."""
    shares = state.shares
    if shares.supply == 0:
        made, last = of_pool.initialised(state, action.amounts)
        locked = minted(shares, ZERO_ADDRESS, MINIMUM_SHARES)
        return last, minted(locked, action.actor, made - MINIMUM_SHARES)
    by = of_pool.terms(state, shares.supply)
    found = of_pool.exact_tokens_in(state, by, action.amounts)
    require(found[0] >= action.least, Code.BPT_OUT_MIN_AMOUNT)
    change = of_pool.joined(state, by, found)
    paid = minted(shares, state.pool.fees_collector, change.fees)
    return change.last_invariant, minted(paid, action.actor, change.shares)


def exit_all(states: States, pool: WeightedPool, action: RemoveLiquidity) -> Applied:
    """`exitPool` of exact shares for all tokens, in proportion."""
    routes.check_exit(pool, action)
    change = redeemed(states[pool], action.shares)
    return _left(states, states[pool], action, change, action.least)


def redeemed(state: WeightedState, shares: int) -> Change:
    """What giving back exact shares for all tokens does."""
    of_pool.check_open(state.pool_pause)
    by = of_pool.terms(state, state.shares.supply)
    return of_pool.left(state, by, of_pool.all_tokens_out(by, shares))


def exit_one(states: States, pool: WeightedPool, action: RemoveLiquidityOne) -> Applied:
    """`exitPool` of exact shares for one token alone."""
    index, state = routes.of_exit_one(pool, action), states[pool]
    change = redeemed_one(state, action.shares, index)
    least = routes.least_of_one(pool, index, action.least)
    return _left(states, state, action, change, least)


def redeemed_one(state: WeightedState, shares: int, index: int) -> Change:
    """What giving back exact shares for one token alone does."""
    of_pool.check_open(state.pool_pause)
    by = of_pool.terms(state, state.shares.supply)
    return of_pool.left(state, by, of_pool.one_token_out(state, by, shares, index))


def _left(
    states: States,
    state: WeightedState,
    action: RemoveLiquidity | RemoveLiquidityOne,
    change: Change,
    least: Sequence[int],
) -> Applied:
    pool = state.pool
    shares = minted(state.shares, pool.fees_collector, change.fees)
    require(change.shares <= shares.balance(action.actor), Code.ERC20_BURN_EXCEEDS_BALANCE)
    balances, movements = list(state.balances), list[Movement]()
    for at, (token, amount) in enumerate(zip(pool.tokens, change.amounts, strict=True)):
        require(amount >= least[at], Code.EXIT_BELOW_MIN)
        movements += _sent(states, pool, action.recipient, token, amount)
        balances[at] = sub(balances[at], amount)
    burnt = shares.moved(action.actor, ZERO_ADDRESS, change.shares)
    return _changed(state, balances, change.last_invariant, burnt, movements)


def _changed(
    state: WeightedState,
    balances: Sequence[int],
    last_invariant: int,
    shares: Shares,
    movements: Sequence[Movement],
) -> Applied:
    changed = replace(
        state,
        balances=tuple(balances),
        last_invariant=last_invariant,
        shares=shares,
    )
    return Applied({state.pool.id: changed}, tuple(movements))


def _taken(
    states: States, pool: WeightedPool, owner: Address, token: Token, raw: int
) -> tuple[Movement, ...]:
    """What the vault takes by allowance, or nothing; the token's own refusal passes through."""
    if raw == 0:
        return ()
    return (_passed(tokens.take(states, token, owner, pool.vault, pool.vault, raw)),)


def _sent(
    states: States, pool: WeightedPool, recipient: Address, token: Token, raw: int
) -> tuple[Movement, ...]:
    if raw == 0:
        return ()
    return (_passed(tokens.send(states, token, pool.vault, recipient, raw)),)


def _passed(movement: Movement | Reverted) -> Movement:
    if isinstance(movement, Reverted):
        raise Refusal(movement)
    return movement


# ------------------------------------------------------------------------------- share token


def minted(shares: Shares, target: Address, raw: int) -> Shares:
    """The shares after a mint, of which some are nobody's for ever."""
    return replace(shares.moved(ZERO_ADDRESS, target, raw), supply=shares.supply + raw)


def transfer(states: States, pool: WeightedPool, action: Transfer) -> Applied:
    """`transfer` of shares."""
    routes.check_share(pool, action)
    state = states[pool]
    require(action.to != ZERO_ADDRESS, Code.ERC20_TRANSFER_TO_ZERO_ADDRESS)
    balance = state.shares.balance(action.actor)
    require(action.amount <= balance, Code.ERC20_TRANSFER_EXCEEDS_BALANCE)
    moved = state.shares.moved(action.actor, action.to, action.amount)
    return Applied({pool.id: replace(state, shares=moved)})


def approve(states: States, pool: WeightedPool, action: Approve) -> Applied:
    """`approve` of shares. What the vault is allowed is boundless, whatever is written."""
    routes.check_share(pool, action)
    state = states[pool]
    allowed = state.shares.allowed(action.actor, action.spender, action.amount)
    return Applied({pool.id: replace(state, shares=allowed)})
