"""The command line in a process of its own, as a user runs it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Done:
    """What a finished command left."""

    code: int
    output: str
    error: str


_PROGRAM = "from trimtab.app.main import main; main()"


def spoken(line: str) -> list[str]:
    """A line of a guide, which begins with `trimtab`, as the arguments of a process."""
    name, *arguments = shlex.split(line)
    assert name == "trimtab", f"{line!r} is no command of ours"
    return [sys.executable, "-c", _PROGRAM, *arguments]


def trimtab(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    folder: Path = ROOT,
    timeout: float = 240,
) -> Done:
    """Run `trimtab` with these arguments; its output is no terminal."""
    finished = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Done(finished.returncode, finished.stdout, finished.stderr)
