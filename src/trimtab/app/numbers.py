"""Numbers and times as people read them: exact, rounded half to even only where they are shown."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

SIGNIFICANT = 6
"""Digits that an amount of a token is shown with; what is smaller is noise to a reader."""

_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def number(value: Fraction | int, places: int = 0) -> str:
    """A value with thousands separators and so many decimals: `-1,234.50`."""
    scaled = round(Fraction(value) * 10**places)
    whole, part = divmod(abs(scaled), 10**places)
    return f"{'-' if scaled < 0 else ''}{whole:,}" + (f".{part:0{places}d}" if places else "")


def signed(text: str) -> str:
    """A number's text with its sign in front, whichever it is; zero has none."""
    return text if text.startswith("-") or not any(d in text for d in "123456789") else f"+{text}"


def quantity(value: Fraction, most: int) -> str:
    """A value to six significant digits, but two decimals at least and `most` at most."""
    places = max(2, SIGNIFICANT - _magnitude(value))
    return _trimmed(number(value, min(places, most)), min(2, most))


def money(value: Fraction) -> str:
    """A value to two decimals; below a cent, to two leading digits, but six decimals at most."""
    if abs(value) >= Fraction(1, 200) or not value:
        return number(value, 2)
    places = min(2 - _magnitude(value), SIGNIFICANT)
    return _trimmed(number(value, places), 2) if round(value * 10**places) else "0.000000"


def percent(share: Fraction | float, places: int = 2) -> str:
    """A share in per cent: `41.20%`."""
    return number(Fraction(share) * 100, places) + "%"


def _trimmed(text: str, least: int) -> str:
    """The text without the zeros at its end, but `least` decimals."""
    whole, point, decimals = text.partition(".")
    return whole + point + decimals.rstrip("0").ljust(least, "0")


def _magnitude(value: Fraction) -> int:
    """Digits before the point; less than one, minus the zeros that follow the point."""
    if not value:
        return 1
    whole = abs(value.numerator) // value.denominator
    if whole:
        return len(str(whole))
    zeros = 0
    while abs(value) * 10 ** (zeros + 1) < 1:
        zeros += 1
    return -zeros


def moment(timestamp: int) -> str:
    """A block's time: `2026-01-31 14:00:00 UTC`."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def span(seconds: int) -> str:
    """A length of time in its two largest units: `2 d 3 h`, `12 s`."""
    parts, left = [], seconds
    for length, unit in _SPANS:
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def short(identity: str) -> str:
    """An address or a hash by its ends: `0x1234…cdef`."""
    return identity if len(identity) <= 12 else f"{identity[:6]}…{identity[-4:]}"


def count(many: int, noun: str) -> str:
    """A count with its noun: `1 block`, `2 blocks`."""
    return f"{many:,} {noun}" + ("" if many == 1 else "s")
