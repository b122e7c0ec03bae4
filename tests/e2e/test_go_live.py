"""The guide to going live, executed step by step as it stands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import ROOT, spoken
from trimtab.core.settlement import Landed
from trimtab.journal.store import Journal
from trimtab.journal.values import order_of, settlement_of

pytestmark = pytest.mark.chain

GUIDE = ROOT / "docs" / "guides" / "go-live.md"


def steps() -> list[str]:
    """The commands of the guide, in order."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A working directory with the examples, and the world of the first step running."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    first = steps()[0]
    assert first.startswith("trimtab world")
    world = subprocess.Popen(spoken(first), cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "world.json").exists():
            assert world.poll() is None, "the world has ended"
            assert time.monotonic() < deadline, "the world does not begin"
            time.sleep(0.1)
        yield tmp_path
    finally:
        world.terminate()
        world.wait(30)


def done(step: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """One step, run to its end."""
    if step.startswith("cp "):
        _, source, target = step.split()
        shutil.copy(folder / source, folder / target)
        return subprocess.CompletedProcess(step, 0, "", "")
    return subprocess.run(
        spoken(step), cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def test_guide__step_by_step__arms_halts_unwinds_and_reports(folder: Path) -> None:
    told: dict[str, subprocess.CompletedProcess[str]] = {}
    for step in steps()[1:]:
        told[step] = done(step, folder)
        assert told[step].returncode == 0, f"{step}\n{told[step].stderr}"
    batch = json.loads((folder / "plan.json").read_text())
    assert batch["version"] == "1.0"
    assert batch["chainId"] == "31337"
    assert batch["trimtab"]["expected"]
    disarmed, armed, *_ = (run for step, run in told.items() if step.startswith("trimtab run"))
    assert "not armed" in disarmed.stderr
    assert "everything in the Safe" in armed.stderr
    with Journal.read(folder / "run.sqlite") as journal:
        journal.verify()
        landed = [settlement_of(record) for record in journal.records("settled")]
        orders = [type(order_of(record)).__name__ for record in journal.records("order")]
        ticks = [record.economic for record in journal.records("tick")]
        starts = list(journal.records("start"))
    assert any(isinstance(each, Landed) for each in landed)
    assert [order for order in orders if order != "ReduceOnly"] == ["Halt", "Unwind"]
    assert len(starts) == 4, "each life of the run says that it began"
    whys = [tick["why"] for tick in ticks if isinstance(tick, dict)]
    assert any("a breaker is open (operator: lunch)" in str(why) for why in whys)
    assert any("unwind to USDC" in str(why) for why in whys)
    assert "<html" in (folder / "run.html").read_text()
