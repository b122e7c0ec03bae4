"""`python -m tests.mutants.modelled NAME MANDATE RECORDING JOURNAL`: a backtest by a mutant.

It prints the digest, or what the loop halted with.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.mutants.mutate import Mutant, mutants
from tests.mutants.touched import MODELS
from tests.mutants.trial import put_in_place


def digest(mandate: Path, recording: Path, journal: Path) -> str:
    """The digest of a backtest, or the name of the error that ended it."""
    from trimtab.app.recordings import backtest
    from trimtab.app.resolve import read_mandate
    from trimtab.lab.recording import read_recording

    read, text = read_mandate(mandate)
    found = read_recording(recording)
    lived = backtest(read, text, found, len(found.blocks), journal, lambda *_: None)
    try:
        return asyncio.run(lived).digest
    except Exception as error:  # noqa: BLE001 (whatever is raised shows the mutant)
        return type(error).__name__


def named(name: str) -> Mutant:
    """The mutant of this name. Raises KeyError if there is none."""
    path = name.partition(":")[0]
    found = mutants(path, (MODELS / path).read_text(encoding="utf-8"))
    return {mutant.name: mutant for mutant in found}[name]


if __name__ == "__main__":
    chosen, *paths = sys.argv[1:]
    if chosen:
        put_in_place(named(chosen))
    print(digest(*map(Path, paths)))
