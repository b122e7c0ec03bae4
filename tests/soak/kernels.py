"""`python -m tests.soak kernels`: every kernel against its model, a million cases of most.

Cases are drawn from one seed after another, 5,000 from each, on two processes. Rows go to
build/soak-kernels.json.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

import msgspec

from tests.laws.kernels import LAWS, broken
from tests.support.command import ROOT

FROM_A_SEED = 5_000


def main(arguments: Sequence[str]) -> None:
    """Run, print and write; exit code 1 if a kernel ever differs from its model."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak kernels", description=__doc__)
    parser.add_argument("--part", type=float, default=1.0, help="so much of the cases")
    parser.add_argument("--law", choices=sorted(LAWS), action="append", help="these laws alone")
    chosen = parser.parse_args(arguments)
    rows: list[dict[str, object]] = []
    wrong: list[str] = []
    for name in chosen.law or sorted(LAWS):
        started = time.perf_counter()
        compared, found = _compared(name, int(LAWS[name].many * chosen.part))
        seconds = time.perf_counter() - started
        print(f"{name}: {compared:,} cases, {len(found)} differ, {seconds:.0f} s", flush=True)
        rows.append(_written(name, compared, len(found)))
        wrong += found
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "soak-kernels.json").write_bytes(msgspec.json.encode(rows))
    if wrong:
        raise SystemExit("\n".join(wrong))


def _compared(name: str, count: int) -> tuple[int, list[str]]:
    seeds = range(max(1, -(-count // FROM_A_SEED)))
    each = min(count, FROM_A_SEED)
    with ProcessPoolExecutor(2) as pool:
        done = list(pool.map(broken, repeat(name), seeds, repeat(each)))
    return sum(compared for compared, _ in done), [one for _, found in done for one in found]


def _written(name: str, compared: int, differ: int) -> dict[str, object]:
    """A row as every long run writes it: how many cases differ, of how many."""
    return {
        "name": f"kernels: {name}",
        "ours": differ,
        "peer": None,
        "ratio": None,
        "goal": 0,
        "unit": "cases that differ from the model",
        "runs": compared,
    }
