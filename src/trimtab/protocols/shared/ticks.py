"""Ticks and square-root prices, exactly as Uniswap's TickMath.sol has them.

A tick is a power of 1.0001; a price is token1 per token0 in base units, kept as its square root
times 2**96.
"""

import math
from functools import lru_cache

from trimtab.protocols.shared.rounding import div_up

MIN_TICK = -887272
MAX_TICK = 887272
MIN_SQRT_PRICE = 4295128739
MAX_SQRT_PRICE = 1461446703485210103287273052203988822378723970342
Q96 = 1 << 96

# 2**128 / sqrt(1.0001) ** (2**bit) for each bit of a tick.
FACTORS = (
    0xFFFCB933BD6FAD37AA2D162D1A594001,
    0xFFF97272373D413259A46990580E213A,
    0xFFF2E50F5F656932EF12357CF3C7FDCC,
    0xFFE5CACA7E10E4E61C3624EAA0941CD0,
    0xFFCB9843D60F6159C9DB58835C926644,
    0xFF973B41FA98C081472E6896DFB254C0,
    0xFF2EA16466C96A3843EC78B326B52861,
    0xFE5DEE046A99A2A811C461F1969C3053,
    0xFCBE86C7900A88AEDCFFC83B479AA3A4,
    0xF987A7253AC413176F2B074CF7815E54,
    0xF3392B0822B70005940C7A398E4B70F3,
    0xE7159475A2C29B7443B29C7FA6E889D9,
    0xD097F3BDFD2022B8845AD8F792AA5825,
    0xA9F746462D870FDF8A65DC1F90E061E5,
    0x70D869A156D2A1B890BB3DF62BAF32F7,
    0x31BE135F97D08FD981231505542FCFA6,
    0x9AA508B5B7A84E1C677DE54F3E99BC9,
    0x5D6AF8DEDB81196699C329225EE604,
    0x2216E584F5FA1EA926041BEDFE98,
    0x48A170391F7DC42444E8FA2,
)
_LOG_OF_TICK = math.log(1.0001) / 2


@lru_cache(maxsize=1 << 14)
def sqrt_price_at_tick(tick: int) -> int:
    """The square-root price of a tick, times 2**96, rounded up. Source: getSqrtRatioAtTick.

    Raises ValueError for a tick outside MIN_TICK to MAX_TICK.
    """
    absolute = abs(tick)
    if absolute > MAX_TICK:
        raise ValueError(f"tick {tick} is outside {MIN_TICK} to {MAX_TICK}")
    ratio = 1 << 128
    for bit, factor in enumerate(FACTORS):
        if absolute >> bit & 1:
            ratio = ratio * factor >> 128
    if tick > 0:
        ratio = (2**256 - 1) // ratio
    return div_up(ratio, 1 << 32)


def tick_at_sqrt_price(sqrt_price_x96: int) -> int:
    """The greatest tick whose square-root price is not above this one.

    That is what getTickAtSqrtRatio finds through a binary logarithm; here a float names a tick
    near it and exact comparisons decide. Raises ValueError for a price outside MIN_SQRT_PRICE
    (included) to MAX_SQRT_PRICE (excluded).
    """
    if not MIN_SQRT_PRICE <= sqrt_price_x96 < MAX_SQRT_PRICE:
        raise ValueError(
            f"the square-root price {sqrt_price_x96} is outside "
            f"{MIN_SQRT_PRICE} to {MAX_SQRT_PRICE}, the last excluded"
        )
    near = math.floor(math.log(sqrt_price_x96 / Q96) / _LOG_OF_TICK)
    tick = min(max(near, MIN_TICK), MAX_TICK)
    while sqrt_price_at_tick(tick) > sqrt_price_x96:
        tick -= 1
    while sqrt_price_at_tick(tick + 1) <= sqrt_price_x96:
        tick += 1
    return tick
