"""A pool's price on its way from tick to tick. Source: UniswapV3Pool.sol `swap`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from trimtab.core.abi import UINT256_MAX
from trimtab.core.errors import MissingRead
from trimtab.protocols.shared.rounding import mul_div_down
from trimtab.protocols.shared.ticks import (
    MAX_TICK,
    MIN_TICK,
    sqrt_price_at_tick,
    tick_at_sqrt_price,
)
from trimtab.protocols.uniswap_v3.market import PoolState, TickState
from trimtab.protocols.uniswap_v3.model.oracle import written

UINT128_MAX = 2**128 - 1
Q128 = 1 << 128


def next_tick(
    initialized: Sequence[int], tick: int, spacing: int, zero_for_one: bool
) -> tuple[int, bool]:
    """The next initialised tick in the same word of the bitmap, else the word's last tick.

    Downwards the tick itself counts, upwards it does not. The flag tells whether it is
    initialised. Source: TickBitmap.sol, and the bounds that the pool sets to it.
    """
    compressed = tick // spacing
    at = bisect_right(initialized, tick)
    if zero_for_one:
        last = (compressed & ~255) * spacing
        if at and initialized[at - 1] >= last:
            return initialized[at - 1], True
        return max(last, MIN_TICK), False
    last = (compressed + 1 | 255) * spacing
    if at < len(initialized) and initialized[at] <= last:
        return initialized[at], True
    return min(last, MAX_TICK), False


@dataclass(slots=True)
class Walk:
    """A swap under way: what it changed so far. It never outlives the call that made it."""

    initialized: Sequence[int]
    ticks: Mapping[int, TickState]
    spacing: int
    zero_for_one: bool
    price: int
    tick: int
    liquidity: int
    fee_growth: int
    fee_divisor: int
    amount_in: int = 0
    amount_out: int = 0
    fees: int = 0
    protocol_fees: int = 0
    crossed: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def start(cls, state: PoolState, zero_for_one: bool) -> Walk:
        """A walk from the state's price. Raises MissingRead if part of the bitmap is unread."""
        if state.missing_words:
            raise MissingRead(
                f"{len(state.missing_words)} words of the tick bitmap are unread: "
                "ask the next round of reads before using the state"
            )
        return cls(
            initialized=state.initialized,
            ticks=state.ticks,
            spacing=state.tick_spacing,
            zero_for_one=zero_for_one,
            price=state.sqrt_price_x96,
            tick=state.tick,
            liquidity=state.liquidity,
            fee_growth=state.fee_growth_global0 if zero_for_one else state.fee_growth_global1,
            fee_divisor=state.fee_protocol % 16 if zero_for_one else state.fee_protocol >> 4,
        )

    def next_stop(self) -> tuple[int, bool, int]:
        """The next tick to step to, whether it is initialised, and its price."""
        tick, is_initialized = next_tick(
            self.initialized, self.tick, self.spacing, self.zero_for_one
        )
        return tick, is_initialized, sqrt_price_at_tick(tick)

    def step(
        self,
        stop: tuple[int, bool, int],
        price: int,
        amount_in: int,
        amount_out: int,
        fee: int,
    ) -> None:
        """Go on to `price`, which is at the stop or short of it, and cross the stop if there.

        Raises MissingRead if the tick that is crossed is unread.
        """
        self.amount_in += amount_in + fee
        self.amount_out += amount_out
        self.fees += fee
        if self.fee_divisor:
            protocol_fee = fee // self.fee_divisor
            fee -= protocol_fee
            self.protocol_fees += protocol_fee
        if self.liquidity:
            growth = mul_div_down(fee, Q128, self.liquidity)
            self.fee_growth = self.fee_growth + growth & UINT256_MAX
        start, self.price = self.price, price
        tick, is_initialized, stop_price = stop
        if price == stop_price:
            if is_initialized:
                self._cross(tick)
            self.tick = tick - 1 if self.zero_for_one else tick
        elif price != start:
            self.tick = tick_at_sqrt_price(price)

    def _cross(self, tick: int) -> None:
        try:
            net = self.ticks[tick].liquidity_net
        except KeyError:
            raise MissingRead(
                f"tick {tick} is initialised, but its state is unread: "
                "ask the next round of reads before using the state"
            ) from None
        self.crossed.append((tick, self.fee_growth))
        self.liquidity += -net if self.zero_for_one else net

    def arrived(self, state: PoolState, at: int | None = None) -> PoolState:
        """The pool after the walk that began at `state`, at a moment: its own, unless one is given.

        What the oracle writes is of the time before the walk, and only of one that moved the tick.
        """
        ticks = dict(state.ticks)
        for tick, growth in self.crossed:
            ticks[tick] = self._flipped(ticks[tick], state, growth)
        moment = state.timestamp if at is None else at
        moved = replace(
            state,
            sqrt_price_x96=self.price,
            tick=self.tick,
            liquidity=self.liquidity,
            ticks=ticks,
            oracle=state.oracle if self.tick == state.tick else written(state, moment),
        )
        if self.zero_for_one:
            owed = state.protocol_fees0 + self.protocol_fees & UINT128_MAX
            return replace(moved, fee_growth_global0=self.fee_growth, protocol_fees0=owed)
        owed = state.protocol_fees1 + self.protocol_fees & UINT128_MAX
        return replace(moved, fee_growth_global1=self.fee_growth, protocol_fees1=owed)

    def _flipped(self, tick: TickState, state: PoolState, growth: int) -> TickState:
        growth0 = growth if self.zero_for_one else state.fee_growth_global0
        growth1 = state.fee_growth_global1 if self.zero_for_one else growth
        return TickState(
            tick.liquidity_gross,
            tick.liquidity_net,
            growth0 - tick.fee_growth_outside0 & UINT256_MAX,
            growth1 - tick.fee_growth_outside1 & UINT256_MAX,
        )
