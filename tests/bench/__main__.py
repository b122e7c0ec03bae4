"""`make bench`: each part in a process of its own, its rows in build/bench.json and as a table.

With the name of a part, that part alone. Nothing fails where a goal is missed: the table says so.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from rich.console import Console

from tests.bench.meters import load
from tests.bench.rows import REPORT, Row, kept, machine, shown
from tests.support.command import ROOT

PARTS = {
    "read": ("newHead to decoded states of 50 pools, against AsyncWeb3", "reading"),
    "plan": ("newHead to a signed plan with 20 markets", "deciding"),
    "kernels": ("exact quotes and others' events, against degenbot", "quoting"),
    "batches": ("exact quotes of pairs, stable and weighted pools on two cores", "batching"),
    "following": ("others' lending and perpetual logs, against the model", "following"),
    "memory": ("growth of our resident memory", "remembering"),
}
"""What there is to measure, by name: what it is, and the module with its `rows`.

Only the module of the part is loaded, since another's memory and garbage are not to be measured.
"""


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("part", nargs="?", choices=tuple(PARTS))
    parser.add_argument("--out", type=Path, default=REPORT, help="where the rows are written")
    chosen = parser.parse_args()
    console = Console()
    if chosen.part is not None:
        _one(chosen.part, chosen.out, console)
        return
    for name in PARTS:
        command = [sys.executable, "-m", "tests.bench", name, "--out", str(chosen.out)]
        subprocess.run(command, cwd=ROOT, check=True)


def _one(name: str, out: Path, console: Console) -> None:
    what, module = PARTS[name]
    measured: Callable[[], list[Row]] = import_module(f"tests.bench.{module}").rows
    console.print(f"{name}: {what}\n{machine()}; load {load():.1f} at the beginning")
    started = time.perf_counter()
    found = measured()
    kept(out, name, found)
    shown(found, console)
    seconds = time.perf_counter() - started
    console.print(f"{seconds:.0f} s; load {load():.1f} at the end\n")


if __name__ == "__main__":
    main()
