"""The one loop: backtest, paper, rehearsal and live differ by the world they are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from trimtab.core.errors import (
    DataError,
    InvariantViolation,
    JournalError,
    PlanError,
    SignerError,
    TrimtabError,
)
from trimtab.core.plan import Approved
from trimtab.core.reading import Observation
from trimtab.core.settlement import Intent, Mismatch, Settlement
from trimtab.core.states import States
from trimtab.engine.bot import Bot
from trimtab.engine.memory import Memory
from trimtab.engine.recording import written
from trimtab.engine.tick import Outcome, tick
from trimtab.journal import records
from trimtab.journal.store import Journal

MOST_BLIND = 25
"""Blocks in a row that may be skipped: then something is wrong that waiting does not mend."""


class World(Protocol):
    """Where plans are executed: what differs between the four worlds."""

    async def next(self, known: States | None) -> Observation | None:
        """The next block to decide on; None when the world has come to its end.

        `known` are the states last decided on. Raises DataError for a block that cannot be read.
        """

    async def settle(self, intent: Intent, observation: Observation) -> Settlement | None:
        """What became of an intent as of the observation's block; None while it is open."""

    async def prepare(self, approved: Approved, observation: Observation) -> Intent | Mismatch:
        """Simulate the plan and make its transaction; nothing is sent."""

    async def send(self, intent: Intent) -> None:
        """Broadcast; the journal holds the raw transaction by then (INV-2). Never waits."""

    async def cancel(self, intent: Intent, observation: Observation) -> Intent:
        """The intent with one more transaction at its nonce, which does nothing; nothing is sent.

        Only one of them can land, so a plan whose time is over gives its nonce free.
        """


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of the loop, for who watches: the outcome, or why the block was skipped."""

    observation: Observation | None
    outcome: Outcome | None
    settled: Settlement | None
    sent: Intent | Mismatch | None
    skipped: str | None


async def run(
    bot: Bot, world: World, journal: Journal, memory: Memory, watch: Callable[[Step], None]
) -> Memory:
    """Turn until the world ends; the memory that is left.

    A block that cannot be read or judged is skipped and recorded; after MOST_BLIND of them in a
    row the last DataError is raised. Raises everything else after recording why it halts.
    """
    blind = 0
    while True:
        try:
            observation = await world.next(memory.states)
            if observation is None:
                return memory
            memory, step = await turn(bot, world, journal, memory, observation)
            blind = 0
        except DataError as error:
            blind += 1
            if memory.states is None or blind > MOST_BLIND:
                raise  # never read at all, or not for long: not one block is wrong but the node
            journal.append(records.skip(None, error))
            step = Step(None, None, None, None, str(error))
        except (SignerError, JournalError, InvariantViolation) as error:
            _record_halt(journal, error)
            raise
        except Exception as error:  # a strategy's own error, or ours: say so before it ends the run
            _record_halt(journal, TrimtabError(f"{type(error).__name__}: {error}"))
            raise
        watch(step)


async def turn(
    bot: Bot, world: World, journal: Journal, memory: Memory, observation: Observation
) -> tuple[Memory, Step]:
    """Settle, tick, and execute what was approved; journal before acting."""
    settlement = None
    if memory.intent is not None:
        settlement = await world.settle(memory.intent, observation)
    settlements = () if settlement is None else (settlement,)
    if memory.intent is not None and settlement is None:
        memory = await _pursue(world, journal, memory, memory.intent, observation)
    outcome = tick(bot, observation, settlements, memory)
    entry = written(bot, observation, settlements, outcome)
    journal.append(*entry.records, blobs=entry.blobs)
    if outcome.approved is None:
        return outcome.memory, Step(observation, outcome, settlement, None, None)
    memory, sent, trouble = await _execute(world, journal, outcome, outcome.approved, observation)
    return memory, Step(observation, outcome, settlement, sent, trouble)


async def _pursue(
    world: World, journal: Journal, memory: Memory, intent: Intent, observation: Observation
) -> Memory:
    """Send an open intent again, or cancel it once its plan's time is over.

    A node may never have got it, or have dropped it; what it has already is no error to it.
    """
    now, pending = observation.states.timestamp, memory.pending
    try:
        if pending is not None and now > pending.plan.deadline and len(intent.raws) == 1:
            intent = await world.cancel(intent, observation)
            journal.append(records.intent(intent))
            memory = memory.with_replacement(intent)
        await world.send(intent)
    except (DataError, PlanError) as error:
        journal.append(records.skip(observation.states.head.number, error))
    return memory


async def _execute(
    world: World,
    journal: Journal,
    outcome: Outcome,
    approved: Approved,
    observation: Observation,
) -> tuple[Memory, Intent | Mismatch | None, str | None]:
    """Prepare, journal, send. A plan that could not be made or sent halts nothing.

    Once the intent is in the journal it stays open, whatever the broadcast came to: `settle`
    finds out.
    """
    block = observation.states.head.number
    try:
        sent = await world.prepare(approved, observation)
    except (DataError, PlanError) as error:
        journal.append(records.skip(block, error))
        return outcome.memory.with_plan(None), None, str(error)
    if isinstance(sent, Mismatch):
        journal.append(records.mismatch(block, sent))
        return outcome.memory.with_settlement(sent), sent, None
    memory = outcome.memory.with_intent(sent)
    journal.append(records.intent(sent))
    try:
        await world.send(sent)
    except DataError as error:
        journal.append(records.skip(block, error))
        return memory, sent, str(error)
    return memory, sent, None


def _record_halt(journal: Journal, error: TrimtabError) -> None:
    """Say why in the journal, unless it is the journal that failed."""
    if not isinstance(error, JournalError):
        journal.append(records.halt(None, error))
