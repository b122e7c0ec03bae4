"""Which kind of recording a file is, by its content, and what the models say of it.

A folder is taken whole: what lies in it is judged file by file, answers from the states that lie
beside them. A file of no known format is an error where it stands alone, and is counted as
unknown among others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from trimtab.core.errors import DataError
from trimtab.lab.verify.answers import judge
from trimtab.lab.verify.answers import states as answered
from trimtab.lab.verify.answers.pools import Pool
from trimtab.lab.verify.files import Document, Parquet, Recorded, Text, read
from trimtab.lab.verify.history import states, written
from trimtab.lab.verify.history.replay import events_alone, whole_history
from trimtab.lab.verify.history.written import EVENTS, POOL
from trimtab.lab.verify.lending import minutes, snapshots
from trimtab.lab.verify.tally import Tally, Unknown, Verdict
from trimtab.lab.verify.vectors import balancer_v3, core

FORMAT = "format"
"""The reason of a file that is none of the known formats."""

MOST_FILES = 10_000


@dataclass(frozen=True, slots=True)
class Judged:
    """A file, its format, and what its cases came to."""

    path: Path
    format: str
    tally: Tally


@dataclass(frozen=True)
class Folder:
    """The files that are judged together."""

    paths: Sequence[Path]

    @cached_property
    def pools(self) -> Mapping[answered.Key, Pool]:
        """Every pool whose state one of the files describes."""
        found: dict[answered.Key, Pool] = {}
        for path in self.paths:
            recorded = read(path)
            if isinstance(recorded, Document) and answered.is_state(recorded.value):
                for key, pool in answered.pools(recorded):
                    if found.setdefault(key, pool) != pool:
                        raise DataError(f"{path}: {key[0]} has another state in another file")
        return found


def verify(path: Path) -> Iterator[Judged]:
    """What the models say of a recording: a file, or all files of a folder, in order.

    Raises DataError for a path that is not there, files out of bounds, and, where it is the only
    file, one of no known format.
    """
    folder = Folder(_files(path))
    for each in folder.paths:
        recorded = read(each)
        found = None if recorded is None else _judged(recorded, folder)
        if found is not None:
            name, verdicts = found
            yield Judged(each, name, Tally.of(verdicts))
        elif len(folder.paths) == 1:
            raise DataError(
                f"{each} is of no format that is known here: docs/guides/verify-a-pool.md "
                "describes those that are"
            )
        elif not (each.name == POOL and each.with_name(EVENTS) in folder.paths):
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


# ----------------------------------------------------------------------------------- formats

_Found = tuple[str, Iterator[Verdict]]


def _judged(recorded: Recorded, folder: Folder) -> _Found | None:
    """The format of a file and the verdicts on it, none where it is of no format."""
    match recorded:
        case Parquet():
            return _of_parquet(recorded)
        case Text():
            return _of_text(recorded)
        case Document(value=value):
            if judge.is_answers(value):
                return "answers", judge.answers(recorded, lambda: folder.pools)
            if balancer_v3.is_vectors(value):
                return "balancer_v3 vectors", balancer_v3.vectors(recorded)
            if answered.is_state(value):
                return "state of a pool", judge.described(recorded)
            return None


def _of_parquet(file: Parquet) -> _Found | None:
    for columns, name, verdicts in _PARQUETS:
        if set(columns) <= file.schema.keys():
            return name, verdicts(file)
    return None


def _of_text(file: Text) -> _Found | None:
    for columns, name, verdicts in _TEXTS:
        if columns == core.header(file):
            return name, verdicts(file)
    return None


def _history(events: Parquet) -> Iterator[Verdict]:
    beside = events.path.with_name(POOL)
    if not beside.exists():
        raise DataError(f"{events.path} is a pool's history; {beside} is missing, which begins it")
    pool = read(beside)
    if not isinstance(pool, Document):
        raise DataError(f"{beside} is no JSON object that describes a pool")
    return whole_history(written.born(pool), written.history_events(events))


def _decoded(file: Parquet) -> Iterator[Verdict]:
    return events_alone(lambda: written.decoded_events(file))


def _raw(file: Parquet) -> Iterator[Verdict]:
    return events_alone(lambda: written.raw_events(file))


_PARQUETS: tuple[tuple[tuple[str, ...], str, Callable[[Parquet], Iterator[Verdict]]], ...] = (
    (written.HISTORY_COLUMNS, "history of a pool", _history),
    (written.DECODED_COLUMNS, "decoded events", _decoded),
    (written.RAW_COLUMNS, "raw logs", _raw),
    (states.COLUMNS, "pool states", states.full_states),
    (snapshots.COLUMNS, "lending snapshots", snapshots.snapshots),
    (minutes.COLUMNS, "lending by the minute", minutes.minutes),
)
_TEXTS: tuple[tuple[tuple[str, ...], str, Callable[[Text], Iterator[Verdict]]], ...] = (
    (core.TICK_TO_PRICE, "ticks to prices", core.tick_to_price),
    (core.PRICE_TO_TICK, "prices to ticks", core.price_to_tick),
    (core.SWAPS, "published swaps", core.published_swaps),
)
