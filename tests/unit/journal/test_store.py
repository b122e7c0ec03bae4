"""The store: append-only, durable, one writer, in order."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from tests.unit.journal.builders import ACCOUNT, OURS
from trimtab.core.errors import DataError, JournalError
from trimtab.core.settlement import Dropped, Intent, Landed, Mismatch
from trimtab.journal import records
from trimtab.journal.blobs import name_of
from trimtab.journal.records import Record
from trimtab.journal.store import Journal
from trimtab.journal.tables import BLOBS, RECORDS, Location

FIRST = Record("tick", 1, {"plan": None}, {"seconds": "0.1"})
SECOND = Record("tick", 2, {"plan": "buy"}, None)


def an_intent(plan: str, *hashes: str) -> Intent:
    return Intent(plan, 1, ACCOUNT, 0, 5, hashes, tuple(b"raw" for _ in hashes), 9, 8, 7)


# ------------------------------------------------------------------------------ round trips


def test_append__then_read__same_records_in_order(where: Location) -> None:
    with Journal.create(where) as journal:
        journal.append(FIRST, SECOND)
        journal.append(records.end(2, None))
        assert list(journal.records()) == [FIRST, SECOND, records.end(2, None)]
    with Journal.read(where) as journal:
        assert list(journal.records()) == [FIRST, SECOND, records.end(2, None)]


def test_records__of_a_kind_or_block__only_those(where: Location) -> None:
    with Journal.create(where) as journal:
        journal.append(FIRST, SECOND, records.end(2, None))
        assert list(journal.records("tick")) == [FIRST, SECOND]
        assert list(journal.records(block=2)) == [SECOND, records.end(2, None)]
        assert list(journal.records("tick", 2)) == [SECOND]
        assert list(journal.records("halt")) == []


def test_records__more_than_a_page__all_while_appending(where: Location) -> None:
    many = [Record("tick", block, str(block), None) for block in range(600)]
    with Journal.create(where) as journal:
        journal.append(*many)
        found: list[Record] = []
        for record in journal.records("tick"):
            if not found:
                journal.append(Record("tick", 600, "600", None))
            found.append(record)
    assert found == [*many, Record("tick", 600, "600", None)]


def test_blob__appended__content_by_its_name(where: Location) -> None:
    content = b"answer" * 50
    with Journal.create(where) as journal:
        journal.append(FIRST, blobs={name_of(content): content})
        journal.append(SECOND, blobs={name_of(content): content, name_of(b""): b""})
        assert journal.blob(name_of(content)) == content
        assert journal.blob(name_of(b"")) == b""


def test_blob__not_there__in_words(where: Location) -> None:
    with Journal.create(where) as journal, pytest.raises(JournalError, match="has no blob"):
        journal.blob(name_of(b"never"))


def test_append__nothing__changes_nothing(where: Location) -> None:
    with Journal.create(where) as journal:
        empty = journal.digest()
        journal.append()
        assert journal.digest() == empty
        assert list(journal.records()) == []


def test_open__goes_on_where_it_ended(where: Location) -> None:
    with Journal.create(where) as journal:
        journal.append(FIRST)
    with Journal.open(where) as journal:
        journal.append(SECOND)
        journal.verify()
        assert list(journal.records()) == [FIRST, SECOND]


# ----------------------------------------------------------------------------------- digest


def digest_of(where: Location, *appended: Record) -> str:
    with Journal.create(where) as journal:
        journal.append(*appended)
        return journal.digest()


def test_digest__detail_differs__same(where: Location, elsewhere: Location) -> None:
    other = Record("tick", 1, {"plan": None}, {"seconds": "99", "path": "elsewhere"})
    start = records.start(
        mandate_hash="0", mandate="", account=ACCOUNT, code_version="2", seed=None
    )
    assert digest_of(where, FIRST) == digest_of(elsewhere, start, other, records.end(9, "x"))


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
    where: Location, elsewhere: Location, other: tuple[Record, ...]
) -> None:
    assert digest_of(where, FIRST, SECOND) != digest_of(elsewhere, *other)


def test_digest__in_two_runs_or_one__same(where: Location, elsewhere: Location) -> None:
    with Journal.create(where) as journal:
        journal.append(FIRST)
    with Journal.open(where) as journal:
        journal.append(SECOND)
        found = journal.digest()
    assert found == digest_of(elsewhere, FIRST, SECOND)
    with Journal.read(where) as journal:
        assert journal.digest() == found


# ---------------------------------------------------------------------------------- intents


def test_open_intents__until_settled(where: Location) -> None:
    one, two = an_intent("one", OURS), an_intent("two", "0x02")
    with Journal.create(where) as journal:
        journal.append(records.intent(one))
        journal.append(records.intent(two))
        assert journal.open_intents() == (one, two)
        journal.append(records.settled(6, Landed("one", OURS, 6, 1, 1)))
        assert journal.open_intents() == (two,)
        journal.append(records.mismatch(7, Mismatch("two", "differs", ())))
        assert journal.open_intents() == ()


def test_open_intents__replaced__with_every_transaction_of_it(where: Location) -> None:
    replaced = an_intent("one", OURS, "0x02")
    with Journal.create(where) as journal:
        journal.append(records.intent(an_intent("one", OURS)), records.intent(replaced))
        assert journal.open_intents() == (replaced,)


def test_open_intents__after_a_crash__those_left_open(where: Location) -> None:
    with Journal.create(where) as journal:
        journal.append(records.intent(an_intent("one", OURS)))
        journal.append(records.intent(an_intent("two", "0x02")))
        journal.append(records.settled(6, Dropped("one", "late")))
    with Journal.open(where) as journal:
        assert journal.open_intents() == (an_intent("two", "0x02"),)


# ------------------------------------------------------------------------- writer and readers


def test_read__while_another_writes__sees_what_is_committed(where: Location) -> None:
    with Journal.create(where) as writer, Journal.read(where) as reader:
        writer.append(FIRST, records.intent(an_intent("one", OURS)))
        assert list(reader.records("tick")) == [FIRST]
        assert reader.open_intents() == writer.open_intents()
        writer.append(SECOND)
        assert reader.digest() == writer.digest()


def test_read__during_an_append__nothing_of_it(where: Location) -> None:
    with (
        Journal.create(where) as writer,
        Journal.read(where) as reader,
        writer._transaction() as connection,
    ):
        values = {"sequence": 1, "schema": 1, "kind": "tick", "hash": b""}
        connection.execute(insert(RECORDS), values)
        assert list(reader.records()) == []
        connection.rollback()


def test_append__reader__refused(where: Location) -> None:
    Journal.create(where).close()
    with Journal.read(where) as journal, pytest.raises(JournalError, match="opened for reading"):
        journal.append(FIRST)


def test_read__statement_that_writes__refused_by_the_database(where: Location) -> None:
    Journal.create(where).close()
    with (
        Journal.read(where) as journal,
        pytest.raises(DBAPIError, match=r"readonly database|read-only transaction"),
        journal._database.connection.begin(),
    ):
        journal._database.connection.execute(insert(BLOBS), {"name": b"", "content": b""})


def test_open__second_writer__refused_with_the_holder(where: Location) -> None:
    with Journal.create(where) as first:
        with pytest.raises(JournalError, match=r"locked by another writer, (process|session) \d+"):
            Journal.open(where)
        first.append(FIRST)
    Journal.open(where).close()


def test_create__something_there__refused_and_kept(where: Location) -> None:
    with Journal.create(where) as journal:
        journal.append(FIRST)
    with pytest.raises(JournalError, match="open it to go on with it"):
        Journal.create(where)
    with Journal.open(where) as journal:
        assert list(journal.records()) == [FIRST]


@pytest.mark.parametrize("how", ["open", "read"])
def test_open__nothing_there__in_words_and_nothing_made(where: Location, how: str) -> None:
    for _ in range(2):
        with pytest.raises(JournalError, match="there is no journal at"):
            getattr(Journal, how)(where)
    Journal.create(where).close()


def test_close__twice__nothing(where: Location) -> None:
    journal = Journal.create(where)
    journal.close()
    journal.close()


def test_skip__beside_others__kept_in_order(where: Location) -> None:
    skipped = records.skip(None, DataError("no answer"))
    with Journal.create(where) as journal:
        journal.append(FIRST)
        before = journal.digest()
        journal.append(skipped)
        assert journal.digest() == before
        assert list(journal.records()) == [FIRST, skipped]


# ------------------------------------------------------------------------------------- extremes


def test_append__block_number_beyond_all_chains__journal_error_and_goes_on(where: Location) -> None:
    with Journal.create(where) as journal:
        with pytest.raises(JournalError, match="63"):
            journal.append(FIRST, Record("skip", 2**63, None, None))
        journal.append(FIRST, Record("skip", 2**63 - 1, None, None))
        assert [record.block for record in journal.records()] == [1, 2**63 - 1]


def test_append__tens_of_mebibytes__come_back_and_verify(where: Location) -> None:
    large = Record("tick", 1, "e" * (24 << 20), None)
    content = bytes(24 << 20)
    with Journal.create(where) as journal:
        journal.append(large, blobs={name_of(content): content})
    with Journal.open(where) as journal:
        assert list(journal.records()) == [large]
        assert journal.blob(name_of(content)) == content


HOSTILE = (
    "\0",
    "\ud800",
    "'; DROP TABLE records; --",
    "%s %(name)s :name ${name} {0}",
    "\n\r\u2028\x85",
    '\\"',
    "\uffff\U0010ffff",
    "\u202e\ufeff",
)


def test_append__hostile_strings__come_back_as_they_are(where: Location) -> None:
    hostile = [Record("tick", 1, text, {text: [text]}) for text in HOSTILE]
    with Journal.create(where) as journal:
        journal.append(*hostile)
        assert list(journal.records()) == hostile
        journal.verify()
