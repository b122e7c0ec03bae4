"""Starting is replaying: the journal alone gives the memory that the run ended with (INV-6)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from tests.support.command import ROOT
from trimtab.app.local import Setting, staged
from trimtab.app.resolve import read_mandate
from trimtab.chain.secret import Secret
from trimtab.chain.signer import Signer
from trimtab.core.canonical import canonical
from trimtab.core.errors import InvariantViolation
from trimtab.engine.bot import Bot
from trimtab.engine.memory import Memory
from trimtab.engine.replay import replay
from trimtab.engine.run import run
from trimtab.journal.blobs import blob_names
from trimtab.journal.store import Journal
from trimtab.strategies import ConstantMix

pytestmark = pytest.mark.e2e


def lived(path: Path, blocks: int) -> tuple[Bot, Memory]:
    """A run that begins far from its mix, so that plans land, and its journal."""

    async def live() -> tuple[Bot, Memory]:
        mandate, _ = read_mandate(ROOT / "examples" / "mandate.toml")
        setting = Setting(11, blocks, capital={"USDC": 1_000_000})
        async with staged(mandate, setting) as stage:
            with Journal.create(path) as journal:
                memory = await run(stage.bot, stage.world, journal, Memory(), lambda _: None)
            return stage.bot, memory

    return asyncio.run(live())


def test_replay__a_run__gives_the_memory_it_ended_with(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    bot, memory = lived(path, 25)
    with Journal.read(path) as journal:
        again = replay(bot, journal)
    assert again == memory
    assert memory.ledger is not None
    assert memory.ledger.fees > 0


def test_replay__another_strategy__names_the_block(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    bot, _ = lived(path, 3)
    mix = bot.seats[0].strategy
    assert isinstance(mix, ConstantMix)
    object.__setattr__(mix, "risk_aversion", 30.0)
    with Journal.read(path) as journal, pytest.raises(InvariantViolation, match="INV-6"):
        replay(bot, journal)


def test_journal__of_a_run__holds_no_key(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    lived(path, 2)
    # The key that `signer_of` makes for this seed, as the next line shows.
    key = keccak(text="the manager of the local world, seed 11")
    signer = Signer(Secret(key.hex())).address
    with Journal.read(path) as journal:
        records = list(journal.records())
        written = b"".join(canonical([each.economic, each.detail]) for each in records)
        readings = [name for each in records if each.kind == "reading" for name in blob_names(each)]
        written += b"".join(map(journal.blob, readings))
    assert signer.encode() in written
    assert key.hex().encode() not in written.lower()
    assert key not in written
