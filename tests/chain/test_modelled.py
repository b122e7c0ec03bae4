"""The modelled world beside the real one, turn by turn."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.support.command import ROOT
from tests.support.taped import BLOCKS, MANDATE, taped, unwatched
from trimtab.app.recordings import backtest
from trimtab.app.resolve import read_mandate, resolve
from trimtab.core.actions import Swap
from trimtab.core.errors import JournalError
from trimtab.core.plan import Approved
from trimtab.core.reading import Observation
from trimtab.core.settlement import Failed, Flow, Landed
from trimtab.engine.bot import Bot
from trimtab.engine.memory import Memory
from trimtab.engine.modelled import Modelled
from trimtab.engine.replay import replay
from trimtab.engine.tick import tick
from trimtab.journal.reconcile import Reconciliation, reconcile
from trimtab.journal.store import Journal
from trimtab.lab.recording import Recording, read_recording

pytestmark = pytest.mark.chain

STRANGERS = ROOT / "examples" / "scenarios" / "strangers.toml"


@cache
def scene(scenario: Path | None = None) -> tuple[Bot, Recording]:
    recording = read_recording(taped(scenario))
    return resolve(read_mandate(MANDATE)[0], recording.book, recording.account), recording


def world(bot: Bot, recording: Recording) -> Modelled:
    return Modelled(bot, recording.states(), recording.blocks)


def counted(bot: Bot, before: Observation, now: Observation) -> Reconciliation:
    return reconcile(
        bot.adapters,
        before.states,
        now.states,
        now.events,
        bot.account,
        lambda _: False,
        now.reading.audit,
    )


async def seen(modelled: Modelled, known: Observation | None) -> Observation:
    found = await modelled.next(None if known is None else known.states)
    assert found is not None
    return found


async def wished(bot: Bot, modelled: Modelled) -> tuple[Observation, Approved]:
    """The first block, and the plan that the manager makes there."""
    first = await seen(modelled, None)
    verdict = tick(bot, first, (), Memory()).approved
    assert verdict is not None
    return first, verdict


def test_next__block_that_was_skipped__its_flows_are_told_with_the_following() -> None:
    bot, recording = scene(STRANGERS)

    async def lived() -> None:
        together, one_by_one = world(bot, recording), world(bot, recording)
        first = await seen(together, None)
        await seen(together, first)
        third = await seen(together, first)
        told = counted(bot, first, third)
        assert told.error == 0
        before, apart = await seen(one_by_one, None), list[Flow]()
        for _ in range(2):
            now = await seen(one_by_one, before)
            apart += counted(bot, before, now).flows
            before = now
        assert told.flows == tuple(apart)
        assert len({flow.transaction for flow in apart}) == 2
        assert third.states == before.states

    asyncio.run(lived())


def test_replay__journal_of_a_backtest__refused_in_words(tmp_path: Path) -> None:
    bot, recording = scene()
    mandate, text = read_mandate(MANDATE)
    path = tmp_path / "journal.sqlite"
    asyncio.run(backtest(mandate, text, recording, 2, path, unwatched))
    with (
        Journal.read(path) as journal,
        pytest.raises(JournalError, match="is lived through again and not replayed"),
    ):
        replay(bot, journal)


def test_next__after_the_last_block__the_world_is_over() -> None:
    modelled = world(*scene())

    async def lived() -> None:
        known = None
        for _ in range(BLOCKS):
            known = await seen(modelled, known)
        assert known is not None
        assert await modelled.next(known.states) is None

    asyncio.run(lived())


def test_settle__plan_in_the_next_block__landed_once_it_is_deep_enough() -> None:
    bot, recording = scene()
    bot = replace(bot, execution=replace(bot.execution, finality_depth=2))

    async def lived() -> None:
        modelled = world(bot, recording)
        first, verdict = await wished(bot, modelled)
        intent = await modelled.prepare(verdict, first)
        now, found = first, []
        for _ in range(4):
            now = await seen(modelled, now)
            found.append(await modelled.settle(intent, now))
        assert found[:2] == [None, None]
        assert isinstance(found[2], Landed)
        assert found[2] == found[3]
        assert found[2].block == first.states.head.number + 1
        assert now.states.head.number == first.states.head.number + 4

    asyncio.run(lived())


def test_execute__plan_whose_fill_is_gone__fails_whole_and_leaves_the_book() -> None:
    bot, recording = scene()

    async def lived() -> None:
        modelled, untouched = world(bot, recording), world(bot, recording)
        first, verdict = await wished(bot, modelled)
        greedy = tuple(
            replace(action, min_out=10 * action.min_out) if isinstance(action, Swap) else action
            for action in verdict.plan.actions
        )
        plan = replace(verdict.plan, actions=greedy)
        intent = await modelled.prepare(Approved(plan, ()), first)
        now = await seen(modelled, first)
        settled = await modelled.settle(intent, now)
        assert isinstance(settled, Failed)
        assert settled.reason == "Too little received"
        assert settled.gas_used == plan.cost.gas_units
        left_alone = await seen(untouched, await seen(untouched, None))
        assert now.states == left_alone.states
        assert now.reading.audit == left_alone.reading.audit

    asyncio.run(lived())
