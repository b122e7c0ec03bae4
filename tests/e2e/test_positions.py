"""Positions at a perpetual from the mandate to the journal: lived, modelled and told."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.e2e.test_equality import result, without
from tests.support.command import ROOT, trimtab

pytestmark = pytest.mark.e2e

BUSY = ROOT / "examples" / "scenarios" / "busy-pool.toml"


def told(journal: Path, block: int) -> str:
    return trimtab("explain", str(block), "--journal", str(journal)).output


@pytest.mark.parametrize(
    "name, options",
    [("basis", ()), ("hedged", ("--scenario", str(BUSY)))],
)
def test_positions__lived_and_modelled__equal_and_told(
    name: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    mandate, recording = ROOT / "examples" / f"{name}.toml", tmp_path / "recording"
    journal = tmp_path / "lived.sqlite"
    run = ("--blocks", "20", "--seed", "1", *options, "--record", str(recording))
    lived = result("rehearse", str(mandate), *run, journal=journal)
    again = ("backtest", str(mandate), "--recording", str(recording))
    modelled = result(*again, journal=tmp_path / "modelled.sqlite")
    assert without(modelled) == without(lived)
    assert lived["plans_executed"] >= 1
    assert (lived["mismatches"], lived["conservation_error"]) == (0, "0")
    profit = {name: int(raw) for name, raw in lived["profit"].items()}
    assert profit["positions"] != 0
    assert profit["fees"] > 0
    assert "position at perpetual:ETH, margin" in told(journal, 8)
    words = told(journal, 12)
    assert "USDC as margin at perpetual:ETH" in words
    assert "USDC gained by the position at perpetual:ETH" in words
    assert "positions, by prices and funding" in words
    text = trimtab("explain", "8", "--journal", str(journal), "--json").output
    assert orjson.loads(text.splitlines()[-1])["decisions"][name]["margins"]
    page = tmp_path / "report.html"
    assert trimtab("report", "--journal", str(journal), "--out", str(page)).code == 0
    assert "Positions" in page.read_text(encoding="utf-8")
