"""What runs in the models is what runs on the chain: one digest, whichever world it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.command import ROOT, trimtab
from trimtab.app.explain import explain
from trimtab.journal.store import Journal

pytestmark = pytest.mark.e2e

MANDATE = ROOT / "examples" / "mandate.toml"
SECOND = ROOT / "examples" / "volatility_target.toml"
STRANGERS = ROOT / "examples" / "scenarios" / "strangers.toml"

Say = Callable[[str, object], None]


def result(*arguments: str, journal: Path) -> dict[str, Any]:
    """The line of JSON that a run ends with."""
    done = trimtab(*arguments, "--journal", str(journal), "--json")
    assert done.code == 0, done.error
    found: dict[str, Any] = orjson.loads(done.output.splitlines()[-1])
    return found


def compared(folder: Path, mandate: Path, recording: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A mandate over a recording, modelled and real."""
    again = (str(mandate), "--recording", str(recording))
    modelled = result("backtest", *again, journal=folder / f"{mandate.stem}-modelled.sqlite")
    real = result("rehearse", *again, journal=folder / f"{mandate.stem}-real.sqlite")
    return modelled, real


def without(found: dict[str, Any]) -> dict[str, Any]:
    """What two worlds have in common: gas is the model's in one and the receipt's in the other."""
    apart = {"journal", "seconds", "profit"}
    profit = {name: raw for name, raw in found["profit"].items() if name not in ("gas", "profit")}
    return {key: value for key, value in found.items() if key not in apart} | {"parts": profit}


def test_digest__two_mandates_over_200_recorded_blocks__modelled_is_real(
    tmp_path: Path, record_property: Say
) -> None:
    recording = tmp_path / "recording"
    options = ("--blocks", "200", "--seed", "7", "--record", str(recording))
    lived = result("rehearse", str(MANDATE), *options, journal=tmp_path / "lived.sqlite")
    again = ("backtest", str(MANDATE), "--recording", str(recording))
    modelled = result(*again, journal=tmp_path / "modelled.sqlite")
    assert without(modelled) == without(lived)
    assert (lived["blocks"], lived["conservation_error"]) == (200, "0")
    assert lived["plans_executed"] > 0
    second, real = compared(tmp_path, SECOND, recording)
    assert without(second) == without(real)
    assert second["digest"] != modelled["digest"]
    assert second["plans_executed"] > 0
    speed = lived["seconds"] / modelled["seconds"]
    told = f"200 blocks rehearsed in {lived['seconds']} s, modelled in {modelled['seconds']} s"
    record_property("told", f"equality: {told}, {speed:.1f} times as fast")


def test_digest__strangers_and_the_first_mandate_again__modelled_is_real(tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    options = ("--blocks", "40", "--seed", "3", "--scenario", str(STRANGERS))
    recorded = ("--record", str(recording))
    lived = result("rehearse", str(SECOND), *options, *recorded, journal=tmp_path / "lived.sqlite")
    modelled, real = compared(tmp_path, MANDATE, recording)
    assert without(modelled) == without(real)
    assert modelled["external_flows"] == 2 * 39
    again = ("backtest", str(SECOND), "--recording", str(recording))
    assert without(result(*again, journal=tmp_path / "again.sqlite")) == without(lived)


def test_digest__every_other_block_and_a_depth__modelled_is_real(tmp_path: Path) -> None:
    text, seconds = SECOND.read_text(encoding="utf-8"), "block_seconds = 3600"
    mandate = tmp_path / "patient.toml"
    mandate.write_text(text.replace(seconds, f"{seconds}\ncadence = 2\nfinality_depth = 3"))
    shutil.copy(SECOND.with_suffix(".py"), tmp_path)
    recording = tmp_path / "recording"
    options = ("--blocks", "41", "--seed", "5", "--record", str(recording))
    lived = result("rehearse", str(mandate), *options, journal=tmp_path / "lived.sqlite")
    assert (lived["blocks"], lived["skipped"]) == (21, 0)
    assert lived["plans_executed"] > 1
    modelled, real = compared(tmp_path, mandate, recording)
    assert without(modelled) == without(lived) == without(real)


def test_backtest__journal__can_be_explained_and_reported(tmp_path: Path) -> None:
    recording, journal = tmp_path / "recording", tmp_path / "modelled.sqlite"
    options = ("--blocks", "8", "--seed", "7", "--record", str(recording))
    result("rehearse", str(SECOND), *options, journal=tmp_path / "lived.sqlite")
    result("backtest", str(SECOND), "--recording", str(recording), journal=journal)
    words = [explained(tmp_path / "lived.sqlite"), explained(journal)]
    assert "swap" in words[0]
    assert words[0] == words[1]
    page = tmp_path / "report.html"
    assert trimtab("report", "--journal", str(journal), "--out", str(page)).code == 0
    assert "<html" in page.read_text(encoding="utf-8")


def explained(path: Path) -> str:
    """What a journal says that was decided, block by block, with what was seen."""
    with Journal.read(path) as journal:
        blocks = [record.block for record in journal.records("tick")]
        told = [explain(journal, block) for block in blocks if block is not None]
    return "\n".join(text.split("What came of it")[0] for text in told if "gas, paid" not in text)
