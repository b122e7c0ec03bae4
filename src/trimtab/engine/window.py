"""Sums over the last day: exact, and cheap to hold in the many versions that a reorg needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.quantise import Timestamp

PAGE = 64
"""Entries that are summed once and for all."""

Entry = tuple[Timestamp, Fraction]


@dataclass(frozen=True, slots=True)
class Page:
    """Entries with their sum, and the earliest and latest of their moments.

    They need not be in order: what was sent before a reorg is remembered after it.
    """

    entries: tuple[Entry, ...]
    earliest: Timestamp
    latest: Timestamp
    total: Fraction


@dataclass(frozen=True, slots=True)
class Window:
    """Values by moment: full pages, which versions share, and the `newest` entries."""

    pages: tuple[Page, ...] = ()
    newest: tuple[Entry, ...] = ()

    def after(self, moment: int) -> Fraction:
        """The sum of all values later than a moment."""
        whole = (page.total for page in self.pages if page.earliest > moment)
        parts = (
            _later(page.entries, moment)
            for page in self.pages
            if page.earliest <= moment < page.latest
        )
        return sum((*whole, *parts), _later(self.newest, moment))

    def added(self, at: Timestamp, value: Fraction, since: int) -> Window:
        """The window with one more value; pages without any later than `since` are forgotten."""
        pages = tuple(page for page in self.pages if page.latest > since)
        newest = (*self.newest, (at, value))
        if len(newest) < PAGE:
            return Window(pages, newest)
        moments = [moment for moment, _ in newest]
        total = sum((each for _, each in newest), Fraction(0))
        return Window((*pages, Page(newest, min(moments), max(moments), total)))


def _later(entries: Iterable[Entry], moment: int) -> Fraction:
    return sum((value for at, value in entries if at > moment), Fraction(0))
