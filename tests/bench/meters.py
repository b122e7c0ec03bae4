"""What is measured besides wall time, as Linux tells it."""

from __future__ import annotations

import os
import resource
from pathlib import Path


def cpu_seconds(process_id: int) -> float:
    """The time that all living threads of a process have run on processors."""
    spent = 0
    for thread in Path(f"/proc/{process_id}/task").iterdir():
        try:
            spent += int((thread / "schedstat").read_text(encoding="ascii").split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended since it was listed
    return spent / 1e9


def resident_bytes() -> int:
    """The memory of this process that lies in RAM."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()


def load() -> float:
    """How many processes wanted to run, on average over the last minute."""
    return os.getloadavg()[0]
