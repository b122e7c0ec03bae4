"""The vectors of Uniswap's v3-core tests: tables of ticks and prices, and published swaps."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

from trimtab.core.errors import DataError
from trimtab.lab.verify.files import LONGEST_CELL, Text, integer
from trimtab.lab.verify.history.events import RangeEvent
from trimtab.lab.verify.history.replay import outcome, pool_state, range_amounts
from trimtab.lab.verify.tally import Unknown, Values, Verdict, compared
from trimtab.lab.verify.vectors.core_pools import CORE_POOLS, CorePool, sqrt_price_of
from trimtab.protocols.shared.ticks import (
    MAX_SQRT_PRICE,
    MAX_TICK,
    MIN_SQRT_PRICE,
    MIN_TICK,
    sqrt_price_at_tick,
    tick_at_sqrt_price,
)
from trimtab.protocols.uniswap_v3.market import PoolState
from trimtab.protocols.uniswap_v3.model.liquidity import liquidity_changed
from trimtab.protocols.uniswap_v3.model.swap import INT256_MAX, last_price, refusal, swap

TICK_TO_PRICE = ("tick", "sqrtPriceX96")
PRICE_TO_TICK = ("sqrtPriceX96", "tick")
SWAPS = (
    "case",
    "amount0Before",
    "amount0Delta",
    "amount1Before",
    "amount1Delta",
    "executionPrice",
    "feeGrowthGlobal0X128Delta",
    "feeGrowthGlobal1X128Delta",
    "poolPriceAfter",
    "poolPriceBefore",
    "tickAfter",
    "tickBefore",
    "poolBalance0",
    "poolBalance1",
    "swapError",
    "pool",
)

Row = Mapping[str, str]


def header(file: Text) -> tuple[str, ...]:
    """The names in the first line, as of a table separated by commas."""
    return tuple(file.text.partition("\n")[0].strip().split(","))


def table(file: Text) -> Iterator[tuple[str, Row]]:
    """Each row of a table with what to call it. Raises DataError for one of another shape."""
    names = header(file)
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(file.text), strict=True)):
            what = f"{file.path}, row {number}"
            if len(cells) != len(names) or max(map(len, cells), default=0) > LONGEST_CELL:
                raise DataError(f"{what} has {len(cells)} cells, expected {len(names)} short ones")
            if number:
                yield what, dict(zip(names, cells, strict=True))
    except csv.Error as error:
        raise DataError(f"{file.path} is no table separated by commas: {error}") from None


def tick_to_price(file: Text) -> Iterator[Verdict]:
    """The verdict on each price that a tick has."""
    for what, row in table(file):
        tick = integer(row["tick"], f"{what}: tick", MIN_TICK, MAX_TICK)
        price = integer(row["sqrtPriceX96"], f"{what}: sqrtPriceX96")
        modelled = {"sqrtPriceX96": sqrt_price_at_tick(tick)}
        yield compared(f"tick {tick}", "tick to price", {"sqrtPriceX96": price}, modelled)


def price_to_tick(file: Text) -> Iterator[Verdict]:
    """The verdict on each tick that a price is at."""
    for what, row in table(file):
        price = integer(
            row["sqrtPriceX96"], f"{what}: sqrtPriceX96", MIN_SQRT_PRICE, MAX_SQRT_PRICE - 1
        )
        tick = integer(row["tick"], f"{what}: tick")
        modelled = {"tick": tick_at_sqrt_price(price)}
        yield compared(f"price {price}", "price to tick", {"tick": tick}, modelled)


def published_swaps(file: Text) -> Iterator[Verdict]:
    """The verdict on each published swap, what it began with included.

    The price per unit of the swap is left out: it is the quotient of the amounts.
    """
    for what, row in table(file):
        pool = CORE_POOLS.get(row["pool"])
        asked = _asked(row)
        if pool is None:
            yield Unknown("pool of which no starting state is known")
        elif asked is None:
            yield Unknown("swap that is not understood")
        else:
            recorded = _recorded(row, what)
            yield compared(row["case"], "published swap", recorded, _modelled(pool, asked))


# --------------------------------------------------------------------------------- one swap


@dataclass(frozen=True, slots=True)
class _Asked:
    """A swap as the text of a case tells it; what comes out is negative."""

    zero_for_one: bool
    amount: int
    limit: int


_NUMBER = r"[0-9]{1,40}(?:\.[0-9]{1,40})?"
_CASE = re.compile(
    rf"(?:swap exactly (?P<paid>{_NUMBER}) token(?P<from_in>[01]) for token[01]"
    rf"|swap token(?P<from_out>[01]) for exactly (?P<received>{_NUMBER}) token[01]"
    rf"|swap token(?P<from_free>[01]) for token[01])"
    rf"(?: to price (?P<limit>{_NUMBER}))?"
)


def _asked(row: Row) -> _Asked | None:
    found = _CASE.fullmatch(row["case"].removeprefix(row["pool"]).strip())
    if found is None:
        return None
    sold = found["from_in"] or found["from_out"] or found["from_free"]
    zero_for_one = sold == "0"
    amount = INT256_MAX
    if found["paid"]:
        amount = _base_units(found["paid"])
    elif found["received"]:
        amount = -_base_units(found["received"])
    limit = last_price(zero_for_one)
    if found["limit"]:
        price = Fraction(Decimal(found["limit"]))
        limit = sqrt_price_of(price.numerator, price.denominator)
    return _Asked(zero_for_one, amount, limit)


def _base_units(whole: str) -> int:
    return int(Fraction(Decimal(whole)) * 10**18)


def _recorded(row: Row, what: str) -> Values:
    before: Values = {
        "poolPriceBefore": _price(row["poolPriceBefore"], f"{what}: poolPriceBefore"),
        "tickBefore": integer(row["tickBefore"], f"{what}: tickBefore"),
    }
    if row["swapError"]:
        names, error = ("poolBalance0", "poolBalance1"), row["swapError"].rpartition(" ")[2]
        after: Values = {"swapError": error}
    else:
        names = ("amount0Before", "amount1Before")
        after = {
            "poolPriceAfter": _price(row["poolPriceAfter"], f"{what}: poolPriceAfter"),
            **{name: integer(row[name], f"{what}: {name}") for name in _AFTER},
        }
    balances = [integer(row[name], f"{what}: {name}") for name in names]
    return {**before, "balance0": balances[0], "balance1": balances[1], **after}


_AFTER = (
    "amount0Delta",
    "amount1Delta",
    "feeGrowthGlobal0X128Delta",
    "feeGrowthGlobal1X128Delta",
    "tickAfter",
)


def _modelled(pool: CorePool, asked: _Asked) -> Values:
    state, balance0, balance1 = _begun(pool)
    before: Values = {
        "poolPriceBefore": _five_digits(state.sqrt_price_x96),
        "tickBefore": state.tick,
        "balance0": balance0,
        "balance1": balance1,
    }
    refused = refusal(state, asked.zero_for_one, asked.amount, asked.limit)
    if refused is not None:
        return {**before, "swapError": refused.reason}
    walk = swap(state, asked.zero_for_one, asked.amount, asked.limit)
    moved, after = outcome(walk), walk.arrived(state)
    return {
        **before,
        "poolPriceAfter": _five_digits(walk.price),
        "amount0Delta": moved["amount0"],
        "amount1Delta": moved["amount1"],
        "feeGrowthGlobal0X128Delta": after.fee_growth_global0,
        "feeGrowthGlobal1X128Delta": after.fee_growth_global1,
        "tickAfter": walk.tick,
    }


def _begun(pool: CorePool) -> tuple[PoolState, int, int]:
    """The pool's state with its positions minted, and its balances of both tokens."""
    state = pool_state(pool.fee, pool.tick_spacing, pool.sqrt_price)
    balance0 = balance1 = 0
    for each in pool.positions:
        minted = RangeEvent("mint", each.lower, each.upper, each.liquidity, 0, 0)
        amount0, amount1 = range_amounts(state, minted)
        balance0, balance1 = balance0 + amount0, balance1 + amount1
        state = liquidity_changed(state, each.lower, each.upper, each.liquidity)
    return state, balance0, balance1


def _five_digits(sqrt_price: int) -> Decimal:
    """A price as the published tests print it: twenty digits on the way, five in the end."""
    with localcontext(prec=20, rounding=ROUND_HALF_UP):
        price = (Decimal(sqrt_price) / (1 << 96)) ** 2
    with localcontext(prec=5, rounding=ROUND_HALF_UP):
        return +price


def _price(text: str, what: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,60}(\.[0-9]{1,60})?(e[+-][0-9]{1,2})?", text):
        raise DataError(f"{what} is no decimal number: {text[:40]!r}")
    return Decimal(text)
