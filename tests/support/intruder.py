"""Another program at a journal's database, which keeps none of its rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.engine import URL

from trimtab.journal.tables import Location

_TRIGGERS = {
    "sqlite": "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname, tgrelid::regclass::text FROM pg_trigger "
    "JOIN pg_class ON tgrelid = pg_class.oid WHERE relnamespace = CAST(:schema AS regnamespace)",
}


@contextmanager
def other_program(where: Location) -> Iterator[Connection]:
    """A connection of another program, in which each statement stands for itself."""
    if isinstance(where, Path):
        engine = create_engine(URL.create("sqlite", database=str(where)), poolclass=NullPool)
    else:
        engine = create_engine("postgresql+psycopg://", creator=where.connect, poolclass=NullPool)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not isinstance(where, Path):
            connection.execute(text(f"SET search_path = {where.schema}"))
        yield connection


@contextmanager
def intruding(where: Location) -> Iterator[Connection]:
    """The same, to which the triggers are no more."""
    with other_program(where) as connection:
        schema = {} if isinstance(where, Path) else {"schema": where.schema}
        for name, table in connection.execute(
            text(_TRIGGERS[connection.dialect.name]), schema
        ).all():
            on = "" if isinstance(where, Path) else f" ON {table}"
            connection.execute(text(f"DROP TRIGGER {name}{on}"))
        yield connection
