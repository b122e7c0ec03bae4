"""Recorded files, read within bounds: nothing in them is believed before it is checked.

Each kind of content has one reader. A file that cannot be what its first bytes say is a DataError
in words; one that says nothing known is left to the caller.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import stat
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import orjson

from trimtab.core.errors import DataError

if TYPE_CHECKING:
    import polars as pl

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | bool | None"
"""A JSON value; a number with a point or an exponent stays the text that it is written as."""

LARGEST_FILE = 256 * 1024 * 1024
"""Bytes of one file."""
LARGEST_DOCUMENT = 64 * 1024 * 1024
"""Bytes of a JSON or CSV text, unpacked."""
MOST_ROWS = 2_000_000
"""Rows of a table."""
LONGEST_CELL = 4_096
"""Bytes of a text in a table, unless its reader allows more."""

_PARQUET, _GZIP = b"PAR1", b"\x1f\x8b"
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,79})")


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON value and the file that it is from."""

    path: Path
    value: Json


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is no JSON, and the file that it is from."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Parquet:
    """A parquet file by its columns and types; the rows are read when they are asked for."""

    path: Path
    schema: Mapping[str, pl.DataType]

    def rows(
        self,
        columns: Sequence[str],
        longest: int = LONGEST_CELL,
        order: Sequence[str] = (),
        digits: Mapping[str, int] = MappingProxyType({}),
        times: Sequence[str] = (),
    ) -> Iterator[dict[str, str | int | None]]:
        """The rows of these columns, each of text or integers, by the numbers in `order`.

        A column in `digits` may be of floats: they are known to have so many decimal places, and
        become integers by them. One in `times` may be of moments, which become seconds.
        Raises DataError for a column that is missing or of another type, more rows than are
        read, or a text longer than `longest` bytes.
        """
        import polars as pl

        self._check(columns, {*digits, *times})
        numbers = [pl.col(name).cast(pl.UInt64, strict=False) for name in order]
        try:
            selected = [self._integers(name, digits.get(name, 0)) for name in columns]
            lazy = pl.scan_parquet(self.path, glob=False).select(selected)
            count = int(lazy.select(pl.len()).collect().item())
            if count > MOST_ROWS:
                raise DataError(f"{self.path} has {count} rows, at most {MOST_ROWS} are read")
            table = (lazy.sort(numbers) if order else lazy).collect()
            self._check_lengths(table, longest)
            yield from table.iter_rows(named=True)
        except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise DataError(f"{self.path} cannot be read as parquet: {_short(error)}") from None

    def _integers(self, name: str, digits: int) -> pl.Expr:
        import polars as pl

        column: pl.Expr = pl.col(name)
        if self.schema[name].is_float():
            column = (column * 10**digits).round().cast(pl.Int64, strict=False)
        elif self.schema[name] == pl.Datetime:
            column = column.dt.epoch("s")
        return column

    def _check(self, columns: Sequence[str], others: Collection[str]) -> None:
        import polars as pl

        if missing := [name for name in columns if name not in self.schema]:
            raise DataError(
                f"{self.path} lacks the column {', '.join(missing)}: expected "
                f"{', '.join(columns)}; found {', '.join(self.schema)[:400]}"
            )
        for name in columns:
            kind = self.schema[name]
            if name in others and (kind == pl.Datetime or kind.is_float()):
                continue
            if kind != pl.String and not kind.is_integer() and kind != pl.Null:
                raise DataError(
                    f"{self.path}: the column {name} is {kind}, expected integers, as text where "
                    "they are long: a float has lost the last units"
                )

    def _check_lengths(self, part: pl.DataFrame, longest: int) -> None:
        import polars as pl

        for name in part.columns:
            if part.schema[name] != pl.String:
                continue
            most = part[name].str.len_bytes().max()
            if isinstance(most, int) and most > longest:
                raise DataError(
                    f"{self.path}: a text of {most} bytes in the column {name}, expected at most "
                    f"{longest}"
                )


Recorded: TypeAlias = Document | Text | Parquet


def read(path: Path) -> Recorded | None:
    """What a file is by its first bytes, none where it is nothing that is read here.

    Raises DataError where it is not what they say, or too large.
    """
    data = _bytes(path)
    if data.startswith(_PARQUET):
        return _parquet(path)
    if data.startswith(_GZIP):
        data = _unpacked(path, data)
    if len(data) > LARGEST_DOCUMENT:
        raise DataError(f"{path}: {len(data)} bytes of text, at most {LARGEST_DOCUMENT} are read")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    if text.lstrip()[:1] in ("{", "["):
        return Document(path, parsed_json(text, str(path)))
    return Text(path, text)


def parsed_json(text: str, what: str) -> Json:
    """The value of a JSON text. Raises DataError, naming `what`, where it is none.

    It is read twice: orjson bounds how deep it goes, which the standard library's reader leaves to
    the stack, and that one alone keeps integers of any length.
    """
    try:
        orjson.loads(text)
        value: Json = json.loads(text, parse_float=str, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{what} is no JSON: {_short(error)}") from None
    return value


def integer(value: object, what: str, least: int | None = None, most: int | None = None) -> int:
    """An integer, or the decimal text of one, within bounds. Raises DataError for all else."""
    if isinstance(value, str) and _INTEGER.fullmatch(value) and value != "-0":
        found = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        found = value
    else:
        raise DataError(f"{what} is {_shown(value)}, expected an integer: nothing is guessed")
    if (least is not None and found < least) or (most is not None and found > most):
        raise DataError(f"{what} is {_shown(found)}, expected {least} to {most}")
    return found


def unsigned(value: object, bits: int, what: str) -> int:
    """An integer from 0 that fits so many bits. Raises DataError for all else."""
    return integer(value, what, 0, 2**bits - 1)


def mapping(value: Json, what: str) -> Mapping[str, Json]:
    """A JSON object. Raises DataError for all else."""
    if not isinstance(value, Mapping):
        raise DataError(f"{what} is {_shown(value)}, expected a JSON object")
    return value


def listed(value: Json, what: str) -> Sequence[Json]:
    """A JSON array. Raises DataError for all else."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise DataError(f"{what} is {_shown(value)}, expected a JSON array")
    return value


def field_of(value: Mapping[str, Json], name: str, what: str) -> Json:
    """The value of a key. Raises DataError where there is none."""
    if name not in value:
        raise DataError(f"{what} has no `{name}`; it has {', '.join(value)[:400]}")
    return value[name]


# ------------------------------------------------------------------------------------ inside


def _bytes(path: Path) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise DataError(f"{path} is not a plain file")
        if found.st_size > LARGEST_FILE:
            raise DataError(f"{path} has {found.st_size} bytes, at most {LARGEST_FILE} are read")
        with path.open("rb") as file:
            return file.read(LARGEST_FILE)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def _unpacked(path: Path, data: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as packed:
            return packed.read(LARGEST_DOCUMENT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be unpacked: {_short(error)}") from None


def _parquet(path: Path) -> Parquet:
    import polars as pl

    try:
        return Parquet(path, dict(pl.read_parquet_schema(path)))
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise DataError(f"{path} cannot be read as parquet: {_short(error)}") from None


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else text[:100] + "…"


def _short(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
