"""What a person tells a running manager to do, as data."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.token import Address

OPERATOR = "operator"
"""The breaker that a person opens."""


@dataclass(frozen=True, slots=True)
class Halt:
    """Take no new risk from now on: only what repairs a broken limit is planned."""

    why: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Close every breaker, and end an unwinding."""

    why: str


@dataclass(frozen=True, slots=True)
class Unwind:
    """Bring the whole book into the account itself, as the token at this address."""

    to: Address
    why: str


Order = Halt | Resume | Unwind
