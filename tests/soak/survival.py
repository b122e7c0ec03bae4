"""`python -m tests.soak survival`: a thousand kills, and a thousand episodes in which all fails.

Both must end with books that are right, or this ends with the failure. Rows go to
build/soak-survival.json.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.command import ROOT
from tests.support.faulty_node import FaultyNode
from tests.survival.ground import grounded
from tests.survival.kills import survive
from tests.survival.machine import Survival

STEPS = 12


def killed(first: int, kills: int) -> tuple[Counter[str], int, float]:
    """Live until killed so often: kills by point, plans that landed, seconds."""
    os.nice(1)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        told = survive(Path(folder), kills, first)
    return told.kills, told.landed, time.perf_counter() - started


def episodes(chosen: int, count: int) -> tuple[Counter[str], int, float]:
    """Let everything fail so often: what came of it, episodes, seconds."""
    os.nice(1)
    started = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        grounded(Path(folder)) as (world, ground),
        FaultyNode(world.node.url) as node,
    ):
        Survival.world, Survival.ground, Survival.node = world, ground, node
        Survival.folder = Path(folder)
        run_state_machine_as_test(
            seed(chosen)(Survival),
            settings=settings(
                max_examples=count,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                derandomize=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    return Survival.told, Survival.episodes, time.perf_counter() - started


def main(arguments: Sequence[str]) -> None:
    """Run, print and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak survival", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args(arguments)
    halves = [chosen.kills // 2, chosen.kills - chosen.kills // 2]
    with ProcessPoolExecutor(2) as pool:
        deaths = list(pool.map(killed, (1, 2), halves)) if chosen.kills else []
    parts = [chosen.episodes // 2, chosen.episodes - chosen.episodes // 2]
    with ProcessPoolExecutor(2) as pool:
        seeds = (chosen.seed, chosen.seed + 1)
        lived = list(pool.map(episodes, seeds, parts)) if chosen.episodes else []
    points = sum((counts for counts, *_ in deaths), Counter[str]())
    landed = sum(count for _, count, _ in deaths)
    print(f"{points.total()} kills at {len(points)} points, {landed} plans landed")
    for point, count in sorted(points.items()):
        print(f"  {count:>5}  {point}")
    told = sum((counts for counts, *_ in lived), Counter[str]())
    total = sum(count for _, count, _ in lived)
    words = ", ".join(f"{count} {name}" for name, count in sorted(told.items()))
    print(f"{total} episodes of up to {STEPS} troubles, book and chain equal in each: {words}")
    rows = [
        _row("kills survived", points.total(), chosen.kills, sum(s for *_, s in deaths)),
        _row("episodes survived", total, chosen.episodes, sum(s for *_, s in lived)),
    ]
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "soak-survival.json").write_bytes(msgspec.json.encode(rows))


def _row(name: str, ours: int, goal: int, seconds: float) -> dict[str, object]:
    """A row as every long run writes it."""
    return {
        "name": name,
        "ours": ours,
        "peer": None,
        "ratio": None,
        "goal": goal,
        "unit": "runs",
        "runs": ours,
        "seconds": round(seconds),
    }
