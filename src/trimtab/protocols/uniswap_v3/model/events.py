"""What a pool's events tell of its state, exactly. Source: UniswapV3Pool.sol.

A Swap event names no fee growth, but its amounts and its last price fix every step between,
whatever kind of swap it was, so the swap is walked again. Where an event contradicts the state,
nothing of the ticks is believed any longer: they are all to be read anew.
"""

from dataclasses import replace

from trimtab.core.abi import UINT256_MAX
from trimtab.core.token import Address
from trimtab.protocols.shared.rounding import mul_div_down
from trimtab.protocols.uniswap_v3.market import NOTHING, PoolState, PositionKey
from trimtab.protocols.uniswap_v3.model.oracle import begun
from trimtab.protocols.uniswap_v3.model.positions import position_changed
from trimtab.protocols.uniswap_v3.model.step import (
    amount0_delta_up,
    amount1_delta_up,
    compute_swap_step,
)
from trimtab.protocols.uniswap_v3.model.swap import HIGHEST_LIMIT, INT256_MAX, LOWEST_LIMIT
from trimtab.protocols.uniswap_v3.model.walk import Q128, UINT128_MAX, Walk

# ------------------------------------------------------------------------------------- price


def initialized(state: PoolState, price: int, tick: int, at: int) -> PoolState:
    """The pool after Initialize, at its moment."""
    return replace(state, sqrt_price_x96=price, tick=tick, oracle=begun(at))


def swapped(
    state: PoolState,
    amount0: int,
    amount1: int,
    price: int,
    liquidity: int,
    tick: int,
    at: int,
) -> PoolState:
    """The pool after Swap, at its moment.

    Amounts are positive where they went in, the rest is as it ended.
    """
    zero_for_one = amount0 > 0 or (amount1 <= 0 and price < state.sqrt_price_x96)
    walk = _walk_again(state, zero_for_one, max(amount0, amount1), price)
    if walk is None or (walk.tick, walk.liquidity) != (tick, liquidity):
        return state.unread()
    return walk.arrived(state, at)


def _walk_again(state: PoolState, zero_for_one: bool, paid: int, last: int) -> Walk | None:
    """The walk that took `paid` to the price `last`, or none if there is no such walk.

    Every stop on the way was reached in full. What is left belongs to the stretch in which the
    swap ended, and what of it did not move the price was fee.
    """
    walk = Walk.start(state, zero_for_one)
    if not LOWEST_LIMIT <= last <= HIGHEST_LIMIT:
        return None  # no swap ends there, and no walk to there would
    if last > walk.price if zero_for_one else last < walk.price:
        return None
    while paid or walk.price != last:
        stop = walk.next_stop()
        if stop[2] < last if zero_for_one else stop[2] > last:
            price = last
            amount_in = (
                amount0_delta_up(last, walk.price, walk.liquidity)
                if zero_for_one
                else amount1_delta_up(walk.price, last, walk.liquidity)
            )
            fee = paid - amount_in
        else:
            price, amount_in, _, fee = compute_swap_step(
                walk.price, stop[2], walk.liquidity, INT256_MAX, state.fee
            )
        if fee < 0 or amount_in + fee > paid:
            return None
        walk.step(stop, price, amount_in, 0, fee)
        paid -= amount_in + fee
    return walk


# --------------------------------------------------------------------------------- liquidity


def minted(state: PoolState, key: PositionKey, amount: int, sender: Address, at: int) -> PoolState:
    """The pool after Mint. What an owner mints through the minter is followed from then on."""
    if sender == state.minter and key[0] in state.owners:
        state = replace(state, positions={key: NOTHING, **state.positions})
    return position_changed(state, key, amount, at) if state.is_whole else state.unread()


def burned(state: PoolState, key: PositionKey, amount: int, at: int) -> PoolState:
    """The pool after Burn."""
    return position_changed(state, key, -amount, at)


# -------------------------------------------------------------------------------------- fees


def flashed(state: PoolState, paid0: int, paid1: int) -> PoolState:
    """The pool after Flash: what was paid beyond the loan is fee."""
    growth0, owed0 = _flash_fee(state, paid0, state.fee_protocol % 16)
    growth1, owed1 = _flash_fee(state, paid1, state.fee_protocol >> 4)
    return replace(
        state,
        fee_growth_global0=state.fee_growth_global0 + growth0 & UINT256_MAX,
        fee_growth_global1=state.fee_growth_global1 + growth1 & UINT256_MAX,
        protocol_fees0=state.protocol_fees0 + owed0 & UINT128_MAX,
        protocol_fees1=state.protocol_fees1 + owed1 & UINT128_MAX,
    )


def _flash_fee(state: PoolState, paid: int, divisor: int) -> tuple[int, int]:
    """The fee growth and the protocol's part of a flash loan's payment in one token."""
    if paid == 0:
        return 0, 0
    owed = paid // divisor if divisor else 0
    return mul_div_down(paid - owed, Q128, state.liquidity), owed


def fee_protocol_set(state: PoolState, divisor0: int, divisor1: int) -> PoolState:
    """The pool after SetFeeProtocol."""
    return replace(state, fee_protocol=divisor0 + (divisor1 << 4))


def protocol_collected(state: PoolState, amount0: int, amount1: int) -> PoolState:
    """The pool after CollectProtocol."""
    return replace(
        state,
        protocol_fees0=state.protocol_fees0 - amount0,
        protocol_fees1=state.protocol_fees1 - amount1,
    )
