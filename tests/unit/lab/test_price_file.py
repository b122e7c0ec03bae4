"""Prices out of a file: what they are between points, and which files are refused."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from trimtab.core.errors import ConfigError, DataError
from trimtab.lab.price_file import FilePrices, parse_symbols, read_prices
from trimtab.lab.prices import DOLLAR

START = {"USDC": DOLLAR, "WETH": 2_000 * DOLLAR, "WBTC": 40_000 * DOLLAR}
SYMBOLS = {"WETH": "ETHUSDT", "WBTC": "BTCUSDT"}
BEGIN = datetime(2023, 1, 1, tzinfo=UTC)
Row = tuple[str, str, str]


def rows(symbol: str, *closes: str) -> list[Row]:
    return [
        (f"{BEGIN + timedelta(hours=hour):%Y-%m-%d %H:%M:%S}", symbol, close)
        for hour, close in enumerate(closes)
    ]


GOOD = rows("ETHUSDT", "1200.5", "1300", "1250.00000001", "1250") + rows(
    "BTCUSDT", "16000", "17000", "16500", "16400"
)


def written(folder: Path, lines: list[Row], header: str = "time_utc,symbol,close") -> Path:
    path = folder / "prices.csv"
    path.write_text("\n".join([header, *(",".join(line) for line in lines)]) + "\n")
    return path


def read(path: Path, block_seconds: int = 3_600, blocks: int = 3) -> FilePrices:
    return read_prices(path, SYMBOLS, START, block_seconds, blocks)


def replaced(number: int, **fields: str) -> list[Row]:
    time, symbol, close = GOOD[number]
    changed = {"time": time, "symbol": symbol, "close": close} | fields
    return [*GOOD[:number], (changed["time"], symbol, changed["close"]), *GOOD[number + 1 :]]


# ----------------------------------------------------------------------------------- values


def test_read_prices__at_its_points__the_closes_as_written(tmp_path: Path) -> None:
    prices = read(written(tmp_path, GOOD))
    assert prices.at(0) == {"USDC": DOLLAR, "WETH": 120_050_000_000, "WBTC": 16_000 * DOLLAR}
    assert prices.at(2)["WETH"] == 125_000_000_001


def test_read_prices__between_points__linear_and_rounded_down(tmp_path: Path) -> None:
    prices = read(written(tmp_path, GOOD), block_seconds=600, blocks=18)
    assert prices.at(1)["WETH"] == 120_050_000_000 + 9_950_000_000 * 600 // 3_600
    assert prices.at(9)["WBTC"] == 16_750 * DOLLAR
    assert prices.at(17)["WETH"] == 125_000_000_000 + 1 * 600 // 3_600


def test_read_prices__symbols_that_begin_apart__from_where_all_are(tmp_path: Path) -> None:
    prices = read(written(tmp_path, GOOD[1:]), blocks=2)
    assert prices.at(0) == {"USDC": DOLLAR, "WETH": 1_300 * DOLLAR, "WBTC": 17_000 * DOLLAR}


@pytest.mark.parametrize("zone", ["UTC", "Europe/Zurich", None])
def test_read_prices__parquet__as_csv(tmp_path: Path, zone: str | None) -> None:
    table = pl.read_csv(written(tmp_path, GOOD))
    moment = pl.col("time_utc").str.to_datetime(time_zone="UTC")
    if zone is None:
        moment = moment.dt.replace_time_zone(None)
    elif zone != "UTC":
        moment = moment.dt.convert_time_zone(zone)
    path = tmp_path / "prices.parquet"
    table.with_columns(moment).write_parquet(path)
    assert read(path) == read(written(tmp_path, GOOD))


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.000+00:00"])
def test_read_prices__other_ways_to_write_a_moment__the_same(tmp_path: Path, form: str) -> None:
    lines = [
        (f"{datetime.fromisoformat(time):{form}}", symbol, close) for time, symbol, close in GOOD
    ]
    expected = read(written(tmp_path, GOOD))
    assert read(written(tmp_path, lines)) == expected


def test_read_prices__other_symbols_in_the_file__not_looked_at(tmp_path: Path) -> None:
    lines = [*GOOD, ("never", "DOGEUSDT", "nothing")]
    expected = read(written(tmp_path, GOOD))
    assert read(written(tmp_path, lines)) == expected


# --------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    "close, words",
    [
        ("nan", r"the close at 2023-01-01 02:00:00 UTC is nan, expected a finite number"),
        ("inf", r"the close at .* is inf"),
        ("-inf", r"the close at .* is -inf"),
        ("-1", r"the close at .* is -1.0"),
        ("0", r"the close at .* is 0.0"),
        ("", r"the close at .* is no number"),
        ("12x", r"the close at .* is no number"),
        ("0.000000001", r"below 0.00000001 dollars"),
    ],
)
def test_read_prices__a_close_that_is_none__refused(tmp_path: Path, close: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read(written(tmp_path, replaced(2, close=close)))


def test_read_prices__no_moment__refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ETHUSDT: row 2 has no moment"):
        read(written(tmp_path, replaced(1, time="yesterday")))


def test_read_prices__moments_as_numbers__refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.parquet"
    pl.DataFrame(
        {"time_utc": [1, 2], "symbol": ["ETHUSDT"] * 2, "close": [1.0, 2.0]}
    ).write_parquet(path)
    with pytest.raises(DataError, match="no moment"):
        read_prices(path, {"WETH": "ETHUSDT"}, {"WETH": DOLLAR}, 3_600, 1)


def test_read_prices__twice_the_same_moment__refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="2023-01-01 00:00:00 UTC stands twice"):
        read(written(tmp_path, [GOOD[0], *GOOD]))


def test_read_prices__out_of_order__refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="stands after a later moment; sort the file"):
        read(written(tmp_path, [GOOD[1], GOOD[0], *GOOD[2:]]))


def test_read_prices__a_step_above_twice_the_median__is_a_hole(tmp_path: Path) -> None:
    twice = rows("ETHUSDT", *["1"] * 9)
    del twice[4]
    only = {"WETH": "ETHUSDT"}
    read_prices(written(tmp_path, twice), only, {"WETH": DOLLAR}, 3_600, 8)
    del twice[4]
    with pytest.raises(DataError, match=r"a hole of 10800 s before 2023-01-01 06:00:00 UTC"):
        read_prices(written(tmp_path, twice), only, {"WETH": DOLLAR}, 3_600, 8)


def test_read_prices__too_short__refused_with_what_there_is(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    assert read(path, blocks=3).at(3)["WETH"] == 1_250 * DOLLAR
    with pytest.raises(DataError, match=r"too short: block 4 of 3600 s .* lasts for 3"):
        read(path, blocks=4)


def test_read_prices__no_common_moment__refused(tmp_path: Path) -> None:
    late = [(time.replace("2023", "2024"), symbol, close) for time, symbol, close in GOOD[4:]]
    with pytest.raises(DataError, match="share no moment"):
        read(written(tmp_path, GOOD[:4] + late))


def test_read_prices__a_symbol_that_is_missing__refused_with_those_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"0 rows of the symbol BTCUSDT.*it has: ETHUSDT"):
        read(written(tmp_path, GOOD[:4]))


def test_read_prices__a_missing_column__refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lacks the column close"):
        read(written(tmp_path, GOOD, header="time_utc,symbol,price"))


@pytest.mark.parametrize("name, content", [("none.csv", None), ("p.parquet", "no parquet")])
def test_read_prices__no_such_file__refused(tmp_path: Path, name: str, content: str | None) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match="cannot be read as prices"):
        read(path)


def test_read_prices__an_empty_file__refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.touch()
    with pytest.raises(DataError, match="cannot be read as prices"):
        read(path)


def test_read_prices__a_token_that_is_not_in_the_world__refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="names LINK, which this world does not have"):
        read_prices(written(tmp_path, GOOD), SYMBOLS | {"LINK": "L"}, START, 3_600, 1)


def test_read_prices__a_token_left_out__refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no outside price of WBTC"):
        read_prices(written(tmp_path, GOOD), {"WETH": "ETHUSDT"}, START, 3_600, 1)


# ---------------------------------------------------------------------------------- symbols


def test_parse_symbols__pairs__by_token() -> None:
    assert parse_symbols("WETH=ETHUSDT, WBTC = BTCUSDT") == SYMBOLS


@pytest.mark.parametrize("text", ["", "WETH", "WETH=", "=ETHUSDT", "WETH=ETH=USDT", "WETH=E,,"])
def test_parse_symbols__malformed__refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not TOKEN=SYMBOL"):
        parse_symbols(text)


def test_parse_symbols__a_token_twice__refused() -> None:
    with pytest.raises(ConfigError, match="WETH is named twice"):
        parse_symbols("WETH=ETHUSDT,WETH=STETHUSDT")


@pytest.mark.data
def test_read_prices__the_real_history__a_thousand_blocks(real_data: Path) -> None:
    path = real_data / "17_ohlcv_hourly_28_coins" / "ohlcv_1h_open.parquet"
    prices = read(path, blocks=1_000)
    assert prices.at(0) == {"USDC": DOLLAR, "WETH": 413_78 * 10**6, "WBTC": 12_919_12 * 10**6}
    assert prices.at(1_000) != prices.at(999)
