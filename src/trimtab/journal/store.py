"""The journal: an append-only store of records, chained by hashes, with one writer.

A row's hash covers the hash before it, so an edited, removed or inserted row shows; rows cut off
at the end do not, since nothing outside the file says how long it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from sqlalchemy import ColumnElement, Connection, insert, select, text

from trimtab.core.errors import JournalError
from trimtab.core.settlement import Intent
from trimtab.journal import blobs as codec
from trimtab.journal import tables
from trimtab.journal.lock import WriterLock
from trimtab.journal.records import Kind, Record
from trimtab.journal.rows import COLUMNS, StoredRow, Tail
from trimtab.journal.tables import BLOBS, RECORDS

_PAGE = 256
_NO_BLOBS: Mapping[str, bytes] = MappingProxyType({})


class Journal:
    """Whatever happened, in order, durable. A context manager: leaving it closes it."""

    # ------------------------------------------------------------------------- constructors

    def __init__(self, path: Path, connection: Connection, lock: WriterLock | None) -> None:
        self.path = path
        self._connection = connection
        self._lock = lock
        self._tail = Tail()

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new journal, open for writing. Raises JournalError if there is something at `path`."""
        path = path.resolve()
        lock = WriterLock(path)
        try:
            path.open("xb").close()
        except OSError as error:
            lock.release()
            raise JournalError(
                f"{path} cannot be made ({error.strerror}): open it to go on with it, "
                "or name another path"
            ) from error
        try:
            return cls._opened(path, lock, is_new=True)
        except BaseException:
            path.unlink()
            raise

    @classmethod
    def open(cls, path: Path) -> Self:
        """An existing journal, open for writing, its chain of hashes verified.

        Raises JournalError if it is locked, damaged, newer than this code, or no journal.
        """
        path = _existing(path)
        return cls._opened(path, WriterLock(path), is_new=False)

    @classmethod
    def read(cls, path: Path) -> Self:
        """An existing journal for reading only, also while another process writes it.

        Raises JournalError as `open` does; `verify` checks its chain.
        """
        return cls._opened(_existing(path), None, is_new=False)

    @classmethod
    def _opened(cls, path: Path, lock: WriterLock | None, *, is_new: bool) -> Self:
        journal: Self | None = None
        try:
            with tables.told(path):
                journal = cls(path, tables.connect(path, is_writer=lock is not None), lock)
                if is_new:
                    tables.create(journal._connection, path)
                tables.check(journal._connection, path)
                if lock is not None:
                    journal._catch_up()
        except BaseException:
            if journal is not None:
                journal.close()
            elif lock is not None:
                lock.release()
            raise
        return journal

    # ------------------------------------------------------------------------------ queries

    def records(self, kind: Kind | None = None, block: int | None = None) -> Iterator[Record]:
        """The records in order, all or those of a kind or a block."""
        asked: list[ColumnElement[bool]] = []
        if kind is not None:
            asked.append(RECORDS.c.kind == kind)
        if block is not None:
            asked.append(RECORDS.c.block == block)
        return (row.record() for row in self._rows(*asked))

    def blob(self, name: str) -> bytes:
        """The content of the blob with this name. Raises JournalError if it is not there."""
        query = select(BLOBS.c.content).where(BLOBS.c.name == bytes.fromhex(name))
        with tables.told(self.path), self._connection.begin():
            stored = self._connection.execute(query).scalar_one_or_none()
        if stored is None:
            raise JournalError(f"{self.path} has no blob {name}: go on from a copy")
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
        with tables.told(self.path), self._connection.begin():
            found = self._connection.execute(text("PRAGMA quick_check")).scalars().all()
        if list(found) != ["ok"]:
            raise JournalError(f"{self.path} is damaged ({found[0]}): go on from a copy")
        tail = Tail()
        for row in self._rows():
            tail.follow(row)
            if row.kind == "reading":
                codec.decode_reading(row.record(), self.blob)

    # -------------------------------------------------------------------------- transitions

    def append(self, *records: Record, blobs: Mapping[str, bytes] = _NO_BLOBS) -> None:
        """Add records, and the blobs that they name, in one transaction, durable on return.

        Raises JournalError if it cannot be written; then nothing of it is.
        """
        if self._lock is None:
            raise JournalError(f"{self.path} was opened for reading: open it for writing")
        rows = self._tail.sealed(records)
        with tables.told(self.path), self._connection.begin():
            self._insert_blobs(blobs)
            if rows:
                values = [{name: getattr(row, name) for name in COLUMNS} for row in rows]
                self._connection.execute(insert(RECORDS), values)
        for row in rows:
            self._tail.follow(row)

    def close(self) -> None:
        """Close the file and let the next writer in; a second time does nothing."""
        if not self._connection.closed:
            self._connection.close()
            if self._lock is not None:
                self._lock.release()

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

    def _rows(self, *asked: ColumnElement[bool], after: int = 0) -> Iterator[StoredRow]:
        """The rows in order, a page at a time, so that appending may go on meanwhile."""
        columns = [RECORDS.c[name] for name in COLUMNS]
        query = select(*columns).where(*asked).order_by(RECORDS.c.sequence).limit(_PAGE)
        while True:
            with tables.told(self.path), self._connection.begin():
                page = self._connection.execute(query.where(RECORDS.c.sequence > after)).all()
            for found in page:
                yield StoredRow(*found)
            if len(page) < _PAGE:
                return
            after = page[-1].sequence

    def _insert_blobs(self, blobs: Mapping[str, bytes]) -> None:
        names = {bytes.fromhex(name): content for name, content in blobs.items()}
        present = select(BLOBS.c.name).where(BLOBS.c.name.in_(names))
        known = set(self._connection.execute(present).scalars()) if names else set()
        added = [
            {"name": name, "content": codec.compress(content)}
            for name, content in names.items()
            if name not in known
        ]
        if added:
            self._connection.execute(insert(BLOBS), added)

    def _catch_up(self) -> None:
        """Follow the rows that another writer added; a writer has followed its own already."""
        for row in self._rows(after=self._tail.sequence):
            self._tail.follow(row)


def _existing(path: Path) -> Path:
    path = path.resolve()
    if not path.is_file():
        raise JournalError(f"there is no journal at {path}: check the path")
    return path
