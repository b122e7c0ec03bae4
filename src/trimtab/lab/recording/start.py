"""A recording's first reading as JSON and back."""

from __future__ import annotations

import msgspec

from trimtab.core.abi import Answer
from trimtab.core.errors import DataError
from trimtab.core.market import Head, MarketId
from trimtab.core.quantise import Timestamp
from trimtab.core.reading import Reading


class _Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first reading: its block, and the raw answers of every market, round by round."""

    chain: int
    number: int
    hash: str
    timestamp: int
    base_fee: int
    rounds: dict[str, tuple[tuple[tuple[bool, bytes], ...], ...]]


def encoded_start(start: Reading) -> bytes:
    """The first reading as JSON, without logs and audit: nothing came before it."""
    head = start.head
    rounds = {
        str(market): tuple(tuple((answer.ok, answer.data) for answer in each) for each in answers)
        for market, answers in start.rounds.items()
    }
    return msgspec.json.encode(
        _Start(head.chain, head.number, head.hash, head.timestamp, start.base_fee, rounds)
    )


def decoded_start(content: bytes) -> Reading:
    """The first reading that JSON states. Raises DataError where it states none."""
    try:
        found = msgspec.json.decode(content, type=_Start)
    except msgspec.MsgspecError as error:
        raise DataError(f"the first reading of the recording is none: {error}") from None
    rounds = {
        MarketId(market): tuple(tuple(Answer(*answer) for answer in each) for each in answers)
        for market, answers in found.rounds.items()
    }
    head = Head(found.chain, found.number, found.hash, Timestamp(found.timestamp))
    return Reading(head, True, rounds, (), {}, found.base_fee)
