"""What a journal's database holds, and what the store asks of it; there are two back ends."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, MetaData, Table
from sqlalchemy import Text as Words

from trimtab.core.errors import JournalError
from trimtab.journal.address import PostgresUrl

APPLICATION_ID = int.from_bytes(b"trim", "big")
"""What says that a database is a journal."""
LAYOUT = 1
"""The version of these tables."""


class NoJournal(JournalError):
    """There is nothing where a journal was looked for."""


Location = Path | PostgresUrl
"""Where a journal lies: a file, or a schema of a PostgreSQL database. Its text shows no secret."""

METADATA = MetaData()

_Number = BigInteger().with_variant(Integer, "sqlite")

RECORDS = Table(
    "records",
    METADATA,
    Column("sequence", _Number, primary_key=True, autoincrement=False),
    Column("schema", Integer, nullable=False),
    Column("kind", Words, nullable=False),
    Column("block", _Number),
    Column("economic", LargeBinary),
    Column("detail", LargeBinary),
    Column("hash", LargeBinary, nullable=False),
    Index("records_by_kind", "kind"),
    Index("records_by_block", "block"),
    sqlite_strict=True,
)
"""Parts are canonical JSON, NULL where there is nothing; a hash covers row and previous hash."""

BLOBS = Table(
    "blobs",
    METADATA,
    Column("name", LargeBinary, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    sqlite_strict=True,
)
"""Contents by their sha256, compressed."""


class Database(Protocol):
    """One journal's tables, connected to as their one writer or as a reader.

    Everything below raises JournalError, in words, where it fails.
    """

    @property
    def is_writer(self) -> bool:
        """Whether rows may be added."""

    @property
    def connection(self) -> Connection:
        """The one connection; a back end never makes another in its place."""

    def check(self) -> None:
        """Raise unless the database is a journal of a layout that this code reads."""

    def check_writer(self) -> None:
        """Raise unless we are still the one writer; asked inside the transaction that writes."""

    def check_sound(self) -> None:
        """Raise if the database itself finds that it is damaged."""

    def told(self) -> AbstractContextManager[None]:
        """Tell what the database refuses as a JournalError."""

    def close(self) -> None:
        """Close the connection and let the next writer in; a second time does nothing."""


def refused_layout(where: Location, layout: int) -> str | None:
    """Why a database of this layout cannot be read; None if it can."""
    if layout <= LAYOUT:
        return None
    return (
        f"{where} has layout {layout}, this version reads up to {LAYOUT}: "
        "use the version of trimtab that wrote it, or a newer one"
    )
