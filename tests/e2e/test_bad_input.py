"""Bad input: words that say what to do, the exit code of the kind, and nothing lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.support.command import ROOT
from tests.support.taped import MANDATE as TAPED
from tests.support.taped import taped
from trimtab.app.main import app
from trimtab.lab.recording.files import BLOCKS, MANIFEST

pytestmark = pytest.mark.e2e

MANDATE = (ROOT / "examples" / "mandate.toml").read_text()
Spoil = Callable[[str], str]
Spoilt = Callable[[Path], object]


def run(*arguments: str) -> Result:
    """The command line in this process."""
    return CliRunner().invoke(app, list(arguments))


def rehearse(folder: Path, text: str, *options: str) -> Result:
    """A rehearsal of a mandate text."""
    mandate = folder / "mandate.toml"
    mandate.write_text(text)
    journal = folder / "journal.sqlite"
    return run("rehearse", str(mandate), "--blocks", "2", "--journal", str(journal), *options)


def kept(recording: Path) -> None:
    """A recording as it was made."""


def truncated(recording: Path) -> None:
    """A recording of which the end is gone."""
    path = recording / BLOCKS
    path.write_bytes(path.read_bytes()[:-1])


def edited(recording: Path) -> None:
    """A recording in which somebody made a block cheaper."""
    path = recording / BLOCKS
    path.write_text(path.read_text().replace('"tip":"1', '"tip":"2', 1))


def replaced(old: str, new: str) -> Spoil:
    """A mandate with one piece of text replaced."""

    def spoil(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return spoil


BAD_MANDATES = {
    "unknown key": (replaced("turnover_per_day", "turnover_a_day"), "turnover_per_day"),
    "wrong type": (replaced("state_age = 7200", 'state_age = "long"'), "state_age"),
    "negative cap": (replaced('"token:WETH" = "50 %"', '"token:WETH" = "-50 %"'), "token:WETH"),
    "empty RPC list": (replaced('rpc = ["local"]', "rpc = []"), "rpc"),
    "bad checksum": (
        replaced('address = "local" ', 'address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD" '),
        "checksum",
    ),
    "missing key file": (replaced('signer = "local" ', 'signer = "file:no/such.key" '), "no/such"),
    "not a number": (replaced("risk_aversion = 8", "risk_aversion = nan"), "nan"),
    "cap of nothing": (replaced('"token:WBTC" = "45 %"', '"token:WBTX" = "45 %"'), "WBTX"),
    "unknown market": (replaced("WETH/USDC/500", "WETH/USDC/501"), "WETH/USDC/500"),
    "unknown strategy": (replaced("trimtab.strategies:LendingYield", "trimtab:Magic"), "Magic"),
    "unknown parameter": (replaced("least_gain", "least_gains"), "least_gain"),
    "not TOML": (replaced("[account]", "[account"), "TOML"),
}


@pytest.mark.parametrize("name", sorted(BAD_MANDATES))
def test_rehearse__bad_mandate__words_and_code_two(name: str, tmp_path: Path) -> None:
    spoil, told = BAD_MANDATES[name]
    done = rehearse(tmp_path, spoil(MANDATE))
    assert done.exit_code == 2, done.output
    assert told in done.output
    assert "Traceback" not in done.output


BAD_PRICES = {
    "NaN": ("NaN", "at 2024-01-01 05:00:00 UTC is nan"),
    "no number": ("cheap", "at 2024-01-01 05:00:00 UTC is no number"),
    "hole": (None, "a hole of 21600 s before 2024-01-01 09:00:00 UTC"),
    "zero": ("0", "at 2024-01-01 05:00:00 UTC is 0.0"),
    "infinity": ("inf", "at 2024-01-01 05:00:00 UTC is inf"),
}


@pytest.mark.parametrize("name", sorted(BAD_PRICES))
def test_rehearse__bad_price_file__words_and_code_three(name: str, tmp_path: Path) -> None:
    close, told = BAD_PRICES[name]
    rows = [f"2024-01-01T{hour:02d}:00:00Z,ETHUSDT,{2000 + hour}" for hour in range(12)]
    if close is None:
        del rows[4:9]
    else:
        rows[5] = f"2024-01-01T05:00:00Z,ETHUSDT,{close}"
    prices = tmp_path / "prices.csv"
    prices.write_text("\n".join(["time_utc,symbol,close", *rows]) + "\n")
    symbols = "WETH=ETHUSDT,WBTC=ETHUSDT"
    done = rehearse(tmp_path, MANDATE, "--prices", str(prices), "--symbols", symbols)
    assert done.exit_code == 3, done.output
    assert told in done.output
    assert "Traceback" not in done.output


def test_rehearse__journal_exists__code_four_and_nothing_lost(tmp_path: Path) -> None:
    journal = tmp_path / "journal.sqlite"
    journal.write_bytes(b"something precious")
    done = rehearse(tmp_path, MANDATE)
    assert done.exit_code == 4, done.output
    assert journal.read_bytes() == b"something precious"


def test_rehearse__journal_below_a_file__code_four(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    mandate = tmp_path / "mandate.toml"
    mandate.write_text(MANDATE)
    done = run("rehearse", str(mandate), "--journal", str(tmp_path / "file" / "journal.sqlite"))
    assert done.exit_code == 4, done.output
    assert "cannot be made" in done.output


BAD_RECORDINGS: dict[str, tuple[list[str], Spoilt, int, str]] = {
    "missing": (["backtest"], shutil.rmtree, 2, "there is no recording"),
    "cut off": (["backtest"], lambda at: (at / MANIFEST).unlink(), 2, "it was cut off"),
    "truncated": (["rehearse"], truncated, 3, "it was truncated"),
    "edited": (["backtest"], edited, 3, "was edited after it was recorded"),
    "its own seed": (["rehearse", "--seed", "7"], kept, 2, "--seed: a recording says that already"),
    "too many blocks": (["backtest", "--blocks", "7"], kept, 2, "6 were recorded: ask for fewer"),
    "and recorded again": (["rehearse", "--record", "x"], kept, 2, "--record: a recording says"),
}


@pytest.mark.parametrize("name", sorted(BAD_RECORDINGS))
def test_recording__bad__words_and_code(name: str, tmp_path: Path) -> None:
    (command, *options), spoil, code, told = BAD_RECORDINGS[name]
    recording = Path(shutil.copytree(taped(), tmp_path / "recording"))
    spoil(recording)
    journal = tmp_path / "journal.sqlite"
    paths = ("--recording", str(recording), "--journal", str(journal))
    done = run(command, str(TAPED), *paths, *options)
    assert done.exit_code == code, done.output
    assert told in done.output
    assert "Traceback" not in done.output
    assert not journal.exists()


def test_rehearse__recorded_into_a_folder_in_use__code_two_and_nothing_lost(tmp_path: Path) -> None:
    precious = tmp_path / "record" / "precious"
    precious.parent.mkdir()
    precious.write_text("precious")
    done = rehearse(tmp_path, MANDATE, "--record", str(precious.parent))
    assert done.exit_code == 2, done.output
    assert "is not empty" in done.output
    assert [path.name for path in precious.parent.iterdir()] == ["precious"]


def test_world__book_cannot_be_written__code_two(tmp_path: Path) -> None:
    done = run("world", "--out", str(tmp_path / "no" / "world.json"), "--blocks", "1")
    assert done.exit_code == 2, done.output
    assert "cannot be written" in done.output


def test_report__not_a_journal__code_four(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("no journal")
    done = run("report", "--journal", str(file), "--out", str(tmp_path / "page.html"))
    assert done.exit_code == 4, done.output
    assert not (tmp_path / "page.html").exists()


def test_check__open_key_file__says_chmod(tmp_path: Path) -> None:
    key = tmp_path / "manager.key"
    key.write_text("11" * 32)
    key.chmod(0o644)
    mandate = tmp_path / "mandate.toml"
    mandate.write_text(replaced('signer = "local" ', f'signer = "file:{key}" ')(MANDATE))
    done = run("check", str(mandate))
    assert done.exit_code == 2, done.output
    assert "chmod 600" in done.output
    assert "1111" not in done.output


def test_check__good_mandate__prints_hash_and_what_a_stolen_key_can_do() -> None:
    done = run("check", str(ROOT / "examples" / "mandate.toml"))
    assert done.exit_code == 0, done.output
    assert "everything in the Safe" in done.output
