"""Sums over the last day: exact, and cheap to hold in the many versions that a reorg needs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.quantise import Timestamp

PAGE = 64
"""Values that are summed once and for all."""


@dataclass(frozen=True, slots=True)
class Page:
    """Values with their moments, and their sum; `earliest` and `latest` bound the moments.

    They need not be in order: what was sent before a reorg is remembered after it.
    """

    moments: tuple[Timestamp, ...]
    values: tuple[Fraction, ...]
    earliest: Timestamp
    latest: Timestamp
    total: Fraction

    def after(self, moment: int) -> Fraction:
        """The sum of the values later than a moment."""
        if self.earliest > moment:
            return self.total
        return _later(self.moments, self.values, moment) if self.latest > moment else Fraction(0)


@dataclass(frozen=True, slots=True)
class Window:
    """Values by moment: full pages, which versions share, and the newest `values`.

    Moments and values lie apart, since ten thousand pairs more are what a long run would notice.
    """

    pages: tuple[Page, ...] = ()
    moments: tuple[Timestamp, ...] = ()
    values: tuple[Fraction, ...] = ()

    def after(self, moment: int) -> Fraction:
        """The sum of all values later than a moment."""
        newest = _later(self.moments, self.values, moment)
        return sum((page.after(moment) for page in self.pages), newest)

    def added(self, at: Timestamp, value: Fraction, since: int) -> Window:
        """The window with one more value; pages without any later than `since` are forgotten."""
        pages = tuple(page for page in self.pages if page.latest > since)
        moments, values = (*self.moments, at), (*self.values, value)
        if len(values) < PAGE:
            return Window(pages, moments, values)
        total = sum(values, Fraction(0))
        return Window((*pages, Page(moments, values, min(moments), max(moments), total)))


def _later(moments: tuple[Timestamp, ...], values: tuple[Fraction, ...], after: int) -> Fraction:
    pairs = zip(moments, values, strict=True)
    return sum((value for at, value in pairs if at > after), Fraction(0))
