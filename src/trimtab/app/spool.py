"""Orders from people to a running manager: a folder beside its journal, a file an order.

Whoever may write there may halt, resume and unwind, all within the mandate's limits. The manager
takes an order once it is in the journal, so that none is lost or given twice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.orders import Halt, Order, Resume, Unwind
from trimtab.core.token import Address, address
from trimtab.journal.tables import Location

_LARGEST = 4096
_LONGEST = 500


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
        """The folder beside a journal's file; for PostgreSQL in the working directory."""
        name = journal if isinstance(journal, Path) else Path(journal.schema)
        return cls(name.with_name(name.name + ".orders"))

    def give(self, given: Given) -> Path:
        """Write an order for the manager to take. Raises ConfigError where that fails."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
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

    def waiting(self) -> Iterator[Path]:
        """The files of the orders that were given and not taken, the oldest first."""
        try:
            found = [each for each in self.folder.iterdir() if each.suffix == ".json"]
        except OSError:
            return
        yield from sorted(found)


def read(path: Path) -> Order:
    """The order in a file. Raises ConfigError, in words, where there is none."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        given = msgspec.json.decode(content, type=Given)
    except (OSError, msgspec.DecodeError, ValueError) as error:
        raise ConfigError(f"the order {path.name} cannot be read: {error}") from None
    why = "".join(each if each.isprintable() else " " for each in given.why)[:_LONGEST]
    match given.order:
        case "halt":
            return Halt(why, path.stem)
        case "resume":
            return Resume(why, path.stem)
        case "unwind" if given.to is not None:
            return Unwind(address(given.to), why, path.stem)
        case _:
            raise ConfigError(f"the order {path.name} is {given.order!r}: expected halt, resume …")


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

    def take(self) -> tuple[Order, ...]:
        """The orders that are new. What was taken before is journaled by now, and is removed."""
        found: list[Order] = []
        for path in tuple(self._spool.waiting()):
            if path.stem in self._done:
                path.unlink(missing_ok=True)
                continue
            self._done.add(path.stem)
            try:
                found.append(self._checked(read(path)))
            except ConfigError as error:
                self._tell(str(error))
        return tuple(found)

    def _checked(self, order: Order) -> Order:
        if isinstance(order, Unwind) and order.to not in self._tokens:
            raise ConfigError(
                f"nothing can be unwound to {order.to}: it is no token of this mandate"
            )
        return order
