"""What a person, or the watch over the markets' code, tells a running manager to do, as data."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.market import MarketId
from trimtab.core.token import Address

OPERATOR = "operator"
"""The breaker that a person opens."""


@dataclass(frozen=True, slots=True)
class Halt:
    """Take no new risk from now on: only what repairs a broken limit is planned.

    `name` is what the order was given as, once in its journal; so it is with all that people say.
    """

    why: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Resume:
    """Close every breaker, and end an unwinding."""

    why: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Unwind:
    """Bring the whole book into the account itself, as the token at this address."""

    to: Address
    why: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class ReduceOnly:
    """Only leave these markets from now on; all others may be used, also those left before."""

    markets: tuple[MarketId, ...]
    why: str


Order = Halt | Resume | Unwind | ReduceOnly
