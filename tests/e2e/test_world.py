"""A world that runs by itself, and one tick on it that sends nothing."""

from __future__ import annotations

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


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Path]:
    """The address book of a world that mines a block every fifth of a second."""
    out = tmp_path / "world.json"
    program = "from trimtab.app.main import main; main()"
    options = ["--out", str(out), "--interval", "0.2", "--blocks", "600"]
    with subprocess.Popen(
        [sys.executable, "-c", program, "world", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            _wait_for(out, process)
            yield out
        finally:
            process.terminate()


def test_plan__on_a_running_world__says_what_would_be_done(world: Path) -> None:
    done = trimtab("plan", str(MANDATE), "--world", str(world), "--json")
    assert done.code == 0, done.error
    told = orjson.loads(done.output.splitlines()[-1])
    assert told["verdict"] == "approved"
    kinds = [action["type"] for action in told["plan"]["actions"]]
    assert "Supply" in kinds


def test_plan__no_turnover_allowed__holds_or_refuses_but_never_trades(
    world: Path, tmp_path: Path
) -> None:
    mandate = tmp_path / "mandate.toml"
    text = MANDATE.read_text().replace('minimum_idle = "5 %"', 'minimum_idle = "100 %"')
    mandate.write_text(text.replace('turnover_per_day = "60 %"', 'turnover_per_day = "0 %"'))
    done = trimtab("plan", str(mandate), "--world", str(world), "--json")
    told = orjson.loads(done.output.splitlines()[-1])
    assert (done.code, told["verdict"]) in ((0, "hold"), (1, "refused"))


def test_check__on_a_running_world__prints_its_account(world: Path) -> None:
    safe = orjson.loads(world.read_bytes())["running"]["safe"]
    done = trimtab("check", str(MANDATE), "--world", str(world))
    assert done.code == 0, done.error
    assert safe in done.output


def test_plan__no_world__says_how_to_start_one() -> None:
    done = trimtab("plan", str(MANDATE))
    assert done.code == 2
    assert "trimtab world --out" in done.error


def test_plan__node_is_gone__code_three(world: Path, tmp_path: Path) -> None:
    book = orjson.loads(world.read_bytes())
    book["running"]["rpc"] = "http://127.0.0.1:1"
    gone = tmp_path / "gone.json"
    gone.write_bytes(orjson.dumps(book))
    done = trimtab("plan", str(MANDATE), "--world", str(gone))
    assert done.code == 3, done.error
    assert "127.0.0.1" in done.error


def test_plan__token_lies_about_its_decimals__code_three(world: Path, tmp_path: Path) -> None:
    book = orjson.loads(world.read_bytes())
    book["tokens"]["WBTC"]["decimals"] = 18
    lying = tmp_path / "lying.json"
    lying.write_bytes(orjson.dumps(book))
    done = trimtab("plan", str(MANDATE), "--world", str(lying))
    assert done.code == 3, done.error
    assert "8 decimals" in done.error
    assert "declared with 18" in done.error


def _wait_for(out: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if out.exists() and out.stat().st_size:
            return
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.1)
    raise AssertionError("the world did not start in a minute")
