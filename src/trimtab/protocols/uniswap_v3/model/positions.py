"""Positions: liquidity in ranges, what it costs, gives and earns.

Source: UniswapV3Pool.sol, Position.sol, Tick.sol, LiquidityAmounts.sol.

An owner holds it at the pool itself. What is burned, and what fees have grown to, is owed until it
is collected.
"""

from __future__ import annotations

from dataclasses import replace

from trimtab.core.abi import UINT256_MAX
from trimtab.core.errors import MissingRead
from trimtab.core.market import Ticks
from trimtab.core.states import Reverted, reverted
from trimtab.protocols.shared.rounding import mul_div_down
from trimtab.protocols.shared.ticks import MAX_TICK, MIN_TICK, Q96, sqrt_price_at_tick
from trimtab.protocols.uniswap_v3.market import (
    NOTHING,
    PoolState,
    PositionKey,
    PositionState,
)
from trimtab.protocols.uniswap_v3.model.liquidity import liquidity_changed, most_per_tick
from trimtab.protocols.uniswap_v3.model.oracle import written
from trimtab.protocols.uniswap_v3.model.step import (
    amount0_delta_down,
    amount0_delta_up,
    amount1_delta_down,
    amount1_delta_up,
)
from trimtab.protocols.uniswap_v3.model.walk import Q128, UINT128_MAX

INT128_MAX = 2**127 - 1


def position_changed(state: PoolState, key: PositionKey, change: int, at: int) -> PoolState:
    """The pool after liquidity was added to a position at a moment, or taken from it.

    What is taken is owed. The oracle writes of the time before, if the range is in use. A position
    that is not tracked is not written. All is to be read anew where more is taken than there is.
    Source: UniswapV3Pool.sol `_modifyPosition`.
    """
    _, lower, upper = key
    known = state.positions.get(key) if key[0] in state.owners else None
    moved = liquidity_changed(state, lower, upper, change)
    if not moved.is_whole or (known is not None and known.liquidity + change < 0):
        return state.unread()
    if change and lower <= state.tick < upper:
        moved = replace(moved, oracle=written(state, at))
    if known is None:
        return moved
    # Ticks that the change clears are asked as they were before it, new ones as they are then.
    growth = fee_growth_inside(moved if change > 0 else state, lower, upper)
    owed0, owed1 = _owed(known, growth)
    gone0, gone1 = amounts_of(state, (lower, upper), max(-change, 0))
    changed = PositionState(
        known.liquidity + change,
        *growth,
        owed0 + gone0 & UINT128_MAX,
        owed1 + gone1 & UINT128_MAX,
    )
    return moved.with_position(key, changed)


# ----------------------------------------------------------------------------------- queries


def amounts_of(state: PoolState, ticks: Ticks, liquidity: int) -> tuple[int, int]:
    """The base units of both tokens that taking liquidity from a range now brings."""
    below, price, above = _prices(state, ticks)
    return (
        amount0_delta_down(price, above, liquidity),
        amount1_delta_down(below, price, liquidity),
    )


def cost_of(state: PoolState, ticks: Ticks, liquidity: int) -> tuple[int, int]:
    """The base units of both tokens that adding liquidity to a range now takes."""
    below, price, above = _prices(state, ticks)
    return amount0_delta_up(price, above, liquidity), amount1_delta_up(below, price, liquidity)


def liquidity_for_amounts(state: PoolState, ticks: Ticks, amounts: tuple[int, ...]) -> int:
    """The most liquidity that amounts of both tokens suffice for in a range, rounded down.

    Raises ValueError for a range without width. Source: LiquidityAmounts.sol
    `getLiquidityForAmounts`, without its bound of 128 bits.
    """
    found = liquidity_by_token(state, ticks, amounts)
    if not found:
        raise ValueError(f"no liquidity fits from tick {ticks[0]} to {ticks[1]}")
    return min(found)


def liquidity_by_token(state: PoolState, ticks: Ticks, amounts: tuple[int, ...]) -> tuple[int, ...]:
    """What liquidity each token that a range needs now suffices for; both within the range."""
    below, price, above = _prices(state, ticks)
    found = []
    if price < above:
        product = mul_div_down(price, above, Q96)
        found.append(mul_div_down(amounts[0], product, above - price))
    if price > below:
        found.append(mul_div_down(amounts[1], Q96, price - below))
    return tuple(found)


def fees_owed(state: PoolState, ticks: Ticks, position: PositionState) -> tuple[int, int]:
    """The base units of both tokens that a position could collect once it is brought up to date.

    Raises MissingRead where one of its ticks is unread.
    """
    if position.liquidity == 0:
        return position.owed0, position.owed1
    lower, upper = ticks
    return _owed(position, fee_growth_inside(state, lower, upper))


def fee_growth_inside(state: PoolState, lower: int, upper: int) -> tuple[int, int]:
    """Fee growth of both tokens within a range, as `TickState.fee_growth_outside` counts it.

    Raises MissingRead where one of its ticks is unread. Source: Tick.sol `getFeeGrowthInside`.
    """
    below, above = _outside(state, lower), _outside(state, upper)
    growth = (state.fee_growth_global0, state.fee_growth_global1)
    if state.tick < lower:
        below = (growth[0] - below[0], growth[1] - below[1])
    if state.tick >= upper:
        above = (growth[0] - above[0], growth[1] - above[1])
    return (
        growth[0] - below[0] - above[0] & UINT256_MAX,
        growth[1] - below[1] - above[1] & UINT256_MAX,
    )


def _outside(state: PoolState, tick: int) -> tuple[int, int]:
    found = state.ticks.get(tick)
    if found is not None:
        return found.fee_growth_outside0, found.fee_growth_outside1
    if state.is_whole:
        return 0, 0
    raise MissingRead(f"tick {tick} is unread: ask the next round of reads before using the state")


def _owed(position: PositionState, growth: tuple[int, int]) -> tuple[int, int]:
    """What is owed with what fees have grown to since; the contract lets both words wrap."""
    grown0 = growth[0] - position.fee_growth_inside0 & UINT256_MAX
    grown1 = growth[1] - position.fee_growth_inside1 & UINT256_MAX
    return (
        position.owed0 + mul_div_down(grown0, position.liquidity, Q128) & UINT128_MAX,
        position.owed1 + mul_div_down(grown1, position.liquidity, Q128) & UINT128_MAX,
    )


def _prices(state: PoolState, ticks: Ticks) -> tuple[int, int, int]:
    """The range's lowest price, the pool's within the range, and the range's highest."""
    below, above = (sqrt_price_at_tick(tick) for tick in ticks)
    return below, min(max(state.sqrt_price_x96, below), above), above


# ----------------------------------------------------------------------------------- changes


def mint(
    state: PoolState, key: PositionKey, liquidity: int, at: int
) -> tuple[PoolState, int, int] | Reverted:
    """The pool after its own `mint`, and what it takes of both tokens, before they are paid."""
    _, lower, upper = key
    if state.sqrt_price_x96 == 0:
        return reverted("LOK")
    if not 0 < liquidity <= INT128_MAX:
        return Reverted(b"")
    refused = _no_range(lower, upper)
    if refused is not None:
        return refused
    _check_whole(state)
    most = most_per_tick(state.tick_spacing)
    there = (state.ticks[tick].liquidity_gross for tick in (lower, upper) if tick in state.ticks)
    if max(there, default=0) + liquidity > most:
        return reverted("LO")
    if any(tick % state.tick_spacing for tick in (lower, upper)):
        return Reverted(b"")
    opened = replace(state, positions={key: NOTHING, **state.positions})
    taken = cost_of(state, (lower, upper), liquidity)
    return position_changed(opened, key, liquidity, at), *taken


def burn(state: PoolState, key: PositionKey, liquidity: int, at: int) -> PoolState | Reverted:
    """The pool after its own `burn`: what it gives is owed. None at all brings fees up to date."""
    _, lower, upper = key
    if state.sqrt_price_x96 == 0:
        return reverted("LOK")
    if liquidity > INT128_MAX:
        return Reverted(b"")
    refused = _no_range(lower, upper)
    if refused is not None:
        return refused
    _check_whole(state)
    there = state.positions.get(key, NOTHING).liquidity
    if there < liquidity:
        return reverted("LS")
    if there == 0:
        return reverted("NP")
    return position_changed(state, key, -liquidity, at)


def collected(state: PoolState, key: PositionKey, amounts: tuple[int, int]) -> PoolState:
    """The pool after it paid a position so much of what it owed it."""
    known = state.positions.get(key)
    if known is None:
        return state
    paid = replace(known, owed0=known.owed0 - amounts[0], owed1=known.owed1 - amounts[1])
    return state.with_position(key, paid)


def _check_whole(state: PoolState) -> None:
    if not state.is_whole:
        raise MissingRead(
            "some of the pool's ticks or observations are unread: "
            "ask the next round of reads before changing a range"
        )


def _no_range(lower: int, upper: int) -> Reverted | None:
    if lower >= upper:
        return reverted("TLU")
    if lower < MIN_TICK:
        return reverted("TLM")
    return reverted("TUM") if upper > MAX_TICK else None
