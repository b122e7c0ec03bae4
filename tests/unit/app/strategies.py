"""Strategies that exist only to be given parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from trimtab.core.market import Place
from trimtab.core.strategy import Decision, Hold, Needs, Strategy, View
from trimtab.core.token import Token

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Still(Strategy):
    """It holds, whatever it is given."""

    size: float
    share: Fraction = Fraction(1, 3)
    count: int = 1
    eager: bool = False
    label: str = "none"
    wait: timedelta = timedelta(days=1)
    token: Token | None = None
    places: tuple[Place, ...] = ()
    weights: Mapping[Token, float] = field(default_factory=dict)
    steps: int = field(default=3, init=False)

    @property
    def needs(self) -> Needs:
        return self.places

    def decide(self, view: View) -> Decision:
        return Hold("still")


@dataclass(frozen=True, slots=True)
class Hidden(Strategy):
    """Its types are not there when it runs."""

    size: Decimal

    @property
    def needs(self) -> Needs:
        return ()

    def decide(self, view: View) -> Decision:
        return Hold("hidden")


@dataclass(frozen=True, slots=True)
class Unfinished(Strategy):
    """It does not decide."""


def not_a_class() -> None:
    """No strategy at all."""
