"""The journal as a file: an SQLite database whose tables only grow.

Write-ahead log and `synchronous=FULL`: a commit that returned survives a loss of power. Triggers
refuse what would change or remove a row, and strict tables what is of another type.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import quote

from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from trimtab.core.errors import JournalError
from trimtab.journal.lock import WriterLock, is_at
from trimtab.journal.tables import APPLICATION_ID, LAYOUT, METADATA, NoJournal, refused_layout

_TRIGGERS = tuple(
    f"CREATE TRIGGER {table}_refuse_{verb.lower()} BEFORE {verb} ON {table} "
    f"BEGIN SELECT RAISE(ABORT, 'a journal only grows'); END"
    for table in ("records", "blobs")
    for verb in ("UPDATE", "DELETE")
)

_WORDS = {
    sqlite3.SQLITE_FULL: "the disk is full; what was appended last is not in it and nothing before "
    "is lost: free space and start again",
    sqlite3.SQLITE_NOTADB: "it is not a journal: check the path",
    sqlite3.SQLITE_CORRUPT: "the file is damaged or cut short: go on from a copy",
    sqlite3.SQLITE_READONLY: "it cannot be written: check its permissions and its folder's",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: check that it exists in a folder that can be "
    "written",
    sqlite3.SQLITE_IOERR: "the disk failed: check it, then go on from this file or a copy",
    sqlite3.SQLITE_BUSY: "another program holds the database: close it",
    sqlite3.SQLITE_CONSTRAINT: "a row would break a rule of the journal: it only grows",
    sqlite3.SQLITE_TOOBIG: "a record is longer than SQLite takes: what was read is not plausible",
}


class SqliteFile:
    """A journal's file; see `trimtab.journal.tables.Database`."""

    # ------------------------------------------------------------------------- constructors

    def __init__(self, path: Path, lock: WriterLock | None) -> None:
        """Connect to the existing database at `path`, as its writer with the lock."""
        self._path = path
        self._lock = lock
        with self.told():
            self.connection = _connection(path, is_writer=self.is_writer)
        found = path.stat()
        self._is = found.st_dev, found.st_ino

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new file, with tables, for writing; JournalError if there is something already."""
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
            return cls._made(path, lock)
        except BaseException:
            path.unlink()
            lock.release()
            raise

    @classmethod
    def _made(cls, path: Path, lock: WriterLock) -> Self:
        database = cls(path, lock)
        try:
            database._make_tables()
        except BaseException:
            database.connection.close()
            raise
        return database

    @classmethod
    def open(cls, path: Path, *, is_writer: bool) -> Self:
        """An existing file; a writer takes its lock. JournalError if it has another writer."""
        path = path.resolve()
        if not path.is_file():
            raise NoJournal(f"there is no journal at {path}: check the path")
        lock = WriterLock(path) if is_writer else None
        try:
            return cls(path, lock)
        except BaseException:
            if lock is not None:
                lock.release()
            raise

    # ------------------------------------------------------------------------------ queries

    @property
    def is_writer(self) -> bool:
        """Whether rows may be added."""
        return self._lock is not None

    def check(self) -> None:
        """Raise JournalError unless the file is a journal of a layout that this code reads."""
        with self.told(), self.connection.begin():
            found = self.connection.execute(text("PRAGMA application_id")).scalar_one()
            layout = self.connection.execute(text("PRAGMA user_version")).scalar_one()
        if found != APPLICATION_ID:
            raise JournalError(f"{self._path} is a database but not a journal: check the path")
        refused = refused_layout(self._path, layout)
        if refused:
            raise JournalError(refused)

    def check_writer(self) -> None:
        """Raise JournalError unless file and lock still are where they were.

        A file that was removed can be written on, until we end and it is gone with all it holds.
        """
        assert self._lock is not None, "only a writer asks"
        if not is_at(self._path, self._is):
            raise JournalError(
                f"{self._path} was removed, moved or replaced while it is written: what was "
                "appended so far is where it went to; put it back, or go on from a copy"
            )
        self._lock.check()

    def check_sound(self) -> None:
        """Raise JournalError if SQLite finds pages that cannot be."""
        with self.told(), self.connection.begin():
            found = self.connection.execute(text("PRAGMA quick_check")).scalars().all()
        if list(found) != ["ok"]:
            raise JournalError(f"{self._path} is damaged ({found[0]}): go on from a copy")

    @contextmanager
    def told(self) -> Iterator[None]:
        """Tell what SQLite refuses as a JournalError."""
        try:
            yield
        except DBAPIError as error:
            code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
            words = _WORDS.get(code, f"{error.orig}: go on from a copy")
            raise JournalError(f"{self._path}: {words}") from error
        except OverflowError as error:
            raise JournalError(f"{self._path}: {TOO_LARGE}") from error

    # -------------------------------------------------------------------------- transitions

    def close(self) -> None:
        """Close the file and let the next writer in; a second time does nothing."""
        if not self.connection.closed:
            self.connection.close()
            if self._lock is not None:
                self._lock.release()

    def _make_tables(self) -> None:
        """Make the tables in an empty database, all of them or nothing.

        Raises JournalError where the disk has no write-ahead log.
        """
        connection = self.connection
        with self.told():
            with connection.begin():
                mode = connection.execute(text("PRAGMA journal_mode=WAL")).scalar_one()
            if mode != "wal":
                raise JournalError(
                    f"{self._path} lies where SQLite has no write-ahead log (it offers {mode!r}): "
                    "use a local disk"
                )
            with connection.begin():
                connection.execute(text("BEGIN"))
                METADATA.create_all(connection, checkfirst=False)
                for trigger in _TRIGGERS:
                    connection.execute(text(trigger))
                connection.execute(text(f"PRAGMA application_id={APPLICATION_ID}"))
                connection.execute(text(f"PRAGMA user_version={LAYOUT}"))


TOO_LARGE = (
    "a block's number has more than 63 bits, which no chain counts to: the node that told it is "
    "broken"
)


def _connection(path: Path, *, is_writer: bool) -> Connection:
    """A connection to the existing database at `path`.

    A reader's connection may still tidy the write-ahead log that a crash left, so it needs the
    folder writable; it refuses every statement that would change the content.
    """
    url = URL.create(
        "sqlite+pysqlite",
        database=f"file:{quote(str(path))}",
        query={"uri": "true", "mode": "rw"},
    )
    connection = create_engine(url, poolclass=NullPool).connect()
    try:
        with connection.begin():
            connection.execute(text("PRAGMA synchronous=FULL"))
            connection.execute(text(f"PRAGMA query_only={'OFF' if is_writer else 'ON'}"))
    except BaseException:
        connection.close()
        raise
    return connection
