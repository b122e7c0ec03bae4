"""Exact quotes and others' events of V3 pools, against degenbot; and what compiling costs.

The peer runs in its own process and environment; both are timed in turns, in their own processes,
with the same amounts. No amount occurs twice, since degenbot remembers what it was asked. What ours
give has to be what the model gives; how often the peer gives anything else is told.
"""

from __future__ import annotations

import json
import math
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO, Any

from tests.bench.rows import Row, figure
from tests.support.command import ROOT
from trimtab.core.kernel.cache import PLACE
from trimtab.core.quantise import Timestamp
from trimtab.protocols.shared.limbs import packed, unpacked
from trimtab.protocols.shared.ticks import sqrt_price_at_tick
from trimtab.protocols.uniswap_v3 import PoolState
from trimtab.protocols.uniswap_v3.maths import (
    Event,
    FollowedPool,
    LiquidityChanged,
    PoolQuotes,
    Swapped,
    event_rows,
)
from trimtab.protocols.uniswap_v3.model.liquidity import liquidity_changed
from trimtab.protocols.uniswap_v3.model.oracle import begun
from trimtab.protocols.uniswap_v3.model.swap import INT256_MAX, last_price, swap

PEER = ROOT / ".venv-peers" / "bin" / "python"
PROGRAM = ROOT / "tests" / "bench" / "degenbot_pool.py"
ROUNDS = 7
SINGLE, BATCH, PEER_QUOTES = 5_000, 200_000, 400
MIXED_ROUNDS, QUOTES_A_ROUND = 60, 32
EVENTS = 20_000
SPACING, FEE, MIDDLE, DEPTH = 60, 3_000, 76_013, 10**22

# ----------------------------------------------------------------------------------- the pool


def deep_pool(dice: random.Random, segments: int = 400) -> PoolState:
    """A pool of 0.3 % with uneven liquidity in each of many ticks, and some ranges across them."""
    centre = MIDDLE // SPACING
    state = PoolState(
        timestamp=Timestamp(0),
        fee=FEE,
        tick_spacing=SPACING,
        sqrt_price_x96=sqrt_price_at_tick(MIDDLE) + 1,
        tick=MIDDLE,
        liquidity=0,
        fee_growth_global0=0,
        fee_growth_global1=0,
        protocol_fees0=0,
        protocol_fees1=0,
        fee_protocol=0,
        oracle=begun(0),
    )
    places = [(at, at + 1, 1.0) for at in range(-segments // 2, segments // 2)]
    for _ in range(40):
        lower = dice.randrange(-segments, segments)
        places.append((lower, lower + dice.randrange(1, segments), 0.2))
    for lower, upper, part in places:
        amount = int(DEPTH * part * math.exp(dice.gauss(0, 0.7))) + dice.randrange(10**6)
        ticks = ((centre + lower) * SPACING, (centre + upper) * SPACING)
        state = liquidity_changed(state, *ticks, amount)
    return state


def crossing(state: PoolState, zero_for_one: bool, ticks: int) -> tuple[int, int]:
    """The least and the most that sells across so many initialised ticks and no further."""
    ahead = [tick for tick in state.initialized if (tick <= state.tick) is zero_for_one]
    if zero_for_one:
        ahead.reverse()
    last = ahead[max(ticks - 1, 0)]
    near = 0
    if ticks:
        near = swap(state, zero_for_one, INT256_MAX, sqrt_price_at_tick(last)).amount_in + 1
        last = ahead[ticks]
    far = swap(state, zero_for_one, INT256_MAX, sqrt_price_at_tick(last)).amount_in - 1
    return near or far // 10, far


def spread(state: PoolState, zero_for_one: bool, ticks: int, count: int, turn: int) -> list[int]:
    """Amounts across so many ticks, none of them in another turn."""
    near, far = crossing(state, zero_for_one, ticks)
    step = (far - near) // (count * ROUNDS + 1)
    assert step > 0, "the stretch has room for so many amounts"
    return [near + step * (turn * count + at) for at in range(count)]


# ----------------------------------------------------------------------------------- the peer


class Peer:
    """degenbot, asked line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to: IO[str] = process.stdin
        self._from: IO[str] = process.stdout

    def tell(self, what: dict[str, Any]) -> None:
        """Send a line."""
        self._to.write(json.dumps(what) + "\n")
        self._to.flush()

    def ask(self, **job: Any) -> tuple[float, list[int]]:
        """The seconds that a job took, and its answers."""
        self.tell(job)
        line = self._from.readline()
        assert line, "the peer ended: its error is above"
        answer = json.loads(line)
        return answer["seconds"], answer["found"]


@contextmanager
def peer(state: PoolState) -> Iterator[Peer]:
    """The peer with this pool."""
    if not PEER.exists():
        raise SystemExit(f"{PEER} is missing: `make bench` sets up the peers' environment")
    words: dict[int, int] = {}
    for tick in state.initialized:
        place = tick // state.tick_spacing
        words[place >> 8] = words.get(place >> 8, 0) | 1 << (place & 255)
    ticks = {tick: (one.liquidity_gross, one.liquidity_net) for tick, one in state.ticks.items()}
    given = {
        "price": state.sqrt_price_x96,
        "tick": state.tick,
        "liquidity": state.liquidity,
        "fee": state.fee,
        "spacing": state.tick_spacing,
        "ticks": ticks,
        "words": words,
    }
    pipe = subprocess.PIPE
    with subprocess.Popen([PEER, PROGRAM], stdin=pipe, stdout=pipe, text=True) as process:
        asked = Peer(process)
        asked.tell(given)
        yield asked
        assert process.stdin is not None
        process.stdin.close()


@dataclass(slots=True)
class Turns:
    """Seconds of each for one piece of work, turn by turn."""

    ours: list[float]
    theirs: list[float]

    def row(self, name: str, goal: float | None, runs: int) -> Row:
        """Medians in microseconds; the ratio is the median of the turns'."""
        pairs = zip(self.ours, self.theirs, strict=True)
        ratio = statistics.median(peer / ours for ours, peer in pairs)
        ours, theirs = (1e6 * statistics.median(one) for one in (self.ours, self.theirs))
        return Row(name, ours, theirs, ratio, goal, "us", runs)


# ------------------------------------------------------------------------------------- quotes


def timed(work: Callable[[], Any]) -> float:
    """The seconds that it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def singles(
    state: PoolState, asked: Peer, ticks: int, *, is_bought: bool, scale: float = 1.0
) -> Turns:
    """One call with Python integers, each way in its own turn."""
    quotes, turns = PoolQuotes(state), Turns([], [])
    count = int(PEER_QUOTES * scale)
    for turn in range(ROUNDS):
        zero_for_one = turn % 2 == 0
        amounts = spread(state, zero_for_one, ticks, count, turn)
        ask: Callable[[bool, int], int] = quotes.amount_out
        if is_bought:
            amounts = [quotes.amount_out(zero_for_one, amount) for amount in amounts]
            ask = quotes.amount_in
        found = [ask(zero_for_one, amount) for amount in amounts]
        many = amounts * max(1, int(SINGLE * scale) // count)

        def work(
            ask: Callable[[bool, int], int] = ask,
            many: Sequence[int] = many,
            zero_for_one: bool = zero_for_one,
        ) -> None:
            for amount in many:
                ask(zero_for_one, amount)

        turns.ours.append(timed(work) / len(many))
        signed = [-amount for amount in amounts] if is_bought else amounts
        seconds, theirs = asked.ask(job="quotes", zero_for_one=zero_for_one, amounts=signed)
        assert theirs == found, "ours and the peer's quotes are the same integers"
        turns.theirs.append(seconds / count)
    return turns


def batches(state: PoolState, asked: Peer, ticks: int, scale: float = 1.0) -> Turns:
    """Arrays of amounts on one thread, against the peer one by one."""
    quotes, turns = PoolQuotes(state), Turns([], [])
    count, theirs = int(BATCH * scale), int(PEER_QUOTES * scale)
    for turn in range(ROUNDS):
        zero_for_one = turn % 2 == 0
        amounts = spread(state, zero_for_one, ticks, count, turn)
        rows = packed(amounts)
        quotes.sold(zero_for_one, rows)
        turns.ours.append(timed(lambda: quotes.sold(zero_for_one, rows)) / count)  # noqa: B023
        few = amounts[:: count // theirs][:theirs]
        seconds, found = asked.ask(job="quotes", zero_for_one=zero_for_one, amounts=few)
        assert found == unpacked(quotes.sold(zero_for_one, packed(few)).amount_out)
        turns.theirs.append(seconds / len(few))
    return turns


# -------------------------------------------------------------------------------------- events


def drawn_events(dice: random.Random, state: PoolState, count: int, swaps: float) -> list[Event]:
    """Swaps of all sizes up to some ten ticks, and between them mints and burns near the price."""
    found: list[Event] = []
    open_ranges: list[LiquidityChanged] = []
    for _ in range(count):
        if dice.random() < swaps:
            zero_for_one = dice.random() < 0.5
            amount = int(10 ** dice.uniform(16, 19.3)) * (1 if zero_for_one else 2_000)
            walk = swap(state, zero_for_one, amount, last_price(zero_for_one))
            state = walk.arrived(state)
            moved = (walk.amount_in, -walk.amount_out)
            amounts = moved if zero_for_one else moved[::-1]
            found.append(Swapped(*amounts, walk.price, walk.liquidity, walk.tick))
            continue
        if open_ranges and dice.random() < 0.5:
            mint = open_ranges.pop(dice.randrange(len(open_ranges)))
            event = replace(mint, change=-mint.change)
        else:
            lower = state.tick // SPACING + dice.randrange(-30, 30)
            ticks = (lower * SPACING, (lower + dice.randrange(1, 40)) * SPACING)
            event = LiquidityChanged(*ticks, dice.randrange(1, DEPTH))
            open_ranges.append(event)
        state = liquidity_changed(state, event.lower, event.upper, event.change)
        found.append(event)
    return found


Round = tuple[Event, bool, list[int]]


def drawn_rounds(dice: random.Random, state: PoolState, count: int) -> list[Round]:
    """An event and the quotes asked after it: sales of every size up to some forty ticks."""
    found = []
    for event in drawn_events(dice, state, count, swaps=0.5):
        zero_for_one = dice.random() < 0.5
        scale = 1 if zero_for_one else 2_000
        amounts = [int(10 ** dice.uniform(16, 20)) * scale for _ in range(QUOTES_A_ROUND)]
        found.append((event, zero_for_one, amounts))
    return found


def tell(quotes: PoolQuotes, event: Event) -> None:
    """The quotes follow an event."""
    if isinstance(event, Swapped):
        quotes.swapped(event.sqrt_price_x96, event.liquidity, event.tick)
    else:
        quotes.liquidity_changed(event.lower, event.upper, event.change)


def answered(quotes: PoolQuotes, rounds: Sequence[Round]) -> list[int]:
    """Each round's event and then its quotes, from Python integers to Python integers."""
    found: list[int] = []
    for event, zero_for_one, amounts in rounds:
        tell(quotes, event)
        found += quotes.amounts_out(zero_for_one, amounts)
    return found


def as_numbers(event: Event) -> tuple[int, int, int, int]:
    """An event as the peer is told of it."""
    if isinstance(event, Swapped):
        return (0, event.sqrt_price_x96, event.liquidity, event.tick)
    return (1, event.lower, event.upper, event.change)


def of_model(state: PoolState, rounds: Sequence[Round]) -> list[int]:
    """What the model answers to the same."""
    found = []
    for event, zero_for_one, amounts in rounds:
        if isinstance(event, Swapped):
            way, paid = event.amount0 > 0, max(event.amount0, event.amount1)
            state = swap(state, way, paid, event.sqrt_price_x96).arrived(state)
        else:
            state = liquidity_changed(state, event.lower, event.upper, event.change)
        limit = last_price(zero_for_one)
        found += [swap(state, zero_for_one, amount, limit).amount_out for amount in amounts]
    return found


def mixed(state: PoolState, asked: Peer, scale: float = 1.0) -> list[Row]:
    """Quotes with swaps, mints and burns between: all of both counted but the first table."""
    turns, count, wrong, total = Turns([], []), max(2, int(MIXED_ROUNDS * scale)), 0, 0
    for turn in range(ROUNDS):
        rounds = drawn_rounds(random.Random(turn), state, count)
        quotes = PoolQuotes(state)
        started = time.perf_counter()
        found = answered(quotes, rounds)
        turns.ours.append((time.perf_counter() - started) / len(found))
        assert found == of_model(state, rounds), "ours are what the model gives"
        told = [(as_numbers(event), way, amounts) for event, way, amounts in rounds]
        seconds, theirs = asked.ask(job="mixed", rounds=told)
        wrong += sum(one != other for one, other in zip(found, theirs, strict=True))
        total += len(theirs)
        turns.theirs.append(seconds / len(theirs))
    name = f"a quote, after every {QUOTES_A_ROUND} a swap, mint or burn"
    return [
        turns.row(name, 50.0, ROUNDS),
        figure("answers to these of degenbot that are not the model's", wrong, "quotes", total),
    ]


def following(state: PoolState, scale: float = 1.0) -> list[Row]:
    """Others' events from words, and with the making of words from integers."""
    events = drawn_events(random.Random(1), state, int(EVENTS * scale), swaps=0.8)
    rows = event_rows(events)
    FollowedPool(state).advance(rows[:1])
    plain, whole = [], []
    for _ in range(ROUNDS):
        pool = FollowedPool(state)
        plain.append(timed(lambda: pool.advance(rows)))  # noqa: B023
        pool = FollowedPool(state)
        whole.append(timed(lambda: pool.advance(event_rows(events))))  # noqa: B023
    each = 1e6 / len(events)
    named = "others' V3 events, a fifth mints and burns"
    return [
        figure(named, each * statistics.median(plain), "us", ROUNDS, goal=1e6 / 3e5),
        figure(f"{named}, from Python integers", each * statistics.median(whole), "us", ROUNDS),
    ]


# ------------------------------------------------------------------------------------ compiling


def compiling() -> list[Row]:
    """All kernels, in a new process with nothing compiled before: by the clock, and its CPU."""
    program = "from trimtab.core.kernel import compile_all; compile_all()"
    with tempfile.TemporaryDirectory() as folder:
        command, environment = [sys.executable, "-c", program], {**os.environ, PLACE: folder}
        before = processor_seconds()
        wall = timed(lambda: subprocess.run(command, env=environment, check=True, cwd=ROOT))
        spent = processor_seconds() - before
    name = "compile all kernels, nothing kept"
    return [figure(name, wall, "s", 1, goal=60.0), figure(f"{name}, CPU", spent, "s", 1)]


def processor_seconds() -> float:
    """What processes that this one started, and that have ended, ran on processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def rows(scale: float = 1.0) -> list[Row]:
    """What is measured; a smaller scale is for a look."""
    state = deep_pool(random.Random(7))
    with peer(state) as asked:
        one = [
            singles(state, asked, ticks, is_bought=is_bought, scale=scale).row(
                f"one exact-{'out' if is_bought else 'in'} quote across {ticks} ticks",
                None if is_bought else goal,
                ROUNDS,
            )
            for is_bought in (False, True)
            for ticks, goal in ((0, 10.0), (36, 40.0))
        ]
        many = batches(state, asked, 36, scale).row(
            "a quote of a batch across 36 ticks, one thread", 250.0, ROUNDS
        )
        both = mixed(state, asked, scale)
    return [*one, many, *both, *following(state, scale), *compiling()]
