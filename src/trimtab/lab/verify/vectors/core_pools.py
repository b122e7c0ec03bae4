"""The pools that Uniswap's published swap tests begin with, by the names that they have there.

Facts of the test specification of v3-core (UniswapV3Pool.swaps.spec.ts): fee, tick spacing,
starting price and positions of each pool, and what the texts of its cases stand for.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

from trimtab.lab.world.spec import TICK_SPACING
from trimtab.protocols.shared.ticks import MAX_SQRT_PRICE, MAX_TICK, MIN_SQRT_PRICE
from trimtab.protocols.uniswap_v3.model.liquidity import most_per_tick

_LIQUIDITY = 2 * 10**18


@dataclass(frozen=True, slots=True)
class Position:
    """Liquidity between two ticks."""

    lower: int
    upper: int
    liquidity: int = _LIQUIDITY


@dataclass(frozen=True, slots=True)
class CorePool:
    """A pool as a test begins with it; `fee` in pips."""

    fee: int
    sqrt_price: int
    positions: tuple[Position, ...]

    @property
    def tick_spacing(self) -> int:
        """The spacing that goes with the fee."""
        return TICK_SPACING[self.fee]


def sqrt_price_of(token1: int, token0: int) -> int:
    """The square-root price of so much token1 for so much token0, times 2**96, rounded down."""
    return isqrt((token1 << 192) // token0)


def _everywhere(spacing: int, liquidity: int = _LIQUIDITY) -> Position:
    """A position over all that ticks of this spacing reach."""
    return Position(_lowest(spacing), -_lowest(spacing), liquidity)


def _lowest(spacing: int) -> int:
    return -(MAX_TICK // spacing) * spacing


_LOW, _MEDIUM, _HIGH = 500, 3000, 10_000
_ONE = sqrt_price_of(1, 1)
_AROUND = (Position(_lowest(60), -60), Position(60, -_lowest(60)))
_CLOSE_TO_MIN = 6085630636
"""For 1 to 2**127, whose quotient the tests round to 40 decimals before they take its root."""

CORE_POOLS = {
    "low fee, 1:1 price, 2e18 max range liquidity": CorePool(_LOW, _ONE, (_everywhere(10),)),
    "medium fee, 1:1 price, 2e18 max range liquidity": CorePool(_MEDIUM, _ONE, (_everywhere(60),)),
    "high fee, 1:1 price, 2e18 max range liquidity": CorePool(_HIGH, _ONE, (_everywhere(200),)),
    "medium fee, 10:1 price, 2e18 max range liquidity": CorePool(
        _MEDIUM, sqrt_price_of(10, 1), (_everywhere(60),)
    ),
    "medium fee, 1:10 price, 2e18 max range liquidity": CorePool(
        _MEDIUM, sqrt_price_of(1, 10), (_everywhere(60),)
    ),
    "medium fee, 1:1 price, 0 liquidity, all liquidity around current price": CorePool(
        _MEDIUM, _ONE, _AROUND
    ),
    "medium fee, 1:1 price, additional liquidity around current price": CorePool(
        _MEDIUM, _ONE, (_everywhere(60), *_AROUND)
    ),
    "low fee, large liquidity around current price (stable swap)": CorePool(
        _LOW, _ONE, (Position(-10, 10),)
    ),
    "medium fee, token0 liquidity only": CorePool(_MEDIUM, _ONE, (Position(0, 120_000),)),
    "medium fee, token1 liquidity only": CorePool(_MEDIUM, _ONE, (Position(-120_000, 0),)),
    "close to max price": CorePool(_MEDIUM, sqrt_price_of(2**127, 1), (_everywhere(60),)),
    "close to min price": CorePool(_MEDIUM, _CLOSE_TO_MIN, (_everywhere(60),)),
    "max full range liquidity at 1:1 price with default fee": CorePool(
        _MEDIUM, _ONE, (_everywhere(60, most_per_tick(60)),)
    ),
    "initialized at the max ratio": CorePool(_MEDIUM, MAX_SQRT_PRICE - 1, (_everywhere(60),)),
    "initialized at the min ratio": CorePool(_MEDIUM, MIN_SQRT_PRICE, (_everywhere(60),)),
}
