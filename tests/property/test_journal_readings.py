"""Whatever was read or recorded comes back as it was."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.core.abi import Answer, Log
from trimtab.core.canonical import Plain
from trimtab.core.market import Head, MarketId, Place
from trimtab.core.quantise import Timestamp
from trimtab.core.reading import Reading
from trimtab.core.token import Address, Token, address_from_bytes
from trimtab.journal.blobs import age_of, decode_reading, encode_reading
from trimtab.journal.records import Record
from trimtab.journal.store import Journal

WORD = 2**256 - 1
texts = st.text(max_size=12)
numbers = st.integers(0, 2**64 - 1)
block_numbers = st.integers(0, 2**63 - 1)
addresses: st.SearchStrategy[Address] = st.binary(min_size=20, max_size=20).map(address_from_bytes)
markets = texts.map(MarketId)
tokens = st.builds(Token, numbers, addresses, st.integers(0, 255), texts)
places = st.builds(Place, markets, tokens, st.sampled_from(["long", "debt"]))
answers = st.builds(Answer, st.booleans(), st.binary(max_size=100))
rounds = st.lists(st.lists(answers, max_size=4).map(tuple), max_size=3).map(tuple)
logs = st.builds(
    Log,
    addresses,
    st.lists(st.binary(min_size=32, max_size=32), max_size=4).map(tuple),
    st.binary(max_size=100),
    numbers,
    numbers,
    texts,
    numbers,
)
readings = st.builds(
    Reading,
    st.builds(Head, numbers, block_numbers, texts, numbers.map(Timestamp)),
    st.booleans(),
    st.dictionaries(markets, rounds, max_size=3),
    st.lists(logs, max_size=3).map(tuple),
    st.dictionaries(places, st.integers(0, WORD), max_size=3),
    st.integers(0, WORD),
)
plains: st.SearchStrategy[Plain] = st.recursive(
    st.none() | st.booleans() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
records = st.builds(
    Record,
    st.sampled_from(["start", "tick", "skip", "end"]),
    st.none() | block_numbers,
    plains,
    plains,
)


@given(readings, numbers)
def test_decode_reading__any_reading__exactly_inverse(reading: Reading, age: int) -> None:
    encoded = encode_reading(reading, age)
    found = decode_reading(encoded.record, encoded.blobs.__getitem__)
    assert found == reading
    assert [str(place) for place in found.audit] == [str(place) for place in reading.audit]
    assert age_of(encoded.record) == age


@settings(max_examples=40)
@given(st.lists(records, max_size=4), st.lists(readings, max_size=2))
def test_append__any_records__come_back_and_verify(
    found: list[Record], seen: list[Reading]
) -> None:
    encoded = [encode_reading(reading, 0) for reading in seen]
    blobs = {name: content for each in encoded for name, content in each.blobs.items()}
    written = [*found, *(each.record for each in encoded)]
    with TemporaryDirectory() as folder, Journal.create(Path(folder) / "any") as journal:
        journal.append(*written, blobs=blobs)
        assert list(journal.records()) == written
        readings_back = journal.records("reading")
        assert [decode_reading(record, journal.blob) for record in readings_back] == seen
        journal.verify()
        with Journal.read(journal.where) as reader:
            assert reader.digest() == journal.digest()
