"""A pool's complete history: every kind of swap exact, and every lie told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.unit.lab.verify.recordings import POOL_JSON, Life, Row, history, lived, said
from trimtab.core.errors import DataError
from trimtab.lab.verify.history.written import EVENTS, POOL
from trimtab.protocols.shared.ticks import Q96

Spoil = Callable[[list[Row]], object]


def test_history__every_kind_of_swap__exact(tmp_path: Path) -> None:
    tally = said(history(tmp_path / "pool", lived().rows))
    assert tally.as_json() == {"cases": 4, "exact": 4, "within": 0, "unknown": {}, "mismatches": []}
    assert dict(tally.exact) == {"exact in": 2, "exact out": 1, "stopped at a price": 1}


def test_history__named_by_its_events_file__as_the_folder(tmp_path: Path) -> None:
    folder = history(tmp_path / "pool", lived().rows)
    assert said(folder / EVENTS) == said(folder)


def test_history__rows_in_another_order__sorted_by_their_place(tmp_path: Path) -> None:
    rows = lived().rows
    assert said(history(tmp_path / "pool", rows[::-1])) == said(history(tmp_path / "b", rows))


def test_history__through_a_gap_without_liquidity__exact(tmp_path: Path) -> None:
    life = Life()
    life.mint(-600, -300, 10**18)
    life.mint(300, 600, 10**18)
    life.swap(True, 10**12)
    life.swap(False, 10**16)
    life.swap(False, 10**30)  # all there is: the price ends where prices end
    assert said(history(tmp_path / "pool", life.rows)).exact.total() == 3


def one_more(name: str, row: int, units: int = 1) -> Spoil:
    """A history in which one value is a unit more, or so many."""

    def spoil(rows: list[Row]) -> None:
        rows[row][name] = int(str(rows[row][name])) + units

    return spoil


LIES: dict[str, tuple[Spoil, str]] = {
    "price of a swap": (one_more("sqrtPriceX96", 3), "sqrtPriceX96"),
    # Two, since one more of it fits a swap that stopped at its price: fees are rounded up there.
    "amount in": (one_more("amount0", 2, 2), "amount0"),
    "amount out": (one_more("amount1", 2), "amount1"),
    "tick": (one_more("tick", 2), "tick"),
    "liquidity of a swap": (one_more("liquidity", 2), "liquidity"),
    # So much that it makes a unit of an amount: less fits a swap that stopped there.
    "stopped price": (one_more("sqrtPriceX96", 7, 10**12), "sqrtPriceX96"),
    "amount of a mint": (one_more("amount0", 1), "amount0"),
    "amount of a burn": (one_more("amount1", 5), "amount1"),
    "more burnt than minted": (one_more("liquidity", 5), "liquidity"),
    "a missing mint": (lambda rows: rows.pop(1), "liquidity"),
    "a missing swap": (lambda rows: rows.pop(2), "amount0"),
}


@pytest.mark.parametrize("name", sorted(LIES))
def test_history__a_lie__mismatch_with_both_values(name: str, tmp_path: Path) -> None:
    spoil, field = LIES[name]
    rows = lived().rows
    spoil(rows)
    tally = said(history(tmp_path / "pool", rows))
    assert tally.mismatches == 1
    (mismatch,) = tally.first
    assert field in mismatch.recorded
    assert mismatch.recorded[field] != mismatch.modelled[field]
    assert tally.unknown.keys() <= {"after a mismatch"}


def test_history__a_swap_that_moves_nothing__mismatch(tmp_path: Path) -> None:
    rows = lived().rows
    rows[3] |= dict.fromkeys(("amount0", "amount1"), 0)
    rows[3] |= {name: rows[2][name] for name in ("sqrtPriceX96", "liquidity", "tick")}
    assert said(history(tmp_path / "pool", rows)).mismatches == 1


BAD_CELLS: dict[str, tuple[int, str, object, str]] = {
    "no integer": (2, "amount0", "ten", "expected an integer"),
    "a float": (2, "amount0", "1.0", "expected an integer"),
    "a blank": (2, "amount0", " 1", "expected an integer"),
    "another script": (2, "amount0", "\u0661", "expected an integer"),
    "a missing price": (2, "sqrtPriceX96", None, "expected an integer"),
    "a price of nothing": (2, "sqrtPriceX96", 0, "expected 4295128739"),
    "a tick out of range": (2, "tick", 887273, "expected -887272"),
    "an amount of 2**255": (2, "amount1", 2**255, "expected"),
    "liquidity of 129 bits": (1, "liquidity", 2**128, "expected"),
    "a missing range": (1, "tick_lower", None, "expected an integer"),
    "a range upside down": (1, "tick_lower", 120, "is not below"),
    "a tick off the spacing": (1, "tick_lower", -61, "no multiple"),
    "another kind": (1, "kind", "flash", "expected mint, burn, collect, swap"),
    "no kind": (1, "kind", None, "expected mint, burn, collect, swap"),
    "twice the same place": (2, "block_number", 8, "stands twice"),
    "a huge text": (2, "amount0", "1" * 5_000, "at most 4096"),
    "a long number": (2, "amount0", "1" * 200, "expected an integer"),
}


@pytest.mark.parametrize("name", sorted(BAD_CELLS))
def test_history__bad_cell__refused_in_words(name: str, tmp_path: Path) -> None:
    row, column, cell, words = BAD_CELLS[name]
    rows = lived().rows
    rows[row][column] = cell
    with pytest.raises(DataError, match=words):
        said(history(tmp_path / "pool", rows))


@pytest.mark.parametrize(
    "key, value, words",
    [
        ("fee", 10**6, "expected 0 to 999999"),
        ("fee", 0.003, "expected an integer"),
        ("fee", True, "expected an integer"),
        ("tick_spacing", 0, "expected 1"),
        ("sqrtPriceX96", "0", "expected 4295128739"),
        ("token0", "0x12", "no address"),
    ],
)
def test_history__bad_pool__refused_in_words(
    key: str, value: object, words: str, tmp_path: Path
) -> None:
    folder = history(tmp_path / "pool", lived().rows, POOL_JSON | {key: value})
    with pytest.raises(DataError, match=words):
        said(folder)


def test_history__another_fee_or_price_at_birth__mismatch(tmp_path: Path) -> None:
    rows = lived().rows
    assert said(history(tmp_path / "fee", rows, POOL_JSON | {"fee": 2999})).mismatches == 1
    price = str(Q96 + 1)
    assert said(history(tmp_path / "at", rows, POOL_JSON | {"sqrtPriceX96": price})).mismatches == 1


def test_history__no_pool_json__refused_in_words(tmp_path: Path) -> None:
    folder = history(tmp_path / "pool", lived().rows)
    (folder / POOL).unlink()
    with pytest.raises(DataError, match="is missing, which begins it"):
        said(folder)


def test_history__amounts_as_floats__refused_in_words(tmp_path: Path) -> None:
    folder = history(tmp_path / "pool", lived().rows)
    table = pl.read_parquet(folder / EVENTS)
    table.with_columns(pl.col("amount0").cast(pl.Float64)).write_parquet(folder / EVENTS)
    with pytest.raises(DataError, match="amount0 is Float64"):
        said(folder)


def test_history__integers_as_integers__exact(tmp_path: Path) -> None:
    folder = history(tmp_path / "pool", lived().rows)
    table = pl.read_parquet(folder / EVENTS)
    table.with_columns(pl.col("block_number", "log_index", "tick").cast(pl.Int64)).write_parquet(
        folder / EVENTS
    )
    assert said(folder).exact.total() == 4
