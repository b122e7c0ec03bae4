"""What happens to a journal that something else got hold of, on both back ends."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tests.support.intruder import other_program
from tests.unit.journal.test_blobs import READING
from trimtab.core.errors import JournalError
from trimtab.journal.blobs import compress, encode_reading
from trimtab.journal.postgres import PostgresSchema
from trimtab.journal.records import SCHEMA, Record
from trimtab.journal.rows import COLUMNS, StoredRow
from trimtab.journal.sqlite import SqliteFile
from trimtab.journal.store import Journal
from trimtab.journal.tables import APPLICATION_ID, LAYOUT, Location

TICKS = tuple(Record("tick", block, {"at": str(block)}, "x" * 3000) for block in range(40))


@pytest.fixture
def written(where: Location) -> Location:
    """A closed journal of a reading and 40 ticks."""
    encoded = encode_reading(READING, 0)
    with Journal.create(where) as journal:
        journal.append(encoded.record, blobs=encoded.blobs)
        journal.append(*TICKS)
    return where


# ------------------------------------------------------------------------------ rows and blobs


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET block = 9",
        "DELETE FROM records WHERE sequence = 41",
        "UPDATE blobs SET content = :content",
        "DELETE FROM blobs",
    ],
)
def test_trigger__row_changed_or_removed__refused(written: Location, statement: str) -> None:
    with (
        other_program(written) as connection,
        pytest.raises(DBAPIError, match="a journal only grows"),
    ):
        connection.execute(text(statement), {"content": b"\0"})
    with Journal.read(written) as journal:
        journal.verify()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET economic = :longer WHERE sequence = 7",
        "UPDATE records SET economic = :other WHERE sequence = 41",
        "UPDATE records SET economic = NULL WHERE sequence = 3",
        "UPDATE records SET detail = NULL WHERE sequence = 3",
        "UPDATE records SET block = block + 1 WHERE sequence = 3",
        "UPDATE records SET block = NULL WHERE sequence = 3",
        "UPDATE records SET kind = 'halt' WHERE sequence = 3",
        "UPDATE records SET schema = 0 WHERE sequence = 3",
        "UPDATE records SET hash = :other WHERE sequence = 41",
        "DELETE FROM records WHERE sequence = 1",
        "DELETE FROM records WHERE sequence = 20",
        "UPDATE records SET sequence = 99 WHERE sequence = 41",
        f"INSERT INTO records SELECT 42, {', '.join(COLUMNS[1:])} FROM records WHERE sequence = 1",
        f"INSERT INTO records SELECT 0, {', '.join(COLUMNS[1:])} FROM records WHERE sequence = 1",
    ],
)
def test_chain__row_edited__found_by_writer_and_verify(
    written: Location, intruder: Connection, statement: str
) -> None:
    values = {"longer": b'{"at":"5" }', "other": b"{}"}
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    assert intruder.execute(text(statement), used).rowcount == 1
    with pytest.raises(JournalError, match="does not follow from the rows before it"):
        Journal.open(written)
    with (
        Journal.read(written) as journal,
        pytest.raises(JournalError, match="does not follow from the rows before it"),
    ):
        journal.verify()


def test_chain__row_edited_and_sealed_anew__next_row_does_not_follow(
    written: Location, intruder: Connection
) -> None:
    query = f"SELECT {', '.join(COLUMNS)} FROM records WHERE sequence IN (19, 20) ORDER BY 1"
    before, row = (StoredRow(*values) for values in intruder.execute(text(query)))
    forged = replace(row, detail=b'"forged"')
    intruder.execute(
        text("UPDATE records SET detail = :detail, hash = :hash WHERE sequence = 20"),
        {"detail": forged.detail, "hash": forged.link(before.hash)},
    )
    with pytest.raises(JournalError, match="row 21 does not follow"):
        Journal.open(written)


def test_append__another_wrote_behind_our_back__refused(written: Location) -> None:
    query = f"INSERT INTO records SELECT 42, {', '.join(COLUMNS[1:])} FROM records WHERE block = 1"
    with Journal.open(written) as journal:
        with other_program(written) as connection:
            connection.execute(text(query))
        with pytest.raises(JournalError, match="a row would break a rule of the journal"):
            journal.append(TICKS[0])


def test_open__refused__leaves_no_lock(written: Location, intruder: Connection) -> None:
    intruder.execute(text("UPDATE records SET kind = 'halt' WHERE sequence = 3"))
    for _ in range(2):
        with pytest.raises(JournalError, match="does not follow"):
            Journal.open(written)


def test_records__row_is_no_json__in_words(written: Location, intruder: Connection) -> None:
    intruder.execute(
        text("UPDATE records SET detail = :part WHERE sequence = 5"), {"part": b"\xff\0"}
    )
    with Journal.read(written) as journal, pytest.raises(JournalError, match="row 5 is damaged"):
        list(journal.records())


@pytest.mark.parametrize(
    "statement, words",
    [
        ("UPDATE blobs SET content = :damaged", "is damaged"),
        ("UPDATE blobs SET content = :another", "its content is another"),
        ("DELETE FROM blobs", "has no blob"),
    ],
)
def test_verify__blob_damaged_changed_or_gone__in_words(
    written: Location, intruder: Connection, statement: str, words: str
) -> None:
    values: Mapping[str, bytes] = {"damaged": b"\0", "another": compress(b"[]")}
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    with Journal.read(written) as journal:
        journal.verify()
        intruder.execute(text(statement), used)
        with pytest.raises(JournalError, match=words):
            journal.verify()


# ------------------------------------------------------------------------------------ versions


def test_records__newer_schema__names_both(written: Location, intruder: Connection) -> None:
    intruder.execute(text(f"UPDATE records SET schema = {SCHEMA + 1} WHERE sequence = 5"))
    words = f"has schema {SCHEMA + 1}, this version reads 1 to {SCHEMA}"
    with Journal.read(written) as journal, pytest.raises(JournalError, match=words):
        list(journal.records())


@pytest.mark.parametrize("how", ["open", "read"])
def test_open__newer_layout__names_both(written: Location, intruder: Connection, how: str) -> None:
    is_file = isinstance(written, Path)
    set_layout = "PRAGMA user_version =" if is_file else "UPDATE trimtab_journal SET layout ="
    intruder.execute(text(f"{set_layout} {LAYOUT + 1}"))
    with pytest.raises(JournalError, match=f"has layout {LAYOUT + 1}, this version reads up to"):
        getattr(Journal, how)(written)


@pytest.mark.parametrize("how", ["open", "read"])
def test_open__database_of_another_program__in_words(where: Location, how: str) -> None:
    if not isinstance(where, Path):
        with other_program(where) as connection:
            connection.execute(text(f"CREATE SCHEMA {where.schema}"))
    with other_program(where) as connection:
        connection.execute(text("CREATE TABLE records (sequence INTEGER)"))
    with pytest.raises(JournalError, match="a database but not a journal"):
        getattr(Journal, how)(where)
    with pytest.raises(JournalError, match="open it to go on with it"):
        Journal.create(where)


def test_open__mark_of_another_application__in_words(
    written: Location, intruder: Connection
) -> None:
    is_file = isinstance(written, Path)
    mark = "PRAGMA application_id =" if is_file else "UPDATE trimtab_journal SET application ="
    intruder.execute(text(f"{mark} {APPLICATION_ID + 1}"))
    with pytest.raises(JournalError, match="a database but not a journal"):
        Journal.read(written)


# ----------------------------------------------------------------------------------- disk full


FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN IF NEW.sequence > 60 THEN
RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END IF; RETURN NEW; END$$
"""


def fill(journal: Journal) -> None:
    """Let the database grow no further, as if the disk were full."""
    if isinstance(journal.where, Path):
        with journal._transaction() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
            connection.execute(text(f"PRAGMA max_page_count = {pages + 2}"))
        return
    with other_program(journal.where) as connection:
        connection.execute(text(FULL))
        trigger = "CREATE TRIGGER full_disk BEFORE INSERT ON records FOR EACH ROW"
        connection.execute(text(f"{trigger} EXECUTE FUNCTION full_disk()"))


def free(journal: Journal) -> None:
    """Let it grow again."""
    if isinstance(journal.where, Path):
        with journal._transaction() as connection:
            connection.execute(text("PRAGMA max_page_count = 1000000"))
        return
    with other_program(journal.where) as connection:
        connection.execute(text("DROP TRIGGER full_disk ON records"))


def test_append__disk_full__nothing_of_it_and_nothing_lost(written: Location) -> None:
    with Journal.open(written) as journal:
        before = journal.digest()
        fill(journal)
        with pytest.raises(JournalError, match="is full; what was appended last is not in it"):
            journal.append(*TICKS, blobs={"00" * 32: b""})
        assert journal.digest() == before
        journal.verify()
        free(journal)
        journal.append(*TICKS)
        journal.verify()
    with Journal.read(written) as journal:
        assert list(journal.records("tick")) == [*TICKS, *TICKS]


def test_create__disk_full__leaves_nothing_half_made(
    where: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(database: object) -> None:
        raise JournalError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(SqliteFile, "_make_tables", full)
        patched.setattr(PostgresSchema, "_refuse_changes", full)
        with pytest.raises(JournalError, match="the disk is full"):
            Journal.create(where)
    with pytest.raises(JournalError, match="there is no journal at"):
        Journal.read(where)
    Journal.create(where).close()
