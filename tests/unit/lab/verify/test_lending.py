"""Histories of reserves, made by the model and by hand, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.unit.lab.verify.recordings import Row, said
from trimtab.core.errors import DataError
from trimtab.core.quantise import Ray
from trimtab.lab.verify import Tally
from trimtab.protocols.aave_v3.model.rates import (
    Liquidity,
    compounded_interest,
    linear_interest,
    usage_ratio,
)
from trimtab.protocols.shared.aave.wad_ray import RAY, percent_mul, ray_mul

NOON = 1_763_380_800
"""2025-11-17 12:00 UTC."""
DAY = 86_400
BORROW_RATE = 5 * 10**25
KEPT = 9_000


def reserve(**cells: object) -> Row:
    """A snapshot of a reserve of 1,000 of which 600 are lent, at the moment of its update."""
    debt, supply = 600 * 10**18, 1_000 * 10**18
    usage = usage_ratio(debt, Liquidity(supply - debt))
    rate = percent_mul(ray_mul(BORROW_RATE, usage), KEPT)
    row: Row = {
        "network": "base",
        "asset_address": "0x" + "11" * 20,
        "snapshot_ts": NOON,
        "last_update_timestamp": NOON,
        "reserve_factor": 0.1,
        "totalATokenSupply": str(supply),
        "totalVariableDebt": str(debt),
        "accruedToTreasury": "0",
        "liquidityRate": str(rate),
        "variableBorrowRate": str(BORROW_RATE),
        "liquidityIndex": str(RAY + 10**25),
        "variableBorrowIndex": str(RAY + 2 * 10**25),
    }
    return row | cells


def a_day_later(row: Row, **cells: object) -> Row:
    """The snapshot after one more update, a day later."""
    rate, owed = Ray(int(str(row["liquidityRate"]))), Ray(BORROW_RATE)
    time = int(str(row["snapshot_ts"])) + DAY
    indices = (
        ray_mul(linear_interest(rate, DAY), int(str(row["liquidityIndex"]))),
        ray_mul(compounded_interest(owed, DAY), int(str(row["variableBorrowIndex"]))),
    )
    later: Row = {
        "snapshot_ts": time,
        "last_update_timestamp": time,
        "liquidityIndex": str(indices[0]),
        "variableBorrowIndex": str(indices[1]),
    }
    return row | later | cells


def more(row: Row, name: str, by: int) -> Row:
    """The row with one figure changed."""
    return row | {name: str(int(str(row[name])) + by)}


def tally(folder: Path, *rows: Row) -> Tally:
    path = folder / "reserves.parquet"
    pl.DataFrame(list(rows)).write_parquet(path)
    return said(path)


# --------------------------------------------------------------------------------- snapshots


def test_snapshots__as_the_model_has_them__exact(tmp_path: Path) -> None:
    first = reserve()
    second = a_day_later(first)
    third = second | {"snapshot_ts": NOON + 2 * DAY}
    debt = int(str(third["totalVariableDebt"])) * compounded_interest(Ray(BORROW_RATE), DAY) // RAY
    found = tally(tmp_path, first, second, third | {"totalVariableDebt": str(debt)})
    assert found.exact["both indices over one update"] == 1
    assert found.exact["both indices without an update"] == 1
    assert found.exact["liquidity rate"] == 2
    assert (found.near, found.mismatches, found.cases) == (1, 0, 5)


def test_snapshots__balances_grown_since_the_update__brought_back(tmp_path: Path) -> None:
    row = reserve(snapshot_ts=NOON + 300 * DAY)
    debt = int(str(row["totalVariableDebt"]))
    supply = int(str(row["totalATokenSupply"]))
    rate = Ray(int(str(row["liquidityRate"])))
    grown = row | {
        "totalVariableDebt": str(debt * compounded_interest(Ray(BORROW_RATE), 300 * DAY) // RAY),
        "totalATokenSupply": str(supply * linear_interest(rate, 300 * DAY) // RAY),
    }
    found = tally(tmp_path, grown)
    nearness = found.within["liquidity rate"]
    assert (found.mismatches, nearness.count) == (0, 1)
    assert nearness.ratios[0] == pytest.approx(1, abs=1e-15)


def test_snapshots__accrued_to_the_treasury__counts_as_supply(tmp_path: Path) -> None:
    part = 5 * 10**18
    row = more(reserve(), "totalATokenSupply", -part)
    scaled = part * RAY // int(str(row["liquidityIndex"])) + 1
    found = tally(tmp_path, row | {"accruedToTreasury": str(scaled)})
    assert (found.mismatches, found.near + found.exact.total()) == (0, 1)
    assert tally(tmp_path, row).mismatches == 1


@pytest.mark.parametrize("sign", [1, -1])
def test_snapshots__rate_around_its_bound__mismatch_beyond(tmp_path: Path, sign: int) -> None:
    row = reserve()
    modelled = int(str(row["liquidityRate"]))
    # The bound is a part of what is recorded: 1 / (1 - 0.004) and 1 / (1 + 0.004).
    edge = modelled * 1_000 // (1_000 - 4 * sign)
    inside = row | {"liquidityRate": str(edge - sign)}
    outside = row | {"liquidityRate": str(edge + 2 * sign)}
    assert (tally(tmp_path, inside).near, tally(tmp_path, inside).mismatches) == (1, 0)
    assert (tally(tmp_path, outside).near, tally(tmp_path, outside).mismatches) == (0, 1)


def test_snapshots__nothing_lent__no_rate_and_a_borrow_index_that_stands(tmp_path: Path) -> None:
    idle = reserve(totalVariableDebt="0", liquidityRate="0")
    later = idle | {"snapshot_ts": NOON + DAY, "last_update_timestamp": NOON + DAY}
    found = tally(tmp_path, idle, later)
    assert found.exact == {"liquidity rate": 2, "both indices over one update": 1}
    assert tally(tmp_path, idle | {"liquidityRate": "1"}).mismatches == 1


def test_snapshots__several_updates__mean_rate_within_5_percent(tmp_path: Path) -> None:
    first = reserve()
    second = a_day_later(first)
    grown = int(str(second["variableBorrowIndex"])) - int(str(first["variableBorrowIndex"]))
    near = tally(tmp_path, first, more(second, "variableBorrowIndex", grown // 25))
    assert near.within["growth of the borrow index by the mean rate"].count == 1
    far = tally(tmp_path, first, more(second, "variableBorrowIndex", grown // 10))
    assert (far.unknown["the rates between two snapshots"], far.mismatches) == (1, 0)


def test_snapshots__index_that_falls_in_a_later_update__mismatch(tmp_path: Path) -> None:
    first = reserve()
    for name in ("liquidityIndex", "variableBorrowIndex"):
        fallen = a_day_later(first) | {name: str(int(str(first[name])) - 1)}
        found = tally(tmp_path, first, fallen)
        assert found.mismatches == 1
        assert "no index less than" in found.first[0].modelled


def test_snapshots__index_that_moves_without_an_update__mismatch(tmp_path: Path) -> None:
    first = reserve()
    moved = more(first, "liquidityIndex", 1) | {"snapshot_ts": NOON + DAY}
    assert tally(tmp_path, first, moved).first[0].what == (
        f"base {first['asset_address']} at {NOON + DAY}"
    )


def test_snapshots__older_than_the_one_before__stale_node_named(tmp_path: Path) -> None:
    first = a_day_later(reserve(snapshot_ts=NOON - 2 * DAY))
    stale = reserve(snapshot_ts=NOON, last_update_timestamp=NOON - 2 * DAY)
    fell = more(first, "variableBorrowIndex", -1) | {"snapshot_ts": NOON + 1}
    after = a_day_later(first)
    found = tally(tmp_path, first, stale, fell, after)
    assert found.unknown == {"stale node: base 2025-11-17": 2}
    assert found.exact["both indices over one update"] == 1, "of the first and the last"
    assert found.mismatches == 0


def test_snapshots__two_reserves_in_any_order__each_by_itself(tmp_path: Path) -> None:
    other = reserve(asset_address="0x" + "22" * 20, liquidityIndex=str(3 * RAY))
    abroad = reserve(network="polygon", liquidityIndex=str(2 * RAY))
    firsts = [reserve(), other, abroad]
    found = tally(tmp_path, *(a_day_later(row) for row in firsts), *firsts)
    assert found.exact == {"liquidity rate": 6, "both indices over one update": 3}


def test_snapshots__no_figures__unknown(tmp_path: Path) -> None:
    figures = [name for name in reserve() if isinstance(reserve()[name], str)][2:]
    found = tally(tmp_path, reserve(), reserve() | dict.fromkeys(figures))
    assert found.unknown == {"no figures in the snapshot": 1}


def test_snapshots__taken_before_their_update__unknown(tmp_path: Path) -> None:
    found = tally(tmp_path, reserve(last_update_timestamp=NOON + 1))
    assert found.unknown == {"a snapshot older than its reserve's last update": 1}


@pytest.mark.parametrize(
    "name, value",
    [
        ("totalVariableDebt", "-1"),
        ("totalATokenSupply", "1e18"),
        ("liquidityRate", None),
        ("variableBorrowRate", str(2**110)),
        ("liquidityIndex", str(RAY - 1)),
        ("variableBorrowIndex", str(2**128)),
        ("reserve_factor", 1.1),
        ("reserve_factor", float("nan")),
        ("snapshot_ts", 2**41),
        ("network", None),
    ],
)
def test_snapshots__what_cannot_be__refused(tmp_path: Path, name: str, value: object) -> None:
    with pytest.raises(DataError):
        tally(tmp_path, reserve(), reserve() | {name: value})


# ----------------------------------------------------------------------------- by the minute


RATES = 3 * 10**25, 5 * 10**25


def decimal(ray: int) -> str:
    return f"{ray // RAY}.{ray % RAY:027d}"


def minute(number: int, indices: tuple[int, int], rates: tuple[int, int] = RATES) -> Row:
    return {
        "block_timestamp": NOON + 60 * number,
        "liquidity_rate": decimal(rates[0]),
        "variable_borrow_rate": decimal(rates[1]),
        "liquidity_index": decimal(indices[0]),
        "variable_borrow_index": decimal(indices[1]),
    }


def grown(indices: tuple[int, int], seconds: int) -> tuple[int, int]:
    return (
        ray_mul(linear_interest(Ray(RATES[0]), seconds), indices[0]),
        ray_mul(compounded_interest(Ray(RATES[1]), seconds), indices[1]),
    )


def by_the_minute(folder: Path, *rows: Row) -> Tally:
    path = folder / "minutes.parquet"
    times = pl.from_epoch("block_timestamp", time_unit="s")
    pl.DataFrame(list(rows)).with_columns(times).write_parquet(path)
    return said(path)


START = RAY + 10**25, RAY + 3 * 10**25


def test_minutes__one_update_at_some_second__exact(tmp_path: Path) -> None:
    later = grown(START, 3 * 60 - 13)
    dearer = RATES[0], RATES[1] + 1
    more = grown(later, 61)[0] + 1, grown(later, 61)[1]
    found = by_the_minute(
        tmp_path, minute(0, START), minute(1, START), minute(3, later, dearer), minute(5, more)
    )
    assert found.exact == {
        "both indices without an update": 1,
        "both indices over one update": 1,
    }
    assert found.unknown == {"no rate parameters": 2}
    assert found.within["both indices at least linearly at the lower rate"].count == 1


def test_minutes__around_the_lower_rate__mismatch_below(tmp_path: Path) -> None:
    lower = tuple(rate // 2 for rate in RATES)
    least = tuple(
        ray_mul(linear_interest(Ray(rate), 4 * 60 + 1), index)
        for rate, index in zip(lower, START, strict=True)
    )
    for less in ((0, 0), (1, 0), (0, 1)):
        row = minute(5, (least[0] - less[0], least[1] - less[1]), (lower[0], lower[1]))
        found = by_the_minute(tmp_path, minute(0, START), row)
        assert (found.near, found.mismatches) == ((0, 1) if any(less) else (1, 0))


def test_minutes__index_that_falls__mismatch(tmp_path: Path) -> None:
    for fallen in ((START[0] - 1, START[1]), (START[0], START[1] - 1)):
        found = by_the_minute(tmp_path, minute(0, START), minute(1, fallen))
        assert found.mismatches == 1
        assert "no index less than" in found.first[0].modelled


def test_minutes__one_index_of_another_second__not_exact(tmp_path: Path) -> None:
    mixed = grown(START, 50)[0], grown(START, 51)[1]
    found = by_the_minute(tmp_path, minute(0, START), minute(1, mixed))
    assert (found.exact.total(), found.near) == (0, 1)


def test_minutes__update_before_it_can_have_been__not_exact(tmp_path: Path) -> None:
    early = grown(START, 4 * 60)
    found = by_the_minute(tmp_path, minute(0, START), minute(5, early))
    assert (found.exact.total(), found.mismatches) == (0, 1)


@pytest.mark.parametrize(
    "name, value",
    [
        ("liquidity_rate", "0.0000000000000000000000000001"),
        ("variable_borrow_rate", "3e-2"),
        ("liquidity_index", "0.999999999999999999999999999"),
        ("variable_borrow_index", None),
        ("block_timestamp", NOON),
    ],
)
def test_minutes__what_cannot_be__refused(tmp_path: Path, name: str, value: object) -> None:
    with pytest.raises(DataError):
        by_the_minute(tmp_path, minute(0, START), minute(1, START) | {name: value})
