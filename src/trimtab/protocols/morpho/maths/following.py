"""What the contract's logs tell of a market's totals, folded in, for kernels: `events.observe`.

A log that the model has to judge is left to it: one that the contract would never emit, one after
which a total is below nothing or of over 256 bits, and one that names a tracked account.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from trimtab.core.kernel import Words, inlined, kernel, less, subtract
from trimtab.protocols.shared.limbs import (
    ZERO4,
    checked_add,
    checked_subtract,
    load,
    smaller,
    store,
    word4,
)
from trimtab.protocols.shared.runs import OF_MODEL

U64 = np.uint64

Rows = npt.NDArray[np.uint64]

# Rows of a market: assets and shares of its supply, those of its debt, and what is set or kept.
SUPPLY: Final = 0
DEBT: Final = 2
FEE: Final = 4
RATE: Final = 5
PLACE: Final = 6  # last update
MARKET_ROWS: Final = 7

# Rows of a log: its kind and the moment; then the words of its data.
KIND: Final = 0
TOLD: Final = 1
WORDS: Final = 5

# Kinds of logs, but those of `shared.runs`. One that is CALLED brings interest to account first,
# as all after it do; RATE_KEPT is of the rate model.
RATE_KEPT, CALLED, ACCRUED, FEE_SET, LIQUIDATED = range(2, 7)
SUPPLIED, WITHDRAWN, BORROWED, REPAID = range(7, 11)


@inlined
def less_debt(market: Rows, assets: Words, shares: Words) -> bool:
    """Takes from the debt, of whose assets there may be less; whether there were the shares."""
    owed, left = load(market, DEBT), load(market, DEBT + 1)
    if less(left, shares):
        return False
    store(market, DEBT, subtract(owed, smaller(owed, assets)))
    store(market, DEBT + 1, subtract(left, shares))
    return True


@inlined
def more(market: Rows, row: int, assets: Words, shares: Words) -> bool:
    """Adds assets and shares; whether they fit."""
    total, fits = checked_add(load(market, row), assets)
    parts, is_right = checked_add(load(market, row + 1), shares)
    if fits and is_right:
        store(market, row, total)
        store(market, row + 1, parts)
    return fits and is_right


@inlined
def withdrawn(market: Rows, assets: Words, shares: Words) -> bool:
    """Takes from the supply; whether there was as much."""
    total, fits = checked_subtract(load(market, SUPPLY), assets)
    parts, is_right = checked_subtract(load(market, SUPPLY + 1), shares)
    if fits and is_right:
        store(market, SUPPLY, total)
        store(market, SUPPLY + 1, parts)
    return fits and is_right


@inlined
def accrued(market: Rows, interest: Words, fee_shares: Words) -> bool:
    """Interest on the debt, earned by the supply, of which the fee gets shares."""
    owed, fits = checked_add(load(market, DEBT), interest)
    if not fits or not more(market, SUPPLY, interest, fee_shares):
        return False
    store(market, DEBT, owed)
    return True


@inlined
def liquidated(market: Rows, event: Rows) -> bool:
    """What was repaid, and what none was left for, which the supply bears."""
    lost, lost_shares = load(event, TOLD + 3), load(event, TOLD + 4)
    gone, fits = checked_add(load(event, TOLD + 1), lost_shares)
    if not fits or less(load(market, DEBT + 1), gone) or less(load(market, SUPPLY), lost):
        return False
    less_debt(market, load(event, TOLD), load(event, TOLD + 1))
    less_debt(market, lost, lost_shares)
    return withdrawn(market, lost, ZERO4)


@inlined
def told(market: Rows, event: Rows) -> bool:
    """Folds a log of the contract in, or leaves the totals alone; whether it was folded in."""
    kind = event[KIND, 0]
    if kind == U64(ACCRUED):
        return accrued(market, load(event, TOLD + 1), load(event, TOLD + 2))
    if kind == U64(SUPPLIED):
        return more(market, SUPPLY, load(event, TOLD), load(event, TOLD + 1))
    if kind == U64(WITHDRAWN):
        return withdrawn(market, load(event, TOLD + 1), load(event, TOLD + 2))
    if kind == U64(BORROWED):
        return more(market, DEBT, load(event, TOLD + 1), load(event, TOLD + 2))
    if kind == U64(REPAID):
        return less_debt(market, load(event, TOLD), load(event, TOLD + 1))
    if kind == U64(LIQUIDATED):
        return liquidated(market, event)
    if kind == U64(FEE_SET):
        store(market, FEE, load(event, TOLD))
    elif kind == U64(RATE_KEPT):
        store(market, RATE, load(event, TOLD + 1))
    return bool(kind != U64(OF_MODEL))


@kernel("int64(uint64[:,::1], uint64[:,:,::1])")
def follow(market: Rows, events: Rows) -> int:
    """Folds logs in until one that the model has to judge; how many were folded in."""
    for at in range(len(events)):
        event = events[at]
        if not told(market, event):
            return at
        if event[KIND, 0] >= U64(CALLED):
            store(market, PLACE, word4(event[KIND, 2]))
    return len(events)
