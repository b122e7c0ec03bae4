"""Events of a Uniswap V3 pool as three kinds of file tell them, checked and typed.

- A history: `pool.json` and `events.parquet`, every swap, mint, burn and collect since the birth.
- Decoded events, as demeter-fetch writes them: no fee, no state before the first.
- Raw logs: topics and data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from trimtab.core.abi import signed, topic
from trimtab.core.errors import DataError
from trimtab.lab.verify.files import Document, Parquet, field_of, integer, mapping, unsigned
from trimtab.protocols.shared.ticks import MAX_SQRT_PRICE, MAX_TICK, MIN_SQRT_PRICE, MIN_TICK
from trimtab.protocols.uniswap_v3.model.step import PIPS

Kind = Literal["mint", "burn", "collect", "swap"]

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


@dataclass(frozen=True, slots=True)
class SwapEvent:
    """A swap: amounts as the pool sees them, positive where they went in, and how it ended."""

    amount0: int
    amount1: int
    sqrt_price: int
    liquidity: int
    tick: int


@dataclass(frozen=True, slots=True)
class RangeEvent:
    """Liquidity that came (mint) or went (burn), and the amounts that are for it."""

    kind: Literal["mint", "burn"]
    lower: int
    upper: int
    liquidity: int
    amount0: int
    amount1: int


@dataclass(frozen=True, slots=True)
class CollectEvent:
    """Tokens owed that were paid out; they move nothing that a swap depends on."""

    amount0: int
    amount1: int


@dataclass(frozen=True, slots=True)
class Placed:
    """An event and where on the chain it is."""

    block: int
    index: int
    event: SwapEvent | RangeEvent | CollectEvent

    def __str__(self) -> str:
        return f"block {self.block}, log {self.index}"


Row: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Born:
    """A pool at its birth: what never changes, and the price it began with."""

    fee: int
    tick_spacing: int
    sqrt_price: int


# ----------------------------------------------------------------------------- three readers


def born(document: Document) -> Born:
    """The pool of a `pool.json`. Raises DataError for what no pool can be."""
    what = str(document.path)
    fields = mapping(document.value, what)
    for name in ("token0", "token1"):
        token = field_of(fields, name, what)
        if not isinstance(token, str) or not re.fullmatch(r"0x[0-9a-fA-F]{40}", token):
            raise DataError(f"{what}: {name} is no address of 20 bytes")
    return Born(
        integer(field_of(fields, "fee", what), f"fee of {what}", 0, PIPS - 1),
        integer(field_of(fields, "tick_spacing", what), f"tick_spacing of {what}", 1, 16383),
        _price(field_of(fields, "sqrtPriceX96", what), f"sqrtPriceX96 of {what}"),
    )


def history_events(file: Parquet) -> Iterator[Placed]:
    """The events of an `events.parquet`, in their order; one out of order is a DataError."""
    yield from _in_order(file, (_history_row(file, row) for row in file.rows(HISTORY_COLUMNS)))


def decoded_events(file: Parquet) -> Iterator[Placed]:
    """The events of a file of decoded events."""
    yield from _in_order(file, (_decoded_row(file, row) for row in file.rows(DECODED_COLUMNS)))


def raw_events(file: Parquet) -> Iterator[Placed]:
    """The events of a file of raw logs; a log of another event is passed over."""
    rows = (_raw_row(file, row) for row in file.rows(RAW_COLUMNS))
    yield from _in_order(file, (row for row in rows if row is not None))


def _in_order(file: Parquet, events: Iterator[Placed]) -> Iterator[Placed]:
    last = (-1, -1)
    for each in events:
        if (each.block, each.index) <= last:
            raise DataError(
                f"{file.path}: the event of {each} stands after block {last[0]}, log {last[1]}: "
                "expected the order of the chain, each event once"
            )
        last = (each.block, each.index)
        yield each


# ------------------------------------------------------------------------------------- rows


def _history_row(file: Parquet, row: Row) -> Placed:
    block, index, what = _place(file, row["block_number"], row["log_index"])
    kind = row["kind"]
    if kind not in get_args(Kind):
        raise DataError(f"{what}: kind is {str(kind)[:40]!r}, expected {', '.join(get_args(Kind))}")
    unused = _UNUSED[str(kind)]
    if given := [name for name in unused if row[name] is not None]:
        raise DataError(f"{what}: a {kind} has no {', '.join(given)}, expected null there")
    if kind == "swap":
        return Placed(block, index, _swap(row, what, "liquidity", "tick"))
    return Placed(block, index, _other(str(kind), row, what))


_UNUSED = {
    "swap": ("tick_lower", "tick_upper"),
    "mint": ("sqrtPriceX96", "tick"),
    "burn": ("sqrtPriceX96", "tick"),
    "collect": ("sqrtPriceX96", "tick", "liquidity"),
}


def _decoded_row(file: Parquet, row: Row) -> Placed:
    block, index, what = _place(file, row["block_number"], row["pool_log_index"])
    whole = {**row, **{name: _without_point(row[name]) for name in _POINTED}}
    kind = str(row["tx_type"]).lower()
    if kind == "swap":
        return Placed(block, index, _swap(whole, what, "total_liquidity", "current_tick"))
    if kind not in get_args(Kind):
        raise DataError(f"{what}: tx_type is {kind[:40]!r}, expected MINT, BURN, COLLECT or SWAP")
    return Placed(block, index, _other(kind, whole, what))


_POINTED = ("current_tick", "tick_lower", "tick_upper")
"""Columns that went through a float on their way: 199045 is written 199045.0, which is exact."""


def _without_point(value: object) -> object:
    return value.removesuffix(".0") if isinstance(value, str) else value


def _raw_row(file: Parquet, row: Row) -> Placed | None:
    block, index, what = _place(file, row["block_number"], row["log_index"])
    topics = _topics(row["topics"], what)
    data = _words(row["data"], what)
    event = _EVENTS.get(topics[0]) if topics else None
    if event is None:
        return None
    kind, topic_count, word_count = event
    if (len(topics), len(data)) != (topic_count, word_count):
        raise DataError(f"{what}: a {kind} of {len(topics)} topics and {len(data)} words")
    lower, upper = (signed(int.from_bytes(each, "big")) for each in topics[-2:])
    signed_data = [signed(each) for each in data]
    match kind:
        case "swap":
            names = ("amount0", "amount1", "sqrtPriceX96", "liquidity", "tick")
            fields: Row = dict(zip(names, signed_data, strict=True))
            return Placed(block, index, _swap(fields, what, "liquidity", "tick"))
        case "collect":
            fields = {"amount0": data[-2], "amount1": data[-1]}
        case _:
            fields = {"liquidity": data[-3], "amount0": data[-2], "amount1": data[-1]}
    return Placed(
        block, index, _other(kind, {**fields, "tick_lower": lower, "tick_upper": upper}, what)
    )


_EVENTS: Mapping[bytes, tuple[Kind, int, int]] = {
    topic("Swap(address,address,int256,int256,uint160,uint128,int24)"): ("swap", 3, 5),
    topic("Mint(address,address,int24,int24,uint128,uint256,uint256)"): ("mint", 4, 4),
    topic("Burn(address,int24,int24,uint128,uint256,uint256)"): ("burn", 4, 3),
    topic("Collect(address,address,int24,int24,uint128,uint128)"): ("collect", 4, 3),
}
"""Each event with its number of topics and of words in its data."""


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


# ----------------------------------------------------------------------------------- fields


def _place(file: Parquet, block: object, index: object) -> tuple[int, int, str]:
    what = f"{file.path}"
    number = unsigned(block, 63, f"a block number in {what}")
    at = unsigned(index, 63, f"a log's number in block {number} of {what}")
    return number, at, f"{what}, block {number}, log {at}"


def _swap(row: Row, what: str, liquidity: str, tick: str) -> SwapEvent:
    return SwapEvent(
        _amount(row["amount0"], f"{what}: amount0"),
        _amount(row["amount1"], f"{what}: amount1"),
        _price(row["sqrtPriceX96"], f"{what}: sqrtPriceX96"),
        unsigned(row[liquidity], 128, f"{what}: {liquidity}"),
        _tick(row[tick], f"{what}: {tick}"),
    )


def _other(kind: str, row: Row, what: str) -> RangeEvent | CollectEvent:
    lower, upper = (_tick(row[name], f"{what}: {name}") for name in ("tick_lower", "tick_upper"))
    if lower >= upper:
        raise DataError(f"{what}: tick_lower {lower} is not below tick_upper {upper}")
    amount0, amount1 = (unsigned(row[name], 256, f"{what}: {name}") for name in _AMOUNTS)
    if kind == "collect":
        return CollectEvent(amount0, amount1)
    liquidity = unsigned(row["liquidity"], 128, f"{what}: liquidity")
    return RangeEvent(
        "mint" if kind == "mint" else "burn", lower, upper, liquidity, amount0, amount1
    )


_AMOUNTS = ("amount0", "amount1")


def _amount(value: object, what: str) -> int:
    return integer(value, what, -(2**255), 2**255 - 1)


def _tick(value: object, what: str) -> int:
    return integer(value, what, MIN_TICK, MAX_TICK)


def _price(value: object, what: str) -> int:
    return integer(value, what, MIN_SQRT_PRICE, MAX_SQRT_PRICE - 1)
