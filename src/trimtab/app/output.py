"""How commands speak: words for people, one line of JSON for programs, one exit code each."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import typer

from trimtab.core.errors import (
    ConfigError,
    DataError,
    InvariantViolation,
    JournalError,
    PlanError,
    SignerError,
    TrimtabError,
)

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_DATA = 3
EXIT_JOURNAL = 4

_CODES: tuple[tuple[type[TrimtabError], int], ...] = (
    (PlanError, EXIT_REFUSED),
    (ConfigError, EXIT_USAGE),
    (SignerError, EXIT_USAGE),
    (DataError, EXIT_DATA),
    (JournalError, EXIT_JOURNAL),
    (InvariantViolation, EXIT_JOURNAL),
)


def exit_code(error: TrimtabError) -> int:
    """The exit code that an error stands for."""
    return next(code for kind, code in _CODES if isinstance(error, kind))


@contextmanager
def told(*, as_json: bool) -> Iterator[None]:
    """Turn an error of ours into words on stderr (and a line of JSON) and its exit code.

    Errors that are not ours go through: they are bugs, and their traceback is wanted.
    """
    try:
        yield
    except TrimtabError as error:
        kind = type(error).__name__
        if as_json:
            say_json({"error": kind, "message": str(error)})
        typer.echo(f"{kind}: {error}", err=True)
        raise typer.Exit(exit_code(error)) from None


def say_json(value: object) -> None:
    """One line of JSON on stdout."""
    sys.stdout.write(orjson.dumps(value).decode() + "\n")
    sys.stdout.flush()


def fresh_path(folder: Path, stem: str, suffix: str) -> Path:
    """A path that does not exist yet: nothing that was written before is written over."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while (path := folder / f"{stem}-{number:03d}{suffix}").exists():
        number += 1
    return path
