"""A reserve of Aave V3 minute by minute: its indices, held to its rates.

A row holds what the reserve's last update before the minute's end left, as decimal fractions of
27 digits, so an update happened in the minute in which a row differs from the one before, at a
second that is not told. What is borrowed and supplied is not told either: no rate can be judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trimtab.core.errors import DataError
from trimtab.core.quantise import SECONDS_PER_YEAR, Ray
from trimtab.lab.verify.files import Parquet, integer
from trimtab.lab.verify.tally import Exact, Mismatch, Unknown, Verdict, Within
from trimtab.protocols.aave_v3.model.rates import compounded_interest, linear_interest
from trimtab.protocols.shared.aave.wad_ray import RAY, ray_mul

COLUMNS = (
    "block_timestamp",
    "liquidity_rate",
    "variable_borrow_rate",
    "liquidity_index",
    "variable_borrow_index",
)

STANDING = "both indices without an update"
ONE_UPDATE = "both indices over one update"
LEAST = "both indices at least linearly at the lower rate"

NO_PARAMETERS = "no rate parameters"

_LOST = 59
"""Seconds by which two updates may be nearer than the ends of the minutes that show them."""
_DECIMAL = re.compile(r"([0-9]{1,4})\.([0-9]{1,27})")
_LATEST = 2**40


@dataclass(frozen=True, slots=True)
class Minute:
    """What a row tells, in ray, and when that began, as far as the rows tell."""

    time: int
    liquidity_rate: Ray
    borrow_rate: Ray
    liquidity_index: int
    borrow_index: int

    @property
    def indices(self) -> dict[str, object]:
        """Both indices by name."""
        return {"liquidity index": self.liquidity_index, "borrow index": self.borrow_index}

    @property
    def rates(self) -> tuple[Ray, Ray]:
        """What suppliers earn and borrowers owe."""
        return self.liquidity_rate, self.borrow_rate

    def after(self, seconds: int) -> dict[str, object]:
        """Both indices after one update, so long after the last."""
        earned = linear_interest(self.liquidity_rate, seconds)
        owed = compounded_interest(self.borrow_rate, seconds)
        return {
            "liquidity index": ray_mul(earned, self.liquidity_index),
            "borrow index": ray_mul(owed, self.borrow_index),
        }


def minutes(file: Parquet) -> Iterator[Verdict]:
    """The verdicts on each row after the first: on its indices, and on its rates if they changed.

    Raises DataError for a row that cannot be, or that is not later than the one before.
    """
    last: Minute | None = None
    changed = 0
    for row in file.rows(COLUMNS, times=("block_timestamp",)):
        now = _minute(row, file.path)
        if last is not None and now.time <= last.time:
            raise DataError(f"{file.path}: a row of {now.time} follows one of {last.time}")
        if last is None:
            changed = now.time
        elif (now.indices, now.rates) == (last.indices, last.rates):
            yield Exact(STANDING)
        else:
            yield grown(last, now, now.time - changed - _LOST)
            changed = now.time
            if now.rates != last.rates:
                yield Unknown(NO_PARAMETERS)
        last = now


def grown(before: Minute, now: Minute, least: int) -> Verdict:
    """The verdict on indices that changed, at least so many seconds after they did before."""
    what = f"minute {now.time}"
    if now.liquidity_index < before.liquidity_index or now.borrow_index < before.borrow_index:
        return Mismatch(what, now.indices, {"no index less than": before.indices})
    about = _seconds(before, now)
    if any(s >= least and before.after(s) == now.indices for s in (about - 1, about, about + 1)):
        return Exact(ONE_UPDATE)
    seconds = max(least, 0)
    slow = [min(pair) for pair in zip(before.rates, now.rates, strict=True)]
    floors = [
        ray_mul(linear_interest(Ray(rate), seconds), index)
        for rate, index in zip(slow, (before.liquidity_index, before.borrow_index), strict=True)
    ]
    if now.liquidity_index < floors[0] or now.borrow_index < floors[1]:
        at_least: dict[str, object] = {"liquidity index": floors[0], "borrow index": floors[1]}
        return Mismatch(what, now.indices, at_least)
    return Within(LEAST)


def _seconds(before: Minute, now: Minute) -> int:
    """After how many seconds at its rate the liquidity index would be what it became, about."""
    if not before.liquidity_rate:
        return 0
    grown = now.liquidity_index * RAY // before.liquidity_index - RAY
    return max((grown * SECONDS_PER_YEAR + before.liquidity_rate // 2) // before.liquidity_rate, 1)


def _minute(row: dict[str, str | int | None], path: Path) -> Minute:
    time = integer(row["block_timestamp"], f"{path}: block_timestamp", 0, _LATEST)
    earned, owed, *indices = (_ray(row[name], f"{path}: {name} at {time}") for name in COLUMNS[1:])
    if min(indices) < RAY:
        raise DataError(f"{path}: an index at {time} is {min(indices)}, expected {RAY} or more")
    return Minute(time, Ray(earned), Ray(owed), *indices)


def _ray(value: str | int | None, what: str) -> int:
    """A decimal fraction in ray, to the last digit."""
    parts = _DECIMAL.fullmatch(value) if isinstance(value, str) else None
    if parts is None:
        raise DataError(f"{what} is {value!r:.100}, expected a decimal of at most 27 digits")
    return int(parts[1]) * RAY + int(parts[2].ljust(27, "0"))
