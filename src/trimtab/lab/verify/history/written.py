"""A pool's events as three kinds of file have them, and one kind as it is written.

- A history: `pool.json` and `events.parquet`, every swap, mint, burn and collect since the birth.
- Decoded events, as demeter-fetch writes them: no fee, no state before the first.
- Raw logs: topics and data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from trimtab.core.errors import ConfigError, DataError
from trimtab.core.token import Address
from trimtab.lab.verify.files import Document, Parquet, field_of, integer, mapping, unsigned
from trimtab.lab.verify.history.events import (
    KINDS,
    WIDEST_SPACING,
    Born,
    CollectEvent,
    Event,
    Fields,
    Kind,
    Placed,
    RangeEvent,
    SwapEvent,
    event_of_log,
    position_event,
    price,
    swap_event,
)
from trimtab.protocols.uniswap_v3.model.step import PIPS

POOL, EVENTS = "pool.json", "events.parquet"
"""The two files of a pool's complete history."""

HISTORY_COLUMNS = (
    "block_number",
    "log_index",
    "kind",
    "amount0",
    "amount1",
    "sqrtPriceX96",
    "liquidity",
    "tick",
    "tick_lower",
    "tick_upper",
)
DECODED_COLUMNS = (
    "block_number",
    "pool_log_index",
    "tx_type",
    "amount0",
    "amount1",
    "total_liquidity",
    "sqrtPriceX96",
    "current_tick",
    "tick_lower",
    "tick_upper",
    "liquidity",
)
RAW_COLUMNS = ("block_number", "log_index", "topics", "data")
_HISTORY_ORDER = ("block_number", "log_index")
_DECODED_ORDER = ("block_number", "pool_log_index")


# ----------------------------------------------------------------------------- three readers


def born(document: Document) -> Born:
    """The pool of a `pool.json`. Raises DataError for what no pool can be."""
    what = str(document.path)
    fields = mapping(document.value, what)
    for name in ("token0", "token1"):
        token = field_of(fields, name, what)
        if not isinstance(token, str) or not re.fullmatch(r"0x[0-9a-fA-F]{40}", token):
            raise DataError(f"{what}: {name} is no address of 20 bytes")
    spacing = field_of(fields, "tick_spacing", what)
    return Born(
        integer(field_of(fields, "fee", what), f"{what}: fee", 0, PIPS - 1),
        integer(spacing, f"{what}: tick_spacing", 1, WIDEST_SPACING),
        price(field_of(fields, "sqrtPriceX96", what), f"{what}: sqrtPriceX96"),
    )


def history_events(file: Parquet) -> Iterator[Placed]:
    """The events of an `events.parquet` in the chain's order; one twice is a DataError."""
    return _each_once(
        file, (_history_row(file, row) for row in file.rows(HISTORY_COLUMNS, order=_HISTORY_ORDER))
    )


def decoded_events(file: Parquet) -> Iterator[Placed]:
    """The events of a file of decoded events."""
    return _each_once(
        file, (_decoded_row(file, row) for row in file.rows(DECODED_COLUMNS, order=_DECODED_ORDER))
    )


def raw_events(file: Parquet) -> Iterator[Placed]:
    """The events of a file of raw logs; a log of another event is passed over."""
    rows = (_raw_row(file, row) for row in file.rows(RAW_COLUMNS, order=_HISTORY_ORDER))
    return _each_once(file, (row for row in rows if row is not None))


def _each_once(file: Parquet, events: Iterator[Placed]) -> Iterator[Placed]:
    last = None
    for each in events:
        if (each.block, each.index) == last:
            raise DataError(f"{file.path}: {each} stands twice, expected each event once")
        last = (each.block, each.index)
        yield each


# ------------------------------------------------------------------------------------- rows


def _history_row(file: Parquet, row: Fields) -> Placed:
    block, index, what = _place(file, row["block_number"], row["log_index"])
    return Placed(block, index, _event(_kind(row["kind"], what), row, what))


def _decoded_row(file: Parquet, row: Fields) -> Placed:
    block, index, what = _place(file, row["block_number"], row["pool_log_index"])
    kind = _kind(str(row["tx_type"]).lower(), what)
    fields = {**row, **{name: _without_point(row[name]) for name in _POINTED}}
    if kind == "swap":
        fields |= {"liquidity": row["total_liquidity"], "tick": fields["current_tick"]}
    return Placed(block, index, _event(kind, fields, what))


_POINTED = ("current_tick", "tick_lower", "tick_upper")
"""Columns that went through a float on their way: 199045 is written 199045.0, which is exact."""


def _without_point(value: object) -> object:
    return value.removesuffix(".0") if isinstance(value, str) else value


def _raw_row(file: Parquet, row: Fields) -> Placed | None:
    block, index, what = _place(file, row["block_number"], row["log_index"])
    event = event_of_log(_topics(row["topics"], what), _words(row["data"], what), what)
    return None if event is None else Placed(block, index, event)


def _topics(value: object, what: str) -> list[bytes]:
    """The topics in a text such as `['0x…', '0x…']`."""
    text = value if isinstance(value, str) else ""
    if not re.fullmatch(r"\[('0x[0-9a-f]{64}'(, '0x[0-9a-f]{64}'){0,3})?\]", text):
        raise DataError(f"{what}: the topics are no list of up to four texts of 32 bytes")
    return [bytes.fromhex(each) for each in re.findall(r"0x([0-9a-f]{64})", text)]


def _words(value: object, what: str) -> list[int]:
    text = value if isinstance(value, str) else ""
    if not re.fullmatch(r"0x([0-9a-f]{64}){0,16}", text):
        raise DataError(f"{what}: the data is no hexadecimal text of up to 16 words")
    return [int(text[at : at + 64], 16) for at in range(2, len(text), 64)]


def _place(file: Parquet, block: object, index: object) -> tuple[int, int, str]:
    number = unsigned(block, 63, f"a block number in {file.path}")
    at = unsigned(index, 63, f"a log's number in block {number} of {file.path}")
    return number, at, f"{file.path}, block {number}, log {at}"


def _kind(value: object, what: str) -> Kind:
    found = next((each for each in KINDS if each == value), None)
    if found is None:
        raise DataError(f"{what}: a {str(value)[:40]!r}, expected {', '.join(KINDS)}")
    return found


def _event(kind: Kind, fields: Fields, what: str) -> Event:
    return swap_event(fields, what) if kind == "swap" else position_event(kind, fields, what)


# ------------------------------------------------------------------------------ one writer


def write_history(
    folder: Path, tokens: tuple[Address, Address], pool: Born, events: Sequence[Placed]
) -> None:
    """Write a pool's complete history into a new folder.

    Raises ConfigError where the folder is there already or cannot be written.
    """
    import polars as pl

    check_new(folder)
    schema = dict.fromkeys(HISTORY_COLUMNS, pl.String)
    table = pl.DataFrame([_cells(each) for each in events], schema=schema, orient="row")
    described = {
        "token0": tokens[0],
        "token1": tokens[1],
        "fee": pool.fee,
        "tick_spacing": pool.tick_spacing,
        "sqrtPriceX96": str(pool.sqrt_price),
    }
    try:
        folder.mkdir(parents=True)
        (folder / POOL).write_bytes(msgspec.json.format(msgspec.json.encode(described)) + b"\n")
        table.write_parquet(folder / EVENTS)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written ({error.strerror}): name another") from None


def check_new(folder: Path) -> None:
    """Raise ConfigError where something is at this path: nothing is written over."""
    if folder.exists():
        raise ConfigError(f"{folder} is there already: name a new folder")


def _cells(placed: Placed) -> tuple[str | None, ...]:
    """A row in the order of HISTORY_COLUMNS: integers as text, null where there is none."""
    row: tuple[str | int | None, ...]
    match placed.event:
        case SwapEvent(amount0, amount1, sqrt_price, liquidity, tick):
            row = ("swap", amount0, amount1, sqrt_price, liquidity, tick, None, None)
        case RangeEvent(kind, lower, upper, liquidity, amount0, amount1):
            row = (kind, amount0, amount1, None, liquidity, None, lower, upper)
        case CollectEvent(lower, upper, amount0, amount1):
            row = ("collect", amount0, amount1, None, None, None, lower, upper)
    return tuple(None if cell is None else str(cell) for cell in (placed.block, placed.index, *row))
