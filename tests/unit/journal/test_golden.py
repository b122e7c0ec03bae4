"""Journals of every schema so far: whatever was written can be read, and nothing is rewritten."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import get_args

import pytest
from sqlalchemy import text

from tests import golden
from trimtab.core.canonical import Plain
from trimtab.core.errors import JournalError
from trimtab.journal import rows
from trimtab.journal.blobs import age_of, decode_reading
from trimtab.journal.records import SCHEMA, Kind, Record, upcast
from trimtab.journal.store import Journal
from trimtab.journal.values import (
    attribution_of,
    checkpoint_of,
    head_of,
    intent_of,
    order_of,
    settlement_of,
)

SCHEMAS = range(1, SCHEMA + 1)


def stored_rows(path: Path) -> list[tuple[object, ...]]:
    with Journal.read(path) as journal, journal._transaction() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT * FROM records"))]


def test_golden__every_schema__has_its_file() -> None:
    assert sorted(golden.digests()) == [*SCHEMAS]
    assert {golden.path_of(schema) for schema in SCHEMAS} == {*golden.FOLDER.glob("*.gz")}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_golden__file_of_a_schema__verified_with_its_digest(schema: int, tmp_path: Path) -> None:
    path = golden.unpacked(schema, tmp_path)
    with Journal.read(path) as journal:
        journal.verify()
        assert journal.digest() == golden.digests()[schema]
        assert journal.open_intents() == (golden.OPEN,)
    assert {row[1] for row in stored_rows(path)} == {schema}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_golden__file_of_a_schema__holds_the_same_values(schema: int, tmp_path: Path) -> None:
    with Journal.read(golden.unpacked(schema, tmp_path)) as journal:
        (reading,) = journal.records("reading")
        assert decode_reading(reading, journal.blob) == golden.SEEN
        assert age_of(reading) == 3
        assert [*map(intent_of, journal.records("intent"))] == [*golden.CLOSED, golden.OPEN]
        assert [*map(settlement_of, journal.records("settled"))] == [*golden.SETTLED]
        assert [*map(settlement_of, journal.records("mismatch"))] == [golden.MISMATCH]
        attributed = [*map(attribution_of, journal.records("flows"))]
        assert attributed == [golden.ATTRIBUTION, None]
        assert [*map(head_of, journal.records("unwound"))] == [golden.STANDS, None]
        assert [*map(order_of, journal.records("order"))] == [*golden.ORDERS]
        (checkpoint,) = map(checkpoint_of, journal.records("checkpoint"))
        assert journal.blob(checkpoint.memory) == golden.MEMORY


@pytest.mark.parametrize("schema", SCHEMAS)
def test_golden__file_of_a_schema__can_be_gone_on_with(schema: int, tmp_path: Path) -> None:
    path = golden.unpacked(schema, tmp_path)
    before = stored_rows(path)
    with Journal.open(path) as journal:
        journal.append(Record("end", None, None, None))
        journal.verify()
    assert stored_rows(path)[:-1] == before


def test_golden__todays_schema__is_what_is_written_today(tmp_path: Path) -> None:
    """A record of another form has another schema; rerun `python -m tests.golden` where none of
    this schema was released."""
    golden.write(tmp_path / "journal")
    assert stored_rows(tmp_path / "journal") == stored_rows(golden.unpacked(SCHEMA, tmp_path))


def test_golden__todays_schema__has_every_kind(tmp_path: Path) -> None:
    with Journal.read(golden.unpacked(SCHEMA, tmp_path)) as journal:
        assert {record.kind for record in journal.records()} == {*get_args(Kind)}


# --------------------------------------------------------------------------- a schema to come


def renamed(record: Record) -> Record:
    """What a schema to come might make of a halt: its reason under another name."""
    if record.kind != "halt":
        return record
    assert isinstance(record.detail, dict)
    detail: dict[str, Plain] = {"reason": record.detail["why"]}
    return replace(record, detail=detail)


def test_upcast__schema_to_come__old_and_new_rows_in_one_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = golden.unpacked(SCHEMA, tmp_path)
    before = stored_rows(path)
    newer = Record("halt", None, {"error": "DataError"}, {"reason": "new"})
    with monkeypatch.context() as later:
        later.setattr(rows, "SCHEMA", SCHEMA + 1)
        upcasts = {SCHEMA: renamed}
        later.setattr(rows, "upcast", partial(upcast, upcasts=upcasts, current=SCHEMA + 1))
        with Journal.open(path) as journal:
            journal.append(newer)
            journal.verify()
            old, new = journal.records("halt")
            assert old.detail == {"reason": "the disk is full"}
            assert new == newer
            assert journal.open_intents() == (golden.OPEN,)
    assert stored_rows(path)[:-1] == before
    assert [row[1] for row in stored_rows(path)[-2:]] == [SCHEMA, SCHEMA + 1]
    with Journal.read(path) as journal, pytest.raises(JournalError, match="or a newer one"):
        list(journal.records())
