"""`python -m tests.soak laws`: the adapter law on fresh cases, in process and on a node.

Two protocols at a time, in worlds of their own. Rows go to build/soak-laws.json.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import msgspec
from hypothesis import settings

import tests.conftest  # whose settings of Hypothesis hold here too  # noqa: F401
from tests.laws import PORTS
from tests.laws.stages import opened, told
from tests.support.command import ROOT


class Held(msgspec.Struct, frozen=True):
    """A protocol's cases, and what they reached."""

    protocol: str
    in_process: int
    on_a_node: int
    seconds: float
    words: tuple[str, ...]


def held(name: str, cases: int) -> Held:
    """The law on one protocol, drawn anew each time; raises where it does not hold."""
    settings.load_profile("explore")
    (port,) = (each for each in PORTS if each.name == name)
    started = time.perf_counter()
    with opened(port.world) as stage:
        inside, outside = stage.in_process(port, cases), stage.on_a_node(port, cases)
    words = (told(port, inside, "in process"), told(port, outside, "on a node"))
    return Held(name, inside.cases, outside.cases, time.perf_counter() - started, words)


def main(arguments: Sequence[str]) -> None:
    """Run, print and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak laws", description=__doc__)
    parser.add_argument("--cases", type=int, default=16_000, help="of each protocol")
    parser.add_argument("--only", choices=[port.name for port in PORTS], action="append")
    chosen = parser.parse_args(arguments)
    names = chosen.only or [port.name for port in PORTS]
    with ProcessPoolExecutor(2) as pool:
        rows = list(pool.map(held, names, [chosen.cases] * len(names)))
    for row in rows:
        print(*row.words, f"in {row.seconds:.0f} s", sep="\n  ")
    total, nodes = sum(row.in_process for row in rows), sum(row.on_a_node for row in rows)
    print(f"{total:,} cases in process and {nodes:,} on a node, 0 mismatches")
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "soak-laws.json").write_bytes(msgspec.json.encode(list(map(_row, rows))))


def _row(row: Held) -> dict[str, object]:
    """A row as every long run writes it."""
    return {
        "name": f"law of {row.protocol}, cases without a mismatch",
        "ours": row.in_process + row.on_a_node,
        "peer": None,
        "ratio": None,
        "goal": None,
        "unit": "cases",
        "runs": row.in_process + row.on_a_node,
        "seconds": round(row.seconds),
    }
