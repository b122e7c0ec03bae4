"""How our memory grows from block 1,000 to block 10,000 of one run of the real loop."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import linear_regression

from tests.bench.meters import resident_bytes
from tests.bench.rows import Row, figure
from tests.bench.turning import FUNDS, Life, Wish, bot_of, lived
from tests.bench.world import world_of
from tests.chain.chain_stage import staged
from trimtab.journal.store import Journal

POOLS = 3
SWAPS = 1
WISH = Wish(assets=("WETH",), lenders=("aave_v3:USDC",), weight=0.3)

GOAL = 1.0
"""KiB a block."""


def grown(blocks: int, every: int) -> list[tuple[int, int]]:
    """Our resident bytes, by how many turns were over: a look every so many."""
    found: list[tuple[int, int]] = []

    def look(turns: int) -> None:
        if turns % every == 0:
            found.append((turns, resident_bytes()))

    with (
        staged(world_of(POOLS), FUNDS) as stage,
        tempfile.TemporaryDirectory() as folder,
        Journal.create(Path(folder) / "journal.sqlite") as journal,
    ):
        bot, life = bot_of(stage, WISH), Life(blocks, SWAPS, turned=look)
        stage.run(lambda rpc: lived(stage, rpc, bot, journal, life)).check()
    return found


def rows(blocks: int = 10_000, warm_up: int = 1_000, every: int = 50) -> list[Row]:
    """Live through the blocks; how memory grew after the warm-up."""
    looked = [(turns, size) for turns, size in grown(blocks, every) if turns >= warm_up]
    turns, sizes = [t for t, _ in looked], [size / 1024 for _, size in looked]
    span = turns[-1] - turns[0]
    ends = (sizes[-1] - sizes[0]) / span
    slope = linear_regression(turns, sizes).slope
    return [
        figure(f"block {turns[0]:,} to {turns[-1]:,}", ends, "KiB/block", span, GOAL),
        figure("line through all looks", slope, "KiB/block", len(looked)),
        figure(f"resident at block {turns[0]:,}", sizes[0] / 1024, "MiB", 1),
        figure(f"resident at block {turns[-1]:,}", sizes[-1] / 1024, "MiB", 1),
    ]
