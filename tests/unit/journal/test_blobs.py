"""Readings as records and blobs."""

import pytest

from tests.unit.journal.builders import USDC, VAULT, shares_log
from trimtab.core.abi import Answer
from trimtab.core.errors import JournalError
from trimtab.core.market import Head, MarketId, wallet
from trimtab.core.quantise import Timestamp
from trimtab.core.reading import Reading
from trimtab.journal.blobs import (
    age_of,
    blob_names,
    compress,
    decode_reading,
    decompress,
    encode_reading,
    name_of,
)
from trimtab.journal.records import Record

READING = Reading(
    head=Head(1, 42, "0xabc", Timestamp(1000)),
    full=False,
    rounds={
        MarketId("a"): ((Answer(ok=True, data=b"\x00" * 32),), ()),
        MarketId("b"): ((Answer(ok=False, data=b""), Answer(ok=True, data=b"\xff")),),
    },
    logs=(shares_log(-5),),
    audit={wallet(USDC): 2**200, VAULT.place: 0},
    base_fee=10**10,
)


def missing(name: str) -> bytes:
    raise JournalError(f"no blob {name}")


def test_decode_reading__what_was_encoded__the_same() -> None:
    encoded = encode_reading(READING, 3)
    found = decode_reading(encoded.record, encoded.blobs.__getitem__)
    assert found == READING
    assert age_of(encoded.record) == 3
    assert [place.token.decimals for place in found.audit] == [6, 6]


def test_encode_reading__hash_fee_and_age__not_economic() -> None:
    record = encode_reading(READING, 3).record
    assert record.economic == {
        "number": "42",
        "timestamp": "1000",
        "audit": {wallet(USDC).key: str(2**200), VAULT.place.key: "0"},
    }


def test_encode_reading__one_market_changed__one_blob_new() -> None:
    first = encode_reading(READING, 0).blobs
    changed = {**READING.rounds, MarketId("a"): ((Answer(ok=True, data=b"\x01"),),)}
    second = encode_reading(
        Reading(READING.head, READING.full, changed, READING.logs, READING.audit, 0), 0
    ).blobs
    assert len(first) == len(second) == 4
    assert len(set(second) - set(first)) == 1


def test_blob_names__record__those_of_its_blobs() -> None:
    encoded = encode_reading(READING, 0)
    assert set(blob_names(encoded.record)) == set(encoded.blobs)


def test_decompress__what_was_compressed__the_same() -> None:
    content = b"answer" * 100
    assert decompress(name_of(content), compress(content)) == content


@pytest.mark.parametrize("stored", [b"", b"no zlib", compress(b"another"), compress(b"it")[:-1]])
def test_decompress__damaged__in_words(stored: bytes) -> None:
    with pytest.raises(JournalError, match="is damaged"):
        decompress(name_of(b"it"), stored)


def test_decode_reading__blob_missing__error_of_the_store() -> None:
    with pytest.raises(JournalError, match="no blob"):
        decode_reading(encode_reading(READING, 0).record, missing)


def test_decode_reading__blob_of_something_else__in_words() -> None:
    with pytest.raises(JournalError, match="the reading of block 42 cannot be decoded"):
        decode_reading(encode_reading(READING, 0).record, lambda _: b"\xc0")


def test_decode_reading__audit_without_a_place__in_words() -> None:
    encoded = encode_reading(READING, 0)
    cut = Record(
        "reading", 42, {"number": "1", "timestamp": "2", "audit": {}}, encoded.record.detail
    )
    with pytest.raises(JournalError, match="cannot be decoded"):
        decode_reading(cut, encoded.blobs.__getitem__)


def test_decode_reading__no_reading__in_words() -> None:
    with pytest.raises(JournalError, match="the end record of block 1 is no reading"):
        decode_reading(Record("end", 1, None, {}), missing)
