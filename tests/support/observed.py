"""Real observations of a few blocks of the local world, for worlds of our own in tests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.command import ROOT
from trimtab.app.local import Setting, staged
from trimtab.app.resolve import read_mandate
from trimtab.core.reading import Observation
from trimtab.engine.bot import Bot

MANDATE = ROOT / "examples" / "mandate.toml"


@dataclass(frozen=True, slots=True)
class Observed:
    """A bot and what it would see, block after block, if it never acted."""

    bot: Bot
    observations: tuple[Observation, ...]


@cache
def observed(blocks: int = 6, seed: int = 7, mandate: Path = MANDATE) -> Observed:
    """A book wholly in the numeraire, far from its mix, over a few blocks."""

    async def lived() -> Observed:
        setting = Setting(seed, blocks, capital={"USDC": 1_000_000})
        async with staged(read_mandate(mandate)[0], setting) as stage:
            seen: list[Observation] = []
            known = None
            while (observation := await stage.world.next(known)) is not None:
                seen.append(observation)
                known = observation.states
            return Observed(stage.bot, tuple(seen))

    return asyncio.run(lived())
