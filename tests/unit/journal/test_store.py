"""The store: append-only, durable, one writer, in order."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.unit.journal.builders import ACCOUNT, OURS
from trimtab.core.errors import DataError, JournalError
from trimtab.core.settlement import Dropped, Intent, Landed, Mismatch
from trimtab.journal import records
from trimtab.journal.blobs import name_of
from trimtab.journal.records import Record
from trimtab.journal.store import Journal

FIRST = Record("tick", 1, {"plan": None}, {"seconds": "0.1"})
SECOND = Record("tick", 2, {"plan": "buy"}, None)


def an_intent(plan: str, *hashes: str) -> Intent:
    return Intent(plan, 1, ACCOUNT, 0, 5, hashes, tuple(b"raw" for _ in hashes), 9, 8, 7)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a run #1?.journal"


# ------------------------------------------------------------------------------ round trips


def test_append__then_read__same_records_in_order(path: Path) -> None:
    with Journal.create(path) as journal:
        journal.append(FIRST, SECOND)
        journal.append(records.end(2, None))
        assert list(journal.records()) == [FIRST, SECOND, records.end(2, None)]
    with Journal.read(path) as journal:
        assert list(journal.records()) == [FIRST, SECOND, records.end(2, None)]


def test_records__of_a_kind_or_block__only_those(path: Path) -> None:
    with Journal.create(path) as journal:
        journal.append(FIRST, SECOND, records.end(2, None))
        assert list(journal.records("tick")) == [FIRST, SECOND]
        assert list(journal.records(block=2)) == [SECOND, records.end(2, None)]
        assert list(journal.records("tick", 2)) == [SECOND]
        assert list(journal.records("halt")) == []


def test_records__more_than_a_page__all_while_appending(path: Path) -> None:
    many = [Record("tick", block, str(block), None) for block in range(600)]
    with Journal.create(path) as journal:
        journal.append(*many)
        found: list[Record] = []
        for record in journal.records("tick"):
            if not found:
                journal.append(Record("tick", 600, "600", None))
            found.append(record)
    assert found == [*many, Record("tick", 600, "600", None)]


def test_blob__appended__content_by_its_name(path: Path) -> None:
    content = b"answer" * 50
    with Journal.create(path) as journal:
        journal.append(FIRST, blobs={name_of(content): content})
        journal.append(SECOND, blobs={name_of(content): content, name_of(b""): b""})
        assert journal.blob(name_of(content)) == content
        assert journal.blob(name_of(b"")) == b""


def test_blob__not_there__in_words(path: Path) -> None:
    with Journal.create(path) as journal, pytest.raises(JournalError, match="has no blob"):
        journal.blob(name_of(b"never"))


def test_append__nothing__changes_nothing(path: Path) -> None:
    with Journal.create(path) as journal:
        empty = journal.digest()
        journal.append()
        assert journal.digest() == empty
        assert list(journal.records()) == []


def test_open__goes_on_where_it_ended(path: Path) -> None:
    with Journal.create(path) as journal:
        journal.append(FIRST)
    with Journal.open(path) as journal:
        journal.append(SECOND)
        journal.verify()
        assert list(journal.records()) == [FIRST, SECOND]


# ----------------------------------------------------------------------------------- digest


def digest_of(path: Path, *appended: Record) -> str:
    with Journal.create(path) as journal:
        journal.append(*appended)
        return journal.digest()


def test_digest__detail_differs__same(path: Path, tmp_path: Path) -> None:
    other = Record("tick", 1, {"plan": None}, {"seconds": "99", "path": "elsewhere"})
    start = records.start(
        mandate_hash="0", mandate="", account=ACCOUNT, code_version="2", seed=None
    )
    assert digest_of(path, FIRST) == digest_of(tmp_path / "b", start, other, records.end(9, "x"))


@pytest.mark.parametrize(
    "other",
    [
        (SECOND, FIRST),
        (FIRST,),
        (FIRST, SECOND, SECOND),
        (FIRST, Record("tick", 3, {"plan": "buy"}, None)),
        (FIRST, Record("halt", 2, {"plan": "buy"}, None)),
        (FIRST, Record("tick", 2, {"plan": "sell"}, None)),
    ],
)
def test_digest__anything_economic_differs__another(
    path: Path, tmp_path: Path, other: tuple[Record, ...]
) -> None:
    assert digest_of(path, FIRST, SECOND) != digest_of(tmp_path / "b", *other)


def test_digest__in_two_runs_or_one__same(path: Path, tmp_path: Path) -> None:
    with Journal.create(path) as journal:
        journal.append(FIRST)
    with Journal.open(path) as journal:
        journal.append(SECOND)
        found = journal.digest()
    assert found == digest_of(tmp_path / "b", FIRST, SECOND)
    with Journal.read(path) as journal:
        assert journal.digest() == found


# ---------------------------------------------------------------------------------- intents


def test_open_intents__until_settled(path: Path) -> None:
    one, two = an_intent("one", OURS), an_intent("two", "0x02")
    with Journal.create(path) as journal:
        journal.append(records.intent(one))
        journal.append(records.intent(two))
        assert journal.open_intents() == (one, two)
        journal.append(records.settled(6, Landed("one", OURS, 6, 1, 1)))
        assert journal.open_intents() == (two,)
        journal.append(records.mismatch(7, Mismatch("two", "differs", ())))
        assert journal.open_intents() == ()


def test_open_intents__replaced__with_every_transaction_of_it(path: Path) -> None:
    replaced = an_intent("one", OURS, "0x02")
    with Journal.create(path) as journal:
        journal.append(records.intent(an_intent("one", OURS)), records.intent(replaced))
        assert journal.open_intents() == (replaced,)


def test_open_intents__after_a_crash__those_left_open(path: Path) -> None:
    with Journal.create(path) as journal:
        journal.append(records.intent(an_intent("one", OURS)))
        journal.append(records.intent(an_intent("two", "0x02")))
        journal.append(records.settled(6, Dropped("one", "late")))
    with Journal.open(path) as journal:
        assert journal.open_intents() == (an_intent("two", "0x02"),)


# ------------------------------------------------------------------------- writer and readers


def test_read__while_another_writes__sees_what_is_committed(path: Path) -> None:
    with Journal.create(path) as writer, Journal.read(path) as reader:
        writer.append(FIRST, records.intent(an_intent("one", OURS)))
        assert list(reader.records("tick")) == [FIRST]
        assert reader.open_intents() == writer.open_intents()
        writer.append(SECOND)
        assert reader.digest() == writer.digest()


@pytest.mark.parametrize("pragma, expected", [("synchronous", 2), ("journal_mode", "wal")])
def test_open__writer__commits_survive_a_loss_of_power(
    path: Path, pragma: str, expected: object
) -> None:
    Journal.create(path).close()
    with Journal.open(path) as journal, journal._connection.begin():
        found = journal._connection.execute(text(f"PRAGMA {pragma}")).scalar_one()
    assert found == expected


def test_read__statement_that_writes__refused_by_the_database(path: Path) -> None:
    Journal.create(path).close()
    statement = text("INSERT INTO blobs VALUES (x'00', x'00')")
    with (
        Journal.read(path) as journal,
        pytest.raises(OperationalError, match="readonly database"),
        journal._connection.begin(),
    ):
        journal._connection.execute(statement)


def test_append__reader__refused(path: Path) -> None:
    Journal.create(path).close()
    with Journal.read(path) as journal, pytest.raises(JournalError, match="opened for reading"):
        journal.append(FIRST)


def test_open__second_writer__refused_with_the_holder(path: Path) -> None:
    with (
        Journal.create(path),
        pytest.raises(JournalError, match=rf"locked by another writer, process {os.getpid()}:"),
    ):
        Journal.open(path)
    Journal.open(path).close()


def test_open__through_a_link__same_lock(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    with Journal.create(path):
        link.symlink_to(path)
        with pytest.raises(JournalError, match="locked by another writer"):
            Journal.open(link)


def test_append__writer_killed__what_returned_is_there_and_the_lock_is_free(path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from trimtab.journal.records import Record; from trimtab.journal.store import Journal\n"
        "journal = Journal.create(Path(sys.argv[1]))\n"
        "journal.append(Record('tick', 1, 'done', None))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -9
    with Journal.open(path) as journal:
        assert list(journal.records()) == [Record("tick", 1, "done", None)]
        journal.append(SECOND)
        journal.verify()


def test_close__twice__nothing(path: Path) -> None:
    journal = Journal.create(path)
    journal.close()
    journal.close()


def test_create__something_there__refused_and_kept(path: Path) -> None:
    path.write_text("mine")
    with pytest.raises(JournalError, match=r"cannot be made \(File exists\)"):
        Journal.create(path)
    assert path.read_text() == "mine"


def test_create__no_such_folder__in_words(path: Path) -> None:
    with pytest.raises(JournalError, match="needs a folder that exists"):
        Journal.create(path / "deeper" / "journal")


def test_skip__beside_others__kept_in_order(path: Path) -> None:
    skipped = records.skip(None, DataError("no answer"))
    with Journal.create(path) as journal:
        journal.append(FIRST)
        before = journal.digest()
        journal.append(skipped)
        assert journal.digest() == before
        assert list(journal.records()) == [FIRST, skipped]


def test_append__block_number_beyond_all_chains__journal_error(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "journal") as journal, pytest.raises(JournalError, match="63"):
        journal.append(Record("skip", 2**63, None, None))
