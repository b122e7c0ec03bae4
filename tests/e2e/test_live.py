"""The live command line on a world that lives: proposals, orders, alerts, and Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.support.command import ROOT, spoken
from tests.support.free_world import FreeWorld, free_world
from tests.survival.living import MANDATE
from trimtab.app.main import app
from trimtab.chain.plan_check import PLAN_CHECK
from trimtab.core.settlement import Landed
from trimtab.journal.store import Journal
from trimtab.journal.values import order_of, settlement_of

pytestmark = pytest.mark.e2e

TEXT = (
    MANDATE.read_text()
    .replace(
        '"uniswap_v3:WETH/USDC/500"', '"uniswap_v3:WETH/USDC/500", "uniswap_v3:WBTC/USDC/3000"'
    )
    .replace("deadline_blocks = 3\n", "deadline_blocks = 20\nblind_after = 86_400\n")
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreeWorld]:
    with free_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder with a mandate, and the world."""

    world: FreeWorld
    folder: Path

    @property
    def journal(self) -> Path:
        return self.folder / "run.sqlite"

    def arguments(self, *options: str, text: str = TEXT) -> tuple[str, ...]:
        mandate = self.folder / "mandate.toml"
        mandate.write_text(text)
        named = ("--world", str(self.world.file), "--journal", str(self.journal))
        return ("run", str(mandate), *named, *options)

    def run(self, *options: str, text: str = TEXT) -> Result:
        """`trimtab run`, to its end, in this process."""
        done = CliRunner().invoke(app, list(self.arguments(*options, text=text)))
        assert done.exit_code == 0, done.output
        return done

    def order(self, *words: str) -> Result:
        done = CliRunner().invoke(app, [*words, "--journal", str(self.journal)])
        assert done.exit_code == 0, done.output
        return done


@pytest.fixture
def desk(world: FreeWorld, tmp_path: Path) -> Desk:
    return Desk(world, tmp_path)


# ----------------------------------------------------------------------------------- watching


def test_run__watch_only_on_a_plain_address__needs_no_key(desk: Desk) -> None:
    """Whoever holds something can be looked at: here a trader with a key of their own."""
    deployment = json.loads(desk.world.file.read_bytes())
    watched = deployment["agents"][0]
    text = TEXT.replace('signer = "local"', f'signer = "env:NO_SUCH_KEY"\naddress = "{watched}"')
    done = desk.run("--blocks", "3", text=text)
    assert "not armed: plans are judged and journaled, and nothing is sent" in done.stderr
    with Journal.read(desk.journal) as journal:
        (start,) = journal.records("start")
        assert isinstance(start.detail, dict)
        assert start.detail["account"] == watched
        assert len(list(journal.records("tick"))) == 3
        assert list(journal.records("intent")) == []


def test_propose__writes_one_batch_at_a_time_also_when_started_again(desk: Desk) -> None:
    folder = desk.folder / "proposals"
    propose = ("--propose", str(folder))
    desk.run("--blocks", "4", *propose)
    (batch,) = folder.iterdir()
    written = json.loads(batch.read_bytes())
    assert written["meta"]["createdFromSafeAddress"] == desk.world.safe
    assert written["transactions"][-1]["to"] == PLAN_CHECK
    assert re.fullmatch(r"\d+-[0-9a-f]{12}\.json", batch.name)
    desk.run("--blocks", "3", *propose)
    assert list(folder.iterdir()) == [batch], "it still waits for signatures"
    deadline = int(written["trimtab"]["bounds"]["deadline"])
    patience = time.monotonic() + 60
    while _now(desk.world) <= deadline:
        assert time.monotonic() < patience
        time.sleep(0.1)
    desk.run("--blocks", "4", *propose)
    assert len(list(folder.iterdir())) == 2, "the next once the last is void"
    with Journal.read(desk.journal) as journal:
        assert list(journal.records("intent")) == [], "nothing is sent"
        whys = [str(record.detail) for record in journal.records("skip")]
    assert any("the plan is proposed in" in why for why in whys)
    assert any("waits for signatures until" in why for why in whys)


def _now(world: FreeWorld) -> int:
    block = world.rpc("eth_getBlockByNumber", "latest", False)
    assert isinstance(block, dict)
    return int(str(block["timestamp"]), 16)


# ------------------------------------------------------------------------- orders and alerts


def test_orders__to_an_armed_run__taken_told_journaled_and_alerted(desk: Desk) -> None:
    copies = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + chr(10))"
    alerts = desk.folder / "alerts"
    command = json.dumps([sys.executable, "-c", copies, str(alerts)])
    text = TEXT + f"\n[alerts]\non_halt = {command}\n"
    desk.run("--blocks", "4", "--arm", text=text)
    desk.order("halt", "--why", "lunch")
    halted = desk.run("--blocks", "3", "--arm", text=text)
    assert "order: halt (lunch)" in halted.stderr
    assert "halt: breaker operator: lunch" in halted.stderr
    desk.order("unwind", "--to", "USDC", "--why", "we close")
    desk.order("resume", "--why", "no, we stay")
    resumed = desk.run("--blocks", "4", "--arm", text=text)
    told = resumed.stderr
    assert told.index("order: unwind (we close)") < told.index("order: resume (no, we stay)")
    assert list((desk.folder / "run.sqlite.orders").iterdir()) == [], "what was taken is removed"
    (alert,) = map(json.loads, alerts.read_text().splitlines())
    assert (alert["event"], alert["why"]) == ("halt", "breaker operator: lunch")
    assert alert["account"] == desk.world.safe
    with Journal.read(desk.journal) as journal:
        journal.verify()
        orders = [type(order_of(record)).__name__ for record in journal.records("order")]
        settled = [settlement_of(record) for record in journal.records("settled")]
    assert orders == ["Halt", "Unwind", "Resume"]
    assert any(isinstance(each, Landed) for each in settled)


def test_run__ends_by_an_error__alerts_before_it_goes(desk: Desk) -> None:
    """A strategy's own error, which is no error of ours, is told too."""
    out = desk.folder / "alert"
    copies = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
    (desk.folder / "breaks.py").write_text(
        "from trimtab.core.strategy import Strategy\n"
        "from dataclasses import dataclass\n"
        "@dataclass(frozen=True)\n"
        "class Breaks(Strategy):\n"
        "    @property\n"
        "    def needs(self): return ()\n"
        "    def decide(self, view): raise RuntimeError('out of ideas')\n"
    )
    strategy = re.sub(r"\[\[strategies\]\].*?\[limits\]", BREAKS, TEXT, flags=re.DOTALL)
    command = json.dumps([sys.executable, "-c", copies, str(out)])
    text = strategy + f"\n[alerts]\non_halt = {command}\n"
    arguments = desk.arguments("--blocks", "2", text=text)
    done = CliRunner().invoke(app, list(arguments))
    assert isinstance(done.exception, RuntimeError), done.output
    assert json.loads(out.read_bytes())["why"] == "RuntimeError: out of ideas"


BREAKS = '[[strategies]]\nname = "breaks"\nuse = "breaks:Breaks"\nshare = 1\n\n[limits]'


# ------------------------------------------------------------------------------------- Ctrl-C


def heard(process: subprocess.Popen[str], words: str, times: int = 1) -> str:
    """What a run says until it said these words so often; it is ended where it never does."""
    told = ""
    assert process.stderr is not None
    patience = threading.Timer(60, process.kill)
    patience.start()
    try:
        for line in process.stderr:
            told += line
            if told.count(words) >= times:
                return told
    finally:
        patience.cancel()
    raise AssertionError(f"it never said {words!r} so often:\n{told}")


@pytest.mark.parametrize("as_json", [False, True], ids=["in words", "in JSON"])
def test_run__interrupted__exit_code_130_and_a_journal_that_goes_on(
    desk: Desk, as_json: bool
) -> None:
    options = ("--arm", "--json") if as_json else ("--arm",)
    command = [*spoken("trimtab run"), *desk.arguments(*options)[1:]]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    told = heard(process, '"event": "turn"', times=3)
    assert "armed. Who has the key" in told
    desk.order("halt", "--why", "lunch")
    assert "order: halt (lunch)" in heard(process, "halt: breaker operator: lunch")
    process.send_signal(signal.SIGINT)
    output, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    words = f"stopped; `trimtab run` goes on with {desk.journal}"
    assert words in rest
    assert "Traceback" not in rest
    if as_json:
        assert json.loads(output) == {"stopped": words, "journal": str(desk.journal)}
    else:
        assert output == ""
    again = desk.run("--blocks", "2", "--arm", "--json")
    (line,) = again.stdout.splitlines()
    assert json.loads(line)["conservation_error"] == "0"


def test_run__on_a_terminal__words_stand_above_the_picture(desk: Desk) -> None:
    parent, child = pty.openpty()
    command = [*spoken("trimtab run"), *desk.arguments("--arm", "--blocks", "3")[1:]]
    process = subprocess.Popen(command, cwd=ROOT, stdout=child, stderr=child, close_fds=True)
    os.close(child)
    shown = b""
    while True:
        try:
            more = os.read(parent, 65_536)
        except OSError:  # how a terminal says that nobody writes any more
            break
        if not more:
            break
        shown += more
    os.close(parent)
    assert process.wait(60) == 0, shown.decode()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    flat = " ".join(text.split())
    assert "armed. Who has the key: everything in the Safe" in flat
    assert flat.index("armed.") < flat.index("blocks 1 of 3")
    assert "3 blocks, " in flat
    assert flat.rstrip().endswith(f"journal {desk.journal}")
