"""The journal: an append-only store of records, chained by hashes, with one writer.

A row's hash covers the hash before it, so an edited, removed or inserted row shows; rows cut off
at the end do not, since nothing outside the file says how long it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from sqlalchemy import ColumnElement, Connection, insert, select

from trimtab.core.errors import JournalError
from trimtab.core.settlement import Intent
from trimtab.journal import blobs as codec
from trimtab.journal.postgres import PostgresSchema
from trimtab.journal.records import Kind, Record
from trimtab.journal.rows import COLUMNS, StoredRow, Tail
from trimtab.journal.sqlite import SqliteFile
from trimtab.journal.tables import BLOBS, RECORDS, Database, Location
from trimtab.journal.values import checkpoint_of

_PAGE = 256
_BEFORE_ALL = -(2**63)
"""Ours begin with 1; a row that another put before them shows all the same."""
_NO_BLOBS: Mapping[str, bytes] = MappingProxyType({})


class Journal:
    """Whatever happened, in order, durable. A context manager: leaving it closes it."""

    # ------------------------------------------------------------------------- constructors

    def __init__(self, where: Location, database: Database) -> None:
        self.where = where
        self._database = database
        self._tail = Tail()

    @classmethod
    def create(cls, where: Location) -> Self:
        """A new journal, open for writing. Raises JournalError if there is something already."""
        if isinstance(where, Path):
            return cls._opened(where, SqliteFile.create(where))
        return cls._opened(where, PostgresSchema.create(where))

    @classmethod
    def open(cls, where: Location) -> Self:
        """An existing journal, open for writing, its chain of hashes verified.

        Raises JournalError if it is locked, damaged, newer than this code, or no journal.
        """
        return cls._opened(where, _existing(where, is_writer=True))

    @classmethod
    def read(cls, where: Location) -> Self:
        """An existing journal for reading only, also while another process writes it.

        Raises JournalError as `open` does; `verify` checks its chain.
        """
        return cls._opened(where, _existing(where, is_writer=False))

    @classmethod
    def _opened(cls, where: Location, database: Database) -> Self:
        journal = cls(where, database)
        try:
            database.check()
            if database.is_writer:
                journal._catch_up()
        except BaseException:
            journal.close()
            raise
        return journal

    # ------------------------------------------------------------------------------ queries

    def records(
        self,
        kind: Kind | None = None,
        block: int | None = None,
        after: int = 0,
        until: int | None = None,
    ) -> Iterator[Record]:
        """The records in order: all, or those of a kind, of a block, or between two sequences."""
        asked: list[ColumnElement[bool]] = []
        if until is not None:
            asked.append(RECORDS.c.sequence <= until)
        if kind is not None:
            asked.append(RECORDS.c.kind == kind)
        if block is not None:
            asked.append(RECORDS.c.block == block)
        return (row.record() for row in self._rows(*asked, after=after))

    def sequences(self, kind: Kind, most: int | None = None) -> tuple[int, ...]:
        """Where the records of a kind are, the newest first, no more of them than `most`."""
        column = RECORDS.c.sequence
        query = select(column).where(RECORDS.c.kind == kind).order_by(column.desc()).limit(most)
        with self._transaction() as connection:
            return tuple(connection.execute(query).scalars())

    def blob(self, name: str) -> bytes:
        """The content of the blob with this name. Raises JournalError if it is not there."""
        query = select(BLOBS.c.content).where(BLOBS.c.name == bytes.fromhex(name))
        with self._transaction() as connection:
            stored = connection.execute(query).scalar_one_or_none()
        if stored is None:
            raise JournalError(f"{self.where} has no blob {name}: go on from a copy")
        return codec.decompress(name, stored)

    def digest(self) -> str:
        """sha256 over every economic part so far, in hexadecimal: what equal runs have equal."""
        self._catch_up()
        return self._tail.digest

    def open_intents(self) -> tuple[Intent, ...]:
        """The intents without a settlement, oldest first; of a replaced one, its newest form."""
        self._catch_up()
        return tuple(self._tail.intents.values())

    def verify(self) -> None:
        """Raise JournalError unless file, chain of hashes and every blob are as written."""
        self._database.check_sound()
        tail = Tail()
        for row in self._rows():
            tail.follow(row)
            if row.kind == "reading":
                codec.decode_reading(row.record(), self.blob)
            elif row.kind == "checkpoint":
                self.blob(checkpoint_of(row.record()).memory)

    # -------------------------------------------------------------------------- transitions

    def append(self, *records: Record, blobs: Mapping[str, bytes] = _NO_BLOBS) -> None:
        """Add records, and the blobs that they name, in one transaction, durable on return.

        Raises JournalError if it cannot be written; then nothing of it is. Only where a server is
        lost in that very moment, opening the journal anew tells whether all of it is.
        """
        if not self._database.is_writer:
            raise JournalError(f"{self.where} was opened for reading: open it for writing")
        rows = self._tail.sealed(records)
        with self._transaction() as connection:
            self._database.check_writer()
            _insert_blobs(connection, blobs)
            if rows:
                values = [{name: getattr(row, name) for name in COLUMNS} for row in rows]
                connection.execute(insert(RECORDS), values)
        for row in rows:
            self._tail.follow(row)

    def close(self) -> None:
        """Close the database and let the next writer in; a second time does nothing."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ----------------------------------------------------------------------------- encoding

    def _rows(self, *asked: ColumnElement[bool], after: int = _BEFORE_ALL) -> Iterator[StoredRow]:
        """The rows in order, a page at a time, so that appending may go on meanwhile."""
        columns = [RECORDS.c[name] for name in COLUMNS]
        query = select(*columns).where(*asked).order_by(RECORDS.c.sequence).limit(_PAGE)
        while True:
            with self._transaction() as connection:
                page = connection.execute(query.where(RECORDS.c.sequence > after)).all()
            for found in page:
                yield StoredRow(*found)
            if len(page) < _PAGE:
                return
            after = page[-1].sequence

    def _catch_up(self) -> None:
        """Follow the rows that another writer added; a writer has followed its own already."""
        for row in self._rows(after=self._tail.sequence or _BEFORE_ALL):
            self._tail.follow(row)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._database.told(), self._database.connection.begin():
            yield self._database.connection


def _existing(where: Location, *, is_writer: bool) -> Database:
    if isinstance(where, Path):
        return SqliteFile.open(where, is_writer=is_writer)
    return PostgresSchema.open(where, is_writer=is_writer)


def _insert_blobs(connection: Connection, blobs: Mapping[str, bytes]) -> None:
    """Store the blobs that are not there yet."""
    names = {bytes.fromhex(name): content for name, content in blobs.items()}
    present = select(BLOBS.c.name).where(BLOBS.c.name.in_(names))
    known = set(connection.execute(present).scalars()) if names else set()
    added = [
        {"name": name, "content": codec.compress(content)}
        for name, content in names.items()
        if name not in known
    ]
    if added:
        connection.execute(insert(BLOBS), added)
