"""Recorded blocks as JSON lines and back; what is read is hostile until it is checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import get_args, get_origin, get_type_hints

import msgspec

from trimtab.core.abi import UINT256_MAX, Call
from trimtab.core.actions import ALL, Action, Quantity
from trimtab.core.canonical import canonical, plain
from trimtab.core.errors import ConfigError, DataError
from trimtab.core.market import MarketId
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token, address
from trimtab.engine.recorded import RecordedBlock, RecordedOrder
from trimtab.mandate import AddressBook
from trimtab.protocols.shared.ticks import MAX_TICK

_KINDS: Mapping[str, type[Action]] = {kind.__name__: kind for kind in get_args(Action)}
_DIGITS = re.compile(r"-?\d{1,78}", re.ASCII)


class _Order(msgspec.Struct, forbid_unknown_fields=True):
    sender: str
    tip: str
    rank: str
    action: dict[str, object]


class _Block(msgspec.Struct, forbid_unknown_fields=True):
    block: str
    timestamp: str
    base_fee: str
    orders: list[_Order]


def encoded(number: int, block: RecordedBlock) -> bytes:
    """A block as one line of JSON; `number` counts from 1."""
    orders = [
        {"sender": o.sender, "tip": o.tip, "rank": o.rank, "action": plain(o.action)}
        for o in block.orders
    ]
    line = {
        "block": number,
        "timestamp": block.timestamp,
        "base_fee": block.base_fee,
        "orders": orders,
    }
    return canonical(line) + b"\n"


def decoded(number: int, line: bytes, book: AddressBook) -> RecordedBlock:
    """The block that a line states. Raises DataError naming what is wrong with it."""
    try:
        found = msgspec.json.decode(line, type=_Block)
        _expect_block(found, number)
        orders = tuple(_order(each, book) for each in found.orders)
        at, base_fee = Timestamp(_integer(found.timestamp)), _integer(found.base_fee)
        return RecordedBlock(at, base_fee, orders)
    except (msgspec.MsgspecError, ConfigError, DataError) as error:
        raise DataError(f"line {number} of the recorded blocks is none: {error}") from None


def _expect_block(found: _Block, number: int) -> None:
    if found.block != str(number):
        raise DataError(f"it says that it is block {found.block}")


def _order(found: _Order, book: AddressBook) -> RecordedOrder:
    tip, rank = _integer(found.tip), _integer(found.rank)
    return RecordedOrder(address(found.sender), _action(found.action, book), tip, rank)


def _action(found: Mapping[str, object], book: AddressBook) -> Action | Call:
    """The action, or the call, with exactly the fields that its kind has."""
    kind = found.get("type")
    if kind == "Call":
        _check_keys(found, Call)
        return Call(address(_text(found["to"])), _data(found["data"]), _integer(found["value"]))
    if not isinstance(kind, str) or kind not in _KINDS:
        raise DataError(f"{kind!r} is no action: known are {', '.join(_KINDS)} and Call")
    _check_keys(found, _KINDS[kind])
    hints = get_type_hints(_KINDS[kind])
    values = {
        name: _value(hints[name], found[name], book, least=_LEAST.get(name, 0))
        for name in found
        if name != "type"
    }
    made: Callable[..., Action] = _KINDS[kind]
    return made(**values)


def _check_keys(found: Mapping[str, object], kind: type[Action | Call]) -> None:
    expected = {"type", *(field.name for field in fields(kind))}
    if set(found) != expected:
        raise DataError(
            f"a {kind.__name__} has {', '.join(sorted(expected))}, not {', '.join(sorted(found))}"
        )


_LEAST: Mapping[str, int] = {"ticks": -MAX_TICK, "size": -UINT256_MAX, "change": -UINT256_MAX}
"""The fields that may be negative, and how far."""


def _value(kind: object, found: object, book: AddressBook, least: int) -> object:
    """A field of an action by its type."""
    if kind is bool:
        return _flag(found)
    if kind is Address:
        return address(_text(found))
    if kind is MarketId:
        return _market(found, book)
    if kind is Token:
        return _token(found, book)
    if kind == Quantity and found == ALL.value:
        return ALL
    if get_origin(kind) is tuple:
        if not isinstance(found, list):
            raise DataError(f"{found!r} is no list")
        item = get_args(kind)[0]
        return tuple(_value(item, each, book, least) for each in found)
    return _integer(found, least)


def _market(found: object, book: AddressBook) -> MarketId:
    for market in book.markets.values():
        if market.id == found:
            return market.id
    raise DataError(f"{found!r} is no market of the recording's address book")


def _token(found: object, book: AddressBook) -> Token:
    for token in book.tokens.values():
        if plain(token) == found:
            return token
    raise DataError(f"{found!r} is no token of the recording's address book")


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise DataError(f"{found!r} is no text")
    return found


def _flag(found: object) -> bool:
    if not isinstance(found, bool):
        raise DataError(f"{found!r} is neither true nor false")
    return found


def _integer(found: object, least: int = 0) -> int:
    """A whole number in digits, of at most 256 bits."""
    text = _text(found)
    if not _DIGITS.fullmatch(text) or not least <= int(text) <= UINT256_MAX:
        raise DataError(f"{text[:80]!r} is no whole number from {least} to 2**256 - 1")
    return int(text)


def _data(found: object) -> bytes:
    text = _text(found)
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise DataError(f"{text[:80]!r} is not hexadecimal") from None
