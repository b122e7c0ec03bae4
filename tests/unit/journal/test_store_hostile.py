"""What happens to a journal that something else got hold of."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.unit.journal.test_blobs import READING
from trimtab.core.errors import JournalError
from trimtab.journal.blobs import encode_reading
from trimtab.journal.records import Record
from trimtab.journal.rows import COLUMNS, StoredRow
from trimtab.journal.store import Journal

TICKS = tuple(Record("tick", block, {"at": str(block)}, "x" * 3000) for block in range(40))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed journal of a reading and 40 ticks."""
    path = tmp_path / "journal"
    encoded = encode_reading(READING, 0)
    with Journal.create(path) as journal:
        journal.append(encoded.record, blobs=encoded.blobs)
        journal.append(*TICKS)
    return path


@pytest.fixture
def intruder(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of another program, to which the triggers are no more."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in found.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET block = 9",
        "DELETE FROM records WHERE sequence = 41",
        "UPDATE blobs SET content = x'00'",
        "DELETE FROM blobs",
    ],
)
def test_trigger__row_changed_or_removed__refused(path: Path, statement: str) -> None:
    with (
        closing(sqlite3.connect(path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="a journal only grows"),
    ):
        connection.execute(statement)
    with Journal.read(path) as journal:
        journal.verify()


def test_table__value_of_another_type__refused(intruder: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="cannot store TEXT"):
        intruder.execute("UPDATE records SET economic = '{}' WHERE sequence = 7")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET economic = substr(economic, 2) WHERE sequence = 7",
        "UPDATE records SET economic = CAST('{}' AS BLOB) WHERE sequence = 41",
        "UPDATE records SET economic = NULL WHERE sequence = 3",
        "UPDATE records SET detail = NULL WHERE sequence = 3",
        "UPDATE records SET block = block + 1 WHERE sequence = 3",
        "UPDATE records SET kind = 'halt' WHERE sequence = 3",
        "UPDATE records SET hash = zeroblob(32) WHERE sequence = 41",
        "DELETE FROM records WHERE sequence = 1",
        "DELETE FROM records WHERE sequence = 20",
        "UPDATE records SET sequence = 99 WHERE sequence = 41",
        f"INSERT INTO records SELECT 42, {', '.join(COLUMNS[1:])} FROM records LIMIT 1",
    ],
)
def test_chain__row_edited__found_by_writer_and_verify(
    path: Path, intruder: sqlite3.Connection, statement: str
) -> None:
    assert intruder.execute(statement).rowcount == 1
    with pytest.raises(JournalError, match="does not follow from the rows before it"):
        Journal.open(path)
    with (
        Journal.read(path) as journal,
        pytest.raises(JournalError, match="does not follow from the rows before it"),
    ):
        journal.verify()


def test_chain__row_edited_and_sealed_anew__next_row_does_not_follow(
    path: Path, intruder: sqlite3.Connection
) -> None:
    columns = ", ".join(COLUMNS)
    found = intruder.execute(f"SELECT {columns} FROM records WHERE sequence IN (19, 20)")
    before, row = (StoredRow(*values) for values in found)
    forged = replace(row, detail=b'"forged"')
    intruder.execute(
        "UPDATE records SET detail = ?, hash = ? WHERE sequence = 20",
        (forged.detail, forged.link(before.hash)),
    )
    with pytest.raises(JournalError, match="row 21 does not follow"):
        Journal.open(path)


def test_open__refused__leaves_no_lock(path: Path, intruder: sqlite3.Connection) -> None:
    intruder.execute("UPDATE records SET kind = 'halt' WHERE sequence = 3")
    for _ in range(2):
        with pytest.raises(JournalError, match="does not follow"):
            Journal.open(path)


def test_records__row_is_no_json__in_words(path: Path, intruder: sqlite3.Connection) -> None:
    intruder.execute("UPDATE records SET detail = x'ff00' WHERE sequence = 5")
    with Journal.read(path) as journal, pytest.raises(JournalError, match="row 5 is damaged"):
        list(journal.records())


def test_records__newer_schema__names_both(path: Path, intruder: sqlite3.Connection) -> None:
    intruder.execute("UPDATE records SET schema = 2 WHERE sequence = 5")
    with (
        Journal.read(path) as journal,
        pytest.raises(JournalError, match="has schema 2, this version reads 1 to 1"),
    ):
        list(journal.records())


@pytest.mark.parametrize("how", ["open", "read"])
def test_open__newer_layout__names_both(path: Path, intruder: sqlite3.Connection, how: str) -> None:
    intruder.execute("PRAGMA user_version = 2")
    with pytest.raises(JournalError, match="has layout 2, this version reads up to 1"):
        getattr(Journal, how)(path)


def test_verify__blob_damaged_or_gone__in_words(path: Path, intruder: sqlite3.Connection) -> None:
    with Journal.read(path) as journal:
        intruder.execute("UPDATE blobs SET content = x'00'")
        with pytest.raises(JournalError, match="is damaged"):
            journal.verify()
        intruder.execute("DELETE FROM blobs")
        with pytest.raises(JournalError, match="has no blob"):
            journal.verify()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.97])
def test_open__cut_short__in_words(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(JournalError, match=r"damaged or cut short|not a journal"):
        Journal.open(path)


@pytest.mark.parametrize("how", ["open", "read"])
@pytest.mark.parametrize("content", [b"", b"[mandate]\n" * 500, b"SQLite format 3\0" + b"\0" * 500])
def test_open__wrong_file__in_words_and_kept(tmp_path: Path, content: bytes, how: str) -> None:
    path = tmp_path / "mandate.toml"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"not a journal|damaged"):
        getattr(Journal, how)(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("how", ["open", "read"])
def test_open__database_of_another_program__in_words(tmp_path: Path, how: str) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE records (sequence INTEGER)")
    with pytest.raises(JournalError, match="a database but not a journal"):
        getattr(Journal, how)(path)


@pytest.mark.parametrize("how", ["open", "read"])
def test_open__nothing_there__in_words_and_nothing_made(tmp_path: Path, how: str) -> None:
    with pytest.raises(JournalError, match="there is no journal at"):
        getattr(Journal, how)(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []


def test_append__disk_full__nothing_of_it_and_nothing_lost(path: Path) -> None:
    with Journal.open(path) as journal:
        before = journal.digest()
        fill(journal)
        with pytest.raises(JournalError, match="the disk is full; what was appended last is not"):
            journal.append(*TICKS, blobs={"00" * 32: b""})
        assert journal.digest() == before
        journal.verify()
        with journal._connection.begin():
            journal._connection.execute(text("PRAGMA max_page_count = 1000000"))
        journal.append(*TICKS)
        journal.verify()
    with Journal.read(path) as journal:
        assert list(journal.records("tick")) == [*TICKS, *TICKS]


def test_create__disk_full__leaves_nothing_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(connection: object, path: Path) -> None:
        raise JournalError(f"{path}: the disk is full")

    monkeypatch.setattr("trimtab.journal.tables.create", full)
    path = tmp_path / "journal"
    with pytest.raises(JournalError, match="the disk is full"):
        Journal.create(path)
    assert not path.exists()
    monkeypatch.undo()
    Journal.create(path).close()


def fill(journal: Journal) -> None:
    """Let the database grow no further, as if the disk were full."""
    with journal._connection.begin():
        pages = journal._connection.execute(text("PRAGMA page_count")).scalar_one()
        journal._connection.execute(text(f"PRAGMA max_page_count = {pages + 2}"))
