"""Records as rows, each sealed by a hash that covers the hash of the row before it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import cast

from trimtab.core.canonical import Plain, canonical, encoded
from trimtab.core.errors import JournalError
from trimtab.core.settlement import Intent
from trimtab.journal.records import SCHEMA, Kind, Record, upcast
from trimtab.journal.values import intent_of, settlement_of

GENESIS = bytes(32)
"""The hash before the first row."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A record as it is stored: its parts as canonical JSON, None where there is nothing."""

    sequence: int
    schema: int
    kind: Kind
    block: int | None
    economic: bytes | None
    detail: bytes | None
    hash: bytes = b""

    def link(self, previous: bytes) -> bytes:
        """The hash that this row must have after a row with the hash `previous`.

        Canonical JSON has no line breaks, so what they separate cannot run together.
        """
        parts = (
            canonical([self.sequence, self.schema, self.kind, self.block]),
            b"" if self.economic is None else self.economic,
            b"" if self.detail is None else self.detail,
        )
        return hashlib.sha256(previous + b"\n".join(parts)).digest()

    def record(self) -> Record:
        """The record that the row holds, in the schema of this code.

        Raises JournalError if it is damaged or newer than this code.
        """
        try:
            parts = [
                None if part is None else cast(Plain, json.loads(part))
                for part in (self.economic, self.detail)
            ]
        except ValueError as error:
            raise JournalError(
                f"row {self.sequence} is damaged ({error}): go on from a copy of the journal"
            ) from error
        return upcast(Record(self.kind, self.block, *parts), self.schema)


COLUMNS = tuple(field.name for field in dataclasses.fields(StoredRow))


class Tail:
    """What the next row builds on: the last sequence and hash, the digest, the open intents."""

    def __init__(self) -> None:
        self.sequence = 0
        self.intents: dict[str, Intent] = {}
        self._hash = GENESIS
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        """sha256 over the economic parts so far, with kind and block, in hexadecimal."""
        return self._digest.hexdigest()

    def sealed(self, records: Iterable[Record]) -> list[StoredRow]:
        """The rows of these records, to follow the last one."""
        rows: list[StoredRow] = []
        previous = self._hash
        for sequence, record in enumerate(records, self.sequence + 1):
            economic, detail = _part(record.economic), _part(record.detail)
            row = StoredRow(sequence, SCHEMA, record.kind, record.block, economic, detail)
            previous = row.link(previous)
            rows.append(replace(row, hash=previous))
        return rows

    def follow(self, row: StoredRow) -> None:
        """Take one more row. Raises JournalError where it is not the next of the chain."""
        if row.link(self._hash) != row.hash:
            raise JournalError(
                f"row {row.sequence} does not follow from the rows before it: something was "
                "changed after it was written; go on from a copy of the journal"
            )
        self.sequence, self._hash = row.sequence, row.hash
        if row.economic is not None:
            self._digest.update(canonical([row.kind, row.block]) + row.economic + b"\n")
        if row.kind == "intent":
            intent = intent_of(row.record())
            self.intents[intent.plan_hash] = intent
        elif row.kind in {"settled", "mismatch"}:
            self.intents.pop(settlement_of(row.record()).plan_hash, None)


def _part(part: Plain) -> bytes | None:
    return None if part is None else encoded(part)
