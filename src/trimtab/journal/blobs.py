"""Raw answers, stored by their content: an answer that did not change is stored once.

A reading becomes a record, which names its blobs, and the blobs: one per market with its rounds,
one with the logs, one with the audited places. A blob is compact binary (MessagePack), its name
the sha256 of that; what lies on disk is compressed by zlib.
"""

import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from trimtab.core.abi import Answer, Log
from trimtab.core.canonical import Plain, plain
from trimtab.core.errors import JournalError
from trimtab.core.market import Head, MarketId, Place
from trimtab.core.quantise import Timestamp
from trimtab.core.reading import Reading, Rounds
from trimtab.core.token import Address, Token
from trimtab.journal.records import Record

_Rounds = tuple[tuple[tuple[bool, bytes], ...], ...]
_Logs = tuple[tuple[Address, tuple[bytes, ...], bytes, int, int, str, int], ...]
_PlaceParts = tuple[MarketId, int, Address, int, str, str]


class _Seen(msgspec.Struct):
    """The economic part of a reading: when it was, and what the chain itself says we have."""

    number: int
    timestamp: int
    audit: dict[str, int]


class _Named(msgspec.Struct):
    """The detail of a reading: the block's hash, fee and age, and the names of the blobs."""

    chain: int
    hash: str
    full: bool
    base_fee: int
    age: int
    rounds: dict[MarketId, str]
    logs: str
    places: str


@dataclass(frozen=True, slots=True)
class Encoded:
    """A reading as a record, and the contents of the blobs that it names."""

    record: Record
    blobs: Mapping[str, bytes]


def name_of(content: bytes) -> str:
    """The name of a blob: sha256 of its content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def compress(content: bytes) -> bytes:
    """The content as it is stored."""
    return zlib.compress(content)


def decompress(name: str, stored: bytes) -> bytes:
    """The content of the blob with this name. Raises JournalError if it is not what it was."""
    try:
        content = zlib.decompress(stored)
    except zlib.error as error:
        raise JournalError(_damaged(name, str(error))) from error
    if name_of(content) != name:
        raise JournalError(_damaged(name, "its content is another"))
    return content


def blob_names(record: Record) -> tuple[str, ...]:
    """The blobs that a record of a reading names. Raises JournalError if it is none."""
    named = _named(record)
    return (*named.rounds.values(), named.logs, named.places)


def encode_reading(reading: Reading, age: int) -> Encoded:
    """The reading as a record and its blobs; `decode_reading` gives the same reading back.

    `age` is how many seconds the block lay behind the newest that was known; `age_of` tells it.
    """
    rounds = {market: _encode_rounds(found) for market, found in reading.rounds.items()}
    logs = msgspec.msgpack.encode(
        [
            (
                log.address,
                log.topics,
                log.data,
                log.block,
                log.timestamp,
                log.transaction,
                log.index,
            )
            for log in reading.logs
        ]
    )
    places = msgspec.msgpack.encode([_place_parts(place) for place in reading.audit])
    head = reading.head
    economic: Plain = {
        "number": plain(head.number),
        "timestamp": plain(head.timestamp),
        "audit": {place.key: plain(raw) for place, raw in reading.audit.items()},
    }
    detail: Plain = {
        "chain": plain(head.chain),
        "hash": head.hash,
        "full": reading.full,
        "base_fee": plain(reading.base_fee),
        "age": plain(age),
        "rounds": {market: name_of(content) for market, content in rounds.items()},
        "logs": name_of(logs),
        "places": name_of(places),
    }
    record = Record("reading", head.number, economic, detail)
    return Encoded(record, {name_of(blob): blob for blob in (*rounds.values(), logs, places)})


def decode_reading(record: Record, blob: Callable[[str], bytes]) -> Reading:
    """The reading that a record and its blobs hold; `blob` gives a blob's content by its name.

    Raises JournalError if the record is no reading or a blob is missing or damaged.
    """
    named = _named(record)
    try:
        seen = msgspec.convert(record.economic, _Seen, strict=False)
        places = msgspec.msgpack.decode(blob(named.places), type=tuple[_PlaceParts, ...])
        logs = msgspec.msgpack.decode(blob(named.logs), type=_Logs)
        return Reading(
            head=Head(named.chain, seen.number, named.hash, Timestamp(seen.timestamp)),
            full=named.full,
            rounds={m: _decode_rounds(blob(name)) for m, name in named.rounds.items()},
            logs=tuple(Log(*log) for log in logs),
            audit={place: seen.audit[place.key] for place in map(_place, places)},
            base_fee=named.base_fee,
        )
    except (KeyError, msgspec.MsgspecError) as error:
        raise JournalError(
            f"the reading of block {record.block} cannot be decoded ({error}): "
            "the journal is damaged; go on from a copy"
        ) from error


def age_of(record: Record) -> int:
    """How old a reading was when it was read, in seconds. Raises JournalError if it is none."""
    return _named(record).age


def _named(record: Record) -> _Named:
    try:
        return msgspec.convert(record.detail, _Named, strict=False)
    except msgspec.MsgspecError as error:
        raise JournalError(
            f"the {record.kind} record of block {record.block} is no reading ({error})"
        ) from error


def _encode_rounds(rounds: Rounds) -> bytes:
    return msgspec.msgpack.encode(
        [[(answer.ok, answer.data) for answer in answers] for answers in rounds]
    )


def _decode_rounds(content: bytes) -> Rounds:
    rounds = msgspec.msgpack.decode(content, type=_Rounds)
    return tuple(tuple(Answer(ok, data) for ok, data in answers) for answers in rounds)


def _place_parts(place: Place) -> _PlaceParts:
    token = place.token
    return place.market, token.chain, token.address, token.decimals, token.symbol, place.side


def _place(parts: _PlaceParts) -> Place:
    market, chain, where, decimals, symbol, side = parts
    return Place(market, Token(chain, where, decimals, symbol), side)


def _damaged(name: str, why: str) -> str:
    return f"the blob {name} is damaged ({why}): go on from a copy of the journal"
