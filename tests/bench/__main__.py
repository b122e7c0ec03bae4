"""`make bench`: each part in a process of its own, its rows in build/bench.json and as a table.

With the name of a part, that part alone. Nothing fails where a goal is missed: the table says so.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from tests.bench import deciding, reading, remembering
from tests.bench.meters import load
from tests.bench.rows import REPORT, Row, kept, machine, shown
from tests.support.command import ROOT

PARTS: dict[str, Callable[[], list[Row]]] = {
    "read": reading.rows,
    "plan": deciding.rows,
    "memory": remembering.rows,
}
"""What there is to measure, by name."""


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
    console.print(f"{name}: {machine()}; load {load():.1f} at the beginning")
    started = time.perf_counter()
    found = PARTS[name]()
    kept(out, name, found)
    shown(found, console)
    seconds = time.perf_counter() - started
    console.print(f"{seconds:.0f} s; load {load():.1f} at the end\n")


if __name__ == "__main__":
    main()
