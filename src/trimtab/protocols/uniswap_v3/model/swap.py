"""Swaps in a pool, and through the router. Source: UniswapV3Pool.sol, SwapRouter.sol."""

from trimtab.core.actions import Swap, SwapExactOut
from trimtab.core.errors import NoRoute
from trimtab.core.states import Applied, Movement, Reverted, States, reverted
from trimtab.core.token import ZERO_ADDRESS
from trimtab.protocols.shared import tokens
from trimtab.protocols.shared.ticks import MAX_SQRT_PRICE, MIN_SQRT_PRICE
from trimtab.protocols.uniswap_v3.market import Pool, PoolState
from trimtab.protocols.uniswap_v3.model.step import compute_swap_step
from trimtab.protocols.uniswap_v3.model.walk import Walk

INT256_MAX = 2**255 - 1
UINT160_MAX = 2**160 - 1
LOWEST_LIMIT = MIN_SQRT_PRICE + 1
HIGHEST_LIMIT = MAX_SQRT_PRICE - 1


def last_price(zero_for_one: bool) -> int:
    """The limit that the router sets where it is given none: the last price there is."""
    return LOWEST_LIMIT if zero_for_one else HIGHEST_LIMIT


def swap(state: PoolState, zero_for_one: bool, amount: int, limit: int) -> Walk:
    """The walk of a swap that stops at `limit`, with what it did.

    `amount` goes in; a negative one comes out. It is less where the price reaches the limit first.
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
        remaining += amount_out if amount < 0 else -amount_in - step_fee
    return walk


def exact_input_single(states: States, pool: Pool, action: Swap) -> Applied | Reverted:
    """What the router's exactInputSingle does, in its order of checks.

    Assumes gas for every word of the bitmap that the swap walks through.
    """
    done = _through_router(states, pool, action, action.amount_in)
    if isinstance(done, Reverted):
        return done
    walk, applied = done
    if walk.amount_out < action.min_out:
        return reverted("Too little received")
    return applied


def exact_output_single(states: States, pool: Pool, action: SwapExactOut) -> Applied | Reverted:
    """What the router's exactOutputSingle does, as of `exact_input_single`.

    Less than the amount may come out only where a price limit is given.
    """
    done = _through_router(states, pool, action, -action.amount_out)
    if isinstance(done, Reverted):
        return done
    walk, applied = done
    if action.limit == 0 and walk.amount_out != action.amount_out:
        return Reverted(b"")
    if walk.amount_in > action.max_in:
        return reverted("Too much requested")
    return applied


def _through_router(
    states: States, pool: Pool, action: Swap | SwapExactOut, amount: int
) -> tuple[Walk, Applied] | Reverted:
    """The swap as far as both kinds share it; `amount` is signed as of `swap`."""
    zero_for_one = pool.is_zero_for_one(action.token_in)
    if action.token_out != (pool.token1 if zero_for_one else pool.token0):
        raise NoRoute(f"{pool.name} does not give {action.token_out} for {action.token_in}")
    state = states[pool]
    if state.timestamp > action.deadline:
        return reverted("Transaction too old")
    specified = amount if isinstance(action, Swap) else -amount
    if not (0 <= specified <= INT256_MAX and 0 <= action.limit <= UINT160_MAX):
        return Reverted(b"")
    limit = action.limit or last_price(zero_for_one)
    refused = refusal(state, zero_for_one, amount, limit)
    if refused is not None:
        return refused
    walk = swap(state, zero_for_one, amount, limit)
    paid = _settle(states, pool, action, walk)
    if isinstance(paid, Reverted):
        return paid
    return walk, Applied({pool.id: walk.arrived(state)}, paid)


def refusal(state: PoolState, zero_for_one: bool, amount: int, limit: int) -> Reverted | None:
    """With what the pool itself refuses a swap at once, none where it begins."""
    if amount == 0:
        return reverted("AS")
    if state.sqrt_price_x96 == 0:
        return reverted("LOK")
    price = state.sqrt_price_x96
    ahead = MIN_SQRT_PRICE < limit < price if zero_for_one else price < limit < MAX_SQRT_PRICE
    return None if ahead else reverted("SPL")


def _settle(
    states: States, pool: Pool, action: Swap | SwapExactOut, walk: Walk
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
