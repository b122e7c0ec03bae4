"""Rows of benchmarks: kept by part, judged by ratio or by figure, printed whole."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from tests.bench.rows import Row, figure, kept, shown

FASTER = Row("wall", 2.0, 30.0, 15.0, 10.0, "ms", 100)
SLOWER = Row("wall", 2.0, 18.0, 9.0, 10.0, "ms", 100)


@pytest.mark.parametrize(
    "row, is_met",
    [
        (FASTER, True),
        (SLOWER, False),
        (figure("p99", 49.0, "ms", 9, goal=50.0), True),
        (figure("p99", 51.0, "ms", 9, goal=50.0), False),
        (figure("p50", 51.0, "ms", 9), None),
    ],
)
def test_is_met__ratio_or_figure__against_its_goal(row: Row, is_met: bool | None) -> None:
    assert row.is_met is is_met


def test_kept__part_again__only_its_own_rows_replaced(tmp_path: Path) -> None:
    path = tmp_path / "build" / "bench.json"
    kept(path, "read", [SLOWER])
    kept(path, "plan", [figure("p99", 49.0, "ms", 9)])
    kept(path, "read", [FASTER])
    found = msgspec.json.decode(path.read_bytes(), type=list[Row])
    assert [(row.name, row.ratio) for row in found] == [("plan: p99", None), ("read: wall", 15.0)]


def test_shown__rows__figures_and_whether_the_goal_is_met() -> None:
    text = StringIO()
    shown([FASTER, SLOWER], Console(file=text, width=120))
    assert "15.0x  at least 10x  met" in text.getvalue()
    assert "9.0x  at least 10x  missed" in text.getvalue()
