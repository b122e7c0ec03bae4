"""What a range of a Uniswap V3 pool takes and gives at the worst price within a tolerance."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import isqrt

from trimtab.core.market import Ticks
from trimtab.protocols.shared.ticks import MAX_SQRT_PRICE, MIN_SQRT_PRICE, tick_at_sqrt_price
from trimtab.protocols.uniswap_v3 import PoolState, amounts_of, liquidity_for_amounts


def least_amounts(
    state: PoolState, ticks: Ticks, liquidity: int, tolerance: Fraction
) -> tuple[int, ...]:
    """The least of each token that removing liquidity brings while the price stays so near.

    The higher the price the less token0 there is in a range, and the more token1.
    """
    ends = [amounts_of(each, ticks, liquidity) for each in _ends(state, tolerance)]
    return tuple(map(min, zip(*ends, strict=True)))


def least_liquidity(
    state: PoolState, ticks: Ticks, amounts: tuple[int, ...], tolerance: Fraction
) -> int:
    """The least liquidity that amounts buy while the price stays so near.

    It is the smaller of what token0 buys, more with a higher price, and of what token1 buys,
    less with it: so it is least at one of the ends.
    """
    return min(liquidity_for_amounts(each, ticks, amounts) for each in _ends(state, tolerance))


def _ends(state: PoolState, tolerance: Fraction) -> tuple[PoolState, PoolState]:
    return _moved(state, 1 - tolerance), _moved(state, 1 + tolerance)


def _moved(state: PoolState, by: Fraction) -> PoolState:
    """The state at a price times `by`."""
    root = isqrt(state.sqrt_price_x96**2 * by.numerator // by.denominator)
    price = min(max(root, MIN_SQRT_PRICE), MAX_SQRT_PRICE - 1)
    return replace(state, sqrt_price_x96=price, tick=tick_at_sqrt_price(price))
