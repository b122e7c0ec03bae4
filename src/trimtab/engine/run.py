"""The one loop: backtest, paper, rehearsal and live differ by the world they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from trimtab.core.errors import (
    DataError,
    InvariantViolation,
    JournalError,
    PlanError,
    Reorg,
    SignerError,
    TrimtabError,
)
from trimtab.core.market import Head
from trimtab.core.orders import Order
from trimtab.core.plan import Approved
from trimtab.core.reading import Observation
from trimtab.core.settlement import Intent, Mismatch, Settlement
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.engine import checkpoint
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

        `known` are the states last decided on. Raises DataError for a block that cannot be read,
        Reorg among them where it does not follow from `known`.
        """

    async def standing(self, heads: Sequence[Head]) -> Head | None:
        """The newest of these blocks, oldest first, that is still part of the chain; or none is.

        Raises DataError where that cannot be told.
        """

    async def settle(self, intent: Intent, observation: Observation) -> Settlement | None:
        """What became of an intent as of the observation's block; None while it is open."""

    async def check_writer(self, observation: Observation, spent: Mapping[Address, int]) -> None:
        """Raise InvariantViolation (INV-13) if another one uses our key; no intent is open.

        `spent` is, by signer, the nonce after the last one of the journal's intents.
        """

    async def prepare(self, approved: Approved, observation: Observation) -> Intent | Mismatch:
        """Simulate the plan and make its transaction; nothing is sent."""

    async def renew(
        self, intent: Intent, observation: Observation, *, is_late: bool
    ) -> Intent | None:
        """The intent, with one more transaction at its nonce where it needs that; nothing is sent.

        One that offers more where the fees have risen, one that does nothing where the plan's
        time is over: only one of them can land, so the nonce becomes free either way. None where
        the nonce is used already and only waits for its depth.
        """

    async def send(self, intent: Intent) -> None:
        """Broadcast; the journal holds the raw transaction by then (INV-2). Never waits."""


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of the loop, for who watches: the outcome, or why the block was skipped.

    `unwound` is the block that a reorg took back.
    """

    observation: Observation | None
    outcome: Outcome | None
    settled: tuple[Settlement, ...]
    sent: Intent | Mismatch | None
    skipped: str | None
    unwound: Head | None = None


async def run(
    bot: Bot,
    world: World,
    journal: Journal,
    memory: Memory,
    watch: Callable[[Step], None],
    orders: Callable[[], Sequence[Order]] = tuple,
    most_blind: int | None = MOST_BLIND,
    checkpoints: int | None = None,
) -> Memory:
    """Turn until the world ends; the memory that is left.

    A block that cannot be read or judged is skipped and recorded; after `most_blind` of them in a
    row the last DataError is raised, never where that is None. `orders` gives what was ordered
    since it was last asked, once the block to decide on is known. Every so many turns a checkpoint
    is kept. Raises everything else after
    recording why it halts.
    """
    blind, turns, has_seen = 0, 0, memory.states is not None
    while True:
        try:
            observation = await world.next(memory.states)
            memory = _ordered(journal, memory, orders())
            if observation is None:
                return memory
            memory, step = await turn(bot, world, journal, memory, observation)
            blind, has_seen, turns = 0, True, turns + 1
            if checkpoints is not None and turns % checkpoints == 0:
                kept = checkpoint.written(bot, memory)
                journal.append(*kept.records, blobs=kept.blobs)
        except DataError as error:
            blind += 1
            if not has_seen or (most_blind is not None and blind > most_blind):
                raise  # never read at all, or not for long: not one block is wrong but the node
            memory, step = await _skip(world, journal, memory, error)
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
    """Settle, tick, and execute what was approved; journal before acting.

    Nothing is journaled before the tick has come to its end, so that a block that cannot be
    judged leaves no trace but that it was skipped.
    """
    memory = memory.with_plan(None).kept()
    asked = [await world.settle(intent, observation) for intent in memory.intents]
    settlements = tuple(settlement for settlement in asked if settlement is not None)
    if len(settlements) == len(asked):
        await world.check_writer(observation, memory.spent)
    outcome = tick(bot, observation, settlements, memory)
    entry = written(bot, observation, settlements, outcome)
    journal.append(*entry.records, blobs=entry.blobs)
    memory = outcome.memory
    for intent in memory.intents:
        memory = await _pursue(world, journal, memory, intent, observation)
    if outcome.approved is None:
        return memory, Step(observation, outcome, settlements, None, None)
    memory, sent, trouble = await _execute(world, journal, memory, outcome.approved, observation)
    return memory, Step(observation, outcome, settlements, sent, trouble)


def _ordered(journal: Journal, memory: Memory, orders: Sequence[Order]) -> Memory:
    """The memory once the orders are journaled."""
    for order in orders:
        journal.append(records.order(order))
        memory = memory.ordered(order)
    return memory


async def _skip(
    world: World, journal: Journal, memory: Memory, error: DataError
) -> tuple[Memory, Step]:
    """Record that a block was let go; where the chain was reorganised, go back to what stands.

    What happened in blocks that are gone did not happen: a record says so, nothing is edited,
    and what was settled there is open again.
    """
    journal.append(records.skip(None, error))
    skipped = Step(None, None, (), None, str(error))
    if not isinstance(error, Reorg):
        return memory, skipped
    if not memory.heads:
        return memory, skipped
    gone = memory.heads[-1]
    try:
        head = await world.standing(memory.heads)
        if head == gone:
            return memory, skipped
        memory = memory.unwound(head)
    except DataError as trouble:
        journal.append(records.skip(None, trouble))
        return memory, skipped
    reopened = (records.intent(intent) for intent in memory.intents)
    journal.append(records.unwound(head, gone), *reopened)
    return memory, Step(None, None, (), None, str(error), gone)


async def _pursue(
    world: World, journal: Journal, memory: Memory, intent: Intent, observation: Observation
) -> Memory:
    """Send an open intent again, with one more transaction where it needs that.

    A node may never have got it, or have dropped it; what it has already is no error to it.
    """
    (pending,) = (each.pending for each in memory.open if each.intent == intent)
    is_late = observation.states.timestamp > pending.plan.deadline
    try:
        renewed = await world.renew(intent, observation, is_late=is_late)
        if renewed is None:
            return memory
        if renewed != intent:
            journal.append(records.intent(renewed))
            memory = memory.with_replacement(renewed)
        await world.send(renewed)
    except (DataError, PlanError) as error:
        journal.append(records.skip(observation.states.head.number, error))
    return memory


async def _execute(
    world: World, journal: Journal, memory: Memory, approved: Approved, observation: Observation
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
        return memory.with_plan(None), None, str(error)
    if isinstance(sent, Mismatch):
        journal.append(records.mismatch(block, sent))
        return memory.with_settlement(sent), sent, None
    memory = memory.with_intent(sent)
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
