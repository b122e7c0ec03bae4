"""`python killed_writers.py N`: fork a writer and kill it, N times, and look at what it left.

The journal's path or address comes by standard input. Prints how many were killed, and how many
of them in the middle of an append that they had not told to have returned.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from trimtab.core.errors import JournalError
from trimtab.journal.address import PostgresUrl
from trimtab.journal.blobs import name_of
from trimtab.journal.records import Record
from trimtab.journal.store import Journal
from trimtab.journal.tables import Location

EACH = 3
"""Records of one append; all of them are there, or none."""


def main(kills: int) -> None:
    named = sys.stdin.read()
    where: Location = PostgresUrl(named) if "://" in named else Path(named)
    draw = random.Random(7)
    Journal.create(where).close()
    told, in_the_middle = 0, 0
    for _ in range(kills):
        returned, began = killed(where, told, draw.uniform(0, 0.03))
        there = left(where)
        if there not in (returned, began):
            raise SystemExit(f"{returned} appends returned, {began} began, {there} are there")
        in_the_middle += began > returned
        told = there
    print(kills, in_the_middle)


def killed(where: Location, known: int, seconds: float) -> tuple[int, int]:
    """How many appends returned, and began, in a writer that was killed after some seconds."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            write(where, known, writing)
        finally:
            os._exit(1)
    os.close(writing)
    heard = os.read(reading, 1)  # the journal is open
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
        raise SystemExit("the writer ended by itself")
    while more := os.read(reading, 1 << 16):
        heard += more
    os.close(reading)
    return known + heard.count(b"."), known + heard.count(b"(")


def write(where: Location, known: int, told: int) -> None:
    """Append, and tell before and after, until somebody ends it."""
    journal = when_free(where)
    os.write(told, b"o")
    while True:
        content = known.to_bytes(8, "big") * 2000
        os.write(told, b"(")
        appended = Record("tick", known, {"at": str(known)}, "x" * 500)
        journal.append(*[appended] * EACH, blobs={name_of(content): content})
        os.write(told, b".")
        known += 1


def left(where: Location) -> int:
    """How many appends are there, each whole, in order and with its blob."""
    with when_free(where) as journal:
        journal.verify()
        blocks = [record.block for record in journal.records("tick")]
        appends = len(blocks) // EACH
        if blocks != [n for n in range(appends) for _ in range(EACH)]:
            raise SystemExit(f"an append is not whole: {blocks}")
        for n in range(max(0, appends - 3), appends):
            content = n.to_bytes(8, "big") * 2000
            if journal.blob(name_of(content)) != content:
                raise SystemExit(f"append {n} has another blob")
        return appends


def when_free(where: Location) -> Journal:
    """The journal, once the server of its database has seen that the last writer is dead."""
    until = time.monotonic() + 20
    while True:
        try:
            return Journal.open(where)
        except JournalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.005)


if __name__ == "__main__":
    main(int(sys.argv[1]))
