"""What a benchmark found, as rows for programs and as a table for people."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from tests.support.command import ROOT

REPORT = ROOT / "build" / "bench.json"


class Row(msgspec.Struct, frozen=True):
    """One comparison.

    With a peer `ratio` says how many times more it takes than ours, as the median over the pairs,
    and `goal` is the least that it should be. Without one `goal` is the most that `ours` should be.
    """

    name: str
    ours: float
    peer: float | None
    ratio: float | None
    goal: float | None
    unit: str
    runs: int

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; none where there is none."""
        if self.goal is None:
            return None
        return self.ours <= self.goal if self.ratio is None else self.ratio >= self.goal


def figure(name: str, value: float, unit: str, runs: int, goal: float | None = None) -> Row:
    """A row of ours alone."""
    return Row(name, value, None, None, goal, unit, runs)


def kept(path: Path, part: str, rows: Sequence[Row]) -> None:
    """Write the rows of a part, whose names begin with its own, in place of its earlier ones."""
    earlier = msgspec.json.decode(path.read_bytes(), type=list[Row]) if path.exists() else []
    others = [row for row in earlier if not row.name.startswith(f"{part}: ")]
    named = [msgspec.structs.replace(row, name=f"{part}: {row.name}") for row in rows]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode([*others, *named]), indent=1) + b"\n")


def shown(rows: Iterable[Row], console: Console) -> None:
    """Print the rows as a table."""
    table = Table("what", box=None, pad_edge=False)
    for title in ("ours", "peer", "unit", "ratio", "goal", "", "runs"):
        table.add_column(title, justify="left" if title in ("unit", "") else "right")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.ours:,.3f}",
            "" if row.peer is None else f"{row.peer:,.3f}",
            row.unit,
            "" if row.ratio is None else f"{row.ratio:.1f}x",
            _wanted(row),
            {None: "", True: "met", False: "missed"}[row.is_met],
            f"{row.runs:,}",
        )
    console.print(table)


def _wanted(row: Row) -> str:
    if row.goal is None:
        return ""
    return f"at most {row.goal:g}" if row.ratio is None else f"at least {row.goal:g}x"


def machine() -> str:
    """The processor, how many of it, and the Python."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    kind = models[0] if models else platform.machine()
    return f"{len(models)} x {kind}, Python {platform.python_version()}"
