"""`paper` as a user runs it: beside a world that lives by itself, without any key."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.support.command import ROOT, trimtab

pytestmark = pytest.mark.e2e

MANDATE = ROOT / "examples" / "mandate.toml"
PATIENCE = 120.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Path]:
    """The address book of a running world."""
    book = tmp_path / "world.json"
    program = "from trimtab.app.main import main; main()"
    options = ["world", "--out", str(book), "--interval", "0.1", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + PATIENCE
        while not book.exists():
            assert process.poll() is None, "the world has ended"
            assert time.monotonic() < until, "the world has not begun"
            time.sleep(0.05)
        yield book
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)


def test_paper__beside_a_living_world__needs_no_key_and_sends_nothing(
    world: Path, tmp_path: Path
) -> None:
    mandate = tmp_path / "mandate.toml"
    text = MANDATE.read_text(encoding="utf-8")
    mandate.write_text(text.replace('signer = "local"', 'signer = "env:TRIMTAB_NO_SUCH_KEY"'))
    journal = tmp_path / "paper.sqlite"
    options = ("--world", str(world), "--blocks", "8", "--journal", str(journal), "--json")
    done = trimtab("paper", str(mandate), *options)
    assert done.code == 0, done.error
    result = orjson.loads(done.output.splitlines()[-1])
    assert result["blocks"] + result["skipped"] == 8  # a busy node may let one go
    assert (result["conservation_error"], result["mismatches"]) == ("0", 0)
    page = tmp_path / "report.html"
    assert trimtab("report", "--journal", str(journal), "--out", str(page)).code == 0


def test_paper__no_world_named__says_how_to_start_one() -> None:
    done = trimtab("paper", str(MANDATE), "--json")
    assert done.code == 2
    assert "trimtab world --out" in done.error
