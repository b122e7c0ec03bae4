"""A pool's full state, every tick and position in it, held to itself by the model.

A case is the pool, whose price is at its tick and whose liquidity is that of the positions around
it, or a tick: its gross and net liquidity are those of the positions that end there, and a swap of
the model that crosses it goes on with the liquidity of the positions beyond. What a state does not
tell is what it gave to anybody: no amount is compared.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate

from trimtab.core.errors import DataError
from trimtab.lab.verify.files import (
    LARGEST_DOCUMENT,
    Json,
    Parquet,
    field_of,
    integer,
    listed,
    mapping,
    parsed_json,
    unsigned,
)
from trimtab.lab.verify.history.replay import pool_state
from trimtab.lab.verify.tally import Values, Verdict, compared
from trimtab.protocols.shared.ticks import (
    MAX_SQRT_PRICE,
    MAX_TICK,
    MIN_SQRT_PRICE,
    MIN_TICK,
    sqrt_price_at_tick,
    tick_at_sqrt_price,
)
from trimtab.protocols.uniswap_v3.market import PoolState, TickState
from trimtab.protocols.uniswap_v3.model.swap import INT256_MAX, swap

COLUMNS = ("sqrtPriceX96", "liquidity", "tickCurrent", "tickManager", "positionManager")

Ticks = Mapping[int, tuple[int, int]]
"""Gross and net liquidity by tick."""


@dataclass(frozen=True, slots=True)
class Range:
    """A position: its ends and its liquidity."""

    lower: int
    upper: int
    liquidity: int


def full_states(file: Parquet) -> Iterator[Verdict]:
    """The verdicts on each state in a file of pool states."""
    for number, row in enumerate(file.rows(COLUMNS, LARGEST_DOCUMENT), 1):
        what = f"{file.path}, row {number}"
        price = integer(row["sqrtPriceX96"], f"{what}: price", MIN_SQRT_PRICE, MAX_SQRT_PRICE - 1)
        tick = integer(row["tickCurrent"], f"{what}: tick", MIN_TICK, MAX_TICK)
        liquidity = unsigned(row["liquidity"], 128, f"{what}: liquidity")
        ticks = _ticks(row["tickManager"], what)
        positions = _positions(row["positionManager"], what)
        yield from verdicts(what, whole(price, tick, liquidity, ticks), positions)


def whole(
    price: int, tick: int, liquidity: int, ticks: Ticks, fee: int = 0, spacing: int | None = None
) -> PoolState:
    """A pool with these ticks; without a spacing, at the widest that all are multiples of."""
    state = pool_state(fee, spacing or max(math.gcd(*ticks), 1), price)
    return replace(
        state,
        tick=tick,
        liquidity=liquidity,
        initialized=tuple(sorted(ticks)),
        ticks={tick: TickState(*ticks[tick], 0, 0) for tick in sorted(ticks)},
    )


def verdicts(what: str, state: PoolState, positions: list[Range]) -> Iterator[Verdict]:
    """The verdict on the pool, then on each tick that its state or a position names."""
    around = sum(each.liquidity for each in positions if each.lower <= state.tick < each.upper)
    yield compared(
        what,
        "price and liquidity",
        {"tick": state.tick, "liquidity": state.liquidity},
        {"tick": tick_at(state), "liquidity": around},
    )
    gross, net = _by_tick(positions)
    reached = _crossed(state)
    named = sorted(gross.keys() | state.ticks.keys())
    beyond = dict(zip(named, accumulate(net[tick] for tick in named), strict=True))
    for tick in named:
        told = state.ticks.get(tick, TickState(0, 0, 0, 0))
        side = "above" if tick > state.tick else "below"
        after = beyond[tick] if side == "above" else beyond[tick] - net[tick]
        recorded: Values = {"gross": gross[tick], "net": net[tick], side: after}
        modelled: Values = {
            "gross": told.liquidity_gross,
            "net": told.liquidity_net,
            side: reached.get(tick, after),
        }
        yield compared(f"{what}, tick {tick}", "tick", recorded, modelled)


def tick_at(state: PoolState) -> int:
    """The tick that goes with the state's price.

    A swap downwards that ends at a tick has crossed it, so there two ticks are right.
    """
    tick = tick_at_sqrt_price(state.sqrt_price_x96)
    is_crossed = sqrt_price_at_tick(tick) == state.sqrt_price_x96 and state.tick == tick - 1
    return tick - 1 if is_crossed else tick


def _by_tick(positions: list[Range]) -> tuple[Counter[int], Counter[int]]:
    """Gross and net liquidity that the positions put at ticks; none where all of it is zero."""
    gross: Counter[int] = Counter()
    net: Counter[int] = Counter()
    for each in positions:
        if each.liquidity:
            gross[each.lower] += each.liquidity
            gross[each.upper] += each.liquidity
            net[each.lower] += each.liquidity
            net[each.upper] -= each.liquidity
    return gross, net


def _crossed(state: PoolState) -> Mapping[int, int]:
    """The liquidity with which the model's swaps go on beyond each tick, both ways to the end."""
    found: dict[int, int] = {}
    for zero_for_one in (True, False):
        at = state
        ahead = [tick for tick in state.initialized if (tick <= state.tick) is zero_for_one]
        for tick in reversed(ahead) if zero_for_one else ahead:
            limit = sqrt_price_at_tick(tick)
            if not MIN_SQRT_PRICE < limit < MAX_SQRT_PRICE or at.liquidity < 0:
                break
            if limit != at.sqrt_price_x96:
                at = swap(at, zero_for_one, INT256_MAX, limit).arrived(at)
                found[tick] = at.liquidity
    return found


# ------------------------------------------------------------------------------------- parts


def _ticks(text: object, what: str) -> Ticks:
    found: dict[int, tuple[int, int]] = {}
    for each in _entries(text, "ticks_json", what):
        tick = integer(field_of(each, "key", what), f"{what}: a tick", MIN_TICK, MAX_TICK)
        value = mapping(field_of(each, "value", what), f"{what}, tick {tick}")
        gross = unsigned(field_of(value, "liquidityGross", what), 128, f"{what}, tick {tick}")
        net = integer(
            field_of(value, "liquidityNet", what), f"{what}, tick {tick}", -(2**127), 2**127 - 1
        )
        if tick in found:
            raise DataError(f"{what}: tick {tick} stands twice")
        found[tick] = gross, net
    if not found:
        raise DataError(f"{what}: a state without ticks; there is nothing to hold it to")
    return found


def _positions(text: object, what: str) -> list[Range]:
    found = []
    for each in _entries(text, "positions_json", what):
        key = field_of(each, "key", what)
        parts = key.split("_") if isinstance(key, str) else []
        if len(parts) != 3:
            raise DataError(f"{what}: a position's key is not OWNER_LOWER_UPPER")
        lower, upper = (integer(p, f"{what}: {key}", MIN_TICK, MAX_TICK) for p in parts[1:])
        value = mapping(field_of(each, "value", what), f"{what}: {key}")
        liquidity = unsigned(field_of(value, "_liquidity", what), 128, f"{what}: {key}")
        found.append(Range(lower, upper, liquidity))
    return found


def _entries(text: object, name: str, what: str) -> Iterator[Mapping[str, Json]]:
    if not isinstance(text, str):
        raise DataError(f"{what}: no JSON text with `{name}`")
    outer = mapping(parsed_json(text, what), what)
    for each in listed(field_of(outer, name, what), f"{what}: {name}"):
        yield mapping(each, f"{what}: {name}")
