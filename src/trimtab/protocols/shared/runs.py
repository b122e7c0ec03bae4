"""Long runs of logs as words for kernels, and how model and kernel take turns over them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from trimtab.core.abi import Log
from trimtab.core.token import Address

S = TypeVar("S")

LogRows = npt.NDArray[np.uint64]
"""For each log a row of its kind and two numbers more, then the words of its data."""

LEFT_ALONE, OF_MODEL = 0, 1
"""Kinds of logs of every protocol: those without effect on what is followed, and the model's."""

_SHORTEST_RUN = 16  # logs: to make words of a state and a state of words costs as much


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of log, and how many topics and words of data a true one has."""

    kind: int
    topics: int
    words: int

    def is_of(self, log: Log) -> bool:
        """Whether a log has as many."""
        return len(log.topics) == self.topics and len(log.data) == 32 * self.words


Shapes = Mapping[bytes, Shape]
"""Shapes by the first topic."""


def raw_address(of: Address) -> bytes:
    """The twenty bytes of an address, as a topic ends with them."""
    return bytes.fromhex(of[2:])


def is_naming(log: Log, accounts: Collection[bytes]) -> bool:
    """Whether a topic of a log is one of these accounts, each as `raw_address` gives it."""
    return any(topic[-20:] in accounts for topic in log.topics[1:])


def log_rows(heads: Sequence[tuple[int, int, int]], logs: Sequence[Log], words: int) -> LogRows:
    """The rows of logs with their heads; data beyond so many words is left out."""
    rows: LogRows = np.zeros((len(logs), 1 + words, 4), np.uint64)
    if not logs:
        return rows
    size = 32 * words
    data = b"".join([log.data[:size].ljust(size, b"\0") for log in logs])
    told = np.frombuffer(data, ">u8").reshape(len(logs), words, 4)
    rows[:, 1:] = told[:, :, ::-1]
    rows[:, 0, :3] = np.array(heads, np.uint64)
    return rows


def folded(
    state: S,
    logs: Sequence[Log],
    rows: LogRows,
    advanced: Callable[[S, LogRows], tuple[S, int]],
    observe: Callable[[S, Log], S],
) -> S:
    """The state after all logs: the kernel's where it goes on, the model's where it stops.

    `advanced` tells the state after the logs that the kernel could fold in, and how many.
    """
    stops = iter([*np.flatnonzero(rows[:, 0, 0] == OF_MODEL).tolist(), len(logs)])
    at, stop = 0, next(stops)
    while at < len(logs):
        while stop < at:
            stop = next(stops)
        if stop - at >= _SHORTEST_RUN:
            state, done = advanced(state, rows[at:stop])
            at += done
        if at < len(logs):
            state = observe(state, logs[at])
            at += 1
    return state
