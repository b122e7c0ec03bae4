"""A pool's events held to the model: what each swap gave, and where it left the pool.

A case is a swap. Mints and burns move the state between swaps; one that contradicts the model is
a case too, a mismatch. Which kind of swap it was no event says, so each kind is asked: it is exact
if one of them gives both amounts, the price, the liquidity and the tick.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from trimtab.core.errors import DataError
from trimtab.core.quantise import Timestamp
from trimtab.lab.verify.history.events import (
    Born,
    CollectEvent,
    Placed,
    RangeEvent,
    SwapEvent,
)
from trimtab.lab.verify.tally import Exact, Mismatch, Unknown, Values, Verdict, compared
from trimtab.lab.world.spec import TICK_SPACING
from trimtab.protocols.shared.ticks import tick_at_sqrt_price
from trimtab.protocols.uniswap_v3.market import PoolState
from trimtab.protocols.uniswap_v3.model.liquidity import liquidity_changed
from trimtab.protocols.uniswap_v3.model.positions import amounts_of, cost_of
from trimtab.protocols.uniswap_v3.model.swap import INT256_MAX, last_price, swap
from trimtab.protocols.uniswap_v3.model.walk import Walk

TICKS = "ticks"
"""A swap that may have crossed ticks of which the recording does not tell."""
START = "no state before the first swap"
FEE = "fee: no tier of the factory fits"
AFTER = "after a mismatch"

_PROBED = 400
"""Events by which the fee is found: wrong ones fit by chance as good as never."""


def pool_state(fee: int, tick_spacing: int, sqrt_price: int) -> PoolState:
    """A pool that has a price and no liquidity; `fee` in pips."""
    return PoolState(
        timestamp=Timestamp(0),
        fee=fee,
        tick_spacing=tick_spacing,
        sqrt_price_x96=sqrt_price,
        tick=tick_at_sqrt_price(sqrt_price),
        liquidity=0,
        fee_growth_global0=0,
        fee_growth_global1=0,
        protocol_fees0=0,
        protocol_fees1=0,
        fee_protocol=0,
    )


# ---------------------------------------------------------------------------- whole history


def whole_history(pool: Born, events: Iterable[Placed]) -> Iterator[Verdict]:
    """The verdict on every swap of a pool's life, from the state that the model has folded.

    After the first mismatch the state is not known any longer, and nothing later is judged.
    """
    replay = _Replay(pool_state(pool.fee, pool.tick_spacing, pool.sqrt_price))
    contradicted = False
    for placed in events:
        verdict: Verdict | None
        if contradicted:
            verdict = Unknown(AFTER) if isinstance(placed.event, SwapEvent) else None
        else:
            verdict = replay.verdict(placed)
            contradicted = isinstance(verdict, Mismatch)
        if verdict is not None:
            yield verdict


@dataclass(slots=True)
class _Replay:
    state: PoolState
    ranges: Counter[tuple[int, int]] = field(default_factory=Counter)

    def verdict(self, placed: Placed) -> Verdict | None:
        """The verdict on an event, none where it agrees and is no swap."""
        match placed.event:
            case SwapEvent() as event:
                verdict, walk = judged(self.state, placed, event)
                if walk is not None:
                    self.state = walk.arrived(self.state)
                return verdict
            case RangeEvent() as event:
                return self._moved(placed, event)
            case CollectEvent():
                return None

    def _moved(self, placed: Placed, event: RangeEvent) -> Mismatch | None:
        for tick in (event.lower, event.upper):
            if tick % self.state.tick_spacing:
                raise DataError(
                    f"{placed}: tick {tick} is no multiple of the tick spacing "
                    f"{self.state.tick_spacing}: is pool.json of this pool?"
                )
        contradiction = _contradiction(self.state, placed, event)
        change = event.liquidity if event.kind == "mint" else -event.liquidity
        there = self.ranges[event.lower, event.upper]
        if contradiction is None and there + change < 0:
            contradiction = Mismatch(
                f"{placed}, burn", {"liquidity": event.liquidity}, {"liquidity": there}
            )
        if contradiction is None:
            self.ranges[event.lower, event.upper] += change
            self.state = liquidity_changed(self.state, event.lower, event.upper, change)
        return contradiction


# ------------------------------------------------------------------------- events alone


def events_alone(events: Callable[[], Iterable[Placed]]) -> Iterator[Verdict]:
    """The verdict on swaps of which only events are known, neither ticks nor fee.

    Each swap is asked of the state that the event before left. The fee is the factory's tier that
    fits most of the first swaps. A swap that fits no kind may have crossed a tick, and is unknown,
    unless it began and ended between the same two ticks that liquidity can end at.
    """
    probe = list(islice(events(), _PROBED))
    fits = {
        fee: sum(isinstance(each, Exact) for each in _judged_alone(probe, fee))
        for fee in TICK_SPACING
    }
    fee = max(fits, key=lambda each: fits[each])
    if fits[fee]:
        yield from _judged_alone(events(), fee)
    else:
        swaps = (each for each in events() if isinstance(each.event, SwapEvent))
        yield from (Unknown(FEE) for _ in swaps)


def _judged_alone(events: Iterable[Placed], fee: int) -> Iterator[Verdict]:
    state: PoolState | None = None
    for placed in events:
        event = placed.event
        if isinstance(event, SwapEvent):
            yield Unknown(START) if state is None else _unless_crossed(state, placed, event)
            state = replace(
                pool_state(fee, TICK_SPACING[fee], event.sqrt_price),
                tick=event.tick,
                liquidity=event.liquidity,
            )
        elif isinstance(event, RangeEvent) and state is not None:
            contradiction = _contradiction(state, placed, event)
            if contradiction is not None:
                yield contradiction
            if event.lower <= state.tick < event.upper:
                change = event.liquidity if event.kind == "mint" else -event.liquidity
                after = state.liquidity + change
                if after < 0 and contradiction is None:
                    there, gone = {"liquidity": state.liquidity}, {"liquidity": event.liquidity}
                    yield Mismatch(f"{placed}, burn", gone, there)
                state = replace(state, liquidity=max(after, 0))


def _unless_crossed(state: PoolState, placed: Placed, event: SwapEvent) -> Verdict:
    verdict, _ = judged(state, placed, event)
    same = state.tick // state.tick_spacing == event.tick // state.tick_spacing
    return verdict if same or isinstance(verdict, Exact) else Unknown(TICKS)


# ---------------------------------------------------------------------------------- one event


def judged(
    state: PoolState, placed: Placed, event: SwapEvent
) -> tuple[Exact | Mismatch, Walk | None]:
    """The verdict on a swap from this state, and its walk where it is exact."""
    recorded: Values = {
        "amount0": event.amount0,
        "amount1": event.amount1,
        "sqrtPriceX96": event.sqrt_price,
        "liquidity": event.liquidity,
        "tick": event.tick,
    }
    nearest: Mismatch | None = None
    for kind, walk in _kinds(state, event):
        verdict = compared(f"{placed}, swap as {kind}", kind, recorded, outcome(walk))
        if isinstance(verdict, Exact):
            return verdict, walk
        if nearest is None or len(verdict.recorded) < len(nearest.recorded):
            nearest = verdict
    if nearest is None:
        nearest = Mismatch(f"{placed}, swap", recorded, {"swap": "none moves nothing"})
    return nearest, None


def _kinds(state: PoolState, event: SwapEvent) -> Iterator[tuple[str, Walk]]:
    """The walk of each kind of swap that the event may tell of."""
    price, last = state.sqrt_price_x96, event.sqrt_price
    zero_for_one = event.amount0 > 0 or (event.amount1 <= 0 and last < price)
    paid = max(event.amount0, event.amount1)
    received = -min(event.amount0, event.amount1)
    end = last_price(zero_for_one)
    if paid > 0:
        yield "exact in", swap(state, zero_for_one, paid, end)
    if received > 0:
        yield "exact out", swap(state, zero_for_one, -received, end)
    if last < price if zero_for_one else last > price:
        yield "stopped at a price", swap(state, zero_for_one, INT256_MAX, last)


def outcome(walk: Walk) -> Values:
    """What a walk's event would say."""
    paid, received = walk.amount_in, -walk.amount_out
    amount0, amount1 = (paid, received) if walk.zero_for_one else (received, paid)
    return {
        "amount0": amount0,
        "amount1": amount1,
        "sqrtPriceX96": walk.price,
        "liquidity": walk.liquidity,
        "tick": walk.tick,
    }


def _contradiction(state: PoolState, placed: Placed, event: RangeEvent) -> Mismatch | None:
    """The mismatch where a mint or burn of this liquidity takes or gives other amounts."""
    amount0, amount1 = range_amounts(state, event)
    verdict = compared(
        f"{placed}, {event.kind}",
        event.kind,
        {"amount0": event.amount0, "amount1": event.amount1},
        {"amount0": amount0, "amount1": amount1},
    )
    return verdict if isinstance(verdict, Mismatch) else None


def range_amounts(state: PoolState, event: RangeEvent) -> tuple[int, int]:
    """The tokens that a mint of this liquidity takes, or a burn of it gives."""
    of_kind = cost_of if event.kind == "mint" else amounts_of
    return of_kind(state, (event.lower, event.upper), event.liquidity)
