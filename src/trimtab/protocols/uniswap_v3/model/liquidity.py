"""Liquidity at the ticks of a pool. Source: Tick.sol, UniswapV3Pool.sol."""

from bisect import bisect_left
from dataclasses import replace

from trimtab.protocols.shared.ticks import MAX_TICK
from trimtab.protocols.uniswap_v3.market import PoolState, TickState
from trimtab.protocols.uniswap_v3.model.walk import UINT128_MAX


def liquidity_changed(state: PoolState, lower: int, upper: int, change: int) -> PoolState:
    """The pool with liquidity added to a range, or taken from it where the change is negative.

    Its ticks are unread where more is taken than there is. Source: Tick.sol `update`, `clear`.
    """
    if change == 0:
        return state
    ticks, bitmap = dict(state.ticks), list(state.initialized)
    for tick, net in ((lower, change), (upper, -change)):
        updated = _updated(state, tick, change, net)
        if updated.liquidity_gross < 0:
            return state.unread()
        at = bisect_left(bitmap, tick)
        if tick not in ticks:
            bitmap.insert(at, tick)
        ticks[tick] = updated
        if updated.liquidity_gross == 0:
            del ticks[tick], bitmap[at]
    in_range = lower <= state.tick < upper
    return replace(
        state,
        liquidity=state.liquidity + change if in_range else state.liquidity,
        initialized=tuple(bitmap),
        ticks=ticks,
    )


def _updated(state: PoolState, tick: int, change: int, net: int) -> TickState:
    known = state.ticks.get(tick)
    if known is None:
        # By convention all growth before a tick is initialised happened below it.
        is_below = tick <= state.tick
        outside0 = state.fee_growth_global0 if is_below else 0
        outside1 = state.fee_growth_global1 if is_below else 0
        return TickState(change, net, outside0, outside1)
    return replace(
        known,
        liquidity_gross=known.liquidity_gross + change,
        liquidity_net=known.liquidity_net + net,
    )


def most_per_tick(tick_spacing: int) -> int:
    """The most liquidity that may begin or end at one tick. Source: Tick.sol."""
    return UINT128_MAX // (2 * (MAX_TICK // tick_spacing) + 1)
