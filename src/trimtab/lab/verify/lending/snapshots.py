"""Snapshots of Aave V3's reserves, taken now and then: rates from balances, indices from rates.

A snapshot tells the balances of the moment at which it was taken, and the rates and indices of
the reserve's last update before. So balances are brought back to that update, by the model's
interest. What they do not tell is what the pool itself holds, which the rates follow from: it is
taken for supply less debt, and that bounds how near the model can come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from trimtab.core.errors import DataError
from trimtab.core.quantise import Ray
from trimtab.lab.verify.files import Parquet, integer, unsigned
from trimtab.lab.verify.tally import Exact, Mismatch, Unknown, Verdict, Within, compared
from trimtab.protocols.aave_v3.model.rates import (
    Liquidity,
    compounded_interest,
    linear_interest,
    usage_ratio,
)
from trimtab.protocols.shared.aave.wad_ray import PERCENTAGE_FACTOR, RAY, percent_mul, ray_mul

_FIGURES = (
    "totalATokenSupply",
    "totalVariableDebt",
    "accruedToTreasury",
    "liquidityRate",
    "variableBorrowRate",
    "liquidityIndex",
    "variableBorrowIndex",
)
COLUMNS = (
    "network",
    "asset_address",
    "snapshot_ts",
    "last_update_timestamp",
    "reserve_factor",
    *_FIGURES,
)

RATE = "liquidity rate"
ONE_UPDATE = "both indices over one update"
UNTOUCHED = "both indices without an update"
GROWTH = "growth of the borrow index by the mean rate"

RATE_BOUND = 4, 1_000
"""The model's liquidity rate is off the recorded one by at most this part of it."""
GROWTH_BOUND = 50, 1_000
"""The borrow index grows by what the mean of both snapshots' rates gives, but for this part."""

NOTHING_TOLD = "no figures in the snapshot"
RATES_BETWEEN = "the rates between two snapshots"
TAKEN_BEFORE = "a snapshot older than its reserve's last update"

_BASIS_POINT_DIGITS = 4
_LATEST = 2**40
_RATE_BITS, _INDEX_BITS = 110, 128


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A reserve as it was told: rates and indices in ray, balances in base units."""

    network: str
    asset: str
    taken: int
    updated: int
    reserve_factor: int
    supply: int
    debt: int
    accrued: int
    liquidity_rate: Ray
    borrow_rate: Ray
    liquidity_index: int
    borrow_index: int

    @property
    def what(self) -> str:
        """The reserve and the moment, in words."""
        return f"{self.network} {self.asset} at {self.taken}"

    @property
    def indices(self) -> dict[str, object]:
        """Both indices by name."""
        return {"liquidity index": self.liquidity_index, "borrow index": self.borrow_index}

    def after(self, seconds: int) -> dict[str, object]:
        """Both indices after one update, so long after the last; without debt one stands still."""
        owed = compounded_interest(self.borrow_rate, seconds) if self.debt else RAY
        earned = linear_interest(self.liquidity_rate, seconds)
        return {
            "liquidity index": ray_mul(earned, self.liquidity_index),
            "borrow index": ray_mul(owed, self.borrow_index),
        }


def snapshots(file: Parquet) -> Iterator[Verdict]:
    """The verdicts on each snapshot: on its liquidity rate, and on the indices since the last.

    An index never falls. Where one has, and the reserve's last update is no later than in the
    snapshot before, a node answered that was behind: `stale node`, with its network and day, and
    the snapshot is passed over. Raises DataError for a row that cannot be.
    """
    latest: dict[tuple[str, str], Snapshot] = {}
    rows = file.rows(
        COLUMNS, order=("snapshot_ts",), digits={"reserve_factor": _BASIS_POINT_DIGITS}
    )
    for row in rows:
        now = _snapshot(row, file.path)
        if now is None:
            yield Unknown(NOTHING_TOLD)
            continue
        yield liquidity_rate(now)
        key = now.network, now.asset
        before = latest.get(key)
        if before is not None and _is_stale(before, now):
            day = datetime.fromtimestamp(now.taken, UTC).date()
            yield Unknown(f"stale node: {now.network} {day}")
            continue
        if before is not None:
            yield growth(before, now)
        latest[key] = now


def liquidity_rate(now: Snapshot) -> Verdict:
    """The verdict on the rate that suppliers earn: the borrow rate, times usage, less what is kept.

    Source: `calculateInterestRates` of DefaultReserveInterestRateStrategy.sol.
    """
    seconds = now.taken - now.updated
    if seconds < 0:
        return Unknown(TAKEN_BEFORE)
    debt = now.debt * RAY // compounded_interest(now.borrow_rate, seconds)
    supply = now.supply * RAY // linear_interest(now.liquidity_rate, seconds)
    supply += now.accrued * now.liquidity_index // RAY
    usage = usage_ratio(debt, Liquidity(max(supply - debt, 0)))
    kept = PERCENTAGE_FACTOR - now.reserve_factor
    modelled = percent_mul(ray_mul(now.borrow_rate, usage), kept)
    recorded = now.liquidity_rate
    if modelled == recorded:
        return Exact(RATE)
    if _is_within(modelled, recorded, RATE_BOUND):
        return Within(RATE, modelled / recorded, RATE_BOUND)
    return Mismatch(now.what, {RATE: recorded}, {RATE: modelled})


def growth(before: Snapshot, now: Snapshot) -> Verdict:
    """The verdict on what became of the indices from one snapshot to the next.

    Each update changes the rates. With one update between, or none, the snapshots tell all of
    them; else the borrow index must have grown by about the mean of both borrow rates, and where
    it has not, the rates between were others.
    """
    seconds = now.updated - before.updated
    if seconds == 0:
        return compared(now.what, UNTOUCHED, now.indices, before.indices)
    one = before.after(seconds)
    if seconds > 0 and one == now.indices:
        return Exact(ONE_UPDATE)
    if _has_fallen(before, now):
        return Mismatch(now.what, now.indices, {"no index less than": before.indices})
    mean = Ray((before.borrow_rate + now.borrow_rate) // 2)
    modelled = compounded_interest(mean, seconds) - RAY
    recorded = now.borrow_index * RAY // before.borrow_index - RAY
    if recorded and _is_within(modelled, recorded, GROWTH_BOUND):
        return Within(GROWTH, modelled / recorded, GROWTH_BOUND)
    return Unknown(RATES_BETWEEN)


def _is_within(modelled: int, recorded: int, bound: tuple[int, int]) -> bool:
    part, whole = bound
    return abs(modelled - recorded) * whole <= recorded * part


def _has_fallen(before: Snapshot, now: Snapshot) -> bool:
    return now.liquidity_index < before.liquidity_index or now.borrow_index < before.borrow_index


def _is_stale(before: Snapshot, now: Snapshot) -> bool:
    return now.updated < before.updated or (
        now.updated == before.updated and _has_fallen(before, now)
    )


def _snapshot(row: dict[str, str | int | None], path: Path) -> Snapshot | None:
    """A row as a snapshot, none where it tells no figures at all."""
    network, asset = row["network"], row["asset_address"]
    if not isinstance(network, str) or not isinstance(asset, str):
        raise DataError(f"{path}: a row names no network or no asset")
    figures = [row[name] for name in _FIGURES]
    if all(figure in (None, "") for figure in figures):
        return None
    what = f"{path}: {network} {asset}"
    supply, debt, accrued = (unsigned(figure, 128, what) for figure in figures[:3])
    rates = [Ray(unsigned(figure, _RATE_BITS, what)) for figure in figures[3:5]]
    indices = [integer(figure, what, RAY, 2**_INDEX_BITS - 1) for figure in figures[5:]]
    return Snapshot(
        network,
        asset,
        integer(row["snapshot_ts"], what, 0, _LATEST),
        integer(row["last_update_timestamp"], what, 0, _LATEST),
        integer(row["reserve_factor"], what, 0, PERCENTAGE_FACTOR),
        supply,
        debt,
        accrued,
        *rates,
        *indices,
    )
