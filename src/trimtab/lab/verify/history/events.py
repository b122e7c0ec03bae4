"""Events of a Uniswap V3 pool, typed: whatever is none that a pool can emit is a DataError."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from trimtab.core.abi import signed, topic
from trimtab.core.errors import DataError
from trimtab.lab.verify.files import integer, unsigned
from trimtab.protocols.shared.ticks import MAX_SQRT_PRICE, MAX_TICK, MIN_SQRT_PRICE, MIN_TICK

Kind = Literal["mint", "burn", "collect", "swap"]
KINDS: tuple[Kind, ...] = get_args(Kind)

WIDEST_SPACING = 16383
"""The widest tick spacing that a factory enables."""


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

    lower: int
    upper: int
    amount0: int
    amount1: int


Event: TypeAlias = SwapEvent | RangeEvent | CollectEvent


@dataclass(frozen=True, slots=True)
class Placed:
    """An event and where on the chain it is."""

    block: int
    index: int
    event: Event

    def __str__(self) -> str:
        return f"block {self.block}, log {self.index}"


@dataclass(frozen=True, slots=True)
class Born:
    """A pool at its birth: what never changes, and the price it began with. `fee` is in pips."""

    fee: int
    tick_spacing: int
    sqrt_price: int


# ------------------------------------------------------------------------------ constructors

Fields: TypeAlias = Mapping[str, object]


def swap_event(fields: Fields, what: str) -> SwapEvent:
    """The swap of amount0, amount1, sqrtPriceX96, liquidity and tick."""
    return SwapEvent(
        _amount(fields["amount0"], f"{what}: amount0"),
        _amount(fields["amount1"], f"{what}: amount1"),
        price(fields["sqrtPriceX96"], f"{what}: sqrtPriceX96"),
        unsigned(fields["liquidity"], 128, f"{what}: liquidity"),
        _tick(fields["tick"], f"{what}: tick"),
    )


def position_event(
    kind: Literal["mint", "burn", "collect"], fields: Fields, what: str
) -> RangeEvent | CollectEvent:
    """The mint, burn or collect of tick_lower, tick_upper, liquidity, amount0 and amount1."""
    lower, upper = (_tick(fields[name], f"{what}: {name}") for name in ("tick_lower", "tick_upper"))
    if lower >= upper:
        raise DataError(f"{what}: tick_lower {lower} is not below tick_upper {upper}")
    amount0, amount1 = (
        unsigned(fields[name], 256, f"{what}: {name}") for name in ("amount0", "amount1")
    )
    if kind == "collect":
        return CollectEvent(lower, upper, amount0, amount1)
    liquidity = unsigned(fields["liquidity"], 128, f"{what}: liquidity")
    return RangeEvent(kind, lower, upper, liquidity, amount0, amount1)


def event_of_log(topics: Sequence[bytes], data: Sequence[int], what: str) -> Event | None:
    """The event that a log tells, none for one of another kind; `data` is its words."""
    found = _EVENTS.get(topics[0]) if topics else None
    if found is None:
        return None
    kind, topic_count, word_count = found
    if (len(topics), len(data)) != (topic_count, word_count):
        raise DataError(f"{what}: a {kind} of {len(topics)} topics and {len(data)} words")
    if kind == "swap":
        names = ("amount0", "amount1", "sqrtPriceX96", "liquidity", "tick")
        values = map(_signed_where_it_may_be, names, data)
        return swap_event(dict(zip(names, values, strict=True)), what)
    lower, upper = (signed(int.from_bytes(each, "big")) for each in topics[-2:])
    fields: dict[str, object] = {"tick_lower": lower, "tick_upper": upper}
    fields |= zip(("amount1", "amount0", "liquidity"), reversed(data), strict=False)
    return position_event(kind, fields, what)


INITIALIZE = topic("Initialize(uint160,int24)")

_EVENTS: Mapping[bytes, tuple[Kind, int, int]] = {
    topic("Swap(address,address,int256,int256,uint160,uint128,int24)"): ("swap", 3, 5),
    topic("Mint(address,address,int24,int24,uint128,uint256,uint256)"): ("mint", 4, 4),
    topic("Burn(address,int24,int24,uint128,uint256,uint256)"): ("burn", 4, 3),
    topic("Collect(address,address,int24,int24,uint128,uint128)"): ("collect", 4, 3),
}
"""Each event with its number of topics and of words in its data."""


def price(value: object, what: str) -> int:
    """A square-root price that a pool can have, times 2**96."""
    return integer(value, what, MIN_SQRT_PRICE, MAX_SQRT_PRICE - 1)


def _signed_where_it_may_be(name: str, value: int) -> int:
    return value if name in ("sqrtPriceX96", "liquidity") else signed(value)


def _amount(value: object, what: str) -> int:
    return integer(value, what, -(2**255), 2**255 - 1)


def _tick(value: object, what: str) -> int:
    return integer(value, what, MIN_TICK, MAX_TICK)
