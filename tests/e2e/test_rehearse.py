"""The main job as a user runs it: the command line in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from tests.support.command import ROOT, trimtab
from trimtab.journal.store import Journal

pytestmark = pytest.mark.e2e

MANDATE = ROOT / "examples" / "mandate.toml"
KEYS = {
    "blocks",
    "decisions",
    "plans_executed",
    "refused",
    "equity_start",
    "equity_end",
    "numeraire",
    "conservation_error",
    "digest",
    "journal",
    "seconds",
}


def rehearsed(
    tmp_path: Path, *options: str, mandate: Path = MANDATE, hash_seed: str = "0"
) -> dict[str, Any]:
    """The last line that a rehearsal prints."""
    journal = tmp_path / f"{len(list(tmp_path.iterdir()))}.sqlite"
    done = trimtab(
        "rehearse",
        str(mandate),
        *options,
        "--journal",
        str(journal),
        "--json",
        environment={"PYTHONHASHSEED": hash_seed},
    )
    assert done.code == 0, done.error
    result: dict[str, Any] = orjson.loads(done.output.splitlines()[-1])
    return result


def test_rehearse__json__says_what_was_asked(tmp_path: Path) -> None:
    result = rehearsed(tmp_path, "--blocks", "20", "--seed", "7")
    assert set(result) >= KEYS
    assert result["blocks"] == result["decisions"] == 20
    assert result["conservation_error"] == "0"
    assert result["numeraire"] == "USDC"
    assert int(str(result["equity_end"])) > 0


def test_rehearse__one_seed__one_digest_whatever_the_hash_seed(tmp_path: Path) -> None:
    options = ("--blocks", "30", "--seed", "7")
    first = rehearsed(tmp_path, *options, hash_seed="0")
    again = rehearsed(tmp_path, *options, hash_seed="4242")
    other = rehearsed(tmp_path, "--blocks", "30", "--seed", "8")
    assert first["digest"] == again["digest"]
    assert first["digest"] != other["digest"]
    assert {first["conservation_error"], other["conservation_error"]} == {"0"}


def test_rehearse__strangers_every_block__are_external_and_never_halt(tmp_path: Path) -> None:
    script = ROOT / "examples" / "scenarios" / "strangers.toml"
    options = ("--blocks", "120", "--seed", "3")
    result = rehearsed(tmp_path, *options, "--scenario", str(script))
    assert (result["blocks"], result["skipped"], result["mismatches"]) == (120, 0, 0)
    assert result["external_flows"] == 2 * 119, "the first block is what the book begins with"
    assert result["conservation_error"] == "0"
    parts = {name: int(raw) for name, raw in result["profit"].items()}
    earned = parts["price"] + parts["interest"] - parts["fees"] - parts["slippage"]
    earned -= parts["rounding"]
    change = int(result["equity_end"]) - int(result["equity_start"])
    assert earned + parts["external"] == change
    assert parts["profit"] == earned - parts["gas"]
    assert parts["external"] > 0


def test_rehearse__cap_broken_by_the_price__next_plan_repairs_it(tmp_path: Path) -> None:
    script = ROOT / "examples" / "scenarios" / "price-break.toml"
    text = MANDATE.read_text().replace('turnover_per_day = "60 %"', 'turnover_per_day = "0 %"')
    mandate = tmp_path / "mandate.toml"
    mandate.write_text(text.replace('"token:WETH" = "50 %"', '"token:WETH" = "44 %"'))
    result = rehearsed(
        tmp_path, "--blocks", "26", "--seed", "7", "--scenario", str(script), mandate=mandate
    )
    assert result["conservation_error"] == "0"
    ticks = _ticks(Path(str(result["journal"])))
    broken = next(n for n, tick in enumerate(ticks) if tick["breaches"])
    repair = ticks[broken]
    assert repair["verdict"]["type"] == "Approved"
    assert repair["plan"]["lowers_risk"] is True
    assert not ticks[-1]["breaches"], "the cap holds again a few blocks later"


def test_explain__from_the_journal_alone__says_what_and_why(tmp_path: Path) -> None:
    result = rehearsed(tmp_path, "--blocks", "3", "--seed", "7")
    journal = str(result["journal"])
    with Journal.read(Path(journal)) as opened:
        block = next(opened.records("tick")).block
    done = trimtab("explain", str(block), "--journal", journal)
    assert done.code == 0
    assert "inside the bands" in done.output
    missing = trimtab("explain", "999999", "--journal", journal)
    assert missing.code != 0
    assert "999999" in missing.error


def test_example_strategy__its_own_mandate__runs(tmp_path: Path) -> None:
    mandate = ROOT / "examples" / "volatility_target.toml"
    result = rehearsed(tmp_path, "--blocks", "12", "--seed", "5", mandate=mandate)
    assert result["conservation_error"] == "0"
    assert int(str(result["plans_executed"])) >= 1


def _ticks(journal: Path) -> list[dict[str, Any]]:
    with Journal.read(journal) as opened:
        return [cast(dict[str, Any], record.economic) for record in opened.records("tick")]
