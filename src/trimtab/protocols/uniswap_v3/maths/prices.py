"""Square-root prices of ticks, for kernels: `protocols.shared.ticks` in words."""

import numpy as np

from trimtab.core.kernel import Words, add, product, routine
from trimtab.protocols.shared.limbs import MAX4, Index, divide
from trimtab.protocols.shared.ticks import FACTORS

U64 = np.uint64
Z = U64(0)
ONE = U64(1)
LOWER = tuple(U64(factor % 2**64) for factor in FACTORS)
UPPER = tuple(U64(factor >> 64) for factor in FACTORS)
HALF = U64(32)
LOWER_HALF = U64(0xFFFFFFFF)


@routine
def price_at_tick(tick: Index) -> Words:
    """The square-root price of a tick, times 2**96, rounded up. Source: getSqrtRatioAtTick."""
    absolute = U64(tick if tick >= 0 else -tick)
    ratio = (Z, Z, ONE)
    for bit in range(20):
        if (absolute >> U64(bit)) & ONE:
            whole = product(ratio, (LOWER[bit], UPPER[bit]))
            ratio = (whole[2], whole[3], whole[4])
    if tick > 0:
        inverse = divide(MAX4, (ratio[0], ratio[1], ratio[2], Z))[0]
    else:
        inverse = (ratio[0], ratio[1], ratio[2], Z)
    has_rest = ONE if inverse[0] & LOWER_HALF else Z
    price = (
        (inverse[0] >> HALF) | (inverse[1] << HALF),
        (inverse[1] >> HALF) | (inverse[2] << HALF),
        (inverse[2] >> HALF) | (inverse[3] << HALF),
    )
    return add(price, (has_rest,))
