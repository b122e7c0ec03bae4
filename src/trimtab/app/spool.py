"""Orders from people to a running manager: a folder beside its journal, a file an order.

Whoever may write there may halt, resume and unwind, all within the mandate's limits. The manager
takes an order once it is in the journal, so that none is lost or given twice.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.orders import Halt, Order, Resume, Unwind
from trimtab.core.token import Address, address
from trimtab.journal.tables import Location

LONGEST = 500
"""Characters that a reason may have."""
_LARGEST = 8 * LONGEST
_NAME = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
"""What an order may be named: its name is kept in the journal."""


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An order as it is written: what, why, and for an unwinding the token's address."""

    order: str
    why: str
    to: str | None = None


class Spool:
    """The folder of a journal's orders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def beside(cls, journal: Location) -> Spool:
        """The folder beside a journal's file; for PostgreSQL one of its own in the user's state."""
        if isinstance(journal, Path):
            whole = journal.resolve()
            return cls(whole.with_name(whole.name + ".orders"))
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        name = hashlib.sha256(str(journal).encode()).hexdigest()[:16]
        return cls(Path(state) / "trimtab" / f"{journal.schema}-{name}.orders")

    def give(self, given: Given) -> Path:
        """Write an order for the manager to take. Raises ConfigError where that fails."""
        given = msgspec.structs.replace(given, why=_printable(given.why))
        if len(given.why) > LONGEST:
            raise ConfigError(
                f"the reason has {len(given.why)} characters, {LONGEST} are allowed: shorten it"
            )
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_own()
            path = self.folder / f"{time.time_ns():020d}-{os.getpid()}.json"
            unfinished = path.with_suffix(".part")
            unfinished.write_bytes(msgspec.json.encode(given))
            unfinished.rename(path)
        except OSError as error:
            raise ConfigError(
                f"no order can be given in {self.folder} ({error.strerror}): is this the journal "
                "of the run, and may you write there?"
            ) from None
        return path

    def _check_own(self) -> None:
        """Raise ConfigError for a folder in which others may write orders."""
        found = self.folder.stat()
        if found.st_uid != os.getuid() or found.st_mode & 0o022:
            raise ConfigError(
                f"others may give orders in {self.folder}: make it yours alone, chmod 700"
            )

    def waiting(self) -> Iterator[Path]:
        """The files of the orders that were given and not taken, the oldest first."""
        try:
            self._check_own()
            found = [each for each in self.folder.iterdir() if each.suffix == ".json"]
        except OSError:
            return
        yield from sorted(found)


def read(path: Path) -> Order:
    """The order in a file. Raises ConfigError, in words, where there is none."""
    if not _NAME.fullmatch(path.stem):
        name = path.name.encode("utf-8", "replace").decode()
        raise ConfigError(f"{_printable(name)[:80]!r} is no order: orders have plain names")
    try:
        given = msgspec.json.decode(_content(path), type=Given)
    except OSError as error:
        raise ConfigError(f"the order {path.name} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise ConfigError(f"the order {path.name} cannot be read: {error}") from None
    why = _printable(given.why)[:LONGEST]
    match given.order:
        case "halt":
            return Halt(why, path.stem)
        case "resume":
            return Resume(why, path.stem)
        case "unwind" if given.to is not None:
            return Unwind(address(given.to), why, path.stem)
        case _:
            raise ConfigError(
                f"the order {path.name} is {_printable(given.order)[:80]!r}: expected halt, "
                "resume, or unwind with the token to end up with"
            )


def _content(path: Path) -> bytes:
    """What a plain file holds. Nothing else is opened: a pipe would never come to its end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no plain file")
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST} bytes")
    return content


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)


class Taking:
    """Takes orders for a run: each once, and each file only when its order is in the journal.

    `known` are the names of the orders that the journal has already, `tokens` those that can be
    unwound to; `tell` hears of what is no order.
    """

    def __init__(
        self,
        spool: Spool,
        known: frozenset[str],
        tokens: frozenset[Address],
        tell: Callable[[str], None],
    ) -> None:
        self._spool = spool
        self._done = set(known)
        self._tokens = tokens
        self._tell = tell
        self._kept: set[str] = set()

    def take(self) -> tuple[Order, ...]:
        """The orders that are new. What was taken before is journaled by now, and is removed."""
        found: list[Order] = []
        for path in tuple(self._spool.waiting()):
            if path.stem in self._done:
                self._remove(path)
                continue
            self._done.add(path.stem)
            try:
                found.append(self._checked(read(path)))
            except ConfigError as error:
                self._tell(str(error))
        return tuple(found)

    def _remove(self, path: Path) -> None:
        """Remove what was taken; what cannot be removed is told of once, and taken no more."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            if path.stem not in self._kept:
                self._tell(f"the order {path.name} cannot be removed: {error.strerror}")
            self._kept.add(path.stem)

    def _checked(self, order: Order) -> Order:
        if isinstance(order, Unwind) and order.to not in self._tokens:
            raise ConfigError(
                f"nothing can be unwound to {order.to}: it is no token of this mandate"
            )
        return order
