"""From a new block to a signed plan, with 20 markets, by the real loop.

What is timed begins when the block is mined and ends when the plan's transaction is signed: to ask
for the newest header, as the loop does at each announcement, is part of it, and so is the commit of
the tick to the journal. That of the intent, and the sending, come after it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median, quantiles

from tests.bench.meters import cpu_seconds
from tests.bench.rows import Row, figure
from tests.bench.turning import FUNDS, Life, Wish, bot_of, lived, traded
from tests.bench.world import world_of
from tests.chain.chain_stage import staged
from trimtab.chain.reader import Reader
from trimtab.chain.submission import Submitter
from trimtab.core.plan import Approved
from trimtab.core.reading import Observation
from trimtab.core.settlement import Intent, Mismatch
from trimtab.engine.bot import Bot
from trimtab.engine.sight import Pull
from trimtab.engine.worlds import Chain
from trimtab.journal.store import Journal

POOLS = 19
"""With the lending pool 20 markets; tokens and price feeds are read on top of them."""

SWAPS = 3
"""Of others, in each block."""

WISH = Wish(
    assets=("WETH", "WBTC", "LINK", "UNI", "AAVE", "DAI"),
    lenders=("aave_v3:USDC", "aave_v3:WETH", "aave_v3:WBTC"),
    weight=0.08,
)

GOAL = 50.0
"""Milliseconds of our process, at the 99th of 100 blocks."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Seconds to the signed plan: on the clock, of our process, of the node's processors."""

    wall: float
    cpu: float
    node: float


@dataclass(slots=True)
class Watch:
    """Stopwatches that begin with a block."""

    node: int
    wall: float = 0.0
    cpu: float = 0.0
    of_node: float = 0.0
    turns: list[Turn] = field(default_factory=list)

    def begin(self) -> None:
        """The block is there."""
        self.of_node = cpu_seconds(self.node)
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def sign(self) -> None:
        """The plan is signed."""
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        self.turns.append(Turn(wall, cpu, cpu_seconds(self.node) - self.of_node))


class TimedChain(Chain):
    """The real world, with a look at the watch where a plan is signed."""

    def __init__(
        self, watch: Watch, reader: Reader, submitter: Submitter, bot: Bot, pull: Pull
    ) -> None:
        super().__init__(reader, submitter, bot, pull)
        self._watch = watch

    async def prepare(self, approved: Approved, observation: Observation) -> Intent | Mismatch:
        made = await super().prepare(approved, observation)
        self._watch.sign()
        return made


def timed(blocks: int) -> list[Turn]:
    """What every turn took but the first, which reads everything."""
    with (
        staged(world_of(POOLS), FUNDS) as stage,
        tempfile.TemporaryDirectory() as folder,
        Journal.create(Path(folder) / "journal.sqlite") as journal,
    ):
        bot, watch = bot_of(stage, WISH), Watch(stage.world.node.process_id)
        assert traded(bot) == POOLS + 1
        life = Life(blocks + 1, SWAPS, begun=watch.begin, world=partial(TimedChain, watch))
        stage.run(lambda rpc: lived(stage, rpc, bot, journal, life)).check()
        return watch.turns[1:]


def rows(blocks: int = 1_000) -> list[Row]:
    """Live through the blocks; what they took."""
    turns = timed(blocks)

    def row(name: str, of: Callable[[Turn], float], goal: float | None = None) -> list[Row]:
        found = [1e3 * of(turn) for turn in turns]
        last = quantiles(found, n=100)[-1]
        return [
            figure(f"{name}, p50", median(found), "ms", len(found)),
            figure(f"{name}, p99", last, "ms", len(found), goal),
        ]

    return [
        *row("our CPU", lambda turn: turn.cpu, GOAL),
        *row("wall", lambda turn: turn.wall),
        *row("node's CPU meanwhile", lambda turn: turn.node),
        *row("wall less our CPU", lambda turn: turn.wall - turn.cpu),
    ]
