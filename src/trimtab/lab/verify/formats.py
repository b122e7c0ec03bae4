"""Which kind of recording a file is, by its content, and what the models say of it.

A folder is taken whole: what lies in it is judged file by file, states and the answers to them
together. A file of no known format is an error where it stands alone, and is counted as unknown
among others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trimtab.core.errors import DataError
from trimtab.lab.verify import core_vectors, pool_files, tick_state
from trimtab.lab.verify.files import Document, Parquet, Recorded, Text, read
from trimtab.lab.verify.pool_files import EVENTS, POOL
from trimtab.lab.verify.pool_replay import events_alone, whole_history
from trimtab.lab.verify.tally import Tally, Unknown, Verdict

FORMAT = "format"
"""The reason of a file that is none of the known formats."""

MOST_FILES = 10_000


@dataclass(frozen=True, slots=True)
class Judged:
    """A file, its format, and what its cases came to."""

    path: Path
    format: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class _Format:
    """A format: how a file of it is known, and the verdicts on one."""

    name: str
    is_of: Callable[[Recorded], bool]
    verdicts: Callable[[Recorded], Iterator[Verdict]]


def verify(path: Path) -> Iterator[Judged]:
    """What the models say of a recording: a file, or all files of a folder, in order.

    Raises DataError for a path that is not there, files out of bounds, and, where it is the only
    file, one of no known format.
    """
    paths = _files(path)
    for each in paths:
        recorded = read(each)
        found = None if recorded is None else _format(recorded)
        if found is not None and recorded is not None:
            yield Judged(each, found.name, Tally.of(found.verdicts(recorded)))
        elif len(paths) == 1:
            raise DataError(
                f"{each} is of no format that is known here: expected {_known()}; "
                "docs/guides/verify-a-pool.md describes them"
            )
        elif not _is_part(each, paths):
            yield Judged(each, FORMAT, Tally.of([Unknown(FORMAT)]))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found: list[Path] = []
    for each in path.rglob("*"):
        if not each.is_dir():
            found.append(each)
        if len(found) > MOST_FILES:
            raise DataError(f"{path} holds more than {MOST_FILES} files: name a smaller folder")
    if not found:
        raise DataError(f"{path} holds no file: name a recording")
    return sorted(found)


def _format(recorded: Recorded) -> _Format | None:
    return next((each for each in _FORMATS if each.is_of(recorded)), None)


def _is_part(path: Path, paths: Sequence[Path]) -> bool:
    """Whether the file belongs to another one, with which it is judged."""
    return path.name == POOL and path.with_name(EVENTS) in paths


def _known() -> str:
    return ", ".join(each.name for each in _FORMATS)


# ----------------------------------------------------------------------------------- formats


def _columns(*names: str) -> Callable[[Recorded], bool]:
    return lambda recorded: isinstance(recorded, Parquet) and set(names) <= recorded.schema.keys()


def _table(names: tuple[str, ...]) -> Callable[[Recorded], bool]:
    return lambda recorded: isinstance(recorded, Text) and core_vectors.header(recorded) == names


def _parquet(
    judge: Callable[[Parquet], Iterator[Verdict]],
) -> Callable[[Recorded], Iterator[Verdict]]:
    def verdicts(recorded: Recorded) -> Iterator[Verdict]:
        assert isinstance(recorded, Parquet)
        return judge(recorded)

    return verdicts


def _text(judge: Callable[[Text], Iterator[Verdict]]) -> Callable[[Recorded], Iterator[Verdict]]:
    def verdicts(recorded: Recorded) -> Iterator[Verdict]:
        assert isinstance(recorded, Text)
        return judge(recorded)

    return verdicts


def _history(events: Parquet) -> Iterator[Verdict]:
    beside = events.path.with_name(POOL)
    if not beside.exists():
        raise DataError(f"{events.path} is a pool's history; {beside} is missing, which begins it")
    pool = read(beside)
    if not isinstance(pool, Document):
        raise DataError(f"{beside} is no JSON object that describes a pool")
    return whole_history(pool_files.born(pool), pool_files.history_events(events))


def _decoded(file: Parquet) -> Iterator[Verdict]:
    return events_alone(lambda: pool_files.decoded_events(file))


def _raw(file: Parquet) -> Iterator[Verdict]:
    return events_alone(lambda: pool_files.raw_events(file))


_FORMATS = (
    _Format("history of a pool", _columns(*pool_files.HISTORY_COLUMNS), _parquet(_history)),
    _Format("decoded events", _columns(*pool_files.DECODED_COLUMNS), _parquet(_decoded)),
    _Format("raw logs", _columns(*pool_files.RAW_COLUMNS), _parquet(_raw)),
    _Format("pool states", _columns(*tick_state.COLUMNS), _parquet(tick_state.full_states)),
    _Format(
        "ticks to prices", _table(core_vectors.TICK_TO_PRICE), _text(core_vectors.tick_to_price)
    ),
    _Format(
        "prices to ticks", _table(core_vectors.PRICE_TO_TICK), _text(core_vectors.price_to_tick)
    ),
    _Format("published swaps", _table(core_vectors.SWAPS), _text(core_vectors.published_swaps)),
)
