"""Leveraged staking on the real contracts: entered in one call, modelled alike, and left whole."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.test_equality import result, without
from tests.support.command import ROOT
from trimtab.app.local import Setting, staged
from trimtab.app.resolve import read_mandate
from trimtab.core.actions import EnterLoop
from trimtab.core.flows import held_everywhere
from trimtab.core.market import Place
from trimtab.core.orders import Unwind
from trimtab.core.settlement import Landed
from trimtab.engine.memory import Memory
from trimtab.engine.run import Step, run
from trimtab.journal.store import Journal

pytestmark = pytest.mark.e2e

MANDATE = ROOT / "examples" / "leveraged.toml"
DEEP = (
    ("share = 0.1 ", "share = 1 "),
    ("leverage = 2.0", "leverage = 3.3"),
    ('turnover_per_day = "400 %"', 'turnover_per_day = "2000 %"'),
)
"""All of a small book, so near to its limit that rounds of borrowing do not get there."""


def test_leveraged_staking__lived_and_modelled__equal(tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    options = ("--blocks", "32", "--seed", "1", "--record", str(recording))
    lived = result("rehearse", str(MANDATE), *options, journal=tmp_path / "lived.sqlite")
    again = ("backtest", str(MANDATE), "--recording", str(recording))
    modelled = result(*again, journal=tmp_path / "modelled.sqlite")
    assert without(modelled) == without(lived)
    assert lived["plans_executed"] >= 1
    assert (lived["mismatches"], lived["conservation_error"]) == (0, "0")
    assert int(lived["profit"]["interest"]) < 0, "the debt costs"


def test_leveraged_staking__as_far_as_it_goes__entered_in_one_call_and_unwound(
    tmp_path: Path,
) -> None:
    text = MANDATE.read_text(encoding="utf-8")
    for old, new in DEEP:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "mandate.toml"
    path.write_text(text, encoding="utf-8")
    steps: list[Step] = []

    async def live() -> tuple[Memory, dict[Place, int]]:
        mandate, _ = read_mandate(path)
        setting = Setting(1, blocks=30, capital={"WETH": 100_000})
        async with staged(mandate, setting) as stage:
            numeraire = stage.bot.numeraire.address

            def orders() -> tuple[Unwind, ...]:
                return (Unwind(numeraire, "enough"),) if len(steps) == 24 else ()

            with Journal.create(tmp_path / "journal.sqlite") as journal:
                memory = await run(
                    stage.bot, stage.world, journal, Memory(), steps.append, orders=orders
                )
            assert memory.states is not None
            held = held_everywhere(stage.bot.adapters, memory.states, stage.bot.account)
            return memory, {place: holding.raw for place, holding in held.items()}

    memory, held = asyncio.run(live())
    plans = [
        step.outcome.approved.plan
        for step in steps
        if step.outcome is not None and step.outcome.approved is not None
    ]
    entered = [a for plan in plans for a in plan.actions if isinstance(a, EnterLoop)]
    assert len(entered) == 1
    lent = entered[0].loan
    assert lent > 2 * sum(held.values()) * 95 // 100, "more than twice the equity was lent"
    settled = [each for step in steps for each in step.settled]
    assert settled
    assert all(isinstance(each, Landed) for each in settled)
    assert not [place for place in held if place.is_debt]
    errors = [s.outcome.reconciliation.error for s in steps if s.outcome is not None]
    assert len(errors) == len(steps)
    assert not any(errors)
    assert memory.ledger is not None
    assert memory.ledger.external == 0
