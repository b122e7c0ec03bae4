"""Starting is replaying: the memory that a journal leads to, by the same pure tick."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.adapter import Adapters
from trimtab.core.errors import InvariantViolation, JournalError, Reorg
from trimtab.core.reading import Observation, decode
from trimtab.core.settlement import Intent, Settlement
from trimtab.engine import checkpoint
from trimtab.engine.bot import Bot
from trimtab.engine.memory import DEEPEST, Memory
from trimtab.engine.recording import written
from trimtab.engine.tick import Outcome, tick
from trimtab.journal.blobs import age_of, decode_reading
from trimtab.journal.records import Record
from trimtab.journal.store import Journal
from trimtab.journal.values import head_of, intent_of, order_of, settlement_of

INVARIANT = "INV-6 replay"


@dataclass(slots=True)
class _Turn:
    """A turn of the loop as its records come in."""

    observation: Observation | None = None
    settlements: tuple[Settlement, ...] = ()
    outcome: Outcome | None = None


def replay(bot: Bot, journal: Journal, *, from_checkpoint: bool = True) -> Memory:
    """The memory after all turns of a journal, each decided again and compared (INV-6).

    It begins at the newest checkpoint that leads to the same memory as the first record, which is
    what `from_checkpoint` as False begins with. A plan that has no transactions in the journal
    was never sent, and is not remembered. Raises InvariantViolation naming the block where this
    code, on the very same answers, comes to another economic record or checkpoint than the
    journal holds, and JournalError for a damaged journal.
    """
    if from_checkpoint:
        for after, known in checkpoint.starts(bot, journal):
            memory = _gone_on(bot, journal, known, after)
            if memory is not None:
                return memory
    memory, _ = _replayed(bot, journal, Memory(), 0)
    return memory


def _gone_on(bot: Bot, journal: Journal, known: Memory, after: int) -> Memory | None:
    """The memory that a checkpoint leads to; none where a reorg goes back too far for it.

    Then what is remembered of the blocks before is less than it would be from the beginning.
    """
    try:
        memory, turns = _replayed(bot, journal, known, after)
    except Reorg:
        return None
    return memory if turns >= DEEPEST else None


def _replayed(bot: Bot, journal: Journal, memory: Memory, after: int) -> tuple[Memory, int]:
    """The memory after all later records, and how many of their turns no reorg took back."""
    turn, turns = _Turn(), 0
    for record in journal.records(after=after):
        match record.kind:
            case "reading":
                memory, turns = memory.with_plan(None).kept(), turns + 1
                turn = _Turn(observation=_observed(bot, bot.adapters, journal, record, memory))
            case "settled":
                turn.settlements = (*turn.settlements, settlement_of(record))
            case "tick":
                turn.outcome = _again(bot, turn, record, memory)
                memory = turn.outcome.memory
            case "checkpoint":
                checkpoint.check(bot, record, journal.blob, memory)
            case "unwound":
                depth = len(memory.past)
                memory = memory.unwound(head_of(record))
                turns -= depth - len(memory.past)
            case _:
                memory = _after(memory, record)
    return memory.with_plan(None), turns


def _after(memory: Memory, record: Record) -> Memory:
    """The memory after a record of what was done, or happened, outside a tick."""
    match record.kind:
        case "intent":
            return _pursued(memory, intent_of(record))
        case "mismatch":
            return memory.with_settlement(settlement_of(record))
        case "skip":
            return memory.with_plan(None)
        case "order":
            return memory.ordered(order_of(record))
        case _:
            return memory


def _pursued(memory: Memory, intent: Intent) -> Memory:
    """The memory after an intent was made, or got one more transaction."""
    is_open = intent.nonce in {each.nonce for each in memory.intents}
    return memory.with_replacement(intent) if is_open else memory.with_intent(intent)


def _observed(
    bot: Bot, adapters: Adapters, journal: Journal, record: Record, memory: Memory
) -> Observation:
    reading = decode_reading(record, journal.blob)
    if not reading.rounds:
        raise JournalError(
            f"the reading of block {record.block} holds no answers: the journal is of a backtest "
            "or of paper, which is lived through again and not replayed"
        )
    accounts = bot.accounts
    states = decode(adapters, bot.markets, accounts, memory.states, reading)
    return Observation(states, reading, age_of(record))


def _again(bot: Bot, turn: _Turn, record: Record, memory: Memory) -> Outcome:
    if turn.observation is None:
        raise InvariantViolation(INVARIANT, f"block {record.block} was decided without a reading")
    outcome = tick(bot, turn.observation, turn.settlements, memory)
    found = written(bot, turn.observation, turn.settlements, outcome).records[-1]
    if found.economic != record.economic:
        raise InvariantViolation(
            INVARIANT,
            f"block {record.block} was decided as {_said(record)}, and again as {_said(found)}: "
            "the journal is of another code version, or a decision rests on something unseen",
        )
    return outcome


def _said(record: Record) -> str:
    part = record.economic
    return repr(part.get("why")) if isinstance(part, dict) else repr(part)
