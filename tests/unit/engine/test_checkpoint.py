"""Starting from a checkpoint is starting from the beginning, only sooner."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_world import fake_world
from tests.support.story import FUNDS, MANDATE, script
from trimtab.core.canonical import canonical
from trimtab.core.errors import ConfigError, DataError, InvariantViolation, JournalError
from trimtab.core.stored import stored
from trimtab.core.strategy import AnySignal, Signal, Strategy, View
from trimtab.engine import checkpoint, replay
from trimtab.engine.bot import Bot
from trimtab.engine.memory import Memory
from trimtab.engine.recording import Written
from trimtab.engine.run import turn
from trimtab.engine.tick import tick
from trimtab.engine.window import Window
from trimtab.journal import records
from trimtab.journal.blobs import name_of
from trimtab.journal.records import Record
from trimtab.journal.store import Journal

DEEPEST = 4
"""How far a reorg can go back in these tests: a story has no 64 blocks."""


@dataclass(frozen=True, slots=True)
class Lived:
    """A journal with a checkpoint after every turn, and what was remembered then."""

    path: Path
    bot: Bot
    memories: tuple[Memory, ...]

    def copy(self, tmp_path: Path, *appended: Written) -> Path:
        """Another journal of the same records, and more."""
        path = tmp_path / "copy"
        with Journal.read(self.path) as source, Journal.create(path) as target:
            for record in source.records():
                target.append(record, blobs=_blobs(source, record))
            for entry in appended:
                target.append(*entry.records, blobs=entry.blobs)
        return path


def _blobs(journal: Journal, record: Record) -> dict[str, bytes]:
    if record.kind not in {"reading", "checkpoint"}:
        return {}
    detail = record.detail
    assert isinstance(detail, dict)
    rounds = detail.get("rounds", {})
    assert isinstance(rounds, dict)
    named = [*rounds.values(), *(detail.get(key) for key in ("logs", "places", "memory"))]
    return {name: journal.blob(name) for name in named if isinstance(name, str)}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    path = tmp_path_factory.mktemp("checkpoints") / "journal"
    memories: list[Memory] = []

    async def live() -> Bot:
        world, memory = fake_world(MANDATE, FUNDS, script()), Memory()
        with Journal.create(path) as journal:
            while True:
                try:
                    observation = await world.next(memory.states)
                except DataError as error:
                    journal.append(records.skip(None, error))
                    continue
                if observation is None:
                    return world.bot
                memory, _ = await turn(world.bot, world, journal, memory, observation)
                entry = checkpoint.written(world.bot, memory)
                journal.append(*entry.records, blobs=entry.blobs)
                memories.append(memory)

    with pytest.MonkeyPatch.context() as patched:
        shallow(patched)
        return Lived(path, asyncio.run(live()), tuple(memories))


def shallow(patched: pytest.MonkeyPatch) -> None:
    for module in ("memory", "checkpoint", "replay"):
        patched.setattr(f"trimtab.engine.{module}.DEEPEST", DEEPEST)


@pytest.fixture(autouse=True)
def _shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    shallow(monkeypatch)


def whole(bot: Bot, memory: Memory) -> list[Written]:
    """All that a memory holds, the ring and what is not compared included."""
    return [checkpoint.written(bot, each) for each in (*memory.past, memory)]


# ------------------------------------------------------------------------------- the very same


def test_read__each_checkpoint__the_memory_of_that_turn(lived: Lived) -> None:
    with Journal.read(lived.path) as journal:
        journal.verify()
        found = [checkpoint.read(lived.bot, each, journal.blob) for each in
                 journal.records("checkpoint")]  # fmt: skip
    assert len(found) == len(lived.memories) > 30
    assert found == [*lived.memories]
    for kept, memory in zip(found, lived.memories, strict=True):
        assert kept is not None
        assert whole(lived.bot, kept) == [checkpoint.written(lived.bot, memory)]
    assert any(memory.open for memory in lived.memories)
    assert any(memory.quarantined for memory in lived.memories)


def test_replay__from_a_checkpoint__as_from_the_beginning(lived: Lived) -> None:
    with Journal.read(lived.path) as journal:
        begun = next(checkpoint.starts(lived.bot, journal))[0]
        soon = replay.replay(lived.bot, journal)
        anew = replay.replay(lived.bot, journal, from_checkpoint=False)
        readings = journal.sequences("reading")
    assert sum(sequence > begun for sequence in readings) == DEEPEST
    assert whole(lived.bot, soon) == whole(lived.bot, anew)
    assert anew == lived.memories[-1]
    assert len(anew.past) == DEEPEST


def test_replay__from_a_checkpoint__decides_only_what_follows(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided: list[int] = []

    def counted(*arguments: Any) -> object:
        decided.append(1)
        return tick(*arguments)

    monkeypatch.setattr(replay, "tick", counted)
    with Journal.read(lived.path) as journal:
        replay.replay(lived.bot, journal)
    assert len(decided) == DEEPEST


@pytest.mark.parametrize("depth", range(DEEPEST))
def test_replay__after_a_reorg__as_from_the_beginning(
    lived: Lived, tmp_path: Path, depth: int
) -> None:
    heads = [memory.states.head for memory in lived.memories if memory.states]
    unwound = Written((records.unwound(heads[-1 - depth], heads[-1]),), {})
    with Journal.read(lived.copy(tmp_path, unwound)) as journal:
        soon = replay.replay(lived.bot, journal)
        anew = replay.replay(lived.bot, journal, from_checkpoint=False)
    assert whole(lived.bot, soon) == whole(lived.bot, anew)
    assert anew.states is not None
    assert anew.states.head == heads[-1 - depth]


def test_replay__few_turns__from_the_beginning(lived: Lived, tmp_path: Path) -> None:
    with (
        Journal.create(tmp_path / "short") as journal,
        Journal.read(lived.path) as source,
    ):
        for record in source.records(until=source.sequences("reading")[-DEEPEST]):
            journal.append(record, blobs=_blobs(source, record))
        assert list(checkpoint.starts(lived.bot, journal)) == []


# --------------------------------------------------------------------------- what is not ours


def test_starts__of_another_mandate_or_version__passed_over(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(lived.bot, mandate_hash="another")
    with Journal.read(lived.path) as journal:
        assert list(checkpoint.starts(other, journal)) == []
        assert replay.replay(other, journal) == lived.memories[-1]
        monkeypatch.setattr(checkpoint, "__version__", "0.0.0")
        assert list(checkpoint.starts(lived.bot, journal)) == []


def test_replay__checkpoint_of_another_memory__inv_6_with_the_block_and_the_part(
    lived: Lived, tmp_path: Path
) -> None:
    forged = checkpoint.written(lived.bot, replace(lived.memories[-1], traded=Window()))
    assert forged != checkpoint.written(lived.bot, lived.memories[-1])
    with Journal.read(lived.copy(tmp_path, forged)) as journal:
        for from_checkpoint in (True, False):
            with pytest.raises(InvariantViolation, match=r"INV-6.*block \d+.*\(traded differ\)"):
                replay.replay(lived.bot, journal, from_checkpoint=from_checkpoint)


DAMAGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "no mapping": list,
    "one part less": lambda form: {key: form[key] for key in form if key != "claims"},
    "one part more": lambda form: {**form, "more": []},
    "a part of another type": lambda form: {**form, "claims": None},
    "no clock": lambda form: {**form, "states": {**form["states"], "clock": "one"}},
    "unknown market": lambda form: {**form, "states": {**form["states"], "states": [["a", {}]]}},
    "no signals": lambda form: {**form, "signals": []},
    "signals of another type": lambda form: {**form, "signals": "none"},
    "odd marks": lambda form: {**form, "known": ["true"] * len(form["known"])},
    "unknown field": lambda form: {**form, "ledger": {**form["ledger"], "profit": "1"}},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_read__damaged__journal_error_in_words(lived: Lived, damage: str) -> None:
    entry = checkpoint.written(lived.bot, lived.memories[-1])
    ((name, content),) = entry.blobs.items()
    changed = canonical(DAMAGES[damage](json.loads(content)))
    with pytest.raises(JournalError, match="cannot be restored"):
        checkpoint.read(lived.bot, entry.records[0], {name: changed}.__getitem__)


def test_verify__checkpoint_without_its_blob__in_words(lived: Lived, tmp_path: Path) -> None:
    (record,) = checkpoint.written(lived.bot, lived.memories[-1]).records
    with Journal.create(tmp_path / "journal") as journal:
        journal.append(record)
        with pytest.raises(JournalError, match="has no blob"):
            journal.verify()


def test_written__same_memory__same_blob_and_no_part_of_the_digest(lived: Lived) -> None:
    one, other = (checkpoint.written(lived.bot, lived.memories[3]) for _ in range(2))
    assert one == other
    ((name, content),) = one.blobs.items()
    assert name == name_of(content)
    assert one.records[0].economic is None


# ------------------------------------------------------------------------------------- signals


@dataclass(frozen=True, slots=True)
class Plain(Signal[tuple[float, ...], float]):
    @property
    def start(self) -> tuple[float, ...]:
        return (0.5,)

    def step(self, memory: tuple[float, ...], view: View) -> tuple[float, ...]:
        return memory

    def value(self, memory: tuple[float, ...]) -> float:
        return memory[0]


@dataclass(frozen=True, slots=True)
class Nameless(Signal):  # type: ignore[type-arg]
    @property
    def start(self) -> object:
        return 1

    def step(self, memory: object, view: View) -> object:
        return memory

    def value(self, memory: object) -> object:
        return memory


@dataclass(frozen=True, slots=True)
class Mistaken(Plain):
    @property
    def start(self) -> tuple[float, ...]:
        return (object(),)  # type: ignore[return-value]


def needing(bot: Bot, signal: AnySignal) -> Bot:
    class Needs(Strategy):
        @property
        def needs(self) -> tuple[AnySignal, ...]:
            return (signal,)

        def decide(self, view: View) -> object:  # type: ignore[override]
            raise NotImplementedError

    return replace(bot, seats=(replace(bot.seats[0], strategy=Needs()),))


def test_check_signals__memory_with_a_form__taken(lived: Lived) -> None:
    checkpoint.check_signals(lived.bot)
    checkpoint.check_signals(needing(lived.bot, Plain()))
    assert stored(Plain().start) == [(0.5).hex()]


@pytest.mark.parametrize("signal", [Nameless(), Mistaken()])
def test_check_signals__memory_without_a_form__config_error(
    lived: Lived, signal: AnySignal
) -> None:
    with pytest.raises(ConfigError, match=f"of the signal {type(signal).__name__} cannot be kept"):
        checkpoint.check_signals(needing(lived.bot, signal))
