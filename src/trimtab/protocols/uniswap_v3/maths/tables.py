"""The tables of a pool's quotes, made of its state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

import numpy as np

from trimtab.core.errors import DataError
from trimtab.protocols.shared.limbs import packed
from trimtab.protocols.shared.ticks import MAX_TICK, MIN_TICK
from trimtab.protocols.uniswap_v3.market import PoolState
from trimtab.protocols.uniswap_v3.maths import segments as layout
from trimtab.protocols.uniswap_v3.maths.segments import Table, fill
from trimtab.protocols.uniswap_v3.model.swap import HIGHEST_LIMIT, LOWEST_LIMIT

UINT128 = 1 << 128
SPARE_ROWS = 64


def table_of(state: PoolState, *, zero_for_one: bool) -> Table:
    """The table of a pool in one direction."""
    stops = _stops(state, zero_for_one)
    ends = set(_word_ends(state.tick_spacing, zero_for_one))
    table: Table = np.zeros((layout.FIELDS, _capacity(len(stops)), 4), np.uint64)
    beyond = packed(_liquidity_beyond(state, stops, zero_for_one))
    table[layout.AT, : len(stops), :2] = beyond[:, :2]
    table[layout.AT, : len(stops), 2] = np.array(stops, np.int64).astype(np.uint64)
    table[layout.AT, : len(stops), 3] = [stop in ends for stop in stops]
    gross = [state.ticks[stop].liquidity_gross if stop in state.ticks else 0 for stop in stops]
    table[layout.GROSS, : len(stops)] = packed(gross)
    last, price = LOWEST_LIMIT if zero_for_one else HIGHEST_LIMIT, state.sqrt_price_x96
    table[layout.PRICE, len(stops) - 1] = packed((last,))
    here = state.liquidity | state.fee << 128 | zero_for_one << 192
    table[layout.HEAD, layout.NOW : layout.HERE + 1] = packed((price, here))
    table[layout.HEAD, layout.PLACE, 0] = len(stops)
    fill(table, state.tick)
    return table


def _word_ends(spacing: int, zero_for_one: bool) -> Iterable[int]:
    """The ticks at which a walk leaves a word of the bitmap, and both ends of all ticks."""
    last = 0 if zero_for_one else 255
    words = range((MIN_TICK // spacing >> 8), (MAX_TICK // spacing >> 8) + 1)
    inner = (((word << 8) + last) * spacing for word in words)
    return (MIN_TICK, *(tick for tick in inner if MIN_TICK < tick < MAX_TICK), MAX_TICK)


def _stops(state: PoolState, zero_for_one: bool) -> list[int]:
    ticks = {*_word_ends(state.tick_spacing, zero_for_one), *state.initialized}
    return sorted(ticks, reverse=zero_for_one)


def _liquidity_beyond(state: PoolState, stops: Sequence[int], zero_for_one: bool) -> list[int]:
    """The liquidity after each stop, counted from the pool's own where it stands."""
    nets = [state.ticks[stop].liquidity_net if stop in state.ticks else 0 for stop in stops]
    crossed = list(accumulate(-net if zero_for_one else net for net in nets))
    passed = sum(stop > state.tick if zero_for_one else stop <= state.tick for stop in stops)
    origin = state.liquidity - (crossed[passed - 1] if passed else 0)
    found = [origin + change for change in crossed]
    if not all(0 <= liquidity < UINT128 for liquidity in found):
        raise DataError("the ticks of the pool contradict its liquidity: read its state anew")
    return found


def _capacity(rows: int) -> int:
    return max(rows, layout.HEAD_ROWS) + SPARE_ROWS


def longer(table: Table) -> Table:
    """A copy with room for twice as many rows."""
    found: Table = np.zeros((layout.FIELDS, 2 * table.shape[1], 4), np.uint64)
    found[:, : table.shape[1]] = table
    return found
