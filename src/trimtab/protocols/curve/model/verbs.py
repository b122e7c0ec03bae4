"""What a pool's functions do, each in the contract's own order of checks.

Arithmetic that fails reverts with no data, as Vyper has it; so it does where a share's balance is
too small. Whatever else refuses says so in words.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from trimtab.core.actions import (
    AddLiquidity,
    Approve,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Swap,
    Transfer,
)
from trimtab.core.errors import NoRoute
from trimtab.core.states import Applied, Movement, Reverted, States, reverted
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.protocols.curve.market import StablePool, StableState
from trimtab.protocols.curve.model import amounts
from trimtab.protocols.curve.model.checked import fits
from trimtab.protocols.curve.model.quotes import direction
from trimtab.protocols.shared import tokens

Verb = Callable[[], Applied | Reverted]
NOTHING_SAID = Reverted(b"")


def checked(verb: Verb) -> Applied | Reverted:
    """What a verb does; failing arithmetic is the revert that it is in the contract."""
    try:
        return verb()
    except ArithmeticError:
        return NOTHING_SAID


# ---------------------------------------------------------------------------------- the pool


def exchange(states: States, pool: StablePool, action: Swap) -> Applied | Reverted:
    """`exchange`: pays first by its books, then takes what is sold, then sends what is bought."""
    i, j = direction(pool, action.token_in, action.token_out)
    if action.limit:
        raise NoRoute(f"{pool.name} stops at no price: set no limit, it is {action.limit}")
    state = states[pool]
    done = amounts.exchanged(state, state.timestamp, i, j, action.amount_in)
    if done.amount_out < action.min_out:
        return reverted("Exchange resulted in fewer coins than expected")
    taken = _take(states, pool, action.token_in, action.actor, action.amount_in)
    if isinstance(taken, Reverted):
        return taken
    sent = _send(states, pool, action.token_out, action.recipient, done.amount_out)
    if isinstance(sent, Reverted):
        return sent
    return Applied({pool.id: replace(state, balances=done.balances)}, (taken, sent))


def add_liquidity(states: States, pool: StablePool, action: AddLiquidity) -> Applied | Reverted:
    """`add_liquidity` for the actor: takes every coin, then finds what it is worth in shares."""
    _check_tokens(pool, action.tokens, len(action.amounts))
    _check_no_ranges(pool, action.ticks)
    if any(action.least_amounts):
        raise NoRoute(f"{pool.name} bounds the shares alone: leave `least_amounts` out")
    state = states[pool]
    before = amounts.invariant(state, state.balances, state.timestamp)
    movements = []
    for coin, balance, amount in zip(pool.coins, state.balances, action.amounts, strict=True):
        if amount == 0:
            if state.shares.supply == 0:
                return NOTHING_SAID  # the first deposit has to be of every coin
            continue
        taken = _take(states, pool, coin, action.actor, amount)
        if isinstance(taken, Reverted):
            return taken
        fits(balance + amount)
        movements.append(taken)
    done = amounts.deposited(state, state.timestamp, action.amounts, before)
    if done.minted < action.least:
        return reverted("Slippage screwed you")
    fits(state.shares.supply + done.minted)
    shares = state.shares.moved(ZERO_ADDRESS, action.actor, done.minted)
    changed = replace(state, balances=done.balances, shares=shares)
    return Applied({pool.id: changed}, tuple(movements))


def remove_liquidity(
    states: States, pool: StablePool, action: RemoveLiquidity
) -> Applied | Reverted:
    """`remove_liquidity`: sends every coin's part, one after another, and burns at the end."""
    _check_tokens(pool, action.tokens, len(action.least))
    _check_no_ranges(pool, action.ticks)
    state = states[pool]
    movements, balances = [], []
    for index, least in enumerate(action.least):
        value = amounts.share_of(state, action.shares, index)
        if value < least:
            return reverted("Withdrawal resulted in fewer coins than expected")
        balances.append(fits(state.balances[index] - value))
        sent = _send(states, pool, pool.coins[index], action.recipient, value)
        if isinstance(sent, Reverted):
            return sent
        movements.append(sent)
    burnt = _burnt(replace(state, balances=tuple(balances)), action.actor, action.shares)
    return Applied({pool.id: burnt}, tuple(movements))


def remove_liquidity_one_coin(
    states: States, pool: StablePool, action: RemoveLiquidityOne
) -> Applied | Reverted:
    """`remove_liquidity_one_coin`: burns, then sends."""
    _check_tokens(pool, action.tokens, len(pool.coins))
    i = pool.index(action.token)
    state = states[pool]
    done = amounts.withdrawn_one(state, state.timestamp, action.shares, i)
    if done.amount_out < action.least:
        return reverted("Not enough coins removed")
    burnt = _burnt(replace(state, balances=done.balances), action.actor, action.shares)
    sent = _send(states, pool, action.token, action.recipient, done.amount_out)
    if isinstance(sent, Reverted):
        return sent
    return Applied({pool.id: burnt}, (sent,))


# --------------------------------------------------------------------------- the share token


def transfer(states: States, pool: StablePool, action: Transfer) -> Applied | Reverted:
    """`transfer` of shares; to the zero address too, which burns nothing."""
    _check_share(pool, action.token)
    state = states[pool]
    fits(state.shares.balance(action.actor) - action.amount)
    moved = state.shares.moved(action.actor, action.to, action.amount)
    shares = replace(moved, supply=state.shares.supply)
    return Applied({pool.id: replace(state, shares=shares)})


def approve(states: States, pool: StablePool, action: Approve) -> Applied | Reverted:
    """`approve` of shares, which refuses nobody."""
    _check_share(pool, action.token)
    state = states[pool]
    shares = state.shares.allowed(action.actor, action.spender, action.amount)
    return Applied({pool.id: replace(state, shares=shares)})


# ------------------------------------------------------------------------------------ parts


def _burnt(state: StableState, owner: Address, raw: int) -> StableState:
    fits(state.shares.supply - raw)
    fits(state.shares.balance(owner) - raw)
    return replace(state, shares=state.shares.moved(owner, ZERO_ADDRESS, raw))


def _take(
    states: States, pool: StablePool, coin: Token, owner: Address, raw: int
) -> Movement | Reverted:
    return tokens.take(states, coin, owner, pool.address, pool.address, raw)


def _send(
    states: States, pool: StablePool, coin: Token, recipient: Address, raw: int
) -> Movement | Reverted:
    return tokens.send(states, coin, pool.address, recipient, raw)


def _check_tokens(pool: StablePool, named: Sequence[Token], count: int) -> None:
    if tuple(named) != pool.coins or count != len(pool.coins):
        names = ", ".join(map(str, pool.coins))
        raise NoRoute(
            f"{pool.name} is of {names}, in this order: name them all, with a number for each"
        )


def _check_no_ranges(pool: StablePool, ticks: Sequence[int]) -> None:
    if ticks:
        raise NoRoute(f"{pool.name} has no ranges: leave `ticks` out")


def _check_share(pool: StablePool, token: Token) -> None:
    if token != pool.share:
        raise NoRoute(
            f"{token} at {token.address} is not the share token of {pool.name}, which is "
            f"{pool.address}: name its own market"
        )
