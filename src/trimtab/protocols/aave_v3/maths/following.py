"""What a pool's logs tell of its reserves, folded in, for kernels: `events.observe` in words.

A log that the model has to judge is left to it: one that the pool would never emit, one after
which a number has more bits than the pool stores, and one that names a tracked account.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from trimtab.core.kernel import Words, inlined, kernel, less, routine, subtract
from trimtab.protocols.aave_v3.maths.rays import (
    compounded_interest,
    is_double,
    linear_interest,
    percent_mul,
    ray_div,
    ray_mul,
)
from trimtab.protocols.shared.limbs import ZERO4, checked_add, is_zero, load, store
from trimtab.protocols.shared.runs import OF_MODEL

U64 = np.uint64
Z = U64(0)
LONGEST = U64(1 << 32)  # seconds

Rows = npt.NDArray[np.uint64]

# Rows of a reserve.
INDEX: Final = 0
RATE: Final = 1
DEBT_INDEX: Final = 2
DEBT_RATE: Final = 3
STABLE_RATE: Final = 4
TREASURY: Final = 5
SUPPLY: Final = 6
DEBT: Final = 7
ISOLATED: Final = 8
TERMS: Final = 9  # last update, the reserve's factor, the protocol's part of flash loans' premiums
RESERVE_ROWS: Final = 10

# Rows of a log: its kind, the reserve and the moment; then the words of its data.
KIND: Final = 0
TOLD: Final = 1
WORDS: Final = 5

# Kinds of logs, but those of `shared.runs`.
RATES, TREASURY_MINTED, ISOLATED_DEBT, PREMIUM = range(2, 6)
SUPPLY_MINTED, SUPPLY_BURNT, DEBT_MINTED, DEBT_BURNT = range(6, 10)


@routine
def updated(reserve: Rows, now: U64) -> tuple[Words, Words, Words, bool]:
    """Both indices and the treasury's share at a moment, and whether the kernel can tell them."""
    index, debt_index, treasury = (
        load(reserve, INDEX),
        load(reserve, DEBT_INDEX),
        load(reserve, TREASURY),
    )
    last = reserve[TERMS, 0]
    if now == last:
        return index, debt_index, treasury, True
    rate, debt_rate, debt = load(reserve, RATE), load(reserve, DEBT_RATE), load(reserve, DEBT)
    fits = is_double(index) and is_double(debt_index) and is_double(debt)
    fits = fits and is_double(rate) and is_double(debt_rate)
    elapsed = now - last
    if not fits or now < last or elapsed >= LONGEST:
        return index, debt_index, treasury, False
    grown, is_right = ray_mul(linear_interest(rate, elapsed), index)
    fits = is_right and is_double(grown)
    if is_zero(debt):
        return grown, debt_index, treasury, fits and not is_zero(grown)
    factor, is_right = compounded_interest(debt_rate, elapsed)
    fits = fits and is_right
    owing, is_right = ray_mul(factor, debt_index)
    fits = fits and is_right and is_double(owing)
    interest = subtract(ray_mul(debt, owing)[0], ray_mul(debt, debt_index)[0])
    part, is_right = percent_mul(interest, reserve[TERMS, 1])
    fits = fits and is_right
    share, is_right = ray_div(part, grown)
    fits = fits and is_right
    treasury, is_right = checked_add(treasury, share)
    return grown, owing, treasury, fits and is_right


@inlined
def changed(before: Words, event: Rows, is_burnt: bool) -> tuple[Words, bool]:
    """A scaled sum after a mint or a burn, and whether the kernel can tell it.

    A burn of less than the interest that it brings to account is logged as a mint.
    """
    value, interest, index = load(event, TOLD), load(event, TOLD + 1), load(event, TOLD + 2)
    if is_burnt:
        amount, fits = checked_add(value, interest)
        is_less = True
    else:
        is_less = less(value, interest)
        amount = subtract(interest, value) if is_less else subtract(value, interest)
        fits = True
    scaled, is_right = ray_div(amount, index)
    fits = fits and is_right and is_double(index)
    if is_less:
        return subtract(before, scaled), fits and not less(before, scaled)
    after, is_right = checked_add(before, scaled)
    return after, fits and is_right


@inlined
def brought(reserve: Rows, now: U64, index: Words, debt_index: Words, treasury: Words) -> None:
    """Writes what an update gave."""
    store(reserve, INDEX, index)
    store(reserve, DEBT_INDEX, debt_index)
    store(reserve, TREASURY, treasury)
    reserve[TERMS, 0] = now


@inlined
def told_rates(reserve: Rows, event: Rows) -> bool:
    """The rates and indices of a log; a flash loan's fee moves an index too."""
    _, _, treasury, fits = updated(reserve, event[KIND, 2])
    if fits:
        brought(reserve, event[KIND, 2], load(event, TOLD + 3), load(event, TOLD + 4), treasury)
        store(reserve, RATE, load(event, TOLD))
        store(reserve, STABLE_RATE, load(event, TOLD + 1))
        store(reserve, DEBT_RATE, load(event, TOLD + 2))
    return fits


@inlined
def told_debt(reserve: Rows, event: Rows, is_burnt: bool) -> bool:
    """A debt minted or burnt, which comes before the log of the rates."""
    index, debt_index, treasury, fits = updated(reserve, event[KIND, 2])
    after, is_right = changed(load(reserve, DEBT), event, is_burnt)
    if fits and is_right:
        brought(reserve, event[KIND, 2], index, debt_index, treasury)
        store(reserve, DEBT, after)
    return fits and is_right


@inlined
def told_supply(reserve: Rows, event: Rows, is_burnt: bool) -> bool:
    """A supply minted or burnt, after the log of the rates."""
    after, fits = changed(load(reserve, SUPPLY), event, is_burnt)
    if fits:
        store(reserve, SUPPLY, after)
    return fits


@inlined
def told_premium(reserve: Rows, event: Rows) -> bool:
    """The treasury's part of a flash loan's premium."""
    index = load(reserve, INDEX)
    part, fits = percent_mul(load(event, TOLD + 3), reserve[TERMS, 2])
    share, is_right = ray_div(part, index)
    fits = fits and is_right and is_double(index) and is_double(share)
    treasury, is_right = checked_add(load(reserve, TREASURY), share)
    if fits and is_right:
        store(reserve, TREASURY, treasury)
    return fits and is_right


@inlined
def told(reserve: Rows, event: Rows) -> bool:
    """Folds one log in, or leaves the reserve alone; whether it was folded in."""
    kind = event[KIND, 0]
    if kind == U64(RATES):
        return told_rates(reserve, event)
    if kind == U64(SUPPLY_MINTED) or kind == U64(SUPPLY_BURNT):
        return told_supply(reserve, event, bool(kind == U64(SUPPLY_BURNT)))
    if kind == U64(DEBT_MINTED) or kind == U64(DEBT_BURNT):
        return told_debt(reserve, event, bool(kind == U64(DEBT_BURNT)))
    if kind == U64(PREMIUM):
        return told_premium(reserve, event)
    if kind == U64(TREASURY_MINTED):
        store(reserve, TREASURY, ZERO4)
    elif kind == U64(ISOLATED_DEBT):
        store(reserve, ISOLATED, load(event, TOLD))
    return bool(kind != U64(OF_MODEL))


@kernel("int64(uint64[:,:,::1], uint64[:,:,::1])")
def follow(reserves: Rows, events: Rows) -> int:
    """Folds logs in until one that the model has to judge; how many were folded in."""
    for at in range(len(events)):
        event = events[at]
        if not told(reserves[np.int64(event[KIND, 1])], event):
            return at
    return len(events)
