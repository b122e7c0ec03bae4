"""Events without ticks: exact by one kind of swap, unknown where ticks may have been crossed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from tests.unit.lab.verify.recordings import Life, Row, lived, said
from trimtab.core.abi import topic, word
from trimtab.core.errors import DataError
from trimtab.lab.verify.history.events import RangeEvent
from trimtab.lab.verify.history.replay import FEE, START, TICKS, range_amounts
from trimtab.lab.verify.history.written import DECODED_COLUMNS

SIGNATURES = {
    "swap": "Swap(address,address,int256,int256,uint160,uint128,int24)",
    "mint": "Mint(address,address,int24,int24,uint128,uint256,uint256)",
    "burn": "Burn(address,int24,int24,uint128,uint256,uint256)",
    "collect": "Collect(address,address,int24,int24,uint128,uint128)",
}


def decoded(path: Path, rows: Sequence[Row]) -> Path:
    """The rows as demeter-fetch decodes them: ticks went through a float."""
    cells = [
        {
            "block_number": row["block_number"],
            "pool_log_index": row["log_index"],
            "tx_type": str(row["kind"]).upper(),
            "amount0": row["amount0"],
            "amount1": row["amount1"],
            "total_liquidity": row["liquidity"] if row["kind"] == "swap" else 0,
            "sqrtPriceX96": row["sqrtPriceX96"],
            "current_tick": None if row["tick"] is None else f"{row['tick']}.0",
            "tick_lower": None if row["tick_lower"] is None else f"{row['tick_lower']}.0",
            "tick_upper": None if row["tick_upper"] is None else f"{row['tick_upper']}.0",
            "liquidity": None if row["kind"] == "swap" else row["liquidity"],
        }
        for row in rows
    ]
    texts = [[None if cell is None else str(cell) for cell in row.values()] for row in cells]
    schema = dict.fromkeys(DECODED_COLUMNS, pl.String)
    pl.DataFrame(texts, schema=schema, orient="row").write_parquet(path)
    return path


def raw(path: Path, rows: Sequence[Row]) -> Path:
    """The rows as logs."""
    logs = [log(row) for row in rows]
    table = {
        "block_number": [str(row["block_number"]) for row in rows],
        "log_index": [str(row["log_index"]) for row in rows],
        "topics": [str(["0x" + each.hex() for each in topics]) for topics, _ in logs],
        "data": ["0x" + data.hex() for _, data in logs],
    }
    pl.DataFrame(table).write_parquet(path)
    return path


def log(row: Row) -> tuple[list[bytes], bytes]:
    """The topics and data of a row's log; addresses are zero."""

    def words(*names: str) -> bytes:
        return b"".join(word(int(str(row[name]))) for name in names)

    kind, nobody = str(row["kind"]), bytes(32)
    head = topic(SIGNATURES[kind])
    if kind == "swap":
        data = words("amount0", "amount1", "sqrtPriceX96", "liquidity", "tick")
        return [head, nobody, nobody], data
    ends = [words("tick_lower"), words("tick_upper")]
    amounts = words("amount0", "amount1")
    liquidity = b"" if kind == "collect" else words("liquidity")
    sender = b"" if kind == "burn" else nobody
    return [head, nobody, *ends], sender + liquidity + amounts


def quiet(count: int) -> Life:
    """Small swaps to and fro within one spacing, liquidity minted between."""
    life = Life()
    life.mint(-60_000, 60_000, 10**24)
    for number in range(count):
        life.swap(number % 2 == 0, (-1) ** (number // 2) * (10**18 + number))
        if number == 3:
            life.mint(-60, 60, 10**20)
    return life


@pytest.mark.parametrize("written", [decoded, raw])
def test_events_alone__within_one_spacing__all_but_the_first_exact(
    written: object, tmp_path: Path
) -> None:
    assert callable(written)
    tally = said(written(tmp_path / "file.parquet", quiet(8).rows))
    assert (tally.exact.total(), dict(tally.unknown), tally.mismatches) == (7, {START: 1}, 0)


@pytest.mark.parametrize("written", [decoded, raw])
def test_events_alone__ticks_crossed__unknown(written: object, tmp_path: Path) -> None:
    assert callable(written)
    tally = said(written(tmp_path / "file.parquet", [*quiet(4).rows, *crossing()]))
    assert tally.unknown[TICKS] == 1
    assert tally.mismatches == 0


def crossing() -> list[Row]:
    """What follows `quiet(4)`: a swap through a tick at which liquidity ends."""
    life = quiet(4)
    known = len(life.rows)
    life.swap(True, 10**23)
    return life.rows[known:]


@pytest.mark.parametrize("name", ["sqrtPriceX96", "amount0", "amount1", "liquidity"])
def test_events_alone__a_lie_within_one_spacing__mismatch(name: str, tmp_path: Path) -> None:
    rows = quiet(8).rows
    rows[4][name] = int(str(rows[4][name])) + 10**12
    assert said(raw(tmp_path / "file.parquet", rows)).mismatches > 0


def test_events_alone__a_mint_of_another_amount__mismatch(tmp_path: Path) -> None:
    rows = quiet(8).rows
    rows[5]["amount1"] = int(str(rows[5]["amount1"])) + 1
    assert rows[5]["kind"] == "mint"
    assert said(raw(tmp_path / "file.parquet", rows)).mismatches == 1


def test_events_alone__burn_of_more_than_there_is__mismatch(tmp_path: Path) -> None:
    life = quiet(8)
    there = life.state.liquidity
    told = RangeEvent("burn", -60, 60, there + 1, 0, 0)
    amount0, amount1 = range_amounts(life.state, told)
    amounts = {"amount0": amount0, "amount1": amount1, "liquidity": there + 1}
    life.mint(-60, 60, there + 1)
    lie = life.rows.pop() | {"kind": "burn"} | amounts
    tally = said(raw(tmp_path / "file.parquet", [*life.rows, lie]))
    assert tally.mismatches == 1
    assert tally.first[0].as_json()["recorded"] == {"liquidity": str(there + 1)}
    assert tally.first[0].as_json()["modelled"] == {"liquidity": str(there)}


def test_events_alone__fee_of_no_tier__unknown(tmp_path: Path) -> None:
    rows = quiet(8).rows
    for row in rows:
        if row["kind"] == "swap":
            row["amount0"], row["amount1"] = row["amount1"], row["amount0"]
    tally = said(raw(tmp_path / "file.parquet", rows))
    assert dict(tally.unknown) == {FEE: 8}


@pytest.mark.parametrize(
    "column, value, words",
    [
        ("topics", "['0x12']", "no list of up to four"),
        ("topics", "__import__('os')", "no list of up to four"),
        ("data", "0x12", "no hexadecimal text"),
        ("data", "0x" + "00" * 32 * 4, "4 words"),
        ("data", "0x" + "00" * 32 * 5, "sqrtPriceX96 is 0"),
        ("data", None, "no hexadecimal text"),
    ],
)
def test_raw_logs__bad_cell__refused_in_words(
    column: str, value: str | None, words: str, tmp_path: Path
) -> None:
    path = raw(tmp_path / "file.parquet", lived().rows)
    table = pl.read_parquet(path)
    cells = table[column].to_list()
    cells[3] = value
    table.with_columns(pl.Series(column, cells, pl.String)).write_parquet(path)
    with pytest.raises(DataError, match=words):
        said(path)


def test_raw_logs__of_other_events__passed_over(tmp_path: Path) -> None:
    path = raw(tmp_path / "file.parquet", quiet(4).rows)
    table = pl.read_parquet(path)
    flash = [str(["0x" + topic("Flash(address,address,uint256)").hex()])]
    other = pl.DataFrame(
        {"block_number": ["1"], "log_index": ["1"], "topics": flash, "data": ["0x"]}
    )
    pl.concat([table, other]).write_parquet(path)
    assert said(path).exact.total() == 3
