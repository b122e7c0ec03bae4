"""Others' events, many at once, folded into a pool at the speed of the machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from trimtab.core.errors import MissingRead
from trimtab.protocols.shared.limbs import packed, unpacked
from trimtab.protocols.uniswap_v3.market import PoolState, TickState
from trimtab.protocols.uniswap_v3.maths.following import CHANGED, EVENT_ROWS, SWAPPED, follow
from trimtab.protocols.uniswap_v3.maths.ticks import (
    AMOUNTS,
    GROWTH,
    HERE,
    OUTSIDE,
    OWED,
    PLACE,
    POOL_ROWS,
    PRICE,
    TICK_ROWS,
)

_SPARE_TICKS = 64
_WORD, _UINT128, _UINT256 = 1 << 64, 1 << 128, 1 << 256

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Swapped:
    """What a Swap event says: amounts are positive where they went in, the rest is as it ended."""

    amount0: int
    amount1: int
    sqrt_price_x96: int
    liquidity: int
    tick: int


@dataclass(frozen=True, slots=True)
class LiquidityChanged:
    """What a Mint event says, or a Burn event with a negative change."""

    lower: int
    upper: int
    change: int


Event = Swapped | LiquidityChanged


def event_rows(events: Sequence[Event]) -> Words:
    """The events as words, five rows of four for each."""
    raw = b"".join(map(_event_bytes, events))
    return np.frombuffer(raw, "<u8").reshape(-1, EVENT_ROWS, 4).astype(np.uint64)


def _event_bytes(event: Event) -> bytes:
    if isinstance(event, Swapped):
        kind = SWAPPED | event.tick % _WORD << 64
        whole = (
            kind
            | event.sqrt_price_x96 << 256
            | event.liquidity << 512
            | event.amount0 % _UINT256 << 768
            | event.amount1 % _UINT256 << 1024
        )
    else:
        kind = CHANGED | event.lower % _WORD << 64 | event.upper % _WORD << 128
        whole = kind | event.change % _UINT128 << 256 | (event.change < 0) << 512
    return whole.to_bytes(32 * EVENT_ROWS, "little")


class FollowedPool:
    """A pool that follows its own events, equal to the model's `swapped` and `liquidity_changed`.

    Raises MissingRead for a pool of whose ticks part is unread.
    """

    __slots__ = ("_base", "_is_believed", "_order", "_pool", "_slots")

    def __init__(self, state: PoolState) -> None:
        if state.missing_words or state.missing_ticks:
            raise MissingRead(
                f"{len(state.missing_words)} words of the tick bitmap and "
                f"{len(state.missing_ticks)} ticks are unread: ask the next round of reads"
            )
        self._base, self._is_believed = state, True
        self._pool = _pool_rows(state)
        self._order, self._slots = _tick_rows(state)

    def advance(self, events: Words) -> int:
        """Folds in events, as `event_rows` makes them; how many, fewer if one contradicts.

        After that nothing is believed of the ticks, and MissingRead is raised for further events.
        """
        if not self._is_believed:
            raise MissingRead("an event contradicted the pool's ticks: they are to be read anew")
        self._make_room(2 * int(np.count_nonzero(events[:, 0, 0] == CHANGED)))
        done = int(follow(self._pool, self._order, self._slots, events))
        self._is_believed = done == len(events)
        return done

    @property
    def state(self) -> PoolState:
        """The pool now; of its oracle only what it was before the events, to be read anew."""
        rows = unpacked(self._pool)
        tick, count = int(self._pool[PLACE, 0].astype(np.int64)), int(self._pool[PLACE, 1])
        moved = replace(
            self._base,
            sqrt_price_x96=rows[PRICE],
            tick=tick,
            liquidity=rows[HERE] % _UINT128,
            fee_growth_global0=rows[GROWTH],
            fee_growth_global1=rows[GROWTH + 1],
            protocol_fees0=rows[OWED] % _UINT128,
            protocol_fees1=rows[OWED] >> 128,
            oracle=self._base.oracle.unread(),
        )
        if not self._is_believed:
            return moved.unread()
        ticks = [int(one) for one in self._order[:count, 0]]
        known = self._slots[self._order[:count, 1]]
        amounts, outside0, outside1 = (
            unpacked(known[:, row]) for row in (AMOUNTS, OUTSIDE, OUTSIDE + 1)
        )
        states = map(_tick_state, amounts, outside0, outside1)
        return replace(moved, initialized=tuple(ticks), ticks=dict(zip(ticks, states, strict=True)))

    def _make_room(self, wanted: int) -> None:
        have, used = len(self._order), int(self._pool[PLACE, 1])
        if used + wanted <= have:
            return
        more = max(wanted, have)
        slots = np.arange(have, have + more, dtype=np.int64)
        free = np.stack([np.zeros(more, np.int64), slots], axis=1)
        self._order = np.concatenate([self._order, free])
        self._slots = np.concatenate([self._slots, np.zeros((more, TICK_ROWS, 4), np.uint64)])


def _pool_rows(state: PoolState) -> Words:
    rows = [0] * (2 * POOL_ROWS)
    rows[PRICE] = state.sqrt_price_x96
    rows[HERE] = state.liquidity | state.fee << 128 | state.tick_spacing << 192
    rows[GROWTH], rows[GROWTH + 1] = state.fee_growth_global0, state.fee_growth_global1
    rows[OWED] = state.protocol_fees0 | state.protocol_fees1 << 128
    divisors = state.fee_protocol % 16 << 128 | state.fee_protocol >> 4 << 192
    rows[PLACE] = state.tick % _WORD | len(state.initialized) << 64 | divisors
    return packed(rows)


def _tick_rows(state: PoolState) -> tuple[npt.NDArray[np.int64], Words]:
    count = len(state.initialized)
    order = np.zeros((count + _SPARE_TICKS, 2), np.int64)
    order[:count, 0] = state.initialized
    order[:, 1] = np.arange(len(order))
    slots: Words = np.zeros((len(order), TICK_ROWS, 4), np.uint64)
    known = [state.ticks[tick] for tick in state.initialized]
    amounts = [one.liquidity_gross | one.liquidity_net % _UINT128 << 128 for one in known]
    slots[:count, AMOUNTS] = packed(amounts)
    slots[:count, OUTSIDE] = packed([one.fee_growth_outside0 for one in known])
    slots[:count, OUTSIDE + 1] = packed([one.fee_growth_outside1 for one in known])
    return order, slots


def _tick_state(amounts: int, outside0: int, outside1: int) -> TickState:
    net = amounts >> 128
    return TickState(amounts % _UINT128, net - _UINT128 if net >> 127 else net, outside0, outside1)
