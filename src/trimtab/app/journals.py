"""Where a journal lies, as the command line names it."""

from __future__ import annotations

from pathlib import Path

from trimtab.app.output import fresh_path
from trimtab.chain.secret import read_secret
from trimtab.core.errors import JournalError
from trimtab.journal.address import PostgresUrl
from trimtab.journal.tables import Location

BUILD = Path("build")


def location(text: str) -> Location:
    """A file's path, or a schema of PostgreSQL: its address, or what holds that.

    Raises ConfigError, without the address, for one that cannot be.
    """
    if text.startswith(("env:", "file:")):
        return PostgresUrl(read_secret(text).reveal())
    return PostgresUrl(text) if "://" in text else Path(text)


def new_location(text: str | None, command: str) -> Location:
    """Where a run's new journal lies: what is named, or a fresh file of the command's.

    Raises JournalError if its folder cannot be made.
    """
    if text is None:
        return fresh_path(BUILD, command, ".sqlite")
    where = location(text)
    make_folder(where)
    return where


def make_folder(where: Location) -> None:
    """Make the folder of a new journal's file. Raises JournalError if that cannot be."""
    if not isinstance(where, Path):
        return
    try:
        where.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise JournalError(
            f"the folder {where.parent} cannot be made ({error.strerror}): name a journal in "
            "another"
        ) from None


def name_of(where: Location) -> str:
    """A short name for the head of a page."""
    return where.stem if isinstance(where, Path) else where.schema
