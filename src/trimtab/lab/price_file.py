"""Outside prices out of a file: CSV or parquet with the columns `time_utc`, `symbol`, `close`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from trimtab.core.errors import ConfigError, DataError
from trimtab.lab.prices import DOLLAR, constant

if TYPE_CHECKING:
    import polars as pl

_COLUMNS = ("time_utc", "symbol", "close")
_MICROSECONDS = 10**6


def parse_symbols(text: str) -> dict[str, str]:
    """The symbol in the file by token, out of `WETH=ETHUSDT,WBTC=BTCUSDT`.

    Raises ConfigError where the text says something else.
    """
    found: dict[str, str] = {}
    for part in text.split(","):
        token, equals, symbol = (word.strip() for word in part.partition("="))
        if not (token and equals and symbol) or "=" in symbol:
            raise ConfigError(
                f"--symbols: {part.strip()!r} is not TOKEN=SYMBOL; write for example "
                "WETH=ETHUSDT,WBTC=BTCUSDT"
            )
        if token in found:
            raise ConfigError(f"--symbols: {token} is named twice")
        found[token] = symbol
    return found


@dataclass(frozen=True, slots=True)
class _Series:
    """One asset's closes: microseconds since the epoch, and dollars times 10**8."""

    times: Sequence[int]
    closes: Sequence[int]

    def at(self, moment: int) -> int:
        """The price at a moment within the series, linear between points, rounded down."""
        after = bisect_right(self.times, moment)
        before = after - 1
        if self.times[before] == moment:
            return self.closes[before]
        gone, whole = moment - self.times[before], self.times[after] - self.times[before]
        return self.closes[before] + (self.closes[after] - self.closes[before]) * gone // whole


@dataclass(frozen=True, slots=True)
class FilePrices:
    """A history from the first moment at which all of its assets have a price.

    Tokens at a dollar that the history does not name stay there.
    """

    begin: int
    block_seconds: int
    series: Mapping[str, _Series]
    still: Mapping[str, int]

    def at(self, step: int) -> Mapping[str, int]:
        """The prices at a step. Raises DataError beyond the end of the history."""
        moment = self.begin + step * self.block_seconds * _MICROSECONDS
        last = min(series.times[-1] for series in self.series.values())
        if moment > last:
            steps = (last - self.begin) // (self.block_seconds * _MICROSECONDS)
            raise DataError(
                f"the price file is too short: block {step} of {self.block_seconds} s is asked "
                f"for, and it lasts for {steps}; run fewer blocks, or give a longer history"
            )
        moving = {symbol: series.at(moment) for symbol, series in self.series.items()}
        return {**moving, **self.still}


def read_prices(
    path: Path,
    symbols: Mapping[str, str],
    start: Mapping[str, int],
    block_seconds: int,
    blocks: int,
) -> FilePrices:
    """The history in a file for the tokens in `start`, long enough for this many blocks.

    `symbols` gives each token's symbol in the file; every row of those symbols is checked, used
    or not. Raises ConfigError for tokens that do not fit the world, DataError for the file's own
    mistakes.
    """
    if unknown := [token for token in symbols if token not in start]:
        raise ConfigError(
            f"--symbols names {', '.join(unknown)}, which this world does not have: "
            f"it has {', '.join(start)}"
        )
    still = constant(tuple(symbols), start)
    table = _table(path)
    series = {token: _series(path, table, symbol) for token, symbol in symbols.items()}
    begin = max(each.times[0] for each in series.values())
    if begin > min(each.times[-1] for each in series.values()):
        raise DataError(f"{path}: its symbols share no moment; give histories that overlap")
    prices = FilePrices(begin, block_seconds, series, still)
    prices.at(blocks)
    return prices


# -------------------------------------------------------------------------------- the file


def _table(path: Path) -> pl.DataFrame:
    """The file's three columns: text of the symbol, UTC moments, closes as floats."""
    import polars as pl

    try:
        raw = (
            pl.read_parquet(path)
            if path.suffix == ".parquet"
            else pl.read_csv(path, infer_schema=False)
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path} cannot be read as prices: {error}") from None
    if missing := [name for name in _COLUMNS if name not in raw.columns]:
        raise DataError(
            f"{path} lacks the column {', '.join(missing)}: expected {', '.join(_COLUMNS)}, "
            f"found {', '.join(raw.columns)}"
        )
    return raw.select(
        _moments(raw.schema["time_utc"]),
        pl.col("symbol").cast(pl.String),
        pl.col("close").cast(pl.Float64, strict=False),
    )


def _moments(kind: pl.DataType) -> pl.Expr:
    """The column `time_utc` as microseconds since the epoch, null where it tells no moment."""
    import polars as pl

    column = pl.col("time_utc")
    if kind == pl.String:
        column = column.str.strip_chars().str.to_datetime(
            time_unit="us", time_zone="UTC", strict=False
        )
    elif not kind.is_temporal():
        column = pl.lit(None, pl.Datetime("us", "UTC"))
    return column.cast(pl.Datetime("us")).cast(pl.Int64).alias("time_utc")


def _series(path: Path, table: pl.DataFrame, symbol: str) -> _Series:
    import polars as pl

    rows = table.filter(pl.col("symbol") == symbol)
    if rows.height < 2:
        known = ", ".join(sorted(table["symbol"].drop_nulls().unique().to_list())[:10])
        raise DataError(
            f"{path} has {rows.height} rows of the symbol {symbol}, expected at least 2; "
            f"it has: {known}"
        )
    times, closes = rows["time_utc"].to_list(), rows["close"].to_list()
    _check_closes(f"{path}, {symbol}", times, closes)
    _check_times(f"{path}, {symbol}", times)
    units = [_units(close) for close in closes]
    if 0 in units:
        where = _when(times[units.index(0)])
        raise DataError(f"{path}, {symbol}: the close at {where} is below 0.00000001 dollars")
    return _Series(times, units)


def _check_closes(what: str, times: Sequence[int | None], closes: Iterable[float | None]) -> None:
    for number, (time, close) in enumerate(zip(times, closes, strict=True), 1):
        if time is None:
            raise DataError(
                f"{what}: row {number} has no moment in `time_utc` that can be understood; "
                "write it like 2023-06-30T23:00:00Z"
            )
        if close is None or not 0 < close < float("inf"):
            shown = "no number" if close is None else close
            raise DataError(
                f"{what}: the close at {_when(time)} is {shown}, expected a finite number above "
                "0; mend or cut the file"
            )


def _check_times(what: str, times: Sequence[int]) -> None:
    steps = [after - before for before, after in pairwise(times)]
    for time, step in zip(times[1:], steps, strict=True):
        if step == 0:
            raise DataError(f"{what}: {_when(time)} stands twice; keep one row of each moment")
        if step < 0:
            raise DataError(f"{what}: {_when(time)} stands after a later moment; sort the file")
    median = sorted(steps)[len(steps) // 2]
    for time, step in zip(times[1:], steps, strict=True):
        if step > 2 * median:
            raise DataError(
                f"{what}: a hole of {step / _MICROSECONDS:g} s before {_when(time)}, where rows "
                f"are {median / _MICROSECONDS:g} s apart; fill it from the source, or cut the file"
            )


_HIGHEST = 1e12


def _units(close: float) -> int:
    """The decimal that was written, in dollars times 10**8, rounded down.

    Raises DataError for a price that no token has.
    """
    if close > _HIGHEST:
        raise DataError(f"a close of {close:g} dollars is no price of a token: mend the file")
    return int((Decimal(repr(close)) * DOLLAR).to_integral_value(ROUND_DOWN))


def _when(time: int | None) -> str:
    from datetime import UTC, datetime, timedelta

    assert time is not None
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
