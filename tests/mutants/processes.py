"""Work in processes of its own: each begins as a copy of this one, and nothing of it comes back
but its answer.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

T = TypeVar("T")

MEMORY = 4 * 2**30
"""Bytes of data: a mutant may ask for numbers without end."""

_FORK = get_context("fork")


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """What a process gave back."""

    value: T


@dataclass(frozen=True, slots=True)
class Died:
    """A process that ended without an answer."""

    status: int

    @property
    def ran_on(self) -> bool:
        """Whether it was ended because a check did not end."""
        return self.status == -signal.SIGPROF

    @property
    def crashed(self) -> bool:
        """Whether its own memory access ended it, as a kernel that is wrong about bounds does."""
        return self.status in (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT)


def allow(seconds: float) -> None:
    """From now on, this much processor time until this process is ended."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def each(jobs: Iterable[Callable[[], T]], at_once: int) -> Iterator[tuple[int, Answered[T] | Died]]:
    """The number of each job and its answer, as they end."""
    gc.freeze()  # what exists now is shared with the processes, if the collector leaves it alone
    waiting = enumerate(jobs)
    running: dict[Connection, tuple[int, BaseProcess]] = {}
    while True:
        while len(running) < at_once and (job := next(waiting, None)):
            running.update([_started(*job)])
        if not running:
            return
        for ready in wait(list(running)):
            assert isinstance(ready, Connection)
            number, process = running.pop(ready)
            yield number, _ended(ready, process)


def _started(number: int, job: Callable[[], object]) -> tuple[Connection, tuple[int, BaseProcess]]:
    receiver, sender = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_work, args=(job, sender), daemon=True)
    process.start()
    sender.close()
    return receiver, (number, process)


def _ended(receiver: Connection, process: BaseProcess) -> Answered[T] | Died:
    answer: Answered[T] | None = None
    with suppress(EOFError):  # it ended without a word
        answer = Answered(receiver.recv())
    receiver.close()
    process.join()
    return answer or Died(process.exitcode or 0)


def _work(job: Callable[[], object], sender: Connection) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    sender.send(job())
