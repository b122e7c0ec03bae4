"""Liquidity in a range from the mandate to the journal: lived, modelled, replayed and told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.test_equality import result, without
from tests.support.command import ROOT, trimtab
from trimtab.app.local import Setting, staged
from trimtab.app.resolve import read_mandate
from trimtab.core.actions import AddLiquidity, Collect, RemoveLiquidity
from trimtab.core.flows import held_everywhere
from trimtab.core.orders import Unwind
from trimtab.engine.bot import Bot
from trimtab.engine.memory import Memory
from trimtab.engine.replay import replay
from trimtab.engine.run import Step, run
from trimtab.journal.store import Journal

pytestmark = pytest.mark.e2e

MANDATE = ROOT / "examples" / "range.toml"
BUSY = ROOT / "examples" / "scenarios" / "busy-pool.toml"


def test_range__lived_and_modelled__equal_and_told(tmp_path: Path) -> None:
    recording, journal = tmp_path / "recording", tmp_path / "lived.sqlite"
    options = ("--blocks", "60", "--seed", "1", "--scenario", str(BUSY))
    recorded = ("--record", str(recording))
    lived = result("rehearse", str(MANDATE), *options, *recorded, journal=journal)
    again = ("backtest", str(MANDATE), "--recording", str(recording))
    modelled = result(*again, journal=tmp_path / "modelled.sqlite")
    assert without(modelled) == without(lived)
    assert lived["plans_executed"] >= 1
    assert (lived["mismatches"], lived["conservation_error"]) == (0, "0")
    assert int(lived["profit"]["liquidity"]) != 0
    told = trimtab("explain", "12", "--journal", str(journal)).output
    assert "pooled at uniswap_v3:WETH/USDC/500 from tick" in told
    assert "in pools, by swaps" in told
    page = tmp_path / "report.html"
    assert trimtab("report", "--journal", str(journal), "--out", str(page)).code == 0
    assert "Liquidity" in page.read_text(encoding="utf-8")


def lived(path: Path, blocks: int, unwound_at: int) -> tuple[Bot, Memory, list[Step]]:
    """A run that opens a range, and is told to unwind at a block."""
    steps: list[Step] = []

    async def live() -> tuple[Bot, Memory]:
        mandate, _ = read_mandate(MANDATE)
        async with staged(mandate, Setting(1, blocks, scenario=BUSY)) as stage:
            numeraire = stage.bot.numeraire.address

            def orders() -> tuple[Unwind, ...]:
                return (Unwind(numeraire, "enough"),) if len(steps) == unwound_at else ()

            with Journal.create(path) as journal:
                memory = await run(
                    stage.bot, stage.world, journal, Memory(), steps.append, orders=orders
                )
            return stage.bot, memory

    bot, memory = asyncio.run(live())
    return bot, memory, steps


def test_range__unwound__all_of_it_back_in_the_wallet_and_replayed(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    bot, memory, steps = lived(path, 30, unwound_at=15)
    kinds = {
        type(action)
        for step in steps
        if step.outcome is not None and step.outcome.approved is not None
        for action in step.outcome.approved.plan.actions
    }
    assert {AddLiquidity, RemoveLiquidity, Collect} <= kinds
    assert memory.states is not None
    held = held_everywhere(bot.adapters, memory.states, bot.account)
    assert [place for place in held if not place.is_simple] == []
    with Journal.read(path) as journal:
        again = replay(bot, journal)
    assert again == memory
