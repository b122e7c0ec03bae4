"""What a journal tells, block by block, as values: the one reading of records for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from trimtab.app.recorded import Flows, Start, Stop, Tick, part_of
from trimtab.core.errors import ConfigError, JournalError
from trimtab.core.settlement import Intent, Mismatch, Settlement
from trimtab.journal.pnl import Attribution
from trimtab.journal.records import Record
from trimtab.journal.store import Journal
from trimtab.journal.values import attribution_of, head_of, intent_of, settlement_of


@dataclass(frozen=True, slots=True)
class Block:
    """One block that was decided on.

    `settled` is what became known at it of earlier plans; `intent`, `mismatch` and `trouble`
    are what came of sending its own.
    """

    number: int
    tick: Tick
    flows: Flows
    attribution: Attribution | None
    settled: tuple[Settlement, ...] = ()
    intent: Intent | None = None
    mismatch: Mismatch | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """A block that was let go, after the last one decided on, and why."""

    after: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Begun:
    """A start, and the last block that was decided on before it."""

    after: int | None
    start: Start


@dataclass(frozen=True, slots=True)
class History:
    """A whole journal: how it was started, its blocks in order, and what went wrong."""

    starts: tuple[Begun, ...]
    blocks: tuple[Block, ...]
    skips: tuple[Skip, ...]
    halts: tuple[Skip, ...]

    @property
    def start(self) -> Start:
        """The newest start. Raises JournalError where none is recorded."""
        return _newest(self.starts)

    def start_before(self, number: int) -> Start:
        """The start that a block ran under. Raises JournalError where none is recorded."""
        return _newest(
            begun for begun in self.starts if begun.after is None or begun.after < number
        )

    @property
    def settlements(self) -> dict[str, Settlement]:
        """What became of every plan that was prepared, by the plan's hash, where it is known."""
        found = {each.plan_hash: each for block in self.blocks for each in block.settled}
        unsent = {each.mismatch.plan_hash: each.mismatch for each in self.blocks if each.mismatch}
        return found | unsent


def history(journal: Journal) -> History:
    """Everything that a journal tells. Raises JournalError where a record cannot be read."""
    reader = _Reader()
    for record in journal.records():
        reader.follow(record)
    return History(
        tuple(reader.starts), tuple(reader.blocks), tuple(reader.skips), tuple(reader.halts)
    )


def block_of(journal: Journal, number: int) -> Block:
    """One block. Raises ConfigError, with the blocks that there are, for one that is not."""
    if journal.sequences("unwound", 1):
        return _standing(journal, number)
    reader = _Reader()
    for record in journal.records(block=number):
        reader.follow(record)
    if reader.blocks:
        return reader.blocks[-1]
    known = [record.block for record in journal.records("tick") if record.block is not None]
    if not known:
        raise ConfigError(f"{journal.where} has no block yet: let it run first")
    words = f"it has {len(known):,} blocks from {known[0]} to {known[-1]}"
    if known[0] < number < known[-1]:
        nearest = min(known, key=lambda each: abs(each - number))
        words += f", and {number} was skipped; the nearest is {nearest}"
    raise ConfigError(f"block {number} is not in {journal.where}: {words}")


def _standing(journal: Journal, number: int) -> Block:
    """One block of a journal that tells of reorgs; one that was taken back is not shown."""
    blocks = {block.number: block for block in history(journal).blocks}
    if number in blocks:
        return blocks[number]
    taken = any(record.kind == "tick" for record in journal.records(block=number))
    words = "a reorg took it back" if taken else "it was never decided on"
    raise ConfigError(f"block {number} is not in {journal.where}: {words}")


def starts_of(journal: Journal) -> tuple[Start, ...]:
    """Every start, oldest first."""
    return tuple(_start(record) for record in journal.records("start"))


def settlement(journal: Journal, plan_hash: str) -> Settlement | None:
    """What became of a plan, where a later record tells."""
    if journal.sequences("unwound", 1):
        return history(journal).settlements.get(plan_hash)
    kept: Iterable[Record] = (*journal.records("settled"), *journal.records("mismatch"))
    found = [each for each in map(settlement_of, kept) if each.plan_hash == plan_hash]
    return found[-1] if found else None


class _Reader:
    """Follows records in their order; a block is whole once its tick is read."""

    def __init__(self) -> None:
        self.starts: list[Begun] = []
        self.blocks: list[Block] = []
        self.skips: list[Skip] = []
        self.halts: list[Skip] = []
        self._settled: list[Settlement] = []
        self._flows: Record | None = None
        self._gone = -1

    def follow(self, record: Record) -> None:
        """Take one more record."""
        match record.kind:
            case "start":
                self.starts.append(Begun(self._last, _start(record)))
            case "reading":
                self._settled, self._flows = [], None
            case "settled":
                self._settled.append(settlement_of(record))
            case "flows":
                self._flows = record
            case "tick":
                self._tick(record)
            case "intent":
                self._change(record, intent=intent_of(record))
            case "mismatch":
                self._mismatch(record)
            case "unwound":
                self._unwind(record)
            case "skip" | "halt" | "order" | "checkpoint" | "end":
                self._stop(record)

    @property
    def _last(self) -> int | None:
        return self.blocks[-1].number if self.blocks else None

    def _tick(self, record: Record) -> None:
        if record.block is None or self._flows is None:
            raise JournalError(
                f"the tick of block {record.block} has no flows before it: the journal is damaged"
            )
        self.blocks.append(
            Block(
                number=record.block,
                tick=part_of(record, record.economic, Tick),
                flows=part_of(self._flows, self._flows.economic, Flows),
                attribution=attribution_of(self._flows),
                settled=tuple(self._settled),
            )
        )

    def _mismatch(self, record: Record) -> None:
        """A mismatch of the block's own plan comes after its tick; of an earlier one, before."""
        found = settlement_of(record)
        if self._last == record.block and isinstance(found, Mismatch):
            self._change(record, mismatch=found)
        else:
            self._settled.append(found)

    def _unwind(self, record: Record) -> None:
        """Blocks that a reorg took back did not happen; what was sent in them is on its way."""
        head = head_of(record)
        last = -1 if head is None else head.number
        self._gone = max([self._gone, *(block.number for block in self.blocks)])
        self.blocks = [block for block in self.blocks if block.number <= last]
        what = "every block" if head is None else f"what came after block {last}"
        self.skips.append(Skip(self._last, f"a reorg took back {what}"))

    def _stop(self, record: Record) -> None:
        """A skip after a block's own tick is of sending its plan; any other is of a block."""
        if record.kind == "halt":
            self.halts.append(Skip(self._last, _why(record)))
        elif record.kind == "skip" and self._last is not None and self._last == record.block:
            self._change(record, trouble=_why(record))
        elif record.kind == "skip":
            self.skips.append(Skip(self._last, _why(record)))

    def _change(
        self,
        record: Record,
        *,
        intent: Intent | None = None,
        mismatch: Mismatch | None = None,
        trouble: str | None = None,
    ) -> None:
        """Add what came of sending to the block that planned it."""
        for index in range(len(self.blocks) - 1, -1, -1):
            block = self.blocks[index]
            if block.number == record.block:
                self.blocks[index] = replace(
                    block,
                    intent=intent or block.intent,
                    mismatch=mismatch or block.mismatch,
                    trouble=trouble or block.trouble,
                )
                return
        if record.block is not None and record.block <= self._gone:
            return  # its block is gone, and its transactions are on their way all the same
        raise JournalError(
            f"the {record.kind} record of block {record.block} belongs to no block that was "
            "decided on: the journal is damaged"
        )


def _newest(starts: Iterable[Begun]) -> Start:
    *_, newest = (None, *starts)
    if newest is None:
        raise JournalError("the journal does not say how it was started: it is cut short")
    return newest.start


def _start(record: Record) -> Start:
    return part_of(record, record.detail, Start)


def _why(record: Record) -> str:
    return part_of(record, record.detail, Stop).why
