"""The journal as a schema of a PostgreSQL database, 14 or newer, whose tables only grow.

Triggers refuse what would change or remove a row, and the rights to do it are given up. A session
advisory lock, which the server frees when the session ends, makes us the one writer (INV-13). A
session that is lost is not replaced: another would not hold the lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    NullPool,
    Table,
    create_engine,
    insert,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError

from trimtab.core.errors import JournalError
from trimtab.journal.address import PostgresUrl
from trimtab.journal.tables import APPLICATION_ID, LAYOUT, METADATA, NoJournal, refused_layout
from trimtab.journal.words import words_of

_ABOUT = Table(
    "trimtab_journal",
    MetaData(),
    Column("application", Integer, nullable=False),
    Column("layout", Integer, nullable=False),
)
"""One row: what the schema is, and the version of its tables."""

_SETTINGS = (
    "synchronous_commit = on",
    "statement_timeout = '60s'",
    "lock_timeout = '10s'",
    "idle_in_transaction_session_timeout = '60s'",
    "idle_session_timeout = 0",
    "tcp_keepalives_idle = 10",
    "tcp_keepalives_interval = 5",
    "tcp_keepalives_count = 3",
    "default_transaction_isolation = 'read committed'",
)
"""A statement sees whole appends only, since each is one transaction. A writer that is gone
without a word is noticed, and its lock freed, within half a minute."""

_REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION 'a journal only grows' USING ERRCODE = 'restrict_violation'; END$$
"""
_TRIGGER = """
CREATE TRIGGER {table}_refuse_{when} BEFORE {what} ON {table}
FOR EACH {each} EXECUTE FUNCTION refuse_change()
"""
_LOCK = "(CAST(:application AS bigint) << 32) | CAST(CAST('records' AS regclass) AS oid)::bigint"
_HELD = """
SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND classid = :application AND objid = CAST('records' AS regclass) AND objsubid = 1
"""


class PostgresSchema:
    """A journal's schema; see `trimtab.journal.tables.Database`."""

    # ------------------------------------------------------------------------- constructors

    def __init__(self, url: PostgresUrl, *, is_writer: bool) -> None:
        """Begin the one session."""
        self._url = url
        self.is_writer = is_writer
        self._lost: str | None = None
        engine = create_engine(
            "postgresql+psycopg://",
            creator=lambda: _session(url, is_writer=is_writer),
            poolclass=NullPool,
            hide_parameters=True,
            use_native_hstore=False,
        )
        with self.told():
            self.connection: Connection = engine.connect()

    @classmethod
    def create(cls, url: PostgresUrl) -> Self:
        """New tables in the schema, for writing; JournalError if there is something already."""
        return cls._prepared(url, cls._make_tables, is_writer=True)

    @classmethod
    def open(cls, url: PostgresUrl, *, is_writer: bool) -> Self:
        """An existing schema; a writer takes its lock. JournalError if it has another writer."""
        return cls._prepared(url, cls._enter, is_writer=is_writer)

    @classmethod
    def _prepared(
        cls, url: PostgresUrl, prepare: Callable[[Self], None], *, is_writer: bool
    ) -> Self:
        database = cls(url, is_writer=is_writer)
        try:
            with database.told(), database.connection.begin():
                prepare(database)
        except BaseException:
            database.close()
            raise
        return database

    # ------------------------------------------------------------------------------ queries

    def check(self) -> None:
        """Raise JournalError unless the schema is a journal of a layout that this code reads."""
        with self.told(), self.connection.begin():
            self._check_layout()

    def check_writer(self) -> None:
        """Raise JournalError unless this session still holds the lock."""
        held = self.connection.execute(text(_HELD), {"application": APPLICATION_ID})
        if held.scalar() is None:
            self._lost = "the session lost its lock, so that another writer may be at work (INV-13)"
            self._check_there()

    def check_sound(self) -> None:
        """Nothing: the server checks its own pages when it reads them, and `verify` reads all."""

    @contextmanager
    def told(self) -> Iterator[None]:
        """Tell what the server refuses as a JournalError; a session that is lost stays lost."""
        self._check_there()
        try:
            yield
        except DBAPIError as error:
            if error.connection_invalidated:
                self._lost = "the session with the server is lost"
            found = self._url.redacted(str(error.orig))
            words = words_of(getattr(error.orig, "sqlstate", None), found)
            raise JournalError(f"{self._url}: {words}") from error

    # -------------------------------------------------------------------------- transitions

    def close(self) -> None:
        """End the session, and the lock with it; a second time does nothing."""
        if not self.connection.closed:
            self.connection.close()

    def _make_tables(self) -> None:
        connection, schema = self.connection, self._url.schema
        there = {"schema": schema}
        query = "SELECT 1 FROM pg_namespace WHERE nspname = :schema"
        if connection.execute(text(query), there).scalar() is None:
            connection.execute(text(f'CREATE SCHEMA "{schema}"'))
        query = (
            "SELECT relname FROM pg_class WHERE relnamespace = CAST(:schema AS regnamespace) "
            "ORDER BY relkind = 'r' DESC, oid LIMIT 1"
        )
        found = connection.execute(text(query), there).scalar()
        if found is not None:
            raise JournalError(
                f"{self._url} has {found!r} in it already: open it to go on with it, or name "
                "another schema"
            )
        METADATA.create_all(connection, checkfirst=False)
        _ABOUT.create(connection, checkfirst=False)
        about = {"application": APPLICATION_ID, "layout": LAYOUT}
        connection.execute(insert(_ABOUT), about)
        self._refuse_changes()
        self._take_lock()

    def _refuse_changes(self) -> None:
        connection = self.connection
        connection.execute(text(_REFUSE))
        for table in ("records", "blobs", _ABOUT.name):
            for when, what, each in (
                ("change", "UPDATE OR DELETE", "ROW"),
                ("truncate", "TRUNCATE", "STATEMENT"),
            ):
                trigger = _TRIGGER.format(table=table, when=when, what=what, each=each)
                connection.execute(text(trigger))
                always = f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_refuse_{when}"
                connection.execute(text(always))
            rights = f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM PUBLIC, CURRENT_USER"
            connection.execute(text(rights))

    def _enter(self) -> None:
        self._check_layout()
        if self.is_writer:
            self._take_lock()

    def _check_layout(self) -> None:
        query = "SELECT to_regclass('trimtab_journal'), to_regclass('records')"
        about, records = self.connection.execute(text(query)).one()
        if about is None:
            if records is None:
                raise NoJournal(f"there is no journal at {self._url}: check the address")
            raise JournalError(f"{self._url} is a database but not a journal: check the address")
        found = self.connection.execute(select(_ABOUT)).all()
        if len(found) != 1 or found[0].application != APPLICATION_ID:
            raise JournalError(f"{self._url} is a database but not a journal: check the address")
        refused = refused_layout(self._url, found[0].layout)
        if refused:
            raise JournalError(refused)

    def _take_lock(self) -> None:
        connection, application = self.connection, {"application": APPLICATION_ID}
        if connection.execute(text("SHOW fsync")).scalar_one() != "on":
            raise JournalError(
                f"{self._url}: the server runs with fsync off, so that what was appended does not "
                "survive a loss of power: set it on"
            )
        if connection.execute(text(_HELD), application).scalar() is not None:
            raise JournalError(
                f"{self._url}: the session is shared with another writer, by a pooler: connect to "
                "the server itself (INV-13)"
            )
        query = text(f"SELECT pg_try_advisory_lock({_LOCK})")
        if not connection.execute(query, application).scalar_one():
            raise JournalError(
                f"{self._url} is locked by another writer{self._holder()}: one journal has one "
                "writer (INV-13); stop that one or use another journal"
            )

    def _holder(self) -> str:
        query = _HELD.replace("SELECT 1", "SELECT pid").replace("AND pid = pg_backend_pid()", "")
        pid = self.connection.execute(text(query), {"application": APPLICATION_ID}).scalar()
        return "" if pid is None else f", session {pid} of the server"

    def _check_there(self) -> None:
        if self._lost is not None:
            raise JournalError(
                f"{self._url}: {self._lost}; nothing is written without it: start again, which "
                "reads what was appended"
            )


def _session(url: PostgresUrl, *, is_writer: bool) -> Any:
    """A session with its settings made."""
    session = url.connect()
    try:
        session.autocommit = True
        for setting in (
            *_SETTINGS,
            f"default_transaction_read_only = {'off' if is_writer else 'on'}",
            f'search_path = "{url.schema}", pg_temp',
        ):
            session.execute(f"SET {setting}".encode())
        session.autocommit = False
    except BaseException:
        session.close()
        raise
    return session
