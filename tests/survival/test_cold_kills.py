"""The command line itself, killed ten times at moments that a seed draws, in a world of others."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.command import ROOT, spoken, trimtab
from tests.support.free_world import FreeWorld, free_world
from tests.survival.ground import reckoned
from tests.survival.living import MANDATE, Ground
from trimtab.core.token import Address, address
from trimtab.journal.store import Journal

pytestmark = pytest.mark.chain

KILLS = 10
SEED = 20_260
LONGEST = 1.0
"""Seconds after it is armed within which a life ends: about ten blocks."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreeWorld]:
    with free_world(tmp_path_factory.mktemp("world")) as world:
        yield world


def changed(text: str) -> str:
    """The mandate of the manager, for a world whose Safe holds other tokens and that never waits.

    A life begins many blocks after the last one ended, and a plan may take several to be made.
    """
    pool, deadline = '"uniswap_v3:WETH/USDC/500"', "deadline_blocks = 3\n"
    assert pool in text
    assert deadline in text
    text = text.replace(pool, f'{pool}, "uniswap_v3:WBTC/USDC/3000"')
    return text.replace(deadline, "deadline_blocks = 20\nblind_after = 86_400\n")


def armed(world: FreeWorld, mandate: Path, journal: Path) -> list[str]:
    """The arguments of a run that goes on with the journal."""
    return [
        *spoken("trimtab run --arm"),
        *(str(mandate), "--world", str(world.file), "--journal", str(journal)),
    ]


def killed(command: list[str], after: float, log: Path) -> None:
    """A life that ends by SIGKILL so many seconds after it said that it is armed."""
    with log.open("wb") as told:
        process = subprocess.Popen(command, cwd=ROOT, stdout=told, stderr=told)
    try:
        deadline = time.monotonic() + 60
        while b"armed. Who has the key" not in log.read_bytes():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "it does not begin"
            time.sleep(0.01)
        time.sleep(after)
        assert process.poll() is None, log.read_text()
    finally:
        process.kill()
        process.wait(30)


def test_run__killed_ten_times_by_sigkill__nothing_lost_or_sent_twice(
    world: FreeWorld, tmp_path: Path
) -> None:
    mandate = tmp_path / "mandate.toml"
    mandate.write_text(changed(MANDATE.read_text()))
    book, journal_file = world.file.read_bytes(), tmp_path / "run.sqlite"
    ground = Ground(world.node.url, book, world.safe, journal_file, mandate, world.owner)
    command, since = armed(world, mandate, ground.journal), world.block
    moments = random.Random(SEED)
    for life in range(KILLS):
        killed(command, moments.uniform(0, LONGEST), tmp_path / f"{life}.log")
    done = trimtab("halt", "--journal", str(ground.journal), "--why", "the test ends")
    assert done.code == 0, done.error
    options = ("--world", str(world.file), "--journal", str(ground.journal), "--blocks", "8")
    done = trimtab("run", str(mandate), "--arm", *options)
    assert done.code == 0, done.error
    found = reckoned(world, ground, since)
    assert not found.memory.open, "what was on its way never came to its end"
    assert found.landed > 0
    assert found.memory.breakers == {"operator": "the test ends"}
    with Journal.read(ground.journal) as journal:
        assert 1 < len(list(journal.records("start"))) <= KILLS + 1
    with pytest.raises(AssertionError):
        reckoned(world, replace(ground, owner=a_trader(world)), since)


def a_trader(world: FreeWorld) -> Address:
    """One of the others, whose transactions no journal of ours explains."""
    head = world.block
    for number in range(head, head - 50, -1):
        found = world.rpc("eth_getBlockByNumber", hex(number), True)
        assert isinstance(found, dict)
        for sent in found["transactions"]:  # type: ignore[union-attr]
            sender = address(str(sent["from"]))  # type: ignore[index,call-overload]
            if sender != world.owner:
                return sender
    raise AssertionError("nobody else acts in this world")
