"""The memory between two turns, in the journal: starting goes on from there and not from the first.

A checkpoint is a shortcut and no truth of its own. It is signed by nothing but the journal's chain
of hashes, restored strictly by the types of `Memory`, and a replay of everything compares it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any, get_type_hints

from trimtab import __version__
from trimtab.core.canonical import Plain, encoded
from trimtab.core.errors import ConfigError, InvariantViolation, JournalError
from trimtab.core.market import Head, Market, State
from trimtab.core.restore import argument_of, restored
from trimtab.core.states import States
from trimtab.core.stored import stored
from trimtab.core.strategy import Signal
from trimtab.engine.bot import Bot
from trimtab.engine.memory import DEEPEST, Memory
from trimtab.engine.recording import Written
from trimtab.journal import records
from trimtab.journal.blobs import name_of
from trimtab.journal.records import Record
from trimtab.journal.store import Journal
from trimtab.journal.values import Checkpoint, checkpoint_of

EVERY = 500
"""Turns between two checkpoints."""
INVARIANT = "INV-6 replay"
_APART = frozenset({"states", "signals", "past"})
"""Stored in a form of its own, or not at all: the ring fills again as turns are replayed."""


def written(bot: Bot, memory: Memory) -> Written:
    """The record of the memory after a turn, and the blob that it names.

    Raises TypeError for a signal's memory that has no stored form: see `core.stored`.
    """
    assert memory.states is not None, "a turn decides on states"
    content = encoded(_form(bot, memory))
    name = name_of(content)
    record = records.checkpoint(
        memory.states.head.number,
        mandate_hash=bot.mandate_hash,
        code_version=__version__,
        memory=name,
    )
    return Written((record,), {name: content})


def read(bot: Bot, record: Record, blob: Callable[[str], bytes]) -> Memory | None:
    """The memory that a checkpoint holds; none if another mandate or version wrote it.

    Raises JournalError where it is damaged.
    """
    found = checkpoint_of(record)
    if not _is_of(bot, found):
        return None
    try:
        return _memory(bot, json.loads(blob(found.memory)))
    except (ValueError, KeyError) as error:
        raise JournalError(
            f"the checkpoint of block {record.block} cannot be restored ({error}): it is damaged, "
            "or of other code that calls itself the same version; replay everything without it"
        ) from error


def check(bot: Bot, record: Record, blob: Callable[[str], bytes], memory: Memory) -> None:
    """Raise InvariantViolation (INV-6) unless a checkpoint is of this memory.

    One that another mandate or version wrote tells nothing about this one.
    """
    found = checkpoint_of(record)
    if not _is_of(bot, found):
        return
    (name,) = written(bot, memory).blobs
    if name != found.memory:
        held, expected = json.loads(blob(found.memory)), _form(bot, memory)
        differing = sorted(key for key in held | expected if held.get(key) != expected.get(key))
        raise InvariantViolation(
            INVARIANT,
            f"the checkpoint of block {record.block} is not what the records before it lead to "
            f"({', '.join(differing)} differ): the journal is of another code version, or a "
            "memory rests on something unseen",
        )


def starts(bot: Bot, journal: Journal) -> Iterator[tuple[int, Memory]]:
    """Where a replay may begin, the newest first: the last sequence that is not to be replayed.

    So many turns follow each of them that a reorg can be undone as far as ever.
    """
    turns = journal.sequences("reading", DEEPEST)
    if len(turns) < DEEPEST:
        return
    for sequence in journal.sequences("checkpoint"):
        if sequence < turns[-1]:
            (record,) = journal.records(after=sequence - 1, until=sequence)
            memory = read(bot, record, journal.blob)
            if memory is not None:
                yield sequence, memory


def check_signals(bot: Bot) -> None:
    """Raise ConfigError for a signal whose memory could not be stored and restored.

    Asked once, before a run: a memory names its type in `Signal[Memory, Value]`.
    """
    for signal in bot.signals:
        try:
            kept = restored(argument_of(type(signal), Signal), stored(signal.start))
            same = stored(kept) == stored(signal.start)
            trouble = "" if same else f"{kept!r} came back for {signal.start!r}"
        except (TypeError, ValueError) as error:
            trouble = str(error)
        if trouble:
            raise ConfigError(
                f"the memory of the signal {type(signal).__name__} cannot be kept ({trouble}): use "
                "frozen data classes, tuples, mappings, numbers, text and arrays of numbers, and "
                "name the type in the brackets of Signal"
            )


def _is_of(bot: Bot, found: Checkpoint) -> bool:
    return (found.mandate_hash, found.code_version) == (bot.mandate_hash, __version__)


def _form(bot: Bot, memory: Memory) -> dict[str, Plain]:
    states = memory.states
    assert states is not None, "a turn decides on states"
    every: Plain = [[market, stored(state)] for market, state in states.states.items()]
    plain = {f.name: stored(getattr(memory, f.name)) for f in _rest()}
    return {
        **plain,
        "states": {"clock": stored(states.clock), "heads": stored(states.heads), "states": every},
        "signals": [stored(memory.signals.get(signal)) for signal in bot.signals],
        "known": stored(tuple(signal in memory.signals for signal in bot.signals)),
    }


def _memory(bot: Bot, form: Plain) -> Memory:
    hints = get_type_hints(Memory)
    expected = {field.name for field in _rest()} | {"states", "signals", "known"}
    if not isinstance(form, dict) or form.keys() != expected:
        raise ValueError("its parts are others")
    plain = {field.name: restored(hints[field.name], form[field.name]) for field in _rest()}
    return Memory(states=_states(bot, form["states"]), signals=_signals(bot, form), **plain)


def _rest() -> list[Any]:
    return [field for field in fields(Memory) if field.name not in _APART]


def _states(bot: Bot, form: Plain) -> States:
    markets = {market.id: market for market in bot.markets}
    if not isinstance(form, dict) or form.keys() != {"clock", "heads", "states"}:
        raise ValueError("its states are no states")
    pairs = restored(list[tuple[str, Any]], form["states"])
    found: dict[Any, State] = {
        market: restored(argument_of(type(markets[market]), Market), state)
        for market, state in pairs
    }
    return States(
        restored(int, form["clock"]),
        restored(Mapping[int, Head], form["heads"]),
        {market: markets[market] for market in found},
        found,
    )


def _signals(bot: Bot, form: Mapping[str, Plain]) -> dict[Any, object]:
    known = restored(tuple[bool, ...], form["known"])
    memories = restored(list[Any], form["signals"])
    return {
        signal: restored(argument_of(type(signal), Signal), memory)
        for signal, is_known, memory in zip(bot.signals, known, memories, strict=True)
        if is_known
    }
