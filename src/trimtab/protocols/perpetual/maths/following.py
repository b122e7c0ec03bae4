"""What a market's logs tell of its funding and its price, folded in, for kernels.

`logs.observed` in words. A log that the model has to judge is left to it: one that the exchange
would never emit, one of prices at which ticks cannot be told apart, and one that names a tracked
account.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from trimtab.core.kernel import (
    Words,
    add,
    inlined,
    kernel,
    less,
    product,
    routine,
    shift_right,
    subtract,
)
from trimtab.protocols.perpetual.model.arithmetic import MILLION, WAD
from trimtab.protocols.perpetual.model.funding import REFERENCE_AGE
from trimtab.protocols.shared.limbs import (
    TOP,
    ZERO4,
    Index,
    divide_by_word,
    is_equal,
    load,
    smaller,
    store,
    words4,
)
from trimtab.protocols.shared.runs import OF_MODEL
from trimtab.protocols.shared.ticks import MAX_TICK, MIN_TICK
from trimtab.protocols.uniswap_v3.maths.prices import price_at_tick

U64 = np.uint64
Z = U64(0)
NEGATIVE = U64(1 << 63)
LONGEST = U64(1 << 32)  # seconds
HALF = U64(32)  # bits beyond whole words in 2**96
WADS, MILLIONS = U64(WAD), U64(MILLION)
REFERENCE_SECONDS = U64(REFERENCE_AGE)
SHORTEST_MEAN = U64(10)
LOWEST, HIGHEST = MIN_TICK, MAX_TICK
LEAST_MEAN = words4(1 << 20)  # times 10**18; from here on every tick has a price of its own
MOST_MEAN = words4(1 << 160)
MOST_PRICE = words4(1 << 160)

Rows = npt.NDArray[np.uint64]

# Rows of a market.
GROWTH: Final = 0  # modulo 2**256
PRICE: Final = 1
MOMENTS: Final = 2  # settled at, reference at, first traded
PLACE: Final = 3  # tick, reference tick, interval of funding, most funding
MARKET_ROWS: Final = 4

# Rows of a log: its kind and the moment; then the words of its data.
KIND: Final = 0
TOLD: Final = 1
WORDS: Final = 5

# Kinds of logs, but those of `shared.runs`.
FUNDING, SWAPPED = 2, 3


@inlined
def price_x96(root: Words) -> Words:
    """The price of a square root of it, both times 2**96; the root has at most 160 bits."""
    whole = product((root[0], root[1], root[2]), (root[0], root[1], root[2]))
    return shift_right((whole[1], whole[2], whole[3], whole[4]), HALF)


@inlined
def wad_of_x96(value: Words) -> Words:
    """A price times 2**96 as one times 10**18; it has at most 224 bits."""
    whole = product(value, (WADS,))
    return shift_right((whole[1], whole[2], whole[3], whole[4]), HALF)


@inlined
def x96_of_wad(value: Words) -> Words:
    """A price times 10**18 as one times 2**96; it has at most 160 bits."""
    shifted = product((value[0], value[1], value[2]), (Z, U64(1 << 32)))
    return divide_by_word((shifted[0], shifted[1], shifted[2], shifted[3]), WADS)[0]


@routine
def price_near(mean: Words) -> Words:
    """The price times 2**96 of the tick whose price times 10**18 is this, or else this itself."""
    lowest, highest = np.int64(LOWEST), np.int64(HIGHEST)
    while lowest < highest:  # the last tick with a price that is not above
        middle = lowest + (highest - lowest + 1) // 2
        if less(mean, wad_of_x96(_price_at(middle))):
            highest = middle - 1
        else:
            lowest = middle
    found = _price_at(lowest)
    return found if is_equal(wad_of_x96(found), mean) else x96_of_wad(mean)


@inlined
def _price_at(tick: Index) -> Words:
    """The price of a tick, times 2**96."""
    return price_x96(price_at_tick(tick))


@inlined
def mean_x96(market: Rows, mean: Words, now: U64) -> Words:
    """The mean price times 2**96 of which the log has the rounded one, times 10**18."""
    first = market[MOMENTS, 2]
    age = now - first if first != Z else Z
    if age < SHORTEST_MEAN or market[PLACE, 2] < SHORTEST_MEAN:
        spot = price_x96(load(market, PRICE))
        if is_equal(wad_of_x96(spot), mean):
            return spot
    return price_near(mean)


@inlined
def growth_for(market: Rows, mean: Words, index: Words, now: U64) -> tuple[Words, bool]:
    """The growth after a settlement of funding, and whether the kernel can tell it."""
    growth, elapsed = load(market, GROWTH), now - market[MOMENTS, 0]
    fits = not less(mean, LEAST_MEAN) and less(mean, MOST_MEAN) and less(index, MOST_MEAN)
    fits = fits and less(load(market, PRICE), MOST_PRICE) and market[MOMENTS, 2] <= now
    if not fits or now < market[MOMENTS, 0] or elapsed >= LONGEST:
        return growth, False
    index_x96, actual = x96_of_wad(index), mean_x96(market, mean, now)
    most = product(index_x96, (market[PLACE, 3],))
    bound = divide_by_word((most[0], most[1], most[2], most[3]), MILLIONS)[0]
    is_below = less(actual, index_x96)
    premium = subtract(index_x96, actual) if is_below else subtract(actual, index_x96)
    whole = product(smaller(premium, bound), (elapsed,))
    change = (whole[0], whole[1], whole[2], whole[3])
    fits = most[4] == Z and whole[4] == Z and (change[3] & NEGATIVE) == Z
    after = subtract(growth, change) if is_below else add(growth, change)
    # Of two signs, the growth's and the change's, the result has one.
    was_negative = (growth[3] & NEGATIVE) != Z
    is_negative = (after[3] & NEGATIVE) != Z
    return after, fits and (was_negative != is_below or is_negative == was_negative)


@inlined
def told_funding(market: Rows, event: Rows) -> bool:
    """A settlement of funding, and the tick that limits the price, if it is old."""
    now = event[KIND, 2]
    if market[MOMENTS, 0] != Z:
        growth, fits = growth_for(market, load(event, TOLD), load(event, TOLD + 1), now)
        if not fits:
            return False
        store(market, GROWTH, growth)
    market[MOMENTS, 0] = now
    if now >= market[MOMENTS, 1] + REFERENCE_SECONDS:
        market[MOMENTS, 1] = now
        market[PLACE, 1] = market[PLACE, 0]
    return True


@inlined
def told_swap(market: Rows, event: Rows) -> bool:
    """Where a swap left the pool."""
    tick = load(event, TOLD + 4)
    above = (tick[1], tick[2], tick[3], Z)
    negative = (TOP, TOP, TOP, Z)
    if not is_equal(above, negative if (tick[0] & NEGATIVE) != Z else ZERO4):
        return False
    store(market, PRICE, load(event, TOLD + 2))
    market[PLACE, 0] = tick[0]
    if market[MOMENTS, 2] == Z:
        market[MOMENTS, 2] = event[KIND, 2]
    return True


@kernel("int64(uint64[:,::1], uint64[:,:,::1])")
def follow(market: Rows, events: Rows) -> int:
    """Folds logs in until one that the model has to judge; how many were folded in."""
    for at in range(len(events)):
        event = events[at]
        kind = event[KIND, 0]
        if kind == U64(FUNDING):
            is_told = told_funding(market, event)
        elif kind == U64(SWAPPED):
            is_told = told_swap(market, event)
        else:
            is_told = bool(kind != U64(OF_MODEL))
        if not is_told:
            return at
    return len(events)
