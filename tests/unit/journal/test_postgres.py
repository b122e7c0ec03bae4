"""The journal in PostgreSQL: its session, its lock, its rights, and the server's refusals."""

from __future__ import annotations

import secrets
import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlsplit

import pytest
from sqlalchemy import text

from tests.support.intruder import other_program
from tests.support.postgres import address_of, server, session
from trimtab.core.errors import JournalError
from trimtab.journal.address import PostgresUrl
from trimtab.journal.records import Record
from trimtab.journal.store import Journal
from trimtab.journal.words import words_of

FIRST, SECOND = Record("tick", 1, "one", None), Record("tick", 2, "two", None)


def backend_of(journal: Journal) -> int:
    with journal._transaction() as connection:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def ask(journal: Journal, query: str) -> object:
    with journal._transaction() as connection:
        return connection.execute(text(query)).scalar_one()


# --------------------------------------------------------------------------------- the session


@pytest.mark.parametrize(
    "setting, expected",
    [
        ("synchronous_commit", "on"),
        ("default_transaction_read_only", "off"),
        ("transaction_isolation", "read committed"),
        ("statement_timeout", "1min"),
        ("lock_timeout", "10s"),
        ("application_name", "trimtab"),
    ],
)
def test_create__session__set_as_it_must_be(
    schema: PostgresUrl, setting: str, expected: str
) -> None:
    with Journal.create(schema) as journal:
        assert ask(journal, f"SHOW {setting}") == expected


def test_append__session_ended_by_the_server__fails_now_and_ever_after(schema: PostgresUrl) -> None:
    with Journal.create(schema) as journal:
        journal.append(FIRST)
        with session() as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (backend_of(journal),))
        with pytest.raises(JournalError, match="the session with the server is lost"):
            journal.append(SECOND)
        for _ in range(2):
            with pytest.raises(JournalError, match="nothing is written without it"):
                journal.append(SECOND)
        with Journal.open(schema) as another:
            assert list(another.records()) == [FIRST]
            another.append(SECOND)
            with pytest.raises(JournalError, match="nothing is written without it"):
                journal.append(SECOND)
            assert list(another.records()) == [FIRST, SECOND]


def test_append__session_ended_in_the_middle__nothing_of_it(schema: PostgresUrl) -> None:
    row = text("INSERT INTO records VALUES (1, 1, 'tick', 1, NULL, NULL, '')")

    def begun(journal: Journal) -> None:
        backend = backend_of(journal)
        with journal._transaction() as connection:
            connection.execute(row)
            with session() as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))
            connection.execute(text("SELECT 1"))

    with Journal.create(schema) as journal:
        with pytest.raises(JournalError, match="the session with the server is lost"):
            begun(journal)
        with pytest.raises(JournalError, match="nothing is written without it"):
            journal.append(FIRST)
    with Journal.open(schema) as journal:
        assert list(journal.records()) == []


def test_append__lock_lost_but_not_the_session__refused_ever_after(schema: PostgresUrl) -> None:
    with Journal.create(schema) as journal:
        journal.append(FIRST)
        ask(journal, "SELECT pg_advisory_unlock_all()")
        with pytest.raises(JournalError, match="lost its lock"):
            journal.append(SECOND)
        with Journal.open(schema) as another:
            another.append(SECOND)
            with pytest.raises(JournalError, match="lost its lock"):
                journal.append(SECOND)
            assert list(another.records()) == [FIRST, SECOND]


def test_records__reader_whose_session_ended__journal_error(schema: PostgresUrl) -> None:
    with Journal.create(schema) as journal, Journal.read(schema) as reader:
        journal.append(FIRST)
        assert list(reader.records()) == [FIRST]
        with session() as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (backend_of(reader),))
        with pytest.raises(JournalError, match="the session with the server is lost"):
            list(reader.records())


def test_open__session_shared_by_a_pooler__refused(schema: PostgresUrl) -> None:
    with Journal.create(schema) as journal:
        database = journal._database
        with (
            pytest.raises(JournalError, match="shared with another writer, by a pooler"),
            database.connection.begin(),
        ):
            database._take_lock()  # type: ignore[attr-defined]


def test_open__two_at_once__one_is_the_writer(schema: PostgresUrl) -> None:
    Journal.create(schema).close()
    opened: list[Journal] = []
    refused: list[str] = []
    start = threading.Barrier(4)

    def begin() -> None:
        start.wait()
        try:
            opened.append(Journal.open(schema))
        except JournalError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for journal in opened:
        journal.close()
    assert len(opened) == 1
    assert len([words for words in refused if "locked by another writer" in words]) == 3


def test_append__another_program_holds_the_table__in_words_and_goes_on(
    schema: PostgresUrl,
) -> None:
    with Journal.create(schema) as journal:
        with journal._transaction() as connection:
            connection.execute(text("SET lock_timeout = '20ms'"))
        with session() as other, other.transaction():
            other.execute(f"LOCK TABLE {schema.schema}.records".encode())
            with pytest.raises(JournalError, match="another program holds the tables"):
                journal.append(FIRST)
        journal.append(FIRST)
        assert list(journal.records()) == [FIRST]


# ----------------------------------------------------------------------------------- the rights


@contextmanager
def a_role(schema: PostgresUrl) -> Iterator[PostgresUrl]:
    """The schema by the address of a role that owns it and is no administrator."""
    role, password = f"role_{secrets.token_hex(6)}", secrets.token_hex(8)
    with session() as other:
        other.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'".encode())
        other.execute(f"CREATE SCHEMA {schema.schema} AUTHORIZATION {role}".encode())
        try:
            yield PostgresUrl(as_user(role, password, schema.schema))
        finally:
            other.execute(f"DROP OWNED BY {role} CASCADE".encode())
            other.execute(f"DROP ROLE {role}".encode())


def as_user(user: str, password: str, schema: str) -> str:
    known = urlsplit(address_of(schema))
    _, _, host = known.netloc.rpartition("@")
    return known._replace(netloc=f"{quote(user)}:{quote(password)}@{host}").geturl()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE records SET block = 9", "DELETE FROM blobs", "TRUNCATE records", "TRUNCATE blobs"],
)
def test_rights__owner_changes_rows__denied(schema: PostgresUrl, statement: str) -> None:
    with a_role(schema) as owned:
        with Journal.create(owned) as journal:
            journal.append(FIRST)
            with pytest.raises(JournalError, match="permission denied"):
                ask(journal, statement)
            journal.append(SECOND)
        with Journal.open(owned) as journal:
            assert list(journal.records()) == [FIRST, SECOND]


@pytest.mark.parametrize("table", ["records", "blobs", "trimtab_journal"])
def test_trigger__administrator_empties_a_table__refused(schema: PostgresUrl, table: str) -> None:
    Journal.create(schema).close()
    with other_program(schema) as connection:
        connection.execute(text("SET session_replication_role = replica"))
        with pytest.raises(Exception, match="a journal only grows"):
            connection.execute(text(f"TRUNCATE {table}"))


def test_open__role_without_rights__in_words(schema: PostgresUrl) -> None:
    Journal.create(schema).close()
    role, password = f"role_{secrets.token_hex(6)}", secrets.token_hex(8)
    with session() as other:
        other.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'".encode())
        try:
            for how in (Journal.open, Journal.read):
                with pytest.raises(JournalError, match=r"there is no journal|may not do this"):
                    how(PostgresUrl(as_user(role, password, schema.schema)))
            with pytest.raises(JournalError, match="may not do this"):
                Journal.create(PostgresUrl(as_user(role, password, "another")))
        finally:
            other.execute(f"DROP ROLE {role}".encode())


# -------------------------------------------------------------------------------- not reachable


def test_open__wrong_password__in_words_without_it(schema: PostgresUrl) -> None:
    wrong = PostgresUrl(as_user("trimtab", "hunter2secret", schema.schema))
    with pytest.raises(JournalError, match="password authentication failed") as found:
        Journal.open(wrong)
    told = "".join(traceback.format_exception(found.value))
    assert "hunter2secret" not in told


def test_open__no_such_database__in_words(schema: PostgresUrl) -> None:
    known = urlsplit(server())
    other = PostgresUrl(known._replace(path="/nothing_here").geturl())
    with pytest.raises(JournalError, match="does not exist"):
        Journal.open(other)


def test_open__nobody_listens__in_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        url = PostgresUrl(f"postgresql://me:hunter2secret@127.0.0.1:{port}/db")
        with pytest.raises(JournalError, match="cannot be reached") as found:
            Journal.read(url)
    assert "hunter2secret" not in "".join(traceback.format_exception(found.value))


@pytest.mark.parametrize(
    "code, words",
    [
        ("53100", "the disk of the server is full"),
        ("53300", "not enough of what it needs"),
        ("57P01", "the session with the server is lost"),
        ("08006", "the session with the server is lost"),
        ("25006", "name the primary server"),
        ("XX001", "files damaged"),
        ("58030", "the disk of the server failed"),
        ("40001", "what it said: see the server's log"),
        (None, "cannot be reached, or is no more"),
    ],
)
def test_words_of__code__what_to_try(code: str | None, words: str) -> None:
    told = words_of(code, "what it said")
    assert words in told
    assert "what it said" in told
