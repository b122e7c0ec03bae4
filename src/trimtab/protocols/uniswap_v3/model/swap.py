"""An exact-in swap in a pool, and through the router. Source: UniswapV3Pool.sol, SwapRouter.sol."""

from trimtab.core.actions import Swap
from trimtab.core.errors import NoRoute
from trimtab.core.states import Applied, Movement, Reverted, States, reverted
from trimtab.core.token import ZERO_ADDRESS
from trimtab.protocols.shared import tokens
from trimtab.protocols.shared.ticks import MAX_SQRT_PRICE, MIN_SQRT_PRICE
from trimtab.protocols.uniswap_v3.market import Pool, PoolState
from trimtab.protocols.uniswap_v3.model.step import compute_swap_step
from trimtab.protocols.uniswap_v3.model.walk import Walk

INT256_MAX = 2**255 - 1
LOWEST_LIMIT = MIN_SQRT_PRICE + 1
HIGHEST_LIMIT = MAX_SQRT_PRICE - 1


def last_price(zero_for_one: bool) -> int:
    """The limit that the router sets where it is given none: the last price there is."""
    return LOWEST_LIMIT if zero_for_one else HIGHEST_LIMIT


def swap(state: PoolState, zero_for_one: bool, amount: int, limit: int) -> Walk:
    """The walk of an exact-in swap of `amount` that stops at `limit`, with what it did.

    It takes less than `amount` where the price reaches the limit first.
    """
    walk = Walk.start(state, zero_for_one)
    remaining, fee = amount, state.fee
    while remaining and walk.price != limit:
        stop = walk.next_stop()
        target = max(stop[2], limit) if zero_for_one else min(stop[2], limit)
        price, amount_in, amount_out, step_fee = compute_swap_step(
            walk.price, target, walk.liquidity, remaining, fee
        )
        walk.step(stop, price, amount_in, amount_out, step_fee)
        remaining -= amount_in + step_fee
    return walk


def exact_input_single(states: States, pool: Pool, action: Swap) -> Applied | Reverted:
    """What the router's exactInputSingle does, in its order of checks; no price limit.

    Assumes gas for every word of the bitmap that the swap walks through.
    """
    zero_for_one = pool.is_zero_for_one(action.token_in)
    if action.token_out != (pool.token1 if zero_for_one else pool.token0):
        raise NoRoute(f"{pool.name} does not give {action.token_out} for {action.token_in}")
    state = states[pool]
    if state.timestamp > action.deadline:
        return reverted("Transaction too old")
    refused = _refusal(state, zero_for_one, action.amount_in)
    if refused is not None:
        return refused
    walk = swap(state, zero_for_one, action.amount_in, last_price(zero_for_one))
    paid = _settle(states, pool, action, walk)
    if isinstance(paid, Reverted):
        return paid
    if walk.amount_out < action.min_out:
        return reverted("Too little received")
    return Applied({pool.id: walk.arrived(state)}, paid)


def _refusal(state: PoolState, zero_for_one: bool, amount: int) -> Reverted | None:
    if not 0 <= amount <= INT256_MAX:
        return Reverted(b"")
    if amount == 0:
        return reverted("AS")
    if state.sqrt_price_x96 == 0:
        return reverted("LOK")
    limit = last_price(zero_for_one)
    if limit >= state.sqrt_price_x96 if zero_for_one else limit <= state.sqrt_price_x96:
        return reverted("SPL")
    return None


def _settle(
    states: States, pool: Pool, action: Swap, walk: Walk
) -> tuple[Movement, ...] | Reverted:
    """The output first, then the payment by allowance; each token's own refusal is renamed."""
    recipient = pool.router if action.recipient == ZERO_ADDRESS else action.recipient
    done = []
    if walk.amount_out:
        sent = tokens.send(states, action.token_out, pool.address, recipient, walk.amount_out)
        if isinstance(sent, Reverted):
            return reverted("TF")
        done.append(sent)
    if not walk.amount_in:
        return Reverted(b"")  # the callback's bare require: nothing swapped where nothing lies
    taken = tokens.take(
        states, action.token_in, action.actor, pool.router, pool.address, walk.amount_in
    )
    if isinstance(taken, Reverted):
        return reverted("STF")
    return (*done, taken)
