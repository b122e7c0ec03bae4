"""A short recording of the local world, made once a process."""

from __future__ import annotations

import asyncio
import atexit
import tempfile
from functools import cache, partial
from pathlib import Path

from tests.support.command import ROOT
from trimtab.app.local import Setting
from trimtab.app.recordings import recorded
from trimtab.app.rehearse import rehearse
from trimtab.app.resolve import read_mandate
from trimtab.engine.bot import Bot
from trimtab.engine.run import Step

MANDATE = ROOT / "examples" / "volatility_target.toml"
BLOCKS = 6

_FOLDER = tempfile.TemporaryDirectory()
atexit.register(_FOLDER.cleanup)


def taped(scenario: Path | None = None) -> Path:
    """The folder of a recording of a few blocks, in the first of which the manager wants to act."""
    return _taped(scenario)


@cache
def _taped(scenario: Path | None) -> Path:
    folder = Path(_FOLDER.name) / (scenario.stem if scenario else "recording")
    mandate, text = read_mandate(MANDATE)
    setting = Setting(7, BLOCKS, scenario=scenario)
    hosting = partial(recorded, folder, setting, mandate.chain.block_seconds)
    journal = folder.with_suffix(".sqlite")
    asyncio.run(rehearse(mandate, text, setting, journal, unwatched, hosting))
    return folder


def unwatched(bot: Bot, step: Step) -> None:
    """Nobody looks."""
