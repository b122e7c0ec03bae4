"""The journal's file: an SQLite database whose tables only grow.

Write-ahead log and `synchronous=FULL`: a commit that returned survives a loss of power. Triggers
refuse what would change or remove a row, and strict tables what is of another type.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    NullPool,
    Table,
    Text,
    create_engine,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from trimtab.core.errors import JournalError

APPLICATION_ID = int.from_bytes(b"trim", "big")
"""What SQLite's header says that the file is."""
LAYOUT = 1
"""The version of these tables, in SQLite's `user_version`."""

METADATA = MetaData()

RECORDS = Table(
    "records",
    METADATA,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("schema", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("block", Integer),
    Column("economic", LargeBinary),
    Column("detail", LargeBinary),
    Column("hash", LargeBinary, nullable=False),
    Index("records_by_kind", "kind"),
    Index("records_by_block", "block"),
    sqlite_strict=True,
)
"""Parts are canonical JSON, NULL where there is nothing; a hash covers row and previous hash."""

BLOBS = Table(
    "blobs",
    METADATA,
    Column("name", LargeBinary, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    sqlite_strict=True,
)
"""Contents by their sha256, compressed."""

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
}


def connect(path: Path, *, is_writer: bool) -> Connection:
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


def create(connection: Connection, path: Path) -> None:
    """Make the tables in an empty database, all of them or nothing.

    Raises JournalError where the disk has no write-ahead log.
    """
    with connection.begin():
        mode = connection.execute(text("PRAGMA journal_mode=WAL")).scalar_one()
    if mode != "wal":
        raise JournalError(
            f"{path} lies where SQLite has no write-ahead log (it offers {mode!r}): "
            "use a local disk"
        )
    with connection.begin():
        connection.execute(text("BEGIN"))
        METADATA.create_all(connection, checkfirst=False)
        for trigger in _TRIGGERS:
            connection.execute(text(trigger))
        connection.execute(text(f"PRAGMA application_id={APPLICATION_ID}"))
        connection.execute(text(f"PRAGMA user_version={LAYOUT}"))


def check(connection: Connection, path: Path) -> None:
    """Raise JournalError unless the database is a journal of a layout that this code reads."""
    with connection.begin():
        found = connection.execute(text("PRAGMA application_id")).scalar_one()
        layout = connection.execute(text("PRAGMA user_version")).scalar_one()
    if found != APPLICATION_ID:
        raise JournalError(f"{path} is a database but not a journal: check the path")
    if layout > LAYOUT:
        raise JournalError(
            f"{path} has layout {layout}, this version reads up to {LAYOUT}: "
            "use the version of trimtab that wrote it, or a newer one"
        )


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Tell what the database refuses as a JournalError in words."""
    try:
        yield
    except DBAPIError as error:
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        words = _WORDS.get(code, f"{error.orig}: go on from a copy")
        raise JournalError(f"{path}: {words}") from error
    except OverflowError as error:
        raise JournalError(
            f"{path}: a block's number has more than 63 bits, which no chain counts to: "
            "the node that told it is broken"
        ) from error
